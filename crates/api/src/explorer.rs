//! The explorer's graphs: one for each tenant that is asked about, built from state and kept current.
//!
//! A graph is brought up to date when it is asked, at most once a second, from what was written since.
//! It can be thrown away at any time. `Keeper::project` is the one place where rows become nodes.

mod packages;
mod products;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_estate::health::Code;
use palisade_estate::plan::Feature;
use palisade_explore::{Access, Change, Graph, Kind, Loader, Node, NodeRef, Reading, Snapshot, Withheld};
use palisade_state::estate::{FindingRow, MachineSummary, Subscription};
use palisade_state::{DeviceScope, Result, State};
use palisade_types::{MachineId, TenantId, TimeMicros};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::licence::Licence;
use packages::Packages;
use products::Stands;

/// A graph is brought up to date no more often than this.
const FRESH: Duration = Duration::from_secs(1);
/// Rows may become visible a little after their own clock says.
const OVERLAP: i64 = 5_000_000;

/// All graphs of this process.
#[derive(Default)]
pub struct Explorer {
    graphs: Mutex<HashMap<TenantId, Arc<tokio::sync::Mutex<Keeper>>>>,
}

impl Explorer {
    /// A tenant's graph as of now.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn snapshot(&self, state: &State, tenant: TenantId) -> Result<Snapshot> {
        let keeper = self.graphs.lock().entry(tenant).or_default().clone();
        let mut keeper = keeper.lock().await;
        keeper.follow(state, tenant).await
    }
}

/// One tenant's graph, and what has to be known to change it.
#[derive(Default)]
struct Keeper {
    graph: Option<Graph>,
    /// When it was brought up to date.
    at: Option<Instant>,
    until: i64,
    machines: BTreeMap<MachineId, Owned>,
    subscriptions: Vec<Subscription>,
    groups: Vec<(Uuid, String, i32, String)>,
    stands: Stands,
    packages: Packages,
}

/// Nodes that exist only for one machine.
#[derive(Default)]
struct Owned {
    kind: Option<Kind>,
    sensor: bool,
    findings: BTreeSet<String>,
}

fn kind(name: &str) -> Kind {
    Kind::named(name).expect("the schema of the explorer has it, as a test shows")
}

fn reading(name: &str) -> Reading {
    Reading::named(name).expect("the schema of the explorer has it, as a test shows")
}

impl Keeper {
    async fn follow(&mut self, state: &State, tenant: TenantId) -> Result<Snapshot> {
        if let (Some(graph), Some(at)) = (&self.graph, self.at)
            && at.elapsed() < FRESH
        {
            return Ok(graph.snapshot());
        }
        let now = TimeMicros::now();
        let present = state.count_machines(tenant).await?;
        // What is gone without a trace (a machine that was another one all along) needs a new graph.
        if self.graph.is_some() && present != self.machines.len() as u64 && self.until > 0 {
            let known = state.machine_ids(tenant).await?;
            if self.machines.keys().any(|id| !known.contains(id)) {
                *self = Self::default();
            }
        }
        let mut changes = self.estate(state, tenant).await?;
        let connectors: HashMap<Uuid, String> =
            state.connectors(tenant).await?.into_iter().map(|c| (c.id, c.kind)).collect();
        let members = state.machine_groups(tenant).await?;
        let mut since = TimeMicros(self.until.saturating_sub(OVERLAP));
        loop {
            let rows = state.summaries_since(tenant, since).await?;
            let ids: Vec<MachineId> = rows.iter().map(|(_, s)| s.machine.id).collect();
            let mut findings: HashMap<MachineId, Vec<FindingRow>> = HashMap::new();
            for f in state.findings_of(tenant, &ids).await? {
                findings.entry(f.machine).or_default().push(f);
            }
            let full = rows.len() >= 5000;
            let last = rows.last().map(|(at, _)| *at);
            for (_, row) in rows {
                let found = findings.remove(&row.machine.id).unwrap_or_default();
                self.project(&row, &found, &connectors, &mut changes);
            }
            let Some(last) = last.filter(|at| *at > since && full) else {
                self.until = self.until.max(last.map_or(0, |at| at.0));
                break;
            };
            since = last;
        }
        for (id, _) in self.machines.iter() {
            let keys =
                members.get(id).map(|g| g.iter().map(ToString::to_string).collect()).unwrap_or_default();
            let of = NodeRef::new(
                self.machines[id].kind.unwrap_or_else(|| kind("connected_server")),
                id.to_string(),
            );
            changes.push(Change::Replace {
                from: of,
                reading: reading("is_contained_in"),
                to: kind("device_group"),
                keys,
            });
        }
        self.stands.follow(state, tenant).await?;
        self.stands.project(|id| self.machines.get(id)?.kind, &mut changes);
        for source in ["estate", "health", "network", "recommendations", "security_products"] {
            changes.push(Change::Source { source: source.into(), as_of: Some(now) });
        }
        self.packages.follow(state, tenant).await?;
        let graph = match self.graph.take() {
            Some(graph) => {
                for refused in graph.apply(&changes).refused {
                    tracing::warn!(error = %refused.error, "the explorer refused a change");
                }
                graph
            }
            None => {
                let mut loader = Loader::new(tenant);
                for refused in loader.load(&changes) {
                    tracing::warn!(error = %refused.error, "the explorer refused a change");
                }
                loader.finish()
            }
        };
        let machines = &self.machines;
        self.packages.project(|id| machines.get(id)?.kind, &graph, now);
        let snapshot = graph.snapshot();
        (self.graph, self.at) = (Some(graph), Some(Instant::now()));
        Ok(snapshot)
    }

    /// Subscriptions and device groups.
    async fn estate(&mut self, state: &State, tenant: TenantId) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        let subscriptions = state.subscriptions(tenant).await?;
        if subscriptions != self.subscriptions {
            for s in &subscriptions {
                let node = Node::new(kind("subscription"), s.id.to_string(), s.name.clone())
                    .with("kind", s.kind.clone())
                    .with("owner", s.owner_tag.clone())
                    .with("external_id", s.external_id.clone());
                changes.push(Change::Upsert(node));
            }
            self.subscriptions = subscriptions;
        }
        let groups = state.explorer_groups(tenant).await?;
        if groups != self.groups {
            let gone = self.groups.iter().filter(|g| !groups.iter().any(|n| n.0 == g.0));
            for g in gone {
                changes.push(Change::Remove(NodeRef::new(kind("device_group"), g.0.to_string())));
            }
            for (id, name, rank, criticality) in &groups {
                let node = Node::new(kind("device_group"), id.to_string(), name.clone())
                    .with("rank", i64::from(*rank))
                    .with("criticality", criticality.clone());
                changes.push(Change::Upsert(node));
            }
            self.groups = groups;
        }
        Ok(changes)
    }

    /// One machine as nodes and edges.
    fn project(
        &mut self,
        row: &MachineSummary,
        findings: &[FindingRow],
        connectors: &HashMap<Uuid, String>,
        changes: &mut Vec<Change>,
    ) {
        let m = &row.machine;
        self.packages.touched();
        let owned = self.machines.entry(m.id).or_default();
        let of = match m.connector.and_then(|c| connectors.get(&c)).map(String::as_str) {
            Some("aws") => kind("ec2_instance"),
            Some("cloud_init") => kind("cloud_instance"),
            _ => kind("connected_server"),
        };
        let key = m.id.to_string();
        if let Some(before) = owned.kind.filter(|before| *before != of) {
            changes.push(Change::Remove(NodeRef::new(before, key.clone())));
        }
        if owned.kind.replace(of) != Some(of) {
            self.stands.made(m.id);
            self.packages.made(m.id);
        }
        let applicable = row.status != "not_applicable";
        let reason = findings.iter().find(|f| f.kind == "not_applicable").map(|f| f.code.clone());
        let word = |v: serde_json::Result<serde_json::Value>| {
            v.ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
        };
        let plan = row.plan.as_ref().and_then(|p| p.servers).map(|p| word(serde_json::to_value(p)));
        let node = Node::new(of, key.clone(), m.name.clone())
            .with("os_family", word(serde_json::to_value(m.os.family)))
            .with("os", m.os.id.clone())
            .with("os_version", m.os.version.clone())
            .with("kernel", m.os.kernel.clone())
            .with("architecture", m.os.architecture.clone())
            .with("power", word(serde_json::to_value(m.power)))
            .with("health", row.status.clone())
            .with("sensor_applicable", applicable)
            .maybe("not_applicable_reason", reason)
            .maybe("plan", plan)
            .with("owner", m.owner.clone())
            .with("image", m.image.clone())
            .with("cloud_id", m.cloud_id.clone())
            .maybe("device_id", m.device.map(|d| d.to_string()))
            .with("first_seen", m.first_seen);
        changes.push(Change::Upsert(node));
        let from = || NodeRef::new(of, key.clone());
        changes.push(Change::Replace {
            from: from(),
            reading: reading("is_contained_in"),
            to: kind("subscription"),
            keys: vec![m.subscription.to_string()],
        });
        sensor(row, &key, from(), owned, changes);
        health(findings, &key, from(), owned, changes);
        let mut tags = Vec::new();
        for (name, value) in &m.tags {
            let key = if value.is_empty() { name.clone() } else { format!("{name}={value}") };
            let node = Node::new(kind("tag"), key.clone(), key.clone())
                .with("key", name.clone())
                .with("value", value.clone());
            changes.push(Change::Upsert(node));
            tags.push(key);
        }
        changes.push(Change::Replace {
            from: from(),
            reading: reading("has_tag"),
            to: kind("tag"),
            keys: tags,
        });
        let addresses: Vec<IpAddr> = m.addresses.iter().filter_map(|a| a.parse().ok()).collect();
        for address in &addresses {
            network(*address, changes);
        }
        changes.push(Change::Replace {
            from: from(),
            reading: reading("has_address"),
            to: kind("address"),
            keys: addresses.iter().map(ToString::to_string).collect(),
        });
    }
}

fn sensor(row: &MachineSummary, key: &str, from: NodeRef, owned: &mut Owned, changes: &mut Vec<Change>) {
    let there = row.machine.device.is_some() && row.machine.offboarded_at.is_none();
    if there {
        let state = if row.status == "not_applicable" { "pending" } else { &row.status };
        let node = Node::new(kind("sensor"), key, row.machine.name.clone())
            .with("health_state", state.to_owned())
            .with("extension_state", row.extension.clone());
        changes.push(Change::Upsert(node));
        changes.push(Change::Replace {
            from,
            reading: reading("is_running"),
            to: kind("sensor"),
            keys: vec![key.to_owned()],
        });
    } else if owned.sensor {
        changes.push(Change::Remove(NodeRef::new(kind("sensor"), key)));
    }
    owned.sensor = there;
}

fn health(findings: &[FindingRow], key: &str, from: NodeRef, owned: &mut Owned, changes: &mut Vec<Change>) {
    let mut keys = BTreeSet::new();
    for f in findings {
        let entry = f.code.parse::<Code>().ok().map(|c| c.entry());
        let own = format!("{key}/{}", f.code);
        let title = entry.map_or_else(|| f.code.clone(), |e| e.title.clone());
        let node = Node::new(kind("health_finding"), own.clone(), title)
            .with("code", f.code.clone())
            .with("kind", f.kind.clone())
            .with("weight", f.weight.clone())
            .with("source", f.source.clone())
            .with("message", f.message.clone())
            .maybe("remediation", entry.map(|e| e.remediation.clone()))
            .with("since", f.since)
            .with("last_evaluated", f.last_evaluated);
        changes.push(Change::Upsert(node));
        keys.insert(own);
    }
    for gone in owned.findings.difference(&keys) {
        changes.push(Change::Remove(NodeRef::new(kind("health_finding"), gone.clone())));
    }
    changes.push(Change::Replace {
        from,
        reading: reading("is_affected_by"),
        to: kind("health_finding"),
        keys: keys.iter().cloned().collect(),
    });
    owned.findings = keys;
}

/// An address and the range that it is in: 24 bits of IPv4, 64 of IPv6.
fn network(address: IpAddr, changes: &mut Vec<Change>) {
    let (family, public, range) = match address {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            let private =
                ip.is_private() || ip.is_loopback() || ip.is_link_local() || (a == 100 && b & 0xc0 == 64);
            ("ipv4", !private, format!("{a}.{b}.{c}.0/24"))
        }
        IpAddr::V6(ip) => {
            let s = ip.segments();
            let private = ip.is_loopback() || s[0] & 0xfe00 == 0xfc00 || s[0] & 0xffc0 == 0xfe80;
            let net = std::net::Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0);
            ("ipv6", !private, format!("{net}/64"))
        }
    };
    let key = address.to_string();
    let node =
        Node::new(kind("address"), key.clone(), key.clone()).with("family", family).with("is_public", public);
    changes.push(Change::Upsert(node));
    changes.push(Change::Upsert(Node::new(kind("subnet"), range.clone(), range.clone())));
    changes.push(Change::Replace {
        from: NodeRef::new(kind("address"), key),
        reading: reading("is_contained_in"),
        to: kind("subnet"),
        keys: vec![range],
    });
}

/// What a plan withholds where it is enforced: health findings, and everything else that is more than
/// the inventory.
const WITHHELD: [(Feature, &[&str]); 2] = [
    (Feature::ExplorerHealth, &["health_finding", "sensor"]),
    (
        Feature::Explorer,
        &[
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
        ],
    ),
];

/// What may be seen of a graph by somebody with these devices under these plans.
pub(crate) fn access(devices: &DeviceScope, licence: &Licence) -> Access {
    let device_groups = devices.group_keys().map(|g| g.iter().map(ToString::to_string).collect());
    let mut access = Access { device_groups, ..Access::default() };
    for (feature, kinds) in WITHHELD {
        let Some(open) = licence.only_in(feature) else { continue };
        let except: Vec<String> = open.iter().map(ToString::to_string).collect();
        for kind in kinds.iter().filter_map(|name| Kind::named(name)) {
            access.withheld.push(Withheld { kind, except: except.clone(), reason: "plan_required".into() });
        }
    }
    access
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_what_is_projected() {
        for name in [
            "connected_server",
            "ec2_instance",
            "cloud_instance",
            "sensor",
            "health_finding",
            "subscription",
            "device_group",
            "tag",
            "address",
            "subnet",
            "recommendation",
            "security_product",
            "software",
            "vulnerability",
        ] {
            kind(name);
        }
        for name in
            ["is_contained_in", "is_running", "is_affected_by", "has_tag", "has_address", "is_installed_on"]
        {
            reading(name);
        }
    }
}
