//! What would be done, before anything is.

use palisade_types::MachineId;
use serde::Serialize;

use super::{HostReport, Known, Mode, Policy, Verdict, WavePlan, preflight};
use crate::health::Cause;
use crate::machine::{Support, SupportMatrix};

/// What would be done on a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "plan")]
pub enum Planned {
    /// A sensor would be installed.
    Install {
        /// Its version.
        version: String,
        /// How, where the machine was looked at already.
        mode: Option<Mode>,
        /// What is worth knowing.
        notices: Vec<Cause>,
    },
    /// The sensor that is there would be taken over.
    Adopt {
        /// Its version.
        version: String,
    },
    /// Its preflight would find this and stop.
    Stop {
        /// What.
        causes: Vec<Cause>,
    },
    /// No sensor belongs there, and why.
    Exclude {
        /// Why.
        cause: Cause,
    },
    /// It is switched off; it would be looked at when it runs.
    WhenItRuns,
    /// Its connector cannot run anything there: it enrols by the package or by its image.
    ByItself,
    /// Too little is known of its system; its preflight would tell.
    Look,
}

/// A machine in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedMachine {
    /// Which.
    pub machine: MachineId,
    /// In which wave, from 1; `None` where nothing would be installed.
    pub wave: Option<usize>,
    /// What would be done.
    #[serde(flatten)]
    pub planned: Planned,
    /// The same for people.
    pub words: String,
}

/// The plan for a connector or a subscription. Nothing was changed to make it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DryRun {
    /// Every machine, in the order in which they were given.
    pub machines: Vec<PlannedMachine>,
    /// How many would get a sensor.
    pub install: usize,
    /// How many sensors would be taken over.
    pub adopt: usize,
    /// How many are left out, or cannot be served yet.
    pub excluded: usize,
    /// Machines in each wave.
    pub waves: Vec<usize>,
}

/// Plans without doing. A machine that was looked at already is planned from its report.
pub fn dry_run<'a>(
    machines: impl IntoIterator<Item = (MachineId, Known<'a>, Option<&'a HostReport>)>,
    policy: &Policy,
    waves: &WavePlan,
) -> DryRun {
    let planned: Vec<(MachineId, Planned)> =
        machines.into_iter().map(|(id, known, report)| (id, plan(&known, report, policy))).collect();
    let installs = |p: &Planned| matches!(p, Planned::Install { .. } | Planned::Look);
    let assigned = waves.assign(planned.iter().filter(|(_, p)| installs(p)).map(|(id, _)| *id));
    let mut sizes = vec![0; waves.percent.len()];
    for wave in assigned.values() {
        sizes[*wave] += 1;
    }
    let machines: Vec<PlannedMachine> = planned
        .into_iter()
        .map(|(machine, planned)| {
            let wave = assigned.get(&machine).map(|w| w + 1);
            let words = words(&planned);
            PlannedMachine { machine, wave, planned, words }
        })
        .collect();
    let count = |f: fn(&Planned) -> bool| machines.iter().filter(|m| f(&m.planned)).count();
    DryRun {
        install: count(|p| matches!(p, Planned::Install { .. } | Planned::Look)),
        adopt: count(|p| matches!(p, Planned::Adopt { .. })),
        excluded: count(|p| !matches!(p, Planned::Install { .. } | Planned::Look | Planned::Adopt { .. })),
        waves: sizes,
        machines,
    }
}

fn plan(known: &Known<'_>, report: Option<&HostReport>, policy: &Policy) -> Planned {
    if let Some(cause) = super::applicability(known) {
        return Planned::Exclude { cause };
    }
    if let Some(device) = known.device {
        return Planned::Adopt { version: device.version.clone() };
    }
    if !known.power.can_run() {
        return Planned::WhenItRuns;
    }
    if !known.runs_commands {
        return Planned::ByItself;
    }
    let version = known.desired.version.clone();
    let Some(report) = report else {
        return match SupportMatrix::shipped().judge(known.os) {
            Support::Supported | Support::ByTrial => {
                Planned::Install { version, mode: None, notices: Vec::new() }
            }
            Support::Lacking(code) => {
                Planned::Stop { causes: vec![super::preflight::unsupported(code, known.os)] }
            }
            Support::Unknown | Support::NotApplicable(_) => Planned::Look,
        };
    };
    let seen = preflight(report, &policy.requirements, known.desired.other_products, known.tenant);
    match seen.verdict {
        Verdict::Ready { mode, notices } => Planned::Install { version, mode: Some(mode), notices },
        Verdict::Adopt => Planned::Adopt { version },
        Verdict::NotApplicable(cause) => Planned::Exclude { cause },
        Verdict::Failed(causes) => Planned::Stop { causes },
    }
}

fn words(planned: &Planned) -> String {
    let all = |causes: &[Cause]| causes.iter().map(Cause::message).collect::<Vec<_>>().join(" ");
    match planned {
        Planned::Install { version, mode: Some(Mode::Observing), notices } => {
            format!("would get sensor {version}, observing only. {}", all(notices))
        }
        Planned::Install { version, .. } => format!("would get sensor {version}"),
        Planned::Adopt { .. } => "its sensor would be taken over".into(),
        Planned::Stop { causes } => format!("would not get a sensor yet. {}", all(causes)),
        Planned::Exclude { cause } => format!("left out. {}", cause.message()),
        Planned::WhenItRuns => "is switched off; would be looked at when it runs".into(),
        Planned::ByItself => "enrols by itself; nothing can be run there".into(),
        Planned::Look => "would be looked at first: its system is not known".into(),
    }
}
