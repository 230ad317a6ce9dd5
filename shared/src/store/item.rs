//! Reads and writes attributes; a missing or mistyped one is an [`Error::Corrupt`].

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::Error;
use crate::domain::UserId;

/// An item as the SDK gives it.
pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn text(item: &Item, name: &'static str) -> Result<String, Error> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned().ok_or(Error::Corrupt(name))
}

pub(super) fn number<N: std::str::FromStr>(item: &Item, name: &'static str) -> Result<N, Error> {
    item.get(name).and_then(parse_number).ok_or(Error::Corrupt(name))
}

pub(super) fn parse_number<N: std::str::FromStr>(value: &AttributeValue) -> Option<N> {
    value.as_n().ok()?.parse().ok()
}

pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn n(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

/// A set of users, which is missing if it is empty.
pub(super) fn users(set: Option<&AttributeValue>) -> Result<Vec<UserId>, Error> {
    let names = set.and_then(|set| set.as_ss().ok()).map_or(&[][..], Vec::as_slice);
    names.iter().map(|name| UserId::parse(name)).collect()
}
