//! What clients ask over HTTP, a request on every line: method, target, body.

use std::rc::Rc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, LINK};
use axum::http::{Method, Request, StatusCode, Uri};
use bolero::check;
use local::behind_authorizer;
use local::http_server::RequestTimeouts;
use local::meter::Meter;
use tower::ServiceExt;

use crate::TIME;
use crate::mutation::{Mutation, mutated};
use crate::schema::{check_answer, described};
use crate::world::{World, play};

/// How many requests one input makes at most.
const REQUESTS: usize = 6;

const SEEDS: [&str; 38] = [
    "GET /messages?user1=alice&user2=bob&limit=1",
    "GET /api/messages?user_id=alice&with=bob&before=1750000000001",
    "GET /api/messages?user=alice&with=bob&after=0&limit=1",
    "GET /api/rooms/general/messages?user_id=bob&limit=1",
    "GET /api/conversations?user_id=alice&limit=1",
    "GET /api/conversations?user_id=alice&after=dm%3Aalice%3Abob",
    "GET /api/conversations?user_id=alice&limit=1&order=recent&unread=true&hidden=true",
    "GET /api/conversations?user_id=alice&order=recent&after=1.false.true.0.dm%3Aalice%3Abob",
    "GET /api/conversations/dm%3Aalice%3Abob/readers?user_id=alice&limit=1&seq=1",
    "GET /api/conversations/dm%3Aalice%3Abob/settings?user_id=alice",
    r#"PATCH /api/conversations/dm%3Aalice%3Abob/settings {"muted":"all","muted_until":"2025-06-15T15:06:41Z","pinned":true,"hidden":true,"draft":"x","unread_from":null,"user_id":"alice"}"#,
    "GET /messages?user1=alice&user2=bob&limit=1&%61fter=0",
    "GET /health",
    "GET /",
    "GET /client/icon.svg",
    "GET /api/blocks?user_id=alice&limit=1",
    "PUT /api/blocks/bob?user_id=alice",
    r#"DELETE /api/blocks/bob {"user_id":"alice"}"#,
    "GET /api/online_users?limit=1",
    "GET /api/online_users?after=alice&user_id=bob",
    r#"POST /api/rooms {"name":"Über uns","topic":"x","metadata":{"color":"green"},"user_id":"alice"}"#,
    r#"POST /api/rooms?user_id=bob {"name":"İ"}"#,
    "GET /api/rooms?limit=1",
    "GET /api/rooms?after=general",
    "GET /api/rooms/general",
    "DELETE /api/rooms/general?user_id=alice",
    "GET /api/rooms/general/members?limit=1",
    r#"POST /api/rooms/general/join {"user_id":"carol"}"#,
    r#"POST /api/rooms/general/leave {"sender_id":"bob"}"#,
    r#"PATCH /api/rooms/general {"access":"private","user_id":"alice"}"#,
    r#"PUT /api/rooms/general/members/bob {"role":"owner","user_id":"alice"}"#,
    "DELETE /api/rooms/general/members/bob?user_id=alice",
    r#"PUT /api/rooms/general/bans/carol {"user_id":"alice"}"#,
    r#"PUT /api/rooms/general/mutes/bob {"seconds":1,"user_id":"alice"}"#,
    r#"PUT /api/rooms/general/invitations/carol {"user_id":"alice"}"#,
    "GET /api/invitations?user_id=carol",
    r#"POST /api/send_message {"sender_id":"alice","receiver_id":"bob","content":"Hello","id":"7"}"#,
    r#"POST /api/send_message {"user_id":"bob","room":"general","content":"Hello"}"#,
];

/// Any bytes at all.
#[test]
fn requests() {
    check!().with_test_time(TIME).for_each(answers);
}

/// Nearly what a client asks.
#[test]
fn nearly_requests() {
    check!().with_test_time(TIME).with_type::<Vec<Mutation>>().for_each(|mutations| {
        let requests = mutations.iter().take(REQUESTS).map(|mutation| mutated(&SEEDS, mutation));
        answers(requests.collect::<Vec<_>>().join("\n").as_bytes());
    });
}

/// Every request gets an answer that `openapi.json` knows, which is no failure of ours.
fn answers(text: &[u8]) {
    let requests: Vec<_> =
        text.split(|byte| *byte == b'\n').take(REQUESTS).filter_map(read).collect();
    if requests.is_empty() {
        return;
    }
    play(async |world: Rc<World>| {
        let functions = world.functions.clone();
        let api = behind_authorizer(
            functions.http,
            functions.authorizer,
            RequestTimeouts::default(),
            Meter::default(),
        );
        for (method, target, body) in requests {
            if let (_, Some(next)) = ask(&api, method, target, body).await {
                let (status, _) = ask(&api, Method::GET, next, Vec::new()).await;
                assert!(status.is_success(), "the next page is answered {status}");
            }
        }
    });
}

/// A request, if it is one that HTTP lets through.
fn read(line: &[u8]) -> Option<(Method, Uri, Vec<u8>)> {
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let method = parts.next().filter(|method| method.iter().all(u8::is_ascii_uppercase))?;
    let method = Method::from_bytes(method).ok()?;
    // Whether an empty segment is one, the documents do not say.
    let plain = |path: &str| path.starts_with('/') && !path.contains("//");
    let target = Uri::try_from(parts.next()?).ok().filter(|target| plain(target.path()))?;
    Some((method, target, parts.next().unwrap_or_default().to_vec()))
}

/// Checks the answer; its status, and the next page's target if it names one.
async fn ask(
    api: &Router,
    method: Method,
    target: Uri,
    body: Vec<u8>,
) -> (StatusCode, Option<Uri>) {
    let path = target.path().to_owned();
    let asked = format!("{method} {target} {}", String::from_utf8_lossy(&body));
    let request = Request::builder().method(&method).uri(target).body(Body::from(body)).unwrap();
    let answer = api.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let next = answer.headers().get(LINK).map(|link| next_page(link.to_str().unwrap()));
    let kind = answer.headers().get(CONTENT_TYPE).cloned();
    let kind = kind.as_ref().map_or("", |kind| kind.to_str().unwrap());
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let body = described(str::from_utf8(&body).unwrap(), kind);
    assert!(!status.is_server_error(), "{asked}: {status}");
    assert!(next.is_none() || status.is_success(), "{asked}: {status} {next:?}");
    check_answer(method.as_str(), &path, status.as_u16(), &body);
    (status, next)
}

fn next_page(link: &str) -> Uri {
    let target = link.strip_prefix('<').and_then(|link| link.split_once('>'));
    target.unwrap_or_else(|| panic!("{link}")).0.parse().unwrap()
}
