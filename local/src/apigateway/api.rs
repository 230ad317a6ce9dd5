//! What a template would deploy: the WebSocket API as plain data.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Lambda, Limits, RouteSelection};
use crate::meter::Meter;

/// Called whenever a connection has been accepted.
pub type Accepted = Arc<dyn Fn() + Send + Sync>;

/// A WebSocket API, its one stage and everything behind it.
#[derive(Clone)]
pub struct WebSocketApi {
    /// The stage's name, which is also the path clients connect to.
    pub stage: String,
    /// The API's id, as events show it.
    pub api_id: String,
    /// The Region in the ARNs that policies are matched against.
    pub region: String,
    /// The account in the ARNs that policies are matched against.
    pub account_id: String,
    /// The host name that events show.
    pub domain_name: String,
    /// Who is asked before `$connect`, if anybody.
    pub authorizer: Option<Authorizer>,
    /// How a message chooses its route.
    pub route_selection: RouteSelection,
    /// The routes by their keys; `$connect`, `$disconnect` and `$default` are optional.
    pub routes: HashMap<String, Route>,
    /// The quotas.
    pub limits: Limits,
    /// Called after a connection has been accepted and can be pushed to.
    pub accepted: Option<Accepted>,
    /// Where invocations are counted.
    pub meter: Meter,
}

impl Default for WebSocketApi {
    fn default() -> Self {
        Self {
            stage: "dev".to_owned(),
            api_id: "local".to_owned(),
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            domain_name: "localhost".to_owned(),
            authorizer: None,
            route_selection: RouteSelection::default(),
            routes: HashMap::new(),
            limits: Limits::default(),
            accepted: None,
            meter: Meter::default(),
        }
    }
}

impl WebSocketApi {
    /// The key of the route that connecting clients take.
    pub const CONNECT: &'static str = "$connect";
    /// The key of the route that says a connection has ended.
    pub const DISCONNECT: &'static str = "$disconnect";
    /// The key of the route for messages that match no other.
    pub const DEFAULT: &'static str = "$default";

    /// The route a message takes: the one it names, else `$default`, else none.
    pub(super) fn route_of(&self, named: Option<&str>) -> Option<(&str, &Route)> {
        // Keys with a dollar sign are API Gateway's own: a message cannot name them.
        let named = named.filter(|key| !key.starts_with('$'));
        let (key, route) = named
            .and_then(|key| self.routes.get_key_value(key))
            .or_else(|| self.routes.get_key_value(Self::DEFAULT))?;
        Some((key, route))
    }

    /// The ARN by which an authorizer's policy names the `$connect` route.
    pub(super) fn connect_arn(&self) -> String {
        let Self { region, account_id, api_id, stage, .. } = self;
        format!("arn:aws:execute-api:{region}:{account_id}:{api_id}/{stage}/{}", Self::CONNECT)
    }
}

/// A route's Lambda, and whether its answer goes back to the client.
#[derive(Clone)]
pub struct Route {
    /// The Lambda proxy integration.
    pub lambda: Lambda,
    /// Whether the answer's body is sent to the client (two-way communication).
    ///
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html>
    pub route_response: bool,
}

impl Route {
    /// A route whose answers are not sent to the client.
    pub fn one_way(lambda: Lambda) -> Self {
        Self { lambda, route_response: false }
    }

    /// A route with a route response: its answers are sent to the client.
    pub fn two_way(lambda: Lambda) -> Self {
        Self { lambda, route_response: true }
    }
}

/// A Lambda `REQUEST` authorizer, asked once for each connection.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html>
#[derive(Clone)]
pub struct Authorizer {
    /// Answers with a policy.
    pub lambda: Lambda,
    /// What a request must carry to be worth asking about.
    pub identity_sources: Vec<IdentitySource>,
}

/// A part of the request without which the answer is 401.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// A header, by its name in any case.
    Header(String),
    /// A parameter of the query string.
    QueryString(String),
}

/// This is not an identity source that a WebSocket API knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identity source: {0:?}")]
pub struct InvalidIdentitySource(String);

impl IdentitySource {
    /// Reads `route.request.header.X` or `route.request.querystring.X`.
    pub fn parse(expression: &str) -> Result<Self, InvalidIdentitySource> {
        let invalid = || InvalidIdentitySource(expression.to_owned());
        let source = expression.strip_prefix("route.request.").ok_or_else(invalid)?;
        match source.split_once('.') {
            Some(("header", name)) if !name.is_empty() => Ok(Self::Header(name.to_owned())),
            Some(("querystring", name)) if !name.is_empty() => {
                Ok(Self::QueryString(name.to_owned()))
            }
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, expected: Option<&IdentitySource>) {
        assert_eq!(IdentitySource::parse(expression).ok().as_ref(), expected, "of {expression}");
    }

    #[test]
    fn identity_sources_are_headers_and_query_parameters() {
        check("route.request.header.Auth", Some(&IdentitySource::Header("Auth".to_owned())));
        check("route.request.querystring.t", Some(&IdentitySource::QueryString("t".to_owned())));
        check("route.request.header.", None);
        check("$request.header.Auth", None);
        check("stageVariables.x", None);
    }
}
