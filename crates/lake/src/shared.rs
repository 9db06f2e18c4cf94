//! What the writer, its flushes and the compactor have in common.

use std::collections::HashMap;
use std::sync::Arc;

use palisade_types::TenantId;
use parking_lot::Mutex as SyncMutex;
use tokio::sync::{Mutex, MutexGuard};

use crate::stats::LakeStats;

/// One per open lake.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// One flush or compaction encodes at a time: that bounds memory.
    turn: Mutex<()>,
    /// One commit at a time: then commits of this process never conflict.
    commit: Mutex<()>,
    /// Versions with the same rows as the one before, which the writer may pin.
    compacted: SyncMutex<HashMap<(TenantId, usize), u64>>,
    pub(crate) stats: Arc<SyncMutex<LakeStats>>,
}

impl Shared {
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    pub(crate) async fn commit(&self) -> MutexGuard<'_, ()> {
        self.commit.lock().await
    }

    /// Announces a version that a compaction or the retention made.
    pub(crate) fn announce(&self, tenant: TenantId, table: usize, version: u64) {
        self.compacted.lock().insert((tenant, table), version);
    }

    pub(crate) fn announced(&self) -> Vec<((TenantId, usize), u64)> {
        self.compacted.lock().iter().map(|(k, v)| (*k, *v)).collect()
    }
}
