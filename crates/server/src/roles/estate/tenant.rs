//! One tenant's machines in memory: follow, decide, judge, write.

mod apply;
mod entry;
mod follow;
mod judge;
mod products;
mod provision;
mod scans;

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use palisade_estate::health::Thresholds;
use palisade_estate::machine::PowerState;
use palisade_estate::plan::{Enforcement, effective};
use palisade_estate::provision::{Backoff, Estate, Fleet, Known, Policy};
use palisade_state::State;
use palisade_state::estate::{
    ConnectorState, DeviceView, HEALTH_THRESHOLDS, PLAN_ENFORCEMENT, Subscription, facts,
};
use palisade_types::{DeviceId, MachineId, SubscriptionId, TenantId, TimeMicros};
use uuid::Uuid;

use super::Counters;
use entry::Entry;

/// Rows written by others may become visible a little after their own clock says; this much is
/// read again each time.
const OVERLAP: i64 = 5_000_000;

/// Most devices and machines that one step puts into their groups.
const REGROUPED: u32 = 2000;

/// What is known of a tenant.
pub struct TenantEstate {
    tenant: TenantId,
    offered: String,
    loaded: bool,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    connectors: HashMap<Uuid, (String, ConnectorState)>,
    entries: BTreeMap<MachineId, Entry>,
    devices: HashMap<DeviceId, DeviceView>,
    by_device: HashMap<DeviceId, MachineId>,
    fleets: BTreeMap<SubscriptionId, Fleet>,
    thresholds: Thresholds,
    enforcement: Enforcement,
    machines_until: TimeMicros,
    devices_until: TimeMicros,
    products_until: TimeMicros,
    scans_swept: Option<tokio::time::Instant>,
    evaluations: u64,
    tasks: u64,
}

/// The facts of one machine, borrowed from what is in memory.
struct View<'a> {
    tenant: TenantId,
    subscriptions: &'a BTreeMap<SubscriptionId, Subscription>,
    entries: &'a BTreeMap<MachineId, Entry>,
    enforcement: Enforcement,
}

impl Estate for View<'_> {
    fn known(&self, machine: MachineId, now: TimeMicros) -> Option<Known<'_>> {
        let entry = self.entries.get(&machine)?;
        let subscription = self.subscriptions.get(&entry.machine.subscription)?;
        Some(Known {
            now,
            tenant: self.tenant,
            power: entry.machine.power,
            power_since: entry.machine.power_since,
            os: &entry.os,
            plan: effective(&subscription.plans, entry.machine.plan_override, now),
            enforcement: self.enforcement,
            desired: &entry.desired,
            device: entry.known_device.as_ref(),
            runs_commands: entry.runs_commands,
        })
    }
}

impl TenantEstate {
    /// Nothing is known yet.
    pub fn new(tenant: TenantId, offered: String) -> Self {
        Self {
            tenant,
            offered,
            loaded: false,
            subscriptions: BTreeMap::new(),
            connectors: HashMap::new(),
            entries: BTreeMap::new(),
            devices: HashMap::new(),
            by_device: HashMap::new(),
            fleets: BTreeMap::new(),
            thresholds: Thresholds::default(),
            enforcement: Enforcement::default(),
            machines_until: TimeMicros(-1),
            devices_until: TimeMicros(-1),
            products_until: TimeMicros(-1),
            scans_swept: None,
            evaluations: 0,
            tasks: 0,
        }
    }

    /// Drops what is in memory; the next step reads everything anew.
    pub fn forget(&mut self) {
        *self = Self {
            evaluations: self.evaluations,
            tasks: self.tasks,
            ..Self::new(self.tenant, self.offered.clone())
        };
    }

    /// Adds its numbers to a sum.
    pub fn count(&self, sum: &mut Counters) {
        sum.machines += self.entries.len() as u64;
        sum.evaluations += self.evaluations;
        sum.tasks += self.tasks;
        for entry in self.entries.values() {
            *sum.statuses.entry(entry.status).or_default() += 1;
        }
    }

    /// Takes in what changed, begins what is to be begun, judges what is due, writes what is new.
    pub async fn step(&mut self, state: &State, now: TimeMicros) -> Result<()> {
        self.settings(state).await?;
        self.follow_machines(state).await?;
        if !self.loaded {
            self.load(state).await?;
        }
        self.follow_devices(state, now).await?;
        // Whoever may see a machine must not wait for more than a step after it changed.
        state.regroup_changed(self.tenant, REGROUPED, now).await?;
        self.apply_requests(state, now).await?;
        self.apply_outcomes(state, now).await?;
        self.provision(state, now).await?;
        let listening = facts::listening(state.hearing(self.tenant, now).await?, now);
        self.judge(state, &listening).await?;
        self.judge_products(state, now).await?;
        self.judge_scans(state, now).await?;
        self.loaded = true;
        Ok(())
    }

    fn view(&self) -> View<'_> {
        View {
            tenant: self.tenant,
            subscriptions: &self.subscriptions,
            entries: &self.entries,
            enforcement: self.enforcement,
        }
    }

    async fn settings(&mut self, state: &State) -> Result<()> {
        let read = state.tenant_setting(self.tenant, HEALTH_THRESHOLDS).await?;
        let thresholds = read.and_then(|v| serde_json::from_value::<Thresholds>(v).ok()).unwrap_or_default();
        let read = state.tenant_setting(self.tenant, PLAN_ENFORCEMENT).await?;
        let enforcement = read.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
        let subscriptions: BTreeMap<_, _> =
            state.subscriptions(self.tenant).await?.into_iter().map(|s| (s.id, s)).collect();
        let connectors: HashMap<_, _> = state
            .connector_states(self.tenant)
            .await?
            .into_iter()
            .map(|(id, kind, s)| (id, (kind, s)))
            .collect();
        let same = thresholds == self.thresholds
            && enforcement == self.enforcement
            && subscriptions == self.subscriptions
            && connectors == self.connectors;
        if same {
            return Ok(());
        }
        let by = |t: &Thresholds| (t.late, t.look_again);
        let new_policy = by(&thresholds) != by(&self.thresholds);
        (self.thresholds, self.enforcement) = (thresholds, enforcement);
        (self.subscriptions, self.connectors) = (subscriptions, connectors);
        self.scans_swept = None;
        if new_policy {
            self.rebuild_fleets();
        }
        let all: Vec<MachineId> = self.entries.keys().copied().collect();
        for id in all {
            self.rejudge_products(id);
            self.refresh(id);
        }
        Ok(())
    }

    fn policy(&self) -> Policy {
        let policy = Policy::default();
        let cap = self.thresholds.look_again;
        Policy {
            late: self.thresholds.late,
            look_again: Backoff { base: policy.look_again.base.min(cap), cap },
            ..policy
        }
    }

    /// A fleet keeps its policy; another one needs another fleet.
    fn rebuild_fleets(&mut self) {
        let policy = self.policy();
        for fleet in self.fleets.values_mut() {
            fleet.set_policy(policy.clone());
        }
    }

    /// Whether a machine is gone for good, so that nothing about it changes any more.
    fn is_gone(entry: &Entry) -> bool {
        entry.machine.power == PowerState::Deleted && entry.status == "not_applicable"
    }
}
