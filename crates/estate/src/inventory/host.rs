use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Serialize;

use super::{Bound, InventoryError, MAX_HOSTS, MAX_NOTICES, Notice};

/// How a machine is reached, as its inventory says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// By SSH.
    #[default]
    Ssh,
    /// In another way, which the connector does not have: such a machine is only listed.
    Other,
}

/// A machine of an inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Its name in the inventory.
    pub name: String,
    /// Where to connect to: a host name or an address.
    pub address: String,
    /// The port; `None` for the connector's own.
    pub port: Option<u16>,
    /// The user; `None` for the connector's own.
    pub user: Option<String>,
    /// How.
    pub connection: Connection,
    /// The groups that it is in, directly or through others, without `all` and `ungrouped`.
    pub groups: BTreeSet<String>,
    /// Tags, from variables that begin with `palisade_tag_`.
    pub tags: BTreeMap<String, String>,
    /// The line where it stands first; 0 where lines are not known.
    pub line: usize,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// The machines, each name once, in the order of names.
    pub targets: Vec<Target>,
    /// What was passed over, at most a hundred.
    pub notices: Vec<Notice>,
    /// How much was passed over in all.
    pub passed_over: usize,
}

impl Inventory {
    pub(super) fn notice(&mut self, line: usize, code: &'static str, message: impl Into<String>) {
        self.passed_over += 1;
        if self.notices.len() < MAX_NOTICES {
            self.notices.push(Notice { line, code, message: message.into() });
        }
    }
}

/// A host name, an address, or an alias of either.
pub(super) fn check_host(name: &str, line: usize) -> Result<(), InventoryError> {
    let good = !name.is_empty()
        && name.len() <= 253
        && (name.parse::<IpAddr>().is_ok()
            || (name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))));
    if good { Ok(()) } else { Err(InventoryError::name(line, name, "host name or address")) }
}

/// Whether a text can be the name or address of a machine, and nothing else.
pub fn is_host(name: &str) -> bool {
    check_host(name, 0).is_ok()
}

/// Whether a text can be the name of a user of a machine, and nothing else.
pub fn is_user(name: &str) -> bool {
    check_user(name, 0).is_ok()
}

/// A user of a machine.
pub(super) fn check_user(name: &str, line: usize) -> Result<(), InventoryError> {
    let good = !name.is_empty()
        && name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@'));
    if good { Ok(()) } else { Err(InventoryError::name(line, name, "user name")) }
}

/// A group.
pub(super) fn check_group(name: &str, line: usize) -> Result<(), InventoryError> {
    let good = !name.is_empty()
        && name.len() <= 200
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if good { Ok(()) } else { Err(InventoryError::name(line, name, "group name")) }
}

pub(super) fn check_port(text: &str, line: usize) -> Result<u16, InventoryError> {
    text.parse::<u16>().ok().filter(|p| *p > 0).ok_or_else(|| InventoryError::name(line, text, "port"))
}

fn is_secret(key: &str) -> bool {
    key.contains("password") || key.contains("_pass") || key.contains("private_key")
}

/// Whether a variable is one that [`apply`] looks at.
pub(super) fn matters(key: &str) -> bool {
    const KNOWN: [&str; 7] = [
        "ansible_host",
        "ansible_ssh_host",
        "ansible_port",
        "ansible_ssh_port",
        "ansible_user",
        "ansible_ssh_user",
        "ansible_connection",
    ];
    KNOWN.contains(&key) || key.starts_with("palisade_tag_") || is_secret(key)
}

/// Takes over the variables that matter, and says which secrets were not.
pub(super) fn apply(
    target: &mut Target,
    variables: &BTreeMap<&str, &str>,
    line: usize,
    into: &mut Inventory,
) -> Result<(), InventoryError> {
    for (key, value) in variables {
        match *key {
            "ansible_host" | "ansible_ssh_host" if !value.is_empty() => {
                if value.contains("{{") {
                    into.notice(line, "template_ignored", format!("{}: {key} is a template", target.name));
                    continue;
                }
                check_host(value, line)?;
                target.address = (*value).to_owned();
            }
            "ansible_port" | "ansible_ssh_port" => target.port = Some(check_port(value, line)?),
            "ansible_user" | "ansible_ssh_user" => {
                check_user(value, line)?;
                target.user = Some((*value).to_owned());
            }
            "ansible_connection" => {
                target.connection = match *value {
                    "ssh" | "smart" | "paramiko" | "paramiko_ssh" => Connection::Ssh,
                    _ => Connection::Other,
                };
            }
            _ if is_secret(key) => {
                let message =
                    format!("{}: {key} is not taken over; credentials belong to the connector", target.name);
                into.notice(line, "secret_ignored", message);
            }
            _ => {
                if let Some(tag) = key.strip_prefix("palisade_tag_").filter(|t| !t.is_empty())
                    && target.tags.len() < 50
                {
                    target.tags.insert(tag.to_owned(), value.chars().take(256).collect());
                }
            }
        }
    }
    Ok(())
}

pub(super) fn check_count(hosts: usize, line: usize) -> Result<(), InventoryError> {
    if hosts > MAX_HOSTS { Err(InventoryError::TooMuch { line, bound: Bound::Hosts }) } else { Ok(()) }
}
