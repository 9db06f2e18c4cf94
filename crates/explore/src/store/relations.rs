use super::{Adjacent, Chunked};

/// The edges of one relation, in both directions.
#[derive(Clone, Default)]
pub(crate) struct Relations {
    there: Chunked<Adjacent, 256>,
    back: Chunked<Adjacent, 256>,
    edges: u64,
    lag: Lag,
}

/// While a graph is loaded, one direction may be written alone and the other made from it at once:
/// both by turns touch all of the memory for each edge.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Lag {
    /// Both directions are there.
    #[default]
    None,
    /// Both are, but one may be left behind.
    Allowed,
    /// Only the one that is read forward, or back, is there.
    Only { forward: bool },
}

static NOBODY: Adjacent = Adjacent::Few(0, [0; 3]);

/// Edges that are turned round at once.
const BLOCK: usize = 1 << 24;

impl Relations {
    /// A node's neighbours, read forward or back.
    pub fn of(&self, number: u32, forward: bool) -> &Adjacent {
        let side = if forward { &self.there } else { &self.back };
        side.get(number).unwrap_or(&NOBODY)
    }

    /// Whether a node surely has no neighbours.
    pub fn has_none(&self, number: u32, forward: bool) -> bool {
        !matches!(self.lag, Lag::Only { .. }) && self.of(number, forward).is_empty()
    }

    pub fn edges(&self) -> u64 {
        self.edges
    }

    /// Loading begins.
    pub fn begin(&mut self) {
        self.lag = Lag::Allowed;
    }

    /// Loading ends.
    pub fn finish(&mut self) {
        self.catch_up();
        self.lag = Lag::None;
    }

    pub fn connect(&mut self, from: u32, to: u32) {
        self.catch_up();
        if !self.of(from, true).contains(to) {
            self.there.slot(from).insert(to);
            self.back.slot(to).insert(from);
            self.edges += 1;
        }
    }

    pub fn disconnect(&mut self, from: u32, to: u32) {
        self.catch_up();
        if self.of(from, true).contains(to) {
            self.there.slot(from).remove(to);
            self.back.slot(to).remove(from);
            self.edges -= 1;
        }
    }

    /// Makes the neighbours of a node these, which are in ascending order.
    pub fn replace(&mut self, number: u32, forward: bool, to: &[u32]) {
        let alone = match self.lag {
            Lag::None => false,
            Lag::Allowed => self.edges == 0,
            Lag::Only { forward: only } => only == forward && self.of(number, forward).is_empty(),
        };
        if alone {
            self.lag = Lag::Only { forward };
            *self.side(forward).slot(number) = Adjacent::from_sorted(to);
            self.edges += to.len() as u64;
            return;
        }
        self.catch_up();
        let old: Vec<u32> = self.of(number, forward).iter().collect();
        if old == to {
            return;
        }
        let mut edges = self.edges;
        let other = self.side(!forward);
        for n in old.iter().filter(|n| to.binary_search(n).is_err()) {
            other.slot(*n).remove(number);
            edges -= 1;
        }
        for n in to.iter().filter(|n| old.binary_search(n).is_err()) {
            other.slot(*n).insert(number);
            edges += 1;
        }
        *self.side(forward).slot(number) = Adjacent::from_sorted(to);
        self.edges = edges;
    }

    fn side(&mut self, forward: bool) -> &mut Chunked<Adjacent, 256> {
        if forward { &mut self.there } else { &mut self.back }
    }

    /// Makes the direction that was left behind.
    fn catch_up(&mut self) {
        let Lag::Only { forward } = self.lag else { return };
        self.lag = Lag::Allowed;
        let (from, to) = if forward { (&self.there, &mut self.back) } else { (&self.back, &mut self.there) };
        turn_round(from, to);
    }

    pub fn bytes(&self) -> usize {
        let side = |s: &Chunked<Adjacent, 256>| {
            s.capacity() * size_of::<Adjacent>() + s.chunks().flatten().map(Adjacent::bytes).sum::<usize>()
        };
        side(&self.there) + side(&self.back)
    }
}

/// Fills one direction from the other, a range of its nodes at a time.
fn turn_round(from: &Chunked<Adjacent, 256>, to: &mut Chunked<Adjacent, 256>) {
    let mut degrees: Vec<u32> = Vec::new();
    for n in from.chunks().flatten().flat_map(Adjacent::iter) {
        if degrees.len() <= n as usize {
            degrees.resize(n as usize + 1, 0);
        }
        degrees[n as usize] += 1;
    }
    let mut first = 0;
    while first < degrees.len() {
        // Where the neighbours of each node of the range begin.
        let mut starts = vec![0usize];
        let mut edges = 0;
        while let Some(degree) = degrees.get(first + starts.len() - 1) {
            edges += *degree as usize;
            starts.push(edges);
            if edges >= BLOCK {
                break;
            }
        }
        let last = first + starts.len() - 1;
        let mut ends = starts.clone();
        let mut all = vec![0u32; edges];
        for (source, neighbours) in from.chunks().flatten().enumerate() {
            for n in neighbours.range(first as u32, last as u32) {
                let end = &mut ends[n as usize - first];
                all[*end] = source as u32;
                *end += 1;
            }
        }
        for at in first..last {
            let own = &all[starts[at - first]..starts[at - first + 1]];
            if !own.is_empty() {
                *to.slot(at as u32) = Adjacent::from_sorted(own);
            }
        }
        first = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes of all kinds, in the order in which a feed may give them.
    fn change(edges: &mut Relations, step: u32) {
        let z = step.wrapping_mul(2_654_435_761) >> 8;
        let (a, b) = (z % 50, z / 50 % 300);
        match step % 400 {
            0..300 => {
                let to: Vec<u32> = (0..300)
                    .filter(|t| (t * 7 + z).is_multiple_of(5) || (z >> 7).is_multiple_of(3))
                    .collect();
                edges.replace(a, true, &to);
            }
            300..350 => edges.connect(a, b),
            350..380 => edges.disconnect(a, b),
            _ => edges.replace(b, false, &[a]),
        }
    }

    #[test]
    fn a_direction_that_was_left_behind_is_as_one_that_was_not() {
        for steps in [0, 1, 40, 299, 301, 1000] {
            let (mut loaded, mut plain) = (Relations::default(), Relations::default());
            loaded.begin();
            for step in 0..steps {
                change(&mut loaded, step);
                change(&mut plain, step);
            }
            loaded.finish();
            assert_eq!(loaded.edges(), plain.edges());
            for forward in [true, false] {
                for n in 0..300 {
                    assert!(loaded.of(n, forward).iter().eq(plain.of(n, forward).iter()), "{steps} {n}");
                }
            }
        }
    }
}
