//! Lists of items whose sort keys begin alike, page by page.

use super::Store;
use super::item::{Item, s, text};
use super::keys;
use crate::Error;
use crate::error::storage;

/// Which items: of this partition, whose sort keys are this prefix, `#`, and a name.
#[derive(Clone, Copy)]
pub(super) struct Span<'a> {
    pub(super) pk: &'a str,
    pub(super) prefix: &'a str,
    /// An attribute; items without it are left out.
    pub(super) having: Option<&'a str>,
    /// Completes "failed to".
    pub(super) action: &'static str,
}

impl Store {
    /// Items of a span by name, the first of them `after` one; and the name to go on after, if there
    /// are more. Strongly consistent.
    pub(super) async fn span(
        &self,
        span: Span<'_>,
        after: Option<String>,
        limit: Option<usize>,
    ) -> Result<(Vec<Item>, Option<String>), Error> {
        let prefix = format!("{}#", span.prefix);
        let mut items = Vec::new();
        let mut after = after;
        loop {
            let left = limit.map(|limit| i32::try_from(limit - items.len()).unwrap_or(i32::MAX));
            // A space follows the cursor itself, and precedes whatever else may follow it.
            let first = after.map_or(prefix.clone(), |after| format!("{prefix}{after} "));
            let mut query = self
                .query()
                .key_condition_expression("pk = :pk AND sk BETWEEN :after AND :last")
                .expression_attribute_values(":pk", s(span.pk))
                .expression_attribute_values(":after", s(first))
                .expression_attribute_values(":last", s(format!("{}$", span.prefix)))
                .set_limit(left);
            if let Some(having) = span.having {
                query = query.filter_expression(format!("attribute_exists({having})"));
            }
            let page = query.send().await.map_err(storage(span.action))?;
            items.extend_from_slice(page.items());
            let Some(last) = page.last_evaluated_key() else { return Ok((items, None)) };
            let name = text(last, keys::SK)?.strip_prefix(&prefix).map(str::to_owned);
            if limit.is_some_and(|limit| items.len() >= limit) {
                return Ok((items, name));
            }
            after = name;
        }
    }
}
