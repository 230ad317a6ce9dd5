//! What AWS would charge: what `local::cost` expects is what is promised, what is counted here, and what
//! `tests/bench/README.md` shows.

use local::Functions;
use local::apigateway::Lambda;
use local::cost::actions::{self, Action};
use local::cost::prices::US_EAST_1;
use local::cost::work::{ACK_BYTES, MEMORY_MB, MESSAGE_BYTES, SMALL_FRAME_BYTES, Work};
use local::cost::{rooms, tables};
use local::time::Time;
use serde_json::{Value, json};
use shared::Config;
use shared::config::{AUTH_MODE, MANAGEMENT_ENDPOINT, TABLE_NAME};
use tokio::sync::watch;

use crate::budgets::{COMING, README, units_count, value};
use crate::support::{Chat, Person, template};

/// How many are in a room.
const MEMBERS: u32 = 30;
/// What people say.
const WORDS: &str = "Shall we have tea at four this afternoon?";

/// A name as long as an account's id.
fn long(name: &str) -> String {
    format!("{name:x<36}")
}

/// A name of which one read unit has as many members as is promised.
fn of_member(name: &str) -> String {
    format!("{name:x<20}")
}

fn action(name: &str) -> Work {
    let action = actions::all().into_iter().find(|action| action.name == name);
    action.unwrap_or_else(|| panic!("there is no action {name}")).work
}

/// What the functions were seen to do since the last time.
fn counted(chat: &Chat) -> Work {
    let Work { write_units, read_units, .. } = chat.work();
    assert_eq!([write_units, read_units], chat.meter.units(), "what the server shows");
    let (usage, work) = (chat.meter.take(), chat.take_work());
    Work {
        pushes: work.pushes,
        push_bytes: work.push_bytes,
        invocations: work.invocations,
        round_trips: f64::from(u32::try_from(usage.round_trips).unwrap()),
        write_units: usage.write_units,
        read_units: usage.read_units,
        ..Work::default()
    }
}

/// Holds what is expected to what was counted, and its frames to those that were pushed.
#[track_caller]
fn is_counted(what: &str, expected: Work, chat: &Chat) {
    let counted = counted(chat);
    let close = expected.push_bytes * 0.85..=expected.push_bytes * 1.15;
    assert!(close.contains(&counted.push_bytes), "{what}: {expected:?}, but {counted:?}");
    let units = if units_count() { expected } else { counted };
    let (write_units, read_units) = (units.write_units, units.read_units);
    let Work { pushes, invocations, round_trips, .. } = expected;
    let push_bytes = counted.push_bytes;
    let seen = Work { pushes, push_bytes, invocations, round_trips, ..Work::default() };
    assert_eq!(counted, Work { write_units, read_units, ..seen }, "{what}");
}

/// Somebody who is there, with everything that their coming takes already counted.
async fn present(chat: &Chat, user: &str) -> Person {
    let person = chat.joined_by(user).await;
    chat.meter.has_answered(&COMING).await;
    chat.has_served_the_stream().await;
    counted(chat);
    person
}

/// alice and bob, who have talked before.
async fn acquainted(chat: &Chat) -> (Person, Person) {
    let mut alice = present(chat, &long("alice")).await;
    let mut bob = present(chat, &long("bob")).await;
    chat.settles();
    for _ in 0..60 {
        alice.says(&long("bob"), WORDS).await;
        bob.sees_a("message").await;
    }
    counted(chat);
    (alice, bob)
}

#[track_caller]
fn is_promised(name: &str, number: u32, work: Work) -> bool {
    let begin = format!("| {name} | ");
    let (_, costs) = README.split_once("## Costs a request").unwrap();
    let Some(row) = costs.lines().find_map(|line| line.strip_prefix(&begin)) else { return false };
    let cells: Vec<_> = row.split('|').map(str::trim).collect();
    let promised = [cells[1], cells[3], cells[4]].map(|sum| value(sum, number));
    assert_eq!([work.write_units, work.read_units, work.round_trips], promised, "{name}");
    true
}

#[test]
fn what_is_expected_is_what_the_functions_promise() {
    let promised = |action: &Action| is_promised(action.name, action.number, action.work);
    let held = actions::all().iter().filter(|action| promised(action)).count();
    assert_eq!(held, 11, "an action is called otherwise in functions/README.md");
    for members in [1, 30, 60, 1_000] {
        let (direct, by_stream) = (rooms::direct(members), rooms::by_stream(members, 1.0));
        assert!(is_promised("`message` into a room of N", members, direct));
        assert!(is_promised("`message` into a room of N, by the stream", members, by_stream));
    }
    let memory = &template()["Globals"]["Function"]["MemorySize"];
    assert_eq!(memory.as_f64(), Some(MEMORY_MB));
}

#[tokio::test]
async fn coming_and_going_take_what_is_expected() {
    let chat = Chat::start().await;
    let alice = chat.joined_by(&long("alice")).await;
    chat.meter.has_answered(&COMING).await;
    chat.has_served_the_stream().await;
    // The inbox is looked at when the stream is faster than the handshake.
    chat.meter.forget("Get");
    let name = "connecting and being welcomed";
    is_counted(name, action(name), &chat);
    alice.leaves().await;
    chat.meter.has_answered(&["Update", "Get", "Query"]).await;
    chat.has_served_the_stream().await;
    is_counted("disconnecting", action("disconnecting"), &chat);
}

#[tokio::test]
async fn what_two_people_say_takes_what_is_expected() {
    let chat = Chat::start().await;
    let (mut alice, bob) = acquainted(&chat).await;
    let (name, id) = (long("bob"), chat.fresh_id());
    let ack = alice.says_as(&name, WORDS, &id).await;
    let there = "`message` to somebody who is there";
    is_counted(there, action(there), &chat);
    let length = f64::from(u32::try_from(ack.to_string().len()).unwrap());
    assert!((length - ACK_BYTES).abs() < 30.0, "{ack} has {length} bytes");

    alice.says_as(&name, WORDS, &id).await;
    let repeat = "a repeat of a recent `message`";
    is_counted(repeat, action(repeat), &chat);

    let body = json!({ "receiver_id": name, "content": WORDS, "sender_id": long("alice") });
    assert_eq!(chat.post("/api/send_message", body).await.body["delivered"], true);
    let by_http = "`POST /api/send_message` to somebody who is there";
    // alice's own connection gets it, too.
    let own = Work { pushes: 1.0, push_bytes: MESSAGE_BYTES, ..Work::default() };
    is_counted(by_http, action(by_http) + own, &chat);
    alice.sees_a("message").await;

    bob.leaves().await;
    chat.meter.has_answered(&["Update", "Get", "Query", "BatchGet"]).await;
    chat.has_served_the_stream().await;
    counted(&chat);
    assert_eq!(alice.says(&name, WORDS).await["delivered"], false);
    let away = "`message` to somebody newly away";
    is_counted(away, action(away), &chat);
}

#[tokio::test]
async fn what_two_people_look_at_takes_what_is_expected() {
    let chat = Chat::start().await;
    let (mut alice, mut bob) = acquainted(&chat).await;
    alice.sends(&json!({ "action": "typing", "to": long("bob") })).await;
    bob.sees_a("typing").await;
    is_counted("typing", action("`typing` to somebody"), &chat);

    let said = chat.messages(&long("alice"), &long("bob")).await;
    assert_eq!(said.len(), 50);
    counted(&chat);
    let (conversation, seq) = (&said[49]["conversation"], &said[49]["seq"]);
    bob.sends(&json!({ "action": "read", "conversation": conversation, "seq": seq })).await;
    let receipt = bob.sees_in_time("receipt").await;
    is_counted("read", action("`read`"), &chat);
    let length = f64::from(u32::try_from(receipt.to_string().len()).unwrap());
    assert!(length < 2.0 * SMALL_FRAME_BYTES, "{receipt} has {length} bytes");

    bob.sends(&json!({ "action": "ping" })).await;
    bob.sees_a("pong").await;
    is_counted("ping", action("`ping`"), &chat);
}

/// Whoever comes back is shown to their friend as well.
#[tokio::test]
async fn what_waited_takes_what_is_expected() {
    let chat = Chat::start().await;
    let (mut alice, bob) = acquainted(&chat).await;
    bob.leaves().await;
    chat.meter.has_answered(&["Update", "Get", "Query", "BatchGet"]).await;
    for _ in 0..1_000 {
        alice.says(&long("bob"), WORDS).await;
    }
    chat.has_served_the_stream().await;
    counted(&chat);
    let mut bob = chat.joined_by(&long("bob")).await;
    for _ in 0..1_000 {
        bob.sees_a("message").await;
    }
    chat.has_served_the_stream().await;
    chat.meter.forget("Get");
    // With the requests of the handshake, the inboxes are left out that are read with each page and at the end.
    let differs = Work {
        pushes: 1.0,
        push_bytes: SMALL_FRAME_BYTES,
        round_trips: 1.0 - 11.0,
        read_units: 1.0 - 11.0,
        ..Work::default()
    };
    let came = action("connecting and being welcomed") + differs;
    is_counted("what waited", came + actions::waited(1_000.0), &chat);
}

/// A server whose `deliver` waits while it is told to; alice and the others of her room, whose messages go by
/// the stream from so many members on.
async fn in_a_room(fan_out_members: u32) -> (Chat, watch::Sender<bool>, String, Vec<Person>) {
    let (waits, _) = watch::channel(false);
    let gate = waits.clone();
    let around = move |functions: Functions| {
        functions.map(|name, lambda| if name == "deliver" { gated(&gate, lambda) } else { lambda })
    };
    let chat = Chat::start_around(Time::new(), around, |options| {
        options.settings.set("FAN_OUT_RATE", "0");
        options.settings.set("FAN_OUT_MEMBERS", &fan_out_members.to_string());
    });
    let chat = chat.await;
    let mut people = vec![present(&chat, &of_member("alice")).await];
    let room = chat.room_of(&of_member("alice"), "general").await;
    for number in 1..MEMBERS {
        let user = of_member(&format!("person {number}"));
        people.push(present(&chat, &user).await);
        let body = json!({ "user_id": user });
        assert_eq!(chat.post(&format!("/api/rooms/{room}/join"), body).await.status, 200);
    }
    chat.has_served_the_stream().await;
    chat.settles();
    counted(&chat);
    (chat, waits, room, people)
}

fn gated(gate: &watch::Sender<bool>, lambda: Lambda) -> Lambda {
    let gate = gate.clone();
    Lambda::new(move |event: Value| {
        let (mut waits, lambda) = (gate.subscribe(), lambda.clone());
        async move {
            waits.wait_for(|waits| !waits).await.map_err(|error| error.to_string())?;
            lambda.call(event).await.map_err(|error| error.message)
        }
    })
}

#[tokio::test]
async fn a_message_into_a_room_takes_what_is_expected() {
    let (chat, _, room, mut people) = in_a_room(0).await;
    people[0].says_in(&room, WORDS).await;
    is_counted("direct", rooms::direct(MEMBERS), &chat);
}

#[tokio::test]
async fn messages_that_the_stream_brings_take_what_is_expected() {
    let (chat, waits, room, mut people) = in_a_room(MEMBERS).await;
    people[0].says_in(&room, WORDS).await;
    chat.has_served_the_stream().await;
    is_counted("one", rooms::by_stream(MEMBERS, 1.0), &chat);

    // Twelve at once, which is what comes between two readings of the stream at 48 a second.
    waits.send_replace(true);
    for _ in 0..12 {
        people[0].says_in(&room, WORDS).await;
    }
    let said = counted(&chat);
    assert_eq!((said.pushes, said.write_units), (0.0, 12.0));
    waits.send_replace(false);
    chat.has_served_the_stream().await;
    // The first wake brings all of them; what the stream has shown later finds nothing left to do.
    let expected = rooms::brought(MEMBERS, 12.0);
    let mut counted = counted(&chat);
    let wakes = said.invocations - 12.0 + counted.invocations;
    counted.invocations = wakes;
    let expected = expected + rooms::woken_in_vain() * (wakes - 1.0);
    assert_eq!(counted.pushes, expected.pushes);
    assert_eq!(counted.invocations, expected.invocations);
    assert_eq!(counted.write_units, expected.write_units);
    assert_eq!(counted.read_units, expected.read_units);
    assert!((counted.push_bytes / expected.push_bytes - 1.0).abs() < 0.15, "{counted:?}");
    let at_48 = rooms::by_stream(MEMBERS, 48.0);
    assert_eq!(at_48.pushes, expected.pushes / 12.0);
}

#[test]
fn the_bench_shows_what_is_expected() {
    let readme = include_str!("bench/README.md");
    for table in [tables::prices(), tables::actions(), tables::rooms(), tables::break_even()] {
        assert!(readme.contains(&table), "tests/bench/README.md lacks\n{table}");
    }
}

/// Where the thresholds are, the stream is not dearer; but for large rooms in which hardly anybody speaks.
#[test]
fn the_thresholds_are_where_the_stream_is_worth_it() {
    let config = Config::from_variables(|name| match name {
        TABLE_NAME => Some("confab".into()),
        AUTH_MODE => Some("open".into()),
        MANAGEMENT_ENDPOINT => Some("http://localhost".into()),
        _ => None,
    });
    let config = config.unwrap();
    let number = |setting: usize| u32::try_from(setting).unwrap();
    let (least, large) = (number(config.fan_out_least), number(config.fan_out_members));
    let rate = f64::from(number(config.fan_out_rate));
    assert!(rooms::cheaper_from(1.0, rate, &US_EAST_1).unwrap() <= least);
    assert!(rooms::cheaper_from(0.2, 50.0, &US_EAST_1).unwrap() <= 30);
    let dollars = |work: Work| work.usage().dollars(&US_EAST_1);
    for members in [large, 1_000, 10_000] {
        let times = dollars(rooms::by_stream(members, 1.0)) / dollars(rooms::direct(members));
        assert!(times < 1.01, "{members}: {times}");
    }
}
