//! `palisade role connect`: the only process that opens connectors' credentials and goes out to
//! machines. It lists what connectors know, does the tasks that the estate process writes down,
//! sends what is to be told to webhooks, and fetches what queries read from hosts that the operator lists.
//! It has neither the log nor people's tables, so a hostile machine that breaks it finds neither.

mod external;
mod listing;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use palisade_connectors::secret::OpeningKey;
use palisade_connectors::{Artefact, Server};
use palisade_state::{DbRole, State};
use palisade_types::TenantId;
use parking_lot::Mutex;

use crate::admin::{self, RoleStatus};
use crate::database;
use crate::instance::Instance;
use crate::supervisor;

/// How often it looks although nobody woke it.
const TICK: Duration = Duration::from_secs(1);

/// What every part of this role needs.
pub struct Connect {
    state: State,
    instance: Instance,
    key: OpeningKey,
    server: Server,
    sensor: PathBuf,
    artefact: Mutex<Option<Artefact>>,
    runtime: PathBuf,
    /// Names this process in leases.
    worker: String,
    done: AtomicU64,
    failed: AtomicU64,
    listings: AtomicU64,
    delivered: AtomicU64,
    undelivered: AtomicU64,
    fetched: AtomicU64,
    unfetched: AtomicU64,
    scans: AtomicU64,
    scans_failed: AtomicU64,
}

struct Status(Mutex<Option<Arc<Connect>>>);

#[async_trait]
impl RoleStatus for Status {
    async fn ready(&self) -> Result<(), String> {
        if self.0.lock().is_some() { Ok(()) } else { Err("not open yet".into()) }
    }

    fn metrics(&self) -> String {
        let Some(c) = self.0.lock().clone() else { return String::new() };
        let line = |name: &str, help: &str, value: &AtomicU64| {
            let value = value.load(Ordering::Relaxed);
            format!("# HELP {name} {help}.\n# TYPE {name} counter\n{name}_total {value}\n")
        };
        line("palisade_connect_tasks", "Tasks that were done", &c.done)
            + &line("palisade_connect_failures", "Tasks that failed", &c.failed)
            + &line("palisade_connect_listings", "Lists that were read", &c.listings)
            + &line("palisade_connect_scans", "Agentless scans that gave an inventory", &c.scans)
            + &line("palisade_connect_scan_failures", "Agentless scans that gave none", &c.scans_failed)
            + &line("palisade_connect_delivered", "Webhooks that took what was sent", &c.delivered)
            + &line("palisade_connect_undelivered", "Attempts to reach a webhook that failed", &c.undelivered)
            + &line("palisade_connect_fetched", "Files that queries read from outside", &c.fetched)
            + &line("palisade_connect_unfetched", "Files that queries did not get from outside", &c.unfetched)
    }
}

/// Runs until asked to end.
pub async fn run(instance: Instance) -> Result<()> {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    let status = Arc::new(Status(Mutex::new(None)));
    tokio::spawn(admin::serve_role(instance.admin_socket("connect"), status.clone()));
    let state = database::state_of_region(&instance, DbRole::Connect).await?;
    let key = OpeningKey::load(&instance.secret("connect.key"))
        .map_err(|e| anyhow::anyhow!("the key to connectors' credentials: {e}"))?;
    let ca_pem = std::fs::read_to_string(instance.secret("ca.pem")).context("reading the CA")?;
    let connect = Arc::new(Connect {
        state,
        key,
        server: Server { url: instance.door_url(), ca_pem },
        sensor: instance.bin("palisade-sensor"),
        artefact: Mutex::new(None),
        runtime: instance.role_run_dir("connect"),
        worker: format!("connect-{}", std::process::id()),
        instance,
        done: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        listings: AtomicU64::new(0),
        delivered: AtomicU64::new(0),
        undelivered: AtomicU64::new(0),
        fetched: AtomicU64::new(0),
        unfetched: AtomicU64::new(0),
        scans: AtomicU64::new(0),
        scans_failed: AtomicU64::new(0),
    });
    *status.0.lock() = Some(connect.clone());
    tracing::info!(door = connect.server.url, "connectors are served");
    let external = tokio::spawn(external::serve(supervisor::inherited_listener(), connect.clone()));
    let mut wakes = connect.state.estate_listener().await?;
    let mut board = work::Board::default();
    let mut turn = 0usize;
    let mut end = std::pin::pin!(super::terminated());
    loop {
        let mut tenants = connect.tenants().await;
        // Another one is first each time, so that one with much to do does not keep the others waiting.
        let first = turn % tenants.len().max(1);
        tenants.rotate_left(first);
        turn = turn.wrapping_add(1);
        for tenant in tenants {
            board.list(&connect, tenant).await;
            board.take(&connect, tenant).await;
            board.look(&connect, tenant).await;
            board.scan(&connect, tenant).await;
            board.deliver(&connect, tenant).await;
        }
        tokio::select! {
            () = wakes.woken() => {}
            () = board.ended() => {}
            () = tokio::time::sleep(TICK) => {}
            () = &mut end => break,
        }
    }
    external.abort();
    // What is under way is dropped, which ends what it started; another process takes it up.
    board.stop().await;
    Ok(())
}

impl Connect {
    async fn tenants(&self) -> Vec<TenantId> {
        match self.state.tenants().await {
            Ok(all) => {
                all.into_iter().filter(|t| t.region == self.instance.region_name()).map(|t| t.id).collect()
            }
            Err(e) => {
                tracing::warn!(error = %e, "tenants cannot be read");
                Vec::new()
            }
        }
    }

    /// The sensor that machines get; read anew when the file was replaced.
    async fn artefact(&self) -> Result<Artefact> {
        let now = std::fs::metadata(&self.sensor).context("the sensor that machines get")?.len();
        if let Some(known) = self.artefact.lock().clone().filter(|a| a.size == now) {
            return Ok(known);
        }
        let read = Artefact::of(&self.sensor).await.map_err(|e| anyhow::anyhow!("{e}"))?;
        *self.artefact.lock() = Some(read.clone());
        Ok(read)
    }
}
