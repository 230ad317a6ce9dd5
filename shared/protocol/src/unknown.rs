//! What a later version may say that this one does not know.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A field that may be left out or null, and counts as left out if it says what is not known here.
pub(crate) fn skip<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    field: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(field)?;
    Ok(serde_json::from_value(value).ok())
}
