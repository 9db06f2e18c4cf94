//! When updates may begin.

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Hours of the week in which updates may begin. What has begun goes on after its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Days on which it opens, 0 (Monday) to 6 (Sunday).
    pub weekdays: Vec<u8>,
    /// When it opens, `22:00`.
    pub start: String,
    /// How long it is open, minutes, 1 to 1440; it may reach into the next day.
    pub minutes: u16,
    /// What is to be added to UTC to have the clock that is meant, minutes, -840 to 840.
    #[serde(default)]
    pub timezone_offset_minutes: i16,
}

/// Why a window is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WindowError {
    /// No day, or one that is none.
    #[error("weekdays must name one to seven days, 0 (Monday) to 6 (Sunday)")]
    Weekdays,
    /// No hour and minute.
    #[error("start must be an hour and a minute, such as 22:00")]
    Start,
    /// Too short or too long.
    #[error("minutes must be 1 to 1440")]
    Minutes,
    /// No such time zone.
    #[error("timezone_offset_minutes must be -840 to 840")]
    Offset,
}

impl Window {
    /// Whether it makes sense.
    ///
    /// # Errors
    /// What does not.
    pub fn check(&self) -> Result<(), WindowError> {
        if self.weekdays.is_empty() || self.weekdays.len() > 7 || self.weekdays.iter().any(|d| *d > 6) {
            return Err(WindowError::Weekdays);
        }
        self.start_minute().ok_or(WindowError::Start)?;
        if !(1..=1440).contains(&self.minutes) {
            return Err(WindowError::Minutes);
        }
        if !(-840..=840).contains(&self.timezone_offset_minutes) {
            return Err(WindowError::Offset);
        }
        Ok(())
    }

    fn start_minute(&self) -> Option<i64> {
        let (hour, minute) = self.start.split_once(':')?;
        let two = |s: &str, below: i64| {
            let digits = s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| s.parse::<i64>().ok()).flatten().filter(|n| *n < below)
        };
        Some(two(hour, 24)? * 60 + two(minute, 60)?)
    }

    /// When it opened or opens on the day that lies `days` after that of `now`, by its own clock.
    fn opening(&self, now: TimeMicros, days: i64) -> Option<TimeMicros> {
        let offset = i64::from(self.timezone_offset_minutes) * MINUTE;
        let day = now.0.checked_add(offset)?.div_euclid(DAY).checked_add(days)?;
        // 1970-01-01 was a Thursday, the fourth day of a week that begins with 0.
        let weekday = u8::try_from((day + 3).rem_euclid(7)).ok()?;
        if !self.weekdays.contains(&weekday) {
            return None;
        }
        let local = day.checked_mul(DAY)?.checked_add(self.start_minute()? * MINUTE)?;
        Some(TimeMicros(local.checked_sub(offset)?))
    }

    /// Whether updates may begin now.
    pub fn is_open(&self, now: TimeMicros) -> bool {
        // One that opened yesterday may reach into today.
        (-1..=0).any(|days| {
            self.opening(now, days)
                .is_some_and(|at| at <= now && now < at.plus_micros(i64::from(self.minutes) * MINUTE))
        })
    }

    /// When it opens next.
    pub fn opens_after(&self, now: TimeMicros) -> Option<TimeMicros> {
        (0..=7).find_map(|days| self.opening(now, days).filter(|at| *at > now))
    }
}
