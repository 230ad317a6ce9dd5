//! `$disconnect`: forgets the connection.
//!
//! API Gateway calls it on a best effort; a connection it never tells of is forgotten at the first
//! push that finds it gone, or when its two hours are over.

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use shared::identity::Speaker;
use shared::{App, Error, lambda};

/// One write, no read; nothing to do for a connection that is forgotten already.
pub async fn handle(
    app: &App,
    event: ApiGatewayWebsocketProxyRequest,
) -> Result<ApiGatewayProxyResponse, Error> {
    let speaker = Speaker::of(&event.request_context)?;
    app.store.depart(&speaker.user, &speaker.connection, app.clock.now()).await?;
    Ok(lambda::accepted())
}
