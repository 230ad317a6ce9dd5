//! The emulated API Gateway does what the real one does: everything through real sockets.

#![expect(clippy::unwrap_used, reason = "in a test, what must not fail may panic")]

mod authorizer;
mod closing;
mod events;
mod handshake;
mod management;
mod routing;
mod shutdown;
mod slow_clients;
mod support;
