//! Something becomes of what was said. Each of these may be asked again: what is so already stays so.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::App;
use shared::domain::{ConversationId, Seq, UserId};
use shared::edge::http::{ActingUser, Caller, Failure, Json, Path, nullable};
use shared::protocol::ServerFrame;
use shared::services::messages::revise::{Deed, Draft, new_event, revise};

/// The parameters in the path of a message.
#[derive(Deserialize)]
pub(crate) struct Place {
    conversation: String,
    seq: Seq,
}

/// The parameters in the path of a reaction.
#[derive(Deserialize)]
pub(crate) struct ReactionPlace {
    conversation: String,
    seq: Seq,
    key: String,
}

/// What is given is changed.
#[derive(Deserialize)]
pub(crate) struct EditRequest {
    content: Option<String>,
    mentions: Option<Vec<String>>,
    mentions_everyone: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    data: Option<Option<Map<String, Value>>>,
    id: Option<String>,
    sender_id: Option<UserId>,
    user_id: Option<UserId>,
}

/// `PATCH /api/conversations/{conversation}/messages/{seq}`.
pub(crate) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(Place { conversation, seq }): Path<Place>,
    Json(request): Json<EditRequest>,
) -> Result<Answer<ServerFrame>, Failure> {
    let user = caller.named([request.sender_id, request.user_id])?.require()?;
    let draft = Draft {
        content: request.content.as_deref(),
        data: request.data.as_ref().map(Option::as_ref),
        mentions: request.mentions.as_deref(),
        mentions_everyone: request.mentions_everyone,
    };
    let id = request.id.as_deref();
    act(&app, &user, (&conversation, seq), Deed::Edit(draft), id).await
}

/// `DELETE /api/conversations/{conversation}/messages/{seq}`.
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(Place { conversation, seq }): Path<Place>,
) -> Result<Answer<ServerFrame>, Failure> {
    act(&app, &caller.require()?, (&conversation, seq), Deed::Delete, None).await
}

/// `PUT /api/conversations/{conversation}/messages/{seq}/reactions/{key}`.
pub(crate) async fn react(
    State(app): State<App>,
    caller: Caller,
    Path(ReactionPlace { conversation, seq, key }): Path<ReactionPlace>,
    Json(by): Json<ActingUser>,
) -> Result<Answer<ServerFrame>, Failure> {
    let deed = Deed::React { key: &key, on: true };
    act(&app, &by.acting_user(caller)?, (&conversation, seq), deed, None).await
}

/// `DELETE /api/conversations/{conversation}/messages/{seq}/reactions/{key}`.
pub(crate) async fn unreact(
    State(app): State<App>,
    caller: Caller,
    Path(ReactionPlace { conversation, seq, key }): Path<ReactionPlace>,
) -> Result<Answer<ServerFrame>, Failure> {
    let deed = Deed::React { key: &key, on: false };
    act(&app, &caller.require()?, (&conversation, seq), deed, None).await
}

async fn act(
    app: &App,
    user: &UserId,
    (conversation, seq): (&str, Seq),
    deed: Deed<'_>,
    id: Option<&str>,
) -> Result<Answer<ServerFrame>, Failure> {
    let conversation = ConversationId::parse(conversation)?;
    let new = new_event(app, user, seq, deed, id).await?;
    let sent = revise(app, &conversation, &new).await?;
    Ok(Answer(ServerFrame::Ack(sent.ack())))
}
