//! Tables of `palisade feeds`.

use anyhow::Result;
use palisade_feeds::{Catalogue, Course, FeedHealth, Report, Schedule, alarms};
use serde_json::{Value, json};

use crate::cli::Format;
use crate::cli::output::{line, note, rows};

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

/// The catalogue as it is for this site.
pub fn list(catalogue: &Catalogue, format: Format) {
    let row = |feed: &palisade_feeds::Feed| {
        let state = match (feed.required, feed.enabled) {
            (true, true) => "must",
            (true, false) => "must, off",
            (false, true) => "on",
            (false, false) => "off",
        };
        vec![
            json!(feed.id),
            json!(state),
            json!(feed.title),
            json!(feed.serves.join(" ")),
            json!(feed.formats.join(" ")),
            json!(feed.sources.iter().map(|s| s.url.as_str()).collect::<Vec<_>>().join(" ")),
        ]
    };
    let all: Vec<Vec<Value>> = catalogue.feeds.iter().map(row).collect();
    rows(&columns(&["feed", "fetched", "title", "serves", "formats", "from"]), &all, format);
}

/// What became of feeds.
pub fn report(report: &Report, format: Format) {
    if format == Format::Json {
        line(&serde_json::to_string_pretty(&report.feeds).unwrap_or_default());
        return;
    }
    let names = columns(&["feed", "result", "code", "records", "faults", "new_bytes", "reason"]);
    let all: Vec<Vec<Value>> = report
        .feeds
        .iter()
        .map(|f| {
            vec![
                json!(f.feed),
                json!(f.verdict),
                json!(f.code),
                json!(f.records),
                json!(f.faults),
                json!(f.bytes),
                json!(f.reason),
            ]
        })
        .collect();
    rows(&names, &all, format);
    if format == Format::Table {
        // The table cuts long reasons; these are what somebody has to act on.
        for refused in report.feeds.iter().flat_map(|f| &f.refused) {
            let record =
                if refused.record.is_empty() { String::new() } else { format!("{}: ", refused.record) };
            note(&format!("{}: {}: {record}{}", refused.code, refused.file, refused.reason));
        }
    }
}

/// Whether and how feeds are fetched by themselves.
pub fn schedule(schedule: Option<Schedule>, course: &Course, format: Format) -> Result<()> {
    let course_of = schedule.filter(|s| course.ended.is_some_and(|at| at >= s.since)).map(|_| course);
    if format == Format::Json {
        let every = schedule.map(|s| s.every_hours);
        let whole =
            json!({"every_hours": every, "course": course_of, "stopped": course_of.map(Course::gave_up)});
        line(&serde_json::to_string_pretty(&whole)?);
        return Ok(());
    }
    let Some(schedule) = schedule else {
        line("feeds are not fetched by themselves; `palisade feeds schedule --every 6h` switches that on");
        return Ok(());
    };
    let hours = schedule.every_hours;
    line(&format!("feeds are fetched every {hours} hours while the product runs"));
    let minute = |t: Option<palisade_types::TimeMicros>| {
        t.map_or_else(|| "-".to_owned(), |t| t.to_rfc3339().get(..16).unwrap_or_default().to_owned())
    };
    let Some(course) = course_of else {
        line("not fetched yet");
        return Ok(());
    };
    line(&format!("last: {}, next: {}", minute(course.ended), minute(course.next)));
    if !course.reason.is_empty() {
        note(&format!("{} attempts in a row did not take everything: {}", course.failures, course.reason));
    }
    if course.gave_up() {
        note("it stopped, because nothing could be fetched; saying how often again begins anew");
    }
    Ok(())
}

/// How feeds are.
pub fn status(judged: &[FeedHealth], format: Format) -> Result<()> {
    if format == Format::Json {
        let whole = json!({"alarms": alarms(judged).count(), "feeds": judged});
        line(&serde_json::to_string_pretty(&whole)?);
        return Ok(());
    }
    let names = columns(&[
        "feed",
        "state",
        "must",
        "age_hours",
        "max_hours",
        "records",
        "minimum",
        "faults",
        "newest",
        "last_success",
        "reason",
    ]);
    let time = |t: Option<palisade_types::TimeMicros>| {
        // To the minute, which is what people look for.
        json!(t.map(|t| t.to_rfc3339().get(..16).unwrap_or_default().to_owned()))
    };
    let row = |h: &FeedHealth| {
        vec![
            json!(h.id),
            json!(h.state.as_str()),
            json!(if h.required { "yes" } else { "" }),
            json!(h.age_hours),
            json!(h.max_age_hours),
            json!(h.records),
            json!(h.minimum),
            json!(h.faults),
            time(h.newest),
            time(h.last_success),
            json!(h.reason),
        ]
    };
    rows(&names, &judged.iter().map(row).collect::<Vec<_>>(), format);
    let count = alarms(judged).count();
    if count > 0 && format == Format::Table {
        note(&format!("{count} feeds that must be well are not"));
    }
    Ok(())
}
