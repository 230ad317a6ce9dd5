//! Who is calling: asked once for a WebSocket connection, and for every HTTP request.
//!
//! What it puts into its context, API Gateway carries on every later event of the connection, so no
//! message needs a look-up to know who sent it. WebSocket APIs take an IAM policy for an answer,
//! HTTP APIs a plain yes or no; both kinds of question come to this one function.

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerRequestTypeRequest, ApiGatewayCustomAuthorizerResponse,
    ApiGatewayV2CustomAuthorizerSimpleResponse, ApiGatewayV2CustomAuthorizerV2Request,
};
use aws_lambda_events::iam::{IamPolicyEffect, IamPolicyStatement};
use serde_json::Value;
use shared::config::AuthMode;
use shared::identity::{context_of, named_in_query};
use shared::{App, Error};

/// Answers either kind of question in its own form.
///
/// For a WebSocket: nobody named is `Unauthorized`, which API Gateway turns into a 401; a name that
/// cannot be one is denied, a 403.
pub async fn handle(app: &App, event: Value) -> Result<Value, Error> {
    if event.get("routeArn").is_some() {
        return encode(&http(app, &decode(event)?)?);
    }
    encode(&websocket(app, &decode(event)?)?)
}

fn websocket(
    app: &App,
    event: &ApiGatewayCustomAuthorizerRequestTypeRequest,
) -> Result<ApiGatewayCustomAuthorizerResponse, Error> {
    let AuthMode::Open = app.config.auth_mode;
    let named = named_in_query(|name| event.query_string_parameters.first(name));
    let (user, effect) = match named {
        Ok(None) => return Err(Error::Unauthorized),
        Ok(user) => (user, IamPolicyEffect::Allow),
        Err(_) => (None, IamPolicyEffect::Deny),
    };

    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".into()];
    statement.effect = effect;
    statement.resource = vec![event.method_arn.clone().ok_or(Error::Corrupt("methodArn"))?];

    let mut answer = ApiGatewayCustomAuthorizerResponse::default();
    answer.context = Value::Object(context_of(user.as_ref()));
    answer.principal_id = Some(user.map_or_else(|| "nobody".into(), |user| user.encoded()));
    answer.policy_document.version = Some("2012-10-17".into());
    answer.policy_document.statement = vec![statement];
    Ok(answer)
}

/// In open mode everybody may ask: the routes say what is missing if nobody is named, and what is
/// wrong with a name that cannot be one.
fn http(
    app: &App,
    event: &ApiGatewayV2CustomAuthorizerV2Request,
) -> Result<ApiGatewayV2CustomAuthorizerSimpleResponse, Error> {
    let AuthMode::Open = app.config.auth_mode;
    let named = named_in_query(|name| event.query_string_parameters.get(name).map(String::as_str));

    let mut answer = ApiGatewayV2CustomAuthorizerSimpleResponse::default();
    answer.is_authorized = true;
    answer.context = Value::Object(context_of(named.ok().flatten().as_ref()));
    Ok(answer)
}

fn decode<T: serde::de::DeserializeOwned>(event: Value) -> Result<T, Error> {
    serde_json::from_value(event).map_err(|_| Error::Corrupt("the authorizer's event"))
}

fn encode<T: serde::Serialize>(answer: &T) -> Result<Value, Error> {
    serde_json::to_value(answer).map_err(|_| Error::Corrupt("the authorizer's answer"))
}
