//! What has expired is deleted from the archive, too, and nothing else becomes of it.

use serde_json::{Value, json};

use super::support::{Archive, THEIRS, contents};
use crate::support::Person;

/// Does something to a message of the two; the answer.
async fn does(person: &mut Person, action: &str, seq: u64, with: Value) -> Value {
    let mut frame = json!({ "action": action, "conversation": THEIRS, "seq": seq });
    frame.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    person.sends(&frame).await;
    loop {
        let frame = person.sees().await;
        if ["ack", "error"].iter().any(|kind| frame["type"] == *kind) {
            return frame;
        }
    }
}

/// Everything that the archive has, as text.
fn archived(archive: &Archive) -> String {
    let read = |path: &std::path::PathBuf| {
        let mut text = String::new();
        let file = std::fs::File::open(path).unwrap();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
        text
    };
    archive.files().iter().map(read).collect()
}

/// Everything that the table has, as text.
async fn table(archive: &Archive) -> String {
    let (table, name) = archive.chat.table();
    let all = table.scan().table_name(name).consistent_read(true).send().await.unwrap();
    format!("{:?}", all.items())
}

#[tokio::test]
async fn what_is_deleted_later_is_nowhere_and_everybody_is_told() {
    let archive = Archive::start().await;
    let mut alice = archive.chat.joined_by("alice").await;
    let mut bob = archive.chat.joined_by("bob").await;
    let data = json!({ "code": "1-2-3" });
    let said = json!({
        "action": "message", "to": "bob", "content": "the launch code", "data": data, "mentions": ["bob"],
    });
    alice.sends(&said).await;
    let seq = alice.sees_in_time("ack").await["seq"].as_u64().unwrap();
    alice.says("bob", "between").await;
    let edit = does(&mut alice, "edit", seq, json!({ "content": "the other code" })).await;
    let edit = edit["seq"].as_u64().unwrap();
    let records = archive.deletes(THEIRS, [seq, seq + 1]).await;
    assert_eq!(archive.archives(&records).await, [Value::Null; 0]);
    assert!(archived(&archive).contains("code") && table(&archive).await.contains("code"));

    // Only whoever said it may, and only that.
    for (action, with) in [("edit", json!({ "content": "x" })), ("react", json!({ "key": "x" }))] {
        assert_eq!(does(&mut alice, action, seq, with).await["code"], "conflict", "{action}");
    }
    assert_eq!(does(&mut bob, "delete", seq, json!({})).await["reason"], "not_yours");
    bob.catches_up().await;
    let ack = does(&mut alice, "delete", seq, json!({})).await;
    assert_eq!((&ack["of"], &ack["seq"]), (&json!(seq), &json!(edit + 1)));
    let event = bob.sees_a("message").await;
    assert_eq!((&event["kind"], &event["of"]), (&json!("deleted"), &json!(seq)));
    assert!(!archived(&archive).contains("code"), "{}", archived(&archive));
    assert!(!table(&archive).await.contains("code"));
    assert!(archived(&archive).contains("between"));

    let path = format!("/api/conversations/{THEIRS}/messages/{seq}");
    let now = archive.chat.get(&path, &[("user_id", "bob")]).await.body;
    assert_eq!(
        (&now["content"], &now["deleted_by"], &now["archived"], &now["revised"]),
        (&json!(""), &json!("alice"), &json!(true), &ack["seq"])
    );
    assert_eq!(now["deleted_at"], ack["timestamp"]);
    let again = archive.chat.delete(&path, &[("user_id", "alice")]).await;
    assert_eq!((again.status, &again.body["duplicate"]), (200, &json!(true)));
    assert_eq!(again.body["seq"], seq);
}

#[tokio::test]
async fn what_is_archived_again_stays_deleted() {
    let archive = Archive::start().await;
    let (mut alice, first) = archive.of_two(3).await;
    let records = archive.deletes(THEIRS, first..first + 2).await;
    archive.archives(&records).await;
    does(&mut alice, "delete", first, json!({})).await;
    // The same batch, and a part of it.
    for records in [&records[..], &records[..1]] {
        assert_eq!(archive.archives(records).await, [Value::Null; 0]);
        let pages = archive.pages("10").await;
        assert_eq!(contents(&pages[0]), ["", "2", "3"]);
        assert!(!archived(&archive).contains("\"1\""), "{}", archived(&archive));
    }
}

#[tokio::test]
async fn the_words_of_an_edit_that_was_archived_before_its_message_go_with_it() {
    let archive = Archive::start().await;
    let (mut alice, first) = archive.of_two(1).await;
    let edit = does(&mut alice, "edit", first, json!({ "content": "secret" })).await;
    alice.says("bob", "later").await;
    let records = archive.deletes(THEIRS, [edit["seq"].as_u64().unwrap()]).await;
    archive.archives(&records).await;
    does(&mut alice, "edit", first, json!({ "content": "public" })).await;
    assert!(!archived(&archive).contains("secret"));
    assert!(!table(&archive).await.contains("secret"));
}

#[tokio::test]
async fn the_words_of_an_edit_go_on_their_way_to_the_archive_if_another_edit_came_meanwhile() {
    let archive = Archive::start().await;
    let (mut alice, first) = archive.of_two(1).await;
    let edit = does(&mut alice, "edit", first, json!({ "content": "secret" })).await;
    alice.says("bob", "later").await;
    let records = archive.deletes(THEIRS, [edit["seq"].as_u64().unwrap()]).await;
    does(&mut alice, "edit", first, json!({ "content": "public" })).await;
    archive.archives(&records).await;
    assert!(!archived(&archive).contains("secret"));
}

#[tokio::test]
async fn what_has_expired_is_not_pinned_any_more() {
    let archive = Archive::start().await;
    let chat = &archive.chat;
    let room = chat.room_of("alice", "club").await;
    let alice = chat.joined_by("alice").await;
    let said = json!({ "room": room, "content": "the rules", "sender_id": "alice" });
    let seq = chat.post("/api/send_message", said).await.body["seq"].as_u64().unwrap();
    let path = format!("/api/conversations/room:{room}/messages/{seq}");
    let pin = async || chat.put(&format!("{path}/pin"), json!({ "user_id": "alice" })).await.status;
    assert_eq!(pin().await, 200);
    alice.leaves().await;
    chat.time.advance(std::time::Duration::from_secs(8 * 24 * 60 * 60));
    let pins = format!("/api/conversations/room:{room}/pins");
    assert_eq!(chat.get(&pins, &[("user_id", "alice")]).await.body, json!([]));
    let records = archive.deletes(&format!("room:{room}"), [seq]).await;
    archive.archives(&records).await;
    let now = chat.get(&path, &[("user_id", "alice")]).await.body;
    assert_eq!((&now["content"], now.get("pinned_at")), (&json!("the rules"), None));
    assert_eq!(pin().await, 409);
}

#[tokio::test]
async fn what_has_expired_and_is_still_in_the_table_is_deleted_there() {
    let archive = Archive::start().await;
    let (alice, first) = archive.of_two(1).await;
    alice.leaves().await;
    archive.chat.time.advance(std::time::Duration::from_secs(8 * 24 * 60 * 60));
    let path = format!("/api/conversations/{THEIRS}/messages/{first}");
    let deleted = archive.chat.delete(&path, &[("user_id", "alice")]).await;
    assert_eq!(deleted.status, 200, "{:?}", deleted.body);
    let records = archive.deletes(THEIRS, [first]).await;
    archive.archives(&records).await;
    assert!(!archived(&archive).contains("\"1\""), "{}", archived(&archive));
}
