use std::collections::BTreeMap;

use serde_json::Value;

use super::groups::{Tree, Variables, keep};
use super::host::{check_group, check_host};
use super::{Bound, Inventory, InventoryError, MAX_BYTES};

/// Reads what `ansible-inventory --list` prints. It knows every form that Ansible has, YAML and
/// plug-ins included, and resolves their variables.
///
/// # Errors
/// When it is no such JSON, too large, or names something that cannot be a host.
pub fn parse_json(text: &str) -> Result<Inventory, InventoryError> {
    if text.len() > MAX_BYTES {
        return Err(InventoryError::TooMuch { line: 0, bound: Bound::Bytes });
    }
    let root: BTreeMap<String, Value> =
        // Where a text ends early, serde_json counts a line after the last one.
        serde_json::from_str(text)
            .map_err(|e| InventoryError::malformed(e.line().min(text.lines().count().max(1)), e.to_string()))?;
    let mut tree = Tree::default();
    for (name, value) in &root {
        if name == "_meta" {
            continue;
        }
        check_group(name, 0)?;
        group(&mut tree, name, value)?;
    }
    let variables = root.get("_meta").and_then(|m| m.get("hostvars")).and_then(Value::as_object);
    for (host, values) in variables.into_iter().flatten() {
        check_host(host, 0)?;
        scalars(tree.host(host, 0)?, values)?;
    }
    tree.resolve(Inventory::default())
}

fn group(tree: &mut Tree, name: &str, value: &Value) -> Result<(), InventoryError> {
    let bad = |what: &str| InventoryError::malformed(0, format!("the group {name}: {what}"));
    tree.group(name, 0)?;
    // The short form: a group is only the list of its hosts.
    let (hosts, children) = match value {
        Value::Array(_) => (Some(value), None),
        Value::Object(o) => (o.get("hosts"), o.get("children")),
        _ => return Err(bad("must be an object or a list")),
    };
    let names = |v: Option<&Value>, what: &str| -> Result<Vec<String>, InventoryError> {
        let list = match v {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(bad(&format!("{what} must be a list; run `ansible-inventory --list`"))),
        };
        list.iter()
            .map(|v| v.as_str().map(str::to_owned).ok_or_else(|| bad(&format!("{what} must be names"))))
            .collect()
    };
    for host in names(hosts, "hosts")? {
        check_host(&host, 0)?;
        tree.host(&host, 0)?;
        tree.group(name, 0)?.hosts.insert(host);
    }
    for child in names(children, "children")? {
        check_group(&child, 0)?;
        tree.group(&child, 0)?;
        tree.group(name, 0)?.children.insert(child);
    }
    if let Some(variables) = value.get("vars") {
        scalars(&mut tree.group(name, 0)?.variables, variables)?;
    }
    Ok(())
}

/// Takes variables that are a text, a number or a truth; lists and objects are none of ours.
fn scalars(into: &mut Variables, values: &Value) -> Result<(), InventoryError> {
    for (key, value) in values.as_object().into_iter().flatten() {
        let text = match value {
            Value::String(s) => s.clone(),
            Value::Number(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            _ => continue,
        };
        keep(into, key.clone(), text, 0)?;
    }
    Ok(())
}
