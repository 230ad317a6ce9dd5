//! What messages look like, by the copies that came and what became of them since.
//!
//! A copy has in it every event about its message up to its `revised`; later ones are applied to it, each once,
//! in the order of their numbers, whenever and however often they come. Only a newer copy raises `revised`:
//! whoever applied an event might still lack one before it.

use std::collections::BTreeMap;

use protocol::{Body, Edited, MessageView, Quote, Reacted, Reaction, Said, Seq, Timestamp};

/// How many messages of a conversation are kept: of older ones nobody is told what becomes of them.
const MOST: usize = 10_000;

/// The messages of one conversation.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    copies: BTreeMap<Seq, Copy>,
    /// What became of messages, by the message and then by the number of the event.
    events: BTreeMap<Seq, BTreeMap<Seq, MessageView>>,
}

#[derive(Debug)]
struct Copy {
    view: MessageView,
    /// Whether it was shown, so that it must be told when it changes.
    is_shown: bool,
}

impl Pictures {
    /// Takes whatever came of a conversation; the messages that were shown and look otherwise now.
    pub(crate) fn take(&mut self, view: &MessageView, me: &str) -> Vec<MessageView> {
        let about = view.body.of().unwrap_or(view.seq);
        let concerned = self.concerned(about);
        let before: Vec<_> = concerned.iter().map(|seq| self.picture(*seq, me)).collect();
        match &view.body {
            Body::Message(said) => self.take_copy(view, said),
            Body::Edited(Edited { content: None, .. }) => {}
            body if body.of().is_some() => self.take_event(about, view),
            _ => {}
        }
        let now = concerned.iter().map(|seq| self.picture(*seq, me));
        let changed = before.into_iter().zip(now).filter(|(before, now)| before != now);
        changed.filter_map(|(_, now)| now).collect()
    }

    /// The messages that were shown and show something of this one: itself, and those that answer it.
    fn concerned(&self, about: Seq) -> Vec<Seq> {
        let shows = |copy: &Copy| copy.view.seq == about || answered(&copy.view) == Some(about);
        let shown = self.copies.values().filter(|copy| copy.is_shown && shows(copy));
        shown.map(|copy| copy.view.seq).collect()
    }

    fn take_copy(&mut self, view: &MessageView, said: &Said) {
        match self.copies.get_mut(&view.seq) {
            Some(copy) => {
                let held = copy.view.body.said().and_then(|held| held.revised);
                if held >= said.revised {
                    freshen_quote(&mut copy.view, said);
                } else {
                    let status = view.status.or(copy.view.status);
                    copy.view = MessageView { status, ..view.clone() };
                }
            }
            None => {
                let copy = Copy { view: view.clone(), is_shown: false };
                self.copies.insert(view.seq, copy);
                if self.copies.len() > MOST
                    && let Some((oldest, _)) = self.copies.pop_first()
                {
                    self.events.remove(&oldest);
                }
            }
        }
        self.forget_what_is_over(view.seq);
    }

    fn take_event(&mut self, of: Seq, view: &MessageView) {
        self.events.entry(of).or_default().insert(view.seq, view.clone());
        self.forget_what_is_over(of);
    }

    /// Forgets the events that the copy has in it, and what was said once it is deleted.
    fn forget_what_is_over(&mut self, seq: Seq) {
        let events = self.events.entry(seq).or_default();
        let copy = self.copies.get_mut(&seq);
        let said = copy.and_then(|copy| match &mut copy.view.body {
            Body::Message(said) => Some(said),
            _ => None,
        });
        let revised = said.as_ref().and_then(|said| said.revised);
        events.retain(|number, _| revised.is_none_or(|revised| *number > revised));
        let is_deletion = |event: &&MessageView| matches!(event.body, Body::Deleted { .. });
        if let Some(deletion) = events.values().find(is_deletion).cloned() {
            // What is deleted stays so.
            events.retain(|number, _| *number == deletion.seq);
            if let Some(said) = said {
                delete(said, deletion.timestamp, &deletion.from);
            }
        }
        if events.is_empty() {
            self.events.remove(&seq);
        }
    }

    /// Messages are shown: as they look now, and from now on it is told when they change.
    pub(crate) fn show(&mut self, view: MessageView, me: &str) -> MessageView {
        let Some(copy) = self.copies.get_mut(&view.seq) else { return view };
        copy.is_shown = true;
        self.picture(view.seq, me).unwrap_or(view)
    }

    /// A part of the log is skipped: nobody hears what becomes there of what came before it.
    pub(crate) fn forget_before(&mut self, first: Seq) {
        self.copies = self.copies.split_off(&first);
        for events in self.events.values_mut() {
            *events = events.split_off(&first);
        }
        self.events.retain(|_, events| !events.is_empty());
    }

    /// The numbers of the messages that are here.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Seq> {
        self.copies.keys().copied()
    }

    /// What a message looks like now.
    pub(crate) fn picture(&self, seq: Seq, me: &str) -> Option<MessageView> {
        let mut view = self.copies.get(&seq)?.view.clone();
        if let Body::Message(said) = &mut view.body {
            for reaction in &mut said.reactions {
                reaction.mine |= reaction.users.iter().any(|user| user == me);
            }
            for event in self.events_after(seq, said.revised) {
                apply(said, event, me);
            }
            if let Some(quote) = &mut said.reply_to {
                self.follow(quote, me);
            }
        }
        Some(view)
    }

    fn events_after(&self, seq: Seq, revised: Option<Seq>) -> impl Iterator<Item = &MessageView> {
        let events = self.events.get(&seq).into_iter().flatten();
        events.filter(move |(number, _)| Some(**number) > revised).map(|(_, event)| event)
    }

    /// What is quoted of another message follows what becomes of that.
    fn follow(&self, quote: &mut Quote, me: &str) {
        let held = self.copies.get(&quote.seq).and_then(|copy| copy.view.body.said());
        if held.is_some_and(|held| held.revised >= quote.revised)
            && let Some(original) = self.picture(quote.seq, me)
            && let Some(said) = original.body.said()
        {
            quote.deleted = said.deleted_at.is_some();
            quote.content = (!quote.deleted).then(|| Quote::beginning(&said.content));
            quote.revised = said.revised;
            quote.from = Some(original.from);
            return;
        }
        if quote.from.is_none() {
            // It is gone, or not for the reader.
            return;
        }
        for event in self.events_after(quote.seq, quote.revised) {
            match &event.body {
                Body::Edited(Edited { content: Some(content), .. }) if !quote.deleted => {
                    quote.content = Some(Quote::beginning(content));
                }
                Body::Deleted { .. } => (quote.deleted, quote.content) = (true, None),
                _ => {}
            }
        }
    }
}

/// The message that this one answers.
fn answered(view: &MessageView) -> Option<Seq> {
    view.body.said()?.reply_to.as_ref().map(|quote| quote.seq)
}

/// Of two copies that are alike the quote that was read later stays.
fn freshen_quote(held: &mut MessageView, said: &Said) {
    let Body::Message(held) = &mut held.body else { return };
    if let (Some(held), Some(new)) = (&mut held.reply_to, &said.reply_to)
        && (new.revised > held.revised || held.from.is_none())
    {
        held.clone_from(new);
    }
}

fn apply(said: &mut Said, event: &MessageView, me: &str) {
    if said.deleted_at.is_some() {
        return;
    }
    match &event.body {
        Body::Edited(Edited {
            content: Some(content), data, mentions, mentions_everyone, ..
        }) => {
            said.content.clone_from(content);
            said.data.clone_from(data);
            said.mentions.clone_from(mentions);
            said.mentions_everyone = *mentions_everyone;
            said.edited_at = Some(event.timestamp);
        }
        Body::Deleted { .. } => delete(said, event.timestamp, &event.from),
        Body::Reacted(reacted) => react(&mut said.reactions, reacted, &event.from, me),
        _ => {}
    }
}

fn delete(said: &mut Said, at: Timestamp, by: &str) {
    let (revised, by) = (said.revised, Some(by.to_owned()));
    *said = Said { revised, deleted_at: Some(at), deleted_by: by, ..Said::default() };
}

fn react(reactions: &mut Vec<Reaction>, reacted: &Reacted, user: &str, me: &str) {
    let place = reactions.iter().position(|reaction| reaction.key == reacted.key);
    let place = place.unwrap_or_else(|| {
        reactions.push(Reaction { key: reacted.key.clone(), ..Reaction::default() });
        reactions.len() - 1
    });
    let reaction = &mut reactions[place];
    reaction.count = reacted.count;
    reaction.users.retain(|named| named != user);
    if reacted.on && reaction.users.len() < Reaction::NAMED {
        reaction.users.push(user.to_owned());
    }
    if user == me {
        reaction.mine = reacted.on;
    }
    if reaction.count == 0 {
        reactions.remove(place);
    }
}
