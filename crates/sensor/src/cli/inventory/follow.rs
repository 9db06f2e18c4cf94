//! `palisade-sensor inventory --follow`: a process of its own beside the sensor, which reads what others
//! wrote on the machine. If it fails on that, recording does not notice.
//!
//! It writes a line for each part that changed, then one with the list of all. On its standard input a line
//! `all NUMBER` asks for everything anew, `baselines NUMBER` for the baselines alone; the numbers come back with
//! the list that answers them. It ends with its standard input.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use palisade_inventory::parts::{Parts, digest, split};
use palisade_inventory::{Inventory, Loaded, Options, Package, Root, Scanner};
use serde::{Deserialize, Serialize};

use super::baselines::Baselines;
use crate::error::SensorError;

/// How often it is asked whether something changed: a few hundred files' times.
const LOOK: Duration = Duration::from_secs(10);
/// How often processes and sockets are looked at.
const LIVE: Duration = Duration::from_secs(600);
/// How often everything is read and told anew.
const WHOLE: Duration = Duration::from_secs(24 * 3600);
/// What ran counts as running for so long: programs that run for a moment every few minutes would make
/// the inventory another one each time.
const RAN: Duration = Duration::from_secs(3600);

/// A line from the process that follows to the sensor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// A part that is new or changed.
    Part {
        /// Its name.
        name: String,
        /// JSON.
        body: String,
    },
    /// Which parts there are.
    List {
        /// When it was taken, microseconds.
        taken_us: i64,
        /// Name and digest of each.
        parts: BTreeMap<String, String>,
        /// Parts that are too large.
        left_out: Vec<String>,
        /// Packages in it.
        packages: usize,
        /// What was asked for and is answered by it.
        answers: Wishes,
    },
}

/// What the sensor asks for, each by a number that rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// Everything anew.
    pub all: u64,
    /// The baselines.
    pub baselines: u64,
}

/// Follows until standard input ends.
///
/// # Errors
/// When the root is gone, or nobody reads any more.
pub fn follow(root: &Path, containers: bool, state: Option<&Path>) -> Result<(), SensorError> {
    let fault = |e: palisade_inventory::InventoryError| {
        SensorError::Config(format!("{} cannot be read: {e}", root.display()))
    };
    let options = Options { containers, live_every: LIVE, ..Options::default() };
    let scanner = Scanner::new(Root::open(root).map_err(fault)?, options);
    let mut follower = Follower::new(scanner, Baselines::open(root, state));
    let (asked, wanted) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if asked.send(line).is_err() {
                break;
            }
        }
    });
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    loop {
        if let Some(lines) = follower.step().map_err(fault)? {
            tell(&mut out, &lines)?;
        }
        if let Some(lines) = follower.check() {
            tell(&mut out, &lines)?;
        }
        match wanted.recv_timeout(LOOK) {
            Ok(line) => {
                follower.wish(&line);
                wanted.try_iter().for_each(|line| follower.wish(&line));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

fn tell(out: &mut impl Write, lines: &[Line]) -> Result<(), SensorError> {
    for line in lines {
        serde_json::to_writer(&mut *out, line)
            .map_err(std::io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(SensorError::file("standard output"))?;
    }
    out.flush().map_err(SensorError::file("standard output"))?;
    give_memory_back();
    Ok(())
}

/// A scan needs much for a second and nothing afterwards.
fn give_memory_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it only returns free pages to the kernel.
    unsafe {
        libc::malloc_trim(0);
    }
}

struct Follower {
    scanner: Scanner,
    baselines: Baselines,
    /// The inventory as last read, without the baselines.
    machine: Machine,
    told: BTreeMap<String, String>,
    asked: Wishes,
    answers: Wishes,
    whole_at: Option<Instant>,
    ran: HashMap<(String, String, String), Instant>,
    loaded: HashMap<String, (Loaded, Instant)>,
}

#[derive(Default)]
struct Machine {
    digests: BTreeMap<String, String>,
    left_out: Vec<String>,
    taken_us: i64,
    packages: usize,
}

impl Follower {
    fn new(scanner: Scanner, baselines: Baselines) -> Self {
        let (ran, loaded) = (HashMap::new(), HashMap::new());
        Self {
            scanner,
            baselines,
            machine: Machine::default(),
            told: BTreeMap::new(),
            asked: Wishes::default(),
            answers: Wishes::default(),
            whole_at: None,
            ran,
            loaded,
        }
    }

    /// Takes a line of the sensor's.
    fn wish(&mut self, line: &str) {
        let (word, number) = line.split_once(' ').unwrap_or((line, ""));
        let number = number.trim().parse().unwrap_or(0);
        match word {
            "all" => {
                self.asked.all = number;
                self.told.clear();
                self.whole_at = None;
            }
            "baselines" => self.asked.baselines = number,
            _ => return,
        }
        self.baselines.ask();
    }

    /// What is to be told now of the machine; nothing if nothing changed.
    fn step(&mut self) -> palisade_inventory::Result<Option<Vec<Line>>> {
        let mut inventory = if self.whole_at.is_none_or(|at| at.elapsed() >= WHOLE) {
            self.whole_at = Some(Instant::now());
            self.told.clear();
            self.scanner.full()?
        } else {
            match self.scanner.changed()? {
                Some(changes) => changes.inventory,
                None => return Ok(None),
            }
        };
        self.remember_what_ran(&mut inventory, Instant::now());
        let Parts { bodies, left_out } = split(&inventory);
        self.machine = Machine {
            digests: bodies.iter().map(|(name, body)| (name.clone(), digest(body))).collect(),
            left_out: left_out.into_iter().collect(),
            taken_us: inventory.taken_us.0,
            packages: inventory.packages.len(),
        };
        let answered = std::mem::replace(&mut self.answers.all, self.asked.all) != self.asked.all;
        Ok(self.lines(bodies, answered))
    }

    /// Runs the baselines when it is time, and tells what they say.
    fn check(&mut self) -> Option<Vec<Line>> {
        if !self.baselines.due() {
            return None;
        }
        self.baselines.run();
        self.answers.baselines = self.asked.baselines;
        self.lines(BTreeMap::new(), true)
    }

    /// Parts that are new or changed, and the list; nothing where nothing changed, unless somebody waits for it.
    fn lines(&mut self, mut bodies: BTreeMap<String, String>, always: bool) -> Option<Vec<Line>> {
        let of_baselines = self.baselines.bodies();
        let mut digests = self.machine.digests.clone();
        digests.extend(of_baselines.iter().map(|(name, body)| (name.clone(), digest(body))));
        if digests == self.told && !always {
            return None;
        }
        bodies.extend(of_baselines.iter().map(|(name, body)| (name.clone(), body.clone())));
        let mut lines: Vec<Line> = bodies
            .into_iter()
            .filter(|(name, _)| self.told.get(name) != digests.get(name))
            .map(|(name, body)| Line::Part { name, body })
            .collect();
        lines.push(Line::List {
            taken_us: self.machine.taken_us,
            parts: digests.clone(),
            left_out: self.machine.left_out.clone(),
            packages: self.machine.packages,
            answers: self.answers,
        });
        self.told = digests;
        Some(lines)
    }

    fn remember_what_ran(&mut self, inventory: &mut Inventory, now: Instant) {
        if !inventory.live {
            return;
        }
        let key = |p: &Package| (p.name.clone(), p.version.clone(), p.path.clone());
        for package in inventory.packages.iter().filter(|p| p.running == Some(true)) {
            self.ran.insert(key(package), now);
        }
        self.ran.retain(|_, at| now.duration_since(*at) < RAN);
        for package in inventory.packages.iter_mut().filter(|p| p.running == Some(false)) {
            if self.ran.contains_key(&key(package)) {
                package.running = Some(true);
            }
        }
        for file in &inventory.loaded {
            self.loaded.insert(file.path.clone(), (file.clone(), now));
        }
        self.loaded.retain(|_, (_, at)| now.duration_since(*at) < RAN);
        let mut loaded: Vec<Loaded> = self.loaded.values().map(|(file, _)| file.clone()).collect();
        loaded.sort_by(|a, b| a.path.cmp(&b.path));
        inventory.loaded = loaded;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const STATUS: &str =
        "Package: one\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n\n";

    fn name(line: &Line) -> Option<&str> {
        match line {
            Line::Part { name, .. } => Some(name),
            Line::List { .. } => None,
        }
    }

    fn names(lines: &[Line]) -> Vec<&str> {
        lines.iter().filter_map(name).collect()
    }

    #[test]
    fn what_changes_is_told_and_nothing_else() {
        let root = tempfile::tempdir().expect("a folder");
        let dpkg = root.path().join("var/lib/dpkg");
        fs::create_dir_all(&dpkg).expect("made");
        fs::write(dpkg.join("status"), STATUS).expect("written");
        let opened = Root::open(root.path()).expect("opens");
        let scanner = Scanner::new(opened, Options::default());
        let mut follower = Follower::new(scanner, Baselines::open(root.path(), None));
        let first = follower.step().expect("reads").expect("all is new");
        assert_eq!(names(&first), ["head", "packages/0"]);
        let Some(Line::List { parts, packages, .. }) = first.last() else { panic!("a list is last") };
        assert_eq!((parts.len(), *packages), (2, 1));
        assert!(follower.step().expect("reads").is_none());

        let more = STATUS.replace("one", "two");
        fs::write(dpkg.join("status.new"), format!("{STATUS}{more}")).expect("written");
        fs::rename(dpkg.join("status.new"), dpkg.join("status")).expect("renamed");
        let second = follower.step().expect("reads").expect("changed");
        assert!(names(&second).contains(&"packages/0"), "{second:?}");
        assert!(matches!(second.last(), Some(Line::List { packages: 2, .. })));

        follower.wish("all 4");
        let again = follower.step().expect("reads").expect("all again");
        assert_eq!(names(&again), ["head", "packages/0"]);
        assert_eq!(answers(&again), Wishes { all: 4, baselines: 0 });
        assert!(follower.check().is_none(), "without a state folder no baseline is run");
    }

    #[test]
    fn baselines_are_told_after_the_machine_and_stay_in_its_list() {
        let (root, state) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        fs::create_dir_all(root.path().join("etc")).expect("made");
        fs::write(root.path().join("etc/os-release"), "ID=debian\n").expect("written");
        let follower = || {
            let scanner = Scanner::new(Root::open(root.path()).expect("opens"), Options::default());
            Follower::new(scanner, Baselines::open(root.path(), Some(state.path())))
        };
        let mut first = follower();
        let lines = first.step().expect("reads").expect("all is new");
        assert_eq!(names(&lines), ["head"], "the machine does not wait for its baselines");
        let lines = first.check().expect("they were never run");
        assert_eq!(names(&lines), ["baseline/debian-server-level1"]);
        let Some(Line::List { parts, .. }) = lines.last() else { panic!("a list is last") };
        assert_eq!(parts.keys().collect::<Vec<_>>(), ["baseline/debian-server-level1", "head"]);
        assert!(first.check().is_none() && first.step().expect("reads").is_none());

        first.wish("baselines 2");
        let lines = first.check().expect("they were asked for");
        assert_eq!(answers(&lines), Wishes { all: 0, baselines: 2 });

        let mut again = follower();
        let lines = again.step().expect("reads").expect("all is new");
        assert_eq!(names(&lines), ["baseline/debian-server-level1", "head"], "kept over a start");
        assert!(again.check().is_none());
    }

    fn answers(lines: &[Line]) -> Wishes {
        match lines.last() {
            Some(Line::List { answers, .. }) => *answers,
            other => panic!("a list is last: {other:?}"),
        }
    }

    #[test]
    fn what_ran_a_moment_ago_still_counts() {
        let root = tempfile::tempdir().expect("a folder");
        let opened = Root::open(root.path()).expect("opens");
        let scanner = Scanner::new(opened, Options::default());
        let mut follower = Follower::new(scanner, Baselines::open(root.path(), None));
        let with = |running| Inventory {
            live: true,
            packages: vec![Package { name: "cron".into(), running: Some(running), ..Package::default() }],
            ..Inventory::default()
        };
        let now = Instant::now();
        follower.remember_what_ran(&mut with(true), now);
        let mut idle = with(false);
        follower.remember_what_ran(&mut idle, now + RAN / 2);
        assert_eq!(idle.packages[0].running, Some(true));
        let mut idle = with(false);
        follower.remember_what_ran(&mut idle, now + RAN * 2);
        assert_eq!(idle.packages[0].running, Some(false));
    }
}
