//! API Gateway as the simulation has it: connections without sockets, and invocations that run at the
//! same time and in any order, which is all that AWS promises.
//!
//! Framing, limits and refusals are the emulator's business and tested there; here is what matters to
//! the protocol: a connection does not stand before its `$connect` was answered, and one that has
//! ended is answered 410.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::any;
use fastrand::Rng;
use local::Functions;
use local::faults::Faults;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::record::{Record, What, lock};

/// How long API Gateway waits for an integration.
const PATIENCE: Duration = Duration::from_secs(29);
/// How long a frame or the end of a handshake travels at most.
const TRAVEL: u64 = 30;
/// Where virtual time begins, in epoch milliseconds.
pub(crate) const EPOCH: i64 = 1_750_000_000_000;

/// The gateway of one world; clones share it.
#[derive(Clone)]
pub(crate) struct SimulatedGateway(Arc<Shared>);

struct Shared {
    connections: Mutex<Connections>,
    functions: OnceLock<Functions>,
    faults: Faults,
    record: Record,
    rng: Mutex<Rng>,
    /// How many a user may have.
    most_connections: usize,
}

#[derive(Default)]
struct Connections {
    known: BTreeMap<String, Connection>,
    made: u64,
    /// The session of each device.
    sessions: BTreeMap<(String, usize), String>,
    /// The sessions that are to end, or have ended. The table alone knows from when on their
    /// connections count no more.
    ending: BTreeSet<String>,
    /// The sessions that have ended.
    ended: BTreeSet<String>,
}

#[derive(Clone)]
struct Connection {
    user: String,
    device: usize,
    session: String,
    open: bool,
    connected_at: i64,
    frames: mpsc::UnboundedSender<String>,
}

/// A client's end of a connection.
pub(crate) struct Socket {
    pub(crate) id: String,
    gateway: SimulatedGateway,
    frames: mpsc::UnboundedReceiver<String>,
}

impl Connections {
    /// How many connections of `user` stand whose sessions go on.
    fn open_of(&self, user: &str) -> usize {
        let open = |it: &&Connection| it.open && it.user == user;
        let open = self.known.values().filter(open);
        open.filter(|it| !self.ending.contains(&it.session)).count()
    }
}

impl SimulatedGateway {
    pub(crate) fn new(faults: Faults, record: Record, rng: Rng, most_connections: usize) -> Self {
        Self(Arc::new(Shared {
            connections: Mutex::default(),
            functions: OnceLock::new(),
            faults,
            record,
            rng: Mutex::new(rng),
            most_connections,
        }))
    }

    /// What the routes invoke.
    pub(crate) fn deploy(&self, functions: Functions) {
        assert!(self.0.functions.set(functions).is_ok(), "deployed once");
    }

    /// Opens a connection, unless `$connect` fails.
    pub(crate) async fn connect(&self, user: &str, device: usize) -> Option<Socket> {
        let (sender, frames) = mpsc::unbounded_channel();
        let id = {
            let mut connections = lock(&self.0.connections);
            connections.made += 1;
            let id = format!("c{:03}", connections.made);
            let place = (user.to_owned(), device);
            let session = connections.sessions.entry(place).or_insert_with(|| self.fresh_session());
            let session = session.clone();
            let connection = Connection {
                user: user.to_owned(),
                device,
                session,
                open: false,
                connected_at: self.epoch_millis(),
                frames: sender,
            };
            connections.known.insert(id.clone(), connection);
            id
        };
        let event = self.event(&id, "CONNECT", None)?;
        let answer = self.functions().connect.invoke(event, PATIENCE).await;
        if answer.ok().is_none_or(|answer| answer["statusCode"] != 200) {
            lock(&self.0.connections).known.remove(&id);
            return None;
        }
        self.travel().await;
        let (session, together) = {
            let mut connections = lock(&self.0.connections);
            let connection = connections.known.get_mut(&id)?;
            connection.open = true;
            (connection.session.clone(), connections.open_of(user))
        };
        self.0.record.note(user, device, What::Opened { connection: id.clone(), session });
        if together > self.0.most_connections {
            let broken = format!("{user} has {together} connections");
            self.0.record.note(user, device, What::Broken(broken));
        }
        Some(Socket { id, gateway: self.clone(), frames })
    }

    /// `@connections`.
    pub(crate) fn management(&self) -> Router {
        Router::new().route("/{stage}/@connections/{id}", any(manage)).with_state(self.clone())
    }

    /// The device's session is to end; its next connection begins another.
    pub(crate) fn signs_out(&self, user: &str, device: usize) -> Option<String> {
        let mut connections = lock(&self.0.connections);
        let session = connections.sessions.remove(&(user.to_owned(), device))?;
        connections.ending.insert(session.clone());
        Some(session)
    }

    /// The device has begun a session; its next connection is of that one.
    pub(crate) fn signs_in(&self, user: &str, device: usize, session: String) {
        lock(&self.0.connections).sessions.insert((user.to_owned(), device), session);
    }

    /// These sessions are to end.
    pub(crate) fn is_about_to_end(&self, sessions: &[String]) {
        lock(&self.0.connections).ending.extend(sessions.iter().cloned());
    }

    /// The session has ended: from now on nothing is said or heard over its connections.
    pub(crate) fn has_signed_out(&self, user: &str, session: String) {
        lock(&self.0.connections).ended.insert(session.clone());
        self.0.record.note(user, 0, What::SignedOut { session });
    }

    /// The connections that stand although their sessions have ended.
    pub(crate) fn overdue(&self) -> Vec<String> {
        let connections = lock(&self.0.connections);
        let known = connections.known.iter();
        let overdue = known.filter(|(_, it)| it.open && connections.ended.contains(&it.session));
        overdue.map(|(id, _)| id.clone()).collect()
    }

    fn fresh_session(&self) -> String {
        let mut random = [0; 16];
        lock(&self.0.rng).fill(&mut random);
        uuid::Builder::from_random_bytes(random).into_uuid().to_string()
    }

    /// Ends every connection that is older than `age`, as API Gateway does after two hours.
    pub(crate) fn cut_all(&self) {
        let open: Vec<_> = lock(&self.0.connections).known.keys().cloned().collect();
        for id in open {
            self.close(&id);
        }
    }

    /// Ends the connections that were lost in silence: the cloud has noticed.
    pub(crate) fn notice_silence(&self) {
        let known: Vec<_> = lock(&self.0.connections).known.keys().cloned().collect();
        for id in known {
            if self.0.faults.is_silent(&id) {
                self.close(&id);
            }
        }
    }

    fn functions(&self) -> &Functions {
        self.0.functions.get().expect("deployed before anybody connects")
    }

    fn epoch_millis(&self) -> i64 {
        EPOCH + i64::try_from(self.0.record.now()).unwrap()
    }

    async fn travel(&self) {
        let millis = lock(&self.0.rng).u64(0..TRAVEL);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    fn event(&self, id: &str, kind: &str, body: Option<&str>) -> Option<Value> {
        let connection = lock(&self.0.connections).known.get(id).cloned()?;
        let route = if kind == "MESSAGE" {
            "$default".to_owned()
        } else {
            format!("${}", kind.to_lowercase())
        };
        Some(json!({
            "requestContext": {
                "routeKey": route,
                "eventType": kind,
                "messageDirection": "IN",
                "requestTimeEpoch": self.epoch_millis(),
                "connectedAt": connection.connected_at,
                "connectionId": id,
                "identity": { "sourceIp": "127.0.0.1" },
                "domainName": "localhost",
                "stage": "dev",
                "apiId": "local",
                "authorizer": {
                    "user": connection.user, "mode": "accounts", "session": connection.session,
                },
            },
            "body": body,
            "isBase64Encoded": false,
        }))
    }

    /// A client's frame: invokes `$default` whatever else the connection has under way.
    fn route(&self, id: &str, frame: &str) {
        let Some(event) = self.event(id, "MESSAGE", Some(frame)) else { return };
        let (gateway, id) = (self.clone(), id.to_owned());
        let overdue = self.overdue().contains(&id);
        tokio::spawn(async move {
            gateway.travel().await;
            let answer = gateway.functions().message.invoke(event, PATIENCE).await;
            let reply = match &answer {
                Ok(answer) => answer["body"].as_str().unwrap_or_default().to_owned(),
                Err(_) => json!({
                    "message": "Internal server error", "connectionId": id, "requestId": "r",
                })
                .to_string(),
            };
            // What is not theirs anyhow is refused without a look at the table.
            let is_refused = reply.contains("unauthorized") || reply.contains("not_yours");
            if overdue && answer.is_ok() && !reply.is_empty() && !is_refused {
                let broken = format!("{id} is of an ended session and was answered {reply}");
                gateway.0.record.note("", 0, What::Broken(broken));
            }
            gateway.travel().await;
            if !reply.is_empty() && !gateway.0.faults.is_silent(&id) {
                gateway.push(&id, reply);
            }
        });
    }

    /// Hands a frame to the client; false if the connection does not stand.
    fn push(&self, id: &str, frame: String) -> bool {
        let connections = lock(&self.0.connections);
        let open = connections.known.get(id).filter(|connection| connection.open);
        open.is_some_and(|connection| connection.frames.send(frame).is_ok())
    }

    pub(crate) fn close(&self, id: &str) {
        let Some(event) = self.event(id, "DISCONNECT", None) else { return };
        let Some(connection) = lock(&self.0.connections).known.remove(id) else { return };
        let what = What::Closed { connection: id.to_owned() };
        self.0.record.note(&connection.user, connection.device, what);
        let gateway = self.clone();
        tokio::spawn(async move {
            gateway.travel().await;
            let patience = PATIENCE * 4;
            // Nobody waits for it, and nobody tries again.
            drop(gateway.functions().disconnect.invoke(event, patience).await);
        });
    }
}

impl Socket {
    pub(crate) fn send(&self, frame: &Value) {
        self.send_text(&frame.to_string());
    }

    pub(crate) fn send_text(&self, frame: &str) {
        self.gateway.route(&self.id, frame);
    }

    /// The next frame; `None` when the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let frame = self.frames.recv().await?;
        Some(serde_json::from_str(&frame).expect("frames are JSON"))
    }

    /// A frame that has come already.
    pub(crate) fn read(&mut self) -> Option<Value> {
        let frame = self.frames.try_recv().ok()?;
        Some(serde_json::from_str(&frame).expect("frames are JSON"))
    }

    pub(crate) fn close(self) {
        self.gateway.close(&self.id);
    }
}

async fn manage(
    State(gateway): State<SimulatedGateway>,
    Path((_, id)): Path<(String, String)>,
    method: Method,
    body: String,
) -> impl IntoResponse {
    let stands = lock(&gateway.0.connections).known.get(&id).is_some_and(|found| found.open);
    let error_type = HeaderName::from_static("x-amzn-errortype");
    let gone = (StatusCode::GONE, [(error_type.clone(), "GoneException")], String::new());
    let done = (StatusCode::OK, [(error_type, "")], "{}".to_owned());
    match method {
        Method::POST if gateway.push(&id, body) => done,
        Method::GET if stands => done,
        Method::DELETE if stands => {
            gateway.close(&id);
            done
        }
        _ => gone,
    }
}
