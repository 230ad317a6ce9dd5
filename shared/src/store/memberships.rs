//! A user's own list of conversations, and how far they have read in each.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use super::item::{Item, n, number, parse_number, s, text};
use super::key::{Key, keys_of};
use super::pages::Span;
use super::rooms::ListPage;
use super::{Store, keys};
use crate::Error;
use crate::domain::{ConversationId, Room, Seq, Timestamp, UserId};
use crate::error::storage;

/// How many rooms are read at once.
const MOST_ROOMS: usize = 100;

/// A conversation of a user.
#[derive(Clone, Debug)]
pub struct Membership {
    /// Which.
    pub conversation: ConversationId,
    /// Since when.
    pub joined_at: Timestamp,
    /// The last message the user has read.
    pub read_seq: Option<Seq>,
}

/// How far somebody has read, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadMark {
    /// The last message they have read; 0 for none.
    pub upto: Seq,
    /// Whether it was another before.
    pub moved: bool,
}

impl Store {
    /// Conversations of `user`, the first of them `after` one.
    pub async fn memberships(
        &self,
        user: &UserId,
        after: Option<&ConversationId>,
        limit: usize,
    ) -> Result<ListPage<Membership>, Error> {
        let first =
            after.map_or("CONV#".to_owned(), |after| format!("{} ", keys::membership_sk(after)));
        let page = self
            .query()
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(keys::user_pk(user)))
            // A space follows the cursor itself, and precedes whatever else may follow it.
            .expression_attribute_values(":first", s(first))
            .expression_attribute_values(":last", s("CONV$"))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await;
        let page = page.map_err(storage("list conversations"))?;
        let items = page.items().iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        let last = items.last().map(|membership| membership.conversation.to_string());
        let next = last.filter(|_| page.last_evaluated_key().is_some());
        Ok(ListPage { items, next })
    }

    /// Every room that `user` is in, by name.
    pub async fn rooms_with(&self, user: &UserId) -> Result<Vec<Room>, Error> {
        let pk = &keys::user_pk(user);
        let span = Span { pk, prefix: "CONV", having: None, action: "list one's rooms" };
        // Direct conversations come before the rooms.
        let after = Some("room".to_owned());
        let mut rooms = Vec::new();
        let (items, _) = self.span(span, after, None).await?;
        for item in &items {
            if let ConversationId::Room(room) = decode(item)?.conversation {
                rooms.push(room);
            }
        }
        let mut found = Vec::new();
        for rooms in rooms.chunks(MOST_ROOMS) {
            found.extend(self.rooms_of(rooms).await?);
        }
        found.sort_by_key(|room| room.name.folded());
        Ok(found)
    }

    /// How far each of `users` has read in a conversation; without those who never did.
    pub async fn read_positions(
        &self,
        conversation: &ConversationId,
        users: &[UserId],
    ) -> Result<Vec<(UserId, Seq)>, Error> {
        let keys = keys_of(users.iter().map(|user| Key::membership(user, conversation)));
        let found = self.batch(keys, "read how far people have read").await?;
        let position = |item: &Item| {
            let user = item.get(keys::PK)?.as_s().ok().and_then(|pk| keys::user_of_pk(pk))?;
            Some((user, item.get("read_seq").and_then(parse_number)?))
        };
        Ok(found.iter().filter_map(position).collect())
    }

    /// Notes that `user` has read up to `seq`, unless they had read further, or share no such
    /// conversation.
    pub async fn mark_read(
        &self,
        user: &UserId,
        conversation: &ConversationId,
        seq: Seq,
    ) -> Result<ReadMark, Error> {
        let update = self
            .update(Key::membership(user, conversation))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .update_expression("SET read_seq = :seq")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(read_seq) OR read_seq < :seq)",
            )
            .expression_attribute_values(":seq", n(seq));
        match update.send().await {
            Ok(_) => Ok(ReadMark { upto: seq, moved: true }),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(kept)) => {
                    let upto = kept.item().and_then(|item| item.get("read_seq"));
                    Ok(ReadMark { upto: upto.and_then(parse_number).unwrap_or(0), moved: false })
                }
                _ => Err(storage("note what is read")(error)),
            },
        }
    }
}

fn decode(item: &Item) -> Result<Membership, Error> {
    let sk = text(item, keys::SK)?;
    let conversation = sk.strip_prefix("CONV#").ok_or(Error::Corrupt("sk"))?;
    Ok(Membership {
        conversation: ConversationId::parse(conversation)?,
        joined_at: Timestamp::from_millis(number(item, "joined_at")?),
        read_seq: item.get("read_seq").and_then(parse_number),
    })
}
