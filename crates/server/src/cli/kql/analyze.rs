//! `palisade kql analyze`.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use palisade_kql::SchemaCatalogue;
use palisade_kql::analyze::{self, Schema};
use palisade_types::TimeMicros;

#[derive(Args)]
pub struct AnalyzeArgs {
    /// The tables as JSON, {"Table": {"Column": "type"}} [default: our own tables].
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// What now() means, as a KQL datetime [default: the present].
    #[arg(long, value_name = "DATETIME")]
    now: Option<String>,
}

/// Answers each line of standard input.
pub fn run(args: &AnalyzeArgs) -> Result<()> {
    let now = args.now.as_deref().map_or_else(|| Ok(TimeMicros::now().0), super::moment)?;
    // Standard output goes out line by line: who asks one query at a time waits for its answer.
    let (lines, out) = (io::stdin().lock(), io::stdout().lock());
    match &args.schema {
        None => analyze::run(lines, out, &SchemaCatalogue, now)?,
        Some(file) => {
            let schema = read_schema(file)?;
            analyze::run(lines, out, &schema, now)?
        }
    };
    Ok(())
}

/// A schema file.
pub fn read_schema(file: &Path) -> Result<Schema> {
    let named = || format!("reading {}", file.display());
    let text = std::fs::read_to_string(file).with_context(named)?;
    Schema::read(&text).map_err(|e| anyhow!(e)).with_context(named)
}
