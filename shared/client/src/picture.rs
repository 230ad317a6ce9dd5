//! What messages look like, by the copies that came and what became of them since.
//!
//! A copy has in it every event about its message up to its `revised`; later ones are applied to it, each once,
//! in the order of their numbers, whenever and however often they come. Only a newer copy raises `revised`:
//! whoever applied an event might still lack one before it.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Body, Edited, MessageView, Pinned, Quote, Reacted, Reaction, Said, Seq, Timestamp};

/// How many messages of a conversation are kept: of older ones nobody is told what becomes of them.
const MOST: usize = 10_000;

/// The messages of one conversation.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    copies: BTreeMap<Seq, Copy>,
    /// What became of messages, by the message and then by the number of the event.
    events: BTreeMap<Seq, BTreeMap<Seq, MessageView>>,
    /// Which copies answer a message.
    answers: BTreeMap<Seq, BTreeSet<Seq>>,
}

#[derive(Debug)]
struct Copy {
    view: MessageView,
    /// Whether it was made of an ack: what the server sends is better.
    is_guess: bool,
    /// Whether it was shown, so that it must be told when it changes.
    is_shown: bool,
}

impl Pictures {
    /// Takes whatever came of a conversation, or is guessed by an ack; the messages that were shown before and
    /// look otherwise after all of it.
    pub(crate) fn take(
        &mut self,
        views: &[MessageView],
        is_guess: bool,
        me: &str,
    ) -> Vec<MessageView> {
        let about = |view: &MessageView| view.body.of().unwrap_or(view.seq);
        let concerned: BTreeSet<_> =
            views.iter().flat_map(|view| self.concerned(about(view))).collect();
        let before: Vec<_> = concerned.iter().map(|seq| self.picture(*seq, me)).collect();
        for view in views {
            match &view.body {
                Body::Message(said) => self.take_copy(view, said, is_guess),
                Body::Edited(Edited { content: None, .. }) => {}
                body if body.of().is_some() => self.take_event(about(view), view),
                _ => {}
            }
        }
        let now = concerned.iter().map(|seq| self.picture(*seq, me));
        let both = before.into_iter().zip(now).filter_map(|(before, now)| before.zip(now));
        both.filter(|(before, now)| looks(before) != looks(now)).map(|(_, now)| now).collect()
    }

    /// The messages that were shown and show something of this one: itself, and those that answer it.
    fn concerned(&self, about: Seq) -> Vec<Seq> {
        let answers = self.answers.get(&about).into_iter().flatten();
        let is_shown = |seq: &Seq| self.copies.get(seq).is_some_and(|copy| copy.is_shown);
        answers.chain([&about]).copied().filter(is_shown).collect()
    }

    fn take_copy(&mut self, view: &MessageView, said: &Said, is_guess: bool) {
        if let Some(copy) = self.copies.get_mut(&view.seq) {
            let held = copy.view.body.said().and_then(|held| held.revised);
            let is_better = copy.is_guess && !is_guess && held == said.revised;
            if held < said.revised || is_better {
                let status = view.status.or(copy.view.status);
                let quote = copy.view.body.said().and_then(|held| held.reply_to.clone());
                copy.view = MessageView { status, ..view.clone() };
                copy.is_guess = is_guess;
                keep_quote_deleted(&mut copy.view, quote);
            } else {
                freshen_quote(&mut copy.view, said);
            }
        } else {
            let copy = Copy { view: view.clone(), is_guess, is_shown: false };
            self.copies.insert(view.seq, copy);
        }
        if let Some(quote) = &said.reply_to {
            self.answers.entry(quote.seq).or_default().insert(view.seq);
            if self.is_deleted(quote.seq) {
                self.forget_quotes(quote.seq);
            }
        }
        self.forget_what_is_over(view.seq);
        self.limit();
    }

    fn take_event(&mut self, of: Seq, view: &MessageView) {
        self.events.entry(of).or_default().insert(view.seq, view.clone());
        self.forget_what_is_over(of);
        self.limit();
    }

    /// Forgets the events that the copy has in it, and what was said once it is deleted.
    fn forget_what_is_over(&mut self, seq: Seq) {
        let events = self.events.entry(seq).or_default();
        let said = self.copies.get_mut(&seq).and_then(|copy| match &mut copy.view.body {
            Body::Message(said) => Some(said),
            _ => None,
        });
        let revised = said.as_ref().and_then(|said| said.revised);
        events.retain(|number, _| revised.is_none_or(|revised| *number > revised));
        let is_deletion = |event: &&MessageView| matches!(event.body, Body::Deleted { .. });
        let deletion = events.values().find(is_deletion).cloned();
        let is_over = said.as_ref().is_some_and(|said| said.deleted_at.is_some());
        if let Some(deletion) = &deletion {
            // What is deleted stays so.
            events.retain(|number, _| *number == deletion.seq);
            if let Some(said) = said.filter(|said| said.deleted_at.is_none()) {
                delete(said, deletion.timestamp, &deletion.from);
            }
        } else if is_over {
            events.clear();
        }
        if events.is_empty() {
            self.events.remove(&seq);
        }
        if is_over || deletion.is_some() {
            self.forget_quotes(seq);
        }
    }

    fn is_deleted(&self, seq: Seq) -> bool {
        let said = self.copies.get(&seq).and_then(|copy| copy.view.body.said());
        let mut events = self.events.get(&seq).into_iter().flat_map(BTreeMap::values);
        said.is_some_and(|said| said.deleted_at.is_some())
            || events.any(|event| matches!(event.body, Body::Deleted { .. }))
    }

    /// What was quoted of a message that is deleted is not kept either.
    fn forget_quotes(&mut self, of: Seq) {
        for answer in self.answers.get(&of).into_iter().flatten() {
            if let Some(copy) = self.copies.get_mut(answer)
                && let Body::Message(Said { reply_to: Some(quote), .. }) = &mut copy.view.body
            {
                (quote.content, quote.deleted) = (None, true);
            }
        }
    }

    /// Of what is oldest nothing is kept.
    fn limit(&mut self) {
        if self.copies.len() > MOST {
            // What was not shown yet is to be.
            let shown = self.copies.iter().find(|(_, copy)| copy.is_shown);
            if let Some(oldest) = shown.map(|(seq, _)| *seq) {
                self.drop_copy(oldest);
                self.events.remove(&oldest);
            }
        }
        if self.events.len() > MOST {
            self.events.pop_first();
        }
    }

    fn drop_copy(&mut self, seq: Seq) {
        let copy = self.copies.remove(&seq);
        if let Some(original) = copy.as_ref().and_then(|copy| answered(&copy.view))
            && let Some(answers) = self.answers.get_mut(&original)
        {
            answers.remove(&seq);
            if answers.is_empty() {
                self.answers.remove(&original);
            }
        }
    }

    /// Messages are shown: as they look now, and from now on it is told when they change.
    pub(crate) fn show(&mut self, view: MessageView, me: &str) -> MessageView {
        let Some(copy) = self.copies.get_mut(&view.seq) else { return view };
        copy.is_shown = true;
        self.picture(view.seq, me).unwrap_or(view)
    }

    /// The same without what is kept of it here: it may be deleted here.
    pub(crate) fn without_content(&self, view: MessageView) -> MessageView {
        let body = match view.body {
            Body::Message(_) if self.copies.contains_key(&view.seq) => Body::text(""),
            Body::Edited(Edited { of, .. }) => Body::Edited(Edited { of, ..Edited::default() }),
            body => body,
        };
        MessageView { body, ..view }
    }

    /// A part of the log is skipped: nobody hears what becomes there of what came before it.
    pub(crate) fn forget_before(&mut self, first: Seq) {
        let over: Vec<_> = self.copies.range(..first).map(|(seq, _)| *seq).collect();
        over.into_iter().for_each(|seq| self.drop_copy(seq));
        for events in self.events.values_mut() {
            *events = events.split_off(&first);
        }
        self.events.retain(|_, events| !events.is_empty());
    }

    /// The numbers of the messages that are here and were shown.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Seq> {
        self.copies.iter().filter(|(_, copy)| copy.is_shown).map(|(seq, _)| *seq)
    }

    /// What a message looks like now.
    pub(crate) fn picture(&self, seq: Seq, me: &str) -> Option<MessageView> {
        let mut view = self.folded(seq, me)?;
        if let Body::Message(Said { reply_to: Some(quote), .. }) = &mut view.body {
            self.follow(quote, me);
        }
        Some(view)
    }

    /// The same with what it quotes as it was.
    fn folded(&self, seq: Seq, me: &str) -> Option<MessageView> {
        let mut view = self.copies.get(&seq)?.view.clone();
        if let Body::Message(said) = &mut view.body {
            for reaction in &mut said.reactions {
                reaction.mine |= reaction.users.iter().any(|user| user == me);
            }
            for event in self.events_after(seq, said.revised) {
                apply(said, event, me);
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
            && let Some(original) = self.folded(quote.seq, me)
            && let Some(said) = original.body.said()
        {
            quote.deleted |= said.deleted_at.is_some();
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

/// What there is to see of a message: not how it came, how far it got or which events are in the copy.
fn looks(view: &MessageView) -> MessageView {
    let mut view = MessageView { to: None, room: None, status: None, ..view.clone() };
    if let Body::Message(said) = &mut view.body {
        said.revised = None;
        if let Some(quote) = &mut said.reply_to {
            quote.revised = None;
        }
    }
    view
}

/// The message that this one answers.
fn answered(view: &MessageView) -> Option<Seq> {
    view.body.said()?.reply_to.as_ref().map(|quote| quote.seq)
}

/// Of two copies that are alike the quote that was read later stays.
fn freshen_quote(held: &mut MessageView, said: &Said) {
    let Body::Message(held) = &mut held.body else { return };
    if let (Some(held), Some(new)) = (&mut held.reply_to, &said.reply_to)
        && !held.deleted
        && (new.revised > held.revised || held.from.is_none())
    {
        held.clone_from(new);
    }
}

/// A quote that was deleted stays so in a newer copy.
fn keep_quote_deleted(view: &mut MessageView, held: Option<Quote>) {
    if let Body::Message(Said { reply_to: Some(quote), .. }) = &mut view.body
        && held.is_some_and(|held| held.deleted)
    {
        (quote.content, quote.deleted) = (None, true);
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
        Body::Pinned(Pinned { on, .. }) => {
            said.pinned_at = on.then_some(event.timestamp);
            said.pinned_by = on.then(|| event.from.clone());
        }
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
    let is_named = reaction.users.iter().any(|named| named == user);
    if !reacted.on {
        reaction.users.retain(|named| named != user);
    } else if !is_named && reaction.users.len() < Reaction::NAMED {
        reaction.users.push(user.to_owned());
    }
    if user == me {
        reaction.mine = reacted.on;
    }
    if reaction.count == 0 {
        reactions.remove(place);
    }
}
