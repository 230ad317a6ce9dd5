//! `message`: keeps what somebody says and brings it to whom it is for.

use shared::chat::{Content, ConversationId, MessageId, UserId};
use shared::delivery::deliver;
use shared::identity::Speaker;
use shared::protocol::{Ack, Frame, SendRequest, ServerFrame};
use shared::store::{Appended, Draft};
use shared::{App, Error};

use crate::presence;

/// Stores before it delivers, and acknowledges only when everybody was reached or marked.
pub(crate) async fn message(
    app: &App,
    speaker: &Speaker,
    request: SendRequest,
) -> Result<Frame, Error> {
    let to = UserId::parse(&request.to)?;
    let draft = Draft {
        id: request.id.as_deref().map(MessageId::parse).transpose()?,
        from: speaker.user.clone(),
        content: Content::parse(&request.content, app.config.max_content_bytes)?,
    };
    let conversation = ConversationId::direct(&speaker.user, &to);

    let appended =
        app.store.append(&conversation, &draft, app.clock.now(), app.config.retention).await?;
    let (message, duplicate) = match appended {
        Appended::Stored(message) => (message, false),
        Appended::Repeat(message) => (message, true),
    };

    let mut inboxes = app.store.inboxes(&conversation.people()).await?;
    if let Some(own) = inboxes.get(&speaker.user) {
        presence::note(app, speaker, own).await?;
    }
    let recipients = inboxes.drain().collect();
    let delivered = deliver(app, &message, recipients, Some(&speaker.connection)).await?;

    let ack = Ack {
        status: "ok",
        id: &message.id,
        conversation: &message.conversation,
        seq: message.seq,
        timestamp: message.sent_at,
        delivered,
        duplicate,
    };
    Ok(ServerFrame::Ack(ack).encode())
}
