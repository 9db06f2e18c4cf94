//! CVE records, version 5: the assigner's container, and those that CISA and others add.

use serde::Deserialize;
use serde_json::Value;

use super::common::{DESCRIPTION, SUMMARY, cut, instant, is_cve, push_vector, unique};
use super::stream::{lenient, whole};
use super::{Fault, FaultCode, Origin, Sink};
use crate::model::{Automatable, Cve, Exploitation, Kev, Record, Ssvc, TechnicalImpact};

/// Longest name of a weakness, characters.
const WEAKNESS_NAME: usize = 200;

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "cveMetadata")]
    metadata: Metadata,
    #[serde(default)]
    containers: Containers,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    cve_id: String,
    #[serde(default, deserialize_with = "lenient")]
    state: String,
    #[serde(default, deserialize_with = "lenient")]
    date_published: String,
    #[serde(default, deserialize_with = "lenient")]
    date_updated: String,
}

#[derive(Default, Deserialize)]
struct Containers {
    #[serde(default, deserialize_with = "lenient")]
    cna: Container,
    #[serde(default, deserialize_with = "lenient")]
    adp: Vec<Container>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    #[serde(default, deserialize_with = "lenient")]
    title: String,
    #[serde(default)]
    provider_metadata: Value,
    #[serde(default, deserialize_with = "lenient")]
    descriptions: Vec<Text>,
    #[serde(default, deserialize_with = "lenient")]
    metrics: Vec<Value>,
    #[serde(default, deserialize_with = "lenient")]
    problem_types: Vec<Problem>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default, deserialize_with = "lenient")]
    descriptions: Vec<Value>,
}

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    let document: Document = whole(origin, bytes)?;
    let Metadata { cve_id, state, date_published, date_updated } = document.metadata;
    if !is_cve(&cve_id) {
        return Err(origin.fault(&cve_id, FaultCode::BadRecord, "its id is no CVE's"));
    }
    let Containers { cna, adp } = document.containers;
    let description = cna.descriptions.iter().find(|d| d.lang.starts_with("en")).or(cna.descriptions.first());
    let description = cut(description.map_or("", |d| &d.value), DESCRIPTION);
    let mut cve = Cve {
        id: cve_id,
        source: origin.feed.to_owned(),
        rejected: state == "REJECTED",
        title: cut(if cna.title.is_empty() { &description } else { &cna.title }, SUMMARY),
        description,
        published: instant(&date_published),
        modified: instant(&date_updated),
        ..Cve::default()
    };
    container(&mut cve, "cna", &cna);
    for other in &adp {
        let by = other.provider_metadata["shortName"].as_str().unwrap_or("adp").to_ascii_lowercase();
        container(&mut cve, if by == "cisa-adp" { "cisa" } else { &by }, other);
    }
    cve.weaknesses = unique(std::mem::take(&mut cve.weaknesses));
    sink.record(Record::Cve(cve));
    Ok(())
}

fn container(cve: &mut Cve, by: &str, from: &Container) {
    for metric in &from.metrics {
        for key in ["cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0"] {
            push_vector(&mut cve.severities, by, metric[key]["vectorString"].as_str().unwrap_or_default());
        }
        let content = &metric["other"]["content"];
        match metric["other"]["type"].as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("ssvc") => cve.ssvc = Some(ssvc(content)),
            Some("kev") => {
                let added = content["dateAdded"].as_str().and_then(instant);
                cve.kev = Some(Kev { added, ..Kev::default() });
            }
            _ => {}
        }
    }
    for description in from.problem_types.iter().flat_map(|p| &p.descriptions) {
        let text = description["cweId"].as_str().or(description["description"].as_str()).unwrap_or_default();
        let id: String = text.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        if id.starts_with("CWE-") {
            // `CWE-79 Cross-site Scripting` beside the id, or `CWE-79: …`, or the id again.
            let said = description["description"].as_str().unwrap_or_default().trim();
            let name = match said.get(..id.len()) {
                Some(begin) if begin.eq_ignore_ascii_case(&id) => {
                    said[id.len()..].trim_start_matches([' ', ':', '-'])
                }
                _ => said,
            };
            if !name.is_empty() && name != "n/a" {
                cve.weakness_names.entry(id.clone()).or_insert_with(|| cut(name, WEAKNESS_NAME));
            }
            cve.weaknesses.push(id);
        }
    }
}

/// Options are lists of single pairs; values are written in any case.
fn ssvc(content: &Value) -> Ssvc {
    let mut out = Ssvc::default();
    for option in content["options"].as_array().into_iter().flatten().filter_map(Value::as_object) {
        for (key, value) in option {
            let value = value.as_str().unwrap_or_default().to_ascii_lowercase();
            match (key.to_ascii_lowercase().as_str(), value.as_str()) {
                ("exploitation", "none") => out.exploitation = Some(Exploitation::None),
                ("exploitation", "poc" | "public poc") => out.exploitation = Some(Exploitation::Poc),
                ("exploitation", "active") => out.exploitation = Some(Exploitation::Active),
                ("automatable", "no") => out.automatable = Some(Automatable::No),
                ("automatable", "yes") => out.automatable = Some(Automatable::Yes),
                ("technical impact", "partial") => out.impact = Some(TechnicalImpact::Partial),
                ("technical impact", "total") => out.impact = Some(TechnicalImpact::Total),
                _ => {}
            }
        }
    }
    out
}
