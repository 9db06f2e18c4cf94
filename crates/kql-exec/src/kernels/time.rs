//! Datetimes and timespans.

use palisade_kql::Type;
use palisade_kql::time::{
    MAX_DATETIME, MICROS_PER_DAY, MIN_DATETIME, TICKS_PER_DAY, TICKS_PER_SECOND, civil_from_days,
    datetime_parts, days_from_civil, days_in_month, make_datetime,
};

use super::number::bin_integer;
use super::{Call, RowFn, arg};
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "startofday" => |_, a| edge(a, Unit::Day, false),
        "startofweek" => |_, a| edge(a, Unit::Week, false),
        "startofmonth" => |_, a| edge(a, Unit::Month, false),
        "startofyear" => |_, a| edge(a, Unit::Year, false),
        "endofday" => |_, a| edge(a, Unit::Day, true),
        "endofweek" => |_, a| edge(a, Unit::Week, true),
        "endofmonth" => |_, a| edge(a, Unit::Month, true),
        "endofyear" => |_, a| edge(a, Unit::Year, true),
        "hourofday" => |_, a| part(a, |p| p.3),
        "dayofmonth" => |_, a| part(a, |p| p.2),
        "monthofyear" => |_, a| part(a, |p| p.1),
        "getyear" => |_, a| part(a, |p| p.0),
        "dayofweek" => |_, a| arg(a, 0).int().map_or(V::Null, |at| V::Int(weekday(at) * TICKS_PER_DAY)),
        "dayofyear" => |_, a| arg(a, 0).int().map_or(V::Null, |at| V::Int(day_of_year(at))),
        "week_of_year" => |_, a| arg(a, 0).int().map_or(V::Null, |at| V::Int(iso_week(at))),
        "datetime_part" => |_, a| match arg(a, 1).int() {
            Some(at) => datetime_part(arg(a, 0).text(), at).map_or(V::Null, V::Int),
            None => V::Null,
        },
        "datetime_diff" => |_, a| match (arg(a, 1).int(), arg(a, 2).int()) {
            (Some(x), Some(y)) => datetime_diff(arg(a, 0).text(), x, y).map_or(V::Null, V::Int),
            _ => V::Null,
        },
        "datetime_add" => |_, a| match (arg(a, 1).int(), arg(a, 2).int()) {
            (Some(n), Some(at)) => {
                datetime_add(arg(a, 0).text(), n, at).and_then(valid).map_or(V::Null, V::Int)
            }
            _ => V::Null,
        },
        "format_datetime" => |_, a| match arg(a, 0).int() {
            Some(at) => V::string(format_parts(&Parts::of_datetime(at), arg(a, 1).text())),
            None => V::string(""),
        },
        "format_timespan" => |_, a| match arg(a, 0).int() {
            Some(ticks) => V::string(format_parts(&Parts::of_timespan(ticks), arg(a, 1).text())),
            None => V::string(""),
        },
        "make_datetime" => make,
        "make_timespan" => |_, a| make_timespan(a, 0),
        "make_timespan_days" => |_, a| make_timespan(a, 1),
        "unixtime_seconds_todatetime" => |_, a| from_unix(a, 1e6),
        "unixtime_milliseconds_todatetime" => |_, a| from_unix(a, 1e3),
        "unixtime_microseconds_todatetime" => |_, a| from_unix(a, 1.0),
        "unixtime_nanoseconds_todatetime" => |_, a| from_unix(a, 1e-3),
        "__bin_datetime" => |_, a| bin_datetime(arg(a, 0), arg(a, 1), MIN_DATETIME),
        "__bin_at_datetime" => |_, a| match arg(a, 2).int() {
            Some(origin) => bin_datetime(arg(a, 0), arg(a, 1), origin),
            None => V::Null,
        },
        "__bin_timespan" => |_, a| bin_timespan(a, Some(0)),
        "__bin_at_timespan" => |_, a| bin_timespan(a, arg(a, 2).int()),
        "__time_add" => |c, a| add(c, a, 1),
        "__time_subtract" => |c, a| add(c, a, -1),
        "__time_modulo" => |_, a| match (arg(a, 0).int(), arg(a, 1).int()) {
            (Some(at), Some(step)) => {
                let ticks = at.checked_sub(MIN_DATETIME).and_then(|n| n.checked_mul(10));
                ticks.and_then(|n| n.checked_rem_euclid(step)).map_or(V::Null, V::Int)
            }
            _ => V::Null,
        },
        "__time_multiply" => |_, a| match (arg(a, 0).int(), arg(a, 1)) {
            (Some(x), V::Int(y)) => x.checked_mul(*y).map_or(V::Null, V::Int),
            (Some(x), V::Real(y)) => rounded(ticks(x) * y),
            _ => V::Null,
        },
        "__time_divide" => |c, a| match (arg(a, 0).int(), arg(a, 1)) {
            (Some(x), V::Int(y)) if c.returns == Type::Real => V::Real(ticks(x) / ticks(*y)),
            (Some(x), V::Int(y)) => x.checked_div(*y).map_or(V::Null, V::Int),
            (Some(x), V::Real(y)) => rounded(ticks(x) / y),
            _ => V::Null,
        },
        _ => return None,
    })
}

#[allow(clippy::cast_precision_loss)]
fn ticks(n: i64) -> f64 {
    n as f64
}

fn rounded(n: f64) -> V<'static> {
    #[allow(clippy::cast_possible_truncation)]
    if n.abs() < 9.2e18 { V::Int(n.round() as i64) } else { V::Null }
}

fn valid(at: i64) -> Option<i64> {
    (MIN_DATETIME..=MAX_DATETIME).contains(&at).then_some(at)
}

/// `datetime ± timespan`, `datetime - datetime`, `timespan ± timespan`.
fn add(call: &Call<'_>, a: &[V<'_>], sign: i64) -> V<'static> {
    let (Some(x), Some(y)) = (arg(a, 0).int(), arg(a, 1).int()) else { return V::Null };
    let outcome = match (call.ty(0), call.ty(1)) {
        (Type::Datetime, Type::Datetime) => x.checked_sub(y).and_then(|d| d.checked_mul(10)),
        (Type::Datetime, _) => x.checked_add(sign * y.div_euclid(10)).and_then(valid),
        (_, Type::Datetime) => y.checked_add(x.div_euclid(10)).and_then(valid),
        _ => x.checked_add(sign * y),
    };
    outcome.map_or(V::Null, V::Int)
}

fn bin_datetime(value: &V<'_>, step: &V<'_>, origin: i64) -> V<'static> {
    let (Some(at), Some(step)) = (value.int(), step.int()) else { return V::Null };
    if step < 10 {
        return if step > 0 { V::Int(at) } else { V::Null };
    }
    bin_integer(at, step / 10, origin).and_then(valid).map_or(V::Null, V::Int)
}

fn bin_timespan(a: &[V<'_>], origin: Option<i64>) -> V<'static> {
    match (arg(a, 0).int(), arg(a, 1).int(), origin) {
        (Some(n), Some(step), Some(origin)) => bin_integer(n, step, origin).map_or(V::Null, V::Int),
        _ => V::Null,
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// Sunday is 0.
pub(super) fn weekday(at: i64) -> i64 {
    (at.div_euclid(MICROS_PER_DAY) + 4).rem_euclid(7)
}

fn edge(a: &[V<'_>], unit: Unit, end: bool) -> V<'static> {
    let Some(at) = arg(a, 0).int() else { return V::Null };
    let offset = if a.len() > 1 { arg(a, 1).int().unwrap_or(0) } else { 0 };
    let offset = offset.clamp(-4_000_000, 4_000_000) + i64::from(end);
    let days = at.div_euclid(MICROS_PER_DAY);
    let (year, month, _) = civil_from_days(days);
    let start = match unit {
        Unit::Day => days + offset,
        Unit::Week => days - weekday(at) + offset * 7,
        Unit::Month => {
            let months = year * 12 + month - 1 + offset;
            days_from_civil(months.div_euclid(12), months.rem_euclid(12) + 1, 1)
        }
        Unit::Year => days_from_civil(year + offset, 1, 1),
    };
    // The end is the last microsecond before the next start.
    valid(start * MICROS_PER_DAY - i64::from(end)).map_or(V::Null, V::Int)
}

type DateParts = (i64, i64, i64, i64, i64, i64, i64);

fn part(a: &[V<'_>], pick: fn(DateParts) -> i64) -> V<'static> {
    arg(a, 0).int().map_or(V::Null, |at| V::Int(pick(datetime_parts(at))))
}

fn day_of_year(at: i64) -> i64 {
    let days = at.div_euclid(MICROS_PER_DAY);
    days - days_from_civil(civil_from_days(days).0, 1, 1) + 1
}

fn iso_week(at: i64) -> i64 {
    let days = at.div_euclid(MICROS_PER_DAY);
    let monday_based = (weekday(at) + 6).rem_euclid(7);
    // The week belongs to the year of its Thursday.
    let thursday = days - monday_based + 3;
    let year = civil_from_days(thursday).0;
    (thursday - days_from_civil(year, 1, 1)) / 7 + 1
}

fn unit_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "week_of_year" | "weekofyear" => "week".to_owned(),
        _ => lower.trim_end_matches('s').to_owned(),
    }
}

fn datetime_part(unit: &str, at: i64) -> Option<i64> {
    let (year, month, day, hour, minute, second, micros) = datetime_parts(at);
    Some(match unit_name(unit).as_str() {
        "year" => year,
        "quarter" => (month - 1) / 3 + 1,
        "month" => month,
        "week" => iso_week(at),
        "day" => day,
        "dayofyear" => day_of_year(at),
        "hour" => hour,
        "minute" => minute,
        "second" => second,
        "millisecond" => micros / 1000,
        "microsecond" => micros,
        "nanosecond" => micros * 1000,
        _ => return None,
    })
}

/// Boundaries of the unit between two instants.
fn datetime_diff(unit: &str, x: i64, y: i64) -> Option<i64> {
    let (px, py) = (datetime_parts(x), datetime_parts(y));
    let steps = |size: i64| x.div_euclid(size) - y.div_euclid(size);
    Some(match unit_name(unit).as_str() {
        "year" => px.0 - py.0,
        "quarter" => (px.0 * 4 + (px.1 - 1) / 3) - (py.0 * 4 + (py.1 - 1) / 3),
        "month" => (px.0 * 12 + px.1) - (py.0 * 12 + py.1),
        "week" => {
            let week = |at: i64| (at.div_euclid(MICROS_PER_DAY) + 4).div_euclid(7);
            week(x) - week(y)
        }
        "day" => steps(MICROS_PER_DAY),
        "hour" => steps(3_600_000_000),
        "minute" => steps(60_000_000),
        "second" => steps(1_000_000),
        "millisecond" => steps(1000),
        "microsecond" => x - y,
        "nanosecond" => (x - y).checked_mul(1000)?,
        _ => return None,
    })
}

fn datetime_add(unit: &str, n: i64, at: i64) -> Option<i64> {
    let months = |count: i64| {
        let (year, month, day, ..) = datetime_parts(at);
        let total = (year * 12 + month - 1).checked_add(count)?;
        let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
        if !(1..=9999).contains(&year) {
            return None;
        }
        let day = day.min(days_in_month(year, month));
        Some(days_from_civil(year, month, day) * MICROS_PER_DAY + at.rem_euclid(MICROS_PER_DAY))
    };
    let plus = |size: i64| n.checked_mul(size).and_then(|d| at.checked_add(d));
    match unit_name(unit).as_str() {
        "year" => months(n.checked_mul(12)?),
        "quarter" => months(n.checked_mul(3)?),
        "month" => months(n),
        "week" => plus(7 * MICROS_PER_DAY),
        "day" => plus(MICROS_PER_DAY),
        "hour" => plus(3_600_000_000),
        "minute" => plus(60_000_000),
        "second" => plus(1_000_000),
        "millisecond" => plus(1000),
        "microsecond" => plus(1),
        "nanosecond" => at.checked_add(n.div_euclid(1000)),
        _ => None,
    }
}

/// What a format string can show.
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    ticks: i64,
}

impl Parts {
    fn of_datetime(at: i64) -> Self {
        let (year, month, day, hour, minute, second, micros) = datetime_parts(at);
        Self { year, month, day, hour, minute, second, ticks: micros * 10 }
    }

    fn of_timespan(ticks: i64) -> Self {
        let t = ticks.checked_abs().unwrap_or(i64::MAX);
        let seconds = t / TICKS_PER_SECOND;
        Self {
            year: 0,
            month: 0,
            day: seconds / 86_400,
            hour: seconds / 3600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            ticks: t % TICKS_PER_SECOND,
        }
    }
}

fn format_parts(parts: &Parts, format: &str) -> String {
    let chars: Vec<char> = format.chars().take(256).collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let run = chars[at..].iter().take_while(|x| **x == c).count();
        let half = if parts.hour < 12 { "AM" } else { "PM" };
        let width = run;
        match c {
            'y' if run <= 2 => out.push_str(&format!("{:0width$}", parts.year % 100)),
            'y' => out.push_str(&format!("{:0width$}", parts.year)),
            'M' => out.push_str(&format!("{:0width$}", parts.month)),
            'd' => out.push_str(&format!("{:0width$}", parts.day)),
            'H' => out.push_str(&format!("{:0width$}", parts.hour)),
            'h' => out.push_str(&format!("{:0width$}", (parts.hour + 11) % 12 + 1)),
            'm' => out.push_str(&format!("{:0width$}", parts.minute)),
            's' => out.push_str(&format!("{:0width$}", parts.second)),
            'f' => out.push_str(&format!("{:07}", parts.ticks)[..run.min(7)]),
            'F' => out.push_str(format!("{:07}", parts.ticks)[..run.min(7)].trim_end_matches('0')),
            't' => out.push_str(half),
            _ => out.extend(std::iter::repeat_n(c, run)),
        }
        at += run;
    }
    out
}

fn make(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let part = |at: usize, default: i64| if a.len() > at { arg(a, at).int() } else { Some(default) };
    let (Some(year), Some(month), Some(day), Some(hour), Some(minute)) =
        (part(0, 1), part(1, 1), part(2, 1), part(3, 0), part(4, 0))
    else {
        return V::Null;
    };
    let seconds = if a.len() > 5 { arg(a, 5).real() } else { Some(0.0) };
    let Some(seconds) = seconds.filter(|s| (0.0..60.0).contains(s)) else { return V::Null };
    #[allow(clippy::cast_possible_truncation)]
    let micros = (seconds * 1e6).round() as i64;
    make_datetime(year, month, day, hour, minute, micros / 1_000_000, micros % 1_000_000)
        .map_or(V::Null, V::Int)
}

fn make_timespan(a: &[V<'_>], first: usize) -> V<'static> {
    let days = if first == 1 { arg(a, 0).int() } else { Some(0) };
    let seconds = if a.len() > first + 2 { arg(a, first + 2).real() } else { Some(0.0) };
    match (days, arg(a, first).int(), arg(a, first + 1).int(), seconds) {
        (Some(d), Some(h), Some(m), Some(s))
            if d >= 0 && (0..24).contains(&h) && (0..60).contains(&m) && (0.0..60.0).contains(&s) =>
        {
            #[allow(clippy::cast_possible_truncation)]
            let fraction = (s * 1e7).round() as i64;
            let whole = d.checked_mul(TICKS_PER_DAY);
            whole
                .and_then(|w| w.checked_add((h * 60 + m) * 60 * TICKS_PER_SECOND + fraction))
                .map_or(V::Null, V::Int)
        }
        _ => V::Null,
    }
}

fn from_unix(a: &[V<'_>], scale: f64) -> V<'static> {
    let Some(n) = arg(a, 0).real() else { return V::Null };
    match rounded(n * scale) {
        V::Int(at) => valid(at).map_or(V::Null, V::Int),
        _ => V::Null,
    }
}
