//! Groups of rows by number: each column's values get numbers, then the combinations of numbers do.
//!
//! Equal texts of a Parquet dictionary have equal views, so that most rows are grouped without a look at their
//! texts, and a combination of columns is looked up as one integer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int64Array, StringBuilder, StringViewArray, StringViewBuilder,
};
use arrow::buffer::Buffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use datafusion::common::{DataFusionError, Result};

use crate::memo::slot;
use palisade_coded::{NEW, Named, codes};

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
    named: Named,
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
            named: Named::default(),
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

    /// The number of a text that is not null; its buffers are those of now.
    #[inline]
    fn at(&mut self, array: &StringViewArray, row: usize, view: u128) -> Result<u32> {
        // A view begins with its length. Multiplied, because no processor guesses how long texts are.
        #[allow(clippy::cast_possible_truncation)]
        let age = self.age * u32::from(view as u32 > INLINE);
        let slot = slot(view, AT_HAND);
        let known = self.seen[slot];
        if known.view == view && known.age == age {
            return Ok(known.id);
        }
        let id = self.id(view, array.value(row))?;
        self.seen[slot] = Seen { view, id, age };
        Ok(id)
    }

    fn ids(&mut self, array: &StringViewArray, ids: &mut Vec<u32>) -> Result<()> {
        self.turn(array.data_buffers())?;
        let nulls = array.nulls().filter(|n| n.null_count() > 0);
        ids.reserve(array.len());
        for (row, view) in array.views().iter().copied().enumerate() {
            let null = nulls.is_some_and(|n| n.is_null(row));
            ids.push(if null { self.none()? } else { self.at(array, row, view)? });
        }
        Ok(())
    }

    /// The same of numbers of a dictionary.
    fn ids_of_codes(&mut self, array: &DictionaryArray<Int32Type>, ids: &mut Vec<u32>) -> Result<()> {
        self.turn(array.values().as_string_view().data_buffers())?;
        ids.reserve(array.len());
        let mut named = std::mem::take(&mut self.named);
        let find = |text: Option<(&StringViewArray, usize)>| match text {
            Some((texts, at)) => self.at(texts, at, texts.views()[at]),
            None => self.none(),
        };
        named.each(array, find, |_, id| ids.push(id))?;
        self.named = named;
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
        ids.reserve(array.len());
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

impl Key {
    fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.known.len(),
            Self::Values(values) => values.known.len(),
        }
    }
}

/// Places of a grid, of four bytes each. Beyond it combinations are looked for in a table.
const GRID: usize = 1 << 20;

/// Combinations of a number of what lies before with a number of the next column.
#[derive(Debug, Default)]
struct Pairs {
    known: Vec<u64>,
    /// The numbers of combinations, a row for each number before, of a power of two of places.
    grid: Vec<u32>,
    places: u32,
    /// Where the grid would be too large.
    ids: Option<Numbers<u64>>,
}

impl Pairs {
    /// Makes room for so many numbers before and so many of the next column.
    fn room(&mut self, before: usize, own: usize) {
        if self.ids.is_some() {
            return;
        }
        let places = own.max(1).next_power_of_two().trailing_zeros();
        let wanted = if places > self.places { places + 1 } else { self.places };
        if before.checked_shl(wanted).is_none_or(|all| all > GRID || all >> wanted != before) {
            let known = self.known.iter().zip(0..).map(|(pair, id)| (*pair, id));
            self.ids = Some(known.collect());
            self.grid = Vec::new();
            return;
        }
        let all = before << wanted;
        if wanted != self.places {
            self.places = wanted;
            self.grid = vec![NEW; all];
            for (pair, id) in self.known.iter().zip(0..) {
                let (before, own) = halves(*pair);
                self.grid[((before as usize) << wanted) + own as usize] = id;
            }
        } else if all > self.grid.len() {
            self.grid.resize(all, NEW);
        }
    }

    fn id(&mut self, before: u32, own: u32) -> Result<u32> {
        let id = next(self.known.len())?;
        let pair = joined(before, own);
        let place = match &mut self.ids {
            Some(ids) => match ids.entry(pair) {
                Entry::Occupied(known) => return Ok(*known.get()),
                Entry::Vacant(new) => new.insert(id),
            },
            None => {
                let place = &mut self.grid[((before as usize) << self.places) + own as usize];
                if *place != NEW {
                    return Ok(*place);
                }
                place
            }
        };
        *place = id;
        self.known.push(pair);
        Ok(id)
    }

    fn bytes(&self) -> usize {
        self.known.capacity() * size_of::<u64>()
            + self.grid.capacity() * size_of::<u32>()
            + self.ids.as_ref().map_or(0, table::<u64>)
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
            (None, key) => key.map_or(0, Key::len),
        }
    }

    /// Writes the group of each row; the columns have the types that were said.
    pub(super) fn of(&mut self, columns: &[ArrayRef], groups: &mut Vec<usize>) -> Result<()> {
        groups.clear();
        // Numbers of what lies before.
        let mut before = 0;
        for (at, (column, key)) in columns.iter().zip(&mut self.keys).enumerate() {
            self.ids.clear();
            match key {
                Key::Texts(texts) => match codes(column) {
                    Some(coded) => texts.ids_of_codes(coded, &mut self.ids)?,
                    None => {
                        texts.ids(cast(column, &DataType::Utf8View)?.as_string_view(), &mut self.ids)?;
                    }
                },
                Key::Values(values) => {
                    values.ids(cast(column, &DataType::Int64)?.as_primitive::<Int64Type>(), &mut self.ids)?;
                }
            }
            let Some(pairs) = at.checked_sub(1).and_then(|before| self.pairs.get_mut(before)) else {
                groups.extend(self.ids.iter().map(|id| *id as usize));
                before = key.len();
                continue;
            };
            pairs.room(before, key.len());
            let mut last = None;
            for (group, id) in groups.iter_mut().zip(&self.ids) {
                let pair = (next(*group)?, *id);
                let found = match last {
                    Some((known, found)) if known == pair => found,
                    _ => pairs.id(pair.0, pair.1)?,
                };
                last = Some((pair, found));
                *group = found as usize;
            }
            before = pairs.known.len();
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
            Key::Texts(texts) => texts.bytes + texts.named.bytes(),
            Key::Values(values) => {
                values.known.capacity() * size_of::<Option<i64>>() + table::<i64>(&values.ids)
            }
        };
        self.keys.iter().map(key).sum::<usize>() + self.pairs.iter().map(Pairs::bytes).sum::<usize>()
    }
}

fn table<K>(numbers: &Numbers<K>) -> usize {
    numbers.capacity() * (size_of::<(K, u32)>() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::TimeUnit;
    use datafusion::physical_expr::PhysicalExpr;
    use datafusion::physical_expr::expressions::Column;
    use palisade_coded::AsCodes;

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

    /// Texts as numbers of a dictionary of their own, and with one number each.
    fn coded(array: &ArrayRef) -> [ArrayRef; 2] {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let codes = cast(&cast(array, &DataType::Utf8).unwrap(), &dictionary).unwrap();
        let codes = codes.as_dictionary::<Int32Type>();
        let repeated = codes.with_values(cast(codes.values(), &DataType::Utf8View).unwrap());
        let batch = RecordBatch::try_from_iter([("t", Arc::clone(array))]).unwrap();
        let alone = AsCodes::new(Arc::new(Column::new("t", 0))).evaluate(&batch).unwrap();
        [Arc::new(repeated), alone.into_array(array.len()).unwrap()]
    }

    #[test]
    fn numbers_of_dictionaries_are_in_the_groups_of_their_texts() {
        let types = || vec![DataType::Utf8View, DataType::Utf8, DataType::Boolean];
        let (mut by_text, mut by_number) = (Groups::new(types()), Groups::new(types()));
        for from in [0, 250, 3, 700] {
            let columns = columns(from);
            let plain = vec![Arc::clone(&columns[0]), Arc::clone(&columns[1]), Arc::clone(&columns[3])];
            for kind in 0..2 {
                let [first, second] = [&columns[0], &columns[1]].map(|c| Arc::clone(&coded(c)[kind]));
                let numbers = vec![first, second, Arc::clone(&columns[3])];
                let (mut expected, mut found) = (Vec::new(), Vec::new());
                by_text.of(&plain, &mut expected).unwrap();
                by_number.of(&numbers, &mut found).unwrap();
                assert_eq!(found, expected);
            }
        }
        assert_eq!(rows(&by_number.columns().unwrap()), rows(&by_text.columns().unwrap()));
    }

    #[test]
    fn a_combination_has_one_number_in_the_grid_and_beyond_it() {
        let (mut pairs, mut model) = (Pairs::default(), HashMap::new());
        let (mut before, mut own) = (1_u32, 1_u32);
        for step in 0..24 {
            pairs.room(before as usize, own as usize);
            for n in 0..50 {
                let pair = ((n * 7919 + step) % before, (n * 104_729) % own);
                let next = u32::try_from(model.len()).unwrap();
                assert_eq!(pairs.id(pair.0, pair.1).unwrap(), *model.entry(pair).or_insert(next));
            }
            (before, own) = (before + before / 2 + 1, own + own / 3 + 1);
        }
        assert!(pairs.ids.is_some() && pairs.grid.is_empty(), "{before} by {own} is beyond it");
        assert_eq!(pairs.known.len(), model.len());
        assert!(pairs.bytes() > 0);
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
