//! How connections end.

use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Why a connection has ended, as its `$disconnect` event will say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CloseReason {
    pub(super) code: u16,
    pub(super) reason: String,
    closed_by: ClosedBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClosedBy {
    Gateway,
    Client,
    Network,
}

impl CloseReason {
    /// Idle or open for too long, or the server stops.
    pub(super) fn going_away() -> Self {
        Self::by_gateway(CloseCode::Away, "Going away")
    }

    /// Closed through the management API.
    pub(super) fn deleted() -> Self {
        Self::by_gateway(CloseCode::Normal, "Connection Closed Normally")
    }

    /// The client has sent a binary frame, which WebSocket APIs do not take.
    pub(super) fn binary() -> Self {
        Self::by_gateway(CloseCode::Unsupported, "Binary messages are not supported")
    }

    /// The connection has broken, or the client takes no bytes any more.
    pub(super) fn lost() -> Self {
        let reason = "Connection closed abnormally".to_owned();
        Self { code: CloseCode::Abnormal.into(), reason, closed_by: ClosedBy::Network }
    }

    /// The client has closed the connection.
    pub(super) fn by_client(frame: Option<CloseFrame>) -> Self {
        let (code, reason) = match frame {
            Some(frame) => (frame.code, frame.reason.to_string()),
            None => (CloseCode::Status, "Client-side close frame status not set".to_owned()),
        };
        Self { code: code.into(), reason, closed_by: ClosedBy::Client }
    }

    /// The socket cannot be read any more.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Capacity(_) => Self::by_gateway(CloseCode::Size, "Message too big"),
            Error::Utf8(_) => Self::by_gateway(CloseCode::Invalid, "Message is not UTF-8"),
            Error::Protocol(error) if !is_loss(error) => {
                Self::by_gateway(CloseCode::Protocol, "Protocol error")
            }
            _ => Self::lost(),
        }
    }

    /// The close frame to send, where closing is up to this side.
    pub(super) fn frame(&self) -> Option<CloseFrame> {
        let frame = || CloseFrame { code: self.code.into(), reason: self.reason.as_str().into() };
        (self.closed_by == ClosedBy::Gateway).then(frame)
    }

    /// Whether nobody is left to say goodbye to.
    pub(super) fn is_loss(&self) -> bool {
        self.closed_by == ClosedBy::Network
    }

    fn by_gateway(code: CloseCode, reason: &str) -> Self {
        Self { code: code.into(), reason: reason.to_owned(), closed_by: ClosedBy::Gateway }
    }
}

fn is_loss(error: &tokio_tungstenite::tungstenite::error::ProtocolError) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError;
    matches!(error, ProtocolError::ResetWithoutClosingHandshake)
}
