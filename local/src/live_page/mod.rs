//! A page for developers, at `/_local`: who is connected, what passes, what it takes, what goes wrong, and
//! what it would cost on AWS.
//!
//! - `routes` serves the page's files, and [`State`] as JSON at `/_local/state`, to this machine only.
//! - `state` is one look at everything; `frames` shows the frames, without tokens and passwords (`masking`).
//!
//! While nobody looks there are counters only: see [`meter`](crate::meter) and
//! [`ApiGateway::watch`].

mod frames;
mod masking;
mod routes;
mod state;

use jiff::Timestamp;

use crate::apigateway::{ApiGateway, Way};
use crate::cost::work::Work;
use crate::faults::Faults;
use crate::meter::Meter;

pub use frames::ShownFrame;
pub use state::{ActionState, Cost, CostLine, FaultState, State};

/// Everything that the page shows.
#[derive(Clone)]
pub(crate) struct LivePage {
    gateway: ApiGateway,
    meter: Meter,
    faults: Option<Faults>,
    since: Timestamp,
}

impl LivePage {
    pub(crate) fn new(gateway: ApiGateway, meter: Meter, faults: Option<Faults>) -> Self {
        let since = gateway.now();
        Self { gateway, meter, faults, since }
    }

    /// What was done for clients so far, as far as it can be counted.
    pub(crate) fn work(&self) -> Work {
        let [received, answered, pushed] =
            [Way::In, Way::Answer, Way::Push].map(|way| self.gateway.passed(way));
        let taken = self.meter.total();
        Work {
            frames_in: received.paid as f64,
            answers: answered.paid as f64,
            answer_bytes: (answered.bytes + taken.http_bytes_out) as f64,
            pushes: pushed.paid as f64,
            push_bytes: pushed.bytes as f64,
            push_rounds: taken.push_rounds as f64,
            connection_minutes: self.gateway.connection_minutes(),
            http_requests: taken.http_requests as f64,
            invocations: taken.invocations as f64,
            round_trips: taken.requests as f64,
            write_units: taken.write_units,
            read_units: taken.read_units,
        }
    }
}
