use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::{Cell, Chunked, Column, Index, Order, Set, Texts, index};
use crate::schema::{TableId, schema};

/// The nodes of one table. A node's number is dense and is given away again after its removal.
#[derive(Clone)]
pub(crate) struct Table {
    keys: Texts,
    index: Index,
    /// The nodes of each kind.
    kinds: Vec<Members>,
    columns: Vec<Column>,
    /// The nodes by name and key; none while the graph is loaded, because sorting once costs less.
    order: Option<Order>,
    free: Arc<Vec<u32>>,
    /// Numbers ever given.
    given: u32,
}

/// The nodes of one kind: a bit for each, in chunks that clones share.
#[derive(Clone, Default)]
struct Members {
    words: Chunked<u64, 64>,
    count: u64,
}

impl Members {
    fn has(&self, number: u32) -> bool {
        self.words.get(number / 64).is_some_and(|w| w >> (number % 64) & 1 == 1)
    }

    /// Says whether a node is one of them; only what changes is touched.
    fn set(&mut self, number: u32, is: bool) {
        if self.has(number) != is {
            *self.words.slot(number / 64) ^= 1 << (number % 64);
            self.count = if is { self.count + 1 } else { self.count - 1 };
        }
    }

    fn nodes(&self, given: u32) -> Set {
        let mut words = Vec::with_capacity(self.words.capacity().max((given as usize).div_ceil(64)));
        self.words.chunks().for_each(|c| words.extend_from_slice(c));
        words.resize((given as usize).div_ceil(64), 0);
        Set::from_words(words)
    }
}

impl Table {
    pub fn new(table: TableId) -> Self {
        let spec = schema().table(table);
        Self {
            keys: Texts::default(),
            index: Index::default(),
            kinds: spec.kinds.iter().map(|_| Members::default()).collect(),
            columns: spec.properties.iter().map(Column::new).collect(),
            order: Some(Order::default()),
            free: Arc::default(),
            given: 0,
        }
    }

    /// Loading begins.
    pub fn begin(&mut self) {
        self.order = None;
    }

    /// Loading ends.
    pub fn finish(&mut self) {
        let all = self.all();
        let mut named: Vec<(&str, &str, u32)> = all.iter().map(|n| (self.name(n), self.key(n), n)).collect();
        named.sort_unstable();
        let sorted: Vec<u32> = named.into_iter().map(|(_, _, n)| n).collect();
        self.order = Some(Order::from_sorted(&sorted));
    }

    pub fn find(&self, key: &str, hasher: &RandomState) -> Option<u32> {
        self.index.find(hasher.hash_one(key), |n| self.keys.get(n) == key)
    }

    /// The number of a node, new if it was not there; none if the table is full.
    pub fn find_or_add(&mut self, key: &str, hasher: &RandomState) -> Option<u32> {
        let hash = hasher.hash_one(key);
        if let Some(n) = self.index.find(hash, |n| self.keys.get(n) == key) {
            return Some(n);
        }
        let number = if self.free.is_empty() {
            if self.given >= index::MAX_NUMBER {
                return None;
            }
            self.given += 1;
            self.given - 1
        } else {
            Arc::make_mut(&mut self.free).pop()?
        };
        self.keys.set(number, key);
        self.index.insert(hash, number, |n| hasher.hash_one(self.keys.get(n)));
        Some(number)
    }

    /// Says which kind a node is of.
    pub fn set_kind(&mut self, number: u32, kind: u8) {
        for (k, nodes) in self.kinds.iter_mut().enumerate() {
            nodes.set(number, k == usize::from(kind));
        }
    }

    /// Sets a value of a node whose kind is set.
    pub fn set(&mut self, number: u32, column: usize, value: Cell<'_>, hasher: &RandomState) {
        if column == 0 && self.columns[0].get(number) != value {
            // A node that is new has no name, and no place in the order.
            if self.columns[0].get(number) != Cell::None {
                self.place(number, false);
            }
            self.columns[0].set(number, value, hasher);
            if value != Cell::None {
                self.place(number, true);
            }
        } else {
            self.columns[column].set(number, value, hasher);
        }
    }

    /// Puts a node into the order, or takes it out.
    fn place(&mut self, number: u32, there: bool) {
        let Some(mut order) = self.order.take() else { return };
        let own = (self.name(number), self.key(number));
        let compare = |n: u32| (self.name(n), self.key(n)).cmp(&own);
        if there {
            order.insert(number, compare)
        } else {
            order.remove(number, compare)
        }
        self.order = Some(order);
    }

    /// The nodes by name and key, without those at the beginning that were passed.
    pub fn behind(&self, passed: &dyn Fn(&str, &str) -> bool) -> impl Iterator<Item = u32> + use<'_> {
        let at = |n: u32| if passed(self.name(n), self.key(n)) { Ordering::Less } else { Ordering::Greater };
        let place = self.order.as_ref().map(|o| (o, o.place(&at)));
        place.into_iter().flat_map(|(o, at)| o.from(at))
    }

    /// Forgets a node; its edges are the caller's.
    pub fn remove(&mut self, number: u32, hasher: &RandomState) {
        self.place(number, false);
        for column in &mut self.columns {
            column.set(number, Cell::None, hasher);
        }
        for nodes in &mut self.kinds {
            nodes.set(number, false);
        }
        self.index.remove(hasher.hash_one(self.keys.get(number)), number);
        self.keys.set(number, "");
        Arc::make_mut(&mut self.free).push(number);
    }

    pub fn key(&self, number: u32) -> &str {
        self.keys.get(number)
    }

    pub fn name(&self, number: u32) -> &str {
        match self.columns[0].get(number) {
            Cell::Text(name) => name,
            _ => "",
        }
    }

    pub fn column(&self, column: usize) -> &Column {
        &self.columns[column]
    }

    /// Which kind a node is of.
    pub fn kind(&self, number: u32) -> Option<u8> {
        self.kinds.iter().position(|nodes| nodes.has(number)).map(|k| k as u8)
    }

    /// The nodes of some kinds.
    pub fn nodes(&self, kinds: &[u8]) -> Set {
        let mut each = kinds.iter().map(|kind| self.kinds[usize::from(*kind)].nodes(self.given));
        let mut all = each.next().unwrap_or_default();
        each.for_each(|nodes| all.add_all(&nodes));
        all
    }

    /// All nodes.
    pub fn all(&self) -> Set {
        self.nodes(&(0..self.kinds.len() as u8).collect::<Vec<_>>())
    }

    /// All nodes by name and key.
    pub fn in_order(&self) -> impl Iterator<Item = u32> + use<'_> {
        self.order.iter().flat_map(|o| o.from((0, 0)))
    }

    /// How many nodes there are.
    pub fn len(&self) -> u64 {
        self.kinds.iter().map(|k| k.count).sum()
    }

    /// One above the largest number.
    pub fn given(&self) -> u32 {
        self.given
    }

    pub fn bytes(&self) -> usize {
        let kinds: usize = self.kinds.iter().map(|k| k.words.capacity() * 8).sum();
        let columns: usize = self.columns.iter().map(Column::bytes).sum();
        self.keys.bytes()
            + self.index.bytes()
            + kinds
            + columns
            + self.free.capacity() * 4
            + self.order.as_ref().map_or(0, Order::bytes)
    }
}
