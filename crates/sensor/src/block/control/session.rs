//! One life of resolver and responder together: if one of them ends, or what the sensor may do changes, both
//! begin anew.

use std::collections::VecDeque;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Applications, LOOK, Standing};
use crate::agent::Recorder;
use crate::block::event::Execution;
use crate::block::resolver;
use crate::block::responder::{self, Reach};
use crate::block::watchdog::{Guarded, Told};
use crate::block::words::{FromResponder, MAX_LINE, Mark, Refused, Resolved, Rung, ToResolver, ToResponder};
use crate::scope::{Place, place};

/// Tables whose executions may still be told.
const REMEMBERED: usize = 4;

/// Without rules there is nothing to watch; a part that says why nothing is prevented may be so old.
const REST: Duration = Duration::from_secs(10);

/// A responder that was let go has ended by then: the watchdog kills it at once.
const RELEASE: Duration = Duration::from_secs(8);

/// Why a session ended.
pub enum Ended {
    /// There is nothing to do until a list comes, or for so long.
    Idle(Duration),
    /// Something else is to be done.
    Anew,
    /// It failed.
    Broken(String),
}

/// Runs until something changes.
pub async fn run(recorder: &Recorder) -> Ended {
    let applications = &recorder.applications;
    let standing = applications.standing();
    let list = applications.list.lock().clone();
    applications.view.send_modify(|v| {
        (v.disarmed, v.safe) = (standing.disarmed.clone(), standing.safe.clone());
        v.only_looks.clone_from(&standing.only_looks);
        (v.revision, v.ordered) = (list.revision, list.rules.len());
    });
    if list.rules.is_empty() || standing.disarmed.is_some() {
        applications.view.send_modify(|v| {
            (v.rung, v.marked, v.settled) = (None, 0, true);
            v.rules.clear();
            v.failed.clear();
            v.unclear.clear();
            v.broken.clear();
        });
        return Ended::Idle(if list.rules.is_empty() { REST } else { LOOK });
    }
    match Session::start(recorder, standing) {
        Ok(mut session) => {
            let ended = session.live().await;
            // What follows says that nothing is held up any more; so it must be true.
            session.release().await;
            ended
        }
        Err(why) => Ended::Broken(why),
    }
}

struct Session<'a> {
    recorder: &'a Recorder,
    applications: &'a Applications,
    standing: Standing,
    resolver: Child,
    ask: ChildStdin,
    out: BufReader<ChildStdout>,
    line: Vec<u8>,
    guarded: Option<Guarded>,
    tell: UnboundedSender<Told>,
    told: UnboundedReceiver<Told>,
    rung: Rung,
    within: Option<String>,
    tables: VecDeque<(u64, Resolved)>,
    generation: u64,
    in_container: bool,
    /// A responder that was let go and has not ended yet.
    ending: Option<u64>,
}

impl<'a> Session<'a> {
    fn start(recorder: &'a Recorder, standing: Standing) -> Result<Self, String> {
        let applications = &recorder.applications;
        let within = applications.within()?;
        let mut resolver =
            start_resolver(applications).map_err(|e| format!("the resolver does not start: {e}"))?;
        let (Some(ask), Some(out)) = (resolver.stdin.take(), resolver.stdout.take()) else {
            return Err("the resolver has no pipes".into());
        };
        let (tell, told) = unbounded_channel();
        Ok(Self {
            recorder,
            applications,
            standing,
            resolver,
            ask,
            out: BufReader::new(out),
            line: Vec::new(),
            guarded: None,
            tell,
            told,
            rung: Rung::Detect,
            within,
            tables: VecDeque::new(),
            generation: 0,
            in_container: place() == Place::Container,
            ending: None,
        })
    }

    async fn live(&mut self) -> Ended {
        if let Err(why) = self.send_list().await {
            return Ended::Broken(why);
        }
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let limit = MAX_LINE as u64;
            let ended = tokio::select! {
                // Cut in two by another branch, a line goes on in the next round.
                read = read_line(&mut self.out, &mut self.line, limit) => match read {
                    Ok(true) => self.resolved(),
                    Ok(false) => {
                        let status = self.resolver.wait().await;
                        Some(Ended::Broken(status.map_or_else(|e| e.to_string(), |s| format!("the resolver ended: {s}"))))
                    }
                    Err(why) => Some(Ended::Broken(why)),
                },
                Some(told) = self.told.recv() => self.heard(told).await,
                () = self.applications.wake.notified() => self.changed().await,
                _ = look.tick() => (self.applications.standing() != self.standing).then_some(Ended::Anew),
            };
            if let Some(ended) = ended {
                return ended;
            }
        }
    }

    /// Ends the responder and waits until it has.
    async fn release(&mut self) {
        let Some(number) = self.guarded.take().map(|g| g.number) else { return };
        let until = tokio::time::Instant::now() + RELEASE;
        loop {
            match tokio::time::timeout_at(until, self.told.recv()).await {
                Ok(Some(Told::Ended { number: n, .. })) if n == number => return,
                // What it still says of executions is told as ever.
                Ok(Some(told)) => drop(self.heard(told).await),
                Ok(None) => return,
                Err(_) => {
                    tracing::error!("the responder does not end");
                    return;
                }
            }
        }
    }

    async fn send_list(&mut self) -> Result<(), String> {
        let list = self.applications.list.lock().clone();
        self.ask(&ToResolver::List { revision: list.revision, rules: list.rules }).await
    }

    async fn ask(&mut self, what: &ToResolver) -> Result<(), String> {
        let mut line = serde_json::to_vec(what).map_err(|e| e.to_string())?;
        line.push(b'\n');
        let written = tokio::time::timeout(Duration::from_secs(10), self.ask.write_all(&line)).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(format!("the resolver takes no more wishes: {e}")),
            Err(_) => Err("the resolver takes no wishes".into()),
        }
    }

    /// Another list came.
    async fn changed(&mut self) -> Option<Ended> {
        if self.applications.list.lock().rules.is_empty() || self.applications.standing() != self.standing {
            return Some(Ended::Anew);
        }
        self.send_list().await.err().map(Ended::Broken)
    }

    /// The resolver has found something else.
    fn resolved(&mut self) -> Option<Ended> {
        let line = std::mem::take(&mut self.line);
        let found: Resolved = match serde_json::from_slice(&line) {
            Ok(found) => found,
            Err(e) => {
                return Some(Ended::Broken(format!("the resolver wrote what is no line of its own: {e}")));
            }
        };
        self.generation += 1;
        let marks: Vec<Mark> = found
            .programs
            .iter()
            .map(|p| Mark { path: p.path.clone(), identity: p.identity, block: p.block })
            .collect();
        let nothing = marks.is_empty();
        self.applications.view.send_modify(|v| {
            (v.rules, v.unclear) = (found.rules.clone(), found.unclear.clone());
            v.broken.clear();
        });
        self.tables.push_back((self.generation, found));
        if self.tables.len() > REMEMBERED {
            self.tables.pop_front();
        }
        if nothing {
            // Without programs there is no responder either.
            match self.guarded.take() {
                Some(guarded) => self.ending = Some(guarded.number),
                None if self.ending.is_none() => self.nothing_left(),
                None => {}
            }
            return None;
        }
        if self.guarded.is_none() {
            let reach = self.applications.reach(&self.standing);
            let state_dir = self.applications.state_dir.clone();
            let tell = self.tell.clone();
            match Guarded::start(self.generation, state_dir, arguments(reach, self.within.as_deref()), tell) {
                Ok(guarded) => self.guarded = Some(guarded),
                Err(e) => return Some(Ended::Broken(format!("no thread for the responder: {e}"))),
            }
        }
        if let Some(guarded) = &self.guarded {
            guarded.say(ToResponder::Table { generation: self.generation, marks });
        }
        None
    }

    /// The responder said something, or is no more.
    async fn heard(&mut self, told: Told) -> Option<Ended> {
        match told {
            // One that was let go because nothing was marked any more.
            Told::Ended { number, .. } if self.guarded.as_ref().is_none_or(|g| g.number != number) => {
                if self.ending == Some(number) {
                    self.ending = None;
                    if self.guarded.is_none() {
                        self.nothing_left();
                    }
                }
            }
            Told::Ended { why, silent, .. } => {
                self.guarded = None;
                if silent {
                    *self.applications.silences.lock() += 1;
                    self.recorder.counters.add("application_responder_silent", 1);
                }
                return Some(Ended::Broken(why));
            }
            Told::Said(FromResponder::Hello { rung, detail }) => {
                self.rung = rung;
                tracing::info!(rung = rung.as_str(), %detail, "application control is ready");
                self.applications.view.send_modify(|v| (v.rung, v.rung_detail) = (Some(rung), detail));
            }
            Told::Said(FromResponder::Pulse) => {}
            Told::Said(FromResponder::Table { generation, marked, failed }) => {
                self.in_force(generation, marked, &failed);
            }
            Told::Said(FromResponder::Exec { generation, index, pid, verdict, time_us }) => {
                if let Some(guarded) = &self.guarded {
                    guarded.taken();
                }
                let table = self.tables.iter().find(|(g, _)| *g == generation);
                let program = table.and_then(|(_, t)| Some((t.programs.get(index)?, &t.hits)));
                if let Some((program, hits)) = program
                    && let Some(hit) = hits.get(program.hit)
                {
                    // A container numbers its processes by itself; capture knows the machine's numbers.
                    let pid = if self.in_container { 0 } else { pid };
                    let execution =
                        Execution::new(time_us, pid, verdict, self.rung, program.clone(), hit.clone());
                    self.recorder.counters.add(execution.counter(), 1);
                    if !self.applications.keep(execution) {
                        self.recorder.counters.add("application_events_lost", 1);
                    }
                }
            }
            Told::Said(FromResponder::Lost { count }) => {
                self.recorder.counters.add("application_events_lost", count);
            }
            Told::Said(FromResponder::Stale) => {
                return self.ask(&ToResolver::Again).await.err().map(Ended::Broken);
            }
        }
        None
    }

    /// No file is marked, and nobody can be held up.
    fn nothing_left(&self) {
        let revision = self.tables.back().map(|(_, t)| t.revision);
        self.applications.view.send_modify(|v| {
            (v.marked, v.rung) = (0, None);
            v.failed.clear();
            v.settled = revision == Some(v.revision);
        });
    }

    fn in_force(&self, generation: u64, marked: usize, failed: &[(usize, String)]) {
        let Some((_, table)) = self.tables.iter().find(|(g, _)| *g == generation) else { return };
        let named = |(index, why): &(usize, String)| {
            let program = table.programs.get(*index)?;
            let is_code = why.starts_with("block_");
            Some(Refused {
                path: program.path.clone(),
                package: table.hits.get(program.hit)?.name.clone(),
                code: if is_code { why.clone() } else { "block_not_marked".into() },
                reason: if is_code { String::new() } else { why.clone() },
            })
        };
        self.applications.view.send_modify(|v| {
            v.marked = marked;
            v.failed = failed.iter().filter_map(named).collect();
            v.settled = table.revision == v.revision;
        });
    }
}

fn arguments(reach: Reach, within: Option<&str>) -> Vec<String> {
    let reach = match reach {
        Reach::Enforce => "enforce",
        Reach::Kill => "kill",
        Reach::Detect => "detect",
    };
    let mut all = vec![responder::WORD.to_owned(), "--reach".into(), reach.into()];
    if let Some(cgroup) = within {
        all.extend(["--within".to_owned(), cgroup.to_owned()]);
    }
    all
}

fn start_resolver(applications: &Applications) -> std::io::Result<Child> {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("palisade-sensor").arg(resolver::WORD);
    if let Some(root) = &applications.root {
        command.arg("--root").arg(root);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
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

/// Reads on until a line is whole; false at the end. What was read of a line stays in `line`.
async fn read_line(out: &mut BufReader<ChildStdout>, line: &mut Vec<u8>, limit: u64) -> Result<bool, String> {
    let left = limit.saturating_sub(line.len() as u64);
    let read = out.take(left).read_until(b'\n', line).await.map_err(|e| e.to_string())?;
    if line.last() == Some(&b'\n') {
        return Ok(true);
    }
    if read == 0 && line.is_empty() {
        Ok(false)
    } else {
        Err("the resolver wrote a line that is cut off".into())
    }
}
