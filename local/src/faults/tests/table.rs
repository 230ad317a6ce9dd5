//! What goes wrong between the functions and the table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use shared::Error;
use shared::domain::{Access, ConnectionId, Range, RoomHistory, Timestamp, UserId};
use shared::services::rooms::NewRoom;
use shared::store::{Connection, keys};

use super::*;

fn key(name: &str) -> AttributeValue {
    AttributeValue::S(name.to_owned())
}

/// Puts an item where there must be none.
async fn claim(client: &Client, name: &str) -> Result<(), SdkError<PutItemError>> {
    let put = client.put_item().table_name("table").item(keys::PK, key(name));
    let put = put.item(keys::SK, key("x")).condition_expression("attribute_not_exists(pk)");
    put.send().await.map(drop)
}

async fn has(client: &Client, name: &str, consistent: bool) -> bool {
    let get = client.get_item().table_name("table").consistent_read(consistent);
    let get = get.key(keys::PK, key(name)).key(keys::SK, key("x"));
    get.send().await.unwrap().item.is_some()
}

/// Gives `user` an inbox.
async fn arrive(app: &App, user: &UserId) {
    let connection = Connection::new(Timestamp::from_millis(1_750_000_000_000), None);
    app.store.add_connection(user, &ConnectionId::new("c1="), &connection).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_throttled_request_fails_after_its_retries_and_does_nothing() {
    let cloud = TestServer::with(Fault::Throttled).await;
    let error = claim(&cloud.disturbed.dynamodb(), "a").await.unwrap_err();
    let service = error.as_service_error().unwrap();
    assert!(service.is_provisioned_throughput_exceeded_exception(), "{error:?}");
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    assert_eq!(cloud.fired(Fault::Throttled), 4);
    assert!(!has(&cloud.direct.dynamodb(), "a", true).await);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_and_did_nothing() {
    let cloud = TestServer::with(Fault::TableFailed).await;
    let error = claim(&cloud.disturbed.dynamodb(), "a").await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_internal_server_error(), "{error:?}");
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 500);
    assert_eq!(cloud.fired(Fault::TableFailed), 4);
    assert!(!has(&cloud.direct.dynamodb(), "a", true).await);
}

#[tokio::test(start_paused = true)]
async fn the_retry_after_a_write_that_seemed_to_fail_sees_it() {
    for fault in [Fault::TableFailedAfter, Fault::AnswerLost] {
        let cloud = TestServer::with(fault).await;
        let client = cloud.disturbed.dynamodb();
        let (claimed, ()) = tokio::join!(claim(&client, "a"), cloud.calms_after(fault));
        let error = claimed.unwrap_err();
        let service = error.as_service_error().unwrap();
        assert!(service.is_conditional_check_failed_exception(), "{fault}: {error:?}");
        assert_eq!(cloud.fired(fault), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_breaks_the_connection() {
    let cloud = TestServer::with(Fault::AnswerLost).await;
    let error = claim(&cloud.disturbed.dynamodb(), "a").await.unwrap_err();
    assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
    assert_eq!(cloud.fired(Fault::AnswerLost), 4);
}

#[tokio::test(start_paused = true)]
async fn a_batch_in_parts_is_read_to_its_end() {
    let cloud = TestServer::with(Fault::PartialBatch).await;
    let users: Vec<_> = (0..9).map(|n| UserId::parse(&format!("user{n}")).unwrap()).collect();
    for user in &users {
        arrive(&cloud.app, user).await;
    }
    let inboxes = cloud.app.store.inboxes(&users).await.unwrap();
    assert_eq!(inboxes.into_keys().collect::<Vec<_>>(), users);
    // Of 9 keys 4 are left, of these 2, and then one, which cannot be done in part.
    assert_eq!(cloud.fired(Fault::PartialBatch), 3);
}

#[tokio::test(start_paused = true)]
async fn a_batch_in_parts_writes_the_first_of_them() {
    use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
    let cloud = TestServer::with(Fault::PartialBatch).await;
    let (client, direct) = (cloud.disturbed.dynamodb(), cloud.direct.dynamodb());
    let mut deletes = Vec::new();
    for name in ["a", "b", "c"] {
        claim(&client, name).await.unwrap();
        let delete = DeleteRequest::builder().key(keys::PK, key(name)).key(keys::SK, key("x"));
        deletes.push(WriteRequest::builder().delete_request(delete.build().unwrap()).build());
    }
    let batch = client.batch_write_item().request_items("table", deletes.clone());
    let left = batch.send().await.unwrap().unprocessed_items.unwrap();
    assert_eq!(left["table"], deletes[2..]);
    assert!(!has(&direct, "b", true).await);
    assert!(has(&direct, "c", true).await);
}

#[tokio::test(start_paused = true)]
async fn a_stale_read_shows_what_was_and_a_consistent_one_what_is() {
    let cloud = TestServer::with(Fault::StaleRead).await;
    let client = cloud.disturbed.dynamodb();
    assert!(!has(&client, "a", false).await);
    claim(&client, "a").await.unwrap();
    assert!(!has(&client, "a", false).await);
    assert!(has(&client, "a", true).await);
    tokio::time::advance(Duration::from_secs(3)).await;
    assert!(has(&client, "a", false).await);
    assert_eq!(cloud.fired(Fault::StaleRead), 1);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_away_comes_back() {
    let cloud = TestServer::with(Fault::TableDown).await;
    let client = cloud.disturbed.dynamodb();
    let error = claim(&client, "a").await.unwrap_err();
    assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
    cloud.faults.change(Plan::none(Duration::ZERO));
    claim(&client, "a").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_takes_seconds_or_is_given_up() {
    let cloud = TestServer::with(Fault::Slow).await;
    let begin = Instant::now();
    // Whether it succeeds in the end is up to the rng.
    drop(claim(&cloud.disturbed.dynamodb(), "a").await);
    assert!(begin.elapsed() > Duration::from_secs(1), "{:?}", begin.elapsed());
    assert!(cloud.fired(Fault::Slow) >= 2);
}

/// Over a socket an answer comes in parts, but is changed and kept all the same.
#[tokio::test]
async fn a_table_in_another_process_is_disturbed_alike() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, Database::memory().unwrap()));
    let faults = Faults::new(Plan::none(Duration::ZERO), Rng::with_seed(7));
    let aws = Aws::local(&url).with_transport(faults.transport(crate::http_layer::sockets()));
    let app = App::new(config(), &aws, Clock::system()).unwrap();
    app.store.create_table().await.unwrap();
    let mut plan = always(Fault::StaleRead);
    plan.set(Fault::PartialBatch, 10_000);
    faults.change(plan);
    let client = aws.dynamodb();
    claim(&client, "a").await.unwrap();
    assert!(has(&client, "a", false).await);
    assert!(has(&client, "a", false).await);
    let users: Vec<_> = ["a", "b", "c"].map(|name| UserId::parse(name).unwrap()).into();
    for user in &users {
        arrive(&app, user).await;
    }
    assert_eq!(app.store.inboxes(&users).await.unwrap().len(), 3);
    assert_eq!(faults.fired()[Fault::PartialBatch as usize], 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_meets_a_transaction_is_refused() {
    let cloud = TestServer::with(Fault::Conflict).await;
    let client = cloud.disturbed.dynamodb();
    let error = claim(&client, "a").await.unwrap_err();
    let service = error.as_service_error().unwrap();
    assert!(service.is_transaction_conflict_exception(), "{error:?}");
    // The log looks again by itself; whatever else is written is tried again.
    assert_eq!(cloud.fired(Fault::Conflict), 1);
    let request = client.delete_item().table_name("table");
    let request = request.key(keys::PK, key("a")).key(keys::SK, key("x"));
    let error = request.send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_transaction_conflict_exception(), "{error:?}");
    assert_eq!(cloud.fired(Fault::Conflict), 1 + 4);

    let put = Put::builder().table_name("table").item(keys::PK, key("a"));
    let put = put.item(keys::SK, key("x")).build().unwrap();
    let put = TransactWriteItem::builder().put(put).build();
    let error = client.transact_write_items().transact_items(put).send().await.unwrap_err();
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
        error.as_service_error()
    else {
        panic!("{error:?}");
    };
    assert_eq!(canceled.cancellation_reasons()[0].code(), Some("TransactionConflict"));
    assert!(!has(&cloud.direct.dynamodb(), "a", true).await);
}

#[tokio::test(start_paused = true)]
async fn an_update_gets_past_a_transaction() {
    let cloud = TestServer::with(Fault::Conflict).await;
    let alice = UserId::parse("alice").unwrap();
    tokio::join!(arrive(&cloud.app, &alice), cloud.calms_after(Fault::Conflict));
    assert_eq!(cloud.app.store.inbox(&alice).await.unwrap().connections.len(), 1);
    assert_eq!(cloud.fired(Fault::Conflict), 1);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_made_again_after_a_lost_answer_is_the_same() {
    let cloud = TestServer::with(Fault::AnswerLost).await;
    let alice = UserId::parse("alice").unwrap();
    let make = async |name: &str, topic: &str| {
        let new = NewRoom {
            name: name.to_owned(),
            topic: Some(topic.to_owned()),
            metadata: None,
            access: Access::Public,
            history: RoomHistory::default(),
            retention_days: None,
        };
        shared::services::rooms::create(&cloud.app, &alice, new).await
    };
    make("hall", "x").await.unwrap_err();
    cloud.faults.change(Plan::none(Duration::ZERO));
    let room = make("hall", "x").await.unwrap();
    assert_eq!(make("Hall", "x").await.unwrap().id, room.id);
    let log = cloud.app.store.page(&room.conversation(), Range::default(), 9, None).await.unwrap();
    assert_eq!(log.messages.len(), 1, "{log:?}");
    // What is not alike is another room, and the name is taken.
    assert!(matches!(make("hall", "y").await, Err(Error::Conflict(_))));
}
