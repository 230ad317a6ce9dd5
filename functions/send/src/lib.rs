//! HTTP: say something without a socket, and change what was said.

mod revise;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, patch, post, put};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::domain::{Scope, Seq, UserId};
use shared::edge::http::{CallerOrKey, Failure, Json, private};
use shared::protocol::ServerFrame;
use shared::services::directory::{find_conversation, find_existing_user};
use shared::services::messages::send::{Draft, new_message, send};
use shared::{App, Error, invocation};

use revise::{edit, pin, react, remove, unpin, unreact};

/// Who speaks in open mode if the request does not say.
const NOBODY: &str = "anonymous";

/// The routes of this function.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/api/send_message", post(send_message))
        .route("/api/conversations/{conversation}/messages/{seq}", patch(edit))
        .route("/api/conversations/{conversation}/messages/{seq}", delete(remove))
        .route("/api/conversations/{conversation}/messages/{seq}/pin", put(pin))
        .route("/api/conversations/{conversation}/messages/{seq}/pin", delete(unpin))
        .route("/api/conversations/{conversation}/messages/{seq}/reactions/{key}", put(react))
        .route("/api/conversations/{conversation}/messages/{seq}/reactions/{key}", delete(unreact));
    private(app, routes)
}

#[derive(Deserialize)]
struct SendMessageRequest {
    receiver_id: Option<String>,
    room: Option<String>,
    content: String,
    reply_to: Option<Seq>,
    #[serde(default)]
    mentions: Vec<String>,
    #[serde(default)]
    mentions_everyone: bool,
    data: Option<Map<String, Value>>,
    id: Option<String>,
    sender_id: Option<UserId>,
    user_id: Option<UserId>,
}

/// `POST /api/send_message`: the answer is the `ack`; a repeated `id` gets the first one's.
async fn send_message(
    State(app): State<App>,
    caller: CallerOrKey,
    Json(request): Json<SendMessageRequest>,
) -> Result<Response, Failure> {
    let sender = sender(&app, caller, [request.sender_id, request.user_id]).await?;
    let draft = Draft {
        content: &request.content,
        data: request.data.as_ref(),
        reply_to: request.reply_to,
        mentions: &request.mentions,
        mentions_everyone: request.mentions_everyone,
        id: request.id.as_deref(),
    };
    let new = new_message(&app, &sender, draft).await?;
    let (receiver, room) = (request.receiver_id.as_deref(), request.room.as_deref());
    if receiver.is_some() == room.is_some() {
        return Err(Error::Invalid("say either `receiver_id` or `room`".into()).into());
    }
    let conversation = find_conversation(&app, &sender, receiver, room).await?;
    let sent = send(&app, &conversation, &new).await?;
    Ok(axum::Json(ServerFrame::Ack(sent.ack())).into_response())
}

/// Who says it; in open mode possibly nobody in particular.
async fn sender(
    app: &App,
    caller: CallerOrKey,
    names: [Option<UserId>; 2],
) -> Result<UserId, Error> {
    match caller {
        CallerOrKey::Caller(caller) => {
            caller.named(names)?.user().map_or_else(|| UserId::parse(NOBODY), Ok)
        }
        key @ CallerOrKey::Key(_) => speaker(app, key, names).await,
    }
}

/// As whom something is said: as whoever asks; of a key, as whom the request names, and else as its bot.
pub(crate) async fn speaker(
    app: &App,
    caller: CallerOrKey,
    names: [Option<UserId>; 2],
) -> Result<UserId, Error> {
    match caller {
        CallerOrKey::Caller(caller) => caller.named(names)?.require(),
        CallerOrKey::Key(key) => {
            let named = key.in_whose_name(Scope::Send, names)?;
            let speaker = find_existing_user(app, named.as_str()).await?;
            invocation::is_by(&speaker);
            Ok(speaker)
        }
    }
}
