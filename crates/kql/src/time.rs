//! Datetimes and timespans as text: the forms that KQL reads and writes.

/// Ticks of 100 ns in a second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks in a day.
pub const TICKS_PER_DAY: i64 = 864_000_000_000;
/// Microseconds in a day.
pub const MICROS_PER_DAY: i64 = 86_400_000_000;
/// 0001-01-01 in microseconds since 1970.
pub const MIN_DATETIME: i64 = -62_135_596_800_000_000;
/// 9999-12-31T23:59:59.999999 in microseconds since 1970.
pub const MAX_DATETIME: i64 = 253_402_300_799_999_999;

/// Days since 1970-01-01 of a civil date (proleptic Gregorian).
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// (year, month, day) of a day number since 1970-01-01.
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// Days in a month.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Microseconds since 1970 of a civil instant; none when a part is out of range.
pub fn make_datetime(
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
) -> Option<i64> {
    let valid = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && day >= 1
        && day <= days_in_month(year, month)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second)
        && (0..1_000_000).contains(&micros);
    if !valid {
        return None;
    }
    Some(
        days_from_civil(year, month, day) * MICROS_PER_DAY
            + ((hour * 60 + minute) * 60 + second) * 1_000_000
            + micros,
    )
}

/// The parts of an instant: year, month, day, hour, minute, second, microsecond.
pub fn datetime_parts(micros: i64) -> (i64, i64, i64, i64, i64, i64, i64) {
    let (year, month, day) = civil_from_days(micros.div_euclid(MICROS_PER_DAY));
    let rest = micros.rem_euclid(MICROS_PER_DAY);
    let seconds = rest / 1_000_000;
    (year, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60, rest % 1_000_000)
}

/// RFC 3339 in UTC with six digits: `2026-11-23T10:00:00.000000Z`.
pub fn format_rfc3339(micros: i64) -> String {
    let (y, mo, d, h, mi, s, us) = datetime_parts(micros);
    format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{us:06}Z")
}

/// The text of `tostring(datetime)`: seven digits.
pub fn format_datetime(micros: i64) -> String {
    let (y, mo, d, h, mi, s, us) = datetime_parts(micros);
    format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{us:06}0Z")
}

/// The text of `tostring(timespan)`: `d.hh:mm:ss.fffffff`, days and fraction only when there.
pub fn format_timespan(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let t = ticks.unsigned_abs();
    let per_second = TICKS_PER_SECOND.unsigned_abs();
    let (days, rest) = (t / TICKS_PER_DAY.unsigned_abs(), t % TICKS_PER_DAY.unsigned_abs());
    let (seconds, fraction) = (rest / per_second, rest % per_second);
    let mut out = String::from(sign);
    if days > 0 {
        out.push_str(&format!("{days}."));
    }
    out.push_str(&format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    if fraction > 0 {
        out.push_str(&format!(".{fraction:07}"));
    }
    out
}

/// A cursor over the ASCII text of a date.
struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn eat(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn digits(&mut self, most: usize) -> Option<&'t str> {
        let n = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if n == 0 {
            return None;
        }
        let (taken, rest) = self.rest.split_at(n);
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self, most: usize) -> Option<i64> {
        self.digits(most)?.parse().ok()
    }

    fn word(&mut self) -> &'t str {
        let n = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (taken, rest) = self.rest.split_at(n);
        self.rest = rest;
        taken
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

/// Reads a datetime: ISO 8601, `m/d/y`, RFC 822 and 850 forms. UTC unless an offset is written.
pub fn parse_datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() || text.len() > 64 || !text.is_ascii() {
        return None;
    }
    let (year, month, day, rest) = date_part(text)?;
    let mut reader = Reader { rest };
    let _ = reader.eat('T') || reader.eat('t');
    reader.spaces();
    let (mut hour, mut minute, mut second, mut micros) = (0, 0, 0, 0);
    if reader.rest.starts_with(|c: char| c.is_ascii_digit()) {
        hour = reader.number(2)?;
        if !reader.eat(':') {
            return None;
        }
        minute = reader.number(2)?;
        if reader.eat(':') {
            second = reader.number(2)?;
            if reader.eat('.') || reader.eat(',') {
                let fraction = reader.digits(9)?;
                micros = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
            }
        }
        reader.spaces();
        let half = reader.rest.to_ascii_uppercase();
        if half.starts_with("AM") || half.starts_with("PM") {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if half.starts_with('P') { 12 } else { 0 };
            reader.rest = &reader.rest[2..];
            reader.spaces();
        }
    }
    let mut carry = 0;
    if (hour, minute, second, micros) == (24, 0, 0, 0) {
        hour = 0;
        carry = MICROS_PER_DAY;
    }
    let offset = zone(&mut reader)?;
    if !reader.rest.is_empty() {
        return None;
    }
    let at = make_datetime(year, month, day, hour, minute, second, micros)?;
    let at = at.checked_add(carry)?.checked_sub(offset * 60_000_000)?;
    (MIN_DATETIME..=MAX_DATETIME).contains(&at).then_some(at)
}

/// Offset east of UTC in minutes.
fn zone(reader: &mut Reader<'_>) -> Option<i64> {
    let sign = if reader.eat('+') {
        1
    } else if reader.eat('-') {
        -1
    } else {
        return match reader.word().to_ascii_uppercase().as_str() {
            "" | "Z" | "UTC" | "GMT" => Some(0),
            _ => None,
        };
    };
    let hours = reader.number(2)?;
    let _ = reader.eat(':');
    let minutes = reader.number(2).unwrap_or(0);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn date_part(text: &str) -> Option<(i64, i64, i64, &str)> {
    let mut reader = Reader { rest: text };
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        // "Sat, 8 Nov 14" or "Saturday, 08-Nov-14"
        reader.word();
        if !reader.eat(',') {
            return None;
        }
        reader.spaces();
    }
    let first = reader.digits(4)?;
    if first.len() == 4 {
        let year = first.parse().ok()?;
        let separator = if reader.eat('-') {
            '-'
        } else if reader.eat('/') {
            '/'
        } else if reader.eat('.') {
            '.'
        } else if reader.rest.is_empty() {
            return Some((year, 1, 1, ""));
        } else if let Some(month) = reader.number(2) {
            // 20240131
            return Some((year, month, reader.number(2)?, reader.rest));
        } else {
            return None;
        };
        let month = reader.number(2)?;
        let day = if reader.eat(separator) { reader.number(2)? } else { 1 };
        return Some((year, month, day, reader.rest));
    }
    let first: i64 = first.parse().ok()?;
    for separator in ['/', '-', '.'] {
        if reader.rest.starts_with(separator) && reader.rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            reader.eat(separator);
            let day = reader.number(2)?;
            if !reader.eat(separator) {
                return None;
            }
            let year = reader.number(4)?;
            // Month first, unless that cannot be a month.
            let (month, day) = if first > 12 { (day, first) } else { (first, day) };
            return Some((year, month, day, reader.rest));
        }
    }
    let _ = reader.eat('-') || reader.eat(' ');
    let month = month_number(reader.word())?;
    let _ = reader.eat('-') || reader.eat(' ');
    let digits = reader.digits(4)?;
    let year: i64 = digits.parse().ok()?;
    let year = if digits.len() <= 2 { year + if year < 50 { 2000 } else { 1900 } } else { year };
    Some((year, month, first, reader.rest))
}

fn month_number(name: &str) -> Option<i64> {
    let short = name.get(..3)?.to_ascii_lowercase();
    let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    names.iter().position(|n| *n == short).and_then(|p| i64::try_from(p + 1).ok())
}

/// Ticks of one unit of a timespan literal.
pub fn unit_ticks(unit: &str) -> Option<f64> {
    Some(match unit {
        "d" | "day" | "days" => 864e9,
        "h" | "hr" | "hrs" | "hour" | "hours" => 36e9,
        "m" | "min" | "minute" | "minutes" => 6e8,
        "s" | "sec" | "second" | "seconds" => 1e7,
        "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1e4,
        "micro" | "micros" | "microsecond" | "microseconds" => 10.0,
        "nano" | "nanos" | "nanosecond" | "nanoseconds" => 0.01,
        "tick" | "ticks" => 1.0,
        _ => return None,
    })
}

/// Ticks from a number of units, rounded; none when out of range.
pub fn ticks_from(number: &str, unit: &str) -> Option<i64> {
    let per = unit_ticks(unit)?;
    if let (Ok(whole), true) = (number.parse::<i64>(), per >= 1.0) {
        #[allow(clippy::cast_possible_truncation)]
        return whole.checked_mul(per as i64);
    }
    let ticks = (number.parse::<f64>().ok()? * per).round();
    #[allow(clippy::cast_possible_truncation)]
    (ticks.abs() < 9.2e18).then_some(ticks as i64)
}

/// Reads a timespan: `1.02:03:04.5`, `02:03:04`, `02:03`, `1d`, `2.5h`, or a number of days.
pub fn parse_timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() || text.len() > 64 || !text.is_ascii() {
        return None;
    }
    let (sign, body) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest.trim_start()),
        None => (1, text),
    };
    if let Some(at) = body.find(|c: char| c.is_ascii_alphabetic()) {
        let (number, unit) = body.split_at(at);
        return ticks_from(number.trim(), unit).map(|t| t * sign);
    }
    let mut reader = Reader { rest: body };
    let first = reader.number(10)?;
    let (days, hours) = if reader.rest.is_empty() {
        return first.checked_mul(TICKS_PER_DAY).map(|t| t * sign);
    } else if reader.eat('.') {
        let hours = reader.number(2)?;
        if reader.rest.is_empty() {
            // A plain real number of days.
            return ticks_from(body, "d").map(|t| t * sign);
        }
        (first, hours)
    } else {
        (0, first)
    };
    if !reader.eat(':') {
        return None;
    }
    let minutes = reader.number(2)?;
    let mut seconds = 0;
    let mut fraction = 0;
    if reader.eat(':') {
        seconds = reader.number(2)?;
        if reader.eat('.') {
            let digits = reader.digits(9)?;
            fraction = format!("{digits:0<7}").get(..7)?.parse().ok()?;
        }
    }
    if !reader.rest.is_empty() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let whole = ((hours * 60 + minutes) * 60 + seconds) * TICKS_PER_SECOND + fraction;
    days.checked_mul(TICKS_PER_DAY)?.checked_add(whole).map(|t| t * sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datetimes_in_many_forms_are_one_instant() {
        let at = parse_datetime("2014-11-08T15:05:02Z").unwrap();
        assert_eq!(format_rfc3339(at), "2014-11-08T15:05:02.000000Z");
        for text in [
            "2014-11-08 15:05:02",
            "Sat, 8 Nov 14 15:05:02 GMT",
            "8 Nov 2014 15:05:02",
            "11/08/2014 15:05:02",
            "2014-11-08T16:05:02+01:00",
            "11/8/2014 3:05:02 PM",
            "Saturday, 08-Nov-14 15:05:02 UTC",
        ] {
            assert_eq!(parse_datetime(text), Some(at), "{text}");
        }
        assert_eq!(parse_datetime("2014-02-30"), None);
        assert_eq!(format_rfc3339(parse_datetime("2014").unwrap()), "2014-01-01T00:00:00.000000Z");
    }

    #[test]
    fn civil_days_round_trip() {
        for days in (-719_162..2_932_896).step_by(997) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }

    #[test]
    fn timespans_read_and_write() {
        assert_eq!(parse_timespan("1.02:03:04.5"), Some(937_845_000_000));
        assert_eq!(format_timespan(937_845_000_000), "1.02:03:04.5000000");
        assert_eq!(parse_timespan("-00:00:01"), Some(-10_000_000));
        assert_eq!(format_timespan(-10_000_000), "-00:00:01");
        assert_eq!(parse_timespan("1.5h"), Some(54_000_000_000));
        assert_eq!(parse_timespan("25:00:00"), None);
        assert_eq!(parse_timespan("x"), None);
    }
}
