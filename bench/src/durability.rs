//! Kills and network cuts under load: what was acknowledged is neither lost nor doubled.

mod network;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palisade_e2e::{Product, Sensor, wait_until};

use crate::cgroup::Cgroup;
use crate::load::Storm;
use network::Network;

#[derive(clap::Args)]
pub struct Args {
    /// Rounds; they take turns: server killed, sensor killed, network cut.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Execs a second that the load makes.
    #[arg(long, default_value_t = 200)]
    rate: u64,
    /// Three rounds.
    #[arg(long)]
    small: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let rounds = if args.small { 3 } else { args.rounds };
    let product = Product::up(false)?;
    let work = product.home().join("bench");
    std::fs::create_dir(&work)?;
    let storm = Arc::new(Storm::build(&work)?);
    let scope = Arc::new(Cgroup::new("durability")?);
    let port = u16::try_from(product.record()?["ports"]["ingest"].as_u64().context("port")?)?;
    let network = Network::new(port)?;
    let mut sensor = Sensor::enrol(&product, "durable")?.with(&["--scope", &scope.path().to_string_lossy()]);
    start(&mut sensor, &network)?;
    let device = sensor.device()?;
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let load = spawn_load(storm, scope.clone(), args.rate, stop.clone(), count.clone());
    for round in 0..rounds {
        std::thread::sleep(Duration::from_millis(700));
        let what = match round % 3 {
            0 => {
                kill_server(&product)?;
                product.start(false)?;
                "server killed"
            }
            1 => {
                sensor.kill()?;
                std::thread::sleep(Duration::from_millis(500));
                start(&mut sensor, &network)?;
                "sensor killed"
            }
            _ => {
                network.cut()?;
                std::thread::sleep(Duration::from_secs(2));
                network.mend()?;
                "network cut"
            }
        };
        println!("round {:>2}: {what:<14} {} execs so far", round + 1, count.load(Ordering::Relaxed));
    }
    stop.store(true, Ordering::Relaxed);
    load.join().map_err(|_| anyhow::anyhow!("the load's thread failed"))??;
    judge(&product, &sensor, &device, count.load(Ordering::Relaxed))
}

/// Adds up: rows, rows without doubles, counted losses, and what the driver counted.
fn judge(product: &Product, sensor: &Sensor, device: &str, execs: u64) -> Result<()> {
    // The status is written once a second: what it says now may be older than the load's end.
    std::thread::sleep(Duration::from_secs(3));
    wait_until("the sensor has sent everything", 180, || (sensor.unsent().ok()?.1 == 0).then_some(()))?;
    let table = format!(
        "DeviceProcessEvents | where DeviceId == '{device}' and ActionType == 'ProcessCreated' and FileName == 'tiny'"
    );
    let number = |query: String| -> Option<u64> { product.query(&query).ok()?.first()?["Count"].as_u64() };
    let counters = sensor.status()?["counters"].clone();
    let of = |kind: &str| counters[kind].as_u64().unwrap_or(0);
    let lost = of("kernel_lost_exec") + of("spool_dropped_priority");
    let mut rows = 0;
    let settled = wait_until("the lake has everything", 60, || {
        rows = number(format!("{table} | count"))?;
        (rows + lost >= execs).then_some(())
    });
    let distinct =
        number(format!("{table} | distinct Timestamp, ReportId | count")).context("the query answers")?;
    println!("execs by the driver's count   {execs}");
    println!("rows in the lake              {rows}");
    println!("rows without doubles          {distinct}");
    println!("counted as lost               {lost}");
    println!("records missing in the kernel's sequences  {}", of("kernel_gap"));
    if settled.is_err() || rows != distinct || rows + lost != execs {
        bail!("rows + lost − execs = {}, doubles = {}", (rows + lost) as i64 - execs as i64, rows - distinct);
    }
    // The ring holds many seconds of this load, and a sensor is away for less than one.
    if lost > 0 || of("kernel_gap") > 0 {
        bail!("events were lost although the pinned ring had room");
    }
    println!("nothing lost, nothing doubled");
    Ok(())
}

fn start(sensor: &mut Sensor, network: &Network) -> Result<()> {
    let mut command = sensor.command()?;
    network.put(&mut command)?;
    sensor.start_by(command)
}

fn spawn_load(
    storm: Arc<Storm>,
    scope: Arc<Cgroup>,
    rate: u64,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
) -> std::thread::JoinHandle<Result<()>> {
    std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            let took = storm.run(&scope, rate / 10, 60.0, "durability")?;
            count.fetch_add(took.count, Ordering::Relaxed);
            std::thread::sleep(Duration::from_secs_f64((0.1 - took.wall).max(0.0)));
        }
        Ok(())
    })
}

/// SIGKILL for the supervisor, every role and PostgreSQL.
fn kill_server(product: &Product) -> Result<()> {
    let postmaster = std::fs::read_to_string(product.home().join("pg/data/postmaster.pid"))?;
    let postmaster: i32 = postmaster.lines().next().context("a pid")?.trim().parse()?;
    let sensor = product.home().join("bin/palisade-sensor");
    let mut pids: Vec<i32> = product.processes();
    pids.retain(|p| std::fs::read_link(format!("/proc/{p}/exe")).is_ok_and(|e| e != sensor));
    for pid in pids.iter().chain([&postmaster]) {
        let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
    }
    wait_until("every process is gone", 20, || {
        pids.iter().chain([&postmaster]).all(|p| kill(Pid::from_raw(*p), None).is_err()).then_some(())
    })
}
