//! What `template.yaml` deploys, wired up in this process: the same routes to the same functions.

use std::sync::Arc;

use axum::Router;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use shared::edge::lambda;
use shared::protocol::ClientFrame;
use shared::store::keys;
use shared::{App, Error};

use crate::api;
use crate::apigateway::{Authorizer, Lambda, Route, WebSocketApi};
use crate::event_source::EventSource;
use crate::meter::Meter;

/// The stage of the local WebSocket API.
pub const STAGE: &str = "dev";

/// Every function that is deployed.
#[derive(Clone)]
pub struct Functions {
    /// Says who is calling, for both APIs.
    pub authorizer: Lambda,
    /// `$connect`.
    pub connect: Lambda,
    /// `$disconnect`.
    pub disconnect: Lambda,
    /// `$default`.
    pub message: Lambda,
    /// Who follows the table's stream: a row for each `DynamoDB` event in `template.yaml`.
    pub event_sources: Vec<EventSource>,
    /// The routes of the HTTP API.
    pub http: Router,
}

impl Functions {
    /// Every function in this process, with the same `app`.
    pub fn new(app: &App) -> Self {
        Self {
            authorizer: function(app, authorizer::handle),
            connect: function(app, connect::handle),
            disconnect: function(app, disconnect::handle),
            message: function(app, message::handle),
            event_sources: event_sources(app),
            http: history::router(app.clone())
                .merge(people::router(app.clone()))
                .merge(rooms::router(app.clone()))
                .merge(send::router(app.clone()))
                .merge(web::router(app.clone())),
        }
    }

    /// The same functions, each but those of the HTTP API replaced by what `change` makes of it and of
    /// the name of its folder.
    #[must_use]
    pub fn map(self, mut change: impl FnMut(&'static str, Lambda) -> Lambda) -> Self {
        let Self { authorizer, connect, disconnect, message, event_sources, http } = self;
        Self {
            authorizer: change("authorizer", authorizer),
            connect: change("connect", connect),
            disconnect: change("disconnect", disconnect),
            message: change("message", message),
            event_sources: event_sources
                .into_iter()
                .map(|source| {
                    let function = change(source.name, source.function);
                    EventSource { function, ..source }
                })
                .collect(),
            http,
        }
    }

    /// Counts what they do, action by action.
    pub(crate) fn meter(&self) -> Meter {
        let followers: Vec<_> = self.event_sources.iter().map(|source| source.name).collect();
        Meter::new(ClientFrame::ACTIONS, api::operations(), &followers)
    }

    /// The WebSocket API; `accepted` is called for every connection.
    pub(crate) fn websocket_api(
        &self,
        meter: Meter,
        accepted: impl Fn() + Send + Sync + 'static,
    ) -> WebSocketApi {
        let authorizer =
            Authorizer { lambda: self.authorizer.clone(), identity_sources: Vec::new() };
        let routes = [
            (WebSocketApi::CONNECT, Route::one_way(self.connect.clone())),
            (WebSocketApi::DISCONNECT, Route::one_way(self.disconnect.clone())),
            (WebSocketApi::DEFAULT, Route::two_way(self.message.clone())),
        ];
        WebSocketApi {
            stage: STAGE.to_owned(),
            authorizer: Some(authorizer),
            routes: routes.map(|(key, route)| (key.to_owned(), route)).into(),
            accepted: Some(Arc::new(accepted)),
            meter,
            ..WebSocketApi::default()
        }
    }
}

/// Who follows the table's stream; without an archive nobody archives.
fn event_sources(app: &App) -> Vec<EventSource> {
    let deliver = EventSource {
        name: "deliver",
        patterns: vec![
            json!({
                "eventName": ["INSERT", "MODIFY"],
                "dynamodb": { "NewImage": { keys::ARRIVED: { "S": [{ "exists": true }] } } },
            }),
            json!({
                "eventName": ["INSERT"],
                "dynamodb": { "NewImage": { keys::FAN_UNTIL: { "N": [{ "exists": true }] } } },
            }),
        ],
        batch: 100,
        function: function(app, deliver::handle),
    };
    let archive = || EventSource {
        name: "archive",
        patterns: vec![json!({
            "eventName": ["REMOVE"],
            "userIdentity": { "type": ["Service"], "principalId": ["dynamodb.amazonaws.com"] },
            "dynamodb": { "Keys": { keys::SK: { "S": [{ "prefix": keys::MESSAGES }] } } },
        })],
        batch: 1000,
        function: function(app, archive::handle),
    };
    let archive = app.archive.is_some().then(archive);
    [Some(deliver), archive].into_iter().flatten().collect()
}

/// A handler as Lambda would run it: a failure is logged once and told by its message.
fn function<Event, Answer, Handle>(app: &App, handle: Handle) -> Lambda
where
    Event: DeserializeOwned + Send + 'static,
    Answer: Serialize + 'static,
    Handle: for<'a> Handler<'a, Event, Answer> + Clone + Send + Sync + 'static,
{
    let app = app.clone();
    Lambda::new(move |event: Event| {
        let (app, handle) = (app.clone(), handle.clone());
        async move {
            handle.handle(&app, event).await.map_err(|error| {
                error.log();
                lambda::message_of(&error)
            })
        }
    })
}

/// An `async fn(&App, Event) -> Result<Answer, Error>` whose future may move between threads.
trait Handler<'a, Event, Answer> {
    fn handle(&self, app: &'a App, event: Event) -> BoxFuture<'a, Result<Answer, Error>>;
}

impl<'a, Event, Answer, Handle, Handling> Handler<'a, Event, Answer> for Handle
where
    Handle: Fn(&'a App, Event) -> Handling,
    Handling: Future<Output = Result<Answer, Error>> + Send + 'a,
{
    fn handle(&self, app: &'a App, event: Event) -> BoxFuture<'a, Result<Answer, Error>> {
        self(app, event).boxed()
    }
}
