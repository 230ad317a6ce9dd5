//! Lambda's side of a function: what `main.rs` calls, and how answers and failures look.

use std::error::Error as StdError;
use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use axum::Router;
use lambda_http::request::RequestContext;
use lambda_http::{RequestExt, tower};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use crate::aws::Aws;
use crate::identity::AuthorizerContext;
use crate::protocol::Frame;
use crate::{App, Clock, Config, Error};

/// Why a function stops: it could not start, or the runtime went away.
pub type Fatal = lambda_runtime::Error;

/// Serves `handle` until Lambda ends the environment; settings come from the environment.
pub async fn run<Event, Answer, Handle>(handle: Handle) -> Result<(), Fatal>
where
    Event: DeserializeOwned,
    Answer: Serialize,
    Handle: AsyncFn(&App, Event) -> Result<Answer, Error> + 'static,
{
    let app = Arc::new(start().await?);
    let handle = Arc::new(handle);
    let service = service_fn(move |event: LambdaEvent<Event>| {
        let (app, handle) = (Arc::clone(&app), Arc::clone(&handle));
        async move {
            // Boxed, because the SDK's futures nest deeper than the compiler follows.
            Box::pin(handle(&app, event.payload)).await.map_err(|error| {
                log_failure(&error);
                Diagnostic { error_type: code_of(&error), error_message: message_of(&error) }
            })
        }
    });
    lambda_runtime::run(service).await
}

/// Serves the routes of an HTTP function until Lambda ends the environment.
pub async fn run_http(router: fn(App) -> Router) -> Result<(), Fatal> {
    let router = router(start().await?);
    let service = service_fn(move |mut request: lambda_http::Request| {
        let context = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.authorizer.clone(),
            _ => None,
        };
        if let Some(authorizer) = context {
            request.extensions_mut().insert(AuthorizerContext(authorizer.fields));
        }
        router.clone().oneshot(request)
    });
    lambda_http::run(service).await
}

async fn start() -> Result<App, Fatal> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = Config::from_env()?;
    Ok(App::new(config, &Aws::from_env().await, Clock::system()))
}

/// 200 without a body.
pub fn accepted() -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = 200;
    response
}

/// 200 with `frame` as the route's response: it goes to the connection that asked.
pub fn reply(frame: Frame) -> ApiGatewayProxyResponse {
    let mut response = accepted();
    response.body = Some(Body::Text(frame.into_string()));
    response
}

/// The `errorMessage` of a failed invocation. API Gateway answers 401 to an authorizer that fails
/// with exactly `Unauthorized`
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html>).
pub fn message_of(error: &Error) -> String {
    match error {
        Error::Unauthorized => "Unauthorized".to_owned(),
        error => error.to_string(),
    }
}

fn code_of(error: &Error) -> String {
    serde_json::to_value(error.code())
        .ok()
        .and_then(|code| code.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Logs a failure of ours with its causes; a client's mistake is not logged.
pub fn log_failure(error: &Error) {
    if error.is_clients_fault() {
        return;
    }
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(source) = cause {
        causes.push(source.to_string());
        cause = source.source();
    }
    tracing::error!(causes = causes.join(": "), "{error}");
}
