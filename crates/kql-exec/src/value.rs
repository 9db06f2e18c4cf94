//! Cells as values: reading Arrow arrays by row and building them.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Decimal256Array, Decimal256Builder, Float64Array,
    Float64Builder, Int32Array, Int32Builder, Int64Array, Int64Builder, LargeStringArray, StringArray,
    StringBuilder, StringViewArray, TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{
    DataType, Decimal256Type, Field, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    i256,
};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use palisade_kql::{Schema, Type, Value};

use crate::decimal;

/// One cell. The KQL type is known from the plan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum V<'a> {
    Null,
    Bool(bool),
    /// int, long, datetime (microseconds), timespan (ticks).
    Int(i64),
    Real(f64),
    /// decimal: the number times 10^38.
    Dec(i256),
    /// string, dynamic (JSON text), guid.
    Str(Cow<'a, str>),
}

impl V<'_> {
    pub fn text(&self) -> &str {
        match self {
            V::Str(s) => s,
            _ => "",
        }
    }

    pub fn int(&self) -> Option<i64> {
        match self {
            V::Int(n) => Some(*n),
            _ => None,
        }
    }

    #[allow(clippy::cast_precision_loss)]
    pub fn real(&self) -> Option<f64> {
        match self {
            V::Real(n) => Some(*n),
            V::Int(n) => Some(*n as f64),
            V::Dec(n) => decimal::real(*n),
            _ => None,
        }
    }

    pub fn string(text: impl Into<String>) -> V<'static> {
        V::Str(Cow::Owned(text.into()))
    }

    pub fn owned(self) -> V<'static> {
        match self {
            V::Null => V::Null,
            V::Bool(b) => V::Bool(b),
            V::Int(n) => V::Int(n),
            V::Real(n) => V::Real(n),
            V::Dec(n) => V::Dec(n),
            V::Str(s) => V::Str(Cow::Owned(s.into_owned())),
        }
    }
}

/// The Arrow type that carries a KQL type.
pub(crate) fn arrow_type(ty: Type) -> DataType {
    match ty {
        Type::Bool => DataType::Boolean,
        Type::Int => DataType::Int32,
        Type::Long | Type::Timespan => DataType::Int64,
        Type::Real => DataType::Float64,
        Type::Decimal => decimal::ARROW,
        Type::String | Type::Dynamic | Type::Guid => DataType::Utf8,
        Type::Datetime => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
    }
}

/// Whether an Arrow type can carry a KQL type; all string layouts are one.
pub(crate) fn carries(arrow: &DataType, ty: Type) -> bool {
    match ty {
        Type::String | Type::Dynamic | Type::Guid => {
            matches!(arrow, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8)
        }
        Type::Datetime => matches!(arrow, DataType::Timestamp(TimeUnit::Microsecond, Some(_))),
        other => *arrow == arrow_type(other),
    }
}

/// The Arrow schema of a result, with the KQL type in each field's metadata where Arrow has none.
pub fn arrow_schema(schema: &Schema) -> arrow::datatypes::SchemaRef {
    let fields: Vec<Field> = schema
        .columns
        .iter()
        .map(|c| {
            let field = Field::new(&c.name, arrow_type(c.ty), c.ty != Type::String);
            match c.ty {
                Type::Dynamic | Type::Timespan | Type::Guid | Type::Decimal => {
                    field.with_metadata([("kql".to_owned(), c.ty.name().to_owned())].into())
                }
                _ => field,
            }
        })
        .collect();
    Arc::new(arrow::datatypes::Schema::new(fields))
}

/// A constant as DataFusion carries it.
pub(crate) fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Null(ty) => null_scalar(*ty),
        Value::Bool(b) => ScalarValue::Boolean(Some(*b)),
        Value::Int(n) => ScalarValue::Int32(Some(*n)),
        Value::Long(n) | Value::Timespan(n) => ScalarValue::Int64(Some(*n)),
        Value::Real(n) => ScalarValue::Float64(Some(*n)),
        Value::Decimal(text) => decimal::scalar(decimal::parse(text)),
        Value::String(s) | Value::Dynamic(s) | Value::Guid(s) => ScalarValue::Utf8(Some(s.clone())),
        Value::Datetime(at) => ScalarValue::TimestampMicrosecond(Some(*at), Some(Arc::from("UTC"))),
    }
}

/// The null of a type; of a string, "".
pub(crate) fn null_scalar(ty: Type) -> ScalarValue {
    match ty {
        Type::Bool => ScalarValue::Boolean(None),
        Type::Int => ScalarValue::Int32(None),
        Type::Long | Type::Timespan => ScalarValue::Int64(None),
        Type::Real => ScalarValue::Float64(None),
        Type::Decimal => decimal::scalar(None),
        Type::String => ScalarValue::Utf8(Some(String::new())),
        Type::Dynamic | Type::Guid => ScalarValue::Utf8(None),
        Type::Datetime => ScalarValue::TimestampMicrosecond(None, Some(Arc::from("UTC"))),
    }
}

/// An array read by row.
pub(crate) enum Cells<'a> {
    Bool(&'a BooleanArray),
    I32(&'a Int32Array),
    I64(&'a Int64Array),
    F64(&'a Float64Array),
    Dec(&'a Decimal256Array),
    Time(&'a TimestampMicrosecondArray),
    Utf8(&'a StringArray),
    View(&'a StringViewArray),
    Large(&'a LargeStringArray),
    Null,
}

impl<'a> Cells<'a> {
    pub fn new(array: &'a dyn Array) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Boolean => Cells::Bool(array.as_boolean()),
            DataType::Int32 => Cells::I32(array.as_primitive::<Int32Type>()),
            DataType::Int64 => Cells::I64(array.as_primitive::<Int64Type>()),
            DataType::Float64 => Cells::F64(array.as_primitive::<Float64Type>()),
            ty if *ty == decimal::ARROW => Cells::Dec(array.as_primitive::<Decimal256Type>()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Cells::Time(array.as_primitive::<TimestampMicrosecondType>())
            }
            DataType::Utf8 => Cells::Utf8(array.as_string()),
            DataType::Utf8View => Cells::View(array.as_string_view()),
            DataType::LargeUtf8 => Cells::Large(array.as_string::<i64>()),
            DataType::Null => Cells::Null,
            other => {
                return Err(DataFusionError::Execution(format!(
                    "a column of type {other} does not belong here"
                )));
            }
        })
    }

    pub fn get(&self, row: usize) -> V<'a> {
        macro_rules! read {
            ($array:expr, $wrap:expr) => {
                if $array.is_null(row) { V::Null } else { $wrap($array.value(row)) }
            };
        }
        match self {
            Cells::Bool(a) => read!(a, V::Bool),
            Cells::I32(a) => read!(a, |n| V::Int(i64::from(n))),
            Cells::I64(a) => read!(a, V::Int),
            Cells::F64(a) => read!(a, V::Real),
            Cells::Dec(a) => read!(a, V::Dec),
            Cells::Time(a) => read!(a, V::Int),
            Cells::Utf8(a) => read!(a, |s| V::Str(Cow::Borrowed(s))),
            Cells::View(a) => read!(a, |s| V::Str(Cow::Borrowed(s))),
            Cells::Large(a) => read!(a, |s| V::Str(Cow::Borrowed(s))),
            Cells::Null => V::Null,
        }
    }
}

/// Most bytes of text in one array; Arrow's offsets end at four times that.
const MAX_COLUMN_TEXT: usize = 1 << 29;

/// Builds an array of a KQL type.
pub(crate) enum Column {
    Bool(BooleanBuilder),
    I32(Int32Builder),
    I64(Int64Builder),
    F64(Float64Builder),
    Dec(Decimal256Builder),
    Time(TimestampMicrosecondBuilder),
    /// The flag: null becomes "".
    Text(StringBuilder, bool),
    /// A text that grew too long.
    TooLong,
}

impl Column {
    pub fn new(ty: Type, rows: usize) -> Self {
        match ty {
            Type::Bool => Column::Bool(BooleanBuilder::with_capacity(rows)),
            Type::Int => Column::I32(Int32Builder::with_capacity(rows)),
            Type::Long | Type::Timespan => Column::I64(Int64Builder::with_capacity(rows)),
            Type::Real => Column::F64(Float64Builder::with_capacity(rows)),
            Type::Decimal => {
                Column::Dec(Decimal256Builder::with_capacity(rows).with_data_type(decimal::ARROW))
            }
            Type::Datetime => Column::Time(
                TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(arrow_type(Type::Datetime)),
            ),
            Type::String | Type::Dynamic | Type::Guid => {
                Column::Text(StringBuilder::with_capacity(rows, rows * 16), ty == Type::String)
            }
        }
    }

    pub fn push(&mut self, value: &V<'_>) {
        if let (Column::Text(b, _), V::Str(s)) = (&mut *self, value)
            && b.values_slice().len() + s.len() > MAX_COLUMN_TEXT
        {
            *self = Column::TooLong;
        }
        match (self, value) {
            (Column::TooLong, _) => {}
            (Column::Bool(b), V::Bool(v)) => b.append_value(*v),
            (Column::Bool(b), _) => b.append_null(),
            (Column::I32(b), V::Int(v)) => b.append_option(i32::try_from(*v).ok()),
            (Column::I32(b), _) => b.append_null(),
            (Column::I64(b), V::Int(v)) => b.append_value(*v),
            (Column::I64(b), _) => b.append_null(),
            (Column::F64(b), V::Real(v)) => b.append_value(*v),
            #[allow(clippy::cast_precision_loss)]
            (Column::F64(b), V::Int(v)) => b.append_value(*v as f64),
            (Column::F64(b), _) => b.append_null(),
            (Column::Dec(b), V::Dec(v)) => b.append_value(*v),
            (Column::Dec(b), _) => b.append_null(),
            (Column::Time(b), V::Int(v)) => b.append_value(*v),
            (Column::Time(b), _) => b.append_null(),
            (Column::Text(b, _), V::Str(s)) => b.append_value(s),
            (Column::Text(b, true), _) => b.append_value(""),
            (Column::Text(b, false), _) => b.append_null(),
        }
    }

    /// Its texts are too long: [`Column::finish`] fails, and further rows need not be computed.
    pub fn is_too_long(&self) -> bool {
        matches!(self, Column::TooLong)
    }

    /// The array.
    ///
    /// # Errors
    /// Exhausted resources where its texts are longer than an array may hold.
    pub fn finish(self) -> Result<ArrayRef> {
        Ok(match self {
            Column::TooLong => {
                let message = "the texts of one column are longer than half a gigabyte".to_owned();
                return Err(DataFusionError::ResourcesExhausted(message));
            }
            Column::Bool(mut b) => Arc::new(b.finish()),
            Column::I32(mut b) => Arc::new(b.finish()),
            Column::I64(mut b) => Arc::new(b.finish()),
            Column::F64(mut b) => Arc::new(b.finish()),
            Column::Dec(mut b) => Arc::new(b.finish()),
            Column::Time(mut b) => Arc::new(b.finish()),
            Column::Text(mut b, _) => Arc::new(b.finish()),
        })
    }
}

/// One value as a DataFusion scalar of a KQL type.
pub(crate) fn to_scalar(value: &V<'_>, ty: Type) -> ScalarValue {
    match (value, ty) {
        (V::Bool(b), Type::Bool) => ScalarValue::Boolean(Some(*b)),
        (V::Int(n), Type::Int) => ScalarValue::Int32(i32::try_from(*n).ok()),
        (V::Int(n), Type::Long | Type::Timespan) => ScalarValue::Int64(Some(*n)),
        (V::Int(n), Type::Datetime) => ScalarValue::TimestampMicrosecond(Some(*n), Some(Arc::from("UTC"))),
        (V::Dec(n), Type::Decimal) => decimal::scalar(Some(*n)),
        (v @ (V::Real(_) | V::Int(_)), Type::Real) => ScalarValue::Float64(v.real()),
        (V::Str(s), Type::String | Type::Dynamic | Type::Guid) => ScalarValue::Utf8(Some(s.to_string())),
        _ => null_scalar(ty),
    }
}
