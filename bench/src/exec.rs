//! What the sensor costs its host for each exec, and whether it loses any.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palisade_e2e::{Product, Sensor, wait_until};
use serde_json::Value;

use crate::cgroup::Cgroup;
use crate::load::{CargoBuild, Storm, Took};
use crate::statistics::{mean_95, ratio_95};

#[derive(clap::Args)]
pub struct Args {
    /// Pairs of runs, one with and one without the sensor.
    #[arg(long, default_value_t = 30)]
    pairs: usize,
    /// Execs of each run of the storm.
    #[arg(long, default_value_t = 20000)]
    execs: u64,
    /// Crates of the cargo build.
    #[arg(long, default_value_t = 12)]
    crates: usize,
    /// Seconds of the loss test at the highest rate that the machine sustains.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// A hundredth of all that.
    #[arg(long)]
    small: bool,
}

/// One run's figures.
struct Run {
    took: Took,
    /// CPU of the workload and, where it ran, of the sensor, microseconds.
    cpu_us: f64,
}

pub fn run(args: &Args) -> Result<()> {
    let (pairs, execs, crates, seconds) =
        if args.small { (2, 200, 2, 1.0) } else { (args.pairs, args.execs, args.crates, args.seconds) };
    let product = Product::up(false)?;
    let work = Workplace::new()?;
    let storm = Storm::build(work.path())?;
    println!(
        "exec storm: vfork and exec of a static program that does nothing, {execs} a run, {pairs} pairs"
    );
    paired(&product, "storm", pairs, |cgroup| storm.run(cgroup, execs, 1e9, "bench"))?;
    println!("cargo build: {crates} crates from nothing, {pairs} pairs");
    let build = CargoBuild::new(work.path(), crates)?;
    paired(&product, "cargo", pairs, |cgroup| build.run(cgroup))?;
    idle(&product, seconds.min(30.0))?;
    loss(&product, &storm, seconds)
}

/// What the sensor of a machine that does nothing costs.
fn idle(product: &Product, seconds: f64) -> Result<()> {
    println!("idle: the whole machine watched for {seconds} s, nothing started by us");
    let own = Cgroup::new("idle-sensor")?;
    let mut sensor = whole_machine(product, "idle")?;
    let mut command = sensor.command()?;
    own.put(&mut command)?;
    sensor.start_by(command)?;
    settled(&sensor, &own)?;
    let before = own.cpu_us()?;
    std::thread::sleep(std::time::Duration::from_secs_f64(seconds));
    let share = (own.cpu_us()? - before) as f64 / (seconds * 1e6);
    let memory = memory(sensor.pid().context("it runs")?, "VmRSS:")?;
    println!("  CPU of a core                  {:.2} %", share * 100.0);
    println!("  resident memory                {:.1} MB", memory as f64 / 1e6);
    sensor.stop()
}

/// A sensor of the whole machine but for the server's own files, which no host has beside it.
fn whole_machine(product: &Product, name: &str) -> Result<Sensor> {
    let home = product.home().to_string_lossy().into_owned();
    let instance = product.record()?["instance_id"].as_str().context("the instance's id")?.to_owned();
    let hot = format!("/dev/shm/palisade-{instance}");
    Ok(Sensor::enrol(product, name)?.with(&["--exclude-path", &home, "--exclude-path", &hot]))
}

/// A host has its server elsewhere. Here the server stands still while the workload runs, and goes on
/// when this is dropped, to take what was recorded.
struct Stopped(Vec<Pid>);

impl Stopped {
    fn server(product: &Product) -> Self {
        let stopped = Self(product.processes().into_iter().map(Pid::from_raw).collect());
        stopped.signal(Signal::SIGSTOP);
        stopped
    }

    fn signal(&self, signal: Signal) {
        for pid in &self.0 {
            // A worker may have ended meanwhile.
            let _ = kill(*pid, signal);
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.signal(Signal::SIGCONT);
    }
}

/// A folder for the workloads, outside the server's; removed at the end.
struct Workplace(PathBuf);

impl Workplace {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("pal-bench-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Interleaved pairs; whichever comes first changes from pair to pair.
fn paired(product: &Product, name: &str, pairs: usize, work: impl Fn(&Cgroup) -> Result<Took>) -> Result<()> {
    let load = Cgroup::new(&format!("{name}-load"))?;
    let own = Cgroup::new(&format!("{name}-sensor"))?;
    let mut sensor = whole_machine(product, name)?;
    work(&load)?;
    let (mut ratios, mut costs, mut cpu_ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut shares = Vec::new();
    for pair in 0..pairs {
        let mut with = None;
        let mut without = None;
        for turn in 0..2 {
            if (pair + turn) % 2 == 0 {
                with = Some(watched(product, &mut sensor, &load, &own, &work, &mut shares)?);
            } else {
                without = Some(measured(product, &load, &work)?);
            }
        }
        let (with, without) = (with.context("a run with")?, without.context("a run without")?);
        ratios.push(with.took.wall / without.took.wall);
        cpu_ratios.push(with.cpu_us / without.cpu_us);
        costs.push((with.cpu_us - without.cpu_us) / without.took.count as f64);
    }
    let (ratio, low, high) = ratio_95(&ratios);
    println!("  wall with / without            {ratio:.4}  (95 %: {low:.4} to {high:.4})");
    let (ratio, low, high) = ratio_95(&cpu_ratios);
    println!("  CPU with (sensor in) / without {ratio:.4}  (95 %: {low:.4} to {high:.4})");
    if name == "storm" {
        let (cost, half) = mean_95(&costs);
        println!("  CPU per exec, sensor included  {cost:.1} µs (± {half:.1})");
        let (share, half) = mean_95(&shares);
        println!("  of it the sensor's process     {share:.1} µs (± {half:.1})");
    }
    Ok(())
}

fn measured(product: &Product, load: &Cgroup, work: &impl Fn(&Cgroup) -> Result<Took>) -> Result<Run> {
    let _stopped = Stopped::server(product);
    let before = load.cpu_us()?;
    let took = work(load)?;
    Ok(Run { took, cpu_us: (load.cpu_us()? - before) as f64 })
}

/// A run with the sensor: its CPU counts until it has sent what the run made.
fn watched(
    product: &Product,
    sensor: &mut Sensor,
    load: &Cgroup,
    own: &Cgroup,
    work: &impl Fn(&Cgroup) -> Result<Took>,
    shares: &mut Vec<f64>,
) -> Result<Run> {
    let mut command = sensor.command()?;
    own.put(&mut command)?;
    sensor.start_by(command)?;
    // A sensor that runs for long knows the digests of what runs often: it reads each file once.
    work(load)?;
    settled(sensor, own)?;
    let before = own.cpu_us()?;
    let mut run = measured(product, load, work)?;
    drained(sensor)?;
    let cost = (own.cpu_us()? - before) as f64;
    shares.push(cost / run.took.count as f64);
    run.cpu_us += cost;
    sensor.stop()?;
    sensor.detach()?;
    Ok(run)
}

/// Waits until everything captured so far has been acknowledged. On a machine that is not idle
/// something is always open, so what counts is what was sealed after the load's end.
fn drained(sensor: &Sensor) -> Result<()> {
    std::thread::sleep(std::time::Duration::from_millis(1500));
    wait_until("the sensor has sent everything", 120, || (sensor.unsent().ok()?.0 == 0).then_some(()))
}

/// Waits until a new sensor has got to know the machine: it reads the executables of processes that
/// were there before it when they first act. On a machine that is never quiet it waits 20 s.
fn settled(sensor: &Sensor, own: &Cgroup) -> Result<()> {
    drained(sensor)?;
    for _ in 0..20 {
        let before = own.cpu_us()?;
        std::thread::sleep(std::time::Duration::from_secs(1));
        if own.cpu_us()? - before < 10_000 {
            break;
        }
    }
    Ok(())
}

/// A driver that counts its own execs, in a scope of its own: lake and counters must say the same.
fn loss(product: &Product, storm: &Storm, seconds: f64) -> Result<()> {
    println!("loss: highest rate for {seconds} s in a scoped control group, default buffers");
    let scope = Cgroup::new("scope")?;
    let path = scope.path().to_string_lossy().into_owned();
    let mut sensor = Sensor::enrol(product, "scoped")?.with(&["--scope", &path]);
    sensor.start()?;
    let tag = "losstest";
    let took = storm.run(&scope, u64::MAX >> 1, seconds, tag)?;
    let device = sensor.device()?;
    // The status is written once a second: what it says now may be older than the load's end.
    std::thread::sleep(std::time::Duration::from_secs(3));
    wait_until("the sensor has sent everything", 600, || (sensor.unsent().ok()?.1 == 0).then_some(()))?;
    let query = format!(
        "DeviceProcessEvents | where DeviceId == '{device}' and ActionType == 'ProcessCreated' \
         and FileName == 'tiny' | count"
    );
    let lost = lost_execs(&sensor.status()?["counters"]);
    let mut stored = 0;
    // Whether it adds up is judged below, with the figures printed.
    let _ = wait_until("the lake has everything", 60, || {
        stored = product.query(&query).ok()?.first()?["Count"].as_u64()?;
        (stored + lost >= took.count).then_some(())
    });
    println!(
        "  execs by the driver's count    {} ({:.0} a second)",
        took.count,
        took.count as f64 / took.wall
    );
    println!("  rows in the lake               {stored}");
    println!("  counted as lost                {lost}");
    println!("  share lost                     {:.5} %", lost as f64 * 100.0 / took.count as f64);
    println!("  lake + counters − driver       {}", (stored + lost) as i64 - took.count as i64);
    let memory = memory(sensor.pid().context("it runs")?, "VmHWM:")?;
    println!("  sensor's peak resident memory  {:.1} MB", memory as f64 / 1e6);
    sensor.stop()?;
    if stored + lost != took.count {
        bail!("lake and counters do not add up to the driver's count");
    }
    Ok(())
}

/// Execs that the sensor counted as lost in the kernel or dropped from the spool.
fn lost_execs(counters: &Value) -> u64 {
    let of = |kind: &str| counters[kind].as_u64().unwrap_or(0);
    of("kernel_lost_exec") + of("spool_dropped_priority")
}

/// A figure of a process's memory, bytes.
fn memory(pid: u32, which: &str) -> Result<u64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"))?;
    let line = status.lines().find(|l| l.starts_with(which)).context("a line of the process's status")?;
    Ok(line.split_whitespace().nth(1).context("a figure")?.parse::<u64>()? * 1000)
}
