//! A chat to test: a whole server of its own for every test, and people who use it.

mod binaries;
mod chat;
pub(crate) mod interruption;
mod issuer;
mod lambda_runtime;
pub(crate) mod member;
mod meter;
mod person;
mod policies;
mod program;
pub(crate) mod schema;
mod signing;
mod template;

pub(crate) use binaries::binary;
pub(crate) use chat::{Answer, Chat, Item};
pub(crate) use issuer::{Document, Issuer, Manner};
pub(crate) use lambda_runtime::{LambdaRuntime, Printed};
pub(crate) use meter::{Meter, Usage};
pub(crate) use person::{Person, gist, in_time};
pub(crate) use program::Program;
pub(crate) use signing::{SigningKey, encode, message};
pub(crate) use template::{functions, logical_id, template};
