use serde::{Deserialize, Serialize};

use super::{Hazard, Hazards, Ledger, Points, ScoreError, Shift, State};

/// An exposure score, of a device or of a fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The score: lower is better.
    pub points: Points,
    /// What would be left if everything were fixed that has a fix; shown apart.
    pub residual: Points,
}

/// The exposure of all devices: of each the sum of its components' hazards.
pub type Fleet = Ledger<Hazards>;

impl State for Hazards {
    type Part = Self;
    type Marks = [Option<Points>; 2];

    fn shifted(self, before: Self, after: Self) -> Option<Self> {
        let one = |held: Hazard, before, after| held.checked_sub(before).map(|rest| rest + after);
        Some(Self {
            total: one(self.total, before.total, after.total)?,
            residual: one(self.residual, before.residual, after.residual)?,
        })
    }

    fn marks(self) -> Self::Marks {
        [Some(self.total.points()), Some(self.residual.points())]
    }
}

impl Hazards {
    /// The exposure of a device with these.
    pub fn exposure(self) -> Exposure {
        Exposure { points: self.total.points(), residual: self.residual.points() }
    }
}

impl Ledger<Hazards> {
    /// The mean of the devices' scores, weighted by criticality; zero without devices.
    pub fn exposure(&self) -> Exposure {
        Exposure { points: self.mean(0).unwrap_or_default(), residual: self.mean(1).unwrap_or_default() }
    }

    /// A device's exposure.
    pub fn device(&self, ordinal: u32) -> Option<Exposure> {
        self.state(ordinal).map(Hazards::exposure)
    }

    /// The fleet's exposure after changes that are not made. A device may be in several of them.
    ///
    /// # Errors
    /// As [`Ledger::shift`].
    pub fn predict(&self, shifts: &[Shift<'_, Hazards>]) -> Result<Exposure, ScoreError> {
        let means = self.predicted(shifts)?;
        let mean = |at: usize| means.get(at).copied().flatten().unwrap_or_default();
        Ok(Exposure { points: mean(0), residual: mean(1) })
    }
}
