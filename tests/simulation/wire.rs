//! Two windows onto the wire: above the faults, where the handlers' requests are counted, and below
//! them, where sabotage changes what reaches the table.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use local::faults::SWALLOWED;
use local::http_layer::wrap;
use serde_json::Value;
use tokio::sync::Notify;

use crate::budget;
use crate::record::{ASKED, Record, What, pushed, says_more_waits, skipped_before};
use crate::sabotage::{Sabotage, take_change};

/// What a window does with what passes.
#[derive(Clone)]
pub(crate) enum Window {
    /// Counts requests, and notes the pushes that are lost in silence.
    Above { record: Record, sabotage: Arc<Sabotage> },
    /// Sabotages, notes what was stored, and says when something was written.
    Below { record: Record, sabotage: Arc<Sabotage>, written: Arc<Notify> },
}

/// `client` behind `window`.
pub(crate) fn behind(window: Window, client: SharedHttpClient) -> SharedHttpClient {
    wrap(client, move |below_it, request| match window.clone() {
        Window::Above { record, sabotage } => {
            HttpConnectorFuture::new(above(record, sabotage, below_it, request))
        }
        Window::Below { record, sabotage, written } => {
            HttpConnectorFuture::new(below(record, sabotage, written, below_it, request))
        }
    })
}

/// How much later a message changes than its event is stored, if that is to be.
const LATER: Duration = Duration::from_secs(2);

type Answer = Result<HttpResponse, ConnectorError>;

async fn above(
    record: Record,
    sabotage: Arc<Sabotage>,
    below: SharedHttpConnector,
    mut request: HttpRequest,
) -> Answer {
    if let Some(target) = request.headers().get("x-amz-target") {
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        record.note_request(&operation);
        if sabotage.reads_twice(&operation)
            && let Some(request) = request.try_clone()
        {
            budget::note(&operation, false);
            drop(below.call(request).await);
        }
        let answer = below.call(request).await;
        let refused = answer.as_ref().is_ok_and(|answer| !answer.status().is_success());
        budget::note(&operation, refused);
        return answer;
    }
    record.note_request(request.method());
    let connection = request.uri().rsplit('/').next().unwrap_or_default().to_owned();
    let connection = connection.split('?').next().unwrap_or_default().to_owned();
    let mut frame: Value =
        serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
    if budget::syncs() && frame.is_object() {
        // So that its client can tell it from what is pushed unasked.
        frame[ASKED] = true.into();
        *request.body_mut() = SdkBody::from(frame.to_string());
    }
    let answer = below.call(request).await;
    if answer.as_ref().is_ok_and(|answer| answer.headers().get(SWALLOWED).is_some()) {
        for message in pushed(&frame) {
            let (connection, place) = (connection.clone(), (message.conversation, message.seq));
            record.note("", 0, What::Lost { connection, place });
        }
        if let Some(place) = skipped_before(&frame) {
            record.note("", 0, What::SkippedForNobody { connection, place });
        } else if says_more_waits(&frame) {
            record.note("", 0, What::ToldNobody { connection });
        }
    }
    answer
}

async fn below(
    record: Record,
    sabotage: Arc<Sabotage>,
    written: Arc<Notify>,
    below: SharedHttpConnector,
    mut request: HttpRequest,
) -> Answer {
    let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let reads = ["GetItem", "Query", "BatchGetItem", ""].contains(&operation.as_str());
    let sabotaged = sabotage.is_on();
    let method = request.method().to_owned();
    if reads && !sabotaged {
        return below.call(request).await;
    }
    let mut body: Value =
        serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
    if sabotaged {
        let unchanged = body.clone();
        if let Some(answer) = sabotage.before(&operation, &method, &mut body) {
            return Ok(answer);
        }
        if !operation.is_empty() || body != unchanged {
            set_body(&mut request, &body);
        }
    }
    let later = if sabotage.changes_later() { take_change(&mut body) } else { None };
    let template = request.try_clone();
    if later.is_some() {
        set_body(&mut request, &body);
    }
    let mut answer = below.call(request).await?;
    if let (Some(later), Some(mut change)) = (later, template)
        && answer.status().is_success()
    {
        sabotage.has_fired();
        tokio::time::sleep(LATER).await;
        set_body(&mut change, &later);
        drop(below.call(change).await);
    }
    if answer.status().is_success() && !reads {
        for put in puts(&operation, &body) {
            note_stored(&record, put);
        }
        written.notify_one();
    }
    if sabotaged {
        sabotage.after(&operation, &method, &body, &mut answer);
    }
    Ok(answer)
}

fn set_body(request: &mut HttpRequest, body: &Value) {
    let text = body.to_string();
    request.headers_mut().insert("content-length", text.len().to_string());
    *request.body_mut() = SdkBody::from(text);
}

/// The items that a request puts.
fn puts<'a>(operation: &str, body: &'a Value) -> Vec<&'a Value> {
    match operation {
        "PutItem" => vec![&body["Item"]],
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            items.filter_map(|item| item.get("Put")).map(|put| &put["Item"]).collect()
        }
        _ => Vec::new(),
    }
}

fn note_stored(record: &Record, item: &Value) {
    let text = |name: &str| item[name]["S"].as_str().unwrap_or_default();
    if let Some(conversation) = text("pk").strip_prefix("CONV#")
        && let Some(seq) = text("sk").strip_prefix("MSG#").and_then(|seq| seq.parse().ok())
        && seq > 0
    {
        let place = (conversation.to_owned(), seq);
        if item.get("fan_until").is_some() {
            record.note_by_stream(place.clone());
        }
        record.note_stored(place);
    }
}
