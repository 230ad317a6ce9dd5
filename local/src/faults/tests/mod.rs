//! Every fault, alone and always, does what it says.

mod connections;
mod functions;
mod table;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::routing::any;
use dynoxide::Database;
use shared::aws::Aws;
use shared::{App, Clock, Config};

use super::*;
use crate::in_process::InProcess;

const STAGE: &str = "http://gateway/dev";
/// How long a fault may take to fire.
const PATIENCE: Duration = Duration::from_secs(60);

/// A table and connections, with faults before them.
struct TestServer {
    faults: Faults,
    /// The functions' way to the cloud, and one without faults.
    disturbed: Aws,
    direct: Aws,
    app: App,
    wire: Wire,
    _services: InProcess,
}

/// What reached `@connections`, as `METHOD id text`.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<String>>>);

impl Wire {
    fn seen(&self) -> Vec<String> {
        lock(&self.0).clone()
    }
}

/// Every connection stands until it is deleted.
async fn manage(
    State(wire): State<Wire>,
    Path(id): Path<String>,
    method: Method,
    body: String,
) -> StatusCode {
    let mut seen = lock(&wire.0);
    let gone = seen.contains(&format!("DELETE {id}"));
    seen.push(format!("{method} {id} {body}").trim_end().to_owned());
    if gone { StatusCode::GONE } else { StatusCode::OK }
}

impl TestServer {
    /// In which `fault` fires at every opportunity.
    async fn with(fault: Fault) -> Self {
        let (services, wire) = (InProcess::default(), Wire::default());
        services.serve_dynamodb(Database::memory().unwrap());
        let routes = Router::new().route("/dev/@connections/{id}", any(manage));
        services.serve_management(routes.with_state(wire.clone()));
        let faults = Faults::new(Plan::none(Duration::ZERO), Rng::with_seed(7));
        let direct = Aws::local("http://table").with_transport(services.transport());
        let disturbed = direct.clone().with_transport(faults.transport(services.transport()));
        let app = App::new(config(), &disturbed, Clock::system()).unwrap();
        app.store.create_table().await.unwrap();
        faults.change(always(fault));
        Self { faults, disturbed, direct, app, wire, _services: services }
    }

    /// Lets nothing go wrong any more as soon as `fault` has fired once.
    async fn calms_after(&self, fault: Fault) {
        // The clock of these tests stands while they are busy, so that no timer can end this.
        let began = std::time::Instant::now();
        while self.fired(fault) == 0 {
            assert!(began.elapsed() < PATIENCE, "{fault} does not fire");
            tokio::task::yield_now().await;
        }
        self.faults.change(Plan::none(Duration::ZERO));
    }

    fn fired(&self, fault: Fault) -> u64 {
        self.faults.fired()[fault as usize]
    }
}

fn always(fault: Fault) -> Plan {
    let mut plan = Plan::none(Duration::ZERO);
    plan.set(fault, 10_000);
    plan
}

fn config() -> Config {
    Config::from_variables(|name| match name {
        "TABLE_NAME" => Some("table".to_owned()),
        "AUTH_MODE" => Some("open".to_owned()),
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI" => Some(STAGE.to_owned()),
        _ => None,
    })
    .unwrap()
}

#[test]
fn every_fault_has_its_own_place_and_name() {
    for (place, (fault, most)) in Fault::ALL.into_iter().enumerate() {
        assert_eq!(fault as usize, place, "{fault}");
        assert!((1..=10_000).contains(&most), "{fault}");
    }
    assert_eq!(Fault::PushFailedAfter.to_string(), "push_failed_after");
}
