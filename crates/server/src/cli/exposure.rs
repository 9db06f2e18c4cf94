//! `palisade vulnerabilities`, `software`, `recommendations`, `exposure`: what the server knows, on the command
//! line.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::{Format, output};
use crate::instance::Instance;

/// Rows that are asked for at once.
const PAGE: u32 = 1000;

/// What lists have in common.
#[derive(Args)]
pub struct ListArgs {
    /// Only what contains this text.
    #[arg(long)]
    search: Option<String>,
    /// Only of one device, by its identifier; not for software.
    #[arg(long)]
    device: Option<String>,
    /// Only of these severities, separated by commas: critical, high, medium, low, none, unknown; not for
    /// software.
    #[arg(long)]
    severity: Option<String>,
    /// Only with something that CISA knows to be exploited.
    #[arg(long)]
    exploited: bool,
    /// At most so many rows; all when absent.
    #[arg(long)]
    limit: Option<usize>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Which list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum List {
    Vulnerabilities,
    Software,
    Recommendations,
}

impl List {
    fn path(self) -> &'static str {
        match self {
            Self::Vulnerabilities => "vulnerabilities",
            Self::Software => "software",
            Self::Recommendations => "recommendations",
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Vulnerabilities => &[
                "id",
                "severity",
                "cvss",
                "epss",
                "exploited",
                "exposed_devices",
                "running_devices",
                "updates",
                "software",
            ],
            Self::Software => &[
                "name",
                "ecosystem",
                "versions",
                "installed_devices",
                "exposed_devices",
                "weaknesses",
                "severity",
                "exploited",
                "covered",
                "id",
            ],
            Self::Recommendations => &[
                "remediation_type",
                "related_component",
                "recommended_version",
                "severity",
                "exploited",
                "weaknesses",
                "exposed_devices",
                "exposure_impact",
                "status",
                "id",
            ],
        }
    }
}

/// Reads a list to its end, or to its limit.
pub(super) async fn all(
    client: &Client,
    path: &str,
    asked: &[(&str, String)],
    most: Option<usize>,
) -> Result<Vec<Value>> {
    let most = most.unwrap_or(usize::MAX);
    let mut rows: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut url = reqwest::Url::parse("https://localhost/")?;
        let page = most.saturating_sub(rows.len()).min(PAGE as usize).max(1);
        url.query_pairs_mut().append_pair("limit", &page.to_string());
        for (name, value) in asked {
            url.query_pairs_mut().append_pair(name, value);
        }
        if let Some(cursor) = &cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let mut answer = client.get(&format!("/{path}?{}", url.query().unwrap_or_default())).await?;
        if let Value::Array(items) = answer["items"].take() {
            rows.extend(items);
        }
        cursor = answer["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() || rows.len() >= most {
            rows.truncate(most);
            return Ok(rows);
        }
    }
}

/// A number as people read it; programs get all of its digits.
fn short(value: Value, format: Format) -> Value {
    match value.as_f64().filter(|_| value.is_f64() && matches!(format, Format::Table)) {
        Some(number) => json!((number * 1_000.0).round() / 1_000.0),
        None => value,
    }
}

/// Prints columns of items.
pub(super) fn print(columns: &[&str], items: &[Value], format: Format) {
    let names: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    let cell = |item: &Value, column: &str| match column.split('.').fold(item, |at, part| &at[part]) {
        Value::Array(list) => {
            json!(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        other => other.clone(),
    };
    let row = |item: &Value| columns.iter().map(|c| short(cell(item, c), format)).collect();
    let rows: Vec<Vec<Value>> = items.iter().map(row).collect();
    output::rows(&names, &rows, format);
}

/// Says on standard error what a reader of an empty list has to know.
async fn warn(client: &Client) -> Result<()> {
    let feeds = client.get("/vulnerability-feeds").await?;
    let feeds = feeds["items"].as_array().cloned().unwrap_or_default();
    if feeds.is_empty() {
        output::note(
            "no feed of vulnerabilities is there: an empty list is no clean bill (palisade feeds sync)",
        );
    }
    let word = |feed: &Value, name: &str| feed[name].as_str().unwrap_or_default().to_owned();
    let alarms: Vec<String> = feeds
        .iter()
        .filter(|f| f["alarm"] == true)
        .map(|f| format!("{} ({})", word(f, "id"), word(f, "state")))
        .collect();
    if !alarms.is_empty() {
        let names = alarms.join(", ");
        output::note(&format!(
            "{} feeds are not current, and what they would tell is missing here: {names}",
            alarms.len()
        ));
    }
    Ok(())
}

/// Prints findings that were reported as wrong, a line of JSON each, as the matcher's tests read them.
pub async fn cases(instance: &Instance) -> Result<()> {
    let client = Client::local(instance)?;
    let cases = client.get("/vulnerability-cases").await?;
    for case in cases["items"].as_array().into_iter().flatten() {
        output::line(&case.to_string());
    }
    Ok(())
}

/// Prints a list.
pub async fn list(instance: &Instance, which: List, args: ListArgs) -> Result<()> {
    let client = Client::local(instance)?;
    let mut asked: Vec<(&str, String)> = Vec::new();
    let texts = [("search", &args.search), ("device", &args.device), ("severity", &args.severity)];
    for (name, value) in texts {
        if let Some(value) = value {
            asked.push((name, value.clone()));
        }
    }
    if args.exploited {
        asked.push(("exploited", "true".to_owned()));
    }
    let items = all(&client, which.path(), &asked, args.limit).await?;
    print(which.columns(), &items, args.format);
    warn(&client).await
}

#[derive(Args)]
pub struct ExposureArgs {
    /// At most so many devices, the most exposed first.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Prints the exposure of the organisation, and of the most exposed devices.
pub async fn exposure(instance: &Instance, args: ExposureArgs) -> Result<()> {
    let client = Client::local(instance)?;
    let score = client.get("/exposure-score").await?;
    let devices = all(&client, "exposure-score/devices", &[], Some(args.limit)).await?;
    let columns = [
        "device.name",
        "device.exposure",
        "unfixable",
        "vulnerabilities.critical",
        "vulnerabilities.high",
        "exploited",
        "software",
        "uncovered",
        "assessed_at",
    ];
    print(&columns, &devices, args.format);
    let number = |value: &Value| value.as_f64().map_or_else(|| "unknown".to_owned(), |n| format!("{n:.1}"));
    output::note(&format!(
        "exposure {} of 100 (lower is better), {} of it without an update; {} devices judged, {} not",
        number(&score["score"]),
        number(&score["unfixable"]),
        score["devices"],
        score["unassessed_devices"]
    ));
    warn(&client).await
}
