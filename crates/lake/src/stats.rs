use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::project::ProjectCounts;

/// Upper bounds of the freshness histogram's buckets, microseconds; the last bucket has none.
pub const FRESHNESS_BOUNDS_US: [i64; 8] =
    [100_000, 250_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 15_000_000, 60_000_000];

/// What the lake has done since it was opened, for metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LakeStats {
    /// Rows made, by table.
    pub rows: BTreeMap<String, u64>,
    /// Bytes of Parquet written by flushes.
    pub flushed_bytes: u64,
    /// Rows written by flushes.
    pub flushed_rows: u64,
    /// Flushes that were committed.
    pub flushes: u64,
    /// Flushes that failed and will be tried again.
    pub flush_failures: u64,
    /// Rows in the hot tier now.
    pub hot_rows: u64,
    /// Bytes in the hot tier now.
    pub hot_bytes: u64,
    /// Files in the hot tier now.
    pub hot_files: u64,
    /// The last log offset that is queryable.
    pub last_offset: Option<u64>,
    /// The log offset that a restart would read first.
    pub resume_offset: u64,
    /// Records of the log that are durable and not applied yet, as of the last read.
    pub lag_records: u64,
    /// Rounds in which the log was not read on, because the hot tier was full.
    pub held_back: u64,
    /// Records that were trimmed before the lake had read them: lost to the lake, an alarm.
    pub trimmed_records: u64,
    /// Records whose payload could not be opened; they stay in the log.
    pub malformed_records: u64,
    /// Records of a kind that this version does not know; they stay in the log.
    pub unknown_records: u64,
    /// Facts of a kind that this version does not know; they stay in the log.
    pub unknown_facts: u64,
    /// Facts that name a process which their batch does not describe.
    pub unknown_processes: u64,
    /// Rows whose texts were cut because their batch would have grown beyond all measure.
    pub clipped_rows: u64,
    /// Counters beyond the bound of one batch, which made no row; they stay in the log.
    pub excess_counters: u64,
    /// Receipts of orders seen; they are for the state.
    pub receipts: u64,
    /// From the server's receiving of the oldest row of the last seal to that seal, microseconds.
    pub freshness_us: i64,
    /// Sealed batches by freshness of their oldest row; see [`FRESHNESS_BOUNDS_US`].
    pub freshness: [u64; FRESHNESS_BOUNDS_US.len() + 1],
    /// Compactions that were committed.
    pub compactions: u64,
}

impl LakeStats {
    pub(crate) fn count(&mut self, counts: &ProjectCounts) {
        for (table, rows) in crate::columns::TABLES.iter().zip(counts.rows) {
            if rows > 0 {
                *self.rows.entry((*table).to_owned()).or_default() += rows;
            }
        }
        self.unknown_facts += counts.unknown_facts;
        self.unknown_processes += counts.unknown_processes;
        self.receipts += counts.receipts;
        self.clipped_rows += counts.clipped_rows;
        self.excess_counters += counts.excess_counters;
    }

    pub(crate) fn sealed(&mut self, freshness_us: i64) {
        self.freshness_us = freshness_us;
        let bucket =
            FRESHNESS_BOUNDS_US.iter().position(|b| freshness_us <= *b).unwrap_or(FRESHNESS_BOUNDS_US.len());
        self.freshness[bucket] += 1;
    }
}
