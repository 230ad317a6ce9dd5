//! What a handler is given.

use crate::aws::Aws;
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::Gateway;
use crate::store::Store;
use crate::throttle::Throttle;

/// Everything a handler works with; cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// The connections.
    pub gateway: Gateway,
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// What must not happen too often.
    pub throttle: Throttle,
}

impl App {
    /// Builds the clients that `config` calls for.
    pub fn new(config: Config, aws: &Aws, clock: Clock) -> Self {
        Self {
            store: Store::new(aws.dynamodb(), config.table_name.clone()),
            gateway: Gateway::new(aws.management(&config.management_endpoint)),
            config,
            clock,
            throttle: Throttle::default(),
        }
    }
}
