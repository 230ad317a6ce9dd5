//! What people decide about conversations for themselves alone, and what their lists make of it.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::member::PASSWORD;
use crate::support::{Answer, Chat, Person};

const OF_ALICE_AND_BOB: &str = "dm:alice:bob";

fn path(conversation: &str) -> String {
    format!("/api/conversations/{conversation}/settings")
}

async fn sets(chat: &Chat, user: &str, conversation: &str, mut change: Value) -> Answer {
    change["user_id"] = user.into();
    chat.patch(&path(conversation), change).await
}

/// Changes settings, which must be taken; the settings after it.
async fn set(chat: &Chat, user: &str, conversation: &str, change: Value) -> Value {
    let answer = sets(chat, user, conversation, change).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let shown = chat.get(&path(conversation), &[("user_id", user)]).await;
    assert_eq!((shown.status, &shown.body), (200, &answer.body));
    answer.body
}

/// The settings of whoever has decided nothing, but for these.
fn only(changes: Value) -> Value {
    let mut settings = json!({
        "muted": null, "muted_until": null, "pinned": false, "hidden": false, "draft": null,
        "unread_from": null,
    });
    let Value::Object(changes) = changes else { panic!("not an object: {changes}") };
    settings.as_object_mut().unwrap().extend(changes);
    settings
}

async fn says(chat: &Chat, from: &str, to: &str, content: &str) -> u64 {
    let said = json!({ "sender_id": from, "receiver_id": to, "content": content });
    let answer = chat.post("/api/send_message", said).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body["seq"].as_u64().unwrap()
}

/// A time by the server's clock, so many seconds from now.
fn in_seconds(chat: &Chat, seconds: i64) -> String {
    let now = chat.time.now().as_millisecond();
    shared::domain::Timestamp::from_millis(now + seconds * 1000).to_string()
}

/// The entries of a list, page by page, and how many pages that took.
async fn pages(chat: &Chat, user: &str, query: &str, limit: usize) -> (Vec<Value>, usize) {
    let mut path = format!("/api/conversations?user_id={user}&limit={limit}&{query}");
    let (mut all, mut count) = (Vec::new(), 0);
    loop {
        let answer = chat.get(&path, &[]).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let page = answer.body.as_array().unwrap().clone();
        assert!(page.len() <= limit);
        all.extend(page);
        count += 1;
        let Some(link) = answer.link else { return (all, count) };
        path = link.split(['<', '>']).nth(1).unwrap().to_owned();
    }
}

/// Whom the conversations of a list are with, or the names of their rooms.
fn names(list: &[Value]) -> Vec<&str> {
    list.iter().map(|it| it["with"].as_str().or(it["room"]["name"].as_str()).unwrap()).collect()
}

async fn listed(chat: &Chat, user: &str, query: &str) -> Vec<String> {
    let (all, _) = pages(chat, user, query, 100).await;
    names(&all).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn what_is_given_is_changed_and_what_is_null_goes() {
    let chat = Chat::start().await;
    let seq = says(&chat, "bob", "alice", "hello").await;
    let shown = chat.get(&path(OF_ALICE_AND_BOB), &[("user_id", "alice")]).await;
    assert_eq!(shown.body, only(json!({})));
    let until = in_seconds(&chat, 3600);
    let all = json!({
        "muted": "mentions", "muted_until": until, "pinned": true, "hidden": true,
        "draft": "Dear Bob,", "unread_from": seq,
    });
    let mut expected = all.clone();
    for change in [all, json!({}), json!({ "pinned": true }), json!({ "colour": "green" })] {
        assert_eq!(set(&chat, "alice", OF_ALICE_AND_BOB, change).await, expected);
    }
    for (name, value) in
        [("pinned", false), ("hidden", false)].map(|(name, value)| (name, Value::from(value)))
    {
        expected[name] = value;
        let change = json!({ name: null });
        assert_eq!(set(&chat, "alice", OF_ALICE_AND_BOB, change).await, expected);
    }
    expected["draft"] = Value::Null;
    assert_eq!(set(&chat, "alice", OF_ALICE_AND_BOB, json!({ "draft": "" })).await, expected);
    for name in ["muted_until", "muted", "unread_from"] {
        expected[name] = Value::Null;
        let change = json!({ name: null });
        assert_eq!(set(&chat, "alice", OF_ALICE_AND_BOB, change).await, expected);
    }
    assert_eq!(expected, only(json!({})));
    // bob has settings of his own.
    set(&chat, "alice", OF_ALICE_AND_BOB, json!({ "draft": "Dear Bob," })).await;
    let shown = chat.get(&path(OF_ALICE_AND_BOB), &[("user_id", "bob")]).await;
    assert_eq!(shown.body, only(json!({})));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let chat = Chat::start().await;
    let seq = says(&chat, "bob", "alice", "hello").await;
    let refused = [
        (json!({ "muted": "sometimes" }), "`muted`"),
        (json!({ "muted_until": "tomorrow" }), "`muted_until`"),
        (json!({ "muted_until": "2050-01-01T00:00:00Z" }), "`muted_until`"),
        (json!({ "muted": null, "muted_until": "2050-01-01T00:00:00Z" }), "`muted_until`"),
        (json!({ "pinned": "yes" }), "`pinned`"),
        (json!({ "hidden": 1 }), "`hidden`"),
        (json!({ "draft": { "a": 1 } }), "`draft`"),
        (json!({ "unread_from": 0 }), "`unread_from`"),
        (json!({ "unread_from": -1 }), "`unread_from`"),
        (json!({ "unread_from": seq + 1 }), "`unread_from`"),
    ];
    for (change, word) in refused {
        let answer = sets(&chat, "alice", OF_ALICE_AND_BOB, change.clone()).await;
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert!(answer.status == 400 && message.contains(word), "{change}: {message}");
    }
    let longest = "x".repeat(4096);
    let kept = set(&chat, "alice", OF_ALICE_AND_BOB, json!({ "draft": longest })).await;
    assert_eq!(kept["draft"], longest);
    let longer = json!({ "draft": format!("{longest}x") });
    assert_eq!(sets(&chat, "alice", OF_ALICE_AND_BOB, longer).await.status, 413);
    let shown = chat.get(&path(OF_ALICE_AND_BOB), &[("user_id", "alice")]).await;
    assert_eq!(shown.body, only(json!({ "draft": longest })));
}

#[tokio::test]
async fn only_whoever_takes_part_has_settings() {
    let chat = Chat::start().await;
    says(&chat, "alice", "bob", "hello").await;
    let room = format!("room:{}", chat.room_of("alice", "general").await);
    let pin = json!({ "pinned": true });
    for (user, conversation, status) in [
        ("eve", OF_ALICE_AND_BOB, 403),
        ("bob", &*room, 403),
        ("alice", "lobby", 400),
        ("alice", "dm:alice:carol", 404),
        ("alice", "nowhere", 404),
    ] {
        let told = sets(&chat, user, conversation, pin.clone()).await;
        assert_eq!(told.status, status, "{user} {conversation}: {:?}", told.body);
        let told = chat.get(&path(conversation), &[("user_id", user)]).await;
        assert_eq!(told.status, status, "{user} {conversation}");
    }
    // A block is no reason.
    let block = json!({ "user_id": "bob" });
    assert_eq!(chat.put("/api/blocks/alice", block).await.status, 204);
    for user in ["alice", "bob"] {
        set(&chat, user, OF_ALICE_AND_BOB, pin.clone()).await;
    }
    // Whoever leaves has none, and begins anew.
    let [join, leave] = ["join", "leave"].map(|what| {
        let room = room.trim_start_matches("room:");
        format!("/api/rooms/{room}/{what}")
    });
    let bob = json!({ "user_id": "bob" });
    assert_eq!(chat.post(&join, bob.clone()).await.status, 200);
    set(&chat, "bob", &room, json!({ "muted": "all" })).await;
    assert_eq!(chat.post(&leave, bob.clone()).await.status, 204);
    assert_eq!(sets(&chat, "bob", &room, pin).await.status, 403);
    assert_eq!(chat.post(&join, bob).await.status, 200);
    let shown = chat.get(&path(&room), &[("user_id", "bob")]).await;
    assert_eq!(shown.body, only(json!({})));
}

#[tokio::test]
async fn ones_other_connections_are_shown_and_nobody_else() {
    let chat = Chat::start().await;
    let mut laptop = chat.joined_by("alice").await;
    let mut phone = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    says(&chat, "alice", "bob", "hello").await;
    bob.hears("alice", "hello").await;
    let settings = set(&chat, "alice", OF_ALICE_AND_BOB, json!({ "draft": "and" })).await;
    for person in [&mut laptop, &mut phone] {
        let frame = person.sees_in_time("settings").await;
        assert_eq!(frame["conversation"], OF_ALICE_AND_BOB);
        assert_eq!(frame["settings"], settings);
    }
    bob.hears_nothing(&chat).await;
}

#[tokio::test]
async fn a_mute_that_is_over_is_as_if_it_were_not() {
    let chat = Chat::start_in_standing_time(|_| {}).await;
    says(&chat, "alice", "bob", "hello").await;
    let (hour, day) = (in_seconds(&chat, 3600), in_seconds(&chat, 86_400));
    let mute = json!({ "muted": "all", "muted_until": hour });
    assert_eq!(set(&chat, "bob", OF_ALICE_AND_BOB, mute.clone()).await, only(mute.clone()));
    // Each half may be changed alone, for as long as it goes on.
    let milder = set(&chat, "bob", OF_ALICE_AND_BOB, json!({ "muted": "mentions" })).await;
    assert_eq!(milder, only(json!({ "muted": "mentions", "muted_until": hour })));
    let longer = set(&chat, "bob", OF_ALICE_AND_BOB, json!({ "muted_until": day })).await;
    assert_eq!(longer, only(json!({ "muted": "mentions", "muted_until": day })));
    set(&chat, "bob", OF_ALICE_AND_BOB, mute.clone()).await;
    chat.time.advance(Duration::from_secs(3600));
    let shown = chat.get(&path(OF_ALICE_AND_BOB), &[("user_id", "bob")]).await;
    assert_eq!(shown.body, only(json!({})));
    let (list, _) = pages(&chat, "bob", "", 10).await;
    assert_eq!(list[0]["settings"], only(json!({})));
    // Its end is not moved, nor does another mute end with it.
    let late = sets(&chat, "bob", OF_ALICE_AND_BOB, json!({ "muted_until": day })).await;
    assert_eq!(late.status, 400);
    let none = set(&chat, "bob", OF_ALICE_AND_BOB, json!({ "muted_until": null })).await;
    assert_eq!(none, only(json!({})));
    assert_eq!(set(&chat, "bob", OF_ALICE_AND_BOB, mute).await, only(json!({})));
    let again = set(&chat, "bob", OF_ALICE_AND_BOB, json!({ "muted": "all" })).await;
    assert_eq!(again, only(json!({ "muted": "all" })));
    // It is for clients to be quiet: the counts stay.
    let (list, _) = pages(&chat, "bob", "unread=true", 10).await;
    assert_eq!(list[0]["unread"], 1);
}

#[tokio::test]
async fn what_is_hidden_shows_again_when_something_is_said() {
    let chat = Chat::start().await;
    let seq = says(&chat, "bob", "alice", "hello").await;
    says(&chat, "carol", "alice", "hello").await;
    let hide = json!({ "hidden": true });
    for next in ["alice", "bob"] {
        set(&chat, "alice", OF_ALICE_AND_BOB, hide.clone()).await;
        assert_eq!(listed(&chat, "alice", "").await, ["carol"]);
        assert_eq!(listed(&chat, "alice", "order=recent").await, ["carol"]);
        let (all, _) = pages(&chat, "alice", "hidden=true", 100).await;
        assert_eq!(names(&all), ["bob", "carol"]);
        assert_eq!([&all[0], &all[1]].map(|it| it["settings"]["hidden"].clone()), [true, false]);
        // A reaction is nothing new.
        let reaction =
            format!("/api/conversations/{OF_ALICE_AND_BOB}/messages/{seq}/reactions/{next}");
        assert_eq!(chat.put(&reaction, json!({ "user_id": "bob" })).await.status, 200);
        assert_eq!(listed(&chat, "alice", "").await, ["carol"]);
        let other = if next == "bob" { "alice" } else { "bob" };
        says(&chat, next, other, "again").await;
        assert_eq!(listed(&chat, "alice", "").await, ["bob", "carol"]);
        let shown = chat.get(&path(OF_ALICE_AND_BOB), &[("user_id", "alice")]).await;
        assert_eq!(shown.body["hidden"], false);
    }
    // It stays shown, though only reactions come after what was said and read.
    let mut alice = chat.joined_by("alice").await;
    let reaction = format!("/api/conversations/{OF_ALICE_AND_BOB}/messages/{seq}/reactions/+1");
    let newest = chat.put(&reaction, json!({ "user_id": "bob" })).await.body["seq"].clone();
    reads(&mut alice, OF_ALICE_AND_BOB, &newest).await;
    assert_eq!(listed(&chat, "alice", "").await, ["bob", "carol"]);
    set(&chat, "alice", OF_ALICE_AND_BOB, hide).await;
    set(&chat, "alice", OF_ALICE_AND_BOB, json!({ "hidden": false })).await;
    assert_eq!(listed(&chat, "alice", "").await, ["bob", "carol"]);
}

async fn reads(person: &mut Person, conversation: &str, seq: &Value) -> Value {
    let read = json!({ "action": "read", "conversation": conversation, "seq": seq, "id": "read" });
    person.sends(&read).await;
    loop {
        let receipt = person.sees_in_time("receipt").await;
        if receipt["id"] == "read" {
            return receipt;
        }
    }
}

#[tokio::test]
async fn marking_as_unread_is_for_oneself_until_one_reads() {
    let chat = Chat::start().await;
    let one = says(&chat, "alice", "bob", "one").await;
    let two = says(&chat, "alice", "bob", "two").await;
    let mut bob = chat.joined_by("bob").await;
    let mut phone = chat.joined_by("bob").await;
    reads(&mut bob, OF_ALICE_AND_BOB, &two.into()).await;
    assert_eq!(listed(&chat, "bob", "unread=true").await, [""; 0]);
    let of_bob = async || pages(&chat, "bob", "", 10).await.0.remove(0);
    for (from, unread) in [(one, 2), (two, 1)] {
        set(&chat, "bob", OF_ALICE_AND_BOB, json!({ "unread_from": from })).await;
        let listed = of_bob().await;
        assert_eq!((&listed["unread"], &listed["read_seq"]), (&unread.into(), &two.into()));
        assert_eq!(listed["settings"]["unread_from"], from);
        let statuses: Vec<_> =
            chat.messages("alice", "bob").await.iter().map(|it| it["status"].clone()).collect();
        assert_eq!(statuses, ["read", "read"], "others' receipts never go back");
    }
    assert_eq!(listed(&chat, "bob", "unread=true").await, ["alice"]);
    phone.catches_up().await;
    // Before it: nothing changes. As far as that: it is over, and one's devices see that.
    reads(&mut bob, OF_ALICE_AND_BOB, &one.into()).await;
    assert_eq!(of_bob().await["unread"], 1);
    let receipt = reads(&mut bob, OF_ALICE_AND_BOB, &two.into()).await;
    assert_eq!(receipt["read"], two);
    let frame = phone.sees_in_time("settings").await;
    assert_eq!(frame["settings"], only(json!({})));
    assert_eq!(of_bob().await["unread"], 0);
    // What is beyond what one has read stays marked while one reads up to it.
    let three = says(&chat, "alice", "bob", "three").await;
    let four = says(&chat, "bob", "alice", "four").await;
    set(&chat, "bob", OF_ALICE_AND_BOB, json!({ "unread_from": four })).await;
    reads(&mut bob, OF_ALICE_AND_BOB, &three.into()).await;
    let listed = of_bob().await;
    assert_eq!((&listed["unread"], &listed["read_seq"]), (&0.into(), &three.into()));
    assert_eq!(listed["settings"]["unread_from"], four);
    assert_eq!(pages(&chat, "bob", "unread=true", 10).await.0.len(), 1);
    reads(&mut bob, OF_ALICE_AND_BOB, &four.into()).await;
    assert_eq!(of_bob().await["settings"], only(json!({})));
}

#[tokio::test]
async fn lists_come_by_id_or_by_what_happened_last_whole_in_pages_of_any_size() {
    let chat = Chat::start().await;
    for friend in ["bob", "carol", "dave", "erin"] {
        says(&chat, friend, "alice", "hello").await;
        chat.time.advance(Duration::from_secs(1));
    }
    chat.room_of("alice", "general").await;
    chat.time.advance(Duration::from_secs(1));
    says(&chat, "alice", "carol", "hello").await;
    set(&chat, "alice", OF_ALICE_AND_BOB, json!({ "pinned": true })).await;
    set(&chat, "alice", "dm:alice:dave", json!({ "hidden": true })).await;
    let expected = [
        ("", vec!["bob", "carol", "erin", "general"]),
        ("order=id&hidden=true", vec!["bob", "carol", "dave", "erin", "general"]),
        ("unread=true", vec!["bob", "carol", "erin"]),
        ("order=recent", vec!["bob", "carol", "general", "erin"]),
        ("order=recent&hidden=true", vec!["bob", "carol", "general", "erin", "dave"]),
        ("order=recent&unread=true", vec!["bob", "carol", "erin"]),
    ];
    for (query, names_of) in expected {
        for limit in [1, 2, 3, 100] {
            let (all, count) = pages(&chat, "alice", query, limit).await;
            assert_eq!(names(&all), names_of, "{query} by {limit}");
            assert!(limit > 5 || count >= 5 / limit, "{query} by {limit}");
        }
    }
    for query in ["order=size", "unread=perhaps", "order=recent&after=x", "after=others.x"] {
        let answer = chat.get(&format!("/api/conversations?user_id=alice&{query}"), &[]).await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[tokio::test]
async fn what_becomes_active_while_one_turns_the_pages_is_not_missed() {
    let chat = Chat::start().await;
    for friend in ["bob", "carol", "dave"] {
        says(&chat, friend, "alice", "hello").await;
        chat.time.advance(Duration::from_secs(1));
    }
    let path = "/api/conversations?user_id=alice&limit=1&order=recent";
    let mut answer = chat.get(path, &[]).await;
    let mut seen = vec![answer.body[0]["with"].clone()];
    chat.time.advance(Duration::from_secs(1));
    says(&chat, "bob", "alice", "again").await;
    while let Some(link) = answer.link {
        answer = chat.get(link.split(['<', '>']).nth(1).unwrap(), &[]).await;
        seen.extend(answer.body.as_array().unwrap().iter().map(|it| it["with"].clone()));
        // However often it moves, it comes once more.
        chat.time.advance(Duration::from_secs(1));
        says(&chat, "bob", "alice", "and again").await;
    }
    assert_eq!(seen, ["dave", "carol", "bob"]);
}

/// Puts a conversation of alice's with `other` into the table, as it would be after a message.
async fn has_spoken_with(chat: &Chat, other: &str) {
    let mut listing = chat.item("USER#alice", "CONV#dm:alice:bob").await;
    let sk = format!("CONV#dm:alice:{other}");
    listing.insert("sk".into(), aws_sdk_dynamodb::types::AttributeValue::S(sk));
    chat.puts(listing).await;
}

#[tokio::test]
async fn of_very_many_conversations_a_thousand_are_sorted_and_all_are_listed() {
    let chat = Chat::start().await;
    chat.room_of("alice", "general").await;
    chat.time.advance(Duration::from_secs(1));
    says(&chat, "alice", "bob", "hello").await;
    for number in 0..1010 {
        has_spoken_with(&chat, &format!("friend-{number:04}")).await;
    }
    says(&chat, "zoe", "alice", "hello").await;
    chat.time.advance(Duration::from_secs(1));
    says(&chat, "friend-0500", "alice", "hello").await;
    let (all, _) = pages(&chat, "alice", "order=recent", 100).await;
    let names = names(&all);
    assert_eq!(names.len(), 1013);
    assert_eq!(names[..2], ["friend-0500", "bob"]);
    assert!(names[..1000].contains(&"general"), "rooms come first");
    assert_eq!(names.last(), Some(&"zoe"), "what is beyond comes by id");
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), names.len());
}

#[tokio::test]
async fn readers_are_for_whoever_may_read_there() {
    let chat = Chat::start().await;
    let id = chat.room_of("alice", "general").await;
    let room = format!("room:{id}");
    let mut bob = chat.joined_by("bob").await;
    let mut carol = chat.joined_by("carol").await;
    for person in [&mut bob, &mut carol] {
        person.joins("general").await;
    }
    let last = bob.says_in("general", "hello").await["seq"].clone();
    carol.catches_up().await;
    reads(&mut carol, &room, &last).await;
    let readers = async |conversation: &str, query: &[(&str, &str)]| {
        chat.get(&format!("/api/conversations/{conversation}/readers"), query).await
    };
    let all = readers(&room, &[("user_id", "bob")]).await;
    let users: Vec<_> = all.body.as_array().unwrap().iter().map(|it| it["user"].clone()).collect();
    assert_eq!(users, ["alice", "bob", "carol"]);
    assert_eq!(all.body[2]["read_seq"], last);
    let seq = last.to_string();
    let some = readers(&room, &[("user_id", "bob"), ("seq", &seq)]).await.body;
    assert_eq!(some, json!([{ "user": "carol", "read_seq": last }]));
    let first = readers(&room, &[("user_id", "bob"), ("limit", "2")]).await;
    assert_eq!(first.body.as_array().unwrap().len(), 2);
    let next = first.link.unwrap();
    let next = chat.get(next.split(['<', '>']).nth(1).unwrap(), &[]).await;
    assert_eq!((next.body.as_array().unwrap().len(), next.link), (1, None));
    for (user, conversation, status) in
        [("eve", &*room, 403), ("eve", OF_ALICE_AND_BOB, 403), ("alice", "lobby", 400)]
    {
        assert_eq!(readers(conversation, &[("user_id", user)]).await.status, status);
    }
    let leave = format!("/api/rooms/{id}/leave");
    assert_eq!(chat.post(&leave, json!({ "user_id": "bob" })).await.status, 204);
    assert_eq!(readers(&room, &[("user_id", "bob")]).await.status, 403);
}

#[tokio::test]
async fn of_two_people_each_sees_how_far_the_other_has_read_unless_a_block_hides_it() {
    let chat = Chat::start().await;
    let seq = says(&chat, "alice", "bob", "hello").await;
    let mut bob = chat.joined_by("bob").await;
    reads(&mut bob, OF_ALICE_AND_BOB, &seq.into()).await;
    let path = format!("/api/conversations/{OF_ALICE_AND_BOB}/readers?limit=1");
    let first = chat.get(&path, &[("user_id", "alice")]).await;
    assert_eq!(first.body, json!([{ "user": "alice", "read_seq": 0 }]));
    let next = first.link.unwrap();
    let next = chat.get(next.split(['<', '>']).nth(1).unwrap(), &[]).await;
    assert_eq!(next.body, json!([{ "user": "bob", "read_seq": seq }]));
    assert_eq!(next.link, None);
    let block = json!({ "user_id": "bob" });
    assert_eq!(chat.put("/api/blocks/alice", block).await.status, 204);
    for (user, read) in [("alice", 0), ("bob", seq)] {
        let path = format!("/api/conversations/{OF_ALICE_AND_BOB}/readers");
        let seen = chat.get(&path, &[("user_id", user)]).await.body;
        assert_eq!(seen, json!([{ "user": user, "read_seq": read }]));
    }
}

#[tokio::test]
async fn exports_have_settings_and_a_deleted_account_leaves_none() {
    let chat = Chat::with_accounts().await;
    let [alice, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    let mut at_alices = chat.joined_by_member(&alice).await;
    let conversation = at_alices.says("bob", "hello").await["conversation"].clone();
    let conversation = conversation.as_str().unwrap();
    let change = Some(json!({ "draft": "Dear Bob,", "pinned": true }));
    let path = path(conversation);
    let kept = chat.asks_as(&alice.access, Method::PATCH, &path, change).await;
    assert_eq!(kept.body, only(json!({ "draft": "Dear Bob,", "pinned": true })));
    let export = chat.asks_as(&alice.access, Method::GET, "/api/export", None).await;
    let lines = export.body.as_str().unwrap().lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let listed: Vec<_> = lines.filter(|line| line["type"] == "conversation").collect();
    assert_eq!(listed[0]["settings"], kept.body);

    let goodbye = Some(json!({ "password": PASSWORD }));
    let gone = chat.asks_as(&alice.access, Method::DELETE, "/api/me", goodbye).await;
    assert_eq!(gone.status, 204);
    let (table, name) = chat.table();
    let items = table
        .query()
        .table_name(name)
        .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
        .expression_attribute_values(":pk", text(&format!("USER#{}", alice.id)))
        .expression_attribute_values(":sk", text("CONV#"));
    assert_eq!(items.send().await.unwrap().items().len(), 0);
    let readers = format!("/api/conversations/{conversation}/readers");
    let readers = chat.asks_as(&bob.access, Method::GET, &readers, None).await;
    assert_eq!(readers.body.as_array().unwrap().len(), 2);
}

fn text(value: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned())
}
