//! Somebody with an account.

use futures::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Answer, Chat, Person};

/// What everybody in these tests signs in with.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A person who has signed in.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Member {
    /// Who has got these tokens.
    pub(crate) fn of(answer: &Answer) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&answer.body["user"]["id"]),
            access: text(&answer.body["access_token"]),
            refresh: text(&answer.body["refresh_token"]),
        }
    }
}

impl Chat {
    /// A server where people have accounts.
    pub(crate) async fn with_accounts() -> Self {
        Self::start_with(|options| options.auth = local::options::Auth::Accounts).await
    }

    /// The same, for what is counted within a quarter of an hour or a day, which may end meanwhile.
    pub(crate) async fn with_accounts_in_standing_time() -> Self {
        Self::start_in_standing_time(|options| options.auth = local::options::Auth::Accounts).await
    }

    /// Makes an account.
    pub(crate) async fn registers(&self, username: &str) -> Member {
        let body = json!({ "username": username, "password": PASSWORD });
        let answer = self.post("/api/register", body).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        Member::of(&answer)
    }

    /// Tries to sign in.
    pub(crate) async fn logs_in(&self, username: &str, password: &str) -> Answer {
        self.post("/api/login", json!({ "username": username, "password": password })).await
    }

    /// A request that shows `token`.
    pub(crate) async fn asks_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.request(method.clone(), path).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.answer_to(method, path, request).await
    }

    /// `GET path` of whoever shows `token`.
    pub(crate) async fn gets_as(&self, token: &str, path: &str) -> Answer {
        self.asks_as(token, Method::GET, path, None).await
    }

    /// `member` connects by the access token, and is welcome.
    pub(crate) async fn joined_by_member(&self, member: &Member) -> Person {
        let url = format!("{}?token={}", self.websocket_url(), member.access);
        Person::opens(&url, &member.id).await.welcomed().await
    }
}

/// What a handshake with these headers is answered: the status, and the subprotocol that was chosen.
pub(crate) async fn handshake(url: &str, headers: &[(&str, &str)]) -> (u16, Option<String>) {
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let told = |response: &Response<Option<Vec<u8>>>| {
        let protocol = response.headers().get("sec-websocket-protocol");
        let protocol = protocol.map(|protocol| protocol.to_str().unwrap().to_owned());
        (response.status().as_u16(), protocol)
    };
    match connect_async(request).await {
        Ok((mut socket, response)) => {
            socket.send(Message::Close(None)).await.unwrap();
            while let Some(Ok(_)) = socket.next().await {}
            told(&response)
        }
        Err(Error::Http(response)) => told(&response),
        Err(other) => panic!("{other}"),
    }
}
