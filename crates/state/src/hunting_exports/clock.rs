//! When an export by the clock is due.

use palisade_types::TimeMicros;

use crate::{Result, StateError};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How often an export is made, and when; all of it UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportClock {
    /// Every hour at this minute.
    Hour {
        /// 0 to 59.
        minute: u8,
    },
    /// Every day at this time.
    Day {
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
    /// Every week on this day at this time.
    Week {
        /// 1, a Monday, to 7.
        weekday: u8,
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
}

impl ExportClock {
    /// Reads it as the contract has it.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn read(every: &str, minute: u8, hour: Option<u8>, weekday: Option<u8>) -> Result<Self> {
        let bad = |text: &str| Err(StateError::InvalidArgument(text.into()));
        if minute > 59 {
            return bad("at_minute must be 0 to 59");
        }
        if hour.is_some_and(|h| h > 23) {
            return bad("at_hour must be 0 to 23");
        }
        if weekday.is_some_and(|d| !(1..=7).contains(&d)) {
            return bad("on_weekday must be 1, a Monday, to 7");
        }
        match (every, hour, weekday) {
            ("hour", None, None) => Ok(Self::Hour { minute }),
            ("day", Some(hour), None) => Ok(Self::Day { hour, minute }),
            ("week", Some(hour), Some(weekday)) => Ok(Self::Week { weekday, hour, minute }),
            ("hour", ..) => bad("every hour has no at_hour and no on_weekday"),
            ("day", ..) => bad("every day has an at_hour and no on_weekday"),
            ("week", ..) => bad("every week has an at_hour and an on_weekday"),
            _ => bad("every must be hour, day or week"),
        }
    }

    /// `hour`, `day` or `week`.
    pub fn every(self) -> &'static str {
        match self {
            Self::Hour { .. } => "hour",
            Self::Day { .. } => "day",
            Self::Week { .. } => "week",
        }
    }

    /// The minute, the hour, the day of the week.
    pub fn at(self) -> (u8, Option<u8>, Option<u8>) {
        match self {
            Self::Hour { minute } => (minute, None, None),
            Self::Day { hour, minute } => (minute, Some(hour), None),
            Self::Week { weekday, hour, minute } => (minute, Some(hour), Some(weekday)),
        }
    }

    /// The first time that it is due after an instant.
    pub fn next(self, after: TimeMicros) -> TimeMicros {
        let (minute, hour, weekday) = self.at();
        let offset = i64::from(minute) * MINUTE + i64::from(hour.unwrap_or(0)) * HOUR;
        let (period, offset) = match (self, weekday) {
            (Self::Hour { .. }, _) => (HOUR, offset),
            (_, None) => (DAY, offset),
            // The first of January 1970 was a Thursday, so Monday of its week was three days before.
            (_, Some(day)) => (7 * DAY, offset + (i64::from(day) - 1 - 3) * DAY),
        };
        let gone = (after.0 - offset).div_euclid(period);
        TimeMicros((gone + 1) * period + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(clock: ExportClock, after: &str) -> String {
        clock.next(after.parse().expect("an instant")).to_rfc3339()
    }

    #[test]
    fn the_next_time_is_after_now_and_where_it_was_asked_for() {
        let hour = ExportClock::Hour { minute: 15 };
        assert_eq!(next(hour, "2026-11-29T15:14:59.999999Z"), "2026-11-29T15:15:00.000000Z");
        assert_eq!(next(hour, "2026-11-29T15:15:00.000000Z"), "2026-11-29T16:15:00.000000Z");
        let day = ExportClock::Day { hour: 6, minute: 30 };
        assert_eq!(next(day, "2026-12-31T06:30:00.000000Z"), "2027-01-01T06:30:00.000000Z");
        // The 29th of November 2026 is a Sunday.
        let monday = ExportClock::Week { weekday: 1, hour: 0, minute: 0 };
        assert_eq!(next(monday, "2026-11-29T15:00:00.000000Z"), "2026-11-30T00:00:00.000000Z");
        let sunday = ExportClock::Week { weekday: 7, hour: 14, minute: 0 };
        assert_eq!(next(sunday, "2026-11-29T15:00:00.000000Z"), "2026-12-06T14:00:00.000000Z");
        assert_eq!(next(sunday, "1969-12-31T00:00:00.000000Z"), "1970-01-04T14:00:00.000000Z");
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (every, minute, hour, weekday) in [
            ("hour", 60, None, None),
            ("hour", 0, Some(1), None),
            ("day", 0, None, None),
            ("day", 0, Some(24), None),
            ("day", 0, Some(1), Some(1)),
            ("week", 0, Some(1), None),
            ("week", 0, Some(1), Some(0)),
            ("week", 0, Some(1), Some(8)),
            ("month", 0, Some(1), None),
        ] {
            assert!(ExportClock::read(every, minute, hour, weekday).is_err(), "{every} {hour:?} {weekday:?}");
        }
        let week = ExportClock::read("week", 5, Some(6), Some(7)).expect("good");
        assert_eq!((week.every(), week.at()), ("week", (5, Some(6), Some(7))));
    }
}
