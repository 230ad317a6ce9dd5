//! Of a deleted account nothing acts and nothing is left, whatever went on at the same time.

use futures::future::join_all;
use local::options::Auth;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::{Timestamp, UserId};
use shared::store::Store;

use crate::support::member::{Member, PASSWORD};
use crate::support::{Answer, Chat, Person};

async fn posts(chat: &Chat, member: &Member, path: &str, body: Value) -> Answer {
    chat.asks_as(&member.access, Method::POST, path, Some(body)).await
}

async fn deletes(chat: &Chat, member: &Member) -> Answer {
    let password = Some(json!({ "password": PASSWORD }));
    chat.asks_as(&member.access, Method::DELETE, "/api/me", password).await
}

/// What the table keeps of somebody: the sort keys of their items.
async fn left_of(chat: &Chat, user: &str) -> Vec<String> {
    let (table, name) = chat.table();
    let items = table
        .query()
        .table_name(name)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", text(&format!("USER#{user}")));
    let items = items.send().await.unwrap().items.unwrap_or_default();
    items.iter().map(|item| item["sk"].as_s().unwrap().clone()).collect()
}

fn text(value: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned())
}

/// Stops a deletion of `member` after its first step.
async fn begins_to_delete(chat: &Chat, member: &Member) {
    let (table, name) = chat.table();
    let user = UserId::parse(&member.id).unwrap();
    let now = Timestamp::from_millis(chat.time.now().as_millisecond());
    assert!(Store::new(table, name).close_account(&user, now).await.unwrap());
}

#[tokio::test]
async fn a_deletion_beside_sign_ins_and_joins_leaves_nothing_that_acts() {
    let chat = Chat::with_accounts().await;
    let bob = chat.registers("bob").await;
    for room in ["one", "two", "three"] {
        let made = posts(&chat, &bob, "/api/rooms", json!({ "name": room })).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
    }
    let rounds = (0..3).map(|round| {
        let (chat, bob) = (&chat, &bob);
        async move {
            let name = format!("guest-of-round-{round}");
            let guest = chat.registers(&name).await;
            let sign_ins = join_all((0..3).map(|_| chat.logs_in(&name, PASSWORD)));
            let rooms = ["one", "two", "three"].into_iter();
            let joins = join_all(rooms.map(|room| async move {
                posts(chat, bob, &format!("/api/rooms/{room}/join"), json!({})).await
            }));
            let own = ["one", "two", "three"].into_iter();
            let enters =
                join_all(own.map(|room| {
                    let guest = &guest;
                    async move {
                        posts(chat, guest, &format!("/api/rooms/{room}/join"), json!({})).await
                    }
                }));
            let invitation = format!("/api/rooms/one/invitations/{}", guest.id);
            let invited = chat.asks_as(&bob.access, Method::PUT, &invitation, Some(json!({})));
            let made = posts(chat, &guest, "/api/rooms", json!({ "name": format!("of {name}") }));
            let (gone, signed_in, _, entered, _, made) =
                futures::join!(deletes(chat, &guest), sign_ins, joins, enters, invited, made);
            assert_eq!(gone.status, 204, "{:?}", gone.body);
            for answer in entered.iter().chain([&made]) {
                assert!([200, 201, 401, 404].contains(&answer.status), "{:?}", answer.body);
            }
            for session in signed_in.iter().filter(|it| it.status == 200).map(Member::of) {
                assert_eq!(chat.gets_as(&session.access, "/api/me").await.status, 401);
                let refresh = json!({ "refresh_token": session.refresh });
                assert_eq!(chat.post("/api/refresh", refresh).await.status, 401);
                let url = format!("{}?token={}", chat.websocket_url(), session.access);
                assert_eq!(Person::is_refused(&url).await, 401);
            }
            assert_eq!(chat.logs_in(&name, PASSWORD).await.status, 401);
            let left = left_of(chat, &guest.id).await;
            assert!(left.iter().all(|sk| ["INBOX", "ROOMS"].contains(&&**sk)), "{left:?}");
            guest.id
        }
    });
    let gone = join_all(rounds).await;
    for room in ["one", "two", "three"] {
        let members = chat.gets_as(&bob.access, &format!("/api/rooms/{room}/members")).await;
        let members = members.body.to_string();
        assert!(gone.iter().all(|guest| !members.contains(guest)), "{room}: {members}");
        let found = chat.gets_as(&bob.access, &format!("/api/rooms/{room}")).await;
        assert_eq!(found.body["members"], 1, "{room}: the count is true");
    }
}

#[tokio::test]
async fn an_account_whose_deletion_has_begun_begins_nothing_any_more() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    posts(&chat, &bob, "/api/rooms", json!({ "name": "general" })).await;
    begins_to_delete(&chat, &alice).await;

    let joined = posts(&chat, &alice, "/api/rooms/general/join", json!({})).await;
    assert_eq!(joined.status, 401, "{:?}", joined.body);
    let made = posts(&chat, &alice, "/api/rooms", json!({ "name": "mine" })).await;
    assert_eq!(made.status, 401, "{:?}", made.body);
    let invitation = format!("/api/rooms/general/invitations/{}", alice.id);
    let invited = chat.asks_as(&bob.access, Method::PUT, &invitation, Some(json!({}))).await;
    assert_eq!(invited.status, 404, "{:?}", invited.body);
    for change in [json!({ "username": "carol" }), json!({ "display_name": "Carol" })] {
        let changed = chat.asks_as(&alice.access, Method::PATCH, "/api/me", Some(change)).await;
        assert!([401, 409].contains(&changed.status), "{:?}", changed.body);
    }
    let url = format!("{}?token={}", chat.websocket_url(), alice.access);
    assert_eq!(Person::is_refused(&url).await, 401);
    // It can be gone on with.
    assert_eq!(deletes(&chat, &alice).await.status, 204);
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 401);
}

#[tokio::test]
async fn signing_in_completes_a_deletion_that_was_interrupted() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    posts(&chat, &bob, "/api/rooms", json!({ "name": "general" })).await;
    posts(&chat, &alice, "/api/rooms/general/join", json!({})).await;
    begins_to_delete(&chat, &alice).await;

    assert_eq!(chat.logs_in("alice", "another password").await.status, 401);
    assert!(
        left_of(&chat, &alice.id).await.contains(&"ACCOUNT".to_owned()),
        "anybody may say that"
    );
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 401);
    assert_eq!(left_of(&chat, &alice.id).await, ["INBOX", "ROOMS"]);
    assert_eq!(chat.gets_as(&alice.access, "/api/me").await.status, 401);
    let members = chat.gets_as(&bob.access, "/api/rooms/general/members").await;
    assert_eq!(members.body.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_was_invited_and_is_gone_is_invited_no_more() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    posts(&chat, &bob, "/api/rooms", json!({ "name": "secret", "access": "private" })).await;
    let invitation = format!("/api/rooms/secret/invitations/{}", alice.id);
    let invited = chat.asks_as(&bob.access, Method::PUT, &invitation, Some(json!({}))).await;
    assert_eq!(invited.status, 204, "{:?}", invited.body);
    assert_eq!(deletes(&chat, &alice).await.status, 204);
    assert_eq!(left_of(&chat, &alice.id).await, ["INBOX", "ROOMS"]);
}

#[tokio::test]
async fn whoever_has_changed_a_room_much_can_be_deleted_all_the_same() {
    let chat = Chat::start_in_standing_time(|options| {
        options.auth = Auth::Accounts;
        options.settings.set("NOTICES_PER_MINUTE", "2");
    })
    .await;
    let [alice, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    assert_eq!(posts(&chat, &alice, "/api/rooms", json!({ "name": "hall" })).await.status, 201);
    assert_eq!(posts(&chat, &bob, "/api/rooms/hall/join", json!({})).await.status, 200);
    let changes = async |topic: &str| {
        let topic = Some(json!({ "topic": topic }));
        chat.asks_as(&alice.access, Method::PATCH, "/api/rooms/hall", topic).await.status
    };
    assert_eq!([changes("a").await, changes("b").await, changes("c").await], [200, 200, 429]);
    assert_eq!(deletes(&chat, &alice).await.status, 204);
    let members = chat.gets_as(&bob.access, "/api/rooms/hall/members").await.body;
    assert_eq!(members.as_array().map(Vec::len), Some(1), "{members}");
    assert_eq!(members[0]["role"], "owner");
}
