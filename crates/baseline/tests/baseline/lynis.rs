//! Lynis before the changed roots, where it decides: `bench/baseline` runs it. What says the same is written
//! in `lynis.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use palisade_baseline::{Aspect, Host, Options, Profile, Report, State, builtin, run};
use palisade_testkit::skipped;
use serde::Deserialize;

use crate::{live, mutate, world};

/// How many of them run at a time: Lynis waits for what it starts most of the time.
const AT_A_TIME: usize = 3;

/// `lynis.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    groups: Vec<String>,
    profile: String,
    lift: Vec<(String, String, String)>,
    lift_modes: Vec<(String, String, String)>,
    blind: Vec<Known>,
    differs: Vec<Known>,
    row: Vec<Row>,
}

/// A difference that is known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    check: String,
    change: String,
    why: String,
}

/// What says the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    checks: Vec<String>,
    aspect: Option<Aspect>,
    place: Option<String>,
    test: String,
    #[serde(default)]
    needs: Vec<String>,
    says: Vec<String>,
    #[serde(default)]
    well: Vec<String>,
    #[serde(default)]
    ill: Vec<String>,
    report: Option<String>,
}

impl Row {
    /// What ours say: whether it is well, or nothing.
    fn ours(&self, report: &Report) -> Option<bool> {
        let mut out = None;
        for id in &self.checks {
            let f = report.findings.iter().find(|f| f.id == *id).expect("a check of the profile");
            let state = self.aspect.map_or(f.state, |a| f.aspects.get(&a).copied().unwrap_or(f.state));
            let here = |p: &String| f.evidence.iter().any(|e| e.path == *p);
            match state {
                State::NotCompliant if self.place.as_ref().is_none_or(here) => return Some(false),
                State::NotCompliant | State::Compliant => out = Some(true),
                State::NotApplicable | State::NotEvaluated => {}
            }
        }
        out
    }

    /// What Lynis says.
    fn theirs(&self, said: &Said) -> Option<bool> {
        let meant = |label: &str| {
            self.says.iter().any(|s| s.strip_suffix('*').map_or(label == s, |begin| label.starts_with(begin)))
        };
        let answers: Vec<&str> =
            said.screen.iter().filter(|(label, _)| meant(label)).map(|(_, a)| a.as_str()).collect();
        if answers.is_empty() {
            return None;
        }
        if let Some(line) = &self.report {
            return Some(!said.report.lines().any(|l| l == line));
        }
        if answers.iter().any(|a| self.ill.iter().any(|i| i == a)) {
            return Some(false);
        }
        answers.iter().all(|a| self.well.iter().any(|w| w == a)).then_some(true)
    }
}

/// What Lynis printed and wrote.
struct Said {
    screen: Vec<(String, String)>,
    report: String,
}

/// A root, what ours say of it, and what changed in it.
struct World {
    name: String,
    expected: BTreeSet<&'static str>,
    root: tempfile::TempDir,
    ours: Report,
}

#[test]
fn the_mapping_names_what_there_is() {
    let mapping = mapping();
    let profile = Profile::import(&mapping.profile).expect("a profile");
    builtin().check_profile(&profile).expect("of checks that there are");
    let ids: BTreeSet<&str> = mapping.row.iter().flat_map(|r| &r.checks).map(String::as_str).collect();
    for id in &ids {
        assert!(builtin().check(id).is_some(), "{id}");
    }
    for known in mapping.blind.iter().chain(&mapping.differs) {
        assert!(ids.contains(known.check.as_str()), "{}", known.check);
        let changes = mutate::CHANGES.iter().any(|(c, _)| format!("{c:?}").contains(&known.change));
        assert!(changes, "no change has {}", known.change);
    }
    for row in &mapping.row {
        assert!(row.report.is_some() != (!row.well.is_empty() && !row.ill.is_empty()), "{:?}", row.checks);
    }
}

#[test]
fn as_lynis_says_live() {
    if std::env::var_os("PALISADE_LYNIS").is_none() {
        return skipped("needs lynis, and minutes: bench/baseline");
    }
    if !Path::new("/usr/sbin/lynis").exists() || !Path::new("/usr/sbin/sshd").exists() || !world::is_root() {
        return skipped("needs root, lynis and openssh-server");
    }
    let mapping = mapping();
    let worlds = worlds(&mapping);
    let before = live::spent_by_children();
    let (next, said) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|s| {
        for _ in 0..AT_A_TIME {
            s.spawn(|| {
                while let Some((i, w)) = next_of(&worlds, &next) {
                    let one = lynis(w.root.path(), &mapping);
                    said.lock().expect("no panic").insert(i, one);
                }
            });
        }
    });
    let theirs = live::spent_by_children() - before;
    let tally = compare(&mapping, &worlds, &said.into_inner().expect("no panic"));
    let ours: u64 = worlds.iter().map(|w| w.ours.cpu_ms).sum();
    println!(
        "Lynis: {} roots, {} rows of {} checks: {} answers about the change or of the root before it, {} the same ({:.1} %); \
         differences explained {}, not explained {}; did not look at the change in {}; not decided by Lynis {}, by ours {}; \
         all answers of all roots {}, {} the same ({:.1} %); processor time ours {:.2} s for every check, Lynis {theirs:.0} s",
        worlds.len(),
        mapping.row.len(),
        mapping.row.iter().flat_map(|r| &r.checks).collect::<BTreeSet<_>>().len(),
        tally.about(),
        tally.same,
        tally.part(),
        tally.explained.len(),
        tally.differ.len(),
        tally.blind.len(),
        tally.undecided,
        tally.not_by_ours.len(),
        tally.all.1,
        tally.all.0,
        100.0 * f64::from(tally.all.0) / f64::from(tally.all.1.max(1)),
        ours as f64 / 1000.0,
    );
    let lists = [
        ("explained", &tally.explained),
        ("not looked at", &tally.blind),
        ("ours does not decide", &tally.not_by_ours),
        ("differs", &tally.differ),
    ];
    for (what, lines) in lists {
        lines.iter().for_each(|line| println!("{what}: {line}"));
    }
    assert!(worlds.len() >= 60 && tally.differ.is_empty(), "{:#?}", tally.differ);
}

fn mapping() -> Mapping {
    toml::from_str(include_str!("lynis.toml")).expect("lynis.toml reads")
}

fn next_of<'a>(worlds: &'a [World], next: &AtomicUsize) -> Option<(usize, &'a World)> {
    let i = next.fetch_add(1, Ordering::Relaxed);
    worlds.get(i).map(|w| (i, w))
}

/// The root before any change, and those of a change that concerns a row or nothing.
fn worlds(mapping: &Mapping) -> Vec<World> {
    let profile = Profile::import(&mapping.profile).expect("a profile");
    let known: BTreeSet<&str> = mapping.row.iter().flat_map(|r| &r.checks).map(String::as_str).collect();
    let concerns = |change| mutate::concerned(change).iter().any(|id| known.contains(id));
    let changes = mutate::CHANGES.iter().filter(|c| concerns(c)).map(Some);
    let mut out = Vec::new();
    for change in std::iter::once(None).chain(changes) {
        let root = tempfile::tempdir().expect("a folder");
        world::build(root.path());
        // sshd and Lynis run within it, as others than root would have to enter it.
        world::chmod(root.path(), ".", 0o755);
        let add = |path: &str, line: &str| {
            let text = std::fs::read_to_string(root.path().join(path)).expect("there");
            std::fs::write(root.path().join(path), format!("{text}{line}")).expect("writable");
        };
        add("etc/passwd", "sshd:x:110:65534::/run/sshd:/usr/sbin/nologin\n");
        add("etc/shadow", "sshd:!:19000:1:365:7:30::\n");
        if let Some((change, _)) = change {
            mutate::change(root.path(), change);
        }
        for (path, from, to) in &mapping.lift {
            let text = std::fs::read_to_string(root.path().join(path)).unwrap_or_default();
            if text.contains(from) {
                std::fs::write(root.path().join(path), text.replace(from, to)).expect("writable");
            }
        }
        for (path, from, to) in &mapping.lift_modes {
            let octal = |text: &str| u32::from_str_radix(text, 8).expect("octal");
            if std::fs::metadata(root.path().join(path))
                .is_ok_and(|m| m.permissions().mode() & 0o7777 == octal(from))
            {
                world::chmod(root.path(), path, octal(to));
            }
        }
        let host = Host::open(root.path(), Options::default()).expect("opens");
        let ours = run(builtin(), &profile, &host).expect("runs");
        let name = change.map_or("base".to_owned(), |(c, _)| format!("{c:?}"));
        let expected = change.map(|c| mutate::concerned(c).into_iter().collect()).unwrap_or_default();
        out.push(World { name, expected, root, ours });
    }
    out
}

#[derive(Default)]
struct Tally {
    same: u32,
    /// The same, and all, of every root.
    all: (u32, u32),
    undecided: u32,
    not_by_ours: Vec<String>,
    explained: Vec<String>,
    blind: Vec<String>,
    differ: Vec<String>,
}

impl Tally {
    /// Answers compared: what is explained is a difference all the same.
    fn about(&self) -> u32 {
        self.same + (self.differ.len() + self.explained.len()) as u32
    }

    fn part(&self) -> f64 {
        100.0 * f64::from(self.same) / f64::from(self.about().max(1))
    }
}

fn compare(mapping: &Mapping, worlds: &[World], said: &BTreeMap<usize, Said>) -> Tally {
    let mut tally = Tally::default();
    let answers = |i: usize, row: &Row| (row.ours(&worlds[i].ours), row.theirs(&said[&i]));
    for (i, world) in worlds.iter().enumerate() {
        for row in &mapping.row {
            let (ours, theirs) = answers(i, row);
            let expected = row.checks.iter().any(|c| world.expected.contains(c.as_str()));
            // It concerns the change where it should turn, and where either of them turned.
            let about = i == 0 || expected || (ours, theirs) != answers(0, row);
            let line = || {
                let word = |a| if a { "well" } else { "ill" };
                let (ours, theirs) = (ours.map_or("nothing", word), theirs.map_or("nothing", word));
                format!("{}: {}: ours {ours}, {} {theirs}", world.name, row.checks.join(" "), row.test)
            };
            let (ours, theirs) = match (ours, theirs) {
                (Some(ours), Some(theirs)) => (ours, theirs),
                (None, Some(_)) => {
                    tally.not_by_ours.extend(about.then(line));
                    continue;
                }
                _ => {
                    tally.undecided += u32::from(about);
                    continue;
                }
            };
            tally.all.1 += 1;
            tally.all.0 += u32::from(ours == theirs);
            if ours == theirs {
                tally.same += u32::from(about);
                continue;
            }
            let known = |list: &[Known]| {
                let mut of =
                    list.iter().filter(|k| row.checks.contains(&k.check) && world.name.contains(&k.change));
                of.next().map(|k| k.why.clone())
            };
            if let Some(why) = known(&mapping.blind) {
                tally.blind.push(format!("{}: {why}", line()));
            } else if let Some(why) = known(&mapping.differs) {
                tally.explained.push(format!("{}: {why}", line()));
            } else {
                tally.differ.push(line());
            }
        }
    }
    tally
}

/// Runs Lynis within the root, with an sshd of the root's own configuration, in namespaces of mounts,
/// processes and networks of its own: what it starts ends with it, and nothing of this machine is written.
fn lynis(root: &Path, mapping: &Mapping) -> Said {
    live::prepare(root);
    for folder in ["var/log", "run/sshd"] {
        std::fs::create_dir_all(root.join(folder)).expect("writable");
    }
    let tests: BTreeSet<&String> = mapping.row.iter().flat_map(|r| r.needs.iter().chain([&r.test])).collect();
    let tests: Vec<&str> = tests.into_iter().map(String::as_str).collect();
    let script = format!(
        "set -e\n{}mount -t proc proc $R/proc\nip link set lo up\ncp -a /etc/lynis /etc/alternatives $R/etc/\n\
         chroot $R /usr/bin/ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key < /dev/null\n\
         chroot $R /usr/sbin/sshd\n\
         chroot $R /usr/sbin/lynis audit system --quick --no-colors --skip-plugins --no-log --tests-from-group '{}' \
         --tests '{}' || true\n",
        live::MOUNTS,
        mapping.groups.join(" "),
        tests.join(" ")
    );
    let run = Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", &script])
        .env("R", root)
        .output()
        .expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let report = std::fs::read_to_string(root.join("var/log/lynis-report.dat")).expect("a report");
    assert!(report.contains("report_datetime_end="), "Lynis did not come to its end:\n{report}");
    let screen = String::from_utf8_lossy(&run.stdout).lines().filter_map(answer).collect();
    Said { screen, report }
}

/// What a line of the screen is about, and its answer.
fn answer(line: &str) -> Option<(String, String)> {
    // It moves the cursor with ESC [ number C.
    let plain: String = line
        .split('\u{1b}')
        .enumerate()
        .map(|(i, part)| if i == 0 { part } else { part.split_once('C').map_or("", |(_, text)| text) })
        .collect();
    let (label, rest) = plain.rsplit_once(" [ ")?;
    let label = label.trim().trim_start_matches("- ").trim();
    Some((label.to_owned(), rest.strip_suffix(" ]")?.trim().to_owned()))
}

#[test]
fn lines_of_the_screen_are_taken_apart() {
    let take = |line| answer(line).map(|(a, b)| format!("{a}={b}"));
    assert_eq!(take("\u{1b}[2C- Unique UIDs\u{1b}[46C [ OK ]").as_deref(), Some("Unique UIDs=OK"));
    assert_eq!(
        take("\u{1b}[4CFile: /etc/C\u{1b}[1C [ NOT FOUND ]").as_deref(),
        Some("File: /etc/C=NOT FOUND")
    );
    assert_eq!(take("[+] Kernel"), None);
}
