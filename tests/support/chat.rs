//! A whole server, alone with one test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use local::Functions;
use local::cost::work::Work;
use local::faults::Faults;
use local::options::Options;
use local::server::{Server, TestHooks, WrapFunctions};
use local::time::Time;
use serde_json::{Value, json};
use shared::aws::Aws;

use super::{Meter, Person, in_time, policies, schema};

/// An item of the table.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A running server and what tests do to it from outside.
pub(crate) struct Chat {
    server: Server,
    options: Options,
    http: reqwest::Client,
    pub(crate) time: Time,
    pub(crate) meter: Meter,
    /// What the server had done when somebody last looked.
    work: Mutex<Work>,
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) link: Option<String>,
    pub(crate) body: Value,
}

impl Chat {
    /// A server with default settings and an empty table.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server whose options `change` has changed.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        Self::start_in(Time::new(), change).await
    }

    /// The same on the embedded engine, whatever the environment names.
    pub(crate) async fn start_embedded(change: impl FnOnce(&mut Options)) -> Self {
        let embedded = |options: &mut Options| {
            (options.memory, options.dynamodb) = (true, None);
            change(options);
        };
        Self::start_with(embedded).await
    }

    /// The same, with a clock that moves only when the test pushes it: for what is held to seconds,
    /// which pass at once on a busy machine.
    pub(crate) async fn start_in_standing_time(change: impl FnOnce(&mut Options)) -> Self {
        Self::start_in(Time::standing(), change).await
    }

    async fn start_in(time: Time, change: impl FnOnce(&mut Options)) -> Self {
        Self::start_around(time, |functions| functions, change).await
    }

    /// The same, with something around the functions.
    pub(crate) async fn start_around(
        time: Time,
        around: impl Fn(Functions) -> Functions + Send + Sync + 'static,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let meter = Meter::default();
        let interceptor = Some(SharedInterceptor::new(meter.clone()));
        let wrap: Option<WrapFunctions> =
            Some(Arc::new(move |functions| around(policies::named(functions))));
        let hooks = TestHooks { time: time.clone(), interceptor, wrap, ..TestHooks::default() };
        let options = options(change);
        let server = Server::start_with(&options, hooks).await.unwrap();
        let (http, work) = Default::default();
        Self { server, options, http, time, meter, work }
    }

    /// A server with other hooks.
    pub(crate) async fn start_on(hooks: TestHooks) -> Self {
        Self::start_on_with(hooks, |_| {}).await
    }

    /// A server with other hooks, whose options `change` has changed.
    pub(crate) async fn start_on_with(hooks: TestHooks, change: impl FnOnce(&mut Options)) -> Self {
        let time = hooks.time.clone();
        let options = options(change);
        let server = Server::start_with(&options, hooks).await.unwrap();
        let (http, meter, work) = Default::default();
        Self { server, options, http, time, meter, work }
    }

    /// `user` connects and is welcome.
    pub(crate) async fn joined_by(&self, user: &str) -> Person {
        Person::connects(&self.server.websocket_url(), user).await.welcomed().await
    }

    /// An id for a message that is made now, by the server's clock.
    pub(crate) fn fresh_id(&self) -> String {
        let now = shared::domain::Timestamp::from_millis(self.time.now().as_millisecond());
        shared::domain::MessageId::fresh(now).to_string()
    }

    /// So much time goes by that nobody counts as one who has come just now: for such whatever is said is read
    /// again.
    pub(crate) fn settles(&self) {
        self.time.advance(Duration::from_secs(20));
    }

    pub(crate) fn dynamodb_url(&self) -> String {
        self.server.dynamodb_url().to_owned()
    }

    pub(crate) fn http_url(&self) -> String {
        self.server.http_url()
    }

    pub(crate) fn websocket_url(&self) -> String {
        self.server.websocket_url()
    }

    /// `GET path?query`, the query's values encoded.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.asks(reqwest::Method::GET, path, query, None).await
    }

    /// `POST path` with a body.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.asks(reqwest::Method::POST, path, &[], Some(body)).await
    }

    /// `DELETE path?query`.
    pub(crate) async fn delete(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.asks(reqwest::Method::DELETE, path, query, None).await
    }

    /// `PUT path` with a body.
    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.asks(reqwest::Method::PUT, path, &[], Some(body)).await
    }

    /// `PATCH path` with a body.
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.asks(reqwest::Method::PATCH, path, &[], Some(body)).await
    }

    /// A request as a program would make it, to be completed and sent.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.server.http_url());
        self.http.request(method, url).timeout(Duration::from_secs(20))
    }

    async fn asks(
        &self,
        method: reqwest::Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.request(method.clone(), path).query(query);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.answer_to(method, path, request).await
    }

    /// What a request is answered, as `openapi.json` says that it can be.
    pub(crate) async fn answer_to(
        &self,
        method: reqwest::Method,
        path: &str,
        request: reqwest::RequestBuilder,
    ) -> Answer {
        let response = request.send().await.unwrap();
        let link = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").cloned();
        let kind = kind.as_ref().map_or("", |kind| kind.to_str().unwrap());
        let body = schema::described(&response.text().await.unwrap(), kind);
        // What is not described is for API Gateway to answer.
        if !path.starts_with("/nowhere") {
            schema::check_answer(method.as_str(), path, status, &body);
        }
        Answer { status, link, body }
    }

    /// A room that `creator` makes; its id.
    pub(crate) async fn room_of(&self, creator: &str, name: &str) -> String {
        let made = self.post("/api/rooms", json!({ "name": name, "user_id": creator })).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        made.body["id"].as_str().unwrap().to_owned()
    }

    /// What two people said, as `GET /messages` tells.
    pub(crate) async fn messages(&self, user1: &str, user2: &str) -> Vec<Value> {
        let answer = self.get("/messages", &[("user1", user1), ("user2", user2)]).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body.as_array().unwrap().clone()
    }

    /// Waits until nothing of what two people said waits any more: somebody hears a message a moment
    /// before the table knows it.
    pub(crate) async fn has_delivered_everything(&self, user1: &str, user2: &str) {
        in_time(async {
            while self.messages(user1, user2).await.iter().any(|it| it["status"] == "sent") {}
        })
        .await;
    }

    /// Waits until nothing of a room waits for `user` any more.
    pub(crate) async fn has_delivered_the_room(&self, room: &str, user: &str) {
        let path = format!("/api/rooms/{room}/messages");
        let waits = async || {
            let answer = self.get(&path, &[("user_id", user)]).await;
            assert_eq!(answer.status, 200, "{:?}", answer.body);
            answer.body.as_array().unwrap().iter().any(|it| it["status"] == "sent")
        };
        in_time(async { while waits().await {} }).await;
    }

    /// Waits until all that was written to the table has been served by those who follow its stream.
    pub(crate) async fn has_served_the_stream(&self) {
        in_time(self.server.has_served_the_stream()).await;
    }

    /// Lets the embedded DynamoDB delete what has expired.
    pub(crate) async fn sweeps(&self) {
        self.server.sweep().await;
    }

    /// What the server has done for people since it started.
    pub(crate) fn work(&self) -> Work {
        self.server.work()
    }

    /// The same since the last time.
    pub(crate) fn take_work(&self) -> Work {
        let now = self.work();
        now - std::mem::replace(&mut *self.work.lock().unwrap(), now)
    }

    /// What goes wrong in this chat, if something is to.
    pub(crate) fn faults(&self) -> &Faults {
        self.server.faults().unwrap()
    }

    /// The table, past the server: for what people cannot do, such as letting days go by.
    pub(crate) fn table(&self) -> (aws_sdk_dynamodb::Client, String) {
        (Aws::local(self.server.dynamodb_url()).dynamodb(), self.options.table.clone())
    }

    /// Where another server finds the same table.
    pub(crate) fn dynamodb(&self) -> (String, String) {
        (self.server.dynamodb_url().to_owned(), self.options.table.clone())
    }

    /// An item, past the server.
    pub(crate) async fn item(&self, pk: &str, sk: &str) -> Item {
        let (table, name) = self.table();
        let key = |value: &str| AttributeValue::S(value.to_owned());
        let get = table.get_item().table_name(name).consistent_read(true);
        get.key("pk", key(pk)).key("sk", key(sk)).send().await.unwrap().item.unwrap()
    }

    /// Puts an item where it belongs, past the server.
    pub(crate) async fn puts(&self, item: Item) {
        let (table, name) = self.table();
        table.put_item().table_name(name).set_item(Some(item)).send().await.unwrap();
    }

    /// Takes an item away, past the server.
    pub(crate) async fn removes(&self, pk: &str, sk: &str) {
        let (table, name) = self.table();
        let key = |value: &str| AttributeValue::S(value.to_owned());
        let delete = table.delete_item().table_name(name);
        delete.key("pk", key(pk)).key("sk", key(sk)).send().await.unwrap();
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }
}

/// Everything in memory, or a table of its own in the DynamoDB that the environment names.
pub(crate) fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::ephemeral();
    if let Ok(url) = std::env::var("CONFAB_TEST_DYNAMODB") {
        options.memory = false;
        // A database of its own: DynamoDB Local gets slower with every table that one has.
        let access_key = uuid::Uuid::new_v4().simple();
        options.dynamodb = Some(url.replacen("://", &format!("://{access_key}@"), 1));
        options.table = format!("confab-{}", uuid::Uuid::new_v4());
    }
    change(&mut options);
    options
}
