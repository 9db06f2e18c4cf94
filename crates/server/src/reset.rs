//! `palisade tenant reset`: takes a tenant out of its region, proves that nothing is left, and makes it
//! anew under the same name with a new id.
//!
//! The region and the api are held still meanwhile: what a role remembers or writes late must not
//! bring anything back. A reset that was interrupted is repeated as a whole.

mod files;
mod prove;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use palisade_log::EraseReport;
use palisade_state::{CONTROL_DATABASE, InstanceDeed, REGION_DATABASE, State, Tenant, Wiped};
use palisade_types::TimeMicros;
use serde_json::json;

use crate::database::{self, OPERATOR};
use crate::hold::{self, Lease, Part};
use crate::instance::Instance;
use crate::{admin, supervisor};

pub use prove::Proof;

/// How long the region may take to be ready again.
const READY: Duration = Duration::from_secs(120);

/// What a reset did.
pub struct Report {
    /// The tenant as it is now: empty.
    pub tenant: Tenant,
    /// Rows that were deleted.
    pub wiped: Wiped,
    /// What became of the log.
    pub log: EraseReport,
    /// Marks of known batches that were forgotten.
    pub batches: u64,
    /// What else was removed, by its path below the instance's folder.
    pub removed: Vec<String>,
    /// What was looked at afterwards.
    pub proof: Proof,
    /// Whether this machine's own sensor was the tenant's.
    pub own_sensor: bool,
}

/// Resets the tenant of that name. This machine's own sensor, where it was the tenant's, stays still
/// until the lease is dropped: it has to enrol anew first.
pub async fn reset(instance: &mut Instance, name: &str) -> Result<(Report, Option<Lease>)> {
    ensure!(supervisor::running(instance).is_some(), "the instance does not run: `palisade up` starts it");
    let state = database::owner(instance).await?;
    let found = state.tenant_by_name(Some(name)).await?;
    let old =
        found.with_context(|| format!("there is no tenant {name}: `palisade tenant list` lists them"))?;
    let region = instance.in_region(&old.region)?;
    let first = instance.record.tenant == Some(old.id);
    tell(&state, "tenant.reset.begin", &old, json!({ "region": old.region })).await?;
    // This machine's own sensor belongs to the tenant that nobody has to name.
    let sensor = if first { Some(hold::take(instance, &Part::Sensor).await?) } else { None };
    let held = hold::take(instance, &Part::Region(old.region.clone())).await?;
    let own_sensor = first && instance.record.own_sensor;
    let report = Report { own_sensor, ..wipe(instance, &region, &state, &old, first).await? };
    tell(&state, "tenant.reset.proof", &report.tenant, report.proof.summary()).await?;
    state.close().await;
    drop(held);
    Ok((report, sensor))
}

/// Everything between hold and release.
async fn wipe(
    instance: &mut Instance,
    region: &Instance,
    state: &State,
    old: &Tenant,
    first: bool,
) -> Result<Report> {
    let cluster = database::cluster(region)?;
    let wiped = palisade_state::wipe_rows(&cluster.superuser(REGION_DATABASE), old.id).await?;
    let log = palisade_log::erase(&region.log_dir(), |meta| meta.tenant == old.id)
        .context("taking the tenant's records out of the log")?;
    let batches = palisade_ingest::forget_tenant(&region.ingest_dir(), old.id)
        .context("forgetting which batches were known")?;
    let needles = prove::needles(old.id, &wiped.devices);
    let mut removed = files::remove_tenant(region, old.id)?;
    if first {
        removed.extend(files::remove_own_sensor(instance)?);
    }
    let tenant = state.renew_tenant(old.id, OPERATOR, &wiped, TimeMicros::now()).await?;
    if first {
        database::adopt(instance, state, tenant.id).await?;
    }
    // PostgreSQL keeps bytes of deleted rows in pages, statistics, log, and notifications until a start.
    palisade_state::scrub(&cluster.superuser(REGION_DATABASE)).await?;
    let control = database::cluster(&instance.in_region(&instance.record.region)?)?;
    palisade_state::scrub(&control.superuser(CONTROL_DATABASE)).await?;
    database::stop_region(region).await.context("stopping the region's PostgreSQL")?;
    removed.extend(files::strike_from_logs(instance, &needles)?);
    cluster.start().await.context("starting the region's PostgreSQL")?;
    let proof = prove::prove(instance, &needles).await?;
    Ok(Report { tenant, wiped, log, batches, removed, proof, own_sensor: false })
}

async fn tell(state: &State, kind: &str, tenant: &Tenant, detail: serde_json::Value) -> Result<()> {
    let deed = InstanceDeed {
        at: TimeMicros::now(),
        actor: OPERATOR.to_owned(),
        kind: kind.to_owned(),
        target: tenant.name.clone(),
        detail,
    };
    state.record_deed(&deed).await.context("writing down what is done")
}

/// Waits until the tenant's region works again.
pub async fn resumed(instance: &Instance, tenant: &Tenant) -> Result<()> {
    let region = &instance.in_region(&tenant.region)?;
    let until = Instant::now() + READY;
    let mut roles = admin::roles(std::slice::from_ref(region));
    roles.push(("api".to_owned(), instance.admin_socket("api")));
    for (role, socket) in roles {
        loop {
            match admin::ask(&socket, "/readyz").await {
                Ok((200, _)) => break,
                _ if Instant::now() > until => {
                    bail!("{role} is not ready again; see {}", instance.logs_dir().display())
                }
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
    Ok(())
}
