//! The local server: everything that `template.yaml` deploys, in one process.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use axum::Router;
use axum::middleware;
use secrecy::ExposeSecret;
use shared::aws::Aws;
use shared::config::{
    ARCHIVE, AUTH_MODE, MANAGEMENT_ENDPOINT, OIDC_AUDIENCE, OIDC_ISSUER, TABLE_NAME, TOKEN_KEY,
    TOKEN_KEY_PREVIOUS, WEBSOCKET_URL,
};
use shared::domain::AuthMode;
use shared::trace::Trace;
use shared::{App, Clock, Config, WriterQueue};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::apigateway::ApiGateway;
use crate::cost::work::Work;
use crate::deployment::{Functions, STAGE};
use crate::dynamodb::DynamoDb;
use crate::event_source::{Follower, Pace};
use crate::faults::{Faults, Scenario};
use crate::http_api::{behind_authorizer, without_handshakes};
use crate::http_layer::sockets;
use crate::http_server::{self, AllowedOrigins, RequestTimeouts};
use crate::in_process::InProcess;
use crate::live_page::LivePage;
use crate::meter::{self, Meter};
use crate::metrics::Exporter;
use crate::options::{Auth, Options};
use crate::time::Time;
use crate::{api, cors, token_key};

/// How long clients get to go when the server stops.
const CLIENT_GRACE: Duration = Duration::from_secs(3);
/// How long open requests get to finish after that.
const REQUEST_GRACE: Duration = Duration::from_secs(1);

/// A running server.
pub struct Server {
    address: SocketAddr,
    gateway: ApiGateway,
    live_page: LivePage,
    dynamodb: DynamoDb,
    in_process: InProcess,
    followers: Vec<Follower>,
    faults: Option<Faults>,
    stop: Vec<oneshot::Sender<()>>,
    serving: Vec<JoinHandle<()>>,
    patience: RequestTimeouts,
    /// What goes on until it stops.
    tasks: JoinSet<()>,
}

/// What tests change about a server.
#[derive(Clone, Default)]
pub struct TestHooks {
    /// The clock of limits, messages and everything else.
    pub time: Time,
    /// How long clients may take to send a request.
    pub patience: RequestTimeouts,
    /// Put around every request of the functions' SDK clients; requests then overlap as they do over a
    /// socket, so that round trips can be counted.
    pub interceptor: Option<SharedInterceptor>,
    /// Makes the functions, if they are not to be those in this process.
    pub functions: Option<MakeFunctions>,
    /// Put around the functions, to tell their invocations apart.
    pub wrap: Option<WrapFunctions>,
}

/// Wraps functions.
pub type WrapFunctions = Arc<dyn Fn(Functions) -> Functions + Send + Sync>;

/// Makes functions that read the given settings and reach DynamoDB at the given URL.
pub type MakeFunctions = Arc<dyn Fn(&Config, &str) -> Functions + Send + Sync>;

impl Server {
    /// Starts everything and answers once clients can connect.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        Self::start_with(options, TestHooks::default()).await
    }

    /// The same, with the hooks that tests need.
    pub async fn start_with(options: &Options, hooks: TestHooks) -> anyhow::Result<Self> {
        let listener = listener(options).await?;
        let address = listener.local_addr()?;
        let management_listener = management_listener(address).await?;
        let management_address = match &management_listener {
            Some(listener) => listener.local_addr()?,
            None => SocketAddr::new(loopback(address), address.port()),
        };

        let is_watched = hooks.interceptor.is_some();
        let in_process = if is_watched { InProcess::default() } else { InProcess::at_once() };
        let origins = AllowedOrigins::named(&options.cors_origins);
        let dynamodb = DynamoDb::start(options, &in_process, &origins, hooks.patience).await?;
        let config = config(options, management_address)?;
        let faults = options.faults.as_ref().map(Scenario::faults);
        let aws = observed(dynamodb.aws.clone(), &hooks);
        let aws = over_transports(aws, &in_process, faults.as_ref());
        let stream = watch::Sender::new(());
        let (exporter, metrics) = Exporter::new()?;
        let app = App::new(config, &aws, clock(hooks.time.clone()))?.counted_by(&metrics);
        let app = in_one_process(app, &stream);
        app.store.create_table().await.map_err(|error| {
            error.log();
            anyhow::anyhow!("DynamoDB at {} does not answer: {error}", dynamodb.url)
        })?;

        let functions = functions(&app, &hooks, &dynamodb.url, faults.as_ref());
        let meter = functions.meter();
        let followers = follow(&functions, &dynamodb.aws, options, &stream, &meter).await?;
        let accepted = move || stream.send_replace(());
        let gateway = ApiGateway::new(functions.websocket_api(meter.clone(), accepted), hooks.time);
        in_process.serve_management(gateway.management());
        let live_page = LivePage::new(gateway.clone(), meter.clone(), faults.clone());
        let http = behind_authorizer(functions.http, functions.authorizer, hooks.patience, meter);
        let public = public_routes(options, &origins, http, gateway.websocket());
        let management =
            origins.guard(gateway.management()).merge(live_page.routes()).merge(exporter.routes());
        let routes = public.merge(management.clone());

        let mut server = Self {
            address,
            gateway: gateway.clone(),
            live_page,
            dynamodb,
            in_process,
            followers,
            faults: faults.clone(),
            stop: Vec::new(),
            serving: Vec::new(),
            patience: hooks.patience,
            tasks: JoinSet::new(),
        };
        server.tasks.spawn(exporter.keep_up());
        server.serve(listener, routes);
        if let Some(listener) = management_listener {
            server.serve(listener, management);
        }
        if let (Some(faults), Some(scenario)) = (faults, &options.faults) {
            faults.change(scenario.plan.clone());
            server.tasks.spawn(keep_silence(faults, gateway));
        }
        Ok(server)
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The WebSocket URL, without a user.
    pub fn websocket_url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// The HTTP API's URL, which is also the management API's.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where DynamoDB answers.
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb.url
    }

    /// Waits until the functions that follow the table's stream have served all that was written
    /// before; what they write while they do may not be served yet.
    pub async fn has_served_the_stream(&self) {
        for follower in &self.followers {
            follower.caught_up().await;
        }
    }

    /// Lets the embedded DynamoDB delete now what has expired, which it does every minute.
    pub async fn sweep(&self) {
        self.dynamodb.sweep().await;
    }

    /// What goes wrong, if something is to.
    pub fn faults(&self) -> Option<&Faults> {
        self.faults.as_ref()
    }

    /// What was done for clients since the server started, as far as it can be counted.
    pub fn work(&self) -> Work {
        self.live_page.work()
    }

    /// Says goodbye to the clients, lets their `$disconnect`s finish, and closes the table.
    pub async fn stop(self) {
        self.gateway.connections().shut_down(CLIENT_GRACE).await;
        drop(self.stop);
        for serving in self.serving {
            if tokio::time::timeout(REQUEST_GRACE, serving).await.is_err() {
                tracing::debug!("left an open request behind");
            }
        }
        for follower in self.followers {
            follower.stop().await;
        }
        drop(self.in_process);
        self.dynamodb.stop().await;
    }

    fn serve(&mut self, listener: TcpListener, routes: Router) {
        let (stop, stopped) = oneshot::channel();
        let routes = routes.layer(middleware::from_fn(http_server::well_formed));
        self.stop.push(stop);
        self.serving.push(tokio::spawn(http_server::serve(
            listener,
            routes,
            self.patience,
            stopped,
        )));
    }
}

/// Where clients come.
async fn listener(options: &Options) -> anyhow::Result<TcpListener> {
    let wanted = SocketAddr::from((options.host, options.port));
    TcpListener::bind(wanted).await.with_context(|| {
        format!("cannot listen on {wanted}; choose another port with --port (0 picks a free one)")
    })
}

/// What can be had where all functions are in one process: they take turns, say when there is more in the
/// table's stream, and keep what becomes of messages.
fn in_one_process(app: App, stream: &watch::Sender<()>) -> App {
    let trace = if app.config.trace_deliveries { Trace::kept() } else { Trace::Off };
    let (stream, writer_queue) = (Some(stream.clone()), Some(WriterQueue::default()));
    App { stream, writer_queue, trace, ..app }
}

/// Has every function that follows the table's stream follow it; `stream` says when there is more.
async fn follow(
    functions: &Functions,
    aws: &Aws,
    options: &Options,
    stream: &watch::Sender<()>,
    meter: &Meter,
) -> anyhow::Result<Vec<Follower>> {
    let mut followers = Vec::new();
    for source in functions.event_sources.clone() {
        let pace = match options.stream_interval {
            None => Pace::Promptly(stream.subscribe()),
            Some(interval) => Pace::Every(Duration::from_millis(interval.into())),
        };
        followers.push(Follower::start(aws, &options.table, source, pace, meter).await?);
    }
    Ok(followers)
}

/// What clients reach: the HTTP API with the page and the API's descriptions, and the WebSocket API.
fn public_routes(
    options: &Options,
    origins: &AllowedOrigins,
    http: Router,
    websocket: Router,
) -> Router {
    let http = cors::allow(&options.cors_origins, http).merge(api::routes());
    let routes = without_handshakes(http).merge(websocket);
    match options.auth {
        Auth::Open => origins.guard(routes),
        // Nobody is believed without a token, and no other page has one.
        Auth::Accounts | Auth::Oidc => routes,
    }
}

/// Lets the gateway lose connections in silence, and end them when it notices.
async fn keep_silence(faults: Faults, gateway: ApiGateway) {
    let connections = gateway.connections();
    let end = |connection: &str| {
        connections.end(connection);
    };
    faults.keep_silence(|connection| connections.mute(connection), end).await;
}

/// The management API answers only this machine; a server that listens only elsewhere needs a way in
/// of its own for functions in other processes.
async fn management_listener(address: SocketAddr) -> anyhow::Result<Option<TcpListener>> {
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        return Ok(None);
    }
    Ok(Some(TcpListener::bind((loopback(address), 0)).await?))
}

fn loopback(address: SocketAddr) -> IpAddr {
    match address.ip() {
        ip if ip.is_loopback() => ip,
        IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
    }
}

/// The settings that a deployed function would read from its environment.
fn config(options: &Options, management: SocketAddr) -> anyhow::Result<Config> {
    let (mode, keys) = match options.auth {
        Auth::Open => (AuthMode::Open, None),
        Auth::Accounts => (AuthMode::Accounts, Some(token_key::of(options)?)),
        Auth::Oidc => (AuthMode::Oidc, None),
    };
    Config::from_variables(|name| match name {
        TABLE_NAME => Some(options.table.clone()),
        AUTH_MODE => Some(mode.name().to_owned()),
        TOKEN_KEY => keys.as_ref().map(|keys| keys.current.expose_secret().to_owned()),
        TOKEN_KEY_PREVIOUS => {
            let previous = keys.as_ref().and_then(|keys| keys.previous.as_ref());
            previous.map(|key| key.expose_secret().to_owned())
        }
        ARCHIVE => options.archive.clone(),
        OIDC_ISSUER => options.oidc_issuer.clone(),
        OIDC_AUDIENCE => options.oidc_audience.clone(),
        MANAGEMENT_ENDPOINT => Some(format!("http://{management}/{STAGE}")),
        // The page's own host, whichever address it was reached at.
        WEBSOCKET_URL => None,
        setting => options.settings.get(setting),
    })
    .map_err(anyhow::Error::from)
}

/// The functions, with faults around them if there are any.
fn functions(app: &App, hooks: &TestHooks, dynamodb: &str, faults: Option<&Faults>) -> Functions {
    let functions = match &hooks.functions {
        Some(make) => make(&app.config, dynamodb),
        None => Functions::new(app),
    };
    let functions = match &hooks.wrap {
        Some(around) => around(functions),
        None => functions,
    };
    match faults {
        Some(faults) => faults.wrap_functions(functions),
        None => functions,
    }
}

/// The clock of the functions, which is off in an invocation where a fault says so.
fn clock(time: Time) -> Clock {
    Clock::new(move || {
        let skew = jiff::SignedDuration::from_millis(Faults::skew());
        time.now().checked_add(skew).unwrap_or(jiff::Timestamp::MAX).into()
    })
}

/// The functions' way to the table and to the management API, with faults on it if there are any.
fn over_transports(aws: Aws, here: &InProcess, faults: Option<&Faults>) -> Aws {
    let Some(faults) = faults else {
        return aws.with_management_transport(here.transport());
    };
    let to_table = aws.sdk().http_client().unwrap_or_else(sockets);
    aws.with_transport(faults.transport(to_table))
        .with_management_transport(faults.transport(here.transport()))
}

/// The functions' clients, with what counts their requests around them.
fn observed(aws: Aws, hooks: &TestHooks) -> Aws {
    let aws = aws.with_interceptor(SharedInterceptor::permanent(meter::Interceptor));
    match &hooks.interceptor {
        Some(interceptor) => aws.with_interceptor(interceptor.clone()),
        None => aws,
    }
}
