//! `$default`: every frame a client sends.
//!
//! The answer is the route's response, which API Gateway sends to the connection that asked: an
//! `ack`, a `history`, a `pong`, or an `error` for what the client can mend. A failure of ours fails
//! the invocation, so that metrics see it; the client then gets API Gateway's own error frame.

mod presence;
mod read;
mod send;

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use shared::identity::Speaker;
use shared::protocol::{ClientFrame, Frame, FrameError, ServerFrame};
use shared::{App, Error, lambda};

/// Understands one frame, does what it asks, and answers it.
pub async fn handle(
    app: &App,
    event: ApiGatewayWebsocketProxyRequest,
) -> Result<ApiGatewayProxyResponse, Error> {
    let speaker = Speaker::of(&event.request_context)?;
    let text = event.body.as_deref().unwrap_or_default();
    let (outcome, id) = match ClientFrame::parse(text) {
        Ok((frame, id)) => (act(app, &speaker, frame).await, id),
        Err(FrameError { error, id }) => (Err(error), id),
    };
    match outcome {
        Ok(reply) => Ok(lambda::reply(reply)),
        Err(error) if error.is_clients_fault() => {
            Ok(lambda::reply(ServerFrame::error(&error, id.as_deref()).encode()))
        }
        Err(error) => Err(error),
    }
}

async fn act(app: &App, speaker: &Speaker, frame: ClientFrame) -> Result<Frame, Error> {
    match frame {
        ClientFrame::Message(request) => send::message(app, speaker, request).await,
        ClientFrame::History(request) => read::history(app, speaker, request).await,
        ClientFrame::Ping => presence::ping(app, speaker).await,
    }
}
