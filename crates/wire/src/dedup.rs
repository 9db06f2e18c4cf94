//! Which batches of a device are known: sans-IO, rebuilt from the log.

use std::collections::{BTreeMap, HashMap, VecDeque};

use palisade_types::{DeviceId, Epoch, Lane, TenantId};

/// How many digests are remembered per lane. A sensor repeats only what was not acknowledged, which
/// is far less; a sequence below the high mark that is not remembered comes from an old snapshot and
/// counts as a fork: taking it for a duplicate would lose its facts without a trace.
const WINDOW: usize = 1024;

/// How many epochs are remembered per device: the newest ones.
const EPOCHS: usize = 8;

/// What the server decides about an arriving batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// New and next: append it.
    Accept,
    /// Known with the same digest: acknowledge it again, append nothing.
    Duplicate,
    /// Known with another digest: a clone or a restored snapshot. It must begin a new epoch.
    Fork,
    /// Something before it is missing and was not declared dropped.
    Gap {
        /// The sequence that the server waits for.
        expected: u64,
    },
}

/// A batch that is durable in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DedupMark {
    /// Whose.
    pub tenant: TenantId,
    /// Which device.
    pub device: DeviceId,
    /// Its spool's epoch.
    pub epoch: Epoch,
    /// The lane.
    pub lane: Lane,
    /// Its sequence.
    pub sequence: u64,
    /// Its digest.
    pub digest: [u8; 32],
}

/// What is known of one lane of one epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneState {
    /// The highest durable sequence; 0 before the first.
    pub high: u64,
    recent: VecDeque<(u64, [u8; 32])>,
}

impl LaneState {
    fn judge(&self, sequence: u64, digest: &[u8; 32], dropped_below: u64) -> Verdict {
        let expected = self.high.saturating_add(1);
        if sequence == 0 {
            return Verdict::Gap { expected };
        }
        if sequence <= self.high {
            return match self.recent.iter().rev().find(|(s, _)| *s == sequence) {
                Some((_, known)) if known == digest => Verdict::Duplicate,
                _ => Verdict::Fork,
            };
        }
        if sequence == expected || dropped_below >= sequence {
            return Verdict::Accept;
        }
        Verdict::Gap { expected }
    }

    fn mark(&mut self, sequence: u64, digest: [u8; 32]) {
        if sequence <= self.high {
            return;
        }
        self.high = sequence;
        // Room is made first, so that the buffer never grows past the window.
        if self.recent.len() >= WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back((sequence, digest));
    }
}

/// Every device's lanes. One lives in the ingest process.
#[derive(Debug, Default)]
pub struct DedupTable {
    devices: HashMap<(TenantId, DeviceId), BTreeMap<u64, Slot>>,
}

#[derive(Debug, Default)]
struct Slot {
    order: u64,
    lanes: [LaneState; 3],
}

impl DedupTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges an arriving batch; changes nothing.
    pub fn judge(&self, mark: &DedupMark, dropped_below: u64) -> Verdict {
        match self.lane(mark.tenant, mark.device, mark.epoch, mark.lane) {
            Some(lane) => lane.judge(mark.sequence, &mark.digest, dropped_below),
            None => LaneState::default().judge(mark.sequence, &mark.digest, dropped_below),
        }
    }

    /// Records a batch that is durable in the log. Marks may be repeated.
    pub fn mark(&mut self, mark: &DedupMark) {
        let epochs = self.devices.entry((mark.tenant, mark.device)).or_default();
        let order = epochs.values().map(|s| s.order).max().map_or(0, |o| o + 1);
        let slot = epochs.entry(mark.epoch.0).or_insert_with(|| Slot { order, ..Slot::default() });
        slot.lanes[usize::from(mark.lane.number())].mark(mark.sequence, mark.digest);
        if epochs.len() > EPOCHS
            && let Some(oldest) = epochs.iter().min_by_key(|(_, s)| s.order).map(|(e, _)| *e)
        {
            epochs.remove(&oldest);
        }
    }

    /// What is known of a lane.
    pub fn lane(&self, tenant: TenantId, device: DeviceId, epoch: Epoch, lane: Lane) -> Option<&LaneState> {
        Some(&self.devices.get(&(tenant, device))?.get(&epoch.0)?.lanes[usize::from(lane.number())])
    }

    /// Every mark still remembered, oldest first within a lane: for a checkpoint.
    pub fn marks(&self) -> Vec<DedupMark> {
        let mut out = Vec::new();
        for ((tenant, device), epochs) in &self.devices {
            let mut slots: Vec<_> = epochs.iter().collect();
            slots.sort_by_key(|(_, s)| s.order);
            for (epoch, slot) in slots {
                for lane in Lane::ALL {
                    for (sequence, digest) in &slot.lanes[usize::from(lane.number())].recent {
                        out.push(DedupMark {
                            tenant: *tenant,
                            device: *device,
                            epoch: Epoch(*epoch),
                            lane,
                            sequence: *sequence,
                            digest: *digest,
                        });
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(sequence: u64, digest: u8) -> DedupMark {
        DedupMark {
            tenant: TenantId(uuid_nil()),
            device: DeviceId([1; 20]),
            epoch: Epoch(5),
            lane: Lane::Bulk,
            sequence,
            digest: [digest; 32],
        }
    }

    fn uuid_nil() -> uuid::Uuid {
        uuid::Uuid::nil()
    }

    #[test]
    fn replay_fork_gap_and_declared_drop_are_told_apart() {
        let mut t = DedupTable::new();
        assert_eq!(t.judge(&mark(1, 1), 0), Verdict::Accept);
        t.mark(&mark(1, 1));
        assert_eq!(t.judge(&mark(1, 1), 0), Verdict::Duplicate);
        assert_eq!(t.judge(&mark(1, 2), 0), Verdict::Fork);
        assert_eq!(t.judge(&mark(3, 3), 0), Verdict::Gap { expected: 2 });
        assert_eq!(t.judge(&mark(3, 3), 3), Verdict::Accept);
        assert_eq!(t.judge(&mark(0, 3), 0), Verdict::Gap { expected: 2 });
    }

    #[test]
    fn the_last_sequence_there_is_overflows_nothing() {
        let mut t = DedupTable::new();
        assert_eq!(t.judge(&mark(u64::MAX, 1), u64::MAX), Verdict::Accept);
        t.mark(&mark(u64::MAX, 1));
        assert_eq!(t.judge(&mark(0, 1), 0), Verdict::Gap { expected: u64::MAX });
        assert_eq!(t.judge(&mark(1, 1), 0), Verdict::Fork);
        assert_eq!(t.judge(&mark(u64::MAX, 1), 0), Verdict::Duplicate);
    }

    #[test]
    fn a_checkpoint_restores_what_was_known() {
        let mut t = DedupTable::new();
        for s in 1..2000 {
            t.mark(&mark(s, (s % 251) as u8));
        }
        let mut again = DedupTable::new();
        for m in t.marks() {
            again.mark(&m);
        }
        assert_eq!(again.judge(&mark(1999, (1999 % 251) as u8), 0), Verdict::Duplicate);
        assert_eq!(again.judge(&mark(1999, 0), 0), Verdict::Fork);
        assert_eq!(
            again.judge(&mark(3, 3), 0),
            Verdict::Fork,
            "from a snapshot older than what is remembered"
        );
        assert_eq!(again.judge(&mark(2000, 0), 0), Verdict::Accept);
    }

    #[test]
    fn epochs_are_bounded() {
        let mut t = DedupTable::new();
        for e in 0..100 {
            t.mark(&DedupMark { epoch: Epoch(e), ..mark(1, 1) });
        }
        assert_eq!(t.devices.values().map(BTreeMap::len).max(), Some(EPOCHS));
        assert!(t.lane(mark(1, 1).tenant, DeviceId([1; 20]), Epoch(99), Lane::Bulk).is_some());
    }

    proptest::proptest! {
        /// Whatever is resent, reordered or repeated, each sequence is accepted once and in order.
        #[test]
        fn any_order_of_arrival_accepts_each_sequence_once(arrivals in proptest::collection::vec(1u64..30, 0..300)) {
            let mut t = DedupTable::new();
            let mut accepted = Vec::new();
            for s in arrivals {
                let m = mark(s, s as u8);
                if t.judge(&m, 0) == Verdict::Accept {
                    t.mark(&m);
                    accepted.push(s);
                }
            }
            let expected: Vec<u64> = (1..=accepted.len() as u64).collect();
            proptest::prop_assert_eq!(accepted, expected);
        }
    }
}
