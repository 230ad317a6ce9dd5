//! What a batch of stream records asks for.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use serde_dynamo::AttributeValue;
use shared::domain::{ConnectionId, ConversationId, Seq, Timestamp, UserId};
use shared::metrics::{Count, Metrics};
use shared::store::{inbox, keys};

/// What is to be done for one user.
#[derive(Debug)]
pub(crate) struct UserEvents {
    /// Whose inbox.
    pub(crate) user: UserId,
    /// Connections to welcome; perhaps none, when something waits beside one that stands.
    pub(crate) new_connections: Vec<ConnectionId>,
    /// Whether the last connection went.
    pub(crate) went_offline: bool,
    /// The first record that asked for it.
    pub(crate) sequence_number: Option<String>,
    /// When that was written.
    pub(crate) since: Timestamp,
}

/// Messages of one room that the stream brings to its members.
#[derive(Debug)]
pub(crate) struct Wake {
    /// The last of them.
    pub(crate) last: Seq,
    /// The first record that asked for it.
    pub(crate) sequence_number: Option<String>,
}

/// The rooms whose messages the stream brings.
pub(crate) fn wakes(event: &Event, metrics: &Metrics) -> BTreeMap<ConversationId, Wake> {
    let mut wakes: BTreeMap<ConversationId, Wake> = BTreeMap::new();
    for record in &event.records {
        let image = &record.change.new_image;
        if !image.contains_key(keys::FAN_UNTIL) {
            continue;
        }
        let (pk, sk) = (text(record, keys::PK), text(record, keys::SK));
        let message = pk.zip(sk).and_then(|(pk, sk)| keys::message_of(&pk, &sk));
        let Some((conversation, seq)) = message else {
            metrics.count(Count::UnreadableRecords);
            tracing::error!("a message in the stream cannot be read, and is passed over");
            continue;
        };
        let sequence_number = record.change.sequence_number.clone();
        let wake = wakes.entry(conversation).or_insert(Wake { last: seq, sequence_number });
        wake.last = wake.last.max(seq);
    }
    wakes
}

/// One entry for each user, in the order of the records.
pub(crate) fn collect(event: &Event, metrics: &Metrics) -> Vec<UserEvents> {
    let mut users: Vec<UserEvents> = Vec::new();
    for record in &event.records {
        let Some((user, arrived)) = read(record) else {
            if record.change.new_image.contains_key(keys::ARRIVED) {
                metrics.count(Count::UnreadableRecords);
                tracing::error!("an inbox in the stream cannot be read, and is passed over");
            }
            continue;
        };
        let place = users.iter().position(|events| events.user == user).unwrap_or(users.len());
        if place == users.len() {
            let sequence_number = record.change.sequence_number.clone();
            let since = record.change.approximate_creation_date_time.timestamp_millis();
            users.push(UserEvents {
                user,
                new_connections: Vec::new(),
                went_offline: false,
                sequence_number,
                since: Timestamp::from_millis(since),
            });
        }
        let events = &mut users[place];
        match arrived.as_str() {
            notification if notification.starts_with(inbox::NOBODY_NEW) => {}
            inbox::WENT_OFFLINE => events.went_offline = true,
            connection => {
                let new = ConnectionId::new(connection);
                if !events.new_connections.contains(&new) {
                    events.new_connections.push(new);
                }
            }
        }
    }
    users
}

fn read(record: &EventRecord) -> Option<(UserId, String)> {
    Some((keys::user_of_pk(&text(record, keys::PK)?)?, text(record, keys::ARRIVED)?))
}

fn text(record: &EventRecord, name: &str) -> Option<String> {
    match record.change.new_image.get(name) {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    }
}
