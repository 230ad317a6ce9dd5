//! Asking the authorizer whether a client may connect.

use std::time::Instant;

use serde_json::{Map, Value};

use super::event::{self, Occasion};
use super::policy::Verdict;
use super::refusal::Refusal;
use super::request::ClientRequest;
use super::session::Caller;
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
    caller: &Caller,
    occasion: &Occasion,
    request: &ClientRequest,
) -> Result<Permission, Refusal> {
    if !authorizer.identity_sources.iter().all(|source| request.has(source)) {
        return Err(Refusal::UNAUTHORIZED);
    }
    let event = event::authorize(api, caller, occasion, request);
    let asked = Instant::now();
    let answer = authorizer.lambda.invoke(event, api.limits.integration).await;
    let answer = answer.map_err(|failure| refusal(&failure))?;
    let verdict = Verdict::parse(&answer).map_err(|error| {
        tracing::warn!(%error, "the authorizer's answer is of no use");
        Refusal::AUTHORIZER_FAILED
    })?;
    if !verdict.allows(&api.connect_arn()) {
        return Err(Refusal::FORBIDDEN);
    }
    let latency = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Permission { context: verdict.context, latency })
}

fn refusal(failure: &InvocationFailure) -> Refusal {
    match failure {
        InvocationFailure::Failed(error) if error.message == UNAUTHORIZED => Refusal::UNAUTHORIZED,
        InvocationFailure::Failed(_) | InvocationFailure::TimedOut => {
            tracing::warn!(%failure, "the authorizer has failed");
            Refusal::AUTHORIZER_FAILED
        }
    }
}
