//! What is under way: listings, tasks, looks and scans, a bounded number of each.

mod deliveries;
mod looks;
mod scans;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use palisade_connectors::secret::SecretText;
use palisade_connectors::{Place, Report, Reports, Work};
use palisade_estate::health::{Cause, Code};
use palisade_estate::provision::{Action, Outcome};
use palisade_state::estate::{Connector, ConnectorState, Task, TaskOutcome};
use palisade_state::{NewEnrolmentToken, State};
use palisade_types::{MachineId, TenantId, TimeMicros};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Connect, listing};

/// Tasks at once.
const TASKS: usize = 50;
/// Listings at once.
const LISTINGS: usize = 4;
/// How often a connector is listed although nobody asked.
const LIST_EVERY: i64 = 300_000_000;
/// How often leases are renewed.
const RENEW: Duration = Duration::from_secs(15);
/// Beyond the task's own deadline a token is of no use.
const TOKEN: i64 = 3_600_000_000;

type Doer = Arc<dyn palisade_connectors::Connector>;

/// An open connector with what it was opened from, so that a change opens it anew.
struct Open {
    from: Connector,
    keys: usize,
    doer: Doer,
}

/// What is under way.
#[derive(Default)]
pub struct Board {
    running: JoinSet<(TenantId, Ended)>,
    tasks: HashSet<(TenantId, Uuid)>,
    listings: HashSet<Uuid>,
    looks: HashSet<(TenantId, MachineId)>,
    scans: HashSet<(TenantId, MachineId)>,
    deliveries: HashSet<(TenantId, Uuid)>,
    pruned: HashMap<TenantId, tokio::time::Instant>,
    open: Arc<tokio::sync::Mutex<HashMap<Uuid, Open>>>,
    renewed: Option<tokio::time::Instant>,
    scans_renewed: Option<tokio::time::Instant>,
}

enum Ended {
    Task(Uuid),
    Listing(Uuid),
    Look(MachineId),
    Scan(MachineId),
    Delivery(Uuid),
}

impl Board {
    /// Ends when something that was under way has ended.
    pub async fn ended(&mut self) {
        match self.running.join_next().await {
            Some(Ok((tenant, Ended::Task(id)))) => {
                self.tasks.remove(&(tenant, id));
            }
            Some(Ok((_, Ended::Listing(id)))) => {
                self.listings.remove(&id);
            }
            Some(Ok((tenant, Ended::Look(id)))) => {
                self.looks.remove(&(tenant, id));
            }
            Some(Ok((tenant, Ended::Scan(id)))) => {
                self.scans.remove(&(tenant, id));
            }
            Some(Ok((tenant, Ended::Delivery(id)))) => {
                self.deliveries.remove(&(tenant, id));
            }
            Some(Err(e)) if e.is_panic() => {
                // Its lease ends, and it is taken up again; the same for its place here.
                tracing::error!(error = %e, "a task's worker failed");
                self.tasks.clear();
                self.listings.clear();
                self.looks.clear();
                self.scans.clear();
                self.deliveries.clear();
            }
            Some(Err(_)) => {}
            None => std::future::pending().await,
        }
    }

    /// Drops everything that is under way.
    pub async fn stop(mut self) {
        self.running.shutdown().await;
        self.open.lock().await.clear();
    }

    /// Begins the listings that are due.
    pub async fn list(&mut self, connect: &Arc<Connect>, tenant: TenantId) {
        let connectors = match connect.state.connectors(tenant).await {
            Ok(all) => all,
            Err(e) => return tracing::warn!(error = %e, "connectors cannot be read"),
        };
        let now = TimeMicros::now();
        for connector in connectors {
            let due = connector.list_wanted_at.is_some()
                || (connector.last_error.is_none()
                    && connector.last_listed.is_none_or(|at| now.0 - at.0 > LIST_EVERY));
            let due = due && connector.state != ConnectorState::Revoked && connector.kind != "cloud_init";
            if !due || self.listings.len() >= LISTINGS || !self.listings.insert(connector.id) {
                continue;
            }
            let (connect, open) = (connect.clone(), self.open.clone());
            self.running.spawn(async move {
                let id = connector.id;
                // What a person changed is seen from the next opening on.
                open.lock().await.remove(&id);
                let began = TimeMicros::now();
                if let Err(e) = Box::pin(listing::list(&connect, &open, tenant, connector, began)).await {
                    tracing::warn!(connector = %id, error = format!("{e:#}"), "a listing could not be written");
                }
                connect.listings.fetch_add(1, Ordering::Relaxed);
                (tenant, Ended::Listing(id))
            });
        }
    }

    /// Takes as many tasks as there is room for.
    pub async fn take(&mut self, connect: &Arc<Connect>, tenant: TenantId) {
        let now = TimeMicros::now();
        if self.renewed.is_none_or(|at| at.elapsed() > RENEW) && !self.tasks.is_empty() {
            self.renewed = Some(tokio::time::Instant::now());
            let own: Vec<Uuid> = self.tasks.iter().filter(|(t, _)| *t == tenant).map(|(_, id)| *id).collect();
            if let Err(e) = connect.state.renew_tasks(tenant, &own, &connect.worker, now).await {
                tracing::warn!(error = %e, "leases cannot be renewed");
            }
        }
        let room = TASKS.saturating_sub(self.tasks.len());
        if room == 0 {
            return;
        }
        let most = u32::try_from(room).unwrap_or(1);
        let taken = match connect.state.take_tasks(tenant, &connect.worker, most, now).await {
            Ok(taken) => taken,
            Err(e) => return tracing::warn!(error = %e, "tasks cannot be taken"),
        };
        for task in taken {
            // A lease that ran out while we were at it is ours still.
            if !self.tasks.insert((tenant, task.id)) {
                continue;
            }
            let (connect, open) = (connect.clone(), self.open.clone());
            self.running.spawn(async move {
                let id = task.id;
                Box::pin(do_task(&connect, &open, tenant, task)).await;
                (tenant, Ended::Task(id))
            });
        }
    }
}

async fn do_task(
    connect: &Connect,
    open: &tokio::sync::Mutex<HashMap<Uuid, Open>>,
    tenant: TenantId,
    task: Task,
) {
    let name = task.action.name();
    let outcome = match perform(connect, open, tenant, &task).await {
        Ok(outcome) => outcome,
        Err(e) => {
            let detail = format!("{e:#}");
            Outcome::Failed(Cause::provisioning(Code::ConnectorFailed).with("detail", detail))
        }
    };
    let failed = matches!(outcome, Outcome::Failed(_));
    (if failed { &connect.failed } else { &connect.done }).fetch_add(1, Ordering::Relaxed);
    tracing::info!(machine = %task.machine.id, action = name, failed, "a task has ended");
    let outcome = match outcome {
        Outcome::Done => TaskOutcome::Done,
        Outcome::Looked(report) => TaskOutcome::Looked { report },
        Outcome::Probed(sensor) => TaskOutcome::Probed { sensor },
        Outcome::Failed(cause) => TaskOutcome::Failed { cause },
    };
    for _ in 0..5 {
        match connect.state.finish_task(tenant, task.id, &connect.worker, &outcome, TimeMicros::now()).await {
            Ok(()) => return,
            Err(e) => tracing::warn!(error = %e, "an outcome cannot be written yet"),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn perform(
    connect: &Connect,
    open: &tokio::sync::Mutex<HashMap<Uuid, Open>>,
    tenant: TenantId,
    task: &Task,
) -> Result<Outcome> {
    let place: Place = serde_json::from_value(task.machine.place.clone())
        .context("the machine's place is not known: its connector must list it anew")?;
    let (doer, keys) = doer_of(connect, open, tenant, task.connector).await?;
    let mut work = Work::new(task.action.clone(), connect.artefact().await?, connect.server.clone());
    let now = TimeMicros::now();
    let left = task.deadline.0.saturating_sub(now.0).max(0);
    work.limit = work.limit.min(Duration::from_micros(left.unsigned_abs()));
    // A look by a cloud's agent downloads the sensor, which needs a token as well.
    let needs_token = matches!(task.action, Action::Install { .. } | Action::Upgrade { .. })
        || matches!(place, Place::Aws { .. });
    if needs_token {
        let new = NewEnrolmentToken {
            created_by: "connect".into(),
            expires_at: now.plus_micros(TOKEN),
            max_uses: 1,
            machine: Some(task.machine.id),
            subscription: Some(task.machine.subscription),
        };
        let (_, text) = connect.state.create_enrolment_token(tenant, new, now).await?;
        work.token = Some(SecretText::new(text));
    }
    if matches!(place, Place::Aws { .. }) {
        let token = connect.state.task_token(tenant, task.id, &connect.worker).await?;
        let reports = Arc::new(Reported { state: connect.state.clone(), tenant, task: task.id });
        work.report = Some(Report { token: SecretText::new(token), reports });
    }
    let outcome = doer.perform(&place, &work).await;
    if matches!(&outcome, Outcome::Failed(cause) if cause.code == Code::HostKeyUnknown) {
        // Somebody may have confirmed the key meanwhile; then nothing is wrong any more.
        let (doer, now) = doer_of(connect, open, tenant, task.connector).await?;
        if now != keys {
            return Ok(doer.perform(&place, &work).await);
        }
    }
    Ok(outcome)
}

/// The connector of a task, opened once for all its tasks, and how many host keys it believes.
async fn doer_of(
    connect: &Connect,
    open: &tokio::sync::Mutex<HashMap<Uuid, Open>>,
    tenant: TenantId,
    id: Uuid,
) -> Result<(Doer, usize)> {
    let from = connect.state.connector(tenant, id).await?;
    let keys = connect.state.host_keys(tenant, id).await?;
    let confirmed = keys.iter().filter(|k| k.confirmed_at.is_some()).count();
    let mut open = open.lock().await;
    if let Some(known) = open.get(&id)
        && known.from.settings == from.settings
        && known.keys == confirmed
        && known.from.state == from.state
    {
        return Ok((known.doer.clone(), confirmed));
    }
    let doer = listing::open(connect, tenant, &from, &keys).await?;
    open.insert(id, Open { from, keys: confirmed, doer: doer.clone() });
    Ok((doer, confirmed))
}

/// What a machine itself reported for a task.
struct Reported {
    state: State,
    tenant: TenantId,
    task: Uuid,
}

#[async_trait]
impl Reports for Reported {
    async fn read(&self) -> Result<Option<Vec<u8>>, String> {
        self.state.reported(self.tenant, self.task).await.map_err(|e| e.to_string())
    }
}
