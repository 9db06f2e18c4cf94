//! dnf and yum over rpm: Red Hat's, Amazon's and their kin.
//!
//! rpm's scriptlets restart services by systemctl, which refrains from it under `SYSTEMD_OFFLINE=1`
//! (systemd's docs/ENVIRONMENT.md); there is no policy to ask as Debian has.

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

/// What one package needs on the disk where the manager tells only its download: five times as much.
const UNPACKED: u64 = 5;
/// Packages of which an earlier version is looked for.
const MAX_PACKAGES: usize = 64;
/// `check-update` ends so where there are updates.
const UPDATES: i32 = 100;

/// dnf5, dnf or yum.
#[derive(Debug)]
pub struct Dnf {
    /// Which of them.
    pub program: &'static str,
    /// The folder of rpm's database.
    pub database: &'static str,
}

impl Dnf {
    fn words(&self, more: &[&str]) -> Vec<String> {
        let mut words = argv([self.program]);
        if self.program != "dnf5" {
            // Otherwise it waits without a bound for whoever holds its lock.
            words.push("--setopt=exit_on_lock=1".into());
        }
        if self.program != "yum" {
            words.push("--setopt=install_weak_deps=0".into());
            words.push("--setopt=clean_requirements_on_remove=0".into());
        }
        words.extend(more.iter().map(|w| (*w).to_owned()));
        words
    }

    fn with(&self, more: &[&str], to: &[Exact]) -> Vec<String> {
        let mut words = self.words(more);
        words.extend(to.iter().map(exactly));
        words
    }

    fn simulated(&self, run: &mut Runner, words: &[String], until: Instant) -> Result<Plan, Fault> {
        let said = run.look(words, until)?;
        run.note(&said.out);
        run.note(&said.complaint);
        // It ends with 1 both when it was told not to go on and when it cannot: only a table is an answer.
        let plan = read::plan(&said.out)?;
        if plan == Plan::default() && !said.ok() {
            return Err(self.fault(said.code, &format!("{}{}", said.out, said.complaint)));
        }
        Ok(plan)
    }
}

impl Manager for Dnf {
    fn name(&self) -> &'static str {
        self.program
    }

    fn scheme(&self) -> Scheme {
        Scheme::Rpm
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Rpm
    }

    fn database(&self) -> &'static str {
        self.database
    }

    fn locks(&self) -> &'static [&'static str] {
        &["/usr/lib/sysimage/rpm/.rpm.lock", "/var/lib/rpm/.rpm.lock"]
    }

    fn judged<'a>(&self, package: &'a Package) -> &'a str {
        &package.version
    }

    fn candidates(&self, run: &mut Runner, of: &[&Package], until: Instant) -> Result<Vec<Candidate>, Fault> {
        let mut words = self.words(&["-q", "check-update"]);
        words.extend(of.iter().map(|p| format!("{}.{}", p.name, p.arch)));
        let said = run.look(&words, until)?;
        if !matches!(said.code, Some(0 | UPDATES)) {
            return Err(self.fault(said.code, &said.complaint));
        }
        Ok(read::listed(&said.out))
    }

    fn refresh(&self) -> Vec<String> {
        self.words(&["-q", "makecache"])
    }

    fn plan(&self, run: &mut Runner, to: &[Exact], until: Instant) -> Result<Plan, Fault> {
        self.simulated(run, &self.with(&["--assumeno", "upgrade"], to), until)
    }

    fn needs(&self, run: &mut Runner, _plan: &Plan, _until: Instant) -> Result<Vec<Need>, Fault> {
        let bytes = read::download(&run.output);
        Ok(vec![
            Need { folder: "/var/cache", bytes },
            Need { folder: "/usr", bytes: bytes.saturating_mul(UNPACKED) },
        ])
    }

    fn download(&self, to: &[Exact]) -> Option<Vec<String>> {
        // yum ends with an error after it; its upgrade downloads everything before it changes anything.
        (self.program != "yum").then(|| self.with(&["-y", "--downloadonly", "upgrade"], to))
    }

    fn upgrade(&self, to: &[Exact]) -> Vec<String> {
        self.with(&["-y", "upgrade"], to)
    }

    fn keep(&self, run: &mut Runner, plan: &Plan, _folder: Option<&Path>, until: Instant) -> Rollback {
        let replaced: Vec<_> = plan.changes.iter().filter(|c| !c.from.is_empty() && c.from != c.to).collect();
        let no = |reason: String| Rollback { possible: false, reason };
        if replaced.is_empty() || replaced.len() > MAX_PACKAGES {
            return no(format!("{} packages are replaced", replaced.len()));
        }
        let mut words = self.words(&["-q", "--showduplicates", "list"]);
        words.extend(replaced.iter().map(|c| format!("{}.{}", c.name, c.arch)));
        let listed = match run.look(&words, until) {
            Ok(said) => read::listed(&said.out),
            Err(fault) => return no(fault.message),
        };
        let offered = |name: &str, version: &str| {
            // The installed one is listed too, so what a mirror has must be listed twice or as available.
            listed.iter().any(|c| c.name == name && c.version == version && c.judged != read::INSTALLED)
        };
        let missing: Vec<String> = replaced
            .iter()
            .filter(|c| !offered(&c.name, &c.from))
            .map(|c| format!("{} {}", c.name, c.from))
            .collect();
        if missing.is_empty() {
            return Rollback { possible: true, reason: String::new() };
        }
        no(format!("no mirror has {}", missing.join(", ")))
    }

    fn earlier(
        &self,
        _run: &mut Runner,
        to: &[Exact],
        _kept: &Path,
        _until: Instant,
    ) -> Result<Vec<String>, Fault> {
        Ok(to.iter().map(exactly).collect())
    }

    fn plan_back(&self, run: &mut Runner, words: &[String], until: Instant) -> Result<Plan, Fault> {
        let mut all = self.words(&["--assumeno", "downgrade"]);
        all.extend(words.iter().cloned());
        self.simulated(run, &all, until)
    }

    fn downgrade(&self, words: &[String]) -> Vec<String> {
        let mut all = self.words(&["-y", "downgrade"]);
        all.extend(words.iter().cloned());
        all
    }

    fn audit(&self, run: &mut Runner, until: Instant) -> String {
        let words = self.words(if self.program == "yum" {
            &["-q", "check"]
        } else {
            &["-q", "check", "--dependencies"]
        });
        match run.look(&words, until) {
            Ok(said) => format!("{}{}", said.out, said.complaint),
            Err(fault) => fault.message,
        }
    }

    fn forbid_services(&self) -> Result<(Option<Policy>, &'static str), Fault> {
        Ok((None, "offline"))
    }
}

/// A package at one version: `name-[epoch:]version-release.arch`.
fn exactly(e: &Exact) -> String {
    if e.arch.is_empty() {
        format!("{}-{}", e.name, e.version)
    } else {
        format!("{}-{}.{}", e.name, e.version, e.arch)
    }
}
