//! Counts what people's actions take: invocations, requests to the table with their units, pushes.
//!
//! An [`Action`] is what frames ask for by their `action`, a route of the HTTP API, a connection that comes
//! or goes, or a function that follows the stream. Whoever invokes functions does so as a
//! [part](Action::run) of an action; what these ask for is counted there by an [`Interceptor`], and costs
//! no more than some atomic additions.
//!
//! - `action` is what is counted of one action; `requests` sees the SDK's requests.

mod action;
mod requests;

use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use action::invocation;
pub use action::{Action, Kind, Taken};
pub use requests::{Interceptor, Operation, ask_for_units, units_of};

/// What is counted of a server, action by action; clones share it.
#[derive(Clone)]
pub struct Meter(Arc<Actions>);

struct Actions {
    frames: HashMap<&'static str, Arc<Action>>,
    /// By path and method.
    routes: HashMap<String, HashMap<String, Arc<Action>>>,
    streams: HashMap<&'static str, Arc<Action>>,
    connect: Arc<Action>,
    disconnect: Arc<Action>,
    /// Frames and routes that nobody named.
    other: Arc<Action>,
}

impl Default for Meter {
    /// One that tells no frames and no routes apart.
    fn default() -> Self {
        Self::new(&[], Vec::new(), &[])
    }
}

impl Meter {
    /// A meter for frames with these actions, routes with these methods and paths, and functions with these
    /// names that follow the stream.
    pub fn new(
        frames: &[&'static str],
        routes: Vec<(String, String)>,
        streams: &[&'static str],
    ) -> Self {
        let named = |kind, names: &[&'static str]| {
            names.iter().map(|name| (*name, Action::new(kind, *name))).collect()
        };
        let mut by_path = HashMap::<_, HashMap<_, _>>::new();
        for (method, path) in routes {
            let action = Action::new(Kind::Route, format!("{method} {path}"));
            by_path.entry(path).or_default().insert(method, action);
        }
        Self(Arc::new(Actions {
            frames: named(Kind::Frame, frames),
            routes: by_path,
            streams: named(Kind::Stream, streams),
            connect: Action::new(Kind::Connection, "connect"),
            disconnect: Action::new(Kind::Connection, "disconnect"),
            other: Action::new(Kind::Other, "anything else"),
        }))
    }

    /// Frames that say this in `action`.
    pub fn frame(&self, action: Option<&str>) -> Arc<Action> {
        let action = action.and_then(|action| self.0.frames.get(action));
        Arc::clone(action.unwrap_or(&self.0.other))
    }

    /// Requests to a route of the HTTP API.
    pub fn route(&self, method: &str, path: &str) -> Arc<Action> {
        let action = self.0.routes.get(path).and_then(|methods| methods.get(method));
        Arc::clone(action.unwrap_or(&self.0.other))
    }

    /// What a function does that follows the stream.
    pub fn stream(&self, function: &str) -> Arc<Action> {
        Arc::clone(self.0.streams.get(function).unwrap_or(&self.0.other))
    }

    /// Connections that are opened.
    pub fn connect(&self) -> Arc<Action> {
        Arc::clone(&self.0.connect)
    }

    /// Connections that have ended.
    pub fn disconnect(&self) -> Arc<Action> {
        Arc::clone(&self.0.disconnect)
    }

    /// Every action of which there was something to count, in order of kind and name.
    pub fn actions(&self) -> Vec<Arc<Action>> {
        let Actions { frames, routes, streams, connect, disconnect, other } = &*self.0;
        let routes = routes.values().flat_map(HashMap::values);
        let all = frames.values().chain(routes).chain(streams.values());
        let all = all.chain([connect, disconnect, other]);
        let mut all: Vec<_> = all.filter(|action| !action.is_idle()).map(Arc::clone).collect();
        all.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        all
    }

    /// What all of them took together.
    pub fn total(&self) -> Taken {
        self.actions().iter().map(|action| action.taken()).sum()
    }
}
