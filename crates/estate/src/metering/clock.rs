use palisade_types::TimeMicros;

/// An instant that a sensor's own clock gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// By the sensor's clock.
    pub sensor_at: TimeMicros,
    /// The server's clock minus the sensor's as the sensor measured it, microseconds.
    pub offset: Option<i64>,
    /// When the server received it.
    pub received: TimeMicros,
    /// Enrolment: nothing was heard of the machine earlier.
    pub enrolled: TimeMicros,
}

/// The same instant by the server's clock, as well as it can be known. It is never after its
/// receipt and never before the enrolment: a clock that is a year ahead meters no year.
pub fn corrected(r: &Reading) -> TimeMicros {
    let at = r.sensor_at.plus_micros(r.offset.unwrap_or(0));
    at.max(r.enrolled).min(r.received)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DAY, HOUR};

    #[test]
    fn a_wrong_clock_is_corrected_and_bounded() {
        let now = TimeMicros(1_700_000_000_000_000);
        let enrolled = now.plus_micros(-DAY);
        let at = |sensor: i64, offset| {
            let sensor_at = now.plus_micros(sensor);
            corrected(&Reading { sensor_at, offset, received: now, enrolled }).0 - now.0
        };
        assert_eq!(at(-HOUR, None), -HOUR, "spooled for an hour");
        assert_eq!(at(HOUR, Some(-2 * HOUR)), -HOUR, "two hours ahead, and known to be");
        assert_eq!(at(365 * DAY, None), 0, "never later than its receipt");
        assert_eq!(at(-365 * DAY, None), -DAY, "never earlier than the enrolment");
        assert_eq!(at(i64::MAX / 2, Some(i64::MAX)), 0, "nothing overflows");
    }
}
