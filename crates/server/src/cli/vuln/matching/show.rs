//! Findings as they are printed.

use std::collections::BTreeMap;

use anyhow::Result;
use palisade_types::TimeMicros;
use palisade_vuln::{Finding, Index, KernelState, Unassessed};
use serde_json::{Value, json};

use crate::cli::{Format, output};

const DAY: i64 = 86_400_000_000;

/// What was found, and what could not be judged.
#[derive(Default)]
pub struct Shown {
    pub findings: Vec<Finding>,
    pub unassessed: BTreeMap<(String, Unassessed), usize>,
}

fn age(finding: &Finding, now: TimeMicros) -> Option<i64> {
    finding.advisory.feed_as_of.map(|then| (now.0 - then.0).max(0) / DAY)
}

fn full(finding: &Finding, now: TimeMicros) -> Result<Value> {
    let mut value = serde_json::to_value(finding)?;
    value["feed_age_days"] = json!(age(finding, now));
    Ok(value)
}

/// Prints findings to standard output.
///
/// # Errors
/// If a finding cannot be written as JSON.
pub fn print(shown: &Shown, format: Format) -> Result<()> {
    let now = TimeMicros::now();
    match format {
        Format::Jsonl => {
            for finding in &shown.findings {
                output::line(&full(finding, now)?.to_string());
            }
        }
        Format::Json => {
            let findings: Result<Vec<Value>> = shown.findings.iter().map(|f| full(f, now)).collect();
            let unassessed: Vec<Value> = shown
                .unassessed
                .iter()
                .map(|((ecosystem, why), n)| json!({"ecosystem": ecosystem, "why": why, "packages": n}))
                .collect();
            let all = json!({"findings": findings?, "unassessed": unassessed});
            output::line(&serde_json::to_string_pretty(&all)?);
        }
        Format::Table | Format::Csv => {
            let rows: Vec<Vec<Value>> = shown.findings.iter().map(|f| row(f, now)).collect();
            output::rows(&COLUMNS.map(str::to_owned), &rows, format);
        }
    }
    Ok(())
}

const COLUMNS: [&str; 16] = [
    "vulnerability",
    "severity",
    "score",
    "package",
    "installed",
    "fix",
    "remedy",
    "running",
    "range",
    "matched",
    "advisory",
    "feed",
    "feed_age_days",
    "exploited",
    "epss",
    "path",
];

fn row(f: &Finding, now: TimeMicros) -> Vec<Value> {
    // A fix that needs something is no fix for those who do not have it.
    let remedy = match (&f.needs, &f.fixed_elsewhere) {
        (Some(needs), _) => json!(format!("needs {needs}")),
        (None, Some(version)) => json!(format!("none here, {version} elsewhere")),
        (None, None) => json!(f.remedy),
    };
    let running = match (f.presence.kernel, f.presence.running) {
        (Some(KernelState::InstalledOnly), _) => json!("kernel installed only"),
        (_, Some(running)) => json!(if running { "yes" } else { "no" }),
        (_, None) => Value::Null,
    };
    vec![
        json!(f.vulnerability),
        // Nobody said how bad it is: that is not a zero.
        json!(f.severity.as_ref().and_then(|s| s.rating).map_or("unknown", |r| r.as_str())),
        json!(f.severity.as_ref().and_then(|s| s.score)),
        json!(f.component.name),
        json!(f.component.version),
        json!(f.fix),
        remedy,
        running,
        json!(f.range),
        json!(format!("{} {}", f.matched_ecosystem, f.matched_name)),
        json!(f.advisory.id),
        json!(f.advisory.feed),
        json!(age(f, now)),
        json!(f.kev.is_some()),
        json!(f.epss.map(|e| e.score)),
        json!(f.presence.path),
    ]
}

/// Says on standard error what was judged by what.
pub fn summary(shown: &Shown, packages: usize, index: &Index, os: &(String, String)) {
    let mut distinct: Vec<&str> = shown.findings.iter().map(|f| f.vulnerability.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let sizes = index.sizes();
    output::note(&format!(
        "{packages} packages by {} advisories of {} feeds: {} findings, {} vulnerabilities",
        sizes.advisories,
        index.feeds().len(),
        shown.findings.len(),
        distinct.len()
    ));
    for ((ecosystem, why), n) in &shown.unassessed {
        let why = match why {
            Unassessed::NoFeed => "no feed is about them",
            Unassessed::ForeignOrigin => "somebody else than the distribution published them",
            Unassessed::NoGroup => "their group is not known",
            Unassessed::NoVersion => "they have no version",
            Unassessed::NoScheme => "the order of their versions is not known",
        };
        output::note(&format!("not judged: {n} packages of {ecosystem}: {why}"));
    }
    let end = index.end_of_life(&os.0, &os.1).and_then(|e| e.end);
    if let Some(end) = end {
        let over = end < TimeMicros::now();
        let day = end.to_rfc3339();
        let day = day.split('T').next().unwrap_or_default();
        output::note(&format!("{} {}: support {} {day}", os.0, os.1, if over { "ended" } else { "ends" }));
    }
}
