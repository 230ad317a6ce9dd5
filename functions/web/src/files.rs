//! The files of the page and of the client library, as they are when the program is built.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::{LazyLock, OnceLock};

use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// What stands in `index.html` for the links that load every module at once.
const MODULES: &str = "<!-- modules -->";

/// Every file below `client/`; its types are for editors, and not served.
#[derive(RustEmbed)]
#[folder = "client/"]
struct Client;

static BY_PATH: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    sources().map(|(path, text)| (path.clone(), File::new(&path, &text))).collect()
});

/// The files to serve, as they were written, by their path below `/client/`; all of them are text.
fn sources() -> impl Iterator<Item = (String, String)> {
    let served = Client::iter().filter(|path| !path.ends_with(".d.ts"));
    served.filter_map(|path| {
        let text = String::from_utf8(Client::get(&path)?.data.into_owned()).ok()?;
        Some((path.into_owned(), text))
    })
}

/// The links that let a browser load every module at once, on one line: otherwise each would wait for
/// the one that imports it.
fn module_links() -> String {
    let modules = Client::iter().filter(|path| path.ends_with(".js") && path != "main.js");
    modules.map(|path| format!("<link rel=\"modulepreload\" href=\"client/{path}\">")).collect()
}

/// A file as it is served.
pub(crate) struct File {
    content: String,
    kind: &'static str,
    /// The same for both encodings, so it is a weak one.
    tag: String,
    zipped: OnceLock<Vec<u8>>,
}

impl File {
    /// The file at `path`, if there is one.
    pub(crate) fn find(path: &str) -> Option<&'static Self> {
        BY_PATH.get(path)
    }

    fn new(path: &str, written: &str) -> Self {
        let content = match path.rsplit('.').next() {
            Some("js" | "css") => without_comments(written),
            _ => written.replace(MODULES, &module_links()),
        };
        let digest = Sha256::digest(&content);
        let tag = format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&digest[..12]));
        Self { content, kind: kind_of(path), tag, zipped: OnceLock::new() }
    }

    /// The file, or 304 to whoever has it. Browsers ask every time, so that nobody runs parts of two
    /// versions.
    pub(crate) fn answer(&'static self, asked: &HeaderMap) -> Response {
        let tag = self.tag.as_str();
        let headers = [(ETAG, tag), (CACHE_CONTROL, "no-cache"), (VARY, "accept-encoding")];
        if self.is_held(asked) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let kind = [(CONTENT_TYPE, self.kind)];
        if !takes_gzip(asked) {
            return (headers, kind, self.content.as_str()).into_response();
        }
        (headers, kind, [(CONTENT_ENCODING, "gzip")], self.zipped()).into_response()
    }

    /// API Gateway compresses nothing that an HTTP API answers.
    fn zipped(&'static self) -> &'static [u8] {
        self.zipped
            .get_or_init(|| zip(self.content.as_bytes()).expect("memory can be read and written"))
    }

    /// Compared weakly, as <https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2> wants it.
    fn is_held(&self, asked: &HeaderMap) -> bool {
        let held = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = held.flat_map(|value| value.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || opaque(tag) == opaque(&self.tag))
    }
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Browsers say so plainly; weights are for others, who get the file as it is.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let taken = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    taken.flat_map(|value| value.split(',')).any(|coding| coding.trim() == "gzip")
}

fn zip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut zipped = Vec::new();
    GzEncoder::new(content, Compression::best()).read_to_end(&mut zipped)?;
    Ok(zipped)
}

/// The same with every line that is nothing but a comment left empty: those are for whoever changes
/// the file, and are a third of what would travel. What is on a line stays on it.
fn without_comments(written: &str) -> String {
    let mut inside = false;
    let bare = written.lines().map(|line| {
        let text = line.trim();
        let begins = inside || text.starts_with("/*");
        inside = begins && !text.ends_with("*/");
        if begins || text.starts_with("//") { "" } else { line }
    });
    bare.flat_map(|line| [line, "\n"]).collect()
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
    use std::borrow::Cow;
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_the_client_is_served_except_for_types() {
        let served: BTreeSet<_> = BY_PATH.keys().cloned().collect();
        let (types, others): (BTreeSet<_>, BTreeSet<_>) =
            Client::iter().map(Cow::into_owned).partition(|path| path.ends_with(".d.ts"));
        assert_eq!(served, others);
        assert_eq!(types, BTreeSet::from(["confab/index.d.ts".to_owned()]));
    }

    #[test]
    fn whoever_has_the_file_is_not_sent_it_again() {
        let file = File::find("index.html").unwrap();
        let asked = |tag: &str| HeaderMap::from_iter([(IF_NONE_MATCH, tag.parse().unwrap())]);
        assert_eq!(file.answer(&HeaderMap::new()).status(), StatusCode::OK);
        assert_eq!(file.answer(&asked("\"other\"")).status(), StatusCode::OK);
        let tag = &file.tag;
        let strong = opaque(tag).to_owned();
        for held in [tag.clone(), strong, format!("\"other\", {tag}"), "*".into()] {
            let answer = file.answer(&asked(&held));
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{held}");
            assert_eq!(answer.headers()[ETAG], tag.as_str());
        }
    }

    #[test]
    fn whoever_can_unpack_it_is_sent_less() {
        let file = File::find("theme.css").unwrap();
        let coding = |accepted: &str| {
            let asked = HeaderMap::from_iter([(ACCEPT_ENCODING, accepted.parse().unwrap())]);
            file.answer(&asked).headers().get(CONTENT_ENCODING).cloned()
        };
        assert_eq!(coding("gzip, deflate, br").unwrap(), "gzip");
        assert_eq!(coding("br,gzip").unwrap(), "gzip");
        assert_eq!(coding("identity, gzip;q=0"), None);
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(file.zipped()).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, file.content);
        assert!(file.zipped().len() * 2 < unpacked.len());
    }

    #[test]
    fn comments_do_not_travel_and_every_line_keeps_its_number() {
        let written = "// What it is.\n\n/**\n * @type {string}\n */\nconst a = \"//\"; // why\n/* b */\n  /* c\n*/\nd();\n";
        assert_eq!(without_comments(written), "\n\n\n\n\nconst a = \"//\"; // why\n\n\n\nd();\n");
        for (path, written) in sources() {
            let served = &File::find(&path).unwrap().content;
            assert_eq!(served.lines().count(), written.lines().count(), "{path}");
            assert!(!served.lines().any(|line| line.trim().starts_with("/**")), "{path}");
        }
    }

    #[test]
    fn the_page_names_every_module_so_that_none_waits_for_another() {
        let page = &File::find("index.html").unwrap().content;
        let modules = BY_PATH.keys().filter(|path| path.ends_with(".js"));
        for module in modules {
            assert_eq!(page.matches(&format!("=\"client/{module}\"")).count(), 1, "{module}");
        }
    }
}
