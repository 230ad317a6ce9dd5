//! Why a message was delivered or was not: the steps of its way to everybody it is for.
//!
//! On Lambda the steps of one invocation and conversation are one line of the log, with the target
//! `delivery`; the local server keeps the last of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::domain::{ConversationId, Seq, UserId};
use crate::protocol::{DeliveryStep, PushAnswer, StepKind};

/// What every line has as its target.
pub const TARGET: &str = "delivery";

/// How many steps the local server keeps.
const MOST_KEPT: usize = 10_000;

/// Where the steps go; cheap to clone.
#[derive(Clone, Debug, Default)]
pub enum Trace {
    /// Nowhere.
    #[default]
    Off,
    /// Into the log.
    Logged,
    /// Into memory.
    Kept(Arc<Mutex<KeptSteps>>),
}

/// The last steps of a process.
#[derive(Debug, Default)]
pub struct KeptSteps {
    parts: VecDeque<(ConversationId, Vec<DeliveryStep>)>,
    count: usize,
}

/// The steps of one invocation on the way of messages of one conversation. They go where they belong when
/// it is dropped, so also when the invocation does not get to its end.
#[derive(Debug)]
pub struct Steps<'a> {
    trace: &'a Trace,
    clock: &'a Clock,
    conversation: &'a ConversationId,
    taken: Mutex<Vec<DeliveryStep>>,
}

impl Trace {
    /// Keeps the last steps in memory.
    pub fn kept() -> Self {
        Self::Kept(Arc::default())
    }

    /// The beginning of some steps.
    pub fn steps<'a>(&'a self, clock: &'a Clock, conversation: &'a ConversationId) -> Steps<'a> {
        Steps { trace: self, clock, conversation, taken: Mutex::default() }
    }

    /// The kept steps of one message, from the first on; `None` where none are kept.
    pub fn of(&self, conversation: &ConversationId, seq: Seq) -> Option<Vec<DeliveryStep>> {
        let Self::Kept(kept) = self else { return None };
        let kept = lock(kept);
        let parts = kept.parts.iter().filter(|(kept, _)| kept == conversation);
        let steps = parts.flat_map(|(_, steps)| steps);
        Some(steps.filter(|step| step.first <= seq && seq <= step.last).cloned().collect())
    }
}

impl KeptSteps {
    fn keep(&mut self, conversation: ConversationId, steps: Vec<DeliveryStep>) {
        self.count += steps.len();
        self.parts.push_back((conversation, steps));
        while self.count > MOST_KEPT {
            let Some((_, oldest)) = self.parts.pop_front() else { return };
            self.count -= oldest.len();
        }
    }
}

impl Steps<'_> {
    /// Something happened to these messages, and to whom.
    pub fn took(&self, step: StepKind, (first, last): (Seq, Seq), user: &UserId) {
        self.note(|steps| {
            let user = Some(user.to_string());
            let at = self.clock.now();
            steps.push(DeliveryStep {
                at,
                step,
                first,
                last,
                user,
                connection: None,
                answer: None,
            });
        });
    }

    /// The table's stream brings these messages.
    pub fn handed_over(&self, (first, last): (Seq, Seq)) {
        self.note(|steps| {
            let (at, step) = (self.clock.now(), StepKind::HandedOver);
            let (user, connection, answer) = (None, None, None);
            steps.push(DeliveryStep { at, step, first, last, user, connection, answer });
        });
    }

    /// These messages went to connections of somebody in one frame: which, and what became of it.
    pub fn pushed<'a, Answer: Copy + Into<PushAnswer> + 'a>(
        &self,
        step: StepKind,
        (first, last): (Seq, Seq),
        user: &UserId,
        pushes: impl IntoIterator<Item = &'a (crate::domain::ConnectionId, Answer)>,
    ) {
        self.note(|steps| {
            let at = self.clock.now();
            steps.extend(pushes.into_iter().map(|(connection, answer)| DeliveryStep {
                at,
                step,
                first,
                last,
                user: Some(user.to_string()),
                connection: Some(connection.to_string()),
                answer: Some((*answer).into()),
            }));
        });
    }

    fn note(&self, add: impl FnOnce(&mut Vec<DeliveryStep>)) {
        if !matches!(self.trace, Trace::Off) {
            add(&mut lock(&self.taken));
        }
    }
}

impl Drop for Steps<'_> {
    fn drop(&mut self) {
        let steps = std::mem::take(&mut *lock(&self.taken));
        if steps.is_empty() {
            return;
        }
        match self.trace {
            Trace::Off => {}
            Trace::Logged => log(self.conversation, &steps),
            Trace::Kept(kept) => lock(kept).keep(self.conversation.clone(), steps),
        }
    }
}

/// One line with a list for everything that happened to somebody: `user:connection` or `user`, with
/// `@first-last` if that was not the whole of what the line is about.
fn log(conversation: &ConversationId, steps: &[DeliveryStep]) {
    let first = steps.iter().map(|step| step.first).min().unwrap_or_default();
    let last = steps.iter().map(|step| step.last).max().unwrap_or_default();
    let list = |wanted: fn(&DeliveryStep) -> bool| {
        let listed = steps.iter().filter(|step| wanted(step));
        let listed = listed.map(|step| entry(step, (first, last))).collect::<Vec<_>>();
        (!listed.is_empty()).then(|| listed.join(" "))
    };
    tracing::info!(
        target: TARGET,
        %conversation,
        first,
        last,
        way = way(steps),
        stored = list(|it| matches!(it.step, StepKind::Stored | StepKind::StoredForStream)),
        repeated = list(|it| it.step == StepKind::Repeated),
        taken = list(|it| it.answer == Some(PushAnswer::Taken)),
        gone = list(|it| it.answer == Some(PushAnswer::Gone)),
        failed = list(|it| it.answer == Some(PushAnswer::Failed)),
        waiting = list(|it| it.step == StepKind::Waiting),
        left = list(|it| it.step == StepKind::LeftToBacklog),
        unlisted = list(|it| it.step == StepKind::Unlisted),
    );
}

/// Who brings them.
fn way(steps: &[DeliveryStep]) -> &'static str {
    let is = |wanted: StepKind| steps.iter().any(|step| step.step == wanted);
    if is(StepKind::Drained) {
        "backlog"
    } else if is(StepKind::HandedOver) || is(StepKind::StoredForStream) {
        "stream"
    } else {
        "sender"
    }
}

fn entry(step: &DeliveryStep, whole: (Seq, Seq)) -> String {
    let mut entry = protocol::ids::encoded(step.user.as_deref().unwrap_or_default());
    if let Some(connection) = &step.connection {
        entry = format!("{entry}:{connection}");
    }
    if (step.first, step.last) != whole {
        entry = format!("{entry}@{}-{}", step.first, step.last);
    }
    entry
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    #[test]
    fn the_last_steps_are_kept_by_message() {
        let (trace, clock) = (Trace::kept(), Clock::system());
        let lobby = &ConversationId::Lobby;
        let direct = &ConversationId::direct(&user("a"), &user("b"));
        trace.steps(&clock, lobby).took(StepKind::Stored, (7, 7), &user("a"));
        let steps = trace.steps(&clock, direct);
        steps.took(StepKind::Waiting, (6, 8), &user("b"));
        assert_eq!(trace.of(direct, 7).unwrap(), []);
        drop(steps);
        let kept = trace.of(direct, 7).unwrap();
        assert_eq!((kept.len(), kept[0].step), (1, StepKind::Waiting));
        assert_eq!(trace.of(direct, 9).unwrap(), []);
        for seq in 0..10_000 {
            trace.steps(&clock, lobby).took(StepKind::Stored, (seq, seq), &user("a"));
        }
        assert_eq!(trace.of(direct, 7).unwrap(), []);
        assert_eq!(trace.of(lobby, 0).unwrap().len(), 1);
    }

    #[test]
    fn nothing_is_kept_where_nobody_asks() {
        let trace = Trace::default();
        let clock = Clock::system();
        trace.steps(&clock, &ConversationId::Lobby).handed_over((1, 2));
        assert_eq!(trace.of(&ConversationId::Lobby, 1), None);
    }
}
