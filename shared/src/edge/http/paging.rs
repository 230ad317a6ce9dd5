//! Pages: which one a request asks for, and where the next one is.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::header::{CONTENT_TYPE, LINK};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::{Failure, Params};
use crate::Error;
use crate::domain::{PageSize, Range, Seq};
use crate::error::storage;

/// Which page of a list the query string asks for, by `before`, `after` and `limit`.
#[derive(Clone, Debug)]
pub struct Paging {
    /// How many items at most.
    pub limit: usize,
    before: Option<String>,
    after: Option<String>,
    uri: Uri,
}

/// Text, because the refusal of a number should name it.
#[derive(Deserialize)]
struct PageRequest {
    before: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Paging {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Params(asked) = Params::<PageRequest>::from_request_parts(parts, state).await?;
        let limit = PageSize::parse(whole_number("limit", asked.limit.as_deref())?)?.get();
        Ok(Self { limit, before: asked.before, after: asked.after, uri: parts.uri.clone() })
    }
}

impl Paging {
    /// What a list goes on after; what `parse` does not take is no cursor of it.
    pub fn after<T>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if self.before.is_some() {
            return Err(Error::Invalid(
                "this list goes on `after` an item, not `before` one".into(),
            ));
        }
        let after = self.after.as_deref().map(parse).transpose();
        after.map_err(|_| Error::Invalid("`after` is no cursor of this list".into()))
    }

    /// Which part of a conversation; its cursors are numbers.
    pub fn range(&self) -> Result<Range, Error> {
        Ok(Range {
            before: whole_number("before", self.before.as_deref())?,
            after: whole_number("after", self.after.as_deref())?,
        })
    }

    /// Some items of a list as an answer; the list goes on after `next`.
    pub fn list(&self, items: &impl Serialize, next: Option<&str>) -> Response {
        self.answer(items, next.map(|next| self.link("after", next, "next")))
    }

    /// Some of a conversation as an answer; it goes on before these messages, after them, or both.
    pub fn part(
        &self,
        messages: &impl Serialize,
        before: Option<Seq>,
        after: Option<Seq>,
    ) -> Response {
        let earlier = before.map(|seq| self.link("before", &seq.to_string(), "prev"));
        let later = after.map(|seq| self.link("after", &seq.to_string(), "next"));
        let links: Vec<_> = earlier.into_iter().chain(later).collect();
        self.answer(messages, (!links.is_empty()).then(|| links.join(", ")))
    }

    /// Some items of a list as JSON lines (<https://jsonlines.org>); the list goes on after `next`.
    pub fn lines(&self, items: &[impl Serialize], next: Option<&str>) -> Result<Response, Failure> {
        let mut lines = String::new();
        for item in items {
            lines += &serde_json::to_string(item).map_err(storage("write a line"))?;
            lines.push('\n');
        }
        let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"))];
        let link = next.map(|next| self.link("after", next, "next"));
        Ok(Self::linked((kind, lines).into_response(), link))
    }

    fn answer(&self, items: &impl Serialize, link: Option<String>) -> Response {
        Self::linked(Json(items).into_response(), link)
    }

    fn linked(mut response: Response, link: Option<String>) -> Response {
        if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
            response.headers_mut().insert(LINK, link);
        }
        response
    }

    /// A link to another page (<https://www.rfc-editor.org/rfc/rfc8288>): the same request with one
    /// cursor, and nothing else that says which page.
    fn link(&self, cursor: &str, value: &str, relation: &str) -> String {
        let kept = self.uri.query().unwrap_or_default().split('&').filter(|pair| {
            let key = percent_decode_str(pair.split('=').next().unwrap_or_default());
            !pair.is_empty()
                && !["before", "after", "around"].iter().any(|it| key.clone().eq(it.bytes()))
        });
        let query: String = kept.map(|pair| format!("{pair}&")).collect();
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        format!("<{}?{query}{cursor}={value}>; rel=\"{relation}\"", self.uri.path())
    }
}

/// A number in a query string; anything else is a `bad_request` that names it.
fn whole_number(name: &str, text: Option<&str>) -> Result<Option<u64>, Error> {
    let parse = |text: &str| {
        text.parse().map_err(|_| Error::Invalid(format!("`{name}` is not a whole number")))
    };
    text.map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(asked: &str, next: &str) {
        let uri = asked.parse().unwrap();
        let paging = Paging { limit: 1, before: None, after: None, uri };
        assert_eq!(paging.link("after", "a:b", "next"), format!("<{next}>; rel=\"next\""));
    }

    #[test]
    fn a_link_has_one_cursor_however_the_others_were_spelled() {
        check("/rooms", "/rooms?after=a%3Ab");
        check("/rooms?limit=1&after=a&before=b", "/rooms?limit=1&after=a%3Ab");
        check("/rooms?%61fter=a&x=%20&&%62%65fore=b", "/rooms?x=%20&after=a%3Ab");
        check("/rooms?afterwards=1", "/rooms?afterwards=1&after=a%3Ab");
        check("/rooms?around=7&limit=1", "/rooms?limit=1&after=a%3Ab");
    }
}
