//! `palisade role lake`: the log's consumers, lake and projections.

mod projections;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use palisade_lake::{DeviceNames, FRESHNESS_BOUNDS_US, LakeConfig, LakeStats, LakeWriter, RunOptions};
use palisade_state::{DbRole, DeviceQuery, DeviceScope, State};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::admin::{self, RoleStatus};
use crate::database;
use crate::instance::Instance;

/// How often orders that nobody fetched are closed.
const EXPIRY: Duration = Duration::from_secs(5);

struct Status {
    open: AtomicBool,
    stats: Mutex<Option<Arc<Mutex<LakeStats>>>>,
    projections: Arc<projections::Counters>,
}

#[async_trait]
impl RoleStatus for Status {
    async fn ready(&self) -> Result<(), String> {
        if self.open.load(Ordering::Relaxed) { Ok(()) } else { Err("not open yet".into()) }
    }

    fn metrics(&self) -> String {
        let mut out = String::new();
        if let Some(stats) = self.stats.lock().as_ref().map(|s| s.lock().clone()) {
            write_lake(&mut out, &stats);
        }
        let p = &self.projections;
        gauge(
            &mut out,
            "palisade_projections_offset",
            "Next log offset of the projections",
            p.offset.load(Ordering::Relaxed),
        );
        counter(
            &mut out,
            "palisade_projections_undecodable",
            "Records that could not be decoded",
            p.undecodable.load(Ordering::Relaxed),
        );
        counter(
            &mut out,
            "palisade_projections_receipts",
            "Receipts that closed an order",
            p.receipts.load(Ordering::Relaxed),
        );
        counter(
            &mut out,
            "palisade_projections_trimmed_records",
            "Records that were trimmed before they were read: lost to the projections",
            p.trimmed.load(Ordering::Relaxed),
        );
        out
    }
}

/// Runs until asked to end, then moves hot rows to Delta.
pub async fn run(instance: Instance) -> Result<()> {
    // Query workers read what this process writes, through the group.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o027));
    let status = Arc::new(Status {
        open: AtomicBool::new(false),
        stats: Mutex::new(None),
        projections: Arc::default(),
    });
    tokio::spawn(admin::serve_role(instance.admin_socket("lake"), status.clone()));
    let state = database::state_of_region(&instance, DbRole::Lake).await?;
    let names = Arc::new(Names::load(&state).await?);
    let config = LakeConfig::new(instance.lake_dir(), instance.hot_dir(), instance.cursors_dir());
    let writer = LakeWriter::open_with(config, names).await?;
    *status.stats.lock() = Some(writer.stats());
    let (stop, stopped) = watch::channel(false);
    let lake = tokio::spawn(palisade_lake::run(writer, RunOptions::new(instance.log_dir()), stopped));
    let projections =
        tokio::spawn(projections::run(instance.clone(), state.clone(), status.projections.clone()));
    tokio::spawn(expire_orders(state.clone()));
    status.open.store(true, Ordering::Relaxed);
    let mut lake = lake;
    tokio::select! {
        ended = &mut lake => {
            ended??;
            anyhow::bail!("the lake ended by itself");
        }
        ended = projections => {
            ended??;
            anyhow::bail!("the projections ended by themselves");
        }
        () = super::terminated() => {}
    }
    let _ = stop.send(true);
    lake.await??;
    Ok(())
}

async fn expire_orders(state: State) {
    loop {
        tokio::time::sleep(EXPIRY).await;
        for tenant in state.tenants().await.unwrap_or_default() {
            match state.expire_orders(tenant.id, TimeMicros::now()).await {
                Ok(expired) if !expired.is_empty() => tracing::info!(count = expired.len(), "orders expired"),
                Ok(_) => {}
                Err(e) => tracing::warn!(error = %e, "expiring orders failed"),
            }
        }
    }
}

/// Names of devices as state knew them at start; the lake learns newer ones from what passes.
struct Names(HashMap<(TenantId, DeviceId), String>);

impl Names {
    async fn load(state: &State) -> Result<Self> {
        let mut names = HashMap::new();
        for tenant in state.tenants().await? {
            let mut query = DeviceQuery { limit: 500, ..DeviceQuery::default() };
            loop {
                let page = state.devices(tenant.id, &DeviceScope::all(), &query, TimeMicros::now()).await?;
                names.extend(page.items.into_iter().map(|d| ((tenant.id, d.id), d.facts.name)));
                match page.next_cursor {
                    Some(cursor) => query.cursor = Some(cursor),
                    None => break,
                }
            }
        }
        Ok(Self(names))
    }
}

impl DeviceNames for Names {
    fn device_name(&self, tenant: TenantId, device: DeviceId) -> Option<String> {
        self.0.get(&(tenant, device)).cloned()
    }
}

fn counter(out: &mut String, name: &str, help: &str, value: u64) {
    let _ = writeln!(out, "# HELP {name} {help}.\n# TYPE {name} counter\n{name}_total {value}");
}

fn gauge(out: &mut String, name: &str, help: &str, value: u64) {
    let _ = writeln!(out, "# HELP {name} {help}.\n# TYPE {name} gauge\n{name} {value}");
}

fn write_lake(out: &mut String, s: &LakeStats) {
    let _ =
        writeln!(out, "# HELP palisade_lake_rows Rows made, by table.\n# TYPE palisade_lake_rows counter");
    for (table, rows) in &s.rows {
        let _ = writeln!(out, "palisade_lake_rows_total{{table=\"{table}\"}} {rows}");
    }
    counter(out, "palisade_lake_flushed_rows", "Rows moved to Delta", s.flushed_rows);
    counter(out, "palisade_lake_flushed_bytes", "Bytes of Parquet written by flushes", s.flushed_bytes);
    counter(out, "palisade_lake_flushes", "Flushes committed", s.flushes);
    counter(out, "palisade_lake_flush_failures", "Flushes that failed and are tried again", s.flush_failures);
    counter(out, "palisade_lake_compactions", "Compactions committed", s.compactions);
    counter(out, "palisade_lake_malformed_records", "Records that could not be opened", s.malformed_records);
    counter(out, "palisade_lake_unknown_facts", "Facts of a kind unknown to this version", s.unknown_facts);
    counter(
        out,
        "palisade_lake_unknown_records",
        "Records of a kind unknown to this version",
        s.unknown_records,
    );
    counter(
        out,
        "palisade_lake_unknown_processes",
        "Facts that name a process which their batch does not describe",
        s.unknown_processes,
    );
    counter(out, "palisade_lake_clipped_rows", "Rows whose texts were cut to a bound", s.clipped_rows);
    counter(
        out,
        "palisade_lake_excess_counters",
        "Counters beyond the bound of one batch, which made no row",
        s.excess_counters,
    );
    counter(
        out,
        "palisade_lake_trimmed_records",
        "Records that were trimmed before the lake had read them: lost to the lake",
        s.trimmed_records,
    );
    counter(
        out,
        "palisade_lake_held_back",
        "Rounds in which the log was not read on, because the hot tier was full",
        s.held_back,
    );
    gauge(out, "palisade_lake_lag_records", "Durable records of the log not applied yet", s.lag_records);
    gauge(out, "palisade_lake_hot_rows", "Rows in the hot tier", s.hot_rows);
    gauge(out, "palisade_lake_hot_bytes", "Bytes in the hot tier", s.hot_bytes);
    gauge(out, "palisade_lake_hot_files", "Files in the hot tier", s.hot_files);
    gauge(out, "palisade_lake_offset", "Last log offset that is queryable", s.last_offset.unwrap_or(0));
    gauge(out, "palisade_lake_resume_offset", "Log offset that a restart would read first", s.resume_offset);
    let name = "palisade_lake_freshness_seconds";
    let _ = writeln!(out, "# HELP {name} Receipt of a batch until it is queryable.\n# TYPE {name} histogram");
    let mut sum = 0;
    for (i, count) in s.freshness.iter().enumerate() {
        sum += count;
        let bound = FRESHNESS_BOUNDS_US.get(i).map_or("+Inf".to_owned(), |b| (*b as f64 / 1e6).to_string());
        let _ = writeln!(out, "{name}_bucket{{le=\"{bound}\"}} {sum}");
    }
    let _ = writeln!(out, "{name}_count {sum}");
}
