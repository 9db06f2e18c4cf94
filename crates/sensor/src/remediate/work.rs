//! The work itself, the same for every package manager: look, judge, refuse or change, prove.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use palisade_advisory::Scheme;
use palisade_inventory::Package;

use super::answer::{Answer, Change, Fault, Proof};
use super::command::{Changing, Runner};
use super::manager::{self, Candidate, Manager, Plan, locks};
use super::policy::{self, Policy};
use super::request::{Exact, Phase, Request};
use super::snapshot::{Snapshot, exact};
use super::{never_touch, restart, space};

/// A lock of the package manager is waited for so long.
const LOCKED: Duration = Duration::from_secs(5);
/// Looking after a failure may take so long.
const LOOKING: Duration = Duration::from_secs(60);

/// How and where it is worked.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where earlier versions and the managers' words are kept, within the root that this process is in.
    pub kept: PathBuf,
    /// How long a started change of packages is waited for.
    pub transaction: Duration,
}

/// A change that still runs after the answer.
#[derive(Debug)]
pub struct Lingering {
    changing: Changing,
    _policy: Option<Policy>,
    _held: std::fs::File,
}

impl Lingering {
    /// Waits for its end, then lets services be as they are.
    pub fn end(mut self) {
        self.changing.wait_for_good();
    }
}

/// Does what a request asks for.
pub fn work(request: &Request, place: &Place) -> (Answer, Option<Lingering>) {
    let began = Instant::now();
    let mut work = Work {
        request,
        place,
        until: began + Duration::from_secs(request.timeout_seconds),
        run: Runner::default(),
        proof: Proof::new(request.phase),
        lingering: None,
    };
    let ended = work.whole();
    let Work { run, mut proof, lingering, .. } = work;
    proof.commands = run.commands;
    if proof.output.is_empty() {
        proof.output = run.output;
    }
    // After a change it is the change's own, which a signal may have ended.
    if proof.service_policy.is_empty() {
        proof.exit_code = run.exit_code;
    }
    proof.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    (Answer::of(ended, proof), lingering)
}

/// Takes away what a crashed remediation left; false where packages are being changed right now.
pub fn tidy(scheme: Scheme) -> Result<bool, Fault> {
    let manager = manager::of(scheme)?;
    let Some(_held) = hold(&*manager)? else { return Ok(false) };
    if locks::holder(manager.locks(), Instant::now()).is_some() {
        return Ok(false);
    }
    policy::remove_leftover(Path::new(policy::PATH));
    Ok(true)
}

/// Holds the database's folder against another remediation; none where one is at work. The lock is of
/// another kind than those of the package managers, which do not see it.
fn hold(manager: &dyn Manager) -> Result<Option<std::fs::File>, Fault> {
    let fault = |e: std::io::Error| Fault::failed(format!("{}: {e}", manager.database()));
    let folder = std::fs::File::open(manager.database()).map_err(fault)?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(e)) => Err(fault(e)),
    }
}

struct Work<'a> {
    request: &'a Request,
    place: &'a Place,
    until: Instant,
    run: Runner,
    proof: Proof,
    lingering: Option<Lingering>,
}

impl Work<'_> {
    fn whole(&mut self) -> Result<(), Fault> {
        let manager = manager::of(self.request.scheme()?)?;
        let manager = &*manager;
        manager.name().clone_into(&mut self.proof.manager);
        let held = hold(manager)?.ok_or_else(|| Fault::locked("another remediation is at work here"))?;
        let before = Snapshot::read(manager.ecosystem())?;
        match self.request.phase {
            Phase::DryRun | Phase::Apply => self.forward(manager, &before, held),
            Phase::Rollback => self.back(manager, &before, held),
        }
    }

    fn forward(
        &mut self,
        manager: &dyn Manager,
        before: &Snapshot,
        held: std::fs::File,
    ) -> Result<(), Fault> {
        let targets = self.targets(manager, before)?;
        self.proof.before = targets.iter().map(|p| exact(p)).collect();
        let targets = self.below(manager, &targets)?;
        self.may_touch(manager, targets.iter().map(|p| (p.name.as_str(), p.source_name.as_str())))?;
        self.is_whole(before, |p| targets.iter().any(|t| t.name == p.name))?;
        let to = self.choose(manager, &targets)?;
        let mut plan = manager.plan(&mut self.run, &to, self.until)?;
        plan.know(before);
        self.proof.would_change.clone_from(&plan.changes);
        let concerned = || plan.changes.iter().map(|c| (c.name.as_str(), c.arch.as_str()));
        let own = self.proof.before.clone();
        let own = || own.iter().map(|e| (e.name.as_str(), e.arch.as_str()));
        self.proof.before = before.versions(own().chain(concerned()));
        self.judge(manager, before, &plan, &to)?;
        let needs = manager.needs(&mut self.run, &plan, self.until)?;
        space::check(&needs)?;
        if self.request.phase == Phase::DryRun {
            self.proof.rollback = manager.keep(&mut self.run, &plan, None, self.until);
            self.proof.after.clone_from(&self.proof.before);
            return Ok(());
        }
        self.is_free(manager)?;
        let folder = self.place.kept.join(self.request.remediation.to_string());
        self.proof.rollback = manager.keep(&mut self.run, &plan, Some(&folder), self.until);
        if let Some(words) = manager.download(&to) {
            let said = self.run.look(&words, self.until)?;
            if !said.ok() {
                self.run.note(&said.complaint);
                return Err(manager.fault(said.code, &said.complaint));
            }
        }
        let ended = self.change(manager, &manager.upgrade(&to), held);
        if self.lingering.is_some() {
            return ended;
        }
        let after = self.look_after(manager, before)?;
        self.proof.after = after.versions(own().chain(concerned()));
        self.settle(manager, ended, |work| work.is_good(manager, &after, &to))
    }

    fn back(&mut self, manager: &dyn Manager, before: &Snapshot, held: std::fs::File) -> Result<(), Fault> {
        let to = &self.request.rollback_to;
        let place = self.place;
        let own = || to.iter().map(|e| (e.name.as_str(), e.arch.as_str()));
        self.proof.before = before.versions(own());
        for e in to {
            if before.find(&e.name, &e.arch).is_none() {
                return Err(Fault::not_installed(format!("{} is not installed", e.name)));
            }
        }
        let sourced = |e: &Exact| {
            before.find(&e.name, &e.arch).map(|p| p.source_name.clone()).unwrap_or_else(|| e.name.clone())
        };
        let sources: Vec<String> = to.iter().map(sourced).collect();
        self.may_touch(manager, to.iter().zip(&sources).map(|(e, s)| (e.name.as_str(), s.as_str())))?;
        let is_so = |s: &Snapshot, e: &Exact| {
            s.find(&e.name, &e.arch).is_some_and(|p| p.version == e.version && p.state.is_empty())
        };
        if to.iter().all(|e| is_so(before, e)) {
            self.proof.after.clone_from(&self.proof.before);
            return Err(Fault::nothing_to_do("the earlier versions are installed already"));
        }
        self.is_whole(before, |p| to.iter().any(|e| e.name == p.name))?;
        let words = manager.earlier(&mut self.run, to, &place.kept, self.until)?;
        let mut plan = manager.plan_back(&mut self.run, &words, self.until)?;
        plan.know(before);
        self.proof.would_change.clone_from(&plan.changes);
        if !plan.removed.is_empty() {
            return Err(Fault::would_remove(format!("going back would remove {}", plan.removed.join(", "))));
        }
        let others: Vec<&str> = plan
            .changes
            .iter()
            .filter(|c| c.from != c.to && !to.iter().any(|e| e.name == c.name && e.version == c.to))
            .map(|c| c.name.as_str())
            .collect();
        if !others.is_empty() {
            return Err(Fault::failed(format!("going back would also change {}", others.join(", "))));
        }
        space::check(&manager.needs(&mut self.run, &plan, self.until)?)?;
        self.is_free(manager)?;
        let ended = self.change(manager, &manager.downgrade(&words), held);
        if self.lingering.is_some() {
            return ended;
        }
        let after = self.look_after(manager, before)?;
        self.proof.after = after.versions(own());
        self.settle(manager, ended, |_| {
            let bad: Vec<&str> = to.iter().filter(|e| !is_so(&after, e)).map(|e| e.name.as_str()).collect();
            if bad.is_empty() {
                return Ok(());
            }
            Err(Fault::failed(format!("{} did not go back", bad.join(", "))))
        })
    }

    /// The installed binary packages that are asked for.
    fn targets<'p>(&self, manager: &dyn Manager, before: &'p Snapshot) -> Result<Vec<&'p Package>, Fault> {
        let source = &self.request.software.source;
        let mut all = before.of_source(source);
        if all.is_empty() {
            return Err(Fault::not_installed(format!(
                "no package of {source} is installed by {}",
                manager.name()
            )));
        }
        let only = &self.request.packages;
        if !only.is_empty() {
            all.retain(|p| only.contains(&p.name));
            if all.is_empty() {
                return Err(Fault::not_installed(format!("none of {} is installed", only.join(", "))));
            }
        }
        Ok(all)
    }

    /// Those that are below the fixed version or were left half done.
    fn below<'p>(&mut self, manager: &dyn Manager, all: &[&'p Package]) -> Result<Vec<&'p Package>, Fault> {
        let fixed = &self.request.software.fixed;
        let mut below = Vec::new();
        for p in all {
            if !p.state.is_empty() || !is_at_least(manager, manager.judged(p), fixed)? {
                below.push(*p);
            }
        }
        if below.is_empty() {
            self.proof.after.clone_from(&self.proof.before);
            return Err(Fault::nothing_to_do(format!("all of it is at {fixed} or above")));
        }
        if let Some(held) = below.iter().find(|p| p.hold) {
            return Err(Fault::no_candidate(format!(
                "{} is on hold: the machine's operator keeps it",
                held.name
            )));
        }
        Ok(below)
    }

    fn may_touch<'p>(
        &self,
        manager: &dyn Manager,
        packages: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Result<(), Fault> {
        never_touch::check(manager.scheme(), packages, &self.request.named)
    }

    /// Nothing else may be half done: the manager would finish it along the way, unasked.
    fn is_whole(&self, before: &Snapshot, ours: impl Fn(&Package) -> bool) -> Result<(), Fault> {
        let others: Vec<&str> =
            before.unfinished().filter(|p| !ours(p)).map(|p| p.name.as_str()).take(10).collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(Fault::failed(format!(
            "the package manager has not finished {}: a person has to look",
            others.join(", ")
        )))
    }

    /// The versions to go to: what the manager offers, if that is good; its lists are renewed once if not.
    fn choose(&mut self, manager: &dyn Manager, targets: &[&Package]) -> Result<Vec<Exact>, Fault> {
        let fixed = &self.request.software.fixed;
        let offered = manager.candidates(&mut self.run, targets, self.until)?;
        match chosen(manager, targets, &offered, fixed)? {
            Ok(to) => return Ok(to),
            Err(_) => {
                let said = self.run.look(&manager.refresh(), self.until)?;
                if !said.ok() {
                    // Another mirror may have answered: what the lists say now counts.
                    self.run.note(&said.complaint);
                }
            }
        }
        let offered = manager.candidates(&mut self.run, targets, self.until)?;
        chosen(manager, targets, &offered, fixed)?.map_err(Fault::no_candidate)
    }

    /// Refuses what nobody asked for.
    fn judge(
        &self,
        manager: &dyn Manager,
        before: &Snapshot,
        plan: &Plan,
        to: &[Exact],
    ) -> Result<(), Fault> {
        if !plan.removed.is_empty() {
            return Err(Fault::would_remove(format!("{} would be removed", plan.removed.join(", "))));
        }
        if !plan.older.is_empty() {
            return Err(Fault::would_remove(format!("{} would become older", plan.older.join(", "))));
        }
        let held = |c: &&Change| c.from != c.to && before.find(&c.name, &c.arch).is_some_and(|p| p.hold);
        if let Some(held) = plan.changes.iter().find(held) {
            return Err(Fault::no_candidate(format!("{} would change and is on hold", held.name)));
        }
        // A new package has the name alone; its source is known once it is there.
        let source =
            |c: &Change| before.find(&c.name, &c.arch).map_or("", |p| p.source_name.as_str()).to_owned();
        let sources: Vec<String> = plan.changes.iter().map(source).collect();
        self.may_touch(
            manager,
            plan.changes.iter().zip(&sources).map(|(c, s)| (c.name.as_str(), s.as_str())),
        )?;
        let left: Vec<&str> = to
            .iter()
            .filter(|e| !plan.changes.iter().any(|c| c.name == e.name && c.to == e.version))
            .map(|e| e.name.as_str())
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        Err(Fault::no_candidate(format!("{} would not upgrade {}", manager.name(), left.join(", "))))
    }

    fn is_free(&self, manager: &dyn Manager) -> Result<(), Fault> {
        match locks::holder(manager.locks(), Instant::now() + LOCKED) {
            Some((path, pid)) => Err(Fault::locked(format!("{path} is held by {}", locks::program(pid)))),
            None => Ok(()),
        }
    }

    /// Runs what changes packages, with services kept as they are.
    fn change(&mut self, manager: &dyn Manager, words: &[String], held: std::fs::File) -> Result<(), Fault> {
        let folder = &self.place.kept;
        crate::files::make_private_dir(folder)
            .map_err(|e| Fault::failed(format!("{} cannot be made: {e}", folder.display())))?;
        let log = folder.join("last.log");
        let _ = std::fs::remove_file(&log);
        let (policy, whose) = manager.forbid_services()?;
        whose.clone_into(&mut self.proof.service_policy);
        self.run.offline = whose == "offline";
        let mut changing = self.run.change(words, &log)?;
        let ended = changing.wait(Instant::now() + self.place.transaction);
        let output = changing.output();
        self.proof.output = super::answer::tail(&output, super::answer::MAX_OUTPUT);
        let Some(status) = ended else {
            let pid = changing.pid();
            self.proof.running_pid = Some(pid);
            self.lingering = Some(Lingering { changing, _policy: policy, _held: held });
            return Err(Fault::timeout(format!(
                "{} still changes packages after {} s (process {pid}); it is left to finish",
                manager.name(),
                self.place.transaction.as_secs()
            )));
        };
        self.proof.exit_code = status.code();
        if status.success() { Ok(()) } else { Err(manager.fault(status.code(), &output)) }
    }

    fn look_after(&mut self, manager: &dyn Manager, before: &Snapshot) -> Result<Snapshot, Fault> {
        let after = Snapshot::read(manager.ecosystem())?;
        self.proof.changed = before.changes(&after);
        self.proof.restart = restart::needed(manager.scheme(), &self.proof.changed);
        Ok(after)
    }

    /// What the end of a change means; after a failure the manager says how it stands.
    fn settle(
        &mut self,
        manager: &dyn Manager,
        ended: Result<(), Fault>,
        check: impl Fn(&Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let ended = ended.and_then(|()| check(self));
        if ended.is_err() {
            self.proof.audit = manager.audit(&mut self.run, Instant::now() + LOOKING);
        }
        ended
    }

    /// Whether every target is whole and at a good version.
    fn is_good(&self, manager: &dyn Manager, after: &Snapshot, to: &[Exact]) -> Result<(), Fault> {
        for e in to {
            let Some(p) = after.find(&e.name, &e.arch) else {
                return Err(Fault::failed(format!("{} is gone", e.name)));
            };
            if !p.state.is_empty() {
                return Err(Fault::failed(format!("{} is {}", p.name, p.state)));
            }
            if !is_at_least(manager, manager.judged(p), &self.request.software.fixed)? {
                return Err(Fault::failed(format!("{} is still at {}", p.name, p.version)));
            }
        }
        Ok(())
    }
}

fn is_at_least(manager: &dyn Manager, version: &str, least: &str) -> Result<bool, Fault> {
    let order = manager.scheme().compare(version, least);
    order.map(std::cmp::Ordering::is_ge).map_err(|e| Fault::unsupported(e.to_string()))
}

/// The candidate of each target, if it is good; else which is not, in words.
fn chosen(
    manager: &dyn Manager,
    targets: &[&Package],
    offered: &[Candidate],
    fixed: &str,
) -> Result<Result<Vec<Exact>, String>, Fault> {
    let (mut to, mut bad) = (Vec::new(), Vec::new());
    for p in targets {
        let free = |a: &str| matches!(a, "" | "all" | "noarch");
        let fits = |c: &&Candidate| c.name == p.name && (c.arch == p.arch || free(&c.arch) || free(&p.arch));
        // A manager that lists several has the highest one last or first; the highest counts.
        let best = offered.iter().filter(fits).reduce(|a, b| {
            let newer = manager.scheme().compare(&b.version, &a.version).is_ok_and(std::cmp::Ordering::is_gt);
            if newer { b } else { a }
        });
        match best {
            Some(c) if !super::names::is_version(manager.scheme(), &c.version) => {
                return Err(Fault::unsupported(format!("{} has the odd version {}", c.name, c.version)));
            }
            Some(c) if is_at_least(manager, &c.judged, fixed)? => {
                to.push(Exact { name: c.name.clone(), arch: c.arch.clone(), version: c.version.clone() });
            }
            Some(c) => bad.push(format!("{} {}", c.name, c.version)),
            None => bad.push(format!("nothing for {}", p.name)),
        }
    }
    if bad.is_empty() {
        return Ok(Ok(to));
    }
    Ok(Err(format!("{fixed} or above is needed, {} offers {}", manager.name(), bad.join(", "))))
}
