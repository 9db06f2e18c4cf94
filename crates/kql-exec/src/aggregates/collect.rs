//! `make_set`, `make_list`, `make_bag`: dynamic collections as JSON text.

use std::collections::HashSet;

use arrow::array::ArrayRef;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;
use palisade_kql::Type;
use serde_json::{Map, Value as Json};

use super::{Spec, text_state, texts};
use crate::kernels::convert::to_json;
use crate::value::{Cells, V};

/// Most elements when the query names no size, as in the language.
const DEFAULT_SIZE: usize = 1_048_576;

#[derive(Debug)]
pub(super) struct Collect {
    spec: Spec,
    size: usize,
    /// Elements with the positions of their rows, 0 where there is none.
    items: Vec<(i64, Json)>,
    seen: HashSet<String>,
    bag: Map<String, Json>,
    bytes: usize,
}

impl Collect {
    pub fn new(spec: Spec) -> Self {
        let size =
            spec.constant.and_then(|n| usize::try_from(n).ok()).unwrap_or(DEFAULT_SIZE).min(DEFAULT_SIZE);
        Self { spec, size, items: Vec::new(), seen: HashSet::new(), bag: Map::new(), bytes: 0 }
    }

    fn add(&mut self, json: Json, position: i64) {
        if self.spec.function == "make_bag" {
            if let Json::Object(bag) = json {
                for (key, value) in bag {
                    if self.bag.len() < self.size {
                        self.bytes += key.len() + 64;
                        self.bag.entry(key).or_insert(value);
                    }
                }
            }
            return;
        }
        let set = self.spec.function == "make_set";
        let flat = set || self.spec.function == "make_list";
        match json {
            // Elements of an array join a set or a list one by one.
            Json::Array(elements) if flat && self.spec.types.first() == Some(&Type::Dynamic) => {
                elements.into_iter().for_each(|e| self.add_one(e, set, position));
            }
            other => self.add_one(other, set, position),
        }
    }

    fn add_one(&mut self, json: Json, set: bool, position: i64) {
        if json.is_null() && self.spec.function != "make_list_with_nulls" {
            return;
        }
        // Where rows have positions, later ones may stand before those that are held.
        if self.items.len() >= self.size {
            if !self.spec.positioned {
                return;
            }
            if self.items.len() >= self.size.saturating_mul(2).max(64) {
                self.cut();
            }
        }
        let text = json.to_string();
        self.bytes += text.len() + 64;
        if set && !self.seen.insert(text) {
            return;
        }
        self.items.push((position, json));
    }

    /// Brings the elements into order and drops those beyond the size.
    fn cut(&mut self) {
        self.items.sort_by_key(|(position, _)| *position);
        if self.items.len() > self.size {
            self.bytes = self.bytes / self.items.len() * self.size;
            self.items.truncate(self.size);
        }
    }

    fn json(&mut self) -> String {
        if self.spec.function == "make_bag" {
            return Json::Object(self.bag.clone()).to_string();
        }
        self.cut();
        Json::Array(self.items.iter().map(|(_, json)| json.clone()).collect()).to_string()
    }
}

impl Accumulator for Collect {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let ty = self.spec.types.first().copied().unwrap_or(Type::Dynamic);
        let cells = Cells::new(values[0].as_ref())?;
        let positions = match values.last() {
            Some(array) if self.spec.positioned => Some(Cells::new(array.as_ref())?),
            _ => None,
        };
        for row in 0..values[0].len() {
            let cell = cells.get(row);
            if cell != V::Null || self.spec.function == "make_list_with_nulls" {
                let position = positions.as_ref().and_then(|p| p.get(row).int()).unwrap_or(0);
                self.add(to_json(&cell, ty), position);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8(Some(self.json())))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.bytes * if self.spec.function == "make_set" { 2 } else { 1 }
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        if !self.spec.positioned {
            return Ok(text_state(self.json()));
        }
        self.cut();
        let pairs: Vec<Json> =
            self.items.iter().map(|(at, json)| Json::from(vec![Json::from(*at), json.clone()])).collect();
        Ok(text_state(Json::Array(pairs).to_string()))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for text in texts(states)? {
            match serde_json::from_str(&text) {
                Ok(Json::Array(items)) => {
                    let set = self.spec.function == "make_set";
                    for mut item in items {
                        if !self.spec.positioned {
                            self.add_one(item, set, 0);
                        } else if let Some([at, json]) = item.as_array_mut().map(Vec::as_mut_slice) {
                            self.add_one(json.take(), set, at.as_i64().unwrap_or(0));
                        }
                    }
                }
                Ok(bag) => self.add(bag, 0),
                Err(_) => {}
            }
        }
        Ok(())
    }
}
