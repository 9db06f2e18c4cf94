//! What the children of `serve` do.

pub mod api;
pub mod connect;
pub mod estate;
pub mod feeds;
pub mod ingest;
pub mod lake;
pub mod query;
pub mod vuln;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::instance::Instance;

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

/// The version of the sensor that the server has to give; empty if it cannot be asked.
pub async fn offered_version(instance: &Instance) -> String {
    let asked = tokio::process::Command::new(instance.bin("palisade-sensor")).arg("--version").output().await;
    let said = asked.context("asking the sensor for its version").map(|out| {
        String::from_utf8_lossy(&out.stdout).split_whitespace().last().unwrap_or_default().to_owned()
    });
    said.unwrap_or_else(|e| {
        tracing::warn!(error = format!("{e:#}"), "no sensor to give to machines");
        String::new()
    })
}
