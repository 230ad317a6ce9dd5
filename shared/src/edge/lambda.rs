//! Lambda's side of a function: what `main.rs` calls, and how answers and failures look.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use lambda_http::request::RequestContext;
use lambda_http::{RequestExt, tower};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;
use tracing::Instrument;

use crate::auth::Source;
use crate::auth::identity::AuthorizerContext;
use crate::aws::Aws;
use crate::config::{LogLevel, TOKEN_KEY, TOKEN_KEY_PREVIOUS};
use crate::edge::http::SourceAddress;
use crate::edge::log;
use crate::metrics::Count;
use crate::metrics::cloud_watch::CloudWatch;
use crate::trace::Trace;
use crate::{App, Clock, Config, Error, invocation};

/// Names the secret in Secrets Manager that holds the key for access tokens, and in its version before the
/// key before; only the functions that
/// sign or check them have it.
pub const TOKEN_KEY_SECRET: &str = "TOKEN_KEY_SECRET";

/// What does not stand for itself in a part of a URL (<https://www.rfc-editor.org/rfc/rfc3986#section-2.3>).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Why a function stops: it could not start, or the runtime went away.
pub type Fatal = lambda_runtime::Error;

/// Serves `handle` until Lambda ends the environment; settings come from the environment.
pub async fn run<Event, Answer, Handle>(handle: Handle) -> Result<(), Fatal>
where
    Event: DeserializeOwned,
    Answer: Serialize,
    Handle: AsyncFn(&App, Event) -> Result<Answer, Error> + 'static,
{
    let (app, cloud_watch) = start().await?;
    let process = Arc::new((app, cloud_watch, handle));
    let service = service_fn(move |LambdaEvent { payload, context }: LambdaEvent<Event>| {
        let process = Arc::clone(&process);
        async move {
            let (app, cloud_watch, handle) = &*process;
            let handled = async {
                // Boxed, because the SDK's futures nest deeper than the compiler follows.
                Box::pin(handle(app, payload)).await.map_err(|error| {
                    error.log();
                    Diagnostic { error_type: code_of(&error), error_message: message_of(&error) }
                })
            };
            let answer = handled.instrument(invocation::span(&context.request_id)).await;
            write_metrics(cloud_watch, &context);
            answer
        }
    });
    lambda_runtime::run(service).await
}

/// Serves the routes of an HTTP function until Lambda ends the environment.
pub async fn run_http(router: fn(App) -> Router) -> Result<(), Fatal> {
    let (app, cloud_watch) = start().await?;
    let (router, cloud_watch) = (router(app), Arc::new(cloud_watch));
    let service = service_fn(move |mut request: lambda_http::Request| {
        let (router, cloud_watch) = (router.clone(), Arc::clone(&cloud_watch));
        let context = request.lambda_context();
        if let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() {
            let (authorizer, source) = (context.authorizer.clone(), context.http.source_ip.clone());
            if let Some(uri) = asked(&request, context.route_key.as_deref().unwrap_or_default()) {
                *request.uri_mut() = uri;
            }
            let extensions = request.extensions_mut();
            extensions.insert(SourceAddress(source.unwrap_or_default()));
            if let Some(authorizer) = authorizer {
                extensions.insert(AuthorizerContext(authorizer.fields));
            }
        }
        async move {
            let span = invocation::span(&context.request_id);
            let answer = router.oneshot(request).instrument(span).await;
            write_metrics(&cloud_watch, &context);
            answer
        }
    });
    lambda_http::run(service).await
}

/// What was asked for. API Gateway decodes the path, and a `#` or `%` that stands in it then would be
/// read as something else; so it is put together again from the route and its parameters. `None` if
/// the route has no path.
fn asked(request: &lambda_http::Request, route_key: &str) -> Option<Uri> {
    let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let (_method, route) = route_key.split_once(' ')?;
    let parameters = request.path_parameters_ref()?;
    let mut path = Vec::new();
    for part in route.split('/') {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        path.push(match name {
            Some(name) => encoded(parameters.first(name)?),
            None => part.to_owned(),
        });
    }
    let query = request.query_string_parameters_ref().into_iter().flat_map(|query| query.iter());
    let query = query.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    let query = query.collect::<Vec<_>>().join("&");
    format!("{}?{query}", path.join("/")).parse().ok()
}

/// Writes what was counted in an invocation, beside its log.
fn write_metrics(cloud_watch: &CloudWatch, context: &Context) {
    let function = &context.env_config.function_name;
    let written = cloud_watch.write(function, &context.request_id, io::stdout().lock());
    if let Err(error) = written {
        tracing::error!(%error, "metrics are lost");
    }
}

async fn start() -> Result<(App, CloudWatch), Fatal> {
    log::start(LogLevel::from_variable(|name| std::env::var(name).ok())?);
    let aws = Aws::on_lambda();
    let secret = std::env::var(TOKEN_KEY_SECRET).ok().filter(|secret| !secret.is_empty());
    let keys = match &secret {
        Some(secret) => Some(aws.secrets(secret).await?),
        None => None,
    };
    let exposed = |key: &SecretString| key.expose_secret().to_owned();
    let config = Config::from_variables(|name| match name {
        TOKEN_KEY => keys.as_ref().map(|keys| exposed(&keys.current)),
        TOKEN_KEY_PREVIOUS => keys.as_ref().and_then(|keys| keys.previous.as_ref().map(exposed)),
        name => std::env::var(name).ok(),
    })?;
    let (cloud_watch, metrics) = CloudWatch::of_process(config.stack_name.clone())?;
    metrics.count(Count::ColdStarts);
    let trace = if config.trace_deliveries { Trace::Logged } else { Trace::Off };
    let app = App::new(config, &aws, Clock::system())?.counted_by(&metrics);
    let mut app = App { trace, ..app };
    if let Some(secret) = secret {
        // A process that started before a rotation meets tokens of the key after it.
        let source: Source = Arc::new(move || {
            let (aws, secret) = (aws.clone(), secret.clone());
            Box::pin(async move { aws.secrets(&secret).await })
        });
        app.authenticator = app.authenticator.with_source(source);
    }
    Ok((app, cloud_watch))
}

/// The `errorMessage` of a failed invocation. API Gateway answers 401 to an authorizer that fails
/// with exactly `Unauthorized`
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html>).
pub fn message_of(error: &Error) -> String {
    match error {
        Error::Unauthorized | Error::Untrusted(_) => "Unauthorized".to_owned(),
        error => error.to_string(),
    }
}

fn code_of(error: &Error) -> String {
    serde_json::to_value(error.code())
        .ok()
        .and_then(|code| code.as_str().map(str::to_owned))
        .unwrap_or_default()
}
