use std::collections::BTreeMap;

use super::host::{apply, check_count, check_host, check_port, check_user};
use super::words::{pair, words};
use super::{Bound, Inventory, InventoryError, MAX_BYTES, MAX_LINE, Target};

/// Reads a plain list: `[user@]host[:port] [key=value …]` a line, IPv6 addresses with a port in
/// brackets, `#` begins a comment. The keys `name` and tags of any name are understood.
///
/// # Errors
/// With the line where it is malformed, too large, doubled, or names something that cannot be a host.
pub fn parse_list(text: &str) -> Result<Inventory, InventoryError> {
    if text.len() > MAX_BYTES {
        return Err(InventoryError::TooMuch { line: 0, bound: Bound::Bytes });
    }
    let mut found: BTreeMap<String, Target> = BTreeMap::new();
    let mut into = Inventory::default();
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        if raw.len() > MAX_LINE {
            return Err(InventoryError::TooMuch { line, bound: Bound::Line });
        }
        let all = words(raw, line)?;
        let Some((place, rest)) = all.split_first() else { continue };
        let mut target = place_of(place, line)?;
        let mut variables = BTreeMap::new();
        for word in rest {
            let (key, value) = pair(word, line)?;
            match key.as_str() {
                "name" => {
                    check_host(&value, line)?;
                    target.name = value;
                }
                // What Ansible would understand means the same here, and secrets are passed over.
                _ if key.starts_with("ansible_") => {
                    variables.insert(key, value);
                }
                _ => {
                    variables.insert(format!("palisade_tag_{key}"), value);
                }
            }
        }
        let variables = variables.iter().map(|(k, v): (&String, &String)| (k.as_str(), v.as_str())).collect();
        apply(&mut target, &variables, line, &mut into)?;
        check_count(found.len() + 1, line)?;
        if let Some(first) = found.get(&target.name) {
            let what = format!("{} stands in line {} already", target.name, first.line);
            return Err(InventoryError::malformed(line, what));
        }
        found.insert(target.name.clone(), target);
    }
    into.targets = found.into_values().collect();
    Ok(into)
}

fn place_of(text: &str, line: usize) -> Result<Target, InventoryError> {
    let (user, rest) = match text.split_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, text),
    };
    if let Some(user) = user {
        check_user(user, line)?;
    }
    let bracketed = rest.strip_prefix('[').map(|r| {
        r.split_once(']').ok_or_else(|| InventoryError::malformed(line, "an address is not closed by ]"))
    });
    let (host, port) = match bracketed.transpose()? {
        Some((host, "")) => (host, None),
        Some((host, tail)) => {
            let port = tail.strip_prefix(':').ok_or_else(|| {
                InventoryError::malformed(line, "only :port may follow an address in brackets")
            })?;
            (host, Some(port))
        }
        // One colon parts the port; more belong to an IPv6 address.
        None => match rest.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (rest, None),
        },
    };
    check_host(host, line)?;
    Ok(Target {
        name: host.to_owned(),
        address: host.to_owned(),
        port: port.map(|p| check_port(p, line)).transpose()?,
        user: user.map(str::to_owned),
        line,
        ..Target::default()
    })
}
