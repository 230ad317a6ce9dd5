//! Who is there, who came, who went, who is typing.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use local::Functions;
use local::apigateway::Lambda;
use local::server::TestHooks;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{Chat, Person, in_time};

async fn online(chat: &Chat) -> Vec<Value> {
    let answer = chat.get("/api/online_users", &[]).await;
    assert_eq!(answer.status, 200);
    answer.body.as_array().unwrap().iter().map(|user| user["user"].clone()).collect()
}

/// alice, attentive to who comes and goes, who has talked to bob before.
async fn acquainted(chat: &Chat) -> Person {
    let mut alice = chat.joined_by("alice").await;
    alice.says("bob", "hi").await;
    alice.attentive_to("presence")
}

#[tokio::test]
async fn online_users_are_those_with_a_connection() {
    let chat = Chat::start().await;
    assert!(online(&chat).await.is_empty());
    let _alice = chat.joined_by("alice").await;
    let bob = chat.joined_by("bob").await;
    let _carol = chat.joined_by("c/o #1").await;
    assert_eq!(online(&chat).await, ["alice", "bob", "c/o #1"]);
    bob.leaves().await;
    in_time(async { while online(&chat).await.len() > 2 {} }).await;
    assert_eq!(online(&chat).await, ["alice", "c/o #1"]);

    let page = chat.get("/api/online_users", &[("limit", "1")]).await;
    let next = page.link.unwrap();
    let next = next.split_once('>').unwrap().0.trim_start_matches('<');
    assert_eq!(chat.get(next, &[]).await.body[0]["user"], "c/o #1");
}

#[tokio::test]
async fn friends_see_each_other_come_and_go() {
    let chat = Chat::start().await;
    let mut alice = acquainted(&chat).await;
    let bob = chat.joined_by("bob").await;
    let came = alice.sees_in_time("presence").await;
    assert_eq!((&came["user"], &came["status"]), (&"bob".into(), &"online".into()));
    bob.leaves().await;
    let went = alice.sees_in_time("presence").await;
    assert_eq!((&went["user"], &went["status"]), (&"bob".into(), &"offline".into()));
    assert!(went["last_seen"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn two_tabs_are_one_person() {
    let chat = Chat::start().await;
    let mut alice = acquainted(&chat).await;
    let first = chat.joined_by("bob").await;
    assert_eq!(alice.sees_in_time("presence").await["status"], "online");
    let second = chat.joined_by("bob").await;
    first.leaves().await;
    second.leaves().await;
    // Nothing in between: the next is that the last has gone.
    assert_eq!(alice.sees_in_time("presence").await["status"], "offline");
    let _third = chat.joined_by("bob").await;
    assert_eq!(alice.sees_in_time("presence").await["status"], "online");
}

#[tokio::test]
async fn members_of_a_room_see_each_other_and_strangers_do_not() {
    let chat = Chat::start().await;
    chat.room_of("alice", "general").await;
    chat.post("/api/rooms/general/join", json!({ "user_id": "bob" })).await;
    let mut eve = chat.joined_by("eve").await.attentive_to("presence");
    let mut alice = chat.joined_by("alice").await.attentive_to("presence");
    let _bob = chat.joined_by("bob").await;
    assert_eq!(alice.sees_in_time("presence").await["user"], "bob");
    eve.hears_nothing(&chat).await;
}

#[tokio::test]
async fn a_disconnect_that_was_lost_heals_at_the_first_push() {
    let chat = Chat::start().await;
    let mut alice = acquainted(&chat).await;
    // A connection that the table knows and nobody has: its $disconnect was lost.
    let bob = chat.joined_by("bob").await;
    assert_eq!(alice.sees_in_time("presence").await["status"], "online");
    let mut ghost = chat.item("USER#bob", "INBOX").await;
    bob.leaves().await;
    assert_eq!(alice.sees_in_time("presence").await["status"], "offline");
    ghost.remove("arrived");
    chat.puts(ghost).await;
    assert!(online(&chat).await.contains(&"bob".into()));

    alice.sends(&json!({ "action": "message", "to": "bob", "content": "there?" })).await;
    let [ack, presence] = alice.sees_both(["ack", "presence"]).await;
    assert_eq!((&ack["delivered"], &presence["status"]), (&false.into(), &"offline".into()));
    assert_eq!(online(&chat).await, ["alice"]);
}

#[tokio::test]
async fn typing_shows_to_the_other_only_and_is_throttled() {
    let chat = Chat::start_in_standing_time(|_| {}).await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    for _ in 0..5 {
        alice.sends(&json!({ "action": "typing", "to": "bob" })).await;
    }
    alice.hears_nothing(&chat).await;
    let typing = bob.sees_a("typing").await;
    assert_eq!(
        (&typing["user"], &typing["conversation"]),
        (&"alice".into(), &"dm:alice:bob".into())
    );
    bob.hears_nothing(&chat).await;
    chat.time.advance(std::time::Duration::from_secs(3));
    alice.sends(&json!({ "action": "typing", "to": "bob" })).await;
    bob.sees_a("typing").await;
    assert!(chat.messages("alice", "bob").await.is_empty());

    assert_eq!((&typing["typing"], &typing["expires_in_ms"]), (&true.into(), &6000.into()));
    // That one has stopped shows at once, and once.
    for _ in 0..5 {
        alice.sends(&json!({ "action": "typing", "to": "bob", "typing": false })).await;
    }
    alice.hears_nothing(&chat).await;
    assert_eq!(bob.sees_a("typing").await["typing"], false);
    bob.hears_nothing(&chat).await;

    alice.types(r#"{"action":"typing"}"#).await;
    alice.is_told("bad_request").await;
}

#[tokio::test]
async fn whoever_speaks_before_the_welcome_has_come_online_all_the_same() {
    let chat = Chat::start().await;
    let mut bob = chat.joined_by("bob").await;
    // As `connect` left it: nobody has been welcomed.
    let mut inbox = chat.item("USER#bob", "INBOX").await;
    let name = format!("conn:{}", bob.connection);
    let AttributeValue::M(connection) = inbox.get_mut(&name).unwrap() else { panic!("no map") };
    connection.remove("ready_at");
    inbox.remove("arrived");
    chat.puts(inbox.clone()).await;
    bob.sends(&json!({ "action": "ping" })).await;
    bob.sees_a("pong").await;
    let after = chat.item("USER#bob", "INBOX").await;
    assert_eq!(after["alone"], inbox["alone"]);
    assert!(after[&name].as_m().unwrap().contains_key("ready_at"));
}

#[tokio::test]
async fn typing_shows_in_rooms_up_to_a_size() {
    let chat = Chat::start_with(|options| options.settings.set("PRESENCE_ROOM_SIZE", "2")).await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    let room = chat.room_of("alice", "general").await;
    alice.hears("alice", "alice joined").await;
    bob.joins(&room).await;
    alice.hears("bob", "bob joined").await;
    bob.sends(&json!({ "action": "typing", "room": room })).await;
    alice.sees_a("typing").await;
    let mut carol = chat.joined_by("carol").await;
    carol.joins(&room).await;
    for person in [&mut alice, &mut bob] {
        person.hears("carol", "carol joined").await;
    }
    carol.sends(&json!({ "action": "typing", "room": room })).await;
    carol.hears_nothing(&chat).await;
    alice.hears_nothing(&chat).await;
}

/// API Gateway does not promise to say who has left: whatever it says, nothing fails for it.
#[tokio::test]
async fn who_leaves_without_a_name_is_forgotten_at_the_next_message() {
    let (outcomes, mut told) = mpsc::unbounded_channel();
    let nameless = move |functions: Functions| {
        let (disconnect, outcomes) = (functions.disconnect.clone(), outcomes.clone());
        let disconnect = Lambda::new(move |mut event: Value| {
            event["requestContext"].as_object_mut().unwrap().remove("authorizer");
            let (leaving, outcomes) = (disconnect.call(event), outcomes.clone());
            async move {
                let outcome = leaving.await;
                outcomes.send(outcome.is_ok()).unwrap();
                outcome
            }
        });
        Functions { disconnect, ..functions }
    };
    let hooks = TestHooks { wrap: Some(Arc::new(nameless)), ..TestHooks::default() };
    let chat = Chat::start_on(hooks).await;
    let mut alice = chat.joined_by("alice").await;
    chat.joined_by("bob").await.leaves().await;
    assert!(in_time(told.recv()).await.unwrap(), "$disconnect fails");

    assert_eq!(alice.says("bob", "still there?").await["delivered"], false);
    assert_eq!(online(&chat).await, ["alice"]);
    chat.joined_by("bob").await.hears("alice", "still there?").await;
}

#[tokio::test]
async fn one_call_tells_which_friends_are_there() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for friend in ["bob", "carol", "dave"] {
        alice.says(friend, "hello").await;
    }
    chat.joined_by("stranger").await;
    let bob = chat.joined_by("bob").await;
    let carol = chat.joined_by("carol").await;
    carol.leaves().await;
    let block = chat.put("/api/blocks/alice", json!({ "user_id": "dave" })).await;
    assert_eq!(block.status, 204);
    let friends = async || chat.get("/api/presence", &[("user_id", "alice")]).await.body;
    let mut seen = friends().await;
    in_time(async {
        while seen[1]["status"] != "offline" || seen[1]["last_seen"].is_null() {
            seen = friends().await;
        }
    })
    .await;
    let told = seen.as_array().unwrap().iter();
    let told: Vec<_> = told.map(|it| (it["user"].as_str(), it["status"].as_str())).collect();
    // A block hides whether dave is there.
    assert_eq!(told, [(Some("bob"), Some("online")), (Some("carol"), Some("offline"))]);
    drop(bob);
}
