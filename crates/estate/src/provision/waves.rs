//! Roll-outs: a few machines first, the rest when those are well.

use std::collections::BTreeMap;

use palisade_types::{MachineId, TimeMicros};
use serde::{Deserialize, Serialize};

use super::Progress;
use super::backoff::mix;
use crate::{HOUR, MINUTE};

/// How a roll-out is cut into waves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WavePlan {
    /// Up to which share of the fleet each wave goes, in percent; the last is 100.
    pub percent: Vec<u8>,
    /// The first wave has at least this many machines, so that one bad machine says little.
    pub canaries: usize,
    /// A wave is looked at for this long before the next begins, microseconds.
    pub soak: i64,
    /// A wave that is still not finished after this long holds nobody up any more, microseconds.
    pub patience: i64,
    /// The roll-out is held when more than this share of the finished machines is broken, percent.
    pub broken_percent: u8,
    /// Chooses who comes first; the same seed gives the same waves.
    pub seed: u64,
}

impl Default for WavePlan {
    fn default() -> Self {
        Self {
            percent: vec![1, 10, 50, 100],
            canaries: 5,
            soak: 10 * MINUTE,
            patience: 2 * HOUR,
            broken_percent: 20,
            seed: 0,
        }
    }
}

impl WavePlan {
    /// Everybody at once.
    pub fn all_at_once() -> Self {
        Self { percent: vec![100], soak: 0, ..Self::default() }
    }

    /// Which wave each machine is in, from 0.
    pub fn assign(&self, machines: impl IntoIterator<Item = MachineId>) -> BTreeMap<MachineId, usize> {
        let mut order: Vec<(u64, MachineId)> = machines
            .into_iter()
            .map(|m| {
                let (a, b) = m.0.as_u64_pair();
                (mix(mix(a ^ self.seed) ^ b), m)
            })
            .collect();
        order.sort_unstable();
        order.dedup();
        let total = order.len();
        let ends: Vec<usize> = self.percent.iter().map(|p| (total * usize::from(*p)).div_ceil(100)).collect();
        let wave = |place: usize| {
            let place = if place < self.canaries.min(total) { 0 } else { place };
            ends.iter().position(|end| place < *end).unwrap_or(ends.len().saturating_sub(1))
        };
        order.iter().enumerate().map(|(place, (_, m))| (*m, wave(place))).collect()
    }
}

/// Whether a wave may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "gate")]
pub enum Gate {
    /// It may.
    Open,
    /// An earlier one has to finish, or to be looked at for longer.
    Waiting,
    /// Too many broke: a person decides.
    Held {
        /// How many.
        broken: usize,
        /// Of how many that are finished.
        finished: usize,
    },
}

/// A roll-out under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    plan: WavePlan,
    waves: BTreeMap<MachineId, usize>,
    /// When each wave was let go.
    begun: Vec<TimeMicros>,
    /// Since when the newest wave is finished.
    finished_at: Option<TimeMicros>,
    /// Broken machines that a person has accepted.
    accepted: usize,
    held: Option<(usize, usize)>,
}

impl Rollout {
    /// Begins with the first wave.
    pub fn begin(plan: WavePlan, machines: impl IntoIterator<Item = MachineId>, now: TimeMicros) -> Self {
        let waves = plan.assign(machines);
        Self { plan, waves, begun: vec![now], finished_at: None, accepted: 0, held: None }
    }

    /// The wave of a machine. One that came later goes with the last.
    pub fn wave(&self, machine: MachineId) -> usize {
        self.waves.get(&machine).copied().unwrap_or(self.plan.percent.len().saturating_sub(1))
    }

    /// Whether a machine may be changed now.
    pub fn gate(&self, machine: MachineId) -> Gate {
        match self.held {
            Some((broken, finished)) => Gate::Held { broken, finished },
            None if self.wave(machine) < self.begun.len() => Gate::Open,
            None => Gate::Waiting,
        }
    }

    /// Goes on although machines broke.
    pub fn resume(&mut self) {
        if let Some((broken, _)) = self.held.take() {
            self.accepted = broken;
        }
    }

    /// Looks at how the machines are and lets the next wave go when it may.
    pub fn step(&mut self, now: TimeMicros, progress: impl Fn(MachineId) -> Progress) {
        let newest = self.begun.len() - 1;
        let (mut open, mut broken, mut finished) = (0usize, 0usize, 0usize);
        for machine in self.waves.iter().filter(|(_, w)| **w <= newest).map(|(m, _)| *m) {
            match progress(machine) {
                Progress::Open => open += 1,
                Progress::Broken => (broken, finished) = (broken + 1, finished + 1),
                Progress::Finished | Progress::Refused => finished += 1,
            }
        }
        let fresh = broken.saturating_sub(self.accepted);
        // One machine alone never holds the others.
        if fresh >= 2 && broken * 100 > finished * usize::from(self.plan.broken_percent) {
            self.held = Some((broken, finished));
            return;
        }
        if self.held.is_some() {
            return;
        }
        let done = open == 0;
        self.finished_at = if done { self.finished_at.or(Some(now)) } else { None };
        let soaked = self.finished_at.is_some_and(|at| now.0 - at.0 >= self.plan.soak);
        let patience_ended = self.begun.last().is_some_and(|at| now.0 - at.0 >= self.plan.patience);
        if (soaked || patience_ended) && self.begun.len() < self.plan.percent.len() {
            self.begun.push(now);
            self.finished_at = None;
        }
    }

    /// Broken machines, and finished ones, where it is held for a person.
    pub fn held(&self) -> Option<(usize, usize)> {
        self.held
    }

    /// Machines that it is about.
    pub fn machines(&self) -> usize {
        self.waves.len()
    }

    /// How many waves were let go, and of how many.
    pub fn waves(&self) -> (usize, usize) {
        (self.begun.len(), self.plan.percent.len())
    }

    /// When it has to be looked at again if nothing happens.
    pub fn due(&self) -> Option<TimeMicros> {
        if self.begun.len() >= self.plan.percent.len() || self.held.is_some() {
            return None;
        }
        let soaked = self.finished_at.map(|at| at.plus_micros(self.plan.soak));
        let patience = self.begun.last().map(|at| at.plus_micros(self.plan.patience));
        [soaked, patience].into_iter().flatten().min()
    }
}
