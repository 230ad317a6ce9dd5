//! Names of rooms, and of people where there are only names.

use serde_json::json;

use crate::support::{Chat, Person};

async fn makes(chat: &Chat, creator: &str, name: &str) -> u16 {
    chat.post("/api/rooms", json!({ "name": name, "user_id": creator })).await.status
}

#[tokio::test]
async fn a_room_is_one_in_whatever_case_and_form_its_name_is_typed() {
    let chat = Chat::start().await;
    for (first, others) in [
        ("caf\u{e9}", ["cafe\u{301}", "CAFE\u{301}", " Caf\u{c9} "]),
        ("Stra\u{df}e", ["STRASSE", "strasse", "stra\u{df}e"]),
        ("two  words", ["two words", "TWO \u{3000}WORDS", "Two Words"]),
    ] {
        let id = chat.room_of("alice", first).await;
        for other in others {
            assert_eq!(makes(&chat, "bob", other).await, 409, "{other:?}");
            let encoded = form_of(other);
            let found = chat.get(&format!("/api/rooms/{encoded}"), &[]).await;
            assert_eq!(found.body["id"], json!(id), "{other:?}");
        }
    }
    let listed = chat.get("/api/rooms", &[]).await.body;
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|room| &room["name"]).collect();
    assert_eq!(names, ["caf\u{e9}", "Stra\u{df}e", "two words"]);
}

/// A name as a part of a path.
fn form_of(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn nobody_makes_a_room_that_looks_like_anothers() {
    let chat = Chat::start().await;
    for (first, second) in
        [("general", "generaI"), ("OPEN", "\u{41e}\u{420}\u{415}N"), ("team", "tearn")]
    {
        chat.room_of("alice", first).await;
        assert_eq!(makes(&chat, "mallory", second).await, 409, "{second:?}");
    }
    // With the room its look is free.
    assert_eq!(chat.delete("/api/rooms/general", &[("user_id", "alice")]).await.status, 204);
    assert_eq!(makes(&chat, "bob", "generaI").await, 201);
    assert_eq!(makes(&chat, "alice", "general").await, 409);
}

#[tokio::test]
async fn a_room_has_no_name_that_hides_something_or_that_a_path_cannot_carry() {
    let chat = Chat::start().await;
    for name in
        [".", "..", " . ", "a\u{202e}b", "gene\u{200b}ral", "\u{2800}", "a\u{feff}", "\u{3164}"]
    {
        assert_eq!(makes(&chat, "alice", name).await, 400, "{name:?}");
    }
    for lobby in ["lobby", "Lobby", "LOBBY", "IobbY"] {
        assert_eq!(makes(&chat, "alice", lobby).await, 409, "{lobby}");
    }
    assert_eq!(makes(&chat, "alice", "\u{2764}\u{fe0f} team").await, 201);
}

/// Before, a name had one reservation: in small letters as they were typed.
#[tokio::test]
async fn a_room_of_an_earlier_rule_keeps_its_name() {
    let chat = Chat::start().await;
    let id = chat.room_of("alice", "Caf\u{e9}").await;
    let mut name = chat.item("ROOMNAME#caf\u{e9}", "ROOM").await;
    for key in ["caf\u{e9}", "cafe\u{301}", "Cafe\u{301}", "CAFE\u{301}"] {
        chat.removes(&format!("ROOMNAME#{key}"), "ROOM").await;
    }
    let typed = "Cafe\u{301}";
    name.insert("pk".into(), string(&format!("ROOMNAME#{}", typed.to_lowercase())));
    chat.puts(name).await;
    let mut room = chat.item(&format!("CONV#room:{id}"), "ROOM").await;
    room.insert("name".into(), string(typed));
    room.insert("dir_sk".into(), string(&typed.to_lowercase()));
    chat.puts(room).await;

    for typed in [typed, "cafe\u{301}", "CAF\u{c9}"] {
        let found = chat.get(&format!("/api/rooms/{}", form_of(typed)), &[]).await;
        assert_eq!(found.body["id"], json!(id), "{typed:?}");
        assert_eq!(makes(&chat, "bob", typed).await, 409, "{typed:?}");
    }
    assert_eq!(chat.get("/api/rooms", &[]).await.body[0]["name"], typed);
    assert_eq!(chat.delete(&format!("/api/rooms/{id}"), &[("user_id", "alice")]).await.status, 204);
    assert_eq!(makes(&chat, "bob", typed).await, 201);
}

fn string(value: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned())
}

#[tokio::test]
async fn nobody_is_called_what_no_url_can_carry_or_nobody_sees() {
    let chat = Chat::start().await;
    for name in [".", "..", "ali\u{200b}ce", "alice\u{202e}"] {
        let url = format!("{}?user_id={}", chat.websocket_url(), form_of(name));
        assert_eq!(Person::is_refused(&url).await, 403, "{name:?}");
        assert_eq!(chat.get("/api/me", &[("user_id", name)]).await.status, 400, "{name:?}");
        let body = json!({ "user_id": "bob", "receiver_id": name, "content": "hello" });
        assert_eq!(chat.post("/api/send_message", body).await.status, 400, "{name:?}");
    }
}
