//! What goes wrong around the functions.

use std::sync::atomic::AtomicU32;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::routing::get;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::Functions;
use crate::apigateway::Lambda;
use crate::event_source::EventSource;

/// How often something ran to its end.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicU32>);

impl Runs {
    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Runs through many awaits; says by how much the clock is off.
    async fn run(self) -> Result<Value, String> {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(json!({ "statusCode": 200, "body": Faults::skew().to_string() }))
    }
}

/// Functions that all run the same, with one fault.
fn functions(fault: Fault) -> (Functions, Runs, Faults) {
    let runs = Runs::default();
    let run = runs.clone();
    let lambda = Lambda::new(move |_: Value| run.clone().run());
    let run = runs.clone();
    let route = get(async move || run.run().await.unwrap()["body"].to_string());
    let functions = Functions {
        authorizer: lambda.clone(),
        connect: lambda.clone(),
        disconnect: lambda.clone(),
        message: lambda.clone(),
        event_sources: vec![EventSource {
            name: "deliver",
            patterns: vec![json!({})],
            batch: 10,
            function: lambda,
        }],
        http: Router::new().route("/", route),
    };
    let faults = Faults::new(always(fault), Rng::with_seed(7));
    (faults.wrap_functions(functions), runs, faults)
}

fn event() -> Value {
    json!({ "requestContext": { "connectionId": "c1=" } })
}

async fn asked(routes: Router) -> (StatusCode, String) {
    let response = routes.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.into()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn invocations_die_before_their_end() {
    let (functions, runs, faults) = functions(Fault::Died);
    let Functions { connect, disconnect, message, event_sources, http, .. } = functions;
    for lambda in [connect, disconnect, message, event_sources[0].function.clone()] {
        let error = lambda.call(event()).await.unwrap_err();
        assert_eq!(error.message, "the invocation died");
    }
    let expected = r#"{"message":"Internal Server Error"}"#.to_owned();
    assert_eq!(asked(http).await, (StatusCode::INTERNAL_SERVER_ERROR, expected));
    assert_eq!(runs.count(), 0);
    assert_eq!(faults.fired()[Fault::Died as usize], 5);
}

#[tokio::test(start_paused = true)]
async fn every_invocation_has_a_clock_of_its_own() {
    let (functions, ..) = functions(Fault::ClockSkew);
    let mut skews = Vec::new();
    for _ in 0..3 {
        let answer = functions.message.call(event()).await.unwrap();
        skews.push(answer["body"].as_str().unwrap().parse::<i64>().unwrap());
    }
    assert!(skews.iter().all(|skew| (-3_000..=3_000).contains(skew)), "{skews:?}");
    assert!(skews[0] != skews[1] && skews[1] != skews[2], "{skews:?}");
    assert_ne!(asked(functions.http).await.1, "\"0\"");
    assert_eq!(Faults::skew(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_late_start_runs_all_the_same() {
    let (functions, runs, _) = functions(Fault::LateStart);
    for expected in [1, 2] {
        let begin = Instant::now();
        if expected == 1 {
            functions.message.call(event()).await.unwrap();
        } else {
            assert_eq!(asked(functions.http.clone()).await.0, StatusCode::OK);
        }
        assert!(!begin.elapsed().is_zero());
        assert_eq!(runs.count(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_comes_late_or_never() {
    for (fault, expected) in [(Fault::LateDisconnect, 1), (Fault::NoDisconnect, 0)] {
        let (functions, runs, _) = functions(fault);
        let begin = Instant::now();
        assert_eq!(functions.disconnect.call(event()).await.unwrap()["statusCode"], 200);
        assert_eq!(begin.elapsed().is_zero(), expected == 0, "{fault}");
        assert_eq!(runs.count(), expected, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_stream_hands_in_twice() {
    let (functions, runs, _) = functions(Fault::StreamTwice);
    functions.event_sources[0].function.call(json!({ "Records": [] })).await.unwrap();
    assert_eq!(runs.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_connection_says_does_not_arrive() {
    let (functions, runs, faults) = functions(Fault::Silence);
    faults.silence("c1=");
    let answer = functions.message.call(event()).await.unwrap();
    assert_eq!(answer, json!({ "statusCode": 200 }));
    assert_eq!(runs.count(), 0);
}
