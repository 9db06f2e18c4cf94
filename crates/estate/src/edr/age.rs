use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A greater number of minutes is no age; 20 years.
const MOST_MINUTES: i64 = 20 * 366 * 1440;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// How old something is, in seconds, by what a product says of it: a number of minutes, an instant in
/// seconds or milliseconds since 1970, or a date. `None` if it is none of these, or lies ahead.
pub(super) fn seconds_old(value: &str, now: i64) -> Option<i64> {
    let age = match value.parse::<i64>() {
        Ok(ms) if ms >= 100_000_000_000 => now.checked_sub(ms / 1000)?,
        Ok(s) if s >= 1_000_000_000 => now.checked_sub(s)?,
        Ok(minutes) if minutes <= MOST_MINUTES => minutes.checked_mul(60)?,
        Ok(_) => return None,
        // A date has no zone: it counts from its end, so that nothing is called old too early.
        Err(_) => now.checked_sub(date(value)?.checked_add(DAY)?)?.max(0),
    };
    // A day of grace for clocks that differ.
    (age > -DAY).then_some(age)
}

/// The first date in a text, `2026-11-25` or `(20261125)`, as seconds since 1970.
fn date(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, len: usize| -> Option<i16> {
        let part = text.get(from..from + len)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let at = |y: i16, m: i16, d: i16| -> Option<i64> {
        let date = Date::new(y, i8::try_from(m).ok()?, i8::try_from(d).ok()?).ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
    };
    (0..bytes.len()).find_map(|i| {
        let dashed = bytes.get(i + 4) == Some(&b'-') && bytes.get(i + 7) == Some(&b'-');
        if dashed {
            return at(number(i, 4)?, number(i + 5, 2)?, number(i + 8, 2)?);
        }
        if bytes[i] == b'(' && bytes.get(i + 9) == Some(&b')') {
            return at(number(i + 1, 4)?, number(i + 5, 2)?, number(i + 7, 2)?);
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_764_072_000; // 2025-11-25 12:00 UTC

    #[test]
    fn ages_are_read_as_products_write_them() {
        assert_eq!(seconds_old("159", NOW), Some(159 * 60));
        assert_eq!(seconds_old(&(NOW - 90).to_string(), NOW), Some(90));
        assert_eq!(seconds_old(&((NOW - 90) * 1000).to_string(), NOW), Some(90));
        assert_eq!(seconds_old("2025-11-24 04:11:00", NOW), Some(DAY / 2));
        assert_eq!(seconds_old("2025-11-25 at 10:00", NOW), Some(0), "today is not old");
        assert_eq!(seconds_old("1234 (20251115) Detection engine", NOW), Some(9 * DAY + DAY / 2));
    }

    #[test]
    fn what_is_no_age_is_none() {
        for text in
            ["", "Never run", "2025-13-40", "(2025112)", "-9999999", "20251115", "é-2025", "((((((((("]
        {
            assert_eq!(seconds_old(text, NOW), None, "{text}");
        }
        assert_eq!(seconds_old("9223372036854775807", NOW), None, "an instant far ahead");
        assert_eq!(seconds_old(&(NOW + 2 * DAY).to_string(), NOW), None, "the clock is wrong");
        assert_eq!(seconds_old(&(NOW + 60).to_string(), NOW), Some(-60));
    }
}
