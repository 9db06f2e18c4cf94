//! Metering beside the reconciler: what triggers and projections wrote down becomes hours.
//!
//! Nothing is kept in memory but when to sweep next, so the process may end at any instant: what was
//! due is due for the next one, and every step done twice gives the same rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use palisade_estate::metering::Hour;
use palisade_estate::{MINUTE, SECOND};
use palisade_state::{Result, State};
use palisade_types::{TenantId, TimeMicros};

/// How often it looks for what is due.
const LOOK: Duration = Duration::from_secs(5);
/// The running hour is at most this old, microseconds.
const SWEEP: i64 = 5 * MINUTE;
/// Machines of one transaction.
const AT_ONCE: u32 = 500;
/// An hour that has ended is swept once more, a little later, for what was on its way.
const AFTER: i64 = 20 * SECOND;

/// What the metrics tell of it.
#[derive(Default)]
pub struct Counters {
    /// Hours that were written, changed or taken back.
    pub hours: AtomicU64,
    /// Steps that failed and are tried again.
    pub failures: AtomicU64,
}

/// The meter of one tenant.
#[derive(Debug, Default)]
pub struct Meter {
    swept: Option<TimeMicros>,
    closed: Option<Hour>,
}

impl Meter {
    /// Whether every machine's hours are to be looked at.
    fn wants_sweep(&self, now: TimeMicros) -> bool {
        self.swept.is_none_or(|at| {
            let hour = Hour::of(now);
            let settled = now >= hour.begins().plus_micros(AFTER);
            now.0.saturating_sub(at.0) >= SWEEP
                || (settled && at < hour.begins().plus_micros(AFTER))
                // The clock was set back: sweep rather than wait for it.
                || now < at
        })
    }

    /// Computes all that is due. Returns how many hours are different now.
    ///
    /// # Errors
    /// Those of the store; what was not done stays due.
    pub async fn flush(&mut self, state: &State, tenant: TenantId, now: TimeMicros) -> Result<u64> {
        if self.wants_sweep(now) {
            state.meter_sweep(tenant, now).await?;
            self.swept = Some(now);
        }
        if self.closed != Some(Hour::of(now)) {
            state.meter_close(tenant, now).await?;
            self.closed = Some(Hour::of(now));
        }
        let mut changed = 0;
        loop {
            let done = state.meter_step(tenant, AT_ONCE, now).await?;
            changed += done.changed;
            if !done.more {
                return Ok(changed);
            }
        }
    }
}

/// Meters every tenant of a region, for ever. A task of its own, so that a large estate's sweep never
/// delays what is decided about machines.
pub async fn run(state: State, region: String, counters: Arc<Counters>) {
    let mut meters: BTreeMap<TenantId, Meter> = BTreeMap::new();
    loop {
        match state.tenants().await {
            Ok(all) => {
                let here: Vec<TenantId> =
                    all.into_iter().filter(|t| t.region == region).map(|t| t.id).collect();
                meters.retain(|id, _| here.contains(id));
                for id in here {
                    let meter = meters.entry(id).or_default();
                    match meter.flush(&state, id, TimeMicros::now()).await {
                        Ok(hours) => {
                            counters.hours.fetch_add(hours, Ordering::Relaxed);
                        }
                        Err(e) => {
                            counters.failures.fetch_add(1, Ordering::Relaxed);
                            tracing::warn!(tenant = %id, error = %e, "the meter will try again");
                        }
                    }
                }
            }
            Err(e) => tracing::warn!(error = %e, "the meter cannot read tenants"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_estate::HOUR;

    #[test]
    fn a_sweep_comes_every_five_minutes_and_after_every_hour() {
        let hour = TimeMicros(472_222 * HOUR);
        let at = |micros| hour.plus_micros(micros);
        let meter = |swept| Meter { swept: Some(swept), closed: None };
        assert!(Meter::default().wants_sweep(hour), "at the start");
        assert!(!meter(at(2 * MINUTE)).wants_sweep(at(6 * MINUTE)));
        assert!(meter(at(2 * MINUTE)).wants_sweep(at(7 * MINUTE)));
        assert!(!meter(at(-SECOND)).wants_sweep(at(SECOND)), "what is on its way is waited for");
        assert!(meter(at(-SECOND)).wants_sweep(at(AFTER)));
        assert!(!meter(at(AFTER)).wants_sweep(at(AFTER + SECOND)));
        assert!(meter(at(HOUR)).wants_sweep(hour), "the clock was set back");
    }
}
