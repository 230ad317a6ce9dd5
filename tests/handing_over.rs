//! Senders, welcomes and backlog deliveries, of which one is interrupted by another at every request:
//! each of the conditions between them is needed, and together they are enough.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use local::Functions;
use serde_json::{Value, json};
use shared::App;
use shared::domain::{ConnectionId, ConversationId, MessageBody, UserId};
use shared::services::messages::send;
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
        let pushed = story.iter().filter_map(|happened| match happened {
            Happened::Pushed(frame) => frame["content"].as_str().map(str::to_owned),
            Happened::Stored | Happened::Woken => None,
        });
        pushed.collect()
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
        let mut config = config(&[("AUTH_MODE", "open")]);
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
        let new = send::new_message(app, &self.alice, content, None).unwrap();
        let conversation = ConversationId::direct(&self.alice, &self.bob);
        let said = send::send(app, &conversation, &new).await.unwrap();
        assert!(matches!(&said.message.body, MessageBody::Text(text) if text.as_str() == content));
    }

    async fn connects(&self, app: &App) {
        let connection = Connection::new(app.clock.now(), false);
        app.store.add_connection(&self.bob, &ConnectionId::new(BOBS), &connection).await.unwrap();
        self.is_served(app, BOBS).await;
    }

    /// The stream brings a note.
    async fn is_served(&self, app: &App, arrived: &str) {
        let image = json!({
            "pk": { "S": "USER#bob" }, "sk": { "S": "INBOX" }, "arrived": { "S": arrived },
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
