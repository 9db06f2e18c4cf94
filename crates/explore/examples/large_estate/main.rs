//! The security explorer on a large estate: what a query takes while the graph changes, and what the
//! graph takes of memory. `bench/explore` builds and runs it.
#![allow(clippy::print_stdout, clippy::expect_used)]

mod changes;
mod estate;
mod peer;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use palisade_explore::{Access, Answer, Ask, Graph, Loader, Template, templates};
use palisade_types::{TenantId, TimeMicros};

use changes::Changes;
use clap::Parser;
use estate::Estate;

#[derive(Parser)]
#[command(name = "bench/explore", about = "The security explorer's queries on a large estate that changes")]
struct Args {
    /// Machines; everything else grows with them.
    #[arg(long, default_value_t = 100_000)]
    machines: u32,
    /// Programs on each machine.
    #[arg(long, default_value_t = 1000)]
    programs: u32,
    /// Changes a second while queries are answered.
    #[arg(long, default_value_t = 1000)]
    rate: u32,
    /// Only this template; all if it is not given.
    #[arg(long)]
    template: Option<String>,
    /// Answers of each template.
    #[arg(long, default_value_t = 200)]
    runs: usize,
    /// Ask DuckDB the same on the same data, by this Python, which has it.
    #[arg(long, env = "PALISADE_PEER_PYTHON")]
    peer: Option<std::path::PathBuf>,
    /// A hundredth of all that.
    #[arg(long)]
    small: bool,
}

/// The present of the estate: a graph has no clock of its own, and the peer must have the same.
const NOW: TimeMicros = TimeMicros(1_800_000_000_000_000);

fn main() -> Result<()> {
    let args = &Args::parse();
    let (machines, runs) = if args.small { (args.machines / 100, 20) } else { (args.machines, args.runs) };
    let estate = Estate::new(machines, args.programs);
    let began = Instant::now();
    let mut loader = Loader::new(TenantId::random());
    estate.load(|changes| match loader.load(&changes).first() {
        Some(refusal) => Err(anyhow::anyhow!("{:?}: {}", changes[refusal.at], refusal.error)),
        None => Ok(()),
    })?;
    let graph = loader.finish();
    let sizes = graph.snapshot().sizes();
    println!(
        "estate: {} nodes, {} edges, loaded in {:.0} s",
        sizes.nodes,
        sizes.edges,
        began.elapsed().as_secs_f64()
    );
    for (name, edges) in sizes.by_relation.iter().filter(|(_, n)| *n * 100 > sizes.edges) {
        println!("  {name:<44} {edges}");
    }
    println!("  keys and properties                          {:.0} MB", sizes.node_bytes as f64 / 1e6);
    println!("  edges                                        {:.0} MB", sizes.edge_bytes as f64 / 1e6);
    println!("  resident after loading                       {:.0} MB", memory("VmRSS:")?);

    let still: Vec<Answer> = templates().iter().map(|t| answer(&graph, t)).collect::<Result<_>>()?;
    let peer = match &args.peer {
        Some(python) => Some(peer::run(python, &estate, if args.small { 3 } else { 5 })?),
        None => {
            println!("peer: left out, no Python with duckdb was given (--peer)");
            None
        }
    };
    let (mut table, lag) = under_changes(&graph, &estate, args, runs)?;
    println!(
        "{:<46} {:>8} {:>9} {:>9} {:>9} {:>9} {:>7}",
        "template", "rows", "p50 ms", "p95 ms", "max ms", "peer p50", "ratio"
    );
    let (mut over, mut ratios) = (0, Vec::new());
    for ((template, times), answer) in templates().iter().zip(&mut table).zip(&still) {
        if times.is_empty() {
            continue;
        }
        let (p50, p95, max) = (quantile(times, 0.5), quantile(times, 0.95), quantile(times, 1.0));
        over += u32::from(p95 >= 100.0);
        let (theirs, ratio) = match peer.as_ref().and_then(|p| p.of(&template.name)) {
            Some(theirs) => {
                same(template, answer, theirs)?;
                ratios.push(theirs.p50 / p50);
                (format!("{:.1}", theirs.p50), format!("{:.1}", theirs.p50 / p50))
            }
            None => ("-".into(), "-".into()),
        };
        println!(
            "{:<46} {:>8} {p50:>9.2} {p95:>9.2} {max:>9.2} {theirs:>9} {ratio:>7}",
            template.name, answer.count
        );
    }
    println!("templates whose p95 is 100 ms or more             {over}");
    if !ratios.is_empty() {
        println!(
            "  the peer found the same number of rows for {} templates, and the same first ones",
            ratios.len()
        );
        println!(
            "  ratio: the peer's median without any changes, by ours under them; the middle one is {:.1}",
            quantile(&mut ratios, 0.5)
        );
    }
    println!("changes: {} a second, {:.0} % of the writer's time", lag.rate, lag.busy * 100.0);
    println!(
        "  a list of {} takes p50 {:.2} ms, p95 {:.2} ms, max {:.2} ms",
        lag.batch, lag.p50, lag.p95, lag.max
    );
    let peak = memory("VmHWM:")?;
    println!("peak resident memory (VmHWM)                   {peak:.0} MB");
    if let Some(peer) = &peer {
        println!(
            "  the peer's                                   {:.0} MB, ratio {:.1}",
            peer.peak,
            peer.peak / peak
        );
    }
    Ok(())
}

/// Whether the peer has found the same.
fn same(template: &Template, ours: &Answer, theirs: &peer::Theirs) -> Result<()> {
    if theirs.count != ours.count {
        bail!("{}: the peer finds {} rows, we find {}", template.name, theirs.count, ours.count);
    }
    let differ = ours.rows.iter().zip(&theirs.first).find(|(o, t)| **t != o.node.name && **t != o.node.key);
    match differ {
        Some((ours, theirs)) => {
            bail!("{}: the peer has {theirs} where we have {}", template.name, ours.node.name)
        }
        None if theirs.first.len() == ours.rows.len() => Ok(()),
        None => bail!("{}: the peer gives {} rows first", template.name, theirs.first.len()),
    }
}

fn answer(graph: &Graph, template: &Template) -> Result<Answer> {
    let access = Access::default();
    graph
        .snapshot()
        .answer(&template.query, &Ask::new(NOW, &access))
        .with_context(|| format!("answering {}", template.name))
}

/// What the writer had to do.
struct Lag {
    rate: u64,
    /// Share of its time that it was at work.
    busy: f64,
    batch: usize,
    p50: f64,
    p95: f64,
    max: f64,
}

/// Answers every template while changes are made, in turns so that none has a better time than others.
fn under_changes(graph: &Graph, estate: &Estate, args: &Args, runs: usize) -> Result<(Vec<Vec<f64>>, Lag)> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(graph, estate, args.rate, &done));
        let mut table = vec![Vec::with_capacity(runs); templates().len()];
        let mut failed = None;
        'runs: for _ in 0..runs {
            for (template, times) in templates().iter().zip(&mut table) {
                if args.template.as_ref().is_some_and(|t| *t != template.name) {
                    continue;
                }
                let began = Instant::now();
                if let Err(e) = answer(graph, template) {
                    failed = Some(e);
                    break 'runs;
                }
                times.push(began.elapsed().as_secs_f64() * 1e3);
            }
        }
        done.store(true, Ordering::Release);
        let lag = writer.join().map_err(|_| anyhow::anyhow!("the writer broke"))??;
        match failed {
            Some(e) => Err(e),
            None => Ok((table, lag)),
        }
    })
}

/// Makes changes at a rate, fifty lists a second, and catches up when it was late.
fn write(graph: &Graph, estate: &Estate, rate: u32, done: &AtomicBool) -> Result<Lag> {
    let batch = (rate / 50).max(1) as usize;
    let mut changes = Changes::new(estate);
    let (began, mut made, mut times) = (Instant::now(), 0u64, Vec::new());
    while !done.load(Ordering::Acquire) {
        let list = changes.next(batch);
        let at = Instant::now();
        let applied = graph.apply(&list);
        times.push(at.elapsed().as_secs_f64() * 1e3);
        if let Some(refusal) = applied.refused.first() {
            bail!("a change was refused: {}", refusal.error);
        }
        made += list.len() as u64;
        let due = Duration::from_secs_f64(made as f64 / f64::from(rate.max(1)));
        std::thread::sleep(due.saturating_sub(began.elapsed()));
    }
    let elapsed = began.elapsed().as_secs_f64();
    Ok(Lag {
        rate: (made as f64 / elapsed) as u64,
        busy: times.iter().sum::<f64>() / 1e3 / elapsed,
        batch,
        p50: quantile(&mut times, 0.5),
        p95: quantile(&mut times, 0.95),
        max: quantile(&mut times, 1.0),
    })
}

/// The value below which the share `q` of the values lies.
fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (q * values.len() as f64).ceil() as usize;
    values.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// A figure of this process's memory, megabytes.
fn memory(which: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with(which)).context("a line of the process's status")?;
    Ok(line.split_whitespace().nth(1).context("a figure")?.parse::<f64>()? / 1e3)
}
