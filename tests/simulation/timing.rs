//! What holds beyond the promises while only time and order are disturbed.

use std::collections::{BTreeMap, BTreeSet};

use crate::outcome::{Outcome, acked, is_part};
use crate::record::{Event, Place, What};

/// How long a message may be on its way, in milliseconds: longer than every late start.
const ON_THE_WAY: u128 = 8_000;

/// The life of one connection.
struct Life<'a> {
    user: &'a str,
    welcome: u128,
    end: u128,
    /// What was pushed to it, in order.
    pushed: Vec<&'a Place>,
    /// Before which messages it was told that others are skipped.
    skips: Vec<&'a Place>,
    /// The messages that came to it and were not skipped since, with the number of the last event that is in
    /// the newest copy of each.
    copies: BTreeMap<&'a Place, u64>,
    /// Whatever came to it.
    came: BTreeSet<&'a Place>,
}

impl<'a> Life<'a> {
    /// The life of a connection of `user` that has not been made welcome, and ends with the world.
    fn of(user: &'a str) -> Self {
        let (pushed, skips) = (Vec::new(), Vec::new());
        let (copies, came) = (BTreeMap::new(), BTreeSet::new());
        Self { user, welcome: u128::MAX, end: u128::MAX, pushed, skips, copies, came }
    }
}

fn lives(events: &[Event]) -> BTreeMap<&str, Life<'_>> {
    let mut lives: BTreeMap<&str, Life<'_>> = BTreeMap::new();
    let mut closed = BTreeSet::new();
    for event in events {
        match &event.what {
            // A device may look at its welcome after the connection has ended.
            What::Welcome { connection } if closed.contains(connection.as_str()) => {}
            What::Welcome { connection } => {
                let (user, welcome) = (event.user.as_str(), event.at);
                let life = lives.entry(connection).or_insert_with(|| Life::of(user));
                life.welcome = life.welcome.min(welcome);
            }
            What::Closed { connection } => {
                closed.insert(connection.as_str());
                if let Some(life) = lives.get_mut(connection.as_str()) {
                    life.end = event.at;
                }
            }
            What::Pushed { connection, place } => {
                if let Some(life) = lives.get_mut(connection.as_str()) {
                    life.pushed.push(place);
                }
            }
            What::Skipped { connection, place } => {
                if let Some(life) = lives.get_mut(connection.as_str()) {
                    life.skips.push(place);
                    life.copies.retain(|copy, _| copy.0 != place.0 || copy.1 >= place.1);
                }
            }
            What::Came { connection, .. } if closed.contains(connection.as_str()) => {}
            What::Came { connection, place, revised } => {
                // A page may come before the welcome.
                let life = lives.entry(connection).or_insert_with(|| Life::of(&event.user));
                life.came.insert(place);
                let newest = life.copies.entry(place).or_default();
                *newest = (*newest).max(*revised);
            }
            _ => {}
        }
    }
    lives
}

/// Every connection of a person gets what is said while it stands, whatever the person's others get.
pub(crate) fn every_connection_got_everything(
    outcome: &Outcome,
    events: &[Event],
    broken: &mut Vec<String>,
) {
    let (stored, acked) = (outcome.record.stored(), acked(events));
    for (connection, life) in lives(events) {
        // Whoever goes in and out of the room may miss what is said there.
        let restless = events
            .iter()
            .any(|event| event.user == life.user && matches!(event.what, What::Leaving { .. }));
        let pushed: BTreeSet<_> = life.pushed.iter().copied().collect();
        for message in &outcome.logs {
            let place = (message.conversation.clone(), message.seq);
            let stood = stored.get(&place).is_some_and(|stored| {
                (life.welcome..life.end.saturating_sub(ON_THE_WAY)).contains(stored)
            });
            let meant = is_part(life.user, &message.conversation)
                && message.from != life.user
                && message.conversation != "lobby"
                && !(restless && message.conversation == outcome.room);
            let skipped = life.skips.iter().any(|it| it.0 == place.0 && place.1 < it.1);
            if stood && meant && !skipped && acked.contains(&place) && !pushed.contains(&place) {
                let user = life.user;
                broken.push(format!("{user}'s {connection} stood and never got {place:?}"));
            }
        }
    }
}

/// Whoever has a message hears everything about it that is not in their copy, as long as their connection stands:
/// so nobody shows for good what is not so any more.
pub(crate) fn every_copy_is_followed_by_what_became_of_it(
    outcome: &Outcome,
    events: &[Event],
    broken: &mut Vec<String>,
) {
    let mut became: BTreeMap<Place, Vec<u64>> = BTreeMap::new();
    for entry in outcome.logs.iter().filter(|entry| entry.is_event()) {
        let place = (entry.conversation.clone(), entry.seq);
        if let Some(of) = outcome.kept.of_event(&place) {
            became.entry((place.0, of)).or_default().push(entry.seq);
        }
    }
    let standing = lives(events).into_iter().filter(|(_, life)| life.end == u128::MAX);
    for (connection, life) in standing {
        let restless = events
            .iter()
            .any(|event| event.user == life.user && matches!(event.what, What::Leaving { .. }));
        for (place, revised) in &life.copies {
            let is_out = restless && place.0 == outcome.room;
            let missing = became.get(*place).into_iter().flatten().find(|event| {
                **event > *revised && !life.came.contains(&(place.0.clone(), **event))
            });
            if let Some(missing) = missing.filter(|_| !is_out) {
                let user = life.user;
                broken.push(format!(
                    "{user}'s {connection} has {place:?} of {revised}, and did not hear {missing}"
                ));
            }
        }
    }
}

/// What was said long before anybody of a person's was there comes in order, and once; unless it is
/// said again, for then it is delivered again. In the lobby nothing waits.
pub(crate) fn what_waited_came_once_and_in_order(
    outcome: &Outcome,
    events: &[Event],
    broken: &mut Vec<String>,
) {
    let stored = outcome.record.stored();
    let repeated = repeated(outcome, events);
    for (connection, life) in lives(events) {
        let waited = life.pushed.iter().filter(|place| {
            let stored = stored.get(place);
            stored.is_some_and(|stored| stored + ON_THE_WAY < life.welcome)
                && place.0 != "lobby"
                && !repeated.contains(place)
        });
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for (conversation, seq) in waited {
            if let Some(last) = last.insert(conversation, *seq)
                && last >= *seq
            {
                broken.push(format!(
                    "{}'s {connection} got {conversation} {seq} after {last}",
                    life.user
                ));
            }
        }
    }
}

/// What goes by the stream comes in order over a connection that stood before, when it comes for the first
/// time; unless it is of somebody who comes and goes in the room. What waited may bring some of it already.
pub(crate) fn what_went_by_the_stream_came_in_order(
    outcome: &Outcome,
    events: &[Event],
    broken: &mut Vec<String>,
) {
    let (stored, by_stream) = (outcome.record.stored(), outcome.record.by_stream());
    for (connection, life) in lives(events) {
        let restless = events
            .iter()
            .any(|event| event.user == life.user && matches!(event.what, What::Leaving { .. }));
        let brought = life.pushed.iter().filter(|place| {
            by_stream.contains(place) && stored.get(place).is_some_and(|at| *at > life.welcome)
        });
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        let mut heard = BTreeSet::new();
        for (conversation, seq) in brought.filter(|place| !restless && heard.insert(*place)) {
            if let Some(last) = last.insert(conversation, *seq)
                && last > *seq
            {
                let user = life.user;
                broken.push(format!(
                    "{user}'s {connection} got {conversation} {seq} by the stream after {last}"
                ));
            }
        }
    }
}

/// The messages that were sent more than once.
fn repeated(outcome: &Outcome, events: &[Event]) -> BTreeSet<Place> {
    let (mut once, mut again) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        if let What::Sent { id, .. } = &event.what
            && !once.insert(id)
        {
            again.insert(id);
        }
    }
    let repeated = outcome.logs.iter().filter(|message| again.contains(&message.id));
    repeated.map(|message| (message.conversation.clone(), message.seq)).collect()
}
