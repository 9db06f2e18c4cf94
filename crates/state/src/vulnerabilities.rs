//! What machines are vulnerable to, as people read it: weaknesses, software, what to do, exposure, feeds,
//! exceptions, and what inventories hold besides packages.
//!
//! The vuln process writes it, a row for a package in one version and what is wrong with it, with a set of
//! devices. Lists are made in memory of a copy of these rows ([`book`]), because every number in them is one
//! of the caller's devices and no other ([`sight`]).

mod affected;
pub mod baselines;
pub mod blocks;
mod book;
mod cases;
mod exceptions;
mod explorer;
mod exposure;
mod feeds;
mod installed;
mod items;
mod list;
mod of_device;
mod recommendations;
mod sight;
mod software;
mod timeline;
mod weaknesses;

pub use affected::{AffectedBy, AffectedDevice, DeviceRef};
pub(crate) use book::Shelf;
pub use cases::{VulnerabilityCase, keep_cases};
pub use exceptions::{Exception, ExceptionSubject, Justification, NewException};
pub use explorer::{ExplorerBook, ExplorerPackage, ExplorerWeakness};
pub use exposure::{
    DeviceExposure, DeviceExposureQuery, Exposure, ExposurePoint, GroupExposure, InventoryStanding,
    SeverityCounts,
};
pub use feeds::FeedState;
pub use installed::{InstalledBatch, InstalledOn, InstalledPackage, InstalledWeakness};
pub use items::{Item, ItemKind, ItemQuery};
pub use list::Range;
pub use of_device::{DeviceFinding, DeviceSoftware, DeviceSoftwareQuery, FindingQuery};
pub use recommendations::{Recommendation, RecommendationQuery, RecommendationSort};
pub use software::{Software, SoftwareQuery, SoftwareSort, SoftwareVersion};
pub(crate) use timeline::{Draft, Timeline, members, ordinals, write as write_events};
pub use timeline::{EventQuery, VulnerabilityEvent};
pub use weaknesses::{Updates, Weakness, WeaknessQuery, WeaknessSort};

/// Severities, worst first; one that is not known counts between medium and low.
pub const SEVERITIES: [&str; 6] = ["critical", "high", "medium", "unknown", "low", "none"];

/// A severity as a number that rises with it.
pub(crate) fn severity_rank(severity: &str) -> u8 {
    let place = SEVERITIES.iter().position(|s| *s == severity).unwrap_or(3);
    u8::try_from(SEVERITIES.len() - place).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_scored_is_no_zero() {
        assert!(severity_rank("unknown") > severity_rank("low"));
        assert!(severity_rank("critical") > severity_rank("high"));
        assert_eq!(severity_rank("made up"), severity_rank("unknown"));
    }
}
