//! What answers and inventories mean for a remediation. Pure: it reads a [`Driven`] and says what to write and order.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet};

use palisade_advisory::Ecosystem;
use palisade_state::OrderState;
use palisade_state::remediations::{Driven, DrivenDevice, DrivenOrder, Outcome, RemediationState, Standing};
use palisade_types::{DeviceId, TimeMicros};
use palisade_vuln::remediation::{Act, Next, Place, Step, Stop, Wait, below, next};
use serde_json::Value;

use crate::routes::Run;

/// Failures that say nothing of the update: the device is asked again.
const PASSING: [&str; 5] =
    ["remediation_locked", "remediation_busy", "remediation_queued", "order_expired", "interrupted"];
/// A device that fetched the order of an update and says nothing for so long is taken for failed, microseconds.
const ANSWER_WITHIN: i64 = 3 * 3_600 * 1_000_000;
/// The largest proof that is kept of a device, bytes.
const MAX_PROOF: usize = 16 << 10;

/// What a device is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Say what an update would do.
    DryRun,
    /// Update.
    Apply,
    /// Go back.
    Rollback,
}

impl Phase {
    /// As the sensor reads it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::DryRun => "dry_run",
            Self::Apply => "apply",
            Self::Rollback => "rollback",
        }
    }
}

/// What to write, and what to order.
#[derive(Debug)]
pub(super) struct Advanced {
    /// Where the whole stands.
    pub standing: Standing,
    /// Devices whose row changes, and that get no order.
    pub concluded: Vec<Outcome>,
    /// Devices that get one, with their row as it is once it was given.
    pub orders: Vec<(Phase, Outcome)>,
}

/// Carries a remediation forward.
pub(super) fn advance(driven: &Driven, now: TimeMicros) -> Advanced {
    let unfixed = unfixed(driven);
    let mut rows: Vec<Row> = driven.devices.iter().map(|d| concluded(d, &unfixed, now)).collect();
    let mut orders = Vec::new();
    for row in &mut rows {
        if row.step == Step::RollingBack && row.outcome.order.is_none() {
            orders.push((Phase::Rollback, row.outcome.device));
        }
    }
    let standing = match driven.state {
        RemediationState::Running => running(driven, &mut rows, &mut orders, now),
        _ => resting(driven, &rows),
    };
    let mut rows: HashMap<DeviceId, Row> = rows.into_iter().map(|r| (r.outcome.device, r)).collect();
    let orders = orders
        .into_iter()
        .filter_map(|(phase, device)| rows.remove(&device).map(|row| (phase, row.outcome)))
        .collect();
    let mut concluded: Vec<Outcome> =
        rows.into_values().filter(|row| row.changed).map(|row| row.outcome).collect();
    concluded.sort_by_key(|o| o.device);
    Advanced { standing, concluded, orders }
}

/// A device's row as it is to be written.
struct Row {
    step: Step,
    active: bool,
    takes_orders: bool,
    changed: bool,
    outcome: Outcome,
}

impl Row {
    fn turn(&mut self, step: Step, now: TimeMicros) {
        self.changed |= self.step != step;
        self.step = step;
        self.outcome.step = step.as_str();
        self.outcome.since = now;
    }

    fn place(&self) -> Place {
        Place {
            device: self.outcome.device,
            step: self.step,
            since: self.outcome.since,
            missed: self.outcome.missed,
            canary: self.outcome.canary,
        }
    }
}

/// Devices whose inventory does not show the fix, or of which nothing is known.
fn unfixed(driven: &Driven) -> HashSet<DeviceId> {
    let held = &driven.held;
    // A kernel counts where it runs, and an old one stays installed beside the new one.
    let by_version = driven.kind == "update" && driven.product != "linux";
    let ecosystem = Ecosystem::parse(&driven.ecosystem);
    let (with_it, low): (BTreeSet<DeviceId>, BTreeSet<DeviceId>) = if by_version {
        let with_it = held.versions.iter().flat_map(|(_, devices)| devices.iter().copied()).collect();
        (with_it, below(&ecosystem, &driven.target, &held.versions))
    } else {
        Default::default()
    };
    let is_unfixed = |device: &DeviceId| {
        let unknown = !held.taken_at.contains_key(device);
        // Where no version is known under this name, what is recommended now tells.
        unknown || if with_it.contains(device) { low.contains(device) } else { held.exposed.contains(device) }
    };
    driven.devices.iter().map(|d| d.device).filter(is_unfixed).collect()
}

fn concluded(d: &DrivenDevice, unfixed: &HashSet<DeviceId>, now: TimeMicros) -> Row {
    let step = Step::of(&d.step).unwrap_or_default();
    let mut row = Row {
        step,
        active: d.active,
        takes_orders: d.takes_orders,
        changed: false,
        outcome: Outcome {
            device: d.device,
            was: d.step.clone(),
            step: step.as_str(),
            since: d.since,
            missed: d.missed,
            canary: d.canary,
            order: d.order.as_ref().map(|o| o.id),
            code: d.code.clone(),
            message: d.message.clone(),
            proof: None,
            versions: d.versions.clone(),
            fixed_at: d.fixed_at,
        },
    };
    if !d.active {
        if step != Step::Gone {
            row.turn(Step::Gone, now);
        }
        return row;
    }
    if step == Step::Gone {
        row.turn(Step::Waiting, now);
    } else if step.is_ordered() {
        answered(&mut row, d.order.as_ref(), now);
    }
    shown(&mut row, unfixed.contains(&d.device), now);
    row
}

/// Takes over code and words of an answer.
fn take_words(outcome: &mut Outcome, order: &DrivenOrder) {
    let text = |key: &str| {
        let found = order.receipt.as_ref().and_then(|r| r[key].as_str());
        found.unwrap_or_default().chars().take(1_000).collect::<String>()
    };
    outcome.code = text("code");
    outcome.message = text("message");
}

fn answered(row: &mut Row, order: Option<&DrivenOrder>, now: TimeMicros) {
    let Some(order) = order else {
        // It was to get one and did not.
        if row.step != Step::RollingBack {
            row.turn(Step::Waiting, now);
        }
        return;
    };
    let missed = |row: &mut Row| {
        row.outcome.missed = row.outcome.missed.saturating_add(1);
        row.outcome.order = None;
        row.changed = true;
        if row.step == Step::RollingBack {
            row.outcome.since = now;
        } else {
            row.turn(Step::Waiting, now);
        }
    };
    match order.state {
        OrderState::Queued | OrderState::Delivered => {}
        // What changes packages is never cut off, so its answer may come long after the order's end.
        OrderState::Expired if order.delivered && row.step != Step::Checking => {
            if now.0 - row.outcome.since.0 < ANSWER_WITHIN {
                return;
            }
            row.turn(Step::Failed, now);
            row.outcome.code = "no_answer".into();
            row.outcome.message = "the device fetched the order and never answered".into();
        }
        OrderState::Expired => missed(row),
        OrderState::Succeeded | OrderState::Failed => {
            take_words(&mut row.outcome, order);
            let proof = order.receipt.as_ref().map(|r| &r["proof"]).filter(|p| p.is_object());
            row.outcome.proof = proof.map(bounded);
            if order.state == OrderState::Failed && PASSING.contains(&row.outcome.code.as_str()) {
                missed(row);
                return;
            }
            row.outcome.missed = 0;
            if row.step == Step::Applying {
                row.outcome.versions = proof.and_then(replaced);
            }
            let good = order.state == OrderState::Succeeded;
            let idle = row.outcome.code == "remediation_nothing_to_do";
            row.turn(
                match (row.step, good) {
                    // It says that it has the fix: its inventory has the last word.
                    (Step::Checking | Step::Applying, true) if idle => Step::Applied,
                    (Step::Checking, true) => Step::Checked,
                    (Step::Checking, false) => Step::Refused,
                    (Step::Applying, true) => Step::Applied,
                    (Step::RollingBack, true) => Step::RolledBack,
                    _ => Step::Failed,
                },
                now,
            );
        }
    }
}

/// A proof as it is kept: without its long output where it is too large.
fn bounded(proof: &Value) -> Value {
    if proof.to_string().len() <= MAX_PROOF {
        return proof.clone();
    }
    let mut short = proof.clone();
    if let Some(short) = short.as_object_mut() {
        for long in ["output", "would_change", "commands"] {
            short.remove(long);
        }
        short.insert("shortened".into(), true.into());
    }
    if short.to_string().len() > MAX_PROOF { serde_json::json!({ "shortened": true }) } else { short }
}

/// The versions that an update replaced, where it replaced some and the device can go back.
fn replaced(proof: &Value) -> Option<Value> {
    let changed = proof["changed"].as_array().is_some_and(|c| !c.is_empty());
    let possible = proof["rollback"]["possible"].as_bool().unwrap_or(false);
    (changed && possible && proof["before"].is_array()).then(|| proof["before"].clone())
}

/// Takes into account what the inventory shows.
fn shown(row: &mut Row, unfixed: bool, now: TimeMicros) {
    let fixed_at = if unfixed { None } else { row.outcome.fixed_at.or(Some(now)) };
    row.changed |= fixed_at != row.outcome.fixed_at;
    row.outcome.fixed_at = fixed_at;
    match row.step {
        Step::Waiting | Step::Checked | Step::Refused | Step::Applied if !unfixed => {
            row.turn(Step::Verified, now);
        }
        // Somebody took it back.
        Step::Verified if unfixed => row.turn(Step::Waiting, now),
        _ => {}
    }
}

fn running(
    driven: &Driven,
    rows: &mut [Row],
    orders: &mut Vec<(Phase, DeviceId)>,
    now: TimeMicros,
) -> Standing {
    let Some(run) = driven.run.as_ref().and_then(Run::read) else {
        return standing(RemediationState::Stopped, "run_unreadable", "how to carry it out cannot be read");
    };
    let places: Vec<Place> = rows.iter().filter(|r| r.takes_orders).map(Row::place).collect();
    let (acts, wait) = match next(&run.plan, &places, now) {
        Next::Done if run.plan.dry_run_only => return standing(RemediationState::Checked, "", ""),
        Next::Done => return done(rows),
        Next::Stop(stop) => return stopped(stop, rows),
        Next::Go(acts, wait) => (acts, wait),
    };
    for act in acts {
        let (phase, device, step) = match act {
            Act::Check(device) => (Phase::DryRun, device, Step::Checking),
            Act::Apply { device, .. } => (Phase::Apply, device, Step::Applying),
        };
        let Some(row) = rows.iter_mut().find(|r| r.outcome.device == device) else { continue };
        row.turn(step, now);
        row.outcome.canary |= matches!(act, Act::Apply { canary: true, .. });
        orders.push((phase, device));
    }
    let (code, words) = match wait {
        None => ("", String::new()),
        Some(Wait::Devices) => {
            ("waiting_for_devices", "devices are at work, or their inventory is awaited".into())
        }
        Some(Wait::Canary(until)) => {
            ("canary_stands", format!("the first device has to stand until {until}"))
        }
        Some(Wait::Window(Some(at))) => ("window_closed", format!("updates begin again at {at}")),
        Some(Wait::Window(None)) => ("window_closed", "its window never opens".into()),
        Some(Wait::Unreachable(at)) => (
            "devices_unreachable",
            format!("devices did not fetch their orders; they are asked again at {at}"),
        ),
    };
    standing(RemediationState::Running, code, &words)
}

fn done(rows: &[Row]) -> Standing {
    if rows.iter().any(|r| r.step == Step::RolledBack) {
        let words = "devices went back to the version that they had";
        return standing(RemediationState::Stopped, "rolled_back", words);
    }
    if rows.iter().any(|r| r.active && r.outcome.fixed_at.is_none()) {
        let words = "what is left are machines without a sensor, which people see to";
        return standing(RemediationState::Paused, "machines_without_sensor", words);
    }
    standing(RemediationState::Completed, "", "")
}

fn stopped(stop: Stop, rows: &[Row]) -> Standing {
    let (device, code) = match stop {
        Stop::Failed(device) => (device, "update_failed"),
        Stop::Refused(device) => (device, "update_refused"),
        Stop::NotVerified(device) => (device, "update_not_shown"),
    };
    let outcome = rows.iter().map(|r| &r.outcome).find(|o| o.device == device);
    let said = outcome.map(|o| format!("{}: {}", o.code, o.message)).unwrap_or_default();
    let words = match stop {
        Stop::Failed(_) => format!("the update failed on {device}: {said}"),
        Stop::Refused(_) => format!("it would not work on {device}: {said}"),
        Stop::NotVerified(_) => {
            format!("{device} says that it is updated, and its inventory does not show it")
        }
    };
    standing(RemediationState::Stopped, code, &words)
}

/// Nobody carries it out now: what inventories show may still end it.
fn resting(driven: &Driven, rows: &[Row]) -> Standing {
    let busy = rows.iter().any(|r| r.step.is_ordered());
    let open = rows.iter().any(|r| r.active && r.outcome.fixed_at.is_none());
    let back = rows.iter().any(|r| r.step == Step::RolledBack);
    if !busy && !open && !back {
        return standing(RemediationState::Completed, "", "");
    }
    if driven.reason_code == "rolling_back" && !rows.iter().any(|r| r.step == Step::RollingBack) {
        return standing(driven.state, "rolled_back", "devices went back as far as they could");
    }
    standing(driven.state, &driven.reason_code, &driven.reason)
}

fn standing(state: RemediationState, code: &str, words: &str) -> Standing {
    Standing { state, reason_code: code.to_owned(), reason: words.to_owned() }
}
