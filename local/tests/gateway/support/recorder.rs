//! Lambdas that keep what they are told.

use std::sync::Arc;
use std::time::Duration;

use local::apigateway::Lambda;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

/// Makes Lambdas whose events all end up in one list.
#[derive(Clone)]
pub(crate) struct Recorder(pub(super) mpsc::UnboundedSender<Value>);

impl Recorder {
    /// Always gives this answer.
    pub(crate) fn answers(&self, answer: Value) -> Lambda {
        self.does(move |_| Ok(answer.clone()))
    }

    /// Always fails with this text.
    pub(crate) fn fails(&self, message: &'static str) -> Lambda {
        self.does(move |_| Err(message))
    }

    /// Answers with what it was sent.
    pub(crate) fn echoes(&self) -> Lambda {
        self.does(|event| Ok(json!({ "statusCode": 200, "body": event["body"] })))
    }

    /// Never answers.
    pub(crate) fn hangs(&self) -> Lambda {
        self.waits(&Gate::default())
    }

    /// Does as it is told.
    pub(crate) fn does(
        &self,
        handle: impl Fn(Value) -> Result<Value, &'static str> + Send + Sync + 'static,
    ) -> Lambda {
        let events = self.0.clone();
        let handle = Arc::new(handle);
        Lambda::new(move |event: Value| {
            // A test that has ended reads no events.
            let _ = events.send(event.clone());
            let handle = Arc::clone(&handle);
            async move { handle(event) }
        })
    }

    /// Echoes once the gate opens, one invocation for each opening.
    pub(crate) fn waits(&self, gate: &Gate) -> Lambda {
        let (events, gate) = (self.0.clone(), gate.clone());
        Lambda::new(move |event: Value| {
            let _ = events.send(event.clone());
            let gate = gate.clone();
            async move {
                gate.0.acquire().await.map_err(|error| error.to_string())?.forget();
                Ok::<_, String>(json!({ "statusCode": 200, "body": event["body"] }))
            }
        })
    }
}

/// Holds Lambdas back.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Gate {
    /// Lets one invocation through.
    pub(crate) fn open(&self) {
        self.0.add_permits(1);
    }
}

/// Short enough not to be noticed, for Lambdas that are too slow.
pub(crate) const IMPATIENT: Duration = Duration::from_millis(100);
