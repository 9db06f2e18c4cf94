//! What is told about an execution: a fact of its own, with the process that did it.

use palisade_wire::msg::{ApplicationBlocked, application_blocked::Action};

use super::words::{Hit, Program, Rung, Verdict};

/// An execution that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// When, microseconds UTC.
    pub time_us: i64,
    /// Names the event together with device and time; below 2^53.
    pub report_id: u64,
    /// The process.
    pub pid: i32,
    /// What was done.
    pub verdict: Verdict,
    /// The rung in force.
    pub rung: Rung,
    /// The file.
    pub program: Program,
    /// Its package and rule.
    pub hit: Hit,
}

impl Execution {
    /// With a number of its own.
    pub fn new(time_us: i64, pid: i32, verdict: Verdict, rung: Rung, program: Program, hit: Hit) -> Self {
        let mut bytes = [0u8; 8];
        // Without randomness the time has to be enough.
        let random = crate::random::fill(&mut bytes).map_or(0, |()| u64::from_le_bytes(bytes));
        let report_id = (random >> 11).max(1);
        Self { time_us, report_id, pid, verdict, rung, program, hit }
    }

    /// The counter that it belongs to.
    pub fn counter(&self) -> &'static str {
        match self.verdict {
            Verdict::Denied => "application_blocked",
            Verdict::Killed => "application_killed",
            Verdict::Ran if self.program.block => "application_audited",
            Verdict::Ran => "application_warned",
        }
    }

    /// The fact of it; `started` is the process that came of it, 0 where none did or none is known.
    pub fn fact(&self, started: u64) -> ApplicationBlocked {
        let action = match (self.verdict, self.program.block) {
            (Verdict::Denied, _) => Action::Blocked,
            (Verdict::Killed, _) => Action::Killed,
            (Verdict::Ran, true) => Action::Audited,
            (Verdict::Ran, false) => Action::Warned,
        };
        ApplicationBlocked {
            action: action.into(),
            path: self.program.path.clone(),
            inode: self.program.identity.ino,
            package: self.hit.name.clone(),
            version: self.hit.version.clone(),
            source: self.hit.source.clone(),
            fixed_version: self.hit.fixed.clone(),
            rule: self.hit.rule.clone(),
            rung: self.rung.as_str().into(),
            message: self.hit.message.clone(),
            pid: u32::try_from(self.pid).unwrap_or(0),
            started,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::words::Identity;

    #[test]
    fn what_was_done_is_told_by_its_name() {
        let hit = Hit {
            rule: "r".into(),
            name: "tool".into(),
            version: "1".into(),
            source: "tools".into(),
            fixed: "2".into(),
            message: "m".into(),
        };
        let of = |verdict, block| {
            let identity = Identity { dev: 1, ino: 2, ctime: (0, 0) };
            let program = Program { path: "/usr/bin/tool".into(), identity, block, hit: 0 };
            let e = Execution::new(5, 7, verdict, Rung::Fanotify, program, hit.clone());
            assert!((1..1 << 53).contains(&e.report_id));
            e.fact(3)
        };
        assert_eq!(of(Verdict::Denied, true).action(), Action::Blocked);
        assert_eq!(of(Verdict::Killed, true).action(), Action::Killed);
        assert_eq!(of(Verdict::Ran, true).action(), Action::Audited);
        let fact = of(Verdict::Ran, false);
        assert_eq!(fact.action(), Action::Warned);
        assert_eq!((fact.rule.as_str(), fact.rung.as_str(), fact.started), ("r", "fanotify", 3));
    }
}
