//! API Gateway's WebSocket API and its management API, emulated.
//!
//! A [`WebSocketApi`] says what would be deployed: the stage, the authorizer, the routes and the
//! [`Lambda`] behind each. A [`Gateway`] serves it: clients connect to its WebSocket endpoint, the
//! Lambdas get the events they would get on AWS, and push through `@connections`.
//!
//! Where [AWS's documentation][docs] is silent or cannot be followed on a laptop, the choices are:
//!
//! * Messages of one connection are routed one after the other, in the order received; AWS
//!   promises no order. `$disconnect` comes after the last of them.
//! * Header names in events are spelled canonically (`Sec-WebSocket-Key`), because hyper lower-cases
//!   what the client wrote; AWS keeps the client's spelling.
//! * `X-Forwarded-Proto` says `http`, which is the truth here.
//! * The handshake declines `permessage-deflate`.
//! * Pings are answered and do not count as activity.
//! * `NotAction` and `NotResource` in an authorizer's policy are refused like a policy that is none.
//! * A conditional statement in an authorizer's policy never allows; one that denies always does.
//! * Data for `@connections` must be UTF-8, because it is sent as a text frame.
//! * A route response is sent only when the Lambda answers with a 2xx status. Without a body it is an
//!   empty text frame, as has been seen on AWS. One of more than 32 KB is an internal server error,
//!   because AWS documents larger messages for `@connections` only.
//! * The `disconnectReason`s of the codes 1002, 1003, 1006, 1007 and 1009 are made up: no real event
//!   with one is known. A `DELETE` waits behind what the client has not yet read.
//! * Where AWS shows no status: 400 for a handshake with a bad or a second key, or a bad version, 414
//!   for a URL that is too long, 504 for a `$connect` that takes too long, 500 for an authorizer that
//!   does.
//! * Whatever has the form of an id names a connection, and is a 410 if there is none; anything else is
//!   a 400.
//! * What a client has sent before it went away is still routed, though nobody reads the answers.
//! * The body of a refused handshake is API Gateway's error object, never the Lambda's body.
//! * The requests to `@connections` are not signed, and so only accepted from this machine.
//!
//! [docs]: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html

mod api;
mod authorization;
mod close_reason;
mod connection;
mod connection_handle;
mod connections;
mod event;
mod handshake;
mod handshake_rejection;
mod ids;
mod lambda;
mod lambda_response;
mod limits;
mod management;
mod outbound;
mod policy;
mod request;
mod routing;
mod selection;
mod server;
mod socket;
mod standing;
mod traffic;
mod way;

pub use api::{Accepted, Authorizer, IdentitySource, InvalidIdentitySource, Route, WebSocketApi};
pub use connections::Connections;
pub use lambda::{InvocationError, InvocationFailure, Lambda};
pub use limits::Limits;
pub use selection::{InvalidRouteSelection, RouteSelection};
pub use server::ApiGateway;
pub use standing::Standing;
pub use traffic::{Frame, Passed};
pub use way::Way;
