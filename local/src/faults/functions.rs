//! Faults around the functions: invocations that die, come late or twice, or tell the time wrongly.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{Fault, Faults, SKEW, lock};
use crate::Functions;
use crate::apigateway::{InvocationError, Lambda};
use crate::http_server::refuse;

/// The longest that an invocation starts late.
const LATE: Duration = Duration::from_secs(2);
/// The longest that `$disconnect` comes late.
const LATE_DISCONNECT: Duration = Duration::from_secs(30);
/// By how much a clock is off at most, in milliseconds.
const SKEWED: i64 = 3_000;
/// The last await at which an invocation dies, counted in polls.
const LAST_POLL: u32 = 20;

type Invocation<T> = BoxFuture<'static, Result<T, InvocationError>>;

impl Faults {
    /// `functions` with faults.
    pub fn wrap_functions(&self, functions: Functions) -> Functions {
        let may_die = |lambda: &Lambda| {
            let faults = self.clone();
            lambda.wrap(move |lambda, event| faults.may_die(lambda.call(event)))
        };
        let http = middleware::from_fn_with_state(self.clone(), wrap_http_request);
        let functions = functions.map(|name, lambda| match name {
            // A handshake fails by `$connect` alone.
            "authorizer" => lambda,
            "connect" => may_die(&lambda),
            "message" => self.wrap_message(&may_die(&lambda)),
            "disconnect" => self.wrap_disconnect(&may_die(&lambda)),
            _ => self.wrap_event_source(&may_die(&lambda)),
        });
        Functions { http: functions.http.layer(http), ..functions }
    }

    /// `$default`: what a lost connection says does not arrive, and what arrives may start late.
    fn wrap_message(&self, message: &Lambda) -> Lambda {
        let faults = self.clone();
        message.wrap(move |message, event| {
            let faults = faults.clone();
            async move {
                let connection = event["requestContext"]["connectionId"].as_str();
                let connection = connection.unwrap_or_default().to_owned();
                if faults.is_silent(&connection) {
                    return Ok(json!({ "statusCode": 200 }));
                }
                if faults.fires(Fault::LateStart) {
                    tokio::time::sleep(faults.random(LATE)).await;
                }
                let answer = message.call(event).await;
                if faults.is_silent(&connection) {
                    return Ok(json!({ "statusCode": 200 }));
                }
                answer
            }
            .boxed()
        })
    }

    /// `$disconnect`: on a best effort.
    fn wrap_disconnect(&self, disconnect: &Lambda) -> Lambda {
        let faults = self.clone();
        disconnect.wrap(move |disconnect, event| {
            let faults = faults.clone();
            async move {
                if faults.fires(Fault::NoDisconnect) {
                    return Ok(json!({ "statusCode": 200 }));
                }
                if faults.fires(Fault::LateDisconnect) {
                    tokio::time::sleep(faults.random(LATE_DISCONNECT)).await;
                }
                disconnect.call(event).await
            }
            .boxed()
        })
    }

    /// The stream: at least once.
    fn wrap_event_source(&self, follower: &Lambda) -> Lambda {
        let faults = self.clone();
        follower.wrap(move |follower, event| {
            if !faults.fires(Fault::StreamTwice) {
                return follower.call(event);
            }
            // At about the same time, or rather later.
            let most = if lock(&faults.0.rng).bool() { LATE / 40 } else { LATE };
            let (again, pause) = (follower.call(event.clone()), faults.random(most));
            async move {
                let again = async {
                    tokio::time::sleep(pause).await;
                    again.await
                };
                futures::join!(follower.call(event), again).0
            }
            .boxed()
        })
    }

    /// An invocation with a clock of its own, which may die at any await.
    fn may_die<T: 'static>(&self, invocation: Invocation<T>) -> Invocation<T> {
        let skew =
            if self.fires(Fault::ClockSkew) { lock(&self.0.rng).i64(-SKEWED..=SKEWED) } else { 0 };
        let polls = self.draws(Fault::Died).then(|| lock(&self.0.rng).u32(1..=LAST_POLL));
        let mortal = MayDie { invocation: Some(invocation), polls, faults: self.clone() };
        SKEW.scope(skew, mortal).boxed()
    }
}

/// A request to the HTTP API, whose functions start late and die like the others.
async fn wrap_http_request(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    if faults.fires(Fault::LateStart) {
        tokio::time::sleep(faults.random(LATE)).await;
    }
    let answer = faults.may_die(async { Ok(next.run(request).await) }.boxed()).await;
    let failed = |_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    answer.unwrap_or_else(failed)
}

/// A future that is dropped after so many polls, as an invocation that crashes.
struct MayDie<T> {
    invocation: Option<Invocation<T>>,
    polls: Option<u32>,
    faults: Faults,
}

impl<T> Future for MayDie<T> {
    type Output = Result<T, InvocationError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(polls) = &mut self.polls {
            if *polls == 0 {
                self.faults.count(Fault::Died);
                self.invocation = None;
                self.polls = None;
            } else {
                *polls -= 1;
            }
        }
        match &mut self.invocation {
            Some(invocation) => invocation.as_mut().poll(context),
            None => Poll::Ready(Err(InvocationError::new("the invocation died"))),
        }
    }
}

impl Lambda {
    /// A Lambda that does `layer` with the event and this one.
    fn wrap(
        &self,
        layer: impl Fn(Self, Value) -> Invocation<Value> + Send + Sync + 'static,
    ) -> Self {
        let (inner, layer) = (self.clone(), Arc::new(layer));
        Self::boxed(move |event| layer(inner.clone(), event))
    }
}
