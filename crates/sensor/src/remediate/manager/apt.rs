//! Debian's apt-get over dpkg.

mod keep;
pub mod read;

use std::path::Path;
use std::time::Instant;

use palisade_advisory::Scheme;
use palisade_inventory::{Ecosystem, Package};

use super::{Candidate, Manager, Plan};
use crate::remediate::answer::{Fault, Rollback};
use crate::remediate::command::{Runner, argv};
use crate::remediate::policy::Policy;
use crate::remediate::request::Exact;
use crate::remediate::space::Need;

/// apt-get with dpkg.
#[derive(Debug)]
pub struct Apt;

/// What every apt-get gets: no colours, no terminal of its own (its absence must be no error), a short wait
/// for the lock, and no package that is only recommended.
const COMMON: [&str; 10] = [
    "-q",
    "-o",
    "APT::Color=0",
    "-o",
    "Dpkg::Use-Pty=0",
    "-o",
    "DPkg::Lock::Timeout=5",
    "-o",
    "APT::Install-Recommends=0",
    "--no-remove",
];

/// What a changing apt-get gets besides: a changed configuration file stays as the operator made it.
const CHANGING: [&str; 5] =
    ["--yes", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"];

/// Debian's kernels and their initial file systems lie there.
const BOOT: u64 = 256 << 20;

impl Manager for Apt {
    fn name(&self) -> &'static str {
        "dpkg"
    }

    fn scheme(&self) -> Scheme {
        Scheme::Deb
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Deb
    }

    fn database(&self) -> &'static str {
        "/var/lib/dpkg"
    }

    fn locks(&self) -> &'static [&'static str] {
        &["/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/cache/apt/archives/lock"]
    }

    fn judged<'a>(&self, package: &'a Package) -> &'a str {
        // Advisories of Debian and Ubuntu name versions of the source.
        &package.source_version
    }

    fn candidates(&self, run: &mut Runner, of: &[&Package], until: Instant) -> Result<Vec<Candidate>, Fault> {
        let mut words = argv(["apt-cache", "show", "--no-all-versions", "--"]);
        words.extend(of.iter().map(|p| named(&p.name, &p.arch)));
        // A package without any candidate makes it complain, with the others printed all the same.
        let said = run.look(&words, until)?;
        Ok(read::records(&said.out).into_iter().map(read::Record::candidate).collect())
    }

    fn refresh(&self) -> Vec<String> {
        argv(["apt-get", "-q", "-o", "APT::Color=0", "-o", "Acquire::Retries=1", "update"])
    }

    fn plan(&self, run: &mut Runner, to: &[Exact], until: Instant) -> Result<Plan, Fault> {
        let mut words = simulation();
        words.extend(argv(["--only-upgrade", "install", "--"]));
        words.extend(to.iter().map(exactly));
        simulated(run, &words, until)
    }

    fn needs(&self, run: &mut Runner, plan: &Plan, until: Instant) -> Result<Vec<Need>, Fault> {
        let new: Vec<_> = plan.changes.iter().filter(|c| c.from != c.to).collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let mut words = argv(["apt-cache", "show", "--"]);
        words.extend(new.iter().map(|c| format!("{}={}", named(&c.name, &c.arch), c.to)));
        let records = read::records(&run.look(&words, until)?.out);
        let of_plan = |r: &&read::Record| new.iter().any(|c| c.name == r.name && c.to == r.version);
        let sum = |f: fn(&read::Record) -> u64| {
            records.iter().filter(of_plan).map(f).fold(0u64, u64::saturating_add)
        };
        let mut needs = vec![
            Need { folder: "/var/cache/apt/archives", bytes: sum(|r| r.size) },
            // A package's new files are all written before its old ones go.
            Need { folder: "/usr", bytes: sum(|r| r.installed_size) },
        ];
        if new.iter().any(|c| c.name.starts_with("linux-image")) {
            needs.push(Need { folder: "/boot", bytes: BOOT });
        }
        Ok(needs)
    }

    fn download(&self, to: &[Exact]) -> Option<Vec<String>> {
        let mut words = argv(["apt-get"]);
        words.extend(argv(COMMON));
        words.extend(argv(["--yes", "--only-upgrade", "--download-only", "install", "--"]));
        words.extend(to.iter().map(exactly));
        Some(words)
    }

    fn upgrade(&self, to: &[Exact]) -> Vec<String> {
        let mut words = argv(["apt-get"]);
        words.extend(argv(COMMON));
        words.extend(argv(CHANGING));
        words.extend(argv(["--only-upgrade", "install", "--"]));
        words.extend(to.iter().map(exactly));
        words
    }

    fn keep(&self, run: &mut Runner, plan: &Plan, folder: Option<&Path>, until: Instant) -> Rollback {
        keep::keep(run, plan, folder, until)
    }

    fn earlier(
        &self,
        run: &mut Runner,
        to: &[Exact],
        kept: &Path,
        until: Instant,
    ) -> Result<Vec<String>, Fault> {
        keep::earlier(run, to, kept, until)
    }

    fn plan_back(&self, run: &mut Runner, words: &[String], until: Instant) -> Result<Plan, Fault> {
        let mut all = simulation();
        all.extend(argv(["--allow-downgrades", "install", "--"]));
        all.extend(words.iter().cloned());
        simulated(run, &all, until)
    }

    fn downgrade(&self, words: &[String]) -> Vec<String> {
        let mut all = argv(["apt-get"]);
        all.extend(argv(COMMON));
        all.extend(argv(CHANGING));
        all.extend(argv(["--allow-downgrades", "install", "--"]));
        all.extend(words.iter().cloned());
        all
    }

    fn audit(&self, run: &mut Runner, until: Instant) -> String {
        match run.look(&argv(["dpkg", "--audit"]), until) {
            Ok(said) => format!("{}{}", said.out, said.complaint),
            Err(fault) => fault.message,
        }
    }

    fn forbid_services(&self) -> Result<(Option<Policy>, &'static str), Fault> {
        let policy = Policy::forbid()?;
        let whose = policy.whose();
        Ok((Some(policy), whose))
    }
}

/// A simulation may remove, so that it says what would go.
fn simulation() -> Vec<String> {
    let mut words = argv(["apt-get", "--simulate"]);
    words.extend(COMMON.iter().filter(|w| **w != "--no-remove").map(|w| (*w).to_owned()));
    words
}

fn simulated(run: &mut Runner, words: &[String], until: Instant) -> Result<Plan, Fault> {
    let said = run.look(words, until)?;
    run.note(&said.out);
    run.note(&said.complaint);
    if !said.ok() {
        return Err(super::told("apt-get", said.code, &said.complaint));
    }
    read::plan(&said.out)
}

/// A package as apt names it: one for all architectures has the name alone.
fn named(name: &str, arch: &str) -> String {
    if matches!(arch, "" | "all") { name.to_owned() } else { format!("{name}:{arch}") }
}

/// A package at one version.
fn exactly(e: &Exact) -> String {
    format!("{}={}", named(&e.name, &e.arch), e.version)
}
