use super::{Leaf, Neighbours, Spine};

/// The edges of one relation, in both directions.
#[derive(Clone, Default)]
pub(crate) struct Relations {
    there: Side,
    back: Side,
    edges: u64,
    lag: Lag,
}

/// The neighbours of all nodes in one direction.
#[derive(Clone, Default)]
pub(crate) struct Side {
    leaves: Spine<Leaf>,
}

impl Side {
    pub fn of(&self, number: u32) -> Neighbours<'_> {
        let at = number as usize;
        match self.leaves.get(at / Leaf::NODES) {
            Some(leaf) => leaf.of(at % Leaf::NODES),
            None => Neighbours::List(&[]),
        }
    }

    /// For looking at many nodes in their order.
    pub fn walk(&self) -> Walk<'_> {
        Walk { side: self, at: usize::MAX, leaf: None }
    }

    /// Numbers that there is a place for.
    fn places(&self) -> u32 {
        (self.leaves.len() * Leaf::NODES) as u32
    }

    fn leaf(&mut self, number: u32) -> (&mut Leaf, usize) {
        let at = number as usize;
        (self.leaves.leaf(at / Leaf::NODES, Leaf::default), at % Leaf::NODES)
    }

    fn set(&mut self, number: u32, to: &[u32]) {
        let (leaf, at) = self.leaf(number);
        leaf.set(at, to);
    }

    fn insert(&mut self, number: u32, to: u32) {
        let (leaf, at) = self.leaf(number);
        leaf.insert(at, to);
    }

    fn remove(&mut self, number: u32, to: u32) {
        let (leaf, at) = self.leaf(number);
        leaf.remove(at, to);
    }

    fn shrink(&mut self) {
        for at in 0..self.leaves.len() {
            self.leaves.leaf(at, Leaf::default).shrink();
        }
    }

    fn bytes(&self) -> usize {
        self.leaves.iter().map(|l| l.bytes() + 24).sum()
    }
}

/// Remembers the leaf that was looked at last.
pub(crate) struct Walk<'a> {
    side: &'a Side,
    at: usize,
    leaf: Option<&'a Leaf>,
}

impl<'a> Walk<'a> {
    pub fn of(&mut self, number: u32) -> Neighbours<'a> {
        let at = number as usize / Leaf::NODES;
        if at != self.at {
            self.at = at;
            self.leaf = self.side.leaves.get(at);
        }
        self.leaf.map_or(Neighbours::List(&[]), |leaf| leaf.of(number as usize % Leaf::NODES))
    }
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

/// Edges that are turned round at once.
const BLOCK: usize = 1 << 24;

impl Relations {
    /// A node's neighbours, read forward or back.
    pub fn of(&self, number: u32, forward: bool) -> Neighbours<'_> {
        self.side(forward).of(number)
    }

    /// The neighbours of all nodes, read forward or back.
    pub fn side(&self, forward: bool) -> &Side {
        if forward { &self.there } else { &self.back }
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
        self.there.shrink();
        self.back.shrink();
    }

    pub fn connect(&mut self, from: u32, to: u32) {
        self.catch_up();
        if !self.of(from, true).contains(to) {
            self.there.insert(from, to);
            self.back.insert(to, from);
            self.edges += 1;
        }
    }

    pub fn disconnect(&mut self, from: u32, to: u32) {
        self.catch_up();
        if self.of(from, true).contains(to) {
            self.there.remove(from, to);
            self.back.remove(to, from);
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
            self.side_mut(forward).set(number, to);
            self.edges += to.len() as u64;
            return;
        }
        self.catch_up();
        let old: Vec<u32> = self.of(number, forward).iter().collect();
        if old == to {
            return;
        }
        let mut edges = self.edges;
        let other = self.side_mut(!forward);
        for n in old.iter().filter(|n| to.binary_search(n).is_err()) {
            other.remove(*n, number);
            edges -= 1;
        }
        for n in to.iter().filter(|n| old.binary_search(n).is_err()) {
            other.insert(*n, number);
            edges += 1;
        }
        self.side_mut(forward).set(number, to);
        self.edges = edges;
    }

    fn side_mut(&mut self, forward: bool) -> &mut Side {
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
        self.there.bytes() + self.back.bytes()
    }
}

/// Fills one direction from the other, a range of its nodes at a time.
fn turn_round(from: &Side, to: &mut Side) {
    let mut degrees: Vec<u32> = Vec::new();
    for n in (0..from.places()).flat_map(|source| from.of(source).iter()) {
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
        for source in 0..from.places() {
            for n in from.of(source).range(first as u32, last as u32) {
                let end = &mut ends[n as usize - first];
                all[*end] = source;
                *end += 1;
            }
        }
        for at in first..last {
            let own = &all[starts[at - first]..starts[at - first + 1]];
            if !own.is_empty() {
                to.set(at as u32, own);
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
