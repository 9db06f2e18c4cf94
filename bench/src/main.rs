//! The benchmarks. Each prints its figures and says what they mean; none has a floor.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod cgroup;
mod durability;
mod exec;
mod ingest;
mod load;
mod statistics;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "palisade-bench", about = "Benchmarks of Palisade; they need root")]
struct Cli {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// What the sensor costs its host for each exec, and whether it loses any.
    Exec(exec::Args),
    /// Kills and network cuts under load: what was acknowledged is neither lost nor doubled.
    Durability(durability::Args),
    /// What the server costs for each event.
    Ingest(ingest::Args),
}

fn main() -> Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Cli::parse().benchmark {
        Benchmark::Exec(args) => exec::run(&args),
        Benchmark::Durability(args) => durability::run(&args),
        Benchmark::Ingest(args) => ingest::run(&args),
    }
}
