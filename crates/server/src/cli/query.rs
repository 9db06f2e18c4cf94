use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::{Format, output};
use crate::instance::Instance;

#[derive(Args)]
pub struct QueryArgs {
    /// The query; `-` reads it from standard input.
    query: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Most rows.
    #[arg(long, default_value_t = 10_000)]
    row_cap: u64,
    /// Seconds that it may take.
    #[arg(long, default_value_t = 60)]
    deadline: u64,
    /// Also print statistics, to standard error.
    #[arg(long)]
    stats: bool,
}

/// `palisade query`.
pub async fn run(instance: &Instance, args: QueryArgs) -> Result<()> {
    let query = if args.query == "-" { std::io::read_to_string(std::io::stdin())? } else { args.query };
    let body = json!({ "query": query, "row_cap": args.row_cap, "deadline_ms": args.deadline * 1000 });
    let answer = Client::local(instance)?.post("/hunting/query", &body).await?;
    let (columns, rows) = rows_of(&answer);
    output::rows(&columns, &rows, args.format);
    if answer["truncated"].as_bool() == Some(true) {
        output::note(&format!("cut at {} rows: raise --row-cap for more", args.row_cap));
    }
    if args.stats {
        output::note(&answer["stats"].to_string());
    }
    Ok(())
}

/// The columns' names and the rows of an answer of the hunting endpoint.
pub fn rows_of(answer: &Value) -> (Vec<String>, Vec<Vec<Value>>) {
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let columns =
        list(&answer["schema"]).iter().map(|c| c["name"].as_str().unwrap_or_default().to_owned()).collect();
    let rows = list(&answer["rows"]).iter().map(list).collect();
    (columns, rows)
}

/// `palisade devices`.
pub async fn devices(instance: &Instance, format: Format) -> Result<()> {
    let client = Client::local(instance)?;
    let columns = ["id", "name", "health", "os_distribution", "os_version", "sensor_version", "last_seen"];
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = client.get(&format!("/devices?limit=500{cursor}")).await?;
        for item in answer["items"].as_array().into_iter().flatten() {
            rows.push(columns.iter().map(|c| item[*c].clone()).collect());
        }
        match answer["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    output::rows(&columns.map(String::from), &rows, format);
    Ok(())
}
