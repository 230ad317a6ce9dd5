//! What has expired is read from the archive, and goes with its conversation.

use std::path::PathBuf;

use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Archive, THEIRS, contents, deletes_account};
use crate::support::Person;

/// No file at all.
const NOTHING: [PathBuf; 0] = [];

fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn what_has_expired_is_read_across_the_boundary_with_the_same_cursor() {
    let archive = Archive::start().await;
    let (mut alice, first) = archive.of_two(12).await;
    let before = archive.pages("5").await;
    let records = archive.deletes(THEIRS, first..first + 7).await;
    assert_eq!(archive.archives(&records).await, [Value::Null; 0]);

    let after = archive.pages("5").await;
    assert_eq!(after.len(), before.len());
    for (page, was) in after.iter().zip(&before) {
        for (message, was) in page.iter().zip(was) {
            let mut was = was.clone();
            if message["seq"].as_u64().unwrap() < first + 7 {
                was["archived"] = true.into();
            }
            assert_eq!(message, &was);
        }
    }
    // From the beginning, too.
    let mut cursor = 0;
    for expected in [numbers(1..=5), numbers(6..=10), numbers(11..=12)] {
        let asked = json!({ "action": "history", "with": "bob", "after": cursor, "limit": 5 });
        alice.sends(&asked).await;
        let page = alice.sees_a("history").await;
        let messages = page["messages"].as_array().unwrap();
        assert_eq!(contents(messages), expected);
        cursor = page["after"].as_u64().unwrap_or_default();
    }
    assert_eq!(cursor, 0, "nothing comes after the last page");
}

#[tokio::test]
async fn a_sync_brings_what_has_expired_and_says_that_nothing_is_missing() {
    let archive = Archive::start().await;
    let (mut alice, first) = archive.of_two(6).await;
    let records = archive.deletes(THEIRS, first..first + 4).await;
    let asked = |since: u64| json!({ "action": "sync", "since": { THEIRS: since } });
    let synced = async |alice: &mut Person, since| {
        alice.sends(&asked(since)).await;
        let mut seen = Vec::new();
        loop {
            let frame = alice.sees().await;
            match frame["type"].as_str().unwrap() {
                "message" => seen.push(frame["content"].as_str().unwrap().to_owned()),
                "synced" => return (seen, frame["conversations"][THEIRS]["complete"] == true),
                _ => {}
            }
        }
    };
    // Until they are archived, it says that something is gone.
    assert_eq!(synced(&mut alice, first).await, (numbers(5..=6), false));
    archive.archives(&records).await;
    assert_eq!(synced(&mut alice, 0).await, (numbers(1..=6), true));
    assert_eq!(synced(&mut alice, first + 1).await, (numbers(3..=6), true));
    assert_eq!(synced(&mut alice, first + 5).await, (vec![], true));
}

#[tokio::test]
async fn batches_may_come_twice_late_and_in_any_order() {
    let archive = Archive::start().await;
    let (_alice, first) = archive.of_two(9).await;
    let records = archive.deletes(THEIRS, first..first + 9).await;
    let batches = [&records[6..9], &records[2..5], &records[2..5], &records[0..4], &records[4..7]];
    for batch in batches {
        assert_eq!(archive.archives(batch).await, [Value::Null; 0]);
    }
    for limit in ["2", "5", "100"] {
        let pages = archive.pages(limit).await;
        let all: Vec<_> = pages.iter().rev().flatten().cloned().collect();
        assert_eq!(contents(&all), numbers(1..=9), "in pages of {limit}");
    }
}

#[tokio::test]
async fn the_stream_brings_what_the_table_deletes() {
    let archive = Archive::start_with(|options| {
        (options.memory, options.dynamodb) = (true, None);
    })
    .await;
    let chat = &archive.chat;
    let (mut alice, first) = archive.of_two(3).await;
    let room = chat.room_of("alice", "tea").await;
    alice.says_in(&room, "hot").await;
    for seq in first..first + 2 {
        let mut item = chat.item(&format!("CONV#{THEIRS}"), &format!("MSG#{seq:016}")).await;
        item.insert("expires_at".into(), AttributeValue::N("1".into()));
        chat.puts(item).await;
    }
    assert_eq!(archive.files(), NOTHING);
    chat.sweeps().await;
    chat.has_served_the_stream().await;

    let pages = archive.pages("10").await;
    assert_eq!(contents(&pages[0]), numbers(1..=3));
    let archived: Vec<_> = pages[0].iter().map(|message| message["archived"] == true).collect();
    assert_eq!(archived, [true, true, false]);
    let names: Vec<_> = archive.files();
    let name = names[0].strip_prefix(archive.folder.path()).unwrap().to_str().unwrap();
    let start = format!("{THEIRS}/{:013}/{first:016}-{:016}-", first / 1000, first + 1);
    assert!(names.len() == 1 && name.starts_with(&start), "{names:?}");
}

#[tokio::test]
async fn what_cannot_be_read_is_set_aside_and_the_rest_goes_on() {
    let archive = Archive::start().await;
    let (_alice, first) = archive.of_two(3).await;
    let mut records = archive.deletes(THEIRS, first..first + 3).await;
    records[1]["dynamodb"]["OldImage"] = json!({ "from": { "N": "1" } });
    assert_eq!(archive.archives(&records).await, [Value::Null; 0]);
    let pages = archive.pages("10").await;
    assert_eq!(contents(&pages[0]), ["1", "3"]);
    let aside = archive.folder.path().join(format!("unreadable/{}.json", first + 1));
    let kept: Value = serde_json::from_slice(&std::fs::read(aside).unwrap()).unwrap();
    assert_eq!(kept["dynamodb"]["OldImage"]["from"]["N"], "1");
}

#[tokio::test]
async fn a_conversation_that_cannot_be_archived_holds_up_no_other() {
    let archive = Archive::start().await;
    let (mut alice, first) = archive.of_two(2).await;
    let other = alice.says("carol", "to carol").await["seq"].as_u64().unwrap();
    let mut records = archive.deletes("dm:alice:carol", [other]).await;
    records.extend(archive.deletes(THEIRS, first..first + 2).await);
    let in_the_way = archive.folder.path().join("dm:alice:carol");
    std::fs::write(&in_the_way, "a file where a folder belongs").unwrap();
    assert_eq!(archive.archives(&records).await, [json!(other.to_string())]);
    assert_eq!(contents(&archive.pages("10").await[0]), ["1", "2"]);

    std::fs::remove_file(in_the_way).unwrap();
    assert_eq!(archive.archives(&records).await, [Value::Null; 0]);
    let carols = archive.chat.messages("alice", "carol").await;
    assert_eq!(contents(&carols), ["to carol"]);
}

#[tokio::test]
async fn the_archive_of_a_deleted_room_is_deleted_also_what_comes_later() {
    let archive = Archive::start().await;
    let chat = &archive.chat;
    let room = chat.room_of("alice", "tea").await;
    let mut alice = chat.joined_by("alice").await;
    let mut seqs = Vec::new();
    for content in ["one", "two"] {
        seqs.push(alice.says_in(&room, content).await["seq"].as_u64().unwrap());
    }
    let records = archive.deletes(&format!("room:{room}"), seqs).await;
    archive.archives(&records[..1]).await;
    assert_eq!(archive.files().len(), 1);
    let deleted = chat.delete(&format!("/api/rooms/{room}"), &[("user_id", "alice")]).await;
    assert_eq!(deleted.status, 204, "{:?}", deleted.body);
    assert_eq!(archive.files(), NOTHING);
    archive.archives(&records).await;
    assert_eq!(archive.files(), NOTHING);
}

#[tokio::test]
async fn what_two_people_said_goes_with_the_account_of_the_second() {
    let archive =
        Archive::start_with(|options| options.auth = local::options::Auth::Accounts).await;
    let chat = &archive.chat;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let send = |to: &str, content: &str| json!({ "receiver_id": to, "content": content });
    let mut seqs = Vec::new();
    for content in ["kept in the archive", "kept in the table"] {
        let sent = chat
            .asks_as(&alice.access, Method::POST, "/api/send_message", Some(send(&bob.id, content)))
            .await;
        seqs.push(sent.body["seq"].as_u64().unwrap());
    }
    let mut ids = [alice.id.clone(), bob.id.clone()];
    ids.sort();
    let conversation = format!("dm:{}:{}", ids[0], ids[1]);
    let records = archive.deletes(&conversation, [seqs[0]]).await;
    archive.archives(&records).await;

    deletes_account(chat, &alice).await;
    let left = chat.gets_as(&bob.access, &format!("/api/messages?with={}", alice.id)).await;
    assert_eq!(contents(left.body.as_array().unwrap()).len(), 2, "bob still has them");
    deletes_account(chat, &bob).await;
    assert_eq!(archive.files(), NOTHING);
    let (table, name) = chat.table();
    let query = table.query().table_name(name).key_condition_expression("pk = :pk AND sk > :start");
    let query = query
        .expression_attribute_values(":pk", AttributeValue::S(format!("CONV#{conversation}")))
        .expression_attribute_values(":start", AttributeValue::S("MSG#0000000000000000".into()));
    let left = query.send().await.unwrap();
    let left: Vec<_> = left.items().iter().map(|item| item["sk"].as_s().unwrap()).collect();
    assert_eq!(left, ["MSG#~BLOCKS"]);
    archive.archives(&records).await;
    assert_eq!(archive.files(), NOTHING);
}
