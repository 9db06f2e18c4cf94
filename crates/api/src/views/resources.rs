//! `resources`: machines and their extensions. `resourcecontainers`: subscriptions.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use palisade_estate::machine::{OsFamily, PowerState};
use palisade_estate::plan::ServersPlan;
use palisade_estate::provision;
use palisade_explore::TextRows;
use palisade_state::estate::{FindingRow, Machine, MachineEntry, MachineSummary, Subscription};
use palisade_state::{DeviceScope, State};
use palisade_types::{MachineId, SubscriptionId, TenantId, TimeMicros};
use serde_json::{Map, Value, json};

use super::resource::{Asked, Resource};
use super::{CallersViews, unreadable};
use crate::query::{QueryFailure, ViewRows, ViewScan};

/// Machines that are read at once.
const PAGE: u32 = 200;

const CLOUD: &str = "microsoft.compute/virtualmachines";
const SERVER: &str = "microsoft.hybridcompute/machines";

/// The scope's machines with their findings, page by page.
pub(super) struct Pages {
    pub state: State,
    pub tenant: TenantId,
    pub devices: DeviceScope,
    after: Option<MachineId>,
    ended: bool,
}

/// Some machines, and what stands on each.
pub(super) type Page = Vec<(MachineEntry, Vec<FindingRow>)>;

impl Pages {
    pub fn new(views: &CallersViews) -> Self {
        Self {
            state: views.state.clone(),
            tenant: views.tenant,
            devices: views.devices.clone(),
            after: None,
            ended: false,
        }
    }

    /// The next machines; none when there are no more.
    pub async fn next(&mut self) -> Result<Option<Page>, QueryFailure> {
        if self.ended {
            return Ok(None);
        }
        let machines = self.state.machines_after(self.tenant, &self.devices, self.after, PAGE).await;
        let machines = machines.map_err(|e| unreadable(&e))?;
        self.ended = machines.len() < PAGE as usize;
        let ids: Vec<MachineId> = machines.iter().map(|m| m.summary.machine.id).collect();
        let Some(last) = ids.last() else { return Ok(None) };
        self.after = Some(*last);
        let mut findings: BTreeMap<MachineId, Vec<FindingRow>> = BTreeMap::new();
        for f in self.state.findings_of(self.tenant, &ids).await.map_err(|e| unreadable(&e))? {
            findings.entry(f.machine).or_default().push(f);
        }
        let with = |m: MachineEntry| {
            let found = findings.remove(&m.summary.machine.id).unwrap_or_default();
            (m, found)
        };
        Ok(Some(machines.into_iter().map(with).collect()))
    }
}

/// Rows of `resources`.
pub(super) struct Machines {
    asked: Asked,
    pages: Pages,
}

impl Machines {
    pub fn new(views: &CallersViews, scan: &ViewScan) -> Result<Self, QueryFailure> {
        Ok(Self { asked: Asked::new(views.tenant, scan)?, pages: Pages::new(views) })
    }
}

#[async_trait]
impl ViewRows for Machines {
    async fn batch(&mut self) -> Result<Option<TextRows>, QueryFailure> {
        while let Some(page) = self.pages.next().await? {
            let mut out = self.asked.rows();
            for (entry, findings) in &page {
                self.asked.push(&machine(entry, findings), &mut out);
                if entry.extension {
                    self.asked.push(&extension(entry), &mut out);
                }
            }
            if out.rows > 0 {
                return Ok(Some(out));
            }
        }
        Ok(None)
    }
}

/// Whether it is a cloud's, or a server that was connected.
fn in_cloud(entry: &MachineEntry) -> bool {
    matches!(entry.connector.as_deref(), Some("aws" | "cloud_init"))
}

/// The id of a machine's row.
pub(super) fn machine_id(entry: &MachineEntry) -> String {
    let m = &entry.summary.machine;
    let of = if in_cloud(entry) { CLOUD } else { SERVER };
    format!("/subscriptions/{}/providers/{of}/{}", m.subscription, m.id)
}

/// Where a resource is, in the words of assessments.
pub(super) fn source(entry: &MachineEntry) -> &'static str {
    match entry.connector.as_deref() {
        Some("aws") => "Aws",
        _ => "OnPremise",
    }
}

/// The region in what AWS calls a machine.
fn location(m: &Machine) -> &str {
    m.cloud_id.strip_prefix("aws:").and_then(|id| id.split(':').nth(1)).unwrap_or_default()
}

fn machine<'a>(entry: &'a MachineEntry, findings: &[FindingRow]) -> Resource<'a> {
    let m = &entry.summary.machine;
    let (kind_of, kind) = match entry.connector.as_deref() {
        Some("aws") => (CLOUD, "ec2_instance"),
        Some("cloud_init") => (CLOUD, "cloud_instance"),
        _ => (SERVER, "connected_server"),
    };
    Resource {
        id: machine_id(entry),
        name: &m.name,
        kind_of,
        kind,
        location: location(m),
        subscription: m.subscription,
        properties: if in_cloud(entry) { of_cloud(m) } else { of_server(m, findings) }
            .with("palisade", own(&entry.summary))
            .into(),
        tags: if m.tags.is_empty() { Value::Null } else { json!(m.tags) },
    }
}

/// An object of what is known: a value that is empty is not put into it.
#[derive(Default)]
pub(super) struct Known(Map<String, Value>);

impl Known {
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let empty = match &value {
            Value::Null => true,
            Value::String(s) => s.is_empty(),
            Value::Array(a) => a.is_empty(),
            Value::Object(o) => o.is_empty(),
            _ => false,
        };
        if !empty {
            self.0.insert(key.to_owned(), value);
        }
        self
    }
}

impl From<Known> for Value {
    fn from(known: Known) -> Self {
        Self::Object(known.0)
    }
}

fn of_cloud(m: &Machine) -> Known {
    let (linux, windows) = ("Linux", "Windows");
    let disk = Known::default().with("osType", os_type(m, linux, windows));
    let power = match m.power {
        PowerState::Starting => "starting",
        PowerState::Running => "running",
        PowerState::Stopping => "stopping",
        PowerState::Stopped => "stopped",
        PowerState::Deallocating => "deallocating",
        PowerState::Deallocated => "deallocated",
        PowerState::Unknown | PowerState::Deleted => "",
    };
    let power = match power {
        "" => Known::default(),
        word => Known::default()
            .with("code", format!("PowerState/{word}"))
            .with("displayStatus", format!("VM {word}")),
    };
    let view = Known::default()
        .with("computerName", m.name.as_str())
        .with("osName", m.os.id.as_str())
        .with("osVersion", m.os.version.as_str())
        .with("powerState", power);
    Known::default()
        .with("vmId", m.id.to_string())
        .with("osProfile", Known::default().with("computerName", m.name.as_str()))
        .with("storageProfile", Known::default().with("osDisk", disk))
        .with("extended", Known::default().with("instanceView", view))
}

fn of_server(m: &Machine, findings: &[FindingRow]) -> Known {
    let has = |codes: &[&str]| findings.iter().any(|f| codes.contains(&f.code.as_str()));
    let status = if m.device.is_none() || has(&["heartbeat_never"]) {
        "Connecting"
    } else if has(&["certificate_ended"]) {
        "Expired"
    } else if has(&["heartbeat_lost", "inactive"]) {
        "Disconnected"
    } else {
        "Connected"
    };
    let (linux, windows) = ("linux", "windows");
    Known::default()
        .with("vmId", m.id.to_string())
        .with("displayName", m.name.as_str())
        .with("osType", os_type(m, linux, windows))
        .with("osName", m.os.id.as_str())
        .with("osVersion", m.os.version.as_str())
        .with("status", status)
}

fn os_type(m: &Machine, linux: &'static str, windows: &'static str) -> &'static str {
    match m.os.family {
        OsFamily::Linux => linux,
        OsFamily::WindowsServer | OsFamily::WindowsClient => windows,
        OsFamily::Unknown | OsFamily::MacOs | OsFamily::Other => "",
    }
}

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn instant(at: Option<TimeMicros>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// What Azure has no name for.
fn own(s: &MachineSummary) -> Known {
    let m = &s.machine;
    let plan = s.plan.as_ref().and_then(|p| p.servers).map(|p| match p {
        ServersPlan::P1 => "P1",
        ServersPlan::P2 => "P2",
    });
    Known::default()
        .with("machineId", m.id.to_string())
        .with("deviceId", m.device.map(|d| d.to_string()))
        .with("health", s.status.as_str())
        .with("osFamily", word(&m.os.family))
        .with("kernel", m.os.kernel.as_str())
        .with("architecture", m.os.architecture.as_str())
        .with("addresses", m.addresses.clone())
        .with("image", m.image.as_str())
        .with("cloudId", m.cloud_id.as_str())
        .with("owner", m.owner.as_str())
        .with("power", word(&m.power))
        .with("plan", plan)
        .with("posture", s.plan.as_ref().map(|p| p.posture))
        .with("exclusion", m.exclusion.clone())
        .with("firstSeen", m.first_seen.to_string())
        .with("lastListed", instant(m.last_listed))
        .with("evaluatedAt", instant(s.evaluated_at))
        .with("offboardedAt", instant(m.offboarded_at))
}

fn extension(entry: &MachineEntry) -> Resource<'_> {
    let s = &entry.summary;
    let name = match s.machine.os.family {
        OsFamily::WindowsServer | OsFamily::WindowsClient => provision::WINDOWS,
        _ => provision::LINUX,
    };
    let state = match (s.progress.as_str(), s.doing.as_str()) {
        (_, "install" | "upgrade" | "adopt") => "Updating",
        ("broken" | "refused", _) => "Failed",
        _ => "Succeeded",
    };
    let kind_of = if in_cloud(entry) {
        "microsoft.compute/virtualmachines/extensions"
    } else {
        "microsoft.hybridcompute/machines/extensions"
    };
    let own = Known::default().with("state", s.extension.as_str()).with("doing", s.doing.as_str());
    let properties = Known::default()
        .with("publisher", "Palisade")
        .with("type", name)
        .with("provisioningState", state)
        .with("palisade", own);
    Resource {
        id: format!("{}/extensions/{name}", machine_id(entry)),
        name,
        kind_of,
        location: location(&s.machine),
        properties: properties.into(),
        ..Resource::of(s.machine.subscription)
    }
}

/// The tenant's subscriptions that the caller may know of.
pub(super) async fn subscriptions(
    state: &State,
    tenant: TenantId,
    devices: &DeviceScope,
    whole: bool,
) -> Result<Vec<Subscription>, QueryFailure> {
    let mut all = state.subscriptions(tenant).await.map_err(|e| unreadable(&e))?;
    all.retain(|s| s.state != "left");
    if !whole {
        let seen = state.subscriptions_in(tenant, devices).await.map_err(|e| unreadable(&e))?;
        let seen: BTreeSet<SubscriptionId> = seen.into_iter().collect();
        all.retain(|s| seen.contains(&s.id));
    }
    Ok(all)
}

/// Rows of `resourcecontainers`.
pub(super) struct Subscriptions {
    asked: Asked,
    state: State,
    tenant: TenantId,
    devices: DeviceScope,
    whole: bool,
    ended: bool,
}

impl Subscriptions {
    pub fn new(views: &CallersViews, scan: &ViewScan) -> Result<Self, QueryFailure> {
        Ok(Self {
            asked: Asked::new(views.tenant, scan)?,
            state: views.state.clone(),
            tenant: views.tenant,
            devices: views.devices.clone(),
            whole: views.whole,
            ended: false,
        })
    }
}

#[async_trait]
impl ViewRows for Subscriptions {
    async fn batch(&mut self) -> Result<Option<TextRows>, QueryFailure> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(None);
        }
        let mut out = self.asked.rows();
        for s in subscriptions(&self.state, self.tenant, &self.devices, self.whole).await? {
            let own = Known::default()
                .with("kind", s.kind.as_str())
                .with("externalId", s.external_id.as_str())
                .with("ownerTag", s.owner_tag.as_str())
                .with("state", s.state.as_str())
                .with("createdAt", s.created_at.to_string());
            let resource = Resource {
                id: format!("/subscriptions/{}", s.id),
                name: &s.name,
                kind_of: "microsoft.resources/subscriptions",
                properties: Known::default().with("state", "Enabled").with("palisade", own).into(),
                ..Resource::of(s.id)
            };
            self.asked.push(&resource, &mut out);
        }
        Ok((out.rows > 0).then_some(out))
    }
}
