//! Probes: what a check looks at, and what it says.

mod account;
mod apt;
mod audit;
mod boot;
mod files;
mod firewall;
mod kernel;
mod lines;
mod mount;
mod package;
mod pam;
mod root_path;
mod service;
mod setting;
mod shell;
mod sshd;
mod sudo;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::check::Aspect;
use crate::host::Host;
use crate::parameter::{Scalar, Values};
use crate::report::{Evidence, Reason};
use crate::want::Want;

/// What a check looks at.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Probe {
    /// Each of them is met.
    All(Vec<Probe>),
    /// One of them is met.
    Any(Vec<Probe>),
    /// It is not met.
    Not(Box<Probe>),
    /// A user, or what belongs to users.
    Account(account::AccountProbe),
    /// apt's configuration.
    Apt(apt::AptProbe),
    /// Rules of the kernel's audit.
    Audit(audit::AuditProbe),
    /// The boot loader.
    Boot(boot::BootProbe),
    /// Owner, group and permissions of files.
    Files(files::FilesProbe),
    /// Whether something is there.
    Exists(files::ExistsProbe),
    /// A packet filter.
    Firewall(firewall::FirewallProbe),
    /// A value that the running kernel tells.
    Kernel(kernel::KernelProbe),
    /// A setting of `sysctl`.
    Sysctl(kernel::SysctlProbe),
    /// A module of the kernel.
    Module(kernel::ModuleProbe),
    /// Lines of a file.
    Lines(lines::LinesProbe),
    /// A mount.
    Mount(mount::MountProbe),
    /// A package.
    Package(package::PackageProbe),
    /// A stack of PAM.
    Pam(pam::PamProbe),
    /// Where root looks for commands.
    RootPath(root_path::RootPathProbe),
    /// A unit of systemd, or a script of an older init.
    Service(service::ServiceProbe),
    /// A key of a configuration file.
    Setting(setting::SettingProbe),
    /// A limit of `limits.conf`.
    Limit(setting::LimitProbe),
    /// A mask or variable of shells.
    Shell(shell::ShellProbe),
    /// What sshd does.
    Sshd(sshd::SshdProbe),
    /// What sudo asks for.
    Sudo(sudo::SudoProbe),
    /// The whole file system.
    Sweep(sweep::SweepProbe),
}

/// What a probe says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// There is nothing that it speaks about.
    Moot,
    Unknown(Reason),
}

/// A verdict with what was seen.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) observed: String,
    pub(crate) expected: String,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) aspects: BTreeMap<Aspect, Verdict>,
}

/// What a probe gives: an outcome, or why there is none.
pub(crate) type Probed = Result<Outcome, Reason>;

impl Outcome {
    fn new(verdict: Verdict, observed: impl Into<String>) -> Self {
        let (observed, expected) = (observed.into(), String::new());
        Self { verdict, observed, expected, evidence: Vec::new(), aspects: BTreeMap::new() }
    }

    pub(crate) fn of(met: bool, observed: impl Into<String>) -> Self {
        Self::new(if met { Verdict::Met } else { Verdict::Missed }, observed)
    }

    pub(crate) fn moot(observed: impl Into<String>) -> Self {
        Self::new(Verdict::Moot, observed)
    }

    pub(crate) fn unknown(reason: Reason, observed: impl Into<String>) -> Self {
        Self::new(Verdict::Unknown(reason), observed)
    }

    pub(crate) fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.expected = expected.into();
        self
    }

    pub(crate) fn at(mut self, path: impl Into<String>, line: Option<u32>) -> Self {
        self.evidence.push(Evidence { path: path.into(), line });
        self
    }

    pub(crate) fn aspect(mut self, aspect: Aspect, met: bool) -> Self {
        self.aspects.insert(aspect, if met { Verdict::Met } else { Verdict::Missed });
        self
    }
}

/// What it says that something is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nothing there, nothing wrong.
    #[default]
    Met,
    /// It has to be there.
    Missed,
    /// The check does not apply.
    Moot,
}

impl Missing {
    fn outcome(self, observed: impl Into<String>) -> Outcome {
        let verdict = match self {
            Self::Met => Verdict::Met,
            Self::Missed => Verdict::Missed,
            Self::Moot => Verdict::Moot,
        };
        Outcome::new(verdict, observed)
    }
}

impl Probe {
    /// Looks.
    pub(crate) fn run(&self, host: &Host, values: &Values) -> Outcome {
        let probed = match self {
            Self::All(all) => Ok(join(all.iter().map(|p| p.run(host, values)), Verdict::Missed)),
            Self::Any(any) => Ok(join(any.iter().map(|p| p.run(host, values)), Verdict::Met)),
            Self::Not(probe) => {
                let mut outcome = probe.run(host, values);
                outcome.verdict = match outcome.verdict {
                    Verdict::Met => Verdict::Missed,
                    Verdict::Missed => Verdict::Met,
                    other => other,
                };
                outcome.expected = if outcome.expected.is_empty() {
                    String::new()
                } else {
                    format!("not: {}", outcome.expected)
                };
                Ok(outcome)
            }
            Self::Account(p) => p.run(host, values),
            Self::Apt(p) => p.run(host, values),
            Self::Audit(p) => p.run(host, values),
            Self::Boot(p) => p.run(host, values),
            Self::Files(p) => p.run(host, values),
            Self::Exists(p) => p.run(host),
            Self::Firewall(p) => p.run(host),
            Self::Kernel(p) => p.run(host, values),
            Self::Sysctl(p) => p.run(host, values),
            Self::Module(p) => p.run(host),
            Self::Lines(p) => p.run(host),
            Self::Mount(p) => p.run(host),
            Self::Package(p) => p.run(host),
            Self::Pam(p) => p.run(host, values),
            Self::RootPath(p) => p.run(host),
            Self::Service(p) => p.run(host),
            Self::Setting(p) => p.run(host, values),
            Self::Limit(p) => p.run(host, values),
            Self::Shell(p) => p.run(host, values),
            Self::Sshd(p) => p.run(host, values),
            Self::Sudo(p) => p.run(host, values),
            Self::Sweep(p) => p.run(host),
        };
        probed.unwrap_or_else(|reason| Outcome::unknown(reason, host.failed()))
    }

    /// The parameters that it names.
    pub(crate) fn parameters(&self, into: &mut BTreeSet<String>) {
        let mut word = |w: &str| {
            if let Some(name) = w.strip_prefix('$') {
                into.insert(name.to_owned());
            }
        };
        let mut want = |w: &Want| {
            for s in w.scalars() {
                if let Scalar::Text(t) = s {
                    word(t);
                }
            }
        };
        match self {
            Self::All(all) | Self::Any(all) => all.iter().for_each(|p| p.parameters(into)),
            Self::Not(p) => p.parameters(into),
            Self::Account(p) => p.limit.iter().for_each(|l| want(&Want::Is(l.clone()))),
            Self::Apt(p) => want(&p.want),
            Self::Audit(p) => p.want.iter().for_each(want),
            Self::Boot(p) => p.want.iter().for_each(want),
            Self::Files(p) => p.mode.iter().for_each(|m| word(m)),
            Self::Kernel(p) => want(&p.want),
            Self::Sysctl(p) => want(&p.want),
            Self::Pam(p) => p.want.iter().for_each(want),
            Self::Setting(p) => want(&p.want),
            Self::Limit(p) => want(&p.want),
            Self::Shell(p) => p.want.iter().for_each(want),
            Self::Sshd(p) => want(&p.want),
            Self::Sudo(p) => p.want.iter().for_each(want),
            Self::Exists(_)
            | Self::Firewall(_)
            | Self::Module(_)
            | Self::Lines(_)
            | Self::Mount(_)
            | Self::Package(_)
            | Self::RootPath(_)
            | Self::Service(_)
            | Self::Sweep(_) => {}
        }
    }
}

/// Several outcomes as one: `decides` wins over what cannot be told, which wins over the rest.
fn join(outcomes: impl Iterator<Item = Outcome>, decides: Verdict) -> Outcome {
    let all: Vec<Outcome> = outcomes.collect();
    let unknown = all.iter().map(|o| o.verdict).find(|v| matches!(v, Verdict::Unknown(_)));
    let has = |v: Verdict| all.iter().any(|o| o.verdict == v);
    let other = if decides == Verdict::Met { Verdict::Missed } else { Verdict::Met };
    let verdict = if has(decides) {
        decides
    } else if let Some(unknown) = unknown {
        unknown
    } else if has(other) {
        other
    } else {
        Verdict::Moot
    };
    let mut out = Outcome::new(verdict, "");
    // What explains the verdict is said; the rest would only hide it.
    for o in all.into_iter() {
        let says = o.verdict == verdict;
        for (aspect, v) in &o.aspects {
            let kept = out.aspects.entry(*aspect).or_insert(*v);
            if *v == decides || matches!(v, Verdict::Unknown(_)) && *kept != decides {
                *kept = *v;
            }
        }
        if !says {
            continue;
        }
        for (to, from) in [(&mut out.observed, &o.observed), (&mut out.expected, &o.expected)] {
            if !from.is_empty() && !to.contains(from.as_str()) {
                if !to.is_empty() {
                    to.push_str("; ");
                }
                to.push_str(from);
            }
        }
        out.evidence.extend(o.evidence);
    }
    out
}

/// Up to ten of these names, and how many there are.
pub(crate) fn some(names: &[String]) -> String {
    let shown = names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 10 { format!("{shown} and {} more", names.len() - 10) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinators_keep_what_cannot_be_told() {
        let [met, missed, moot] =
            [Verdict::Met, Verdict::Missed, Verdict::Moot].map(|v| Outcome::new(v, "x"));
        let unknown = Outcome::unknown(Reason::TooLarge, "y");
        let all = |o: &[&Outcome]| join(o.iter().map(|o| (*o).clone()), Verdict::Missed).verdict;
        let any = |o: &[&Outcome]| join(o.iter().map(|o| (*o).clone()), Verdict::Met).verdict;
        assert_eq!(all(&[&met, &unknown]), Verdict::Unknown(Reason::TooLarge));
        assert_eq!(all(&[&missed, &unknown]), Verdict::Missed);
        assert_eq!(all(&[&met, &moot]), Verdict::Met);
        assert_eq!(all(&[&moot, &moot]), Verdict::Moot);
        assert_eq!(any(&[&missed, &unknown]), Verdict::Unknown(Reason::TooLarge));
        assert_eq!(any(&[&met, &unknown]), Verdict::Met);
        assert_eq!(any(&[&missed, &moot]), Verdict::Missed);
    }
}
