//! From an opened batch to rows: facts in, one Arrow batch per table out.

mod actor;
mod address;
mod bag;
mod events;
mod process;
mod rows;
mod tables;

use std::collections::HashMap;

use arrow::array::RecordBatch;
use palisade_types::{DeviceId, TenantId};
use palisade_wire::msg::{Batch, Fact, Process, fact::Kind};

use crate::columns::TABLES;
use crate::error::LakeError;
use actor::Dictionary;
use tables::{Counters, Files, Info, Network};

pub(crate) use rows::missing;

/// What the rows of a batch share.
#[derive(Clone, Copy, Debug)]
pub struct BatchContext<'a> {
    /// Whose.
    pub tenant: TenantId,
    /// The device that sent it.
    pub device: DeviceId,
    /// The device's last known name; empty where none is known.
    pub device_name: &'a str,
    /// When the server received it, microseconds UTC.
    pub received_at: i64,
}

/// A set of tables, by their number in `TABLES`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableSet(u8);

impl TableSet {
    /// All tables.
    pub const ALL: Self = Self((1 << TABLES.len()) - 1);
    /// No table.
    pub const NONE: Self = Self(0);

    /// With one more table.
    #[must_use]
    pub fn with(self, table: usize) -> Self {
        Self(self.0 | 1 << table)
    }

    /// Whether a table is in it.
    pub fn has(self, table: usize) -> bool {
        self.0 & (1 << table) != 0
    }
}

pub(crate) const EVENTS: usize = 0;
pub(crate) const FILES: usize = 1;
pub(crate) const INFO: usize = 2;
pub(crate) const NETWORK: usize = 3;
pub(crate) const PROCESSES: usize = 4;
pub(crate) const COUNTERS: usize = 5;

/// What was seen besides rows. Nothing of a batch is dropped without being counted here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectCounts {
    /// Rows made, by table number.
    pub rows: [u64; TABLES.len()],
    /// Facts of a kind that this version does not know; they stay in the log.
    pub unknown_facts: u64,
    /// Receipts of orders, which are for the state and no table.
    pub receipts: u64,
    /// Facts that name a process which their batch does not describe; the row has its number only.
    pub unknown_processes: u64,
    /// Rows whose texts were cut, because their batch would have grown beyond all measure.
    pub clipped_rows: u64,
    /// Counters beyond the bound of one batch, which made no row.
    pub excess_counters: u64,
}

/// Bytes of process texts that one batch may become, besides four times what it holds: a few
/// bytes on the wire name a process of megabytes again and again.
const TEXT_BUDGET: usize = 64 << 20;

/// Longest text of a process once the budget is spent, bytes.
const CLIPPED: usize = 128;

/// Longest device name, bytes.
const MAX_NAME: usize = 255;

/// Most counters of one batch.
const MAX_COUNTERS: usize = 100_000;

impl ProjectCounts {
    /// Adds another count to this one.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.rows.iter_mut().zip(other.rows) {
            *mine += theirs;
        }
        self.unknown_facts += other.unknown_facts;
        self.receipts += other.receipts;
        self.unknown_processes += other.unknown_processes;
        self.clipped_rows += other.clipped_rows;
        self.excess_counters += other.excess_counters;
    }
}

/// One tenant's rows that are not sealed yet.
#[derive(Debug)]
pub struct Projector {
    events: events::Events,
    files: Files,
    info: Info,
    network: Network,
    processes: process::Processes,
    counters: Counters,
    pending: [usize; TABLES.len()],
}

impl Default for Projector {
    fn default() -> Self {
        Self::new()
    }
}

impl Projector {
    /// With no rows.
    pub fn new() -> Self {
        Self {
            events: events::Events::new(),
            files: Files::new(),
            info: Info::new(),
            network: Network::new(),
            processes: process::Processes::new(),
            counters: Counters::new(),
            pending: [0; TABLES.len()],
        }
    }

    /// Adds a batch's rows, to the `wanted` tables only.
    pub fn project(&mut self, batch: &Batch, context: &BatchContext<'_>, wanted: TableSet) -> ProjectCounts {
        let mut counts = ProjectCounts::default();
        let dictionary = Dictionary::new(&batch.processes);
        let device = context.device.to_string();
        let frame = tables::Frame {
            device: &device,
            name: clip(context.device_name, MAX_NAME),
            received_at: context.received_at,
        };
        let mut budget = TEXT_BUDGET.saturating_add(dictionary.cost().saturating_mul(4));
        let mut rest = batch.facts.iter();
        for fact in rest.by_ref() {
            self.one(fact, &dictionary, &frame, wanted, &mut counts);
            budget = budget.saturating_sub(dictionary.cost_of(fact));
            if budget == 0 {
                break;
            }
        }
        if rest.len() > 0 {
            counts.clipped_rows += rest.len() as u64;
            let short: Vec<Process> = batch.processes.iter().map(clipped).collect();
            let dictionary = Dictionary::new(&short);
            for fact in rest {
                self.one(fact, &dictionary, &frame, wanted, &mut counts);
            }
        }
        for (pending, made) in self.pending.iter_mut().zip(counts.rows) {
            *pending += usize::try_from(made).unwrap_or(usize::MAX);
        }
        counts
    }

    fn one(
        &mut self,
        fact: &Fact,
        dictionary: &Dictionary<'_>,
        frame: &tables::Frame<'_>,
        wanted: TableSet,
        counts: &mut ProjectCounts,
    ) {
        let table = match &fact.kind {
            Some(Kind::ProcessCreated(_) | Kind::ProcessTerminated(_)) => PROCESSES,
            Some(Kind::Connection(_)) => NETWORK,
            Some(Kind::File(_)) => FILES,
            Some(Kind::ApplicationBlocked(_)) => EVENTS,
            Some(Kind::DeviceInfo(_)) => INFO,
            Some(Kind::Heartbeat(_)) => COUNTERS,
            Some(Kind::Receipt(_)) => {
                counts.receipts += 1;
                return;
            }
            // Only state keeps it.
            Some(Kind::Products(_) | Kind::InventoryPart(_) | Kind::InventoryList(_)) => return,
            None => {
                counts.unknown_facts += 1;
                return;
            }
        };
        if !wanted.has(table) {
            return;
        }
        let mut made = 1;
        let unknown = match &fact.kind {
            Some(Kind::ProcessCreated(c)) => self.processes.created(fact, c, dictionary, frame),
            Some(Kind::ProcessTerminated(t)) => self.processes.terminated(fact, t, dictionary, frame),
            Some(Kind::Connection(c)) => self.network.push(fact, c, dictionary, frame),
            Some(Kind::File(f)) => self.files.push(fact, f, dictionary, frame),
            Some(Kind::ApplicationBlocked(a)) => self.events.push(fact, a, dictionary, frame),
            Some(Kind::DeviceInfo(i)) => {
                self.info.push(fact, i, frame);
                0
            }
            Some(Kind::Heartbeat(h)) => {
                let room =
                    MAX_COUNTERS.saturating_sub(usize::try_from(counts.rows[COUNTERS]).unwrap_or(usize::MAX));
                made = self.counters.push(fact, h, room, frame);
                counts.excess_counters += (h.counters.len() as u64).saturating_sub(made);
                0
            }
            Some(Kind::Receipt(_) | Kind::Products(_) | Kind::InventoryPart(_) | Kind::InventoryList(_))
            | None => 0,
        };
        counts.unknown_processes += unknown;
        counts.rows[table] += made;
    }

    /// How many rows each table has here, by table number.
    pub fn pending(&self) -> [usize; TABLES.len()] {
        self.pending
    }

    /// Takes the rows out: one batch for each table that has any, by table number.
    ///
    /// # Errors
    /// When a batch does not fit its schema, which a test excludes.
    pub fn finish(&mut self) -> Result<Vec<(usize, RecordBatch)>, LakeError> {
        let mut out = Vec::new();
        for (table, name) in TABLES.into_iter().enumerate() {
            if std::mem::take(&mut self.pending[table]) == 0 {
                continue;
            }
            let columns = match table {
                EVENTS => self.events.drain(),
                FILES => self.files.drain(),
                INFO => self.info.drain(),
                NETWORK => self.network.drain(),
                PROCESSES => self.processes.drain(),
                _ => self.counters.drain(),
            };
            out.push((table, rows::assemble(name, columns)?));
        }
        Ok(out)
    }
}

/// Looks up the last known name of a device that this process has not heard of yet.
pub trait DeviceNames: Send + Sync {
    /// The name, if one is known.
    fn device_name(&self, tenant: TenantId, device: DeviceId) -> Option<String>;
}

/// Knows no names.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNames;

impl DeviceNames for NoNames {
    fn device_name(&self, _: TenantId, _: DeviceId) -> Option<String> {
        None
    }
}

/// The name that a batch itself gives its device: that of its last DeviceInfo.
pub(crate) fn name_in(batch: &Batch) -> Option<&str> {
    batch.facts.iter().rev().find_map(|f| match &f.kind {
        Some(Kind::DeviceInfo(i)) if !i.name.is_empty() => Some(clip(&i.name, MAX_NAME)),
        _ => None,
    })
}

/// A text cut to so many bytes, at a character.
pub(crate) fn clip(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// A process with short texts.
fn clipped(p: &Process) -> Process {
    let mut p = p.clone();
    for text in [
        &mut p.path,
        &mut p.command_line,
        &mut p.working_directory,
        &mut p.user,
        &mut p.login_user,
        &mut p.parent_path,
        &mut p.cgroup_path,
        &mut p.container_id,
        &mut p.comm,
    ] {
        text.truncate(text.floor_char_boundary(CLIPPED));
    }
    p
}

/// Names of one tenant's devices.
pub(crate) type Names = HashMap<DeviceId, String>;
