//! Reading what was said: by HTTP and by frame.

use serde_json::{Value, json};

use crate::support::{Chat, Person};

fn contents(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["content"].as_str().unwrap()).collect()
}

async fn of_seven() -> Chat {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for number in 1..=7 {
        alice.says("bob", &number.to_string()).await;
    }
    chat
}

#[tokio::test]
async fn both_routes_tell_the_same_oldest_first() {
    let chat = of_seven().await;
    let between = chat.get("/messages", &[("user1", "alice"), ("user2", "bob")]).await;
    let swapped = chat.get("/messages", &[("user1", "bob"), ("user2", "alice")]).await;
    let with = chat.get("/api/messages", &[("user_id", "bob"), ("with", "alice")]).await;

    assert_eq!(contents(between.body.as_array().unwrap()), ["1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(between.body, swapped.body);
    assert_eq!(between.body, with.body);
    let first = &between.body[0];
    assert_eq!((&first["from"], &first["to"]), (&"alice".into(), &"bob".into()));
    assert_eq!(first["conversation"], "dm:alice:bob");
    for field in ["id", "seq", "timestamp", "status"] {
        assert!(!first[field].is_null(), "{field}");
    }
}

#[tokio::test]
async fn pages_lead_back_to_the_beginning() {
    let chat = of_seven().await;
    let mut path = "/messages?user1=alice&user2=bob&limit=3".to_owned();
    let mut pages = Vec::new();
    loop {
        let page = chat.get(&path, &[]).await;
        pages.push(contents(page.body.as_array().unwrap()).join(""));
        let Some(link) = page.link else { break };
        let (target, relation) = link.split_once("; ").unwrap();
        assert_eq!(relation, "rel=\"prev\"");
        path = target.trim_matches(['<', '>']).to_owned();
    }
    assert_eq!(pages, ["567", "234", "1"]);
}

#[tokio::test]
async fn pages_lead_on_from_a_cursor() {
    let chat = of_seven().await;
    let all = chat.messages("alice", "bob").await;
    let seq = all[1]["seq"].to_string();
    let query = [("user_id", "alice"), ("with", "bob"), ("after", &seq), ("limit", "2")];
    let page = chat.get("/api/messages", &query).await;
    assert_eq!(contents(page.body.as_array().unwrap()), ["3", "4"]);
    assert!(page.link.unwrap().ends_with("; rel=\"next\""));
    let query = [("user_id", "alice"), ("with", "bob"), ("after", &seq), ("before", &seq)];
    assert_eq!(chat.get("/api/messages", &query).await.body, json!([]));
}

#[tokio::test]
async fn a_frame_reads_pages_too() {
    let chat = of_seven().await;
    let mut bob = chat.joined_by("bob").await;
    for _ in 0..7 {
        bob.sees_a("message").await;
    }
    bob.sends(&json!({ "action": "history", "with": "alice", "limit": 3 })).await;
    let page = bob.sees_a("history").await;
    assert_eq!(page["conversation"], "dm:alice:bob");
    assert_eq!(contents(page["messages"].as_array().unwrap()), ["5", "6", "7"]);
    assert_eq!(page["after"], Value::Null);

    let before = &page["before"];
    let conversation = "dm:alice:bob";
    bob.sends(&json!({ "action": "history", "conversation": conversation, "before": before }))
        .await;
    let page = bob.sees_a("history").await;
    assert_eq!(contents(page["messages"].as_array().unwrap()), ["1", "2", "3", "4"]);
    assert_eq!(page["before"], Value::Null);
}

#[tokio::test]
async fn a_page_of_long_messages_fits_into_a_frame() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for _ in 0..60 {
        alice.says("bob", &"\u{1}".repeat(4096)).await;
    }
    let mut read = 0;
    let mut before = Value::Null;
    loop {
        let mut frame = json!({ "action": "history", "with": "bob", "limit": 100 });
        if !before.is_null() {
            frame["before"] = before;
        }
        alice.sends(&frame).await;
        let page = alice.sees_a("history").await;
        assert!(page.to_string().len() < 128 * 1024);
        read += page["messages"].as_array().unwrap().len();
        before = page["before"].clone();
        if before.is_null() {
            break;
        }
    }
    assert_eq!(read, 60);
}

#[tokio::test]
async fn nobody_reads_a_conversation_of_others() {
    let chat = of_seven().await;
    let mut eve = chat.joined_by("eve").await;
    eve.sends(&json!({ "action": "history", "conversation": "dm:alice:bob" })).await;
    eve.is_told("forbidden").await;

    let query = [("user1", "alice"), ("user2", "bob"), ("user_id", "eve")];
    let answer = chat.get("/messages", &query).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (403, &"forbidden".into()));
}

#[tokio::test]
async fn people_who_never_spoke_have_an_empty_history() {
    let chat = Chat::start().await;
    assert!(chat.messages("x", "y").await.is_empty());
    let mut alice = chat.joined_by("alice").await;
    alice.sends(&json!({ "action": "history", "with": "bob" })).await;
    let page = alice.sees_a("history").await;
    assert_eq!((&page["messages"], &page["before"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn what_has_expired_is_not_shown_and_numbers_never_fall_behind_it() {
    let chat = Chat::start_with(|options| options.settings.set("RETENTION_DAYS", "1")).await;
    let mut alice = chat.joined_by("alice").await;
    let old = alice.says("bob", "old").await["seq"].as_u64().unwrap();
    chat.time.advance(std::time::Duration::from_secs(2 * 24 * 60 * 60));
    assert!(chat.messages("alice", "bob").await.is_empty());

    // DynamoDB deletes what has expired, some day.
    let (table, name) = chat.table();
    for sk in [format!("MSG#{old:016}")] {
        let key = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let delete = table.delete_item().table_name(&name);
        delete.key("pk", key("CONV#dm:alice:bob")).key("sk", key(&sk)).send().await.unwrap();
    }

    let mut alice = chat.joined_by("alice").await;
    let new = alice.says("bob", "new").await["seq"].as_u64().unwrap();
    assert!(new > old + 24 * 60 * 60 * 1000);
    let next = alice.says("bob", "next").await["seq"].as_u64().unwrap();
    assert_eq!(next, new + 1);
}

#[tokio::test]
async fn a_healthy_table_is_a_healthy_server() {
    let chat = Chat::start().await;
    let answer = chat.get("/health", &[]).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &"ok".into()));
}

#[tokio::test]
async fn unknown_paths_get_api_gateways_own_answer() {
    let chat = Chat::start().await;
    let answer = chat.get("/nowhere", &[]).await;
    assert_eq!((answer.status, answer.body), (404, json!({ "message": "Not Found" })));
    let url = chat.websocket_url();
    assert_eq!(Person::is_refused(&url.replace("/ws", "/wsx?user_id=a")).await, 403);
    let stage =
        chat.request(reqwest::Method::GET, "/nowhere/@connections/abc=").send().await.unwrap();
    assert_eq!(
        (stage.status().as_u16(), &stage.headers()["x-amzn-errortype"]),
        (403, &"ForbiddenException".parse().unwrap())
    );
}
