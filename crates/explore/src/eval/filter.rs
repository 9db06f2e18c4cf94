//! Properties compared with values. A text is compared once for all nodes that have it, unless fewer
//! nodes are asked about than there are texts.

use std::borrow::Cow;
use std::cmp::Ordering;

use palisade_types::TimeMicros;

use super::Work;
use crate::query::{Filter, Literal, QueryError, compare_versions};
use crate::schema::{Operator, PropertySpec, ValueType};
use crate::store::{Cell, Column, Set, Table};

/// A text without regard to case.
fn fold(text: &str) -> Cow<'_, str> {
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
    mut candidates: Set,
    work: &mut Work,
) -> Result<Set, QueryError> {
    let (column, given, asked) = (table.column(filter.column), table.given(), candidates.len());
    let test = &mut Test::new(spec, filter, now);
    let found = match column {
        Column::Text { codes, words } if asked >= u64::from(words.given()) / 4 => {
            work.spend(u64::from(words.given()) * 15 + u64::from(given))?;
            let mut holds = vec![false; words.given() as usize];
            holds[0] = test.holds(Cell::None);
            words.each(|code, text| holds[code as usize] = test.holds(Cell::Text(text)));
            scan(given, codes.chunks(), holds[0], |c| holds.get(*c as usize) == Some(&true))
        }
        Column::Small(values) if asked >= u64::from(given) / 32 => {
            work.spend(u64::from(given))?;
            let mut holds = [false; 256];
            for (value, holds) in (0..=u8::MAX).zip(&mut holds) {
                *holds = test.holds(if value == 0 { Cell::None } else { Cell::Small(value) });
            }
            scan(given, values.chunks(), holds[0], |v| holds[usize::from(*v)])
        }
        Column::Integer(values) if asked >= u64::from(given) / 4 => {
            work.spend(u64::from(given) * 2)?;
            let none = test.holds(Cell::None);
            scan(given, values.chunks(), none, |v| test.holds(v.cell()))
        }
        Column::Real(values) if asked >= u64::from(given) / 4 => {
            work.spend(u64::from(given) * 2)?;
            let none = test.holds(Cell::None);
            scan(given, values.chunks(), none, |v| test.holds(v.cell()))
        }
        column => {
            work.spend(asked * cost(column))?;
            return Ok(candidates.iter().filter(|n| test.holds(column.get(*n))).collect());
        }
    };
    candidates.keep(&found);
    Ok(candidates)
}

/// Keeps of a few nodes those that it holds for.
pub(super) fn keep(
    table: &Table,
    spec: &PropertySpec,
    filter: &Filter,
    now: TimeMicros,
    nodes: &mut Vec<u32>,
    work: &mut Work,
) -> Result<(), QueryError> {
    let (column, mut test) = (table.column(filter.column), Test::new(spec, filter, now));
    work.spend(nodes.len() as u64 * cost(column) + 50)?;
    nodes.retain(|n| test.holds(column.get(*n)));
    Ok(())
}

/// What looking at one node costs.
fn cost(column: &Column) -> u64 {
    if matches!(column, Column::Text { .. }) { 60 } else { 8 }
}

/// The places below `given` whose value holds. A column ends where no later node has a value.
fn scan<'c, T: 'c>(
    given: u32,
    chunks: impl Iterator<Item = &'c [T]>,
    absent_holds: bool,
    mut holds: impl FnMut(&T) -> bool,
) -> Set {
    let mut words = Vec::with_capacity((given as usize).div_ceil(64));
    // Chunks are whole numbers of sixty-four.
    for some in chunks.flat_map(|c| c.chunks(64)) {
        let bits = some.iter().enumerate().map(|(bit, value)| u64::from(holds(value)) << bit);
        words.push(bits.fold(0, |word, bit| word | bit));
    }
    let scanned = words.len() as u32 * 64;
    let mut found = Set::from_words(words);
    if absent_holds && scanned < given {
        found.insert_range(scanned, given);
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
    /// Room for a text without regard to case.
    folded: String,
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
            folded: String::new(),
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

    fn holds(&mut self, cell: Cell<'_>) -> bool {
        match self.operator {
            Operator::Exists => (cell != Cell::None) == self.truth,
            Operator::NotEquals => !self.equals(cell),
            Operator::Equals | Operator::In => self.equals(cell),
            Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
                let Cell::Text(text) = cell else { return false };
                self.fold(text);
                let (text, Some(part)) = (&self.folded, self.texts.first()) else { return false };
                match self.operator {
                    Operator::Contains => text.contains(&**part),
                    Operator::StartsWith => text.starts_with(&**part),
                    _ => text.ends_with(&**part),
                }
            }
            Operator::Greater | Operator::After => self.compare(cell) == Some(Ordering::Greater),
            Operator::Less | Operator::Before => self.compare(cell) == Some(Ordering::Less),
        }
    }

    fn equals(&mut self, cell: Cell<'_>) -> bool {
        match cell {
            Cell::None => false,
            // Letters beyond ASCII are folded to a few others, which may be in ASCII.
            Cell::Text(text) if text.is_ascii() => self.texts.iter().any(|t| t.eq_ignore_ascii_case(text)),
            Cell::Text(text) => {
                self.fold(text);
                self.texts.iter().any(|t| **t == self.folded)
            }
            Cell::Small(n) => self.small.contains(&n),
            Cell::Integer(n) => self.integers.contains(&n),
            Cell::Real(n) => n == self.real,
        }
    }

    fn compare(&mut self, cell: Cell<'_>) -> Option<Ordering> {
        match cell {
            Cell::Text(text) if self.value == ValueType::Version => {
                self.fold(text);
                Some(compare_versions(&self.folded, self.texts.first()?))
            }
            Cell::Integer(n) => Some(n.cmp(self.integers.first()?)),
            Cell::Real(n) => n.partial_cmp(&self.real),
            _ => None,
        }
    }

    /// Puts a text without regard to case into `folded`.
    fn fold(&mut self, text: &str) {
        self.folded.clear();
        if text.is_ascii() {
            self.folded.push_str(text);
            self.folded.make_ascii_lowercase();
        } else {
            self.folded.push_str(&text.to_lowercase());
        }
    }
}
