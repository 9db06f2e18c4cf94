//! When the server itself could hear devices: ingest says so every few seconds.

use palisade_types::TimeMicros;
use sqlx::{PgConnection, Row};

use crate::health::Hearing;
use crate::{Result, State};

/// Without a sign for this long, the server was down. Ingest gives one every 15 s.
const OUTAGE_US: i64 = 45_000_000;

impl State {
    /// Ingest says that it can hear devices; to be called at start and then every 15 s.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn mark_ingest_alive(&self, now: TimeMicros) -> Result<()> {
        sqlx::query(
            "INSERT INTO presence AS p (part, alive_at, down_from, down_to) VALUES ('ingest', $1, $1, $1)
             ON CONFLICT (part) DO UPDATE SET
                 down_from = CASE WHEN $1 - p.alive_at > $2 THEN p.alive_at ELSE p.down_from END,
                 down_to = CASE WHEN $1 - p.alive_at > $2 THEN $1 ELSE p.down_to END,
                 alive_at = greatest(p.alive_at, $1)",
        )
        .bind(now.0)
        .bind(OUTAGE_US)
        .execute(self.region())
        .await?;
        Ok(())
    }
}

/// The server's own hearing, as health needs it.
pub(crate) async fn hearing(tx: &mut PgConnection, now: TimeMicros) -> Result<Hearing> {
    let row = sqlx::query("SELECT alive_at, down_from, down_to FROM presence WHERE part = 'ingest'")
        .fetch_optional(tx)
        .await?;
    let Some(row) = row else { return Ok(Hearing { judged_at: now, ..Hearing::default() }) };
    let alive_at: i64 = row.try_get("alive_at")?;
    Ok(Hearing {
        judged_at: now.min(TimeMicros(alive_at.saturating_add(OUTAGE_US))),
        down_from: TimeMicros(row.try_get("down_from")?),
        down_to: TimeMicros(row.try_get("down_to")?),
    })
}
