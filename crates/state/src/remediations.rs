//! Recommendations that somebody has taken on: who, until when, on which devices, and how far it is by the
//! devices' own inventories.

mod drive;
mod list;
mod make;

use std::fmt;
use std::str::FromStr;

use palisade_types::{DeviceId, OrderId, TimeMicros};
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::{Result, StateError, row};

pub use drive::{Driven, DrivenDevice, DrivenOrder, Held, OpenRemediation, Outcome, Standing};
pub use list::{RemediationDevice, RemediationQuery};
pub use make::{Decision, NewRemediation, RemediationChange};

/// Errors that only remediations have.
fn no_device() -> StateError {
    let text = "none of these devices needs it now";
    StateError::Rule { code: "remediation_no_device", message: text.into() }
}

/// Longest text of a person, characters.
pub(super) const MAX_NOTE: usize = 1_000;
/// Most devices of one remediation.
pub(super) const MOST_DEVICES: usize = 100_000;

/// Where a remediation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RemediationState {
    /// Taken on: people do it, or it waits for approval.
    Requested,
    /// Sensors carry it out.
    Running,
    /// The dry run is over; an approval of the update is awaited.
    Checked,
    /// Somebody halted it.
    Paused,
    /// It stopped itself at a failure.
    Stopped,
    /// The inventory shows it on every device.
    Completed,
    /// Somebody gave it up.
    Cancelled,
}

impl RemediationState {
    /// Every state with its name.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Requested, "requested"),
        (Self::Running, "running"),
        (Self::Checked, "checked"),
        (Self::Paused, "paused"),
        (Self::Stopped, "stopped"),
        (Self::Completed, "completed"),
        (Self::Cancelled, "cancelled"),
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("requested", |(_, name)| name)
    }

    /// Whether nothing more comes of it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }
}

impl fmt::Display for RemediationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RemediationState {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|(_, name)| *name == s).map(|(one, _)| *one);
        known.ok_or_else(|| StateError::InvalidArgument("unknown state of a remediation".into()))
    }
}

/// A remediation.
#[derive(Clone, Debug, PartialEq)]
pub struct Remediation {
    /// Identifier.
    pub id: Uuid,
    /// The recommendation that it carries out.
    pub recommendation: String,
    /// That one's kind.
    pub kind: String,
    /// What is to be done, in a line.
    pub title: String,
    /// What it is about.
    pub product: String,
    /// `debian:12`, `npm`.
    pub ecosystem: String,
    /// The version that fixes; empty where there is none.
    pub target: String,
    /// The worst severity that it takes away.
    pub severity: String,
    /// By how much the organisation's exposure was to fall; none for somebody who does not see every device.
    pub effect: Option<f64>,
    /// Who sees to it.
    pub owner: String,
    /// Until when.
    pub due_at: Option<TimeMicros>,
    /// `low`, `medium`, `high`.
    pub priority: String,
    /// What else was said.
    pub note: String,
    /// Where it stands.
    pub state: RemediationState,
    /// How the sensors carry it out; none where people do.
    pub run: Option<Value>,
    /// Why it stands still or stopped: a code.
    pub reason_code: String,
    /// The same in words.
    pub reason: String,
    /// Who took it on.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
    /// Who approved that sensors carry it out, and when.
    pub approved: Option<(String, TimeMicros)>,
    /// When the inventories showed it everywhere.
    pub completed_at: Option<TimeMicros>,
    /// When inventories were last compared with it.
    pub measured_at: Option<TimeMicros>,
    /// The caller's devices in it.
    pub devices: u64,
    /// Of these, those whose inventory shows the fix.
    pub fixed: u64,
    /// Of these, those that left service.
    pub gone: u64,
    /// Of these, those where it failed or would not work.
    pub failed: u64,
}

/// Columns of a remediation `r`, with counts over the devices `d` that are joined.
const COLUMNS: &str =
    "r.id, r.recommendation_id, r.kind, r.title, r.product, r.ecosystem, r.target, r.severity,
    r.effect, r.owner, r.due_at, r.priority, r.note, r.state, r.run, r.reason_code, r.reason, r.created_by,
    r.created_at, r.approved_by, r.approved_at, r.completed_at, r.measured_at,
    count(*) AS devices, count(d.fixed_at) AS fixed, count(*) FILTER (WHERE d.step = 'gone') AS gone,
    count(*) FILTER (WHERE d.step IN ('failed', 'refused')) AS failed";

fn remediation(r: &PgRow, whole: bool) -> Result<Remediation> {
    let count = |name: &str| -> Result<u64> { Ok(u64::try_from(r.try_get::<i64, _>(name)?).unwrap_or(0)) };
    let approved_by: Option<String> = r.try_get("approved_by")?;
    let effect: f64 = r.try_get("effect")?;
    Ok(Remediation {
        id: r.try_get("id")?,
        recommendation: r.try_get("recommendation_id")?,
        kind: r.try_get("kind")?,
        title: r.try_get("title")?,
        product: r.try_get("product")?,
        ecosystem: r.try_get("ecosystem")?,
        target: r.try_get("target")?,
        severity: r.try_get("severity")?,
        effect: whole.then_some(effect),
        owner: r.try_get("owner")?,
        due_at: row::time_opt(r, "due_at")?,
        priority: r.try_get("priority")?,
        note: r.try_get("note")?,
        state: row::parsed(r, "state")?,
        run: r.try_get("run")?,
        reason_code: r.try_get("reason_code")?,
        reason: r.try_get("reason")?,
        created_by: r.try_get("created_by")?,
        created_at: row::time(r, "created_at")?,
        approved: approved_by.zip(row::time_opt(r, "approved_at")?),
        completed_at: row::time_opt(r, "completed_at")?,
        measured_at: row::time_opt(r, "measured_at")?,
        devices: count("devices")?,
        fixed: count("fixed")?,
        gone: count("gone")?,
        failed: count("failed")?,
    })
}

/// A device's row, as it is read for people and for the driver.
struct DeviceRow {
    device: DeviceId,
    step: String,
    since: TimeMicros,
    missed: u32,
    canary: bool,
    order: Option<OrderId>,
    code: String,
    message: String,
    fixed_at: Option<TimeMicros>,
}

const DEVICE_COLUMNS: &str =
    "d.device_id, d.step, d.since, d.missed, d.canary, d.order_id, d.code, d.message, d.fixed_at";

fn device_row(r: &PgRow) -> Result<DeviceRow> {
    Ok(DeviceRow {
        device: row::device(r, "device_id")?,
        step: r.try_get("step")?,
        since: row::time(r, "since")?,
        missed: u32::try_from(r.try_get::<i32, _>("missed")?).unwrap_or(0),
        canary: r.try_get("canary")?,
        order: r.try_get::<Option<Uuid>, _>("order_id")?.map(OrderId),
        code: r.try_get("code")?,
        message: r.try_get("message")?,
        fixed_at: row::time_opt(r, "fixed_at")?,
    })
}
