//! Frames as the page shows them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::masking::masked;
use crate::apigateway::{Frame, Way};

/// So much of a frame is shown, in bytes.
const TEXT: usize = 4 * 1024;
/// So much of what it calls itself.
const KIND: usize = 40;

/// A frame that has passed.
#[derive(Debug, Serialize)]
pub struct ShownFrame {
    /// Tells it from others.
    pub number: u64,
    /// When it passed.
    pub at: Timestamp,
    /// Which way.
    pub way: Way,
    /// By which connection.
    pub connection: String,
    /// Whose connection that is.
    pub user: Option<String>,
    /// What it says in `action` or `type`.
    pub kind: Option<String>,
    /// How large it is.
    pub bytes: usize,
    /// What it says, without tokens and passwords, and no more than 4 KB of it.
    pub text: String,
    /// Whether it says more.
    pub is_cut: bool,
}

impl ShownFrame {
    pub(super) fn of(frame: Frame) -> Self {
        let Frame { number, at, way, connection, user, text } = frame;
        let json: Option<Value> = serde_json::from_str(&text).ok();
        let field = if way == Way::In { "action" } else { "type" };
        let kind = json.as_ref().and_then(|json| json.get(field)?.as_str());
        let kind = kind.map(|kind| start(kind, KIND).to_owned());
        let shown = masked(&text, json);
        let start = start(&shown, TEXT);
        Self {
            number,
            at,
            way,
            connection,
            user,
            kind,
            bytes: text.len(),
            text: start.to_owned(),
            is_cut: start.len() < shown.len(),
        }
    }
}

/// The first `most` bytes, or a little less, so that no character is torn.
fn start(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
