//! Tickets: what somebody is about to download, said first and fetched with a plain GET.

use palisade_types::TimeMicros;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::owner_key;
use crate::{Principal, Result, State, StateError, row};

/// How long a ticket is good, microseconds.
pub const TICKET_LIFE: i64 = 10 * 60 * 1_000_000;
/// Most tickets of one person that are good at once.
const MOST: i64 = 100;

/// What shall be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExportTicket {
    /// KQL.
    pub query: String,
    /// `csv`, `json`, `jsonl`, `parquet`.
    pub format: String,
    /// Most rows of the file.
    pub max_rows: u64,
    /// How long the query may run, milliseconds.
    pub deadline_ms: u64,
    /// The file's name.
    pub file_name: String,
}

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportTicket {
    /// Identifier.
    pub id: Uuid,
    /// What is downloaded with it.
    pub what: NewExportTicket,
    /// When it ends.
    pub expires_at: TimeMicros,
}

fn ticket(r: &PgRow) -> Result<ExportTicket> {
    let number = |column: &str| Ok::<_, StateError>(u64::try_from(r.try_get::<i64, _>(column)?).unwrap_or(0));
    Ok(ExportTicket {
        id: r.try_get("id")?,
        what: NewExportTicket {
            query: r.try_get("query")?,
            format: r.try_get("format")?,
            max_rows: number("max_rows")?,
            deadline_ms: number("deadline_ms")?,
            file_name: r.try_get("file_name")?,
        },
        expires_at: row::time(r, "expires_at")?,
    })
}

impl State {
    /// Makes a ticket for its maker; those of the tenant that have ended are forgotten.
    ///
    /// # Errors
    /// `too_many_exports` when the maker has a hundred that are good.
    pub async fn create_export_ticket(
        &self,
        maker: &Principal,
        new: NewExportTicket,
        now: TimeMicros,
    ) -> Result<ExportTicket> {
        let (tenant, owner) = (maker.tenant, owner_key(maker));
        let made = ExportTicket { id: Uuid::now_v7(), what: new, expires_at: now.plus_micros(TICKET_LIFE) };
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query("DELETE FROM hunting_export_tickets WHERE tenant_id = $1 AND expires_at <= $2")
            .bind(tenant.0)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        let there: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM hunting_export_tickets WHERE tenant_id = $1 AND owner = $2",
        )
        .bind(tenant.0)
        .bind(&owner)
        .fetch_one(&mut *tx)
        .await?;
        if there >= MOST {
            let message =
                format!("you have {MOST} exports that wait to be downloaded; they end by themselves");
            return Err(StateError::Rule { code: "too_many_exports", message });
        }
        sqlx::query(
            "INSERT INTO hunting_export_tickets (tenant_id, id, owner, query, format, max_rows, deadline_ms, file_name,
                 created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(tenant.0)
        .bind(made.id)
        .bind(&owner)
        .bind(&made.what.query)
        .bind(&made.what.format)
        .bind(i64::try_from(made.what.max_rows).unwrap_or(i64::MAX))
        .bind(i64::try_from(made.what.deadline_ms).unwrap_or(i64::MAX))
        .bind(&made.what.file_name)
        .bind(now.0)
        .bind(made.expires_at.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(made)
    }

    /// A ticket of its maker that is good still.
    ///
    /// # Errors
    /// `not_found`, also for somebody else's and for one that has ended.
    pub async fn export_ticket(&self, maker: &Principal, id: Uuid, now: TimeMicros) -> Result<ExportTicket> {
        let mut tx = self.tenant_tx(maker.tenant).await?;
        let found = sqlx::query(
            "SELECT id, query, format, max_rows, deadline_ms, file_name, expires_at FROM hunting_export_tickets
             WHERE tenant_id = $1 AND id = $2 AND owner = $3 AND expires_at > $4",
        )
        .bind(maker.tenant.0)
        .bind(id)
        .bind(owner_key(maker))
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        ticket(&found.ok_or(StateError::NotFound("export"))?)
    }
}
