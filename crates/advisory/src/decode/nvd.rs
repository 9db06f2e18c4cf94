//! The NVD, version 2.0: pages of its API and its yearly files.

use serde::Deserialize;
use serde_json::Value;

use super::common::{DESCRIPTION, SUMMARY, cut, instant, is_cve, push_vector, unique};
use super::stream::{elements, lenient};
use super::{Fault, FaultCode, Origin, Sink};
use crate::model::{Cve, Exploit, Kev, Record};

#[derive(Deserialize)]
struct Entry {
    cve: Item,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    published: String,
    #[serde(default, deserialize_with = "lenient")]
    last_modified: String,
    #[serde(default, deserialize_with = "lenient")]
    vuln_status: String,
    #[serde(default, deserialize_with = "lenient")]
    descriptions: Vec<Text>,
    #[serde(default)]
    metrics: Value,
    #[serde(default, deserialize_with = "lenient")]
    weaknesses: Vec<Weakness>,
    #[serde(default, deserialize_with = "lenient")]
    references: Vec<Reference>,
    #[serde(default, deserialize_with = "lenient")]
    cisa_exploit_add: String,
    #[serde(default, deserialize_with = "lenient")]
    cisa_action_due: String,
    #[serde(default, deserialize_with = "lenient")]
    cisa_required_action: String,
}

#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Weakness {
    #[serde(default, deserialize_with = "lenient")]
    description: Vec<Text>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    url: String,
    #[serde(default, deserialize_with = "lenient")]
    tags: Vec<String>,
}

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    elements(origin, bytes, &["vulnerabilities"], &[], &mut |number, value| match serde_json::from_value::<
        Entry,
    >(value)
    {
        Ok(Entry { cve }) if is_cve(&cve.id) => sink.record(Record::Cve(of(origin, cve))),
        Ok(Entry { cve }) => sink.fault(origin.fault(&cve.id, FaultCode::BadRecord, "its id is no CVE's")),
        Err(e) => sink.fault(origin.fault(number, FaultCode::BadRecord, e)),
    })?;
    Ok(())
}

fn of(origin: Origin<'_>, item: Item) -> Cve {
    let description = item.descriptions.iter().find(|d| d.lang == "en").map_or("", |d| &d.value);
    let mut severities = Vec::new();
    for key in ["cvssMetricV40", "cvssMetricV31", "cvssMetricV30", "cvssMetricV2"] {
        for metric in item.metrics[key].as_array().into_iter().flatten() {
            let source = metric["source"].as_str().unwrap_or_default();
            let by = if metric["type"] == "Primary" || source == "nvd@nist.gov" { "nvd" } else { "cna" };
            push_vector(&mut severities, by, metric["cvssData"]["vectorString"].as_str().unwrap_or_default());
        }
    }
    let weaknesses = item.weaknesses.iter().flat_map(|w| &w.description).map(|d| d.value.clone());
    let exploits = item.references.iter().filter(|r| r.tags.iter().any(|t| t == "Exploit"));
    let exploits =
        exploits.map(|r| Exploit { by: "nvd".to_owned(), reference: cut(&r.url, 300), verified: false });
    let kev = (!item.cisa_exploit_add.is_empty()).then(|| Kev {
        added: instant(&item.cisa_exploit_add),
        due: instant(&item.cisa_action_due),
        ransomware: false,
        action: cut(&item.cisa_required_action, SUMMARY),
    });
    Cve {
        source: origin.feed.to_owned(),
        rejected: item.vuln_status.eq_ignore_ascii_case("rejected"),
        title: cut(description, SUMMARY),
        description: cut(description, DESCRIPTION),
        severities,
        weaknesses: unique(weaknesses.filter(|w| w.starts_with("CWE-")).collect()),
        exploits: exploits.take(16).collect(),
        kev,
        // The API writes instants without a zone; they are UTC.
        published: instant(&item.published),
        modified: instant(&item.last_modified),
        id: item.id,
        ..Cve::default()
    }
}
