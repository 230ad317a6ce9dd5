//! What every function of Confab needs, in layers, the lowest first: each imports only what comes
//! before it in this list. `tests/layers.rs` holds that. Below all of them is the crate `protocol`: what a
//! client and a server share.
//!
//! - [`error`]: what can fail;
//! - [`domain`]: what chat is about, as values that cannot be wrong (no I/O, no clock), and who may do
//!   what, as one table;
//! - [`clock`], [`trust_cache`], [`rate_limiter`], [`circuit_breaker`], [`writer_queue`]: the time; which
//!   connections go on with a fresh token; what must not happen too often; who is not asked for now,
//!   because they only fail; whose turn it is to write;
//! - [`metrics`], [`security_log`], [`invocation`]: what is counted; what is logged for whoever looks
//!   after security; what every line that is logged says of its invocation;
//! - [`protocol`]: the crate of what clients send and receive, and how that is made from the domain and
//!   read;
//! - [`config`]: the settings, as plain data;
//! - [`auth`]: what proves who somebody is;
//! - [`store`]: the DynamoDB table: conversations as logs, and one inbox per user;
//! - [`archive`]: the messages that have expired;
//! - [`pusher`], [`aws`], [`trace`]: pushes frames to connections; the SDK's clients; the steps of a
//!   message on its way;
//! - [`app`]: what a handler is given;
//! - [`services`]: what people do, whichever way they ask;
//! - [`edge`]: Lambda's runtime, HTTP requests and WebSocket events.

pub mod app;
pub mod archive;
pub mod auth;
pub mod aws;
pub mod circuit_breaker;
pub mod clock;
pub mod config;
pub mod domain;
pub mod edge;
pub mod error;
pub mod invocation;
pub mod metrics;
pub mod protocol;
pub mod pusher;
pub mod rate_limiter;
pub mod security_log;
pub mod services;
pub mod store;
pub mod trace;
pub mod trust_cache;
pub mod writer_queue;

pub use ::protocol::limits;
pub use app::App;
pub use clock::Clock;
pub use config::Config;
pub use error::Error;
pub use writer_queue::WriterQueue;
