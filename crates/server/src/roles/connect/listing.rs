//! Reading what a connector knows, testing it, and opening it.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use palisade_connectors::{
    Aws, AwsSettings, Connector as _, ConnectorError, HostKey, Notice, Onboarding, Place, Ssh, SshSettings,
};
use palisade_estate::machine::PowerState;
use palisade_estate::provision::CheckOutcome;
use palisade_state::estate::{self, Connector, Listed, Placement};
use palisade_types::{TenantId, TimeMicros};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Connect;

/// Most machines of one connector.
const MOST: usize = 200_000;
/// Most notices of one listing that are kept.
const NOTICES: usize = 50;
/// Hosts whose keys are looked at in one listing.
const LOOKS: usize = 2_000;

/// Lists a connector's machines and writes them down, with what its test found.
pub async fn list<T>(
    connect: &Connect,
    _open: &tokio::sync::Mutex<HashMap<Uuid, T>>,
    tenant: TenantId,
    connector: Connector,
    began: TimeMicros,
) -> Result<()> {
    let (error, checks) = match read(connect, tenant, &connector, began).await {
        Ok(checks) => (None, checks),
        Err(e) => {
            let shown = format!("{e:#}");
            tracing::warn!(connector = %connector.name, error = shown, "a connector cannot be listed");
            let code = e.downcast_ref::<ConnectorError>().map(|e| e.code().as_str());
            (Some(json!({ "message": shown, "code": code })), json!([]))
        }
    };
    connect.state.listing_ended(tenant, connector.id, error.as_ref(), &checks, began).await?;
    Ok(())
}

async fn read(connect: &Connect, tenant: TenantId, connector: &Connector, now: TimeMicros) -> Result<Value> {
    let mut keys = connect.state.host_keys(tenant, connector.id).await?;
    if connector.kind == "ssh" && look_at_keys(connect, tenant, connector, &keys, now).await? {
        keys = connect.state.host_keys(tenant, connector.id).await?;
    }
    let doer = open(connect, tenant, connector, &keys).await?;
    let mut machines = Vec::new();
    let mut notices: Vec<Notice> = Vec::new();
    let mut page = None;
    loop {
        let part = doer.list(page.take()).await?;
        for notice in part.notices {
            if notices.len() < NOTICES && !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        // A cloud lists what it deleted for a while; it is not there any more.
        let there = part.machines.into_iter().filter(|m| m.power != PowerState::Deleted);
        machines.extend(there.map(|m| Listed {
            cloud_id: if m.cloud_id.is_empty() { format!("{}/{}", connector.id, m.name) } else { m.cloud_id },
            place: m.place.as_ref().and_then(|p| serde_json::to_value(p).ok()).unwrap_or(json!({})),
            name: m.name,
            os: m.os,
            image: m.image,
            addresses: m.addresses,
            tags: m.tags,
            power: m.power,
        }));
        if machines.len() > MOST {
            bail!("it knows more than {MOST} machines: split it");
        }
        match part.next {
            Some(next) => page = Some(next),
            None => break,
        }
    }
    let placement = Placement { subscription: connector.subscription, connector: Some(connector.id) };
    let (new, retired) = connect.state.write_listing(tenant, placement, &machines, now).await?;
    tracing::info!(connector = %connector.name, machines = machines.len(), new, retired, "a connector was listed");
    // What the list could not say stands before what the test found, with its own code.
    let mut shown: Vec<Value> = notices.iter().map(noticed).collect();
    for check in doer.test().await {
        shown.push(serde_json::to_value(check)?);
    }
    Ok(Value::Array(shown))
}

/// A notice in the form of a check.
fn noticed(notice: &Notice) -> Value {
    json!({
        "name": "listing", "outcome": CheckOutcome::Warning, "evidence": notice.message,
        "cause": { "code": notice.code },
    })
}

/// Looks at the keys of hosts that nobody has looked at yet, for a person to confirm.
async fn look_at_keys(
    connect: &Connect,
    tenant: TenantId,
    connector: &Connector,
    known: &[estate::HostKey],
    now: TimeMicros,
) -> Result<bool> {
    let settings: SshSettings = serde_json::from_value(connector.settings.clone())?;
    let ssh = open_ssh(connect, tenant, connector, known).await?;
    let mut seen = Vec::new();
    let mut page = None;
    let mut looked = 0;
    loop {
        let part = ssh.list(page.take()).await?;
        for machine in part.machines {
            let Some(Place::Ssh { host, port, .. }) = machine.place else { continue };
            let port = port.unwrap_or(settings.port);
            let name = if port == 22 { host.clone() } else { format!("[{host}]:{port}") };
            if known.iter().any(|k| k.host == name) || looked >= LOOKS {
                continue;
            }
            looked += 1;
            // Who does not answer is found by the preflight, which says why.
            let Ok(keys) = ssh.look(&host, Some(port)).await else { continue };
            seen.extend(keys.into_iter().map(|k| estate::HostKey {
                host: k.host,
                key_type: k.key_type,
                key: k.key,
                fingerprint: k.fingerprint,
                confirmed_at: None,
                confirmed_by: None,
            }));
        }
        match part.next {
            Some(next) => page = Some(next),
            None => break,
        }
    }
    connect.state.host_keys_seen(tenant, connector.id, &seen, now).await?;
    Ok(!seen.is_empty())
}

async fn secret(
    connect: &Connect,
    tenant: TenantId,
    connector: &Connector,
) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>> {
    match connect.state.connector_secret(tenant, connector.id).await? {
        None => Ok(None),
        Some(sealed) => {
            let owner = palisade_connectors::secret::owner_of(tenant, &connector.name);
            let opened =
                connect.key.open(&owner, &sealed).map_err(|e| anyhow::anyhow!("its credential: {e}"))?;
            Ok(Some(opened))
        }
    }
}

async fn open_ssh(
    connect: &Connect,
    tenant: TenantId,
    connector: &Connector,
    keys: &[estate::HostKey],
) -> Result<Ssh> {
    let settings: SshSettings =
        serde_json::from_value(connector.settings.clone()).context("the connector's settings")?;
    let confirmed = keys.iter().filter(|k| k.confirmed_at.is_some());
    let confirmed: Vec<HostKey> = confirmed
        .map(|k| HostKey { host: k.host.clone(), key_type: k.key_type.clone(), key: k.key.clone() })
        .collect();
    let secret = secret(connect, tenant, connector).await?;
    Ok(Ssh::open(settings, secret.as_ref().map(|s| s.as_slice()), confirmed, &connect.runtime).await?)
}

/// Opens a connector.
pub async fn open(
    connect: &Connect,
    tenant: TenantId,
    connector: &Connector,
    keys: &[estate::HostKey],
) -> Result<Arc<dyn palisade_connectors::Connector>> {
    match connector.kind.as_str() {
        "ssh" => Ok(Arc::new(open_ssh(connect, tenant, connector, keys).await?)),
        "aws" => {
            let settings: AwsSettings =
                serde_json::from_value(connector.settings.clone()).context("the connector's settings")?;
            let secret = secret(connect, tenant, connector).await?.context("it has no credential")?;
            Ok(Arc::new(Aws::open(settings, &secret)?))
        }
        // Its machines come by themselves: it lists nothing, and its test says whether they would find us.
        "cloud_init" => Ok(Arc::new(Onboarding::new(connect.server.clone()))),
        other => bail!("a connector of kind {other} reaches no machine"),
    }
}
