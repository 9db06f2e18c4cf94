//! `dcount` for many groups at once: values get numbers, and each group has a set of them.
//!
//! Values are told apart by a key of 128 bits: a number and a text of up to twelve bytes are their own, a longer
//! text has its hash. The hash has a secret of this process, so that nobody can make texts that count as one.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, DictionaryArray, Int64Array, StringViewArray,
    make_view,
};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::Int32Type;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use palisade_kql::Type;
use roaring::RoaringBitmap;

use crate::memo::Memo;
use crate::value::{Cells, V};
use palisade_coded::{NEW, Named, codes};

/// Bytes of a key.
const KEY: usize = 16;

/// Bytes of a number in a set: two where it is alone, and as many again while its list grows.
const ENTRY: usize = 4;

/// Bytes that a set takes besides its numbers.
const CONTAINER: usize = 64;

/// Texts of up to so many bytes are their own key.
const INLINE: usize = 12;

static SECRETS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);

/// Whether values of a type can be counted here; of the others equality is not that of their bits.
pub(crate) fn counts(ty: Type) -> bool {
    matches!(
        ty,
        Type::String | Type::Dynamic | Type::Guid | Type::Int | Type::Long | Type::Datetime | Type::Timespan
    )
}

fn key_of_text(text: &str) -> u128 {
    if text.len() <= INLINE {
        return make_view(text.as_bytes(), 0, 0);
    }
    let [high, low] = &*SECRETS;
    (u128::from(high.hash_one(text)) << 64) | u128::from(low.hash_one(text))
}

fn key_of(cell: &V<'_>) -> Option<u128> {
    match cell {
        V::Null => None,
        V::Str(text) => Some(key_of_text(text)),
        V::Int(n) => Some(u128::from(n.cast_unsigned())),
        other => Some(key_of_text(&format!("{other:?}"))),
    }
}

/// Different values by number, in the order in which they came.
#[derive(Debug, Default)]
struct Values {
    /// Hashed with a secret: nobody can make numbers or short texts that lie in one place.
    ids: HashMap<u128, u32, foldhash::quality::RandomState>,
    keys: Vec<u128>,
}

impl Values {
    fn id(&mut self, key: u128) -> Result<u32> {
        let next = self.keys.len();
        match self.ids.entry(key) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(new) => {
                let id = u32::try_from(next).map_err(|_| too_many())?;
                self.keys.push(key);
                Ok(*new.insert(id))
            }
        }
    }

    fn bytes(&self) -> usize {
        self.ids.capacity() * (size_of::<(u128, u32)>() + 1) + self.keys.capacity() * KEY
    }
}

/// Numbers that a set holds in place.
const FEW: usize = 5;

/// Different numbers: mostly few.
#[derive(Debug)]
enum Set {
    Few(usize, [u32; FEW]),
    Many(Box<RoaringBitmap>),
}

impl Default for Set {
    fn default() -> Self {
        Self::Few(0, [0; FEW])
    }
}

impl Set {
    /// Whether it is new.
    fn insert(&mut self, id: u32) -> bool {
        match self {
            Self::Many(set) => set.insert(id),
            Self::Few(count, ids) if ids[..*count].contains(&id) => false,
            Self::Few(count, ids) if *count < FEW => {
                ids[*count] = id;
                *count += 1;
                true
            }
            Self::Few(_, ids) => {
                let all = ids.iter().copied().chain([id]);
                *self = Self::Many(Box::new(all.collect()));
                true
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Few(count, _) => *count,
            Self::Many(set) => usize::try_from(set.len()).unwrap_or(usize::MAX),
        }
    }

    /// Bytes besides its place.
    fn bytes(&self) -> usize {
        match self {
            Self::Few(..) => 0,
            Self::Many(_) => size_of::<RoaringBitmap>() + CONTAINER + self.len() * ENTRY,
        }
    }

    fn each(&self, visit: impl FnMut(u32)) {
        match self {
            Self::Few(count, ids) => ids[..*count].iter().copied().for_each(visit),
            Self::Many(set) => set.iter().for_each(visit),
        }
    }
}

/// The counts of all groups.
#[derive(Debug, Default)]
pub(super) struct DistinctGroups {
    values: Values,
    named: Named,
    sets: Vec<Set>,
    /// Bytes of the sets' contents, at most about.
    bytes: usize,
}

impl DistinctGroups {
    fn add(&mut self, group: usize, id: u32) {
        let Some(set) = self.sets.get_mut(group) else { return };
        if set.insert(id) {
            self.bytes += match set {
                Set::Few(..) => 0,
                Set::Many(_) if set.len() == FEW + 1 => set.bytes(),
                Set::Many(_) => ENTRY,
            };
        }
    }

    fn take(&mut self, to: EmitTo) -> Vec<Set> {
        let sets = to.take_needed(&mut self.sets);
        self.bytes = self.bytes.saturating_sub(sets.iter().map(Set::bytes).sum());
        if self.sets.is_empty() {
            self.values = Values::default();
            self.named = Named::default();
        }
        sets
    }

    /// The same as [`Self::update_batch`] of texts as numbers.
    fn update_codes(
        &mut self,
        codes: &DictionaryArray<Int32Type>,
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let mut named = std::mem::take(&mut self.named);
        let mut values = std::mem::take(&mut self.values);
        let find = |text: Option<(&StringViewArray, usize)>| match text {
            Some((texts, at)) => values.id(key_of_text(texts.value(at))),
            None => Ok(NEW),
        };
        let mut last = None;
        let give = |row: usize, id: u32| {
            let counted = id != NEW && filter.is_none_or(|f| f.is_valid(row) && f.value(row));
            if counted
                && let Some(group) = groups.get(row)
                && last != Some((*group, id))
            {
                self.add(*group, id);
                last = Some((*group, id));
            }
        };
        named.each(codes, find, give)?;
        (self.named, self.values) = (named, values);
        Ok(())
    }
}

fn too_many() -> DataFusionError {
    DataFusionError::ResourcesExhausted("dcount has more values than it can hold".to_owned())
}

impl GroupsAccumulator for DistinctGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sets.resize_with(total, Set::default);
        let Some(values) = values.first() else { return Ok(()) };
        if let Some(codes) = codes(values) {
            return self.update_codes(codes, groups, filter);
        }
        let cells = Cells::new(values.as_ref())?;
        let mut memo = Memo::new(match &cells {
            Cells::View(array) => Some(array),
            _ => None,
        });
        let mut last = None;
        for (row, group) in groups.iter().enumerate() {
            if filter.is_some_and(|f| f.is_null(row) || !f.value(row)) || values.is_null(row) {
                continue;
            }
            let own = &mut self.values;
            let id = memo.get(row, || match key_of(&cells.get(row)) {
                Some(key) => own.id(key).map(Some).map_err(|_| ()),
                None => Ok(None),
            });
            let Some(id) = id.map_err(|()| too_many())? else { continue };
            // Rows of one machine follow each other.
            if last != Some((*group, id)) {
                self.add(*group, id);
                last = Some((*group, id));
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.sets.resize_with(total, Set::default);
        let Some(states) = states.first() else { return Ok(()) };
        let states = states.as_binary::<i32>();
        for (row, group) in groups.iter().enumerate() {
            if states.is_null(row) {
                continue;
            }
            for key in states.value(row).chunks_exact(KEY) {
                let key = key.try_into().map_err(|_| DataFusionError::Internal("half a key".to_owned()))?;
                let id = self.values.id(u128::from_le_bytes(key))?;
                self.add(*group, id);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, to: EmitTo) -> Result<ArrayRef> {
        let counts = self.take(to).into_iter().map(|set| i64::try_from(set.len()).unwrap_or(i64::MAX));
        Ok(Arc::new(counts.collect::<Int64Array>()))
    }

    fn state(&mut self, to: EmitTo) -> Result<Vec<ArrayRef>> {
        let keys = std::mem::take(&mut self.values.keys);
        let sets = self.take(to);
        let all: usize = sets.iter().map(Set::len).sum();
        let length = all.checked_mul(KEY).filter(|n| i32::try_from(*n).is_ok()).ok_or_else(too_many)?;
        let mut bytes = Vec::with_capacity(length);
        for set in &sets {
            set.each(|id| {
                bytes.extend_from_slice(&keys.get(id as usize).copied().unwrap_or_default().to_le_bytes());
            });
        }
        if !self.sets.is_empty() {
            self.values.keys = keys;
        }
        let offsets = OffsetBuffer::from_lengths(sets.iter().map(|set| set.len() * KEY));
        let states: ArrayRef = Arc::new(BinaryArray::try_new(offsets, Buffer::from_vec(bytes), None)?);
        Ok(vec![states])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let Some(values) = values.first() else {
            return Err(DataFusionError::Internal("dcount of nothing".to_owned()));
        };
        let cells = Cells::new(values.as_ref())?;
        let key = |row: usize| {
            let counted = filter.is_none_or(|f| f.is_valid(row) && f.value(row));
            if counted { key_of(&cells.get(row)).map(u128::to_le_bytes) } else { None }
        };
        let states: ArrayRef = Arc::new((0..values.len()).map(key).collect::<BinaryArray>());
        Ok(vec![states])
    }

    fn size(&self) -> usize {
        let sets = self.sets.capacity() * size_of::<Set>();
        size_of::<Self>() + self.values.bytes() + self.named.bytes() + sets + self.bytes
    }
}

/// The count of one group.
#[derive(Debug, Default)]
pub(super) struct Distinct(DistinctGroups);

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let groups = vec![0; values.first().map_or(0, |v| v.len())];
        self.0.update_batch(values, &groups, None, 1)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let groups = vec![0; states.first().map_or(0, |v| v.len())];
        self.0.merge_batch(states, &groups, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let count = self.0.sets.first().map_or(0, Set::len);
        Ok(ScalarValue::Int64(i64::try_from(count).ok()))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.sets.resize_with(1, Set::default);
        let states = self.0.state(EmitTo::All)?;
        states.iter().map(|s| ScalarValue::try_from_array(s, 0)).collect()
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{StringArray, StringViewArray};
    use arrow::datatypes::Int64Type;
    use std::collections::HashSet;

    fn counted(to: EmitTo, groups: &mut DistinctGroups) -> Vec<i64> {
        groups.evaluate(to).unwrap().as_primitive::<Int64Type>().values().to_vec()
    }

    /// Texts of all lengths around the bound, each some times, over three groups.
    fn rows() -> (Vec<String>, Vec<usize>) {
        let texts = (0..600).map(|n| format!("{}{}", "x".repeat(n % 17), n % 40)).collect();
        (texts, (0..600).map(|n| (n / 7) % 3).collect())
    }

    fn expected(texts: &[String], groups: &[usize]) -> Vec<i64> {
        let of = |group| {
            let own = texts.iter().zip(groups).filter(|(_, g)| **g == group);
            i64::try_from(own.map(|(t, _)| t).collect::<HashSet<_>>().len()).unwrap()
        };
        vec![of(0), of(1), of(2)]
    }

    #[test]
    fn numbers_of_a_dictionary_count_as_their_texts() {
        let (texts, own) = rows();
        let views = StringViewArray::from_iter_values(&texts);
        let codes = (0..600).map(|row| (row % 5 != 4).then_some(row)).collect::<arrow::array::Int32Array>();
        let coded: ArrayRef = Arc::new(DictionaryArray::try_new(codes, Arc::new(views)).unwrap());
        let plain = palisade_coded::texts(&coded).unwrap();
        let filter = (0..600).map(|row| Some(row % 3 != 1)).collect::<BooleanArray>();
        for filter in [None, Some(&filter)] {
            let [mut by_text, mut by_number] = [DistinctGroups::default(), DistinctGroups::default()];
            for _ in 0..2 {
                by_text.update_batch(&[Arc::clone(&plain)], &own, filter, 3).unwrap();
                by_number.update_batch(&[Arc::clone(&coded)], &own, filter, 3).unwrap();
            }
            let found = counted(EmitTo::All, &mut by_number);
            assert_eq!(found, counted(EmitTo::All, &mut by_text));
            assert!(found.iter().all(|n| *n > 10));
        }
    }

    #[test]
    fn both_layouts_and_all_ways_through_the_state_count_the_same() {
        let (texts, groups) = rows();
        let expected = expected(&texts, &groups);
        let views: ArrayRef = Arc::new(StringViewArray::from_iter_values(&texts));
        let plain: ArrayRef = Arc::new(StringArray::from_iter_values(&texts));
        for values in [views, plain] {
            let mut one = DistinctGroups::default();
            one.update_batch(&[Arc::clone(&values)], &groups, None, 3).unwrap();
            one.update_batch(&[Arc::clone(&values)], &groups, None, 3).unwrap();
            let states = one.state(EmitTo::All).unwrap();
            let mut merged = DistinctGroups::default();
            merged.merge_batch(&states, &[0, 1, 2], 3).unwrap();
            merged.merge_batch(&states, &[0, 1, 2], 3).unwrap();
            let rows = merged.convert_to_state(&[values], None).unwrap();
            merged.merge_batch(&rows, &groups, 3).unwrap();
            assert_eq!(counted(EmitTo::All, &mut merged), expected);
            assert_eq!((merged.bytes, merged.values.keys.len()), (0, 0), "nothing is kept");
        }
    }

    #[test]
    fn groups_leave_one_after_the_other() {
        let (texts, groups) = rows();
        let expected = expected(&texts, &groups);
        let values: ArrayRef = Arc::new(StringViewArray::from_iter_values(&texts));
        let mut own = DistinctGroups::default();
        own.update_batch(&[values], &groups, None, 3).unwrap();
        assert_eq!(counted(EmitTo::First(1), &mut own), expected[..1]);
        let more: ArrayRef = Arc::new(StringViewArray::from_iter_values(["new", "new"]));
        own.update_batch(&[more], &[0, 1], None, 2).unwrap();
        assert_eq!(counted(EmitTo::All, &mut own), [expected[1] + 1, expected[2] + 1]);
    }

    #[test]
    fn nulls_and_what_a_filter_leaves_out_do_not_count() {
        let values: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(2), Some(-1), Some(1)]));
        let filter = BooleanArray::from(vec![Some(true), Some(true), None, Some(true), Some(true)]);
        let mut own = DistinctGroups::default();
        own.update_batch(&[Arc::clone(&values)], &[0; 5], Some(&filter), 2).unwrap();
        let states = own.convert_to_state(&[values], Some(&filter)).unwrap();
        own.merge_batch(&states, &[0; 5], 2).unwrap();
        assert_eq!(counted(EmitTo::All, &mut own), [2, 0]);
        let mut single = Distinct::default();
        assert_eq!(single.evaluate().unwrap(), ScalarValue::Int64(Some(0)));
        assert_eq!(single.state().unwrap().len(), 1);
    }
}
