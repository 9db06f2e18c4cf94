//! `palisade region` and `palisade regions`.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Subcommand;
use nix::sys::signal::{Signal, kill};
use palisade_types::TimeMicros;
use serde_json::Value;

use super::Format;
use super::client::Client;
use super::output::{self, line};
use crate::instance::{Instance, RegionRecord};
use crate::{admin, database, init, supervisor};

/// Longest name: it is part of paths, of which a socket's may have 107 bytes.
const MAX_NAME: usize = 32;

/// Most regions of an instance.
const MOST: usize = 16;

/// How long a new region may take until it is ready.
const READY: Duration = Duration::from_secs(120);

#[derive(Subcommand)]
pub enum RegionCommand {
    /// Add a region: a database cluster, a log, an event store and a sensors' door of its own. May be
    /// run while the instance is up.
    Add {
        /// Its name: 1 to 32 of a-z, 0-9 and -.
        name: String,
        /// The port of its sensors' door [default: one that is free].
        #[arg(long)]
        port: Option<u16>,
    },
}

/// `palisade region …`.
pub async fn run(instance: Instance, command: RegionCommand) -> Result<()> {
    match command {
        RegionCommand::Add { name, port } => add(instance, &name, port).await,
    }
}

async fn add(instance: Instance, name: &str, port: Option<u16>) -> Result<()> {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    ensure!(
        (1..=MAX_NAME).contains(&name.len()) && !name.starts_with('-') && name.bytes().all(fine),
        "a region's name has 1 to {MAX_NAME} of a-z, 0-9 and -, and begins with no -"
    );
    if instance.in_region(name).is_ok() {
        line(&format!("region {name} is there already"));
        return Ok(());
    }
    ensure!(instance.record.regions.len() + 1 < MOST, "an instance has at most {MOST} regions");
    let ingest = free_port(port)?;
    let mut record = instance.record.clone();
    record.regions.push(RegionRecord { name: name.to_owned(), ingest, created: TimeMicros::now() });
    let instance = Instance::store(instance.home(), &record)?;
    let region = instance.in_region(name)?;
    let Some(supervisor) = supervisor::running(&instance) else {
        init::ensure(instance.home())?;
        line(&format!("region {name} is added; `palisade up` starts it"));
        return Ok(());
    };
    kill(supervisor, Signal::SIGHUP).context("telling the supervisor")?;
    wait_ready(&instance, &region).await?;
    line(&format!(
        "region {name} is up: sensors' door {}, data in {}",
        region.ingest_url(),
        region.region().display()
    ));
    Ok(())
}

fn free_port(wanted: Option<u16>) -> Result<u16> {
    let port = wanted.unwrap_or(0);
    let listener =
        TcpListener::bind(("127.0.0.1", port)).with_context(|| format!("port {port} cannot be taken"))?;
    Ok(listener.local_addr()?.port())
}

async fn wait_ready(instance: &Instance, region: &Instance) -> Result<()> {
    let until = Instant::now() + READY;
    for (role, socket) in admin::roles(std::slice::from_ref(region)) {
        loop {
            let last = match admin::ask(&socket, "/readyz").await {
                Ok((200, _)) => break,
                Ok((_, why)) => why,
                Err(e) => format!("{e:#}"),
            };
            late(until, region, &role, &last)?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    // The api serves it once it has started again.
    let client = Client::local(instance)?;
    loop {
        let last = match client.get("/instance").await {
            Ok(now)
                if now["regions"].as_array().is_some_and(|r| r.contains(&region.region_name().into())) =>
            {
                return Ok(());
            }
            Ok(_) => "it does not serve the region yet".to_owned(),
            Err(e) => format!("{e:#}"),
        };
        late(until, region, "api", &last)?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn late(until: Instant, region: &Instance, role: &str, last: &str) -> Result<()> {
    if Instant::now() > until {
        bail!("{role} is not ready ({last}); see {}", region.logs_dir().display());
    }
    Ok(())
}

/// `palisade regions`.
pub async fn list(instance: &Instance, format: Format) -> Result<()> {
    let tenants = database::owner(instance).await?.tenants().await?;
    let columns = ["name", "state", "sensors", "tenants", "root"].map(str::to_owned);
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for region in instance.all_regions() {
        let mut state = "ready".to_owned();
        for (role, socket) in admin::roles(std::slice::from_ref(&region)) {
            match admin::ask(&socket, "/readyz").await {
                Ok((200, _)) => {}
                Ok((_, why)) => state = format!("{role}: {why}"),
                Err(_) => state = format!("{role} does not answer"),
            }
        }
        let count = tenants.iter().filter(|t| t.region == region.region_name()).count();
        rows.push(vec![
            region.region_name().into(),
            state.into(),
            region.ingest_url().into(),
            count.into(),
            region.region().display().to_string().into(),
        ]);
    }
    output::rows(&columns, &rows, format);
    Ok(())
}
