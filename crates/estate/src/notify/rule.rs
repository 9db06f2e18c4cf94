//! What a rule wants to hear of.

use super::event::{EventKind, severity_rank};

/// What a rule asks of events; which devices it means is the caller's to count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of these kinds.
    pub kinds: Vec<EventKind>,
    /// The least severity; empty for any.
    pub severity: String,
    /// Only about what is exploited.
    pub exploited_only: bool,
    /// Only where it concerns at least so many devices of those that the rule means.
    pub least_devices: u32,
    /// Whether the rule means the devices of a group alone.
    pub of_group: bool,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Hears<'a> {
    /// What happened.
    pub kind: EventKind,
    /// How bad it is; empty where that makes no sense.
    pub severity: &'a str,
    /// Whether it is exploited.
    pub exploited: bool,
    /// How many of the devices that the rule means it concerns.
    pub devices: u64,
}

impl Wanted {
    /// Whether the rule wants to hear of it.
    pub fn hears(&self, event: Hears<'_>) -> bool {
        if !self.kinds.contains(&event.kind) {
            return false;
        }
        if event.kind.has_severity() {
            let bad_enough =
                self.severity.is_empty() || severity_rank(event.severity) >= severity_rank(&self.severity);
            if !bad_enough || (self.exploited_only && !event.exploited) {
                return false;
            }
        }
        // What is of no device is of no group either, but feeds are everybody's.
        if event.kind.is_for_everybody() {
            return true;
        }
        if event.kind.is_of_the_whole() {
            return !self.of_group;
        }
        let least = u64::from(self.least_devices.max(u32::from(self.of_group)));
        event.devices >= least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: EventKind, severity: &str, exploited: bool, devices: u64) -> Hears<'_> {
        Hears { kind, severity, exploited, devices }
    }

    #[test]
    fn a_rule_hears_what_is_bad_enough_and_concerns_its_devices() {
        let wanted = Wanted {
            kinds: vec![EventKind::NewVulnerability, EventKind::FeedTrouble, EventKind::ExposureChanged],
            severity: "high".into(),
            exploited_only: true,
            least_devices: 2,
            of_group: true,
        };
        let new = EventKind::NewVulnerability;
        assert!(wanted.hears(event(new, "critical", true, 2)));
        assert!(!wanted.hears(event(new, "medium", true, 2)), "not bad enough");
        assert!(!wanted.hears(event(new, "unknown", true, 2)), "nobody has scored it");
        assert!(!wanted.hears(event(new, "high", false, 2)), "not exploited");
        assert!(!wanted.hears(event(new, "high", true, 1)), "too few of its devices");
        assert!(!wanted.hears(event(EventKind::VulnerabilityFixed, "high", true, 9)), "not asked for");
        assert!(wanted.hears(event(EventKind::FeedTrouble, "", false, 0)), "feeds are everybody's");
        assert!(!wanted.hears(event(EventKind::ExposureChanged, "", false, 0)), "not of the group");
    }

    #[test]
    fn without_a_limit_everything_of_its_kinds_passes() {
        let wanted = Wanted { kinds: EventKind::ALL.to_vec(), ..Wanted::default() };
        for kind in EventKind::ALL {
            assert!(wanted.hears(event(*kind, "none", false, 0)), "{kind}");
        }
        let grouped = Wanted { of_group: true, ..wanted };
        assert!(!grouped.hears(event(EventKind::EndOfLife, "", false, 0)), "none of the group's devices");
    }
}
