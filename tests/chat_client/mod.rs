//! The client for terminals and scripts, as scripts use it: through pipes.

mod accounts;
#[cfg(target_os = "linux")]
mod changing;
mod client;
#[cfg(target_os = "linux")]
mod conversations;
mod ending;
mod piping;
mod relay;
mod rooms;
#[cfg(target_os = "linux")]
mod settings;
mod surviving;
#[cfg(target_os = "linux")]
mod typing;
