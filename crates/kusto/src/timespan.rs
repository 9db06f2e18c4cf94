//! Durations and intervals as ISO 8601 writes them, in microseconds.

const DAY: i64 = 86_400_000_000;

/// The interval that a text means: `P30D` is the last thirty days; also `begin/end`, `begin/duration` and
/// `duration/end`. Microseconds since 1970, both ends included. None where it is no interval.
pub fn interval(text: &str, now_us: i64) -> Option<(i64, i64)> {
    let is_duration = |part: &str| part.starts_with(['P', 'p']);
    let (from, to) = match text.split_once('/') {
        None => (now_us.checked_sub(duration(text)?)?, now_us),
        Some((a, b)) => match (is_duration(a), is_duration(b)) {
            (false, false) => (instant(a)?, instant(b)?),
            (false, true) => {
                let from = instant(a)?;
                (from, from.checked_add(duration(b)?)?)
            }
            (true, false) => {
                let to = instant(b)?;
                (to.checked_sub(duration(a)?)?, to)
            }
            (true, true) => return None,
        },
    };
    (from <= to && from >= instant("0001-01-01")?).then_some((from, to))
}

/// `PnYnMnWnDTnHnMnS`, a year of 365 and a month of 30 days; the last number may have a fraction.
pub fn duration(text: &str) -> Option<i64> {
    let rest = text.strip_prefix(['P', 'p'])?;
    let mut total: i64 = 0;
    let (mut number, mut in_time, mut any) = (String::new(), false, false);
    for c in rest.chars() {
        match c.to_ascii_uppercase() {
            'T' if !in_time && number.is_empty() => in_time = true,
            c if c.is_ascii_digit() || c == '.' => {
                number.push(c);
                if number.len() > 18 {
                    return None;
                }
            }
            unit => {
                let per = match (unit, in_time) {
                    ('Y', false) => 365 * DAY,
                    ('M', false) => 30 * DAY,
                    ('W', false) => 7 * DAY,
                    ('D', false) => DAY,
                    ('H', true) => DAY / 24,
                    ('M', true) => 60_000_000,
                    ('S', true) => 1_000_000,
                    _ => return None,
                };
                total = total.checked_add(times(&number, per)?)?;
                number.clear();
                any = true;
            }
        }
    }
    (any && number.is_empty()).then_some(total)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn times(number: &str, per: i64) -> Option<i64> {
    if let Ok(whole) = number.parse::<i64>() {
        return whole.checked_mul(per);
    }
    let product = number.parse::<f64>().ok()? * per as f64;
    (product.is_finite() && product < 1e18).then_some(product.round() as i64)
}

/// `YYYY-MM-DD[THH:MM[:SS[.f]]][Z|±HH:MM]`; UTC where it says nothing.
fn instant(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, time),
        None => (text.trim_end_matches(['Z', 'z']), ""),
    };
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok().filter(|_| part.len() <= 4));
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Days since 1970 by the proleptic Gregorian calendar, years beginning in March.
    let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let (clock, zone) = zone(time)?;
    let mut at = days.checked_mul(DAY)?.checked_sub(zone)?;
    if !clock.is_empty() {
        let mut parts = clock.split(':');
        let whole =
            |part: Option<&str>, most: i64| part?.parse::<i64>().ok().filter(|n| (0..=most).contains(n));
        at += whole(parts.next(), 23)? * (DAY / 24) + whole(parts.next(), 59)? * 60_000_000;
        if let Some(seconds) = parts.next() {
            if !seconds.bytes().all(|b| b.is_ascii_digit() || b == b'.') || seconds.len() > 12 {
                return None;
            }
            at += times(seconds, 1_000_000).filter(|us| *us < 60_000_000)?;
        }
        if parts.next().is_some() {
            return None;
        }
    }
    Some(at)
}

/// The clock without its zone, and that zone's distance from UTC.
fn zone(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let (clock, zone) = time.split_at(at);
    let (hours, minutes) = zone.get(1..)?.split_once(':').unwrap_or((zone.get(1..)?, "0"));
    let distance = hours.parse::<i64>().ok().filter(|h| *h < 24)? * (DAY / 24)
        + minutes.parse::<i64>().ok().filter(|m| *m < 60)? * 60_000_000;
    Some((clock, if zone.starts_with('-') { -distance } else { distance }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, us) in [
            ("P1D", Some(DAY)),
            (
                "P1Y2M3W4DT5H6M7.5S",
                Some((365 + 60 + 21 + 4) * DAY + 5 * DAY / 24 + 6 * 60_000_000 + 7_500_000),
            ),
            ("PT0.5H", Some(DAY / 48)),
            ("p30d", Some(30 * DAY)),
            ("P", None),
            ("PT", None),
            ("P1", None),
            ("P1H", None),
            ("1D", None),
            ("P99999999999999999D", None),
            ("P-1D", None),
        ] {
            assert_eq!(duration(text), us, "{text}");
        }
    }

    #[test]
    fn intervals() {
        let day = |n: i64| n * DAY;
        assert_eq!(interval("P2D", day(10)), Some((day(8), day(10))));
        assert_eq!(interval("1970-01-02/1970-01-04", 0), Some((day(1), day(3))));
        assert_eq!(interval("1970-01-02T00:00:00Z/P1D", 0), Some((day(1), day(2))));
        assert_eq!(interval("P1D/1970-01-03T02:00:00+02:00", 0), Some((day(1), day(2))));
        assert_eq!(
            interval("2024-02-29T12:00:00.25Z/2024-03-01", 0).map(|(a, b)| b - a),
            Some(DAY / 2 - 250_000)
        );
        for bad in [
            "",
            "P1D/P1D",
            "1970-01-04/1970-01-02",
            "2023-02-29/P1D",
            "x/y",
            "P9999Y",
            "1970-13-01/P1D",
            "1970-01-01T25:00/P1D",
        ] {
            assert_eq!(interval(bad, 0), None, "{bad}");
        }
    }
}
