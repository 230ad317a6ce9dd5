//! What is said and what becomes of it, as the lines a person reads.

use std::collections::{BTreeMap, HashMap};

use client::{Change, Event};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use protocol::{MessageView, Quote, Reaction, Said, Seq, Status};

use super::became::{Became, Reacting, became, beginning};
use crate::mentions::{EVERYONE, places};
use crate::names::Names;
use crate::paint::Paint;
use crate::prompt::tick;
use crate::text::{field, visible, visible_lines};

/// How far the further lines of a message are set off.
const INDENT: usize = 6;
/// Of how many messages of a conversation it is known what they looked like.
const REMEMBERED: usize = 1_000;

/// Makes lines, and knows what the person looks at.
pub(crate) struct Lines {
    paint: Paint,
    pub(super) names: Names,
    pub(super) me: String,
    here: Option<String>,
    day: Date,
    /// What was shown last of the messages of each conversation.
    shown: HashMap<String, BTreeMap<Seq, Said>>,
}

impl Lines {
    /// Lines for `me`.
    pub(crate) fn new(paint: Paint, names: Names, me: &str) -> Self {
        let (me, day) = (me.to_owned(), Zoned::now().date());
        Self { paint, names, me, here: None, day, shown: HashMap::new() }
    }

    /// The person looks at another conversation.
    pub(crate) fn go(&mut self, conversation: Option<String>) {
        self.here = conversation;
    }

    /// What became of something, if people want to know.
    pub(crate) async fn event(&mut self, event: Event) -> Option<String> {
        match event {
            Event::Message(message) => Some(self.said(&message).await),
            Event::Changed(message) => self.changed(&message).await,
            Event::NotSent { content, reason, .. } => {
                Some(self.trouble(&not_said(&content, &reason)))
            }
            Event::NotChanged { event, reason, .. } => {
                let did = match event.change {
                    Change::Edit { .. } => "edited",
                    Change::Delete => "deleted",
                    Change::React { .. } => "reacted",
                    Change::Pin { on: true } => "pinned",
                    Change::Pin { on: false } => "unpinned",
                };
                Some(self.trouble(&format!("not {did}: {reason}")))
            }
            Event::Refused { reason, .. } | Event::Complaint { reason } => {
                Some(self.trouble(&reason))
            }
            event => self.news(event).await.map(|news| self.notice(&news)),
        }
    }

    /// A message or a notice, after the day if that is another than the last one's.
    pub(crate) async fn said(&mut self, message: &MessageView) -> String {
        let at = Timestamp::from_millisecond(message.timestamp.as_millis()).unwrap_or_default();
        let at = at.to_zoned(TimeZone::system());
        let mut lines = String::new();
        if at.date() != self.day {
            self.day = at.date();
            lines = self.paint.dim(&format!("── {} ──", at.strftime("%A, %-d %B %Y"))) + "\n";
        }
        let place = self.place_of(message).await;
        let time = self.paint.dim(&at.strftime("%H:%M").to_string());
        let Some(said) = message.body.said() else {
            let happened = self.happened(message).await;
            return format!("{lines}{time} {place}{}", self.paint.dim(&format!("— {happened}")));
        };
        self.remember(message);
        if let Some(quote) = &said.reply_to {
            lines += &format!("{:INDENT$}{}\n", "", self.paint.dim(&self.quoted(quote).await));
        }
        let name = self.names.person(&message.from).await;
        let name = self.paint.name(&visible(&name));
        let mark = message.status.map(|status| self.mark(status)).unwrap_or_default();
        let what = self.what(said).await;
        format!("{lines}{time} {place}{name}: {what}{mark}")
    }

    /// What a message says, with whatever became of it.
    async fn what(&self, said: &Said) -> String {
        if said.deleted_at.is_some() {
            return self.paint.dim("(deleted)");
        }
        let content = self.with_mentions(said).await;
        let edited = if said.edited_at.is_some() { " (edited)" } else { "" };
        let pinned = if said.pinned_at.is_some() { " (pinned)" } else { "" };
        let became = self.paint.dim(&format!("{edited}{pinned}"));
        format!("{content}{became}{}", reactions(said))
    }

    /// Who has pinned a message; or that it is pinned no more, by whomever.
    async fn pinned(&self, said: &Said, on: bool) -> String {
        let to = beginning(&said.content);
        match &said.pinned_by {
            Some(by) if on => {
                let by = self.names.person(by).await;
                format!("{} pinned: {to}", visible(&by))
            }
            _ if on => format!("pinned: {to}"),
            _ => format!("not pinned any more: {to}"),
        }
    }

    /// The text; where it calls oneself, that is painted.
    async fn with_mentions(&self, said: &Said) -> String {
        let text = visible_lines(&said.content, INDENT);
        let name = match said.mentions.contains(&self.me) {
            true => self.names.person(&self.me).await,
            false if said.mentions_everyone => EVERYONE.to_owned(),
            false => return text,
        };
        let places = places(&text, &visible(&name));
        if places.is_empty() {
            return self.paint.bold(&text);
        }
        let (mut painted, mut end) = (String::new(), 0);
        for place in places {
            painted += &text[end..place.start];
            painted += &self.paint.called(&text[place.clone()]);
            end = place.end;
        }
        painted + &text[end..]
    }

    /// What a message answers.
    async fn quoted(&self, quote: &Quote) -> String {
        let Some(from) = &quote.from else { return "↳ a message that is gone".to_owned() };
        let name = self.names.person(from).await;
        let content = quote.content.as_deref().filter(|_| !quote.deleted);
        let content = content.map_or_else(|| "(deleted)".to_owned(), beginning);
        format!("↳ {}: {content}", visible(&name))
    }

    /// How a message looked that is shown now; and how it looked before.
    fn remember(&mut self, message: &MessageView) -> Option<Said> {
        let shown = self.shown.entry(message.conversation.clone()).or_default();
        let before = shown.insert(message.seq, message.body.said()?.clone());
        if shown.len() > REMEMBERED {
            shown.pop_first();
        }
        before
    }

    /// What became of a message that was shown before, if that is worth a line.
    async fn changed(&mut self, message: &MessageView) -> Option<String> {
        let before = self.remember(message);
        let now = message.body.said()?;
        let name = self.names.person(&message.from).await;
        let name = visible(&name);
        let was = match became(before.as_ref(), now) {
            Became::Deleted => match &now.deleted_by {
                Some(by) if *by != message.from => {
                    let by = self.names.person(by).await;
                    vec![format!("{} deleted a message of {name}", visible(&by))]
                }
                _ => vec![format!("{name} deleted a message")],
            },
            Became::Edited => vec![format!("{name} edited: {}", self.with_mentions(now).await)],
            Became::Pinned(on) => vec![self.pinned(now, on).await],
            Became::Reacted(reacted) => self.reacted(message, now, reacted).await,
            Became::Nothing => Vec::new(),
        };
        let place = self.place_of(message).await;
        let line = |it: String| format!("{}{place}{it}", self.paint.dim("~ "));
        let lines: Vec<_> = was.into_iter().map(line).collect();
        if lines.is_empty() { None } else { Some(lines.join("\n")) }
    }

    /// Who reacts to what one said, and how oneself reacts, which tells that it is kept. How others react
    /// to others, and that somebody does not any more, is not worth a line.
    async fn reacted(
        &self,
        message: &MessageView,
        said: &Said,
        reacted: Vec<Reacting>,
    ) -> Vec<String> {
        let to = beginning(&said.content);
        let mut lines = Vec::new();
        for Reacting { user, key, on } in reacted {
            let is_own = user.as_ref() == Some(&self.me);
            let is_to_me = on && message.from == self.me;
            if !is_own && !is_to_me {
                continue;
            }
            let user = match user {
                Some(user) => self.names.person(&user).await,
                None => "somebody".to_owned(),
            };
            let more = if on { "" } else { " no more" };
            lines.push(format!("{} reacted {}{more} to: {to}", visible(&user), visible(&key)));
        }
        lines
    }

    /// The message as fields with tabs between them: when, where, who, what.
    pub(crate) async fn fields(&self, message: &MessageView) -> String {
        let place = self.place(&message.conversation, Some(message)).await;
        let from = self.names.person(&message.from).await;
        let content = message.body.content().unwrap_or_default();
        let [place, from, content] = [place.as_str(), from.as_str(), content].map(field);
        format!("{}\t{place}\t{from}\t{content}", message.timestamp)
    }

    /// Something to know.
    pub(crate) fn notice(&self, text: &str) -> String {
        self.paint.dim(&format!("— {text}"))
    }

    /// Something that went wrong.
    pub(crate) fn trouble(&self, text: &str) -> String {
        self.paint.bad(&format!("! {}", visible(text)))
    }

    fn mark(&self, status: Status) -> String {
        let tick = tick(status).trim_end();
        let painted =
            if status == Status::Read { self.paint.good(tick) } else { self.paint.dim(tick) };
        format!("  {painted}")
    }

    /// Where it was said, unless the person looks there.
    async fn place_of(&self, message: &MessageView) -> String {
        if self.here.as_deref() == Some(&message.conversation) {
            return String::new();
        }
        let place = self.place(&message.conversation, Some(message)).await;
        self.paint.dim(&format!("[{}] ", visible(&place)))
    }
}

/// How people react to a message, behind it.
fn reactions(said: &Said) -> String {
    let shown = |it: &Reaction| {
        let own = if it.mine { "*" } else { "" };
        format!("  {}{own} {}", visible(&it.key), it.count)
    };
    said.reactions.iter().map(shown).collect()
}

/// What to tell of a message that was refused.
pub(crate) fn not_said(content: &str, reason: &str) -> String {
    let beginning: String = content.chars().take(40).collect();
    let more = if beginning.len() < content.len() { "…" } else { "" };
    format!("not sent: {reason}: {beginning}{more}")
}

#[cfg(test)]
pub(super) mod tests {
    use clap::Parser;

    use super::*;
    use crate::account::Account;
    use crate::addresses::Addresses;
    use crate::http::Http;
    use crate::options::Options;

    pub(in crate::screen) fn lines(paint: Paint) -> Lines {
        let options = Options::parse_from(["chat", "--user", "alice"]);
        let addresses = Addresses::new(&options.url, options.http.as_deref()).unwrap();
        let account = Account::of(&options, Http::new(&addresses).unwrap()).unwrap();
        Lines::new(paint, Names::new(account), "alice")
    }

    fn said(more: &serde_json::Value) -> MessageView {
        let mut message = serde_json::json!({
            "id": "1", "conversation": "dm:alice:bob", "seq": 1, "kind": "message", "from": "bob",
            "content": "tea, @Alice?", "timestamp": "2026-01-01T00:00:00.000Z",
        });
        for (name, value) in more.as_object().unwrap() {
            message[name] = value.clone();
        }
        serde_json::from_value(message).unwrap()
    }

    #[tokio::test]
    async fn whoever_is_called_sees_it() {
        let mut lines = lines(Paint::all());
        lines.go(Some("dm:alice:bob".to_owned()));
        let called = serde_json::json!({ "mentions": ["alice"] });
        let line = lines.said(&said(&called)).await;
        assert!(line.ends_with("tea, \x1b[1;7m@Alice\x1b[0m?"), "{line:?}");
        let other = serde_json::json!({ "mentions": ["carol"] });
        assert!(lines.said(&said(&other)).await.ends_with("tea, @Alice?"));
        let everybody = serde_json::json!({ "mentions_everyone": true, "content": "tea" });
        assert!(lines.said(&said(&everybody)).await.ends_with("\x1b[1mtea\x1b[0m"));
    }

    #[tokio::test]
    async fn it_is_told_what_became_of_a_message_if_that_matters() {
        let mut lines = lines(Paint::none());
        lines.go(Some("dm:alice:bob".to_owned()));
        let reaction = |users: &[&str]| serde_json::json!([{ "key": "+1", "count": users.len(), "users": users }]);
        lines.said(&said(&serde_json::json!({}))).await;
        // How bob reacts to himself is not worth a line; how oneself does tells that it is kept.
        let of_bob = serde_json::json!({ "reactions": reaction(&["bob"]) });
        assert_eq!(lines.changed(&said(&of_bob)).await, None);
        let of_both = serde_json::json!({ "reactions": reaction(&["bob", "alice"]) });
        let line = lines.changed(&said(&of_both)).await;
        assert_eq!(line.as_deref(), Some("~ alice reacted +1 to: tea, @Alice?"));
        let deleted = serde_json::json!({
            "content": "", "deleted_at": "2026-01-01T00:01:00.000Z", "deleted_by": "carol",
        });
        let line = lines.changed(&said(&deleted)).await;
        assert_eq!(line.as_deref(), Some("~ carol deleted a message of bob"));
        assert_eq!(lines.changed(&said(&deleted)).await, None);
    }
}
