//! Parquet files, read as queries ask for them.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Expr, try_cast};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use palisade_kql::{ColumnDef, Type};

use super::{Declared, FilesError, MAX_COLUMNS, adopt, io, unreadable};
use crate::value::{arrow_type, carries};

/// The columns as queries see them, and a view that brings the file's columns into those types.
pub(super) async fn open(
    path: &Path,
    declared: &Declared,
) -> Result<(Vec<ColumnDef>, Arc<dyn TableProvider>), FilesError> {
    let whole = path.canonicalize().map_err(|e| io(path, e))?;
    // As an address, so that no letter of the name is taken for a pattern.
    let address = url(&whole).ok_or_else(|| unreadable(path, "the path cannot be written as an address"))?;
    let mut config = SessionConfig::new();
    // Texts of some writers do not say that they are.
    config.options_mut().execution.parquet.binary_as_string = true;
    let context = SessionContext::new_with_config(config);
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let options = ParquetReadOptions { file_extension: ending, ..ParquetReadOptions::default() };
    let bad = |e: datafusion::common::DataFusionError| unreadable(path, e.strip_backtrace());
    let frame = context.read_parquet(address, options).await.map_err(bad)?;
    let schema = Arc::clone(frame.schema().inner());
    if schema.fields().is_empty() || schema.fields().len() > MAX_COLUMNS {
        let message = format!("{} columns; 1 to {MAX_COLUMNS} can be", schema.fields().len());
        return Err(unreadable(path, message));
    }
    let (mut columns, mut exprs) = (Vec::new(), Vec::new());
    for (at, field) in schema.fields().iter().enumerate() {
        let reference = Column::from(frame.schema().qualified_field(at));
        let (ty, expr) = column(field, Expr::Column(reference), declared);
        columns.push(ColumnDef { name: field.name().clone(), ty });
        exprs.push(expr.alias(field.name()));
    }
    for lacking in declared.certain().iter().filter(|c| schema.field_with_name(&c.name).is_err()) {
        // A text that is missing is empty, all else is null.
        let nothing = if lacking.ty == Type::String { ScalarValue::from("") } else { ScalarValue::Null };
        let value = nothing.cast_to(&arrow_type(lacking.ty)).map_err(bad)?;
        exprs.push(Expr::Literal(value, None).alias(&lacking.name));
        columns.push(lacking.clone());
    }
    Ok((columns, frame.select(exprs).map_err(bad)?.into_view()))
}

fn url(path: &Path) -> Option<String> {
    use std::fmt::Write;
    let mut text = String::from("file://");
    for byte in path.to_str()?.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(byte)),
            b if b.is_ascii_alphanumeric() => text.push(char::from(b)),
            b => write!(text, "%{b:02X}").ok()?,
        }
    }
    Some(text)
}

/// The type of a column, and the expression that gives it in that type.
fn column(field: &Field, stored: Expr, declared: &Declared) -> (Type, Expr) {
    let natural = natural(field);
    let ty = match declared.column(field.name()) {
        Some(ty) if declared.holds || adopt::fits(natural, ty) => ty,
        _ => natural,
    };
    let from = field.data_type();
    let utc =
        matches!(from, DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if zone.as_ref() == "UTC");
    let expr = match ty {
        Type::Datetime if utc => stored,
        // A declared dynamic may be stored as a text that is no JSON, a guid in capitals.
        Type::Dynamic | Type::Guid if !marked(field) => adopt::call(stored, natural, ty),
        ty if ty != Type::Datetime && carries(from, ty) && ty == natural => stored,
        // What Arrow converts itself, filters are pushed through.
        Type::Int | Type::Long | Type::Real | Type::Datetime if natural == ty && numeric(from) => {
            try_cast(stored, arrow_type(ty))
        }
        ty => adopt::call(stored, natural, ty),
    };
    (ty, expr)
}

/// Whether the executor itself wrote the column, with its type beside it.
fn marked(field: &Field) -> bool {
    field.metadata().contains_key("kql")
}

fn numeric(ty: &DataType) -> bool {
    ty.is_numeric() || matches!(ty, DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _))
}

/// The type that a stored column has by itself.
fn natural(field: &Field) -> Type {
    if let Some(ty) = field.metadata().get("kql").and_then(|name| Type::from_name(name))
        && carries(field.data_type(), ty)
    {
        return ty;
    }
    of_arrow(field.data_type())
}

fn of_arrow(ty: &DataType) -> Type {
    match ty {
        DataType::Boolean => Type::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => Type::Int,
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => Type::Long,
        DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal32(_, _)
        | DataType::Decimal64(_, _)
        | DataType::Decimal128(_, _)
        | DataType::Decimal256(_, _) => Type::Real,
        DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 => Type::Datetime,
        DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_) => Type::Timespan,
        DataType::FixedSizeBinary(16) => Type::Guid,
        DataType::Dictionary(_, value) => of_arrow(value),
        DataType::RunEndEncoded(_, value) => of_arrow(value.data_type()),
        ty if ty.is_nested() => Type::Dynamic,
        _ => Type::String,
    }
}
