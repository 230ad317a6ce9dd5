//! Something becomes of what was said. Each of these may be asked again: what is so already stays so.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::App;
use shared::domain::{Actor, ConversationId, Scope, Seq, UserId};
use shared::edge::http::{CallerOrKey, Failure, Json, Path, nullable};
use shared::protocol::ServerFrame;
use shared::services::messages::revise::{Deed, Draft, new_event, revise};

use crate::speaker;

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

/// Who does it, as open mode may be told.
#[derive(Deserialize)]
pub(crate) struct ActorRequest {
    sender_id: Option<UserId>,
    user_id: Option<UserId>,
}

/// `PATCH /api/conversations/{conversation}/messages/{seq}`.
pub(crate) async fn edit(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(Place { conversation, seq }): Path<Place>,
    Json(request): Json<EditRequest>,
) -> Result<Answer<ServerFrame>, Failure> {
    let user = speaker(&app, caller, [request.sender_id, request.user_id]).await?;
    let draft = Draft {
        content: request.content.as_deref(),
        data: request.data.as_ref().map(Option::as_ref),
        mentions: request.mentions.as_deref(),
        mentions_everyone: request.mentions_everyone,
    };
    let id = request.id.as_deref();
    act(&app, &user.into(), (&conversation, seq), Deed::Edit(draft), id).await
}

/// `DELETE /api/conversations/{conversation}/messages/{seq}`: whoever keeps order deletes what others said, too.
pub(crate) async fn remove(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(Place { conversation, seq }): Path<Place>,
) -> Result<Answer<ServerFrame>, Failure> {
    let actor = keeper(&app, caller, [None, None]).await?;
    act(&app, &actor, (&conversation, seq), Deed::Delete, None).await
}

/// `PUT /api/conversations/{conversation}/messages/{seq}/reactions/{key}`.
pub(crate) async fn react(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(ReactionPlace { conversation, seq, key }): Path<ReactionPlace>,
    Json(by): Json<ActorRequest>,
) -> Result<Answer<ServerFrame>, Failure> {
    let deed = Deed::React { key: &key, on: true };
    let user = speaker(&app, caller, [by.sender_id, by.user_id]).await?;
    act(&app, &user.into(), (&conversation, seq), deed, None).await
}

/// `DELETE /api/conversations/{conversation}/messages/{seq}/reactions/{key}`.
pub(crate) async fn unreact(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(ReactionPlace { conversation, seq, key }): Path<ReactionPlace>,
) -> Result<Answer<ServerFrame>, Failure> {
    let deed = Deed::React { key: &key, on: false };
    let user = speaker(&app, caller, [None, None]).await?;
    act(&app, &user.into(), (&conversation, seq), deed, None).await
}

/// `PUT /api/conversations/{conversation}/messages/{seq}/pin`.
pub(crate) async fn pin(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(Place { conversation, seq }): Path<Place>,
    Json(by): Json<ActorRequest>,
) -> Result<Answer<ServerFrame>, Failure> {
    let actor = keeper(&app, caller, [by.sender_id, by.user_id]).await?;
    act(&app, &actor, (&conversation, seq), Deed::Pin { on: true }, None).await
}

/// `DELETE /api/conversations/{conversation}/messages/{seq}/pin`.
pub(crate) async fn unpin(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(Place { conversation, seq }): Path<Place>,
) -> Result<Answer<ServerFrame>, Failure> {
    let actor = keeper(&app, caller, [None, None]).await?;
    act(&app, &actor, (&conversation, seq), Deed::Pin { on: false }, None).await
}

/// Whoever does what keeps order: a key that is made for that stands above all members.
async fn keeper(
    app: &App,
    caller: CallerOrKey,
    named: [Option<UserId>; 2],
) -> Result<Actor, Failure> {
    match caller {
        CallerOrKey::Key(key) if !key.is_good_for(Scope::Moderate) => {
            Ok(speaker(app, CallerOrKey::Key(key), named).await?.into())
        }
        caller => Ok(caller.actor(named)?),
    }
}

async fn act(
    app: &App,
    actor: &Actor,
    (conversation, seq): (&str, Seq),
    deed: Deed<'_>,
    id: Option<&str>,
) -> Result<Answer<ServerFrame>, Failure> {
    let conversation = ConversationId::parse(conversation)?;
    let new = new_event(app, &actor.user, seq, deed, id).await?;
    let sent = revise(app, actor, &conversation, &new).await?;
    Ok(Answer(ServerFrame::Ack(sent.ack())))
}
