//! Tables of `palisade feeds`.

use anyhow::Result;
use palisade_feeds::{Catalogue, FeedHealth, Report, alarms};
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
