use super::{Criticality, Points};

/// A mean of scores weighted by criticality that is kept up to date by differences. Exact: its order of steps
/// does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mean {
    sum: u64,
    weight: u64,
}

impl Mean {
    /// With a device.
    pub fn add(&mut self, criticality: Criticality, points: Points) {
        self.sum += criticality.weight() * points.micros();
        self.weight += criticality.weight();
    }

    /// Without a device that was added with exactly these.
    pub fn remove(&mut self, criticality: Criticality, points: Points) {
        self.sum = self.sum.saturating_sub(criticality.weight() * points.micros());
        self.weight = self.weight.saturating_sub(criticality.weight());
    }

    /// The sum of the weights; that of a normal device is 2.
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// The mean, rounded to a millionth of a point; `None` of nothing.
    pub fn points(&self) -> Option<Points> {
        (self.weight > 0).then(|| Points::from_micros((self.sum + self.weight / 2) / self.weight))
    }
}
