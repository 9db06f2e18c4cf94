//! Baselines and the secure score: what devices told of their configuration, as the plan takes it, and the rows that
//! people see of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use palisade_baseline::{Category as Topic, Check, PART, State as CheckState, Told, builtin};
use palisade_state::{
    BaselineCheckRow, DeviceBaselineRow, KeptPosture, PostureWrite, SecureCheckRow, SecurePoint,
    SecureScoreRow,
};
use palisade_types::{DeviceId, TimeMicros};
use palisade_vuln::recommend::{Configuration, Plan, Restart};
use palisade_vuln::score::explain::{Cause, Snapshot, fleet_change};
use palisade_vuln::score::{self, Category, Criticality, Points, Secure};
use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::estate::criticality;
use super::fleet::Tenant;

/// A profile's run on a device, as far as an assessment needs it.
pub struct Run {
    profile: String,
    revision: String,
    by_default: bool,
    ran_at: TimeMicros,
    system: String,
    error: String,
    /// Results of checks that this version knows.
    checks: Vec<(&'static Check, CheckState)>,
    /// How many results of other checks there are: the sensor is a newer one.
    unknown: usize,
}

/// The runs among an inventory's parts. One that cannot be read is left out.
pub fn runs<'a>(device: DeviceId, parts: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Vec<Run> {
    let mut all = Vec::new();
    for (name, body) in parts {
        if !name.starts_with(PART) {
            continue;
        }
        match serde_json::from_value::<Told>(body.clone()) {
            Ok(told) if told.part() == name => all.push(run(told)),
            Ok(told) => {
                tracing::warn!(%device, part = name, profile = told.profile, "a run is under another's name")
            }
            Err(e) => tracing::warn!(%device, part = name, error = %e, "a baseline's run cannot be read"),
        }
    }
    all
}

fn run(told: Told) -> Run {
    let of_all = told.checks.len();
    let checks: Vec<_> = told.checks.iter().filter_map(|(id, seen)| Some((known(id)?, seen.state))).collect();
    Run {
        unknown: of_all - checks.len(),
        checks,
        profile: told.profile,
        revision: told.revision,
        by_default: told.by_default,
        ran_at: told.taken_us,
        system: told.system,
        error: told.error,
    }
}

fn known(id: &str) -> Option<&'static Check> {
    static BY_ID: OnceLock<HashMap<&'static str, &'static Check>> = OnceLock::new();
    let all = BY_ID.get_or_init(|| builtin().checks.iter().map(|c| (c.id.as_str(), c)).collect());
    all.get(id).copied()
}

/// The check that a `configure` recommendation is about, as its document shows it.
pub fn document(id: &str) -> Value {
    known(id).map_or(Value::Null, |c| {
        json!({
            "title": c.title, "why": c.why, "fix": c.fix, "severity": c.severity.as_str(),
            "category": c.category().as_str(), "impact": c.impact(), "refs": c.refs,
        })
    })
}

/// How bad it is that a check is not met.
pub fn severity(id: &str) -> &'static str {
    known(id).map_or("unknown", |c| c.severity.as_str())
}

/// The checks of a tenant's devices. One that several profiles of a device have counts once there, and is met only
/// if every one of them says so; what does not apply or could not be told does not count.
pub fn configurations(tenant: &Tenant, ordinals: &HashMap<DeviceId, u32>) -> Vec<Configuration> {
    let mut all: BTreeMap<&str, Configuration> = BTreeMap::new();
    for (device, known) in &tenant.devices {
        let Some(ordinal) = ordinals.get(device) else { continue };
        for (check, state) in known.runs.iter().flat_map(|run| &run.checks) {
            if !matches!(state, CheckState::Compliant | CheckState::NotCompliant) {
                continue;
            }
            let of = all.entry(&check.id).or_insert_with(|| Configuration {
                check: check.id.clone(),
                category: category(check.category()),
                impact: check.impact(),
                applicable: RoaringBitmap::new(),
                failing: RoaringBitmap::new(),
                restart: restart(check),
            });
            of.applicable.insert(*ordinal);
            if *state == CheckState::NotCompliant {
                of.failing.insert(*ordinal);
            }
        }
    }
    all.into_values().collect()
}

fn category(topic: Topic) -> Category {
    match topic {
        Topic::Application => Category::Application,
        Topic::Os => Category::Os,
        Topic::Network => Category::Network,
        Topic::Accounts => Category::Accounts,
        Topic::SecurityControls => Category::SecurityControls,
    }
}

fn word(category: Category) -> &'static str {
    match category {
        Category::Application => "application",
        Category::Os => "os",
        Category::Network => "network",
        Category::Accounts => "accounts",
        Category::SecurityControls => "security_controls",
    }
}

/// What has to start again for such a setting to take effect.
fn restart(check: &Check) -> Restart {
    match check.topic() {
        "boot" => Restart::Reboot,
        "ssh" | "services" | "audit" | "logs" | "firewall" => Restart::Processes,
        _ => Restart::None,
    }
}

fn bytes(bitmap: &RoaringBitmap) -> Vec<u8> {
    let mut out = Vec::with_capacity(bitmap.serialized_size());
    // Writing to memory does not fail.
    let _ = bitmap.serialize_into(&mut out);
    out
}

/// The rows of baselines and the secure score; `kept` is what the score was made of before.
pub fn rows(
    tenant: &Tenant,
    ordinals: &HashMap<DeviceId, u32>,
    plan: &Plan,
    kept: &KeptPosture,
) -> PostureWrite {
    let mut write = PostureWrite::default();
    baselines(tenant, ordinals, &mut write);
    scores(tenant, ordinals, plan, &mut write);
    write.causes = plan
        .checks
        .iter()
        .filter(|c| !(c.passed.is_empty() && c.failed.is_empty()))
        .map(|c| SecureCheckRow {
            cause: c.id.clone(),
            title: title(&c.id, plan),
            category: word(c.category).to_owned(),
            impact: u32::from(c.impact),
            passed: bytes(&c.passed),
            failed: bytes(&c.failed),
        })
        .collect();
    write.point = plan.secure.points.map(|points| SecurePoint {
        score: points.value(),
        categories: categories(plan.secure),
        devices: u32::try_from(write.scores.iter().filter(|s| s.score.is_some()).count()).unwrap_or(u32::MAX),
        changes: changes(kept, &write, ordinals),
    });
    write
}

fn categories(secure: Secure) -> BTreeMap<String, f64> {
    let each = Category::ALL.into_iter().zip(secure.categories);
    each.filter_map(|(category, points)| Some((word(category).to_owned(), points?.value()))).collect()
}

/// What something that counts is called.
fn title(id: &str, plan: &Plan) -> String {
    use palisade_vuln::recommend::Kind;
    if let Some(check) = id.strip_prefix("configure/").and_then(known) {
        return check.title.clone();
    }
    let of = plan.recommendations.iter().find(|r| r.id == id).map(|r| &r.kind);
    match of {
        Some(Kind::ReplaceCertificate { subject, .. }) => format!("Certificate {subject}"),
        Some(Kind::Upgrade { software, .. } | Kind::Uninstall { software, .. }) => {
            format!("{} {} has no support", software.source, software.release)
        }
        _ => id.to_owned(),
    }
}

/// Runs, checks and compliance by profile, of devices in service.
fn baselines(tenant: &Tenant, ordinals: &HashMap<DeviceId, u32>, write: &mut PostureWrite) {
    let in_service: BTreeSet<DeviceId> = tenant.basis().devices.iter().map(|(device, _)| *device).collect();
    let mut checks: BTreeMap<(&str, &str), [RoaringBitmap; 4]> = BTreeMap::new();
    for (device, known) in tenant.devices.iter().filter(|(device, _)| in_service.contains(device)) {
        let Some(ordinal) = ordinals.get(device) else { continue };
        for run in &known.runs {
            let mut counts = [0_u32; 4];
            for (check, state) in &run.checks {
                counts[place(*state)] += 1;
                let sets = checks.entry((&run.profile, &check.id)).or_default();
                sets[place(*state)].insert(*ordinal);
            }
            let [compliant, not_compliant, not_applicable, not_evaluated] = counts;
            let unknown = u32::try_from(run.unknown).unwrap_or(u32::MAX);
            write.baselines.push(DeviceBaselineRow {
                device_id: device.to_string(),
                profile: run.profile.clone(),
                revision: run.revision.clone(),
                by_default: run.by_default,
                ran_at: run.ran_at.0,
                system: run.system.clone(),
                compliant,
                not_compliant,
                not_applicable,
                not_evaluated: not_evaluated.saturating_add(unknown),
                error: run.error.clone(),
            });
            if run.error.is_empty() {
                let point = write.compliance.entry(run.profile.clone()).or_default();
                point.devices += 1;
                point.compliant_devices += u32::from(not_compliant == 0);
                point.compliant += u64::from(compliant);
                point.not_compliant += u64::from(not_compliant);
            }
        }
    }
    write.checks = checks
        .into_iter()
        .map(|((profile, check), sets)| {
            let [compliant, not_compliant, not_applicable, not_evaluated] = sets.each_ref().map(bytes);
            BaselineCheckRow {
                profile: profile.to_owned(),
                check_id: check.to_owned(),
                compliant,
                not_compliant,
                not_applicable,
                not_evaluated,
            }
        })
        .collect();
}

fn place(state: CheckState) -> usize {
    match state {
        CheckState::Compliant => 0,
        CheckState::NotCompliant => 1,
        CheckState::NotApplicable => 2,
        CheckState::NotEvaluated => 3,
    }
}

fn scores(tenant: &Tenant, ordinals: &HashMap<DeviceId, u32>, plan: &Plan, write: &mut PostureWrite) {
    for (device, matters) in &tenant.basis().devices {
        let of = ordinals.get(device).filter(|_| tenant.devices.contains_key(device));
        let Some(tallies) = of.and_then(|ordinal| plan.posture.state(*ordinal)) else { continue };
        let secure = tallies.secure();
        let [application, os, network, accounts, security_controls] =
            secure.categories.map(|points| points.map(Points::value));
        write.scores.push(SecureScoreRow {
            device_id: device.to_string(),
            score: secure.points.map(Points::value),
            application,
            os,
            network,
            accounts,
            security_controls,
            possible: tallies.total().possible,
            weight: weight(criticality(matters)),
        });
    }
}

/// Counted in halves of a normal device.
fn weight(of: Criticality) -> f64 {
    f64::from(u32::try_from(of.weight()).unwrap_or(2)) / 2.0
}

fn of_weight(weight: f64) -> Criticality {
    let all = [Criticality::Low, Criticality::Normal, Criticality::High, Criticality::Critical];
    all.into_iter().find(|c| self::weight(*c) >= weight).unwrap_or(Criticality::Critical)
}

/// What a device's score is made of, by the causes' places in a common list.
type Items = Vec<(u32, score::Check)>;

/// By what the organisation's score differs from the one before, by cause. The parts add up to the difference.
fn changes(
    kept: &KeptPosture,
    write: &PostureWrite,
    ordinals: &HashMap<DeviceId, u32>,
) -> BTreeMap<String, f64> {
    let weights: BTreeMap<String, f64> =
        write.scores.iter().map(|s| (s.device_id.clone(), s.weight)).collect();
    if kept.causes == write.causes && kept.weights == weights {
        return BTreeMap::new();
    }
    let names: Vec<&str> = {
        let both = kept.causes.iter().chain(&write.causes).map(|c| c.cause.as_str());
        both.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let (mut before, mut after) = (items(&kept.causes, &names), items(&write.causes, &names));
    let mut devices = Vec::new();
    let all: BTreeSet<&String> = kept.weights.keys().chain(weights.keys()).collect();
    for device in all {
        let Some(ordinal) = device.parse().ok().and_then(|id: DeviceId| ordinals.get(&id)) else { continue };
        let at = |weights: &BTreeMap<String, f64>, items: &mut HashMap<u32, Items>| {
            let criticality = of_weight(*weights.get(device)?);
            Some(Snapshot { criticality, items: items.remove(ordinal).unwrap_or_default() })
        };
        devices.push((at(&kept.weights, &mut before), at(&weights, &mut after)));
    }
    let mut parts: BTreeMap<String, f64> = BTreeMap::new();
    for part in fleet_change(&devices) {
        let cause = match part.cause {
            Cause::Item(key) => names.get(key as usize).copied().unwrap_or_default(),
            Cause::Joined => "joined",
            Cause::Left => "left",
            Cause::Criticality => "criticality",
        };
        *parts.entry(cause.to_owned()).or_default() += part.points;
    }
    parts
}

fn items(causes: &[SecureCheckRow], names: &[&str]) -> HashMap<u32, Items> {
    let mut all: HashMap<u32, Items> = HashMap::new();
    for row in causes {
        let Ok(place) = names.binary_search(&row.cause.as_str()) else { continue };
        let key = u32::try_from(place).unwrap_or(u32::MAX);
        let category = Category::ALL.into_iter().find(|c| word(*c) == row.category).unwrap_or(Category::Os);
        let impact = u8::try_from(row.impact).unwrap_or(u8::MAX);
        for (set, passed) in [(&row.passed, true), (&row.failed, false)] {
            let devices = RoaringBitmap::deserialize_from(set.as_slice()).unwrap_or_default();
            for device in devices {
                all.entry(device).or_default().push((key, score::Check { category, impact, passed }));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests;
