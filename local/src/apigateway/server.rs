//! The running API: a configuration, a clock, and the connections that stand.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use jiff::Timestamp;

use super::event::RequestContext;
use super::traffic::{self, Traffic};
use super::{Connections, Frame, Passed, Standing, Way, WebSocketApi, handshake, management};
use crate::time::Time;

/// Serves a [`WebSocketApi`] and the management API of its connections.
#[derive(Clone)]
pub struct ApiGateway {
    pub(super) api: Arc<WebSocketApi>,
    pub(super) time: Time,
    pub(super) connections: Connections,
    pub(super) traffic: Arc<Traffic>,
}

impl ApiGateway {
    /// Makes an API that has no connections yet and whose limits run on `time`.
    pub fn new(api: WebSocketApi, time: Time) -> Self {
        let (connections, traffic) = Default::default();
        Self { api: Arc::new(api), time, connections, traffic }
    }

    /// The WebSocket endpoint, at `/ws` and at the stage's path.
    ///
    /// Events show the client's address if the server passes it on: serve the router with
    /// [`Router::into_make_service_with_connect_info`] of [`std::net::SocketAddr`].
    pub fn websocket(&self) -> Router {
        let mut router = Router::new();
        // A stage that is called `ws` has only one path.
        for name in BTreeSet::from(["ws", self.api.stage.as_str()]) {
            router = router
                .route(&format!("/{name}"), any(handshake::upgrade))
                .route(&format!("/{name}/"), any(handshake::upgrade));
        }
        router.with_state(self.clone())
    }

    /// The management API, at `/@connections/{id}` and below the stage's path.
    ///
    /// Only peers on this machine are served; who calls it without a socket has to add a
    /// [`axum::extract::ConnectInfo`] to the request.
    pub fn management(&self) -> Router {
        let stage = &self.api.stage;
        let mut router = Router::new();
        for folder in ["@connections", "%40connections"] {
            for below in [format!("/{folder}"), format!("/{stage}/{folder}")] {
                router = router
                    .route(&below, any(management::manage))
                    .route(&format!("{below}/"), any(management::manage))
                    .route(&format!("{below}/{{*id}}"), any(management::manage));
            }
            let elsewhere = format!("/{{stage}}/{folder}/{{*id}}");
            router = router.route(&elsewhere, any(management::elsewhere));
        }
        router.with_state(self.clone())
    }

    /// The connections that stand.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// What the clock shows that the limits run on.
    pub fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// What has passed one way.
    pub fn passed(&self, way: Way) -> Passed {
        self.traffic.flow(way)
    }

    /// The last 200 frames, the newest first. They are kept only while somebody looks every few seconds.
    pub fn watch(&self) -> Vec<Frame> {
        self.traffic.watch(self.time.now())
    }

    /// The connections that stand, the oldest first.
    pub fn standing(&self) -> Vec<Standing> {
        let mut all: Vec<_> = self.connections.all().iter().map(|it| Standing::of(it)).collect();
        all.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        all
    }

    /// For how many minutes connections stood or stand, all of them together.
    pub fn connection_minutes(&self) -> f64 {
        let now = self.time.now();
        let all = self.connections.all();
        let standing = all.iter().map(|it| traffic::milliseconds(it.info.connected_at, now));
        let milliseconds = self.traffic.ended_milliseconds() + standing.sum::<u64>();
        milliseconds as f64 / 60_000.0
    }

    /// Something happens now that Lambdas will be told of.
    pub(super) fn request_context(&self) -> RequestContext {
        RequestContext::new(self.time.now())
    }
}
