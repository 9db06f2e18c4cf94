//! The instance's PostgreSQL: started, seeded, and asked by the operator's commands. The first region
//! shares its cluster with the control database; every further region has one of its own, so that no
//! write-ahead log, statistics or temporary file holds the data of two regions.

use std::time::Duration;

use anyhow::{Context, Result};
use nix::unistd::{User, getuid};
use palisade_state::cluster::{Cluster, ClusterConfig, ClusterStatus, OsUser};
use palisade_state::{
    Actor, AuditEntry, AuditOutcome, DbRole, NewEnrolmentToken, NewToken, Role, SetupLink, State,
    StateOptions, TokenScope,
};
use palisade_types::{TenantId, TimeMicros};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::hold::Holds;
use crate::init::secret;
use crate::instance::Instance;
use crate::system::{self, Account};

/// PostgreSQL gets this long to end by itself.
const STOP: Duration = Duration::from_secs(20);

/// How often the supervisor looks whether PostgreSQL still runs.
const WATCH: Duration = Duration::from_secs(2);

/// Starts PostgreSQL, migrates, and makes the first tenant and the local credential if missing.
pub async fn start(instance: &mut Instance) -> Result<()> {
    for region in instance.all_regions() {
        start_region(&region).await?;
    }
    seed(instance).await.context("making the first tenant")
}

/// Starts the cluster of the region that is meant, and migrates it.
pub async fn start_region(region: &Instance) -> Result<()> {
    let cluster = cluster(region)?;
    let started = if region.is_first_region() {
        cluster.start_with_databases().await
    } else {
        cluster.start_with_region().await
    };
    started.with_context(|| format!("starting PostgreSQL of region {}", region.region_name())).map(|_| ())
}

/// The cluster of the region that is meant.
pub fn cluster(region: &Instance) -> Result<Cluster> {
    Ok(Cluster::new(config(region)?)?)
}

/// Stops every PostgreSQL that runs, whoever started it; the one with the control database last.
pub async fn stop(instance: &Instance) -> Result<()> {
    let mut failed = None;
    for region in instance.all_regions().into_iter().rev() {
        if !region.region_pg_dir().join("data/PG_VERSION").exists() {
            continue;
        }
        // One that does not stop must not keep the others running.
        if let Err(e) = stop_region(&region).await {
            failed = Some(e);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Stops the cluster of the region that is meant, if it runs.
pub async fn stop_region(region: &Instance) -> Result<()> {
    Ok(cluster(region)?.stop(STOP).await?)
}

/// Connects as a role that works for the region that is meant, and for no other.
pub async fn state_of_region(region: &Instance, role: DbRole) -> Result<State> {
    let options = StateOptions::embedded(&region.pg_socket_dir(), role);
    let options = options.of_region(region.region_name(), &region.region_pg_dir().join("run"), role);
    Ok(State::connect(options).await?)
}

/// Connects as a role that serves every region: the api, and the operator.
pub async fn state_of_all(instance: &Instance, role: DbRole) -> Result<State> {
    let mut options = StateOptions::embedded(&instance.pg_socket_dir(), role);
    options.region_name.clone_from(&instance.record.region);
    for region in instance.all_regions().into_iter().filter(|r| !r.is_first_region()) {
        options = options.and_region(region.region_name(), &region.region_pg_dir().join("run"), role);
    }
    Ok(State::connect(options).await?)
}

/// Starts a region's PostgreSQL again when it ended by itself (killed for want of memory, say), until
/// told to stop. Roles wait for it meanwhile.
pub async fn keep(instance: Instance, holds: Holds, mut stop: watch::Receiver<bool>) {
    let cluster = match cluster(&instance) {
        Ok(cluster) => cluster,
        Err(e) => {
            tracing::error!(error = format!("{e:#}"), "PostgreSQL is not watched");
            return;
        }
    };
    let mut pause = WATCH;
    while tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await.is_err() {
        pause = WATCH;
        if holds.covers_cluster(instance.region_name()) {
            continue;
        }
        match cluster.status().await {
            Ok(ClusterStatus::Running) => continue,
            Ok(_) => tracing::error!("postgresql ended by itself and is started again"),
            Err(e) => tracing::error!(error = %e, "postgresql cannot be watched"),
        }
        if let Err(e) = cluster.start().await {
            tracing::error!(error = %e, "postgresql does not start");
            pause = WATCH * 5;
        }
    }
}

fn config(instance: &Instance) -> Result<ClusterConfig> {
    let pg = instance.region_pg_dir();
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
        socket_dir: pg.join("run"),
        log_file: pg.join("postgresql.log"),
        socket_group: user.as_ref().map(|u| u.gid),
        user,
        logins: vec![
            login("palisade-api", DbRole::Api),
            login("palisade-ingest", DbRole::Ingest),
            login("palisade-lake", DbRole::Lake),
            login("palisade-estate", DbRole::Estate),
            login("palisade-connect", DbRole::Connect),
            login("palisade-vuln", DbRole::Vuln),
        ],
        settings: if instance.is_first_region() {
            // The roles of every region ask the control database.
            let connections = 60 + 12 * (instance.record.regions.len() + 3);
            vec![("max_connections".to_owned(), connections.to_string())]
        } else {
            Vec::new()
        },
    })
}

/// Connects as the owner of the tables, to all regions: the operator's commands.
pub async fn owner(instance: &Instance) -> Result<State> {
    state_of_all(instance, DbRole::Owner).await
}

async fn seed(instance: &mut Instance) -> Result<()> {
    let state = owner(instance).await?;
    let now = TimeMicros::now();
    let tenants = state.tenants().await?;
    // Of an instance whose record was lost, the oldest one.
    let kept = tenants.iter().find(|t| Some(t.id) == instance.record.tenant).or(tenants.first());
    let tenant = match kept {
        Some(tenant) => tenant.id,
        None => state.create_tenant("default", &instance.record.region, now).await?.id,
    };
    adopt(instance, &state, tenant).await?;
    state.close().await;
    Ok(())
}

/// Makes a tenant the one that signs in without naming any, and the command line's.
pub async fn adopt(instance: &mut Instance, state: &State, tenant: TenantId) -> Result<()> {
    let now = TimeMicros::now();
    if instance.record.tenant != Some(tenant) {
        let mut record = instance.record.clone();
        record.tenant = Some(tenant);
        *instance = Instance::store(instance.home(), &record)?;
    }
    if !instance.secret("cli.token").exists() {
        let new = NewToken {
            name: OPERATOR.into(),
            role: Role::Administrator,
            scope: TokenScope::default(),
            expires_at: None,
        };
        let (_, text) = state.create_token(tenant, None, new, now).await?;
        let root = Account { uid: nix::unistd::Uid::effective(), gid: nix::unistd::Gid::effective() };
        secret(instance, "cli.token", text.as_bytes(), root, 0o400)?;
    }
    Ok(())
}

/// Whether nobody can sign in as administrator yet.
pub async fn needs_setup(instance: &Instance) -> Result<bool> {
    let state = owner(instance).await?;
    Ok(!state.has_administrator(instance.tenant()?).await?)
}

/// Who the operator's commands act as: whoever is root on the server's host.
pub const OPERATOR: &str = "command line on the server";

/// The tenant of that name, or the one that nobody has to name.
pub async fn tenant_named(instance: &Instance, state: &State, name: Option<&str>) -> Result<TenantId> {
    let Some(name) = name else { return instance.tenant() };
    let found = state.tenant_by_name(Some(name)).await?;
    Ok(found.with_context(|| format!("there is no tenant {name}: `palisade tenant list` lists them"))?.id)
}

/// A new one-time link for an administrator: its address and its secret's end.
pub async fn setup_link(instance: &Instance, tenant: TenantId) -> Result<(String, TimeMicros)> {
    let state = owner(instance).await?;
    let now = TimeMicros::now();
    let SetupLink { token, expires_at } = state.create_setup_link(tenant, Role::Administrator, now).await?;
    let detail = json!({ "role": Role::Administrator.as_str(), "expires_at": expires_at.to_rfc3339() });
    remember(&state, tenant, "setup_link.create", detail, now).await?;
    Ok((format!("{}/setup?token={token}", instance.console_url()), expires_at))
}

/// A new token with which sensors enrol.
pub async fn enrolment_token(instance: &Instance, tenant: TenantId, hours: u32, uses: u32) -> Result<String> {
    let state = owner(instance).await?;
    let now = TimeMicros::now();
    let new = NewEnrolmentToken {
        created_by: OPERATOR.into(),
        expires_at: now.plus_micros(i64::from(hours) * 3_600_000_000),
        max_uses: i32::try_from(uses).context("too many uses")?,
        ..NewEnrolmentToken::default()
    };
    let (token, text) = state.create_enrolment_token(tenant, new, now).await?;
    let detail = json!({ "expires_in_hours": hours, "max_uses": uses, "token_id": token.id.to_string() });
    remember(&state, tenant, "enrolment_token.create", detail, now).await?;
    Ok(text)
}

/// What the operator does beside the API is in the audit log too.
async fn remember(state: &State, tenant: TenantId, kind: &str, detail: Value, now: TimeMicros) -> Result<()> {
    let entry = AuditEntry {
        actor: Actor::system(OPERATOR),
        kind: kind.into(),
        outcome: AuditOutcome::Success,
        target: String::new(),
        detail,
        address: String::new(),
    };
    Ok(state.audit(tenant, &entry, now).await?)
}
