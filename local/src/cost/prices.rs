//! The price list.
//!
//! Of the first tier, without the free tier and without discounts: whoever uses more pays less for each.
//! WebSocket messages beyond a billion a month are 0.80, HTTP requests beyond 300 million 0.90. What is
//! stored, backups and metrics are not in it, since no request makes them.

/// What one thing costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// What is paid for.
    pub name: &'static str,
    /// Who is paid for it.
    pub service: Service,
    /// How much, in US dollars.
    pub dollars: f64,
    /// For so many of them.
    pub each: f64,
    /// So many of them, in words.
    pub unit: &'static str,
    /// Where that is said.
    pub source: &'static str,
}

/// Who is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The WebSocket API and the HTTP API.
    ApiGateway,
    /// The functions.
    Lambda,
    /// The table.
    DynamoDb,
    /// What goes out to the internet, and the logs.
    OutAndLogs,
}

/// What everything costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// Frames of a WebSocket, whoever sends them.
    pub websocket_frames: Price,
    /// Minutes for which a connection stands.
    pub connection_minutes: Price,
    /// Requests to the HTTP API.
    pub http_requests: Price,
    /// Invocations of functions.
    pub invocations: Price,
    /// For how long, and with how much memory.
    pub gb_seconds: Price,
    /// Write request units.
    pub write_units: Price,
    /// Read request units.
    pub read_units: Price,
    /// What goes out to the internet.
    pub bytes_out: Price,
    /// What is written into logs.
    pub log_bytes: Price,
}

impl Price {
    /// What so many of them cost, in US dollars.
    pub fn of(&self, amount: f64) -> f64 {
        self.dollars * amount / self.each
    }
}

const MILLION: f64 = 1_000_000.0;
const GIGABYTE: f64 = 1_073_741_824.0;

const API_GATEWAY: &str = "https://awsforengineers.com/blog/aws-api-gateway-pricing-explained";
const LAMBDA: &str = "https://cloudchipr.com/blog/aws-lambda-pricing";
const DYNAMODB: &str = "https://airbyte.com/data-engineering-resources/dynamodb-pricing";

/// Northern Virginia, on-demand, functions on arm64; as these pages had it in November 2026.
pub const US_EAST_1: Prices = Prices {
    websocket_frames: Price {
        name: "WebSocket messages, in and out",
        service: Service::ApiGateway,
        dollars: 1.0,
        each: MILLION,
        unit: "million of 32 KB",
        source: API_GATEWAY,
    },
    connection_minutes: Price {
        name: "connection minutes",
        service: Service::ApiGateway,
        dollars: 0.25,
        each: MILLION,
        unit: "million",
        source: "https://amnic.com/blogs/aws-api-gateway-pricing",
    },
    http_requests: Price {
        name: "HTTP API requests",
        service: Service::ApiGateway,
        dollars: 1.0,
        each: MILLION,
        unit: "million of 512 KB",
        source: API_GATEWAY,
    },
    invocations: Price {
        name: "Lambda requests",
        service: Service::Lambda,
        dollars: 0.20,
        each: MILLION,
        unit: "million",
        source: LAMBDA,
    },
    gb_seconds: Price {
        name: "Lambda time, arm64",
        service: Service::Lambda,
        dollars: 13.3334,
        each: MILLION,
        unit: "million GB-seconds",
        source: LAMBDA,
    },
    write_units: Price {
        name: "DynamoDB write request units",
        service: Service::DynamoDb,
        dollars: 0.625,
        each: MILLION,
        unit: "million of 1 KB",
        source: DYNAMODB,
    },
    read_units: Price {
        name: "DynamoDB read request units",
        service: Service::DynamoDb,
        dollars: 0.125,
        each: MILLION,
        unit: "million of 4 KB",
        source: DYNAMODB,
    },
    bytes_out: Price {
        name: "data out to the internet",
        service: Service::OutAndLogs,
        dollars: 0.09,
        each: GIGABYTE,
        unit: "GB",
        source: API_GATEWAY,
    },
    log_bytes: Price {
        name: "CloudWatch Logs",
        service: Service::OutAndLogs,
        dollars: 0.50,
        each: GIGABYTE,
        unit: "GB",
        source: "https://www.duckbillgroup.com/?p=9080",
    },
};
