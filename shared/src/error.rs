//! Why a request can fail, in the words of the chat.

use std::error::Error as StdError;
use std::time::Duration;

use aws_sdk_dynamodb::types::error::{
    ProvisionedThroughputExceededException, RequestLimitExceeded, ThrottlingException,
};

pub use protocol::{ErrorCode, Reason};

/// What went wrong; [`code`](Self::code) tells the client's mistakes from our own failures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is not one the protocol knows, for the stated reason.
    #[error("{0}")]
    Invalid(String),
    /// Something is longer than allowed.
    #[error("`{what}` has more than {limit} bytes")]
    TooLarge {
        /// The field that is too long.
        what: &'static str,
        /// The most bytes it may have.
        limit: usize,
    },
    /// The frame's `action` names nothing this server does.
    #[error("there is no action {0:?}")]
    UnknownAction(String),
    /// What the request names does not exist, or is not the caller's to know of.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The caller is nobody the server knows.
    #[error("say who you are")]
    Unauthorized,
    /// What the caller shows to prove who they are does not, for the stated reason.
    #[error("{0}")]
    Untrusted(&'static str),
    /// The caller is known, and this is not for them, for the stated reason.
    #[error("{0}")]
    Forbidden(Reason),
    /// The request contradicts what is stored already.
    #[error("{0}")]
    Conflict(&'static str),
    /// The username is that of the user of this id, which is told to keys alone.
    #[error("this username is taken")]
    UsernameTaken(String),
    /// The caller does too much in too short a time.
    #[error("too many {what}")]
    RateLimited {
        /// What there is too much of, and in which time.
        what: &'static str,
        /// When the same request would be accepted.
        retry_after: Duration,
    },
    /// The table did not do what it was asked to.
    #[error("failed to {action}")]
    Storage {
        /// The operation that failed, to complete "failed to".
        action: &'static str,
        /// What the SDK said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// API Gateway's management API did not do what it was asked to.
    #[error("failed to {action}")]
    Push {
        /// The operation that failed, to complete "failed to".
        action: &'static str,
        /// What the SDK said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The issuer of tokens could not be asked for its keys.
    #[error("failed to {action}")]
    Issuer {
        /// The step that failed, to complete "failed to".
        action: &'static str,
        /// Why.
        source: std::sync::Arc<dyn StdError + Send + Sync>,
    },
    /// The table or an event holds something this program never writes.
    #[error("failed to read {0}")]
    Corrupt(&'static str),
}

/// The fields whose values are nobody else's business.
const SECRETS: [&str; 5] =
    ["password", "current_password", "new_password", "refresh_token", "token"];
/// When to try again what the table had no time for.
const BUSY_FOR: Duration = Duration::from_secs(1);
/// How many characters of a reason are told: it repeats what a stranger sent.
const LONGEST_REASON: usize = 256;

impl Error {
    /// The caller's account is being deleted, or is gone.
    pub(crate) const DELETED: Self = Self::Untrusted("the account is deleted");

    /// What cannot be read as it should be, and where in it, in few words.
    pub(crate) fn unreadable(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        let path = error.path().to_string();
        let reason = error.into_inner();
        let reason = match &*path {
            "." => reason.to_string(),
            // The reason would repeat what was sent.
            secret if SECRETS.contains(&secret) => format!("`{path}` is text"),
            _ => format!("`{path}`: {reason}"),
        };
        Self::Invalid(match reason.char_indices().nth(LONGEST_REASON) {
            Some((end, _)) => format!("{}…", &reason[..end]),
            None => reason,
        })
    }

    /// Logs a failure of ours with its causes; a client's mistake is not logged.
    pub fn log(&self) {
        if self.is_clients_fault() {
            return;
        }
        let mut causes = Vec::new();
        let mut cause = self.source();
        while let Some(source) = cause {
            causes.push(source.to_string());
            cause = source.source();
        }
        tracing::error!(causes = causes.join(": "), "{self}");
    }

    /// The same as whoever asked is told: if the table has too much to do, to try again soon.
    #[must_use]
    pub fn told(self) -> Self {
        if !self.is_throttled() {
            return self;
        }
        self.log();
        Self::RateLimited { what: "requests: the table is busy", retry_after: BUSY_FOR }
    }

    /// Whether the table refused because it has too much to do
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>).
    fn is_throttled(&self) -> bool {
        let mut cause = self.source();
        while let Some(source) = cause {
            if source.is::<ProvisionedThroughputExceededException>()
                || source.is::<RequestLimitExceeded>()
                || source.is::<ThrottlingException>()
            {
                return true;
            }
            cause = source.source();
        }
        false
    }

    /// The code a client is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(_) => ErrorCode::BadRequest,
            Self::TooLarge { .. } => ErrorCode::TooLarge,
            Self::UnknownAction(_) => ErrorCode::UnknownAction,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::Unauthorized | Self::Untrusted(_) => ErrorCode::Unauthorized,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::Conflict(_) | Self::UsernameTaken(_) => ErrorCode::Conflict,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::Storage { .. } | Self::Push { .. } | Self::Issuer { .. } | Self::Corrupt(_) => {
                ErrorCode::Internal
            }
        }
    }

    /// Why it is forbidden, if that is what it is.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Forbidden(reason) => Some(*reason),
            _ => None,
        }
    }

    /// Who has what was asked for, if the caller may know that.
    pub fn user(&self) -> Option<String> {
        match self {
            Self::UsernameTaken(user) => Some(user.clone()),
            _ => None,
        }
    }

    /// How many milliseconds the caller should wait before the same request, if that would help.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after, .. } => u64::try_from(retry_after.as_millis()).ok(),
            _ => None,
        }
    }

    /// Whether the caller can mend it; otherwise the invocation fails, so that metrics see it.
    pub fn is_clients_fault(&self) -> bool {
        self.code() != ErrorCode::Internal
    }
}

/// Wraps what the SDK says of a failed table operation; `action` completes "failed to".
pub(crate) fn storage<E: StdError + Send + Sync + 'static>(
    action: &'static str,
) -> impl FnOnce(E) -> Error {
    move |source| Error::Storage { action, source: Box::new(source) }
}
