//! Debian's security tracker as JSON: packages, their vulnerabilities, and each release's state.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use super::common::{SUMMARY, cut, is_cve};
use super::stream::{elements, lenient};
use super::{Fault, FaultCode, Origin, Sink};
use crate::ecosystem::{Ecosystem, release_of_codename};
use crate::model::{Advisory, Affected, Named, Range, Record, Remedy, Status};

#[derive(Deserialize)]
struct Issue {
    #[serde(default, deserialize_with = "lenient")]
    description: String,
    #[serde(default, deserialize_with = "lenient")]
    releases: BTreeMap<String, Release>,
}

#[derive(Deserialize)]
struct Release {
    status: String,
    #[serde(default, deserialize_with = "lenient")]
    fixed_version: String,
    #[serde(default, deserialize_with = "lenient")]
    urgency: String,
    #[serde(default, deserialize_with = "lenient")]
    nodsa: String,
    nodsa_reason: Option<String>,
}

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    elements(origin, bytes, &[], &[], &mut |package, value| {
        let Value::Object(issues) = value else {
            sink.fault(origin.fault(package, FaultCode::BadRecord, "a package is no object"));
            return;
        };
        for (id, issue) in issues {
            match serde_json::from_value::<Issue>(issue) {
                Ok(issue) => sink.record(Record::Advisory(advisory(origin, package, id, issue))),
                Err(e) => {
                    sink.fault(origin.fault(&format!("{package} {id}"), FaultCode::BadRecord, e));
                }
            }
        }
    })?;
    Ok(())
}

fn advisory(origin: Origin<'_>, package: &str, id: String, issue: Issue) -> Advisory {
    Advisory {
        covers: vec![id.clone()],
        aliases: Vec::new(),
        summary: cut(&issue.description, SUMMARY),
        source: origin.feed.to_owned(),
        affected: issue
            .releases
            .into_iter()
            .map(|(name, release)| affected(package, &name, release))
            .collect(),
        references: if is_cve(&id) {
            vec![format!("https://security-tracker.debian.org/tracker/{id}")]
        } else {
            Vec::new()
        },
        id,
        ..Advisory::default()
    }
}

fn affected(package: &str, codename: &str, release: Release) -> Affected {
    let number = release_of_codename("debian", codename).unwrap_or(codename);
    let mut out = Affected {
        ecosystem: Ecosystem::new("debian", number, ""),
        package: package.to_owned(),
        named: Named::Source,
        reason: cut(&release.nodsa, 200),
        urgency: Some(release.urgency).filter(|u| !u.is_empty() && u != "not yet assigned"),
        ..Affected::default()
    };
    match (release.status.as_str(), release.fixed_version.as_str()) {
        // No version of the release ever was affected.
        ("resolved", "0") => out.status = Status::NotAffected,
        ("resolved", "") => out.status = Status::Undetermined,
        ("resolved", fixed) => out.ranges = vec![Range::before_fix(fixed)],
        ("undetermined", _) => out.status = Status::Undetermined,
        _ => {
            out.ranges = vec![Range::all()];
            out.remedy = match (release.nodsa_reason.as_deref(), out.urgency.as_deref()) {
                (_, Some("end-of-life")) => Remedy::OutOfSupport,
                (Some("ignored"), _) => Remedy::WillNotFix,
                (Some(_), _) => Remedy::Deferred,
                (None, _) => Remedy::None,
            };
        }
    }
    out
}
