//! Aggregates that DataFusion does not have as the language means them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, GroupsAccumulator, Signature, Volatility,
};
use palisade_kql::program::Aggregate;
use palisade_kql::{Type, Value};

mod collect;
mod distinct;
mod fold;
mod pick;
mod pick_groups;
pub(crate) mod series;
mod statistics;

use crate::error::ExecError;
use crate::value::arrow_type;
pub(crate) use distinct::counts as counts_distinct;

/// Aggregates whose outcome is a struct of several columns.
pub(crate) fn is_struct(aggregate: &Aggregate) -> bool {
    matches!(aggregate.function, "arg_max" | "arg_min" | "take_any")
}

/// Aggregates that show the order of the rows they see.
pub(crate) fn is_list(aggregate: &Aggregate) -> bool {
    matches!(aggregate.function, "make_list" | "make_list_with_nulls")
}

/// What an aggregate needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spec {
    pub function: &'static str,
    pub types: Vec<Type>,
    /// Type of the result, where it has one column.
    pub returns: Type,
    /// A constant: the size of a collection, or an accuracy.
    pub constant: Option<i64>,
    /// Percentages, as the bits of reals.
    pub shares: Vec<u64>,
    /// The last argument is the position of the row.
    pub positioned: bool,
}

impl Spec {
    pub fn shares(&self) -> Vec<f64> {
        self.shares.iter().copied().map(f64::from_bits).collect()
    }
}

struct Udaf {
    spec: Spec,
    returns: DataType,
    signature: Signature,
}

impl fmt::Debug for Udaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.spec)
    }
}

impl PartialEq for Udaf {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec
    }
}

impl Eq for Udaf {}

impl Hash for Udaf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.hash(state);
    }
}

impl AggregateUDFImpl for Udaf {
    fn name(&self) -> &str {
        self.spec.function
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if let Some(fold) = fold::of(&self.spec) {
            return Ok(Box::new(fold::Folding { spec: self.spec.clone(), fold }));
        }
        Ok(match self.spec.function {
            "arg_max" | "arg_min" | "take_any" => {
                Box::new(pick::Pick::new(self.spec.clone(), self.returns.clone()))
            }
            "make_set" | "make_list" | "make_list_with_nulls" | "make_bag" => {
                Box::new(collect::Collect::new(self.spec.clone()))
            }
            "dcount" => Box::<distinct::Distinct>::default(),
            _ => Box::new(statistics::Statistic::new(self.spec.clone(), self.returns.clone())),
        })
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        matches!(self.spec.function, "arg_max" | "arg_min" | "take_any" | "dcount")
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        if self.spec.function == "dcount" {
            return Ok(Box::<distinct::DistinctGroups>::default());
        }
        Ok(Box::new(pick_groups::PickGroups::new(self.spec.clone(), &self.returns)?))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field =
            |name: &str, ty: DataType| Arc::new(Field::new(format!("{}[{name}]", args.name), ty, true));
        Ok(match self.spec.function {
            "arg_max" | "arg_min" | "take_any" => {
                vec![field("value", self.returns.clone()), field("seen", DataType::Boolean)]
            }
            "make_set" | "make_list" | "make_list_with_nulls" | "make_bag" => {
                vec![field("json", DataType::Utf8)]
            }
            "dcount" => vec![field("keys", DataType::Binary)],
            _ => vec![field("state", DataType::Utf8)],
        })
    }
}

/// A call of one of these aggregates on plain columns; with the column of a row's position where the
/// order shows.
pub(crate) fn call(
    aggregate: &Aggregate,
    args: Vec<Expr>,
    position: Option<Expr>,
) -> Result<Expr, ExecError> {
    let mut types: Vec<Type> = aggregate.args.iter().map(|a| a.ty).collect();
    let mut args = args;
    let mut constant = None;
    let constant_at = match aggregate.function {
        "make_set" | "make_list" | "make_list_with_nulls" | "make_bag" | "hll" => Some(1),
        _ => None,
    };
    if let Some(at) = constant_at
        && let Some(arg) = aggregate.args.get(at)
    {
        constant = match arg.as_literal() {
            Some(Value::Long(n)) => Some(*n),
            _ => None,
        };
        args.truncate(at);
        types.truncate(at);
    }
    if aggregate.function == "dcount" {
        // How exactly it counts may be said, and it always counts exactly.
        args.truncate(1);
        types.truncate(1);
    }
    let mut shares = Vec::new();
    if aggregate.function.starts_with("percentile") {
        let columns =
            if aggregate.function.starts_with("percentilew") || aggregate.function == "percentilesw_array" {
                2
            } else {
                1
            };
        let share = |e: &palisade_kql::program::Expr| match e.as_literal() {
            Some(Value::Real(p)) => Some(p.to_bits()),
            _ => None,
        };
        shares = aggregate.args.iter().skip(columns).filter_map(share).collect();
        args.truncate(columns);
        types.truncate(columns);
    }
    let returned = aggregate.outputs.first().map_or(Type::Long, |(_, ty)| *ty);
    let spec = Spec {
        function: aggregate.function,
        types: types.clone(),
        returns: returned,
        constant,
        shares,
        positioned: position.is_some(),
    };
    let returns = if is_struct(aggregate) {
        let fields: Vec<Field> = types
            .iter()
            .enumerate()
            .map(|(n, ty)| Field::new(format!("c{n}"), arrow_type(*ty), true))
            .collect();
        DataType::Struct(Fields::from(fields))
    } else {
        let known = ["make_set", "make_list", "make_list_with_nulls", "make_bag"]
            .contains(&aggregate.function)
            || aggregate.function == "dcount"
            || statistics::KNOWN.contains(&aggregate.function)
            || fold::of(&spec).is_some();
        if !known {
            return Err(ExecError::Internal(format!(
                "the aggregate {} is not carried out",
                aggregate.function
            )));
        }
        arrow_type(returned)
    };
    args.extend(position);
    let udaf = Udaf { spec, returns, signature: Signature::variadic_any(Volatility::Immutable) };
    Ok(AggregateUDF::from(udaf).call(args))
}

/// The rows of a text state column.
fn texts(states: &[ArrayRef]) -> Result<Vec<String>> {
    let first =
        states.first().ok_or_else(|| DataFusionError::Internal("an aggregate without state".to_owned()))?;
    let array = first.as_string::<i32>();
    Ok((0..array.len()).filter(|row| !array.is_null(*row)).map(|row| array.value(row).to_owned()).collect())
}

fn text_state(text: String) -> Vec<ScalarValue> {
    vec![ScalarValue::Utf8(Some(text))]
}
