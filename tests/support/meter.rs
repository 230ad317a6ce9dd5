//! Counts what the functions ask of DynamoDB, request by request and unit by unit; what they push; and how
//! often they are invoked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionInput;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef, Input, Output,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use axum::extract::Request as HttpRequest;
use axum::middleware::{self, Next};
use local::Functions;
use local::apigateway::Lambda;
use serde_json::Value;
use tokio::sync::Notify;

use super::{in_time, policies};

/// So much of a frame is paid for as one message.
const FRAME: usize = 32 * 1024;

/// What nothing here asks for: a budget would not see it.
const UNCOUNTED: [&str; 4] = ["Scan", "BatchWriteItem", "TransactGetItems", "ExecuteStatement"];

/// Put around the SDK clients of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    requests: Arc<Mutex<Vec<Request>>>,
    answered: Arc<Notify>,
    pushes: Arc<Mutex<Pushes>>,
    invocations: Arc<AtomicUsize>,
}

/// What was pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pushes {
    /// Frames, each 32 KB of one counted by itself.
    pub(crate) frames: usize,
    /// Their bytes.
    pub(crate) bytes: usize,
}

/// One request that was answered.
#[derive(Clone, Debug)]
struct Request {
    operation: &'static str,
    units: f64,
    began: Instant,
    ended: Instant,
}

/// What an action cost.
#[derive(Debug, PartialEq)]
pub(crate) struct Usage {
    /// Write requests.
    pub(crate) writes: usize,
    /// Write capacity units.
    pub(crate) write_units: f64,
    /// Read requests.
    pub(crate) reads: usize,
    /// Read capacity units.
    pub(crate) read_units: f64,
    /// The longest chain of requests of which each waited for the one before.
    pub(crate) round_trips: usize,
}

#[derive(Debug)]
struct Began(Instant, &'static str);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Meter {
    /// What was asked since the last time, once each of these operations has been answered as often
    /// as it is named.
    pub(crate) async fn take_after(&self, awaited: &[&str]) -> Usage {
        self.has_answered(awaited).await;
        self.take()
    }

    /// Returns once each of these operations has been answered as often as it is named.
    pub(crate) async fn has_answered(&self, awaited: &[&str]) {
        in_time(async {
            while !self.knows(awaited) {
                self.answered.notified().await;
            }
        })
        .await;
    }

    /// `functions`, whose invocations are counted.
    pub(crate) fn around(&self, functions: Functions) -> Functions {
        let functions = functions.map(|_, lambda| {
            let invocations = Arc::clone(&self.invocations);
            Lambda::new(move |event: Value| {
                invocations.fetch_add(1, Ordering::Relaxed);
                lambda.call(event)
            })
        });
        let invocations = Arc::clone(&self.invocations);
        let count = move |request: HttpRequest, next: Next| {
            invocations.fetch_add(1, Ordering::Relaxed);
            next.run(request)
        };
        let http = functions.http.route_layer(middleware::from_fn(count));
        Functions { http, ..functions }
    }

    /// What was pushed since the last time this was called.
    pub(crate) fn take_pushes(&self) -> Pushes {
        std::mem::take(&mut *self.pushes.lock().unwrap())
    }

    /// How often functions were invoked since the last time this was called.
    pub(crate) fn take_invocations(&self) -> usize {
        self.invocations.swap(0, Ordering::Relaxed)
    }

    /// Leaves out the requests of one kind that were answered so far.
    pub(crate) fn forget(&self, operation: &str) {
        self.requests.lock().unwrap().retain(|request| request.operation != operation);
    }

    fn knows(&self, awaited: &[&str]) -> bool {
        let requests = self.requests.lock().unwrap();
        awaited.iter().all(|operation| {
            let answered = requests.iter().filter(|it| it.operation == *operation).count();
            answered >= awaited.iter().filter(|other| *other == operation).count()
        })
    }

    /// What was asked since the last time this was called.
    pub(crate) fn take(&self) -> Usage {
        let mut requests = std::mem::take(&mut *self.requests.lock().unwrap());
        let is_write =
            |request: &Request| ["Del", "Put", "Upd", "Tra"].contains(&&request.operation[..3]);
        let count = |writes| requests.iter().filter(|request| is_write(request) == writes).count();
        let units = |writes| {
            requests.iter().filter(|request| is_write(request) == writes).map(|it| it.units).sum()
        };
        let (writes, reads) = (count(true), count(false));
        let (write_units, read_units) = (units(true), units(false));
        requests.sort_by_key(|request| request.ended);
        let mut round_trips = 0;
        let mut last: Option<Instant> = None;
        for request in &requests {
            if last.is_none_or(|last| request.began >= last) {
                round_trips += 1;
                last = Some(request.ended);
            }
        }
        Usage { writes, write_units, reads, read_units, round_trips }
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let name = config.load::<Metadata>().map(Metadata::name).unwrap_or_default();
        assert!(!UNCOUNTED.contains(&name), "{name} is not counted");
        policies::check(context.input());
        if let Some(push) = context.input().downcast_ref::<PostToConnectionInput>() {
            let bytes = push.data().map_or(0, |data| data.as_ref().len());
            let mut pushes = self.pushes.lock().unwrap();
            pushes.frames += bytes.div_ceil(FRAME);
            pushes.bytes += bytes;
        }
        if let Some(operation) = operation(context.input()) {
            ask_for_units(context.input_mut());
            config.interceptor_state().store_put(Began(Instant::now(), operation));
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The input itself is gone by now.
        let Some(&Began(began, operation)) = config.load::<Began>() else { return Ok(()) };
        let output = context.output_or_error().and_then(Result::ok);
        let request = Request {
            operation,
            units: output.map_or(1.0, units_of),
            began,
            ended: Instant::now(),
        };
        self.requests.lock().unwrap().push(request);
        self.answered.notify_one();
        Ok(())
    }
}

macro_rules! operations {
    ($($name:literal $input:ident $output:ident),+) => {
        fn ask_for_units(input: &mut Input) {
            $(if let Some(input) = input.downcast_mut::<$input>() {
                input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
            })+
        }

        fn operation(input: &Input) -> Option<&'static str> {
            $(if input.downcast_ref::<$input>().is_some() {
                return Some($name);
            })+
            None
        }

        fn units_of(output: &Output) -> f64 {
            $(if let Some(output) = output.downcast_ref::<$output>() {
                return output.consumed_capacity.iter().flat_map(Units::units).sum();
            })+
            0.0
        }
    };
}

operations!(
    "Get" GetItemInput GetItemOutput,
    "BatchGet" BatchGetItemInput BatchGetItemOutput,
    "Query" QueryInput QueryOutput,
    "Delete" DeleteItemInput DeleteItemOutput,
    "Put" PutItemInput PutItemOutput,
    "Update" UpdateItemInput UpdateItemOutput,
    "Transact" TransactWriteItemsInput TransactWriteItemsOutput
);

/// One table's capacity, or that of several.
trait Units {
    fn units(&self) -> Vec<f64>;
}

impl Units for ConsumedCapacity {
    fn units(&self) -> Vec<f64> {
        self.capacity_units.into_iter().collect()
    }
}

impl Units for Vec<ConsumedCapacity> {
    fn units(&self) -> Vec<f64> {
        self.iter().filter_map(|capacity| capacity.capacity_units).collect()
    }
}
