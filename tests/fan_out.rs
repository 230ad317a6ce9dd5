//! What is said in large and in busy rooms is brought to its members by the table's stream.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Chat, Person};

/// alice and bob in a room that counts as large.
async fn in_a_large_room() -> (Chat, String, Person, Person) {
    let chat = Chat::start_with(|options| {
        options.settings.set("FAN_OUT_MEMBERS", "2");
        options.settings.set("RATE_LIMIT", "0");
    });
    let chat = chat.await;
    let room = chat.room_of("alice", "general").await;
    let mut alice = chat.joined_by("alice").await;
    alice.sees_a("message").await;
    let mut bob = chat.joined_by("bob").await;
    bob.joins("general").await;
    alice.hears("bob", "bob joined").await;
    chat.has_delivered_the_room(&room, "alice").await;
    (chat, room, alice, bob)
}

/// alice's room, in which are nineteen others, of whom none was ever there.
async fn room_of_twenty(chat: &Chat) -> String {
    let room = chat.room_of("alice", "general").await;
    for number in 1..20 {
        let member = json!({ "user_id": format!("member {number}") });
        let joined = chat.post(&format!("/api/rooms/{room}/join"), member).await;
        assert_eq!(joined.status, 200);
        chat.time.advance(Duration::from_secs(2));
    }
    room
}

/// Somebody who connects and hears what waits, also where the stream is read only when it is asked for.
async fn comes(chat: &Chat, name: &str) -> Person {
    let connecting = Person::connects(&chat.websocket_url(), name).await;
    chat.has_served_the_stream().await;
    let mut person = connecting.welcomed().await;
    person.catches_up().await;
    person
}

async fn says(person: &mut Person, room: &str, content: &str, id: &str) -> Value {
    let frame = json!({ "action": "message", "room": room, "content": content, "id": id });
    person.sends(&frame).await;
    person.sees_in_time("ack").await
}

#[tokio::test]
async fn everybody_in_a_large_room_hears_what_is_said_there() {
    let (chat, room, mut alice, mut bob) = in_a_large_room().await;
    for content in ["one", "two", "three"] {
        alice.sends(&json!({ "action": "message", "room": room, "content": content })).await;
        let [ack, own] = alice.sees_both(["ack", "message"]).await;
        assert_eq!((ack.get("delivered"), &ack["duplicate"]), (None, &false.into()));
        assert_eq!(own["content"], content);
        bob.hears("alice", content).await;
    }
    bob.hears_nothing(&chat).await;
}

#[tokio::test]
async fn what_is_said_while_one_is_away_waits() {
    let (chat, room, mut alice, bob) = in_a_large_room().await;
    bob.leaves().await;
    for content in ["one", "two", "three"] {
        alice.says_in(&room, content).await;
    }
    chat.has_served_the_stream().await;
    let mut bob = chat.joined_by("bob").await;
    for content in ["one", "two", "three"] {
        bob.hears("alice", content).await;
    }
    bob.hears_nothing(&chat).await;
    let body = json!({ "room": room, "content": "four", "sender_id": "alice" });
    let sent = chat.post("/api/send_message", body).await;
    assert_eq!((sent.status, sent.body.get("delivered")), (200, None));
    bob.hears("alice", "four").await;
}

#[tokio::test]
async fn a_repeat_is_acknowledged_and_brought_once() {
    let (chat, room, mut alice, mut bob) = in_a_large_room().await;
    let id = "0192b4e0-7c00-7000-8000-000000000000";
    let first = says(&mut alice, &room, "once", id).await;
    let again = says(&mut alice, &room, "once", id).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &true.into()));
    assert_eq!(again.get("delivered"), None);
    bob.hears("alice", "once").await;
    bob.hears_nothing(&chat).await;
}

#[tokio::test]
async fn whoever_was_put_out_hears_no_more_and_a_newcomer_nothing_of_before() {
    let (chat, room, mut alice, bob) = in_a_large_room().await;
    let change = json!({ "history": "since_joining", "user_id": "alice" });
    assert_eq!(chat.patch(&format!("/api/rooms/{room}"), change).await.status, 200);
    alice.says_in(&room, "before").await;
    chat.has_served_the_stream().await;
    let mut bob = bob;
    bob.sees_in_time("message").await;
    let path = format!("/api/rooms/{room}/members/bob");
    assert_eq!(chat.delete(&path, &[("user_id", "alice")]).await.status, 204);
    bob.sees_in_time("left").await;
    chat.has_served_the_stream().await;
    let mut carol = chat.joined_by("carol").await;
    // That she joined comes before the answer or after it.
    carol.joins(&room).await;
    chat.has_served_the_stream().await;
    let heard = carol.catches_up().await;
    assert!(heard.iter().all(|frame| frame["content"] != "before"), "{heard:?}");
    alice.says_in(&room, "after").await;
    carol.hears("alice", "after").await;
    bob.hears_nothing(&chat).await;
}

#[tokio::test]
async fn a_busy_room_goes_by_the_stream_until_it_is_quiet() {
    let chat = Chat::start_in_standing_time(|options| {
        options.settings.set("FAN_OUT_RATE", "3");
        options.settings.set("RATE_LIMIT", "0");
    });
    let chat = chat.await;
    let room = room_of_twenty(&chat).await;
    let mut alice = chat.joined_by("alice").await;
    let mut delivered = Vec::new();
    for content in ["1", "2", "3", "4"] {
        delivered.push(alice.says_in(&room, content).await.get("delivered").is_some());
    }
    assert_eq!(delivered, [true, true, false, false]);
    chat.time.advance(Duration::from_secs(9));
    assert_eq!(alice.says_in(&room, "5").await.get("delivered"), None);
    chat.time.advance(Duration::from_secs(2));
    assert_eq!(alice.says_in(&room, "6").await["delivered"], false);
    let mut member = chat.joined_by("member 7").await;
    loop {
        let heard = member.sees_in_time("message").await;
        if heard["content"] == "6" {
            break;
        }
    }
}

/// Until somebody asks whether the stream has been served, it is not read: as between two reads on AWS.
#[tokio::test]
async fn what_is_said_between_two_reads_of_the_stream_comes_in_one_frame() {
    const MESSAGES: usize = 12;
    let chat = Chat::start_with(|options| {
        options.stream_interval = Some(3_600_000);
        options.settings.set("FAN_OUT_MEMBERS", "2");
        options.settings.set("RATE_LIMIT", "0");
    });
    let chat = chat.await;
    let room = chat.room_of("alice", "general").await;
    let joined = chat.post(&format!("/api/rooms/{room}/join"), json!({ "user_id": "bob" })).await;
    assert_eq!(joined.status, 200);
    let mut people = Vec::new();
    for name in ["alice", "bob"] {
        people.push(comes(&chat, name).await);
    }
    for number in 0..MESSAGES {
        let ack = people[0].says_in(&room, &number.to_string()).await;
        assert_eq!(ack.get("delivered"), None);
    }
    chat.has_served_the_stream().await;
    let mut pushes = 0;
    for person in &mut people {
        let frames = frames_before_a_pong(person).await;
        let heard = frames.iter().flat_map(|frame| frame["messages"].as_array().unwrap());
        assert_eq!(heard.count(), MESSAGES, "{} heard {frames:?}", person.name);
        pushes += frames.len();
    }
    assert_eq!(pushes, people.len());
}

/// Between two reads of the stream a room is busy, quiet, and busy again; what was said directly meanwhile
/// waits already when the rest is brought.
#[tokio::test]
async fn what_the_stream_brings_waits_from_its_first_message_on() {
    let chat = Chat::start_in_standing_time(|options| {
        options.stream_interval = Some(3_600_000);
        options.settings.set("FAN_OUT_RATE", "3");
        options.settings.set("RATE_LIMIT", "0");
    });
    let chat = chat.await;
    let room = room_of_twenty(&chat).await;
    let says = async |content: &str| {
        let body = json!({ "room": room, "content": content, "sender_id": "alice" });
        let answer = chat.post("/api/send_message", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body.get("delivered").is_some()
    };
    let mut member = comes(&chat, "member 7").await;
    let mut went_directly = Vec::new();
    for content in ["1", "2"] {
        went_directly.push(says(content).await);
        member.hears("alice", content).await;
    }
    member.leaves().await;
    for (content, seconds) in [("3", 11), ("4", 0), ("5", 0), ("6", 0)] {
        went_directly.push(says(content).await);
        chat.time.advance(Duration::from_secs(seconds));
    }
    assert_eq!(went_directly, [true, true, false, true, true, false]);
    chat.has_served_the_stream().await;
    let connecting = Person::connects(&chat.websocket_url(), "member 7").await;
    chat.has_served_the_stream().await;
    let mut member = connecting.welcomed().await;
    let frames = frames_before_a_pong(&mut member).await;
    let heard = frames.iter().flat_map(|frame| match &frame["messages"] {
        Value::Array(messages) => messages.clone(),
        _ => vec![frame.clone()],
    });
    let said: Vec<_> = heard.filter_map(|it| it["content"].as_str().map(str::to_owned)).collect();
    assert_eq!(said, ["3", "4", "5", "6"]);
}

#[tokio::test]
async fn a_newcomer_hears_the_part_that_is_theirs_of_what_is_brought_at_once() {
    let chat = Chat::start_with(|options| {
        options.stream_interval = Some(3_600_000);
        options.settings.set("FAN_OUT_MEMBERS", "2");
    });
    let chat = chat.await;
    let room = chat.room_of("alice", "general").await;
    let path = format!("/api/rooms/{room}");
    let since_joining = json!({ "history": "since_joining", "user_id": "alice" });
    assert_eq!(chat.patch(&path, since_joining).await.status, 200);
    let joins = async |user: &str| {
        let answer = chat.post(&format!("{path}/join"), json!({ "user_id": user })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    joins("bob").await;
    let mut people = Vec::new();
    for name in ["alice", "carol"] {
        people.push(comes(&chat, name).await);
    }
    let status_of = async |content: &str| {
        let page = chat.get(&format!("{path}/messages"), &[("user_id", "alice")]).await.body;
        let said = page.as_array().unwrap().iter().find(|it| it["content"] == content).cloned();
        said.unwrap()["status"].clone()
    };
    people[0].says_in(&room, "before").await;
    assert_eq!(status_of("before").await, "sent");
    joins("carol").await;
    people[0].says_in(&room, "after").await;
    chat.has_served_the_stream().await;
    assert_eq!(status_of("before").await, "delivered");
    let expected: [&[Option<&str>]; 2] =
        [&[Some("before"), None, Some("after")], &[None, Some("after")]];
    for (person, expected) in people.iter_mut().zip(expected) {
        let [frame] = &frames_before_a_pong(person).await[..] else {
            panic!("more than one frame")
        };
        let messages = frame["messages"].as_array().unwrap();
        let heard: Vec<_> = messages.iter().map(|it| it["content"].as_str()).collect();
        assert_eq!(heard, expected, "{}", person.name);
    }
}

/// Every frame with messages that came before the answer to a ping, as it came.
async fn frames_before_a_pong(person: &mut Person) -> Vec<Value> {
    person.sends(&json!({ "action": "ping" })).await;
    let mut frames = Vec::new();
    loop {
        let frame = person.sees_unfolded().await;
        match frame["type"].as_str().unwrap() {
            "pong" => return frames,
            "message" | "messages" => frames.push(frame),
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_was_said_directly_costs_nothing_when_the_stream_goes_on() {
    let (chat, room, mut alice, _bob) = in_a_large_room().await;
    let bob = json!({ "user_id": "bob" });
    assert_eq!(chat.post(&format!("/api/rooms/{room}/leave"), bob.clone()).await.status, 204);
    chat.has_served_the_stream().await;
    chat.settles();
    // More than the stream brings at once.
    for number in 0..150 {
        let ack = alice.says_in(&room, &number.to_string()).await;
        assert_eq!(ack["delivered"], false);
    }
    assert_eq!(chat.post(&format!("/api/rooms/{room}/join"), bob).await.status, 200);
    chat.has_served_the_stream().await;
    chat.meter.take();
    assert_eq!(alice.says_in(&room, "by the stream").await.get("delivered"), None);
    let all = ["Put", "Update", "Update", "Query", "Query", "Query", "BatchGet", "BatchGet"];
    let usage = chat.meter.take_after(&all).await;
    assert_eq!((usage.writes, usage.reads), (3, 5), "{usage:?}");
}

#[tokio::test]
async fn what_everybody_hears_goes_by_the_stream_when_many_are_there() {
    let chat = Chat::start_with(|options| options.settings.set("FAN_OUT_MEMBERS", "2")).await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    chat.has_served_the_stream().await;
    let mut delivered = Vec::new();
    for content in ["one", "two"] {
        alice.sends(&json!({ "action": "broadcast", "content": content })).await;
        let [ack, own] = alice.sees_both(["ack", "message"]).await;
        assert_eq!(own["content"], content);
        delivered.push(ack.get("delivered").cloned());
        bob.hears("alice", content).await;
    }
    assert_eq!(delivered, [Some(true.into()), None]);
    bob.hears_nothing(&chat).await;
}

#[tokio::test]
async fn with_zero_nothing_goes_by_the_stream() {
    let chat = Chat::start_with(|options| {
        options.settings.set("FAN_OUT_MEMBERS", "0");
        options.settings.set("FAN_OUT_RATE", "0");
    });
    let chat = chat.await;
    let room = chat.room_of("alice", "general").await;
    let mut alice = chat.joined_by("alice").await;
    for content in ["1", "2", "3", "4", "5", "6"] {
        assert_eq!(alice.says_in(&room, content).await["delivered"], false);
    }
}

#[tokio::test]
async fn a_large_room_is_told_once_a_minute_how_many_come_and_go() {
    let chat = Chat::start_in_standing_time(|options| {
        options.settings.set("FAN_OUT_MEMBERS", "2");
    });
    let chat = chat.await;
    let room = chat.room_of("alice", "general").await;
    let does = async |what: &str, user: &str| {
        let answer =
            chat.post(&format!("/api/rooms/{room}/{what}"), json!({ "user_id": user })).await;
        assert!(answer.status < 300, "{answer:?}");
    };
    does("join", "bob").await;
    for user in ["carol", "dave", "erin"] {
        does("join", user).await;
    }
    does("leave", "bob").await;
    chat.time.advance(Duration::from_secs(60));
    does("join", "frank").await;
    does("leave", "frank").await;
    chat.time.advance(Duration::from_secs(60));
    // Alone since then.
    does("join", "grace").await;
    chat.time.advance(Duration::from_secs(60));
    does("join", "heidi").await;

    let path = format!("/api/rooms/{room}/messages");
    let log = chat.get(&path, &[("user_id", "alice")]).await.body;
    let told = log.as_array().unwrap().iter().map(|message| {
        let [kind, from] = ["kind", "from"].map(|name| message[name].as_str().unwrap());
        match (&message["joined"], &message["left"]) {
            (Value::Null, Value::Null) => format!("{from} {kind}"),
            (joined, left) => format!("{kind}: {joined}, {left}"),
        }
    });
    let expected = [
        "alice joined",
        "bob joined",
        "carol joined",
        "members: 3, 1",
        "members: 1, 1",
        "heidi joined",
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}
