//! What a Lambda behind a proxy integration answers with.

use hyper::StatusCode;
use serde_json::Value;

/// A Lambda proxy answer.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format>
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LambdaResponse {
    pub(super) status: StatusCode,
    pub(super) body: Option<String>,
    headers: Vec<(String, String)>,
}

/// The answer does not have the shape that API Gateway asks for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed Lambda proxy response: {0}")]
pub(super) struct Malformed(&'static str);

impl LambdaResponse {
    /// Checks what a Lambda has returned.
    pub(super) fn parse(mut returned: Value) -> Result<Self, Malformed> {
        let status = status(&returned["statusCode"]).ok_or(Malformed("no valid statusCode"))?;
        let body = match returned["body"].take() {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => return Err(Malformed("the body is not a string")),
        };
        let mut headers = Vec::new();
        for field in ["headers", "multiValueHeaders"] {
            collect(&returned[field], &mut headers).ok_or(Malformed("headers are not strings"))?;
        }
        Ok(Self { status, body, headers })
    }

    /// A header by its name in any case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

fn status(value: &Value) -> Option<StatusCode> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        other => other.as_u64()?,
    };
    let sound = (200..=599).contains(&number);
    StatusCode::from_u16(u16::try_from(number).ok().filter(|_| sound)?).ok()
}

fn collect(field: &Value, headers: &mut Vec<(String, String)>) -> Option<()> {
    let fields = match field {
        Value::Null => return Some(()),
        other => other.as_object()?,
    };
    for (name, value) in fields {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            headers.push((name.clone(), scalar(value)?));
        }
    }
    Some(())
}

/// A string, number or boolean as text: what API Gateway accepts where it wants a string.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_malformed(returned: &Value) {
        assert!(LambdaResponse::parse(returned.clone()).is_err(), "{returned}");
    }

    #[test]
    fn a_status_is_enough() {
        let answer = LambdaResponse::parse(json!({ "statusCode": 204 })).unwrap();
        assert_eq!((answer.status, answer.body), (StatusCode::NO_CONTENT, None));
        let answer =
            LambdaResponse::parse(json!({ "statusCode": "200", "headers": null })).unwrap();
        assert_eq!(answer.status, StatusCode::OK);
    }

    #[test]
    fn headers_are_found_in_any_case_and_either_field() {
        let field = json!({ "sec-websocket-protocol": "chat" });
        let answer = LambdaResponse::parse(json!({ "statusCode": 200, "headers": field })).unwrap();
        assert_eq!(answer.header("Sec-WebSocket-Protocol"), Some("chat"));

        let field = json!({ "Sec-WebSocket-Protocol": ["chat"] });
        let answer = json!({ "statusCode": 200, "multiValueHeaders": field });
        let answer = LambdaResponse::parse(answer).unwrap();
        assert_eq!(answer.header("Sec-WebSocket-Protocol"), Some("chat"));
    }

    #[test]
    fn other_shapes_are_malformed() {
        check_malformed(&json!(null));
        check_malformed(&json!("fine"));
        check_malformed(&json!({ "body": "no status" }));
        check_malformed(&json!({ "statusCode": 99 }));
        check_malformed(&json!({ "statusCode": 101 }));
        check_malformed(&json!({ "statusCode": 66_000 }));
        check_malformed(&json!({ "statusCode": 200, "body": {} }));
        check_malformed(&json!({ "statusCode": 200, "headers": [] }));
        check_malformed(&json!({ "statusCode": 200, "headers": { "a": {} } }));
    }
}
