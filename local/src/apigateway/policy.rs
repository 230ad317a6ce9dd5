//! What an authorizer answers with: a policy, and facts for later events.

use serde_json::{Map, Value};

use super::lambda_response::scalar;

/// The largest answer API Gateway takes from an authorizer.
const LARGEST: usize = 8 * 1024;

/// An authorizer's answer.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html>
#[derive(Debug)]
pub(super) struct AuthorizerPolicy {
    /// `requestContext.authorizer` of the connection's events.
    pub(super) context: Map<String, Value>,
    statements: Vec<Statement>,
}

/// The answer does not have the shape that API Gateway asks for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed authorizer response: {0}")]
pub(super) struct Malformed(&'static str);

#[derive(Debug)]
struct Statement {
    allows: bool,
    actions: Vec<String>,
    resources: Vec<String>,
    conditional: bool,
}

impl AuthorizerPolicy {
    /// Checks what an authorizer has returned.
    pub(super) fn parse(returned: &Value) -> Result<Self, Malformed> {
        if returned.to_string().len() > LARGEST {
            return Err(Malformed("more than 8 KB"));
        }
        let principal = returned["principalId"].as_str().ok_or(Malformed("no principalId"))?;
        let policy = returned["policyDocument"].as_object();
        let statements = policy
            .and_then(|policy| one_or_many(policy.get("Statement")?, Statement::parse))
            .ok_or(Malformed("no policyDocument with statements"))?;
        let mut context = context(&returned["context"])
            .ok_or(Malformed("a context value is not a string, number or boolean"))?;
        context.insert("principalId".to_owned(), principal.into());
        Ok(Self { context, statements })
    }

    /// Whether the policy lets a client connect: something allows it and nothing denies it.
    pub(super) fn allows(&self, resource: &str) -> bool {
        let mut allowed = false;
        for statement in self.statements.iter().filter(|statement| statement.covers(resource)) {
            if !statement.allows {
                return false;
            }
            // Conditions are not evaluated; an allowance that depends on one is no allowance.
            allowed |= !statement.conditional;
        }
        allowed
    }
}

impl Statement {
    const ACTION: &'static str = "execute-api:invoke";

    fn parse(value: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            allows: match value.get("Effect")?.as_str()? {
                "Allow" => true,
                "Deny" => false,
                _ => return None,
            },
            actions: one_or_many(value.get("Action")?, text)?,
            resources: one_or_many(value.get("Resource")?, text)?,
            conditional: value.get("Condition").is_some_and(|condition| !condition.is_null()),
        })
    }

    fn covers(&self, resource: &str) -> bool {
        let mut actions = self.actions.iter();
        actions.any(|pattern| matches(&pattern.to_ascii_lowercase(), Self::ACTION))
            && self.resources.iter().any(|pattern| matches(pattern, resource))
    }
}

fn one_or_many<T>(value: &Value, parse: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    match value {
        Value::Array(values) => values.iter().map(parse).collect(),
        one => Some(vec![parse(one)?]),
    }
}

/// Context values reach Lambdas as strings, whatever the authorizer has written.
fn context(field: &Value) -> Option<Map<String, Value>> {
    if field.is_null() {
        return Some(Map::new());
    }
    let fields = field.as_object()?.iter();
    fields.map(|(key, value)| Some((key.clone(), scalar(value)?.into()))).collect()
}

/// Compares with a pattern in which `*` stands for any text and `?` for any one byte.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    // After a mismatch the last star takes one byte more: no recursion, so no blow-up.
    let mut last_star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((star, taken)) = last_star else { return false };
                last_star = Some((star, taken + 1));
                at = star + 1;
                read = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CONNECT: &str = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/dev/$connect";

    fn statement(effect: &str, action: &str, resource: &str) -> Value {
        json!({ "Effect": effect, "Action": action, "Resource": resource })
    }

    fn verdict(statements: &Value) -> Result<AuthorizerPolicy, Malformed> {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        AuthorizerPolicy::parse(&json!({ "principalId": "alice", "policyDocument": policy }))
    }

    #[track_caller]
    fn check(statements: &Value, expected: bool) {
        assert_eq!(verdict(statements).unwrap().allows(CONNECT), expected, "of {statements}");
    }

    #[test]
    fn a_resource_may_have_wildcards() {
        let allow = |resource: &str| statement("Allow", "execute-api:Invoke", resource);
        check(&json!([allow(CONNECT)]), true);
        check(&json!([allow("*")]), true);
        check(&json!([allow("arn:aws:execute-api:*:*:*/dev/*")]), true);
        check(&json!([allow("arn:aws:execute-api:*:*:*/dev/$conn?ct")]), true);
        check(&json!([allow("arn:aws:execute-api:*:*:*/dev/*/*")]), false);
        check(&json!([allow("arn:aws:execute-api:*:*:*/prod/*")]), false);
        check(&json!([allow("")]), false);
    }

    #[test]
    fn an_action_may_have_wildcards_and_any_case() {
        let allow = |action: &str| statement("Allow", action, "*");
        check(&json!([allow("execute-api:*")]), true);
        check(&json!([allow("*")]), true);
        check(&json!([allow("execute-api:invoke")]), true);
        check(&json!([allow("execute-api:ManageConnections")]), false);
    }

    #[test]
    fn a_denial_wins_and_silence_denies() {
        let allow = statement("Allow", "*", "*");
        let deny = statement("Deny", "execute-api:Invoke", CONNECT);
        check(&json!([allow, deny]), false);
        check(&json!([allow, statement("Deny", "*", "arn:other")]), true);
        check(&json!([]), false);
    }

    #[test]
    fn fields_may_be_one_or_many() {
        let one = statement("Allow", "*", "*");
        let many = json!({ "Effect": "Allow", "Action": ["a", "*"], "Resource": ["b", CONNECT] });
        check(&one, true);
        check(&json!([many]), true);
    }

    #[test]
    fn a_condition_never_allows() {
        let mut conditional = statement("Allow", "*", "*");
        conditional["Condition"] = json!({ "IpAddress": { "aws:SourceIp": ["203.0.113.0/24"] } });
        check(&json!([conditional]), false);
        conditional["Effect"] = "Deny".into();
        check(&json!([conditional, statement("Allow", "*", "*")]), false);
    }

    #[test]
    fn context_values_become_strings_beside_the_principal() {
        let policy = json!({ "Statement": [] });
        let facts = json!({ "name": "Alice", "age": 7, "admin": true });
        let answer = json!({ "principalId": "a", "policyDocument": policy, "context": facts });
        let expected = json!({ "name": "Alice", "age": "7", "admin": "true", "principalId": "a" });
        assert_eq!(Value::Object(AuthorizerPolicy::parse(&answer).unwrap().context), expected);
    }

    #[test]
    fn other_shapes_are_malformed() {
        let policy = json!({ "Statement": [statement("Allow", "*", "*")] });
        let nested = json!({ "a": { "b": 1 } });
        let large = json!({ "a": "x".repeat(LARGEST) });
        for answer in [
            json!(null),
            json!({ "isAuthorized": true }),
            json!({ "policyDocument": policy }),
            json!({ "principalId": "a" }),
            json!({ "principalId": "a", "policyDocument": {} }),
            json!({ "principalId": "a", "policyDocument": policy, "context": nested }),
            json!({ "principalId": "a", "policyDocument": policy, "context": large }),
        ] {
            assert!(AuthorizerPolicy::parse(&answer).is_err(), "{answer}");
        }
        assert!(verdict(&json!([statement("allow", "*", "*")])).is_err());
        assert!(
            verdict(&json!([{ "Effect": "Allow", "NotAction": "*", "Resource": "*" }])).is_err()
        );
    }
}
