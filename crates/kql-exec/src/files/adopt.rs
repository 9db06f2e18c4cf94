//! Columns as foreign writers stored them, in the types of the language.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use arrow::json::writer::{EncoderOptions, make_encoder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use base64::Engine;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use palisade_kql::Type;

use crate::kernels::convert::{convert, from_json, json_of_text};
use crate::value::{Cells, Column, V, arrow_type};

/// Whether values of one type can be read as another without losing what they say.
pub(super) fn fits(from: Type, to: Type) -> bool {
    from == to
        || matches!(
            (from, to),
            (Type::String | Type::Guid, _)
                | (Type::Int, Type::Long | Type::Real)
                | (Type::Long, Type::Int | Type::Real | Type::Timespan)
                | (Type::Dynamic, Type::String)
                | (_, Type::Dynamic)
        )
}

/// A call that gives the stored column in a type; `natural` is what the column is by itself.
pub(super) fn call(stored: Expr, natural: Type, to: Type) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::from(Adopt { natural, to, signature }).call(vec![stored])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Adopt {
    natural: Type,
    to: Type,
    signature: Signature,
}

impl ScalarUDFImpl for Adopt {
    fn name(&self) -> &str {
        "adopt"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let args: Vec<String> = args.iter().map(|a| a.schema_name().to_string()).collect();
        Ok(format!("adopt_{}_{}({})", self.natural, self.to, args.join(",")))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(arrow_type(self.to))
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), arrow_type(self.to), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let field = args.arg_fields.first().cloned();
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let Some(argument) = args.args.into_iter().next() else {
            return datafusion::common::internal_err!("adopt without a column");
        };
        let array = argument.into_array(rows)?;
        let field = field.unwrap_or_else(|| Arc::new(Field::new("stored", array.data_type().clone(), true)));
        let adopted = adopt(&array, &field, self.natural, self.to)?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&adopted, 0)?));
        }
        Ok(ColumnarValue::Array(adopted))
    }
}

fn adopt(array: &ArrayRef, field: &FieldRef, natural: Type, to: Type) -> Result<ArrayRef> {
    let mut column = Column::new(to, array.len());
    let mut push = |value: V<'_>| {
        column.push(&match value {
            V::Null => V::Null,
            // The text of a dynamic is JSON, or a string.
            V::Str(s) if natural == Type::String && to == Type::Dynamic => from_json(&json_of_text(&s)),
            value if natural == to => value,
            value => convert(&value, natural, to),
        });
    };
    let plain = plain(array, natural)?;
    if let Some(plain) = plain {
        let cells = Cells::new(plain.as_ref())?;
        (0..plain.len()).for_each(|row| push(cells.get(row)));
    } else if array.data_type().is_nested() {
        let options = EncoderOptions::default().with_explicit_nulls(true);
        let mut encoder = make_encoder(field, array.as_ref(), &options)?;
        let mut text = Vec::new();
        for row in 0..array.len() {
            if array.is_null(row) || encoder.is_null(row) {
                push(V::Null);
                continue;
            }
            text.clear();
            encoder.encode(row, &mut text);
            push(V::Str(String::from_utf8_lossy(&text)));
        }
    } else {
        let options = FormatOptions::default();
        let texts = ArrayFormatter::try_new(array.as_ref(), &options)?;
        for row in 0..array.len() {
            push(if array.is_null(row) { V::Null } else { V::string(texts.value(row).to_string()) });
        }
    }
    column.finish()
}

/// The column in the Arrow type of its natural type, where there is a direct way.
fn plain(array: &ArrayRef, natural: Type) -> Result<Option<ArrayRef>> {
    let safe = CastOptions { safe: true, ..CastOptions::default() };
    let cast = |array: &ArrayRef, to: &DataType| cast_with_options(array.as_ref(), to, &safe);
    Ok(Some(match array.data_type() {
        DataType::Dictionary(_, value) => return plain(&cast(array, value)?, natural),
        DataType::RunEndEncoded(_, value) => return plain(&cast(array, value.data_type())?, natural),
        DataType::Time32(TimeUnit::Second) | DataType::Duration(TimeUnit::Second) => {
            ticks(&long(array)?, 10_000_000, 1)?
        }
        DataType::Time32(_) | DataType::Duration(TimeUnit::Millisecond) => ticks(&long(array)?, 10_000, 1)?,
        DataType::Time64(TimeUnit::Microsecond) | DataType::Duration(TimeUnit::Microsecond) => {
            ticks(&long(array)?, 10, 1)?
        }
        DataType::Time64(_) | DataType::Duration(_) => ticks(&long(array)?, 1, 100)?,
        DataType::FixedSizeBinary(16) => {
            let bytes = array.as_fixed_size_binary();
            let mut column = Column::new(Type::Guid, array.len());
            for row in 0..array.len() {
                let text = |b: &[u8]| b.iter().map(|b| format!("{b:02x}")).collect::<String>();
                let value = if bytes.is_null(row) { V::Null } else { V::string(text(bytes.value(row))) };
                column.push(&convert(&value, Type::String, Type::Guid));
            }
            column.finish()?
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let bytes = cast(array, &DataType::LargeBinary)?;
            let bytes = bytes.as_binary::<i64>();
            let mut column = Column::new(Type::String, array.len());
            for value in bytes {
                column.push(&value.map_or(V::Null, |b| match std::str::from_utf8(b) {
                    Ok(text) => V::string(text),
                    Err(_) => V::string(base64::engine::general_purpose::STANDARD.encode(b)),
                }));
            }
            column.finish()?
        }
        ty if ty.is_nested() => return Ok(None),
        DataType::Interval(_) => return Ok(None),
        _ => cast(array, &arrow_type(natural))?,
    }))
}

/// Times of day and durations as numbers of their unit.
fn long(array: &ArrayRef) -> Result<ArrayRef> {
    let narrow = matches!(array.data_type(), DataType::Time32(_));
    let array = if narrow { arrow::compute::cast(array, &DataType::Int32)? } else { Arc::clone(array) };
    Ok(arrow::compute::cast(&array, &DataType::Int64)?)
}

/// Numbers of a unit as ticks; what does not fit is null.
fn ticks(array: &ArrayRef, times: i64, per: i64) -> Result<ArrayRef> {
    let cells = Cells::new(array.as_ref())?;
    let mut column = Column::new(Type::Timespan, array.len());
    for row in 0..array.len() {
        let ticks = cells.get(row).int().and_then(|n| n.div_euclid(per).checked_mul(times));
        column.push(&ticks.map_or(V::Null, V::Int));
    }
    column.finish()
}
