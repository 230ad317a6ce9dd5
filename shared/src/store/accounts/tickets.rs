//! Tickets: each opens one connection, soon.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::ReturnValue;

use crate::Error;
use crate::domain::{SessionId, Timestamp, UserId};
use crate::error::storage;
use crate::store::item::{n, number, s, text};
use crate::store::key::Key;
use crate::store::{Store, keys};

/// Whom a ticket lets in.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Who.
    pub user: UserId,
    /// In which session; none for people of an outside issuer.
    pub session: Option<SessionId>,
    /// Until when the connection may last.
    pub until: Timestamp,
    /// When the ticket itself is too old.
    pub expires_at: Timestamp,
}

impl Store {
    /// Keeps a ticket by its hash.
    pub async fn issue_ticket(&self, hash: &str, ticket: &Ticket) -> Result<(), Error> {
        let mut item = Key::ticket(hash).with([
            ("user", s(ticket.user.as_str())),
            ("until", n(ticket.until.as_millis())),
            ("good_until", n(ticket.expires_at.as_millis())),
            // Rounded up, so that it is never deleted while it is good.
            (keys::EXPIRES_AT, n(ticket.expires_at.as_seconds() + 1)),
        ]);
        if let Some(session) = ticket.session {
            item.insert("session".into(), s(session.to_string()));
        }
        self.put(item).send().await.map_err(storage("issue a ticket")).map(drop)
    }

    /// Takes a ticket: of all who show it, one gets it.
    pub async fn take_ticket(&self, hash: &str, now: Timestamp) -> Result<Option<Ticket>, Error> {
        let delete = self.delete(Key::ticket(hash));
        // DynamoDB Local gives several deletes at once the same old item unless they have a condition.
        let delete = delete.condition_expression("attribute_exists(pk)");
        let taken = match delete.return_values(ReturnValue::AllOld).send().await {
            Ok(output) => output.attributes,
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => None,
                _ => return Err(storage("take a ticket")(error)),
            },
        };
        let Some(item) = taken else { return Ok(None) };
        let ticket = Ticket {
            user: UserId::parse(&text(&item, "user")?)?,
            session: text(&item, "session").ok().and_then(|id| SessionId::parse(&id)),
            until: Timestamp::from_millis(number(&item, "until")?),
            expires_at: Timestamp::from_millis(number(&item, "good_until")?),
        };
        Ok((ticket.expires_at > now).then_some(ticket))
    }
}
