//! Units of systemd and scripts of an older init, as files tell them.

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed};
use crate::check::Aspect;
use crate::host::Host;
use crate::report::Reason;

/// What is wanted of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// One of them is started with the system.
    Enabled,
    /// None of them is, nor does one run.
    Disabled,
    /// Each of them is masked, where it is there at all.
    Masked,
}

/// A service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceProbe {
    /// Its units, with their ending.
    pub units: Vec<String>,
    /// What is wanted.
    pub state: ServiceState,
    /// Whether one of them also runs now, where that can be told.
    #[serde(default)]
    pub running: bool,
}

const UNITS: [&str; 4] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Absent,
    Masked,
    Disabled,
    Enabled,
}

impl ServiceProbe {
    pub(super) fn run(&self, host: &Host) -> Probed {
        let mut said = Vec::new();
        let (mut states, mut evidence, mut runs) = (Vec::new(), Vec::new(), Some(false));
        for unit in &self.units {
            let (state, path) = found(host, unit)?;
            let word = match state {
                Found::Absent => "not there",
                Found::Masked => "masked",
                Found::Disabled => "not enabled",
                Found::Enabled => "enabled",
            };
            let now = runs_now(host, unit)?;
            runs = runs.zip(now).map(|(a, b)| a || b);
            let now = if now == Some(true) { ", runs" } else { "" };
            said.push(format!("{unit} {word}{now}"));
            states.push(state);
            evidence.extend(path);
        }
        let enabled = states.contains(&Found::Enabled);
        let running = runs.unwrap_or(false);
        let (kept, now, expected) = match self.state {
            ServiceState::Enabled => (enabled, !self.running || runs.is_none() || running, "enabled"),
            ServiceState::Disabled => (!enabled, !running, "not enabled"),
            ServiceState::Masked => {
                (states.iter().all(|s| matches!(s, Found::Absent | Found::Masked)), !running, "masked")
            }
        };
        let mut out = Outcome::of(kept && now, said.join("; ")).aspect(Aspect::Configured, kept);
        if runs.is_some() {
            out = out.aspect(Aspect::Running, now);
        }
        for path in evidence {
            out = out.at(path, None);
        }
        Ok(out.expecting(format!("{expected}: {}", self.units.join(" or "))))
    }
}

/// How a unit stands, and the file or link that says so.
fn found(host: &Host, unit: &str) -> Result<(Found, Option<String>), Reason> {
    let mut there = None;
    for base in UNITS {
        let path = format!("{base}/{unit}");
        // A mask is a link to /dev/null, which may be no file in a root that does not run.
        if host.root().link(base, unit).is_ok_and(|target| target == "/dev/null") {
            return Ok((Found::Masked, Some(path)));
        }
        if there.is_none() && host.look(&path)?.is_some() {
            there = Some(path);
        }
    }
    for base in [UNITS[0], UNITS[1], UNITS[2]] {
        for kind in ["wants", "requires"] {
            for folder in host.glob(&format!("{base}/*.{kind}"))? {
                let listed = host.folder(&folder)?.iter().any(|(name, _)| name == unit);
                if listed && there.is_some() {
                    return Ok((Found::Enabled, Some(format!("{folder}/{unit}"))));
                }
            }
        }
    }
    if let Some(path) = there {
        // A link with another name that leads to it enables it too.
        for (name, kind) in host.folder(UNITS[0])? {
            let leads = kind == palisade_inventory::Kind::Link
                && name != unit
                && host.root().link(UNITS[0], &name).is_ok_and(|t| t.rsplit('/').next() == Some(unit));
            if leads {
                return Ok((Found::Enabled, Some(format!("{}/{name}", UNITS[0]))));
            }
        }
        return Ok((Found::Disabled, Some(path)));
    }
    let Some(script) = unit.strip_suffix(".service") else { return Ok((Found::Absent, None)) };
    let path = format!("/etc/init.d/{script}");
    if host.look(&path)?.is_none() {
        return Ok((Found::Absent, None));
    }
    for level in 2..=5 {
        for (name, _) in host.folder(&format!("/etc/rc{level}.d"))? {
            let order = name.strip_prefix('S').filter(|n| n.len() > 2 && n.is_char_boundary(2));
            if order.is_some_and(|n| &n[2..] == script) {
                return Ok((Found::Enabled, Some(format!("/etc/rc{level}.d/{name}"))));
            }
        }
    }
    Ok((Found::Disabled, Some(path)))
}

/// Whether processes of the unit are there; none where systemd does not run or the unit has none.
fn runs_now(host: &Host, unit: &str) -> Result<Option<bool>, Reason> {
    if !host.is_live() || !unit.ends_with(".service") || !host.root().exists("/run/systemd/system") {
        return Ok(None);
    }
    for group in ["fs/cgroup", "fs/cgroup/systemd", "fs/cgroup/unified"] {
        let path = format!("/sys/{group}/system.slice/{unit}/cgroup.procs");
        if host.kernel(&path)?.is_some_and(|t| !t.is_empty()) {
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    #[test]
    fn links_enable_and_mask() {
        let files = [
            ("/usr/lib/systemd/system/a.service", "[Service]"),
            ("/etc/systemd/system/multi-user.target.wants/a.service", "-> /usr/lib/systemd/system/a.service"),
            ("/usr/lib/systemd/system/b.service", "[Service]"),
            ("/usr/lib/systemd/system/c.service", "[Service]"),
            ("/etc/systemd/system/c.service", "-> /dev/null"),
            ("/etc/init.d/d", "#!/bin/sh"),
            ("/etc/rc3.d/S01d", "-> ../init.d/d"),
            ("/usr/lib/systemd/system/ssh.service", "[Service]"),
            ("/etc/systemd/system/sshd.service", "-> /usr/lib/systemd/system/ssh.service"),
            ("/etc/systemd/system/multi-user.target.wants/gone.service", "-> /nowhere"),
        ];
        let (_dir, host) = world(&files);
        let state = |unit: &str| found(&host, unit).expect("reads").0;
        assert_eq!(state("a.service"), Found::Enabled);
        assert_eq!(state("b.service"), Found::Disabled);
        assert_eq!(state("c.service"), Found::Masked);
        assert_eq!(state("d.service"), Found::Enabled);
        assert_eq!(state("ssh.service"), Found::Enabled);
        assert_eq!(state("gone.service"), Found::Absent);
        let run = |unit: &str, state| {
            ServiceProbe { units: vec![unit.into()], state, running: true }.run(&host).expect("runs").verdict
        };
        assert_eq!(run("a.service", ServiceState::Enabled), Verdict::Met);
        assert_eq!(run("b.service", ServiceState::Masked), Verdict::Missed);
        assert_eq!(run("a.service", ServiceState::Disabled), Verdict::Missed);
        assert_eq!(run("none.service", ServiceState::Disabled), Verdict::Met);
    }
}
