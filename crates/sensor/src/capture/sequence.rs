//! What was lost between the kernel and us, from the numbers that records carry.

use palisade_sensor_bpf::layout::LEVELS;

/// The mark of a sequence of which nothing was read yet.
const UNKNOWN: u64 = u64::MAX;

/// High-water marks of every CPU and level.
#[derive(Debug, Default)]
pub(crate) struct Sequences {
    generation: u64,
    seen: Vec<Option<u64>>,
    /// Numbers that the kernel had given by the previous check, once there was one.
    given: Vec<Option<u64>>,
    /// Records that never came.
    pub(crate) gaps: u64,
    /// Records at or below the start marks.
    pub(crate) skipped: u64,
}

impl Sequences {
    /// Starts from `marks` as [`Sequences::marks`] gave them. Marks of another generation are
    /// not used; returns whether they were.
    pub(crate) fn start(generation: u64, cpus: usize, fresh: bool, marks: &[u64]) -> (Self, bool) {
        let slots = cpus * LEVELS;
        let first = if fresh { Some(0) } else { None };
        let mut all =
            Self { generation, seen: vec![first; slots], given: vec![None; slots], ..Self::default() };
        let ours = marks.first() == Some(&generation);
        if ours {
            for (slot, mark) in all.seen.iter_mut().zip(&marks[1..]) {
                *slot = (*mark != UNKNOWN).then_some(*mark);
            }
        }
        (all, ours)
    }

    /// Takes note of one number; false if the record is to be skipped as known.
    pub(crate) fn take(&mut self, cpu: u16, level: u8, seq: u64) -> bool {
        let slot = usize::from(cpu) * LEVELS + usize::from(level);
        let Some(seen) = self.seen.get_mut(slot) else {
            return true;
        };
        // Without a mark it is unknown what came before, so counting begins here.
        let last = seen.unwrap_or(seq.saturating_sub(1));
        if seq <= last {
            self.skipped += 1;
            return false;
        }
        self.gaps += seq - last - 1;
        *seen = Some(seq);
        true
    }

    /// Finds losses that no later record has shown. `now` are the numbers that the kernel has
    /// given; those that it had given at the previous call, before a complete drain, and that
    /// did not come are lost.
    pub(crate) fn settle(&mut self, now: impl Iterator<Item = u64>) {
        for ((seen, given), now) in self.seen.iter_mut().zip(&mut self.given).zip(now) {
            match (seen.as_mut(), *given) {
                (Some(last), Some(given)) if given > *last => {
                    self.gaps += given - *last;
                    *last = given;
                }
                // What came before this run read the ring is not known; from here on it is.
                (None, Some(given)) => *seen = Some(given),
                _ => {}
            }
            *given = Some(now);
        }
    }

    /// The marks to store with what was drained.
    pub(crate) fn marks(&self) -> Vec<u64> {
        let mut marks = Vec::with_capacity(1 + self.seen.len());
        marks.push(self.generation);
        marks.extend(self.seen.iter().map(|seen| seen.unwrap_or(UNKNOWN)));
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_known_records_are_counted() {
        let (mut s, ours) = Sequences::start(9, 2, false, &[9, 3, 0, 0, 0, 5]);
        assert!(ours);
        assert!(!s.take(0, 0, 3));
        assert!(s.take(0, 0, 4));
        assert!(s.take(0, 0, 8));
        assert!(s.take(1, 0, 6));
        assert_eq!((s.gaps, s.skipped), (3, 1));
        assert_eq!(s.marks()[..2], [9, 8]);
    }

    #[test]
    fn foreign_marks_are_not_used() {
        let (mut s, ours) = Sequences::start(9, 1, false, &[8, 100]);
        assert!(!ours);
        assert!(s.take(0, 0, 50));
        assert_eq!(s.gaps, 0);
    }

    #[test]
    fn a_sequence_of_which_nothing_is_known_is_no_gap_after_a_restart() {
        let (mut s, _) = Sequences::start(9, 1, false, &[]);
        assert!(s.take(0, 0, 50));
        let (mut s, ours) = Sequences::start(9, 1, false, &s.marks());
        assert!(ours);
        assert!(s.take(0, 0, 52) && s.take(0, 1, 70));
        assert_eq!(s.gaps, 1);
        // A silent one is known from the second look on, and then its losses count.
        let (mut s, _) = Sequences::start(9, 1, false, &[]);
        s.settle([0, 0, 0, 7].into_iter());
        s.settle([0, 0, 0, 7].into_iter());
        s.settle([0, 0, 0, 9].into_iter());
        s.settle([0, 0, 0, 9].into_iter());
        assert_eq!(s.gaps, 2);
    }

    #[test]
    fn fresh_sequences_begin_at_one() {
        let (mut s, _) = Sequences::start(9, 1, true, &[]);
        assert!(s.take(0, 0, 3));
        assert_eq!(s.gaps, 2);
    }

    #[test]
    fn a_loss_at_the_end_settles_at_the_second_look() {
        let (mut s, _) = Sequences::start(9, 1, true, &[]);
        assert!(s.take(0, 0, 1));
        s.settle([4, 0, 0, 0].into_iter());
        assert_eq!(s.gaps, 0);
        s.settle([4, 0, 0, 0].into_iter());
        assert_eq!(s.gaps, 3);
        assert!(s.take(0, 0, 5));
        assert_eq!(s.gaps, 3);
    }
}
