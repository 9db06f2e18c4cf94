use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::SECOND;

/// When the server itself could hear machines, so that its own outage is held against nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// The present.
    pub now: TimeMicros,
    /// The last instant at which the server could hear.
    pub heard_until: TimeMicros,
    /// The beginning of its last outage.
    pub down_from: TimeMicros,
    /// The end of its last outage.
    pub down_to: TimeMicros,
}

impl Listening {
    /// The server always listened.
    pub fn always(now: TimeMicros) -> Self {
        Self { now, heard_until: now, down_from: TimeMicros(0), down_to: TimeMicros(0) }
    }

    /// Whether it cannot hear now: then nothing is judged.
    pub fn is_down(&self) -> bool {
        self.heard_until < self.now
    }

    /// The instant at which to judge.
    pub fn judged_at(&self) -> TimeMicros {
        self.heard_until.min(self.now)
    }

    /// How long something lasted that the server could have noticed, microseconds.
    pub fn elapsed(&self, since: TimeMicros) -> i64 {
        let outage = if since < self.down_to {
            self.down_to.min(self.judged_at()).0.saturating_sub(self.down_from.max(since).0).max(0)
        } else {
            0
        };
        self.judged_at().0.saturating_sub(since.0).saturating_sub(outage)
    }
}

/// A length of time for people: the two largest units, such as `3 h 20 min`.
pub(crate) fn human(micros: i64) -> String {
    let s = micros.max(0) / SECOND;
    let pick = |big: i64, big_name: &str, small: i64, small_name: &str| match small {
        0 => format!("{big} {big_name}"),
        _ => format!("{big} {big_name} {small} {small_name}"),
    };
    match s {
        0..60 => format!("{s} s"),
        60..3600 => pick(s / 60, "min", s % 60, "s"),
        3600..86400 => pick(s / 3600, "h", s % 3600 / 60, "min"),
        _ => pick(s / 86400, "d", s % 86400 / 3600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DAY, HOUR, MINUTE};

    #[test]
    fn an_outage_does_not_count() {
        let at = |minute: i64| TimeMicros(minute * MINUTE);
        let l = Listening { down_from: at(10), down_to: at(70), ..Listening::always(at(75)) };
        assert_eq!(l.elapsed(at(8)), 7 * MINUTE, "two before it, five after it");
        assert_eq!(l.elapsed(at(30)), 5 * MINUTE, "heard within it: spooled and sent later");
        assert_eq!(l.elapsed(at(72)), 3 * MINUTE);
        assert!(!l.is_down());
        let down = Listening { heard_until: at(10), ..Listening::always(at(500)) };
        assert!(down.is_down());
        assert_eq!(down.elapsed(at(8)), 2 * MINUTE);
    }

    #[test]
    fn a_length_is_readable() {
        let texts = [0, MINUTE - 1, 90 * SECOND, HOUR, 200 * MINUTE, 8 * DAY + 3 * HOUR, -5].map(human);
        assert_eq!(texts, ["0 s", "59 s", "1 min 30 s", "1 h", "3 h 20 min", "8 d 3 h", "0 s"]);
    }
}
