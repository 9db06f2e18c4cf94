//! From rows to what the rules of the estate ask for.

use palisade_estate::health::{self, Listening};
use palisade_estate::machine::OsFacts;
use palisade_estate::provision::{Desired, KnownDevice};
use palisade_types::TimeMicros;

use super::{DeviceView, Machine, Subscription};
use crate::health::Hearing;

/// When the server could hear, in the rules' words.
pub fn listening(hearing: Hearing, now: TimeMicros) -> Listening {
    Listening {
        now,
        heard_until: hearing.judged_at.min(now),
        down_from: hearing.down_from,
        down_to: hearing.down_to,
    }
}

/// The device as health judges it. Before this enrolment it was another life.
pub fn device(d: &DeviceView, starts: &[TimeMicros], offered: &str) -> health::Device {
    let since = |at: Option<TimeMicros>| at.filter(|at| *at >= d.first_seen);
    let outdated = !offered.is_empty() && !d.sensor_version.is_empty() && d.sensor_version != offered;
    health::Device {
        first_seen: d.first_seen,
        last_seen: d.last_seen,
        last_heartbeat: since(d.last_heartbeat),
        last_event: since(d.last_event),
        last_loss: d.last_loss,
        components: d
            .components
            .iter()
            .map(|c| health::Component {
                name: c.name.clone(),
                state: c.state.clone(),
                detail: c.detail.clone(),
                mechanism: c.mechanism.clone(),
            })
            .collect(),
        content: None,
        starts: starts.to_vec(),
        outdated: outdated.then(|| (d.sensor_version.clone(), offered.to_owned())),
        refused: Vec::new(),
    }
}

/// The device as the reconciler knows it.
pub fn known_device(d: &DeviceView) -> KnownDevice {
    KnownDevice {
        id: d.id,
        enrolled_at: d.enrolled_at,
        last_heartbeat: d.last_heartbeat.filter(|at| *at >= d.enrolled_at),
        version: d.sensor_version.clone(),
    }
}

/// What people want of a machine.
pub fn desired(m: &Machine, s: &Subscription, offered: &str) -> Desired {
    Desired {
        component_on: s.component_on && s.state == "active",
        exclusion: exclusion(m, &s.exclusions),
        offboarded: m.offboarded_at,
        // A machine may say by a tag that it wants to be left at its version.
        upgrades: s.upgrades
            && !m.tags.get("ExcludeMdeAutoUpdate").is_some_and(|v| v.eq_ignore_ascii_case("true")),
        other_products: s.other_products,
        version: offered.to_owned(),
    }
}

/// What excludes a machine, in words: a person's own decision, or a rule of its subscription.
pub fn exclusion(m: &Machine, rules: &[String]) -> Option<String> {
    if let Some(words) = &m.exclusion {
        return Some(words.clone());
    }
    rules.iter().find(|rule| matches(m, rule)).map(|rule| format!("the rule {rule} of its subscription"))
}

/// Whether a rule is about a machine: `key`, `key=value`, or `name:pattern` with `*`.
fn matches(m: &Machine, rule: &str) -> bool {
    if let Some(pattern) = rule.strip_prefix("name:") {
        return like(&m.name.to_lowercase(), &pattern.trim().to_lowercase());
    }
    match rule.split_once('=') {
        Some((key, value)) => m.tags.get(key.trim()).is_some_and(|v| v == value.trim()),
        None => m.tags.contains_key(rule.trim()),
    }
}

/// A pattern in which `*` stands for anything.
fn like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The system of a machine: what its own sensor says before what a list says.
pub fn os(m: &Machine, d: Option<&DeviceView>) -> OsFacts {
    match d.filter(|d| !d.os.id.is_empty()) {
        Some(d) => OsFacts { family: m.os.family.max(d.os.family), ..m.os.clone() }.merged(&d.os),
        None => m.os.clone(),
    }
}

/// Fills what one side does not know from the other.
trait Merged {
    fn merged(self, other: &OsFacts) -> OsFacts;
}

impl Merged for OsFacts {
    fn merged(self, other: &OsFacts) -> OsFacts {
        let pick = |own: String, other: &str| if own.is_empty() { other.to_owned() } else { own };
        OsFacts {
            family: self.family,
            id: pick(self.id, &other.id),
            version: pick(self.version, &other.version),
            kernel: if other.kernel.is_empty() { self.kernel } else { other.kernel.clone() },
            architecture: pick(self.architecture, &other.architecture),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_stars() {
        for (text, pattern, expected) in [
            ("web-1", "web-*", true),
            ("web-1", "*-1", true),
            ("web-prod-1", "web-*-1", true),
            ("db-1", "web-*", false),
            ("web", "web", true),
            ("web-1", "web", false),
            ("anything", "*", true),
            ("aba", "ab*ba", false),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} {pattern}");
        }
    }
}
