//! Properties compared with values. A text is compared once for all nodes that have it, unless fewer
//! nodes are asked about than there are texts.

use std::borrow::Cow;
use std::cmp::Ordering;

use palisade_types::TimeMicros;
use roaring::RoaringBitmap;

use super::Work;
use crate::query::{Filter, Literal, QueryError, compare_versions};
use crate::schema::{Operator, PropertySpec, ValueType};
use crate::store::{Cell, Column, Table};

/// A text without regard to case.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

pub(super) fn filter(
    table: &Table,
    spec: &PropertySpec,
    filter: &Filter,
    now: TimeMicros,
    candidates: RoaringBitmap,
    work: &mut Work,
) -> Result<RoaringBitmap, QueryError> {
    let column = table.column(filter.column);
    let test = Test::new(spec, filter, now);
    match column {
        Column::Text { codes, words } => {
            let given = u64::from(words.given());
            if candidates.len() < given / 4 {
                work.spend(candidates.len() * 60)?;
                return Ok(keep(&candidates, |n| test.holds(column.get(n))));
            }
            work.spend(given * 30 + u64::from(table.given()) * 2)?;
            let mut holds = vec![false; given as usize];
            holds[0] = test.holds(Cell::None);
            words.each(|code, text| holds[code as usize] = test.holds(Cell::Text(text)));
            let found = scan(table.given(), codes.chunks(), |c| holds.get(*c as usize) == Some(&true));
            Ok(padded(found, codes.capacity(), table.given(), holds[0]) & candidates)
        }
        Column::Small(values) => {
            if candidates.len() < u64::from(table.given()) / 32 {
                work.spend(candidates.len() * 8)?;
                return Ok(keep(&candidates, |n| test.holds(column.get(n))));
            }
            work.spend(u64::from(table.given()))?;
            let holds: Vec<bool> =
                (0..=u8::MAX).map(|v| test.holds(if v == 0 { Cell::None } else { Cell::Small(v) })).collect();
            let found = scan(table.given(), values.chunks(), |v| holds[usize::from(*v)]);
            Ok(padded(found, values.capacity(), table.given(), holds[0]) & candidates)
        }
        Column::Integer(_) | Column::Real(_) => {
            work.spend(candidates.len() * 8)?;
            Ok(keep(&candidates, |n| test.holds(column.get(n))))
        }
    }
}

fn keep(candidates: &RoaringBitmap, mut holds: impl FnMut(u32) -> bool) -> RoaringBitmap {
    let mut found = RoaringBitmap::new();
    for n in candidates {
        if holds(n) {
            found.insert(n);
        }
    }
    found
}

/// The places below `given` whose value holds.
fn scan<'c, T: 'c>(
    given: u32,
    chunks: impl Iterator<Item = &'c [T]>,
    mut holds: impl FnMut(&T) -> bool,
) -> RoaringBitmap {
    let mut bytes = Vec::with_capacity(given as usize / 8 + 8);
    'chunks: for chunk in chunks {
        // Chunks are whole numbers of eight.
        for eight in chunk.chunks(8) {
            if bytes.len() * 8 >= given as usize {
                break 'chunks;
            }
            let mut byte = 0u8;
            for (bit, value) in eight.iter().enumerate() {
                byte |= u8::from(holds(value)) << bit;
            }
            bytes.push(byte);
        }
    }
    RoaringBitmap::from_lsb0_bytes(0, &bytes)
}

/// A column ends where no later node has a value.
fn padded(mut found: RoaringBitmap, capacity: usize, given: u32, absent_holds: bool) -> RoaringBitmap {
    if absent_holds && capacity < given as usize {
        found.insert_range(capacity as u32..given);
    }
    found
}

/// A condition, ready to be asked many times.
struct Test<'f> {
    operator: Operator,
    value: ValueType,
    /// Folded texts, places of choices, or nothing.
    texts: Vec<Cow<'f, str>>,
    small: Vec<u8>,
    integers: Vec<i64>,
    real: f64,
    truth: bool,
}

impl<'f> Test<'f> {
    fn new(spec: &PropertySpec, filter: &'f Filter, now: TimeMicros) -> Self {
        let mut test = Self {
            operator: filter.operator,
            value: spec.value,
            texts: Vec::new(),
            small: Vec::new(),
            integers: Vec::new(),
            real: f64::NAN,
            truth: true,
        };
        match &filter.value {
            Literal::List(all) => all.iter().for_each(|l| test.add(spec, l, now)),
            one => test.add(spec, one, now),
        }
        test
    }

    fn add(&mut self, spec: &PropertySpec, literal: &'f Literal, now: TimeMicros) {
        match literal {
            Literal::Text(word) if spec.value == ValueType::Choice => {
                let at = spec.values.iter().position(|v| v == word);
                self.small.extend(at.and_then(|at| u8::try_from(at + 1).ok()));
            }
            Literal::Text(text) => self.texts.push(fold(text)),
            Literal::Integer(n) => self.integers.push(*n),
            Literal::Real(n) => self.real = *n,
            Literal::Time(t) => self.integers.push(t.when(now).0),
            Literal::Bool(b) => {
                self.truth = *b;
                self.small.push(if *b { 2 } else { 1 });
            }
            Literal::List(_) => {}
        }
    }

    fn holds(&self, cell: Cell<'_>) -> bool {
        match self.operator {
            Operator::Exists => (cell != Cell::None) == self.truth,
            Operator::NotEquals => !self.equals(cell),
            Operator::Equals | Operator::In => self.equals(cell),
            Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
                let (Cell::Text(text), Some(part)) = (cell, self.texts.first()) else { return false };
                let (text, part) = (fold(text), part.as_ref());
                match self.operator {
                    Operator::Contains => text.contains(part),
                    Operator::StartsWith => text.starts_with(part),
                    _ => text.ends_with(part),
                }
            }
            Operator::Greater | Operator::After => self.compare(cell) == Some(Ordering::Greater),
            Operator::Less | Operator::Before => self.compare(cell) == Some(Ordering::Less),
        }
    }

    fn equals(&self, cell: Cell<'_>) -> bool {
        match cell {
            Cell::None => false,
            Cell::Text(text) => {
                let text = fold(text);
                self.texts.contains(&text)
            }
            Cell::Small(n) => self.small.contains(&n),
            Cell::Integer(n) => self.integers.contains(&n),
            Cell::Real(n) => n == self.real,
        }
    }

    fn compare(&self, cell: Cell<'_>) -> Option<Ordering> {
        match cell {
            Cell::Text(text) if self.value == ValueType::Version => {
                Some(compare_versions(&fold(text), self.texts.first()?))
            }
            Cell::Integer(n) => Some(n.cmp(self.integers.first()?)),
            Cell::Real(n) => n.partial_cmp(&self.real),
            _ => None,
        }
    }
}
