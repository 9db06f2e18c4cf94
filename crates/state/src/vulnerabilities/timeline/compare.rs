//! Before and after to events. Pure: no database, no clock.

use std::collections::{BTreeMap, BTreeSet};

use palisade_estate::notify::{EventKind, SubjectType, severity_rank};
use palisade_types::TimeMicros;
use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::super::book::{bitmap, software_id};
use super::record::Draft;
use super::view::{
    After, Before, GoneComponent, KnownBefore, alarms, expired, exploited, is_end_of_life, software,
};
use crate::assessment::{FindingRow, RecommendationRow, VulnerabilityRow};

/// Most events of one assessment; what is beyond is counted.
pub const MOST: usize = 200;
/// How likely exploitation within 30 days has to be for a rise over it to be told.
pub const EPSS: [f64; 2] = [0.1, 0.5];
/// By how many points the exposure has to move to be told.
pub const MOVED: f64 = 1.0;
/// Labels in a detail.
const FEW: usize = 5;

/// What the first assessment tells, in the place of an event for each finding.
pub fn first(after: &After<'_>) -> Vec<Draft> {
    if after.judged() == 0 {
        return Vec::new();
    }
    let mut severities: BTreeMap<&str, u32> = BTreeMap::new();
    for known in after.known.values() {
        *severities.entry(&known.severity).or_default() += 1;
    }
    let of_cisa = after.known.values().filter(|v| exploited(v)).count();
    let (devices, found) = (after.judged(), after.known.len());
    let mut draft = Draft::new(EventKind::FirstAssessment, SubjectType::Assessment, "first");
    draft.title = format!("{devices} devices were judged for the first time: {found} vulnerabilities");
    draft.detail = json!({
        "devices": devices, "vulnerabilities": found, "exploited": of_cisa, "severities": severities,
        "exposure": after.exposure(),
    });
    vec![draft]
}

/// What changed, the worst first, bounded by [`MOST`] and a summary.
pub fn changes(before: &Before, after: &After<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, known) in &after.known {
        match before.known.get(*id) {
            None => drafts.push(new(before, after, known)),
            Some(was) => developed(&mut drafts, before, after, (was, known)),
        }
    }
    drafts.extend(before.gone(after).iter().map(|id| fixed(before, after, id)));
    drafts.extend(added(before, after));
    drafts.extend(after.write.recommendations.iter().filter_map(|r| ended(before, r)));
    drafts.extend(certificates(before, &after.write.recommendations));
    drafts.extend(feeds(before, after));
    drafts.sort_by(|a, b| b.weight().cmp(&a.weight()).then_with(|| a.order().cmp(&b.order())));
    let told = drafts.len();
    let moved = moved(before, after, &drafts);
    let rest = if told > MOST { Some(rest(&drafts[MOST..])) } else { None };
    drafts.truncate(MOST);
    drafts.extend(moved);
    drafts.extend(rest);
    // Where only one thing happened, the whole movement is its own.
    if let (1, Some(was), Some(is)) = (told, before.exposure, after.exposure()) {
        drafts[0].effect = Some(is - was);
    }
    drafts
}

impl Draft {
    /// How much it matters, for what is told first.
    fn weight(&self) -> (u8, bool, u8, u32) {
        let kind = match self.kind {
            EventKind::VulnerabilityExploited => 5,
            EventKind::PublicExploit | EventKind::FeedTrouble => 4,
            EventKind::VulnerabilityFixed => 1,
            EventKind::FixAvailable | EventKind::FeedRecovered => 2,
            _ => 3,
        };
        (kind, self.exploited, severity_rank(&self.severity), self.count)
    }

    fn order(&self) -> (EventKind, &str) {
        (self.kind, &self.subject)
    }
}

fn of_vulnerability(kind: EventKind, known: &VulnerabilityRow, after: &After<'_>) -> Draft {
    let mut draft = Draft::new(kind, SubjectType::Vulnerability, &known.id);
    draft.severity.clone_from(&known.severity);
    draft.exploited = exploited(known);
    draft.devices = after.devices_of(&known.id);
    draft.count = known.device_count;
    draft.detail = json!({
        "name": known.title, "cvss": known.cvss, "epss": known.epss, "public_exploit": known.exploit_public,
        "fixable": known.fixable, "software": names(after, &known.id),
    });
    draft
}

/// The software that has it, a few of it.
fn names(after: &After<'_>, vulnerability: &str) -> Vec<String> {
    let components = after.found.get(vulnerability).into_iter().flatten();
    let rows = components.filter_map(|f| after.components.get(&f.component_id));
    let all: BTreeSet<String> =
        rows.map(|(c, _)| software(&c.ecosystem, &c.source_name, &c.name).1).collect();
    all.into_iter().take(FEW).collect()
}

fn put(detail: &mut Value, key: &str, value: Value) {
    if let Some(map) = detail.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn new(before: &Before, after: &After<'_>, known: &VulnerabilityRow) -> Draft {
    let mut draft = of_vulnerability(EventKind::NewVulnerability, known, after);
    draft.title = format!("{} was found", known.id);
    let found: &[&FindingRow] = after.found.get(known.id.as_str()).map_or(&[], Vec::as_slice);
    // Of something that was installed before, somebody has learnt it only now.
    let there = found.iter().any(|f| before.components.contains(&f.component_id));
    put(&mut draft.detail, "cause", json!(if there { "new_advice" } else { "software_changed" }));
    let labels = found.iter().filter_map(|f| after.components.get(&f.component_id));
    let labels: Vec<String> = labels.take(FEW).map(|(c, _)| format!("{} {}", c.name, c.version)).collect();
    put(&mut draft.detail, "components", json!(labels));
    let fix = found.iter().map(|f| f.fixed_version.as_str()).find(|v| !v.is_empty());
    put(&mut draft.detail, "fixed_version", json!(fix.unwrap_or_default()));
    draft
}

/// What became of something that devices had before too.
fn developed(
    drafts: &mut Vec<Draft>,
    before: &Before,
    after: &After<'_>,
    (was, is): (&KnownBefore, &VulnerabilityRow),
) {
    let id = &is.id;
    let mut tell = |kind: EventKind, title: String, more: &[(&str, Value)]| {
        let mut draft = of_vulnerability(kind, is, after);
        draft.title = title;
        for (key, value) in more {
            put(&mut draft.detail, key, value.clone());
        }
        drafts.push(draft);
    };
    if exploited(is) && !was.exploited {
        tell(EventKind::VulnerabilityExploited, format!("{id} is exploited now"), &[]);
    }
    if is.exploit_public && !was.exploit_public {
        tell(EventKind::PublicExploit, format!("An exploit of {id} is public now"), &[]);
    }
    let over = |epss: Option<f64>| EPSS.iter().filter(|t| epss.is_some_and(|e| e >= **t)).count();
    if over(is.epss) > over(was.epss) {
        let now = is.epss.unwrap_or_default() * 100.0;
        let title = format!("Exploitation of {id} is likelier now: {now:.0} %");
        tell(EventKind::EpssRose, title, &[("epss_before", json!(was.epss))]);
    }
    if is.fixable && !was.fixable {
        let fixes = after.found.get(id.as_str()).into_iter().flatten();
        // Another version that is fixable came with other software; the fix is no news then.
        let fix = fixes.filter(|f| before.components.contains(&f.component_id));
        if let Some(fix) = fix.map(|f| f.fixed_version.as_str()).find(|v| !v.is_empty()) {
            let title = format!("There is an update against {id} now");
            tell(EventKind::FixAvailable, title, &[("fixed_version", json!(fix))]);
        }
    }
}

fn fixed(before: &Before, after: &After<'_>, id: &str) -> Draft {
    let was = before.known.get(id).cloned().unwrap_or_default();
    let components: &[GoneComponent] = before.gone.get(id).map_or(&[], Vec::as_slice);
    let mut draft = Draft::new(EventKind::VulnerabilityFixed, SubjectType::Vulnerability, id);
    draft.title = format!("No device has {id} any more");
    (draft.severity, draft.exploited, draft.count) = (was.severity, was.exploited, was.devices);
    for component in components {
        draft.devices |= &component.devices;
    }
    let labels: Vec<&str> = components.iter().take(FEW).map(|c| c.label.as_str()).collect();
    draft.detail = json!({ "name": was.title, "cause": why_gone(components, &draft.devices, after), "components": labels });
    draft
}

/// Whether packages changed, or devices left, or somebody judges it otherwise now.
fn why_gone(components: &[GoneComponent], devices: &RoaringBitmap, after: &After<'_>) -> &'static str {
    let judged_otherwise = |c: &GoneComponent| {
        after.components.get(&c.id).is_some_and(|(row, now)| {
            let stopped = !c.running.is_empty() && bitmap(&row.running).is_ok_and(|r| r.is_empty());
            !now.is_empty() && !stopped
        })
    };
    if components.iter().any(judged_otherwise) {
        "advice_changed"
    } else if !devices.is_empty() && devices.is_disjoint(&after.devices) {
        "devices_left"
    } else {
        "software_changed"
    }
}

/// Software that nobody had before and that has something.
fn added(before: &Before, after: &After<'_>) -> Vec<Draft> {
    let mut fresh: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
    for (id, (row, devices)) in &after.components {
        let key = software(&row.ecosystem, &row.source_name, &row.name);
        if !devices.is_empty() && !before.software.contains(&key) {
            fresh.entry(key).or_default().push(*id);
        }
    }
    if fresh.is_empty() {
        return Vec::new();
    }
    let mut of: BTreeMap<i64, Vec<&FindingRow>> = BTreeMap::new();
    let wanted: BTreeSet<i64> = fresh.values().flatten().copied().collect();
    for finding in after.write.findings.iter().filter(|f| wanted.contains(&f.component_id)) {
        of.entry(finding.component_id).or_default().push(finding);
    }
    let draft = |((ecosystem, source), ids): ((String, String), Vec<i64>)| {
        let found: BTreeSet<&str> =
            ids.iter().filter_map(|id| of.get(id)).flatten().map(|f| f.vulnerability.as_str()).collect();
        let rows: Vec<_> = ids.iter().filter_map(|id| after.components.get(id)).collect();
        let (first, _) = rows.iter().min_by(|a, b| a.0.name.cmp(&b.0.name)).filter(|_| !found.is_empty())?;
        let subject = software_id(&first.ecosystem, &first.vendor, &first.name);
        let mut draft = Draft::new(EventKind::SoftwareAdded, SubjectType::Software, &subject);
        draft.title = format!("{source} came with {} vulnerabilities", found.len());
        for (_, devices) in &rows {
            draft.devices |= devices;
        }
        draft.count = u32::try_from(draft.devices.len()).unwrap_or(u32::MAX);
        let known: Vec<_> = found.iter().filter_map(|id| after.known.get(id)).collect();
        draft.exploited = known.iter().any(|v| exploited(v));
        let worst = known.iter().map(|v| v.severity.as_str()).max_by_key(|s| severity_rank(s));
        draft.severity = worst.unwrap_or("unknown").to_owned();
        let some: Vec<&str> = found.iter().copied().take(FEW).collect();
        draft.detail = json!({
            "name": source, "ecosystem": ecosystem, "vulnerabilities": found.len(), "examples": some,
        });
        Some(draft)
    };
    fresh.into_iter().filter_map(draft).collect()
}

fn of_recommendation(kind: EventKind, subject: (SubjectType, &str), r: &RecommendationRow) -> Draft {
    let mut draft = Draft::new(kind, subject.0, subject.1);
    draft.devices = bitmap(&r.devices).unwrap_or_default();
    draft.count = r.device_count;
    draft
}

fn ended(before: &Before, r: &RecommendationRow) -> Option<Draft> {
    if !is_end_of_life(&r.kind) || r.device_count == 0 || before.ended.contains(&r.id) {
        return None;
    }
    let mut draft = of_recommendation(EventKind::EndOfLife, (SubjectType::Recommendation, &r.id), r);
    let what = format!("{} {}", r.product, r.release);
    draft.title = format!("Support of {} has ended", what.trim());
    draft.detail = json!({
        "name": r.product, "release": r.release, "target": r.target,
        "ended": r.document["kind"]["ended"].as_i64().map(|at| TimeMicros(at).to_rfc3339()),
    });
    Some(draft)
}

fn certificates(before: &Before, all: &[RecommendationRow]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for r in all {
        let kind = &r.document["kind"];
        let Some(fingerprint) = expired(kind).filter(|f| !before.expired.contains(*f)) else { continue };
        let mut draft =
            of_recommendation(EventKind::CertificateExpired, (SubjectType::Certificate, fingerprint), r);
        draft.title = format!("A certificate has expired: {}", kind["subject"].as_str().unwrap_or_default());
        draft.detail = json!({ "name": kind["subject"], "recommendation": r.id });
        drafts.push(draft);
    }
    drafts
}

fn feeds(before: &Before, after: &After<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for feed in &after.write.feeds {
        let (was, is) =
            (before.feeds.get(&feed.feed).copied().unwrap_or(false), alarms(&feed.state, feed.required));
        if was == is {
            continue;
        }
        let kind = if is { EventKind::FeedTrouble } else { EventKind::FeedRecovered };
        let mut draft = Draft::new(kind, SubjectType::Feed, &feed.feed);
        draft.title = match is {
            true => format!("The feed {} is {}: what it would tell is missing", feed.title, feed.state),
            false => format!("The feed {} is all right again", feed.title),
        };
        draft.detail = json!({ "state": feed.state, "reason": feed.failure, "required": feed.required });
        drafts.push(draft);
    }
    drafts
}

/// That the exposure moved since it was last told, and by what.
fn moved(before: &Before, after: &After<'_>, because: &[Draft]) -> Option<Draft> {
    let (told, is) = (before.told.or(before.exposure)?, after.exposure()?);
    let by = is - told;
    if by.abs() < MOVED {
        return None;
    }
    let mut draft = Draft::new(EventKind::ExposureChanged, SubjectType::Exposure, "organisation");
    let word = if by > 0.0 { "rose" } else { "fell" };
    draft.title = format!("The exposure {word} by {:.1} points to {is:.1}", by.abs());
    draft.effect = Some(by);
    let few: Vec<&str> = because.iter().take(FEW).map(|d| d.title.as_str()).collect();
    draft.detail = json!({
        "before": told, "after": is, "because": few, "counts": counts(because),
        "devices_before": before.devices, "devices_after": after.judged(),
    });
    Some(draft)
}

fn counts(drafts: &[Draft]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for draft in drafts {
        *counts.entry(draft.kind.as_str()).or_default() += 1;
    }
    counts
}

fn rest(left_out: &[Draft]) -> Draft {
    let mut draft = Draft::new(EventKind::ManyEvents, SubjectType::Assessment, "rest");
    draft.title = format!("{} more events are not told one by one", left_out.len());
    draft.detail = json!({ "events": left_out.len(), "counts": counts(left_out) });
    draft
}
