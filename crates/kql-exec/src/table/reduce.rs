//! `reduce`: texts by the patterns that they share.
//!
//! After Vaarandi's clustering of logs: words that stand at their place in more rows than the threshold asks
//! for are fixed, and rows with the same fixed words are one cluster. What is too rare for that gives up its
//! rarest word and looks again, until none is left. Where many clusters differ in one word only, that word
//! varies.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::Reduce;

use super::words::{pattern, spans};
use super::{Budget, Function};
use crate::value::{Cells, Column, V};

/// Clusters that differ in one word only, from which on the word varies.
const VARIANTS: usize = 10;
/// The pattern of texts that share nothing with others.
const OTHERS: &str = "others";

#[derive(Debug)]
pub(super) struct Reduction {
    pub spec: Reduce,
}

/// A text, and how many rows have it.
struct Text<'t> {
    text: &'t str,
    rows: u64,
}

/// A word at its place, and how many rows have it there.
struct Word<'t> {
    place: usize,
    word: &'t str,
    rows: u64,
}

/// Fixed words by their places among all, with the texts that have them.
type Clusters = BTreeMap<Vec<usize>, Vec<usize>>;

/// What is told of a pattern.
struct Told {
    pattern: String,
    rows: u64,
    representative: usize,
    texts: Vec<usize>,
}

struct Texts<'t> {
    /// Each once, in their order.
    texts: Vec<Text<'t>>,
    /// The words that are in enough rows.
    words: Vec<Word<'t>>,
    /// Rows that a cluster has more than.
    least: f64,
}

impl<'t> Texts<'t> {
    #[allow(clippy::cast_precision_loss)]
    fn many(&self, rows: u64) -> bool {
        rows as f64 > self.least
    }

    fn rows(&self, texts: &[usize]) -> u64 {
        texts.iter().filter_map(|t| self.texts.get(*t)).map(|t| t.rows).sum()
    }

    /// The texts with their fixed words.
    fn read(texts: Vec<Text<'t>>, spec: &Reduce, budget: &Budget) -> Result<(Self, Clusters)> {
        let mut known: HashMap<(usize, &'t str), u64> = HashMap::new();
        for text in &texts {
            budget.step(1 + text.text.len() as u64 / 4)?;
            for (place, span) in spans(text.text, &spec.characters).enumerate() {
                let word = text.text.get(span).unwrap_or_default();
                match known.get_mut(&(place, word)) {
                    Some(rows) => *rows += text.rows,
                    None => {
                        budget.grow(64)?;
                        known.insert((place, word), text.rows);
                    }
                }
            }
        }
        let all: u64 = texts.iter().map(|t| t.rows).sum();
        #[allow(clippy::cast_precision_loss)]
        // One row alone is like no other, whatever the threshold.
        let least = (spec.threshold * all as f64 * (1.0 + 1e-12)).max(1.0);
        let mut found = Self { texts, words: Vec::new(), least };
        found.words = known
            .into_iter()
            .filter(|(_, rows)| found.many(*rows))
            .map(|((place, word), rows)| Word { place, word, rows })
            .collect();
        found.words.sort_by_key(|w| (w.place, w.word));
        let numbers: HashMap<(usize, &str), usize> =
            found.words.iter().enumerate().map(|(at, w)| ((w.place, w.word), at)).collect();
        let mut clusters = Clusters::new();
        for (at, text) in found.texts.iter().enumerate() {
            budget.step(1 + text.text.len() as u64 / 4)?;
            let fixed: Vec<usize> = spans(text.text, &spec.characters)
                .enumerate()
                .filter_map(|(place, span)| numbers.get(&(place, text.text.get(span)?)).copied())
                .collect();
            budget.grow(fixed.len() * 8 + 96)?;
            clusters.entry(fixed).or_default().push(at);
        }
        Ok((found, clusters))
    }

    /// The clusters that have enough rows, and the texts that are in none.
    fn settle(&self, mut pending: Clusters, budget: &Budget) -> Result<(Clusters, Vec<usize>)> {
        let mut settled = Clusters::new();
        let mut others = Vec::new();
        while !pending.is_empty() {
            let mut next = Clusters::new();
            let mut rare = Vec::new();
            for (fixed, texts) in std::mem::take(&mut pending) {
                budget.step(1 + (fixed.len() + texts.len()) as u64 / 4)?;
                if fixed.is_empty() {
                    others.extend(texts);
                } else if settled.contains_key(&fixed) || self.many(self.rows(&texts)) {
                    settled.entry(fixed).or_default().extend(texts);
                } else {
                    rare.push((fixed, texts));
                }
            }
            for (mut fixed, texts) in rare {
                let rows = |word: &usize| self.words.get(*word).map_or(0, |w| w.rows);
                // Of words that are as rare, the last one goes.
                let rarest = fixed.iter().enumerate().rev().min_by_key(|(_, word)| rows(word));
                if let Some(at) = rarest.map(|(at, _)| at) {
                    fixed.remove(at);
                }
                next.entry(fixed).or_default().extend(texts);
            }
            pending = next;
        }
        Ok((settled, others))
    }

    /// Makes one cluster of many that differ in one word only.
    fn merge(&self, mut clusters: Clusters, budget: &Budget) -> Result<Clusters> {
        let places = self.words.last().map_or(0, |w| w.place + 1);
        for place in 0..places {
            if clusters.len() < VARIANTS {
                break;
            }
            let mut alike: BTreeMap<Vec<usize>, Vec<Vec<usize>>> = BTreeMap::new();
            for fixed in clusters.keys() {
                budget.step(1 + fixed.len() as u64 / 4)?;
                let here = |word: &usize| self.words.get(*word).is_some_and(|w| w.place == place);
                let rest: Vec<usize> = fixed.iter().copied().filter(|word| !here(word)).collect();
                // Without any word left it would be a pattern of everything.
                if rest.len() < fixed.len() && !rest.is_empty() {
                    alike.entry(rest).or_default().push(fixed.clone());
                }
            }
            for (rest, variants) in alike.into_iter().filter(|(_, variants)| variants.len() >= VARIANTS) {
                let mut texts = clusters.remove(&rest).unwrap_or_default();
                for fixed in variants {
                    texts.extend(clusters.remove(&fixed).unwrap_or_default());
                }
                clusters.insert(rest, texts);
            }
        }
        Ok(clusters)
    }

    /// The patterns, those with most rows first; the texts that share nothing are last.
    fn told(
        &self,
        clusters: Clusters,
        others: Vec<usize>,
        spec: &Reduce,
        budget: &Budget,
    ) -> Result<Vec<Told>> {
        let mut told: BTreeMap<String, Told> = BTreeMap::new();
        for (fixed, texts) in clusters {
            let members: Vec<&str> =
                texts.iter().filter_map(|t| self.texts.get(*t)).map(|t| t.text).collect();
            budget.step(1 + members.iter().map(|m| m.len() as u64 / 4 + 1).sum::<u64>())?;
            let words: Vec<(usize, &str)> =
                fixed.iter().filter_map(|w| self.words.get(*w)).map(|w| (w.place, w.word)).collect();
            let pattern = pattern(&words, &members, &spec.characters);
            let rows = self.rows(&texts);
            let most =
                |text: &&usize| (self.texts.get(**text).map_or(0, |t| t.rows), std::cmp::Reverse(**text));
            let representative = texts.iter().max_by_key(most).copied().unwrap_or_default();
            budget.grow(pattern.len() + 64)?;
            match told.get_mut(&pattern) {
                Some(known) => {
                    if rows > known.rows {
                        known.representative = representative;
                    }
                    known.rows += rows;
                    known.texts.extend(texts);
                }
                None => {
                    told.insert(pattern.clone(), Told { pattern, rows, representative, texts });
                }
            }
        }
        let mut told: Vec<Told> = told.into_values().collect();
        told.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.pattern.cmp(&b.pattern)));
        if !others.is_empty() {
            let rows = self.rows(&others);
            told.push(Told { pattern: OTHERS.to_owned(), rows, representative: usize::MAX, texts: others });
        }
        Ok(told)
    }
}

impl Function for Reduction {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let batch = &inputs[0];
        let rows = batch.num_rows();
        // The last column has the texts.
        let Some((texts, columns)) = batch.columns().split_last() else { return Ok(Vec::new()) };
        let cells = Cells::new(texts.as_ref())?;
        let text_of = |row| match cells.get(row) {
            V::Str(Cow::Borrowed(text)) => text,
            _ => "",
        };
        let mut known: BTreeMap<&str, u64> = BTreeMap::new();
        for row in 0..rows {
            budget.step(1)?;
            match known.get_mut(text_of(row)) {
                Some(rows) => *rows += 1,
                None => {
                    budget.grow(96)?;
                    known.insert(text_of(row), 1);
                }
            }
        }
        let texts = known.iter().map(|(text, rows)| Text { text, rows: *rows }).collect();
        let (texts, pending) = Texts::read(texts, &self.spec, budget)?;
        let (settled, others) = texts.settle(pending, budget)?;
        let told = texts.told(texts.merge(settled, budget)?, others, &self.spec, budget)?;
        if self.spec.source {
            let mut pattern_of: HashMap<&str, usize> = HashMap::new();
            budget.grow(texts.texts.len().saturating_mul(64))?;
            for (at, told) in told.iter().enumerate() {
                let members = told.texts.iter().filter_map(|t| texts.texts.get(*t));
                pattern_of.extend(members.map(|t| (t.text, at)));
            }
            let mut patterns = Column::new(Type::String, rows);
            for row in 0..rows {
                let own = pattern_of.get(text_of(row)).and_then(|at| told.get(*at));
                let own = own.map_or(OTHERS, |t| t.pattern.as_str());
                budget.grow(own.len())?;
                patterns.push(&V::Str(Cow::Borrowed(own)));
            }
            let mut columns: Vec<ArrayRef> = columns.to_vec();
            columns.push(patterns.finish()?);
            return Ok(columns);
        }
        let mut patterns = Column::new(Type::String, told.len());
        let mut counts = Column::new(Type::Long, told.len());
        let mut representatives = Column::new(Type::String, told.len());
        for told in &told {
            patterns.push(&V::Str(Cow::Borrowed(&told.pattern)));
            counts.push(&V::Int(i64::try_from(told.rows).unwrap_or(i64::MAX)));
            let text = texts.texts.get(told.representative).map_or("", |t| t.text);
            representatives.push(&V::Str(Cow::Borrowed(text)));
        }
        Ok(vec![patterns.finish()?, counts.finish()?, representatives.finish()?])
    }
}
