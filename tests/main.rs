//! Confab from outside: people with chat clients against a whole server, on the embedded DynamoDB or,
//! with `CONFAB_TEST_DYNAMODB=URL`, on another.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod archive;
mod bad_input;
mod blocks;
mod budgets;
mod catching_up;
mod chat_client;
mod client_scripts;
mod connecting;
mod cost;
mod documents;
mod events;
mod existence;
mod export;
mod fan_out;
mod faults;
mod front_door;
mod full_inboxes;
mod handing_over;
mod history;
mod http_api;
mod lambdas;
mod layers;
mod limits;
mod live_page;
mod lobby;
mod logs;
mod messaging;
mod naming;
mod offline;
mod oidc;
mod operating;
mod overload;
mod pins;
mod presence;
mod receipts;
mod repeats;
mod restarting;
mod retention;
mod revising;
mod room_history;
mod rooms;
mod rules;
mod sending_over_http;
mod settings;
mod support;
mod template;
mod writers;
mod young_connections;
