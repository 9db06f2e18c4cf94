//! `palisade role ingest`: the sensors' door.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use palisade_ingest::{IngestConfig, IngestServer, Limits, Probe};
use palisade_log::LogOptions;
use palisade_state::DbRole;
use parking_lot::Mutex;

use crate::admin::{self, RoleStatus};
use crate::database;
use crate::instance::Instance;

/// How long requests may take to finish when the role ends.
const DRAIN: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Status(Mutex<Option<Probe>>);

#[async_trait]
impl RoleStatus for Status {
    async fn ready(&self) -> Result<(), String> {
        let probe = self.0.lock().clone();
        match probe {
            Some(probe) => probe.ready().await,
            None => Err("not listening yet".into()),
        }
    }

    fn metrics(&self) -> String {
        self.0.lock().as_ref().map(Probe::metrics_text).unwrap_or_default()
    }
}

/// Runs until asked to end.
pub async fn run(instance: Instance) -> Result<()> {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o027));
    let status = Arc::new(Status::default());
    tokio::spawn(admin::serve_role(instance.admin_socket("ingest"), status.clone()));
    let state = database::state_of_region(&instance, DbRole::Ingest).await?;
    let mut action_key = [0u8; 32];
    let public = std::fs::read_to_string(instance.secret("action.pub"))
        .context("reading the action key's public half")?;
    hex::decode_to_slice(public.trim(), &mut action_key)
        .context("the action key's public half is damaged")?;
    let config = IngestConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, instance.ingest_port())),
        also: instance.door_addresses(),
        sensor: Some(instance.bin("palisade-sensor")),
        tls_certificate: instance.secret("ingest-tls.pem"),
        tls_key: instance.secret("ingest-tls.key"),
        ca_certificate: instance.secret("ca.pem"),
        ca_key: instance.secret("ca.key"),
        action_key,
        log_dir: instance.log_dir(),
        cursors_dir: instance.cursors_dir(),
        checkpoint_dir: instance.ingest_dir(),
        state,
        log: LogOptions::default(),
        limits: Limits::default(),
        required_consumers: vec!["lake".into(), "projections".into()],
    };
    let server = IngestServer::start(config).await?;
    *status.0.lock() = Some(server.probe());
    tracing::info!(port = instance.ingest_port(), "sensors' door listens");
    super::terminated().await;
    server.shutdown(DRAIN).await;
    Ok(())
}
