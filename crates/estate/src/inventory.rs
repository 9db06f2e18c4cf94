//! Lists of machines that people write: Ansible inventories (INI, and the JSON of
//! `ansible-inventory --list`, which reads YAML and plug-ins for us) and a plain list.
//!
//! What is read is outside data: its size, its hosts, its groups and its ranges are bounded, each
//! error says in which line, and nothing in it can become an option of a command. Passwords and
//! keys in it are not taken over, and a notice says so.

mod error;
mod groups;
mod host;
mod ini;
mod json;
mod list;
mod range;
mod words;

pub use error::{Bound, InventoryError, Notice};
pub use host::{Connection, Inventory, Target, is_host, is_user};
pub use ini::parse_ini;
pub use json::parse_json;
pub use list::parse_list;

/// The most bytes of an inventory.
pub const MAX_BYTES: usize = 8 << 20;
/// The most bytes of a line.
pub const MAX_LINE: usize = 16 << 10;
/// The most hosts.
pub const MAX_HOSTS: usize = 100_000;
/// The most groups.
pub const MAX_GROUPS: usize = 10_000;
/// The most memberships of hosts in groups, counted through nested groups.
pub const MAX_MEMBERS: usize = 1_000_000;
/// The most variables of a host or group, of those that mean something to us.
pub const MAX_VARIABLES: usize = 100;
/// The most notices that are kept; the rest is only counted.
pub const MAX_NOTICES: usize = 100;

#[cfg(test)]
mod tests;
