//! `$default`: every frame a client sends.
//!
//! The answer is the route's response, which API Gateway sends to the connection that asked, or is
//! pushed there if it is large; an `error` for what the client can mend. A failure of ours fails the invocation, so that metrics see
//! it; the client then gets API Gateway's own error frame.

mod history;
mod ping;
mod receipts;
mod renewal;
mod revise;
mod rooms;
mod send;
mod sync;
mod typing;

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use shared::auth::identity::WebSocketCaller;
use shared::edge::websocket;
use shared::protocol::{ClientFrame, EncodedFrame, FrameError, ServerFrame, read_frame, refusal};
use shared::pusher::Push;
use shared::services::own_inbox::OwnInbox;
use shared::store::Overdue;
use shared::{App, Error};

/// The largest answer that is the route's response: AWS documents larger messages, of up to 128 KB, for
/// `@connections` only
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
const MAX_RESPONSE_BYTES: usize = 32 * 1024;

/// Understands one frame, does what it asks, and answers it.
pub async fn handle(
    app: &App,
    event: ApiGatewayWebsocketProxyRequest,
) -> Result<ApiGatewayProxyResponse, Error> {
    let caller = websocket::caller(&event.request_context)?;
    let text = event.body.as_deref().unwrap_or_default();
    let (frame, id) = match read_frame(text) {
        Ok((frame, id)) => (Ok(frame), id),
        Err(FrameError { error, id }) => (Err(error), id),
    };
    if !renewal::is_trusted(app, &caller).await? {
        return renewal::part(app, &caller, Overdue::Token, id.as_deref()).await;
    }
    let own = OwnInbox::of(app, &caller);
    let outcome = match frame {
        Ok(frame) => match act(app, &own, frame, id.as_deref()).await {
            // Whoever is refused for another reason may have signed out as well, and is told that.
            Err(refused) if refused.is_clients_fault() => match own.get().await {
                Err(error) if !error.is_clients_fault() => Err(error),
                _ => Err(refused),
            },
            outcome => outcome,
        },
        Err(error) => Err(error),
    };
    if outcome.is_err() && own.has_ended() {
        return renewal::part(app, &caller, Overdue::Session, id.as_deref()).await;
    }
    match outcome.map_err(Error::told) {
        Ok(Some(reply)) => answer(app, &caller, reply).await,
        Ok(None) => Ok(websocket::accepted()),
        Err(error) if error.is_clients_fault() => {
            app.count_refusal(&error);
            Ok(websocket::reply(ServerFrame::Error(refusal(&error, id.as_deref())).encode()))
        }
        Err(error) => Err(error),
    }
}

/// Answers with a frame: as the route's response, or pushed if it is too large for one.
async fn answer(
    app: &App,
    caller: &WebSocketCaller,
    frame: EncodedFrame,
) -> Result<ApiGatewayProxyResponse, Error> {
    if frame.as_bytes().len() <= MAX_RESPONSE_BYTES {
        return Ok(websocket::reply(frame));
    }
    match app.pusher.push(&caller.connection, &frame).await {
        Push::Taken | Push::Gone => Ok(websocket::accepted()),
        Push::Failed => Err(Error::Push {
            action: "answer",
            source: "API Gateway takes nothing for the connection that asked".into(),
        }),
    }
}

/// Every action there is, and its answer, which repeats the frame's `id`; only `typing` has none.
async fn act(
    app: &App,
    own: &OwnInbox<'_>,
    frame: ClientFrame,
    id: Option<&str>,
) -> Result<Option<EncodedFrame>, Error> {
    let reply = match frame {
        ClientFrame::Message(request) => send::message(app, own, request, id).await?,
        ClientFrame::Broadcast(request) => send::broadcast(app, own, request, id).await?,
        ClientFrame::Edit(request) => revise::edit(app, own, request, id).await?,
        ClientFrame::Delete(request) => revise::delete(app, own, request, id).await?,
        ClientFrame::React(request) => revise::react(app, own, request, id).await?,
        ClientFrame::Pin(request) => revise::pin(app, own, request, id).await?,
        ClientFrame::History(request) => history::page(app, own, request, id).await?,
        ClientFrame::Sync(request) => sync::since(app, own, request, id).await?,
        ClientFrame::Read(request) => receipts::read(app, own, request, id).await?,
        ClientFrame::Join(request) => rooms::join(app, own, request, id).await?,
        ClientFrame::Leave(request) => rooms::leave(app, own, request, id).await?,
        ClientFrame::Ping => ping::pong(app, own, id).await?,
        ClientFrame::Renew(request) => renewal::renew(app, own, &request.token, id).await?,
        ClientFrame::Typing(request) => {
            typing::show(app, own, request).await?;
            return Ok(None);
        }
    };
    Ok(Some(reply))
}
