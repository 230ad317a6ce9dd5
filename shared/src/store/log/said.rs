//! What was said, as attributes of the item that it is in the table.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::Error;
use crate::domain::{
    Content, Data, Mentions, Reaction, ReactionKey, Reply, Said, Seq, Timestamp, UserId, Wording,
};
use crate::store::item::{Item, n, number, parse_number, s, text, users};

/// The attributes that a [`Wording`] takes.
pub(super) const WORDING: [&str; 4] = ["content", "data", "mentions", "mentions_everyone"];

/// The attributes of what else is gone with what is deleted.
pub(super) const LASTING: [&str; 7] =
    ["reply_to", "reactions", "edited_at", "edit", "pinned_at", "pinned_by", "versions"];

/// The attributes of what is pinned.
pub(super) const PINNED: [&str; 2] = ["pinned_at", "pinned_by"];

pub(super) fn encode(said: &Said, item: &mut Item) {
    if let Some(wording) = &said.wording {
        encode_wording(wording, item);
    }
    if let Some(reply) = &said.reply_to {
        item.insert("reply_to".into(), n(reply.seq));
    }
    if let Some(revised) = said.revised {
        item.insert("revised".into(), n(revised));
    }
    if let Some((at, event)) = said.edited {
        item.insert("edited_at".into(), n(at.as_millis()));
        item.insert("edit".into(), n(event));
    }
    if let Some((at, by)) = &said.deleted {
        item.insert("deleted_at".into(), n(at.as_millis()));
        item.insert("deleted_by".into(), s(by.as_str()));
    }
    if !said.reactions.is_empty() {
        item.insert("reactions".into(), encode_reactions(&said.reactions));
    }
    if let Some((at, by)) = &said.pinned {
        item.insert("pinned_at".into(), n(at.as_millis()));
        item.insert("pinned_by".into(), s(by.as_str()));
    }
    if !said.versions.is_empty() {
        item.insert("versions".into(), encode_versions(&said.versions));
    }
}

pub(super) fn encode_versions(versions: &[Seq]) -> AttributeValue {
    AttributeValue::L(versions.iter().map(|seq| n(*seq)).collect())
}

pub(super) fn encode_wording(wording: &Wording, item: &mut Item) {
    item.insert("content".into(), s(wording.content.as_str()));
    if let Some(data) = &wording.data {
        item.insert("data".into(), s(data.to_json()));
    }
    if !wording.mentions.users.is_empty() {
        let users = wording.mentions.users.iter().map(ToString::to_string).collect();
        item.insert("mentions".into(), AttributeValue::Ss(users));
    }
    if wording.mentions.everyone {
        item.insert("mentions_everyone".into(), AttributeValue::Bool(true));
    }
}

pub(super) fn encode_reactions(reactions: &[Reaction]) -> AttributeValue {
    let encoded = reactions.iter().map(|Reaction { key, count, users, .. }| {
        let users = users.iter().map(|user| s(user.as_str())).collect();
        AttributeValue::M(Item::from([
            ("key".into(), s(key.as_str())),
            ("count".into(), n(*count)),
            ("users".into(), AttributeValue::L(users)),
        ]))
    });
    AttributeValue::L(encoded.collect())
}

pub(super) fn decode(item: &Item) -> Result<Said, Error> {
    let at = |name| item.get(name).and_then(parse_number).map(Timestamp::from_millis);
    let seq = |name| item.get(name).and_then(parse_number::<Seq>);
    let since = |since, by| match at(since) {
        Some(at) => Ok::<_, Error>(Some((at, UserId::parse(&text(item, by)?)?))),
        None => Ok(None),
    };
    let deleted = since("deleted_at", "deleted_by")?;
    let wording = decode_wording(item)?;
    if wording.is_none() && deleted.is_none() {
        return Err(Error::Corrupt("content"));
    }
    Ok(Said {
        wording,
        reply_to: seq("reply_to").map(|seq| Reply { seq, original: None }),
        revised: seq("revised"),
        edited: at("edited_at").zip(seq("edit")),
        deleted,
        reactions: decode_reactions(item.get("reactions"))?,
        pinned: since("pinned_at", "pinned_by")?,
        versions: decode_versions(item.get("versions")),
    })
}

pub(super) fn decode_wording(item: &Item) -> Result<Option<Wording>, Error> {
    let Ok(content) = text(item, "content") else { return Ok(None) };
    let data = item.get("data").and_then(|data| data.as_s().ok());
    let everyone = item.get("mentions_everyone").and_then(|it| it.as_bool().ok());
    Ok(Some(Wording {
        content: Content::stored(content),
        data: data.map(|json| Data::stored(json)).transpose()?,
        mentions: Mentions {
            users: mentioned(item.get("mentions"))?,
            everyone: everyone.copied().unwrap_or_default(),
        },
    }))
}

/// The archive has sets as lists.
fn mentioned(set: Option<&AttributeValue>) -> Result<BTreeSet<UserId>, Error> {
    let Some(list) = set.and_then(|set| set.as_l().ok()) else {
        return Ok(users(set)?.into_iter().collect());
    };
    let names = list.iter().filter_map(|name| name.as_s().ok());
    names.map(|name| UserId::parse(name)).collect()
}

fn decode_versions(list: Option<&AttributeValue>) -> Vec<Seq> {
    let list = list.and_then(|list| list.as_l().ok());
    list.into_iter().flatten().filter_map(parse_number).collect()
}

fn decode_reactions(list: Option<&AttributeValue>) -> Result<Vec<Reaction>, Error> {
    let list = list.and_then(|list| list.as_l().ok()).map_or(&[][..], Vec::as_slice);
    let decode = |reaction: &AttributeValue| {
        let reaction = reaction.as_m().map_err(|_| Error::Corrupt("reactions"))?;
        let users = reaction.get("users").and_then(|users| users.as_l().ok());
        let users = users.into_iter().flatten().filter_map(|user| user.as_s().ok());
        Ok(Reaction {
            key: ReactionKey::parse(&text(reaction, "key")?)?,
            count: number(reaction, "count")?,
            users: users.map(|user| UserId::parse(user)).collect::<Result<_, _>>()?,
            mine: false,
        })
    };
    list.iter().map(decode).collect()
}
