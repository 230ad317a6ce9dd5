//! The client that people run, held against the scripts in this folder; README.md says what they say.

mod patterns;
mod user;

use std::path::Path;

use serde_json::Value;

use user::User;

/// Every script of every file.
fn scripts() -> Vec<Value> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/client_scripts"));
    let mut scripts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file: Vec<Value> =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            scripts.extend(file);
        }
    }
    assert!(scripts.len() > 20, "{} scripts", scripts.len());
    scripts
}

#[test]
fn the_client_does_what_the_scripts_say() {
    let mut failed = Vec::new();
    for script in scripts() {
        if let Err(why) = plays(&script) {
            failed.push(format!("{}: {why}", script["name"]));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

fn plays(script: &Value) -> Result<(), String> {
    let mut user = User::new();
    if let Some(follows) = script["follows"].as_object() {
        user.follows(follows);
    }
    for (number, step) in script["steps"].as_array().unwrap().iter().enumerate() {
        user.takes(step).map_err(|why| format!("step {}, {step}: {why}", number + 1))?;
    }
    user.has_nothing_left()
}
