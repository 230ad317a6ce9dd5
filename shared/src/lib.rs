//! What every function of Confab needs, in the order a newcomer would read it:
//!
//! - [`chat`]: the rules, as values that cannot be wrong (no I/O, no clock);
//! - [`rules`]: who may do what, as one table;
//! - [`protocol`]: the JSON frames that clients send and receive;
//! - [`store`]: the DynamoDB table: conversations as logs, and one inbox per user;
//! - [`gateway`]: pushes frames to connections through API Gateway's management API;
//! - [`delivery`]: brings a stored message to its recipients, or marks that it waits for them;
//! - [`speaking`], [`rooms`], [`blocks`]: what people do, whichever way they ask;
//! - [`oidc`]: tokens of an outside issuer;
//! - [`accounts`]: people, what they prove themselves with, and their sessions;
//! - [`app`]: what a handler is given;
//! - [`credentials`], [`identity`], [`config`], [`clock`], [`error`]: what a request shows, who asks, the settings, the time, what can fail;
//! - [`own_inbox`]: whether who sent a frame may still speak;
//! - [`throttle`], [`renewals`]: what one process remembers to spare requests;
//! - [`aws`], [`lambda`], [`http`]: the edges: SDK clients, Lambda's runtime, HTTP answers.

pub mod accounts;
pub mod app;
pub mod aws;
pub mod blocks;
pub mod chat;
pub mod clock;
pub mod config;
pub mod credentials;
pub mod delivery;
pub mod error;
pub mod events;
pub mod gateway;
pub mod http;
pub mod identity;
pub mod lambda;
pub mod limits;
pub mod oidc;
pub mod own_inbox;
pub mod presence;
pub mod protocol;
pub mod reading;
pub mod renewals;
pub mod rooms;
pub mod rules;
pub mod speaking;
pub mod store;
pub mod throttle;

pub use app::App;
pub use clock::Clock;
pub use config::Config;
pub use error::Error;
