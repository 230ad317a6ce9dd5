//! The task that owns one connection, from acceptance to `$disconnect`.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::upgrade::Upgraded;
use jiff::Timestamp;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::close_reason::CloseReason;
use super::connection_handle::ConnectionHandle;
use super::outbound::OutboundReceiver;
use super::socket::{Socket, SocketEvent};
use super::{ApiGateway, Way, routing};

/// An accepted connection.
pub(super) struct Connection {
    gateway: ApiGateway,
    session: Arc<ConnectionHandle>,
    outgoing: OutboundReceiver,
    /// Messages received while an earlier one is being routed.
    waiting: VecDeque<Utf8Bytes>,
    routing: Option<BoxFuture<'static, ()>>,
}

impl Connection {
    /// Registers a connection whose `$connect` has succeeded.
    pub(super) fn accept(
        gateway: ApiGateway,
        session: Arc<ConnectionHandle>,
        outgoing: OutboundReceiver,
    ) -> Self {
        gateway.connections.add(&session);
        tracing::debug!(connection.id = session.info.connection_id, "connected");
        if let Some(accepted) = &gateway.api.accepted {
            accepted();
        }
        Self { gateway, session, outgoing, waiting: VecDeque::new(), routing: None }
    }

    /// Serves the client until either side ends the connection.
    pub(super) async fn serve(mut self, upgraded: Upgraded) {
        let ApiGateway { api, time, .. } = &self.gateway;
        let mut socket = Socket::new(upgraded, &api.limits, time.clone()).await;
        let closure = self.converse(&mut socket).await;
        tokio::join!(socket.close(&closure), self.finish(&closure));
    }

    /// The client has gone away before it heard that it is connected.
    pub(super) async fn never_opened(self) {
        self.finish(&CloseReason::lost()).await;
    }

    /// Passes messages both ways until the connection has to end.
    async fn converse(&mut self, socket: &mut Socket) -> CloseReason {
        let time = self.gateway.time.clone();
        let mut alarm = pin!(time.sleep_until(self.deadline()));
        loop {
            self.route_next();
            // With too much waiting the socket is not read, and TCP makes the client wait.
            let room = self.waiting.len() < self.gateway.api.limits.waiting_messages;
            let turn = poll_fn(|context| {
                let reading = room && !self.session.is_mute();
                socket.poll_event(context, &mut self.outgoing, reading)
            });
            tokio::select! {
                turn = turn => {
                    if let Some(closure) = self.take(turn) {
                        return closure;
                    }
                }
                () = finished(&mut self.routing) => {}
                () = &mut alarm => {
                    // Messages move the deadline, not the alarm.
                    if time.now() >= self.deadline() {
                        return CloseReason::going_away();
                    }
                    alarm.set(time.sleep_until(self.deadline()));
                }
            }
        }
    }

    /// Deals with what the client does; a closure means that the connection has to end.
    fn take(&mut self, turn: SocketEvent) -> Option<CloseReason> {
        match turn {
            SocketEvent::Ended(closure) => return Some(closure),
            SocketEvent::Deafened => {
                self.gateway.connections.remove(&self.session.info.connection_id);
                // Behind a silence nothing is read that could end the connection.
                return self.session.is_mute().then(CloseReason::lost);
            }
            SocketEvent::Received(Message::Binary(_)) => return Some(CloseReason::binary()),
            SocketEvent::Received(Message::Text(text)) => {
                let (traffic, now) = (&self.gateway.traffic, self.gateway.time.now());
                self.session.touch(now);
                traffic.passed(&self.session, Way::In, text.len(), traffic.look(&text, now), now);
                self.waiting.push_back(text);
            }
            // tungstenite answers pings by itself; control frames are no sign of activity.
            SocketEvent::Received(_) => {}
        }
        None
    }

    /// Starts routing the next message, if none is being routed.
    fn route_next(&mut self) {
        if self.routing.is_some() {
            return;
        }
        if let Some(text) = self.waiting.pop_front() {
            let (gateway, session) = (self.gateway.clone(), Arc::clone(&self.session));
            let routing = async move { routing::route(&gateway, &session, &text).await };
            self.routing = Some(routing.boxed());
        }
    }

    /// When the connection will have idled for too long, or lasted too long.
    fn deadline(&self) -> Timestamp {
        let limits = &self.gateway.api.limits;
        let latest = |from: Timestamp, limit| from.checked_add(limit).unwrap_or(Timestamp::MAX);
        latest(self.session.last_active(), limits.idle)
            .min(latest(self.session.info.connected_at, limits.lifetime))
    }

    /// Routes what the client had sent before it left, then `$disconnect`.
    async fn finish(self, closure: &CloseReason) {
        let Self { gateway, session, outgoing, waiting, routing } = self;
        let id = &session.info.connection_id;
        gateway.connections.remove(id);
        gateway.traffic.ended(session.info.connected_at, gateway.time.now());
        tracing::debug!(connection.id = id, code = closure.code, "disconnected");
        // Replies to nobody must not wait for room in the queue.
        drop(outgoing);
        if let Some(routing) = routing {
            routing.await;
        }
        for text in waiting {
            routing::route(&gateway, &session, &text).await;
        }
        routing::disconnect(&gateway, &session, closure).await;
    }
}

/// Waits for the message that is being routed, for ever if there is none.
async fn finished(routing: &mut Option<BoxFuture<'static, ()>>) {
    match routing {
        Some(running) => running.await,
        None => pending().await,
    }
    *routing = None;
}
