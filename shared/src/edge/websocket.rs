//! Who sent a WebSocket event, and what API Gateway is answered.

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequestContext};
use aws_lambda_events::encodings::Body;
use axum::http::StatusCode;

use crate::auth::identity::{Identity, WebSocketCaller};
use crate::domain::{ConnectionId, Timestamp};
use crate::protocol::EncodedFrame;
use crate::{Error, invocation};

/// Who sent an event; an error if no authorizer stands before the function.
pub fn caller(context: &ApiGatewayWebsocketProxyRequestContext) -> Result<WebSocketCaller, Error> {
    let connection = context.connection_id.as_deref();
    let identity = Identity::of(&context.authorizer.fields)?.ok_or(Error::Unauthorized)?;
    let connection = ConnectionId::new(connection.ok_or(Error::Corrupt("connectionId"))?);
    invocation::is_by(&identity.user);
    invocation::is_over(&connection);
    Ok(WebSocketCaller {
        user: identity.user,
        session: identity.session,
        until: identity.until,
        connection,
        connected_at: Timestamp::from_millis(context.connected_at),
    })
}

/// 200 without a body.
pub fn accepted() -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = 200;
    response
}

/// `status` without a body: at `$connect` the status of the refused handshake.
pub fn refused(status: StatusCode) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status.as_u16().into();
    response
}

/// 200 with `frame` as the route's response: it goes to the connection that asked.
pub fn reply(frame: EncodedFrame) -> ApiGatewayProxyResponse {
    let mut response = accepted();
    response.body = Some(Body::Text(frame.into_string()));
    response
}
