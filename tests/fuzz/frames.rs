//! What clients send over a WebSocket, a frame on every line.

use std::rc::Rc;

use bolero::check;
use serde_json::Value;
use shared::protocol::{ClientFrame, read_frame};

use crate::TIME;
use crate::mutation::{Mutation, mutated};
use crate::world::{MAX_PAYLOAD_BYTES, World, check_text, play};

/// How many frames one input sends at most.
const FRAMES: usize = 8;
/// The longest `id` that an answer repeats.
const LONGEST_ECHO: usize = 512;
/// The longest reason for a refusal, in bytes.
const LONGEST_REASON: usize = 2048;

const SEEDS: [&str; 17] = [
    r#"{"action":"message","to":"bob","content":"Hello","id":"0192b4e0-7c00-7000-8000-000000000000"}"#,
    r#"{"action":"message","room":"general","content":"Über uns 👋","id":"7"}"#,
    r#"{"action":"message","to":"alice","content":"to myself"}"#,
    r#"{"action":"broadcast","content":"all of you","id":"all"}"#,
    r#"{"action":"history","with":"bob","limit":10}"#,
    r#"{"action":"history","room":"general","before":1750000000002,"limit":1}"#,
    r#"{"action":"history","conversation":"dm:alice:bob","after":0}"#,
    r#"{"action":"sync","since":{"dm:alice:bob":0,"lobby":1750000000000,"dm:alice:alice":18446744073709551615}}"#,
    r#"{"action":"read","conversation":"dm:alice:bob","seq":1750000000000}"#,
    r#"{"action":"read","conversation":"lobby","seq":1}"#,
    r#"{"action":"typing","to":"bob"}"#,
    r#"{"action":"typing","room":"general"}"#,
    r#"{"action":"join","room":"general"}"#,
    r#"{"action":"leave","room":"general","id":"bye"}"#,
    r#"{"action":"ping"}"#,
    r#"{"action":"read","conversation":"lobby","seq":"1"}"#,
    r#"{"action":"ping","id":{"deep":[[[[{"er":null}]]]]}}"#,
];

/// Any text at all.
#[test]
fn texts() {
    check!().with_test_time(TIME).for_each(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        text.split('\n').for_each(parses);
        answers(&text);
    });
}

/// Text that is nearly what a client sends.
#[test]
fn nearly_frames() {
    check!().with_test_time(TIME).with_type::<Vec<Mutation>>().for_each(|mutations| {
        let frames = mutations.iter().take(FRAMES).map(|mutation| mutated(&SEEDS, mutation));
        let text = frames.collect::<Vec<_>>().join("\n");
        text.split('\n').for_each(parses);
        answers(&text);
    });
}

/// A parsed frame is what its `action` says; a refusal is the client's, and can be told.
fn parses(text: &str) {
    let id = match read_frame(text) {
        Ok((frame, id)) => {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value["action"], action_of(&frame));
            id
        }
        Err(refused) => {
            assert!(refused.error.is_clients_fault(), "{text:?}: {}", refused.error);
            assert!(refused.error.to_string().len() <= LONGEST_REASON);
            refused.id
        }
    };
    assert!(id.is_none_or(|id| id.len() <= LONGEST_ECHO));
}

fn action_of(frame: &ClientFrame) -> &'static str {
    match frame {
        ClientFrame::Message(_) => "message",
        ClientFrame::Broadcast(_) => "broadcast",
        ClientFrame::Edit(_) => "edit",
        ClientFrame::Delete(_) => "delete",
        ClientFrame::React(_) => "react",
        ClientFrame::Pin(_) => "pin",
        ClientFrame::History(_) => "history",
        ClientFrame::Sync(_) => "sync",
        ClientFrame::Read(_) => "read",
        ClientFrame::Typing(_) => "typing",
        ClientFrame::Join(_) => "join",
        ClientFrame::Leave(_) => "leave",
        ClientFrame::Ping => "ping",
        ClientFrame::Renew(_) => "renew",
    }
}

/// Every frame gets an answer that `asyncapi.json` knows; only `typing` may get none.
fn answers(text: &str) {
    play(async |world: Rc<World>| {
        let frames = text.split('\n').filter(|frame| frame.len() <= MAX_PAYLOAD_BYTES);
        for frame in frames.take(FRAMES) {
            let event = World::message("alice", frame);
            let answer = world.functions.message.call(event).await;
            let answer = answer.unwrap_or_else(|error| panic!("{frame:?}: {error}"));
            assert_eq!(answer["statusCode"], 200, "{frame:?}");
            match answer["body"].as_str() {
                Some(body) => drop(check_text(body)),
                None => {
                    let parsed = read_frame(frame);
                    assert!(matches!(parsed, Ok((ClientFrame::Typing(_), _))), "{frame:?}");
                }
            }
        }
    });
}
