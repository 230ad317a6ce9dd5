//! What was counted, at `/metrics`, as Prometheus reads it
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>), for this machine only.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum::{Router, middleware};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use shared::metrics::{DELIVERY_TIME, Metrics};

use crate::http_server;

/// The upper ends of the buckets of how long deliveries take, in milliseconds.
const BUCKETS: [f64; 12] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 5_000.0, 30_000.0];
/// How often what was measured is put into its buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// The metrics of one server.
#[derive(Clone)]
pub(crate) struct Exporter(PrometheusHandle);

impl Exporter {
    /// Nothing is counted yet; and what counts.
    pub(crate) fn new() -> Result<(Self, Metrics), BuildError> {
        let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS)?.build_recorder();
        Ok((Self(recorder.handle()), Metrics::recorded_by(&recorder, named)))
    }

    /// Keeps what was measured from growing while nobody asks.
    pub(crate) async fn keep_up(self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }

    /// `GET /metrics`.
    pub(crate) fn routes(&self) -> Router {
        let handle = self.0.clone();
        let render = move || async move {
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
        };
        let routes = Router::new().route("/metrics", get(render));
        routes.layer(middleware::from_fn(http_server::only_this_machine))
    }
}

/// `PushesTaken` is `confab_pushes_taken_total` here.
fn named(name: &str) -> String {
    let mut snake = "confab".to_owned();
    for letter in name.chars() {
        if letter.is_uppercase() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    let unit = if name == DELIVERY_TIME.0 { "milliseconds" } else { "total" };
    format!("{snake}_{unit}")
}
