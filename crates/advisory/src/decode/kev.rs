//! CISA's catalogue of known exploited vulnerabilities.

use serde::Deserialize;

use super::common::{DESCRIPTION, SUMMARY, cut, instant, is_cve, unique};
use super::stream::{elements, lenient};
use super::{Fault, FaultCode, Origin, Sink};
use crate::model::{Cve, Kev, Record};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "cveID")]
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    vulnerability_name: String,
    #[serde(default, deserialize_with = "lenient")]
    short_description: String,
    #[serde(default, deserialize_with = "lenient")]
    date_added: String,
    #[serde(default, deserialize_with = "lenient")]
    due_date: String,
    #[serde(default, deserialize_with = "lenient")]
    required_action: String,
    #[serde(default, deserialize_with = "lenient")]
    known_ransomware_campaign_use: String,
    #[serde(default, deserialize_with = "lenient")]
    cwes: Vec<String>,
}

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    elements(origin, bytes, &["vulnerabilities"], &[], &mut |number, value| match serde_json::from_value::<
        Entry,
    >(value)
    {
        Ok(entry) if is_cve(&entry.id) => sink.record(Record::Cve(of(origin, entry))),
        Ok(entry) => sink.fault(origin.fault(&entry.id, FaultCode::BadRecord, "its id is no CVE's")),
        Err(e) => sink.fault(origin.fault(number, FaultCode::BadRecord, e)),
    })?;
    Ok(())
}

fn of(origin: Origin<'_>, entry: Entry) -> Cve {
    Cve {
        source: origin.feed.to_owned(),
        title: cut(&entry.vulnerability_name, SUMMARY),
        description: cut(&entry.short_description, DESCRIPTION),
        weaknesses: unique(entry.cwes),
        kev: Some(Kev {
            added: instant(&entry.date_added),
            due: instant(&entry.due_date),
            ransomware: entry.known_ransomware_campaign_use == "Known",
            action: cut(&entry.required_action, SUMMARY),
        }),
        id: entry.id,
        ..Cve::default()
    }
}
