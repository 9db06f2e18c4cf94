//! From facts, our own device's health and the plan to the two recommendations.

use palisade_types::TimeMicros;
use serde::Serialize;

use super::{
    Assessed, Found, HostFacts, Kind, Outcome, Product, Reason, Recognised, Recommendation, Request, Running,
    State, SubCheck, Topic, assess, products_known, recognise,
};
use crate::DAY;
use crate::health::{Code, Finding, Kind as FindingKind, Weight};
use crate::machine::{OsFacts, OsFamily, PowerState, Support, SupportMatrix};
use crate::plan::{Decision, Effective, Enforcement, Feature};
use crate::provision::Desired;

/// Facts that are older than this say nothing about today.
const FACTS_LAST: i64 = 3 * DAY;

/// Our own sensor on a machine.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// Whether a device has enrolled for it.
    pub enrolled: bool,
    /// What is wrong with it.
    pub findings: &'a [Finding],
}

/// A machine and all that the recommendations depend on.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The present, by the server's clock.
    pub now: TimeMicros,
    /// What it runs, as far as connectors know.
    pub os: &'a OsFacts,
    /// Its power.
    pub power: PowerState,
    /// What was found on it, and when by the server's clock.
    pub facts: Option<(&'a HostFacts, TimeMicros)>,
    /// Our sensor.
    pub own: Own<'a>,
    /// Its plan.
    pub plan: Effective,
    /// Whether plans are enforced.
    pub enforcement: Enforcement,
    /// What people want of it.
    pub desired: &'a Desired,
    /// Whether its connector can run something there.
    pub runs_commands: bool,
}

/// How a machine stands with one recommendation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessment {
    /// Which recommendation.
    pub recommendation: Recommendation,
    /// How it stands.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// EDR solutions that were found, with their checks. For the first recommendation without checks.
    pub products: Vec<Assessed>,
    /// What else is there: antivirus programs and monitors.
    pub others: Vec<Found>,
    /// Processes that are only named like a product.
    pub misplaced: Vec<super::Misplaced>,
    /// Whether every check could be made.
    pub complete: bool,
    /// What can be done with one press.
    pub actions: Vec<Request>,
}

/// Judges a machine by both recommendations, in the order of [`Recommendation::ALL`].
pub fn recommend(subject: &Subject<'_>) -> [Assessment; 2] {
    let empty = |recommendation, reason: Reason, actions: Vec<Request>| Assessment {
        recommendation,
        state: reason.state(),
        reason,
        products: Vec::new(),
        others: Vec::new(),
        misplaced: Vec::new(),
        complete: false,
        actions,
    };
    if let Some((reason, actions)) = closed(subject) {
        return Recommendation::ALL.map(|r| empty(r, reason, actions.clone()));
    }
    let (seen, assessed, complete) = look(subject);
    // What a device proves needs nobody to look.
    if let Some(reason) = unseen(subject).filter(|_| assessed.is_empty()) {
        return Recommendation::ALL.map(|r| empty(r, reason, Vec::new()));
    }
    let others: Vec<Found> = seen.found.iter().filter(|f| f.kind != Kind::Edr).cloned().collect();
    [installed(subject, &seen, &assessed, &others), configured(&seen, assessed, others, complete)]
}

/// Why the recommendations are not given at all.
fn closed(s: &Subject<'_>) -> Option<(Reason, Vec<Request>)> {
    if let Decision::NeedsPlan(_) = s.enforcement.decide(Feature::EdrRecommendations, &s.plan) {
        return Some((Reason::NeedsPlan, vec![Request::upgrade(&s.plan)]));
    }
    match s.os.family {
        OsFamily::WindowsServer | OsFamily::WindowsClient | OsFamily::MacOs | OsFamily::Other => {
            return Some((Reason::NotSupported, Vec::new()));
        }
        OsFamily::Unknown | OsFamily::Linux => {}
    }
    s.power.is_down().then_some((Reason::MachineOff, Vec::new()))
}

/// Why facts say nothing.
fn unseen(s: &Subject<'_>) -> Option<Reason> {
    match s.facts {
        None => Some(Reason::NoFacts),
        Some((_, at)) if s.now.0.saturating_sub(at.0) > FACTS_LAST => Some(Reason::FactsOld),
        Some((facts, _)) if !facts.complete => Some(Reason::FactsIncomplete),
        Some(_) => None,
    }
}

/// EDR solutions with their checks, ours among them, and whether every check could be made.
fn look(s: &Subject<'_>) -> (Recognised, Vec<Assessed>, bool) {
    let old = unseen(s) == Some(Reason::FactsOld);
    let facts = s.facts.map(|(facts, _)| facts).filter(|_| !old);
    let seen = facts.map(recognise).unwrap_or_default();
    let mut assessed = Vec::new();
    let on_disk = seen.get(Product::OURS);
    if on_disk.is_some() || reports(&s.own) {
        assessed.push(ours(&s.own, on_disk));
    }
    if let Some(facts) = facts {
        let edr = seen.found.iter().filter(|f| f.kind == Kind::Edr && f.id != Product::OURS);
        assessed.extend(edr.map(|f| assess(f, facts)));
    }
    let complete =
        unseen(s).is_none() && assessed.iter().flat_map(|a| &a.checks).all(|c| c.outcome != Outcome::Unknown);
    (seen, assessed, complete)
}

/// Whether our sensor is heard: it has enrolled, and no finding says that it is silent.
fn reports(own: &Own<'_>) -> bool {
    let silent = |f: &Finding| {
        matches!(f.code, Code::HeartbeatNever | Code::HeartbeatLost | Code::Inactive | Code::EnrolmentTimeout)
    };
    own.enrolled && !own.findings.iter().any(silent)
}

/// The topic that a finding of our sensor belongs to.
fn topic(code: Code) -> Topic {
    match code {
        Code::ContentOld | Code::ContentRefused => Topic::Definitions,
        Code::CertificateEnded
        | Code::CertificateRefused
        | Code::CertificateRenewalFailing
        | Code::ConnectionFailing
        | Code::IdentityCopied
        | Code::BatchesRefused
        | Code::OrdersUnavailable
        | Code::HeartbeatNever
        | Code::HeartbeatLate
        | Code::HeartbeatLost
        | Code::Inactive
        | Code::EnrolmentTimeout
        | Code::EnrolmentFailed => Topic::Registration,
        Code::SensorStopped | Code::SensorRemoved | Code::ServiceFailed | Code::SensorRestarting => {
            Topic::Running
        }
        _ => Topic::Protection,
    }
}

/// Our own product, judged by its device's health and not by its files.
fn ours(own: &Own<'_>, on_disk: Option<&Found>) -> Assessed {
    let found = on_disk.cloned().unwrap_or_else(|| Found {
        id: Product::OURS.into(),
        name: products_known().find(Product::OURS).map(|p| p.name.clone()).unwrap_or_default(),
        kind: Kind::Edr,
        version: String::new(),
        running: Running::Yes,
        evidence: vec!["its sensor reports".into()],
    });
    let mut checks: Vec<SubCheck> = own
        .findings
        .iter()
        .filter(|f| f.weight == Weight::Unhealthy && f.kind != FindingKind::NotApplicable)
        .map(|f| SubCheck {
            topic: topic(f.code),
            code: f.code.as_str().into(),
            outcome: Outcome::Unhealthy,
            message: f.message.clone(),
            evidence: f.evidence.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join(", "),
        })
        .collect();
    let heard = reports(own);
    for topic in [Topic::Running, Topic::Protection, Topic::Registration, Topic::Definitions, Topic::Scans] {
        if checks.iter().any(|c| c.topic == topic) {
            continue;
        }
        let (outcome, message) = match (topic, heard) {
            (Topic::Scans, _) => (Outcome::NotApplicable, "It watches all the time and has no scans."),
            (_, true) => (Outcome::Healthy, ""),
            (_, false) => (Outcome::Unknown, "It does not report."),
        };
        let code = topic.as_str().to_owned();
        checks.push(SubCheck { topic, code, outcome, message: message.into(), evidence: String::new() });
    }
    checks.sort_by(|a, b| (a.topic, a.outcome, &a.code).cmp(&(b.topic, b.outcome, &b.code)));
    Assessed { product: found, checks }
}

fn installed(s: &Subject<'_>, seen: &Recognised, assessed: &[Assessed], others: &[Found]) -> Assessment {
    let theirs = assessed.iter().any(|a| a.product.id != Product::OURS);
    let ours = assessed.iter().any(|a| a.product.id == Product::OURS);
    let antivirus = others.iter().any(|f| f.kind == Kind::Antivirus);
    let mut actions = Vec::new();
    let reason = if theirs || (ours && reports(&s.own)) {
        Reason::EdrFound
    } else if ours {
        actions.push(Request::troubleshoot());
        Reason::SensorNotReporting
    } else {
        actions.extend(enable(s));
        if antivirus { Reason::OnlyAntivirus } else { Reason::NoEdr }
    };
    // Ours beside another one is no fault of the machine, but worth a look.
    if theirs && ours && !reports(&s.own) {
        actions.push(Request::troubleshoot());
    }
    let bare = |a: &Assessed| Assessed { product: a.product.clone(), checks: Vec::new() };
    Assessment {
        recommendation: Recommendation::EdrInstalled,
        state: reason.state(),
        reason,
        products: assessed.iter().map(bare).collect(),
        others: others.to_vec(),
        misplaced: seen.misplaced.clone(),
        complete: true,
        actions,
    }
}

/// What lets our sensor come, if there is one for this machine.
fn enable(s: &Subject<'_>) -> Option<Request> {
    let os = s.facts.map_or(s.os, |(facts, _)| if s.os.id.is_empty() { &facts.os } else { s.os });
    if let Support::NotApplicable(_) = SupportMatrix::shipped().judge(os) {
        return None;
    }
    Some(match s.desired {
        Desired { offboarded: Some(_), .. } => Request::onboard(),
        Desired { exclusion: Some(_), .. } => Request::include(),
        Desired { component_on: false, .. } => Request::component_on(),
        _ if !s.runs_commands => Request::token(),
        _ => Request::fix(),
    })
}

fn configured(seen: &Recognised, assessed: Vec<Assessed>, others: Vec<Found>, complete: bool) -> Assessment {
    let any = |outcome| assessed.iter().flat_map(|a| &a.checks).any(|c| c.outcome == outcome);
    let silent = assessed
        .iter()
        .any(|a| a.product.id == Product::OURS && a.topic(Topic::Running) != Some(Outcome::Healthy));
    let reason = if assessed.is_empty() {
        Reason::NoProduct
    } else if any(Outcome::Unhealthy) {
        Reason::Issues
    } else if any(Outcome::Healthy) {
        Reason::NothingWrong
    } else {
        Reason::NothingSeen
    };
    let actions = if silent { vec![Request::troubleshoot()] } else { Vec::new() };
    Assessment {
        recommendation: Recommendation::EdrConfiguration,
        state: reason.state(),
        reason,
        products: assessed,
        others,
        misplaced: seen.misplaced.clone(),
        complete,
        actions,
    }
}
