//! Functions that hunting calls for every row, over whole columns. What they give is what the functions of one
//! row give; only no cell is made of each value.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array, Int64Array, StringViewArray, TimestampMicrosecondArray};
use palisade_kql::time::{MAX_DATETIME, MICROS_PER_DAY, MIN_DATETIME, TICKS_PER_DAY};

use super::number::bin_integer;
use crate::udf::Input;
use crate::value::{Cells, V};

const MICROS_PER_HOUR: i64 = MICROS_PER_DAY / 24;

/// What a function gives for its columns; none where it is to be computed row by row.
pub(crate) fn over_columns(name: &str, inputs: &[Input<'_>]) -> Option<ArrayRef> {
    match (name, inputs) {
        ("hourofday", [Input::Cells(Cells::Time(at))]) => {
            Some(int(at, |at| at.rem_euclid(MICROS_PER_DAY) / MICROS_PER_HOUR))
        }
        ("dayofweek", [Input::Cells(Cells::Time(at))]) => {
            Some(long(at, |at| super::time::weekday(at) * TICKS_PER_DAY))
        }
        ("startofday", [Input::Cells(Cells::Time(at))]) => Some(instants(at, |at| {
            let start = at.div_euclid(MICROS_PER_DAY) * MICROS_PER_DAY;
            (MIN_DATETIME..=MAX_DATETIME).contains(&start).then_some(start)
        })),
        ("__bin_datetime", [Input::Cells(Cells::Time(at)), Input::Const(V::Int(step))]) if *step >= 10 => {
            let step = step / 10;
            Some(instants(at, |at| {
                bin_integer(at, step, MIN_DATETIME).filter(|b| (MIN_DATETIME..=MAX_DATETIME).contains(b))
            }))
        }
        ("strlen", [Input::Cells(Cells::View(texts))]) => Some(lengths(texts)),
        _ => None,
    }
}

/// Small numbers.
fn int(at: &TimestampMicrosecondArray, of: impl Fn(i64) -> i64) -> ArrayRef {
    let small = |at: &i64| i32::try_from(of(*at)).unwrap_or_default();
    Arc::new(Int32Array::new(at.values().iter().map(small).collect(), at.nulls().cloned()))
}

fn long(at: &TimestampMicrosecondArray, of: impl Fn(i64) -> i64) -> ArrayRef {
    Arc::new(Int64Array::new(at.values().iter().map(|at| of(*at)).collect(), at.nulls().cloned()))
}

fn instants(at: &TimestampMicrosecondArray, of: impl Fn(i64) -> Option<i64>) -> ArrayRef {
    let binned: TimestampMicrosecondArray = at.unary_opt(of);
    Arc::new(binned.with_timezone("UTC"))
}

/// Characters of each text.
fn lengths(texts: &StringViewArray) -> ArrayRef {
    let length = |row: usize| {
        if texts.is_null(row) {
            return 0;
        }
        i64::try_from(texts.value(row).chars().count()).unwrap_or(i64::MAX)
    };
    Arc::new(Int64Array::from_iter_values((0..texts.len()).map(length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Call, lookup};
    use crate::value::{Column, arrow_type};
    use palisade_kql::Type;

    fn rows(name: &str, types: &[Type], returns: Type, inputs: &[Input<'_>], rows: usize) -> ArrayRef {
        let kernel = lookup(name).unwrap();
        let call = Call { types, returns };
        let mut column = Column::new(returns, rows);
        for row in 0..rows {
            let cells: Vec<V<'_>> = inputs.iter().map(|i| i.get(row)).collect();
            column.push(&kernel(&call, &cells));
        }
        column.finish().unwrap()
    }

    #[test]
    fn columns_give_what_rows_give() {
        let mut at = vec![
            Some(0),
            None,
            Some(-1),
            Some(MIN_DATETIME),
            Some(MAX_DATETIME),
            Some(1_700_000_000_000_001),
        ];
        at.extend((0..200).map(|n: i64| Some((n * 7_777_777_777_777) - 500_000_000_000_000)));
        let at = TimestampMicrosecondArray::from(at).with_timezone("UTC");
        for (name, returns, steps) in [
            ("hourofday", Type::Int, &[][..]),
            ("dayofweek", Type::Timespan, &[]),
            ("startofday", Type::Datetime, &[]),
            (
                "__bin_datetime",
                Type::Datetime,
                &[10, 19, TICKS_PER_DAY, TICKS_PER_DAY / 24, 7 * TICKS_PER_DAY, i64::MAX],
            ),
        ] {
            let mut cases: Vec<Vec<Input<'_>>> = Vec::new();
            for step in steps {
                cases.push(vec![Input::Cells(Cells::Time(&at)), Input::Const(V::Int(*step))]);
            }
            if steps.is_empty() {
                cases.push(vec![Input::Cells(Cells::Time(&at))]);
            }
            for inputs in cases {
                let whole = over_columns(name, &inputs).unwrap();
                let single = rows(name, &[Type::Datetime, Type::Timespan], returns, &inputs, at.len());
                assert_eq!(&whole, &single, "{name}");
                assert_eq!(*whole.data_type(), arrow_type(returns), "{name}");
            }
        }
        let texts = StringViewArray::from(vec![Some("ä€x"), Some(""), Some("a text of more than twelve")]);
        let inputs = [Input::Cells(Cells::View(&texts))];
        let whole = over_columns("strlen", &inputs).unwrap();
        assert_eq!(&whole, &rows("strlen", &[Type::String], Type::Long, &inputs, 3));
    }

    #[test]
    fn what_is_not_a_plain_column_is_left_to_the_rows() {
        let at = TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC");
        let inputs = [Input::Cells(Cells::Time(&at)), Input::Const(V::Int(1))];
        assert!(over_columns("hourofday", &inputs).is_none());
        assert!(over_columns("__bin_datetime", &inputs).is_none(), "a step below a microsecond");
    }
}
