//! Datetimes and timespans.

use super::{DATETIME, DYNAMIC, Function, INT, L, LONG, P, R, S, STRING, T, TIMESPAN, f, keep, opt};

/// The functions of this theme.
pub const TIME: &[Function] = &[
    keep(opt(1, f("startofday", &[T, L], DATETIME))),
    opt(1, f("startofweek", &[T, L], DATETIME)),
    opt(1, f("startofmonth", &[T, L], DATETIME)),
    opt(1, f("startofyear", &[T, L], DATETIME)),
    opt(1, f("endofday", &[T, L], DATETIME)),
    opt(1, f("endofweek", &[T, L], DATETIME)),
    opt(1, f("endofmonth", &[T, L], DATETIME)),
    opt(1, f("endofyear", &[T, L], DATETIME)),
    f("hourofday", &[T], INT),
    f("dayofweek", &[T], TIMESPAN),
    f("dayofmonth", &[T], INT),
    f("dayofyear", &[T], INT),
    f("monthofyear", &[T], INT),
    f("getyear", &[T], INT),
    f("week_of_year", &[T], INT),
    f("datetime_part", &[S, T], INT),
    f("datetime_diff", &[S, T, T], LONG),
    f("datetime_add", &[S, L, T], DATETIME),
    keep(f("format_datetime", &[T, S], STRING)),
    keep(f("format_timespan", &[P, S], STRING)),
    opt(3, f("make_datetime", &[L, L, L, L, L, R], DATETIME)),
    opt(2, f("make_timespan", &[L, L, R], TIMESPAN)),
    f("make_timespan_days", &[L, L, L, R], TIMESPAN),
    f("unixtime_seconds_todatetime", &[R], DATETIME),
    f("unixtime_milliseconds_todatetime", &[R], DATETIME),
    f("unixtime_microseconds_todatetime", &[R], DATETIME),
    f("unixtime_nanoseconds_todatetime", &[R], DATETIME),
    f("datetime_utc_to_local", &[T, S], DATETIME),
    f("datetime_local_to_utc", &[T, S], DATETIME),
    f("datetime_list_timezones", &[], DYNAMIC),
];
