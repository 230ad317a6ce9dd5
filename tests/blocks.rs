//! People who have blocked each other, and every cell of the table of rules about two people.

use serde_json::{Value, json};
use shared::domain::permissions::{
    Action, DIRECT_RELATIONSHIPS, DIRECT_RULES, Relationship, Verdict,
};

use crate::rules::{columns, refusal, told};
use crate::support::{Chat, Person, in_time};

async fn blocks(chat: &Chat, user: &str, other: &str) {
    let answer = chat.put(&format!("/api/blocks/{other}"), json!({ "user_id": user })).await;
    assert_eq!(answer.status, 204, "{:?}", answer.body);
}

async fn unblocks(chat: &Chat, user: &str, other: &str) {
    let answer = chat.delete(&format!("/api/blocks/{other}"), &[("user_id", user)]).await;
    assert_eq!(answer.status, 204, "{:?}", answer.body);
}

/// una and olga, who know each other unless una is a third, and max, who knows olga; una has this
/// standing.
async fn acquainted(relationship: Relationship) -> (Chat, [Person; 3], &'static str) {
    let chat = Chat::start().await;
    let [mut una, mut olga, mut max] =
        [chat.joined_by("una").await, chat.joined_by("olga").await, chat.joined_by("max").await];
    if relationship != Relationship::NonParticipant {
        olga.says("una", "hello").await;
        una.hears("olga", "hello").await;
        una.says("olga", "before").await;
        olga.hears("una", "before").await;
    }
    max.says("olga", "hello").await;
    olga.hears("max", "hello").await;
    match relationship {
        Relationship::Blocker => blocks(&chat, "una", "olga").await,
        Relationship::Blocked => blocks(&chat, "olga", "una").await,
        _ => {}
    }
    let conversation =
        if relationship == Relationship::NonParticipant { "dm:max:olga" } else { "dm:olga:una" };
    (chat, [una, olga, max], conversation)
}

/// The number of what `user` said in a conversation.
async fn said_by(chat: &Chat, user: &str, conversation: &str) -> Value {
    let mut two = conversation.split(':').skip(1);
    let said = chat.messages(two.next().unwrap(), two.next().unwrap()).await;
    let said = said.into_iter().find(|message| message["from"] == user);
    said.map_or(json!(1), |message| message["seq"].clone())
}

/// What una is told over the WebSocket, null if it is done.
async fn over_websocket(
    (chat, una): (&Chat, &mut Person),
    action: Action,
    conversation: &str,
) -> Value {
    let others = said_by(chat, "olga", conversation).await;
    let own = said_by(chat, "una", conversation).await;
    let about = |action: &str, seq: &Value| {
        json!({
            "action": action, "conversation": conversation, "seq": seq, "content": "new", "key": "+1",
        })
    };
    let frame = match action {
        Action::React => about("react", &others),
        Action::Edit => about("edit", &own),
        Action::TakeBack => about("delete", &own),
        Action::DeleteOthers => about("delete", &others),
        Action::Pin => about("pin", &others),
        Action::MentionEveryone => json!({
            "action": "message", "to": "olga", "content": "x", "mentions_everyone": true,
        }),
        Action::Speak => json!({ "action": "message", "to": "olga", "content": "x" }),
        Action::Type => json!({ "action": "typing", "to": "olga" }),
        Action::Read => json!({ "action": "history", "conversation": conversation }),
        Action::Sync => json!({ "action": "sync", "since": { conversation: 0 } }),
        Action::Note => json!({ "action": "read", "conversation": conversation, "seq": 1 }),
        _ => return Value::Null,
    };
    una.sends(&frame).await;
    let seen = una.catches_up().await;
    let synced = seen.iter().find(|frame| frame["type"] == "synced");
    let error = seen.iter().find(|frame| frame["type"] == "error");
    match (synced, error) {
        (Some(synced), _) => {
            let of = &synced["conversations"][conversation];
            told(&json!({ "code": of["error"], "reason": of["reason"] }))
        }
        (None, Some(error)) => told(error),
        (None, None) => Value::Null,
    }
}

/// What una is told over HTTP, null if it is done.
async fn over_http(chat: &Chat, action: Action, conversation: &str) -> Value {
    let answer = match action {
        Action::Speak => {
            let said = json!({ "receiver_id": "olga", "content": "x", "sender_id": "una" });
            chat.post("/api/send_message", said).await
        }
        Action::Read => {
            let mut two = conversation.split(':').skip(1);
            let two = [("user1", two.next().unwrap()), ("user2", two.next().unwrap())];
            chat.get("/messages", &[two[0], two[1], ("user_id", "una")]).await
        }
        _ => return Value::Null,
    };
    told(&answer.body["error"])
}

/// Tries every action of one standing.
async fn column(relationship: Relationship) {
    let place = DIRECT_RELATIONSHIPS.iter().position(|one| *one == relationship).unwrap();
    for (action, row) in DIRECT_RULES {
        // Somebody else cannot even name the two as whom to speak to.
        if relationship == Relationship::NonParticipant
            && matches!(action, Action::Speak | Action::Type | Action::MentionEveryone)
        {
            continue;
        }
        let (chat, [mut una, mut olga, mut max], conversation) = acquainted(relationship).await;
        let verdict = row[place];
        let refusal = refusal(verdict);
        let refused_over_http = matches!(action, Action::Speak | Action::Read);
        if refused_over_http {
            assert_eq!(
                over_http(&chat, action, conversation).await,
                refusal,
                "{relationship}: {action}"
            );
        }
        olga.catches_up().await;
        let why = over_websocket((&chat, &mut una), action, conversation).await;
        assert_eq!(why, refusal, "{relationship}: {action} over the WebSocket");
        let reaches = verdict == Verdict::Yes;
        match action {
            Action::Type | Action::Note => {
                let seen = olga.catches_up().await;
                let kind = if action == Action::Type { "typing" } else { "receipt" };
                let seen = seen.iter().any(|frame| frame["type"] == kind);
                assert_eq!(seen, reaches, "{relationship}: {action}");
            }
            Action::Watch => {
                (una, max) = (una.attentive_to("presence"), max.attentive_to("presence"));
                olga.leaves().await;
                assert_eq!(max.sees_in_time("presence").await["user"], "olga");
                if reaches {
                    assert_eq!(una.sees_in_time("presence").await["user"], "olga");
                } else {
                    una.hears_nothing(&chat).await;
                }
            }
            _ => {}
        }
    }
}

columns! {
    DIRECT_RELATIONSHIPS;
    the_two_may: Peer,
    who_blocks_may: Blocker,
    who_is_blocked_may: Blocked,
    anybody_else_may: NonParticipant,
}

#[tokio::test]
async fn a_block_ends_when_both_have_ended_it() {
    let (chat, [mut una, mut olga, _max], _) = acquainted(Relationship::Blocker).await;
    blocks(&chat, "olga", "una").await;
    blocks(&chat, "olga", "una").await;
    for user in ["una", "olga"] {
        unblocks(&chat, user, if user == "una" { "olga" } else { "una" }).await;
        if user == "una" {
            una.sends(&json!({ "action": "message", "to": "olga", "content": "still?" })).await;
            una.is_told("forbidden").await;
        }
    }
    unblocks(&chat, "una", "olga").await;
    una.says("olga", "again").await;
    olga.hears("una", "again").await;
}

#[tokio::test]
async fn strangers_can_be_blocked_before_they_say_anything() {
    let chat = Chat::start().await;
    blocks(&chat, "una", "eve").await;
    let mut eve = chat.joined_by("eve").await;
    eve.sends(&json!({ "action": "message", "to": "una", "content": "hi" })).await;
    eve.is_told("forbidden").await;
    assert!(chat.messages("una", "eve").await.is_empty());
    unblocks(&chat, "una", "eve").await;
    let said = eve.says("una", "hi").await;
    assert_eq!(chat.messages("una", "eve").await[0]["seq"], said["seq"]);
}

#[tokio::test]
async fn what_was_said_before_a_block_is_kept_and_can_be_repeated() {
    let (chat, [mut una, ..], _) = acquainted(Relationship::Peer).await;
    let id = uuid::Uuid::now_v7().to_string();
    let first = una.says_as("olga", "before", &id).await;
    blocks(&chat, "olga", "una").await;
    let again = una.says_as("olga", "before", &id).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &json!(true)));
    let kept = chat.messages("olga", "una").await;
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|message| message.get("status").is_none()), "{kept:?}");
}

#[tokio::test]
async fn who_is_blocked_sees_nothing_of_who_blocks() {
    let (chat, [_una, olga, _max], _) = acquainted(Relationship::Blocked).await;
    let there = async |user: &str| {
        let answer = chat.get("/api/online_users", &[("user_id", user)]).await;
        let users = answer.body.as_array().unwrap().clone();
        users.into_iter().map(|it| it["user"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(there("una").await, ["max", "una"]);
    assert_eq!(there("olga").await, ["max", "olga"]);
    assert_eq!(there("max").await, ["max", "olga", "una"]);
    drop(olga);
    let room = json!({ "name": "trap", "user_id": "una", "access": "private" });
    let room = chat.post("/api/rooms", room).await.body["id"].as_str().unwrap().to_owned();
    let path = format!("/api/rooms/{room}/invitations/olga");
    assert_eq!(chat.put(&path, json!({ "user_id": "una" })).await.status, 403);
}

#[tokio::test]
async fn a_backlog_of_before_is_handed_over_without_a_receipt() {
    let (chat, [mut una, olga, _max], _) = acquainted(Relationship::Peer).await;
    olga.leaves().await;
    let mut zoe = chat.joined_by("zoe").await;
    for person in [&mut una, &mut zoe] {
        in_time(async {
            while person.says("olga", "are you there?").await["delivered"] == true {}
        })
        .await;
    }
    (una, zoe) = (una.attentive_to("receipt"), zoe.attentive_to("receipt"));
    blocks(&chat, "olga", "una").await;
    let mut olga = chat.joined_by("olga").await;
    olga.hears("una", "are you there?").await;
    // Conversations are delivered one after the other, zoe's last.
    zoe.sees_in_time("receipt").await;
    una.hears_nothing(&chat).await;
}

#[tokio::test]
async fn one_sees_whom_one_has_blocked() {
    let chat = Chat::start().await;
    for other in ["eve", "dora", "mallory"] {
        blocks(&chat, "una", other).await;
    }
    let of_una = [("user_id", "una")];
    let blocked = chat.get("/api/blocks", &of_una).await.body;
    let names: Vec<_> = blocked.as_array().unwrap().iter().map(|it| it["user"].clone()).collect();
    assert_eq!(names, ["dora", "eve", "mallory"]);
    assert!(blocked[0]["since"].as_str().unwrap().ends_with('Z'));
    let page = chat.get("/api/blocks", &[of_una[0], ("limit", "1")]).await;
    let next = page.link.unwrap();
    let next = next.split_once('>').unwrap().0.trim_start_matches('<').to_owned();
    assert_eq!(chat.get(&next, &[]).await.body[0]["user"], "eve");
    assert_eq!(chat.get("/api/blocks", &[("user_id", "eve")]).await.body, json!([]));
}

#[tokio::test]
async fn bad_blocks_are_told_why() {
    let chat = Chat::start().await;
    let by = json!({ "user_id": "una" });
    assert_eq!(chat.put("/api/blocks/una", by.clone()).await.status, 400);
    assert_eq!(chat.put("/api/blocks/eve", json!({})).await.status, 400);
    for number in 0..200 {
        blocks(&chat, "una", &format!("eve {number}")).await;
    }
    assert_eq!(chat.put("/api/blocks/mallory", by).await.status, 409);
    blocks(&chat, "una", "eve 7").await;
}
