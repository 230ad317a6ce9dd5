//! The project's own programs, built as they are.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The program of this package, built once for all tests.
pub(crate) fn binary(package: &str) -> PathBuf {
    static BUILT: OnceLock<Vec<(String, PathBuf)>> = OnceLock::new();
    let built = BUILT.get_or_init(build);
    let found = built.iter().find(|(name, _)| name == package);
    found.unwrap_or_else(|| panic!("no program {package} among {built:?}")).1.clone()
}

fn build() -> Vec<(String, PathBuf)> {
    let output = Command::new(env!("CARGO"))
        // The tests are built already; with them, the programs need no dependency again with other features.
        .args(["build", "--workspace", "--bins", "--tests", "--locked", "--message-format=json"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).unwrap();
    messages.lines().filter_map(executable).collect()
}

fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message["profile"]["test"] == true {
        return None;
    }
    let path = message["executable"].as_str()?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}
