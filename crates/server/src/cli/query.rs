use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

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
    /// Write the rows to this file as they come, up to ten million: .csv, .json, .jsonl or .parquet.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "stats"])]
    export: Option<PathBuf>,
    /// Most rows; 10000 when absent, of an export ten million.
    #[arg(long)]
    row_cap: Option<u64>,
    /// Seconds that it may take; 60 when absent, of an export 600.
    #[arg(long)]
    deadline: Option<u64>,
    /// Also print statistics, to standard error.
    #[arg(long)]
    stats: bool,
}

/// `palisade query`.
pub async fn run(instance: &Instance, args: QueryArgs) -> Result<()> {
    let query = if args.query == "-" { std::io::read_to_string(std::io::stdin())? } else { args.query };
    if let Some(file) = &args.export {
        return export(instance, &query, file, (args.row_cap, args.deadline)).await;
    }
    let row_cap = args.row_cap.unwrap_or(10_000);
    let deadline_ms = args.deadline.unwrap_or(60).saturating_mul(1000);
    let body = json!({ "query": query, "row_cap": row_cap, "deadline_ms": deadline_ms });
    let answer = Client::local(instance)?.post("/hunting/query", &body).await?;
    let (columns, rows) = rows_of(&answer);
    output::rows(&columns, &rows, args.format);
    if answer["truncated"].as_bool() == Some(true) {
        output::note(&format!("cut at {row_cap} rows: raise --row-cap for more"));
    }
    if args.stats {
        output::note(&answer["stats"].to_string());
    }
    Ok(())
}

/// Writes the rows to a file that is there under its name only when it is whole.
async fn export(
    instance: &Instance,
    query: &str,
    file: &Path,
    (rows, seconds): (Option<u64>, Option<u64>),
) -> Result<()> {
    let ending = file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let format = match ending.as_str() {
        "csv" | "json" | "jsonl" | "parquet" => ending.as_str(),
        "ndjson" => "jsonl",
        _ => bail!("{}: the name must end with .csv, .json, .jsonl or .parquet", file.display()),
    };
    let deadline_ms = seconds.map(|s| s.saturating_mul(1000));
    let body = json!({ "query": query, "format": format, "max_rows": rows, "deadline_ms": deadline_ms });
    let client = Client::local(instance)?;
    let made = client.post("/hunting/exports", &body).await?;
    let id = made["id"].as_str().context("the server named no export")?;
    let mut answer = client.download(&format!("/hunting/exports/{id}/content")).await?;
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("making a file in {}", folder.display()))?;
    let mut out = tokio::fs::File::from_std(part.reopen()?);
    let mut bytes = 0u64;
    while let Some(more) =
        answer.chunk().await.context("the export broke off: the query failed or was cancelled")?
    {
        out.write_all(&more).await?;
        bytes += more.len() as u64;
    }
    out.flush().await?;
    part.persist(file).with_context(|| format!("writing {}", file.display()))?;
    output::note(&format!("{bytes} bytes in {}", file.display()));
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
