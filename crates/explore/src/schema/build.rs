//! The file with its names resolved. What it cannot resolve is an error with the name in it.

use std::collections::HashMap;

use super::file::{Condition, Connection, File, Insight, Property, Type};
use super::{
    CategorySpec, ConnectionId, FixedCondition, InsightId, InsightProperty, InsightSpec, Kind, Link,
    Operator, PropertySpec, Reading, ReadingSpec, Relation, RelationSpec, Schema, TableId, TableSpec,
    TypeSpec, ValueType,
};
use crate::query::Literal;

/// The schema lives as long as the process.
fn keep(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

pub(super) fn build(text: &str) -> Result<Schema, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    let mut schema = Schema {
        version: file.version,
        categories: Vec::new(),
        types: Vec::new(),
        tables: Vec::new(),
        labels: Vec::new(),
        readings: Vec::new(),
        relations: Vec::new(),
        insights: Vec::new(),
        sources: Vec::new(),
        kind_names: HashMap::new(),
        reading_names: HashMap::new(),
        insight_names: HashMap::new(),
    };
    for c in file.category {
        schema.categories.push(CategorySpec { name: keep(c.name), title: keep(c.title) });
    }
    let mut seen_through = Vec::new();
    for t in file.types {
        add_type(&mut schema, t, &mut seen_through)?;
    }
    for c in file.connection {
        add_connection(&mut schema, c)?;
    }
    for (table, names) in seen_through {
        for name in names {
            let reading = *schema.reading_names.get(name.as_str()).ok_or(format!("no reading {name}"))?;
            if schema.links(reading, table).next().is_none() {
                return Err(format!("{name} does not begin at {}", schema.table(table).name));
            }
            schema.tables[table.index()].seen_through.push(reading);
        }
    }
    for i in file.insight {
        add_insight(&mut schema, i)?;
    }
    Ok(schema)
}

fn add_type(
    schema: &mut Schema,
    t: Type,
    seen_through: &mut Vec<(TableId, Vec<String>)>,
) -> Result<(), String> {
    let kind = Kind::at(schema.types.len());
    let name = keep(t.name);
    let category = schema
        .categories
        .iter()
        .position(|c| c.name == t.category)
        .ok_or(format!("{name} is in no category"))?;
    let group = match &t.member_of {
        Some(of) => {
            Some(*schema.kind_names.get(of.as_str()).ok_or(format!("{name} is a member of nothing"))?)
        }
        None => None,
    };
    let table = if let Some(group) = group {
        if !t.properties.is_empty() || !t.source.is_empty() || !t.seen_through.is_empty() {
            return Err(format!("{name} has what belongs to its group"));
        }
        schema.type_of(group).table
    } else {
        let table = TableId::at(schema.tables.len());
        let source = keep(t.source);
        if !schema.sources.contains(&source) {
            schema.sources.push(source);
        }
        let mut properties =
            vec![PropertySpec { name: "name", title: "Name", value: ValueType::Text, values: Vec::new() }];
        properties.extend(t.properties.into_iter().map(property));
        schema.tables.push(TableSpec {
            name,
            properties,
            kinds: Vec::new(),
            source,
            entity: keep(t.entity.unwrap_or_else(|| "PalisadeNodeId".to_owned())),
            seen_through: Vec::new(),
        });
        seen_through.push((table, t.seen_through));
        table
    };
    let mut members = Vec::new();
    if !t.group {
        let kinds = &mut schema.tables[table.index()].kinds;
        let at = u8::try_from(kinds.len()).map_err(|_| format!("{name}: too many kinds"))?;
        kinds.push(kind);
        members.push(at);
        if let Some(group) = group {
            schema.types[group.index()].members.push(at);
        }
    }
    schema.types.push(TypeSpec {
        name,
        title: keep(t.title),
        category,
        also: t.also.into_iter().map(keep).collect(),
        description: keep(t.description),
        popular: t.popular,
        table,
        members,
        group,
        is_group: t.group,
    });
    match schema.kind_names.insert(name, kind) {
        Some(_) => Err(format!("{name} is there twice")),
        None => Ok(()),
    }
}

fn property(p: Property) -> PropertySpec {
    PropertySpec {
        name: keep(p.name),
        title: keep(p.title),
        value: p.value,
        values: p.values.into_iter().map(keep).collect(),
    }
}

fn add_connection(schema: &mut Schema, c: Connection) -> Result<(), String> {
    let connection = ConnectionId::at(schema.labels.len());
    schema.labels.push(keep(c.label));
    let (mut there, mut back) = (Vec::new(), Vec::new());
    for [from, to] in &c.pairs {
        let table = |name: &String| {
            let kind = schema.kind_names.get(name.as_str()).ok_or(format!("no type {name}"))?;
            let spec = schema.type_of(*kind);
            if spec.group.is_some() {
                return Err(format!("{name} is only a part of its group"));
            }
            Ok(spec.table)
        };
        let (from, to) = (table(from)?, table(to)?);
        let relation = Relation::at(schema.relations.len());
        schema.relations.push(RelationSpec { connection, from, to });
        there.push(Link { from, to, relation, forward: true });
        back.push(Link { from: to, to: from, relation, forward: false });
    }
    for (name, title, links) in [(c.name, c.title, there), (c.reverse, c.reverse_title, back)] {
        let name = keep(name);
        let reading = Reading::at(schema.readings.len());
        schema.readings.push(ReadingSpec { name, title: keep(title), links });
        if schema.reading_names.insert(name, reading).is_some() {
            return Err(format!("{name} is there twice"));
        }
    }
    Ok(())
}

fn add_insight(schema: &mut Schema, i: Insight) -> Result<(), String> {
    let name = keep(i.name);
    let kind = |name: &String| {
        schema
            .kind_names
            .get(name.as_str())
            .map(|k| schema.type_of(*k).table)
            .ok_or(format!("no type {name}"))
    };
    let on = i.on.iter().map(kind).collect::<Result<Vec<_>, _>>()?;
    let mut at = *on.first().ok_or(format!("{name} is on nothing"))?;
    if on.len() > 1 {
        return Err(format!("{name}: its properties are those of one type"));
    }
    let mut path = Vec::new();
    for [reading, to] in &i.path {
        let to = kind(to)?;
        let reading = *schema.reading_names.get(reading.as_str()).ok_or(format!("no reading {reading}"))?;
        let link = schema.links(reading, at).find(|l| l.to == to).ok_or(format!("{name}: no such step"))?;
        path.push(link);
        at = to;
    }
    let about = schema.table(at);
    let condition = |c: Condition| {
        let property = about.property(&c.property).ok_or(format!("{name}: no property {}", c.property))?;
        fixed(about, property, c.operator, &c.value)
            .ok_or(format!("{name}: {} is compared wrongly", c.property))
    };
    let fixed = i.fixed.into_iter().map(condition).collect::<Result<_, _>>()?;
    let default = i.default.into_iter().map(condition).collect::<Result<_, _>>()?;
    let mut properties = Vec::new();
    for p in i.properties {
        let property = about.property(&p.property).ok_or(format!("{name}: no property {}", p.property))?;
        properties.push(InsightProperty { name: keep(p.name), title: keep(p.title), property });
    }
    let insight = InsightId::at(schema.insights.len());
    schema.insights.push(InsightSpec {
        name,
        title: keep(i.title),
        description: keep(i.description),
        on,
        path,
        fixed,
        default,
        properties,
    });
    match schema.insight_names.insert(name, insight) {
        Some(_) => Err(format!("{name} is there twice")),
        None => Ok(()),
    }
}

fn fixed(
    table: &TableSpec,
    property: usize,
    operator: Operator,
    value: &toml::Value,
) -> Option<FixedCondition> {
    let spec = &table.properties[property];
    let value = match (spec.value, value) {
        (ValueType::Bool, toml::Value::Boolean(b)) => Literal::Bool(*b),
        (ValueType::Choice, toml::Value::String(s)) if spec.values.contains(&s.as_str()) => {
            Literal::Text(s.clone())
        }
        (ValueType::Text, toml::Value::String(s)) => Literal::Text(s.clone()),
        (ValueType::Integer, toml::Value::Integer(n)) => Literal::Integer(*n),
        _ => return None,
    };
    operator.fits(spec.value).then_some(FixedCondition { property, operator, value })
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn the_schema_of_this_crate_is_whole() {
        let schema = schema();
        assert!(schema.version() >= 1);
        for t in &schema.tables {
            assert!(!t.kinds.is_empty(), "{} has no kind", t.name);
            assert!(!t.source.is_empty(), "{} has no source", t.name);
            assert!(
                t.name == "virtual_machines" || !t.seen_through.is_empty(),
                "{} is seen by nobody",
                t.name
            );
            assert!(t.kinds.len() <= 8 && t.properties.len() < 64);
            for p in &t.properties {
                assert_eq!(p.value == ValueType::Choice, !p.values.is_empty(), "{}.{}", t.name, p.name);
                assert!(p.values.len() < 255);
                let twice = t.properties.iter().filter(|q| q.name == p.name).count();
                assert_eq!(twice, 1, "{}.{}", t.name, p.name);
            }
        }
        for t in &schema.types {
            assert!(!t.members.is_empty() && !t.description.is_empty(), "{}", t.name);
        }
    }

    #[test]
    fn what_the_file_cannot_mean_is_an_error() {
        let file = include_str!("../../data/schema.toml");
        for (from, to) in [
            ("category = \"health\"", "category = \"elsewhere\""),
            ("[\"virtual_machines\", \"sensor\"]", "[\"virtual_machines\", \"nothing\"]"),
            ("reverse = \"runs_on\"", "reverse = \"is_affected_by\""),
            ("member_of = \"virtual_machines\"", "member_of = \"nobody\""),
            ("path = [[\"exposes\", \"listening_endpoint\"]]", "path = [[\"exposes\", \"software\"]]"),
            ("seen_through = [\"runs_on\"]", "seen_through = [\"exposes\"]"),
        ] {
            assert!(file.contains(from), "{from}");
            assert!(build(&file.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
