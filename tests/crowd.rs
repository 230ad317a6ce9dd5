//! A crowd, alone on the machine: it takes both processors.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[expect(dead_code, unused_imports, reason = "shared with the other tests")]
mod support;

use serde_json::json;

use crate::support::Chat;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_people_talking_at_once_all_hear_one_order() {
    let chat = Chat::start().await;
    let room = chat.room_of("p0", "crowd").await;
    for number in 1..20 {
        let body = json!({ "user_id": format!("p{number}") });
        assert_eq!(chat.post(&format!("/api/rooms/{room}/join"), body).await.status, 200);
    }
    let mut people = Vec::new();
    for number in 0..20 {
        people.push(chat.joined_by(&format!("p{number}")).await);
    }
    let talking = people.into_iter().map(|mut person| {
        let room = room.clone();
        tokio::spawn(async move {
            for number in 0..10 {
                let content = format!("{} {number}", person.name);
                let frame = json!({ "action": "message", "room": room, "content": content });
                person.sends(&frame).await;
            }
            let (mut heard, mut acks) = (Vec::new(), 0);
            while heard.len() < 200 || acks < 10 {
                let frame = person.sees().await;
                match frame["type"].as_str().unwrap_or_else(|| panic!("{frame}")) {
                    "ack" => acks += 1,
                    "message" if frame["kind"] == "message" => heard.push(frame),
                    _ => {}
                }
            }
            let mut heard: Vec<_> = heard
                .iter()
                .map(|it| (it["seq"].as_u64().unwrap(), it["content"].as_str().unwrap().to_owned()))
                .collect();
            heard.sort();
            heard
        })
    });
    let mut logs = Vec::new();
    for log in futures::future::join_all(talking).await {
        logs.push(log.unwrap());
    }
    let first = &logs[0];
    assert!(first.windows(2).all(|two| two[1].0 == two[0].0 + 1), "a number is missing or twice");
    assert!(logs.iter().all(|log| log == first), "somebody heard another order");
}
