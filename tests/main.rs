//! Confab from outside: people with chat clients against a whole server, on the embedded DynamoDB or,
//! with `CONFAB_TEST_DYNAMODB=URL`, on another.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_input;
mod budgets;
mod connecting;
mod history;
mod lambdas;
mod messaging;
mod offline;
mod repeats;
mod restarting;
mod support;
mod template;
