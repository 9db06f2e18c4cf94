//! What the cells say: identifiers, labels, categories, properties.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use super::Exposure;
use crate::answer::describe;
use crate::schema::{Kind, TableId, schema};
use crate::store::{Cell, State};

fn kind(state: &State, table: TableId, number: u32) -> Kind {
    let kinds = &schema().table(table).kinds;
    state.table(table).kind(number).map_or(kinds[0], |k| kinds[usize::from(k)])
}

/// The type, or the group where there is one: a machine keeps its key when it changes its kind.
pub(super) fn node_id(state: &State, table: TableId, number: u32) -> [&str; 3] {
    [schema().table(table).name, "/", state.table(table).key(number)]
}

pub(super) fn label(state: &State, table: TableId, number: u32) -> &'static str {
    kind(state, table, number).name()
}

/// Categories of each type as JSON, which are the same for all of its nodes.
static CATEGORIES: LazyLock<BTreeMap<Kind, String>> = LazyLock::new(|| {
    let of = |kind: Kind| {
        let spec = schema().type_of(kind);
        let group = spec.group.map(|g| schema().type_of(g));
        let own = std::iter::once(schema().categories[spec.category].name);
        let further = group.map_or(&spec.also, |g| &g.also);
        let all: Vec<&str> = own.chain(group.map(|g| g.name)).chain(further.iter().copied()).collect();
        json!(all).to_string()
    };
    schema().kinds().map(|k| (k, of(k))).collect()
});

pub(super) fn categories_of(state: &State, table: TableId, number: u32) -> &'static str {
    CATEGORIES.get(&kind(state, table, number)).map_or("[]", String::as_str)
}

/// A property as text.
fn text<'s>(state: &'s State, table: TableId, number: u32, name: &str) -> Option<&'s str> {
    let spec = schema().table(table);
    let at = spec.property(name)?;
    match state.table(table).column(at).get(number) {
        Cell::Text(text) => Some(text).filter(|t| !t.is_empty()),
        Cell::Small(n) => spec.properties[at].values.get(usize::from(n).checked_sub(1)?).copied(),
        _ => None,
    }
}

pub(super) fn entity_ids(state: &State, table: TableId, number: u32) -> String {
    let mut ids = vec![json!({"type": schema().table(table).entity, "id": state.table(table).key(number)})];
    for (property, kind) in [("cloud_id", "CloudResourceId"), ("device_id", "DeviceInventoryId")] {
        if let Some(id) = text(state, table, number, property) {
            ids.push(json!({"type": kind, "id": id}));
        }
    }
    Json::Array(ids).to_string()
}

/// `rawData` with the properties, and those of a machine once more by the names that public queries use.
pub(super) fn properties(exposure: &Exposure, table: TableId, number: u32) -> String {
    let found = describe(&exposure.state, table, number);
    let mut raw: Map<String, Json> = found
        .properties
        .iter()
        .map(|(name, value)| ((*name).to_owned(), serde_json::to_value(value).unwrap_or(Json::Null)))
        .collect();
    if schema().table(table).name == "virtual_machines" {
        machine(exposure, table, number, &mut raw);
    }
    json!({"rawData": raw}).to_string()
}

fn machine(exposure: &Exposure, table: TableId, number: u32, raw: &mut Map<String, Json>) {
    let state = &exposure.state;
    let family = match text(state, table, number, "os_family") {
        Some("linux") => Some("Linux"),
        Some("windows_server" | "windows_client") => Some("Windows"),
        _ => None,
    };
    let level = match text(state, table, number, "criticality") {
        Some("very_high") => Some(0),
        Some("high") => Some(1),
        Some("normal") => Some(2),
        Some("low") => Some(3),
        _ => None,
    };
    if let Some(family) = family {
        raw.insert("osType".into(), family.into());
    }
    if text(state, table, number, "device_id").is_some() {
        raw.insert("deviceName".into(), state.table(table).name(number).into());
    }
    if let Some(level) = level {
        raw.insert("criticalityLevel".into(), json!({"criticalityLevel": level}));
    }
    if faces_internet(exposure, table, number) {
        raw.insert("exposedToInternet".into(), true.into());
        raw.insert("IsInternetFacing".into(), true.into());
    }
}

/// Whether a program of the machine is known to be reachable from the internet, as far as is seen.
fn faces_internet(exposure: &Exposure, table: TableId, number: u32) -> bool {
    let Some(exposes) = schema().reading("exposes") else { return false };
    schema().links(exposes, table).any(|link| {
        let Some(at) = schema().table(link.to).property("internet_reachable") else { return false };
        let column = exposure.state.table(link.to).column(at);
        let mut there = exposure.state.neighbours(link, number).iter();
        // Two is true.
        there.any(|n| exposure.sees(link.to, n) && column.get(n) == Cell::Small(2))
    })
}
