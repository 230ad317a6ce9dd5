//! Every cell of the table of rules, tried from outside by somebody of that standing.

use serde_json::{Value, json};
use shared::domain::permissions::{Action, ROOM_RELATIONSHIPS, ROOM_RULES, Relationship, Verdict};

use crate::support::{Chat, Person};

/// A room of olga's in which `user` has this standing, and max is a member; its id.
async fn room_for(chat: &Chat, user: &str, relationship: Relationship, name: &str) -> String {
    let private = relationship == Relationship::NonMemberOfPrivate;
    let access = if private { "private" } else { "public" };
    let new = json!({ "name": name, "user_id": "olga", "access": access });
    let room = chat.post("/api/rooms", new).await.body["id"].as_str().unwrap().to_owned();
    let path = format!("/api/rooms/{room}");
    let by = json!({ "user_id": "olga" });
    for member in ["max", user] {
        let member_now = member == "max"
            || matches!(
                relationship,
                Relationship::Owner
                    | Relationship::Moderator
                    | Relationship::Member
                    | Relationship::Muted
            );
        if member_now {
            chat.put(&format!("{path}/invitations/{member}"), by.clone()).await;
            let joined = chat.post(&format!("{path}/join"), json!({ "user_id": member })).await;
            assert_eq!(joined.status, 200);
            let said = json!({ "room": room, "content": "before", "sender_id": member });
            assert_eq!(chat.post("/api/send_message", said).await.status, 200);
        }
    }
    let role = |role: &str| json!({ "role": role, "user_id": "olga" });
    let (of_user, status) = match relationship {
        Relationship::Owner => {
            (chat.put(&format!("{path}/members/{user}"), role("owner")).await, 204)
        }
        Relationship::Moderator => {
            (chat.put(&format!("{path}/members/{user}"), role("moderator")).await, 204)
        }
        Relationship::Muted => (chat.put(&format!("{path}/mutes/{user}"), by).await, 204),
        Relationship::Invited => (chat.put(&format!("{path}/invitations/{user}"), by).await, 204),
        Relationship::Banned => (chat.put(&format!("{path}/bans/{user}"), by).await, 204),
        _ => (chat.get(&path, &[("user_id", "olga")]).await, 200),
    };
    assert_eq!(of_user.status, status, "{relationship}");
    room
}

/// The number of what `user` said in a room, and of what max did; 1 for nothing.
async fn said_in(chat: &Chat, room: &str, user: &str) -> (Value, Value) {
    let path = format!("/api/rooms/{room}/messages");
    let said = chat.get(&path, &[("user_id", "olga")]).await.body;
    let of = |user: &str| {
        let said = said.as_array().into_iter().flatten();
        let mut said = said.filter(|it| it["from"] == user && it["kind"] == "message");
        said.next().map_or(json!(1), |message| message["seq"].clone())
    };
    (of(user), of("max"))
}

/// What `user` is told who tries it over HTTP: the status, and what a refusal says.
async fn over_http(chat: &Chat, user: &str, action: Action, room: &str) -> Option<(u16, Value)> {
    let path = |rest: &str| format!("/api/rooms/{room}{rest}");
    let who = json!({ "user_id": user });
    let asks = [("user_id", user)];
    let (own, others) = said_in(chat, room, user).await;
    let message = |seq: &Value| format!("/api/conversations/room:{room}/messages/{seq}");
    let answer = match action {
        Action::React => chat.put(&format!("{}/reactions/+1", message(&others)), who).await,
        Action::Edit => {
            chat.patch(&message(&own), json!({ "content": "new", "user_id": user })).await
        }
        Action::TakeBack => chat.delete(&message(&own), &asks).await,
        Action::DeleteOthers => chat.delete(&message(&others), &asks).await,
        Action::Pin => chat.put(&format!("{}/pin", message(&others)), who).await,
        Action::MentionEveryone => {
            let said = json!({
                "room": room, "content": "x", "mentions_everyone": true, "sender_id": user,
            });
            chat.post("/api/send_message", said).await
        }
        Action::Find => chat.get(&path(""), &asks).await,
        Action::Join => chat.post(&path("/join"), who).await,
        Action::Leave => chat.post(&path("/leave"), who).await,
        Action::Decline => chat.delete(&format!("/api/invitations/{room}"), &asks).await,
        Action::Speak => {
            let said = json!({ "room": room, "content": "x", "sender_id": user });
            chat.post("/api/send_message", said).await
        }
        Action::Read => chat.get(&path("/messages"), &asks).await,
        Action::ListMembers => chat.get(&path("/members"), &asks).await,
        Action::Invite => chat.put(&path("/invitations/eve"), who).await,
        Action::Mute => chat.put(&path("/mutes/max"), who).await,
        Action::Kick => chat.delete(&path("/members/max"), &asks).await,
        Action::Ban => chat.put(&path("/bans/max"), who).await,
        Action::Change => chat.patch(&path(""), json!({ "topic": "new", "user_id": user })).await,
        Action::Appoint => {
            let role = json!({ "role": "moderator", "user_id": user });
            chat.put(&path("/members/max"), role).await
        }
        Action::Delete => chat.delete(&path(""), &asks).await,
        Action::Type | Action::Sync | Action::Note | Action::Hear | Action::Watch => return None,
    };
    Some((answer.status, told(&answer.body["error"])))
}

/// What a refusal says: its code, and why it is forbidden if it is; null if there is none.
pub(crate) fn told(refusal: &Value) -> Value {
    let (code, reason) = (&refusal["code"], &refusal["reason"]);
    if code.is_null() { Value::Null } else { json!([code, reason]) }
}

/// What somebody is told of whom the rules say so.
pub(crate) fn refusal(verdict: Verdict) -> Value {
    match verdict {
        Verdict::Yes | Verdict::Unseen => Value::Null,
        Verdict::NotFound => json!(["not_found", null]),
        Verdict::Forbidden(reason) => json!(["forbidden", reason]),
    }
}

/// What a refusal over the WebSocket says, null if there is none; `None` without such a frame.
async fn over_websocket(
    person: &mut Person,
    action: Action,
    room: &str,
    (own, others): (Value, Value),
) -> Option<Value> {
    let conversation = format!("room:{room}");
    let about = |action: &str, seq: &Value| {
        json!({
            "action": action, "conversation": conversation, "seq": seq, "content": "new", "key": "+1",
        })
    };
    let (frame, answer) = match action {
        Action::React => (about("react", &others), "ack"),
        Action::Edit => (about("edit", &own), "ack"),
        Action::TakeBack => (about("delete", &own), "ack"),
        Action::DeleteOthers => (about("delete", &others), "ack"),
        Action::Pin => (about("pin", &others), "ack"),
        Action::MentionEveryone => {
            let said = json!({
                "action": "message", "room": room, "content": "x", "mentions_everyone": true,
            });
            (said, "ack")
        }
        Action::Join => (json!({ "action": "join", "room": room }), "joined"),
        Action::Leave => (json!({ "action": "leave", "room": room }), "left"),
        Action::Speak => (json!({ "action": "message", "room": room, "content": "x" }), "ack"),
        Action::Read => (json!({ "action": "history", "room": room }), "history"),
        Action::Sync => (json!({ "action": "sync", "since": { &conversation: 0 } }), "synced"),
        Action::Note => {
            (json!({ "action": "read", "conversation": conversation, "seq": 1 }), "receipt")
        }
        Action::Type => (json!({ "action": "typing", "room": room }), "pong"),
        _ => return None,
    };
    person.sends(&frame).await;
    person.sends(&json!({ "action": "ping" })).await;
    let (mut why, mut answered) = (Value::Null, false);
    loop {
        let frame = person.sees_now().await;
        let kind = frame["type"].as_str().unwrap();
        answered |= kind == answer || kind == "error";
        if kind == "error" {
            why = told(&frame);
        }
        if kind == "synced" {
            let of = &frame["conversations"][&conversation];
            why = told(&json!({ "code": of["error"], "reason": of["reason"] }));
        }
        if kind == "pong" {
            assert!(answered, "{action}");
            return Some(why);
        }
    }
}

/// Whether una sees that walter, who is in no other room, comes; olga, who is in it too, does.
async fn watches(chat: &Chat, una: &mut Person, room: &str, sees: bool) {
    let path = format!("/api/rooms/{room}");
    chat.put(&format!("{path}/invitations/walter"), json!({ "user_id": "olga" })).await;
    let joined = chat.post(&format!("{path}/join"), json!({ "user_id": "walter" })).await;
    assert_eq!(joined.status, 200);
    let mut olga = chat.joined_by("olga").await.attentive_to("presence");
    let _walter = chat.joined_by("walter").await;
    let is_walter = |frame: &Value| frame["type"] == "presence" && frame["user"] == "walter";
    while !is_walter(&olga.sees().await) {}
    if sees {
        while !is_walter(&una.sees_now().await) {}
    } else {
        assert!(!una.catches_up().await.iter().any(is_walter));
    }
}

/// Tries every action of one standing, each in a room of its own.
async fn column(relationship: Relationship) {
    let chat = Chat::start().await;
    let mut una = chat.joined_by("una").await;
    let place = ROOM_RELATIONSHIPS.iter().position(|one| *one == relationship).unwrap();
    for (number, (action, row)) in ROOM_RULES.into_iter().enumerate() {
        let verdict = row[place];
        let status = match verdict {
            Verdict::Yes | Verdict::Unseen => 200,
            Verdict::NotFound => 404,
            Verdict::Forbidden(_) => 403,
        };
        let refusal = refusal(verdict);
        let room = room_for(&chat, "una", relationship, &format!("http {number}")).await;
        if let Some((told, why)) = over_http(&chat, "una", action, &room).await {
            let fits = told == status || (status == 200 && told == 204);
            assert!(fits && why == refusal, "{relationship}: {action}: {told} {why}");
        }
        let room = room_for(&chat, "una", relationship, &format!("socket {number}")).await;
        una.catches_up().await;
        let said = said_in(&chat, &room, "una").await;
        if let Some(why) = over_websocket(&mut una, action, &room, said).await {
            assert_eq!(why, refusal, "{relationship}: {action} over the WebSocket");
        }
        if action == Action::Hear {
            let said = json!({ "room": room, "content": "hear", "sender_id": "max" });
            assert_eq!(chat.post("/api/send_message", said).await.status, 200);
            let heard = una.catches_up().await.iter().any(|frame| frame["content"] == "hear");
            assert_eq!(heard, verdict == Verdict::Yes, "{relationship}: {action}");
        }
        if action == Action::Watch {
            watches(&chat, &mut una, &room, verdict == Verdict::Yes).await;
        }
    }
}

/// Tries a table of rules with `column`, a test for each of its columns.
macro_rules! columns {
    ($all:expr; $($name:ident: $relationship:ident,)*) => {
        $(#[tokio::test]
        async fn $name() {
            column(Relationship::$relationship).await;
        })*

        #[test]
        fn every_column_is_tried() {
            assert_eq!([$(Relationship::$relationship),*], $all);
        }
    };
}
pub(crate) use columns;

columns! {
    ROOM_RELATIONSHIPS;
    an_owner_may: Owner,
    a_moderator_may: Moderator,
    a_member_may: Member,
    whoever_is_muted_may: Muted,
    whoever_is_invited_may: Invited,
    whoever_is_banned_may: Banned,
    anybody_may_in_public: NonMember,
    anybody_may_in_private: NonMemberOfPrivate,
}

#[tokio::test]
async fn whoever_is_kicked_is_told_and_hears_no_more() {
    let chat = Chat::start().await;
    let room = room_for(&chat, "una", Relationship::Member, "general").await;
    let mut una = chat.joined_by("una").await;
    let mut max = chat.joined_by("max").await;
    let path = format!("/api/rooms/{room}/members/una");
    assert_eq!(chat.delete(&path, &[("user_id", "olga")]).await.status, 204);
    assert_eq!(una.sees_in_time("left").await["reason"], "kicked");
    // What was before waited for max.
    let mut notice = max.sees_in_time("message").await;
    while notice["kind"] != "kicked" {
        notice = max.sees_in_time("message").await;
    }
    assert_eq!((&notice["kind"], &notice["about"]), (&"kicked".into(), &"una".into()));
    max.says_in(&room, "gone").await;
    una.hears_nothing(&chat).await;
    let listed = chat.get("/api/conversations", &[("user_id", "una")]).await;
    assert_eq!(listed.body, json!([]));
    assert_eq!(chat.delete(&path, &[("user_id", "olga")]).await.status, 404);
}

#[tokio::test]
async fn nobody_acts_upon_somebody_of_an_equal_or_higher_role() {
    let chat = Chat::start().await;
    let room = room_for(&chat, "una", Relationship::Moderator, "general").await;
    let role = json!({ "role": "moderator", "user_id": "olga" });
    assert_eq!(chat.put(&format!("/api/rooms/{room}/members/max"), role).await.status, 204);
    for target in ["olga", "max", "una"] {
        let members = format!("/api/rooms/{room}/members/{target}");
        assert_eq!(chat.delete(&members, &[("user_id", "una")]).await.status, 403);
        for what in ["bans", "mutes"] {
            let path = format!("/api/rooms/{room}/{what}/{target}");
            assert_eq!(chat.put(&path, json!({ "user_id": "una" })).await.status, 403, "{path}");
        }
    }
}

#[tokio::test]
async fn a_room_with_people_keeps_an_owner() {
    let chat = Chat::start().await;
    let room = room_for(&chat, "una", Relationship::Member, "general").await;
    let (leave, path) = (format!("/api/rooms/{room}/leave"), format!("/api/rooms/{room}/members"));
    let olga = json!({ "user_id": "olga" });
    assert_eq!(chat.post(&leave, olga.clone()).await.status, 409);
    let step_down = json!({ "role": "member", "user_id": "olga" });
    assert_eq!(chat.put(&format!("{path}/olga"), step_down).await.status, 409);
    let owner = json!({ "role": "owner", "user_id": "olga" });
    assert_eq!(chat.put(&format!("{path}/una"), owner).await.status, 204);
    assert_eq!(chat.post(&leave, olga).await.status, 204);
    assert_eq!(chat.post(&leave, json!({ "user_id": "una" })).await.status, 409);
}

#[tokio::test]
async fn a_mute_ends_by_itself_and_outlasts_leaving() {
    let chat = Chat::start().await;
    let room = room_for(&chat, "una", Relationship::Member, "general").await;
    let says = json!({ "room": room, "content": "x", "sender_id": "una" });
    let mute = json!({ "seconds": 60, "user_id": "olga" });
    let path = format!("/api/rooms/{room}/mutes/una");
    assert_eq!(chat.put(&path, mute).await.status, 204);
    for way in ["leave", "join"] {
        assert_eq!(chat.post("/api/send_message", says.clone()).await.status, 403);
        chat.post(&format!("/api/rooms/{room}/{way}"), json!({ "user_id": "una" })).await;
    }
    assert_eq!(chat.post("/api/send_message", says.clone()).await.status, 403);
    chat.time.advance(std::time::Duration::from_secs(61));
    assert_eq!(chat.post("/api/send_message", says).await.status, 200);
}

#[tokio::test]
async fn a_private_room_is_for_whoever_is_invited() {
    let chat = Chat::start().await;
    let room = room_for(&chat, "una", Relationship::NonMemberOfPrivate, "secret").await;
    let names = async |user: &'static str| {
        let rooms = chat.get("/api/rooms", &[("user_id", user)]).await.body;
        rooms.as_array().unwrap().len()
    };
    assert_eq!((names("una").await, names("max").await), (0, 1));
    let path = format!("/api/rooms/{room}/invitations/una");
    assert_eq!(chat.put(&path, json!({ "user_id": "olga" })).await.status, 204);
    let invited = chat.get("/api/invitations", &[("user_id", "una")]).await.body;
    assert_eq!(
        (&invited[0]["room"]["name"], &invited[0]["by"]),
        (&"secret".into(), &"olga".into())
    );
    let join = format!("/api/rooms/{room}/join");
    assert_eq!(chat.post(&join, json!({ "user_id": "una" })).await.status, 200);
    assert_eq!(chat.get("/api/invitations", &[("user_id", "una")]).await.body, json!([]));
    chat.post(&format!("/api/rooms/{room}/leave"), json!({ "user_id": "una" })).await;
    assert_eq!(chat.post(&join, json!({ "user_id": "una" })).await.status, 404);
}
