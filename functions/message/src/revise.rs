//! `edit`, `delete`, `react` and `pin`: something becomes of what was said.

use shared::domain::{ConversationId, Seq};
use shared::protocol::{
    DeleteRequest, EditRequest, EncodedFrame, PinRequest, ReactRequest, ServerFrame,
};
use shared::services::messages::revise::{Deed, Draft, new_event, revise_over};
use shared::services::own_inbox::OwnInbox;
use shared::{App, Error};

/// It says something else.
pub(crate) async fn edit(
    app: &App,
    own: &OwnInbox<'_>,
    request: EditRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    let draft = Draft {
        content: request.content.as_deref(),
        data: request.data.as_ref().map(Option::as_ref),
        mentions: request.mentions.as_deref(),
        mentions_everyone: request.mentions_everyone,
    };
    act(app, own, (&request.conversation, request.seq), Deed::Edit(draft), id).await
}

/// It is taken back.
pub(crate) async fn delete(
    app: &App,
    own: &OwnInbox<'_>,
    request: DeleteRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    act(app, own, (&request.conversation, request.seq), Deed::Delete, id).await
}

/// Somebody reacts to it, or does not any more.
pub(crate) async fn react(
    app: &App,
    own: &OwnInbox<'_>,
    request: ReactRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    let deed = Deed::React { key: &request.key, on: request.on };
    act(app, own, (&request.conversation, request.seq), deed, id).await
}

/// It is pinned, or not any more.
pub(crate) async fn pin(
    app: &App,
    own: &OwnInbox<'_>,
    request: PinRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    let deed = Deed::Pin { on: request.on };
    act(app, own, (&request.conversation, request.seq), deed, id).await
}

async fn act(
    app: &App,
    own: &OwnInbox<'_>,
    (conversation, seq): (&str, Seq),
    deed: Deed<'_>,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    let conversation = ConversationId::parse(conversation)?;
    let new = new_event(app, &own.caller.user, seq, deed, id).await?;
    let sent = revise_over(app, &conversation, &new, own).await?;
    Ok(ServerFrame::Ack(sent.ack()).encode())
}
