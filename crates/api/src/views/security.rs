//! `securityresources`: health as assessments, and plans as pricings.

use async_trait::async_trait;
use palisade_estate::health::{Code, Kind};
use palisade_estate::plan::{PlanRecord, ServersPlan, Standing};
use palisade_explore::TextRows;
use palisade_state::estate::{FindingRow, MachineEntry, Subscription};
use palisade_types::TimeMicros;
use serde_json::{Value, json};

use super::CallersViews;
use super::resource::{Asked, Resource};
use super::resources::{Known, Pages, machine_id, source, subscriptions};
use crate::query::{QueryFailure, ViewRows, ViewScan};

/// Something that is assessed of every machine.
struct Assessment {
    name: &'static str,
    /// Findings of this kind speak against it.
    kind: Kind,
    title: &'static str,
    description: &'static str,
    remediation: &'static str,
    severity: &'static str,
}

const ASSESSMENTS: [Assessment; 2] = [
    Assessment {
        name: "sensor-installed",
        kind: Kind::Installation,
        title: "The sensor should be installed on machines",
        description: "Nothing stands in the way of the sensor: it was put on the machine, or it can be.",
        remediation: "Do what the subassessments of the machine say, or use Fix on its page.",
        severity: "High",
    },
    Assessment {
        name: "sensor-reporting",
        kind: Kind::Heartbeat,
        title: "The sensor should report all that it is there for",
        description: "The machine's sensor sends heartbeats and events, and each of its parts works.",
        remediation: "Do what the subassessments of the machine say.",
        severity: "Medium",
    },
];

const ASSESSED: &str = "microsoft.security/assessments";
const SUBASSESSED: &str = "microsoft.security/assessments/subassessments";

/// Rows of `securityresources`: of machines first, then of subscriptions.
pub(super) struct Assessed {
    asked: Asked,
    pages: Pages,
    whole: bool,
    now: TimeMicros,
    ended: bool,
}

impl Assessed {
    pub fn new(views: &CallersViews, scan: &ViewScan) -> Result<Self, QueryFailure> {
        Ok(Self {
            asked: Asked::new(views.tenant, scan)?,
            pages: Pages::new(views),
            whole: views.whole,
            now: views.now,
            ended: false,
        })
    }
}

#[async_trait]
impl ViewRows for Assessed {
    async fn batch(&mut self) -> Result<Option<TextRows>, QueryFailure> {
        let mut out = self.asked.rows();
        while let Some(page) = self.pages.next().await? {
            for (entry, findings) in &page {
                assess(&self.asked, entry, findings, &mut out);
            }
            if out.rows > 0 {
                return Ok(Some(out));
            }
        }
        if self.whole && !std::mem::replace(&mut self.ended, true) {
            let Pages { state, tenant, devices, .. } = &self.pages;
            for s in subscriptions(state, *tenant, devices, true).await? {
                for plan in pricings(&s, self.now) {
                    self.asked.push(&plan, &mut out);
                }
            }
        }
        Ok((out.rows > 0).then_some(out))
    }
}

/// The assessments of a machine. One that nobody has judged yet, and one of a sensor that is not there,
/// are not made up.
fn assess(asked: &Asked, entry: &MachineEntry, findings: &[FindingRow], out: &mut TextRows) {
    let machine = machine_id(entry);
    let details = json!({"Source": source(entry), "Id": machine});
    let unfit = findings.iter().find(|f| f.kind == Kind::NotApplicable.as_str());
    for a in &ASSESSMENTS {
        let own: Vec<&FindingRow> = findings.iter().filter(|f| f.kind == a.kind.as_str()).collect();
        let worst = own.iter().filter(|f| f.weight == "unhealthy").min_by_key(|f| f.since);
        let status = match (worst, unfit, entry.summary.status.as_str()) {
            (Some(f), _, _) => status("Unhealthy", Some(f)),
            (None, Some(f), _) => status("NotApplicable", Some(f)),
            (None, None, "pending") => continue,
            (None, None, _) if a.kind == Kind::Heartbeat && entry.summary.machine.device.is_none() => {
                continue;
            }
            (None, None, _) => status("Healthy", None),
        };
        let id = format!("{machine}/providers/{ASSESSED}/{}", a.name);
        let metadata = json!({
            "displayName": a.title, "description": a.description, "remediationDescription": a.remediation,
            "severity": a.severity, "assessmentType": "BuiltIn", "categories": ["Compute"],
        });
        let assessment = Resource {
            id: id.clone(),
            name: a.name,
            kind_of: ASSESSED,
            properties: Known::default()
                .with("displayName", a.title)
                .with("status", status)
                .with("resourceDetails", details.clone())
                .with("metadata", metadata)
                .into(),
            ..Resource::of(entry.summary.machine.subscription)
        };
        asked.push(&assessment, out);
        for f in own {
            asked.push(&subassessment(entry, &id, &details, f), out);
        }
    }
}

fn status(code: &str, by: Option<&FindingRow>) -> Known {
    let known = Known::default().with("code", code);
    match by {
        Some(f) => known
            .with("cause", f.code.as_str())
            .with("description", f.message.as_str())
            .with("statusChangeDate", f.since.to_string()),
        None => known,
    }
}

fn subassessment<'a>(entry: &MachineEntry, of: &str, details: &Value, f: &'a FindingRow) -> Resource<'a> {
    let known = f.code.parse::<Code>().ok().map(Code::entry);
    let severity = if f.weight == "unhealthy" { "High" } else { "Low" };
    let properties = Known::default()
        .with("id", f.code.as_str())
        .with("displayName", known.map_or(f.code.as_str(), |e| e.title.as_str()))
        .with("category", f.kind.as_str())
        .with("description", f.message.as_str())
        .with("remediation", known.map(|e| e.remediation.as_str()))
        .with("status", json!({"code": "Unhealthy", "severity": severity}))
        .with("timeGenerated", f.last_evaluated.to_string())
        .with("resourceDetails", details.clone())
        .with("additionalData", f.evidence.clone());
    Resource {
        id: format!("{of}/subassessments/{}", f.code),
        name: &f.code,
        kind_of: SUBASSESSED,
        properties: properties.into(),
        ..Resource::of(entry.summary.machine.subscription)
    }
}

fn pricings(s: &Subscription, now: TimeMicros) -> [Resource<'static>; 2] {
    let servers = if s.plans.step.is_some() { s.plans.servers } else { PlanRecord::default() };
    let step = match s.plans.step {
        Some(ServersPlan::P1) => "P1",
        Some(ServersPlan::P2) => "P2",
        None => "",
    };
    let step = if servers.standing(now).is_active() { step } else { "" };
    let on = if s.component_on { "True" } else { "False" };
    let parts = json!([{"name": "EndpointProtection", "isEnabled": on}]);
    let plan = |name, properties: Known| Resource {
        id: format!("/subscriptions/{}/providers/microsoft.security/pricings/{name}", s.id),
        name,
        kind_of: "microsoft.security/pricings",
        properties: properties.into(),
        ..Resource::of(s.id)
    };
    [
        plan("VirtualMachines", tier(&servers, now).with("subPlan", step).with("extensions", parts)),
        plan("CloudPosture", tier(&s.plans.posture, now)),
    ]
}

fn tier(plan: &PlanRecord, now: TimeMicros) -> Known {
    let standing = plan.standing(now);
    let seconds = match standing {
        Standing::Trial { ends } => ends.0.saturating_sub(now.0).max(0) / 1_000_000,
        _ => 0,
    };
    Known::default()
        .with("pricingTier", if standing.is_active() { "Standard" } else { "Free" })
        .with("freeTrialRemainingTime", format!("PT{seconds}S"))
}
