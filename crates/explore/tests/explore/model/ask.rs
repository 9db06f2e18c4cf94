//! Queries by nested loops over the model, read from the document itself.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use palisade_explore::{Access, Value as Own};
use palisade_types::TimeMicros;
use serde_json::Value;

use super::graph::{At, MACHINES, Model, ModelNode};

/// Which nodes may be seen.
pub struct Seen {
    nodes: BTreeSet<At>,
}

impl Seen {
    pub fn new(model: &Model, access: &Access, scope: &Value) -> Self {
        let asked = |name: &str| -> Option<Vec<String>> {
            let list = scope[name].as_array()?;
            Some(list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect())
        };
        let both = |a: &Option<Vec<String>>, b: Option<Vec<String>>| -> Option<Vec<String>> {
            match (a, b) {
                (None, b) => b,
                (Some(a), None) => Some(a.clone()),
                (Some(a), Some(b)) => Some(b.into_iter().filter(|k| a.contains(k)).collect()),
            }
        };
        let limits = [
            ("subscription", both(&access.subscriptions, asked("subscriptions"))),
            ("device_group", both(&access.device_groups, asked("device_groups"))),
        ];
        let limited = limits.iter().any(|(_, l)| l.is_some());
        let see = |at: &At| {
            !limited
                || named(at, &limits)
                || machines(model, at).iter().any(|m| {
                    limits.iter().all(|(table, keys)| {
                        keys.as_ref().is_none_or(|keys| {
                            let within = model.follow(m, "is_contained_in");
                            within.iter().any(|(t, k)| t == table && keys.contains(k))
                        })
                    })
                })
        };
        Self { nodes: model.nodes.keys().filter(|at| see(at)).cloned().collect() }
    }
}

fn named(at: &At, limits: &[(&str, Option<Vec<String>>)]) -> bool {
    limits.iter().any(|(table, keys)| at.0 == *table && keys.as_ref().is_some_and(|k| k.contains(&at.1)))
}

/// The machines that a node leads to.
fn machines(model: &Model, at: &At) -> Vec<At> {
    let readings: &[&str] = match at.0.as_str() {
        "virtual_machines" => return vec![at.clone()],
        "sensor" => &["runs_on"],
        "health_finding" | "alert" | "vulnerability" | "recommendation" => &["affects"],
        "software" | "security_product" => &["is_installed_on"],
        "user_account" => &["can_access", "has_signed_in_to"],
        "listening_endpoint" => &["is_exposed_by"],
        "address" => &["is_address_of"],
        "tag" => &["is_tag_of"],
        _ => &["contains"],
    };
    let next = readings.iter().flat_map(|r| model.follow(at, r));
    next.flat_map(|n| machines(model, &n)).collect()
}

pub struct Asked<'m> {
    pub model: &'m Model,
    pub seen: &'m Seen,
    pub now: TimeMicros,
    /// Which nodes are among which target, by the target's place in the document.
    pub known: RefCell<HashMap<(*const Value, At), bool>>,
}

/// Nodes that matched a branch.
pub type Cells = Vec<BTreeSet<At>>;

impl Asked<'_> {
    pub fn rows(&self, find: &Value) -> BTreeMap<At, Cells> {
        let mut rows = BTreeMap::new();
        for at in self.model.nodes.keys().filter(|at| self.is(at, find)) {
            let mut cells = Vec::new();
            self.cells(&BTreeSet::from([at.clone()]), &find["that"], &mut cells);
            rows.insert(at.clone(), cells);
        }
        rows
    }

    fn is(&self, at: &At, target: &Value) -> bool {
        let place = (std::ptr::from_ref(target), at.clone());
        if let Some(known) = self.known.borrow().get(&place) {
            return *known;
        }
        let is = self.is_anew(at, target);
        self.known.borrow_mut().insert(place, is);
        is
    }

    fn is_anew(&self, at: &At, target: &Value) -> bool {
        let node = &self.model.nodes[at];
        let types = target["types"].as_array().unwrap();
        let kind =
            types.iter().any(|t| t == node.kind || t == "virtual_machines" && MACHINES.contains(&node.kind));
        kind && self.seen.nodes.contains(at)
            && self.filter(&target["where"], &|p| node.properties.get(p).cloned())
            && items(&target["that"]).iter().all(|b| self.branch(at, b))
    }

    fn branch(&self, at: &At, branch: &Value) -> bool {
        if branch.get("and").is_some() {
            return items(&branch["and"]).iter().all(|b| self.branch(at, b));
        }
        if branch.get("or").is_some() {
            return items(&branch["or"]).iter().any(|b| self.branch(at, b));
        }
        let holds = !self.matched(at, branch).is_empty();
        holds != (branch["not"] == true)
    }

    /// The nodes that a branch without its `not` matches.
    fn matched(&self, at: &At, branch: &Value) -> BTreeSet<At> {
        if let Some(reading) = branch["connection"].as_str() {
            let to = &branch["to"];
            return self.model.follow(at, reading).into_iter().filter(|n| self.is(n, to)).collect();
        }
        let insight = branch["insight"].as_str().unwrap();
        let filter = &branch["where"];
        let own = |property: &str| {
            let node = &self.model.nodes[at];
            let holds = if items(filter).is_empty() {
                node.properties.get(property) == Some(&Own::Bool(true))
            } else {
                self.filter(filter, &|p| renamed(node, insight, p))
            };
            if holds { BTreeSet::from([at.clone()]) } else { BTreeSet::new() }
        };
        type Way<'a> = (&'a [(&'a str, &'a str)], Option<(&'a str, Own)>);
        let (path, fixed): Way<'_> = match insight {
            "is_applicable" => return own("sensor_applicable"),
            "is_privileged" => return own("is_privileged"),
            "is_external" => return own("is_external"),
            "no_longer_supported" => return own("end_of_support"),
            "exploitable" => return own("exploit_available"),
            "no_edr" => {
                (&[("is_affected_by", "recommendation")], Some(("code", Own::Text("edr_installed".into()))))
            }
            "edr_issues" => (
                &[("is_affected_by", "recommendation")],
                Some(("code", Own::Text("edr_configuration".into()))),
            ),
            "runs_security_product" => (&[("is_running", "security_product")], None),
            "exposed_to_internet" => {
                (&[("exposes", "listening_endpoint")], Some(("internet_reachable", Own::Bool(true))))
            }
            "has_installed_software" => (&[("has_installed", "software")], None),
            "has_vulnerabilities" => {
                (&[("has_installed", "software"), ("is_affected_by", "vulnerability")], None)
            }
            "has_tags" => (&[("has_tag", "tag")], None),
            "is_vulnerable" => (&[("is_affected_by", "vulnerability")], None),
            other => panic!("the model does not know {other}"),
        };
        let mut reached = BTreeSet::from([at.clone()]);
        for (reading, to) in path {
            reached = reached.iter().flat_map(|n| self.model.follow(n, reading)).collect();
            reached.retain(|n| n.0 == *to && self.seen.nodes.contains(n));
        }
        reached.retain(|n| {
            let node = &self.model.nodes[n];
            let own = |(name, value): &(&str, Own)| node.properties.get(*name) == Some(value);
            fixed.as_ref().is_none_or(own) && self.filter(filter, &|p| renamed(node, insight, p))
        });
        reached
    }

    fn cells(&self, from: &BTreeSet<At>, that: &Value, cells: &mut Cells) {
        for branch in items(that) {
            for word in ["and", "or"] {
                self.cells(from, &branch[word], cells);
            }
            if branch.get("and").is_some() || branch.get("or").is_some() || branch["not"] == true {
                continue;
            }
            let reached: BTreeSet<At> = from.iter().flat_map(|n| self.matched(n, branch)).collect();
            cells.push(reached.clone());
            if branch.get("to").is_some() {
                self.cells(&reached, &branch["to"]["that"], cells);
            }
        }
    }

    fn filter(&self, filter: &Value, get: &dyn Fn(&str) -> Option<Own>) -> bool {
        items(filter).iter().all(|c| self.condition(c, get))
    }

    fn condition(&self, c: &Value, get: &dyn Fn(&str) -> Option<Own>) -> bool {
        if c.get("and").is_some() {
            return items(&c["and"]).iter().all(|c| self.condition(c, get));
        }
        if c.get("or").is_some() {
            return items(&c["or"]).iter().any(|c| self.condition(c, get));
        }
        let (own, value) = (get(c["property"].as_str().unwrap()), &c["value"]);
        match c["operator"].as_str().unwrap() {
            "exists" => own.is_some() == (value == true),
            "not_equals" => !own.is_some_and(|o| self.same(&o, value)),
            "equals" => own.is_some_and(|o| self.same(&o, value)),
            "in" => own.is_some_and(|o| items(value).iter().any(|v| self.same(&o, v))),
            "contains" => texts(own, value).is_some_and(|(a, b)| a.contains(&b)),
            "starts_with" => texts(own, value).is_some_and(|(a, b)| a.starts_with(&b)),
            "ends_with" => texts(own, value).is_some_and(|(a, b)| a.ends_with(&b)),
            "greater" | "after" => own.is_some_and(|o| self.order(&o, value) == 1),
            "less" | "before" => own.is_some_and(|o| self.order(&o, value) == -1),
            other => panic!("the model does not know {other}"),
        }
    }

    fn same(&self, own: &Own, value: &Value) -> bool {
        match own {
            Own::Text(text) => value.as_str().is_some_and(|v| v.to_lowercase() == text.to_lowercase()),
            Own::Integer(n) => value.as_i64() == Some(*n),
            Own::Real(n) => value.as_f64() == Some(*n),
            Own::Bool(b) => value.as_bool() == Some(*b),
            Own::Time(_) => panic!("times are not compared so"),
        }
    }

    fn order(&self, own: &Own, value: &Value) -> i32 {
        let sign = |a: f64, b: f64| if a < b { -1 } else { i32::from(a > b) };
        match own {
            // Versions of the model are one or two numbers.
            Own::Text(text) => {
                let parts = |v: &str| v.split('.').map(|p| p.parse::<i64>().unwrap()).collect::<Vec<_>>();
                let (a, b) = (parts(text), parts(value.as_str().unwrap()));
                if a < b { -1 } else { i32::from(a > b) }
            }
            Own::Integer(n) => sign(*n as f64, value.as_i64().unwrap() as f64),
            Own::Real(n) => sign(*n, value.as_f64().unwrap()),
            Own::Bool(_) => panic!("truth has no order"),
            Own::Time(t) => {
                let then = match value.as_str().unwrap() {
                    "ago(7d)" => self.now.0 - 7 * 86_400_000_000,
                    "ago(1d)" => self.now.0 - 86_400_000_000,
                    text => text.parse::<TimeMicros>().unwrap().0,
                };
                if t.0 < then { -1 } else { i32::from(t.0 > then) }
            }
        }
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(own: Option<Own>, value: &Value) -> Option<(String, String)> {
    match own? {
        Own::Text(text) => Some((text.to_lowercase(), value.as_str()?.to_lowercase())),
        _ => None,
    }
}

/// A property under the name that an insight has for it.
fn renamed(node: &ModelNode, insight: &str, name: &str) -> Option<Own> {
    let property = match (insight, name) {
        ("is_applicable", "status") => "sensor_applicable",
        ("is_applicable", "reason") => "not_applicable_reason",
        ("is_privileged", "status") => "is_privileged",
        ("is_external", "status") => "is_external",
        ("no_longer_supported", "status") => "end_of_support",
        ("exploitable", "status") => "exploit_available",
        (_, "cve") => "name",
        (_, other) => other,
    };
    node.properties.get(property).cloned()
}
