//! Somebody with wscat: types, reads, comes and goes, and never asks for what was missed.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::gateway::Socket;
use crate::people::Device;
use crate::record::What;

/// How long a person stays away at most, in milliseconds.
const AWAY: u64 = 10_000;
/// How long between two things a person does at most, in milliseconds.
const BETWEEN: u64 = 3_000;

/// What was typed last, to type it again if no ack comes.
struct Typed {
    id: String,
    frame: Value,
    conversation: String,
    at: Instant,
}

/// Lives until the world ends.
pub(crate) async fn lives(mut device: Device) {
    device.waits(AWAY / 2).await;
    let mut typed = None;
    loop {
        let socket = device.connects().await;
        chats(&mut device, socket, &mut typed).await;
        if !device.is_calm() {
            device.stays_away(AWAY).await;
        }
    }
}

/// Until the connection ends or the person does.
async fn chats(device: &mut Device, mut socket: Socket, typed: &mut Option<Typed>) {
    let mut next = device.moment(BETWEEN);
    if device.rng.u8(0..3) == 0 {
        // Some look back before they are made welcome.
        let frame = device.asks_for_a_page();
        socket.send(&frame);
    }
    loop {
        tokio::select! {
            biased;
            frame = socket.next() => {
                let Some(frame) = frame else { return };
                device.notes(&frame, &socket.id);
                if typed.as_ref().is_some_and(|typed| frame["type"] == "ack" && frame["id"] == typed.id.as_str()) {
                    *typed = None;
                }
                reacts(device, &socket, &frame);
            }
            () = tokio::time::sleep_until(next) => {
                if device.is_calm() {
                    next += Duration::from_secs(3_600);
                    continue;
                }
                if device.rng.u8(0..6) == 0 {
                    while let Some(frame) = socket.read() {
                        device.notes(&frame, &socket.id);
                    }
                    return socket.close();
                }
                acts(device, &socket, typed);
                next = device.moment(BETWEEN);
            }
        }
    }
}

/// Some answer the last that they see before they have thought.
fn reacts(device: &mut Device, socket: &Socket, frame: &Value) {
    let page = frame["messages"].as_array().and_then(|messages| messages.last());
    let last = page.unwrap_or(frame);
    if last["kind"] != "message" || device.to_say == 0 || device.is_calm() {
        return;
    }
    if device.rng.u8(0..if page.is_some() { 2 } else { 6 }) == 0 {
        device.to_say -= 1;
        let (conversation, seq) = (&last["conversation"], &last["seq"]);
        socket.send(&json!({
            "action": "react", "conversation": conversation, "seq": seq, "key": "!",
        }));
    }
}

fn acts(device: &mut Device, socket: &Socket, typed: &mut Option<Typed>) {
    if let Some(again) = typed
        && again.at.elapsed() > Duration::from_secs(5)
    {
        again.at = Instant::now();
        let (conversation, id) = (again.conversation.clone(), again.id.clone());
        device.note(What::Sent { conversation, id });
        socket.send(&again.frame);
        return;
    }
    if device.to_say == 0 || device.rng.u8(0..8) == 0 {
        return socket.send(&json!({ "action": "ping" }));
    }
    device.to_say -= 1;
    if device.rng.u8(0..3) == 0
        && let Some(frame) = device.changes()
    {
        return socket.send(&frame);
    }
    let conversation = device.picks();
    let content = format!("{} {}", device.user, device.to_say);
    // Half of what a person types has no id: nobody knows what became of it unless the ack comes.
    if device.rng.bool() || typed.is_some() {
        return socket.send(&device.frame(&conversation, None, &content));
    }
    let id = device.fresh_id();
    let frame = device.frame(&conversation, Some(&id), &content);
    device.note(What::Sent { conversation: conversation.clone(), id: id.clone() });
    socket.send(&frame);
    *typed = Some(Typed { id, frame, conversation, at: Instant::now() });
}
