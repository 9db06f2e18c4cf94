//! `mv-expand`: the rows of one input row as a list of structs.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, ListArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use datafusion::logical_expr::Expr;
use palisade_kql::Type;
use serde_json::{Value as Json, json};

use crate::kernels::convert::{from_json, json_of_text};
use crate::lower::element;
use crate::udf;
use crate::value::{Column, V};

/// Most rows per input row when the query names no limit.
const DEFAULT_LIMIT: usize = 1_048_576;

pub(crate) fn call(
    args: Vec<Expr>,
    fields: Fields,
    types: Vec<Type>,
    array_bags: bool,
    limit: Option<u64>,
) -> Expr {
    let item = Arc::new(Field::new("item", DataType::Struct(fields.clone()), true));
    let returns = DataType::List(Arc::clone(&item));
    let limit = limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(DEFAULT_LIMIT);
    let names: Vec<&str> = types.iter().map(|t| t.name()).collect();
    let key = format!("kql_expand<{}>{array_bags}{limit}", names.join(","));
    udf::call("kql_expand", key, returns, true, args, move |inputs, rows| -> Result<ArrayRef> {
        let mut columns: Vec<Column> = types.iter().map(|t| Column::new(*t, rows)).collect();
        let mut index = Int64Builder::with_capacity(rows);
        let mut lengths = Vec::with_capacity(rows);
        for row in 0..rows {
            let lists: Vec<Vec<Json>> = inputs.iter().map(|i| elements(&i.get(row), array_bags)).collect();
            // Several columns go in lockstep; the shorter ones are filled with nulls.
            let longest = lists.iter().map(Vec::len).max().unwrap_or(0).min(limit);
            for at in 0..longest {
                for ((list, column), ty) in lists.iter().zip(&mut columns).zip(&types) {
                    let cell = list.get(at).map_or(V::Null, from_json);
                    column.push(&if *ty == Type::Dynamic { cell } else { element(&cell, *ty) });
                }
                index.append_value(i64::try_from(at).unwrap_or(i64::MAX));
            }
            lengths.push(longest);
        }
        let mut arrays: Vec<ArrayRef> = columns.into_iter().map(Column::finish).collect::<Result<_>>()?;
        arrays.push(Arc::new(index.finish()));
        let values = StructArray::try_new(fields.clone(), arrays, None)?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(Arc::clone(&item), offsets, Arc::new(values), None)?))
    })
}

/// Elements of an array; a bag gives one bag per key; a null gives one null.
fn elements(cell: &V<'_>, array_bags: bool) -> Vec<Json> {
    let V::Str(text) = cell else { return vec![Json::Null] };
    match json_of_text(text) {
        // An empty array removes its row.
        Json::Array(items) => items,
        Json::Object(bag) => bag
            .into_iter()
            .map(|(key, value)| if array_bags { json!([key, value]) } else { json!({ key: value }) })
            .collect(),
        other => vec![other],
    }
}
