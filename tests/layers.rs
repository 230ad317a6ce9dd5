//! Modules import only what stands below them, and no two import each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The layers of `shared`, from the lowest up; the modules of one layer do not know each other, but for
/// those of `services`, which have an order of their own.
const LAYERS: [&[&str]; 11] = [
    &["error"],
    &["domain"],
    &[
        "clock",
        "trust_cache",
        "rate_limiter",
        "circuit_breaker",
        "writer_queue",
        "metrics",
        "security_log",
        "invocation",
    ],
    &["protocol"],
    &["config"],
    &["auth"],
    &["store", "archive", "pusher", "aws", "trace"],
    &["app"],
    &["services"],
    &["edge"],
    &["lib"],
];

/// What stands at the root of `shared` under a name of its own.
const ROOT_NAMES: [(&str, &str); 5] = [
    ("App", "app"),
    ("Clock", "clock"),
    ("Config", "config"),
    ("Error", "error"),
    // Of the crate `protocol`, below all of them.
    ("limits", "error"),
];

/// A module by the path of its file, and every path that it imports, from the crate's root.
struct Module {
    path: Vec<String>,
    imports: Vec<Vec<String>>,
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Every module below `folder`, the root of a crate.
fn modules(folder: &str) -> Vec<Module> {
    let root = Path::new(ROOT).join(folder);
    let read = |file: PathBuf| {
        let inside = file.strip_prefix(&root).unwrap().with_extension("");
        let mut path: Vec<String> =
            inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        let is_folder = path.last().is_some_and(|name| name == "mod");
        if is_folder {
            path.pop();
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let code: String = code
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default())
            .fold(String::new(), |all, line| all + line + "\n");
        let imports = imports(&code, &path);
        Module { path, imports }
    };
    sources(&root).into_iter().map(read).collect()
}

/// The paths that begin with `crate` or `super` in a module's code, from the crate's root.
fn imports(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (start, word) in ["crate::", "super::"]
        .iter()
        .flat_map(|word| code.match_indices(word).map(|(at, _)| (at, *word)))
    {
        let before = code[..start].chars().next_back();
        if before.is_some_and(|char| char.is_alphanumeric() || char == '_' || char == ':') {
            continue;
        }
        let mut rest = &code[start + word.len()..];
        let mut base = if word == "crate::" { Vec::new() } else { parent(module) };
        while let Some(further) = rest.strip_prefix("super::") {
            base = parent(&base);
            rest = further;
        }
        let end = end_of_path(rest);
        found.extend(leaves(&rest[..end]).into_iter().map(|leaf| [base.clone(), leaf].concat()));
    }
    found
}

fn parent(path: &[String]) -> Vec<String> {
    path[..path.len().saturating_sub(1)].to_vec()
}

/// Where a path ends that may end in a tree of names.
fn end_of_path(rest: &str) -> usize {
    let mut depth = 0;
    for (at, char) in rest.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ':' | '_' => {}
            char if char.is_alphanumeric() => {}
            _ if depth > 0 => {}
            _ => return at,
        }
    }
    rest.len()
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn leaves(tree: &str) -> Vec<Vec<String>> {
    let Some((before, rest)) = tree.split_once('{') else {
        let names = tree.split("::").map(str::trim);
        let names = names.map(|name| name.split(' ').next().unwrap_or_default());
        return vec![
            names.filter(|name| !name.is_empty() && *name != "self").map(str::to_owned).collect(),
        ];
    };
    let prefix = leaves(before).concat();
    let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for char in inside.chars() {
        depth += match char {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if char == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(char);
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(leaves).map(|leaf| [prefix.clone(), leaf].concat()).collect()
}

#[test]
fn every_layer_of_shared_imports_only_what_is_below_it() {
    let rank = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    let mut wrong = Vec::new();
    for module in modules("shared/src") {
        let own = &module.path[0];
        let own_rank = rank(own).unwrap_or_else(|| panic!("`{own}` has no layer"));
        for import in &module.imports {
            let name = &import[0];
            let root = ROOT_NAMES.iter().find(|(root, _)| root == name);
            let below = root.map_or(name.as_str(), |(_, module)| module);
            let Some(rank) = rank(below) else { panic!("`{below}` in {own} has no layer") };
            if below != own && rank >= own_rank {
                wrong.push(format!("{} imports {}", module.path.join("::"), import.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Of every two modules side by side at most one knows the other, also through others.
#[test]
fn no_modules_import_each_other() {
    let mut circles = Vec::new();
    for root in [
        "shared/protocol/src",
        "shared/src",
        "local/src",
        "local/chat/src",
        "tests",
        "tests/simulation",
    ] {
        circles.extend(circles_in(root));
    }
    for entry in std::fs::read_dir(format!("{ROOT}/functions")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            let folder = format!("functions/{}/src", entry.file_name().to_str().unwrap());
            circles.extend(circles_in(&folder));
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

fn circles_in(root: &str) -> Vec<String> {
    if !Path::new(ROOT).join(root).is_dir() {
        return Vec::new();
    }
    // Between the modules of one folder: which of them knows which others.
    let mut folders: BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for module in modules(root) {
        for import in &module.imports {
            let common = module.path.iter().zip(import).take_while(|(a, b)| a == b).count();
            if common < module.path.len() && common < import.len() {
                let (own, other) = (&module.path[common], &import[common]);
                let siblings = folders.entry(module.path[..common].to_vec()).or_default();
                siblings.entry(own.clone()).or_default().insert(other.clone());
            }
        }
    }
    let mut circles = Vec::new();
    for (folder, siblings) in folders {
        let known = |one: &String| {
            let mut known = BTreeSet::new();
            let mut next: Vec<_> = siblings.get(one).into_iter().flatten().collect();
            while let Some(other) = next.pop() {
                if known.insert(other) {
                    next.extend(siblings.get(other).into_iter().flatten());
                }
            }
            known
        };
        for (one, others) in &siblings {
            let back = others.iter().filter(|other| known(other).contains(one));
            let back: Vec<_> = back.map(String::as_str).collect();
            if !back.is_empty() {
                let folder = folder.join("/");
                circles.push(format!("{root}/{folder}: {one} and {}", back.join(", ")));
            }
        }
    }
    circles
}
