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
use shared::auth::credentials::Credential;
use shared::auth::identity::{Identity, context_of, context_of_key, named_in_query};
use shared::domain::AuthMode;
use shared::services::{accounts, api_keys};
use shared::{App, Error, invocation};

/// Answers either kind of question in its own form.
///
/// For a WebSocket: whoever shows nothing, or nothing that is true, is `Unauthorized`, which API
/// Gateway turns into a 401; a name that cannot be one is denied, a 403.
pub async fn handle(app: &App, event: Value) -> Result<Value, Error> {
    if event.get("routeArn").is_some() {
        return encode(&http(app, &decode(event)?).await?);
    }
    encode(&websocket(app, &decode(event)?).await?)
}

async fn websocket(
    app: &App,
    event: &ApiGatewayCustomAuthorizerRequestTypeRequest,
) -> Result<ApiGatewayCustomAuthorizerResponse, Error> {
    let header = |name: &str| event.headers.get(name).and_then(|value| value.to_str().ok());
    let query = |name: &str| event.query_string_parameters.first(name);
    let credential = || Credential::of_handshake(header, query);
    let known = match identify(app, query, credential).await {
        Err(error) if !matches!(error, Error::Invalid(_)) => return Err(error),
        known => known,
    };
    let effect = if known.is_ok() { IamPolicyEffect::Allow } else { IamPolicyEffect::Deny };

    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".into()];
    statement.effect = effect;
    statement.resource = vec![event.method_arn.clone().ok_or(Error::Corrupt("methodArn"))?];

    let mut answer = ApiGatewayCustomAuthorizerResponse::default();
    answer.context = Value::Object(context_of(app.config.authentication.mode(), known.as_ref()));
    answer.principal_id = Some(known.map_or("nobody".into(), |it| it.user.encoded()));
    answer.policy_document.version = Some("2012-10-17".into());
    answer.policy_document.statement = vec![statement];
    Ok(answer)
}

/// Everybody may ask, and the context says who it is or why that is not known: an HTTP API's
/// authorizer can only say 403, and some routes are for everybody. The others require a caller.
async fn http(
    app: &App,
    event: &ApiGatewayV2CustomAuthorizerV2Request,
) -> Result<ApiGatewayV2CustomAuthorizerSimpleResponse, Error> {
    let header = |name: &str| event.headers.get(name).and_then(|value| value.to_str().ok());
    let query = |name: &str| event.query_string_parameters.get(name).map(String::as_str);
    let mode = app.config.authentication.mode();
    let context = match Credential::of_request(header) {
        // A key opens no WebSocket, so this is the only place for one.
        Some(Credential::Key(key)) => match told(api_keys::identify(app, &key).await)? {
            Ok(holder) => context_of_key(mode, &holder),
            Err(refused) => context_of(mode, Err(&refused)),
        },
        credential => {
            let known = told(identify(app, query, || credential).await)?;
            context_of(mode, known.as_ref())
        }
    };

    let mut answer = ApiGatewayV2CustomAuthorizerSimpleResponse::default();
    answer.is_authorized = true;
    answer.context = Value::Object(context);
    Ok(answer)
}

/// What the context says; a failure of ours is none of that.
fn told<T>(known: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match known {
        Err(error) if !error.is_clients_fault() => Err(error),
        known => Ok(known),
    }
}

async fn identify<'a>(
    app: &App,
    query: impl Fn(&str) -> Option<&'a str>,
    credential: impl FnOnce() -> Option<Credential>,
) -> Result<Identity, Error> {
    let known = match app.config.authentication.mode() {
        AuthMode::Open => named_in_query(query)?.map(Identity::believed).ok_or(Error::Unauthorized),
        AuthMode::Accounts | AuthMode::Oidc => {
            let credential = credential().ok_or(Error::Unauthorized)?;
            accounts::identify(app, &credential).await
        }
    };
    known.inspect(|known| invocation::is_by(&known.user))
}

fn decode<T: serde::de::DeserializeOwned>(event: Value) -> Result<T, Error> {
    serde_json::from_value(event).map_err(|_| Error::Corrupt("the authorizer's event"))
}

fn encode<T: serde::Serialize>(answer: &T) -> Result<Value, Error> {
    serde_json::to_value(answer).map_err(|_| Error::Corrupt("the authorizer's answer"))
}
