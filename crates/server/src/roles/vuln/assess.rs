//! One assessment of a tenant: from the matcher to the rows that people see.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context as _, Result};
use palisade_advisory::Remedy;
use palisade_state::vulnerabilities::SEVERITIES;
use palisade_state::{
    AssessmentWrite, ComponentRow, DeviceComponentsRow, ExposurePoint, ExposureRow, FindingRow, KeptPosture,
    RecommendationRow, State, VulnerabilityRow,
};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use palisade_vuln::recommend::{Key, Kind, Plan, Recommendation, Unfixed};
use palisade_vuln::score::{Criticality, Fleet as Scores, Hazard, Hazards, Shift, combine, explain};
use palisade_vuln::{Component, Finding, KernelState, Known, Matcher};
use roaring::RoaringBitmap;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::cases::Reported;
use super::desk::Desk;
use super::estate::{self, Built, criticality, severity_word};
use super::feeds::Feeds;
use super::fleet::Tenant;
use super::posture;

/// Most contributors that are kept for a device, versions and vulnerabilities for a recommendation.
const MOST: usize = 20;
const MOST_RESOLVED: usize = 500;

/// Assesses a tenant and writes what follows.
///
/// # Errors
/// Those of the store; it is tried again then.
pub async fn tenant(
    state: &State,
    desk: &mut Desk,
    feeds: &Feeds,
    id: TenantId,
    now: TimeMicros,
) -> Result<()> {
    let Some(tenant) = desk.fleet().tenant(id) else { return Ok(()) };
    let devices: Vec<DeviceId> = tenant.devices.keys().copied().collect();
    let mut ordinals = state.device_ordinals(id, &devices).await?;
    // What is not in service, or told by another device too, has no number here and counts nowhere.
    let in_service: BTreeSet<DeviceId> = tenant.basis().devices.iter().map(|(device, _)| *device).collect();
    ordinals.retain(|device, _| in_service.contains(device));
    let ids = state.component_ids(id).await?;
    let kept = state.kept_posture(id).await?;
    let known = Instant::now();
    let write = desk
        .work(move |fleet| {
            let tenant = fleet.tenant(id)?;
            Some(write_of(fleet.matcher(), tenant, &ordinals, (ids, &kept), now))
        })
        .await;
    let Some(write) = write else { return Ok(()) };
    let mut write = write?;
    let families: BTreeSet<&str> = write.components.iter().map(|c| c.ecosystem.as_str()).collect();
    write.feeds = feeds.states(&families);
    state.write_assessment(id, &write, now).await?;
    desk.fleet_mut().assessed(id, known);
    Ok(())
}

fn write_of(
    matcher: &Matcher,
    tenant: &Tenant,
    ordinals: &HashMap<DeviceId, u32>,
    (ids, kept): (HashMap<Vec<u8>, i64>, &KeptPosture),
    now: TimeMicros,
) -> Result<AssessmentWrite> {
    let built = estate::build(matcher, tenant, ordinals, now);
    let all: RoaringBitmap = built.estate.devices.iter().map(|(ordinal, _)| *ordinal).collect();
    let exceptions = estate::exceptions(tenant.basis(), ordinals, &all, now);
    let plan = Plan::of(&built.estate, &exceptions, None).context("planning what to do")?;
    let mut rows = Rows::new(matcher, ids);
    rows.devices(tenant, ordinals, &built);
    let mut write = AssessmentWrite::default();
    rows.findings(&built, &Reported::of(tenant.basis()), &mut write);
    write.exposures = exposures(matcher, tenant, ordinals, &built)?;
    let severities = severities(&write.vulnerabilities);
    write.recommendations = plan.recommendations.iter().map(|r| recommendation(r, &severities)).collect();
    write.recommendations.extend(plan.unfixed.iter().map(|u| unfixed(u, &severities)));
    if !write.exposures.is_empty() {
        let findings =
            write.exposures.iter().map(|e| e.critical + e.high + e.medium + e.low + e.unknown).sum();
        let devices = u32::try_from(write.exposures.len()).unwrap_or(u32::MAX);
        write.point = Some(ExposurePoint { exposure: plan.exposure.points.value(), devices, findings });
    }
    write.posture = posture::rows(tenant, ordinals, &plan, kept);
    rows.components(&mut write);
    Ok(write)
}

/// What is collected of each component of a tenant.
struct Rows<'a> {
    matcher: &'a Matcher,
    ids: HashMap<Vec<u8>, i64>,
    next: i64,
    tuples: BTreeMap<u32, Of>,
    of_devices: Vec<DeviceComponentsRow>,
}

#[derive(Default)]
struct Of {
    id: i64,
    key: Vec<u8>,
    devices: RoaringBitmap,
    running: RoaringBitmap,
    /// Devices where it counts: not those where another kernel runs.
    counted: RoaringBitmap,
}

impl<'a> Rows<'a> {
    fn new(matcher: &'a Matcher, ids: HashMap<Vec<u8>, i64>) -> Self {
        let next = ids.values().max().map_or(0, |id| id + 1);
        Self { matcher, ids, next, tuples: BTreeMap::new(), of_devices: Vec::new() }
    }

    fn devices(&mut self, tenant: &Tenant, ordinals: &HashMap<DeviceId, u32>, built: &Built) {
        let in_service: BTreeSet<u32> = built.estate.devices.iter().map(|(ordinal, _)| *ordinal).collect();
        for (device, known) in &tenant.devices {
            let Some(ordinal) = ordinals.get(device).filter(|o| in_service.contains(o)) else { continue };
            let mut own = RoaringBitmap::new();
            let mut paths = serde_json::Map::new();
            for tuple in self.matcher.tuples_of(known.number) {
                let running = self.matcher.running(tuple).is_some_and(|r| r.contains(known.number));
                let idle = self.matcher.kernel_state(tuple, known.number) == Some(KernelState::InstalledOnly);
                let of = self.of(tuple);
                of.devices.insert(*ordinal);
                if running {
                    of.running.insert(*ordinal);
                }
                if !idle {
                    of.counted.insert(*ordinal);
                }
                own.insert(u32::try_from(of.id).unwrap_or(u32::MAX));
                if let Some(at) = known.paths.get(&tuple) {
                    paths.insert(of.id.to_string(), json!(at));
                }
            }
            self.of_devices.push(DeviceComponentsRow {
                device_id: device.to_string(),
                components: bytes(&own),
                paths: Value::Object(paths),
                taken_at: known.taken_at.0,
            });
        }
    }

    fn of(&mut self, tuple: u32) -> &mut Of {
        let (matcher, ids, next) = (self.matcher, &self.ids, &mut self.next);
        self.tuples.entry(tuple).or_insert_with(|| {
            let key = matcher.component(tuple).map(key_of).unwrap_or_default();
            let id = ids.get(&key).copied().unwrap_or_else(|| {
                *next += 1;
                *next - 1
            });
            Of { id, key, ..Of::default() }
        })
    }

    fn findings(&self, built: &Built, reported: &Reported<'_>, write: &mut AssessmentWrite) {
        let mut known: BTreeMap<&str, (VulnerabilityRow, RoaringBitmap)> = BTreeMap::new();
        for (tuple, judged) in &built.judged {
            let Some(of) = self.tuples.get(tuple) else { continue };
            for (finding, hit) in judged.findings.iter().zip(self.matcher.hits(*tuple)) {
                let mut row = finding_row(of.id, finding);
                if let Some(case) = reported.case(self.matcher, *tuple, hit) {
                    row.why["case"] = case;
                }
                write.findings.push(row);
                let (row, devices) = known.entry(&finding.vulnerability).or_insert_with(|| {
                    let known = self.matcher.index().known(&finding.vulnerability).unwrap_or_default();
                    (vulnerability_row(finding, known), RoaringBitmap::new())
                });
                row.fixable |= finding.fix.is_some();
                *devices |= &of.counted;
            }
        }
        write.vulnerabilities = known
            .into_values()
            .map(|(row, devices)| VulnerabilityRow { device_count: count(&devices), ..row })
            .collect();
        self.describe(&mut write.vulnerabilities);
    }

    /// Says what vulnerabilities are and what their weaknesses are called.
    fn describe(&self, rows: &mut [VulnerabilityRow]) {
        let index = self.matcher.index();
        let mut texts = index.descriptions(rows.iter().map(|r| r.id.as_str()));
        for row in rows {
            row.description = texts.remove(&row.id).unwrap_or_default();
            let names: serde_json::Map<String, Value> = row
                .weaknesses
                .iter()
                .filter_map(|id| Some((id.clone(), index.weakness_name(id)?.into())))
                .collect();
            row.facts["weakness_names"] = Value::Object(names);
        }
    }

    fn components(self, write: &mut AssessmentWrite) {
        write.devices = self.of_devices;
        for (tuple, of) in self.tuples {
            let Some(c) = self.matcher.component(tuple) else { continue };
            write.components.push(ComponentRow {
                id: of.id,
                key: of.key,
                ecosystem: c.ecosystem.family().to_owned(),
                release: if c.ecosystem.is_distribution() { c.ecosystem.to_string() } else { String::new() },
                name: c.name.clone(),
                version: c.version.clone(),
                source_name: c.source.clone(),
                source_version: c.source_version.clone(),
                arch: c.arch.clone(),
                vendor: if c.foreign.is_empty() { c.ecosystem.family() } else { &c.foreign }.to_owned(),
                origin: c.foreign.clone(),
                devices: bytes(&of.devices),
                running: bytes(&of.running),
                device_count: count(&of.devices),
                running_count: count(&of.running),
                covered: self.matcher.index().unassessed(c).is_none(),
                end_of_life: String::new(),
            });
        }
    }
}

/// What makes a component this one, whatever numbers a process gives it.
fn key_of(component: &Component) -> Vec<u8> {
    // A struct of texts, which JSON can hold, in the order of its fields.
    Sha256::digest(serde_json::to_vec(component).unwrap_or_default()).to_vec()
}

fn bytes(bitmap: &RoaringBitmap) -> Vec<u8> {
    let mut out = Vec::with_capacity(bitmap.serialized_size());
    // Writing to memory does not fail.
    let _ = bitmap.serialize_into(&mut out);
    out
}

fn count(bitmap: &RoaringBitmap) -> u32 {
    u32::try_from(bitmap.len()).unwrap_or(u32::MAX)
}

fn remedy(finding: &Finding) -> &'static str {
    match finding.remedy {
        Remedy::Update if finding.fix.is_some() => "fixed",
        Remedy::Update | Remedy::None => "none_yet",
        Remedy::Deferred => "deferred",
        Remedy::WillNotFix => "will_not_fix",
        Remedy::OutOfSupport => "out_of_support",
    }
}

fn finding_row(component_id: i64, f: &Finding) -> FindingRow {
    let mut why = serde_json::to_value(f).unwrap_or_default();
    if let Some(why) = why.as_object_mut() {
        // What other rows say.
        for elsewhere in
            ["component", "presence", "title", "weaknesses", "kev", "epss", "ssvc", "vulnerability"]
        {
            why.remove(elsewhere);
        }
    }
    FindingRow {
        component_id,
        vulnerability: f.vulnerability.clone(),
        advisory: f.advisory.id.clone(),
        feed: f.advisory.feed.clone(),
        feed_at: f.advisory.feed_as_of.map(|t| t.0),
        severity: severity_word(f.severity.as_ref().and_then(|s| s.rating)).to_owned(),
        fixed_version: f.fix.clone().unwrap_or_default(),
        remedy: remedy(f).to_owned(),
        why,
    }
}

fn vulnerability_row(f: &Finding, known: Known) -> VulnerabilityRow {
    let severity = f.severity.as_ref().or(known.severity.as_ref());
    let mut links: Vec<String> = Vec::new();
    if f.vulnerability.starts_with("CVE-") {
        links.push(format!("https://www.cve.org/CVERecord?id={}", f.vulnerability));
    }
    links.extend(
        std::iter::once(&f.advisory).chain(&f.also).map(|a| a.reference.clone()).filter(|r| !r.is_empty()),
    );
    links.dedup();
    VulnerabilityRow {
        id: f.vulnerability.clone(),
        title: if f.title.is_empty() { known.title.clone() } else { f.title.clone() },
        // Those of all are read together, by `Rows::describe`.
        description: String::new(),
        severity: severity_word(severity.and_then(|s| s.rating)).to_owned(),
        cvss: severity.and_then(|s| s.score),
        cvss_vector: severity.filter(|s| s.cvss.is_some()).map(|s| s.value.clone()).unwrap_or_default(),
        epss: f.epss.or(known.epss).map(|e| e.score),
        // An entry without a date is told by `facts`: no date is made up.
        kev_added: f.kev.as_ref().or(known.kev.as_ref()).and_then(|k| k.added).map(|t| t.0),
        exploit_public: f.exploits > 0,
        published: known.published.map(|t| t.0),
        modified: known.modified.map(|t| t.0),
        aliases: f.aliases.clone(),
        weaknesses: f.weaknesses.clone(),
        links,
        facts: json!({
            "ssvc": f.ssvc.or(known.ssvc), "kev": f.kev.as_ref().or(known.kev.as_ref()),
            "severities": known.severities, "exploits": known.exploits,
        }),
        device_count: 0,
        fixable: false,
    }
}

fn severities(rows: &[VulnerabilityRow]) -> BTreeMap<String, String> {
    rows.iter().map(|r| (r.id.clone(), r.severity.clone())).collect()
}

/// The worst severity of these, as lists order them: what nobody has scored is worse than low.
fn worst<'a>(ids: impl IntoIterator<Item = &'a String>, of: &BTreeMap<String, String>) -> String {
    let place = |id: &String| of.get(id).and_then(|word| SEVERITIES.iter().position(|s| s == word));
    ids.into_iter().filter_map(place).min().map_or("unknown", |at| SEVERITIES[at]).to_owned()
}

/// Each device's exposure, and what it consists of.
fn exposures(
    matcher: &Matcher,
    tenant: &Tenant,
    ordinals: &HashMap<DeviceId, u32>,
    built: &Built,
) -> Result<Vec<ExposureRow>> {
    let mut scores = Scores::new();
    let mut hazards: BTreeMap<u32, Vec<(usize, Hazard)>> = BTreeMap::new();
    let places: Vec<_> = built.weaknesses.keys().collect();
    for (ordinal, matters) in &built.estate.devices {
        scores.insert(*ordinal, *matters)?;
        let empty = BTreeMap::new();
        for (place, context) in built.of_device.get(ordinal).unwrap_or(&empty) {
            let Ok(at) = places.binary_search(&place) else { continue };
            let whole = combine(&built.weaknesses[place], *context);
            let devices: RoaringBitmap = std::iter::once(*ordinal).collect();
            scores.shift_all(Shift { devices: &devices, before: Hazards::ZERO, after: whole })?;
            hazards.entry(*ordinal).or_default().push((at, whole.total));
        }
    }
    let mut rows = Vec::new();
    for (device, word) in &tenant.basis().devices {
        let (Some(known), Some(ordinal)) = (tenant.devices.get(device), ordinals.get(device)) else {
            continue;
        };
        let exposure = scores.device(*ordinal).unwrap_or_default();
        let mut parts = hazards.get(ordinal).map(|h| explain::level(h)).unwrap_or_default();
        parts.sort_by(|a, b| b.points.total_cmp(&a.points));
        let contributors: Vec<Value> = parts
            .iter()
            .take(MOST)
            .map(|p| {
                let (key, version) = places[p.cause];
                json!({ "name": key.source, "version": version, "ecosystem": key.ecosystem, "share": p.points })
            })
            .collect();
        let mut row = ExposureRow {
            device_id: device.to_string(),
            exposure: exposure.points.value(),
            unfixable: exposure.residual.value(),
            contributors: Value::Array(contributors),
            software: u32::try_from(known.packages).unwrap_or(u32::MAX),
            weight: weight(criticality(word)),
            ..ExposureRow::default()
        };
        count_findings(matcher, built, known.number, &mut row);
        rows.push(row);
    }
    Ok(rows)
}

fn weight(of: Criticality) -> f64 {
    // Counted in halves of a normal device.
    f64::from(u32::try_from(of.weight()).unwrap_or(2)) / 2.0
}

/// Each vulnerability of a device counts once, by its worst finding.
fn count_findings(matcher: &Matcher, built: &Built, number: u32, row: &mut ExposureRow) {
    let mut seen: BTreeMap<&str, (&'static str, bool)> = BTreeMap::new();
    for tuple in matcher.tuples_of(number) {
        let unassessed = matcher.component(tuple).is_some_and(|c| matcher.index().unassessed(c).is_some());
        row.uncovered += u32::from(unassessed);
        if matcher.kernel_state(tuple, number) == Some(KernelState::InstalledOnly) {
            continue;
        }
        for f in built.judged.get(&tuple).iter().flat_map(|j| &j.findings) {
            let word = severity_word(f.severity.as_ref().and_then(|s| s.rating));
            let entry = seen.entry(&f.vulnerability).or_insert((word, false));
            entry.1 |= estate::weakness(f).threats.exploited;
        }
    }
    for (word, exploited) in seen.into_values() {
        row.exploited += u32::from(exploited);
        match word {
            "critical" => row.critical += 1,
            "high" => row.high += 1,
            "medium" => row.medium += 1,
            "low" | "none" => row.low += 1,
            _ => row.unknown += 1,
        }
    }
}

/// Distribution and release, `debian:12`, as its packages have them; empty for a language's package.
fn release_of(software: &Key) -> String {
    if software.release.is_empty() {
        return String::new();
    }
    format!("{}:{}", software.ecosystem, software.release)
}

fn recommendation(r: &Recommendation, severities: &BTreeMap<String, String>) -> RecommendationRow {
    let (kind, product, release, target) = match &r.kind {
        Kind::Update { software, target } => {
            ("update", &software.source, release_of(software), target.as_str())
        }
        Kind::Upgrade { software, target, .. } => {
            ("upgrade_system", &software.source, release_of(software), target.as_str())
        }
        Kind::Uninstall { software, .. } => ("uninstall", &software.source, release_of(software), ""),
        Kind::Configure { check, .. } => ("configure", check, String::new(), ""),
        Kind::ReplaceCertificate { subject, .. } => ("replace_certificate", subject, String::new(), ""),
    };
    let before = r.exposure.before.points.value();
    let t = r.threats;
    let (severity, check) = match &r.kind {
        Kind::Configure { check, .. } => (posture::severity(check).to_owned(), posture::document(check)),
        _ => (worst(&r.resolved, severities), Value::Null),
    };
    RecommendationRow {
        id: r.id.clone(),
        kind: kind.to_owned(),
        product: product.clone(),
        release,
        target: target.to_owned(),
        severity,
        exploited: t.exploited,
        exploit_public: t.exploit || t.verified || t.kit || t.proof_of_concept,
        restart: word(&r.restart),
        vulnerabilities: u32::try_from(r.resolved.len()).unwrap_or(u32::MAX),
        devices: bytes(&r.exposed),
        device_count: count(&r.exposed),
        effect: before - r.exposure.after.points.value(),
        document: json!({
            "kind": r.kind, "versions": r.versions.iter().take(MOST).collect::<Vec<_>>(),
            "resolved": r.resolved.iter().take(MOST_RESOLVED).collect::<Vec<_>>(), "threats": r.threats,
            "state": r.state(), "exposure": r.exposure, "secure": r.secure, "check": check,
        }),
    }
}

fn unfixed(u: &Unfixed, severities: &BTreeMap<String, String>) -> RecommendationRow {
    let t = u.threats;
    let software = &u.software;
    RecommendationRow {
        id: format!("wait/{}/{}/{}", software.ecosystem, software.release, software.source),
        kind: "wait".into(),
        product: software.source.clone(),
        release: release_of(software),
        severity: worst(&u.weaknesses, severities),
        exploited: t.exploited,
        exploit_public: t.exploit || t.verified || t.kit || t.proof_of_concept,
        restart: "none".into(),
        vulnerabilities: u32::try_from(u.weaknesses.len()).unwrap_or(u32::MAX),
        devices: bytes(&u.devices),
        device_count: count(&u.devices),
        // Nothing can be done, so nothing is won.
        effect: 0.0,
        document: json!({
            "software": software, "weaknesses": u.weaknesses.iter().take(MOST_RESOLVED).collect::<Vec<_>>(),
            "threats": u.threats, "exposure": u.exposure,
        }),
        target: String::new(),
    }
}

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
