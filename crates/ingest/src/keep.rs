//! Work in the background: presence, saving, trimming, tidying.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use palisade_log::{CutOff, LogError, log_bytes, plan_trim, trim};
use palisade_types::TimeMicros;
use tokio::task::JoinSet;

use crate::app::App;
use crate::metrics::Consumer;

/// How often what was heard of devices is written.
const SEEN: Duration = Duration::from_secs(1);
/// How often ingest says that it can hear.
const ALIVE: Duration = Duration::from_secs(15);

/// Where the log's consumers are, and which of them must exist before anything is trimmed.
pub(crate) struct Consumers {
    pub cursors: PathBuf,
    pub required: Vec<String>,
}

/// Starts everything; each task ends when the app is stopped.
pub(crate) fn start(app: &Arc<App>, consumers: Consumers, tasks: &mut JoinSet<()>) {
    tasks.spawn(app.hub.clone().listen(app.state.clone(), app.metrics.clone(), app.stop.clone()));
    if !app.limits.status_ttl.is_zero() {
        let shared = app.clone();
        tasks.spawn(async move {
            while tick(&shared, shared.limits.status_ttl / 2).await {
                sync_statuses(&shared).await;
            }
        });
    }
    let shared = app.clone();
    tasks.spawn(async move {
        while tick(&shared, SEEN).await {
            seen(&shared, false).await;
        }
    });
    let shared = app.clone();
    tasks.spawn(async move {
        alive(&shared).await;
        while tick(&shared, ALIVE).await {
            alive(&shared).await;
        }
    });
    let shared = app.clone();
    tasks.spawn(async move {
        while tick(&shared, shared.limits.checkpoint_every).await {
            save(&shared).await;
        }
    });
    let shared = app.clone();
    tasks.spawn(async move {
        while tick(&shared, shared.limits.trim_every).await {
            trim_log(&shared, &consumers).await;
        }
    });
}

/// Waits for the next turn; `false` when the server stops.
async fn tick(app: &App, period: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(period) => true,
        () = app.stop.cancelled() => false,
    }
}

/// `all`: also what was written a moment ago.
pub(crate) async fn seen(app: &Arc<App>, all: bool) {
    let every = if all { Duration::ZERO } else { app.limits.seen_every };
    if let Err(e) = app.seen.flush(&app.state, every).await {
        app.metrics.background_failed("seen");
        tracing::warn!(error = %e, "when devices were seen was not written; it is kept");
    }
}

async fn sync_statuses(app: &Arc<App>) {
    let grace = i64::try_from(app.limits.renewal_grace.as_micros()).unwrap_or(i64::MAX);
    if let Err(e) = app.statuses.sync(&app.state, TimeMicros::now().plus_micros(-grace)).await {
        app.metrics.background_failed("statuses");
        tracing::warn!(error = %e, "certificates that may not be used cannot be asked for");
    }
}

async fn alive(app: &Arc<App>) {
    app.statuses.tidy();
    app.rates.tidy();
    if let Err(e) = app.state.mark_ingest_alive(TimeMicros::now()).await {
        app.metrics.background_failed("alive");
        tracing::warn!(error = %e, "presence was not written");
    }
}

pub(crate) async fn save(app: &Arc<App>) {
    if let Err(e) = app.dedup.save(&app.log).await {
        app.metrics.background_failed("checkpoint");
        tracing::error!(error = %e, "known batches were not saved");
    }
}

async fn trim_log(app: &Arc<App>, consumers: &Consumers) {
    let dir = app.log.dir().to_owned();
    let cursors = consumers.cursors.clone();
    let policy = CutOff { max_lag_bytes: app.limits.max_lag_bytes };
    let required = consumers.required.clone();
    let done = tokio::task::spawn_blocking(move || {
        let plan = plan_trim(&dir, &cursors, policy)?;
        // A consumer that has not begun yet wants everything.
        if required.iter().all(|name: &String| plan.consumers.iter().any(|c| c.name == *name)) {
            trim(&dir, plan.min_offset)?;
        }
        Ok::<_, LogError>((plan, log_bytes(&dir)?))
    })
    .await;
    match done {
        Ok(Ok((plan, bytes))) => {
            for c in &plan.consumers {
                let lag = i64::try_from(c.bytes).unwrap_or(i64::MAX);
                app.metrics.log_lag.get_or_create(&Consumer { consumer: c.name.clone() }).set(lag);
            }
            app.metrics.log_cut.inc_by(plan.newly_cut.len() as u64);
            app.metrics.log_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        Ok(Err(e)) => {
            app.metrics.background_failed("trim");
            tracing::error!(error = %e, code = e.code(), "the log was not trimmed");
        }
        Err(e) => tracing::error!(error = %e, "trimming failed"),
    }
}
