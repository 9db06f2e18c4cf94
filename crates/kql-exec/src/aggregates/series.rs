//! The arrays of `make-series`, one row per group.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};
use palisade_kql::Type;
use serde_json::Value as Json;

use crate::kernels::convert::to_json;
use crate::source::SourceError;
use crate::value::{Cells, V};

/// Most elements of one series, as in the language.
pub(crate) const MAX_POINTS: usize = 1_048_576;
/// Most bytes of text in all arrays of one operator.
const MAX_TEXT: usize = 256 << 20;

/// The bins of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bins {
    /// Whole numbers, microseconds or ticks.
    Whole {
        from: Option<i64>,
        to: Option<i64>,
        step: i64,
    },
    Real {
        from: Option<f64>,
        to: Option<f64>,
        step: f64,
    },
}

/// What is made of the rows of a group.
pub(crate) struct Plan {
    pub bins: Bins,
    /// The end is a bin too.
    pub inclusive: bool,
    pub axis: Type,
    /// The type of each column, and the JSON of what stands where a bin has no row.
    pub values: Vec<(Type, String)>,
    /// Bytes that were written by all groups.
    pub written: AtomicUsize,
}

/// The call: a struct of the arrays `c0`, `c1`, …, of the array `axis`, and of the number of rows.
pub(crate) fn call(name: String, plan: Plan, args: Vec<Expr>) -> Expr {
    let mut fields: Vec<Field> =
        (0..plan.values.len()).map(|at| Field::new(format!("c{at}"), DataType::Utf8, true)).collect();
    fields.push(Field::new("axis", DataType::Utf8, true));
    fields.push(Field::new("rows", DataType::Int64, true));
    let udaf = SeriesUdaf {
        name,
        plan: Arc::new(plan),
        fields: Fields::from(fields),
        signature: Signature::variadic_any(Volatility::Immutable),
    };
    AggregateUDF::from(udaf).call(args)
}

struct SeriesUdaf {
    /// Nothing else in the query has it.
    name: String,
    plan: Arc<Plan>,
    fields: Fields,
    signature: Signature,
}

impl fmt::Debug for SeriesUdaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for SeriesUdaf {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for SeriesUdaf {}

impl Hash for SeriesUdaf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for SeriesUdaf {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(self.fields.clone()))
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Collect {
            plan: Arc::clone(&self.plan),
            fields: self.fields.clone(),
            points: Vec::new(),
            cells: Vec::new(),
            bytes: 0,
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[points]", args.name), DataType::Utf8, true))])
    }
}

/// A place on the axis.
#[derive(Clone, Copy, Debug)]
enum At {
    Whole(i64),
    Real(f64),
}

struct Collect {
    plan: Arc<Plan>,
    fields: Fields,
    points: Vec<At>,
    /// JSON of the cells, row by row.
    cells: Vec<Box<str>>,
    bytes: usize,
}

impl fmt::Debug for Collect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "series of {} points", self.points.len())
    }
}

impl Collect {
    fn cell(&mut self, json: &Json) {
        let text = json.to_string().into_boxed_str();
        self.bytes += text.len() + 24;
        self.cells.push(text);
    }

    /// How many bins there are, and the bin of each point.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn layout(&self) -> Result<(usize, At, Vec<Option<usize>>)> {
        let too_many = || {
            let message = format!("a series has more than {MAX_POINTS} points; take a longer step");
            DataFusionError::External(Box::new(SourceError::Limit(message)))
        };
        match self.plan.bins {
            Bins::Whole { from, to, step } => {
                let whole: Vec<i64> = self
                    .points
                    .iter()
                    .filter_map(|p| if let At::Whole(n) = p { Some(*n) } else { None })
                    .collect();
                let (least, most) = (whole.iter().min().copied(), whole.iter().max().copied());
                let Some(first) = from.or(least) else { return Ok((0, At::Whole(0), Vec::new())) };
                // Both ends are far apart at most by twice the range of i64.
                let span = |to: i64| i128::from(to) - i128::from(first);
                let wide = i128::from(step);
                let count = match (to, most) {
                    (Some(to), _) if self.plan.inclusive => span(to).div_euclid(wide) + 1,
                    (Some(to), _) => (span(to) + wide - 1).div_euclid(wide),
                    (None, Some(most)) => span(most).div_euclid(wide) + 1,
                    (None, None) => 0,
                };
                let count =
                    usize::try_from(count.max(0)).ok().filter(|n| *n <= MAX_POINTS).ok_or_else(too_many)?;
                let bins = whole
                    .iter()
                    .map(|at| usize::try_from((i128::from(*at) - i128::from(first)).div_euclid(wide)).ok())
                    .collect();
                Ok((count, At::Whole(first), bins))
            }
            Bins::Real { from, to, step } => {
                let real: Vec<f64> =
                    self.points.iter().map(|p| if let At::Real(n) = p { *n } else { f64::NAN }).collect();
                let least = real.iter().copied().reduce(f64::min);
                let most = real.iter().copied().reduce(f64::max);
                let Some(first) = from.or(least) else { return Ok((0, At::Real(0.0), Vec::new())) };
                let count = match (to, most) {
                    (Some(to), _) if self.plan.inclusive => ((to - first) / step).floor() + 1.0,
                    (Some(to), _) => ((to - first) / step).ceil(),
                    (None, Some(most)) => ((most - first) / step).round() + 1.0,
                    (None, None) => 0.0,
                };
                if !count.is_finite() || count > MAX_POINTS as f64 {
                    return Err(too_many());
                }
                let bins = real
                    .iter()
                    .map(|at| Some(((at - first) / step).round()).filter(|n| *n >= 0.0).map(|n| n as usize))
                    .collect();
                Ok((count.max(0.0) as usize, At::Real(first), bins))
            }
        }
    }

    /// Counts bytes that are written.
    fn written(&self, text: &str) -> Result<()> {
        if self.plan.written.fetch_add(text.len(), Ordering::Relaxed) + text.len() > MAX_TEXT {
            let message = "the arrays of make-series are longer than a quarter of a gigabyte".to_owned();
            return Err(DataFusionError::ResourcesExhausted(message));
        }
        Ok(())
    }

    #[allow(clippy::cast_precision_loss)]
    fn axis(&self, count: usize, first: At) -> String {
        let mut out = String::from("[");
        for n in 0..count {
            if n > 0 {
                out.push(',');
            }
            let cell = match (first, self.plan.bins) {
                (At::Whole(first), Bins::Whole { step, .. }) => {
                    let offset = i64::try_from(n).ok().and_then(|n| step.checked_mul(n));
                    offset.and_then(|o| first.checked_add(o)).map_or(V::Null, V::Int)
                }
                (At::Real(first), Bins::Real { step, .. }) => V::Real(first + step * n as f64),
                _ => V::Null,
            };
            out.push_str(&to_json(&cell, self.plan.axis).to_string());
        }
        out.push(']');
        out
    }
}

impl Accumulator for Collect {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some((axis, rest)) = values.split_first() else { return Ok(()) };
        let places = Cells::new(axis.as_ref())?;
        let columns = rest.iter().map(|a| Cells::new(a.as_ref())).collect::<Result<Vec<_>>>()?;
        let plan = Arc::clone(&self.plan);
        for row in 0..axis.len() {
            let at = match (places.get(row), plan.bins) {
                (V::Int(n), Bins::Whole { .. }) => At::Whole(n),
                (V::Real(n), Bins::Real { .. }) if n.is_finite() => At::Real(n),
                // What is nowhere on the axis is in no bin.
                _ => continue,
            };
            self.points.push(at);
            self.bytes += size_of::<At>();
            for (column, (ty, _)) in columns.iter().zip(&plan.values) {
                self.cell(&to_json(&column.get(row), *ty));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let (count, first, bins) = self.layout()?;
        let width = self.plan.values.len();
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(width + 2);
        let mut places: Vec<Option<usize>> = vec![None; count];
        for (row, bin) in bins.iter().enumerate() {
            if let Some(place) = bin.and_then(|b| places.get_mut(b)) {
                *place = Some(row);
            }
        }
        for (at, (_, default)) in self.plan.values.iter().enumerate() {
            let mut out = String::from("[");
            for row in &places {
                if out.len() > 1 {
                    out.push(',');
                }
                let cell = row.and_then(|row| self.cells.get(row * width + at));
                out.push_str(cell.map_or(default.as_str(), AsRef::as_ref));
            }
            out.push(']');
            self.written(&out)?;
            arrays.push(Arc::new(StringArray::from(vec![out])));
        }
        let axis = self.axis(count, first);
        self.written(&axis)?;
        arrays.push(Arc::new(StringArray::from(vec![axis])));
        arrays.push(Arc::new(Int64Array::from(vec![i64::try_from(self.points.len()).unwrap_or(i64::MAX)])));
        Ok(ScalarValue::Struct(Arc::new(StructArray::try_new(self.fields.clone(), arrays, None)?)))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let width = self.plan.values.len();
        let mut out = String::from("[");
        for (row, at) in self.points.iter().enumerate() {
            if row > 0 {
                out.push(',');
            }
            match at {
                At::Whole(n) => out.push_str(&format!("[{n}")),
                At::Real(n) => out.push_str(&format!("[{n:?}")),
            }
            for cell in self.cells.get(row * width..(row + 1) * width).unwrap_or_default() {
                out.push(',');
                out.push_str(cell);
            }
            out.push(']');
        }
        out.push(']');
        Ok(vec![ScalarValue::Utf8(Some(out))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(state) = states.first() else { return Ok(()) };
        let texts = state.as_string::<i32>();
        for row in (0..texts.len()).filter(|row| !texts.is_null(*row)) {
            let rows: Vec<Vec<Json>> = serde_json::from_str(texts.value(row))
                .map_err(|e| DataFusionError::Internal(format!("the state of a series: {e}")))?;
            for row in rows {
                let Some((at, cells)) = row.split_first() else { continue };
                self.points.push(match self.plan.bins {
                    Bins::Whole { .. } => At::Whole(at.as_i64().unwrap_or(0)),
                    Bins::Real { .. } => At::Real(at.as_f64().unwrap_or(f64::NAN)),
                });
                self.bytes += size_of::<At>();
                cells.iter().for_each(|cell| self.cell(cell));
            }
        }
        Ok(())
    }
}
