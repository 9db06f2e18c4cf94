//! Agentless scans: the inventory of a machine without a sensor, read over SSH and written as that of its device.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result};
use palisade_connectors::{Place, ScanFailed, ScanWork, Scanned};
use palisade_estate::agentless::ScanCode;
use palisade_estate::health::Code;
use palisade_inventory::parts::{check, digest};
use palisade_inventory::{Inventory, SourceState, split, told};
use palisade_state::estate::{Found, Machine, ScanOutcome, WantedScan};
use palisade_state::{DeviceFacts, InventoryList, InventoryUpdate};
use palisade_types::{TenantId, TimeMicros};
use serde_json::json;
use uuid::Uuid;

use super::{Board, Ended, Open, RENEW, doer_of};
use crate::roles::connect::Connect;

/// Scans at once, and of one tenant.
const SCANS: usize = 4;
const OF_TENANT: usize = 3;
/// How long one may take, with the way there and the executable's.
const LIMIT: Duration = Duration::from_secs(900);
/// Answers that are read at once: each may take hundreds of megabytes of memory.
static READING: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(1);

impl Board {
    /// Takes as many scans as there is room for.
    pub async fn scan(&mut self, connect: &Arc<Connect>, tenant: TenantId) {
        let own: Vec<_> = self.scans.iter().filter(|(t, _)| *t == tenant).map(|(_, id)| *id).collect();
        let now = TimeMicros::now();
        if !own.is_empty() && self.scans_renewed.is_none_or(|at| at.elapsed() > RENEW) {
            self.scans_renewed = Some(tokio::time::Instant::now());
            if let Err(e) = connect.state.renew_scans(tenant, &own, &connect.worker, now).await {
                tracing::warn!(error = %e, "leases of scans cannot be renewed");
            }
        }
        let room = SCANS.saturating_sub(self.scans.len()).min(OF_TENANT.saturating_sub(own.len()));
        if room == 0 {
            return;
        }
        let most = u32::try_from(room).unwrap_or(1);
        let taken = match connect.state.take_scans(tenant, &connect.worker, most, now).await {
            Ok(taken) => taken,
            Err(e) => return tracing::warn!(error = %e, "scans cannot be taken"),
        };
        for scan in taken {
            let id = scan.machine.id;
            if !self.scans.insert((tenant, id)) {
                continue;
            }
            let (connect, open) = (connect.clone(), self.open.clone());
            self.running.spawn(async move {
                Box::pin(do_scan(&connect, &open, tenant, scan)).await;
                (tenant, Ended::Scan(id))
            });
        }
    }
}

async fn do_scan(
    connect: &Connect,
    open: &tokio::sync::Mutex<HashMap<Uuid, Open>>,
    tenant: TenantId,
    scan: WantedScan,
) {
    let (machine, began) = (scan.machine.id, TimeMicros::now());
    let outcome: ScanOutcome = match scan_of(connect, open, tenant, &scan).await {
        Ok(found) => Ok(Box::new(found)),
        Err(failed) => Err((failed.code.to_owned(), failed.message)),
    };
    (if outcome.is_ok() { &connect.scans } else { &connect.scans_failed }).fetch_add(1, Ordering::Relaxed);
    let code = outcome.as_ref().map_or_else(|(code, _)| code.as_str(), |_| "");
    tracing::info!(%machine, code, "an agentless scan has ended");
    for _ in 0..5 {
        let now = TimeMicros::now();
        match connect.state.finish_scan(tenant, &scan, &connect.worker, &outcome, began, now).await {
            Ok(()) => return,
            // Its lease ends, and it is taken up again, if it stays so.
            Err(e) => tracing::warn!(%machine, error = %e, "what a scan found cannot be written yet"),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn scan_of(
    connect: &Connect,
    open: &tokio::sync::Mutex<HashMap<Uuid, Open>>,
    tenant: TenantId,
    scan: &WantedScan,
) -> Result<Found, ScanFailed> {
    let ready = async {
        let place: Place = serde_json::from_value(scan.machine.place.clone())
            .context("the machine's place is not known: its connector must list it anew")?;
        let (doer, _) = doer_of(connect, open, tenant, scan.connector).await?;
        anyhow::Ok((place, doer, ScanWork { sensor: connect.artefact().await?, limit: LIMIT }))
    };
    let (place, doer, work) = ready
        .await
        .map_err(|e| ScanFailed { code: Code::ConnectorFailed.as_str(), message: format!("{e:#}") })?;
    let scanned = doer.scan(&place, &work).await?;
    let (machine, now) = (scan.machine.clone(), TimeMicros::now());
    let one = READING.acquire().await.map_err(|e| ScanFailed::of(ScanCode::Failed, e.to_string()))?;
    let found = tokio::task::spawn_blocking(move || found_of(&machine, scanned, now)).await;
    drop(one);
    found.unwrap_or_else(|e| Err(ScanFailed::of(ScanCode::Invalid, format!("It could not be read: {e}."))))
}

/// Reads what a machine answered. Nothing of it is believed beyond what it says of that machine.
fn found_of(machine: &Machine, mut scanned: Scanned, now: TimeMicros) -> Result<Found, ScanFailed> {
    // What was read of it is let go of at each step: a hostile answer is as large as it may be.
    let json = std::mem::take(&mut scanned.inventory);
    let inventory = told(&json).map_err(|e| {
        let code = if e.is_too_large() { ScanCode::TooLarge } else { ScanCode::Invalid };
        ScanFailed::of(code, format!("What it printed cannot be taken: {e}."))
    })?;
    drop(json);
    let parts = split(&inventory);
    let facts = facts(machine, &scanned, &inventory);
    let limit = limit(&scanned, &inventory, parts.left_out.len());
    let packages = u32::try_from(inventory.packages.len()).unwrap_or(u32::MAX);
    drop(inventory);
    let mut bodies = BTreeMap::new();
    for (name, body) in parts.bodies {
        // By the same check as what sensors tell.
        let value = check(&name, &body)
            .map_err(|e| ScanFailed::of(ScanCode::Invalid, format!("A part of it cannot be read: {e}.")))?;
        bodies.insert(name, (digest(&body), value));
    }
    let list = InventoryList {
        // By our clock: the machine's is not believed.
        taken_at: now,
        parts: bodies.iter().map(|(name, (digest, _))| (name.clone(), digest.clone())).collect(),
        left_out: parts.left_out,
    };
    let inventory = InventoryUpdate { parts: bodies, list: Some(list) };
    Ok(Found { facts, inventory, root: scanned.root, packages, limit })
}

/// What stopped a scan from reading everything.
fn limit(scanned: &Scanned, inventory: &Inventory, left_out: usize) -> Option<(ScanCode, String)> {
    if !scanned.root {
        let why = if scanned.sudo_refused.is_empty() {
            "the connector does not use sudo".to_owned()
        } else {
            scanned.sudo_refused.clone()
        };
        return Some((
            ScanCode::WithoutRoot,
            format!("It was read as {}, not as root: {why}.", scanned.user),
        ));
    }
    let unread: Vec<&str> = inventory
        .sources
        .iter()
        .filter(|s| s.state != SourceState::Read)
        .map(|s| s.name.as_str())
        .take(10)
        .collect();
    if !unread.is_empty() {
        let names: String = unread.join(", ").chars().filter(|c| !c.is_control()).take(300).collect();
        return Some((ScanCode::Incomplete, format!("Not read whole: {names}.")));
    }
    if left_out > 0 || !scanned.whole {
        return Some((
            ScanCode::Incomplete,
            format!("{left_out} parts of the inventory are too large to keep."),
        ));
    }
    None
}

fn facts(machine: &Machine, scanned: &Scanned, inventory: &Inventory) -> DeviceFacts {
    let os = &inventory.os;
    let version = if os.point_release.is_empty() { &os.version } else { &os.point_release };
    let kernel = inventory.kernel.as_ref().map_or("", |k| k.running.as_str());
    let name = if inventory.host_name.is_empty() { &machine.name } else { &inventory.host_name };
    DeviceFacts {
        name: name.clone(),
        os_platform: "Linux".into(),
        os_distribution: os.distribution().to_owned(),
        os_version: version.clone(),
        kernel: if kernel.is_empty() { scanned.os.kernel.clone() } else { kernel.to_owned() },
        architecture: scanned.os.architecture.clone(),
        ip_addresses: machine.addresses.clone(),
        extra: json!({ "hardware_uuid": scanned.hardware_id.to_lowercase(), "os_version_info": os.pretty_name }),
        ..DeviceFacts::default()
    }
}

#[cfg(test)]
mod tests;
