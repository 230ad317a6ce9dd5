//! Counts what the functions ask of DynamoDB, request by request and unit by unit, and how long a chain they
//! make. What they push, and how often they are invoked, the server counts by itself.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use local::meter::{Operation, ask_for_units, units_of};
use tokio::sync::Notify;

use super::{in_time, policies};

/// What nothing here asks for: a budget would not see it.
const UNCOUNTED: [&str; 4] = ["Scan", "BatchWriteItem", "TransactGetItems", "ExecuteStatement"];

/// Put around the SDK clients of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    requests: Arc<Mutex<Vec<Request>>>,
    answered: Arc<Notify>,
    /// Write and read units since the beginning.
    units: Arc<Mutex<[f64; 2]>>,
}

/// One request that was answered.
#[derive(Clone, Debug)]
struct Request {
    operation: Operation,
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

impl Request {
    /// Whether it is what is called so: `Get` is a `GetItem`.
    fn is(&self, operation: &str) -> bool {
        self.operation.name().starts_with(operation)
    }
}

#[derive(Debug)]
struct Began(Instant, Operation);

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

    /// The write and the read units of everything that was asked since the beginning.
    pub(crate) fn units(&self) -> [f64; 2] {
        *self.units.lock().unwrap()
    }

    /// Leaves out the requests of one kind that were answered so far.
    pub(crate) fn forget(&self, operation: &str) {
        self.requests.lock().unwrap().retain(|request| !request.is(operation));
    }

    fn knows(&self, awaited: &[&str]) -> bool {
        let requests = self.requests.lock().unwrap();
        awaited.iter().all(|operation| {
            let answered = requests.iter().filter(|it| it.is(operation)).count();
            answered >= awaited.iter().filter(|other| *other == operation).count()
        })
    }

    /// What was asked since the last time this was called.
    pub(crate) fn take(&self) -> Usage {
        let mut requests = std::mem::take(&mut *self.requests.lock().unwrap());
        let is_write = |request: &Request| request.operation.writes();
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
        if let Some(operation) = Operation::named(name) {
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
        let units = units_of(context.output_or_error().and_then(Result::ok));
        self.units.lock().unwrap()[usize::from(!operation.writes())] += units;
        let request = Request { operation, units, began, ended: Instant::now() };
        self.requests.lock().unwrap().push(request);
        self.answered.notify_one();
        Ok(())
    }
}
