use super::groups::{Tree, keep};
use super::host::{check_group, check_host, check_port};
use super::range::expand;
use super::words::{pair, words};
use super::{Bound, Inventory, InventoryError, MAX_BYTES, MAX_LINE};

enum Section {
    Hosts(String),
    Children(String),
    Variables(String),
}

/// Reads an Ansible inventory in INI form.
///
/// # Errors
/// With the line where it is malformed, too large, or names something that cannot be a host.
pub fn parse_ini(text: &str) -> Result<Inventory, InventoryError> {
    if text.len() > MAX_BYTES {
        return Err(InventoryError::TooMuch { line: 0, bound: Bound::Bytes });
    }
    let mut tree = Tree::default();
    let mut section = Section::Hosts("ungrouped".into());
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        if raw.len() > MAX_LINE {
            return Err(InventoryError::TooMuch { line, bound: Bound::Line });
        }
        let trimmed = raw.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(head) = trimmed.strip_prefix('[') {
            section = header(head, line, &mut tree)?;
            continue;
        }
        match &section {
            Section::Hosts(group) => hosts(trimmed, group, line, &mut tree)?,
            Section::Children(group) => {
                let child = words(trimmed, line)?;
                let [child] = child.as_slice() else {
                    return Err(InventoryError::malformed(line, "one group a line belongs here"));
                };
                check_group(child, line)?;
                tree.group(child, line)?;
                tree.group(group, line)?.children.insert(child.clone());
            }
            Section::Variables(group) => {
                let (key, value) = pair(trimmed, line)?;
                let value = words(&value, line)?.join(" ");
                keep(&mut tree.group(group, line)?.variables, key, value, line)?;
            }
        }
    }
    tree.resolve(Inventory::default())
}

fn header(head: &str, line: usize, tree: &mut Tree) -> Result<Section, InventoryError> {
    let Some((inside, rest)) = head.split_once(']') else {
        return Err(InventoryError::malformed(line, "a section is not closed by ]"));
    };
    if !rest.trim().is_empty() && !rest.trim_start().starts_with(['#', ';']) {
        return Err(InventoryError::malformed(line, "something follows the section's name"));
    }
    let (name, kind) = inside.trim().split_once(':').map_or((inside.trim(), ""), |(n, k)| (n, k));
    check_group(name, line)?;
    tree.group(name, line)?;
    match kind {
        "" => Ok(Section::Hosts(name.to_owned())),
        "children" => Ok(Section::Children(name.to_owned())),
        "vars" => Ok(Section::Variables(name.to_owned())),
        _ => Err(InventoryError::malformed(line, "a section is [group], [group:children] or [group:vars]")),
    }
}

fn hosts(text: &str, group: &str, line: usize, tree: &mut Tree) -> Result<(), InventoryError> {
    let all = words(text, line)?;
    let Some((pattern, rest)) = all.split_first() else { return Ok(()) };
    let mut variables = Vec::new();
    for word in rest {
        variables.push(pair(word, line)?);
    }
    if pattern.matches('[').count() != pattern.matches(']').count() {
        return Err(InventoryError::malformed(line, "a range is not closed by ]"));
    }
    // `host:22` is the old way to write a port; an IPv6 address has more than one colon.
    let outside: String = pattern.split('[').map(|p| p.rsplit(']').next().unwrap_or(p)).collect();
    let (pattern, port) = match pattern.rsplit_once(':') {
        Some((host, port)) if outside.matches(':').count() == 1 && !port.contains(']') => (host, Some(port)),
        _ => (pattern.as_str(), None),
    };
    let port = port.map(|p| check_port(p, line)).transpose()?;
    for name in expand(pattern, line)? {
        check_host(&name, line)?;
        let own = tree.host(&name, line)?;
        let old = port.map(|p| ("ansible_port".to_owned(), p.to_string()));
        for (key, value) in old.into_iter().chain(variables.iter().cloned()) {
            keep(own, key, value, line)?;
        }
        tree.group(group, line)?.hosts.insert(name);
    }
    Ok(())
}
