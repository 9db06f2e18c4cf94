//! Spread, bit aggregates, and extremes of types without an order of their own.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;
use palisade_kql::Type;
use serde_json::{Value as Json, json};

use super::{Spec, text_state, texts};
use crate::kernels::convert::{dynamic_text, json_of_text};
use crate::value::{Cells, V, to_scalar};

pub(super) const KNOWN: &[&str] = &[
    "stdev",
    "stdevp",
    "variance",
    "variancep",
    "binary_all_and",
    "binary_all_or",
    "binary_all_xor",
    "avg",
    "min",
    "max",
];

#[derive(Debug)]
pub(super) struct Statistic {
    spec: Spec,
    returns: DataType,
    count: u64,
    mean: f64,
    spread: f64,
    bits: Option<i64>,
    sum: i128,
    extreme: Option<Json>,
}

impl Statistic {
    pub fn new(spec: Spec, returns: DataType) -> Self {
        Self { spec, returns, count: 0, mean: 0.0, spread: 0.0, bits: None, sum: 0, extreme: None }
    }

    #[allow(clippy::cast_precision_loss)]
    fn add(&mut self, cell: &V<'_>) {
        match (self.spec.function, cell) {
            (_, V::Null) => {}
            ("min" | "max", cell) => {
                let json = match cell {
                    V::Str(text) => json_of_text(text),
                    V::Bool(b) => Json::Bool(*b),
                    _ => return,
                };
                self.consider(json);
            }
            ("binary_all_and" | "binary_all_or" | "binary_all_xor", cell) => {
                if let Some(n) = cell.int() {
                    self.combine(n);
                }
            }
            ("avg", cell) => {
                if let Some(n) = cell.int() {
                    self.sum += i128::from(n);
                    self.count += 1;
                }
            }
            (_, cell) => {
                if let Some(n) = cell.real() {
                    self.count += 1;
                    let step = n - self.mean;
                    self.mean += step / self.count as f64;
                    self.spread += step * (n - self.mean);
                }
            }
        }
    }

    fn combine(&mut self, n: i64) {
        self.bits = Some(match (self.bits, self.spec.function) {
            (None, _) => n,
            (Some(b), "binary_all_and") => b & n,
            (Some(b), "binary_all_or") => b | n,
            (Some(b), _) => b ^ n,
        });
    }

    fn consider(&mut self, json: Json) {
        if json.is_null() {
            return;
        }
        let wins = self.extreme.as_ref().is_none_or(|held| {
            let order = order(&json, held);
            if self.spec.function == "max" { order.is_gt() } else { order.is_lt() }
        });
        if wins {
            self.extreme = Some(json);
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn variance(&self, sample: bool) -> f64 {
        let n = self.count.saturating_sub(u64::from(sample));
        if n == 0 { 0.0 } else { self.spread / n as f64 }
    }
}

fn order(a: &Json, b: &Json) -> std::cmp::Ordering {
    match (a, b) {
        (Json::Bool(x), Json::Bool(y)) => x.cmp(y),
        (Json::Number(x), Json::Number(y)) => x.as_f64().unwrap_or(0.0).total_cmp(&y.as_f64().unwrap_or(0.0)),
        _ => dynamic_text(&a.to_string()).cmp(&dynamic_text(&b.to_string())),
    }
}

impl Accumulator for Statistic {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let cells = Cells::new(values[0].as_ref())?;
        (0..values[0].len()).for_each(|row| self.add(&cells.get(row)));
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let ty = self.spec.types.first().copied().unwrap_or(Type::Dynamic);
        Ok(match self.spec.function {
            "stdev" => ScalarValue::Float64(Some(self.variance(true).sqrt())),
            "stdevp" => ScalarValue::Float64(Some(self.variance(false).sqrt())),
            "variance" => ScalarValue::Float64(Some(self.variance(true))),
            "variancep" => ScalarValue::Float64(Some(self.variance(false))),
            "avg" => {
                let mean = if self.count == 0 {
                    None
                } else {
                    i64::try_from(self.sum / i128::from(self.count)).ok()
                };
                to_scalar(&mean.map_or(V::Null, V::Int), ty)
            }
            "min" | "max" => match (&self.extreme, ty) {
                (Some(Json::Bool(b)), Type::Bool) => ScalarValue::Boolean(Some(*b)),
                (Some(json), Type::Dynamic) => ScalarValue::Utf8(Some(json.to_string())),
                _ => ScalarValue::try_from(&self.returns)?,
            },
            _ => to_scalar(&self.bits.map_or(V::Null, V::Int), ty),
        })
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        // Real numbers go as bits, so that nothing is rounded on the way.
        let state = json!({
            "count": self.count, "mean": self.mean.to_bits(), "spread": self.spread.to_bits(), "bits": self.bits,
            "sum": self.sum.to_string(), "extreme": self.extreme,
        });
        Ok(text_state(state.to_string()))
    }

    #[allow(clippy::cast_precision_loss)]
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for text in texts(states)? {
            let state: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
            let real = |key: &str| f64::from_bits(state[key].as_u64().unwrap_or(0));
            let (count, mean, spread) = (state["count"].as_u64().unwrap_or(0), real("mean"), real("spread"));
            if count > 0 {
                let total = self.count + count;
                let step = mean - self.mean;
                self.spread += spread + step * step * (self.count as f64 * count as f64) / total as f64;
                self.mean += step * count as f64 / total as f64;
                self.count = total;
            }
            if let Some(bits) = state["bits"].as_i64() {
                self.combine(bits);
            }
            self.sum += state["sum"].as_str().and_then(|s| s.parse::<i128>().ok()).unwrap_or(0);
            self.consider(state["extreme"].clone());
        }
        Ok(())
    }
}
