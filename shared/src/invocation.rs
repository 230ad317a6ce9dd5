//! What one invocation is about: every line that is logged within it says so.

use tracing::Span;
use tracing::field::{Empty, display};

use crate::domain::{ConnectionId, ConversationId, KeyId, UserId};

/// What the invocation of this request logs within. Of the highest level, so that no log level leaves it
/// out.
pub fn span(request: &str) -> Span {
    tracing::error_span!(
        "invocation",
        requestId = request,
        user = Empty,
        key = Empty,
        connection = Empty,
        conversation = Empty
    )
}

/// It is `user` who asks.
pub fn is_by(user: &UserId) {
    Span::current().record("user", display(user));
}

/// Somebody's backend asks, with this key.
pub fn is_with(key: KeyId) {
    Span::current().record("key", display(key));
}

/// It came over this connection.
pub fn is_over(connection: &ConnectionId) {
    Span::current().record("connection", display(connection));
}

/// It is about this conversation.
pub fn is_about(conversation: &ConversationId) {
    Span::current().record("conversation", display(conversation));
}
