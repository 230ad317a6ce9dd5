//! What a batch of stream records asks for.

use aws_lambda_events::dynamodb::{Event, EventRecord};
use serde_dynamo::AttributeValue;
use shared::domain::{ConnectionId, UserId};
use shared::store::{inbox, keys};

/// What is to be done for one user.
#[derive(Debug)]
pub(crate) struct Note {
    /// Whose inbox.
    pub(crate) user: UserId,
    /// Connections to greet; perhaps none, when something waits beside one that stands.
    pub(crate) arrivals: Vec<ConnectionId>,
    /// Whether the last connection went.
    pub(crate) went_offline: bool,
    /// The first record that asked for it.
    pub(crate) sequence_number: Option<String>,
}

/// One note for each user, in the order of the records.
pub(crate) fn collect(event: &Event) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for record in &event.records {
        let Some((user, arrived)) = read(record) else { continue };
        let place = notes.iter().position(|note| note.user == user).unwrap_or(notes.len());
        if place == notes.len() {
            let sequence_number = record.change.sequence_number.clone();
            notes.push(Note { user, arrivals: Vec::new(), went_offline: false, sequence_number });
        }
        let note = &mut notes[place];
        match arrived.as_str() {
            wake_up if wake_up.starts_with(inbox::NOBODY_NEW) => {}
            inbox::WENT_OFFLINE => note.went_offline = true,
            connection => {
                let arrival = ConnectionId::new(connection);
                if !note.arrivals.contains(&arrival) {
                    note.arrivals.push(arrival);
                }
            }
        }
    }
    notes
}

fn read(record: &EventRecord) -> Option<(UserId, String)> {
    let text = |name: &str| match record.change.new_image.get(name) {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    };
    Some((keys::user_of_pk(&text(keys::PK)?)?, text(keys::ARRIVED)?))
}
