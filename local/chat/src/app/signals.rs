//! The signals by which others ask a program to stop.

/// Returns when somebody wants the client to end: by Ctrl-C where no line is edited, by another
/// program, or because the terminal is gone. Where that cannot be listened for, it ends the client at
/// once, as it does any program.
pub(super) async fn interrupted() {
    if listen().await.is_err() {
        std::future::pending().await
    }
}

#[cfg(unix)]
async fn listen() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
        _ = hung_up.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn listen() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
