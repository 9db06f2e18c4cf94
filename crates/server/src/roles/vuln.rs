//! `palisade role vuln`: keeps what the region's machines hold in memory, matches it against the feeds that
//! somebody fetched, and writes down what follows: findings, exposure, what to do first. It reaches no network.

mod assess;
mod cases;
mod desk;
mod estate;
mod feeds;
mod fleet;
mod pace;
mod posture;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use palisade_state::{DbRole, State};
use palisade_types::{TenantId, TimeMicros};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::admin::{self, RoleStatus};
use crate::database;
use crate::instance::Instance;
use desk::Desk;
use feeds::Feeds;
use fleet::Touched;

/// How often it looks for what is new.
const TICK: Duration = Duration::from_secs(2);
/// How often tenants are looked for, and the feeds' age is judged.
const LOOK: Duration = Duration::from_secs(15);
/// How often everything is computed anew although nothing changed: certificates expire, exceptions end.
const WHOLE: Duration = Duration::from_secs(3600);

/// What the metrics tell.
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    devices: usize,
    components: usize,
    findings: u64,
    rows: u64,
    assessments: u64,
    failures: u64,
    last_micros: u64,
}

#[derive(Default)]
struct Status {
    trouble: Mutex<Option<String>>,
    counters: Mutex<Counters>,
    began: Mutex<bool>,
}

#[async_trait]
impl RoleStatus for Status {
    async fn ready(&self) -> Result<(), String> {
        if let Some(why) = self.trouble.lock().clone() {
            return Err(why);
        }
        if *self.began.lock() { Ok(()) } else { Err("inventories are not read yet".into()) }
    }

    fn metrics(&self) -> String {
        let c = *self.counters.lock();
        let mut out = String::new();
        let mut put = |name: &str, help: &str, kind: &str, value: u64| {
            let total = if kind == "counter" { "_total" } else { "" };
            let _ = writeln!(out, "# HELP {name} {help}.\n# TYPE {name} {kind}\n{name}{total} {value}");
        };
        put("palisade_vuln_devices", "Devices with an inventory", "gauge", c.devices as u64);
        put("palisade_vuln_components", "Distinct packages in one version", "gauge", c.components as u64);
        put("palisade_vuln_findings", "Findings of distinct packages", "gauge", c.findings);
        put("palisade_vuln_rows", "Findings counted for each device", "gauge", c.rows);
        put("palisade_vuln_assessments", "Assessments written", "counter", c.assessments);
        put("palisade_vuln_failures", "Steps that failed and were tried again", "counter", c.failures);
        put("palisade_vuln_step_micros", "Microseconds of the last assessment", "gauge", c.last_micros);
        out
    }
}

/// Runs until asked to end.
pub async fn run(instance: Instance) -> Result<()> {
    let status = Arc::new(Status::default());
    tokio::spawn(admin::serve_role(instance.admin_socket("vuln"), status.clone()));
    let state = database::state_of_region(&instance, DbRole::Vuln).await?;
    tracing::info!("inventories are followed");
    let mut role = Role {
        state,
        region: instance.region_name().to_owned(),
        feeds: Feeds::new(&instance),
        desk: Desk::default(),
        tenants: BTreeSet::new(),
        looked: None,
        status,
    };
    let mut end = std::pin::pin!(super::terminated());
    loop {
        role.step().await;
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = &mut end => return Ok(()),
        }
    }
}

struct Role {
    state: State,
    region: String,
    feeds: Feeds,
    desk: Desk,
    tenants: BTreeSet<TenantId>,
    looked: Option<Instant>,
    status: Arc<Status>,
}

impl Role {
    async fn step(&mut self) {
        let done = self.try_step().await;
        let sizes = self.desk.work(|fleet| fleet.sizes()).await;
        let mut counters = self.status.counters.lock();
        counters.devices = sizes.devices;
        counters.components = sizes.tuples;
        counters.findings = sizes.findings;
        counters.rows = sizes.rows;
        *self.status.began.lock() = true;
        *self.status.trouble.lock() = None;
        if let Err(e) = done {
            tracing::warn!(error = format!("{e:#}"), "a step of the assessment failed");
            counters.failures += 1;
            *self.status.trouble.lock() = Some(format!("{e:#}"));
        }
    }

    async fn try_step(&mut self) -> Result<()> {
        if self.looked.is_none_or(|at| at.elapsed() > LOOK) {
            let all = self.state.tenants().await?;
            self.tenants = all.into_iter().filter(|t| t.region == self.region).map(|t| t.id).collect();
            let here = self.tenants.clone();
            self.desk.work(move |fleet| fleet.keep(&here)).await;
            for tenant in self.tenants.clone() {
                let basis = self.state.assessment_basis(tenant, TimeMicros::now()).await?;
                self.desk.work(move |fleet| fleet.rest_on(tenant, basis)).await;
            }
            let news = self.feeds.look().await?;
            if let Some(change) = news.change
                && self.desk.work(move |fleet| fleet.change_feeds(change)).await
            {
                self.feeds.forget();
            }
            if news.states_changed {
                self.desk.fleet_mut().touch_all();
            }
            self.looked = Some(Instant::now());
        }
        for tenant in self.tenants.clone() {
            while let Some(since) = self.desk.fleet().since(tenant)
                && let Some(touched) = Touched::read(&self.state, tenant, since).await?
            {
                self.desk.work(move |fleet| fleet.take_all(tenant, touched)).await;
            }
            if !self.desk.fleet().wants_assessment(tenant, WHOLE) {
                continue;
            }
            let began = Instant::now();
            Box::pin(assess::tenant(&self.state, &mut self.desk, &self.feeds, tenant, TimeMicros::now()))
                .await?;
            let mut counters = self.status.counters.lock();
            counters.assessments += 1;
            counters.last_micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        }
        Ok(())
    }
}
