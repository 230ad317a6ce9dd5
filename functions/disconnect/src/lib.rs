//! `$disconnect`: forgets the connection.
//!
//! API Gateway calls it on a best effort; a connection it never tells of is forgotten at the first
//! push that finds it gone, or when its two hours are over.

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use shared::edge::websocket;
use shared::{App, Error};

/// One write, no read; nothing to do for a connection that is forgotten already, nor for one that
/// nobody can be named of: whether API Gateway carries the authorizer's context here is not documented.
pub async fn handle(
    app: &App,
    event: ApiGatewayWebsocketProxyRequest,
) -> Result<ApiGatewayProxyResponse, Error> {
    let caller = match websocket::caller(&event.request_context) {
        Err(Error::Unauthorized) => {
            tracing::warn!(
                connection = event.request_context.connection_id,
                "a $disconnect names nobody; the next push forgets the connection"
            );
            return Ok(websocket::accepted());
        }
        caller => caller?,
    };
    app.store.remove_connection(&caller.user, &caller.connection, app.clock.now()).await?;
    Ok(websocket::accepted())
}
