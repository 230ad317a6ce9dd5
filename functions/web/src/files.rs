//! The files of the page and of the client library, as they are when the program is built.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../client/", $path)))),*]
    };
}

/// Every file that is served, by its path below `/client/`.
const FILES: [(&str, &str); 49] = files![
    "account_dialog.js",
    "app.js",
    "attention.js",
    "chat.css",
    "chat_view.js",
    "composer.js",
    "connection.js",
    "conversation.js",
    "conversations.js",
    "dialogs.css",
    "dialogs.js",
    "dom.js",
    "frame.css",
    "icon-unread.svg",
    "icon.svg",
    "icons.js",
    "index.html",
    "linkify.js",
    "log.js",
    "main.js",
    "manifest.webmanifest",
    "members_dialog.js",
    "notices.js",
    "people.js",
    "person_dialog.js",
    "rooms_dialog.js",
    "route.js",
    "rows.js",
    "sidebar.js",
    "sign_in.js",
    "storage.js",
    "theme.css",
    "time.js",
    "titles.js",
    "toasts.js",
    "write_dialog.js",
    "confab/admission.js",
    "confab/alarms.js",
    "confab/api.js",
    "confab/asks.js",
    "confab/chat.js",
    "confab/ids.js",
    "confab/index.js",
    "confab/line.js",
    "confab/logs.js",
    "confab/outbox.js",
    "confab/session.js",
    "confab/shelf.js",
    "confab/turn.js",
];

static BY_PATH: LazyLock<HashMap<&str, File>> = LazyLock::new(|| {
    FILES.into_iter().map(|(path, content)| (path, File::new(path, content))).collect()
});

/// A file as it is served.
pub(crate) struct File {
    content: &'static str,
    kind: &'static str,
    tag: String,
}

impl File {
    /// The file at `path`, if there is one.
    pub(crate) fn find(path: &str) -> Option<&'static Self> {
        BY_PATH.get(path)
    }

    fn new(path: &str, content: &'static str) -> Self {
        let digest = Sha256::digest(content);
        let tag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&digest[..12]));
        Self { content, kind: kind_of(path), tag }
    }

    /// The file, or 304 to whoever has it. Browsers ask every time, so that nobody runs parts of two
    /// versions.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response {
        let headers = [(ETAG, self.tag.as_str()), (CACHE_CONTROL, "no-cache")];
        if self.is_held(asked) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, [(CONTENT_TYPE, self.kind)], self.content).into_response()
    }

    /// Compared weakly, as <https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2> wants it.
    fn is_held(&self, asked: &HeaderMap) -> bool {
        let held = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = held.flat_map(|value| value.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.tag)
    }
}

fn kind_of(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/manifest+json",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What a browser could ask for; types are for editors.
    fn in_folder(folder: &str) -> BTreeSet<String> {
        let root = format!("{}/client/{folder}", env!("CARGO_MANIFEST_DIR"));
        let entries = std::fs::read_dir(root).unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        let names = files.map(|entry| entry.file_name().into_string().unwrap());
        names
            .filter(|name| !name.ends_with(".d.ts"))
            .map(|name| format!("{folder}{name}"))
            .collect()
    }

    #[test]
    fn every_file_of_the_client_is_served_and_no_other() {
        let written: BTreeSet<_> = in_folder("").union(&in_folder("confab/")).cloned().collect();
        let served: BTreeSet<_> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(served, written);
    }

    #[test]
    fn whoever_has_the_file_is_not_sent_it_again() {
        let file = File::find("index.html").unwrap();
        let asked = |tag: &str| HeaderMap::from_iter([(IF_NONE_MATCH, tag.parse().unwrap())]);
        assert_eq!(file.answer(&HeaderMap::new()).status(), StatusCode::OK);
        assert_eq!(file.answer(&asked("\"other\"")).status(), StatusCode::OK);
        let tag = &file.tag;
        for held in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
            let answer = file.answer(&asked(&held));
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{held}");
            assert_eq!(answer.headers()[ETAG], tag.as_str());
        }
    }
}
