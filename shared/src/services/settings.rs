//! What people decide about conversations for themselves alone: to be told less, to see them first or not at
//! all, to read them later; and what they have begun to write.

use futures::try_join;

use crate::domain::permissions::Action;
use crate::domain::{
    ConversationId, DraftText, Muting, Page, Range, Seq, Settings, SettingsChange, Timestamp,
    UserId,
};
use crate::protocol::{SettingsView, settings_at};
use crate::services::{access, events};
use crate::{App, Error};

/// So far is looked whether something was said since a conversation was hidden.
pub const LOOK: usize = 100;

/// What somebody asks to be another: what is `None` stays, what is `Some(None)` goes.
#[derive(Debug, Default)]
pub struct Wanted {
    /// What clients are to be quiet about.
    pub muted: Option<Option<Muting>>,
    /// Until when.
    pub muted_until: Option<Option<Timestamp>>,
    /// Whether it comes before others.
    pub pinned: Option<bool>,
    /// Whether lists leave it out, until something is said there.
    pub hidden: Option<bool>,
    /// What one has written and not said yet.
    pub draft: Option<Option<String>>,
    /// The first message that counts as unread again.
    pub unread_from: Option<Option<Seq>>,
}

/// The settings of `user` for a conversation that they take part in.
pub async fn of(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
) -> Result<SettingsView, Error> {
    check(app, user, conversation).await?;
    let kept = app.store.membership(user, conversation).await?;
    let kept = kept.ok_or(Error::NotFound("conversation"))?;
    shown(app, conversation, &kept.settings).await
}

/// Changes them, and shows that to the connections of `user`. Doing it twice is doing it once.
pub async fn change(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    wanted: Wanted,
) -> Result<SettingsView, Error> {
    let asks_for_newest =
        wanted.hidden == Some(true) || matches!(wanted.unread_from, Some(Some(_)));
    let newest = async {
        if !asks_for_newest {
            return Ok(0);
        }
        let end = app.store.page(conversation, Range::default(), 1, None).await?;
        Ok(end.messages.last().map_or(0, |message| message.seq))
    };
    let (newest, ()) = try_join!(newest, check(app, user, conversation))?;
    let hides = wanted.hidden == Some(true);
    let change = read(wanted, newest)?;
    if change == SettingsChange::default() {
        return of(app, user, conversation).await;
    }
    let now = app.clock.now();
    let kept = app.store.change_settings(user, conversation, &change, now).await?;
    let kept = kept.ok_or(Error::NotFound("conversation"))?.settings;
    if hides {
        let settings = settings_at(now, &kept, true);
        events::show_settings(app, user, conversation, &settings).await;
        return Ok(settings);
    }
    Ok(show_kept(app, user, conversation, &kept).await)
}

/// Shows `user` on every connection what is kept, and returns it. Nothing fails for it.
pub async fn show_kept(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    kept: &Settings,
) -> SettingsView {
    let settings = shown(app, conversation, kept).await.unwrap_or_else(|error| {
        // It is kept already. Whether something was said since it was hidden, the next list tells.
        error.log();
        settings_at(app.clock.now(), kept, kept.hidden_upto.is_some())
    });
    events::show_settings(app, user, conversation, &settings).await;
    settings
}

/// What is kept as it is shown. Only what is hidden costs a look whether something was said since.
pub async fn shown(
    app: &App,
    conversation: &ConversationId,
    kept: &Settings,
) -> Result<SettingsView, Error> {
    let now = app.clock.now();
    let Some(upto) = kept.hidden_upto else { return Ok(settings_at(now, kept, false)) };
    let later = app.store.newest_from(conversation, upto.saturating_add(1), LOOK, now).await?;
    Ok(settings_at(now, kept, is_hidden(upto, &later)))
}

/// Whether nothing was said after the message `upto`, by the newest [`LOOK`] entries from there on. What only
/// happens there, such as reactions, shows nothing; as many of these as are looked at do.
pub fn is_hidden(upto: Seq, newest: &Page) -> bool {
    let mut later = newest.messages.iter().filter(|message| message.seq > upto);
    later.clone().count() < LOOK && later.all(|message| message.body.said().is_none())
}

/// Refuses what is not a conversation of `user` with settings.
async fn check(app: &App, user: &UserId, conversation: &ConversationId) -> Result<(), Error> {
    if *conversation == ConversationId::Lobby {
        return Err(Error::Invalid("the lobby has no settings".into()));
    }
    access::check_permission(app, user, conversation, Action::Read).await
}

/// Refuses what makes no sense.
fn read(wanted: Wanted, newest: Seq) -> Result<SettingsChange, Error> {
    let Wanted { muted, muted_until, pinned, hidden, draft, unread_from } = wanted;
    if muted == Some(None) && matches!(muted_until, Some(Some(_))) {
        let reason = "`muted_until` is for a conversation that is muted: say `muted`, too";
        return Err(Error::Invalid(reason.into()));
    }
    if let Some(Some(from)) = unread_from
        && !(1..=newest).contains(&from)
    {
        let reason = if from == 0 {
            "`unread_from` is the number of a message"
        } else {
            "`unread_from` is beyond the last message"
        };
        return Err(Error::Invalid(reason.into()));
    }
    let draft = draft.map(|draft| draft.map_or(Ok(None), DraftText::parse)).transpose()?;
    let hidden_upto = hidden.map(|hidden| hidden.then_some(newest));
    Ok(SettingsChange { muted, muted_until, pinned, hidden_upto, draft, unread_from })
}
