//! Confab on a laptop: the functions, with the parts of AWS they need emulated in this process.
//!
//! - [`server`] starts everything; [`options`] and [`settings`] are what the command line says.
//! - [`gateway`] is API Gateway's WebSocket API and management API; `http_api` its HTTP API.
//! - `http_server` is what stands before all of that on every port.
//! - `deployment` wires the functions to their routes, as `template.yaml` does on AWS.
//! - `dynamodb` is the table's engine, [`event_source`] what carries its changes to those who follow;
//!   [`in_process`] brings the SDK clients' requests to it and to the management API.
//! - [`faults`] is what goes wrong on AWS now and then.
//! - [`meter`] counts what people's actions take; [`cost`] is what AWS would charge for it; [`live_page`]
//!   shows both, and what passes.
//! - [`time`] is the clock all of it runs on.

mod api;
pub mod apigateway;
mod cors;
pub mod cost;
mod deployment;
mod dynamodb;
pub mod event_source;
pub mod faults;
mod http_api;
pub mod http_layer;
pub mod http_server;
pub mod in_process;
pub mod live_page;
pub mod meter;
mod metrics;
pub mod options;
pub mod server;
pub mod settings;
pub mod time;
mod token_key;

pub use deployment::{Functions, STAGE};
pub use http_api::behind_authorizer;
