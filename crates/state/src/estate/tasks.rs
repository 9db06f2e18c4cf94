//! Tasks: what the connect process does on machines for the estate process.

use palisade_estate::health::Cause;
use palisade_estate::provision::{Action, HostReport, HostSensor, TaskId};
use palisade_types::{MachineId, TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::machines::{decoded, encoded};
use super::{Machine, requests};
use crate::secrets::{self, TokenKind};
use crate::{Result, State, StateError, row};

/// The most bytes that a machine may report.
const MAX_REPORT: usize = 256 * 1024;
/// A worker that has said nothing for so long is believed gone, microseconds.
const LEASE: i64 = 60_000_000;
/// Ended tasks are kept for so long, for people, microseconds.
const KEEP: i64 = 7 * 86_400_000_000;

/// How a task ended, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum TaskOutcome {
    /// It did what it should.
    Done,
    /// A preflight has looked.
    Looked {
        /// What it found.
        report: Box<HostReport>,
    },
    /// A probe has looked.
    Probed {
        /// What it found.
        sensor: HostSensor,
    },
    /// It failed.
    Failed {
        /// Why.
        cause: Cause,
    },
}

/// A task to be written down.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// On which machine.
    pub machine: MachineId,
    /// Through which connector; nil where no host was needed.
    pub connector: Uuid,
    /// The reconciler's name for it.
    pub number: TaskId,
    /// What.
    pub action: Action,
    /// Until when.
    pub deadline: TimeMicros,
}

/// A task that a worker has taken, with its machine.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its identifier.
    pub id: Uuid,
    /// The reconciler's name for it.
    pub number: TaskId,
    /// The machine.
    pub machine: Machine,
    /// Through which connector.
    pub connector: Uuid,
    /// What.
    pub action: Action,
    /// Until when.
    pub deadline: TimeMicros,
}

/// A task as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRow {
    /// Its identifier.
    pub id: Uuid,
    /// The machine.
    pub machine: MachineId,
    /// The reconciler's name for it.
    pub number: TaskId,
    /// What.
    pub action: Action,
    /// `queued`, `running`, `done`, `applied`.
    pub state: String,
    /// When it was asked for.
    pub created_at: TimeMicros,
    /// How it ended.
    pub outcome: Option<TaskOutcome>,
    /// When it ended.
    pub finished_at: Option<TimeMicros>,
}

const COLUMNS: &str = "id, machine_id, number, action, state, created_at, outcome, finished_at";

fn task_row(row: &PgRow) -> Result<TaskRow> {
    let outcome = row.try_get::<Option<serde_json::Value>, _>("outcome")?;
    Ok(TaskRow {
        id: row.try_get("id")?,
        machine: MachineId(row.try_get("machine_id")?),
        number: TaskId(row.try_get::<i64, _>("number")?.cast_unsigned()),
        action: decoded(row.try_get("action")?, "action")?,
        state: row.try_get("state")?,
        created_at: row::time(row, "created_at")?,
        outcome: outcome.map(|o| decoded(o, "outcome")).transpose()?,
        finished_at: row::time_opt(row, "finished_at")?,
    })
}

impl State {
    /// Writes tasks down for the connect process.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn create_tasks(&self, tenant: TenantId, tasks: &[NewTask], now: TimeMicros) -> Result<()> {
        if tasks.is_empty() {
            return Ok(());
        }
        let mut tx = self.tenant_tx(tenant).await?;
        for t in tasks {
            sqlx::query(
                "INSERT INTO tasks (tenant_id, id, machine_id, connector_id, number, action, state, created_at, deadline)
                 VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8)",
            )
            .bind(tenant.0)
            .bind(Uuid::new_v4())
            .bind(t.machine.0)
            .bind(t.connector)
            .bind(t.number.0.cast_signed())
            .bind(encoded(&t.action)?)
            .bind(now.0)
            .bind(t.deadline.0)
            .execute(&mut *tx)
            .await?;
        }
        requests::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes down what the estate process did by itself, without a host: for people, as ended tasks.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn note_done(&self, tenant: TenantId, done: &[NewTask], now: TimeMicros) -> Result<()> {
        if done.is_empty() {
            return Ok(());
        }
        let mut tx = self.tenant_tx(tenant).await?;
        for t in done {
            // One of a machine that was removed in the meantime is nobody's.
            sqlx::query(
                "INSERT INTO tasks (tenant_id, id, machine_id, connector_id, number, action, state, created_at, deadline,
                     outcome, finished_at)
                 SELECT $1, $2, $3, $4, $5, $6, 'applied', $7, $8, $9, $7
                 WHERE exists (SELECT FROM machines WHERE tenant_id = $1 AND id = $3)",
            )
            .bind(tenant.0)
            .bind(Uuid::new_v4())
            .bind(t.machine.0)
            .bind(t.connector)
            .bind(t.number.0.cast_signed())
            .bind(encoded(&t.action)?)
            .bind(now.0)
            .bind(t.deadline.0)
            .bind(encoded(&TaskOutcome::Done)?)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Takes up to `most` tasks that nobody works on; each is this worker's until its lease ends.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn take_tasks(
        &self,
        tenant: TenantId,
        worker: &str,
        most: u32,
        now: TimeMicros,
    ) -> Result<Vec<Task>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "UPDATE tasks t SET state = 'running', worker = $2, lease_until = $4
             WHERE t.tenant_id = $1 AND t.id IN (
                 SELECT id FROM tasks
                 WHERE tenant_id = $1 AND deadline > $3
                   AND (state = 'queued' OR (state = 'running' AND lease_until < $3))
                 ORDER BY created_at LIMIT $5 FOR UPDATE SKIP LOCKED)
             RETURNING t.id, t.machine_id, t.connector_id, t.number, t.action, t.deadline",
        )
        .bind(tenant.0)
        .bind(worker)
        .bind(now.0)
        .bind(now.0 + LEASE)
        .bind(i64::from(most))
        .fetch_all(&mut *tx)
        .await?;
        let mut taken = Vec::with_capacity(rows.len());
        for r in &rows {
            let machine = super::machines::read(&mut tx, tenant, MachineId(r.try_get("machine_id")?)).await?;
            taken.push(Task {
                id: r.try_get("id")?,
                number: TaskId(r.try_get::<i64, _>("number")?.cast_unsigned()),
                machine,
                connector: r.try_get("connector_id")?,
                action: decoded(r.try_get("action")?, "action")?,
                deadline: row::time(r, "deadline")?,
            });
        }
        tx.commit().await?;
        Ok(taken)
    }

    /// Says that this worker still works on its tasks.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn renew_tasks(
        &self,
        tenant: TenantId,
        ids: &[Uuid],
        worker: &str,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "UPDATE tasks SET lease_until = $4
             WHERE tenant_id = $1 AND id = ANY($2) AND worker = $3 AND state = 'running'",
        )
        .bind(tenant.0)
        .bind(ids)
        .bind(worker)
        .bind(now.0 + LEASE)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes down how a task ended; without effect if another worker has it now.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn finish_task(
        &self,
        tenant: TenantId,
        id: Uuid,
        worker: &str,
        outcome: &TaskOutcome,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "UPDATE tasks SET state = 'done', outcome = $4, finished_at = $5, lease_until = NULL, token_hash = NULL
             WHERE tenant_id = $1 AND id = $2 AND worker = $3 AND state = 'running'",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(worker)
        .bind(encoded(outcome)?)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        requests::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Tasks that ended and whose outcome the reconciler has not taken in.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn done_tasks(&self, tenant: TenantId) -> Result<Vec<TaskRow>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM tasks WHERE tenant_id = $1 AND state = 'done' ORDER BY finished_at LIMIT 1000"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(task_row).collect()
    }

    /// Marks outcomes as taken in, and forgets tasks that are long over.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn tasks_applied(&self, tenant: TenantId, ids: &[Uuid], now: TimeMicros) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query("UPDATE tasks SET state = 'applied' WHERE tenant_id = $1 AND id = ANY($2)")
            .bind(tenant.0)
            .bind(ids)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM tasks WHERE tenant_id = $1 AND deadline < $2")
            .bind(tenant.0)
            .bind(now.0 - KEEP)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// What was done on a machine, newest first, at most 50.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn tasks_of(&self, tenant: TenantId, machine: MachineId) -> Result<Vec<TaskRow>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM tasks WHERE tenant_id = $1 AND machine_id = $2 ORDER BY created_at DESC LIMIT 50"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(machine.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(task_row).collect()
    }

    /// Gives a running task a token by which its machine may report; an earlier one ends.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn task_token(&self, tenant: TenantId, id: Uuid, worker: &str) -> Result<String> {
        let (text, hash) = secrets::issue(TokenKind::Task, tenant);
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "UPDATE tasks SET token_hash = $4 WHERE tenant_id = $1 AND id = $2 AND worker = $3 AND state = 'running'",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(worker)
        .bind(&hash[..])
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(text) } else { Err(StateError::NotFound("task")) }
    }

    /// Takes in what a machine reports by its task's token. Only the first report counts.
    ///
    /// # Errors
    /// `task_token_invalid`; `invalid_argument` when the report is too large.
    pub async fn task_report(&self, token: &str, report: &[u8], now: TimeMicros) -> Result<()> {
        if report.len() > MAX_REPORT {
            return Err(StateError::InvalidArgument("a report has at most 256 KiB".into()));
        }
        let (tenant, hash) = secrets::parse(TokenKind::Task, token).ok_or(StateError::TaskTokenInvalid)?;
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "UPDATE tasks SET report = coalesce(report, $3)
             WHERE tenant_id = $1 AND token_hash = $2 AND state = 'running' AND deadline > $4",
        )
        .bind(tenant.0)
        .bind(&hash[..])
        .bind(report)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::TaskTokenInvalid) }
    }

    /// What the machine has reported for a task, if anything.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn reported(&self, tenant: TenantId, id: Uuid) -> Result<Option<Vec<u8>>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = sqlx::query("SELECT report FROM tasks WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(found.ok_or(StateError::NotFound("task"))?.try_get("report")?)
    }
}
