//! A server on a free port, with Lambdas that record.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use local::apigateway::{ApiGateway, Connections, Route, WebSocketApi};
use local::http_server::{self, RequestTimeouts};
use local::time::Time;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;

use super::{Client, HttpResponse, Recorder, Refused, http, soon};

pub(crate) struct Server {
    pub(crate) time: Time,
    pub(crate) gateway: ApiGateway,
    pub(crate) address: SocketAddr,
    pub(crate) accepted: Arc<AtomicUsize>,
    events: mpsc::UnboundedReceiver<Value>,
}

impl Server {
    /// Everybody may connect, and `$default` echoes.
    pub(crate) async fn start() -> Self {
        Self::with(|_, _| {}).await
    }

    /// Like [`Self::start`], but for these changes.
    pub(crate) async fn with(configure: impl FnOnce(&mut WebSocketApi, &Recorder)) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let recorder = Recorder(sender);
        let fine = || Route::one_way(recorder.answers(json!({ "statusCode": 200 })));
        let routes = [
            ("$connect", fine()),
            ("$disconnect", fine()),
            ("$default", Route::two_way(recorder.echoes())),
        ];
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let mut api = WebSocketApi {
            routes: HashMap::from(routes.map(|(key, route)| (key.to_owned(), route))),
            accepted: Some(Arc::new(move || {
                counter.fetch_add(1, Ordering::SeqCst);
            })),
            ..WebSocketApi::default()
        };
        configure(&mut api, &recorder);
        let time = Time::new();
        let gateway = ApiGateway::new(api, time.clone());
        let address = serve(&gateway).await;
        Self { time, gateway, address, accepted, events }
    }

    pub(crate) fn connections(&self) -> &Connections {
        self.gateway.connections()
    }

    /// The request of a client that wants to connect.
    pub(crate) fn request(&self, path: &str) -> Request {
        format!("ws://{}{path}", self.address).into_client_request().unwrap()
    }

    pub(crate) async fn try_connect(&self, request: Request) -> Result<Client, Refused> {
        Client::connect(self.tcp().await, request).await
    }

    pub(crate) async fn connect(&self) -> Client {
        self.try_connect(self.request("/ws")).await.unwrap()
    }

    /// Connects, and tells the connection's id.
    pub(crate) async fn connect_known(&mut self) -> (Client, String) {
        let client = self.connect().await;
        let event = self.event("CONNECT").await;
        (client, event["requestContext"]["connectionId"].as_str().unwrap().to_owned())
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The next event, which has to be of this type.
    pub(crate) async fn event(&mut self, event_type: &str) -> Value {
        let event = soon(self.events.recv()).await.unwrap();
        assert_eq!(event["requestContext"]["eventType"], event_type, "in {event}");
        event
    }

    /// Waits until all connections have ended, and counts the events not asked for.
    pub(crate) async fn remaining_events(&mut self) -> Vec<Value> {
        self.connections().shut_down(super::seconds(10)).await;
        let mut events = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            events.push(event);
        }
        events
    }

    /// Waits for the end of a connection, and tells its code and reason.
    pub(crate) async fn disconnect(&mut self) -> (u64, String) {
        let event = self.event("DISCONNECT").await;
        let context = &event["requestContext"];
        let code = context["disconnectStatusCode"].as_u64().unwrap();
        (code, context["disconnectReason"].as_str().unwrap().to_owned())
    }

    pub(crate) async fn http(&self, method: &str, path: &str, body: &[u8]) -> HttpResponse {
        http::ask(self.address, method, path, body).await
    }

    /// Pushes to a connection.
    pub(crate) async fn push(&self, id: &str, body: &[u8]) -> HttpResponse {
        self.http("POST", &format!("/@connections/{id}"), body).await
    }
}

async fn serve(gateway: &ApiGateway) -> SocketAddr {
    let app = gateway.websocket().merge(gateway.management());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async move {
        http_server::serve(listener, app, RequestTimeouts::default(), stopped).await;
        drop(stop);
    });
    address
}
