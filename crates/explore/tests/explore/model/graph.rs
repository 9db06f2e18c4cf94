use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use palisade_explore::{Change, Kind, Node, NodeRef, Reading, Value};
use palisade_types::TimeMicros;

use super::choices::Choices;

/// A node by table and key.
pub type At = (String, String);

#[derive(Clone, Debug)]
pub struct ModelNode {
    pub kind: &'static str,
    pub properties: BTreeMap<String, Value>,
}

/// Nodes and edges as plain as can be.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub nodes: BTreeMap<At, ModelNode>,
    /// Connection, source, target.
    pub edges: BTreeSet<(&'static str, At, At)>,
    /// The same by reading and node, made when somebody asks.
    near: RefCell<Option<Near>>,
}

type Near = BTreeMap<&'static str, BTreeMap<At, Vec<At>>>;

pub const MACHINES: [&str; 3] = ["ec2_instance", "cloud_instance", "connected_server"];

/// Connection, its other reading, from, to.
pub const PAIRS: [(&str, &str, &str, &str); 20] = [
    ("affects", "is_affected_by", "health_finding", "virtual_machines"),
    ("affects", "is_affected_by", "alert", "virtual_machines"),
    ("affects", "is_affected_by", "alert", "user_account"),
    ("affects", "is_affected_by", "recommendation", "virtual_machines"),
    ("affects", "is_affected_by", "vulnerability", "software"),
    ("is_running", "runs_on", "virtual_machines", "sensor"),
    ("is_running", "runs_on", "virtual_machines", "security_product"),
    ("has_installed", "is_installed_on", "virtual_machines", "security_product"),
    ("has_installed", "is_installed_on", "virtual_machines", "software"),
    ("exposes", "is_exposed_by", "virtual_machines", "listening_endpoint"),
    ("has_address", "is_address_of", "virtual_machines", "address"),
    ("can_access", "can_be_accessed_by", "user_account", "virtual_machines"),
    ("has_signed_in_to", "was_signed_in_to_by", "user_account", "virtual_machines"),
    ("contains", "is_contained_in", "subscription", "virtual_machines"),
    ("contains", "is_contained_in", "resource_group", "virtual_machines"),
    ("contains", "is_contained_in", "device_group", "virtual_machines"),
    ("contains", "is_contained_in", "subnet", "address"),
    ("contains", "is_contained_in", "incident", "alert"),
    ("contains", "is_contained_in", "subscription", "resource_group"),
    ("has_tag", "is_tag_of", "virtual_machines", "tag"),
];

pub const KINDS: [&str; 19] = [
    "ec2_instance",
    "connected_server",
    "cloud_instance",
    "sensor",
    "health_finding",
    "alert",
    "incident",
    "recommendation",
    "security_product",
    "vulnerability",
    "software",
    "user_account",
    "listening_endpoint",
    "address",
    "subnet",
    "subscription",
    "resource_group",
    "device_group",
    "tag",
];

/// Texts that differ in little.
pub const WORDS: [&str; 10] = [
    "",
    "prod",
    "Prod",
    "production",
    "Ärger",
    "ärger",
    "CVE-1",
    "env",
    "edr_installed",
    "edr_configuration",
];

impl Model {
    pub fn table_of(kind: &str) -> &str {
        if MACHINES.contains(&kind) { "virtual_machines" } else { kind }
    }

    fn at(node: &NodeRef) -> At {
        (Self::table_of(node.kind.name()).to_owned(), node.key.clone())
    }

    /// The edge that a reading means, if there is such a connection.
    fn edge(reading: Reading, from: At, to: At) -> Option<(&'static str, At, At)> {
        for (there, back, a, b) in PAIRS {
            if reading.name() == there && (a, b) == (from.0.as_str(), to.0.as_str()) {
                return Some((there, from, to));
            }
            if reading.name() == back && (b, a) == (from.0.as_str(), to.0.as_str()) {
                return Some((there, to, from));
            }
        }
        None
    }

    /// Whether the change could be made.
    pub fn apply(&mut self, change: &Change) -> bool {
        self.near.replace(None);
        match change {
            Change::Upsert(node) => {
                let mut properties: BTreeMap<String, Value> =
                    node.properties.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
                properties.insert("name".into(), Value::Text(node.name.clone()));
                self.nodes
                    .insert(Self::at(&node.node), ModelNode { kind: node.node.kind.name(), properties });
                true
            }
            Change::Remove(node) => {
                let at = Self::at(node);
                self.nodes.remove(&at);
                self.edges.retain(|(_, a, b)| *a != at && *b != at);
                true
            }
            Change::Connect { from, reading, to } | Change::Disconnect { from, reading, to } => {
                let (from, to) = (Self::at(from), Self::at(to));
                let known = self.nodes.contains_key(&from) && self.nodes.contains_key(&to);
                let Some(edge) = Self::edge(*reading, from, to).filter(|_| known) else { return false };
                if matches!(change, Change::Connect { .. }) {
                    self.edges.insert(edge);
                } else {
                    self.edges.remove(&edge);
                }
                true
            }
            Change::Replace { from, reading, to, keys } => {
                let from = Self::at(from);
                let table = Self::table_of(to.name()).to_owned();
                let targets: Vec<At> = keys.iter().map(|k| (table.clone(), k.clone())).collect();
                let example = Self::edge(*reading, from.clone(), (table.clone(), String::new()));
                let Some((connection, _, _)) = example else { return false };
                if !self.nodes.contains_key(&from) || targets.iter().any(|t| !self.nodes.contains_key(t)) {
                    return false;
                }
                self.edges.retain(|(c, a, b)| {
                    !(*c == connection && (*a == from && b.0 == table || *b == from && a.0 == table))
                });
                self.edges.extend(targets.into_iter().filter_map(|t| Self::edge(*reading, from.clone(), t)));
                true
            }
            Change::Source { .. } => true,
        }
    }

    /// What a node is connected with over a reading.
    pub fn follow(&self, at: &At, reading: &str) -> Vec<At> {
        let mut near = self.near.borrow_mut();
        let near = near.get_or_insert_with(|| self.near());
        near.get(reading).and_then(|n| n.get(at)).cloned().unwrap_or_default()
    }

    fn near(&self) -> Near {
        let mut near = Near::new();
        for (connection, a, b) in &self.edges {
            for (there, back, from, to) in PAIRS {
                if there == *connection && from == a.0 && to == b.0 {
                    near.entry(there).or_default().entry(a.clone()).or_default().push(b.clone());
                    near.entry(back).or_default().entry(b.clone()).or_default().push(a.clone());
                }
            }
        }
        near
    }
}

fn key(choices: &mut Choices<'_>) -> String {
    format!("k{}", choices.below(4))
}

/// Most nodes that there can be.
pub fn nodes(choices: &mut Choices<'_>) -> Vec<Change> {
    let mut all = Vec::new();
    for kind in KINDS {
        for key in 0..4 {
            if choices.below(5) > 0 {
                all.push(Change::Upsert(node(choices, kind, format!("k{key}"))));
            }
        }
    }
    all
}

fn node(choices: &mut Choices<'_>, kind: &str, key: String) -> Node {
    let kind = Kind::named(kind).unwrap();
    let name = choices.of(&WORDS);
    let mut node = Node::new(kind, key, name);
    let document = palisade_explore::schema_document();
    let spec = document.types.iter().find(|t| t.name == kind).unwrap();
    for p in spec.properties.iter().skip(1) {
        if choices.below(3) == 0 {
            continue;
        }
        let value = value(choices, p);
        node = node.with(p.name, value);
    }
    node
}

pub fn value(choices: &mut Choices<'_>, p: &palisade_explore::PropertyDocument) -> Value {
    use palisade_explore::ValueType as T;
    match p.value {
        T::Text => choices.of(&WORDS).into(),
        T::Version => choices.of(&["1.2", "1.10", "2.0"]).into(),
        T::Choice => choices.of(&p.values).into(),
        T::Bool => Value::Bool(choices.below(2) == 1),
        T::Integer => Value::Integer(choices.of(&[-1, 22, 443, 3389])),
        T::Real => Value::Real(choices.of(&[0.5, 7.0, 9.8])),
        T::Time => {
            let days = choices.of(&[1, 6, 8, 400]);
            Value::Time(TimeMicros(super::NOW.0 - days * 86_400_000_000))
        }
    }
}

pub fn change(choices: &mut Choices<'_>) -> Change {
    let reference =
        |choices: &mut Choices<'_>, table: &str| NodeRef::new(Kind::named(table).unwrap(), key(choices));
    match choices.below(10) {
        0 | 1 => {
            let (kind, key) = (choices.of(&KINDS), key(choices));
            Change::Upsert(node(choices, kind, key))
        }
        2 => {
            let kind = choices.of(&KINDS);
            Change::Remove(reference(choices, kind))
        }
        n => {
            let (there, back, a, b) = choices.of(&PAIRS);
            let (reading, a, b) = if choices.below(2) == 0 { (there, a, b) } else { (back, b, a) };
            let reading = Reading::named(reading).unwrap();
            let from = reference(choices, a);
            match n {
                3..=6 => Change::Connect { from, reading, to: reference(choices, b) },
                7 => Change::Disconnect { from, reading, to: reference(choices, b) },
                _ => {
                    let keys = (0..choices.below(5)).map(|_| key(choices)).collect();
                    Change::Replace { from, reading, to: Kind::named(b).unwrap(), keys }
                }
            }
        }
    }
}

/// So many of some types that their neighbours are packed and sets have many words; the others as ever.
const CROWD: [(&str, usize); 5] = [
    ("connected_server", 420),
    ("software", 160),
    ("vulnerability", 90),
    ("user_account", 200),
    ("device_group", 4),
];

/// An estate with many nodes, of which some are connected with nearly all others.
pub fn crowd(choices: &mut Choices<'_>) -> Vec<Change> {
    let mut all = nodes(choices);
    for (kind, count) in CROWD {
        all.extend((0..count).map(|n| Change::Upsert(node(choices, kind, format!("k{n}")))));
    }
    let count = |kind: &str| CROWD.iter().find(|(k, _)| *k == kind).unwrap().1;
    let (machine, machines) = ("virtual_machines", count("connected_server"));
    for (from, there, reading, to, most) in [
        (machine, machines, "has_installed", "software", count("software")),
        ("vulnerability", count("vulnerability"), "affects", "software", count("software")),
        ("user_account", count("user_account"), "can_access", machine, machines),
        ("device_group", count("device_group"), "contains", machine, machines),
    ] {
        for n in 0..there {
            // The first ones are near to nearly everybody, the last ones to hardly anybody.
            let near = (0..most).filter(|t| choices.below(t / 4 + 2) < 1 + n % 2);
            let change = Change::Replace {
                from: NodeRef::new(Kind::named(from).unwrap(), format!("k{n}")),
                reading: Reading::named(reading).unwrap(),
                to: Kind::named(to).unwrap(),
                keys: near.map(|t| format!("k{t}")).collect(),
            };
            all.push(change);
        }
    }
    all
}
