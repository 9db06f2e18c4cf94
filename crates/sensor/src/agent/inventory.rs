//! Tells what the machine holds. A process of its own reads it (`cli/inventory/follow.rs`): what is read there
//! was written by others, and recording must not depend on it.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use palisade_inventory::parts::{MAX_PART, MAX_PARTS};
use palisade_types::{Lane, TimeMicros};
use palisade_wire::msg::{Component, Fact, InventoryList, InventoryPart, InventoryPartName, fact};
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::Recorder;
use crate::cli::inventory::follow::{Line, Wishes};

/// The first reading waits for what a start has to do.
const FIRST: Duration = Duration::from_secs(20);
/// Before a reader that ended is started again, for the first time, and at most.
const PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// A reader that ran for so long counts as having worked.
const STEADY: Duration = Duration::from_secs(600);
/// Longest line: a part's body once more escaped as text.
const MAX_LINE: u64 = 2 * MAX_PART as u64 + (64 << 10);
/// Orders that wait for baselines at once: one run answers all of them.
const MOST_WAITING: usize = 4;
/// So much of parts goes into one batch.
const AT_ONCE: usize = 1 << 20;

/// How the reading of the machine stands.
#[derive(Debug)]
pub struct Reading {
    /// What somebody asks for.
    wanted: watch::Sender<Wishes>,
    /// What the last list said.
    told: watch::Sender<Told>,
    failing: Mutex<Option<String>>,
    /// For those who wait for baselines.
    places: Arc<Semaphore>,
}

/// What the last list said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// Packages.
    pub packages: usize,
    /// Parts of the whole, and those sent with it.
    pub parts: usize,
    /// Parts that were new.
    pub sent: usize,
    /// What was asked for and has been answered.
    answers: Wishes,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            wanted: watch::channel(Wishes::default()).0,
            told: watch::channel(Told::default()).0,
            failing: Mutex::default(),
            places: Arc::new(Semaphore::new(MOST_WAITING)),
        }
    }
}

impl Reading {
    /// Asks for a whole reading and waits until it was told; nothing if it was not within `limit`.
    pub async fn anew(&self, limit: Duration) -> Option<Told> {
        self.ask(|w| &mut w.all, limit).await
    }

    /// A place among those who wait for baselines; none where there are several already.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().ok()
    }

    /// Asks for the baselines and waits until their results were told; nothing if they were not within `limit`.
    pub async fn checked(&self, limit: Duration) -> Option<Told> {
        self.ask(|w| &mut w.baselines, limit).await
    }

    async fn ask(&self, of: impl Fn(&mut Wishes) -> &mut u64, limit: Duration) -> Option<Told> {
        let mut told = self.told.subscribe();
        let mut number = 0;
        self.wanted.send_modify(|wishes| {
            *of(wishes) += 1;
            number = *of(wishes);
        });
        let answered = |told: &Told| {
            let mut answers = told.answers;
            *of(&mut answers) >= number
        };
        let fresh = tokio::time::timeout(limit, told.wait_for(answered)).await;
        fresh.ok()?.ok().map(|state| *state)
    }

    /// The lines that ask a reader for what is not answered yet.
    fn unanswered(&self, sent: &mut Wishes) -> String {
        let (wanted, answered) = (*self.wanted.borrow(), self.told.borrow().answers);
        let mut lines = String::new();
        if wanted.all > sent.all.max(answered.all) {
            lines.push_str(&format!("all {}\n", wanted.all));
        }
        if wanted.baselines > sent.baselines.max(answered.baselines) {
            lines.push_str(&format!("baselines {}\n", wanted.baselines));
        }
        *sent = wanted;
        lines
    }

    /// How it is.
    pub fn component(&self, on: bool) -> Component {
        let (state, detail) = match self.failing.lock().clone() {
            _ if !on => ("off", "switched off by its settings".to_owned()),
            Some(why) => ("degraded", format!("what the machine holds is not read: {why}")),
            None => ("ok", String::new()),
        };
        Component { name: "inventory".into(), state: state.into(), detail, ..Component::default() }
    }
}

/// Reads and tells until the sensor stops. A sensor of a part of a machine says nothing of the machine.
pub async fn run(recorder: Arc<Recorder>) {
    if !recorder.settings.inventory || recorder.settings.scope.is_some() {
        return;
    }
    let mut stop = recorder.stop.subscribe();
    let mut wanted = recorder.reading.wanted.subscribe();
    let mut wait = FIRST;
    let mut pause = PAUSE;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // Whoever asks does not wait for the start's calm.
            _ = wanted.changed() => {}
            _ = stop.wait_for(|s| s.ends()) => return,
        }
        let began = Instant::now();
        let ended = tokio::select! {
            ended = read(&recorder) => ended,
            _ = stop.wait_for(|s| s.ends()) => return,
        };
        // What was asked for meanwhile is no reason to begin again at once; the next reader is told of it.
        wanted.mark_unchanged();
        tracing::warn!(why = ended, "the reader of the machine's inventory ended");
        recorder.counters.add("inventory_failures", 1);
        *recorder.reading.failing.lock() = Some(ended);
        pause = if began.elapsed() >= STEADY { PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        wait = pause;
    }
}

fn start(recorder: &Recorder) -> std::io::Result<Child> {
    // What runs now, also when an upgrade has replaced the file.
    let mut command = Command::new("/proc/self/exe");
    command.arg0("palisade-sensor").args(["inventory", "--follow"]);
    command.arg("--baselines").arg(&recorder.settings.state_dir);
    if let Some(root) = recorder.settings.layout.other_root() {
        command.arg("--root").arg(root);
    }
    // What it dies of reaches our log: it writes that line and no other, and is started again once a minute at most.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
    let own = nix::unistd::getpid();
    // SAFETY: only system calls between fork and exec.
    unsafe {
        command.pre_exec(move || {
            set_pdeathsig(Signal::SIGKILL)?;
            if nix::unistd::getppid() != own {
                return Err(std::io::Error::other("the sensor is gone"));
            }
            Ok(())
        });
    }
    command.spawn()
}

/// Tells what a reader says until it ends; why it did.
async fn read(recorder: &Recorder) -> String {
    let mut child = match start(recorder) {
        Ok(child) => child,
        Err(e) => return format!("it does not start: {e}"),
    };
    let (Some(mut ask), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
        return "it has no pipes".into();
    };
    let mut out = BufReader::new(out);
    let (mut wanted, mut asked) = (recorder.reading.wanted.subscribe(), Wishes::default());
    // What was asked for before this reader was there, it is asked for now.
    wanted.mark_changed();
    let mut waiting = Vec::new();
    let (mut bytes, mut sent) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = (&mut out).take(MAX_LINE);
        // A wish in between must not cut a line in two, so it is passed on by the same loop.
        let mut reading = std::pin::pin!(bounded.read_until(b'\n', &mut line));
        let read = loop {
            tokio::select! {
                read = &mut reading => break read,
                _ = wanted.changed() => {
                    let lines = recorder.reading.unanswered(&mut asked);
                    if ask.write_all(lines.as_bytes()).await.is_err() {
                        return "it takes no more wishes".into();
                    }
                }
            }
        };
        match read {
            Ok(0) => {
                let status = child.wait().await;
                return status.map_or_else(|e| e.to_string(), |s| s.to_string());
            }
            Ok(_) if line.last() != Some(&b'\n') => {
                return "it wrote a line that is too long or cut off".into();
            }
            Ok(_) => {}
            Err(e) => return e.to_string(),
        }
        match serde_json::from_slice::<Line>(&line) {
            Ok(Line::Part { name, body }) => {
                bytes += body.len();
                sent += 1;
                waiting.push(fact(fact::Kind::InventoryPart(InventoryPart { name, body })));
                if bytes >= AT_ONCE {
                    recorder.spool.append_facts(Lane::Control, std::mem::take(&mut waiting), None);
                    bytes = 0;
                }
            }
            Ok(Line::List { taken_us, parts, left_out, packages, answers }) => {
                let told = Told { packages, parts: parts.len(), sent, answers };
                waiting.push(fact(list(taken_us, parts, left_out)));
                recorder.spool.append_facts(Lane::Control, std::mem::take(&mut waiting), None);
                (bytes, sent) = (0, 0);
                recorder.counters.add("inventories_told", 1);
                *recorder.reading.failing.lock() = None;
                // A reader that began anew knows nothing of what another one answered.
                recorder.reading.told.send_modify(|last| {
                    let answers = Wishes {
                        all: answers.all.max(last.answers.all),
                        baselines: answers.baselines.max(last.answers.baselines),
                    };
                    *last = Told { answers, ..told };
                });
            }
            Err(e) => return format!("it wrote what is no line of its own: {e}"),
        }
    }
}

fn list(taken_us: i64, parts: BTreeMap<String, String>, left_out: Vec<String>) -> fact::Kind {
    let parts = parts.into_iter().take(MAX_PARTS);
    let parts = parts.map(|(name, digest)| InventoryPartName { name, digest }).collect();
    fact::Kind::InventoryList(InventoryList { taken_us, parts, left_out })
}

fn fact(kind: fact::Kind) -> Fact {
    Fact { time_us: TimeMicros::now().0, kind: Some(kind), ..Fact::default() }
}
