//! When the server itself could hear devices: ingest and the projections say so every few seconds.

use palisade_types::TimeMicros;
use sqlx::{PgConnection, Row};

use crate::health::Hearing;
use crate::{Result, State};

/// Without a sign for this long, the server was down. Each part gives one every 15 s.
const OUTAGE_US: i64 = 45_000_000;

/// Two outages with less than this between them are one: devices had no time to come back.
const BETWEEN_US: i64 = 5 * 60_000_000;

impl State {
    /// Ingest says that it can hear devices; to be called at start and then every 15 s.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn mark_ingest_alive(&self, now: TimeMicros) -> Result<()> {
        sqlx::query(
            "INSERT INTO presence AS p (part, alive_at, down_from, down_to) VALUES ('ingest', $1, $1, $1)
             ON CONFLICT (part) DO UPDATE SET
                 down_from = CASE
                     WHEN $1 - p.alive_at <= $2 THEN p.down_from
                     WHEN p.down_to > p.down_from AND p.alive_at - p.down_to < $3 THEN p.down_from
                     ELSE p.alive_at END,
                 down_to = CASE WHEN $1 - p.alive_at > $2 THEN $1 ELSE p.down_to END,
                 alive_at = greatest(p.alive_at, $1)",
        )
        .bind(now.0)
        .bind(OUTAGE_US)
        .bind(BETWEEN_US)
        .execute(self.region())
        .await?;
        Ok(())
    }

    /// The projections say up to when they have written what devices sent; to be called every 15 s.
    /// While they lag, devices are judged as of then.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn mark_projected(&self, up_to: TimeMicros) -> Result<()> {
        sqlx::query(
            "INSERT INTO presence AS p (part, alive_at, down_from, down_to) VALUES ('projections', $1, $1, $1)
             ON CONFLICT (part) DO UPDATE SET alive_at = greatest(p.alive_at, $1)",
        )
        .bind(up_to.0)
        .execute(self.region())
        .await?;
        Ok(())
    }
}

/// The server's own hearing, as health needs it.
pub(crate) async fn hearing(tx: &mut PgConnection, now: TimeMicros) -> Result<Hearing> {
    let rows = sqlx::query("SELECT part, alive_at, down_from, down_to FROM presence").fetch_all(tx).await?;
    let mut hearing = Hearing { judged_at: now, ..Hearing::default() };
    for row in rows {
        let alive_at: i64 = row.try_get("alive_at")?;
        // Neither what ingest could not hear nor what nobody has read yet is a device's silence.
        hearing.judged_at = hearing.judged_at.min(TimeMicros(alive_at.saturating_add(OUTAGE_US)));
        if row.try_get::<&str, _>("part")? == "ingest" {
            hearing.down_from = TimeMicros(row.try_get("down_from")?);
            hearing.down_to = TimeMicros(row.try_get("down_to")?);
        }
    }
    Ok(hearing)
}
