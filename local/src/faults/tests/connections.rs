//! What goes wrong between the functions and the clients.

use aws_sdk_apigatewaymanagement::error::SdkError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;

use super::*;

/// Pushes a text.
async fn push(cloud: &TestServer, text: &str) -> Result<(), SdkError<PostToConnectionError>> {
    let client = cloud.disturbed.management(STAGE);
    let push = client.post_to_connection().connection_id("c1=").data(Blob::new(text));
    push.send().await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn a_throttled_push_is_tried_again_and_delivers_nothing() {
    let cloud = TestServer::with(Fault::PushThrottled).await;
    let error = push(&cloud, "hi").await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_limit_exceeded_exception(), "{error:?}");
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 429);
    assert_eq!(cloud.fired(Fault::PushThrottled), 2);
    assert!(cloud.wire.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_push_that_failed_was_delivered_or_not() {
    for (fault, delivered) in [(Fault::PushFailed, 0), (Fault::PushFailedAfter, 2)] {
        let cloud = TestServer::with(fault).await;
        let error = push(&cloud, "hi").await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 500, "{fault}");
        assert_eq!(cloud.fired(fault), 2);
        assert_eq!(cloud.wire.seen(), vec!["POST c1= hi"; delivered], "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_push_that_hangs_is_given_up() {
    let cloud = TestServer::with(Fault::PushHung).await;
    let begin = Instant::now();
    let error = push(&cloud, "hi").await.unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_cut_is_gone() {
    let cloud = TestServer::with(Fault::Cut).await;
    let error = push(&cloud, "hi").await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 410);
    assert_eq!(cloud.wire.seen()[..2], ["DELETE c1=", "POST c1= hi"]);
}

#[tokio::test(start_paused = true)]
async fn in_silence_pushes_are_taken_and_nothing_is_delivered() {
    let cloud = TestServer::with(Fault::Silence).await;
    push(&cloud, "one").await.unwrap();
    cloud.faults.change(Plan::none(Duration::ZERO));
    push(&cloud, "two").await.unwrap();
    assert!(cloud.faults.is_silent("c1=") && !cloud.faults.is_silent("c2="));
    assert!(cloud.wire.seen().is_empty());
    tokio::time::advance(Duration::from_secs(61)).await;
    assert!(!cloud.faults.is_silent("c1="));
    push(&cloud, "three").await.unwrap();
    assert_eq!(cloud.wire.seen(), ["POST c1= three"]);
}
