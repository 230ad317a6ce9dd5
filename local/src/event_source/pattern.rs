//! Filter patterns of event source mappings, as far as they are needed here: names, literal values,
//! `exists` and `prefix` (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>).

use serde_json::Value;

/// Whether `record` has whatever `pattern` names: of every list one must hold.
///
/// # Panics
///
/// At a rule that is not known here.
pub(super) fn matches(pattern: &Value, record: &Value) -> bool {
    matches_part(pattern, Some(record))
}

/// The same of a part of a record, which may be missing.
fn matches_part(pattern: &Value, part: Option<&Value>) -> bool {
    match pattern {
        Value::Object(fields) => fields
            .iter()
            .all(|(name, pattern)| matches_part(pattern, part.and_then(|part| part.get(name)))),
        Value::Array(rules) => rules.iter().any(|rule| holds(rule, part)),
        other => panic!("{other} is no filter pattern"),
    }
}

/// `exists` is about what has a value of its own, not about what has parts.
fn holds(rule: &Value, part: Option<&Value>) -> bool {
    let Value::Object(operators) = rule else { return part == Some(rule) };
    let operator = operators.iter().next().filter(|_| operators.len() == 1);
    match operator.map(|(name, value)| (name.as_str(), value)) {
        Some(("exists", Value::Bool(wanted))) => {
            *wanted == part.is_some_and(|part| !part.is_object())
        }
        Some(("prefix", Value::String(prefix))) => {
            part.and_then(Value::as_str).is_some_and(|text| text.starts_with(prefix))
        }
        _ => panic!("the filter rule {rule} is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(record: &Value, expected: bool) {
        let pattern = json!({
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": { "NewImage": { "arrived": { "S": [{ "exists": true }] } } },
        });
        assert_eq!(matches(&pattern, record), expected, "{record}");
    }

    #[test]
    fn every_name_and_one_of_every_list_must_match() {
        let image = |image: Value| json!({ "NewImage": image });
        let arrived = image(json!({ "arrived": { "S": "here" }, "other": { "N": "1" } }));
        check(&json!({ "eventName": "MODIFY", "dynamodb": arrived }), true);
        check(&json!({ "eventName": "REMOVE", "dynamodb": arrived }), false);
        check(&json!({ "eventName": "MODIFY", "dynamodb": image(json!({})) }), false);
        let number = image(json!({ "arrived": { "N": "1" } }));
        check(&json!({ "eventName": "MODIFY", "dynamodb": number }), false);
        check(&json!({ "dynamodb": arrived }), false);
    }

    #[test]
    fn only_what_has_a_value_exists() {
        let pattern = json!({ "NewImage": [{ "exists": true }] });
        assert!(!matches(&pattern, &json!({ "NewImage": { "arrived": { "S": "here" } } })));
    }

    #[test]
    fn a_prefix_is_how_a_text_begins() {
        let pattern = json!({ "Keys": { "sk": { "S": [{ "prefix": "MSG#" }] } } });
        let record = |sk: Value| json!({ "Keys": { "sk": { "S": sk } } });
        assert!(matches(&pattern, &record(json!("MSG#7"))));
        assert!(!matches(&pattern, &record(json!("INBOX"))));
        assert!(!matches(&pattern, &record(json!(7))));
        assert!(!matches(&pattern, &json!({})));
    }

    #[test]
    fn what_must_not_exist_may_be_missing() {
        let pattern = json!({ "userIdentity": { "type": [{ "exists": false }] } });
        assert!(matches(&pattern, &json!({ "userIdentity": {} })));
        assert!(matches(&pattern, &json!({})));
        assert!(!matches(&pattern, &json!({ "userIdentity": { "type": "Service" } })));
    }
}
