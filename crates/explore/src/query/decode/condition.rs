use std::cmp::Ordering;

use serde_json::Value;

use super::place::Place;
use super::target::deep;
use super::{Decoder, known, list, object, required, text, truth};
use crate::query::document::{Condition, Where};
use crate::query::{Instant, Literal, MAX_VALUES, QueryCode, QueryError};
use crate::schema::{InsightId, Operator, PropertySpec, TableId, ValueShape, ValueType, schema};

/// What conditions can speak of.
#[derive(Clone, Copy)]
pub(super) enum Properties<'t> {
    /// Properties that all of these have.
    Of(&'t [TableId]),
    /// Those that an insight lists.
    OfInsight(InsightId),
}

impl Properties<'_> {
    /// The name as the schema has it, and what it stands for.
    fn find(self, name: &str) -> Option<(&'static str, &'static PropertySpec)> {
        let schema = schema();
        match self {
            Self::Of(tables) => {
                let mut found: Option<&'static PropertySpec> = None;
                for table in tables {
                    let table = schema.table(*table);
                    let spec = &table.properties[table.property(name)?];
                    if found.is_some_and(|f| f.value != spec.value || f.values != spec.values) {
                        return None;
                    }
                    found = Some(spec);
                }
                found.map(|f| (f.name, f))
            }
            Self::OfInsight(insight) => {
                let insight = schema.insight_of(insight);
                let property = insight.properties.iter().find(|p| p.name == name)?;
                let about = schema.table(insight.about(insight.on[0]));
                Some((property.name, &about.properties[property.property]))
            }
        }
    }
}

impl Decoder {
    pub(super) fn filter(
        &mut self,
        value: &Value,
        at: &Place<'_>,
        of: Properties<'_>,
        depth: usize,
    ) -> Result<Vec<Where>, QueryError> {
        let mut all = Vec::new();
        for (i, value) in list(value, at)?.iter().enumerate() {
            match self.condition(value, &at.item(i), of, depth + 1)? {
                Where::And(inner) => all.extend(inner),
                condition => all.push(condition),
            }
        }
        Ok(all)
    }

    fn condition(
        &mut self,
        value: &Value,
        at: &Place<'_>,
        of: Properties<'_>,
        depth: usize,
    ) -> Result<Where, QueryError> {
        deep(depth, at)?;
        self.part(at)?;
        let fields = object(value, at)?;
        if let Some(word) = ["and", "or"].into_iter().find(|w| fields.contains_key(*w)) {
            known(fields, &[word], at)?;
            return self.conditions(&fields[word], &at.field(word), of, depth, word == "or");
        }
        known(fields, &["property", "operator", "value"], at)?;
        let place = at.field("property");
        let name = text(required(fields, "property", at)?, &place)?;
        let unknown =
            || place.error(QueryCode::UnknownProperty, format!("there is no property {name:?} here"));
        let (property, spec) = of.find(name).ok_or_else(unknown)?;
        let place = at.field("operator");
        let name = text(required(fields, "operator", at)?, &place)?;
        let unknown = || place.error(QueryCode::UnknownOperator, format!("there is no operator {name:?}"));
        let operator = Operator::named(name).ok_or_else(unknown)?;
        if !operator.fits(spec.value) {
            let message = format!("{property} cannot be compared with {name}");
            return Err(place.error(QueryCode::OperatorNotApplicable, message));
        }
        let value = literal(spec, operator, required(fields, "value", at)?, &at.field("value"))?;
        Ok(Where::Condition(Condition { property, operator, value }))
    }

    fn conditions(
        &mut self,
        value: &Value,
        at: &Place<'_>,
        of: Properties<'_>,
        depth: usize,
        or: bool,
    ) -> Result<Where, QueryError> {
        let items = list(value, at)?;
        if items.is_empty() {
            return Err(at.error(QueryCode::WrongShape, "at least one condition is expected here"));
        }
        let mut all = Vec::new();
        for (i, item) in items.iter().enumerate() {
            match self.condition(item, &at.item(i), of, depth + 1)? {
                Where::And(inner) if !or => all.extend(inner),
                Where::Or(inner) if or => all.extend(inner),
                condition => all.push(condition),
            }
        }
        Ok(match (all.len(), or) {
            (1, _) => all.remove(0),
            (_, true) => Where::Or(all),
            (_, false) => Where::And(all),
        })
    }
}

fn literal(
    spec: &PropertySpec,
    operator: Operator,
    value: &Value,
    at: &Place<'_>,
) -> Result<Literal, QueryError> {
    match operator.shape() {
        ValueShape::Truth => Ok(Literal::Bool(truth(value, at)?)),
        ValueShape::One => one(spec, value, at),
        ValueShape::List => {
            let items = list(value, at)?;
            if items.is_empty() || items.len() > MAX_VALUES {
                let message = format!("a list has 1 to {MAX_VALUES} values");
                return Err(at.error(QueryCode::TooManyValues, message));
            }
            let mut all = Vec::with_capacity(items.len());
            for (i, item) in items.iter().enumerate() {
                all.push(one(spec, item, &at.item(i))?);
            }
            all.sort_by(|a, b| match (a, b) {
                (Literal::Text(a), Literal::Text(b)) => a.cmp(b),
                (Literal::Integer(a), Literal::Integer(b)) => a.cmp(b),
                _ => Ordering::Equal,
            });
            all.dedup();
            Ok(Literal::List(all))
        }
    }
}

fn one(spec: &PropertySpec, value: &Value, at: &Place<'_>) -> Result<Literal, QueryError> {
    let wrong =
        |what: &str| at.error(QueryCode::WrongValue, format!("{} is compared with {what}", spec.name));
    match spec.value {
        ValueType::Text | ValueType::Version => {
            value.as_str().ok_or_else(|| wrong("a text"))?;
            Ok(Literal::Text(text(value, at)?.to_owned()))
        }
        ValueType::Choice => {
            let choices = || wrong(&format!("one of {}", spec.values.join(", ")));
            let word = value.as_str().ok_or_else(choices)?;
            let known = spec.values.iter().find(|v| v.eq_ignore_ascii_case(word)).ok_or_else(choices)?;
            Ok(Literal::Text((*known).to_owned()))
        }
        ValueType::Bool => value.as_bool().map(Literal::Bool).ok_or_else(|| wrong("true or false")),
        ValueType::Integer => value.as_i64().map(Literal::Integer).ok_or_else(|| wrong("an integer")),
        ValueType::Real => {
            let number = value.as_f64().filter(|n| n.is_finite());
            number.map(Literal::Real).ok_or_else(|| wrong("a number"))
        }
        ValueType::Time => {
            let time = value.as_str().and_then(Instant::read);
            time.map(Literal::Time).ok_or_else(|| wrong("an RFC 3339 time or ago(7d)"))
        }
    }
}
