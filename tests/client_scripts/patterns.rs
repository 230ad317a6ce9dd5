//! What the scripts say of frames and events.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// What a given frame need not say.
static FRAMES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("support/frames.json")).unwrap());

/// What names like `$one` stand for.
#[derive(Default)]
pub(super) struct Names(HashMap<String, Value>);

impl Names {
    /// Whether something has all that a pattern says of it: only then its names stand for something.
    pub(super) fn matches(&mut self, pattern: &Value, it: &Value) -> bool {
        let before = self.0.clone();
        let is_match = self.fits(pattern, it);
        if !is_match {
            self.0 = before;
        }
        is_match
    }

    fn fits(&mut self, pattern: &Value, it: &Value) -> bool {
        match pattern {
            Value::String(name) if name.starts_with('$') => {
                !it.is_null() && self.0.entry(name.clone()).or_insert_with(|| it.clone()) == it
            }
            Value::Array(patterns) => it.as_array().is_some_and(|them| {
                let same = patterns.len() == them.len();
                same && patterns.iter().zip(them).all(|(pattern, it)| self.fits(pattern, it))
            }),
            Value::Object(fields) => {
                it.is_object() && fields.iter().all(|(name, each)| self.fits(each, &it[name]))
            }
            _ => pattern == it,
        }
    }

    /// The same with what the names in it stand for.
    pub(super) fn fill(&self, it: &Value) -> Value {
        match it {
            Value::String(name) if name.starts_with('$') => self.0[name].clone(),
            Value::Array(them) => them.iter().map(|each| self.fill(each)).collect(),
            Value::Object(fields) => {
                let filled = fields.iter().map(|(name, each)| (name.clone(), self.fill(each)));
                Value::Object(filled.collect())
            }
            _ => it.clone(),
        }
    }

    /// Whether these are all that there is.
    pub(super) fn expect(
        &mut self,
        patterns: &[Value],
        them: &[Value],
        in_any_order: bool,
    ) -> Result<(), String> {
        let mut rest = them.to_vec();
        let as_said = patterns.iter().all(|pattern| {
            let at = match in_any_order {
                true => rest.iter().position(|it| self.matches(pattern, it)),
                false => Some(0),
            };
            at.is_some_and(|at| at < rest.len() && self.matches(pattern, &rest.remove(at)))
        });
        if as_said && rest.is_empty() {
            return Ok(());
        }
        let [patterns, them] = [patterns, them].map(|all| Value::Array(all.to_vec()));
        Err(format!("expected {patterns}, found {them}"))
    }
}

/// A frame of the server's with all that the script need not say.
pub(super) fn completed(mut frame: Value) -> Value {
    let Some(kind) = frame["type"].as_str().map(str::to_owned) else { return frame };
    if kind == "message" {
        return message(frame);
    }
    let conversation = frame["conversation"].clone();
    if let Some(messages) = frame.get_mut("messages").and_then(Value::as_array_mut) {
        for it in messages {
            let mut whole = it.clone();
            if whole.get("conversation").is_none() {
                whole["conversation"] = conversation.clone();
            }
            *it = message(whole);
            it.as_object_mut().unwrap().remove("type");
        }
    }
    if let Some(room) = frame.get_mut("room").filter(|room| room.is_object()) {
        let conversation = format!("room:{}", room["id"].as_str().unwrap());
        let mut whole = over(&FRAMES["room_fields"], room);
        if whole.get("conversation").is_none() {
            whole["conversation"] = conversation.into();
        }
        *room = whole;
    }
    if let Some(conversations) = frame.get_mut("conversations").and_then(Value::as_object_mut) {
        for it in conversations.values_mut() {
            *it = over(&FRAMES["synced_fields"], it);
        }
    }
    over(&FRAMES[&kind], &frame)
}

fn message(mut it: Value) -> Value {
    if it.get("id").is_none() {
        it["id"] = format!("m{}", it["seq"]).into();
    }
    over(&FRAMES["message"], &it)
}

/// An object with all of `more` and what else `base` has.
fn over(base: &Value, more: &Value) -> Value {
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let all: Map<_, _> = fields(base).into_iter().chain(fields(more)).collect();
    Value::Object(all)
}
