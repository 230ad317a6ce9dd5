//! What people and rooms are called: with accounts, messages name both by their ids.

use std::collections::HashMap;
use std::sync::Arc;

use protocol::{Person, RoomView};
use reqwest::Method;
use tokio::sync::Mutex;

use crate::account::Account;
use crate::http::{HttpError, segment};

/// Looks names up once, and remembers them.
#[derive(Clone)]
pub(crate) struct Names {
    account: Account,
    people: Arc<Mutex<HashMap<String, String>>>,
    rooms: Arc<Mutex<HashMap<String, String>>>,
}

impl Names {
    /// Nobody is known yet.
    pub(crate) fn new(account: Account) -> Self {
        Self { account, people: Arc::default(), rooms: Arc::default() }
    }

    /// What somebody is called: their id, if nothing else is to be had.
    pub(crate) async fn person(&self, id: &str) -> String {
        if self.account.is_open() {
            return id.to_owned();
        }
        let mut people = self.people.lock().await;
        if let Some(name) = people.get(id) {
            return name.clone();
        }
        let username = match self.look_up(id).await {
            Ok(person) => person.username().map(str::to_owned),
            Err(HttpError::Refused { status: 404, .. }) => None,
            // It may be had the next time.
            Err(_) => return id.to_owned(),
        };
        let name = username.unwrap_or_else(|| id.to_owned());
        people.insert(id.to_owned(), name.clone());
        name
    }

    /// Somebody is called so from now on.
    pub(crate) async fn call(&self, id: String, username: Option<String>) {
        let mut people = self.people.lock().await;
        match username {
            Some(username) => people.insert(id, username),
            None => people.remove(&id),
        };
    }

    /// A room is called so from now on.
    pub(crate) async fn call_room(&self, id: &str, name: &str) {
        self.rooms.lock().await.insert(id.to_owned(), name.to_owned());
    }

    /// The id of somebody who is called `name`.
    pub(crate) async fn id_of(&self, name: &str) -> Result<String, HttpError> {
        if self.account.is_open() {
            return Ok(name.to_owned());
        }
        let person = self.look_up(name).await?;
        let id = person.id().to_owned();
        let called = person.username().unwrap_or(&id).to_owned();
        self.people.lock().await.insert(id.clone(), called);
        Ok(id)
    }

    /// What a room is called: its id, if nothing else is to be had.
    pub(crate) async fn room(&self, id: &str) -> String {
        let mut rooms = self.rooms.lock().await;
        if let Some(name) = rooms.get(id) {
            return name.clone();
        }
        let path = format!("/api/rooms/{}", segment(id));
        let name = match self.account.ask::<RoomView>(Method::GET, &path, None).await {
            Ok(room) => room.name,
            Err(HttpError::Refused { status: 404, .. }) => id.to_owned(),
            Err(_) => return id.to_owned(),
        };
        rooms.insert(id.to_owned(), name.clone());
        name
    }

    async fn look_up(&self, person: &str) -> Result<Person, HttpError> {
        self.account.ask(Method::GET, &format!("/api/users/{}", segment(person)), None).await
    }
}
