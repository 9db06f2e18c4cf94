//! Groups of rows by number: each column's values get numbers, then the combinations of numbers do.
//!
//! Equal texts of a Parquet dictionary have equal views, so that most rows are grouped without a look at their
//! texts, and a combination of columns is looked up as one integer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringBuilder, StringViewArray, StringViewBuilder};
use arrow::buffer::Buffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{DataFusionError, Result};

use crate::memo::slot;

/// Texts of up to so many bytes are their own view.
const INLINE: u32 = 12;

/// Bytes that a text takes besides its own: its entry, its place in the list, and the counters of both.
const TEXT: usize = 80;

/// Hashed with a secret: nobody can make values that lie in one place.
type Numbers<K> = HashMap<K, u32, foldhash::quality::RandomState>;

fn next(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| DataFusionError::ResourcesExhausted("more than 2^32 groups".to_owned()))
}

/// Whether values of a type can be told apart here.
pub(super) fn groups(ty: &DataType) -> bool {
    text(ty)
        || matches!(
            ty,
            DataType::Int32
                | DataType::Int64
                | DataType::Boolean
                | DataType::Timestamp(..)
                | DataType::Duration(_)
        )
}

/// Whether a type is one of texts.
pub(super) fn text(ty: &DataType) -> bool {
    matches!(ty, DataType::Utf8 | DataType::Utf8View)
}

/// Views whose numbers are at hand, a power of two; one takes the place of another with the same hash.
const AT_HAND: usize = 8192;

/// A view and its number.
#[derive(Clone, Copy, Debug)]
struct Seen {
    view: u128,
    id: u32,
    /// Of which buffers the view is; 0 where it is its own text, which it is for ever.
    age: u32,
}

/// Different texts, in the order in which they came.
#[derive(Debug)]
struct Texts {
    seen: Vec<Seen>,
    /// Those of the newest rows. While they are held, nothing else comes to lie where they are.
    buffers: Vec<Buffer>,
    age: u32,
    short: Numbers<u128>,
    long: Numbers<Arc<str>>,
    known: Vec<Option<Arc<str>>>,
    null: Option<u32>,
    bytes: usize,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            seen: vec![Seen { view: 0, id: 0, age: u32::MAX }; AT_HAND],
            buffers: Vec::new(),
            age: 1,
            short: Numbers::default(),
            long: Numbers::default(),
            known: Vec::new(),
            null: None,
            bytes: AT_HAND * size_of::<Seen>(),
        }
    }
}

impl Texts {
    /// Begins with other buffers, unless they are those from before.
    fn turn(&mut self, buffers: &[Buffer]) -> Result<()> {
        let same = |(a, b): (&Buffer, &Buffer)| a.as_ptr() == b.as_ptr() && a.len() == b.len();
        if buffers.len() != self.buffers.len() || !buffers.iter().zip(&self.buffers).all(same) {
            self.buffers = buffers.to_vec();
            self.age = next(self.age as usize + 1)?;
        }
        Ok(())
    }

    fn id(&mut self, view: u128, text: &str) -> Result<u32> {
        let id = next(self.known.len())?;
        let owned = if text.len() <= INLINE as usize {
            match self.short.entry(view) {
                Entry::Occupied(known) => return Ok(*known.get()),
                Entry::Vacant(new) => new.insert(id),
            };
            Arc::<str>::from(text)
        } else {
            if let Some(known) = self.long.get(text) {
                return Ok(*known);
            }
            let owned = Arc::<str>::from(text);
            self.long.insert(Arc::clone(&owned), id);
            owned
        };
        self.bytes += TEXT + text.len();
        self.known.push(Some(owned));
        Ok(id)
    }

    fn none(&mut self) -> Result<u32> {
        if let Some(id) = self.null {
            return Ok(id);
        }
        let id = next(self.known.len())?;
        self.known.push(None);
        self.null = Some(id);
        Ok(id)
    }

    fn ids(&mut self, array: &StringViewArray, ids: &mut Vec<u32>) -> Result<()> {
        self.turn(array.data_buffers())?;
        let nulls = array.nulls().filter(|n| n.null_count() > 0);
        ids.reserve(array.len());
        for (row, view) in array.views().iter().copied().enumerate() {
            if nulls.is_some_and(|n| n.is_null(row)) {
                let id = self.none()?;
                ids.push(id);
                continue;
            }
            // A view begins with its length. Multiplied, because no processor guesses how long texts are.
            #[allow(clippy::cast_possible_truncation)]
            let age = self.age * u32::from(view as u32 > INLINE);
            let slot = slot(view, AT_HAND);
            let known = self.seen[slot];
            if known.view == view && known.age == age {
                ids.push(known.id);
                continue;
            }
            let id = self.id(view, array.value(row))?;
            self.seen[slot] = Seen { view, id, age };
            ids.push(id);
        }
        Ok(())
    }
}

/// Different numbers, in the order in which they came.
#[derive(Debug, Default)]
struct Values {
    ids: Numbers<i64>,
    known: Vec<Option<i64>>,
    null: Option<u32>,
}

impl Values {
    fn id(&mut self, value: Option<i64>) -> Result<u32> {
        let id = next(self.known.len())?;
        match value {
            Some(value) => match self.ids.entry(value) {
                Entry::Occupied(known) => return Ok(*known.get()),
                Entry::Vacant(new) => _ = new.insert(id),
            },
            None => match self.null {
                Some(id) => return Ok(id),
                None => self.null = Some(id),
            },
        }
        self.known.push(value);
        Ok(id)
    }

    fn ids(&mut self, array: &Int64Array, ids: &mut Vec<u32>) -> Result<()> {
        let mut last = None;
        for value in array {
            let id = match last {
                Some((known, id)) if known == value => id,
                _ => self.id(value)?,
            };
            last = Some((value, id));
            ids.push(id);
        }
        Ok(())
    }
}

/// What a column's values are told apart by.
#[derive(Debug)]
enum Key {
    Texts(Texts),
    Values(Values),
}

/// Combinations of a number of what lies before with a number of the next column.
#[derive(Debug, Default)]
struct Pairs {
    ids: Numbers<u64>,
    known: Vec<u64>,
}

impl Pairs {
    fn id(&mut self, pair: u64) -> Result<u32> {
        let id = next(self.known.len())?;
        match self.ids.entry(pair) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(new) => {
                self.known.push(pair);
                Ok(*new.insert(id))
            }
        }
    }
}

fn joined(before: u32, own: u32) -> u64 {
    (u64::from(before) << 32) | u64::from(own)
}

#[allow(clippy::cast_possible_truncation)] // the halves are meant
fn halves(pair: u64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}

/// The groups so far.
#[derive(Debug)]
pub(super) struct Groups {
    types: Vec<DataType>,
    keys: Vec<Key>,
    /// Between each column and those before it.
    pairs: Vec<Pairs>,
    /// Reused from batch to batch.
    ids: Vec<u32>,
}

impl Groups {
    /// No group yet, by columns of these types.
    pub(super) fn new(types: Vec<DataType>) -> Self {
        let key = |ty| if text(ty) { Key::Texts(Texts::default()) } else { Key::Values(Values::default()) };
        let keys = types.iter().map(key).collect();
        let pairs = (1..types.len()).map(|_| Pairs::default()).collect();
        Self { types, keys, pairs, ids: Vec::new() }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match (self.pairs.last(), self.keys.first()) {
            (Some(pairs), _) => pairs.known.len(),
            (None, Some(Key::Texts(texts))) => texts.known.len(),
            (None, Some(Key::Values(values))) => values.known.len(),
            (None, None) => 0,
        }
    }

    /// Writes the group of each row; the columns have the types that were said.
    pub(super) fn of(&mut self, columns: &[ArrayRef], groups: &mut Vec<usize>) -> Result<()> {
        groups.clear();
        for (at, (column, key)) in columns.iter().zip(&mut self.keys).enumerate() {
            self.ids.clear();
            match key {
                Key::Texts(texts) => {
                    texts.ids(cast(column, &DataType::Utf8View)?.as_string_view(), &mut self.ids)?;
                }
                Key::Values(values) => {
                    values.ids(cast(column, &DataType::Int64)?.as_primitive::<Int64Type>(), &mut self.ids)?;
                }
            }
            let Some(pairs) = at.checked_sub(1).and_then(|before| self.pairs.get_mut(before)) else {
                groups.extend(self.ids.iter().map(|id| *id as usize));
                continue;
            };
            let mut last = None;
            for (group, id) in groups.iter_mut().zip(&self.ids) {
                let pair = joined(next(*group)?, *id);
                let found = match last {
                    Some((known, found)) if known == pair => found,
                    _ => pairs.id(pair)?,
                };
                last = Some((pair, found));
                *group = found as usize;
            }
        }
        Ok(())
    }

    /// The values of the groups, by column.
    pub(super) fn columns(&self) -> Result<Vec<ArrayRef>> {
        let mut groups: Vec<u32> = (0..next(self.len())?).collect();
        let mut columns = Vec::with_capacity(self.keys.len());
        for at in (0..self.keys.len()).rev() {
            let mut own = Vec::with_capacity(groups.len());
            match at.checked_sub(1).and_then(|before| self.pairs.get(before)) {
                Some(pairs) => {
                    for group in &mut groups {
                        let (before, id) = halves(pairs.known[*group as usize]);
                        *group = before;
                        own.push(id);
                    }
                }
                None => std::mem::swap(&mut own, &mut groups),
            }
            columns.push(self.column(at, &own)?);
        }
        columns.reverse();
        Ok(columns)
    }

    fn column(&self, at: usize, ids: &[u32]) -> Result<ArrayRef> {
        let ty = &self.types[at];
        Ok(match &self.keys[at] {
            Key::Texts(texts) => {
                let texts = ids.iter().map(|id| texts.known[*id as usize].as_deref());
                if *ty == DataType::Utf8 {
                    let bytes: usize = texts.clone().flatten().map(str::len).sum();
                    if i32::try_from(bytes).is_err() {
                        let message = "the texts of the groups have more than 2 GiB".to_owned();
                        return Err(DataFusionError::ResourcesExhausted(message));
                    }
                    let mut builder = StringBuilder::new();
                    texts.for_each(|text| builder.append_option(text));
                    Arc::new(builder.finish())
                } else {
                    let mut builder = StringViewBuilder::with_capacity(ids.len());
                    texts.for_each(|text| builder.append_option(text));
                    Arc::new(builder.finish())
                }
            }
            Key::Values(values) => {
                let values: Int64Array = ids.iter().map(|id| values.known[*id as usize]).collect();
                cast(&values, ty)?
            }
        })
    }

    /// Bytes that they take, about.
    pub(super) fn bytes(&self) -> usize {
        let key = |key: &Key| match key {
            Key::Texts(texts) => texts.bytes,
            Key::Values(values) => {
                values.known.capacity() * size_of::<Option<i64>>() + table::<i64>(&values.ids)
            }
        };
        let pairs = |pairs: &Pairs| pairs.known.capacity() * size_of::<u64>() + table::<u64>(&pairs.ids);
        self.keys.iter().map(key).sum::<usize>() + self.pairs.iter().map(pairs).sum::<usize>()
    }
}

fn table<K>(numbers: &Numbers<K>) -> usize {
    numbers.capacity() * (size_of::<(K, u32)>() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::TimeUnit;

    fn columns(from: usize) -> Vec<ArrayRef> {
        let rows = from..from + 500;
        let text = |n: usize| (!n.is_multiple_of(11)).then(|| format!("{}{}", "x".repeat(n % 19), n % 5));
        let views: StringViewArray = rows.clone().map(text).collect();
        let plain: StringArray =
            rows.clone().map(|n| Some(["", "a", "a text that is long enough"][n % 3])).collect();
        let instant = |n: usize| (!n.is_multiple_of(7)).then(|| i64::try_from(n % 4).unwrap());
        let instants: TimestampMicrosecondArray = rows.clone().map(instant).collect();
        let truths: BooleanArray = rows.map(|n| Some(n % 2 == 0)).collect();
        vec![Arc::new(views), Arc::new(plain), Arc::new(instants.with_timezone("UTC")), Arc::new(truths)]
    }

    /// Rows as texts, which are equal where all values are.
    fn rows(columns: &[ArrayRef]) -> Vec<String> {
        let options = arrow::util::display::FormatOptions::default().with_null("none");
        let shown: Vec<_> = columns
            .iter()
            .map(|c| arrow::util::display::ArrayFormatter::try_new(c.as_ref(), &options).unwrap())
            .collect();
        (0..columns[0].len())
            .map(|row| shown.iter().map(|c| format!("{}|", c.value(row))).collect())
            .collect()
    }

    #[test]
    fn each_row_is_in_the_group_of_its_values_and_groups_have_them_back() {
        for wanted in [&[0][..], &[0, 1], &[1, 2, 3, 0], &[3, 2]] {
            let types = [
                DataType::Utf8View,
                DataType::Utf8,
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                DataType::Boolean,
            ];
            let mut own = Groups::new(wanted.iter().map(|at| types[*at].clone()).collect());
            let mut seen = Vec::new();
            for from in [0, 250, 3] {
                let columns = columns(from);
                let columns: Vec<ArrayRef> = wanted.iter().map(|at| Arc::clone(&columns[*at])).collect();
                let mut groups = Vec::new();
                own.of(&columns, &mut groups).unwrap();
                seen.extend(rows(&columns).into_iter().zip(groups));
            }
            let back = own.columns().unwrap();
            assert!(back.iter().zip(wanted).all(|(c, at)| *c.data_type() == types[*at]));
            let back = rows(&back);
            assert_eq!(back.len(), own.len());
            for (row, group) in seen {
                assert_eq!(back[group], row);
            }
            assert!(own.bytes() > 0);
        }
    }
}
