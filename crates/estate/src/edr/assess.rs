//! What is wrong with the set-up of a product. What cannot be seen is unknown, and never well.

use serde::{Deserialize, Serialize};

use super::age::seconds_old;
use super::catalogue::matches;
use super::recognise::owns;
use super::{Check, Found, HostFacts, Missing, Product, Running, Section, SourceState, products_known};

/// What a check belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Whether it runs.
    Running,
    /// Whether it protects, and with all its parts.
    Protection,
    /// Whether it belongs to a console and reaches it.
    Registration,
    /// Whether its definitions are of these days.
    Definitions,
    /// The last quick scan.
    QuickScan,
    /// The last full scan.
    FullScan,
    /// Both scans together: one of them within seven days is enough.
    Scans,
}

impl Topic {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Protection => "protection",
            Self::Registration => "registration",
            Self::Definitions => "definitions",
            Self::QuickScan => "quick_scan",
            Self::FullScan => "full_scan",
            Self::Scans => "scans",
        }
    }
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something is wrong.
    Unhealthy,
    /// It could not be seen.
    Unknown,
    /// All is well.
    Healthy,
    /// The product has nothing of the kind.
    NotApplicable,
}

/// One check of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubCheck {
    /// What it belongs to.
    pub topic: Topic,
    /// Its stable name.
    pub code: String,
    /// How it went.
    pub outcome: Outcome,
    /// What is wrong, or why nobody knows; empty where all is well.
    pub message: String,
    /// What it rests on.
    pub evidence: String,
}

/// A product and how it is set up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessed {
    /// The product.
    pub product: Found,
    /// Its checks.
    pub checks: Vec<SubCheck>,
}

impl Assessed {
    /// The worst of a topic's checks.
    pub fn topic(&self, topic: Topic) -> Option<Outcome> {
        self.checks.iter().filter(|c| c.topic == topic).map(|c| c.outcome).min()
    }
}

/// Judges the set-up of a product of others. Our own is judged by its device's health.
pub fn assess(found: &Found, facts: &HostFacts) -> Assessed {
    let Some(product) = products_known().find(&found.id) else {
        return Assessed { product: found.clone(), checks: Vec::new() };
    };
    let mut checks = vec![is_running(found)];
    let mut scans = Vec::new();
    for check in &product.checks {
        let judged = judge(product, check, facts);
        match check.of {
            Topic::QuickScan | Topic::FullScan => scans.push(judged),
            _ => checks.push(judged),
        }
    }
    // A version's way to say it that this machine's version does not have.
    checks.retain(|c| c.outcome != Outcome::NotApplicable);
    scans.retain(|c| c.outcome != Outcome::NotApplicable);
    checks.push(both_scans(product, &scans));
    let has = |topic| checks.iter().any(|c: &SubCheck| c.topic == topic);
    let edr = product.kind == super::Kind::Edr;
    let rest: Vec<SubCheck> =
        [(Topic::Protection, edr), (Topic::Registration, edr), (Topic::Definitions, product.definitions)]
            .into_iter()
            .filter(|(topic, _)| !has(*topic))
            .map(|(topic, applies)| if applies { unseen(topic) } else { without(topic) })
            .collect();
    checks.extend(rest);
    checks.sort_by(|a, b| (a.topic, a.outcome, &a.code).cmp(&(b.topic, b.outcome, &b.code)));
    Assessed { product: found.clone(), checks }
}

fn unseen(topic: Topic) -> SubCheck {
    SubCheck {
        topic,
        code: topic.as_str().into(),
        outcome: Outcome::Unknown,
        message: "This cannot be seen from outside the product.".into(),
        evidence: String::new(),
    }
}

fn without(topic: Topic) -> SubCheck {
    SubCheck {
        outcome: Outcome::NotApplicable,
        message: "The product has nothing of the kind.".into(),
        ..unseen(topic)
    }
}

fn is_running(found: &Found) -> SubCheck {
    let (outcome, message) = match found.running {
        Running::Yes => (Outcome::Healthy, ""),
        Running::No => (Outcome::Unhealthy, "It is installed and does not run."),
        Running::Unknown => (Outcome::Unknown, "Whether it runs could not be seen."),
    };
    SubCheck {
        topic: Topic::Running,
        code: if outcome == Outcome::Unhealthy { "not_running" } else { "running" }.into(),
        outcome,
        message: message.into(),
        evidence: found.evidence.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// Quick and full scan together: unhealthy only if both are known to be old.
fn both_scans(product: &Product, scans: &[SubCheck]) -> SubCheck {
    if !product.scans {
        return without(Topic::Scans);
    }
    if let Some(recent) = scans.iter().find(|s| s.outcome == Outcome::Healthy) {
        return SubCheck { topic: Topic::Scans, code: "scans".into(), ..recent.clone() };
    }
    let old = |topic| scans.iter().find(|s| s.topic == topic && s.outcome == Outcome::Unhealthy);
    match (old(Topic::QuickScan), old(Topic::FullScan)) {
        (Some(quick), Some(full)) => SubCheck {
            topic: Topic::Scans,
            code: "scans_old".into(),
            outcome: Outcome::Unhealthy,
            message: "Neither a quick nor a full scan was made in the last seven days.".into(),
            evidence: format!("quick: {}; full: {}", quick.evidence, full.evidence),
        },
        _ => unseen(Topic::Scans),
    }
}

/// What a check found, before it is put into words.
enum Verdict {
    Good(String),
    Bad(String),
    Unknown(String),
    Skip,
}

fn judge(product: &Product, check: &Check, facts: &HostFacts) -> SubCheck {
    let verdict = if let Some(name) = &check.runs {
        runs(product, name, facts)
    } else if check.newest.is_empty() {
        of_value(product, check, facts)
    } else {
        of_files(check, facts)
    };
    let (outcome, message, evidence) = match verdict {
        Verdict::Good(evidence) => (Outcome::Healthy, String::new(), evidence),
        Verdict::Bad(evidence) => (Outcome::Unhealthy, check.says.clone(), evidence),
        Verdict::Unknown(why) => (Outcome::Unknown, why, String::new()),
        Verdict::Skip => (Outcome::NotApplicable, String::new(), String::new()),
    };
    SubCheck { topic: check.of, code: check.code.clone(), outcome, message, evidence }
}

fn runs(product: &Product, name: &str, facts: &HostFacts) -> Verdict {
    let is = |p: &&super::Process| p.exe.rsplit('/').next() == Some(name) && owns(product, p);
    if let Some(process) = facts.processes.iter().find(is) {
        return Verdict::Good(format!("process {} ({})", process.exe, process.pid));
    }
    let hidden = facts.image || !facts.complete || facts.blind.contains_key(&Section::Processes);
    if hidden {
        return Verdict::Unknown("Whether this process runs could not be seen.".into());
    }
    Verdict::Bad(format!("no process {name}"))
}

fn of_files(check: &Check, facts: &HostFacts) -> Verdict {
    let newest = facts.files.iter().filter(|f| check.newest.contains(&f.path)).max_by_key(|f| f.modified);
    let Some(file) = newest else {
        let hidden = !facts.complete || check.newest.iter().any(|p| facts.hidden.contains(p));
        return if hidden {
            Verdict::Unknown("The files could not be seen.".into())
        } else {
            Verdict::Bad("there are no such files".into())
        };
    };
    match seconds_old(&file.modified.to_string(), facts.taken_at) {
        Some(age) => by_age(check, age, &file.path),
        None => Verdict::Unknown(format!("{} is from a time to come", file.path)),
    }
}

fn by_age(check: &Check, age: i64, what: &str) -> Verdict {
    let evidence = format!("{what}: {} days old", (age / 86_400).max(0));
    let limit = i64::from(check.max_days.unwrap_or(u32::MAX)).saturating_mul(86_400);
    if age > limit { Verdict::Bad(evidence) } else { Verdict::Good(evidence) }
}

fn of_value(product: &Product, check: &Check, facts: &HostFacts) -> Verdict {
    let Some(key) = &check.value else { return Verdict::Skip };
    let Some((source, _)) = key.split_once('.') else { return Verdict::Skip };
    let state = facts.sources.get(&format!("{}.{source}", product.id));
    let Some(value) = facts.values.get(&format!("{}.{key}", product.id)) else {
        return missing(product, check, facts, source, state.copied());
    };
    let is = |list: &[String]| list.iter().any(|p| matches(p, value));
    if is(&check.bad) {
        return Verdict::Bad(format!("{key} is {value}"));
    }
    if check.max_days.is_some() {
        return match seconds_old(value, facts.taken_at) {
            Some(age) => by_age(check, age, key),
            None => Verdict::Unknown(format!("{key} is {value}, which is no age")),
        };
    }
    if is(&check.good) {
        return Verdict::Good(format!("{key} is {value}"));
    }
    Verdict::Unknown(format!("{key} is {value}, which is not known"))
}

fn missing(
    product: &Product,
    check: &Check,
    facts: &HostFacts,
    source: &str,
    state: Option<SourceState>,
) -> Verdict {
    let unknown = |why: &str| Verdict::Unknown(format!("{source}: {why}"));
    match state {
        Some(SourceState::Denied) => unknown("it may not be read"),
        Some(SourceState::Failed) => unknown("its command gave no answer"),
        Some(SourceState::Untrusted) => {
            unknown("its command can be changed by others than root, and was not run")
        }
        // It was looked for and is not there: another version keeps it elsewhere.
        None if facts.complete && !is_command(product, source) => Verdict::Skip,
        None if facts.complete && !facts.blind.contains_key(&Section::Commands) => Verdict::Skip,
        None => unknown("nobody looked"),
        Some(SourceState::Ok) => {
            let given = |key: &String| facts.values.contains_key(&format!("{}.{key}", product.id));
            match check.missing {
                Missing::Skip => Verdict::Skip,
                Missing::Bad if facts.complete && check.given.as_ref().is_none_or(given) => {
                    Verdict::Bad(format!("{source} has none"))
                }
                Missing::Bad | Missing::Unknown => unknown("it does not say"),
            }
        }
    }
}

fn is_command(product: &Product, source: &str) -> bool {
    product.sources.iter().any(|s| s.id == source && s.run.is_some())
}
