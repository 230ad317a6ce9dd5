//! Why a message was delivered or was not.

use std::io::{Write, stdout};

use protocol::{DeliveryStep, PushAnswer, StepKind};
use reqwest::Method;

use crate::account::Account;
use crate::http::segment;
use crate::text::visible;

/// Prints the steps of a message on its way, a line each.
pub(crate) async fn print(account: &Account, conversation: &str, seq: &str) -> anyhow::Result<()> {
    let path = format!("/api/trace/{}/{}", segment(conversation), segment(seq));
    let steps: Vec<DeliveryStep> = account.ask(Method::GET, &path, None).await?;
    anyhow::ensure!(
        !steps.is_empty(),
        "nothing is known of this message: the server keeps the last 10,000 steps, since it was started"
    );
    let mut lines = String::new();
    for step in &steps {
        lines += &format!("{}  {}\n", step.at, visible(&told(step)));
    }
    stdout().write_all(lines.as_bytes())?;
    Ok(stdout().flush()?)
}

/// A step in words.
fn told(step: &DeliveryStep) -> String {
    let user = step.user.as_deref().unwrap_or_default();
    let others = step.last - step.first;
    let with = if others > 0 { format!(", with {others} others") } else { String::new() };
    match step.step {
        StepKind::Stored => format!("stored, said by {user}; the sender's invocation brings it"),
        StepKind::StoredForStream => {
            format!("stored, said by {user}; the table's stream brings it")
        }
        StepKind::Repeated => format!("sent again by {user}"),
        StepKind::HandedOver => format!("brought by the stream{with}"),
        StepKind::Pushed => format!("pushed to {user}{with}: {}", answer(step)),
        StepKind::Drained => format!("pushed to {user} of what waited{with}: {}", answer(step)),
        StepKind::Waiting => format!("waits for {user}: no connection took it"),
        StepKind::LeftToBacklog => format!("waits for {user} behind what waited already"),
        StepKind::Unlisted => format!("waits for {user} without being listed: the inbox is full"),
        StepKind::Unknown => "something that only a later client knows".to_owned(),
    }
}

/// What became of a push.
fn answer(step: &DeliveryStep) -> String {
    let connection = step.connection.as_deref().unwrap_or_default();
    match step.answer {
        Some(PushAnswer::Taken) => format!("{connection} took it"),
        Some(PushAnswer::Gone) => format!("{connection} is gone"),
        Some(PushAnswer::Failed | PushAnswer::Unknown) | None => {
            format!("{connection} failed, perhaps after it took it")
        }
    }
}
