//! `palisade role estate`: keeps every machine of the region in memory, follows what changes about
//! it, judges its health, and says what is to be done on it. It reaches no network and opens no
//! credential; the connect process does what is asked here.

mod meter;
mod tenant;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use palisade_state::{DbRole, State};
use palisade_types::{TenantId, TimeMicros};
use parking_lot::Mutex;

use crate::admin::{self, RoleStatus};
use crate::database;
use crate::instance::Instance;
use tenant::TenantEstate;

/// How often it looks although nobody woke it.
const TICK: Duration = Duration::from_secs(1);
/// How often tenants are looked for.
const TENANTS_EVERY: Duration = Duration::from_secs(5);

/// What the metrics tell.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Machines in memory.
    pub machines: u64,
    /// Machines by status.
    pub statuses: BTreeMap<&'static str, u64>,
    /// Judgements of a machine's health.
    pub evaluations: u64,
    /// Tasks given to the connect process.
    pub tasks: u64,
    /// Steps that failed and were tried again.
    pub failures: u64,
    /// Microseconds of the last step.
    pub step_micros: u64,
}

#[derive(Default)]
struct Status {
    ready: Mutex<Option<String>>,
    counters: Mutex<Counters>,
    began: Mutex<bool>,
    meter: Arc<meter::Counters>,
}

#[async_trait]
impl RoleStatus for Status {
    async fn ready(&self) -> Result<(), String> {
        if let Some(why) = self.ready.lock().clone() {
            return Err(why);
        }
        if *self.began.lock() { Ok(()) } else { Err("machines are not read yet".into()) }
    }

    fn metrics(&self) -> String {
        let c = self.counters.lock().clone();
        let mut out = String::new();
        let mut put = |name: &str, help: &str, kind: &str, value: u64| {
            let total = if kind == "counter" { "_total" } else { "" };
            let _ = writeln!(out, "# HELP {name} {help}.\n# TYPE {name} {kind}\n{name}{total} {value}");
        };
        put("palisade_estate_machines", "Machines in memory", "gauge", c.machines);
        put("palisade_estate_evaluations", "Judgements of a machine's health", "counter", c.evaluations);
        put("palisade_estate_tasks", "Tasks given to the connect process", "counter", c.tasks);
        put("palisade_estate_failures", "Steps that failed and were tried again", "counter", c.failures);
        let meter = |c: &AtomicU64| c.load(Ordering::Relaxed);
        put("palisade_meter_hours", "Metered hours written", "counter", meter(&self.meter.hours));
        put(
            "palisade_meter_failures",
            "Steps of the meter that failed",
            "counter",
            meter(&self.meter.failures),
        );
        put("palisade_estate_step_micros", "Microseconds of the last step", "gauge", c.step_micros);
        let name = "palisade_estate_status";
        let _ = writeln!(out, "# HELP {name} Machines by status.\n# TYPE {name} gauge");
        for (status, machines) in &c.statuses {
            let _ = writeln!(out, "{name}{{status=\"{status}\"}} {machines}");
        }
        out
    }
}

/// Runs until asked to end.
pub async fn run(instance: Instance) -> Result<()> {
    let status = Arc::new(Status::default());
    tokio::spawn(admin::serve_role(instance.admin_socket("estate"), status.clone()));
    let state = database::state_of_region(&instance, DbRole::Estate).await?;
    let offered = super::offered_version(&instance).await;
    tracing::info!(offered, "the estate is followed");
    tokio::spawn(meter::run(state.clone(), instance.record.region.clone(), status.meter.clone()));
    let mut wakes = state.estate_listener().await?;
    let mut tenants: BTreeMap<TenantId, TenantEstate> = BTreeMap::new();
    let mut looked: Option<tokio::time::Instant> = None;
    let mut end = std::pin::pin!(super::terminated());
    loop {
        if looked.is_none_or(|at| at.elapsed() > TENANTS_EVERY) {
            match state.tenants().await {
                Ok(all) => {
                    let here: Vec<TenantId> = all
                        .into_iter()
                        .filter(|t| t.region == instance.region_name())
                        .map(|t| t.id)
                        .collect();
                    tenants.retain(|id, _| here.contains(id));
                    for id in here {
                        tenants.entry(id).or_insert_with(|| TenantEstate::new(id, offered.clone()));
                    }
                    looked = Some(tokio::time::Instant::now());
                }
                Err(e) => tracing::warn!(error = %e, "tenants cannot be read"),
            }
        }
        step(&state, &mut tenants, &status).await;
        tokio::select! {
            () = wakes.woken() => {}
            () = tokio::time::sleep(TICK) => {}
            () = &mut end => return Ok(()),
        }
    }
}

/// One step of every tenant. One that fails does not keep the others from theirs.
async fn step(state: &State, tenants: &mut BTreeMap<TenantId, TenantEstate>, status: &Status) {
    let began = std::time::Instant::now();
    let mut sum = Counters::default();
    let mut trouble = None;
    for (id, tenant) in tenants.iter_mut() {
        if let Err(e) = tenant.step(state, TimeMicros::now()).await {
            tracing::warn!(tenant = %id, error = format!("{e:#}"), "a step of the estate failed");
            trouble = Some(format!("{e:#}"));
            // What is in memory may be ahead of what was written: read it anew.
            tenant.forget();
            sum.failures += 1;
        }
        tenant.count(&mut sum);
    }
    let mut counters = status.counters.lock();
    sum.failures += counters.failures;
    sum.step_micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    *counters = sum;
    *status.ready.lock() = trouble;
    *status.began.lock() = true;
}
