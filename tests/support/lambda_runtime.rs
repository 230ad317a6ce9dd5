//! Lambda's side of the Runtime API, so that the function binaries run as they do on AWS
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use local::apigateway::Lambda;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use super::{binary, in_time};

/// One function binary and the Runtime API it talks to; the process ends with it.
#[derive(Clone)]
pub(crate) struct LambdaRuntime {
    invocations: mpsc::UnboundedSender<Invocation>,
    _process: Arc<Child>,
}

/// What some functions have printed, line by line.
#[derive(Clone, Default)]
pub(crate) struct Printed(Arc<Mutex<Vec<String>>>);

impl Printed {
    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Waits until a line has been printed, and is read.
    pub(crate) async fn has(&self, is_wanted: impl Fn(&str) -> bool) {
        let has = || self.0.lock().unwrap().iter().any(|line| is_wanted(line));
        in_time(async {
            while !has() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    fn read(&self, printed: impl AsyncRead + Send + Unpin + 'static) {
        let lines = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut printed = BufReader::new(printed).lines();
            while let Ok(Some(line)) = printed.next_line().await {
                lines.lock().unwrap().push(line);
            }
        });
    }
}

struct Invocation {
    event: Value,
    answer: Answer,
}

/// Whoever waits for an invocation gets its answer, or its error message.
type Answer = oneshot::Sender<Result<Value, String>>;

#[derive(Clone)]
struct Api {
    waiting: Arc<AsyncMutex<mpsc::UnboundedReceiver<Invocation>>>,
    running: Arc<Mutex<HashMap<String, Answer>>>,
}

impl LambdaRuntime {
    /// Starts the binary of `function` with nothing in its environment but `variables`.
    pub(crate) fn start(function: &str, variables: &[(String, String)], printed: &Printed) -> Self {
        let (invocations, waiting) = mpsc::unbounded_channel();
        let api = Api { waiting: Arc::new(AsyncMutex::new(waiting)), running: Arc::default() };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(api);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        tokio::spawn(axum::serve(listener, routes).into_future());

        let mut process = Command::new(binary(function))
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", "local")
            .envs(variables.iter().cloned())
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", function)
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "1")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        printed.read(process.stdout.take().unwrap());
        printed.read(process.stderr.take().unwrap());
        Self { invocations, _process: Arc::new(process) }
    }

    /// Invokes the binary.
    pub(crate) async fn invoke(&self, event: Value) -> Result<Value, String> {
        let (answer, answered) = oneshot::channel();
        self.invocations.send(Invocation { event, answer }).unwrap();
        answered.await.unwrap()
    }

    /// The binary as something that API Gateway can invoke.
    pub(crate) fn lambda(&self) -> Lambda {
        let runtime = self.clone();
        Lambda::new(move |event: Value| {
            let runtime = runtime.clone();
            async move { runtime.invoke(event).await }
        })
    }
}

async fn next(State(api): State<Api>) -> impl IntoResponse {
    let invocation = api.waiting.lock().await.recv().await;
    let Some(Invocation { event, answer }) = invocation else {
        return Err(StatusCode::GONE);
    };
    let id = uuid::Uuid::new_v4().to_string();
    api.running.lock().unwrap().insert(id.clone(), answer);
    let deadline = std::time::SystemTime::now() + Duration::from_secs(29);
    let deadline = deadline.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:confab".to_owned(),
        ),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    Ok((headers, event.to_string()))
}

async fn response(State(api): State<Api>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    finish(&api, &id, Ok(serde_json::from_slice(&body).unwrap()))
}

async fn error(State(api): State<Api>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let error: Value = serde_json::from_slice(&body).unwrap();
    finish(&api, &id, Err(error["errorMessage"].as_str().unwrap_or_default().to_owned()))
}

fn finish(api: &Api, id: &str, outcome: Result<Value, String>) -> StatusCode {
    let answer = api.running.lock().unwrap().remove(id).unwrap();
    // The test may have given up on it.
    drop(answer.send(outcome));
    StatusCode::ACCEPTED
}
