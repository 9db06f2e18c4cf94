use serde::{Deserialize, Serialize};

use super::{Finding, Kind, Weight};

/// A machine's health in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Something is wrong, and its findings say what.
    Unhealthy,
    /// It waits for its sensor, and nothing is wrong so far.
    Pending,
    /// Its sensor reports and all is well.
    Healthy,
    /// No sensor belongs there.
    NotApplicable,
}

impl Status {
    /// Every status, the one to look at first in front.
    pub const ALL: [Self; 4] = [Self::Unhealthy, Self::Pending, Self::Healthy, Self::NotApplicable];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unhealthy => "unhealthy",
            Self::Pending => "pending",
            Self::Healthy => "healthy",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// From a machine's findings and whether it has a device that reports.
    pub fn of(findings: &[Finding], has_device: bool) -> Self {
        if findings.iter().any(|f| f.kind == Kind::NotApplicable) {
            return Self::NotApplicable;
        }
        if findings.iter().any(|f| f.weight == Weight::Unhealthy) {
            return Self::Unhealthy;
        }
        if has_device { Self::Healthy } else { Self::Pending }
    }

    /// The one to show first: an installation that failed explains a silence.
    pub fn reason(findings: &[Finding]) -> Option<&Finding> {
        let rank = |kind: Kind| match kind {
            Kind::NotApplicable => 0,
            Kind::Installation => 1,
            Kind::Heartbeat => 2,
        };
        findings.iter().min_by_key(|f| (f.weight, rank(f.kind), f.code))
    }
}
