//! Whoever has come just now, and what became of messages meanwhile: in whatever order things happen, they have
//! a message as it is, or hear what became of it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use local::Functions;
use serde_json::{Value, json};
use shared::App;
use shared::domain::{ConnectionId, ConversationId, Range, UserId};
use shared::services::messages::revise::{self, Deed};
use shared::services::messages::{log_page, send};
use shared::store::Connection;

use crate::support::interruption::{Change, Interruption, Services, config};

/// bob's connections: one that was there before, and one that comes.
const FIRST: &str = "first";
const SECOND: &str = "second";

/// What came to bob's second connection.
type Heard = Arc<Mutex<Vec<Value>>>;

#[derive(Clone)]
struct World {
    services: Services,
    heard: Heard,
    alice: UserId,
    bob: UserId,
}

impl World {
    /// bob's first connection stands.
    async fn new(change: Change) -> Self {
        let heard = Heard::default();
        let management = Router::new().fallback(answer).with_state(Arc::clone(&heard));
        let config = config(&[("AUTH_MODE", "open")]);
        let services = Services::new(config, management, change, Arc::new(|_: &str| {})).await;
        let [alice, bob] = ["alice", "bob"].map(|name| UserId::parse(name).unwrap());
        let world = Self { services, heard, alice, bob };
        world.comes(&world.services.app(None), FIRST).await;
        world.is_welcomed(&world.services.app(None), FIRST).await;
        world
    }

    fn conversation(&self) -> ConversationId {
        ConversationId::direct(&self.alice, &self.bob)
    }

    async fn says(&self, app: &App) {
        let draft = send::Draft::text("helo", None);
        let new = send::new_message(app, &self.alice, draft).await.unwrap();
        send::send(app, &self.conversation(), &new).await.unwrap();
    }

    /// alice edits what she said, if it is there already; whether it was.
    async fn edits(&self, app: &App) -> bool {
        let page = log_page(app, &self.conversation(), Range::default(), 1).await.unwrap();
        let Some(said) = page.messages.first() else { return false };
        let draft = revise::Draft { content: Some("hello"), ..revise::Draft::default() };
        let new = revise::new_event(app, &self.alice, said.seq, Deed::Edit(draft), None);
        let actor = self.alice.clone().into();
        revise::revise(app, &actor, &self.conversation(), &new.await.unwrap()).await.unwrap();
        true
    }

    async fn comes(&self, app: &App, connection: &str) {
        let id = ConnectionId::new(connection);
        let connection = Connection::new(app.clock.now(), None);
        app.store.add_connection(&self.bob, &id, &connection).await.unwrap();
    }

    /// `deliver` is told that a connection came.
    async fn is_welcomed(&self, app: &App, connection: &str) {
        let image = json!({
            "pk": { "S": "USER#bob" }, "sk": { "S": "INBOX" }, "arrived": { "S": connection },
        });
        let change = json!({
            "ApproximateCreationDateTime": 0, "SequenceNumber": "1", "SizeBytes": 1,
            "NewImage": image, "Keys": { "pk": image["pk"], "sk": image["sk"] },
        });
        let record = json!({
            "eventID": "1", "eventName": "MODIFY", "eventVersion": "1.1", "awsRegion": "local",
            "eventSource": "aws:dynamodb", "eventSourceARN": "table", "dynamodb": change,
        });
        let event = json!({ "Records": [record] });
        let response = Functions::new(app).event_sources[0].function.call(event).await.unwrap();
        assert_eq!(response, json!({ "batchItemFailures": [] }));
    }

    /// bob's second connection reads the conversation.
    async fn reads(&self, app: &App) {
        let now = app.clock.now().as_millis();
        let event = json!({
            "requestContext": {
                "routeKey": "$default", "eventType": "MESSAGE", "messageDirection": "IN",
                "requestId": "1", "extendedRequestId": "1", "requestTimeEpoch": now,
                "connectedAt": now, "connectionId": SECOND, "identity": { "sourceIp": "127.0.0.1" },
                "domainName": "here", "stage": "dev", "apiId": "1",
                "authorizer": { "principalId": "bob", "user": "bob" },
            },
            "isBase64Encoded": false,
            "body": json!({ "action": "history", "with": "alice" }).to_string(),
        });
        let answer = Functions::new(app).message.call(event).await.unwrap();
        let frame = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        self.heard.lock().unwrap().push(frame);
    }

    /// What bob's second connection shows of what alice said, by the rules for clients.
    fn shown(&self) -> Option<String> {
        let heard = self.heard.lock().unwrap();
        let views = heard.iter().flat_map(|frame| match &frame["messages"] {
            Value::Array(messages) => messages.clone(),
            _ => vec![frame.clone()],
        });
        let views: Vec<_> = views.filter(|view| view["content"].is_string()).collect();
        let copies = views.iter().filter(|view| view["kind"] == "message");
        let copy = copies.max_by_key(|copy| copy["revised"].as_u64())?;
        let revised = copy["revised"].as_u64().unwrap_or(0);
        let later =
            |view: &&Value| view["kind"] == "edited" && view["seq"].as_u64() > Some(revised);
        let last = views.iter().find(later).unwrap_or(copy);
        last["content"].as_str().map(str::to_owned)
    }
}

/// API Gateway, where both connections stand.
async fn answer(State(heard): State<Heard>, request: Request) -> (StatusCode, String) {
    let is_second = request.uri().path().ends_with(SECOND);
    if request.method() != Method::POST {
        return (StatusCode::OK, "{}".to_owned());
    }
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    if is_second {
        heard.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
    }
    (StatusCode::OK, String::new())
}

/// In every way in which alice edits what she says and bob's second connection comes before it is brought to
/// him: whether that shows what alice says.
async fn never_has_an_old_copy(change: Change) -> bool {
    for at in 0.. {
        let world = World::new(change).await;
        let (intruder, is_edited) = (world.clone(), Arc::new(Mutex::new(false)));
        let edited = Arc::clone(&is_edited);
        let interruption = Interruption::new(at, move || {
            let (world, edited) = (intruder.clone(), Arc::clone(&edited));
            Box::pin(async move {
                let app = world.services.app(None);
                let is_there = world.edits(&app).await;
                *edited.lock().unwrap() = is_there;
                world.comes(&app, SECOND).await;
                world.is_welcomed(&app, SECOND).await;
            })
        });
        world.says(&world.services.app(Some(&interruption))).await;
        if !interruption.came() {
            return true;
        }
        let is = if *is_edited.lock().unwrap() { "hello" } else { "helo" };
        if world.shown().is_some_and(|shown| shown != is) {
            return false;
        }
    }
    false
}

#[tokio::test]
async fn whoever_comes_while_a_message_is_on_its_way_gets_it_as_it_is() {
    assert!(never_has_an_old_copy(str::to_owned).await);
}

#[tokio::test]
async fn without_a_second_look_for_newcomers_they_have_old_copies() {
    let old: Change = |body| {
        if !body.contains("if_not_exists(#conn.ready_at, :now)") {
            return body.to_owned();
        }
        let mut request: Value = serde_json::from_str(body).unwrap();
        request["ExpressionAttributeValues"][":now"]["N"] = "1".into();
        request.to_string()
    };
    assert!(!never_has_an_old_copy(old).await);
}

/// bob's second connection reads what alice said before it is welcomed, and alice edits that: whether it shows
/// what alice says.
async fn hears_what_becomes_of_a_page(change: Change) -> bool {
    let world = World::new(change).await;
    let app = world.services.app(None);
    world.says(&app).await;
    world.comes(&app, SECOND).await;
    world.reads(&app).await;
    assert_eq!(world.shown().as_deref(), Some("helo"));
    assert!(world.edits(&app).await);
    world.is_welcomed(&app, SECOND).await;
    world.shown().as_deref() == Some("hello")
}

#[tokio::test]
async fn whoever_reads_a_page_before_the_welcome_hears_what_becomes_of_it() {
    assert!(hears_what_becomes_of_a_page(str::to_owned).await);
}

#[tokio::test]
async fn without_a_note_before_the_page_what_becomes_of_it_is_not_heard() {
    let unnoted: Change = |body| body.replace("SET #conn.ready_at =", "SET #conn.noted =");
    assert!(!hears_what_becomes_of_a_page(unnoted).await);
}
