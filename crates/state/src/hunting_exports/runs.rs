//! Runs of exports by the clock: what is due, what runs, what came of it.

use std::collections::HashMap;

use palisade_types::{TenantId, TimeMicros};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use super::schedules::{self, ScheduledExport};
use crate::page::{self, Cursor};
use crate::{Page, Result, State, StateError, row};

/// Runs that failed are kept beside the files, so many.
const MOST_FAILED: i64 = 100;

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRun {
    /// Identifier.
    pub id: Uuid,
    /// Of which export.
    pub export: Uuid,
    /// The format of its file.
    pub format: String,
    /// `running`, `done`, `failed`.
    pub state: String,
    /// When it was due, or asked for.
    pub started_at: TimeMicros,
    /// When it was over.
    pub ended_at: Option<TimeMicros>,
    /// Stable code of what went wrong; empty where nothing did.
    pub code: String,
    /// The same for people.
    pub message: String,
    /// Rows of the file.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Whether the bound of rows cut it.
    pub truncated: bool,
    /// SHA-256 of the file, hexadecimal; empty where there is none.
    pub sha256: String,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportOutcome {
    /// Stable code of what went wrong; empty where nothing did.
    pub code: String,
    /// The same for people.
    pub message: String,
    /// Rows of the file.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Whether the bound of rows cut it.
    pub truncated: bool,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

const COLUMNS: &str =
    "r.id, r.export_id, r.format, r.state, r.started_at, r.ended_at, r.code, r.message, r.rows, r.bytes,
    r.truncated, r.sha256";

fn run(r: &PgRow) -> Result<ExportRun> {
    let number = |column: &str| Ok::<_, StateError>(u64::try_from(r.try_get::<i64, _>(column)?).unwrap_or(0));
    Ok(ExportRun {
        id: r.try_get("id")?,
        export: r.try_get("export_id")?,
        format: r.try_get("format")?,
        state: r.try_get("state")?,
        started_at: row::time(r, "started_at")?,
        ended_at: row::time_opt(r, "ended_at")?,
        code: r.try_get("code")?,
        message: r.try_get("message")?,
        rows: number("rows")?,
        bytes: number("bytes")?,
        truncated: r.try_get("truncated")?,
        sha256: r.try_get("sha256")?,
    })
}

/// The newest run of each export.
pub(super) async fn last_runs(
    tx: &mut PgConnection,
    tenant: TenantId,
    exports: &[Uuid],
) -> Result<HashMap<Uuid, ExportRun>> {
    let sql = format!(
        "SELECT DISTINCT ON (r.export_id) {COLUMNS} FROM hunting_export_runs r
         WHERE r.tenant_id = $1 AND r.export_id = ANY($2) ORDER BY r.export_id, r.started_at DESC, r.id DESC"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(exports).fetch_all(tx).await?;
    rows.iter().map(|r| run(r).map(|run| (run.export, run))).collect()
}

async fn begin(
    tx: &mut PgConnection,
    tenant: TenantId,
    (export, format): (Uuid, &str),
    (now, claimed): (TimeMicros, bool),
) -> Result<ExportRun> {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO hunting_export_runs (tenant_id, id, export_id, format, state, started_at, claimed_at)
         VALUES ($1, $2, $3, $4, 'running', $5, $6)",
    )
    .bind(tenant.0)
    .bind(id)
    .bind(export)
    .bind(format)
    .bind(now.0)
    .bind(claimed.then_some(now.0))
    .execute(&mut *tx)
    .await?;
    one(tx, tenant, export, id).await
}

async fn one(tx: &mut PgConnection, tenant: TenantId, export: Uuid, id: Uuid) -> Result<ExportRun> {
    let sql = format!(
        "SELECT {COLUMNS} FROM hunting_export_runs r WHERE r.tenant_id = $1 AND r.export_id = $2 AND r.id = $3"
    );
    let found =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(export).bind(id).fetch_optional(tx).await?;
    run(&found.ok_or(StateError::NotFound("run"))?)
}

impl State {
    /// Runs of an export, newest first.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn export_runs(
        &self,
        tenant: TenantId,
        export: Uuid,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<ExportRun>> {
        let after = cursor.map(|c| Cursor::decode(c, "export_runs")).transpose()?;
        let key = after.as_ref().map(Cursor::number).transpose()?;
        let id = after.map(|a| a.id.parse::<Uuid>().map_err(|_| StateError::CursorInvalid)).transpose()?;
        let limit = page::limit(limit);
        let mut tx = self.tenant_tx(tenant).await?;
        let total: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM hunting_export_runs WHERE tenant_id = $1 AND export_id = $2",
        )
        .bind(tenant.0)
        .bind(export)
        .fetch_one(&mut *tx)
        .await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM hunting_export_runs r WHERE r.tenant_id = $1 AND r.export_id = $2
               AND ($3::bigint IS NULL OR (r.started_at, r.id) < ($3, $4))
             ORDER BY r.started_at DESC, r.id DESC LIMIT $5"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(export)
            .bind(key)
            .bind(id)
            .bind(limit + 1)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        let items = rows.iter().map(run).collect::<Result<Vec<_>>>()?;
        Ok(page::finish(items, limit, total, |run| Cursor {
            list: "export_runs".into(),
            key: run.started_at.0.to_string(),
            id: run.id.to_string(),
        }))
    }

    /// One run.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn export_run(&self, tenant: TenantId, export: Uuid, id: Uuid) -> Result<ExportRun> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = one(&mut tx, tenant, export, id).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Has an export run as soon as it can.
    ///
    /// # Errors
    /// `not_found`, `export_running` where one of its runs is not over.
    pub async fn request_export_run(
        &self,
        tenant: TenantId,
        export: Uuid,
        now: TimeMicros,
    ) -> Result<ExportRun> {
        let mut tx = self.tenant_tx(tenant).await?;
        let format: Option<String> = sqlx::query_scalar(
            "SELECT format FROM hunting_scheduled_exports WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        )
        .bind(tenant.0)
        .bind(export)
        .fetch_optional(&mut *tx)
        .await?;
        let format = format.ok_or(StateError::NotFound("scheduled export"))?;
        let open: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM hunting_export_runs
             WHERE tenant_id = $1 AND export_id = $2 AND state = 'running')",
        )
        .bind(tenant.0)
        .bind(export)
        .fetch_one(&mut *tx)
        .await?;
        if open {
            let message = "a run of this export is not over yet".to_owned();
            return Err(StateError::Rule { code: "export_running", message });
        }
        let run = begin(&mut tx, tenant, (export, &format), (now, false)).await?;
        tx.commit().await?;
        Ok(run)
    }

    /// Takes what is to be run next in a tenant: what somebody asked for, else what is due for longest. It is
    /// due again at its next time from now on.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn claim_export_run(
        &self,
        tenant: TenantId,
        now: TimeMicros,
    ) -> Result<Option<(ScheduledExport, ExportRun)>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let asked: Option<(Uuid, Uuid)> = sqlx::query_as(
            "UPDATE hunting_export_runs SET claimed_at = $2 WHERE tenant_id = $1 AND id = (
                 SELECT id FROM hunting_export_runs WHERE tenant_id = $1 AND state = 'running' AND claimed_at IS NULL
                 ORDER BY started_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING export_id, id",
        )
        .bind(tenant.0)
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await?;
        let due = match asked {
            Some((export, _)) => Some(export),
            None => {
                sqlx::query_scalar(
                    "SELECT e.id FROM hunting_scheduled_exports e
                     WHERE e.tenant_id = $1 AND e.next_run_at <= $2 AND NOT EXISTS (SELECT FROM hunting_export_runs r
                         WHERE r.tenant_id = e.tenant_id AND r.export_id = e.id AND r.state = 'running')
                     ORDER BY e.next_run_at, e.id LIMIT 1 FOR UPDATE OF e SKIP LOCKED",
                )
                .bind(tenant.0)
                .bind(now.0)
                .fetch_optional(&mut *tx)
                .await?
            }
        };
        let Some(export) = due else { return Ok(None) };
        let sql = format!(
            "SELECT {} FROM hunting_scheduled_exports e WHERE e.tenant_id = $1 AND e.id = $2",
            schedules::COLUMNS
        );
        let found = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(export).fetch_one(&mut *tx).await?;
        let found = schedules::export(&found)?;
        let run = match asked {
            Some((export, run)) => one(&mut tx, tenant, export, run).await?,
            None => {
                sqlx::query(
                    "UPDATE hunting_scheduled_exports SET next_run_at = $3 WHERE tenant_id = $1 AND id = $2",
                )
                .bind(tenant.0)
                .bind(export)
                .bind(found.what.clock.next(now).0)
                .execute(&mut *tx)
                .await?;
                begin(&mut tx, tenant, (export, &found.what.format), (now, true)).await?
            }
        };
        tx.commit().await?;
        Ok(Some((found, run)))
    }

    /// Says how a run ended, and forgets those that are too many: files beyond what the export keeps, failed
    /// ones beyond a hundred. Gives the runs that are forgotten, whose files are to be removed.
    ///
    /// # Errors
    /// `not_found` when the export was deleted meanwhile.
    pub async fn export_run_ended(
        &self,
        tenant: TenantId,
        of: &ExportRun,
        outcome: &ExportOutcome,
        now: TimeMicros,
    ) -> Result<Vec<ExportRun>> {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "UPDATE hunting_export_runs SET state = $3, ended_at = $4, code = $5, message = $6, rows = $7, bytes = $8,
                 truncated = $9, sha256 = $10
             WHERE tenant_id = $1 AND id = $2 AND state = 'running'",
        )
        .bind(tenant.0)
        .bind(of.id)
        .bind(if outcome.code.is_empty() { "done" } else { "failed" })
        .bind(now.0)
        .bind(row::text(&outcome.code, 100))
        .bind(row::text(&outcome.message, 1000))
        .bind(number(outcome.rows))
        .bind(number(outcome.bytes))
        .bind(outcome.truncated)
        .bind(&outcome.sha256)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StateError::NotFound("run"));
        }
        let sql = format!(
            "DELETE FROM hunting_export_runs r USING (
                 SELECT n.id FROM (SELECT id, state,
                     row_number() OVER (PARTITION BY state ORDER BY started_at DESC, id DESC) AS nth
                     FROM hunting_export_runs WHERE tenant_id = $1 AND export_id = $2) n
                 JOIN hunting_scheduled_exports e ON e.tenant_id = $1 AND e.id = $2
                 WHERE n.state = 'done' AND n.nth > e.keep OR n.state = 'failed' AND n.nth > {MOST_FAILED}) x
             WHERE r.tenant_id = $1 AND r.id = x.id RETURNING {COLUMNS}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(of.export).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(run).collect()
    }

    /// Bytes of all files that runs of the tenant have left.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn export_bytes(&self, tenant: TenantId) -> Result<u64> {
        let mut tx = self.tenant_tx(tenant).await?;
        let bytes: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(bytes), 0)::bigint FROM hunting_export_runs WHERE tenant_id = $1 AND state = 'done'",
        )
        .bind(tenant.0)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }

    /// For a process that has just begun: runs that another left in the middle have failed, and their exports
    /// are due at once. Gives the runs that have a file.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn recover_export_runs(&self, tenant: TenantId, now: TimeMicros) -> Result<Vec<ExportRun>> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "WITH left_behind AS (
                 UPDATE hunting_export_runs SET state = 'failed', ended_at = $2, code = 'interrupted',
                     message = 'the server ended in the middle; the export is made again'
                 WHERE tenant_id = $1 AND state = 'running' AND claimed_at IS NOT NULL RETURNING export_id)
             UPDATE hunting_scheduled_exports SET next_run_at = least(next_run_at, $2)
             WHERE tenant_id = $1 AND enabled AND id IN (SELECT export_id FROM left_behind)",
        )
        .bind(tenant.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM hunting_export_runs r WHERE r.tenant_id = $1 AND r.state = 'done'"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(run).collect()
    }
}
