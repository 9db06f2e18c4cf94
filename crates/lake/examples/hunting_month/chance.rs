//! Numbers that are random enough and the same in every run.

/// `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is at least 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// From 0 to 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Ranks whose frequency falls with a power of the rank.
pub struct Zipf(Vec<f64>);

impl Zipf {
    pub fn new(count: usize, power: f64) -> Self {
        let mut sum = 0.0;
        let mut bounds: Vec<f64> = (1..=count)
            .map(|rank| {
                sum += (rank as f64).powf(-power);
                sum
            })
            .collect();
        bounds.iter_mut().for_each(|b| *b /= sum);
        Self(bounds)
    }

    pub fn draw(&self, chance: &mut Chance) -> usize {
        let at = chance.share();
        self.0.partition_point(|b| *b < at).min(self.0.len() - 1)
    }
}
