//! Changes to a state. A change is made whole or not at all.

use std::sync::Arc;

use crate::change::{Change, ChangeError, MAX_KEY, Node, NodeRef, cell, cut};
use crate::schema::{Kind, Link, Reading, TableId, schema};
use crate::store::{Cell, State};

/// A node's place.
#[derive(Clone, Copy)]
struct Place {
    table: TableId,
    number: u32,
}

pub(crate) fn apply(state: &mut State, change: &Change) -> Result<(), ChangeError> {
    match change {
        Change::Upsert(node) => upsert(state, node),
        Change::Remove(node) => remove(state, node),
        Change::Connect { from, reading, to } => {
            let (link, from, to) = edge(state, from, *reading, to)?;
            let (a, b) = if link.forward { (from, to) } else { (to, from) };
            state.relation_mut(link.relation).connect(a, b);
            Ok(())
        }
        Change::Disconnect { from, reading, to } => {
            let (link, from, to) = edge(state, from, *reading, to)?;
            let (a, b) = if link.forward { (from, to) } else { (to, from) };
            state.relation_mut(link.relation).disconnect(a, b);
            Ok(())
        }
        Change::Replace { from, reading, to, keys } => replace(state, from, *reading, *to, keys),
        Change::Source { source, as_of } => {
            let name = schema().sources().iter().find(|s| **s == *source);
            let name = *name.ok_or_else(|| ChangeError::UnknownSource(source.to_string()))?;
            match as_of {
                Some(time) => state.sources.insert(name, *time),
                None => state.sources.remove(name),
            };
            Ok(())
        }
    }
}

fn upsert(state: &mut State, node: &Node) -> Result<(), ChangeError> {
    let spec = schema().type_of(node.node.kind);
    let [kind] = spec.members[..] else { return Err(ChangeError::IsGroup(node.node.kind)) };
    if spec.is_group {
        return Err(ChangeError::IsGroup(node.node.kind));
    }
    if node.node.key.is_empty() || node.node.key.len() > MAX_KEY {
        return Err(ChangeError::BadKey);
    }
    let properties = &schema().table(spec.table).properties;
    let mut cells = [Cell::None; 64];
    cells[0] = Cell::Text(cut(&node.name));
    for (name, value) in &node.properties {
        let at = properties.iter().skip(1).position(|p| p.name == *name).map(|at| at + 1);
        let at = at.ok_or_else(|| ChangeError::UnknownProperty(node.node.kind, name.to_string()))?;
        let wrong = || ChangeError::WrongValue(properties[at].name, format!("{value:?}"));
        cells[at] = cell(&properties[at], value).ok_or_else(wrong)?;
    }
    let hasher = Arc::clone(&state.hasher);
    let table = state.table_mut(spec.table);
    let number = table.find_or_add(&node.node.key, &hasher).ok_or(ChangeError::Full(node.node.kind))?;
    table.set_kind(number, kind);
    for (at, value) in cells.into_iter().enumerate().take(properties.len()) {
        table.set(number, at, value, &hasher);
    }
    Ok(())
}

/// A node that is not there is gone already.
fn remove(state: &mut State, node: &NodeRef) -> Result<(), ChangeError> {
    let Ok(place) = find(state, node.kind, &node.key) else { return Ok(()) };
    let hasher = Arc::clone(&state.hasher);
    for (at, relation) in schema().relations.iter().enumerate() {
        for (table, forward) in [(relation.from, true), (relation.to, false)] {
            if table == place.table && !state.relations[at].has_none(place.number, forward) {
                Arc::make_mut(&mut state.relations[at]).replace(place.number, forward, &[]);
            }
        }
    }
    state.table_mut(place.table).remove(place.number, &hasher);
    Ok(())
}

fn find(state: &State, kind: Kind, key: &str) -> Result<Place, ChangeError> {
    let table = schema().type_of(kind).table;
    match state.table(table).find(key, &state.hasher) {
        Some(number) => Ok(Place { table, number }),
        None => Err(ChangeError::UnknownNode(kind, key.to_owned())),
    }
}

fn link(from: Kind, reading: Reading, to: Kind) -> Result<Link, ChangeError> {
    let schema = schema();
    let (a, b) = (schema.type_of(from).table, schema.type_of(to).table);
    schema.links(reading, a).find(|l| l.to == b).ok_or(ChangeError::NotConnectable(from, reading, to))
}

fn edge(
    state: &State,
    from: &NodeRef,
    reading: Reading,
    to: &NodeRef,
) -> Result<(Link, u32, u32), ChangeError> {
    let link = link(from.kind, reading, to.kind)?;
    Ok((link, find(state, from.kind, &from.key)?.number, find(state, to.kind, &to.key)?.number))
}

fn replace(
    state: &mut State,
    from: &NodeRef,
    reading: Reading,
    to: Kind,
    keys: &[String],
) -> Result<(), ChangeError> {
    let link = link(from.kind, reading, to)?;
    let from = find(state, from.kind, &from.key)?;
    let mut numbers = Vec::with_capacity(keys.len());
    for key in keys {
        numbers.push(find(state, to, key)?.number);
    }
    numbers.sort_unstable();
    numbers.dedup();
    state.relation_mut(link.relation).replace(from.number, link.forward, &numbers);
    Ok(())
}
