//! What a handler is given.

use std::time::Duration;

use tokio::sync::watch;

use crate::Error;
use crate::archive::Archive;
use crate::auth::{Authenticator, Tokens};
use crate::aws::Aws;
use crate::clock::Clock;
use crate::config::{Config, InvalidConfig};
use crate::domain::ConversationId;
use crate::metrics::{Count, Metrics};
use crate::pusher::Pusher;
use crate::rate_limiter::{RateLimiter, Window};
use crate::store::{Store, Tail};
use crate::trace::{Steps, Trace};
use crate::trust_cache::TrustCache;
use crate::writer_queue::WriterQueue;

/// In which time notices are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Everything a handler works with; cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// What has expired, if that is kept.
    pub archive: Option<Archive>,
    /// The connections.
    pub pusher: Pusher,
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// How often somebody is shown to type.
    pub typing_limit: RateLimiter,
    /// What everybody has made others be shown lately.
    pub notices: Window,
    /// What everybody has said lately, in any conversation.
    pub message_rates: Window,
    /// Who has had a log searched far back.
    pub searches: RateLimiter,
    /// Which connections go on with a fresh token.
    pub trust_cache: TrustCache,
    /// What checks who somebody is.
    pub authenticator: Authenticator,
    /// Who follows the table's stream in this process, if anybody does: to be told that there is more.
    pub stream: Option<watch::Sender<()>>,
    /// The order of the writers of this process, if it may have several at once.
    pub writer_queue: Option<WriterQueue<Tail>>,
    /// What is counted.
    pub metrics: Metrics,
    /// What becomes of messages.
    pub trace: Trace,
}

impl App {
    /// Builds what `config` calls for; an error if it cannot be used.
    pub fn new(config: Config, aws: &Aws, clock: Clock) -> Result<Self, InvalidConfig> {
        Ok(Self {
            archive: config.archive.as_ref().map(Archive::open).transpose()?,
            store: Store::new(aws.dynamodb(), config.table_name.clone()),
            pusher: Pusher::new(aws.management(&config.management_endpoint)),
            authenticator: Authenticator::new(&config.authentication)?,
            config,
            clock,
            typing_limit: RateLimiter::default(),
            notices: Window::default(),
            message_rates: Window::default(),
            searches: RateLimiter::default(),
            trust_cache: TrustCache::default(),
            stream: None,
            writer_queue: None,
            metrics: Metrics::default(),
            trace: Trace::default(),
        })
    }

    /// The same, counting in `metrics`.
    #[must_use]
    pub fn counted_by(self, metrics: &Metrics) -> Self {
        let pusher = self.pusher.counted_by(metrics);
        Self { pusher, metrics: metrics.clone(), ..self }
    }

    /// The beginning of some steps on the way of messages of this conversation.
    pub fn steps<'a>(&'a self, conversation: &'a ConversationId) -> Steps<'a> {
        self.trace.steps(&self.clock, conversation)
    }

    /// Counts a refusal, if it is one for asking too often.
    pub fn count_refusal(&self, error: &Error) {
        if matches!(error, Error::RateLimited { .. }) {
            self.metrics.count(Count::RequestsThrottled);
        }
    }

    /// Whether people have accounts here, their own or those of an outside issuer; in open mode there
    /// are only names.
    pub fn has_accounts(&self) -> Result<(), Error> {
        if self.config.has_accounts() {
            return Ok(());
        }
        Err(Error::NotFound("account: in open mode there are only names"))
    }

    /// Counts something that others are shown of somebody, before it is done; refused if so many of
    /// `key` were counted within a minute. `what` is what is too many then.
    pub(crate) fn count_notice(&self, key: String, what: &'static str) -> Result<(), Error> {
        let most = self.config.notices_per_minute;
        if most == 0 {
            return Ok(());
        }
        match self.notices.count(key, self.clock.now(), most, MINUTE) {
            Ok(counted) => {
                counted.keep();
                Ok(())
            }
            Err(retry_after) => Err(Error::RateLimited { what, retry_after }),
        }
    }

    /// Somebody waits for what was just written to come by the table's stream: it is read at once, where
    /// that is in this process.
    pub(crate) fn stream_has_more(&self) {
        if let Some(stream) = &self.stream {
            stream.send_replace(());
        }
    }

    /// What signs and checks access tokens, where people have accounts.
    pub fn tokens(&self) -> Result<&Tokens, Error> {
        self.authenticator.tokens()
    }
}
