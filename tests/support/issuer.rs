//! An issuer of tokens on a loopback port: it publishes keys and counts who asks for them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::SigningKey;

/// What an issuer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    /// Where the keys are.
    Discovery,
    /// The keys.
    Keys,
}

/// How it answers.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// As it should.
    Well,
    /// With this status.
    Status(u16),
    /// With this text.
    Text(String),
    /// By sending the client to the same document elsewhere on this machine.
    Redirect,
    /// With the beginning of an answer, and then the end of the connection.
    BreakOff,
    /// With the beginning of an answer, and then nothing.
    Dribble,
    /// Never.
    Hang,
}

/// An issuer; it stops with the test.
pub(crate) struct Issuer {
    address: SocketAddr,
    site: Arc<Site>,
}

struct Site {
    url: String,
    state: Mutex<Publication>,
    /// How often each document was asked for, and what a redirect leads to.
    requests: watch::Sender<[usize; 3]>,
}

#[derive(Clone)]
struct Publication {
    keys: Vec<Value>,
    cache_control: Option<&'static str>,
    manners: [Manner; 2],
}

impl Issuer {
    /// One that publishes `keys`.
    pub(crate) async fn with(keys: &[&SigningKey]) -> Self {
        Self::start("", keys).await
    }

    /// One whose name ends with a slash, as Auth0's does.
    pub(crate) async fn with_slash(keys: &[&SigningKey]) -> Self {
        Self::start("/", keys).await
    }

    async fn start(end: &str, keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let manners = [Manner::Well, Manner::Well];
        let site = Arc::new(Site {
            url: format!("http://{address}{end}"),
            state: Mutex::new(Publication { keys: Vec::new(), cache_control: None, manners }),
            requests: watch::Sender::default(),
        });
        let routes = Router::new()
            .route("/.well-known/{document}", get(answer))
            .route("/elsewhere/{document}", get(elsewhere))
            .with_state(site.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let issuer = Self { address, site };
        issuer.publishes(keys.iter().map(|key| key.jwk()));
        issuer
    }

    /// What its tokens have in `iss`.
    pub(crate) fn url(&self) -> &str {
        &self.site.url
    }

    /// Where its keys are.
    pub(crate) fn keys_url(&self) -> String {
        format!("http://{}/.well-known/keys", self.address)
    }

    /// Publishes `keys` from now on.
    pub(crate) fn publishes(&self, keys: impl IntoIterator<Item = Value>) {
        self.site.state.lock().unwrap().keys = keys.into_iter().collect();
    }

    /// Sends `header` as `Cache-Control` with its keys.
    pub(crate) fn says_of_keys(&self, header: &'static str) {
        self.site.state.lock().unwrap().cache_control = Some(header);
    }

    /// Answers requests for `document` in this manner.
    pub(crate) fn answers(&self, document: Document, manner: Manner) {
        self.site.state.lock().unwrap().manners[document as usize] = manner;
    }

    /// Answers nothing but 503.
    pub(crate) fn goes_down(&self) {
        self.answers(Document::Discovery, Manner::Status(503));
    }

    /// Answers as it should again.
    pub(crate) fn comes_back(&self) {
        self.answers(Document::Discovery, Manner::Well);
    }

    /// How often it was asked for its discovery document, and for its keys.
    pub(crate) fn requests(&self) -> (usize, usize) {
        let [discovery, keys, _] = *self.site.requests.borrow();
        (discovery, keys)
    }

    /// How often a redirect was followed.
    pub(crate) fn followed(&self) -> usize {
        self.site.requests.borrow()[2]
    }

    /// Waits until it is asked for `document`.
    pub(crate) async fn is_asked_for(&self, document: Document) {
        let mut requests = self.site.requests.subscribe();
        requests.wait_for(|requests| requests[document as usize] > 0).await.unwrap();
    }
}

async fn answer(State(site): State<Arc<Site>>, Path(name): Path<String>) -> Response {
    let document = match name.as_str() {
        "openid-configuration" => Document::Discovery,
        "keys" => Document::Keys,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let published = site.state.lock().unwrap().clone();
    site.requests.send_modify(|requests| requests[document as usize] += 1);
    match published.manners[document as usize].clone() {
        Manner::Well => tell(&site, document, &published),
        Manner::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Manner::Text(text) => text.into_response(),
        Manner::Redirect => {
            (StatusCode::FOUND, [(LOCATION, format!("/elsewhere/{name}"))]).into_response()
        }
        Manner::BreakOff => {
            let pieces = [Ok(Bytes::from_static(b"{\"keys\":")), Err("that is all")];
            Body::from_stream(stream::iter(pieces)).into_response()
        }
        Manner::Dribble => {
            let begun = stream::iter([Ok::<_, String>(Bytes::from_static(b"{\"keys\":"))]);
            Body::from_stream(futures::StreamExt::chain(begun, stream::pending())).into_response()
        }
        Manner::Hang => std::future::pending().await,
    }
}

async fn elsewhere(State(site): State<Arc<Site>>, Path(name): Path<String>) -> Response {
    site.requests.send_modify(|requests| requests[2] += 1);
    let published = site.state.lock().unwrap().clone();
    let document = if name == "keys" { Document::Keys } else { Document::Discovery };
    tell(&site, document, &published)
}

fn tell(site: &Site, document: Document, published: &Publication) -> Response {
    if document == Document::Discovery {
        let base = site.url.trim_end_matches('/');
        let keys = format!("{base}/.well-known/keys");
        return json!({"issuer": site.url, "jwks_uri": keys}).to_string().into_response();
    }
    let mut response = json!({"keys": published.keys}).to_string().into_response();
    if let Some(header) = published.cache_control {
        response.headers_mut().insert(CACHE_CONTROL, header.parse().unwrap());
    }
    response
}
