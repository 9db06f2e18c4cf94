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
    items: Vec<Json>,
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

    fn add(&mut self, json: Json) {
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
        if self.items.len() >= self.size {
            return;
        }
        let set = self.spec.function == "make_set";
        match json {
            // Elements of an array join a set one by one.
            Json::Array(elements) if set && self.spec.types.first() == Some(&Type::Dynamic) => {
                elements.into_iter().for_each(|e| self.add_one(e, true));
            }
            other => self.add_one(other, set),
        }
    }

    fn add_one(&mut self, json: Json, set: bool) {
        if json.is_null() && self.spec.function != "make_list_with_nulls" || self.items.len() >= self.size {
            return;
        }
        let text = json.to_string();
        self.bytes += text.len() + 64;
        if set && !self.seen.insert(text) {
            return;
        }
        self.items.push(json);
    }

    fn json(&self) -> String {
        if self.spec.function == "make_bag" {
            return Json::Object(self.bag.clone()).to_string();
        }
        Json::Array(self.items.clone()).to_string()
    }
}

impl Accumulator for Collect {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let ty = self.spec.types.first().copied().unwrap_or(Type::Dynamic);
        let cells = Cells::new(values[0].as_ref())?;
        for row in 0..values[0].len() {
            let cell = cells.get(row);
            if cell != V::Null || self.spec.function == "make_list_with_nulls" {
                self.add(to_json(&cell, ty));
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
        Ok(text_state(self.json()))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for text in texts(states)? {
            match serde_json::from_str(&text) {
                Ok(Json::Array(items)) => {
                    let set = self.spec.function == "make_set";
                    items.into_iter().for_each(|i| self.add_one(i, set));
                }
                Ok(bag) => self.add(bag),
                Err(_) => {}
            }
        }
        Ok(())
    }
}
