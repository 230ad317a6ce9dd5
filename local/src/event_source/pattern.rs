//! Filter patterns of event source mappings, as far as they are needed here: names, literal values and
//! `exists` (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>).

use serde_json::Value;

/// Whether `record` has whatever `pattern` names: of every list one must hold.
pub(super) fn matches(pattern: &Value, record: &Value) -> bool {
    match pattern {
        Value::Object(fields) => {
            fields.iter().all(|(name, pattern)| matches_field(pattern, record.get(name)))
        }
        other => other == record,
    }
}

fn matches_field(pattern: &Value, value: Option<&Value>) -> bool {
    match pattern {
        Value::Array(rules) => rules.iter().any(|rule| match rule.get("exists") {
            Some(wanted) => *wanted == value.is_some(),
            None => value == Some(rule),
        }),
        pattern => value.is_some_and(|value| matches(pattern, value)),
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
    fn what_must_not_exist_may_be_missing() {
        let pattern = json!({ "userIdentity": { "type": [{ "exists": false }] } });
        assert!(matches(&pattern, &json!({ "userIdentity": {} })));
        assert!(!matches(&pattern, &json!({ "userIdentity": { "type": "Service" } })));
    }
}
