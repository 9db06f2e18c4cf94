//! The checks and profiles that come with the sensor.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::check::Check;
use crate::error::{BaselineError, Result};
use crate::parameter::{Scalar, Values};
use crate::profile::{self, Profile};
use crate::want::like;

/// Profiles that extend each other, at most.
const MAX_CHAIN: usize = 8;

macro_rules! embedded {
    ($folder:literal: $($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../", $folder, "/", $name, ".toml")))),*]
    };
}

/// The files of checks, by topic, in the order of the documentation.
const CHECKS: [(&str, &str); 19] = embedded!("checks":
    "ssh", "pam", "accounts", "passwords", "homes", "shell", "sudo", "files", "logs", "cron", "kernel",
    "network", "modules", "mounts", "packages", "services", "firewall", "audit", "boot");

/// The profiles that come along.
const PROFILES: [(&str, &str); 6] = embedded!("profiles":
    "server-level1", "server-level2", "debian-server-level1", "debian-server-level2", "rhel-server-level1",
    "rhel-server-level2");

/// Checks and profiles.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Every check, in the order of the documentation.
    pub checks: Vec<Check>,
    /// The profiles by name.
    pub profiles: BTreeMap<String, Profile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    check: Vec<Check>,
}

/// What comes with this program.
///
/// # Panics
/// Never: a test reads every file.
#[expect(clippy::expect_used, reason = "the files are part of the program, and a test reads them all")]
pub fn builtin() -> &'static Catalogue {
    static BUILTIN: OnceLock<Catalogue> = OnceLock::new();
    BUILTIN.get_or_init(|| read().expect("the checks that come along are right"))
}

fn read() -> Result<Catalogue> {
    let mut catalogue = Catalogue::default();
    for (name, text) in CHECKS {
        let syntax = |e: toml::de::Error| BaselineError::Syntax(format!("{name}: {e}"));
        let file: File = toml::from_str(text).map_err(syntax)?;
        catalogue.checks.extend(file.check);
    }
    catalogue.validate()?;
    for (_, text) in PROFILES {
        catalogue.add(Profile::import(text)?)?;
    }
    for profile in catalogue.profiles.values() {
        catalogue.check_profile(profile)?;
    }
    Ok(catalogue)
}

impl Catalogue {
    /// The check of that id.
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|c| c.id == id)
    }

    /// The profile of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn profile(&self, name: &str) -> Result<&Profile> {
        self.profiles.get(name).ok_or_else(|| BaselineError::UnknownProfile(name.to_owned()))
    }

    /// Adds a profile under a name that is free.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add(&mut self, profile: Profile) -> Result<()> {
        if self.profiles.contains_key(&profile.name) {
            return Err(BaselineError::Duplicate(profile.name));
        }
        self.profiles.insert(profile.name.clone(), profile);
        Ok(())
    }

    /// Whether everything that a profile names is here, and its values are taken.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check_profile(&self, profile: &Profile) -> Result<()> {
        self.selected(profile).map(|_| ())
    }

    /// The checks that a profile runs, in our order, with the values of their parameters.
    ///
    /// # Errors
    /// When the profile names what is not here.
    pub fn selected(&self, profile: &Profile) -> Result<Vec<(&Check, Values)>> {
        let mut chain = vec![profile];
        while let Some(base) = chain.last().and_then(|p| p.extends.as_deref()) {
            let base = self.profile(base)?;
            if chain.len() >= MAX_CHAIN || chain.iter().any(|p| p.name == base.name) {
                return Err(BaselineError::Profile(format!("{} extends itself", profile.name)));
            }
            chain.push(base);
        }
        let mut chosen: BTreeSet<&str> = BTreeSet::new();
        let mut values: BTreeMap<&str, BTreeMap<&String, &Scalar>> = BTreeMap::new();
        for p in chain.into_iter().rev() {
            if let Some(level) = p.level {
                chosen.extend(self.checks.iter().filter(|c| c.level <= level).map(|c| c.id.as_str()));
            }
            for pattern in &p.checks {
                chosen.extend(self.matching(pattern)?);
            }
            for pattern in &p.without {
                for id in self.matching(pattern)? {
                    chosen.remove(id);
                }
            }
            for (id, own) in &p.values {
                let check = self.check(id).ok_or_else(|| BaselineError::UnknownCheck(id.clone()))?;
                for (name, value) in own {
                    let parameter = check.params.get(name).ok_or_else(|| {
                        BaselineError::UnknownParameter { check: id.clone(), name: name.clone() }
                    })?;
                    parameter.takes(value).map_err(|problem| BaselineError::Value {
                        check: id.clone(),
                        name: name.clone(),
                        problem,
                    })?;
                    values.entry(id).or_default().insert(name, value);
                }
            }
        }
        if chosen.is_empty() {
            return Err(BaselineError::Profile(format!("{} has no check", profile.name)));
        }
        let with_values = |check: &Check| {
            let own = values.get(check.id.as_str());
            let value = |(name, p): (&String, &crate::parameter::Parameter)| {
                let set = own.and_then(|own| own.get(name)).copied();
                (name.clone(), set.unwrap_or(&p.default).clone())
            };
            Values(check.params.iter().map(value).collect())
        };
        let all = self.checks.iter().filter(|c| chosen.contains(c.id.as_str()));
        Ok(all.map(|c| (c, with_values(c))).collect())
    }

    fn matching(&self, pattern: &str) -> Result<Vec<&str>> {
        let found: Vec<&str> =
            self.checks.iter().map(|c| c.id.as_str()).filter(|id| like(pattern, id)).collect();
        if found.is_empty() { Err(BaselineError::UnknownCheck(pattern.to_owned())) } else { Ok(found) }
    }

    /// Whether the checks themselves are right.
    fn validate(&self) -> Result<()> {
        let mut seen = BTreeSet::new();
        for check in &self.checks {
            profile::name(&check.id)?;
            if !seen.insert(&check.id) {
                return Err(BaselineError::Duplicate(check.id.clone()));
            }
            let problem = |name: &str, problem: String| BaselineError::Value {
                check: check.id.clone(),
                name: name.to_owned(),
                problem,
            };
            for (name, p) in &check.params {
                p.takes(&p.default).map_err(|e| problem(name, e))?;
            }
            let mut named: BTreeSet<String> = BTreeSet::new();
            check.probe.parameters(&mut named);
            for name in &named {
                if !check.params.contains_key(name) {
                    return Err(problem(name, "the probe names it, and there is no such parameter".into()));
                }
            }
            if let Some(name) = check.params.keys().find(|n| !named.contains(*n)) {
                return Err(problem(name, "no probe names it".into()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_along_is_right_and_enough() {
        let catalogue = read().unwrap_or_else(|e| panic!("{e}"));
        assert!(catalogue.checks.len() >= 150, "{} checks", catalogue.checks.len());
        for c in &catalogue.checks {
            assert!((1..=2).contains(&c.level), "{}", c.id);
            for words in [&c.title, &c.why, &c.fix] {
                assert!(words.len() > 5, "{} lacks words", c.id);
            }
            assert!(!c.refs.nist.is_empty(), "{} names no control of NIST", c.id);
            assert!(!c.refs.attack.is_empty(), "{} names no technique", c.id);
        }
    }

    #[test]
    fn a_profile_is_refused_for_what_is_not_there() {
        let catalogue = builtin();
        let with = |rest: &str| {
            let head = "format = \"palisade-baseline-profile/1\"\nname = \"own\"\ntitle = \"Own\"\n";
            let profile = Profile::import(&format!("{head}{rest}")).expect("imports");
            catalogue.check_profile(&profile).map_err(|e| e.code())
        };
        assert_eq!(with("extends = \"none\""), Err("baseline_unknown_profile"));
        assert_eq!(with("checks = [\"nothing.*\"]"), Err("baseline_unknown_check"));
        assert_eq!(with(""), Err("baseline_profile"));
        assert_eq!(with("checks = [\"ssh.*\"]\nwithout = [\"ssh.*\"]"), Err("baseline_profile"));
        let values = |v: &str| format!("checks = [\"ssh.*\"]\n[values.\"ssh.max_auth_tries\"]\n{v}");
        assert_eq!(with(&values("limit = 3")), Ok(()));
        assert_eq!(with(&values("limit = 99")), Err("baseline_value"));
        assert_eq!(with(&values("other = 1")), Err("baseline_unknown_parameter"));
    }

    #[test]
    fn a_profile_extends_and_overrides() {
        let catalogue = builtin();
        let text = "format = \"palisade-baseline-profile/1\"\nname = \"own\"\ntitle = \"Own\"\n\
                    extends = \"server-level1\"\nwithout = [\"ssh.banner\"]\n\
                    [values.\"ssh.max_auth_tries\"]\nlimit = 2\n";
        let own = Profile::import(text).expect("imports");
        let base = catalogue.selected(catalogue.profile("server-level1").expect("there")).expect("right");
        let all = catalogue.selected(&own).expect("right");
        assert_eq!(all.len() + 1, base.len());
        let (_, values) = all.iter().find(|(c, _)| c.id == "ssh.max_auth_tries").expect("there");
        assert_eq!(values.0["limit"], Scalar::Int(2));
    }
}
