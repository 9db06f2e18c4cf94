//! What the server costs for each event: pre-encoded batches over the real protocol.

mod mix;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use palisade_e2e::{Product, VirtualSensor, wait_until};
use palisade_types::{Epoch, Lane, TimeMicros};
use palisade_wire::{SealParams, msg, seal};

use crate::cgroup::Cgroup;
use crate::statistics::quantile;

#[derive(clap::Args)]
pub struct Args {
    /// Seconds of load.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Sensors that send at once.
    #[arg(long, default_value_t = 8)]
    sensors: usize,
    /// Events of each batch.
    #[arg(long, default_value_t = 2000)]
    batch: usize,
    /// Events a second of all sensors together, as 1,000 machines with ten events a second send; 0
    /// sends as fast as batches are acknowledged, and then freshness is not looked at: what is
    /// acknowledged faster than the lake takes it waits in the log.
    #[arg(long, default_value_t = 10_000)]
    rate: u64,
    /// A hundredth of all that.
    #[arg(long)]
    small: bool,
}

/// Different batch bodies, used over and over: the server neither knows nor profits.
const BODIES: usize = 32;

/// A batch ready to be named and sent.
struct Body {
    payload: msg::SealedBatch,
    events: u32,
}

pub fn run(args: &Args) -> Result<()> {
    let (seconds, sensors, batch) =
        if args.small { (1.0, 2, 200) } else { (args.seconds, args.sensors, args.batch) };
    let server = Cgroup::new("server")?;
    let product = Arc::new(Product::up_by(false, |c| server.put(c))?);
    println!("{}", mix::DESCRIPTION);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let bodies: Arc<Vec<Body>> = Arc::new((0..BODIES).map(|n| body(n, batch)).collect::<Result<_>>()?);
    let idle = server.cpu_us()?;
    let began = Instant::now();
    // One batch of a sensor after the other begins after this.
    let pace = (args.rate > 0).then(|| Duration::from_secs_f64((batch * sensors) as f64 / args.rate as f64));
    let (events, mut fresh) = runtime.block_on(load(&product, &bodies, sensors, seconds, pace))?;
    let wall = began.elapsed().as_secs_f64();
    let count = || -> Option<u64> {
        let mut sum = 0;
        for table in ["DeviceProcessEvents", "DeviceNetworkEvents", "DeviceFileEvents"] {
            sum += product.query(&format!("{table} | count")).ok()?.first()?["Count"].as_u64()?;
        }
        (sum >= events).then_some(sum)
    };
    let stored = wait_until("the lake has caught up", 300, count)?;
    let caught_up = began.elapsed().as_secs_f64();
    let cpu = (server.cpu_us()? - idle) as f64 / 1e6;
    let row_bytes = row_bytes(&product)?;
    let memory = resident(&product)?;
    product.down()?;
    let region = product.home().join("regions");
    let (lake, log) = (folder_bytes(&region, "lake"), folder_bytes(&region, "log"));
    println!(
        "events acknowledged              {events} in {wall:.1} s ({:.0} a second)",
        events as f64 / wall
    );
    println!("events in the lake               {stored}, after {caught_up:.1} s");
    println!(
        "events per server CPU-second     {:.0} (all server processes and PostgreSQL)",
        events as f64 / cpu
    );
    if fresh.is_empty() {
        println!("events the lake took a second     {:.0}", stored as f64 / caught_up);
    } else {
        println!(
            "freshness p50 / p99              {:.2} s / {:.2} s (sent until queryable, {} probes)",
            quantile(&mut fresh, 0.5),
            quantile(&mut fresh, 0.99),
            fresh.len()
        );
    }
    println!(
        "bytes per event in the lake      {:.1} (as JSON of its non-empty columns: {row_bytes:.0})",
        lake as f64 / stored as f64
    );
    println!(
        "bytes per event in the log       {:.1} (before trimming: what is left of it)",
        log as f64 / stored as f64
    );
    println!("resident memory under load       {:.0} MB (sum over server processes)", memory as f64 / 1e6);
    if stored != events {
        bail!("the lake holds {stored} events, acknowledged were {events}");
    }
    Ok(())
}

fn body(seed: usize, events: usize) -> Result<Body> {
    let raw = mix::batch(seed as u64, events, TimeMicros::now());
    let params = SealParams {
        epoch: Epoch(1),
        lane: Lane::Priority,
        sequence: 1,
        dropped_below: 0,
        sealed_us: TimeMicros::now().0,
        facts: u32::try_from(events)?,
    };
    Ok(Body { payload: seal(&raw, params)?, events: u32::try_from(events)? })
}

/// Sends for some seconds; returns how many events were acknowledged and the probes' freshness,
/// none without a pace.
async fn load(
    product: &Arc<Product>,
    bodies: &Arc<Vec<Body>>,
    sensors: usize,
    seconds: f64,
    pace: Option<Duration>,
) -> Result<(u64, Vec<f64>)> {
    let token = product.palisade(&["enrolment-token", "--max-uses", &(sensors + 1).to_string()]).output()?;
    let token = String::from_utf8_lossy(&token.stdout).trim().to_owned();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let total = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for n in 0..sensors {
        let sensor = VirtualSensor::enrol(product, &token, &format!("bench-{n}")).await?;
        let (bodies, total) = (bodies.clone(), total.clone());
        tasks.push(tokio::spawn(async move {
            let mut sequence = 0;
            // Sensors do not send in step with each other.
            let mut next = Instant::now() + pace.unwrap_or_default().mul_f64(n as f64 / sensors as f64);
            while Instant::now().max(next) < end {
                tokio::time::sleep_until(next.into()).await;
                sequence += 1;
                let body = &bodies[(sequence as usize + n) % BODIES];
                send(&sensor, body, sequence).await?;
                total.fetch_add(u64::from(body.events), Ordering::Relaxed);
                next += pace.unwrap_or_default();
            }
            anyhow::Ok(())
        }));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let looking = match pace {
        Some(_) => {
            let probe = VirtualSensor::enrol(product, &token, "bench-probe").await?;
            Some(tokio::spawn(probes(product.clone(), probe, stop.clone(), total.clone())))
        }
        None => None,
    };
    for task in tasks {
        task.await??;
    }
    stop.store(true, Ordering::Relaxed);
    let fresh = match looking {
        Some(probes) => probes.await??,
        None => Vec::new(),
    };
    Ok((total.load(Ordering::Relaxed), fresh))
}

/// Sends a batch until it is acknowledged, as a sensor does.
async fn send(sensor: &VirtualSensor, body: &Body, sequence: u64) -> Result<()> {
    let batch = msg::SealedBatch { epoch: 1, sequence, ..body.payload.clone() };
    loop {
        match sensor.upload(vec![batch.clone()]).await {
            Ok(answer) => match answer.results.first() {
                Some(r) if r.status == "acked" || r.status == "duplicate" => return Ok(()),
                other => bail!("a batch was refused: {other:?}"),
            },
            Err(e) if e.to_string().contains("rate_limited") => {
                tokio::time::sleep(Duration::from_millis(50)).await
            }
            Err(e) => return Err(e),
        }
    }
}

/// One event after the other: how long from sending until a query sees it.
async fn probes(
    product: Arc<Product>,
    sensor: VirtualSensor,
    stop: Arc<AtomicBool>,
    total: Arc<AtomicU64>,
) -> Result<Vec<f64>> {
    let mut out = Vec::new();
    let mut sequence = 0;
    while !stop.load(Ordering::Relaxed) || out.is_empty() {
        sequence += 1;
        let one = body(1_000_000 + sequence as usize, 1)?;
        let began = Instant::now();
        send(&sensor, &one, sequence).await?;
        total.fetch_add(1, Ordering::Relaxed);
        let query = format!(
            "DeviceProcessEvents | where DeviceId == '{}' | summarize c = count() | where c >= {sequence}",
            sensor.device
        );
        loop {
            let (product, query) = (product.clone(), query.clone());
            let rows = tokio::task::spawn_blocking(move || product.query(&query)).await?;
            if rows.is_ok_and(|r| !r.is_empty()) {
                break;
            }
            if began.elapsed() > Duration::from_secs(60) {
                bail!("an event was not queryable after 60 s");
            }
        }
        out.push(began.elapsed().as_secs_f64());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(out)
}

/// Mean size of an event as JSON of its non-empty columns.
fn row_bytes(product: &Product) -> Result<f64> {
    let rows = product.query("DeviceProcessEvents | take 500")?;
    let size = |row: &serde_json::Value| {
        let full = row.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null() && *v != "");
        full.map(|(k, v)| k.len() + v.to_string().len() + 4).sum::<usize>() + 1
    };
    Ok(rows.iter().map(size).sum::<usize>() as f64 / rows.len().max(1) as f64)
}

fn resident(product: &Product) -> Result<u64> {
    let mut sum = 0;
    for pid in product.processes() {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
        sum += line.split_whitespace().nth(1).unwrap_or("0").parse::<u64>().context("VmRSS")? * 1000;
    }
    Ok(sum)
}

/// Bytes of all files below folders of that name.
fn folder_bytes(root: &Path, name: &str) -> u64 {
    fn walk(path: &Path, counted: bool, name: &str) -> u64 {
        std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| match e.metadata() {
                Ok(m) if m.is_dir() => walk(&e.path(), counted || e.file_name() == name, name),
                Ok(m) if counted => m.len(),
                _ => 0,
            })
            .sum()
    }
    walk(root, false, name)
}
