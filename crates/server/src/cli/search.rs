//! `palisade search`: one name, address, user or hash over all that is known.

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::estate::text;
use super::{Format, output};
use crate::instance::Instance;

#[derive(Args)]
pub struct SearchArgs {
    /// The beginning of a name or of a part of it, an address or a range, a hash, a path, a user, an identifier.
    text: String,
    /// What to look through, separated by commas: devices, machines, subscriptions, connectors,
    /// device_groups, people, findings, vulnerabilities, software,
    /// recommendations, events [default: everything].
    #[arg(long)]
    parts: Option<String>,
    /// How many days of events are searched, 1 to 30.
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is printed of each part: its heading, its list in the answer, its columns.
const PARTS: [(&str, &str, &[&str]); 11] = [
    ("Devices", "devices", &["name", "health", "os", "ip_addresses", "by", "id"]),
    ("Machines", "machines", &["name", "status", "subscription", "os", "addresses", "by", "id"]),
    ("Subscriptions", "subscriptions", &["name", "kind", "id"]),
    ("Connectors", "connectors", &["name", "kind", "id"]),
    ("Device groups", "device_groups", &["name", "kind", "id"]),
    ("People", "people", &["name", "email", "role", "id"]),
    ("Health findings", "findings", &["code", "title", "machines"]),
    ("Vulnerabilities", "vulnerabilities", &["id", "severity", "exploited", "devices", "title"]),
    ("Software", "software", &["name", "vendor", "ecosystem", "weaknesses", "devices"]),
    (
        "Recommendations",
        "recommendations",
        &["remediation_type", "related_component", "recommended_version", "severity", "devices"],
    ),
    ("Events", "events", &["kind", "value", "events", "devices", "device", "last_seen"]),
];

/// Looks and prints; what gave no answer is told on standard error.
pub async fn run(instance: &Instance, args: SearchArgs) -> Result<()> {
    let mut asked = reqwest::Url::parse("https://localhost/")?;
    asked.query_pairs_mut().append_pair("q", &args.text).append_pair("days", &args.days.to_string());
    if let Some(parts) = &args.parts {
        asked.query_pairs_mut().append_pair("parts", parts);
    }
    let asked = asked.query().unwrap_or_default();
    let answer = Client::local(instance)?.get(&format!("/search?{asked}")).await?;
    if args.json {
        output::line(&serde_json::to_string_pretty(&answer)?);
        return Ok(());
    }
    let mut any = false;
    for (title, list, columns) in PARTS {
        let hits = answer[list].as_array().map(Vec::as_slice).unwrap_or_default();
        if hits.is_empty() {
            continue;
        }
        any = true;
        output::line(title);
        let names: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
        let rows: Vec<Vec<Value>> =
            hits.iter().map(|hit| columns.iter().map(|c| shown(&hit[*c])).collect()).collect();
        output::rows(&names, &rows, Format::Table);
        output::line("");
    }
    if !any {
        output::line("nothing was found");
    }
    for missing in answer["missing"].as_array().into_iter().flatten() {
        output::note(&format!(
            "{} are missing: {} ({})",
            text(&missing["part"]),
            text(&missing["message"]),
            text(&missing["code"])
        ));
    }
    Ok(())
}

/// A list as people read it.
fn shown(value: &Value) -> Value {
    match value.as_array() {
        Some(items) => items.iter().map(text).collect::<Vec<_>>().join(" ").into(),
        None => value.clone(),
    }
}
