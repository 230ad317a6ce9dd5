//! Asking the authorizer whether a client may connect.

use std::time::Instant;

use serde_json::{Map, Value};

use super::connection_handle::ConnectionInfo;
use super::event::{self, RequestContext};
use super::handshake_rejection::HandshakeRejection;
use super::policy::AuthorizerPolicy;
use super::request::ClientRequest;
use super::{Authorizer, InvocationFailure, WebSocketApi};

/// Somebody may connect: what the authorizer said of them, and how long it took to say so.
pub(super) struct Permission {
    pub(super) context: Map<String, Value>,
    pub(super) latency: u64,
}

/// The only error text of an authorizer that has a meaning: it makes the answer 401.
const UNAUTHORIZED: &str = "Unauthorized";

/// Asks the authorizer, unless the request lacks what it would look at.
pub(super) async fn authorize(
    api: &WebSocketApi,
    authorizer: &Authorizer,
    caller: &ConnectionInfo,
    occasion: &RequestContext,
    request: &ClientRequest,
) -> Result<Permission, HandshakeRejection> {
    if !authorizer.identity_sources.iter().all(|source| request.has(source)) {
        return Err(HandshakeRejection::UNAUTHORIZED);
    }
    let event = event::authorize(api, caller, occasion, request);
    let asked = Instant::now();
    let answer = authorizer.lambda.invoke(event, api.limits.integration).await;
    let answer = answer.map_err(|failure| refusal(&failure))?;
    let verdict = AuthorizerPolicy::parse(&answer).map_err(|error| {
        tracing::warn!(%error, "the authorizer's answer is of no use");
        HandshakeRejection::AUTHORIZER_FAILED
    })?;
    if !verdict.allows(&api.connect_arn()) {
        return Err(HandshakeRejection::FORBIDDEN);
    }
    let latency = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Permission { context: verdict.context, latency })
}

fn refusal(failure: &InvocationFailure) -> HandshakeRejection {
    match failure {
        InvocationFailure::Failed(error) if error.message == UNAUTHORIZED => {
            HandshakeRejection::UNAUTHORIZED
        }
        InvocationFailure::Failed(_) | InvocationFailure::TimedOut => {
            tracing::warn!(%failure, "the authorizer has failed");
            HandshakeRejection::AUTHORIZER_FAILED
        }
    }
}
