//! What a person ran, for that person alone.

use palisade_types::{TenantId, TimeMicros};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::MAX_QUERY;
use crate::page::{self, Cursor};
use crate::{Page, Result, State, StateError, row};

/// Most entries of one person.
const MOST: i64 = 1_000;
/// Most text that is kept of one person, bytes.
const MOST_BYTES: i64 = 16 << 20;

/// How a query ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It gave its rows.
    Done,
    /// It gave an error.
    Failed,
    /// It was cancelled, or its client left.
    Cancelled,
}

impl RunState {
    /// The state as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::str::FromStr for RunState {
    type Err = StateError;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Done, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| StateError::InvalidArgument("the state must be done, failed or cancelled".into()))
    }
}

/// A query that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// KQL.
    pub query: String,
    /// When it began.
    pub ran_at: TimeMicros,
    /// How it ended.
    pub state: RunState,
    /// The code of its error.
    pub code: Option<String>,
    /// How many rows it gave.
    pub rows: Option<u64>,
    /// Whether a bound cut them.
    pub truncated: Option<bool>,
    /// How long it took, milliseconds.
    pub wall_ms: Option<f64>,
}

/// The same with its identifier.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// The identifier.
    pub id: Uuid,
    /// What was run.
    pub ran: Ran,
}

fn entry(r: &PgRow) -> Result<HistoryEntry> {
    let ran = Ran {
        query: r.try_get("query")?,
        ran_at: row::time(r, "ran_at")?,
        state: row::parsed(r, "state")?,
        code: r.try_get("code")?,
        rows: r.try_get::<Option<i64>, _>("rows")?.map(i64::unsigned_abs),
        truncated: r.try_get("truncated")?,
        wall_ms: r.try_get("wall_ms")?,
    };
    Ok(HistoryEntry { id: r.try_get("id")?, ran })
}

/// Takes away what is more than may be kept of a person.
async fn prune(tx: &mut PgConnection, tenant: TenantId, person: Uuid) -> Result<()> {
    sqlx::query(
        "DELETE FROM hunting_history WHERE tenant_id = $1 AND id IN (
             SELECT id FROM (
                 SELECT id, row_number() OVER newest AS place, sum(octet_length(query)) OVER newest AS bytes
                 FROM hunting_history WHERE tenant_id = $1 AND person = $2
                 WINDOW newest AS (ORDER BY ran_at DESC, id DESC)) kept
             WHERE place > $3 OR bytes > $4)",
    )
    .bind(tenant.0)
    .bind(person)
    .bind(MOST)
    .bind(MOST_BYTES)
    .execute(tx)
    .await?;
    Ok(())
}

impl State {
    /// Remembers what a person ran; of each the newest 1,000 are kept, and at most 16 MiB of text. A text that is
    /// longer than a query may be is not kept.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn remember_query(&self, tenant: TenantId, person: Uuid, ran: &Ran) -> Result<()> {
        if ran.query.len() > MAX_QUERY {
            return Ok(());
        }
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO hunting_history (tenant_id, id, person, query, ran_at, state, code, rows, truncated, wall_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(tenant.0)
        .bind(Uuid::now_v7())
        .bind(person)
        .bind(row::text(&ran.query, MAX_QUERY))
        .bind(ran.ran_at.0)
        .bind(ran.state.as_str())
        .bind(ran.code.as_deref().map(|code| row::text(code, 100)))
        .bind(ran.rows.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX)))
        .bind(ran.truncated)
        .bind(ran.wall_ms)
        .execute(&mut *tx)
        .await?;
        prune(&mut tx, tenant, person).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a person ran, the newest first.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn query_history(
        &self,
        tenant: TenantId,
        person: Uuid,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<HistoryEntry>> {
        const LIST: &str = "hunting_history";
        let after = cursor.map(|text| Cursor::decode(text, LIST)).transpose()?;
        let at = after.as_ref().map(Cursor::number).transpose()?;
        let id = after.as_ref().map(|c| c.id.parse::<Uuid>()).transpose();
        let id = id.map_err(|_| StateError::CursorInvalid)?;
        let limit = page::limit(limit);
        let mut tx = self.tenant_tx(tenant).await?;
        let total =
            sqlx::query_scalar("SELECT count(*) FROM hunting_history WHERE tenant_id = $1 AND person = $2")
                .bind(tenant.0)
                .bind(person)
                .fetch_one(&mut *tx)
                .await?;
        let rows = sqlx::query(
            "SELECT id, query, ran_at, state, code, rows, truncated, wall_ms FROM hunting_history
             WHERE tenant_id = $1 AND person = $2 AND ($3::bigint IS NULL OR (ran_at, id) < ($3, $4))
             ORDER BY ran_at DESC, id DESC LIMIT $5",
        )
        .bind(tenant.0)
        .bind(person)
        .bind(at)
        .bind(id)
        .bind(limit + 1)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let all = rows.iter().map(entry).collect::<Result<Vec<_>>>()?;
        Ok(page::finish(all, limit, total, |e| Cursor {
            list: LIST.into(),
            key: e.ran.ran_at.0.to_string(),
            id: e.id.to_string(),
        }))
    }

    /// Forgets all that a person ran; gives how many entries that were.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn forget_queries(&self, tenant: TenantId, person: Uuid) -> Result<u64> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query("DELETE FROM hunting_history WHERE tenant_id = $1 AND person = $2")
            .bind(tenant.0)
            .bind(person)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}
