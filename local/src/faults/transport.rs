//! Faults below the SDK's clients: in the answers of DynamoDB and of `@connections`.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Fault, Faults, Shown, lock};
use crate::http_layer::wrap;

/// The longest that a slow request takes either way: more than the SDK waits for DynamoDB.
const SLOW: Duration = Duration::from_secs(4);
/// The longest that the table is away.
const DOWN: Duration = Duration::from_secs(3);
/// The header by which an answer tells whoever looks for it that the push is lost in silence.
pub const SWALLOWED: &str = "x-confab-swallowed";
/// How old what an eventually consistent read shows may be.
const STALE: Duration = Duration::from_secs(2);

impl Faults {
    /// `below` with faults, for the clients of DynamoDB and of the management API.
    pub fn transport(&self, below: SharedHttpClient) -> SharedHttpClient {
        let faults = self.clone();
        wrap(below, move |below, request| {
            let connector = Connector { faults: faults.clone(), below };
            HttpConnectorFuture::new(connector.pass(request))
        })
    }
}

/// What is below the faults, for one request.
struct Connector {
    faults: Faults,
    below: SharedHttpConnector,
}

impl Connector {
    async fn pass(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        if self.faults.fires(Fault::Slow) {
            tokio::time::sleep(self.faults.random(SLOW)).await;
        }
        self.faults.travel().await;
        let answer = match request.headers().get("x-amz-target") {
            Some(target) => {
                let target = target.to_owned();
                self.table(&target, request).await
            }
            None => self.connections(request).await,
        };
        self.faults.travel().await;
        if self.faults.fires(Fault::Slow) {
            tokio::time::sleep(self.faults.random(SLOW)).await;
        }
        answer
    }

    /// A request to DynamoDB.
    async fn table(
        &self,
        target: &str,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        let faults = &self.faults;
        if faults.table_is_down() {
            return Err(ConnectorError::io("the table is away".into()));
        }
        if faults.fires(Fault::Throttled) {
            return Ok(refused_by_table(400, "ProvisionedThroughputExceededException"));
        }
        if faults.fires(Fault::TableFailed) {
            return Ok(refused_by_table(500, "InternalServerError"));
        }
        let operation = target.rsplit('.').next().unwrap_or_default();
        let writes = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];
        if writes.contains(&operation) && faults.fires(Fault::Conflict) {
            return Ok(conflict(operation, &request));
        }
        let answer = match operation {
            "BatchGetItem" if faults.draws(Fault::PartialBatch) => {
                self.partly(request, "UnprocessedKeys").await?
            }
            "BatchWriteItem" if faults.draws(Fault::PartialBatch) => {
                self.partly(request, "UnprocessedItems").await?
            }
            "Query" | "Scan" | "GetItem" => self.read(request).await?,
            _ => self.below.call(request).await?,
        };
        if faults.fires(Fault::TableFailedAfter) {
            return Ok(refused_by_table(500, "InternalServerError"));
        }
        if faults.fires(Fault::AnswerLost) {
            return Err(ConnectorError::io("the answer is lost".into()));
        }
        Ok(answer)
    }

    /// A batch of which one part is not processed
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
    async fn partly(
        &self,
        mut request: HttpRequest,
        unprocessed: &str,
    ) -> Result<HttpResponse, ConnectorError> {
        let mut body = parsed(request.body().bytes());
        let mut left = Map::new();
        for (table, part) in body["RequestItems"].as_object_mut().into_iter().flatten() {
            let mut rest = part.clone();
            let (Some(done), Some(undone)) = (entries(part), entries(&mut rest)) else { continue };
            let kept = done.len().div_ceil(2);
            done.truncate(kept);
            undone.drain(..kept);
            if !undone.is_empty() {
                left.insert(table.clone(), rest);
            }
        }
        if left.is_empty() {
            return self.below.call(request).await;
        }
        self.faults.count(Fault::PartialBatch);
        replace_body(&mut request, &body);
        let answer = collected(self.below.call(request).await?).await?;
        if !answer.status().is_success() {
            return Ok(answer);
        }
        let mut shown = parsed(answer.body().bytes());
        for (table, mut rest) in left {
            let own = entries(&mut shown[unprocessed][&table]);
            match (own, entries(&mut rest)) {
                (Some(own), Some(undone)) => own.append(undone),
                _ => shown[unprocessed][table] = rest,
            }
        }
        Ok(response(answer.status().as_u16(), shown.to_string()))
    }

    /// A read; one that need not be consistent may show what the same read showed lately.
    async fn read(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let asked = parsed(request.body().bytes());
        if !lock(&self.faults.0.plan).has(Fault::StaleRead) || asked["ConsistentRead"] == true {
            return self.below.call(request).await;
        }
        // The SDK writes the entries of a map in any order, here they are sorted.
        let key = asked.to_string();
        let before = lock(&self.faults.0.shown).get(&key).cloned();
        if let Some(before) = before
            && before.at.elapsed() < STALE
            && self.faults.fires(Fault::StaleRead)
        {
            return Ok(response(before.status, before.body));
        }
        let answer = collected(self.below.call(request).await?).await?;
        let mut shown = lock(&self.faults.0.shown);
        shown.retain(|_, shown| shown.at.elapsed() < STALE);
        shown.insert(
            key,
            Shown {
                at: Instant::now(),
                status: answer.status().as_u16(),
                body: answer.body().bytes().unwrap_or_default().to_vec(),
            },
        );
        drop(shown);
        Ok(answer)
    }

    /// A request to the management API.
    async fn connections(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let faults = &self.faults;
        let connection = connection_in(request.uri());
        if request.method() == "POST" {
            if faults.fires(Fault::Silence) {
                faults.silence(&connection);
            }
            if faults.fires(Fault::Cut) {
                self.cut(&request).await?;
            }
            if faults.is_silent(&connection) {
                let mut answer = response(200, "");
                answer.headers_mut().insert(SWALLOWED, "true");
                return Ok(answer);
            }
        }
        if faults.fires(Fault::PushThrottled) {
            return Ok(throttled());
        }
        if faults.fires(Fault::PushFailed) {
            return Ok(response(500, r#"{"message":"Internal server error"}"#));
        }
        let answer = self.below.call(request).await?;
        if faults.fires(Fault::PushFailedAfter) {
            return Ok(response(500, r#"{"message":"Internal server error"}"#));
        }
        if faults.fires(Fault::PushHung) {
            std::future::pending::<()>().await;
        }
        Ok(answer)
    }

    /// Ends the connection that `push` is for.
    async fn cut(&self, push: &HttpRequest) -> Result<(), ConnectorError> {
        let mut delete = HttpRequest::new(SdkBody::empty());
        let set = delete.set_method("DELETE").and_then(|()| delete.set_uri(push.uri()));
        set.map_err(|error| ConnectorError::other(error.into(), None))?;
        self.below.call(delete).await.map(drop)
    }
}

impl Faults {
    fn table_is_down(&self) -> bool {
        if self.fires(Fault::TableDown) {
            *lock(&self.0.down_until) = Some(Instant::now() + self.random(DOWN));
        }
        lock(&self.0.down_until).is_some_and(|until| until > Instant::now())
    }
}

/// The connection id in `…/@connections/{id}`.
fn connection_in(uri: &str) -> String {
    let id = uri.rsplit('/').next().unwrap_or_default();
    let id = id.split('?').next().unwrap_or_default();
    percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned()
}

/// What a write is told that meets a transaction, and a transaction that meets a write
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>).
fn conflict(operation: &str, request: &HttpRequest) -> HttpResponse {
    if operation != "TransactWriteItems" {
        return refused_by_table(400, "TransactionConflictException");
    }
    let items = parsed(request.body().bytes())["TransactItems"].as_array().map_or(0, Vec::len);
    let reason = json!({ "Code": "TransactionConflict", "Message": "Transaction is ongoing" });
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": vec![reason; items],
    });
    response(400, body.to_string())
}

fn parsed(body: Option<&[u8]>) -> Value {
    serde_json::from_slice(body.unwrap_or_default()).unwrap_or(Value::Null)
}

fn replace_body(request: &mut HttpRequest, body: &Value) {
    let body = body.to_string();
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
}

/// What a batch asks for from one table: keys to read, or requests to write.
fn entries(part: &mut Value) -> Option<&mut Vec<Value>> {
    let reads = part.get("Keys").is_some();
    if reads { part["Keys"].as_array_mut() } else { part.as_array_mut() }
}

/// The answer with its body at hand: over a socket it comes in parts.
async fn collected(mut answer: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    if answer.body().bytes().is_none() {
        let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
        let body = ByteStream::new(body).collect().await;
        let body = body.map_err(|error| ConnectorError::io(error.into()))?;
        *answer.body_mut() = SdkBody::from(body.into_bytes());
    }
    Ok(answer)
}

/// An error as DynamoDB tells it: the body names it
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>).
fn refused_by_table(status: u16, kind: &str) -> HttpResponse {
    let named = format!("com.amazonaws.dynamodb.v20120810#{kind}");
    let body = json!({ "__type": named, "message": "a fault of the faults" });
    let mut response = response(status, body.to_string());
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}

/// A 429 as `@connections` tells it: a header names it
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>).
fn throttled() -> HttpResponse {
    let mut response = response(429, r#"{"message":"Too Many Requests"}"#);
    response.headers_mut().insert("x-amzn-errortype", "LimitExceededException");
    response
}

fn response(status: u16, body: impl Into<SdkBody>) -> HttpResponse {
    // Every status here is a literal or came from an answer.
    let status = StatusCode::try_from(status).unwrap_or(StatusCode::try_from(500).expect("valid"));
    HttpResponse::new(status, body.into())
}
