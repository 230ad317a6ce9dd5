//! What the server says, held against what `local/api` says of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::{Draft, Validator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::protocol::{
    ApiKeyView, Ban, Block, ConversationView, ErrorEnvelope, Invitation, MemberView, MessageView,
    MintedToken, NewApiKey, OnlineUser, Person, PresenceView, Reader, Received, RoomView,
    ServerFrame, SettingsView, Ticket, Tokens, Version,
};

/// The description of the HTTP API.
pub(crate) static OPENAPI: LazyLock<Value> =
    LazyLock::new(|| parse(include_str!("../../local/api/openapi.json")));
/// The description of the WebSocket API.
pub(crate) static ASYNCAPI: LazyLock<Value> =
    LazyLock::new(|| parse(include_str!("../../local/api/asyncapi.json")));

/// By message, as `components.messages` names it.
static FRAMES: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(frames);
/// By operation; an answer without content has no schema.
static ANSWERS: LazyLock<BTreeMap<Operation, Statuses>> = LazyLock::new(answers);

/// A path's template, and a method in small letters.
type Operation = (String, String);
type Statuses = BTreeMap<String, Option<Validator>>;

/// Panics unless `asyncapi.json` says that the server sends such frames.
pub(crate) fn check_frame(frame: &Value) {
    let name = match frame.get("type") {
        Some(Value::String(name)) => format!("server.{name}"),
        Some(_) => panic!("the type of a frame is no text: {frame}"),
        None => "gateway.error".to_owned(),
    };
    let validator = FRAMES.get(&name);
    let validator = validator.unwrap_or_else(|| panic!("asyncapi.json knows no frame {frame}"));
    check(validator, frame, &format!("asyncapi.json knows no such {name}: {frame}"));
    let read = Received::from_value(frame.clone());
    let again = match read.unwrap_or_else(|| panic!("no client reads {frame}")) {
        Received::Frame { frame, answers } => frame.answer(answers.as_deref()).into_string(),
        Received::Failure => return,
    };
    assert_eq!(parse(&again), *frame, "what a client reads is not all that was sent");
}

/// An answer's body as `openapi.json` describes it: JSON is what it says, a file is a text, and nothing
/// is null.
pub(crate) fn described(body: &str, content_type: &str) -> Value {
    match content_type {
        _ if body.is_empty() => Value::Null,
        "application/json" => parse(body),
        _ => body.into(),
    }
}

/// Panics unless `openapi.json` says that the server answers so; `path` may have a query.
pub(crate) fn check_answer(method: &str, path: &str, status: u16, body: &Value) {
    let (method, path) = (method.to_lowercase(), path.split('?').next().unwrap_or_default());
    let answer = format!("{method} {path} is answered {status} {body}");
    let operation =
        ANSWERS.iter().find(|((template, of), _)| *of == method && fits(template, path));
    let Some(((template, _), statuses)) = operation else {
        // API Gateway itself says that there is no such route.
        assert_eq!((status, body), (404, &json!({ "message": "Not Found" })), "{answer}");
        return;
    };
    match statuses.get(&status.to_string()) {
        None => panic!("openapi.json knows no such status: {answer}"),
        Some(None) => assert!(body.is_null(), "openapi.json knows no content: {answer}"),
        Some(Some(validator)) => {
            check(validator, body, &format!("openapi.json knows no such body: {answer}"));
            if let Some(again) = as_read(&method, template, status, body) {
                assert_eq!(again, *body, "what a client reads is not all of it: {answer}");
            }
        }
    }
}

/// What a client reads of an answer by the type that the server wrote, written again.
fn as_read(method: &str, template: &str, status: u16, body: &Value) -> Option<Value> {
    if status >= 400 {
        return body.get("error").map(|_| again::<ErrorEnvelope>(body));
    }
    Some(match (method, template) {
        ("get", "/messages" | "/api/messages" | "/api/rooms/{room}/messages") => {
            again::<Vec<MessageView>>(body)
        }
        ("get", "/api/conversations") => again::<Vec<ConversationView>>(body),
        ("get", "/api/conversations/{conversation}/pins") => again::<Vec<MessageView>>(body),
        ("get", "/api/conversations/{conversation}/messages/{seq}/versions") => {
            again::<Vec<Version>>(body)
        }
        ("get", "/api/conversations/{conversation}/readers") => again::<Vec<Reader>>(body),
        ("get" | "patch", "/api/conversations/{conversation}/settings") => {
            again::<SettingsView>(body)
        }
        ("post", "/api/send_message") => again::<ServerFrame>(body),
        ("get", "/api/rooms") => again::<Vec<RoomView>>(body),
        ("get" | "patch", "/api/rooms/{room}")
        | ("post", "/api/rooms" | "/api/rooms/{room}/join") => again::<RoomView>(body),
        ("get", "/api/rooms/{room}/members") => again::<Vec<MemberView>>(body),
        ("get", "/api/rooms/{room}/bans") => again::<Vec<Ban>>(body),
        ("get", "/api/invitations") => again::<Vec<Invitation>>(body),
        ("get", "/api/blocks") => again::<Vec<Block>>(body),
        ("get", "/api/presence") => again::<Vec<PresenceView>>(body),
        ("get", "/api/online_users") => again::<Vec<OnlineUser>>(body),
        ("get", "/api/me" | "/api/users/{user}") | ("patch", "/api/me") => again::<Person>(body),
        ("post", "/api/register" | "/api/login" | "/api/refresh") => again::<Tokens>(body),
        ("post", "/api/tickets") => again::<Ticket>(body),
        ("post", "/api/users") => again::<Person>(body),
        ("post", "/api/users/{user}/tokens") => again::<MintedToken>(body),
        ("post", "/api/keys") => again::<NewApiKey>(body),
        ("get", "/api/keys") => again::<Vec<ApiKeyView>>(body),
        _ => return None,
    })
}

fn again<T: Serialize + DeserializeOwned>(body: &Value) -> Value {
    let read = T::deserialize(body).unwrap_or_else(|error| panic!("{body}: {error}"));
    serde_json::to_value(read).unwrap()
}

/// The schema at a place in a document, which may refer to the rest of it.
pub(crate) fn schema_at(document: &Value, pointer: &str) -> Validator {
    let draft = if document.get("openapi").is_some() { Draft::Draft202012 } else { Draft::Draft7 };
    let mut schema = document.clone();
    // A reference is a URI, in which braces are written so.
    let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
    schema["$ref"] = format!("#{fragment}").into();
    let options = jsonschema::options().with_draft(draft).should_validate_formats(true);
    options.build(&schema).unwrap_or_else(|error| panic!("{pointer}: {error}"))
}

/// Panics with `complaint` and everything that is wrong.
pub(crate) fn check(validator: &Validator, value: &Value, complaint: &str) {
    let wrong: Vec<_> = validator
        .iter_errors(value)
        .map(|error| format!("\n  {}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{complaint}{}", wrong.concat());
}

/// A name as a JSON pointer writes it.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn frames() -> BTreeMap<String, Validator> {
    let messages = ASYNCAPI["components"]["messages"].as_object().unwrap();
    let frame = |name: &String| {
        let pointer = format!("/components/messages/{name}/payload");
        (name.clone(), schema_at(&ASYNCAPI, &pointer))
    };
    messages.keys().filter(|name| !name.starts_with("client.")).map(frame).collect()
}

fn answers() -> BTreeMap<Operation, Statuses> {
    let mut answers = BTreeMap::new();
    for (path, item) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(responses) = operation.get("responses") else { continue };
            let statuses = responses.as_object().unwrap().keys().map(|status| {
                let pointer = format!("/paths/{}/{method}/responses/{status}", escaped(path));
                (status.clone(), body_of(&pointer))
            });
            answers.insert((path.clone(), method.clone()), statuses.collect());
        }
    }
    answers
}

/// The schema of a response's body, if it has one. Those that answer with several kinds of files have
/// the same for each.
fn body_of(response: &str) -> Option<Validator> {
    let referred = OPENAPI.pointer(response)?.get("$ref").and_then(Value::as_str);
    let response = referred.map_or(response, |referred| referred.trim_start_matches('#'));
    let content = OPENAPI.pointer(&format!("{response}/content"))?.as_object()?;
    let kind = escaped(content.keys().next()?);
    Some(schema_at(&OPENAPI, &format!("{response}/content/{kind}/schema")))
}

/// Whether a path is one of those that a template such as `/api/rooms/{room}` stands for.
fn fits(template: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let fits = template.split('/').all(|expected| {
        segments.next().is_some_and(|segment| {
            segment == expected || expected.starts_with('{') && !segment.is_empty()
        })
    });
    fits && segments.next().is_none()
}
