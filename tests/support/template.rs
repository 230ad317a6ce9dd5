//! `template.yaml`, read.

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Value, json};

/// The template as JSON; an intrinsic such as `!Ref X` becomes `{"!Ref": "X"}`.
pub(crate) fn template() -> Value {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
    json_of(&Yaml::load_from_str(&text).unwrap()[0])
}

fn json_of(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Tagged(tag, node) => json!({ tag.to_string(): json_of(node) }),
        Yaml::Sequence(items) => items.iter().map(json_of).collect(),
        Yaml::Mapping(pairs) => {
            let pair = |(key, value): (&Yaml<'_>, &Yaml<'_>)| {
                (key.as_str().unwrap().to_owned(), json_of(value))
            };
            Value::Object(pairs.iter().map(pair).collect::<Map<_, _>>())
        }
        _ => {
            let text = yaml.as_str().map(Value::from);
            let number = || yaml.as_integer().map(Value::from);
            let flag = || yaml.as_bool().map(Value::from);
            text.or_else(number).or_else(flag).unwrap_or(Value::Null)
        }
    }
}

/// What the template calls the function of a folder of `functions/`.
pub(crate) fn logical_id(folder: &str) -> String {
    format!("{}{}Function", folder[..1].to_uppercase(), &folder[1..])
}

/// The functions that it deploys.
pub(crate) fn functions(template: &Value) -> Vec<(&String, &Value)> {
    let resources = template["Resources"].as_object().unwrap();
    let is_function = |resource: &Value| resource["Type"] == "AWS::Serverless::Function";
    resources.iter().filter(|(_, resource)| is_function(resource)).collect()
}
