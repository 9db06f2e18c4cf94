//! `DeviceTvmSecureConfiguration…`, `DeviceBaselineCompliance…`: what the caller's devices found by their baselines.

use std::collections::BTreeMap;

use async_trait::async_trait;
use palisade_baseline::{Category, Check, Evidence, Seen, State as CheckState, Told, builtin};
use palisade_explore::TextRows;
use palisade_state::vulnerabilities::baselines::{BaselineBatch, BaselineOn};
use palisade_state::{DeviceScope, State};
use palisade_types::{TenantId, TimeMicros};
use serde_json::{Value, json};

use super::tvm::Asked;
use super::tvm::cells::Cells;
use super::{CallersViews, unreadable};
use crate::baselines;
use crate::query::{QueryFailure, ViewRows, ViewScan};

/// Devices that are read at once: each has some tens of kilobytes.
const DEVICES: u32 = 32;

/// Which of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Assessment,
    Checks,
    Compliance,
    ComplianceChecks,
    Profiles,
}

impl Table {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "DeviceTvmSecureConfigurationAssessment" => Self::Assessment,
            "DeviceTvmSecureConfigurationAssessmentKB" => Self::Checks,
            "DeviceBaselineComplianceAssessment" => Self::Compliance,
            "DeviceBaselineComplianceAssessmentKB" => Self::ComplianceChecks,
            "DeviceBaselineComplianceProfiles" => Self::Profiles,
            _ => return None,
        })
    }
}

/// Rows of one of the tables.
pub(super) struct Configured {
    state: State,
    tenant: TenantId,
    devices: DeviceScope,
    now: TimeMicros,
    table: Table,
    asked: Asked,
    /// The last device; none before the first. The outer one is none when all were read.
    next: Option<Option<u32>>,
}

impl Configured {
    /// The table of that name, where it is one of these.
    pub fn open(views: &CallersViews, scan: &ViewScan) -> Result<Option<Self>, QueryFailure> {
        let Some(table) = Table::named(&scan.table) else { return Ok(None) };
        Ok(Some(Self {
            state: views.state.clone(),
            tenant: views.tenant,
            devices: views.devices.clone(),
            now: views.now,
            table,
            asked: Asked::new(scan)?,
            next: Some(None),
        }))
    }

    async fn of_devices(&mut self, after: Option<u32>) -> Result<TextRows, QueryFailure> {
        let only = self.asked.devices();
        let range = (after, DEVICES);
        let read = self.state.baseline_batch(self.tenant, &self.devices, only, range, self.now).await;
        let mut out = self.asked.rows();
        let Some(batch) = read.map_err(|e| unreadable(&e))? else { return Ok(out) };
        for on in &batch.devices {
            let runs: Vec<Told> =
                on.runs.values().filter_map(|body| serde_json::from_value(body.clone()).ok()).collect();
            match self.table {
                Table::Assessment => {
                    merged(&runs).into_iter().for_each(|(check, seen)| {
                        self.asked.push(&assessment(on, check, &seen), &mut out);
                    });
                }
                _ => self.compliance(&batch, on, &runs, &mut out),
            }
        }
        self.next = Some(Some(batch.last));
        Ok(out)
    }

    fn compliance(&self, batch: &BaselineBatch, on: &BaselineOn, runs: &[Told], out: &mut TextRows) {
        for run in runs {
            for (check, seen) in &run.checks {
                let excepted = batch.excepted(on, check);
                self.asked.push(&compliance(on, (&run.profile, check), seen, excepted), out);
            }
        }
    }

    async fn profiles(&self) -> Result<TextRows, QueryFailure> {
        let mut out = self.asked.rows();
        let all = baselines::all(&self.state, self.tenant).await.map_err(|e| unreadable(&e))?;
        let assigned = self.state.baseline_assignments(self.tenant).await.map_err(|e| unreadable(&e))?;
        let runs = self.state.baseline_runs(self.tenant, &self.devices).await.map_err(|e| unreadable(&e))?;
        for known in all {
            let name = &known.profile.name;
            let used = assigned.iter().any(|(p, _)| p == name) || runs.iter().any(|r| r.profile == *name);
            self.asked.push(&profile(&known, used), &mut out);
        }
        Ok(out)
    }
}

#[async_trait]
impl ViewRows for Configured {
    async fn batch(&mut self) -> Result<Option<TextRows>, QueryFailure> {
        while let Some(after) = self.next.take() {
            let rows = match self.table {
                Table::Assessment | Table::Compliance => self.of_devices(after).await?,
                Table::Profiles => self.profiles().await?,
                Table::Checks | Table::ComplianceChecks => {
                    let row = if self.table == Table::Checks { known } else { known_of_baselines };
                    let mut out = self.asked.rows();
                    builtin().checks.iter().for_each(|c| self.asked.push(&row(c), &mut out));
                    out
                }
            };
            if rows.rows > 0 {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }
}

/// A check's result over all baselines of a device.
struct Merged<'t> {
    seen: &'t Seen,
    taken: TimeMicros,
}

/// What counts of two results of one check: that it is not met, then that it is, then that it could not be told.
fn weight(state: CheckState) -> u8 {
    match state {
        CheckState::NotCompliant => 3,
        CheckState::Compliant => 2,
        CheckState::NotEvaluated => 1,
        CheckState::NotApplicable => 0,
    }
}

fn merged(runs: &[Told]) -> BTreeMap<&str, Merged<'_>> {
    let mut all: BTreeMap<&str, Merged<'_>> = BTreeMap::new();
    for run in runs {
        for (check, seen) in &run.checks {
            let new = || Merged { seen, taken: run.taken_us };
            all.entry(check)
                .and_modify(|known| {
                    if weight(seen.state) > weight(known.seen.state) {
                        *known = new();
                    }
                })
                .or_insert_with(new);
        }
    }
    all
}

fn met(state: CheckState) -> Option<bool> {
    match state {
        CheckState::Compliant => Some(true),
        CheckState::NotCompliant => Some(false),
        CheckState::NotApplicable | CheckState::NotEvaluated => None,
    }
}

fn applies(state: CheckState) -> Option<bool> {
    match state {
        CheckState::NotEvaluated => None,
        CheckState::NotApplicable => Some(false),
        CheckState::Compliant | CheckState::NotCompliant => Some(true),
    }
}

/// A category as these tables write it.
fn category(of: Category) -> &'static str {
    match of {
        Category::Application => "Application",
        Category::Os => "OS",
        Category::Network => "Network",
        Category::Accounts => "Accounts",
        Category::SecurityControls => "Security controls",
    }
}

fn places(evidence: &[Evidence]) -> Value {
    json!(evidence.iter().map(|e| json!({"Path": e.path, "Line": e.line})).collect::<Vec<_>>())
}

fn about(cells: Cells, id: &str) -> Cells {
    let check = builtin().check(id);
    cells
        .text("ConfigurationId", id)
        .text("ConfigurationCategory", check.map_or("", |c| category(c.category())))
        .text("ConfigurationSubcategory", check.map_or("", Check::topic))
        .text("ConfigurationImpact", &check.map(|c| c.impact().to_string()).unwrap_or_default())
}

fn assessment(on: &BaselineOn, check: &str, merged: &Merged<'_>) -> Cells {
    let Merged { seen, taken } = merged;
    let context = json!({
        "Observed": seen.observed, "Expected": seen.expected, "Source": places(&seen.evidence),
        "Reason": seen.reason.map(palisade_baseline::Reason::as_str),
    });
    about(Cells::default(), check)
        .text("DeviceId", &on.id)
        .text("DeviceName", &on.name)
        .text("OSPlatform", &on.os_platform)
        .instant("Timestamp", Some(*taken))
        .truth("IsCompliant", met(seen.state))
        .truth("IsApplicable", applies(seen.state))
        .json("Context", &context)
}

fn compliance(on: &BaselineOn, (profile, check): (&str, &str), seen: &Seen, excepted: bool) -> Cells {
    let current = match seen.reason {
        Some(reason) => json!(reason.as_str()),
        None => json!(seen.observed),
    };
    Cells::default()
        .text("DeviceId", &on.id)
        .text("DeviceName", &on.name)
        .text("OSPlatform", &on.os_platform)
        .text("OSVersion", &on.os_version)
        .text("ConfigurationId", check)
        .text("ProfileId", profile)
        .truth("IsCompliant", met(seen.state))
        .truth("IsApplicable", applies(seen.state))
        .json("Source", &places(&seen.evidence))
        .json("RecommendedValue", &json!(seen.expected))
        .json("CurrentValue", &current)
        .truth("IsExempt", Some(excepted))
}

/// What a check looks at, with the defaults of its thresholds.
fn description(c: &Check) -> String {
    let thresholds: Vec<String> =
        c.params.iter().map(|(name, p)| format!("{name}: {} (default {})", p.what, p.default)).collect();
    match thresholds.as_slice() {
        [] => c.title.clone(),
        list => format!("{}. {}", c.title, list.join("; ")),
    }
}

fn known(c: &Check) -> Cells {
    let r = &c.refs;
    about(Cells::default(), &c.id)
        .text("ConfigurationName", &c.title)
        .text("ConfigurationDescription", &description(c))
        .text("RiskDescription", &c.why)
        .json("ConfigurationBenchmarks", &json!({"CIS": r.cis, "STIG": r.stig, "CCE": r.cce, "NIST": r.nist}))
        .json("Tags", &json!(r.attack))
        .text("RemediationOptions", &c.fix)
}

fn known_of_baselines(c: &Check) -> Cells {
    let r = &c.refs;
    let levels: Vec<u8> = (c.level..=2).collect();
    let defaults: BTreeMap<&String, String> =
        c.params.iter().map(|(n, p)| (n, p.default.to_string())).collect();
    let cells = Cells::default()
        .text("ConfigurationId", &c.id)
        .text("ConfigurationName", &c.title)
        .text("ConfigurationDescription", &description(c))
        .text("ConfigurationRationale", &c.why)
        .text("ConfigurationCategory", category(c.category()))
        .json("BenchmarkProfileLevels", &json!(levels))
        .text("CCEReference", r.cce.first().map_or("", String::as_str))
        .text("RemediationOptions", &c.fix)
        .text("ConfigurationBenchmark", r.cis.first().or(r.stig.first()).map_or("", String::as_str));
    if defaults.is_empty() { cells } else { cells.json("RecommendedValue", &json!(defaults)) }
}

fn profile(known: &baselines::Known, used: bool) -> Cells {
    let p = &known.profile;
    let cells = Cells::default()
        .text("ProfileId", &p.name)
        .text("ProfileName", &p.title)
        .text("ProfileDescription", &p.description)
        .text("BaseBenchmark", p.extends.as_deref().unwrap_or_default())
        .text("BenchmarkProfileLevel", &p.level.map(|l| l.to_string()).unwrap_or_default())
        .truth("Status", Some(used));
    match &known.kept {
        None => cells,
        Some(kept) => cells
            .text("BenchmarkVersion", &kept.revision.to_string())
            .text("CreatedBy", &kept.created_by)
            .instant("CreatedOn", Some(kept.created_at))
            .text("LastUpdatedBy", &kept.updated_by)
            .instant("LastUpdatedOn", Some(kept.updated_at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_baselines_the_one_that_is_not_met_counts() {
        let seen = |state| Seen {
            state,
            reason: None,
            observed: String::new(),
            expected: String::new(),
            evidence: Vec::new(),
        };
        let run = |states: &[(&str, CheckState)]| Told {
            checks: states.iter().map(|(id, state)| ((*id).to_owned(), seen(*state))).collect(),
            ..Told::default()
        };
        let runs = [
            run(&[("a", CheckState::Compliant), ("b", CheckState::NotApplicable)]),
            run(&[
                ("a", CheckState::NotCompliant),
                ("b", CheckState::NotEvaluated),
                ("c", CheckState::Compliant),
            ]),
        ];
        let all = merged(&runs);
        let state = |id: &str| all[id].seen.state;
        assert_eq!(state("a"), CheckState::NotCompliant);
        assert_eq!((state("b"), state("c")), (CheckState::NotEvaluated, CheckState::Compliant));
        assert_eq!((met(state("b")), applies(state("b"))), (None, None));
    }

    #[test]
    fn every_cell_is_a_column_of_its_table() {
        let check = builtin().check("ssh.max_auth_tries").expect("a check");
        let on = |name: &str, cells: Cells| {
            let table = palisade_schema::table(name).expect("declared");
            let filled = table.columns.iter().filter(|c| !cells.get(&c.name).is_empty()).count();
            assert!(filled >= 5, "{name}: {filled}");
        };
        on("DeviceTvmSecureConfigurationAssessmentKB", known(check));
        on("DeviceBaselineComplianceAssessmentKB", known_of_baselines(check));
    }
}
