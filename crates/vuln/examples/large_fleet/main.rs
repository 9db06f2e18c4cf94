//! A fleet's assessment: what it takes to judge everything, to take in one changed advisory, and what it takes of
//! memory. `bench/vuln` builds and runs it.
#![allow(clippy::print_stdout)]

mod feeds;
mod fleet;
mod naive;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use palisade_vuln::{AdvisoryChange, Delta, Matcher};

use fleet::Fleet;
use naive::Naive;

#[derive(Parser)]
#[command(name = "bench/vuln", about = "Matching a large fleet, all of it and one change")]
struct Args {
    /// Devices.
    #[arg(long, default_value_t = 100_000)]
    devices: u32,
    /// Packages on each.
    #[arg(long, default_value_t = 1000)]
    packages: usize,
    /// A hundredth of the devices.
    #[arg(long)]
    small: bool,
    /// How many rows are checked against a matcher that looks at every statement by itself.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// The folder of the shared data (`vuln` lies in it).
    #[arg(long, env = "PALISADE_DATA", default_value = "../shared/data")]
    data: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let devices = if args.small { args.devices / 100 } else { args.devices };
    let data = args.data.join("vuln");
    let universe = fleet::Universe::read(&data)?;

    let began = Instant::now();
    let (index, statements) = feeds::index(&data, &universe)?;
    let sizes = index.sizes();
    println!(
        "index: {} advisories, {} statements about {} packages, {} vulnerabilities with facts: {:.1} s, about {} MB",
        sizes.advisories,
        sizes.statements,
        sizes.packages,
        sizes.facts,
        began.elapsed().as_secs_f64(),
        sizes.bytes >> 20
    );

    let mut matcher = Matcher::new(index);
    let fleet = Fleet::new(&universe, args.packages, &mut matcher);
    let began = Instant::now();
    for device in 0..devices {
        matcher.place(device, &fleet.device(device));
    }
    println!("fleet: {devices} devices placed in {:.1} s, resident {} MB", seconds(began), memory("VmRSS:")?);

    let began = Instant::now();
    matcher.judge_waiting();
    let judged = seconds(began);
    let sizes = matcher.sizes();
    let bytes = store(&matcher)?;
    println!(
        "full assessment: {:.2} s ({judged:.2} s judging, the rest writing {} MB to disk): {} tuples, {} findings, {} rows",
        seconds(began),
        bytes >> 20,
        sizes.tuples,
        sizes.findings,
        sizes.rows
    );

    let naive = Naive::new(&statements);
    let began = Instant::now();
    let checked = naive.check(&matcher, devices, args.rows)?;
    println!("checked: {checked} rows are what a naive matcher finds, {:.1} s", seconds(began));

    change(&mut matcher, &statements)?;
    println!("memory: {} MB at most", memory("VmHWM:")?);
    Ok(())
}

/// Takes the most spread advisory away and gives it back with another fix, and one of a kernel.
fn change(matcher: &mut Matcher, statements: &[feeds::Statement]) -> Result<()> {
    let spread = |s: &&feeds::Statement| matcher.devices_with(&s.vulnerability).len();
    let widest = statements.iter().filter(|s| s.package != "linux").step_by(29).max_by_key(spread);
    let kernel = statements.iter().filter(|s| s.package == "linux").take(200).max_by_key(spread);
    for statement in [widest, kernel].into_iter().flatten() {
        let before = matcher.devices_with(&statement.vulnerability).len();
        let mut apply = |what: &str, now| -> Result<()> {
            let change =
                AdvisoryChange { feed: feeds::FEED.into(), id: statement.vulnerability.clone(), now };
            let began = Instant::now();
            let delta: Delta = matcher.apply_feed_change(&[change]);
            let took = began.elapsed();
            let now = matcher.devices_with(&statement.vulnerability).len();
            println!(
                "one advisory {what} ({} {}): {:.1} ms, {} tuples judged, devices {before} -> {now}",
                statement.vulnerability,
                statement.package,
                took.as_secs_f64() * 1e3,
                delta.judged
            );
            Ok(())
        };
        apply("removed", Vec::new())?;
        apply("published", vec![statement.advisory()])?;
        let after = matcher.devices_with(&statement.vulnerability).len();
        ensure!(after == before, "{after} devices have what {before} had");
    }
    Ok(())
}

/// Writes every component's findings and devices to a file that is synced, and removes it; answers its size.
fn store(matcher: &Matcher) -> Result<u64> {
    let path = std::env::temp_dir().join(format!("palisade-bench-vuln-{}", std::process::id()));
    let file = std::fs::File::create(&path).with_context(|| path.display().to_string())?;
    let mut out = std::io::BufWriter::with_capacity(1 << 20, file);
    for tuple in 0..u32::try_from(matcher.sizes().tuples)? {
        let hits = matcher.hits(tuple);
        let Some(devices) = matcher.devices(tuple).filter(|d| !hits.is_empty() && !d.is_empty()) else {
            continue;
        };
        out.write_all(&tuple.to_le_bytes())?;
        out.write_all(&u32::try_from(hits.len())?.to_le_bytes())?;
        for hit in hits {
            for text in [matcher.index().vulnerability(hit), matcher.index().fix(hit).unwrap_or_default()] {
                out.write_all(&[u8::try_from(text.len().min(255))?])?;
                out.write_all(&text.as_bytes()[..text.len().min(255)])?;
            }
        }
        devices.serialize_into(&mut out)?;
    }
    let file = out.into_inner()?;
    file.sync_all()?;
    let size = file.metadata()?.len();
    std::fs::remove_file(&path)?;
    Ok(size)
}

fn seconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64()
}

/// A line of this process's status, MB.
fn memory(line: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix(line)).context("no such line")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib >> 10)
}
