//! What breaks of an inbox: its marks, its connections, and how it is read.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Sabotage, drop_condition, drop_value, replace, response, says};
use crate::broken::Broken;
use crate::record::lock;

impl Sabotage {
    /// Changes an update of an inbox.
    pub(super) fn break_inbox(&self, broken: Broken, body: &mut Value) -> Option<HttpResponse> {
        let says = |part: &str| says(body, "UpdateExpression", part);
        match broken {
            Broken::InboxBeforePut => body["ReturnValues"] = "ALL_NEW".into(),
            Broken::NoMark if says("SET #wait = :seq") => {
                return Some(response(200, &json!({ "Attributes": {} })));
            }
            Broken::MarksRise if says("SET #wait = :seq") => drop_condition(body, &[]),
            Broken::NoOverflow if says("overflow = :untold") => {
                return Some(response(200, &json!({ "Attributes": {} })));
            }
            Broken::NoTrace if says("#skip = :skip") => {
                replace(body, "UpdateExpression", ", #skip = :skip", "");
                drop_value(body, ":skip");
            }
            Broken::FinishBlindly if says("REMOVE #wait, #lease, #skip") => {
                drop_condition(body, &[":holder", ":mark", ":pushed"]);
            }
            Broken::ReadyAtOnce if says("arrived = :id") => {
                let conn = &mut body["ExpressionAttributeValues"][":conn"]["M"];
                conn["ready_at"] = conn["connected_at"].clone();
            }
            Broken::ShortLived if says("#conn = :conn") => {
                let conn = &mut body["ExpressionAttributeValues"][":conn"]["M"];
                let connected_at = conn["connected_at"]["N"].as_str().unwrap_or_default();
                let expires_at = connected_at.parse::<i64>().unwrap_or_default() + 10_000;
                conn["expires_at"]["N"] = expires_at.to_string().into();
            }
            Broken::PruneAnother if says("#gone0") => self.prune_another(body),
            Broken::EmptySet if says("#gone0") => {
                let kind = "com.amazon.coral.validate#ValidationException";
                return Some(response(400, &json!({ "__type": kind, "message": "empty set" })));
            }
            _ => {}
        }
        None
    }

    pub(super) fn remember(&self, request: &Value, answer: &Value) {
        let pk = request["Key"]["pk"]["S"].as_str().unwrap_or_default().to_owned();
        if answer["Attributes"].is_object() {
            let image = (Instant::now(), answer["Attributes"].clone());
            lock(&self.inboxes).entry(pk).or_default().push(image);
        }
    }

    /// Shows an inbox as it was a moment ago.
    pub(super) fn age(&self, item: &mut Value) {
        let inboxes = lock(&self.inboxes);
        let images = item["pk"]["S"].as_str().and_then(|pk| inboxes.get(pk));
        let mut images = images.into_iter().flatten().rev();
        let before = images.find(|(at, _)| at.elapsed() > Duration::from_millis(60));
        if let Some((_, image)) = before {
            *item = image.clone();
        }
    }

    pub(super) fn prune_another(&self, body: &mut Value) {
        let inboxes = lock(&self.inboxes);
        let pk = body["Key"]["pk"]["S"].as_str().unwrap_or_default();
        let image = inboxes.get(pk).and_then(|images| images.last());
        let names = body["ExpressionAttributeNames"].as_object_mut();
        let gone = names.into_iter().flatten().filter(|(name, _)| name.starts_with("#gone"));
        for (_, gone) in gone {
            let connections = image.and_then(|(_, image)| image.as_object()).into_iter().flatten();
            let mut others =
                connections.map(|(name, _)| name).filter(|name| name.starts_with("conn:"));
            *gone = others
                .find(|name| *gone != name.as_str())
                .map_or("conn:nobody", String::as_str)
                .into();
        }
    }
}

/// Shows every connection as if its handshake were not through.
pub(super) fn hide_readiness(image: Option<&mut Value>) {
    for (name, value) in image.and_then(Value::as_object_mut).into_iter().flatten() {
        if let Some(connection) = value["M"].as_object_mut().filter(|_| name.starts_with("conn:")) {
            connection.remove("ready_at");
        }
    }
}

/// Shows an inbox as if no session had ended.
pub(super) fn hide_endings(image: Option<&mut Value>) {
    hide(image, |name| name.starts_with("ended:"));
}

/// Shows an inbox as if no other connection were there.
pub(super) fn hide_others(image: Option<&mut Value>, newcomer: &Value) {
    hide(image, |name| name.starts_with("conn:") && newcomer != name);
}

/// Takes attributes out of an image.
fn hide(image: Option<&mut Value>, is_hidden: impl Fn(&str) -> bool) {
    if let Some(attributes) = image.and_then(Value::as_object_mut) {
        attributes.retain(|name, _| !is_hidden(name));
    }
}
