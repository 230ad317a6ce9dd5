//! Which way frames pass.

use serde::Serialize;

/// Which way a frame passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// From a client.
    In,
    /// To a client, as the route's response.
    Answer,
    /// To a client, by `@connections`.
    Push,
}
