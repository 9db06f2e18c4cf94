//! CSAF 2.0: advisories and VEX of Red Hat and SUSE.

mod product;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::Value;

use super::common::{DESCRIPTION, REFERENCES, SUMMARY, cut, instant, is_cve, push_vector, push_word, unique};
use super::stream::{lenient, whole};
use super::{Fault, FaultCode, Origin, Sink};
use crate::model::{Advisory, Affected, Cve, Named, Range, Record, Remedy, Status};
use product::{Component, Products, Tree};

#[derive(Deserialize)]
struct Document {
    document: Head,
    #[serde(default, deserialize_with = "lenient")]
    product_tree: Tree,
    #[serde(default, deserialize_with = "lenient")]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default, deserialize_with = "lenient")]
    title: String,
    tracking: Tracking,
    #[serde(default)]
    aggregate_severity: Value,
    #[serde(default, deserialize_with = "lenient")]
    references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Tracking {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    initial_release_date: String,
    #[serde(default, deserialize_with = "lenient")]
    current_release_date: String,
    #[serde(default, deserialize_with = "lenient")]
    status: String,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default, deserialize_with = "lenient")]
    cve: String,
    #[serde(default, deserialize_with = "lenient")]
    title: String,
    #[serde(default)]
    cwe: Value,
    #[serde(default, deserialize_with = "lenient")]
    notes: Vec<Note>,
    #[serde(default, deserialize_with = "lenient")]
    release_date: String,
    #[serde(default, deserialize_with = "lenient")]
    product_status: BTreeMap<String, Vec<String>>,
    #[serde(default, deserialize_with = "lenient")]
    scores: Vec<BTreeMap<String, Value>>,
    #[serde(default, deserialize_with = "lenient")]
    remediations: Vec<Remediation>,
    #[serde(default, deserialize_with = "lenient")]
    flags: Vec<Flag>,
    #[serde(default, deserialize_with = "lenient")]
    threats: Vec<Threat>,
}

#[derive(Deserialize)]
struct Note {
    #[serde(default)]
    category: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Remediation {
    #[serde(default)]
    category: String,
    #[serde(default, deserialize_with = "lenient")]
    details: String,
    #[serde(default, deserialize_with = "lenient")]
    product_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Flag {
    label: String,
    #[serde(default, deserialize_with = "lenient")]
    product_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Threat {
    #[serde(default)]
    category: String,
    #[serde(default, deserialize_with = "lenient")]
    details: String,
}

/// What belongs together whatever the architecture.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    component: Component,
    status: Status,
    remedy: Remedy,
    reason: String,
}

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    let document: Document = whole(origin, bytes)?;
    let id = document.document.tracking.id.trim().to_owned();
    if id.is_empty() {
        return Err(origin.fault("", FaultCode::BadRecord, "its tracking id is empty"));
    }
    if document.document.tracking.status == "deleted" {
        let withdrawn = instant(&document.document.tracking.current_release_date).unwrap_or_default();
        sink.record(Record::Advisory(Advisory {
            covers: vec![id.clone()],
            id,
            source: origin.feed.to_owned(),
            withdrawn: Some(withdrawn),
            ..Advisory::default()
        }));
        return Ok(());
    }
    let products = Products::of(&document.product_tree);
    for vulnerability in &document.vulnerabilities {
        let mut unknown = 0_u64;
        let affected = affected(&products, vulnerability, &mut unknown);
        if unknown > 0 {
            let reason = format!("{unknown} product ids are not in its product tree");
            sink.fault(origin.fault(&format!("{id} {}", vulnerability.cve), FaultCode::BadReference, reason));
        }
        let record = advisory(origin, &document.document, &id, vulnerability, affected);
        sink.record(Record::Cve(facts(origin, vulnerability, &record)));
        if !record.affected.is_empty() {
            sink.record(Record::Advisory(record));
        }
    }
    Ok(())
}

fn advisory(
    origin: Origin<'_>,
    head: &Head,
    id: &str,
    vulnerability: &Vulnerability,
    affected: Vec<Affected>,
) -> Advisory {
    let mut severities = Vec::new();
    for score in vulnerability.scores.iter().flat_map(BTreeMap::values) {
        push_vector(&mut severities, origin.feed, score["vectorString"].as_str().unwrap_or_default());
    }
    let impact = vulnerability.threats.iter().find(|t| t.category == "impact").map(|t| t.details.as_str());
    push_word(
        &mut severities,
        origin.feed,
        impact.or(head.aggregate_severity["text"].as_str()).unwrap_or_default(),
    );
    let cve = vulnerability.cve.clone();
    let named = if is_cve(&cve) { cve } else { id.to_owned() };
    Advisory {
        id: id.to_owned(),
        source: origin.feed.to_owned(),
        aliases: Vec::new(),
        summary: cut(
            if vulnerability.title.is_empty() { &head.title } else { &vulnerability.title },
            SUMMARY,
        ),
        severities,
        weaknesses: unique(vulnerability.cwe["id"].as_str().map(str::to_owned).into_iter().collect()),
        references: head
            .references
            .iter()
            .map(|r| r.url.clone())
            .filter(|u| !u.is_empty())
            .take(REFERENCES)
            .collect(),
        published: instant(&head.tracking.initial_release_date),
        modified: instant(&head.tracking.current_release_date),
        withdrawn: None,
        affected: affected
            .into_iter()
            .map(|a| Affected { vendor_ids: if named == id { Vec::new() } else { vec![id.to_owned()] }, ..a })
            .collect(),
        covers: vec![named],
    }
}

fn facts(origin: Origin<'_>, vulnerability: &Vulnerability, advisory: &Advisory) -> Cve {
    let description =
        vulnerability.notes.iter().find(|n| n.category == "description" || n.category == "general");
    Cve {
        id: advisory.covers.first().cloned().unwrap_or_default(),
        source: origin.feed.to_owned(),
        title: advisory.summary.clone(),
        description: cut(description.map_or("", |n| &n.text), DESCRIPTION),
        severities: advisory.severities.clone(),
        weaknesses: advisory.weaknesses.clone(),
        published: instant(&vulnerability.release_date),
        modified: advisory.modified,
        ..Cve::default()
    }
}

fn affected(products: &Products, vulnerability: &Vulnerability, unknown: &mut u64) -> Vec<Affected> {
    let mut remedies: HashMap<&str, (Remedy, &str)> = HashMap::new();
    for remediation in &vulnerability.remediations {
        let remedy = match (remediation.category.as_str(), remediation.details.as_str()) {
            (_, "Out of support scope") => Remedy::OutOfSupport,
            ("no_fix_planned", _) | (_, "Will not fix") => Remedy::WillNotFix,
            (_, "Fix deferred") => Remedy::Deferred,
            ("none_available", _) => Remedy::None,
            _ => continue,
        };
        for id in &remediation.product_ids {
            remedies.insert(id, (remedy, &remediation.details));
        }
    }
    let mut justified: HashMap<&str, &str> = HashMap::new();
    for flag in &vulnerability.flags {
        justified.extend(flag.product_ids.iter().map(|id| (id.as_str(), flag.label.as_str())));
    }
    let mut groups: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
    for (list, ids) in &vulnerability.product_status {
        let status = match list.as_str() {
            "fixed" | "first_fixed" | "recommended" | "known_affected" | "first_affected"
            | "last_affected" => Status::Affected,
            "known_not_affected" => Status::NotAffected,
            "under_investigation" => Status::UnderInvestigation,
            _ => continue,
        };
        let fixed = matches!(list.as_str(), "fixed" | "first_fixed" | "recommended");
        for id in ids {
            let Some(component) = products.component(id) else {
                *unknown += u64::from(!products.knows(id));
                continue;
            };
            let (mut component, architecture) = component;
            let (remedy, reason) = match (fixed, remedies.get(id.as_str())) {
                (false, Some((remedy, details))) => (*remedy, *details),
                (false, None) if status == Status::Affected => (Remedy::None, ""),
                _ => (Remedy::Update, justified.get(id.as_str()).copied().unwrap_or_default()),
            };
            if !fixed {
                component.version.clear();
            }
            let key = Key { component, status, remedy, reason: cut(reason, 100) };
            groups.entry(key).or_default().extend(architecture);
        }
    }
    groups.into_iter().map(|(key, architectures)| one(key, architectures)).collect()
}

fn one(key: Key, architectures: BTreeSet<String>) -> Affected {
    let Component { ecosystem, name, version, module, source } = key.component;
    let ranges = match (key.status, version.as_str()) {
        (Status::Affected, "") => vec![Range::all()],
        (Status::Affected, version) => vec![Range::before_fix(version)],
        _ => Vec::new(),
    };
    Affected {
        ecosystem,
        package: name,
        named: if source { Named::Source } else { Named::Binary },
        status: key.status,
        ranges,
        remedy: key.remedy,
        reason: key.reason,
        architectures: architectures.into_iter().collect(),
        module: (!module.is_empty()).then_some(module),
        ..Affected::default()
    }
}
