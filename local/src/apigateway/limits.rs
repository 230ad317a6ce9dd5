//! How much, how long, how many.

use std::time::Duration;

/// The quotas of a WebSocket API, and the bounds of this emulator.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest frame a client may send; a larger one closes the connection with 1009.
    pub frame_bytes: usize,
    /// The largest message, in either direction.
    pub message_bytes: usize,
    /// The largest route response; what is larger has to be pushed.
    pub response_bytes: usize,
    /// How long a connection may pass without a message in either direction.
    pub idle: Duration,
    /// How long a connection may last.
    pub lifetime: Duration,
    /// How long a route's Lambda may take to answer.
    pub integration: Duration,
    /// How many received messages may wait for the one being routed; then the socket is not read.
    pub waiting_messages: usize,
    /// How much may wait to be sent to a client; then pushes are answered with 429.
    pub outbound_bytes: usize,
    /// How long a client may take no bytes at all while something waits for it; then it is cut off.
    pub stall: Duration,
}

impl Limits {
    /// API Gateway's quota for a frame: 32 KB.
    pub const FRAME_BYTES: usize = 32 * 1024;
    /// API Gateway's quota for a message: 128 KB.
    pub const MESSAGE_BYTES: usize = 128 * 1024;
    /// Ours: AWS documents messages beyond a frame for `@connections` only.
    pub const RESPONSE_BYTES: usize = Self::FRAME_BYTES;
    /// API Gateway's idle timeout: 10 minutes.
    pub const IDLE: Duration = Duration::from_secs(600);
    /// API Gateway's longest connection: 2 hours.
    pub const LIFETIME: Duration = Duration::from_secs(7_200);
    /// API Gateway's longest integration timeout: 29 seconds.
    pub const INTEGRATION: Duration = Duration::from_secs(29);
    /// Ours: AWS does not say how many messages it takes in before it pushes back.
    pub const WAITING_MESSAGES: usize = 8;
    /// Ours: AWS only says that a client's buffer can be full.
    pub const OUTBOUND_BYTES: usize = 1024 * 1024;
    /// Ours: AWS does not say when it gives up on a client that never reads.
    pub const STALL: Duration = Duration::from_secs(10);
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: Self::FRAME_BYTES,
            message_bytes: Self::MESSAGE_BYTES,
            response_bytes: Self::RESPONSE_BYTES,
            idle: Self::IDLE,
            lifetime: Self::LIFETIME,
            integration: Self::INTEGRATION,
            waiting_messages: Self::WAITING_MESSAGES,
            outbound_bytes: Self::OUTBOUND_BYTES,
            stall: Self::STALL,
        }
    }
}
