//! What people decide about conversations for themselves alone.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use shared::App;
use shared::domain::{ConversationId, Muting, Seq, Timestamp, UserId};
use shared::edge::http::{Caller, Failure, Json, Path, nullable};
use shared::protocol::SettingsView;
use shared::services::settings::{self, Wanted};

/// The body of `PATCH /api/conversations/{conversation}/settings`; what people write never reaches a log, so it
/// does not print itself.
#[derive(Deserialize)]
pub(crate) struct ChangeSettingsRequest {
    #[serde(default, deserialize_with = "nullable")]
    muted: Option<Option<Muting>>,
    #[serde(default, deserialize_with = "nullable")]
    muted_until: Option<Option<Timestamp>>,
    #[serde(default, deserialize_with = "nullable")]
    pinned: Option<Option<bool>>,
    #[serde(default, deserialize_with = "nullable")]
    hidden: Option<Option<bool>>,
    #[serde(default, deserialize_with = "nullable")]
    draft: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    unread_from: Option<Option<Seq>>,
    user_id: Option<UserId>,
    sender_id: Option<UserId>,
}

/// `GET /api/conversations/{conversation}/settings`: the caller's own.
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(conversation): Path<String>,
) -> Result<Answer<SettingsView>, Failure> {
    let user = caller.require()?;
    let conversation = ConversationId::parse(&conversation)?;
    Ok(Answer(settings::of(&app, &user, &conversation).await?))
}

/// `PATCH /api/conversations/{conversation}/settings`: what is given is changed, and what is null goes.
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(conversation): Path<String>,
    Json(asked): Json<ChangeSettingsRequest>,
) -> Result<Answer<SettingsView>, Failure> {
    let user = caller.named([asked.user_id, asked.sender_id])?.require()?;
    let conversation = ConversationId::parse(&conversation)?;
    let wanted = Wanted {
        muted: asked.muted,
        muted_until: asked.muted_until,
        pinned: asked.pinned.map(Option::unwrap_or_default),
        hidden: asked.hidden.map(Option::unwrap_or_default),
        draft: asked.draft,
        unread_from: asked.unread_from,
    };
    Ok(Answer(settings::change(&app, &user, &conversation, wanted).await?))
}
