//! On which feeds the last assessment rested.

use palisade_types::{TenantId, TimeMicros};
use sqlx::Row;

use crate::{Result, State, row};

/// A feed of advisories or of what is known about vulnerabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedState {
    /// Its name.
    pub feed: String,
    /// Its name for people.
    pub title: String,
    /// `ok`, `old`, `empty`, `never`, `failing`.
    pub state: String,
    /// Records in use.
    pub records: u64,
    /// When it was last fetched.
    pub fetched_at: Option<TimeMicros>,
    /// When fetching it last failed.
    pub failed_at: Option<TimeMicros>,
    /// Why; empty where it did not.
    pub failure: String,
    /// Whether nothing is known about some device's packages without it.
    pub required: bool,
    /// When this was written.
    pub changed_at: TimeMicros,
}

impl FeedState {
    /// Whether something has to be done about it: what it would tell is missing from every list.
    pub fn alarms(&self) -> bool {
        self.state != "ok" && (self.required || self.state != "never")
    }
}

impl State {
    /// Feeds and how they stand; the worst first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn feed_states(&self, tenant: TenantId) -> Result<Vec<FeedState>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT feed, title, state, records, fetched_at, failed_at, failure, required, changed_at
             FROM feed_states WHERE tenant_id = $1 ORDER BY state = 'ok', NOT required, title, feed",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let feed = |r: &sqlx::postgres::PgRow| {
            Ok(FeedState {
                feed: r.try_get("feed")?,
                title: r.try_get("title")?,
                state: r.try_get("state")?,
                records: u64::try_from(r.try_get::<i64, _>("records")?).unwrap_or(0),
                fetched_at: row::time_opt(r, "fetched_at")?,
                failed_at: row::time_opt(r, "failed_at")?,
                failure: r.try_get("failure")?,
                required: r.try_get("required")?,
                changed_at: row::time(r, "changed_at")?,
            })
        };
        rows.iter().map(feed).collect()
    }
}
