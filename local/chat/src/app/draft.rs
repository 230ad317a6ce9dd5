//! What somebody has typed, until it is known whom it calls.

use protocol::Seq;

/// Something to say, in which people may be called.
#[derive(Clone, Debug)]
pub(super) enum Draft {
    /// A message, which may answer another.
    Say { reply_to: Option<Seq>, content: String },
    /// What a message is to say instead.
    Edit { seq: Seq, content: String },
}

impl Draft {
    /// What it says.
    pub(super) fn content(&self) -> &str {
        match self {
            Self::Say { content, .. } | Self::Edit { content, .. } => content,
        }
    }
}
