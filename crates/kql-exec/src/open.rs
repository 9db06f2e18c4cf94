//! What rows say about the columns of the rest of a query.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use palisade_kql::program::{Open, Question};
use palisade_kql::{Schema, Type};
use serde_json::Value as Json;

use crate::error::ExecError;
use crate::kernels::convert::{json_of_text, to_text};
use crate::lower::StageResult;
use crate::value::Cells;

/// Most columns that rows may ask for.
const MAX_COLUMNS: usize = 1000;

/// The answer to a question from the rows of its stage.
pub(crate) fn answer(stages: &[StageResult], open: &Open) -> Result<Schema, ExecError> {
    let Some(StageResult::Rows(table)) = stages.get(open.stage) else {
        return Err(ExecError::Internal(format!("stage {} has no rows to ask", open.stage)));
    };
    let batches = table.batches.iter().flat_map(|p| p.try_read().map(|b| b.clone()).unwrap_or_default());
    let ty = table_type(table, open.column);
    let mut schema = Schema::default();
    match open.question {
        Question::Keys => {
            let mut keys = Keys::new();
            for batch in batches {
                ask_keys(&batch, open.column, &mut keys)?;
            }
            for (name, seen) in keys {
                schema.push(name, seen.ty());
            }
        }
        Question::Values => {
            let mut values = BTreeSet::new();
            for batch in batches {
                let cells = Cells::new(batch.column(open.column).as_ref())?;
                for row in 0..batch.num_rows() {
                    values.insert(to_text(&cells.get(row), ty));
                    enough(values.len(), "pivot()")?;
                }
            }
            for name in values {
                schema.push(name, Type::Dynamic);
            }
        }
    }
    Ok(schema)
}

fn enough(columns: usize, what: &str) -> Result<(), ExecError> {
    if columns > MAX_COLUMNS {
        return Err(ExecError::Limit(format!(
            "{what} gives more than {MAX_COLUMNS} columns; filter its rows, or give it a schema, as in \
             bag_unpack(d) : (a: long)"
        )));
    }
    Ok(())
}

/// The type of a column of the language, from what the stage's fields say.
fn table_type(table: &datafusion::datasource::MemTable, column: usize) -> Type {
    use arrow::datatypes::DataType;
    use datafusion::catalog::TableProvider;
    let schema = table.schema();
    let Some(field) = schema.fields().get(column) else { return Type::String };
    match (field.data_type(), field.metadata().get("kql").and_then(|name| Type::from_name(name))) {
        (_, Some(ty)) => ty,
        (DataType::Boolean, _) => Type::Bool,
        (DataType::Int32, _) => Type::Int,
        (DataType::Int64, _) => Type::Long,
        (DataType::Float64, _) => Type::Real,
        (DataType::Timestamp(..), _) => Type::Datetime,
        _ => Type::String,
    }
}

/// The types of a property's values.
enum Seen {
    /// Nulls only, which fit any type.
    Nothing,
    One(Type),
    Several,
}

impl Seen {
    fn ty(&self) -> Type {
        match self {
            Seen::Nothing | Seen::Several => Type::Dynamic,
            Seen::One(ty) => *ty,
        }
    }

    fn and(&self, ty: Type) -> Seen {
        match self {
            Seen::Nothing => Seen::One(ty),
            Seen::One(known) if *known == ty => Seen::One(ty),
            Seen::One(known) if known.is_numeric() && ty.is_numeric() => Seen::One(Type::Real),
            Seen::One(_) | Seen::Several => Seen::Several,
        }
    }
}

type Keys = BTreeMap<String, Seen>;

/// Adds the properties of the bags in a column.
fn ask_keys(batch: &RecordBatch, column: usize, keys: &mut Keys) -> Result<(), ExecError> {
    let cells = Cells::new(batch.column(column).as_ref())?;
    for row in 0..batch.num_rows() {
        let cell = cells.get(row);
        let text = cell.text();
        if !text.starts_with('{') {
            continue;
        }
        let Json::Object(bag) = json_of_text(text) else { continue };
        for (name, value) in bag {
            let seen = keys.entry(name).or_insert(Seen::Nothing);
            if let Some(ty) = type_of(&value) {
                *seen = seen.and(ty);
            }
        }
        enough(keys.len(), "bag_unpack()")?;
    }
    Ok(())
}

fn type_of(value: &Json) -> Option<Type> {
    match value {
        Json::Null => None,
        Json::Bool(_) => Some(Type::Bool),
        Json::Number(n) if n.is_i64() => Some(Type::Long),
        Json::Number(_) => Some(Type::Real),
        Json::String(_) => Some(Type::String),
        Json::Array(_) | Json::Object(_) => Some(Type::Dynamic),
    }
}
