//! `local/api` is well formed, and describes what the sources do: no more and no less.
//!
//! That it describes it truly is seen to by every other test, through `support::schema`.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::protocol::{ClientFrame, ServerFrame, read_frame};

use crate::support::schema::{ASYNCAPI, OPENAPI, check, check_frame, escaped, schema_at};
use crate::support::{functions, template};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Every value in a document, with its JSON pointer.
fn places(document: &Value) -> Vec<(String, &Value)> {
    let within: Vec<_> = match document {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (escaped(name), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    let mut all = vec![(String::new(), document)];
    for (name, value) in within {
        let below = places(value).into_iter();
        all.extend(below.map(|(pointer, value)| (format!("/{name}{pointer}"), value)));
    }
    all
}

/// Every schema in a document: what is named so, and the components.
fn schemas(document: &Value) -> Vec<(String, &Value)> {
    let is_schema = |pointer: &str| {
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        let named = ["schema", "payload"].contains(&name) && !parent.contains("/examples/");
        named || parent == "/components/schemas"
    };
    places(document).into_iter().filter(|(pointer, _)| is_schema(pointer)).collect()
}

fn references(document: &Value) -> BTreeSet<&str> {
    let places = places(document).into_iter();
    let references = places.filter(|(pointer, _)| pointer.ends_with("/$ref"));
    references.filter_map(|(_, reference)| reference.as_str()).collect()
}

#[test]
fn every_reference_leads_somewhere_and_no_component_is_left_over() {
    for document in [&*OPENAPI, &*ASYNCAPI] {
        let references = references(document);
        for reference in &references {
            let target = reference.strip_prefix('#').and_then(|it| document.pointer(it));
            assert!(target.is_some(), "{reference}");
        }
        for (kind, components) in document["components"].as_object().unwrap() {
            // Ways to show who one is are referred to by their names alone.
            if kind == "securitySchemes" {
                for name in components.as_object().unwrap().keys() {
                    assert!(document["security"][0].get(name).is_some(), "{name} is not used");
                }
                continue;
            }
            for name in components.as_object().unwrap().keys() {
                let component = format!("#/components/{kind}/{name}");
                assert!(references.contains(component.as_str()), "{component} is not used");
            }
        }
    }
}

#[test]
fn every_schema_keeps_to_the_rules_for_schemas() {
    for (pointer, schema) in schemas(&OPENAPI) {
        let kept = jsonschema::draft202012::meta::validate(schema);
        kept.unwrap_or_else(|error| panic!("{pointer}: {error}"));
    }
    for (pointer, schema) in schemas(&ASYNCAPI) {
        let kept = jsonschema::draft7::meta::validate(schema);
        kept.unwrap_or_else(|error| panic!("{pointer}: {error}"));
    }
}

/// What illustrates a schema: inside it, or beside it.
fn examples<'a>(schema: &'a Value, beside: &'a Value) -> Vec<&'a Value> {
    let own = schema.get("examples").and_then(Value::as_array).into_iter().flatten();
    let mut examples: Vec<_> = own.chain(beside.get("example")).collect();
    match beside.get("examples") {
        Some(Value::Object(bodies)) => examples.extend(bodies.values().map(|it| &it["value"])),
        Some(Value::Array(frames)) => examples.extend(frames.iter().map(|it| &it["payload"])),
        _ => {}
    }
    examples
}

#[test]
fn every_example_is_one() {
    for document in [&*OPENAPI, &*ASYNCAPI] {
        for (pointer, schema) in schemas(document) {
            let beside = document.pointer(pointer.rsplit_once('/').unwrap().0).unwrap();
            let examples = examples(schema, beside);
            if examples.is_empty() {
                continue;
            }
            let validator = schema_at(document, &pointer);
            for example in examples {
                check(&validator, example, &format!("{pointer} has the example {example}"));
            }
        }
    }
}

#[test]
fn both_describe_alike_what_they_share() {
    let [http, websocket] = [&*OPENAPI, &*ASYNCAPI]
        .map(|document| document["components"]["schemas"].as_object().unwrap());
    let shared: Vec<_> = http.keys().filter(|name| websocket.contains_key(*name)).collect();
    assert!(shared.len() > 10, "{shared:?}");
    for name in shared {
        assert_eq!(http[name], websocket[name], "{name}");
    }
}

#[test]
fn both_are_of_this_version() {
    for document in [&*OPENAPI, &*ASYNCAPI] {
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}

#[test]
fn every_route_that_is_deployed_is_described_and_no_other() {
    let template = template();
    let events = functions(&template).into_iter().filter_map(|(_, function)| {
        Some(function["Properties"].get("Events")?.as_object().unwrap().values())
    });
    let route = |event: &Value| {
        let of = |name: &str| event["Properties"][name].as_str().unwrap().to_owned();
        (of("Method").to_lowercase(), of("Path"))
    };
    let deployed: BTreeSet<_> =
        events.flatten().filter(|event| event["Type"] == "HttpApi").map(route).collect();

    let mut described = BTreeSet::new();
    for (path, item) in OPENAPI["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|name| *name != "parameters") {
            described.insert((method.clone(), path.clone()));
        }
    }
    assert_eq!(described, deployed);
}

/// What the frames of a side say in the field that tells them apart.
fn described_frames(side: &str, field: &str) -> BTreeSet<String> {
    let messages = ASYNCAPI["components"]["messages"].as_object().unwrap();
    let mut described = BTreeSet::new();
    for (key, message) in messages {
        let Some(name) = key.strip_prefix(side).and_then(|key| key.strip_prefix('.')) else {
            continue;
        };
        let payload = match message["payload"].get("$ref").and_then(Value::as_str) {
            Some(reference) => ASYNCAPI.pointer(&reference[1..]).unwrap(),
            None => &message["payload"],
        };
        assert_eq!(payload["properties"][field]["const"], name, "{key}");
        assert_eq!(message["name"], name, "{key}");
        described.insert(name.to_owned());
    }
    described
}

#[test]
fn every_action_is_described_and_no_other() {
    let understood = ClientFrame::ACTIONS.iter().map(|action| (*action).to_owned());
    assert_eq!(described_frames("client", "action"), understood.collect());
}

#[test]
fn every_frame_that_is_sent_is_described_and_no_other() {
    let (last, sent) = ServerFrame::TYPES.split_last().unwrap();
    assert_eq!(*last, "unknown");
    let sent = sent.iter().map(|frame| (*frame).to_owned());
    assert_eq!(described_frames("server", "type"), sent.collect());
}

/// The examples of a client's frames are read by the type that the server reads, and are all that it
/// knows; those of the server's frames by the type that clients read.
#[test]
fn every_example_of_a_frame_is_one_of_the_type() {
    let mut seen = BTreeSet::new();
    for (pointer, schema) in schemas(&ASYNCAPI) {
        let Some(name) = pointer.strip_prefix("/components/messages/") else { continue };
        let beside = ASYNCAPI.pointer(pointer.rsplit_once('/').unwrap().0).unwrap();
        for example in examples(schema, beside) {
            seen.insert(name.to_owned());
            if name.starts_with("client.") {
                let (frame, id) = read_frame(&example.to_string()).unwrap();
                let again: Value = serde_json::from_str(&frame.encode(id.as_deref())).unwrap();
                let mut example = example.clone();
                if name.starts_with("client.typing") && example.get("typing").is_none() {
                    example["typing"] = true.into();
                }
                assert_eq!(again, example, "{pointer}");
            } else {
                check_frame(example);
            }
        }
    }
    // API Gateway's own is one more.
    assert_eq!(seen.len(), ClientFrame::ACTIONS.len() + ServerFrame::TYPES.len(), "{seen:?}");
}

#[test]
fn every_object_says_whether_it_may_have_more() {
    for document in [&*OPENAPI, &*ASYNCAPI] {
        for (pointer, value) in places(document) {
            let is_object = value.get("type").is_some_and(|kind| kind == "object");
            if is_object && !pointer.contains("/bindings/") {
                assert!(value.get("additionalProperties").is_some(), "{pointer}");
            }
        }
    }
}

#[test]
fn the_readme_has_the_rules_as_they_are() {
    let readme = std::fs::read_to_string(format!("{ROOT}/functions/README.md")).unwrap();
    let tables = shared::domain::permissions::tables();
    assert!(readme.contains(&tables), "functions/README.md lacks\n{tables}");
}
