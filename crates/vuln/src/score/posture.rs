use serde::{Deserialize, Serialize};

use super::{Ledger, Points, ScoreError, Shift, State};

/// The greatest impact of a check.
pub const MAX_IMPACT: u8 = 10;

/// What a configuration check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Applications and their settings.
    Application,
    /// The operating system.
    Os,
    /// Network and what listens on it.
    Network,
    /// Accounts, passwords, rights.
    Accounts,
    /// What protects and records.
    SecurityControls,
}

/// What one check puts onto a device where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its category.
    pub category: Category,
    /// Its weight, 1 to [`MAX_IMPACT`]; taken as the nearest of these.
    pub impact: u8,
    /// Whether the device complies.
    pub passed: bool,
}

/// Impacts of the checks that apply, and of those with which the device complies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Of those with which it complies.
    pub earned: u32,
    /// Of all.
    pub possible: u32,
}

/// A device's tallies by category, in the order of [`Category::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies([Tally; 5]);

/// A secure score, of a device or of a fleet. Higher is better; `None` where no check applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secure {
    /// The score.
    pub points: Option<Points>,
    /// The score of each category alone, in the order of [`Category::ALL`].
    pub categories: [Option<Points>; 5],
}

/// The secure scores of all devices.
pub type Posture = Ledger<Tallies>;

impl Category {
    /// Every category.
    pub const ALL: [Self; 5] =
        [Self::Application, Self::Os, Self::Network, Self::Accounts, Self::SecurityControls];
}

impl Check {
    fn tally(self) -> Tally {
        let possible = u32::from(self.impact.clamp(1, MAX_IMPACT));
        Tally { earned: if self.passed { possible } else { 0 }, possible }
    }

    pub(super) fn earned(self) -> f64 {
        f64::from(self.tally().earned)
    }

    pub(super) fn possible(self) -> f64 {
        f64::from(self.tally().possible)
    }
}

impl Tally {
    /// The score; `None` where nothing applies.
    pub fn points(self) -> Option<Points> {
        let (earned, possible) = (u64::from(self.earned), u64::from(self.possible));
        (possible > 0).then(|| Points::from_micros(earned * Points::FULL.micros() / possible))
    }
}

impl Tallies {
    /// Of one category.
    pub fn of(self, category: Category) -> Tally {
        self.0[category as usize]
    }

    /// Of all categories.
    pub fn total(self) -> Tally {
        self.0.iter().fold(Tally::default(), |sum, t| Tally {
            earned: sum.earned.saturating_add(t.earned),
            possible: sum.possible.saturating_add(t.possible),
        })
    }

    /// The score of a device with these.
    pub fn secure(self) -> Secure {
        Secure { points: self.total().points(), categories: self.0.map(Tally::points) }
    }
}

impl State for Tallies {
    /// `None` where a check does not apply.
    type Part = Option<Check>;
    type Marks = [Option<Points>; 6];

    fn shifted(self, before: Option<Check>, after: Option<Check>) -> Option<Self> {
        let mut tallies = self;
        if let Some(check) = before {
            let (held, gone) = (&mut tallies.0[check.category as usize], check.tally());
            held.earned = held.earned.checked_sub(gone.earned)?;
            held.possible = held.possible.checked_sub(gone.possible)?;
        }
        if let Some(check) = after {
            let (held, new) = (&mut tallies.0[check.category as usize], check.tally());
            held.earned = held.earned.checked_add(new.earned)?;
            held.possible = held.possible.checked_add(new.possible)?;
        }
        (tallies.0.iter().all(|t| t.earned <= t.possible)).then_some(tallies)
    }

    fn marks(self) -> Self::Marks {
        let Secure { points, categories: [a, b, c, d, e] } = self.secure();
        [points, a, b, c, d, e]
    }
}

impl Ledger<Tallies> {
    /// The mean of the devices' scores, weighted by criticality.
    pub fn secure(&self) -> Secure {
        secure(|kind| self.mean(kind))
    }

    /// The score after changes that are not made. A device may be in several of them.
    ///
    /// # Errors
    /// As [`Ledger::shift`].
    pub fn predict(&self, shifts: &[Shift<'_, Option<Check>>]) -> Result<Secure, ScoreError> {
        let means = self.predicted(shifts)?;
        Ok(secure(|kind| means.get(kind).copied().flatten()))
    }
}

fn secure(mean: impl Fn(usize) -> Option<Points>) -> Secure {
    Secure { points: mean(0), categories: std::array::from_fn(|at| mean(at + 1)) }
}
