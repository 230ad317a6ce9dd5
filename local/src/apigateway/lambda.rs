//! Invoking a Lambda: JSON in, JSON out, nothing shared with the caller.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{self, BoxFuture};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::JoinError;

use crate::meter;

type Handler = dyn Fn(Value) -> BoxFuture<'static, Result<Value, InvocationError>> + Send + Sync;

/// A function that API Gateway can invoke.
///
/// Event and answer pass through JSON, as they do on AWS, so that a handler sees exactly what it
/// would see there.
#[derive(Clone)]
pub struct Lambda(Arc<Handler>);

/// A handler has failed; the message is what Lambda reports as `errorMessage`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvocationError {
    /// What went wrong, in the handler's words.
    pub message: String,
}

/// Why an invocation gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvocationFailure {
    /// The handler returned an error or panicked.
    #[error("the Lambda failed: {0}")]
    Failed(InvocationError),
    /// The handler took longer than the caller waits.
    #[error("the Lambda did not answer in time")]
    TimedOut,
}

impl Lambda {
    /// Makes a Lambda of a typed handler.
    pub fn new<Event, Handling, Answer, Failure>(
        handler: impl Fn(Event) -> Handling + Send + Sync + 'static,
    ) -> Self
    where
        Event: DeserializeOwned,
        Handling: Future<Output = Result<Answer, Failure>> + Send + 'static,
        Answer: Serialize,
        Failure: Display,
    {
        Self(Arc::new(move |event| match serde_json::from_value(event) {
            Ok(event) => {
                let handling = handler(event);
                async move {
                    let answer = handling.await.map_err(InvocationError::new)?;
                    serde_json::to_value(answer).map_err(InvocationError::new)
                }
                .boxed()
            }
            Err(error) => future::ready(Err(InvocationError::new(error))).boxed(),
        }))
    }

    /// Makes a Lambda of a handler that takes and gives JSON.
    pub(crate) fn boxed(
        handler: impl Fn(Value) -> BoxFuture<'static, Result<Value, InvocationError>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(handler))
    }

    /// Runs the handler here and now: dropping the future ends it.
    pub fn call(&self, event: Value) -> BoxFuture<'static, Result<Value, InvocationError>> {
        (self.0)(event)
    }

    /// Runs the handler in a task of its own, so that its panic is its own too.
    ///
    /// A handler that is too slow is left running, as on AWS: only the caller stops waiting.
    pub async fn invoke(
        &self,
        event: Value,
        patience: Duration,
    ) -> Result<Value, InvocationFailure> {
        let handler = Arc::clone(&self.0);
        let invocation = tokio::spawn(meter::invocation(async move { handler(event).await }));
        match tokio::time::timeout(patience, invocation).await {
            Ok(Ok(outcome)) => outcome.map_err(InvocationFailure::Failed),
            Ok(Err(crash)) => Err(InvocationFailure::Failed(InvocationError::crashed(crash))),
            Err(_) => Err(InvocationFailure::TimedOut),
        }
    }
}

impl InvocationError {
    /// Reports an error by its text, as the Lambda runtime does.
    pub fn new(error: impl Display) -> Self {
        Self { message: error.to_string() }
    }

    fn crashed(crash: JoinError) -> Self {
        let Ok(panic) = crash.try_into_panic() else {
            return Self::new("the invocation was cancelled");
        };
        let said = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        Self { message: said.unwrap_or_else(|| "the handler panicked".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    async fn check(lambda: Lambda, expected: Result<Value, &str>) {
        let outcome = lambda.invoke(json!({ "number": 20 }), PATIENCE).await;
        let expected =
            expected.map_err(|message| InvocationFailure::Failed(InvocationError::new(message)));
        assert_eq!(outcome, expected);
    }

    #[derive(serde::Deserialize)]
    struct Event {
        number: u32,
    }

    #[tokio::test]
    async fn event_and_answer_pass_through_json() {
        let double = |event: Event| async move { Ok::<_, String>([event.number * 2]) };
        check(Lambda::new(double), Ok(json!([40]))).await;
    }

    #[tokio::test]
    async fn an_error_is_reported_by_its_text() {
        let fail = |_: Value| async { Err::<(), _>("no") };
        check(Lambda::new(fail), Err("no")).await;
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_that_invocation() {
        let crash = |event: Event| async move {
            assert!(event.number < 20, "boom");
            Ok::<(), String>(())
        };
        check(Lambda::new(crash), Err("boom")).await;
    }

    #[tokio::test]
    async fn an_event_that_does_not_fit_is_an_error() {
        let fussy = |_: Vec<u8>| async { Ok::<(), String>(()) };
        check(Lambda::new(fussy), Err("invalid type: map, expected a sequence")).await;
    }

    #[tokio::test]
    async fn the_caller_stops_waiting() {
        let stuck = Lambda::new(|_: Value| future::pending::<Result<(), String>>());
        let outcome = stuck.invoke(Value::Null, Duration::from_millis(10)).await;
        assert_eq!(outcome, Err(InvocationFailure::TimedOut));
    }
}
