//! A machine on which nothing is found yet, looked at by root.

use palisade_types::TimeMicros;

use crate::edr::*;
use crate::machine::OsFacts;

/// When the machine was looked at, by its clock: 2025-11-25 12:00 UTC.
pub(super) const AT: i64 = 1_764_072_000;
pub(super) const NOW: TimeMicros = TimeMicros(AT * 1_000_000 + 60_000_000);

pub(super) fn debian() -> OsFacts {
    OsFacts::from_os_release("ID=debian\nVERSION_ID=12\n", "6.1.0-56-amd64", "x86_64")
}

pub(super) fn host() -> HostFacts {
    HostFacts { taken_at: AT, root: true, os: debian(), complete: true, ..HostFacts::default() }
}

impl HostFacts {
    pub(super) fn deb(mut self, name: &str) -> Self {
        self.packages.push(Package { manager: Manager::Deb, name: name.into(), version: "1.2-3".into() });
        self
    }

    pub(super) fn rpm(mut self, name: &str) -> Self {
        self.packages.push(Package { manager: Manager::Rpm, name: name.into(), version: "4.5".into() });
        self
    }

    pub(super) fn unit(mut self, name: &str, state: UnitState) -> Self {
        self.units.push(Unit { name: name.into(), state, enabled: "enabled".into() });
        self
    }

    pub(super) fn process(mut self, exe: &str, place: Place) -> Self {
        let pid = 100 + u32::try_from(self.processes.len()).expect("few");
        let name = exe.rsplit('/').next().unwrap_or_default().chars().take(15).collect();
        self.processes.push(Process { pid, name, exe: exe.into(), place });
        self
    }

    pub(super) fn source(mut self, id: &str, state: SourceState) -> Self {
        self.sources.insert(id.into(), state);
        self
    }

    pub(super) fn value(mut self, key: &str, value: &str) -> Self {
        let source = key.rsplit_once('.').expect("a key of a source").0.to_owned();
        self.sources.entry(source).or_insert(SourceState::Ok);
        self.values.insert(key.into(), value.into());
        self
    }
}

/// The outcome of a check, by its code.
pub(super) fn outcome(assessed: &Assessed, code: &str) -> Option<Outcome> {
    assessed.checks.iter().find(|c| c.code == code).map(|c| c.outcome)
}

/// A product's assessment.
#[track_caller]
pub(super) fn assessed(facts: &HostFacts, id: &str) -> Assessed {
    let seen = recognise(facts);
    assess(seen.get(id).unwrap_or_else(|| panic!("{id} was not found in {seen:?}")), facts)
}
