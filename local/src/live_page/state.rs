//! One look at everything: what `/_local/state` answers.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{LivePage, ShownFrame};
use crate::apigateway::{Passed, Standing, Way};
use crate::cost::prices::{Price, US_EAST_1};
use crate::cost::usage::Line;
use crate::cost::work::{self, Work};
use crate::faults::{Fault, Faults, Fired};
use crate::meter::{Action, Kind};

/// How many connections are shown: of more those by which something passed last.
const CONNECTIONS: usize = 200;

/// What the page shows.
#[derive(Debug, Serialize)]
pub struct State {
    /// When the server started.
    pub since: Timestamp,
    /// When this was.
    pub now: Timestamp,
    /// How many connections stand.
    pub connected: usize,
    /// At most 200 of them, the oldest first.
    pub connections: Vec<Standing>,
    /// What came from clients.
    pub received: Passed,
    /// What went to clients as answers.
    pub answered: Passed,
    /// What was pushed to clients.
    pub pushed: Passed,
    /// The last frames since somebody has been looking, the newest first.
    pub frames: Vec<ShownFrame>,
    /// What was asked for, and what that took.
    pub actions: Vec<ActionState>,
    /// What goes wrong, if something is to.
    pub faults: Option<FaultState>,
    /// What all of it would cost.
    pub cost: Cost,
}

/// What one action took.
#[derive(Debug, Serialize)]
pub struct ActionState {
    /// What makes it.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// Invocations of functions.
    pub invocations: u64,
    /// Requests to the table, by DynamoDB's name of the operation.
    pub requests: BTreeMap<&'static str, u64>,
    /// Write request units.
    pub write_units: f64,
    /// Read request units.
    pub read_units: f64,
    /// Pushes to connections.
    pub pushes: u64,
}

/// Faults that fired.
#[derive(Debug, Serialize)]
pub struct FaultState {
    /// How often each did, without those that did not.
    pub fired: BTreeMap<String, u64>,
    /// The last 100, the newest first.
    pub recent: Vec<Fired>,
}

/// What AWS would charge.
#[derive(Debug, Serialize)]
pub struct Cost {
    /// Where the prices hold.
    pub region: &'static str,
    /// What was counted.
    pub work: Work,
    /// What that costs, line by line.
    pub lines: Vec<CostLine>,
    /// All lines together, in US dollars.
    pub dollars: f64,
    /// How it is reckoned what nobody can count here.
    pub model: String,
}

/// A line of the bill, with its price.
#[derive(Debug, Serialize)]
pub struct CostLine {
    /// What is paid for, how much of it, and what that costs.
    #[serde(flatten)]
    pub line: Line,
    /// The price of a [`unit`](Self::unit), in US dollars.
    pub price: f64,
    /// Of how many.
    pub unit: &'static str,
    /// Where the price is from.
    pub source: &'static str,
}

impl LivePage {
    /// What there is to see now; frames are kept from now on for whoever looks again soon.
    pub(super) fn state(&self) -> State {
        let connections = self.gateway.standing();
        State {
            since: self.since,
            now: self.gateway.now(),
            connected: connections.len(),
            connections: liveliest(connections),
            received: self.gateway.passed(Way::In),
            answered: self.gateway.passed(Way::Answer),
            pushed: self.gateway.passed(Way::Push),
            frames: self.gateway.watch().into_iter().map(ShownFrame::of).collect(),
            actions: self.meter.actions().iter().map(|action| ActionState::of(action)).collect(),
            faults: self.faults.as_ref().map(FaultState::of),
            cost: Cost::of(self.work()),
        }
    }
}

/// Those by which something passed last, in their order.
fn liveliest(mut connections: Vec<Standing>) -> Vec<Standing> {
    if connections.len() > CONNECTIONS {
        connections.sort_by_key(|connection| Reverse(connection.last_frame));
        connections.truncate(CONNECTIONS);
        connections.sort_by_key(|connection| connection.since);
    }
    connections
}

impl ActionState {
    fn of(action: &Action) -> Self {
        let taken = action.taken();
        Self {
            kind: action.kind,
            name: action.name.clone(),
            invocations: taken.invocations,
            requests: action.requests().map(|(asked, times)| (asked.name(), times)).collect(),
            write_units: taken.write_units,
            read_units: taken.read_units,
            pushes: taken.pushes,
        }
    }
}

impl FaultState {
    fn of(faults: &Faults) -> Self {
        let fired = Fault::ALL.iter().zip(faults.fired()).filter(|(_, times)| *times > 0);
        let fired = fired.map(|((fault, _), times)| (fault.to_string(), times)).collect();
        Self { fired, recent: faults.recent() }
    }
}

impl Cost {
    fn of(work: Work) -> Self {
        let usage = work.usage();
        let lines = usage.lines(&US_EAST_1).into_iter().zip(usage.priced(&US_EAST_1));
        let line = |(line, (price, _))| {
            let Price { dollars, unit, source, .. } = price;
            CostLine { line, price: dollars, unit, source }
        };
        Self {
            region: "us-east-1",
            work,
            lines: lines.map(line).collect(),
            dollars: usage.dollars(&US_EAST_1),
            model: work::model(),
        }
    }
}
