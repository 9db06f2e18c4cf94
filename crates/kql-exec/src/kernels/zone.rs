//! Time zones by their IANA names.

use chrono::{DateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use palisade_kql::time::{MAX_DATETIME, MIN_DATETIME};
use serde_json::json;

use super::convert::from_json;
use super::{RowFn, arg};
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "datetime_utc_to_local" => |_, a| shifted(a, |tz, at| at.checked_add(offset(tz, at)?)),
        "datetime_local_to_utc" => |_, a| shifted(a, to_utc),
        "datetime_list_timezones" => {
            |_, _| from_json(&json!(TZ_VARIANTS.iter().map(|tz| tz.name()).collect::<Vec<_>>()))
        }
        _ => return None,
    })
}

/// An unknown zone gives null.
fn shifted(a: &[V<'_>], shift: fn(Tz, i64) -> Option<i64>) -> V<'static> {
    let (Some(at), Ok(tz)) = (arg(a, 0).int(), arg(a, 1).text().parse::<Tz>()) else { return V::Null };
    let valid = |at: &i64| (MIN_DATETIME..=MAX_DATETIME).contains(at);
    shift(tz, at).filter(valid).map_or(V::Null, V::Int)
}

/// Microseconds that clocks there are ahead at an instant.
fn offset(tz: Tz, at: i64) -> Option<i64> {
    let naive = DateTime::from_timestamp_micros(at)?.naive_utc();
    Some(i64::from(tz.offset_from_utc_datetime(&naive).fix().local_minus_utc()) * 1_000_000)
}

/// Of two instants with the same local time it is the earlier one; a local time that clocks leap over
/// counts as if they had not leapt yet.
fn to_utc(tz: Tz, at: i64) -> Option<i64> {
    let naive = DateTime::from_timestamp_micros(at)?.naive_utc();
    let found = tz.offset_from_local_datetime(&naive).earliest();
    let found = found.or_else(|| {
        let before = naive.checked_sub_signed(TimeDelta::hours(3))?;
        tz.offset_from_local_datetime(&before).latest()
    })?;
    at.checked_sub(i64::from(found.fix().local_minus_utc()) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use palisade_kql::time::parse_datetime;

    use super::*;

    fn utc(zone: &str, local: &str) -> Option<i64> {
        to_utc(zone.parse().ok()?, parse_datetime(local)?)
    }

    #[test]
    fn summer_time_is_followed() {
        assert_eq!(utc("Europe/Berlin", "2026-01-15 12:00"), parse_datetime("2026-01-15 11:00"));
        assert_eq!(utc("Europe/Berlin", "2026-07-15 12:00"), parse_datetime("2026-07-15 10:00"));
        // 02:30 happens twice in October and not at all in March.
        assert_eq!(utc("Europe/Berlin", "2026-10-25 02:30"), parse_datetime("2026-10-25 00:30"));
        assert_eq!(utc("Europe/Berlin", "2026-03-29 02:30"), parse_datetime("2026-03-29 01:30"));
        assert_eq!(offset(Tz::US__Pacific, parse_datetime("2026-07-15").unwrap_or(0)), Some(-25_200_000_000));
    }
}
