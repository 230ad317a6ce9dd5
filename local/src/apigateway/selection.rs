//! The route selection expression: which route a message takes.

use serde_json::Value;

/// How the text of a message names its route.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSelection {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// The names that lead to a value inside the message.
    Body(Vec<String>),
}

/// This is not a route selection expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a route selection expression: {0:?}")]
pub struct InvalidRouteSelection(String);

impl Default for RouteSelection {
    fn default() -> Self {
        Self { parts: vec![Part::Body(vec!["action".to_owned()])] }
    }
}

impl RouteSelection {
    /// Reads `$request.body.action`, or a text with `${request.body.path}` in it.
    pub fn parse(expression: &str) -> Result<Self, InvalidRouteSelection> {
        let parts = match expression.strip_prefix("$request.body.") {
            Some(path) => body_path(path).map(|part| vec![part]),
            None => template(expression),
        };
        let parts = parts.filter(|parts| parts.iter().any(|part| matches!(part, Part::Body(_))));
        let parts = parts.ok_or_else(|| InvalidRouteSelection(expression.to_owned()))?;
        Ok(Self { parts })
    }

    /// The route key a message names, if it is JSON and names one.
    pub fn select(&self, message: &str) -> Option<String> {
        let body: Value = serde_json::from_str(message).ok()?;
        if let [Part::Body(path)] = self.parts.as_slice() {
            return value_at(&body, path);
        }
        let texts = self.parts.iter().map(|part| match part {
            Part::Literal(text) => text.clone(),
            Part::Body(path) => value_at(&body, path).unwrap_or_default(),
        });
        Some(texts.collect())
    }
}

fn template(expression: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = expression;
    while let Some((literal, after)) = rest.split_once("${") {
        let (path, after) = after.split_once('}')?;
        parts.push(Part::Literal(literal.to_owned()));
        parts.push(body_path(path.strip_prefix("request.body.")?)?);
        rest = after;
    }
    parts.push(Part::Literal(rest.to_owned()));
    parts.retain(|part| *part != Part::Literal(String::new()));
    Some(parts)
}

fn body_path(path: &str) -> Option<Part> {
    let names: Vec<String> = path.split('.').map(str::to_owned).collect();
    let sound = |name: &String| !name.is_empty() && !name.contains(['$', '{', '}']);
    names.iter().all(sound).then_some(Part::Body(names))
}

fn value_at(body: &Value, path: &[String]) -> Option<String> {
    let value = path.iter().try_fold(body, |value, name| value.get(name))?;
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, message: &str, expected: Option<&str>) {
        let selection = RouteSelection::parse(expression).unwrap();
        assert_eq!(selection.select(message).as_deref(), expected, "of {message}");
    }

    #[test]
    fn a_message_names_its_route() {
        check("$request.body.action", r#"{"action":"join"}"#, Some("join"));
        check("$request.body.a.b", r#"{"a":{"b":"deep"}}"#, Some("deep"));
        check("${request.body.action}", r#"{"action":"join"}"#, Some("join"));
    }

    #[test]
    fn values_are_compared_as_text() {
        check("$request.body.action", r#"{"action":7}"#, Some("7"));
        check("$request.body.action", r#"{"action":true}"#, Some("true"));
    }

    #[test]
    fn what_names_nothing_selects_nothing() {
        check("$request.body.action", "not json", None);
        check("$request.body.action", "[1]", None);
        check("$request.body.action", r#"{"action":null}"#, None);
        check("$request.body.action", r#"{"other":"x"}"#, None);
    }

    #[test]
    fn several_values_are_put_together_and_missing_ones_are_empty() {
        let expression = "${request.body.service}.${request.body.verb}";
        check(expression, r#"{"service":"chat","verb":"join"}"#, Some("chat.join"));
        check(expression, r#"{"service":"chat"}"#, Some("chat."));
        check(expression, "not json", None);
    }

    #[test]
    fn an_expression_must_look_into_the_body() {
        for expression in ["", "action", "$request.header.x", "$request.body.", "${request.body.a"]
        {
            assert!(RouteSelection::parse(expression).is_err(), "{expression}");
        }
    }
}
