//! What the functions of a world are set to, by its seed.

use fastrand::Rng;
use local::faults::{Fault, Plan};
use shared::Config;

/// Whether a world has faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultInjection {
    /// By the seed.
    On,
    /// None.
    Off,
}

/// Chances in 10,000 of what happens often.
const OFTEN: u32 = 1_000;

/// What a world's functions are set to.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// How much an inbox lists, if less than usual.
    pub(crate) most_listed_bytes: Option<usize>,
    /// How many connections somebody may have.
    pub(crate) most_connections: usize,
    /// Whether somebody wants more.
    pub(crate) is_crowded: bool,
    /// Whether people have accounts, and one of them is deleted.
    pub(crate) has_leaver: bool,
    /// Whether inboxes list nothing, and whoever is told that more waits is told slowly.
    pub(crate) is_crammed: bool,
    /// How many messages of one conversation are delivered to somebody who was away, if fewer than
    /// usual.
    pub(crate) backlog_messages: Option<usize>,
    /// What goes by the table's stream.
    pub(crate) stream_way: StreamWay,
}

/// What goes to its recipients by the table's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamWay {
    /// Nothing.
    Never,
    /// What is said in a room, as soon as somebody has counted its members.
    Room,
    /// What is said in a room where much is said.
    BusyRoom,
}

impl Settings {
    pub(crate) fn by(rng: &mut Rng, faults: FaultInjection, seed: u64) -> Self {
        // No conversation at all, one, or as many as there are.
        let most_listed_bytes = [None, None, Some(0), Some(1)][rng.usize(0..4)];
        // What it costs to refuse somebody has no budget.
        let is_crowded = rng.u8(0..4) == 0 && faults == FaultInjection::On;
        // Otherwise as many as by default.
        let most_connections = if is_crowded { 3 } else { 20 };
        // What a look at accounts costs has no budget either.
        let has_leaver = seed % 8 == 6 && faults == FaultInjection::On;
        let is_crammed = seed % 16 == 9 && faults == FaultInjection::On;
        let most_listed_bytes = if is_crammed { Some(0) } else { most_listed_bytes };
        // What it costs to find the newest has no budget.
        let is_skipping = seed % 4 == 1 && faults == FaultInjection::On;
        let backlog_messages = is_skipping.then_some(2);
        Self {
            most_listed_bytes,
            most_connections,
            is_crowded,
            has_leaver,
            is_crammed,
            backlog_messages,
            stream_way: match (faults, seed % 3) {
                (FaultInjection::On, 1) => StreamWay::Room,
                (FaultInjection::On, 2) => StreamWay::BusyRoom,
                _ => StreamWay::Never,
            },
        }
    }

    /// Makes `plan` what this world asks for; where only time and order are disturbed it stays so.
    pub(crate) fn change(self, plan: &mut Plan) {
        if self.is_crammed && !plan.is_timing_only() {
            plan.set(Fault::Slow, OFTEN);
            plan.set(Fault::PushFailed, OFTEN);
        }
    }

    /// What the functions are told.
    pub(crate) fn config(self) -> Config {
        let mut config = Config::from_variables(|name| match name {
            "TABLE_NAME" => Some("confab".to_owned()),
            "AUTH_MODE" if self.has_leaver => Some("accounts".to_owned()),
            "AUTH_MODE" => Some("open".to_owned()),
            "TOKEN_KEY" => Some("a key for simulated people, of 32 bytes or more".to_owned()),
            "RATE_LIMIT" | "NOTICES_PER_MINUTE" | "SIGN_INS_PER_ADDRESS" => Some("0".to_owned()),
            "MAX_CONNECTIONS_PER_USER" => Some(self.most_connections.to_string()),
            "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI" => Some("http://gateway/dev".to_owned()),
            _ => None,
        })
        .expect("the settings of the simulation");
        (config.fan_out_members, config.fan_out_rate, config.fan_out_least) = match self.stream_way
        {
            StreamWay::Never => (0, 0, 1),
            StreamWay::Room => (1, 0, 1),
            StreamWay::BusyRoom => (0, 2, 1),
        };
        config.backlog_messages = self.backlog_messages.unwrap_or(config.backlog_messages);
        config.most_listed_bytes = self.most_listed_bytes.unwrap_or(config.most_listed_bytes);
        config
    }
}
