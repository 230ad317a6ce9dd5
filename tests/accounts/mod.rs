//! People with accounts: what lets them in, and what keeps others out.

mod budgets;
mod ended;
mod outside;
mod profiles;
mod refusals;
mod secrecy;
mod sessions;
mod signing_in;
