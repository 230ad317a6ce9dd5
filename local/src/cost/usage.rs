//! What was used of each thing that is paid for, and what that costs.

use derive_more::{Add, Mul, Sum};
use serde::Serialize;

use super::prices::{Price, Prices, Service};

/// How much was used; averages may be fractions.
#[derive(Add, Clone, Copy, Debug, Default, Mul, PartialEq, Serialize, Sum)]
pub struct Usage {
    /// Frames of WebSockets in both directions, each 32 KB of one counted by itself.
    pub websocket_frames: f64,
    /// Minutes for which connections stood.
    pub connection_minutes: f64,
    /// Requests to the HTTP API, each 512 KB of one counted by itself.
    pub http_requests: f64,
    /// Invocations of functions.
    pub invocations: f64,
    /// Their seconds, times the gigabytes of memory that they were given.
    pub gb_seconds: f64,
    /// Write request units of the table.
    pub write_units: f64,
    /// Read request units.
    pub read_units: f64,
    /// Bytes to clients.
    pub bytes_out: f64,
    /// Bytes of logs.
    pub log_bytes: f64,
}

/// One line of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What is paid for.
    pub name: &'static str,
    /// How much of it was used.
    pub amount: f64,
    /// What that costs, in US dollars.
    pub dollars: f64,
}

impl Usage {
    /// The bill, line by line.
    pub fn lines(&self, prices: &Prices) -> Vec<Line> {
        let line = |(price, amount): (Price, f64)| {
            let Price { name, .. } = price;
            Line { name, amount, dollars: price.of(amount) }
        };
        self.priced(prices).map(line).into()
    }

    /// What all of it costs, in US dollars.
    pub fn dollars(&self, prices: &Prices) -> f64 {
        self.priced(prices).iter().map(|(price, amount)| price.of(*amount)).sum()
    }

    /// What one service gets of that.
    pub fn dollars_to(&self, service: Service, prices: &Prices) -> f64 {
        let priced = self.priced(prices);
        let theirs = priced.iter().filter(|(price, _)| price.service == service);
        theirs.map(|(price, amount)| price.of(*amount)).sum()
    }

    /// How much of each thing that has a price was used, in the order of a bill.
    pub fn priced(&self, prices: &Prices) -> [(Price, f64); 9] {
        [
            (prices.websocket_frames, self.websocket_frames),
            (prices.connection_minutes, self.connection_minutes),
            (prices.http_requests, self.http_requests),
            (prices.invocations, self.invocations),
            (prices.gb_seconds, self.gb_seconds),
            (prices.write_units, self.write_units),
            (prices.read_units, self.read_units),
            (prices.bytes_out, self.bytes_out),
            (prices.log_bytes, self.log_bytes),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::prices::US_EAST_1;

    #[test]
    fn a_bill_adds_up() {
        let message =
            Usage { websocket_frames: 3.0, write_units: 1.0, read_units: 3.0, ..Usage::default() };
        let hour = Usage { connection_minutes: 60.0, ..Usage::default() };
        let million = [message, hour].into_iter().sum::<Usage>() * 1_000_000.0;
        let lines = million.lines(&US_EAST_1);
        let dollars = |name: &str| {
            let line = lines.iter().find(|line| line.name == name);
            line.map(|line| (line.dollars * 1_000.0).round() / 1_000.0)
        };
        assert_eq!(dollars("WebSocket messages, in and out"), Some(3.0));
        assert_eq!(dollars("connection minutes"), Some(15.0));
        assert_eq!(dollars("DynamoDB write request units"), Some(0.625));
        assert_eq!(dollars("DynamoDB read request units"), Some(0.375));
        let total: f64 = lines.iter().map(|line| line.dollars).sum();
        assert_eq!(million.dollars(&US_EAST_1), total);
        assert_eq!(total, 19.0);
        let table = million.dollars_to(Service::DynamoDb, &US_EAST_1);
        assert_eq!(table, 1.0);
    }
}
