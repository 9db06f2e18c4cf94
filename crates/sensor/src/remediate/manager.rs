//! Package managers: which one is here, and what each is asked, word by word.

pub mod apk;
pub mod apt;
pub mod dnf;
pub mod locks;
pub mod zypper;

use std::path::Path;
use std::time::Instant;

use palisade_advisory::Scheme;
use palisade_inventory::{Ecosystem, Package};

use super::answer::{Change, Fault, Rollback};
use super::command::{self, Runner};
use super::policy::Policy;
use super::request::Exact;
use super::snapshot::Snapshot;
use super::space::Need;

/// What a manager would install of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The binary package.
    pub name: String,
    /// Its architecture.
    pub arch: String,
    /// Its version.
    pub version: String,
    /// The version that is held against an advisory: that of the source where the manager tells it.
    pub judged: String,
}

/// What a transaction would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Packages that become another version, or are new.
    pub changes: Vec<Change>,
    /// Packages that would go.
    pub removed: Vec<String>,
    /// Packages that would become older.
    pub older: Vec<String>,
}

impl Plan {
    /// Fills in what the manager does not say: the version that is there now.
    pub fn know(&mut self, before: &Snapshot) {
        for c in self.changes.iter_mut().filter(|c| c.from.is_empty()) {
            if let Some(p) = before.find(&c.name, &c.arch) {
                c.from.clone_from(&p.version);
            }
        }
    }
}

/// One package manager: what it is asked and how its answers are read. Everything that changes the machine
/// is started by the caller.
pub trait Manager {
    /// Its name in a proof.
    fn name(&self) -> &'static str;
    /// How it orders versions.
    fn scheme(&self) -> Scheme;
    /// Whose packages it has.
    fn ecosystem(&self) -> Ecosystem;
    /// The folder of its database; one remediation at a time holds it.
    fn database(&self) -> &'static str;
    /// Files that it locks while it works.
    fn locks(&self) -> &'static [&'static str];
    /// The version of an installed package that is held against an advisory.
    fn judged<'a>(&self, package: &'a Package) -> &'a str;
    /// What it would install of these packages.
    ///
    /// # Errors
    /// It does not answer.
    fn candidates(&self, run: &mut Runner, of: &[&Package], until: Instant) -> Result<Vec<Candidate>, Fault>;
    /// Asks the mirrors what there is.
    fn refresh(&self) -> Vec<String>;
    /// What an upgrade to these versions would do.
    ///
    /// # Errors
    /// It does not answer, or says that it cannot be done.
    fn plan(&self, run: &mut Runner, to: &[Exact], until: Instant) -> Result<Plan, Fault>;
    /// What a plan needs of the disk.
    ///
    /// # Errors
    /// It does not answer.
    fn needs(&self, run: &mut Runner, plan: &Plan, until: Instant) -> Result<Vec<Need>, Fault>;
    /// Downloads what an upgrade needs; nothing where the upgrade itself does it before it changes anything.
    fn download(&self, to: &[Exact]) -> Option<Vec<String>>;
    /// Upgrades to these versions.
    fn upgrade(&self, to: &[Exact]) -> Vec<String>;
    /// Whether the versions that a plan replaces are at hand; with a folder, they are put there.
    fn keep(&self, run: &mut Runner, plan: &Plan, folder: Option<&Path>, until: Instant) -> Rollback;
    /// The words that stand for earlier versions on its command line: files that were kept below `kept`,
    /// or versions that a mirror has.
    ///
    /// # Errors
    /// `remediation_no_candidate` where one of them is not at hand.
    fn earlier(
        &self,
        run: &mut Runner,
        to: &[Exact],
        kept: &Path,
        until: Instant,
    ) -> Result<Vec<String>, Fault>;
    /// What going back by these words would do.
    ///
    /// # Errors
    /// It does not answer, or says that it cannot be done.
    fn plan_back(&self, run: &mut Runner, words: &[String], until: Instant) -> Result<Plan, Fault>;
    /// Goes back by these words.
    fn downgrade(&self, words: &[String]) -> Vec<String>;
    /// What it says of its own state; empty if all is well.
    fn audit(&self, run: &mut Runner, until: Instant) -> String;
    /// Keeps services as they are while packages change, and says by whom.
    ///
    /// # Errors
    /// It cannot be done though the manager has a way.
    fn forbid_services(&self) -> Result<(Option<Policy>, &'static str), Fault>;
    /// What its words mean when it failed.
    fn fault(&self, code: Option<i32>, words: &str) -> Fault {
        told(self.name(), code, words)
    }
}

/// The package manager of this root for an order of versions.
///
/// # Errors
/// `remediation_unsupported` where there is none.
pub fn of(scheme: Scheme) -> Result<Box<dyn Manager>, Fault> {
    let here = |database: &str, programs: &[&str]| {
        Path::new(database).exists() && programs.iter().all(|p| command::exists(p))
    };
    let rpm = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"].into_iter().find(|p| Path::new(p).exists());
    if Path::new("/run/ostree-booted").exists() {
        return Err(Fault::unsupported(
            "the system is an image (ostree): packages are not changed one by one",
        ));
    }
    match scheme {
        Scheme::Deb if here("/var/lib/dpkg/status", &["dpkg", "apt-get", "apt-cache"]) => {
            Ok(Box::new(apt::Apt))
        }
        Scheme::Rpm => {
            let database = rpm.ok_or_else(|| Fault::unsupported("there is no rpm database here"))?;
            if here(database, &["zypper"]) {
                return Ok(Box::new(zypper::Zypper { database }));
            }
            let program = ["dnf5", "dnf", "yum"].into_iter().find(|p| command::exists(p));
            let program =
                program.ok_or_else(|| Fault::unsupported("there is none of dnf, yum, zypper here"))?;
            Ok(Box::new(dnf::Dnf { program, database }))
        }
        Scheme::Apk if here("/lib/apk/db/installed", &["apk"]) => Ok(Box::new(apk::Apk)),
        _ => Err(Fault::unsupported(format!(
            "there is no package manager for {} packages here",
            scheme.name()
        ))),
    }
}

/// What a manager's words mean, by what all of them say alike.
fn told(manager: &str, code: Option<i32>, words: &str) -> Fault {
    let has = |all: &[&str]| all.iter().any(|w| words.contains(w));
    let last = words.lines().rev().map(str::trim).find(|l| {
        let lower = l.to_ascii_lowercase();
        lower.starts_with("e:") || lower.contains("error")
    });
    let last =
        last.or_else(|| words.lines().rev().map(str::trim).find(|l| !l.is_empty())).unwrap_or_default();
    let how = code.map_or_else(|| "was ended by a signal".to_owned(), |c| format!("ended with {c}"));
    let message = format!("{manager} {how}: {}", super::names::shown(last));
    if has(&[
        "Could not get lock",
        "Unable to acquire the dpkg",
        "Unable to lock",
        "is locked by",
        "lock is held",
        "System management is locked",
        "Another app is currently holding",
    ]) {
        return Fault::locked(message);
    }
    if has(&[
        "No space left on device",
        "enough free space",
        "needs more space",
        "Not enough space",
        "not enough space",
    ]) {
        return Fault::disk_full(message);
    }
    if has(&["remove is disabled"]) {
        return Fault::would_remove(message);
    }
    if has(&["Held packages were changed"]) {
        return Fault::no_candidate(message);
    }
    Fault::failed(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_managers_say_has_a_code() {
        for (words, code) in [
            (
                "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (dpkg)",
                "remediation_locked",
            ),
            ("E: You don't have enough free space in /var/cache/apt/archives/.", "remediation_disk_full"),
            (
                "dpkg: error: cannot write: No space left on device\nE: Sub-process failed",
                "remediation_disk_full",
            ),
            ("E: Packages need to be removed but remove is disabled.", "remediation_would_remove"),
            ("E: Sub-process /usr/bin/dpkg returned an error code (1)", "remediation_failed"),
            ("", "remediation_failed"),
        ] {
            assert_eq!(told("dpkg", Some(100), words).code, code, "{words}");
        }
        let said = told("dpkg", Some(100), "one\nE: two\nthree");
        assert_eq!(said.message, "dpkg ended with 100: E: two");
        assert_eq!(told("dpkg", None, "x").message, "dpkg was ended by a signal: x");
    }
}
