//! Scalar functions as DataFusion sees them: a key that says which they are, and a kernel.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringViewArray, StructArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use palisade_kql::Type;

use crate::kernels::{Call, ColumnsFn, RowFn, over_columns};
use crate::memo::Memo;
use crate::value::{Cells, Column, V, arrow_type};

/// An argument: one value for all rows, or a column.
pub(crate) enum Input<'a> {
    Const(V<'static>),
    Cells(Cells<'a>),
}

impl<'a> Input<'a> {
    /// The texts, where the layout can tell which are equal.
    fn views(&self) -> Option<&'a StringViewArray> {
        match self {
            Input::Cells(Cells::View(array)) => Some(array),
            _ => None,
        }
    }

    pub fn get(&self, row: usize) -> V<'a> {
        match self {
            Input::Const(value) => value.clone(),
            Input::Cells(cells) => cells.get(row),
        }
    }
}

type Eval = dyn Fn(&[Input<'_>], usize) -> Result<ArrayRef> + Send + Sync;

/// A function whose identity is its key.
struct Kernel {
    name: &'static str,
    key: String,
    returns: DataType,
    nullable: bool,
    volatile: bool,
    signature: Signature,
    eval: Box<Eval>,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

impl PartialEq for Kernel {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.returns == other.returns
    }
}

impl Eq for Kernel {}

impl Hash for Kernel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl ScalarUDFImpl for Kernel {
    fn name(&self) -> &str {
        self.name
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        // Two calls that differ in their constants only must not look the same.
        let args: Vec<String> = args.iter().map(|a| a.schema_name().to_string()).collect();
        Ok(format!("{}({})", self.key, args.join(",")))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name, self.returns.clone(), self.nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = !self.volatile && args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let mut arrays: Vec<Option<ArrayRef>> = Vec::with_capacity(args.args.len());
        for value in &args.args {
            arrays.push(match value {
                ColumnarValue::Array(array) => Some(Arc::clone(array)),
                ColumnarValue::Scalar(_) => None,
            });
        }
        let mut inputs = Vec::with_capacity(args.args.len());
        for (value, array) in args.args.iter().zip(&arrays) {
            inputs.push(match (value, array) {
                (ColumnarValue::Scalar(scalar), _) => Input::Const(constant_value(scalar)?),
                (_, Some(array)) => Input::Cells(Cells::new(array.as_ref())?),
                (ColumnarValue::Array(_), None) => Input::Const(V::Null),
            });
        }
        let rows = if constant { 1 } else { args.number_rows };
        let array = (self.eval)(&inputs, rows)?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

fn constant_value(scalar: &ScalarValue) -> Result<V<'static>> {
    let array = scalar.to_array()?;
    Ok(Cells::new(array.as_ref())?.get(0).owned())
}

/// A call of a kernel with a key that names its constants.
pub(crate) fn call(
    name: &'static str,
    key: String,
    returns: DataType,
    nullable: bool,
    args: Vec<Expr>,
    eval: impl Fn(&[Input<'_>], usize) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Expr {
    // Each row has a number of its own.
    let volatile = matches!(name, "rand" | "new_guid");
    let volatility = if volatile { Volatility::Volatile } else { Volatility::Immutable };
    let signature =
        if args.is_empty() { Signature::nullary(volatility) } else { Signature::variadic_any(volatility) };
    let kernel = Kernel { name, key, returns, nullable, volatile, signature, eval: Box::new(eval) };
    ScalarUDF::from(kernel).call(args)
}

/// A call of a row function.
pub(crate) fn row_call(
    name: &'static str,
    kernel: RowFn,
    types: Vec<Type>,
    returns: Type,
    args: Vec<Expr>,
) -> Expr {
    let names: Vec<&str> = types.iter().map(|t| t.name()).collect();
    let key = format!("{name}<{}>:{returns}", names.join(","));
    let nullable = returns != Type::String;
    call(name, key, arrow_type(returns), nullable, args, move |inputs, rows| {
        if let Some(array) = over_columns(name, inputs)
            && *array.data_type() == arrow_type(returns)
        {
            return Ok(array);
        }
        let call = Call { types: &types, returns };
        let mut column = Column::new(returns, rows);
        let mut row_args = Vec::with_capacity(inputs.len());
        let mut compute = |row: usize| {
            row_args.clear();
            row_args.extend(inputs.iter().map(|i| i.get(row)));
            kernel(&call, &row_args)
        };
        let mut memo = Memo::new(only_column(inputs).and_then(Input::views));
        for row in 0..rows {
            column.push(&memo.get(row, || compute(row)));
            if column.is_too_long() {
                break;
            }
        }
        column.finish()
    })
}

/// A call of a row function that gives several columns: a struct with the fields `c0`, `c1`, ….
pub(crate) fn columns_call(
    name: &'static str,
    kernel: ColumnsFn,
    types: Vec<Type>,
    outputs: Vec<Type>,
    args: Vec<Expr>,
) -> Expr {
    let fields: Fields = outputs
        .iter()
        .enumerate()
        .map(|(at, ty)| Field::new(format!("c{at}"), arrow_type(*ty), true))
        .collect();
    let names: Vec<&str> = types.iter().map(|t| t.name()).collect();
    let key = format!("{name}<{}>", names.join(","));
    call(name, key, DataType::Struct(fields.clone()), true, args, move |inputs, rows| {
        let call = Call { types: &types, returns: Type::Dynamic };
        let mut columns: Vec<Column> = outputs.iter().map(|ty| Column::new(*ty, rows)).collect();
        let mut row_args = Vec::with_capacity(inputs.len());
        for row in 0..rows {
            row_args.clear();
            row_args.extend(inputs.iter().map(|i| i.get(row)));
            let cells = kernel(&call, &row_args).unwrap_or_default();
            for (at, column) in columns.iter_mut().enumerate() {
                column.push(cells.get(at).unwrap_or(&V::Null));
            }
            if columns.iter().any(Column::is_too_long) {
                break;
            }
        }
        let arrays = columns.into_iter().map(Column::finish).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(StructArray::try_new(fields.clone(), arrays, None)?))
    })
}

/// The one argument that differs from row to row.
fn only_column<'i, 'a>(inputs: &'i [Input<'a>]) -> Option<&'i Input<'a>> {
    let mut columns = inputs.iter().filter(|i| matches!(i, Input::Cells(_)));
    let only = columns.next()?;
    columns.next().is_none().then_some(only)
}

/// A bool for each row, from the text of the first argument; the others only tell what it is.
pub(crate) fn text_test(
    name: &'static str,
    key: String,
    args: Vec<Expr>,
    test: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> Expr {
    cell_test(name, key, args, move |cell| test(cell.text()))
}

/// The same where the texts of many rows can be searched at once.
pub(crate) fn text_search(
    name: &'static str,
    key: String,
    args: Vec<Expr>,
    search: impl Fn(&StringViewArray) -> Option<BooleanBuffer> + Send + Sync + 'static,
    test: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> Expr {
    call(name, key, DataType::Boolean, false, args, move |inputs, rows| {
        let together = match inputs {
            [Input::Cells(Cells::View(array)), ..] => search(array),
            _ => None,
        };
        let found = together.unwrap_or_else(|| tested(inputs, rows, |cell| test(cell.text())));
        Ok(Arc::new(BooleanArray::new(found, None)))
    })
}

/// A bool for each row, from the first argument; the others only tell what it is.
pub(crate) fn cell_test(
    name: &'static str,
    key: String,
    args: Vec<Expr>,
    test: impl Fn(&V<'_>) -> bool + Send + Sync + 'static,
) -> Expr {
    call(name, key, DataType::Boolean, false, args, move |inputs, rows| {
        Ok(Arc::new(BooleanArray::new(tested(inputs, rows, &test), None)))
    })
}

fn tested(inputs: &[Input<'_>], rows: usize, test: impl Fn(&V<'_>) -> bool) -> BooleanBuffer {
    match inputs {
        [input @ Input::Cells(cells), ..] => {
            let mut memo = Memo::new(input.views());
            BooleanBuffer::collect_bool(rows, |row| memo.get(row, || test(&cells.get(row))))
        }
        [Input::Const(value), ..] => {
            let one = test(value);
            BooleanBuffer::collect_bool(rows, |_| one)
        }
        [] => BooleanBuffer::new_unset(rows),
    }
}
