//! SUSE's zypper over rpm, by its XML output.

use std::path::Path;
use std::time::Instant;

use palisade_advisory::Scheme;
use palisade_inventory::{Ecosystem, Package};

use super::{Candidate, Manager, Plan};
use crate::remediate::answer::{Change, Fault, Rollback};
use crate::remediate::command::{Runner, argv};
use crate::remediate::names;
use crate::remediate::policy::Policy;
use crate::remediate::request::Exact;
use crate::remediate::space::Need;

/// zypper.
#[derive(Debug)]
pub struct Zypper {
    /// The folder of rpm's database.
    pub database: &'static str,
}

const COMMON: [&str; 4] = ["zypper", "--non-interactive", "--no-color", "--xmlout"];
/// Codes of success besides zero: a restart is needed, of the machine or of zypper (zypper(8), EXIT CODES).
const FINE: [i32; 3] = [0, 102, 103];
/// What is unpacked of a download is at most so many times as much.
const UNPACKED: u64 = 5;

impl Zypper {
    fn simulated(&self, run: &mut Runner, words: &[String], until: Instant) -> Result<Plan, Fault> {
        let said = run.look(words, until)?;
        run.note(&said.out);
        if !said.code.is_some_and(|c| FINE.contains(&c)) {
            return Err(self.fault(said.code, &format!("{}{}", said.out, said.complaint)));
        }
        plan(&said.out)
    }
}

fn words(more: &[&str]) -> Vec<String> {
    let mut words = argv(COMMON);
    words.extend(more.iter().map(|w| (*w).to_owned()));
    words
}

fn with(more: &[&str], to: &[String]) -> Vec<String> {
    let mut words = words(more);
    words.extend(to.iter().cloned());
    words
}

impl Manager for Zypper {
    fn name(&self) -> &'static str {
        "zypper"
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

    fn candidates(
        &self,
        run: &mut Runner,
        _of: &[&Package],
        until: Instant,
    ) -> Result<Vec<Candidate>, Fault> {
        let said = run.look(&words(&["--no-refresh", "list-updates"]), until)?;
        if !said.ok() {
            return Err(self.fault(said.code, &format!("{}{}", said.out, said.complaint)));
        }
        Ok(elements(&said.out, "update").filter_map(candidate).collect())
    }

    fn refresh(&self) -> Vec<String> {
        words(&["refresh"])
    }

    fn plan(&self, run: &mut Runner, to: &[Exact], until: Instant) -> Result<Plan, Fault> {
        let to: Vec<String> = to.iter().map(exactly).collect();
        self.simulated(run, &with(&["--no-refresh", "install", "--no-recommends", "--dry-run"], &to), until)
    }

    fn needs(&self, run: &mut Runner, _plan: &Plan, _until: Instant) -> Result<Vec<Need>, Fault> {
        let bytes = elements(&run.output, "install-summary")
            .filter_map(|e| attribute(e, "download-size")?.parse().ok());
        let bytes: u64 = bytes.fold(0, u64::saturating_add);
        Ok(vec![
            Need { folder: "/var/cache", bytes },
            Need { folder: "/usr", bytes: bytes.saturating_mul(UNPACKED) },
        ])
    }

    fn download(&self, to: &[Exact]) -> Option<Vec<String>> {
        let to: Vec<String> = to.iter().map(exactly).collect();
        Some(with(&["--no-refresh", "install", "--no-recommends", "--download-only"], &to))
    }

    fn upgrade(&self, to: &[Exact]) -> Vec<String> {
        let to: Vec<String> = to.iter().map(exactly).collect();
        with(&["--no-refresh", "install", "--no-recommends"], &to)
    }

    fn keep(&self, run: &mut Runner, plan: &Plan, _folder: Option<&Path>, until: Instant) -> Rollback {
        let replaced: Vec<&Change> = plan.changes.iter().filter(|c| !c.from.is_empty()).take(64).collect();
        let no = |reason: String| Rollback { possible: false, reason };
        if replaced.is_empty() {
            return no("no package is replaced".into());
        }
        let mut all = words(&["--no-refresh", "search", "--details", "--match-exact", "--type", "package"]);
        all.extend(replaced.iter().map(|c| c.name.clone()));
        let said = match run.look(&all, until) {
            Ok(said) => said,
            Err(fault) => return no(fault.message),
        };
        let offered = |c: &&Change| {
            elements(&said.out, "solvable").any(|e| {
                let is = |key: &str, value: &str| attribute(e, key) == Some(value);
                is("name", &c.name) && is("edition", &c.from) && !is("repository", "(System Packages)")
            })
        };
        let missing: Vec<String> =
            replaced.iter().filter(|c| !offered(c)).map(|c| format!("{} {}", c.name, c.from)).collect();
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

    fn plan_back(&self, run: &mut Runner, back: &[String], until: Instant) -> Result<Plan, Fault> {
        let all = with(&["--no-refresh", "install", "--no-recommends", "--oldpackage", "--dry-run"], back);
        self.simulated(run, &all, until)
    }

    fn downgrade(&self, back: &[String]) -> Vec<String> {
        with(&["--no-refresh", "install", "--no-recommends", "--oldpackage"], back)
    }

    fn audit(&self, run: &mut Runner, until: Instant) -> String {
        match run.look(&words(&["--no-refresh", "verify", "--dry-run"]), until) {
            Ok(said) if said.ok() => String::new(),
            Ok(said) => format!("{}{}", said.out, said.complaint),
            Err(fault) => fault.message,
        }
    }

    fn forbid_services(&self) -> Result<(Option<Policy>, &'static str), Fault> {
        Ok((None, "offline"))
    }
}

/// A package at one version: `name.arch=version`.
fn exactly(e: &Exact) -> String {
    if e.arch.is_empty() {
        format!("{}={}", e.name, e.version)
    } else {
        format!("{}.{}={}", e.name, e.arch, e.version)
    }
}

fn candidate(element: &str) -> Option<Candidate> {
    let text = |key: &str| attribute(element, key).map(str::to_owned);
    let version = text("edition")?;
    let found = Candidate { name: text("name")?, arch: text("arch")?, judged: version.clone(), version };
    let sound = names::is_name(Scheme::Rpm, &found.name)
        && names::is_arch(&found.arch)
        && names::is_version(Scheme::Rpm, &found.version);
    sound.then_some(found)
}

/// Start tags of a name, from the sign before the name to the one that ends it.
fn elements<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    text.split('<').skip(1).filter_map(move |t| {
        let inside = t.split('>').next()?;
        let rest = inside.strip_prefix(name)?;
        rest.starts_with([' ', '\n', '/', '\t']).then_some(inside)
    })
}

/// An attribute of a start tag. None of those that are asked for can hold a quote.
fn attribute<'a>(element: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = element;
    loop {
        let at = rest.find(key)?;
        let before = rest[..at].chars().next_back();
        let after = &rest[at + key.len()..];
        if before.is_some_and(char::is_whitespace)
            && let Some(value) = after.strip_prefix("=\"")
        {
            return value.split('"').next();
        }
        rest = after;
    }
}

/// The summary of an installation: `<to-upgrade>`, `<to-install>`, `<to-remove>` and so on with solvables.
fn plan(text: &str) -> Result<Plan, Fault> {
    let mut plan = Plan::default();
    let mut group = "";
    for tag in text.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap_or_default();
        if let Some(name) = inside.strip_prefix("to-") {
            group = name;
        } else if inside.starts_with("/to-") {
            group = "";
        } else if inside.starts_with("solvable ") && !group.is_empty() {
            if attribute(inside, "type").is_some_and(|t| t != "package") {
                continue;
            }
            let found = candidate(inside).ok_or_else(|| {
                Fault::failed(format!("zypper said what is not understood: {}", names::shown(inside)))
            })?;
            let from = attribute(inside, "edition-old").unwrap_or_default().to_owned();
            if group.starts_with("remove") {
                plan.removed.push(found.name);
                continue;
            }
            if group.starts_with("downgrade") {
                plan.older.push(found.name.clone());
            }
            plan.changes.push(Change { name: found.name, arch: found.arch, from, to: found.version });
        }
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    // As zypper 1.14.42 printed them.
    const REPLACES: &str = r#"<?xml version='1.0'?>
<stream>
<message type="info">Resolving package dependencies...</message>
<install-summary download-size="6140" space-usage-diff="-2" packages-to-change="2">
<to-upgrade>
<solvable type="package" name="removes" edition="1:1.2-1" arch="x86_64" edition-old="1:1.0-1" arch-old="x86_64" summary="t">
<description>t</description></solvable>
</to-upgrade>
<to-remove>
<solvable type="package" name="oldthing" edition="1:1-1" arch="x86_64" summary="t">
<description>t</description></solvable>
</to-remove>
</install-summary>
<prompt id="0">
<text>Continue?</text>
<option default="1" value="y" desc="Yes, accept the summary and proceed with installation/removal of packages."/>
</prompt></stream>"#;
    const OLDER: &str = r#"<install-summary download-size="6085" space-usage-diff="0" packages-to-change="1">
<to-downgrade>
<solvable type="package" name="pal-libs" edition="1:1.0-1.el9" arch="x86_64" edition-old="1:1.1-1.el9" arch-old="x86_64" summary="l">
<description>l</description></solvable>
</to-downgrade>
</install-summary>"#;
    const UPDATES: &str = r#"<update-list>
<update kind="package" name="pal" edition="1:1.2-1.el9" arch="x86_64" edition-old="1:1.0-1.el9"><summary>t</summary><description>t</description><license/><source url="file:/srv/repo" alias="pal"/></update></update-list>"#;

    #[test]
    fn a_summary_is_read() {
        let replaces = plan(REPLACES).expect("read");
        let c = &replaces.changes[0];
        assert_eq!((c.name.as_str(), c.from.as_str(), c.to.as_str()), ("removes", "1:1.0-1", "1:1.2-1"));
        assert_eq!(replaces.removed, ["oldthing"]);
        let size = elements(REPLACES, "install-summary").find_map(|e| attribute(e, "download-size"));
        assert_eq!(size, Some("6140"));
        assert_eq!(plan(OLDER).expect("read").older, ["pal-libs"]);
        let bad = "<to-upgrade><solvable type=\"package\" name=\"-x\" edition=\"1\" arch=\"x\"/>";
        assert!(plan(bad).is_err());
    }

    #[test]
    fn updates_are_candidates() {
        let all: Vec<Candidate> = elements(UPDATES, "update").filter_map(candidate).collect();
        assert_eq!(all.len(), 1, "the list itself is none");
        assert_eq!((all[0].name.as_str(), all[0].version.as_str()), ("pal", "1:1.2-1.el9"));
    }
}
