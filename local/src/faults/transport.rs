//! Faults below the SDK's clients: in the answers of DynamoDB and of `@connections`.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Fault, Faults, Shown, lock};

/// The longest that a slow request takes either way: more than the SDK waits for DynamoDB.
const SLOW: Duration = Duration::from_secs(4);
/// The longest that the table is away.
const DOWN: Duration = Duration::from_secs(3);
/// The longest that a connection is lost in silence before the cloud notices.
const SILENT: Duration = Duration::from_secs(60);
/// How old what an eventually consistent read shows may be.
const STALE: Duration = Duration::from_secs(2);

impl Faults {
    /// `below` with faults, for the clients of DynamoDB and of the management API.
    pub fn transport(&self, below: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Faulty { faults: self.clone(), below })
    }
}

#[derive(Debug)]
struct Faulty {
    faults: Faults,
    below: SharedHttpClient,
}

impl HttpClient for Faulty {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            faults: self.faults.clone(),
            below: self.below.http_connector(settings, components),
        })
    }
}

#[derive(Clone, Debug)]
struct Connector {
    faults: Faults,
    below: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            if this.faults.fires(Fault::Slow) {
                tokio::time::sleep(this.faults.random(SLOW)).await;
            }
            this.faults.travel().await;
            let answer = match request.headers().get("x-amz-target") {
                Some(target) => {
                    let target = target.to_owned();
                    this.table(&target, request).await
                }
                None => this.connections(request).await,
            };
            this.faults.travel().await;
            if this.faults.fires(Fault::Slow) {
                tokio::time::sleep(this.faults.random(SLOW)).await;
            }
            answer
        })
    }
}

impl Connector {
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
            let kind = "ProvisionedThroughputExceededException";
            return Ok(refusal(400, "com.amazonaws.dynamodb.v20120810", kind));
        }
        if faults.fires(Fault::TableFailed) {
            return Ok(refusal(500, "com.amazonaws.dynamodb.v20120810", "InternalServerError"));
        }
        let answer = match target.rsplit('.').next() {
            Some("BatchGetItem") if faults.fires(Fault::PartialBatch) => {
                self.partly(request, "UnprocessedKeys").await?
            }
            Some("BatchWriteItem") if faults.fires(Fault::PartialBatch) => {
                self.partly(request, "UnprocessedItems").await?
            }
            Some("Query" | "Scan" | "GetItem") => self.read(request).await?,
            _ => self.below.call(request).await?,
        };
        if faults.fires(Fault::TableFailedAfter) {
            return Ok(refusal(500, "com.amazonaws.dynamodb.v20120810", "InternalServerError"));
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
            let (part, rest) = match part.get("Keys") {
                Some(_) => (&mut part["Keys"], &mut rest["Keys"]),
                None => (part, &mut rest),
            };
            let (Value::Array(done), Value::Array(undone)) = (part, rest) else { continue };
            let kept = done.len().div_ceil(2);
            done.truncate(kept);
            undone.drain(..kept);
            left.insert(table.clone(), undone.clone().into());
        }
        left.retain(|_, undone| undone.as_array().is_some_and(|undone| !undone.is_empty()));
        if unprocessed == "UnprocessedKeys" {
            for (table, undone) in &mut left {
                let mut part = body["RequestItems"][table].clone();
                part["Keys"] = undone.take();
                *undone = part;
            }
        }
        replace_body(&mut request, &body);
        let answer = self.below.call(request).await?;
        if !answer.status().is_success() {
            return Ok(answer);
        }
        let mut shown = parsed(answer.body().bytes());
        shown[unprocessed] = left.into();
        Ok(response(answer.status().as_u16(), shown.to_string()))
    }

    /// A read; one that need not be consistent may show what the same read showed lately.
    async fn read(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let key = request.body().bytes().unwrap_or_default().to_vec();
        if !lock(&self.faults.0.plan).has(Fault::StaleRead)
            || parsed(Some(&key))["ConsistentRead"] == true
        {
            return self.below.call(request).await;
        }
        let before = lock(&self.faults.0.shown).get(&key).cloned();
        if let Some(before) = before
            && before.at.elapsed() < STALE
            && self.faults.fires(Fault::StaleRead)
        {
            return Ok(response(before.status, before.body));
        }
        let answer = self.below.call(request).await?;
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
                let until = Instant::now() + faults.random(SILENT);
                lock(&faults.0.silent).insert(connection.clone(), until);
            }
            if faults.fires(Fault::Cut) {
                self.cut(&request).await?;
            }
            if faults.is_silent(&connection) {
                return Ok(response(200, ""));
            }
        }
        if faults.fires(Fault::PushThrottled) {
            return Ok(refusal(429, "", "LimitExceededException"));
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

fn parsed(body: Option<&[u8]>) -> Value {
    serde_json::from_slice(body.unwrap_or_default()).unwrap_or(Value::Null)
}

fn replace_body(request: &mut HttpRequest, body: &Value) {
    let body = body.to_string();
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
}

fn refusal(status: u16, namespace: &str, kind: &str) -> HttpResponse {
    let named = if namespace.is_empty() { kind.to_owned() } else { format!("{namespace}#{kind}") };
    let body = json!({ "__type": named, "message": "a fault of the faults" });
    let mut response = response(status, body.to_string());
    response.headers_mut().insert("x-amzn-errortype", kind.to_owned());
    response
}

fn response(status: u16, body: impl Into<SdkBody>) -> HttpResponse {
    // Every status here is a literal or came from an answer.
    let status = StatusCode::try_from(status).unwrap_or(StatusCode::try_from(500).expect("valid"));
    HttpResponse::new(status, body.into())
}
