//! Digests that stand for many values in bounded space: t-digests and HyperLogLog sketches.

use serde_json::{Value as Json, json};

/// Centroids that a digest keeps as they are; up to here its answers are exact.
const EXACT: usize = 1000;
/// How fine a compressed digest is; it then has about twice as many centroids.
const FINENESS: f64 = 500.0;

/// A t-digest (Dunning and Ertl, "Computing extremely accurate quantiles using t-digests", 2019), with
/// the bound of weight 4·N·q·(1−q)/δ per centroid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digest {
    /// Means and weights; sorted after [`Digest::settle`].
    centroids: Vec<(f64, f64)>,
    /// Name of the type of the values.
    ty: String,
}

impl Digest {
    pub fn new(ty: &str) -> Self {
        Self { centroids: Vec::new(), ty: ty.to_owned() }
    }

    pub fn add(&mut self, value: f64, weight: f64) {
        if value.is_nan() || weight.is_nan() || weight <= 0.0 {
            return;
        }
        self.centroids.push((value, weight));
        if self.centroids.len() >= 8 * EXACT {
            self.settle();
        }
    }

    pub fn merge(&mut self, other: &Self) {
        if self.ty.is_empty() {
            self.ty.clone_from(&other.ty);
        }
        other.centroids.iter().for_each(|(mean, weight)| self.add(*mean, *weight));
    }

    pub fn bytes(&self) -> usize {
        self.centroids.capacity() * 16
    }

    fn total(&self) -> f64 {
        self.centroids.iter().map(|(_, weight)| weight).sum()
    }

    /// Sorts, and joins neighbours where there are too many.
    fn settle(&mut self) {
        self.centroids.sort_by(|a, b| a.0.total_cmp(&b.0));
        if self.centroids.len() <= EXACT {
            return;
        }
        let total = self.total();
        let mut joined: Vec<(f64, f64)> = Vec::with_capacity(EXACT);
        let mut before = 0.0;
        for (mean, weight) in self.centroids.drain(..) {
            if let Some(last) = joined.last_mut() {
                let together = last.1 + weight;
                let share = (before + together / 2.0) / total;
                if together <= 4.0 * total * share * (1.0 - share) / FINENESS {
                    last.0 += (mean - last.0) * weight / together;
                    last.1 = together;
                    continue;
                }
                before += last.1;
            }
            joined.push((mean, weight));
        }
        self.centroids = joined;
    }

    /// The value at a percentile, by nearest rank.
    pub fn percentile(&mut self, share: f64) -> Option<f64> {
        self.settle();
        let target = share / 100.0 * self.total();
        let mut sum = 0.0;
        for (mean, weight) in &self.centroids {
            sum += weight;
            if sum >= target {
                return Some(*mean);
            }
        }
        self.centroids.last().map(|(mean, _)| *mean)
    }

    /// How much weight is not above a value, and all the weight.
    pub fn rank(&self, value: f64) -> (f64, f64) {
        let below = self.centroids.iter().filter(|(mean, _)| *mean <= value).map(|(_, weight)| weight).sum();
        (below, self.total())
    }

    /// `["long", [mean, weight], …]`
    pub fn json(&mut self) -> Json {
        self.settle();
        let pairs = self.centroids.iter().map(|(mean, weight)| json!([mean, weight]));
        std::iter::once(Json::from(self.ty.as_str())).chain(pairs).collect()
    }

    pub fn from_json(json: &Json) -> Option<Self> {
        let (ty, pairs) = json.as_array()?.split_first()?;
        let mut digest = Self::new(ty.as_str()?);
        for pair in pairs {
            match pair.as_array()?.as_slice() {
                [mean, weight] => digest.add(mean.as_f64()?, weight.as_f64()?),
                _ => return None,
            }
        }
        Some(digest)
    }
}

/// Hashes that a sketch keeps as they are; up to here its answers are exact.
const LISTED: usize = 512;

/// A HyperLogLog sketch (Flajolet and others, 2007) of 64-bit hashes, with a plain list for few values.
#[derive(Clone, Debug)]
pub(crate) struct Distinct {
    /// 2 to this power is the number of registers.
    precision: u8,
    listed: std::collections::BTreeSet<u64>,
    registers: Vec<u8>,
}

impl Distinct {
    /// Accuracy 0 to 4, as `dcount` takes it; errors of about 1.6, 0.8, 0.4, 0.28 and 0.2 %.
    pub fn new(accuracy: i64) -> Self {
        let precision = match accuracy {
            0 => 12,
            2 => 16,
            3 => 17,
            4 => 18,
            _ => 14,
        };
        Self { precision, listed: std::collections::BTreeSet::new(), registers: Vec::new() }
    }

    pub fn add(&mut self, hash: u64) {
        if self.registers.is_empty() {
            self.listed.insert(hash);
            if self.listed.len() > LISTED {
                self.registers = vec![0; 1 << self.precision];
                std::mem::take(&mut self.listed).into_iter().for_each(|h| self.register(h));
            }
        } else {
            self.register(hash);
        }
    }

    fn register(&mut self, hash: u64) {
        let at = usize::try_from(hash >> (64 - self.precision)).unwrap_or(0);
        // Zeros before the first one among the other bits, and one more.
        let rest = hash << self.precision;
        let rank = rest.leading_zeros().min(u32::from(64 - self.precision)) + 1;
        self.raise(at, u8::try_from(rank).unwrap_or(u8::MAX));
    }

    fn raise(&mut self, at: usize, rank: u8) {
        if let Some(register) = self.registers.get_mut(at) {
            *register = (*register).max(rank);
        }
    }

    pub fn merge(&mut self, other: &Self) {
        if other.precision < self.precision {
            self.coarsen(other.precision);
        }
        other.listed.iter().for_each(|h| self.add(*h));
        if other.registers.is_empty() {
            return;
        }
        if self.registers.is_empty() {
            self.registers = vec![0; 1 << self.precision];
            std::mem::take(&mut self.listed).into_iter().for_each(|h| self.register(h));
        }
        let mut other = other.clone();
        other.coarsen(self.precision);
        other.registers.iter().enumerate().for_each(|(at, rank)| self.raise(at, *rank));
    }

    /// Fewer registers: the dropped bits of the place become the first bits of the rest.
    fn coarsen(&mut self, precision: u8) {
        let dropped = self.precision.saturating_sub(precision);
        self.precision = self.precision.min(precision);
        if self.registers.is_empty() || dropped == 0 {
            return;
        }
        let fine = std::mem::replace(&mut self.registers, vec![0; 1 << self.precision]);
        for (at, rank) in fine.into_iter().enumerate().filter(|(_, rank)| *rank > 0) {
            let low = at & ((1 << dropped) - 1);
            let rank = if low == 0 {
                rank + dropped
            } else {
                // Zeros before the first one among the dropped bits.
                dropped - u8::try_from(low.ilog2()).unwrap_or(0)
            };
            self.raise(at >> dropped, rank);
        }
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    pub fn count(&self) -> i64 {
        if self.registers.is_empty() {
            return i64::try_from(self.listed.len()).unwrap_or(i64::MAX);
        }
        let size = self.registers.len() as f64;
        let sum: f64 = self.registers.iter().map(|r| 2f64.powi(-i32::from(*r))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / size) * size * size / sum;
        let empty = self.registers.iter().filter(|r| **r == 0).count();
        // Few values: what is left empty says more.
        let estimate = if raw <= 2.5 * size && empty > 0 { size * (size / empty as f64).ln() } else { raw };
        estimate.round() as i64
    }

    pub fn bytes(&self) -> usize {
        self.listed.len() * 32 + self.registers.len()
    }

    /// `[precision, [hash, …]]` or `[precision, "registers in base64"]`
    pub fn json(&self) -> Json {
        use base64::Engine;
        if self.registers.is_empty() {
            return json!([self.precision, self.listed]);
        }
        json!([self.precision, base64::engine::general_purpose::STANDARD.encode(&self.registers)])
    }

    pub fn from_json(json: &Json) -> Option<Self> {
        use base64::Engine;
        let [precision, content] = json.as_array()?.as_slice() else { return None };
        let precision = u8::try_from(precision.as_u64()?).ok().filter(|p| (4..=18).contains(p))?;
        let mut sketch = Self { precision, listed: std::collections::BTreeSet::new(), registers: Vec::new() };
        match content {
            Json::Array(hashes) => {
                for hash in hashes {
                    sketch.add(hash.as_u64()?);
                }
            }
            Json::String(text) => {
                let registers = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
                // A rank is at most the bits that are left, and one.
                if registers.len() != 1 << precision || registers.iter().any(|r| *r > 65 - precision) {
                    return None;
                }
                sketch.registers = registers;
            }
            _ => return None,
        }
        Some(sketch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence of well mixed numbers (splitmix64).
    fn mixed(n: u64) -> u64 {
        let z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn sketch(accuracy: i64, numbers: std::ops::Range<u64>) -> Distinct {
        let mut sketch = Distinct::new(accuracy);
        numbers.for_each(|n| sketch.add(mixed(n)));
        sketch
    }

    #[test]
    fn distinct_counts_are_close_and_merge() {
        assert_eq!(sketch(1, 0..500).count(), 500);
        let near = |found: i64, wanted: i64, percent: i64| {
            assert!((found - wanted).abs() * 100 <= wanted * percent, "{found} is far from {wanted}");
        };
        near(sketch(1, 0..5000).count(), 5000, 3);
        near(sketch(1, 0..200_000).count(), 200_000, 3);
        // One of another precision, the other with a list.
        let mut merged = sketch(2, 0..100_000);
        merged.merge(&sketch(0, 50_000..150_000));
        near(merged.count(), 150_000, 6);
        merged.merge(&sketch(4, 0..300));
        near(merged.count(), 150_000, 6);
        let read = Distinct::from_json(&merged.json()).unwrap_or_else(|| Distinct::new(1));
        assert_eq!(read.count(), merged.count());
        assert!(Distinct::from_json(&json!([14, "AAAA"])).is_none());
        assert!(Distinct::from_json(&json!([200, []])).is_none());
    }

    #[test]
    fn a_coarse_sketch_equals_one_that_was_coarse_from_the_start() {
        let mut fine = sketch(2, 0..50_000);
        fine.coarsen(12);
        assert_eq!(fine.registers, sketch(0, 0..50_000).registers);
    }

    #[test]
    fn percentiles_are_exact_for_few_and_close_for_many() {
        let mut digest = Digest::new("long");
        (1..=100).for_each(|n| digest.add(f64::from(n), 1.0));
        assert_eq!(digest.percentile(50.0), Some(50.0));
        assert_eq!(digest.percentile(100.0), Some(100.0));
        let mut digest = Digest::new("long");
        (0..100_000u64)
            .for_each(|n| digest.add(f64::from(u16::try_from(mixed(n) % 10_000).unwrap_or(0)), 1.0));
        for share in [1.0, 25.0, 50.0, 99.0] {
            let found = digest.percentile(share).unwrap_or(-1.0);
            assert!((found - share * 100.0).abs() < 100.0, "{found} at {share}");
        }
        assert!(digest.json().as_array().is_some_and(|a| a.len() < 4000));
        let mut read = Digest::from_json(&digest.json()).unwrap_or_default();
        assert_eq!(read.percentile(50.0), digest.percentile(50.0));
        assert_eq!(Digest::new("long").percentile(50.0), None);
    }
}
