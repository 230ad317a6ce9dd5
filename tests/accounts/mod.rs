//! People with accounts: what lets them in, and what keeps others out.

mod budgets;
mod deletion;
mod ended;
mod interleaving;
mod names;
mod outside;
mod passwords;
mod profiles;
mod refusals;
mod secrecy;
mod server_side;
mod sessions;
mod signing_in;
