//! What can be said of application control: to an order's receipt, to the heartbeat.

use palisade_wire::msg::Component;
use serde::Serialize;

use super::words::{MAX_NAMED, Refused, RuleState, Rung};

/// Name of the part in heartbeats.
const NAME: &str = "application_control";

/// How it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The revision of the list.
    pub revision: u64,
    /// How many rules the list has.
    pub ordered: usize,
    /// Whether what follows is the answer to that revision.
    pub settled: bool,
    /// The rung in force; none where nothing is marked.
    pub rung: Option<Rung>,
    /// What the kernel said to better rungs, and the like.
    pub rung_detail: String,
    /// Files that are marked.
    pub marked: usize,
    /// Rules as they came out.
    pub rules: Vec<RuleState>,
    /// Files that could not be marked.
    pub failed: Vec<Refused>,
    /// Why the packages are not known; empty if they are.
    pub unclear: String,
    /// Why there is no responder; empty if there is, or none is needed.
    pub broken: String,
    /// Somebody disarmed the sensor: when, microseconds UTC, and why.
    pub disarmed: Option<(i64, String)>,
    /// Why the whole sensor prevents nothing since this boot.
    pub safe: Option<String>,
    /// Why this part of it only looks, for that or another reason.
    pub only_looks: Option<String>,
}

#[derive(Serialize)]
struct Proof<'a> {
    revision: u64,
    rung: &'static str,
    rung_detail: &'a str,
    marked: usize,
    disarmed: bool,
    only_looks: &'a str,
    unclear: &'a str,
    broken: &'a str,
    rules: Vec<RuleProof<'a>>,
    failed: &'a [Refused],
}

#[derive(Serialize)]
struct RuleProof<'a> {
    id: &'a str,
    packages: &'a [String],
    files: usize,
    refused: &'a [Refused],
    refused_total: usize,
}

/// Longest proof, bytes: the server keeps no more of a receipt.
const MAX_PROOF: usize = 48 << 10;

impl View {
    /// JSON that proves what is in force; long lists are cut until it fits.
    pub fn proof(&self) -> serde_json::Value {
        let mut most = MAX_NAMED;
        loop {
            let proof = self.proof_with(most);
            let fits = proof.to_string().len() <= MAX_PROOF;
            if fits || most == 0 {
                return proof;
            }
            most /= 2;
        }
    }

    fn proof_with(&self, most: usize) -> serde_json::Value {
        let cut = |n: usize| n.min(most);
        let rules = self.rules.iter().map(|r| RuleProof {
            id: &r.id,
            packages: &r.packages[..cut(r.packages.len())],
            files: r.files,
            refused: &r.refused[..cut(r.refused.len())],
            refused_total: r.refused_total,
        });
        let proof = Proof {
            revision: self.revision,
            rung: self.rung.map_or("", Rung::as_str),
            rung_detail: &self.rung_detail,
            marked: self.marked,
            disarmed: self.disarmed.is_some(),
            only_looks: self.only_looks.as_deref().unwrap_or_default(),
            unclear: &self.unclear,
            broken: &self.broken,
            rules: rules.collect(),
            failed: &self.failed[..cut(self.failed.len())],
        };
        serde_json::to_value(proof).unwrap_or_default()
    }

    /// The heartbeat's parts.
    pub fn components(&self) -> Vec<Component> {
        let mut all = Vec::new();
        if let Some(why) = &self.safe {
            all.push(component("safe_mode", "degraded", 0, why.clone(), "boot"));
        }
        if let Some((at_us, reason)) = &self.disarmed {
            let at = palisade_types::TimeMicros(*at_us).to_rfc3339();
            let why = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
            let detail = format!("{at}, by a word on the machine itself{why}; `palisade-sensor arm` ends it");
            all.push(component("disarmed", "degraded", 0, detail, "local"));
        }
        if self.ordered > 0 {
            all.push(self.own());
        }
        all
    }

    fn own(&self) -> Component {
        let (rung, mechanism) = self.rung.map_or((0, ""), |r| (r.number(), r.as_str()));
        let part = |state: &str, detail: String| component(NAME, state, rung, detail, mechanism);
        if self.disarmed.is_some() {
            return part("off", "the sensor is disarmed".into());
        }
        if !self.broken.is_empty() {
            return part("failed", self.broken.clone());
        }
        if !self.unclear.is_empty() {
            return part(
                "degraded",
                format!("nothing is blocked, the packages are not known: {}", self.unclear),
            );
        }
        let files: usize = self.rules.iter().map(|r| r.files).sum();
        let refused: usize = self.rules.iter().map(|r| r.refused_total).sum();
        let mut detail = format!("{} rules, {} of {files} programs marked", self.ordered, self.marked);
        if refused > 0 {
            detail += &format!(", {refused} refused");
        }
        if let Some(why) = &self.only_looks {
            detail += &format!("; it only looks: {why}");
        }
        if !self.rung_detail.is_empty() {
            detail += &format!("; {}", self.rung_detail);
        }
        let weak = self.rung.is_some_and(|r| r != Rung::Fanotify);
        part(if weak { "degraded" } else { "ok" }, detail)
    }
}

fn component(name: &str, state: &str, rung: u32, detail: String, mechanism: &str) -> Component {
    Component { name: name.into(), state: state.into(), rung, detail, mechanism: mechanism.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_cut_until_it_fits() {
        let refused = Refused {
            path: "/usr/bin/".to_owned() + &"x".repeat(200),
            package: "p".repeat(100),
            code: "block_refused_never_touch".into(),
            reason: "init".into(),
        };
        let rule = RuleState {
            id: "r".repeat(36),
            packages: vec!["p 1".into(); 100],
            files: 3,
            refused: vec![refused; MAX_NAMED],
            refused_total: 99,
        };
        let view = View { revision: 4, rules: vec![rule; 200], rung: Some(Rung::Kill), ..View::default() };
        let proof = view.proof();
        assert!(proof.to_string().len() <= MAX_PROOF);
        assert_eq!((proof["revision"].as_u64(), proof["rung"].as_str()), (Some(4), Some("kill")));
        assert_eq!(
            (proof["rules"].as_array().map(Vec::len), proof["rules"][0]["files"].as_u64()),
            (Some(200), Some(3))
        );
        assert_eq!(proof["rules"][0]["refused_total"], 99);
    }

    #[test]
    fn the_rung_and_its_weakness_are_told() {
        let mut view = View::default();
        assert!(view.components().is_empty(), "without rules there is nothing to tell");
        view.ordered = 1;
        view.rung = Some(Rung::Fanotify);
        let told =
            |v: &View| v.components().into_iter().map(|c| (c.name, c.state, c.rung)).collect::<Vec<_>>();
        assert_eq!(told(&view), [("application_control".into(), "ok".into(), 2)]);
        view.rung = Some(Rung::Detect);
        (view.safe, view.only_looks) = (Some("two boots".into()), Some("two boots".into()));
        let both = [
            ("safe_mode".into(), "degraded".into(), 0),
            ("application_control".into(), "degraded".into(), 4),
        ];
        assert_eq!(told(&view), both);
        view.safe = None;
        assert_eq!(
            told(&view),
            [("application_control".into(), "degraded".into(), 4)],
            "another reason is told there"
        );
        assert!(view.components()[0].detail.contains("it only looks: two boots"));
        view.only_looks = None;
        view.disarmed = Some((5, "why".into()));
        view.rung = None;
        let both =
            [("disarmed".into(), "degraded".into(), 0), ("application_control".into(), "off".into(), 0)];
        assert_eq!(told(&view), both);
        view.disarmed = None;
        view.broken = "no".into();
        assert_eq!(told(&view), [("application_control".into(), "failed".into(), 0)]);
    }
}
