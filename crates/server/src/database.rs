//! The instance's PostgreSQL: started, seeded, and asked by the operator's commands.

use std::time::Duration;

use anyhow::{Context, Result};
use nix::unistd::{User, getuid};
use palisade_state::cluster::{Cluster, ClusterConfig, ClusterStatus, OsUser};
use palisade_state::{
    Actor, AuditEntry, AuditOutcome, DbRole, NewEnrolmentToken, NewToken, Role, SetupLink, State,
    StateOptions,
};
use palisade_types::TimeMicros;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::init::secret;
use crate::instance::Instance;
use crate::system::{self, Account};

/// PostgreSQL gets this long to end by itself.
const STOP: Duration = Duration::from_secs(20);

/// How often the supervisor looks whether PostgreSQL still runs.
const WATCH: Duration = Duration::from_secs(2);

/// Starts PostgreSQL, migrates, and makes the first tenant and the local credential if missing.
pub async fn start(instance: &mut Instance) -> Result<()> {
    let cluster = Cluster::new(config(instance)?)?;
    cluster.start_with_databases().await.context("starting PostgreSQL")?;
    seed(instance).await.context("making the first tenant")
}

/// Stops PostgreSQL if it runs, whoever started it.
pub async fn stop(instance: &Instance) -> Result<()> {
    Ok(Cluster::new(config(instance)?)?.stop(STOP).await?)
}

/// Starts PostgreSQL again when it ended by itself (killed for want of memory, say), until told to
/// stop. Roles wait for it meanwhile.
pub async fn keep(instance: Instance, mut stop: watch::Receiver<bool>) {
    let cluster = match config(&instance).and_then(|c| Ok(Cluster::new(c)?)) {
        Ok(cluster) => cluster,
        Err(e) => {
            tracing::error!(error = format!("{e:#}"), "PostgreSQL is not watched");
            return;
        }
    };
    let mut pause = WATCH;
    while tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await.is_err() {
        pause = WATCH;
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
        let new = NewToken { name: OPERATOR.into(), role: Role::Administrator, expires_at: None };
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

/// Who the operator's commands act as: whoever is root on the server's host.
const OPERATOR: &str = "command line on the server";

/// A new one-time link for an administrator: its address and its secret's end.
pub async fn setup_link(instance: &Instance) -> Result<(String, TimeMicros)> {
    let state = owner(instance).await?;
    let now = TimeMicros::now();
    let SetupLink { token, expires_at } =
        state.create_setup_link(instance.tenant()?, Role::Administrator, now).await?;
    let detail = json!({ "role": Role::Administrator.as_str(), "expires_at": expires_at.to_rfc3339() });
    remember(&state, instance, "setup_link.create", detail, now).await?;
    Ok((format!("{}/setup?token={token}", instance.console_url()), expires_at))
}

/// A new token with which sensors enrol.
pub async fn enrolment_token(instance: &Instance, hours: u32, uses: u32) -> Result<String> {
    let state = owner(instance).await?;
    let now = TimeMicros::now();
    let new = NewEnrolmentToken {
        created_by: OPERATOR.into(),
        expires_at: now.plus_micros(i64::from(hours) * 3_600_000_000),
        max_uses: i32::try_from(uses).context("too many uses")?,
    };
    let (token, text) = state.create_enrolment_token(instance.tenant()?, new, now).await?;
    let detail = json!({ "expires_in_hours": hours, "max_uses": uses, "token_id": token.id.to_string() });
    remember(&state, instance, "enrolment_token.create", detail, now).await?;
    Ok(text)
}

/// What the operator does beside the API is in the audit log too.
async fn remember(
    state: &State,
    instance: &Instance,
    kind: &str,
    detail: Value,
    now: TimeMicros,
) -> Result<()> {
    let entry = AuditEntry {
        actor: Actor::system(OPERATOR),
        kind: kind.into(),
        outcome: AuditOutcome::Success,
        target: String::new(),
        detail,
        address: String::new(),
    };
    Ok(state.audit(instance.tenant()?, &entry, now).await?)
}
