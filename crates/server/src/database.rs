//! The instance's PostgreSQL: started, seeded, and asked by the operator's commands.

use std::time::Duration;

use anyhow::{Context, Result};
use nix::unistd::{User, getuid};
use palisade_state::cluster::{Cluster, ClusterConfig, OsUser};
use palisade_state::{DbRole, NewEnrolmentToken, NewToken, Role, State, StateOptions};
use palisade_types::TimeMicros;

use crate::init::secret;
use crate::instance::Instance;
use crate::system::{self, Account};

/// PostgreSQL gets this long to end by itself.
const STOP: Duration = Duration::from_secs(20);

/// A running cluster, stopped by whoever started it.
pub struct Database(Cluster);

impl Database {
    /// Stops PostgreSQL.
    pub async fn stop(&self) -> Result<()> {
        Ok(self.0.stop(STOP).await?)
    }
}

/// Starts PostgreSQL, migrates, and makes the first tenant and the local credential if missing.
pub async fn start(instance: &mut Instance) -> Result<Database> {
    let cluster = Cluster::new(config(instance)?)?;
    cluster.start_with_databases().await.context("starting PostgreSQL")?;
    let database = Database(cluster);
    seed(instance).await.context("making the first tenant")?;
    Ok(database)
}

fn config(instance: &Instance) -> Result<ClusterConfig> {
    let pg = instance.home().join("pg");
    let user = if system::privileged() {
        let account = system::account("palisade-pg")?;
        Some(OsUser { name: "palisade-pg".into(), uid: account.uid.as_raw(), gid: account.gid.as_raw() })
    } else {
        None
    };
    let own = User::from_uid(getuid())?.map_or_else(|| "root".to_owned(), |u| u.name);
    let login =
        |role_user: &str, role| (if system::privileged() { role_user.to_owned() } else { own.clone() }, role);
    Ok(ClusterConfig {
        data_dir: pg.join("data"),
        socket_dir: instance.pg_socket_dir(),
        log_file: pg.join("postgresql.log"),
        socket_group: user.as_ref().map(|u| u.gid),
        user,
        logins: vec![
            login("palisade-api", DbRole::Api),
            login("palisade-ingest", DbRole::Ingest),
            login("palisade-lake", DbRole::Lake),
        ],
        settings: Vec::new(),
    })
}

async fn owner(instance: &Instance) -> Result<State> {
    let options = StateOptions::embedded(&instance.pg_socket_dir(), DbRole::Owner);
    Ok(State::connect(options).await?)
}

async fn seed(instance: &mut Instance) -> Result<()> {
    let state = owner(instance).await?;
    let now = TimeMicros::now();
    let tenant = match state.tenants().await?.into_iter().next() {
        Some(tenant) => tenant.id,
        None => state.create_tenant("default", &instance.record.region, now).await?.id,
    };
    if instance.record.tenant != Some(tenant) {
        let mut record = instance.record.clone();
        record.tenant = Some(tenant);
        *instance = Instance::store(instance.home(), &record)?;
    }
    if !instance.secret("cli.token").exists() {
        let new = NewToken {
            name: "command line on the server".into(),
            role: Role::Administrator,
            expires_at: None,
        };
        let (_, text) = state.create_token(tenant, None, new, now).await?;
        let root = Account { uid: nix::unistd::Uid::effective(), gid: nix::unistd::Gid::effective() };
        secret(instance, "cli.token", text.as_bytes(), root, 0o400)?;
    }
    state.close().await;
    Ok(())
}

/// Whether nobody can sign in as administrator yet.
pub async fn needs_setup(instance: &Instance) -> Result<bool> {
    let state = owner(instance).await?;
    Ok(!state.has_administrator(instance.tenant()?).await?)
}

/// A new one-time link for an administrator.
pub async fn setup_link(instance: &Instance) -> Result<String> {
    let state = owner(instance).await?;
    let link = state.create_setup_link(instance.tenant()?, Role::Administrator, TimeMicros::now()).await?;
    Ok(format!("{}/setup?token={}", instance.console_url(), link.token))
}

/// A new token with which sensors enrol.
pub async fn enrolment_token(instance: &Instance, hours: u32, uses: u32) -> Result<String> {
    let state = owner(instance).await?;
    let now = TimeMicros::now();
    let new = NewEnrolmentToken {
        created_by: "command line on the server".into(),
        expires_at: now.plus_micros(i64::from(hours) * 3_600_000_000),
        max_uses: i32::try_from(uses).context("too many uses")?,
    };
    let (_, text) = state.create_enrolment_token(instance.tenant()?, new, now).await?;
    Ok(text)
}
