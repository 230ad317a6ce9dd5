//! HTTP inside this process: the SDK clients' requests reach the embedded DynamoDB and the
//! management API without a socket, and are answered as they would be over one.

mod engine;
#[cfg(test)]
mod tests;
mod transport;

use std::sync::{Arc, OnceLock};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::Router;
use dynoxide::Database;

pub use engine::answer;
pub(crate) use engine::respond;
use transport::Transport;

/// What answers inside this process; once it is dropped, nobody does. Before a request is answered,
/// everybody else gets a turn, as over a socket; or it is answered [at once](Self::at_once).
#[derive(Default)]
pub struct InProcess(Arc<Services>);

/// The services, once they are there.
#[derive(Default)]
struct Services {
    dynamodb: OnceLock<Database>,
    management: OnceLock<Router>,
    at_once: bool,
}

impl InProcess {
    /// Answers without giving others a turn first: what asks little is done sooner, and what asks for
    /// two things at a time gets one after the other.
    pub fn at_once() -> Self {
        Self(Arc::new(Services { at_once: true, ..Services::default() }))
    }

    /// The transport for SDK clients. It keeps nothing alive: the functions are part of the
    /// gateway that answers them.
    pub fn transport(&self) -> SharedHttpClient {
        SharedHttpClient::new(Transport::new(&self.0))
    }

    /// Lets `database` answer the requests to DynamoDB, unless another does already.
    pub fn serve_dynamodb(&self, database: Database) {
        self.0.dynamodb.get_or_init(|| database);
    }

    /// Lets `routes` answer the requests to `@connections`, unless others do already.
    pub fn serve_management(&self, routes: Router) {
        self.0.management.get_or_init(|| routes);
    }
}
