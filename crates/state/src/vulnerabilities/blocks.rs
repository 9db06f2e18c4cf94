//! Vulnerable applications that devices warn of or block: which, where, how far it is.

mod drive;
mod list;
mod make;
mod subject;

use std::fmt;
use std::str::FromStr;

use palisade_types::{DeviceId, OrderId, TimeMicros};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::{Result, StateError, row};

pub use drive::{BlockDevice, BlockedList, BlockedRule, WantedRule};
pub use list::{BlockDeviceQuery, BlockQuery};
pub use make::NewBlock;

/// Before a rule may block without a reason it has warned for so long, microseconds: a day.
pub const WARN_FIRST: i64 = 86_400 * 1_000_000;
/// The longest that a rule holds, microseconds: a year and a day.
const LONGEST: i64 = 366 * 86_400 * 1_000_000;
/// Most rules of a tenant that hold at once.
pub const MOST_ACTIVE: i64 = 100;
/// Most packages of all rules that hold at once: a sensor takes no longer list.
const MOST_PACKAGES: i64 = 200;
/// Most packages of one rule.
pub const MOST_TARGETS: usize = 50;
/// Longest message to those whose program is concerned, characters.
pub const MAX_MESSAGE: usize = 200;

/// What a rule was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockSubject {
    /// A recommendation, by its id.
    Recommendation(String),
    /// A vulnerability, by its id.
    Vulnerability(String),
    /// A software that somebody named.
    Software(BlockTarget),
}

impl BlockSubject {
    /// Its kind as it is written.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Recommendation(_) => "recommendation",
            Self::Vulnerability(_) => "vulnerability",
            Self::Software(_) => "software",
        }
    }

    /// Its identifier; empty for a software.
    pub fn id(&self) -> &str {
        match self {
            Self::Recommendation(id) | Self::Vulnerability(id) => id,
            Self::Software(_) => "",
        }
    }
}

/// Packages in a range of versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BlockTarget {
    /// The distribution's release, `debian:12`.
    pub ecosystem: String,
    /// The source package; empty where `package` is named.
    #[serde(default)]
    pub source: String,
    /// Only this binary package; empty for all of the source.
    #[serde(default)]
    pub package: String,
    /// First affected version; empty from the first one on.
    #[serde(default)]
    pub introduced: String,
    /// First version that is not affected; empty where none is.
    #[serde(default)]
    pub fixed: String,
}

/// What happens when such an application is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockMode {
    /// It runs, and that is reported.
    Warn,
    /// It does not run.
    Block,
}

impl BlockMode {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

impl FromStr for BlockMode {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self> {
        match s {
            "warn" => Ok(Self::Warn),
            "block" => Ok(Self::Block),
            _ => Err(StateError::InvalidArgument("mode must be warn or block".into())),
        }
    }
}

/// Whether a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockState {
    /// It holds.
    Active,
    /// Somebody ended it.
    Cancelled,
    /// Its time is over.
    Expired,
    /// No device has such a version any more.
    Fixed,
}

impl BlockState {
    /// Every state with its name.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Active, "active"),
        (Self::Cancelled, "cancelled"),
        (Self::Expired, "expired"),
        (Self::Fixed, "fixed"),
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("active", |(_, name)| name)
    }
}

impl fmt::Display for BlockState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BlockState {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|(_, name)| *name == s).map(|(one, _)| *one);
        known.ok_or_else(|| StateError::InvalidArgument("unknown state of an application block".into()))
    }
}

/// How a rule stands on devices that the caller sees, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockCounts {
    /// Devices that the rule concerns.
    pub total: u64,
    /// Of these, those whose inventory has such a version now.
    pub affected: u64,
    /// The newest list is not acknowledged.
    pub waiting: u64,
    /// It is denied there.
    pub enforced: u64,
    /// It is reported there.
    pub watched: u64,
    /// No such version is there, or it has no program.
    pub not_installed: u64,
    /// Its programs are never touched.
    pub refused: u64,
    /// The sensor may only look.
    pub detect_only: u64,
    /// Somebody disarmed the sensor.
    pub disarmed: u64,
    /// It went wrong.
    pub failed: u64,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Identifier.
    pub id: Uuid,
    /// `recommendation`, `vulnerability`, `software`.
    pub subject_kind: String,
    /// That one's identifier; empty for a software.
    pub subject: String,
    /// In a line.
    pub title: String,
    /// The packages.
    pub targets: Vec<BlockTarget>,
    /// The group on whose devices it holds, with its name; everywhere where it is none.
    pub group: Option<(Uuid, String)>,
    /// What happens.
    pub mode: BlockMode,
    /// What is told with it.
    pub message: String,
    /// Why it was made.
    pub note: String,
    /// Why it blocks earlier than it should.
    pub confirm_reason: String,
    /// Since when it warns.
    pub warning_since: TimeMicros,
    /// Since when it blocks.
    pub blocking_since: Option<TimeMicros>,
    /// Whether it holds.
    pub state: BlockState,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
    /// Until when it holds.
    pub expires_at: TimeMicros,
    /// When it ended, and who ended it.
    pub ended: Option<(TimeMicros, String)>,
    /// On the caller's devices.
    pub devices: BlockCounts,
}

/// What became of a rule on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockOnDevice {
    /// The device.
    pub device: DeviceId,
    /// Its name.
    pub name: String,
    /// See the column's comment in migration 0015.
    pub state: String,
    /// Whether its inventory has such a version now.
    pub affected: bool,
    /// The rung in force there.
    pub rung: String,
    /// Programs that are marked.
    pub files: u64,
    /// Packages, `name version`.
    pub packages: Vec<String>,
    /// What is left alone.
    pub refused: Value,
    /// What went wrong.
    pub code: String,
    /// The same in words.
    pub message: String,
    /// The last order.
    pub order: Option<OrderId>,
    /// When the device last proved what it has in force.
    pub acknowledged_at: Option<TimeMicros>,
}

fn rule(code: &'static str, text: &str) -> StateError {
    StateError::Rule { code, message: text.to_owned() }
}

const COLUMNS: &str = "b.id, b.subject_kind, b.subject, b.title, b.targets, b.group_id, g.name AS group_name, b.mode,
    b.message, b.note, b.confirm_reason, b.warning_since, b.blocking_since, b.state, b.created_by, b.created_at,
    b.expires_at, b.ended_at, b.ended_by";

fn block(r: &PgRow) -> Result<Block> {
    let group: Option<Uuid> = r.try_get("group_id")?;
    let name: Option<String> = r.try_get("group_name")?;
    let ended_by: String = r.try_get("ended_by")?;
    Ok(Block {
        id: r.try_get("id")?,
        subject_kind: r.try_get("subject_kind")?,
        subject: r.try_get("subject")?,
        title: r.try_get("title")?,
        targets: targets(r)?,
        group: group.map(|g| (g, name.unwrap_or_default())),
        mode: row::parsed(r, "mode")?,
        message: r.try_get("message")?,
        note: r.try_get("note")?,
        confirm_reason: r.try_get("confirm_reason")?,
        warning_since: row::time(r, "warning_since")?,
        blocking_since: row::time_opt(r, "blocking_since")?,
        state: row::parsed(r, "state")?,
        created_by: r.try_get("created_by")?,
        created_at: row::time(r, "created_at")?,
        expires_at: row::time(r, "expires_at")?,
        ended: row::time_opt(r, "ended_at")?.map(|at| (at, ended_by)),
        devices: BlockCounts::default(),
    })
}

fn targets(r: &PgRow) -> Result<Vec<BlockTarget>> {
    let value: Value = r.try_get("targets")?;
    serde_json::from_value(value).map_err(|e| StateError::Internal(format!("targets of a block: {e}")))
}
