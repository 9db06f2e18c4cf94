//! What the order `remediate` asks for, and what of it is let near a command line.

use palisade_advisory::{Ecosystem, Scheme};
use serde::{Deserialize, Serialize};

use super::answer::Fault;
use super::names;

/// Most bytes of an order's arguments.
pub const MAX_ARGUMENTS: usize = 64 << 10;
/// Most entries of one list of the request.
const MAX_LIST: usize = 256;
/// Bounds of `timeout_seconds`: what can be given up ends within it.
const TIMEOUT: (u64, u64) = (30, 7200);

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Say what an upgrade would change; nothing is changed.
    DryRun,
    /// Upgrade.
    Apply,
    /// Put earlier versions back.
    Rollback,
}

/// The source package that is to be brought to a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Software {
    /// `family:release`, as advisories name it.
    pub ecosystem: String,
    /// The source package.
    pub source: String,
    /// The first version that is good.
    #[serde(default)]
    pub fixed: String,
}

/// One version of one binary package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exact {
    /// Its name.
    pub name: String,
    /// Its architecture, in the package manager's words.
    pub arch: String,
    /// The whole version.
    pub version: String,
}

/// The arguments of the order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Which remediation it belongs to.
    pub remediation: uuid::Uuid,
    /// What is to be done.
    pub phase: Phase,
    /// Of what.
    pub software: Software,
    /// Only these binary packages of the source; all of them if there is none.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Packages of the never-touch list that a person named, by binary or source name.
    #[serde(default)]
    pub named: Vec<String>,
    /// What is put back in the phase `rollback`.
    #[serde(default)]
    pub rollback_to: Vec<Exact>,
    /// How long it may take until packages are changed, seconds.
    #[serde(default = "quarter_of_an_hour")]
    pub timeout_seconds: u64,
}

fn quarter_of_an_hour() -> u64 {
    900
}

impl Request {
    /// Reads and checks the arguments of an order.
    ///
    /// # Errors
    /// `remediation_malformed` for what is no request, `remediation_unsupported` for software that no
    /// package manager here knows.
    pub fn parse(text: &[u8]) -> Result<Self, Fault> {
        if text.len() > MAX_ARGUMENTS {
            return Err(Fault::malformed(format!("more than {MAX_ARGUMENTS} bytes")));
        }
        let mut request: Self =
            serde_json::from_slice(text).map_err(|e| Fault::malformed(format!("no request: {e}")))?;
        request.timeout_seconds = request.timeout_seconds.clamp(TIMEOUT.0, TIMEOUT.1);
        request.check()?;
        Ok(request)
    }

    /// The order of versions that the software has.
    ///
    /// # Errors
    /// `remediation_unsupported` where it is none of a distribution.
    pub fn scheme(&self) -> Result<Scheme, Fault> {
        let ecosystem = Ecosystem::parse(&self.software.ecosystem);
        ecosystem.scheme().filter(|_| ecosystem.is_distribution()).ok_or_else(|| {
            Fault::unsupported(format!(
                "{:?} is no operating system's distribution",
                names::shown(&self.software.ecosystem)
            ))
        })
    }

    fn check(&self) -> Result<(), Fault> {
        let scheme = self.scheme()?;
        let name = |what: &str, n: &str| {
            names::is_name(scheme, n)
                .then_some(())
                .ok_or_else(|| Fault::malformed(format!("{what} {:?} is no package name", names::shown(n))))
        };
        let version = |v: &str| {
            names::is_version(scheme, v)
                .then_some(())
                .ok_or_else(|| Fault::malformed(format!("{:?} is no version", names::shown(v))))
        };
        if [self.packages.len(), self.named.len(), self.rollback_to.len()].iter().any(|n| *n > MAX_LIST) {
            return Err(Fault::malformed(format!("a list has more than {MAX_LIST} entries")));
        }
        name("source", &self.software.source)?;
        for p in &self.packages {
            name("package", p)?;
        }
        for n in &self.named {
            name("named", n)?;
        }
        for e in &self.rollback_to {
            name("package", &e.name)?;
            version(&e.version)?;
            if !names::is_arch(&e.arch) {
                return Err(Fault::malformed(format!("{:?} is no architecture", names::shown(&e.arch))));
            }
        }
        match self.phase {
            Phase::Rollback if self.rollback_to.is_empty() => {
                Err(Fault::malformed("rollback_to names nothing to put back"))
            }
            Phase::Rollback => Ok(()),
            Phase::DryRun | Phase::Apply => version(&self.software.fixed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(change: impl Fn(&mut serde_json::Value)) -> Result<Request, Fault> {
        let mut value = serde_json::json!({
            "remediation": "5f0c8a54-4a1e-4d3e-9c52-0d6a0a8f3e11", "phase": "apply",
            "software": {"ecosystem": "debian:12", "source": "openssl", "fixed": "3.0.20-1~deb12u2"},
            "packages": [], "named": ["openssh"], "rollback_to": [], "timeout_seconds": 900,
        });
        change(&mut value);
        Request::parse(value.to_string().as_bytes())
    }

    #[test]
    fn the_contracts_example_is_read() {
        let request = parse(|_| {}).expect("good");
        assert_eq!((request.phase, request.timeout_seconds), (Phase::Apply, 900));
        assert_eq!(request.scheme().ok(), Some(Scheme::Deb));
        let back = parse(|v| {
            v["phase"] = "rollback".into();
            v["software"] = serde_json::json!({"ecosystem": "debian:12", "source": "openssl"});
            v["rollback_to"] =
                serde_json::json!([{"name": "openssl", "arch": "amd64", "version": "3.0.17-1~deb12u2"}]);
        });
        assert_eq!(back.expect("good").rollback_to.len(), 1);
    }

    #[test]
    fn what_could_become_an_option_or_a_command_is_refused() {
        let code = |change: &dyn Fn(&mut serde_json::Value)| parse(change).err().map(|f| f.code);
        for bad in [
            "-o", "--root=/", "a b", "a;b", "../a", "a/b", "openssl-", "a=1", "a:amd64", "", "A", "$(x)", "é",
        ] {
            assert_eq!(
                code(&|v| v["software"]["source"] = bad.into()),
                Some("remediation_malformed"),
                "{bad}"
            );
            assert_eq!(
                code(&|v| v["packages"] = serde_json::json!([bad])),
                Some("remediation_malformed"),
                "{bad}"
            );
        }
        for bad in ["-1", "1 2", "1;x", "1/2", "", "1.0-", "1.0+", "$(x)", "v1\n"] {
            assert_eq!(
                code(&|v| v["software"]["fixed"] = bad.into()),
                Some("remediation_malformed"),
                "{bad}"
            );
        }
        assert_eq!(code(&|v| v["phase"] = "rollback".into()), Some("remediation_malformed"));
        assert_eq!(code(&|v| v["phase"] = "destroy".into()), Some("remediation_malformed"));
        assert_eq!(code(&|v| v["software"]["ecosystem"] = "npm".into()), Some("remediation_unsupported"));
        assert_eq!(code(&|v| v["named"] = vec!["a0"; 257].into()), Some("remediation_malformed"));
        assert_eq!(
            Request::parse(&vec![b' '; MAX_ARGUMENTS + 1]).err().map(|f| f.code),
            Some("remediation_malformed")
        );
        assert_eq!(
            parse(|v| v["timeout_seconds"] = 1_000_000.into()).expect("good").timeout_seconds,
            TIMEOUT.1
        );
    }
}
