//! Queries may die, eat their memory or overrun their time: their user is told, and ingest goes on as
//! before, without an error, a repetition or a lost row.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use palisade_e2e::{Product, VirtualSensor, wait_until};
use palisade_testkit::kernel_available;
use palisade_types::{Epoch, Lane, TimeMicros};
use palisade_wire::{SealParams, msg, seal};
use prost::Message;

/// Certain to run for hours: a join whose filter lets none of 10^12 pairs through.
const HOURS: &str = "range x from 1 to 1000000 step 1 | extend k = 1 \
    | join kind=inner (range y from 1 to 1000000 step 1 | extend k = 1) on k | where x + y < 0 | count";

/// Certain to need more than its gigabyte: five million different texts of 400 characters as one side of a join,
/// which is held whole.
const GREEDY: &str = "range i from 1 to 5000000 step 1 | extend s = strcat(i, strrep('0123456789', 40)) \
    | join kind=inner (range i from 1 to 5000000 step 1 | extend s = strcat(i, strrep('0123456789', 40))) on s \
    | where i1 < 0 | count";

/// Events of each batch.
const EVENTS: u64 = 20;

/// Between batches: faster than any sensor, and far below what one device may send.
const PACE: Duration = Duration::from_millis(20);

/// Batches that are acknowledged while nothing else happens, before the abuse begins.
const QUIET: usize = 300;

/// Batches that must be acknowledged while one abuse lasts.
const UNDER_ABUSE: usize = 100;

#[test]
fn killed_greedy_and_late_queries_hurt_nobody_else() {
    if !kernel_available() {
        return;
    }
    let product = Product::up(false).expect("up");
    let before = roles(&product);
    let acks = Acks::default();
    let (sent, device) = std::thread::scope(|scope| {
        let upload =
            scope.spawn(|| uploads(&product, &acks).inspect_err(|e| eprintln!("the uploads ended: {e:#}")));
        // Whatever fails here, the uploads end.
        let _ended = acks.end_on_drop();
        acks.wait(&upload, QUIET);
        acks.next_phase();

        let victim = scope.spawn(|| product.query_error(HOURS));
        let pid = wait_until("a query worker is busy", 60, || busy(&product)).expect("a busy worker");
        acks.wait(&upload, UNDER_ABUSE);
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL)
            .expect("killed");
        let told = victim.join().expect("joined").expect("it failed");
        assert!(told.contains("query_lost"), "{told}");

        let told = product.query_error(GREEDY).expect("it failed");
        assert!(told.contains("query_memory"), "{told}");

        let late = scope.spawn(|| product.query_error_by(HOURS, &["--deadline", "2"]));
        let told = late.join().expect("joined").expect("it failed");
        assert!(told.contains("query_timeout"), "{told}");
        acks.wait(&upload, UNDER_ABUSE);

        acks.end();
        upload.join().expect("joined").expect("every batch was acknowledged, once and in order")
    });
    acks.print();
    assert_eq!(roles(&product), before, "no other process ended");

    let query = format!(
        "DeviceProcessEvents | where DeviceId == '{device}' | summarize Rows = count(), Ids = dcount(ReportId)"
    );
    let row = wait_until("all events are queryable", 60, || {
        product.query(&query).ok()?.into_iter().next().filter(|r| r["Rows"].as_u64() >= Some(sent))
    })
    .expect("a row");
    assert_eq!((row["Rows"].as_u64(), row["Ids"].as_u64()), (Some(sent), Some(sent)));
}

/// Process ids of the roles that a query must not touch.
fn roles(product: &Product) -> Vec<(&'static str, Vec<i32>)> {
    ["ingest", "lake", "api"]
        .into_iter()
        .map(|role| {
            let mut pids = product.role_pids(role);
            pids.sort_unstable();
            assert!(!pids.is_empty(), "{role} runs");
            (role, pids)
        })
        .collect()
}

/// How long acknowledgements took, phase by phase.
#[derive(Default)]
struct Acks {
    times: Mutex<[Vec<Duration>; 2]>,
    abused: AtomicBool,
    ended: AtomicBool,
}

/// Ends the uploads when it goes.
struct End<'a>(&'a Acks);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Acks {
    fn end_on_drop(&self) -> End<'_> {
        End(self)
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    fn next_phase(&self) {
        self.abused.store(true, Ordering::Relaxed);
    }

    fn count(&self) -> usize {
        self.times.lock().expect("not poisoned").iter().map(Vec::len).sum()
    }

    fn note(&self, took: Duration) {
        let phase = usize::from(self.abused.load(Ordering::Relaxed));
        self.times.lock().expect("not poisoned")[phase].push(took);
    }

    /// Waits for so many more acknowledgements.
    fn wait<T>(&self, upload: &std::thread::ScopedJoinHandle<'_, T>, more: usize) {
        let wanted = self.count() + more;
        wait_until("batches are acknowledged", 120, || {
            assert!(!upload.is_finished(), "the uploads broke off");
            (self.count() >= wanted).then_some(())
        })
        .expect("acknowledgements");
    }

    #[allow(clippy::print_stdout)] // figures for people; a test asserts no times
    fn print(&self) {
        for (name, times) in
            ["quiet", "abused"].iter().zip(self.times.lock().expect("not poisoned").iter_mut())
        {
            times.sort_unstable();
            let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
            println!("{name}: {} acknowledgements, p50 {:?}, p99 {:?}", times.len(), at(50), at(99));
        }
    }
}

/// Uploads one batch after the other until told to end; how many events were acknowledged, and of
/// which device. Each batch must be acknowledged at the first try.
fn uploads(product: &Product, acks: &Acks) -> Result<(u64, String)> {
    let token = product.palisade(&["enrolment-token"]).output()?;
    let token = String::from_utf8_lossy(&token.stdout).trim().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let sensor = VirtualSensor::enrol(product, &token, "steady").await?;
        let mut sequence = 0;
        while !acks.ended.load(Ordering::Relaxed) {
            sequence += 1;
            let batch = batch(sequence)?;
            let began = Instant::now();
            let answer = sensor.upload(vec![batch]).await.with_context(|| format!("batch {sequence}"))?;
            acks.note(began.elapsed());
            match answer.results.as_slice() {
                [result] if result.status == "acked" && result.sequence == sequence => {}
                other => bail!("batch {sequence}: {other:?}"),
            }
            tokio::time::sleep(PACE).await;
        }
        Ok((sequence * EVENTS, sensor.device.to_string()))
    })
}

/// A batch of process starts.
fn batch(sequence: u64) -> Result<msg::SealedBatch> {
    let now = TimeMicros::now().0;
    let mut batch = msg::Batch { boot_id: vec![7; 16].into(), ..msg::Batch::default() };
    for n in 0..EVENTS {
        let id = sequence * EVENTS + n;
        batch.processes.push(msg::Process {
            unique_id: id,
            pid: 1000 + u32::try_from(n)?,
            start_us: now,
            path: "/usr/bin/steady".into(),
            command_line: format!("/usr/bin/steady {id}"),
            user: "root".into(),
            ..msg::Process::default()
        });
        batch.facts.push(msg::Fact {
            time_us: now,
            report_id: id,
            process: id,
            kind: Some(msg::fact::Kind::ProcessCreated(msg::ProcessCreated { created: id })),
        });
    }
    let params = SealParams {
        epoch: Epoch(1),
        lane: Lane::Priority,
        sequence,
        dropped_below: 0,
        sealed_us: now,
        facts: u32::try_from(EVENTS)?,
    };
    Ok(seal(&batch.encode_to_vec(), params)?)
}

/// A query worker that computes.
fn busy(product: &Product) -> Option<i32> {
    product.role_pids("query").into_iter().find(|pid| cpu_ticks(*pid) > 100)
}

/// User time of a process in clock ticks; 0 where it is gone.
fn cpu_ticks(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .and_then(|rest| rest.split(' ').nth(11))
        .and_then(|t| t.parse().ok())
        .unwrap_or(0)
}
