use serde_json::Value;

use super::condition::Properties;
use super::place::Place;
use super::{Decoder, known, list, object, required, text, truth};
use crate::query::document::{Branch, Negatable, Target};
use crate::query::{MAX_DEPTH, QueryCode, QueryError};
use crate::schema::{InsightId, Kind, Reading, TableId, schema};

impl Decoder {
    pub(super) fn target(
        &mut self,
        value: &Value,
        at: &Place<'_>,
        depth: usize,
    ) -> Result<Target, QueryError> {
        deep(depth, at)?;
        let fields = object(value, at)?;
        known(fields, &["types", "where", "that"], at)?;
        let types = self.types(required(fields, "types", at)?, &at.field("types"))?;
        let tables = tables(&types);
        let filter = match fields.get("where") {
            Some(value) => self.filter(value, &at.field("where"), Properties::Of(&tables), depth)?,
            None => Vec::new(),
        };
        let that = match fields.get("that") {
            Some(value) => {
                let at = at.field("that");
                let mut all = Vec::new();
                for (i, value) in list(value, &at)?.iter().enumerate() {
                    match self.branch(value, &at.item(i), &types, depth + 1)? {
                        Branch::And(inner) => all.extend(inner),
                        branch => all.push(branch),
                    }
                }
                all
            }
            None => Vec::new(),
        };
        Ok(Target { types, filter, that })
    }

    fn types(&mut self, value: &Value, at: &Place<'_>) -> Result<Vec<Kind>, QueryError> {
        let names = list(value, at)?;
        if names.is_empty() {
            return Err(at.error(QueryCode::WrongShape, "at least one type is expected here"));
        }
        let mut types = Vec::new();
        for (i, name) in names.iter().enumerate() {
            let at = at.item(i);
            self.part(&at)?;
            let name = text(name, &at)?;
            let unknown = || at.error(QueryCode::UnknownType, format!("there is no type {name:?}"));
            types.push(Kind::named(name).ok_or_else(unknown)?);
        }
        types.sort_unstable();
        types.dedup();
        // A group says already what its members say.
        let groups: Vec<Kind> = types.iter().copied().filter(|k| k.is_group()).collect();
        types.retain(|k| schema().type_of(*k).group.is_none_or(|g| !groups.contains(&g)));
        Ok(types)
    }

    fn branch(
        &mut self,
        value: &Value,
        at: &Place<'_>,
        from: &[Kind],
        depth: usize,
    ) -> Result<Branch, QueryError> {
        deep(depth, at)?;
        self.part(at)?;
        let fields = object(value, at)?;
        let word = ["and", "or", "insight", "connection"].into_iter().find(|n| fields.contains_key(*n));
        match word {
            Some(word @ ("and" | "or")) => {
                known(fields, &[word], at)?;
                self.branches(&fields[word], &at.field(word), from, depth, word == "or")
            }
            Some("insight") => {
                known(fields, &["insight", "not", "where"], at)?;
                let name = text(&fields["insight"], &at.field("insight"))?;
                let insight = insight(name, &at.field("insight"), from)?;
                let not = negated(fields, at)?;
                let filter = match fields.get("where") {
                    Some(value) => {
                        self.filter(value, &at.field("where"), Properties::OfInsight(insight), depth)?
                    }
                    None => Vec::new(),
                };
                Ok(Branch::Insight { insight, not, filter })
            }
            Some(_) => {
                known(fields, &["connection", "not", "to"], at)?;
                let name = text(&fields["connection"], &at.field("connection"))?;
                let connection = connection(name, &at.field("connection"), from)?;
                let not = negated(fields, at)?;
                let place = at.field("to");
                let to = self.target(required(fields, "to", at)?, &place, depth)?;
                leads(connection, from, &to.types, &place.field("types"))?;
                Ok(Branch::Connection { connection, not, to })
            }
            None => Err(at.error(QueryCode::WrongShape, "a branch has one of insight, connection, and, or")),
        }
    }

    fn branches(
        &mut self,
        value: &Value,
        at: &Place<'_>,
        from: &[Kind],
        depth: usize,
        or: bool,
    ) -> Result<Branch, QueryError> {
        let items = list(value, at)?;
        if items.is_empty() {
            return Err(at.error(QueryCode::WrongShape, "at least one branch is expected here"));
        }
        let mut all = Vec::new();
        for (i, item) in items.iter().enumerate() {
            match self.branch(item, &at.item(i), from, depth + 1)? {
                Branch::And(inner) if !or => all.extend(inner),
                Branch::Or(inner) if or => all.extend(inner),
                branch => all.push(branch),
            }
        }
        Ok(match (all.len(), or) {
            (1, _) => all.remove(0),
            (_, true) => Branch::Or(all),
            (_, false) => Branch::And(all),
        })
    }
}

pub(super) fn deep(depth: usize, at: &Place<'_>) -> Result<(), QueryError> {
    if depth > MAX_DEPTH {
        return Err(at.error(QueryCode::TooDeep, format!("a query is at most {MAX_DEPTH} levels deep")));
    }
    Ok(())
}

fn negated(fields: &serde_json::Map<String, Value>, at: &Place<'_>) -> Result<Negatable, QueryError> {
    match fields.get("not") {
        Some(value) => Ok(Negatable(truth(value, &at.field("not"))?)),
        None => Ok(Negatable::default()),
    }
}

fn tables(types: &[Kind]) -> Vec<TableId> {
    let mut tables: Vec<TableId> = types.iter().map(|k| schema().type_of(*k).table).collect();
    tables.sort_unstable();
    tables.dedup();
    tables
}

fn insight(name: &str, at: &Place<'_>, from: &[Kind]) -> Result<InsightId, QueryError> {
    let unknown = || at.error(QueryCode::UnknownInsight, format!("there is no insight {name:?}"));
    let insight = InsightId::named(name).ok_or_else(unknown)?;
    let on = &schema().insight_of(insight).on;
    match from.iter().find(|k| !on.contains(&schema().type_of(**k).table)) {
        Some(kind) => {
            Err(at.error(QueryCode::InsightNotApplicable, format!("{name} cannot be said of {kind}")))
        }
        None => Ok(insight),
    }
}

fn connection(name: &str, at: &Place<'_>, from: &[Kind]) -> Result<Reading, QueryError> {
    let unknown = || at.error(QueryCode::UnknownConnection, format!("there is no connection {name:?}"));
    let reading = Reading::named(name).ok_or_else(unknown)?;
    match from.iter().find(|k| schema().links(reading, schema().type_of(**k).table).next().is_none()) {
        Some(kind) => {
            Err(at.error(QueryCode::ConnectionNotApplicable, format!("{name} does not begin at {kind}")))
        }
        None => Ok(reading),
    }
}

/// Each source must lead to one of the targets, and each target be reached from one of the sources.
fn leads(reading: Reading, from: &[Kind], to: &[Kind], at: &Place<'_>) -> Result<(), QueryError> {
    let (sources, targets) = (tables(from), tables(to));
    let step = |a: &TableId, b: &TableId| schema().links(reading, *a).any(|l| l.to == *b);
    let lost = to.iter().find(|k| !sources.iter().any(|s| step(s, &schema().type_of(**k).table)));
    if let Some(kind) = lost {
        let message = format!("{reading} does not lead from there to {kind}");
        return Err(at.error(QueryCode::TargetNotApplicable, message));
    }
    if let Some(kind) = from.iter().find(|k| !targets.iter().any(|t| step(&schema().type_of(**k).table, t))) {
        let message = format!("{reading} does not lead from {kind} to any of these");
        return Err(at.error(QueryCode::TargetNotApplicable, message));
    }
    Ok(())
}
