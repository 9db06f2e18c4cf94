//! Slowing down whoever guesses: per user in the database, over all strangers in this process.
//!
//! An attempt is counted before its password is checked and taken back when it succeeds, so that
//! parallel attempts cannot slip through together. Addresses that are no user are counted too.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use palisade_types::{TenantId, TimeMicros};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::policy::{AuthPolicy, micros};
use crate::{Result, State, StateError, secrets};

/// A token bucket over all users of this process.
pub(crate) struct GlobalBucket {
    level: Mutex<(f64, Instant)>,
    burst: f64,
    per_second: f64,
}

impl GlobalBucket {
    pub(crate) fn new(burst: u32, per_second: f64) -> Self {
        Self { level: Mutex::new((f64::from(burst), Instant::now())), burst: f64::from(burst), per_second }
    }

    /// Takes one token, or says how long to wait for it.
    pub(crate) fn take(&self) -> Result<()> {
        let mut level = self.level.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Instant::now();
        let refilled = level.0 + now.duration_since(level.1).as_secs_f64() * self.per_second;
        *level = (refilled.min(self.burst), now);
        if level.0 >= 1.0 {
            level.0 -= 1.0;
            return Ok(());
        }
        let wait = if self.per_second > 0.0 { (1.0 - level.0) / self.per_second } else { 60.0 };
        Err(StateError::SignInThrottled { retry_after: Duration::from_secs_f64(wait.clamp(1.0, 3600.0)) })
    }

    /// Gives a token back after a success.
    pub(crate) fn give_back(&self) {
        let mut level = self.level.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        level.0 = (level.0 + 1.0).min(self.burst);
    }
}

/// How long to wait after that many failures in a row.
fn wait_after(policy: &AuthPolicy, failures: i32) -> Duration {
    let over = u32::try_from(failures).unwrap_or(0).saturating_sub(policy.free_failures);
    if over == 0 {
        return Duration::ZERO;
    }
    policy.first_wait.saturating_mul(1 << (over - 1).min(16)).min(policy.longest_wait)
}

/// Whose failures are counted together: those of strangers at one address, or those of one known
/// client.
pub(crate) fn subject(email: &str, known: Option<Uuid>) -> Subject {
    match known {
        None => secrets::sha256(email.as_bytes()),
        // An address holds no line break, so neither can be taken for the other.
        Some(client) => secrets::sha256(format!("{email}\n{client}").as_bytes()),
    }
}

/// A hash, so that the table does not tell who has an account.
pub(crate) type Subject = [u8; 32];

impl State {
    /// Counts an attempt as failed until [`clear_attempts`] or [`take_back`] undoes it.
    pub(crate) async fn count_attempt(
        &self,
        tenant: TenantId,
        subject: &Subject,
        now: TimeMicros,
    ) -> Result<()> {
        let policy = self.auth();
        let mut tx = self.tenant_tx(tenant).await?;
        // Old counts go here, so that guessing names cannot fill the table.
        sqlx::query("DELETE FROM sign_in_throttle WHERE last_at < $1 AND blocked_until < $2")
            .bind(now.0.saturating_sub(micros(policy.failure_memory)))
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        let row = sqlx::query(
            "INSERT INTO sign_in_throttle AS t (tenant_id, subject, failures, last_at, blocked_until)
             VALUES ($1, $2, 1, $3, 0)
             ON CONFLICT (tenant_id, subject) DO UPDATE SET
                 failures = CASE WHEN t.blocked_until > $3 THEN t.failures ELSE t.failures + 1 END, last_at = $3
             RETURNING failures, blocked_until",
        )
        .bind(tenant.0)
        .bind(&subject[..])
        .bind(now.0)
        .fetch_one(&mut *tx)
        .await?;
        let blocked_until: i64 = row.try_get("blocked_until")?;
        if blocked_until > now.0 {
            tx.rollback().await?;
            let left = u64::try_from(blocked_until - now.0).unwrap_or(0);
            return Err(StateError::SignInThrottled { retry_after: Duration::from_micros(left) });
        }
        let wait = wait_after(policy, row.try_get("failures")?);
        if !wait.is_zero() {
            sqlx::query(
                "UPDATE sign_in_throttle SET blocked_until = $3 WHERE tenant_id = $1 AND subject = $2",
            )
            .bind(tenant.0)
            .bind(&subject[..])
            .bind(now.plus_micros(micros(wait)).0)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Forgets the failures of someone who has just signed in.
pub(crate) async fn clear_attempts(tx: &mut PgConnection, tenant: TenantId, subject: &Subject) -> Result<()> {
    sqlx::query("DELETE FROM sign_in_throttle WHERE tenant_id = $1 AND subject = $2")
        .bind(tenant.0)
        .bind(&subject[..])
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes one counted attempt back, and no other: the password was right, the code is still to come.
/// Forgetting the earlier ones here would let someone who knows the password guess codes for ever.
pub(crate) async fn take_back(tx: &mut PgConnection, tenant: TenantId, subject: &Subject) -> Result<()> {
    sqlx::query(
        "UPDATE sign_in_throttle SET failures = greatest(failures - 1, 0), blocked_until = 0
         WHERE tenant_id = $1 AND subject = $2",
    )
    .bind(tenant.0)
    .bind(&subject[..])
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_bound() {
        let policy = AuthPolicy::default();
        let waits: Vec<u64> = (4..16).map(|n| wait_after(&policy, n).as_secs()).collect();
        assert_eq!(waits, [0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300, 300]);
    }

    #[test]
    fn the_bucket_empties_and_takes_back() {
        let bucket = GlobalBucket::new(2, 0.0);
        assert!(bucket.take().is_ok());
        assert!(bucket.take().is_ok());
        let refused = bucket.take().expect_err("empty");
        assert_eq!(
            (refused.code(), refused.retry_after()),
            ("sign_in_throttled", Some(Duration::from_secs(60)))
        );
        bucket.give_back();
        assert!(bucket.take().is_ok());
    }
}
