//! Fetching by itself: how often, when next, and how it went. Off unless somebody switches it on.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::code::{At, Code, FeedError};
use crate::site::Site;
use crate::store::Store;
use crate::sync::{Progress, SyncOptions, Verdict, sync};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
/// The first wait after an attempt that did not take everything; each further one doubles it.
const FIRST_WAIT: i64 = 5 * MINUTE;
/// After so many attempts in a row that took nothing at all it stops: this site has no way out.
const GIVE_UP: u32 = 30;
/// Largest file that is read here, bytes.
const MAX_FILE: u64 = 64 << 10;

/// How often feeds are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Hours between two attempts that went well, 1 to 168.
    pub every_hours: u32,
    /// Since when it holds.
    pub since: TimeMicros,
}

/// How fetching by itself goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// When the last attempt began.
    pub began: Option<TimeMicros>,
    /// When it ended.
    pub ended: Option<TimeMicros>,
    /// What it did not take; empty if it took everything.
    pub reason: String,
    /// Attempts in a row that did not take everything.
    pub failures: u32,
    /// Of these, attempts in a row that took nothing at all.
    pub vain: u32,
    /// When the next one is; none if there is none.
    pub next: Option<TimeMicros>,
}

impl FromStr for Schedule {
    type Err = FeedError;

    /// `6h`, `1d`; `off` is no schedule.
    fn from_str(text: &str) -> Result<Self, FeedError> {
        let bad = || FeedError::new(Code::BadConfig, text, "write 1h to 168h, or 1d to 7d");
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(bad)?;
        let number: u32 = number.parse().map_err(|_| bad())?;
        let hours = match unit {
            "h" => Some(number),
            "d" => number.checked_mul(24),
            _ => None,
        };
        let every_hours = hours.filter(|h| (1..=168).contains(h)).ok_or_else(bad)?;
        Ok(Self { every_hours, since: TimeMicros::now() })
    }
}

impl Schedule {
    /// Where an instance has it. The folder is not the one that the feeds are in: who fetches must not say how often.
    pub fn file(home: &Path) -> PathBuf {
        home.join("feeds-schedule.json")
    }

    /// Reads it; nothing if it is off.
    ///
    /// # Errors
    /// `io`, `bad_config`.
    pub fn load(home: &Path) -> Result<Option<Self>, FeedError> {
        let path = Self::file(home);
        let Some(text) = read(&path)? else { return Ok(None) };
        let bad = |e| FeedError::new(Code::BadConfig, path.display().to_string(), e);
        let schedule: Self = serde_json::from_str(&text).map_err(bad)?;
        if !(1..=168).contains(&schedule.every_hours) {
            return Err(FeedError::new(
                Code::BadConfig,
                path.display().to_string(),
                "every_hours is 1 to 168",
            ));
        }
        Ok(Some(schedule))
    }

    fn micros(self) -> i64 {
        i64::from(self.every_hours) * HOUR
    }
}

impl Course {
    /// What is known of it.
    ///
    /// # Errors
    /// `io`. What cannot be understood is as nothing: fetching begins anew.
    pub fn load(store: &Store) -> Result<Self, FeedError> {
        let text = read(&store.course_file())?.unwrap_or_default();
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    fn save(&self, store: &Store) -> Result<(), FeedError> {
        let path = store.course_file();
        let text = serde_json::to_vec(self).map_err(|e| FeedError::new(Code::Io, "course", e))?;
        store.put(&path, (None, None), |out: &mut dyn Write| out.write_all(&text))
    }

    /// Whether it stopped, because nothing could ever be fetched.
    pub fn gave_up(&self) -> bool {
        self.vain >= GIVE_UP
    }

    /// When the next attempt is by a schedule; nothing if there is none. `spread`, 0 to 1, keeps sites from all asking
    /// in the same minute.
    pub fn due(&self, schedule: Schedule, spread: f64) -> Option<TimeMicros> {
        let Some(ended) = self.ended.filter(|ended| *ended >= schedule.since) else {
            // It was switched on since.
            return Some(schedule.since);
        };
        if self.gave_up() {
            return None;
        }
        let every = schedule.micros();
        let wait = match self.failures {
            0 => every,
            n => FIRST_WAIT.saturating_mul(1 << (n - 1).min(20)).min(every),
        };
        // A tenth of the wait; no clock is finer than that needs.
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
        let late = (wait as f64 / 10.0 * spread.clamp(0.0, 1.0)) as i64;
        Some(ended.plus_micros(wait.saturating_add(late)))
    }
}

/// Fetches if it is time; answers how that went, or nothing if it was not.
///
/// # Errors
/// What kept it from writing down how it went, and `busy` where somebody else fetches at the moment.
pub async fn turn(
    store: &Store,
    home: &Path,
    progress: &dyn Progress,
    now: TimeMicros,
) -> Result<Option<Course>, FeedError> {
    let Some(schedule) = Schedule::load(home)? else { return Ok(None) };
    let before = Course::load(store)?;
    let fresh = before.ended.is_none_or(|ended| ended < schedule.since);
    let next = if fresh { before.due(schedule, 0.0) } else { before.next.or(before.due(schedule, 1.0)) };
    if next.is_none_or(|next| next > now) || (!fresh && before.gave_up()) {
        return Ok(None);
    }
    let done = fetch(store, progress).await;
    let (reason, took) = match done {
        Ok(outcome) => outcome,
        Err(e) if e.code == Code::Busy => return Err(e),
        Err(e) => (e.to_string(), false),
    };
    let good = reason.is_empty();
    let (failures, vain) = if fresh { (0, 0) } else { (before.failures, before.vain) };
    let mut course = Course {
        began: Some(now),
        ended: Some(TimeMicros::now().max(now)),
        failures: if good { 0 } else { failures.saturating_add(1) },
        vain: if took { 0 } else { vain.saturating_add(1) },
        reason,
        next: None,
    };
    course.next = course.due(schedule, spread()?);
    course.save(store)?;
    Ok(Some(course))
}

/// What was not taken, and whether anything was confirmed or taken.
async fn fetch(store: &Store, progress: &dyn Progress) -> Result<(String, bool), FeedError> {
    let site = Site::load(&store.site_file())?;
    let catalogue = site.apply(Catalogue::built_in())?;
    let report = sync(store, &catalogue, &site, &SyncOptions::default(), progress).await?;
    let took = report.feeds.iter().any(|f| f.verdict != Verdict::Failed);
    let bad: Vec<_> =
        report.feeds.iter().filter(|f| matches!(f.verdict, Verdict::Failed | Verdict::Partial)).collect();
    let reason = bad.first().map_or_else(String::new, |first| {
        format!(
            "{} of {} feeds were not taken whole: {}: {}",
            bad.len(),
            report.feeds.len(),
            first.feed,
            first.reason
        )
    });
    Ok((reason, took))
}

fn spread() -> Result<f64, FeedError> {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_err(|e| FeedError::new(Code::Io, "random numbers", e))?;
    Ok(f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX))
}

fn read(path: &Path) -> Result<Option<String>, FeedError> {
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(FeedError::io(path, &e)),
        Ok(meta) if meta.len() > MAX_FILE => {
            return Err(FeedError::new(Code::BadConfig, path.display().to_string(), "it is too large"));
        }
        Ok(_) => {}
    }
    std::fs::read_to_string(path).map(Some).at(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> TimeMicros {
        TimeMicros(hours * HOUR)
    }

    #[test]
    fn how_often_is_said_in_hours_or_days() {
        let hours = |text: &str| text.parse::<Schedule>().map(|s| s.every_hours).ok();
        assert_eq!((hours("6h"), hours("7d"), hours("168h")), (Some(6), Some(168), Some(168)));
        for bad in ["", "h", "0h", "8d", "169h", "6", "6m", "-1h", "999999999d", "six"] {
            assert_eq!(hours(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_next_attempt_is_soon_after_one_that_failed_and_never_more_often_than_that() {
        let schedule = Schedule { every_hours: 6, since: at(100) };
        let course = |failures, vain| Course { ended: Some(at(101)), failures, vain, ..Course::default() };
        assert_eq!(Course::default().due(schedule, 0.5), Some(at(100)), "at once when it was switched on");
        assert_eq!(course(0, 0).due(schedule, 0.0), Some(at(107)));
        assert_eq!(course(0, 0).due(schedule, 1.0), Some(at(107).plus_micros(6 * HOUR / 10)));
        let waits: Vec<i64> = (1..12)
            .map(|n| (course(n, 0).due(schedule, 0.0).expect("there is one").0 - at(101).0) / MINUTE)
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 360, 360, 360, 360]);
        // A site without a way out does not try for ever; switching it on again begins anew.
        assert_eq!(course(40, GIVE_UP).due(schedule, 0.0), None);
        assert!(course(40, GIVE_UP).due(Schedule { since: at(102), ..schedule }, 0.0).is_some());
    }
}
