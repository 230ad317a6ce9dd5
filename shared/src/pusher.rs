//! Pushes frames to connections through API Gateway's management API
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>).

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::error::{DisplayErrorContext, SdkError};
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::stream::{self, StreamExt};

use crate::Error;
use crate::circuit_breaker::CircuitBreaker;
use crate::domain::ConnectionId;
use crate::metrics::{Count, Metrics};
use crate::protocol::{EncodedFrame, PushAnswer, ServerFrame, refusal};

/// How many pushes one invocation has under way at once.
const CONCURRENT_PUSHES: usize = 50;

/// The management API, through the SDK's client.
#[derive(Clone, Debug)]
pub struct Pusher {
    client: Client,
    breaker: CircuitBreaker,
    metrics: Metrics,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// API Gateway took the frame for a connection that stands.
    Taken,
    /// There is no such connection any more, or not yet.
    Gone,
    /// It failed for another reason, even after a retry, or was not tried because everything fails; whether
    /// the client got it is unknown.
    Failed,
}

impl From<Push> for PushAnswer {
    fn from(push: Push) -> Self {
        match push {
            Push::Taken => Self::Taken,
            Push::Gone => Self::Gone,
            Push::Failed => Self::Failed,
        }
    }
}

impl Pusher {
    /// Pushes through `client`, whose endpoint, retries and timeouts are set already.
    pub fn new(client: Client) -> Self {
        Self { client, breaker: CircuitBreaker::default(), metrics: Metrics::default() }
    }

    /// The same, counting in `metrics`.
    pub(crate) fn counted_by(&self, metrics: &Metrics) -> Self {
        Self { metrics: metrics.clone(), ..self.clone() }
    }

    /// Pushes one frame to one connection.
    pub async fn push(&self, connection: &ConnectionId, frame: &EncodedFrame) -> Push {
        let push = self.post(connection, frame).await;
        self.metrics.count(match push {
            Push::Taken => Count::PushesTaken,
            Push::Gone => Count::PushesGone,
            Push::Failed => Count::PushesFailed,
        });
        push
    }

    async fn post(&self, connection: &ConnectionId, frame: &EncodedFrame) -> Push {
        if !self.breaker.lets_pass() {
            return Push::Failed;
        }
        let request = self.client.post_to_connection().connection_id(connection.as_str());
        let answer = request.data(Blob::new(frame.as_bytes())).send().await;
        self.note(&answer);
        match answer {
            Ok(_) => Push::Taken,
            Err(error) if is_gone(&error) => Push::Gone,
            Err(error) => {
                let reason = DisplayErrorContext(&error);
                tracing::warn!(%connection, %reason, "a push failed");
                Push::Failed
            }
        }
    }

    /// Notes whether API Gateway answers at all: what it says of one connection is an answer.
    fn note<T, E>(&self, answer: &Result<T, SdkError<E, HttpResponse>>) {
        let answered = match answer {
            Ok(_) => true,
            Err(error) => {
                error.raw_response().is_some_and(|response| response.status().as_u16() < 500)
            }
        };
        if answered {
            self.breaker.succeeded();
        } else if self.breaker.failed() {
            tracing::error!("API Gateway takes nothing: what is said waits for a while");
        }
    }

    /// Pushes one frame to many connections at once; one that fails does not hold up the others.
    pub async fn push_to_all(
        &self,
        connections: Vec<ConnectionId>,
        frame: &EncodedFrame,
    ) -> Vec<(ConnectionId, Push)> {
        stream::iter(connections)
            .map(|connection| async move {
                let push = self.push(&connection, frame).await;
                (connection, push)
            })
            .buffer_unordered(CONCURRENT_PUSHES)
            .collect()
            .await
    }

    /// Tells a client why it is to go, and closes the connection.
    pub async fn dismiss(&self, connection: &ConnectionId, why: &Error) -> Result<(), Error> {
        let frame = ServerFrame::Error(refusal(why, None)).encode();
        // If it does not arrive, the end of the connection says as much.
        self.push(connection, &frame).await;
        self.close(connection).await
    }

    /// Closes many connections at once; what became of each.
    pub async fn close_all(
        &self,
        connections: Vec<ConnectionId>,
    ) -> Vec<(ConnectionId, Result<(), Error>)> {
        let closing = connections.into_iter().map(|connection| async move {
            let closed = self.close(&connection).await;
            (connection, closed)
        });
        stream::iter(closing).buffer_unordered(CONCURRENT_PUSHES).collect().await
    }

    /// Closes a connection; one that has ended already is no failure.
    async fn close(&self, connection: &ConnectionId) -> Result<(), Error> {
        let request = self.client.delete_connection().connection_id(connection.as_str());
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_gone(&error) => Ok(()),
            Err(error) => {
                Err(Error::Push { action: "close a connection", source: Box::new(error) })
            }
        }
    }

    /// Whether the connection's handshake is through and it has not ended.
    pub async fn is_open(&self, connection: &ConnectionId) -> Result<bool, Error> {
        match self.client.get_connection().connection_id(connection.as_str()).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => {
                Err(Error::Push { action: "look up a connection", source: Box::new(error) })
            }
        }
    }
}

/// A 410 by its raw status: the SDK knows the error's type only when a header or the body names it,
/// and API Gateway's answers do not always.
fn is_gone<E>(error: &SdkError<E, HttpResponse>) -> bool {
    error.raw_response().is_some_and(|response| response.status().as_u16() == 410)
}
