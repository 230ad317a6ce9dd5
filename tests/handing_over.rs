//! Senders, welcomes and backlog deliveries, of which one is interrupted by another at every request:
//! each of the conditions between them is needed, and together they are enough.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use local::Functions;
use serde_json::{Value, json};
use shared::App;
use shared::domain::{Access, ConnectionId, ConversationId, RoomHistory, UserId};
use shared::services::messages::send;
use shared::services::rooms::{self, NewRoom};
use shared::store::{Connection, inbox};

use crate::support::interruption::{Change, Interruption, Services, config};

/// bob's connection.
const BOBS: &str = "bobs";

/// What reached bob's connection, when messages were stored, and when `deliver` was notified, in the
/// order in which that happened.
#[derive(Clone, Default)]
struct Story(Arc<Mutex<Vec<Happened>>>);

#[derive(Clone, Debug, PartialEq)]
enum Happened {
    Pushed(Value),
    Stored,
    Woken,
}

impl Happened {
    fn tells_of_more(&self) -> bool {
        let Self::Pushed(frame) = self else { return false };
        frame["more_waiting"] == true || frame["type"] == "more_waiting"
    }
}

impl Story {
    fn tell(&self, happened: Happened) {
        self.0.lock().unwrap().push(happened);
    }

    /// Where in the story something happened last.
    fn last(&self, is: impl Fn(&Happened) -> bool) -> Option<usize> {
        self.0.lock().unwrap().iter().rposition(is)
    }

    fn contents(&self) -> Vec<String> {
        let story = self.0.lock().unwrap();
        let pushed = story.iter().flat_map(|happened| match happened {
            Happened::Pushed(frame) => match &frame["messages"] {
                Value::Array(messages) => messages.clone(),
                _ => vec![frame.clone()],
            },
            Happened::Stored | Happened::Woken => Vec::new(),
        });
        pushed.filter_map(|it| it["content"].as_str().map(str::to_owned)).collect()
    }
}

/// alice and bob, in a world whose every inbox lists at most so many bytes.
#[derive(Clone)]
struct World {
    services: Services,
    story: Story,
    alice: UserId,
    bob: UserId,
}

impl World {
    /// Of messages, bob's connection takes what `takes` says.
    async fn new(most_listed_bytes: usize, takes: bool, change: Change) -> Self {
        let story = Story::default();
        let management = Router::new().fallback(answer).with_state((story.clone(), takes));
        let mut config = config(&[("AUTH_MODE", "open"), ("FAN_OUT_MEMBERS", "2")]);
        config.most_listed_bytes = most_listed_bytes;
        let watched = story.clone();
        let watch = move |body: &str| {
            if body.contains("MSG#") && body.contains("attribute_not_exists(pk)") {
                watched.tell(Happened::Stored);
            }
            if body.contains("arrived = :wake") {
                watched.tell(Happened::Woken);
            }
        };
        let services = Services::new(config, management, change, Arc::new(watch)).await;
        let [alice, bob] = ["alice", "bob"].map(|name| UserId::parse(name).unwrap());
        Self { services, story, alice, bob }
    }

    async fn says(&self, app: &App, content: &str) {
        let new =
            send::new_message(app, &self.alice, send::Draft::text(content, None)).await.unwrap();
        let conversation = ConversationId::direct(&self.alice, &self.bob);
        let said = send::send(app, &conversation, &new).await.unwrap();
        let wording = said.message.body.said().and_then(|said| said.wording.as_ref());
        assert_eq!(wording.unwrap().content.as_str(), content);
    }

    async fn connects(&self, app: &App) {
        let connection = Connection::new(app.clock.now(), None);
        app.store.add_connection(&self.bob, &ConnectionId::new(BOBS), &connection).await.unwrap();
        self.is_served(app, BOBS).await;
    }

    /// A room of both, which counts as large.
    async fn room(&self, app: &App) -> ConversationId {
        let (access, history) = (Access::Public, RoomHistory::Everything);
        let name = "general".to_owned();
        let new =
            NewRoom { name, topic: None, metadata: None, access, history, retention_days: None };
        let room = rooms::create(app, &self.alice, new).await.unwrap();
        rooms::join(app, &self.bob, &room.id.to_string()).await.unwrap();
        room.conversation()
    }

    /// alice says something there, which the stream is to bring; its number.
    async fn says_in(&self, app: &App, room: &ConversationId, content: &str) -> u64 {
        let new =
            send::new_message(app, &self.alice, send::Draft::text(content, None)).await.unwrap();
        let said = send::send(app, room, &new).await.unwrap();
        assert_eq!(said.delivered, None);
        said.message.seq
    }

    /// The stream brings a message.
    async fn is_brought(&self, app: &App, room: &ConversationId, seq: u64) {
        let (pk, sk) = (format!("CONV#{room}"), format!("MSG#{seq:016}"));
        let image = json!({ "pk": { "S": pk }, "sk": { "S": sk }, "fan_until": { "N": "1" } });
        self.is_told(app, image).await;
    }

    /// The stream brings a note.
    async fn is_served(&self, app: &App, arrived: &str) {
        let image = json!({
            "pk": { "S": "USER#bob" }, "sk": { "S": "INBOX" }, "arrived": { "S": arrived },
        });
        self.is_told(app, image).await;
    }

    /// The stream brings what became of an item.
    async fn is_told(&self, app: &App, image: Value) {
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
}

/// API Gateway, where bob's connection stands.
async fn answer(
    State((story, takes)): State<(Story, bool)>,
    request: Request,
) -> (StatusCode, String) {
    if request.method() != Method::POST {
        return (StatusCode::OK, "{}".to_owned());
    }
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let frame: Value = serde_json::from_slice(&body).unwrap();
    if frame["type"] == "message" && !takes {
        return (StatusCode::GONE, "{}".to_owned());
    }
    story.tell(Happened::Pushed(frame));
    (StatusCode::OK, String::new())
}

/// Which of two is interrupted by the other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Interrupted {
    Sender,
    Delivery,
}

/// bob connects while alice says `content`; the one is interrupted before its `at`th request by the
/// whole of the other. False if there were fewer requests.
async fn meet(world: &World, interrupted: Interrupted, at: usize, content: &'static str) -> bool {
    let (intruder, free) = (world.clone(), world.services.app(None));
    let interruption = Interruption::new(at, move || {
        let (world, app) = (intruder.clone(), free.clone());
        Box::pin(async move {
            match interrupted {
                Interrupted::Sender => world.connects(&app).await,
                Interrupted::Delivery => world.says(&app, content).await,
            }
        })
    });
    let app = world.services.app(Some(&interruption));
    match interrupted {
        Interrupted::Sender => world.says(&app, content).await,
        Interrupted::Delivery => world.connects(&app).await,
    }
    interruption.came()
}

/// In every way in which bob connects while alice writes to him: whether he has the message.
async fn always_gets_it(interrupted: Interrupted, change: Change) -> bool {
    for at in 0.. {
        let world = World::new(100_000, true, change).await;
        if !meet(&world, interrupted, at, "hello").await {
            return true;
        }
        if world.story.last(|it| *it == Happened::Woken).is_some() {
            world.is_served(&world.services.app(None), inbox::NOBODY_NEW).await;
        }
        if !world.story.contents().contains(&"hello".to_owned()) {
            return false;
        }
    }
    false
}

/// In every way in which bob is told that more waits while alice writes to him: whether that is told
/// after it was said, or still to be told.
async fn always_told(interrupted: Interrupted, change: Change) -> bool {
    for at in 0.. {
        let world = World::new(0, false, change).await;
        let app = world.services.app(None);
        world.says(&app, "first").await;
        if !meet(&world, interrupted, at, "second").await {
            return true;
        }
        let stored = world.story.last(|it| *it == Happened::Stored);
        let told = world.story.last(Happened::tells_of_more);
        let untold = app.store.inbox(&world.bob).await.unwrap().overflows();
        if !untold && told < stored {
            return false;
        }
    }
    false
}

#[tokio::test]
async fn whoever_connects_while_somebody_writes_gets_the_message() {
    for interrupted in [Interrupted::Sender, Interrupted::Delivery] {
        assert!(always_gets_it(interrupted, str::to_owned).await, "{interrupted:?}");
    }
}

#[tokio::test]
async fn without_a_look_at_the_inbox_after_the_mark_somebody_waits_for_ever() {
    let blind: Change = |body| {
        let marks = body.contains("SET #wait = :seq");
        if marks { body.replace("ALL_NEW", "NONE") } else { body.to_owned() }
    };
    assert!(!always_gets_it(Interrupted::Sender, blind).await);
}

#[tokio::test]
async fn what_overflows_while_its_owner_is_told_is_told_again() {
    for interrupted in [Interrupted::Sender, Interrupted::Delivery] {
        assert!(always_told(interrupted, str::to_owned).await, "{interrupted:?}");
    }
}

#[tokio::test]
async fn without_the_name_of_the_teller_the_word_is_lost() {
    let blind: Change =
        |body| body.replace("overflow = :teller\"", "attribute_exists(pk) OR overflow = :teller\"");
    assert!(!always_told(Interrupted::Delivery, blind).await);
}

/// In every way in which bob comes back to a large room, where something waits for him and more is to be
/// brought, while alice says a last word that is brought with it: whether he hears all of it.
async fn always_hears_the_last_word(change: Change) -> bool {
    for at in 0.. {
        let world = World::new(100_000, true, change).await;
        let app = world.services.app(None);
        let room = world.room(&app).await;
        let first = world.says_in(&app, &room, "first").await;
        world.is_brought(&app, &room, first).await;
        world.says_in(&app, &room, "second").await;
        let (intruder, there) = (world.clone(), room.clone());
        let interruption = Interruption::new(at, move || {
            let (world, room) = (intruder.clone(), there.clone());
            Box::pin(async move {
                let app = world.services.app(None);
                let last = world.says_in(&app, &room, "last").await;
                world.is_brought(&app, &room, last).await;
            })
        });
        world.connects(&world.services.app(Some(&interruption))).await;
        if !interruption.came() {
            return true;
        }
        if world.story.last(|it| *it == Happened::Woken).is_some() {
            world.is_served(&app, inbox::NOBODY_NEW).await;
        }
        let heard = world.story.contents();
        if !["first", "second", "last"].iter().all(|it| heard.iter().any(|content| content == it)) {
            return false;
        }
    }
    false
}

#[tokio::test]
async fn what_is_brought_while_one_comes_back_is_heard_to_its_end() {
    assert!(always_hears_the_last_word(str::to_owned).await);
}

#[tokio::test]
async fn with_a_late_write_of_the_first_of_several_the_last_is_never_heard() {
    let first: Change = |body| {
        let mut request: Value = serde_json::from_str(body).unwrap_or_default();
        let update = request["UpdateExpression"].as_str().unwrap_or_default();
        if !update.contains("#skip = :skip") {
            return body.to_owned();
        }
        let skip = &mut request["ExpressionAttributeValues"][":skip"]["N"];
        let last: u64 = skip.as_str().unwrap().parse().unwrap();
        *skip = (last - 1).to_string().into();
        request.to_string()
    };
    assert!(!always_hears_the_last_word(first).await);
}
