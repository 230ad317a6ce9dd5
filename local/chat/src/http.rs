//! Requests to the HTTP API.

use std::time::Duration;

use client::connection::innermost;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::LINK;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::addresses::Addresses;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a request is made that fails for no fault of its own, and the pause between.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(400);
/// How many pages of a list are read, and how long each is.
const PAGES: usize = 10;
const PAGE: usize = 100;

/// What a request shows to prove who asks.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// Nothing: for signing in.
    None,
    /// A name that is believed.
    Name(String),
    /// A token.
    Token(SecretString),
}

/// Why there is no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The server said no.
    #[error("{reason}")]
    Refused { status: u16, reason: String },
    /// No server of this kind answered.
    #[error("{url} does not answer as the HTTP API; --http says where it is ({reason})")]
    Unreachable { url: String, reason: String },
}

/// A list, or as much of it as anybody would look at.
#[derive(Debug)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    pub(crate) is_whole: bool,
}

/// A good answer, and the cursor of the page after it.
struct HttpResponse<T> {
    value: T,
    next: Option<String>,
}

/// The HTTP API of a server.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    base: String,
}

impl Http {
    /// The API at these addresses.
    pub(crate) fn new(addresses: &Addresses) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { client, base: addresses.http().to_owned() })
    }

    /// Asks, again if the failure may pass: only for what may be done twice.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        credential: &Credential,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, HttpError> {
        Ok(self.persist(credential, method, path, body).await?.value)
    }

    /// Asks for a list, page after page.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        credential: &Credential,
        path: &str,
    ) -> Result<List<T>, HttpError> {
        let (mut items, mut after) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = self.page(credential, path, after.as_deref()).await?;
            items.extend(page.value);
            after = page.next;
            if after.is_none() {
                return Ok(List { items, is_whole: true });
            }
        }
        Ok(List { items, is_whole: false })
    }

    /// Asks for the first page of a list.
    pub(crate) async fn first_page<T: DeserializeOwned>(
        &self,
        credential: &Credential,
        path: &str,
    ) -> Result<List<T>, HttpError> {
        let HttpResponse { value, next } = self.page(credential, path, None).await?;
        Ok(List { items: value, is_whole: next.is_none() })
    }

    async fn page<T: DeserializeOwned>(
        &self,
        credential: &Credential,
        path: &str,
        after: Option<&str>,
    ) -> Result<HttpResponse<Vec<T>>, HttpError> {
        self.persist(credential, Method::GET, &page(path, after), None).await
    }

    /// Asks once.
    pub(crate) async fn ask_once<T: DeserializeOwned>(
        &self,
        credential: &Credential,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, HttpError> {
        Ok(self.read(self.send(credential, method, path, body).await?)?.value)
    }

    /// Asks for lines of text after a cursor; and the cursor to go on after.
    pub(crate) async fn lines(
        &self,
        credential: &Credential,
        path: &str,
        after: Option<&str>,
    ) -> Result<(String, Option<String>), HttpError> {
        let HttpResponse { value, next } =
            self.persist_raw(credential, Method::GET, &page(path, after), None).await?;
        let lines = String::from_utf8(value).map_err(|error| self.unreachable(error))?;
        Ok((lines, next))
    }

    async fn persist<T: DeserializeOwned>(
        &self,
        credential: &Credential,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<HttpResponse<T>, HttpError> {
        self.read(self.persist_raw(credential, method, path, body).await?)
    }

    async fn persist_raw(
        &self,
        credential: &Credential,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<HttpResponse<Vec<u8>>, HttpError> {
        let mut tries = 1;
        loop {
            let answer = self.send(credential, method.clone(), path, body.clone()).await;
            let may_pass = match &answer {
                Ok(_) => false,
                Err(HttpError::Refused { status, .. }) => *status >= 500,
                Err(HttpError::Unreachable { .. }) => true,
            };
            if !may_pass || tries == TRIES {
                return answer;
            }
            tokio::time::sleep(PAUSE * tries).await;
            tries += 1;
        }
    }

    async fn send(
        &self,
        credential: &Credential,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<HttpResponse<Vec<u8>>, HttpError> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        request = match credential {
            Credential::None => request,
            Credential::Name(user) => request.query(&[("user_id", user)]),
            Credential::Token(token) => request.bearer_auth(token.expose_secret()),
        };
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let link = response.headers().get(LINK).and_then(|link| link.to_str().ok());
        let next = link.and_then(next);
        let answer = response.bytes().await.map_err(|error| self.unreachable(error))?;
        if status.is_success() {
            return Ok(HttpResponse { value: answer.into(), next });
        }
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let reason = answer["error"]["message"].as_str().or(answer["message"].as_str());
        let reason = reason.map_or_else(|| format!("the HTTP API answers {status}"), str::to_owned);
        Err(HttpError::Refused { status: status.as_u16(), reason })
    }

    /// What an answer says in JSON; no answer is `null`.
    fn read<T: DeserializeOwned>(
        &self,
        HttpResponse { value, next }: HttpResponse<Vec<u8>>,
    ) -> Result<HttpResponse<T>, HttpError> {
        let answer = if value.is_empty() { b"null" } else { &value[..] };
        let value = serde_json::from_slice(answer).map_err(|error| self.unreachable(error))?;
        Ok(HttpResponse { value, next })
    }

    fn unreachable(&self, error: impl std::error::Error + 'static) -> HttpError {
        HttpError::Unreachable { url: self.base.clone(), reason: innermost(&error) }
    }
}

/// Where a page of a list is, which may have a query already.
fn page(path: &str, after: Option<&str>) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    let after = after.map(|after| format!("&after={}", segment(after))).unwrap_or_default();
    format!("{path}{sign}limit={PAGE}{after}")
}

/// The cursor in a link to the next page: the path in it may be another one than clients use.
fn next(link: &str) -> Option<String> {
    let (target, relation) = link.strip_prefix('<')?.split_once('>')?;
    let (_, query) = target.split_once('?').filter(|_| relation.contains(r#"rel="next""#))?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find_map(|(key, value)| (key == "after").then(|| value.into_owned()))
}

/// A part of a path, whatever characters it has.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::Query;
    use axum::response::{IntoResponse, Json};
    use axum::routing::get;

    use super::*;

    #[derive(serde::Deserialize)]
    struct Asked {
        limit: usize,
        #[serde(default)]
        after: usize,
    }

    /// The numbers up to `last`, in pages whose links name another path.
    async fn numbers(asked: Asked, last: usize) -> impl IntoResponse {
        let end = asked.after + asked.limit;
        let page: Vec<_> = (asked.after + 1..=end.min(last)).collect();
        let next = format!("</elsewhere?limit=1&after={end}>; rel=\"next\"");
        let link = (end < last).then_some([(LINK, next)]);
        (link, Json(page))
    }

    async fn list_to(last: usize) -> List<usize> {
        let numbers = move |Query(asked): Query<Asked>| numbers(asked, last);
        let router = Router::new().route("/numbers", get(numbers));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        let http = Http::new(&Addresses::new(&url, None).unwrap()).unwrap();
        http.list(&Credential::Name("alice".into()), "/numbers").await.unwrap()
    }

    #[tokio::test]
    async fn a_list_is_read_to_its_end() {
        let list = list_to(2 * PAGE + 1).await;
        assert!(list.is_whole && list.items.into_iter().eq(1..=2 * PAGE + 1));
    }

    #[tokio::test]
    async fn a_list_without_end_is_not() {
        let list = list_to(usize::MAX / 2).await;
        assert!(!list.is_whole && list.items.into_iter().eq(1..=PAGES * PAGE));
    }

    #[test]
    fn a_page_is_asked_for_beside_what_else_is_asked() {
        assert_eq!(page("/a", None), "/a?limit=100");
        assert_eq!(page("/a?order=recent", Some("b:c")), "/a?order=recent&limit=100&after=b%3Ac");
    }

    #[test]
    fn only_what_comes_next_is_a_next_page() {
        assert_eq!(next("</a?x=1&after=a%3Ab>; rel=\"next\"").as_deref(), Some("a:b"));
        assert_eq!(next("</a?before=7>; rel=\"prev\""), None);
        assert_eq!(next("</a?before=7>; rel=\"next\""), None);
        assert_eq!(next("nonsense"), None);
    }
}
