//! What the functions ask of the table and push, as the SDK's clients see it.

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
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef, Input, Output,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, OverriddenHooks};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::action;

macro_rules! operations {
    ($($name:ident $input:ident $output:ident $writes:literal),+) => {
        /// What the functions ask of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Operation {
            $(#[doc = concat!("`", stringify!($name), "`.")] $name),+
        }

        impl Operation {
            /// All of them.
            pub const ALL: [Self; [$($writes),+].len()] = [$(Self::$name),+];

            /// What DynamoDB calls it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// The operation that DynamoDB calls this.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// Whether it takes write units.
            pub fn writes(self) -> bool {
                match self {
                    $(Self::$name => $writes,)+
                }
            }
        }

        /// Has a request tell how many units it took.
        pub fn ask_for_units(input: &mut Input) {
            $(if let Some(input) = input.downcast_mut::<$input>() {
                input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                return;
            })+
        }

        /// How many units a request took that was told to tell it; a refused one takes one, too.
        pub fn units_of(answer: Option<&Output>) -> f64 {
            let Some(answer) = answer else { return 1.0 };
            $(if let Some(answer) = answer.downcast_ref::<$output>() {
                return answer.consumed_capacity.iter().map(Units::units).sum();
            })+
            0.0
        }
    };
}

operations!(
    GetItem GetItemInput GetItemOutput false,
    BatchGetItem BatchGetItemInput BatchGetItemOutput false,
    Query QueryInput QueryOutput false,
    PutItem PutItemInput PutItemOutput true,
    UpdateItem UpdateItemInput UpdateItemOutput true,
    DeleteItem DeleteItemInput DeleteItemOutput true,
    TransactWriteItems TransactWriteItemsInput TransactWriteItemsOutput true
);

/// One table's capacity, or that of several.
trait Units {
    fn units(&self) -> f64;
}

impl Units for ConsumedCapacity {
    fn units(&self) -> f64 {
        self.capacity_units.unwrap_or_default()
    }
}

impl Units for Vec<ConsumedCapacity> {
    fn units(&self) -> f64 {
        self.iter().map(Units::units).sum()
    }
}

/// Put around the SDK's clients, counts what is asked as a part of an action.
#[derive(Debug)]
pub struct Interceptor;

impl Intercept for Interceptor {
    fn name(&self) -> &'static str {
        "meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.input().downcast_ref::<PostToConnectionInput>().is_some() {
            action::pushes();
        } else if action::is_counted() {
            ask_for_units(context.input_mut());
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let name = config.load::<Metadata>().map(Metadata::name).unwrap_or_default();
        if let Some(operation) = Operation::named(name) {
            let answer = context.output_or_error().and_then(Result::ok);
            action::asked(operation, units_of(answer));
        }
        Ok(())
    }

    fn overridden_hooks(&self) -> OverriddenHooks {
        OverriddenHooks::MODIFY_BEFORE_SERIALIZATION | OverriddenHooks::READ_AFTER_EXECUTION
    }
}
