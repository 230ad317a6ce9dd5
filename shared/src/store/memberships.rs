//! A user's own list of conversations, and how far they have read in each.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::item::{Item, n, number, parse_number, s, text};
use super::key::{Key, keys_of};
use super::pages::Span;
use super::rooms::ListPage;
use super::{Store, keys};
use crate::Error;
use crate::domain::{ConversationId, DraftText, Muting, Room, Seq, Settings, Timestamp, UserId};
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
    /// What the user has decided about it.
    pub settings: Settings,
}

/// How far somebody has read, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadMark {
    /// The last message they have read; 0 for none.
    pub upto: Seq,
    /// Whether it was another before.
    pub moved: bool,
    /// The settings, if something counted as unread again until now that does no more.
    pub unmarked: Option<Settings>,
}

/// What is to be written of how far somebody has read.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// That they have read further, and that nothing counts as unread again.
    Both,
    /// That they have read further; what counts as unread again comes after it.
    Further,
    /// That nothing counts as unread again; they had read further.
    Unmark,
}

impl Store {
    /// Conversations of `user`, the first of them `after` one.
    pub async fn memberships(
        &self,
        user: &UserId,
        after: Option<&ConversationId>,
        limit: usize,
    ) -> Result<ListPage<Membership>, Error> {
        self.memberships_between(user, (after, "CONV#", "CONV$"), limit).await
    }

    /// The same by place: rooms first, which are few, then the conversations of two people; up to `limit` of
    /// them, however much is kept of each.
    pub async fn memberships_rooms_first(
        &self,
        user: &UserId,
        mut after: Option<ConversationId>,
        limit: usize,
    ) -> Result<ListPage<Membership>, Error> {
        let mut items = Vec::new();
        let in_rooms = !matches!(after, Some(ConversationId::Direct(..)));
        let kinds = [("CONV#room:", "CONV#room;"), ("CONV#dm:", "CONV#dm;")];
        for (first, last) in kinds.into_iter().skip(usize::from(!in_rooms)) {
            loop {
                let left = limit - items.len();
                if left == 0 {
                    let last = items.last().map(|it: &Membership| it.conversation.to_string());
                    return Ok(ListPage { items, next: last });
                }
                let span = (after.as_ref(), first, last);
                let page = self.memberships_between(user, span, left).await?;
                items.extend(page.items);
                if page.next.is_none() {
                    break;
                }
                after = items.last().map(|membership| membership.conversation.clone());
            }
            after = None;
        }
        Ok(ListPage { items, next: None })
    }

    /// A conversation of `user`, if they have it; strongly consistent.
    pub async fn membership(
        &self,
        user: &UserId,
        conversation: &ConversationId,
    ) -> Result<Option<Membership>, Error> {
        let key = Key::membership(user, conversation);
        self.item(key, "look up a conversation").await?.as_ref().map(decode).transpose()
    }

    async fn memberships_between(
        &self,
        user: &UserId,
        (after, first, last): (Option<&ConversationId>, &str, &str),
        limit: usize,
    ) -> Result<ListPage<Membership>, Error> {
        let first =
            after.map_or(first.to_owned(), |after| format!("{} ", keys::membership_sk(after)));
        let page = self
            .query()
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(keys::user_pk(user)))
            // A space follows the cursor itself, and precedes whatever else may follow it.
            .expression_attribute_values(":first", s(first))
            .expression_attribute_values(":last", s(last))
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
        // The rest is nobody else's business.
        let keys = keys.projection_expression("pk, read_seq");
        let found = self.batch(keys, "read how far people have read").await?;
        let position = |item: &Item| {
            let user = item.get(keys::PK)?.as_s().ok().and_then(|pk| keys::user_of_pk(pk))?;
            Some((user, item.get("read_seq").and_then(parse_number)?))
        };
        Ok(found.iter().filter_map(position).collect())
    }

    /// Notes that `user` has read up to `seq`, unless they had read further, or share no such
    /// conversation. What counts as unread again up to there does no more.
    pub async fn mark_read(
        &self,
        user: &UserId,
        conversation: &ConversationId,
        seq: Seq,
    ) -> Result<ReadMark, Error> {
        let mut reading = Reading::Both;
        loop {
            let update = self.update(Key::membership(user, conversation));
            let error = match reading.written(update, seq).send().await {
                Ok(answer) => {
                    let before = answer.attributes().cloned().unwrap_or_default();
                    return Ok(reading.mark(&before, seq));
                }
                Err(error) => error,
            };
            let Some(UpdateItemError::ConditionalCheckFailedException(kept)) =
                error.as_service_error()
            else {
                return Err(storage("note what is read")(error));
            };
            let Some(kept) = kept.item() else {
                return Ok(ReadMark { upto: 0, moved: false, unmarked: None });
            };
            let upto = kept.get("read_seq").and_then(parse_number).unwrap_or(0);
            let marked: Option<Seq> = kept.get("unread_from").and_then(parse_number);
            reading = match marked {
                Some(marked) if marked > seq && upto < seq => Reading::Further,
                Some(marked) if marked <= seq && upto >= seq => Reading::Unmark,
                _ if upto < seq => Reading::Both,
                _ => return Ok(ReadMark { upto, moved: false, unmarked: None }),
            };
        }
    }
}

impl Reading {
    fn written(self, update: UpdateItemFluentBuilder, seq: Seq) -> UpdateItemFluentBuilder {
        let (expression, condition) = match self {
            Self::Both => (
                "SET read_seq = :seq REMOVE unread_from",
                "attribute_exists(pk) AND (attribute_not_exists(read_seq) OR read_seq < :seq) \
                 AND (attribute_not_exists(unread_from) OR unread_from <= :seq)",
            ),
            Self::Further => (
                "SET read_seq = :seq",
                "unread_from > :seq AND (attribute_not_exists(read_seq) OR read_seq < :seq)",
            ),
            Self::Unmark => ("REMOVE unread_from", "unread_from <= :seq AND read_seq >= :seq"),
        };
        update
            .update_expression(expression)
            .condition_expression(condition)
            .expression_attribute_values(":seq", n(seq))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// What is so after the write, by what was kept before.
    fn mark(self, before: &Item, seq: Seq) -> ReadMark {
        let was_marked = before.contains_key("unread_from") && !matches!(self, Self::Further);
        let settings = || Settings { unread_from: None, ..decode_settings(before) };
        let unmarked = was_marked.then(settings);
        match self {
            Self::Both | Self::Further => ReadMark { upto: seq, moved: true, unmarked },
            Self::Unmark => {
                let upto = before.get("read_seq").and_then(parse_number).unwrap_or(seq);
                ReadMark { upto, moved: false, unmarked }
            }
        }
    }
}

pub(super) fn decode(item: &Item) -> Result<Membership, Error> {
    let sk = text(item, keys::SK)?;
    let conversation = sk.strip_prefix("CONV#").ok_or(Error::Corrupt("sk"))?;
    Ok(Membership {
        conversation: ConversationId::parse(conversation)?,
        joined_at: Timestamp::from_millis(number(item, "joined_at")?),
        read_seq: item.get("read_seq").and_then(parse_number),
        settings: decode_settings(item),
    })
}

/// The settings on somebody's listing of a conversation.
pub(super) fn decode_settings(item: &Item) -> Settings {
    let muted = text(item, "muted").ok();
    let muting = [Muting::All, Muting::Mentions].into_iter();
    let muting = muted.and_then(|muted| muting.clone().find(|it| it.as_str() == muted));
    let until = item.get("muted_until").and_then(parse_number).map(Timestamp::from_millis);
    Settings {
        mute: muting.map(|muting| (muting, until)),
        pinned: item.contains_key("pinned"),
        hidden_upto: item.get("hidden_upto").and_then(parse_number),
        draft: text(item, "draft").ok().map(DraftText::stored),
        unread_from: item.get("unread_from").and_then(parse_number),
    }
}
