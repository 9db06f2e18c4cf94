//! Aggregates that fold rows into a state of their own: one accumulator for all of them.

use std::fmt::Debug;

use arrow::array::ArrayRef;
use arrow::datatypes::i256;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;
use palisade_kql::Type;
use serde_json::{Map, Value as Json, json};

use super::{Spec, text_state, texts};
use crate::decimal;
use crate::kernels::convert::{from_json, json_of_text};
use crate::kernels::{digest_number, hash_of};
use crate::sketch::{Digest, Distinct};
use crate::value::{Cells, V, to_scalar};

/// What an aggregate does with rows; states travel between threads as JSON.
pub(super) trait Fold: Debug + Send + Sync {
    fn add(&mut self, row: &[V<'_>], types: &[Type]);
    fn save(&mut self) -> Json;
    fn merge(&mut self, state: Json);
    fn outcome(&mut self, returns: Type) -> V<'static>;
    /// Bytes on the heap.
    fn bytes(&self) -> usize;
}

/// The fold of an aggregate; none when it is another kind.
pub(super) fn of(spec: &Spec) -> Option<Box<dyn Fold>> {
    Some(match spec.function {
        "percentile" | "percentilew" | "percentiles_array" | "percentilesw_array" => {
            Box::new(Percentiles { shares: spec.shares(), values: Vec::new() })
        }
        "tdigest" | "tdigest_merge" => Box::new(Digests {
            digest: Digest::new(
                spec.types.first().map_or("", |t| if spec.function == "tdigest" { t.name() } else { "" }),
            ),
            merges: spec.function == "tdigest_merge",
        }),
        "hll" => {
            Box::new(Sketches { sketch: Some(Distinct::new(spec.constant.unwrap_or(1))), merges: false })
        }
        "hll_merge" => Box::new(Sketches { sketch: None, merges: true }),
        "covariance" => Box::new(Covariance { sample: true, ..Covariance::default() }),
        "covariancep" => Box::new(Covariance::default()),
        "buildschema" => Box::new(Shape::default()),
        "avg" if spec.types.first() == Some(&Type::Decimal) => Box::new(ExactMean::default()),
        _ => return None,
    })
}

#[derive(Debug)]
pub(super) struct Folding {
    pub spec: Spec,
    pub fold: Box<dyn Fold>,
}

impl Accumulator for Folding {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let cells = values.iter().map(|v| Cells::new(v.as_ref())).collect::<Result<Vec<_>>>()?;
        let mut row_cells = Vec::with_capacity(cells.len());
        for row in 0..values.first().map_or(0, |v| v.len()) {
            row_cells.clear();
            row_cells.extend(cells.iter().map(|c| c.get(row)));
            self.fold.add(&row_cells, &self.spec.types);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(to_scalar(&self.fold.outcome(self.spec.returns), self.spec.returns))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.fold.bytes()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(text_state(self.fold.save().to_string()))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for text in texts(states)? {
            if let Ok(state) = serde_json::from_str(&text) {
                self.fold.merge(state);
            }
        }
        Ok(())
    }
}

/// Values with their weights; percentiles by nearest rank, as the language defines them.
#[derive(Debug)]
struct Percentiles {
    /// Percentages.
    shares: Vec<f64>,
    values: Vec<(f64, f64)>,
}

impl Percentiles {
    fn at(&self, share: f64, total: f64) -> Option<f64> {
        let target = share / 100.0 * total;
        let mut sum = 0.0;
        for (value, weight) in &self.values {
            sum += weight;
            // What is a hair short of the rank has reached it.
            if sum >= target - 1e-9 {
                return Some(*value);
            }
        }
        self.values.last().map(|(value, _)| *value)
    }
}

impl Fold for Percentiles {
    fn add(&mut self, row: &[V<'_>], _: &[Type]) {
        let weight = match row {
            [_] => Some(1.0),
            [_, weight] => weight.real().filter(|w| *w > 0.0),
            _ => None,
        };
        if let (Some(value), Some(weight)) = (row.first().and_then(V::real), weight) {
            self.values.push((value, weight));
        }
    }

    fn save(&mut self) -> Json {
        // As bits, so that nothing is rounded on the way.
        self.values.iter().map(|(v, w)| json!([v.to_bits(), w.to_bits()])).collect()
    }

    fn merge(&mut self, state: Json) {
        let bits = |json: Option<&Json>| json.and_then(Json::as_u64).map(f64::from_bits);
        for pair in state.as_array().into_iter().flatten() {
            if let (Some(value), Some(weight)) = (bits(pair.get(0)), bits(pair.get(1))) {
                self.values.push((value, weight));
            }
        }
    }

    #[allow(clippy::cast_possible_truncation)]
    fn outcome(&mut self, returns: Type) -> V<'static> {
        self.values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = self.values.iter().map(|(_, weight)| weight).sum();
        let found: Vec<Option<f64>> = self.shares.iter().map(|share| self.at(*share, total)).collect();
        if returns == Type::Dynamic {
            let found: Vec<Json> = found.into_iter().map(|n| n.map_or(Json::Null, digest_number)).collect();
            return if self.values.is_empty() { V::Null } else { from_json(&Json::Array(found)) };
        }
        match found.first() {
            Some(Some(n)) if returns == Type::Real => V::Real(*n),
            Some(Some(n)) => V::Int(*n as i64),
            _ => V::Null,
        }
    }

    fn bytes(&self) -> usize {
        self.values.capacity() * 16
    }
}

#[derive(Debug)]
struct Digests {
    digest: Digest,
    merges: bool,
}

impl Fold for Digests {
    fn add(&mut self, row: &[V<'_>], _: &[Type]) {
        if self.merges {
            if let Some(other) = row.first().and_then(|v| Digest::from_json(&json_of_text(v.text()))) {
                self.digest.merge(&other);
            }
            return;
        }
        let weight = row.get(1).map_or(Some(1.0), V::real);
        if let (Some(value), Some(weight)) = (row.first().and_then(V::real), weight) {
            self.digest.add(value, weight);
        }
    }

    fn save(&mut self) -> Json {
        self.digest.json()
    }

    fn merge(&mut self, state: Json) {
        if let Some(other) = Digest::from_json(&state) {
            self.digest.merge(&other);
        }
    }

    fn outcome(&mut self, _: Type) -> V<'static> {
        from_json(&self.digest.json())
    }

    fn bytes(&self) -> usize {
        self.digest.bytes()
    }
}

#[derive(Debug)]
struct Sketches {
    sketch: Option<Distinct>,
    merges: bool,
}

impl Sketches {
    fn join(&mut self, other: Option<Distinct>) {
        match (&mut self.sketch, other) {
            (Some(own), Some(other)) => own.merge(&other),
            (own @ None, other) => *own = other,
            (_, None) => {}
        }
    }
}

impl Fold for Sketches {
    fn add(&mut self, row: &[V<'_>], types: &[Type]) {
        let Some(value) = row.first() else { return };
        if self.merges {
            self.join(Distinct::from_json(&json_of_text(value.text())));
        } else if let Some(hash) = hash_of(value, types.first().copied().unwrap_or(Type::Dynamic))
            && let Some(sketch) = &mut self.sketch
        {
            sketch.add(hash.cast_unsigned());
        }
    }

    fn save(&mut self) -> Json {
        self.sketch.as_ref().map_or(Json::Null, Distinct::json)
    }

    fn merge(&mut self, state: Json) {
        self.join(Distinct::from_json(&state));
    }

    fn outcome(&mut self, _: Type) -> V<'static> {
        from_json(&self.save())
    }

    fn bytes(&self) -> usize {
        self.sketch.as_ref().map_or(0, Distinct::bytes)
    }
}

/// Welford's method for two columns; states join as in Chan, Golub and LeVeque (1979).
#[derive(Debug, Default)]
struct Covariance {
    sample: bool,
    count: f64,
    mean_x: f64,
    mean_y: f64,
    product: f64,
}

impl Fold for Covariance {
    fn add(&mut self, row: &[V<'_>], _: &[Type]) {
        if let (Some(x), Some(y)) = (row.first().and_then(V::real), row.get(1).and_then(V::real)) {
            self.count += 1.0;
            let step = x - self.mean_x;
            self.mean_x += step / self.count;
            self.mean_y += (y - self.mean_y) / self.count;
            self.product += step * (y - self.mean_y);
        }
    }

    fn save(&mut self) -> Json {
        json!([self.count, self.mean_x, self.mean_y, self.product].map(f64::to_bits))
    }

    fn merge(&mut self, state: Json) {
        let part = |at: usize| state.get(at).and_then(Json::as_u64).map_or(0.0, f64::from_bits);
        let (count, x, y, product) = (part(0), part(1), part(2), part(3));
        let total = self.count + count;
        if count > 0.0 {
            let (dx, dy) = (x - self.mean_x, y - self.mean_y);
            self.product += product + dx * dy * self.count * count / total;
            self.mean_x += dx * count / total;
            self.mean_y += dy * count / total;
            self.count = total;
        }
    }

    fn outcome(&mut self, _: Type) -> V<'static> {
        let n = if self.sample { self.count - 1.0 } else { self.count };
        if n <= 0.0 { V::Null } else { V::Real(self.product / n) }
    }

    fn bytes(&self) -> usize {
        0
    }
}

/// The mean of decimals.
#[derive(Debug, Default)]
struct ExactMean {
    sum: Option<i256>,
    count: i64,
    /// The sum left the bounds.
    broken: bool,
}

impl ExactMean {
    fn join(&mut self, sum: Option<i256>, count: i64) {
        let Some(sum) = sum else { return };
        let total = match self.sum {
            Some(own) => decimal::add(own, sum),
            None => Some(sum),
        };
        self.broken |= total.is_none();
        self.sum = total.or(self.sum);
        self.count += count;
    }
}

impl Fold for ExactMean {
    fn add(&mut self, row: &[V<'_>], _: &[Type]) {
        if let Some(V::Dec(n)) = row.first() {
            self.join(Some(*n), 1);
        }
    }

    fn save(&mut self) -> Json {
        json!([self.sum.map(decimal::text), self.count, self.broken])
    }

    fn merge(&mut self, state: Json) {
        let sum = state.get(0).and_then(Json::as_str).and_then(decimal::parse);
        self.join(sum, state.get(1).and_then(Json::as_i64).unwrap_or(0));
        self.broken |= state.get(2) == Some(&Json::Bool(true));
    }

    fn outcome(&mut self, _: Type) -> V<'static> {
        let mean =
            self.sum.filter(|_| !self.broken).and_then(|s| decimal::divide(s, decimal::of_long(self.count)));
        mean.map_or(V::Null, V::Dec)
    }

    fn bytes(&self) -> usize {
        0
    }
}

/// Names of properties that one schema may have; further ones are left out.
const MAX_PROPERTIES: usize = 10_000;
/// Deepest nesting that a schema follows.
const MAX_DEPTH: usize = 32;
/// The name under which the elements of an array stand.
const INDEXER: &str = "`indexer`";

/// The least schema that admits all values: names of types, bags of schemas, or arrays of several.
#[derive(Debug, Default)]
struct Shape {
    root: Node,
    properties: usize,
}

#[derive(Debug, Default)]
struct Node {
    names: Vec<String>,
    bag: Option<Map<String, Json>>,
}

impl Node {
    fn of(json: &Json) -> Self {
        let mut node = Node::default();
        let parts = match json {
            Json::Array(parts) => parts.as_slice(),
            other => std::slice::from_ref(other),
        };
        for part in parts {
            match part {
                Json::String(name) => node.names.push(name.clone()),
                Json::Object(bag) => node.bag = Some(bag.clone()),
                _ => {}
            }
        }
        node
    }

    fn json(&self) -> Json {
        let mut parts: Vec<Json> = self.names.iter().map(|n| Json::String(n.clone())).collect();
        parts.extend(self.bag.clone().map(Json::Object));
        if parts.len() == 1 { parts.remove(0) } else { Json::Array(parts) }
    }

    fn name(&mut self, name: &str) {
        if let Err(at) = self.names.binary_search_by(|n| n.as_str().cmp(name)) {
            self.names.insert(at, name.to_owned());
        }
    }

    /// Joins another schema.
    fn join(&mut self, other: &Node, properties: &mut usize, depth: usize) {
        other.names.iter().for_each(|n| self.name(n));
        let Some(bag) = &other.bag else { return };
        if depth > MAX_DEPTH {
            return;
        }
        let own = self.bag.get_or_insert_default();
        for (key, value) in bag {
            if !own.contains_key(key) {
                if *properties >= MAX_PROPERTIES {
                    continue;
                }
                *properties += 1;
            }
            let slot = own.entry(key.clone()).or_insert_with(|| Json::Array(Vec::new()));
            let mut inner = Node::of(slot);
            inner.join(&Node::of(value), properties, depth + 1);
            *slot = inner.json();
        }
    }

    /// The schema of one value.
    fn of_value(value: &Json, depth: usize) -> Self {
        let mut node = Node::default();
        if depth > MAX_DEPTH {
            return node;
        }
        match value {
            Json::Null => {}
            Json::Bool(_) => node.name("bool"),
            Json::Number(n) => node.name(if n.is_f64() { "double" } else { "long" }),
            Json::String(_) => node.name("string"),
            Json::Array(items) => {
                let mut inner = Node::default();
                items.iter().for_each(|i| inner.join(&Node::of_value(i, depth + 1), &mut 0, depth + 1));
                node.bag = Some(Map::from_iter([(INDEXER.to_owned(), inner.json())]));
            }
            Json::Object(bag) => {
                let inner = bag
                    .iter()
                    .take(MAX_PROPERTIES)
                    .map(|(k, v)| (k.clone(), Node::of_value(v, depth + 1).json()));
                node.bag = Some(inner.collect());
            }
        }
        node
    }
}

impl Fold for Shape {
    fn add(&mut self, row: &[V<'_>], _: &[Type]) {
        if let Some(V::Str(text)) = row.first() {
            let node = Node::of_value(&json_of_text(text), 0);
            self.root.join(&node, &mut self.properties, 0);
        }
    }

    fn save(&mut self) -> Json {
        self.root.json()
    }

    fn merge(&mut self, state: Json) {
        self.root.join(&Node::of(&state), &mut self.properties, 0);
    }

    fn outcome(&mut self, _: Type) -> V<'static> {
        from_json(&self.root.json())
    }

    fn bytes(&self) -> usize {
        self.properties * 64
    }
}
