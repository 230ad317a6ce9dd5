//! What must always hold, checked over everything that happened.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::outcome::{Outcome, acked, is_part};
use crate::record::{Event, Seen, What};
use crate::{budget, leaver, timing};

/// Every promise that was broken, in words.
pub(crate) fn broken(outcome: &Outcome) -> Vec<String> {
    let events = outcome.record.events();
    let mut broken: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::Broken(words) => Some(words.clone()),
            _ => None,
        })
        .collect();
    logs_have_no_holes(outcome, &mut broken);
    acks_are_kept(outcome, &events, &mut broken);
    everybody_sees_the_log(outcome, &events, &mut broken);
    conforming_clients_get_their_acks(outcome, &events, &mut broken);
    conforming_clients_show_the_log(outcome, &events, &mut broken);
    conforming_clients_show_messages_as_they_are(outcome, &events, &mut broken);
    nobody_changes_what_others_said(outcome, &mut broken);
    let left = outcome.kept.words_left();
    broken.extend(left.map(|place| format!("the words of the edit {place:?} are left")));
    let amiss = outcome.kept.pins_amiss().into_iter();
    broken
        .extend(amiss.map(|place| format!("{place:?} is pinned or listed as that, but not both")));
    naive_clients_got_everything(outcome, &events, &mut broken);
    nobody_heard_what_is_not_theirs(outcome, &events, &mut broken);
    whoever_signed_out_hears_nothing(outcome, &events, &mut broken);
    nobody_writes_to_whoever_is_gone(outcome, &events, &mut broken);
    broken.extend(outcome.lost.iter().cloned());
    if outcome.plan.is_empty() {
        let people: BTreeSet<_> = outcome.devices.iter().map(|(user, _, _)| user).collect();
        budget::is_kept(&events, u64::try_from(people.len()).unwrap(), &mut broken);
    }
    if outcome.plan.is_timing_only() {
        timing::every_connection_got_everything(outcome, &events, &mut broken);
        timing::every_copy_is_followed_by_what_became_of_it(outcome, &events, &mut broken);
        timing::what_waited_came_once_and_in_order(outcome, &events, &mut broken);
        timing::what_went_by_the_stream_came_in_order(outcome, &events, &mut broken);
    }
    broken
}

fn logs_have_no_holes(outcome: &Outcome, broken: &mut Vec<String>) {
    for two in outcome.logs.windows(2) {
        if two[0].conversation == two[1].conversation && two[1].seq != two[0].seq + 1 {
            broken.push(format!("{} has a hole after {}", two[0].conversation, two[0].seq));
        }
    }
    let mut ids = BTreeSet::new();
    for message in &outcome.logs {
        if !ids.insert((&message.conversation, &message.from, &message.id)) {
            broken.push(format!("{} holds {} twice", message.conversation, message.id));
        }
    }
}

/// Acknowledged is kept, under the number that was told; a repeat is told the same.
fn acks_are_kept(outcome: &Outcome, events: &[Event], broken: &mut Vec<String>) {
    let logs: HashMap<_, _> =
        outcome.logs.iter().map(|it| ((it.conversation.as_str(), it.seq), it)).collect();
    for event in events {
        let What::Acked { conversation, id, seq, .. } = &event.what else { continue };
        let kept = logs.get(&(conversation.as_str(), *seq));
        if kept.is_none_or(|kept| kept.id != *id || kept.from != event.user) {
            let user = &event.user;
            broken.push(format!("{user} got an ack for {conversation} {seq} {id}: {kept:?}"));
        }
    }
}

/// Who repeats a send until its ack comes gets the ack, or is told why not.
fn conforming_clients_get_their_acks(
    outcome: &Outcome,
    events: &[Event],
    broken: &mut Vec<String>,
) {
    for (user, device, _) in outcome.devices.iter().filter(|(_, _, conforming)| *conforming) {
        let (mut sent, mut settled) = (BTreeSet::new(), BTreeSet::new());
        for event in events.iter().filter(|it| it.user == *user && it.device == *device) {
            match &event.what {
                What::Sent { id, .. } => drop(sent.insert(id)),
                What::Acked { id, .. } | What::Refused { id } => drop(settled.insert(id)),
                _ => {}
            }
        }
        for id in sent.difference(&settled) {
            broken.push(format!("{user} {device} never got an ack for {id}"));
        }
    }
}

/// Whatever anybody received is in the log as they saw it.
fn everybody_sees_the_log(outcome: &Outcome, events: &[Event], broken: &mut Vec<String>) {
    let logs: BTreeMap<_, _> =
        outcome.logs.iter().map(|it| ((it.conversation.as_str(), it.seq), it)).collect();
    for event in events {
        let (What::Received(seen) | What::Shown(seen)) = &event.what else { continue };
        let kept = logs.get(&(seen.conversation.as_str(), seen.seq));
        let place = (seen.conversation.clone(), seen.seq);
        let said_so = outcome.kept.has_changed(&place) || kept == Some(&seen);
        if !kept.is_some_and(|kept| kept.is(seen) && said_so) {
            broken.push(format!("{} saw {seen:?}, which is not in the log", event.user));
        }
    }
}

/// A client that follows the protocol shows the log from its first message to its last, in order,
/// nothing twice; of a room that its person left, pieces of it without a hole, and what was under way then.
fn conforming_clients_show_the_log(outcome: &Outcome, events: &[Event], broken: &mut Vec<String>) {
    let acked = acked(events);
    let told: BTreeSet<_> = outcome.logs.iter().map(|it| it.conversation.as_str()).collect();
    for (user, device, conforming) in &outcome.devices {
        if !conforming || user == "eve" {
            continue;
        }
        let own: Vec<_> =
            events.iter().filter(|it| it.user == *user && it.device == *device).collect();
        for conversation in told.iter().filter(|it| is_part(user, it)) {
            // What changes others is not shown by itself.
            let log: Vec<_> = outcome.log_of(conversation).filter(|it| !it.is_event()).collect();
            let pieces = pieces(&own, conversation);
            let restless = *conversation == outcome.room && may_be_out(events, user);
            // What nobody has an ack for may still come with the next message or the next connection.
            let acked =
                acked.iter().filter(|(it, _)| it == conversation).map(|(_, seq)| *seq).max();
            let owed = log.iter().filter(|it| !restless && Some(it.seq) <= acked);
            let skipped = own.iter().filter_map(|event| match &event.what {
                What::Skipped { place, .. } if place.0 == **conversation => Some(place.1),
                _ => None,
            });
            let skipped = skipped.max().unwrap_or_default();
            let all = pieces.iter().flat_map(|piece| &piece.shown);
            let shown: BTreeSet<_> = all.map(|it| it.seq).collect();
            let is_missing =
                owed.map(|it| it.seq).any(|seq| seq >= skipped && !shown.contains(&seq));
            let holds = pieces.iter().all(|piece| piece.is_part_of(&log, pieces.len() == 1));
            if !holds || is_missing {
                let ends = pieces.iter().map(|piece| (piece.shown.first(), piece.shown.last()));
                let ends: Vec<_> = ends
                    .map(|(first, last)| (first.map(|it| it.seq), last.map(|it| it.seq)))
                    .collect();
                let (shown, all) = (shown.len(), log.len());
                broken.push(format!(
                    "{user} {device} shows {shown} of {all} in {conversation}: {ends:?}"
                ));
            }
        }
    }
}

/// Whatever a client that follows the protocol still shows is what the table has, as soon as everything that
/// became of it was acknowledged to whoever did it: what nobody has an ack for may still come.
fn conforming_clients_show_messages_as_they_are(
    outcome: &Outcome,
    events: &[Event],
    broken: &mut Vec<String>,
) {
    let acked = acked(events);
    let mut unsettled = BTreeSet::new();
    for entry in &outcome.logs {
        let place = (entry.conversation.clone(), entry.seq);
        if let Some(of) = outcome.kept.of_event(&place).filter(|_| !acked.contains(&place)) {
            unsettled.insert((entry.conversation.clone(), of));
        }
    }
    for (user, device, conforming) in outcome.devices.iter().filter(|(user, ..)| user != "eve") {
        let own = events.iter().filter(|it| it.user == *user && it.device == *device);
        let mut shown = BTreeMap::new();
        for event in own.filter(|_| *conforming) {
            match &event.what {
                What::Picture { place, picture } => drop(shown.insert(place, picture)),
                What::Forgotten { conversation } => {
                    shown.retain(|place, _| place.0 != *conversation);
                }
                _ => {}
            }
        }
        for (place, shown) in shown {
            let is_out = place.0 == outcome.room && may_be_out(events, user);
            let kept = outcome.kept.picture(place, user);
            // What is quoted may be of what is not settled, too.
            let is_settled = !unsettled.iter().any(|it| it.0 == place.0);
            if !is_out && is_settled && kept.as_ref() != Some(shown) {
                broken.push(format!("{user} {device} shows {place:?} as {shown}, not as {kept:?}"));
            }
        }
    }
}

/// Whoever edits a message has said it.
fn nobody_changes_what_others_said(outcome: &Outcome, broken: &mut Vec<String>) {
    for entry in outcome.logs.iter().filter(|entry| entry.kind == "edited") {
        let place = (entry.conversation.clone(), entry.seq);
        let of = outcome.kept.of_event(&place);
        let said = outcome.log_of(&entry.conversation).find(|said| Some(said.seq) == of);
        if said.is_none_or(|said| said.from != entry.from) {
            broken.push(format!("{} edited {said:?}", entry.from));
        }
    }
}

/// What a client showed of a conversation, between any two times that its person left it or came back.
#[derive(Default)]
struct Piece<'a> {
    shown: Vec<&'a Seen>,
    /// Whether the person had left: what was under way then comes in any order.
    is_late: bool,
}

impl Piece<'_> {
    /// Whether it is a part of the log without a hole, which begins with the log if it is `alone`; of what
    /// came late, whether nothing came twice.
    fn is_part_of(&self, log: &[&Seen], alone: bool) -> bool {
        let Some(first) = self.shown.first() else { return true };
        if self.is_late {
            let numbers: BTreeSet<_> = self.shown.iter().map(|seen| seen.seq).collect();
            return numbers.len() == self.shown.len();
        }
        let start = log.iter().position(|it| it.is(first)).filter(|start| *start == 0 || !alone);
        let shown = start.and_then(|start| log.get(start..start + self.shown.len()));
        shown.is_some_and(|log| log.iter().zip(&self.shown).all(|(one, other)| one.is(other)))
    }
}

fn pieces<'a>(events: &[&'a Event], conversation: &str) -> Vec<Piece<'a>> {
    let (mut pieces, mut left_at) = (vec![Piece::default()], None);
    for event in events {
        match &event.what {
            What::Shown(seen) if seen.conversation == conversation => {
                pieces.last_mut().unwrap().shown.push(seen);
            }
            What::Left { conversation: it } if it == conversation => left_at = Some(event.at),
            What::Reopened { conversation: it } if it == conversation => {
                pieces.push(Piece { shown: Vec::new(), is_late: left_at == Some(event.at) });
            }
            _ => {}
        }
    }
    pieces
}

/// Whether `user` ever asked to leave the room: the answer to the last word may be lost.
fn may_be_out(events: &[Event], user: &str) -> bool {
    events
        .iter()
        .any(|it| it.user == user && matches!(it.what, What::Leaving { .. } | What::Joining { .. }))
}

/// Somebody who never asks has got every acknowledged message all the same, or was told afterwards that it
/// was skipped or that more waits than is listed; except those that API Gateway took for a connection that
/// was lost.
fn naive_clients_got_everything(outcome: &Outcome, events: &[Event], broken: &mut Vec<String>) {
    let (acked, stored) = (acked(events), outcome.record.stored());
    let naive = outcome.devices.iter().filter(|(_, _, conforming)| !conforming);
    for user in naive.map(|(user, _, _)| user).collect::<BTreeSet<_>>() {
        let (mut got, mut connections) = (BTreeSet::new(), BTreeSet::new());
        for event in events.iter().filter(|it| it.user == *user) {
            match &event.what {
                What::Received(seen) => drop(got.insert((&seen.conversation, seen.seq))),
                What::Opened { connection, .. } => drop(connections.insert(connection)),
                _ => {}
            }
        }
        let lost: BTreeSet<_> = events
            .iter()
            .filter_map(|event| match &event.what {
                What::Lost { connection, place } if connections.contains(connection) => Some(place),
                _ => None,
            })
            .collect();
        let skips: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.what {
                What::Skipped { place, .. } if event.user == *user => Some((event.at, place)),
                What::SkippedForNobody { connection, place }
                    if connections.contains(connection) =>
                {
                    Some((event.at, place))
                }
                _ => None,
            })
            .collect();
        let told = events.iter().filter(|event| match &event.what {
            What::Told => event.user == *user,
            What::ToldNobody { connection } => connections.contains(connection),
            _ => false,
        });
        let told = told.map(|event| event.at).max();
        for message in &outcome.logs {
            let place = (message.conversation.clone(), message.seq);
            // The lobby waits for nobody.
            let missing = is_part(user, &message.conversation)
                && message.conversation != "lobby"
                && message.from != *user
                && acked.contains(&place)
                && !got.contains(&(&message.conversation, message.seq));
            // In a full inbox only the word that more waits is owed.
            let told = outcome.fills_up
                && stored.get(&place).is_some_and(|stored| told.is_some_and(|told| told > *stored));
            let skipped = skips.iter().any(|(at, (conversation, first))| {
                *conversation == place.0
                    && place.1 < *first
                    && stored.get(&place).is_some_and(|stored| at > stored)
            });
            if missing && !told && !skipped && !lost.contains(&place) {
                broken.push(format!("{user} never got {place:?} of {}", message.from));
            }
        }
    }
}

/// Nothing that was stored after a session had ended is pushed over its connections, and none of them
/// stands in the end.
fn whoever_signed_out_hears_nothing(outcome: &Outcome, events: &[Event], broken: &mut Vec<String>) {
    let stored = outcome.record.stored();
    let mut sessions = BTreeMap::new();
    let mut ended = BTreeMap::new();
    for event in events {
        match &event.what {
            What::Opened { connection, session } => drop(sessions.insert(connection, session)),
            What::SignedOut { session } => drop(ended.insert(session, event.at)),
            What::Pushed { connection, place } => {
                let ended = sessions.get(connection).and_then(|session| ended.get(session));
                if let (Some(ended), Some(stored)) = (ended, stored.get(place))
                    && stored > ended
                {
                    let user = &event.user;
                    broken.push(format!("{user} signed out at {ended} and heard {place:?}"));
                }
            }
            _ => {}
        }
    }
    for connection in &outcome.overdue {
        broken.push(format!("{connection} stands although its session has ended"));
    }
}

/// Nothing is left of a deleted account, and no message to it that was sent after the deletion was
/// answered is kept, let alone acknowledged.
fn nobody_writes_to_whoever_is_gone(outcome: &Outcome, events: &[Event], broken: &mut Vec<String>) {
    broken.extend(outcome.left.iter().map(|what| format!("{what} is left of a deleted account")));
    let leaver = leaver::ID.to_string();
    let mut deleted = false;
    let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        match &event.what {
            What::Deleted => deleted = true,
            What::Sent { conversation, id }
                if conversation.starts_with("dm:") && conversation.contains(&leaver) =>
            {
                if deleted { &mut after } else { &mut before }.insert(id);
            }
            _ => {}
        }
    }
    // What was said before may be taken back all the same.
    for message in outcome.logs.iter().filter(|message| message.kind != "deleted") {
        if after.contains(&message.id) && !before.contains(&message.id) {
            broken.push(format!("{} wrote to an account that was gone: {message:?}", message.from));
        }
    }
}

/// The outsider hears nothing; whoever left the room hears nothing that was said there since.
fn nobody_heard_what_is_not_theirs(outcome: &Outcome, events: &[Event], broken: &mut Vec<String>) {
    let stored = outcome.record.stored();
    let mut left: BTreeMap<&str, u128> = BTreeMap::new();
    for event in events {
        match &event.what {
            What::Left { .. } => drop(left.insert(&event.user, event.at)),
            What::Joining { .. } => drop(left.remove(event.user.as_str())),
            What::Received(seen) => {
                if !is_part(&event.user, &seen.conversation) {
                    broken.push(format!("{} heard {seen:?}", event.user));
                }
                let stored = stored.get(&(seen.conversation.clone(), seen.seq));
                if let Some(left) = left.get(event.user.as_str())
                    && seen.conversation == outcome.room
                    && stored.is_some_and(|stored| stored > left)
                {
                    broken.push(format!("{} left at {left} and heard {seen:?}", event.user));
                }
            }
            _ => {}
        }
    }
}
