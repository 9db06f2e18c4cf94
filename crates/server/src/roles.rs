//! What the children of `serve` do.

pub mod api;
pub mod ingest;
pub mod lake;
pub mod query;

use tokio::signal::unix::{SignalKind, signal};

/// Ends when this process is asked to end.
pub async fn terminated() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
