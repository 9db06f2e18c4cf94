//! A month of events in our lake, in ClickHouse and in DuckDB, and what hunting in it takes. `bench/kql`
//! builds and runs it.
#![allow(clippy::print_stdout, clippy::expect_used)]

mod chance;
mod columns;
mod month;
mod ours;
mod peer;
mod programs;
mod report;
mod rows;
mod shapes;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

/// As the server does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "bench/kql", about = "Hunting in a month of events, beside ClickHouse and DuckDB")]
struct Args {
    /// Rows of all tables together.
    #[arg(long, default_value_t = 10_000_000)]
    rows: u64,
    /// Machines that they come from.
    #[arg(long, default_value_t = 2000)]
    devices: usize,
    /// A hundredth of all that, our engine alone if no peer is given.
    #[arg(long)]
    small: bool,
    /// Python with `duckdb` and `chdb`; without it the peers are left out.
    #[arg(long, env = "PALISADE_PEER_PYTHON")]
    peer: Option<PathBuf>,
    /// Only shapes whose name has this in it.
    #[arg(long)]
    shape: Option<String>,
    /// Runs with a warm cache; the fastest counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Print what each part of the last run's plan did.
    #[arg(long)]
    plans: bool,
    /// Keep the data here and use what an earlier run of the same size left.
    #[arg(long)]
    keep: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let rows = if args.small { args.rows / 100 } else { args.rows };
    let devices = if args.small { (args.devices / 10).max(50) } else { args.devices };
    let scratch = tempfile::Builder::new()
        .prefix("palisade-bench-kql")
        .tempdir_in(std::env::var_os("PALISADE_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from))?;
    let folder = args.keep.clone().unwrap_or_else(|| scratch.path().to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let world = rows::World::new(devices);
    let month = runtime.block_on(month::make(&folder, &world, rows, args.peer.is_some()))?;
    let mut shapes = shapes::load(&world, month.now_us)?;
    if let Some(part) = &args.shape {
        shapes.retain(|s| s.name.contains(part.as_str()));
    }
    let mut peer = match &args.peer {
        Some(python) => Some(peer::Peer::start(python, &folder)?),
        None => {
            println!("peers: left out, no Python with duckdb and chdb was given (--peer)");
            None
        }
    };
    // What making the month took of memory does not count; where the peak cannot be begun anew, it does.
    std::fs::write("/proc/self/clear_refs", "5").ok();
    let mut report = report::Report::default();
    for shape in &shapes {
        let own = ours::measure(&month, shape, args.runs, !args.small)?;
        if args.plans {
            println!("{}", own.plans);
        }
        let others = peer.as_mut().map(|p| p.measure(shape, args.runs)).transpose()?;
        report.add(shape, own, others);
    }
    let memory = peer.map(peer::Peer::end).transpose()?;
    report.finish(memory)
}
