//! Alpine's apk. It takes no version to upgrade to, and no mirror keeps an earlier one.

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

/// apk-tools.
#[derive(Debug)]
pub struct Apk;

/// A download and what is unpacked of it are far below this for each package.
const EACH: u64 = 64 << 20;
/// Why there is no way back.
const NO_WAY_BACK: &str = "Alpine's mirrors keep no earlier versions";

const UPGRADE: [&str; 6] = ["apk", "--no-interactive", "--wait", "10", "upgrade", "--no-self-upgrade"];

impl Manager for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn scheme(&self) -> Scheme {
        Scheme::Apk
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Apk
    }

    fn database(&self) -> &'static str {
        "/lib/apk/db"
    }

    fn locks(&self) -> &'static [&'static str] {
        &["/lib/apk/db/lock"]
    }

    fn judged<'a>(&self, package: &'a Package) -> &'a str {
        &package.version
    }

    fn candidates(&self, run: &mut Runner, of: &[&Package], until: Instant) -> Result<Vec<Candidate>, Fault> {
        let mut words = argv(["apk", "policy"]);
        words.extend(of.iter().map(|p| p.name.clone()));
        Ok(policies(&run.look(&words, until)?.out))
    }

    fn refresh(&self) -> Vec<String> {
        argv(["apk", "--wait", "10", "update"])
    }

    fn plan(&self, run: &mut Runner, to: &[Exact], until: Instant) -> Result<Plan, Fault> {
        let mut words = argv(UPGRADE);
        words.push("--simulate".into());
        words.extend(to.iter().map(|e| e.name.clone()));
        let said = run.look(&words, until)?;
        run.note(&said.out);
        run.note(&said.complaint);
        if !said.ok() {
            return Err(self.fault(said.code, &format!("{}{}", said.out, said.complaint)));
        }
        plan(&said.out)
    }

    fn needs(&self, _run: &mut Runner, plan: &Plan, _until: Instant) -> Result<Vec<Need>, Fault> {
        let packages = u64::try_from(plan.changes.len()).unwrap_or(u64::MAX);
        Ok(vec![Need { folder: "/usr", bytes: packages.saturating_mul(EACH) }])
    }

    fn download(&self, _to: &[Exact]) -> Option<Vec<String>> {
        None
    }

    fn upgrade(&self, to: &[Exact]) -> Vec<String> {
        let mut words = argv(UPGRADE);
        words.extend(to.iter().map(|e| e.name.clone()));
        words
    }

    fn keep(&self, _run: &mut Runner, _plan: &Plan, _folder: Option<&Path>, _until: Instant) -> Rollback {
        Rollback { possible: false, reason: NO_WAY_BACK.into() }
    }

    fn earlier(
        &self,
        _run: &mut Runner,
        _to: &[Exact],
        _kept: &Path,
        _until: Instant,
    ) -> Result<Vec<String>, Fault> {
        Err(Fault::no_candidate(NO_WAY_BACK))
    }

    fn plan_back(&self, _run: &mut Runner, _words: &[String], _until: Instant) -> Result<Plan, Fault> {
        Err(Fault::no_candidate(NO_WAY_BACK))
    }

    fn downgrade(&self, words: &[String]) -> Vec<String> {
        words.to_vec()
    }

    fn audit(&self, run: &mut Runner, until: Instant) -> String {
        match run.look(&argv(["apk", "audit", "--packages"]), until) {
            Ok(said) => format!("{}{}", said.out, said.complaint),
            Err(fault) => fault.message,
        }
    }

    fn forbid_services(&self) -> Result<(Option<Policy>, &'static str), Fault> {
        // Alpine's scripts start and restart nothing.
        Ok((None, "none"))
    }
}

/// `NAME policy:`, then each version with the repositories that have it below.
fn policies(text: &str) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = Vec::new();
    let (mut name, mut version) = ("", "");
    for line in text.lines() {
        if let Some(of) = line.strip_suffix(" policy:") {
            (name, version) = (of, "");
        } else if let Some(v) =
            line.trim().strip_suffix(':').filter(|_| line.starts_with("  ") && !line.starts_with("   "))
        {
            version = v;
        } else if line.starts_with("    ") && !line.contains("lib/apk/db/installed") {
            let sound = names::is_name(Scheme::Apk, name) && names::is_version(Scheme::Apk, version);
            if sound {
                all.push(Candidate {
                    name: name.to_owned(),
                    arch: String::new(),
                    version: version.to_owned(),
                    judged: version.to_owned(),
                });
            }
        }
    }
    all
}

/// `(1/2) Upgrading NAME (OLD -> NEW)`, `Installing NAME (NEW)`, `Purging NAME (OLD)`.
fn plan(text: &str) -> Result<Plan, Fault> {
    let mut plan = Plan::default();
    for line in text.lines() {
        let Some((_, rest)) = line.strip_prefix('(').and_then(|l| l.split_once(") ")) else { continue };
        let odd = || Fault::failed(format!("apk said what is not understood: {}", names::shown(line)));
        let (verb, rest) = rest.split_once(' ').ok_or_else(odd)?;
        let (name, versions) = rest.split_once(" (").ok_or_else(odd)?;
        let versions = versions.split(')').next().unwrap_or_default();
        let (from, to) = versions.split_once(" -> ").unwrap_or(("", versions));
        if !names::is_name(Scheme::Apk, name) || !names::is_version(Scheme::Apk, to) {
            return Err(odd());
        }
        match verb {
            "Purging" => plan.removed.push(name.to_owned()),
            "Upgrading" | "Installing" | "Downgrading" | "Replacing" | "Reinstalling" => {
                if verb == "Downgrading" {
                    plan.older.push(name.to_owned());
                }
                plan.changes.push(Change {
                    name: name.to_owned(),
                    arch: String::new(),
                    from: if verb == "Reinstalling" { to.to_owned() } else { from.to_owned() },
                    to: to.to_owned(),
                });
            }
            _ => return Err(odd()),
        }
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulation_is_read() {
        let text = "(1/3) Upgrading libcrypto3 (3.1.4-r1 -> 3.1.4-r5)\n(2/3) Installing newdep (1.0-r0)\n(3/3) Purging gone (2-r1)\nOK: 8 MiB in 15 packages\n";
        let plan = plan(text).expect("read");
        assert_eq!((plan.changes[0].from.as_str(), plan.changes[0].to.as_str()), ("3.1.4-r1", "3.1.4-r5"));
        assert_eq!((plan.changes[1].from.as_str(), plan.removed.as_slice()), ("", &["gone".to_owned()][..]));
        assert!(super::plan("(1/1) Exploding x (1-r0)\n").is_err());
        assert!(super::plan("(1/1) Upgrading -x (1-r0 -> 2-r0)\n").is_err());
    }

    #[test]
    fn what_a_mirror_has_is_a_candidate_and_what_is_installed_is_none() {
        let text = "libssl3 policy:\n  3.1.4-r1:\n    lib/apk/db/installed\n  3.1.4-r5:\n    https://mirror.example/main\n";
        let all = policies(text);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].name.as_str(), all[0].version.as_str()), ("libssl3", "3.1.4-r5"));
    }
}
