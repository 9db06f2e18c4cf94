//! Types, constant values and schemas of the language.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A scalar type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// true, false, null.
    Bool,
    /// 32-bit signed integer.
    Int,
    /// 64-bit signed integer.
    Long,
    /// 64-bit floating point.
    Real,
    /// Exact decimal number: 38 digits before and after the point, results rounded to 34 significant ones.
    Decimal,
    /// Unicode text; never null, missing is "".
    String,
    /// An instant in UTC; microseconds since 1970.
    Datetime,
    /// A duration; ticks of 100 ns.
    Timespan,
    /// JSON-like value, carried as JSON text.
    Dynamic,
    /// 128-bit id, carried as lower-case text.
    Guid,
}

impl Type {
    /// The type that a KQL type name means, aliases included.
    pub fn from_name(name: &str) -> Option<Type> {
        Some(match name {
            "bool" | "boolean" => Type::Bool,
            "int" | "int32" => Type::Int,
            "long" | "int64" => Type::Long,
            "real" | "double" => Type::Real,
            "decimal" => Type::Decimal,
            "string" => Type::String,
            "datetime" | "date" => Type::Datetime,
            "timespan" | "time" => Type::Timespan,
            "dynamic" => Type::Dynamic,
            "guid" | "uuid" | "uniqueid" => Type::Guid,
            _ => return None,
        })
    }

    /// The KQL name.
    pub fn name(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Long => "long",
            Type::Real => "real",
            Type::Decimal => "decimal",
            Type::String => "string",
            Type::Datetime => "datetime",
            Type::Timespan => "timespan",
            Type::Dynamic => "dynamic",
            Type::Guid => "guid",
        }
    }

    /// int, long, real or decimal.
    pub fn is_numeric(self) -> bool {
        matches!(self, Type::Int | Type::Long | Type::Real | Type::Decimal)
    }

    /// int or long.
    pub fn is_integer(self) -> bool {
        matches!(self, Type::Int | Type::Long)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A typed null (a string is never null).
    Null(Type),
    /// bool.
    Bool(bool),
    /// int.
    Int(i32),
    /// long.
    Long(i64),
    /// real.
    Real(f64),
    /// decimal, in the form of [`crate::decimal::canonical`].
    Decimal(String),
    /// string.
    String(String),
    /// Microseconds since 1970, UTC.
    Datetime(i64),
    /// Ticks of 100 ns.
    Timespan(i64),
    /// JSON text.
    Dynamic(String),
    /// Lower-case text of a guid.
    Guid(String),
}

impl Value {
    /// The type of the constant.
    pub fn ty(&self) -> Type {
        match self {
            Value::Null(ty) => *ty,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Long(_) => Type::Long,
            Value::Real(_) => Type::Real,
            Value::Decimal(_) => Type::Decimal,
            Value::String(_) => Type::String,
            Value::Datetime(_) => Type::Datetime,
            Value::Timespan(_) => Type::Timespan,
            Value::Dynamic(_) => Type::Dynamic,
            Value::Guid(_) => Type::Guid,
        }
    }
}

/// A column of a table or result.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Column {
    /// Name, case-sensitive.
    pub name: String,
    /// Type.
    #[serde(rename = "type")]
    pub ty: Type,
}

/// Columns in order; names are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<Column>,
}

impl Schema {
    /// The column of this exact name.
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// Appends a column.
    pub fn push(&mut self, name: impl Into<String>, ty: Type) {
        self.columns.push(Column { name: name.into(), ty });
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.name.as_str())
    }
}
