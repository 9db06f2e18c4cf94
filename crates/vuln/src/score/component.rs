use serde::{Deserialize, Serialize};

use super::{Context, Hazard, Weakness};

/// What one component adds to a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hazards {
    /// With all its weaknesses.
    pub total: Hazard,
    /// With those alone that nothing fixes yet; never more than `total`.
    pub residual: Hazard,
}

/// What one weakness adds to its component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// Its place among the weaknesses that were given.
    pub index: usize,
    /// The part of the component's hazard.
    pub hazard: Hazard,
}

impl Hazards {
    /// Nothing.
    pub const ZERO: Self = Self { total: Hazard::ZERO, residual: Hazard::ZERO };
}

/// Combines the weaknesses of one component: the worst counts in full, the second half, the third a third, and so
/// on, since one attacker needs one way in and one update closes all of them. At most [`Hazard::max_component`].
pub fn combine<'a>(weaknesses: impl IntoIterator<Item = &'a Weakness>, context: Context) -> Hazards {
    let (mut all, mut open) = (Vec::new(), Vec::new());
    for weakness in weaknesses {
        let hazard = weakness.hazard(context);
        all.push(hazard);
        if weakness.fix.is_none() {
            open.push(hazard);
        }
    }
    Hazards { total: damped(&mut all), residual: damped(&mut open) }
}

/// What each weakness adds to [`combine`]'s total, greatest first; they add up to it but for the last digits
/// that the component's bound rounds off.
pub fn contributions(weaknesses: &[Weakness], context: Context) -> Vec<Contribution> {
    let mut ranked: Vec<_> = weaknesses.iter().map(|w| w.hazard(context)).enumerate().collect();
    ranked.sort_by_key(|(index, hazard)| (std::cmp::Reverse(*hazard), *index));
    let mut parts: Vec<_> = (1..)
        .zip(ranked)
        .map(|(rank, (index, hazard))| Contribution { index, hazard: hazard.divided(rank) })
        .collect();
    let sum: Hazard = parts.iter().map(|p| p.hazard).sum();
    let most = Hazard::max_component();
    if sum > most {
        let left = most.value() / sum.value();
        parts.iter_mut().for_each(|p| p.hazard = p.hazard.scaled(left));
    }
    parts
}

fn damped(hazards: &mut [Hazard]) -> Hazard {
    hazards.sort_unstable_by_key(|h| std::cmp::Reverse(*h));
    let sum: Hazard = (1..).zip(hazards.iter()).map(|(rank, hazard)| hazard.divided(rank)).sum();
    sum.min(Hazard::max_component())
}
