//! `palisade kql`: the query language without a server.

mod analyze;

use std::io::{self, BufReader, BufWriter};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use palisade_kql_exec::files;
use palisade_kql_exec::run::{self, RunOptions};

#[derive(Subcommand)]
pub enum KqlCommand {
    /// Say of each query on standard input what columns it gives or what is wrong with it; nothing runs.
    ///
    /// Reads lines {"id","query"}, answers {"id","ok","columns","error"} in their order.
    Analyze(analyze::AnalyzeArgs),
    /// Run each query on standard input; no server is needed.
    ///
    /// Reads lines {"id","query"}, answers {"id","ok":true,"columns","rows","truncated"} or
    /// {"id","ok":false,"error":{"code","message","line","column"}} in their order. Exit code: 0 every line
    /// was answered, whatever with; 1 nothing could be done; 2 wrong usage.
    Run(RunArgs),
}

#[derive(Args)]
pub struct RunArgs {
    /// A folder whose Parquet, CSV, TSV and JSON-lines files are tables, each named as its file is without
    /// the ending.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Tables as JSON, {"Table": {"Column": "type"}}: their types hold whatever the files have, and what has no
    /// file is empty.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Most rows of an answer.
    #[arg(long, default_value_t = 500_000)]
    row_cap: usize,
    /// Seconds that a query may take.
    #[arg(long, default_value_t = 60)]
    deadline: u64,
    /// Working memory of a query, MiB.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    memory: u64,
    /// Queries that run side by side [default: as many as there are processors].
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=64))]
    parallel: Option<u8>,
    /// What now() means, as a KQL datetime [default: the time at which each query begins].
    #[arg(long, value_name = "DATETIME")]
    now: Option<String>,
}

/// `palisade kql …`; needs no instance.
///
/// # Errors
/// What kept it from doing anything.
pub fn run(command: &KqlCommand) -> Result<ExitCode> {
    let done = match command {
        KqlCommand::Analyze(args) => analyze::run(args),
        KqlCommand::Run(args) => run_queries(args),
    };
    match done {
        // Who reads only the first lines has what they want.
        Err(e) if e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) => {
            Ok(ExitCode::SUCCESS)
        }
        done => done.map(|()| ExitCode::SUCCESS),
    }
}

fn run_queries(args: &RunArgs) -> Result<()> {
    let mut options = RunOptions {
        deadline: Duration::from_secs(args.deadline.max(1)),
        row_cap: args.row_cap,
        memory_limit: usize::try_from(args.memory.saturating_mul(1024 * 1024))?,
        now_us: args.now.as_deref().map(moment).transpose()?,
        ..RunOptions::default()
    };
    if let Some(parallel) = args.parallel {
        options.parallel = usize::from(parallel);
    }
    let schema = args.schema.as_deref().map(analyze::read_schema).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let counts = runtime.block_on(async {
        let tables = match (&args.data, &schema) {
            (Some(folder), schema) => {
                files::mount(folder, schema.as_ref()).await.context("mounting the data")?
            }
            (None, Some(schema)) => files::empty(schema),
            (None, None) => files::none(),
        };
        let out = BufWriter::new(io::stdout());
        anyhow::Ok(Box::pin(run::run(BufReader::new(io::stdin()), out, tables, options)).await?)
    });
    // A query that passed its deadline may still compute; nobody waits for it.
    runtime.shutdown_background();
    counts.map(|_| ())
}

fn moment(text: &str) -> Result<i64> {
    palisade_kql::time::parse_datetime(text).with_context(|| format!("'{text}' is no datetime"))
}
