//! Carries remediations out: reads what devices answered and what their inventories show, and gives the next orders.
//!
//! What comes next is decided by [`palisade_vuln::remediation`]; what an answer means, by [`advance`]. Everything is
//! in the database before and after each step. An order that was given and not noted is given again, which does no
//! harm: a device that has the version already says so.

mod advance;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use palisade_state::DeviceScope;
use palisade_state::remediations::{Driven, OpenRemediation, Outcome, RemediationState};
use palisade_types::{TenantId, TimeMicros};
use serde_json::json;
use uuid::Uuid;

use crate::ordering::{self, Wanted};
use crate::remediation_events as events;
use crate::routes::Run;
use crate::state::Api;
use advance::{Advanced, Phase};

/// Between two looks at what is running.
const PERIOD: Duration = Duration::from_secs(3);
/// Between two looks at what nobody carries out: only inventories move it.
const AT_REST: Duration = Duration::from_secs(30);
/// So long before its term a remediation is due soon, microseconds.
const DUE_SOON: i64 = 3 * 86_400 * 1_000_000;
/// A dry run that is not fetched by then is asked for again later, seconds.
const CHECK_LIFE: i64 = 10 * 60;
/// The same for an update; once it is fetched it may take longer, seconds.
const APPLY_LIFE: i64 = 30 * 60;
/// How long a device may work on an update, seconds.
const APPLY_TIMEOUT: u32 = 30 * 60;

/// Runs for good.
pub(crate) async fn run(api: Api) {
    let mut seen = Seen::default();
    loop {
        tokio::time::sleep(PERIOD).await;
        if let Err(e) = Box::pin(round(&api, &mut seen)).await {
            // The next round tries again.
            tracing::warn!(error = %e, "remediations were not carried forward");
        }
    }
}

/// What this process has seen to already.
#[derive(Default)]
struct Seen {
    /// As what each was looked at, and before when not again as the same.
    next: HashMap<Uuid, (RemediationState, Instant)>,
    /// Of which it was told that they are due (`false`) or overdue, and when they were.
    due: HashSet<(Uuid, TimeMicros, bool)>,
}

async fn round(api: &Api, seen: &mut Seen) -> palisade_state::Result<()> {
    let mut there = Seen::default();
    for tenant in api.config.state.tenants().await? {
        for open in api.config.state.open_remediations(tenant.id).await? {
            let (id, now) = (open.id, TimeMicros::now());
            if let Some(told) = due(&open, now) {
                if !seen.due.contains(&told) {
                    events::due(api, tenant.id, id, told.1, told.2).await;
                }
                there.due.insert(told);
            }
            let began = Instant::now();
            let rests = |next: &&(RemediationState, Instant)| next.0 == open.state && next.1 > began;
            if let Some(next) = seen.next.get(&id).filter(rests) {
                there.next.insert(id, *next);
                continue;
            }
            // One that cannot be carried forward does not hold up the others.
            if let Err(e) = Box::pin(forward(api, tenant.id, id, now)).await {
                tracing::warn!(error = %e, remediation = %id, "a remediation was not carried forward");
            }
            // A large one is looked at less often, so that it takes a small part of the time.
            let rest = if open.state == RemediationState::Requested { AT_REST } else { Duration::ZERO };
            there.next.insert(id, (open.state, Instant::now() + rest.max(began.elapsed() * 10)));
        }
    }
    *seen = there;
    Ok(())
}

/// What is to be told of its term. It is told once; a process that starts anew may say it again, which the
/// timeline takes for the same.
fn due(open: &OpenRemediation, now: TimeMicros) -> Option<(Uuid, TimeMicros, bool)> {
    let at = open.due_at.filter(|at| at.0 - now.0 < DUE_SOON)?;
    Some((open.id, at, at <= now))
}

async fn forward(api: &Api, tenant: TenantId, id: Uuid, now: TimeMicros) -> palisade_state::Result<()> {
    let Some(driven) = api.config.state.lease_remediation(tenant, id, now).await? else { return Ok(()) };
    let Advanced { mut standing, concluded, orders } = advance::advance(&driven, now);
    let store = &api.config.state;
    for (phase, mut outcome) in orders {
        match give(api, tenant, &driven, phase, &outcome).await {
            Ok(order) => {
                outcome.order = Some(order);
                store.note_remediation_order(tenant, id, &outcome).await?;
            }
            // It left service in this moment; the next round sees that.
            Err(palisade_state::StateError::NotFound(_)) => {}
            Err(e) => {
                tracing::warn!(error = %e, remediation = %id, "an order could not be given");
                standing.reason_code = "order_not_given".into();
                standing.reason = "an order could not be given; it is tried again".into();
                break;
            }
        }
    }
    store.write_remediation(tenant, (id, driven.state), &standing, &concluded, now).await?;
    if standing.state != driven.state {
        events::changed(api, tenant, id, driven.state.as_str(), "").await;
    }
    Ok(())
}

async fn give(
    api: &Api,
    tenant: TenantId,
    driven: &Driven,
    phase: Phase,
    outcome: &Outcome,
) -> palisade_state::Result<palisade_types::OrderId> {
    let named = driven.run.as_ref().and_then(Run::read).map(|run| run.named).unwrap_or_default();
    let arguments = json!({
        "remediation": driven.id,
        "phase": phase.as_str(),
        "software": { "ecosystem": driven.ecosystem, "source": driven.product, "fixed": driven.target },
        "named": named,
        "rollback_to": outcome.versions.clone().unwrap_or_else(|| json!([])),
        "timeout_seconds": APPLY_TIMEOUT,
    });
    let wanted = Wanted {
        device: outcome.device,
        kind: "remediate",
        arguments: arguments.to_string(),
        reason: format!("remediation {}: {}", driven.id, phase.as_str()),
        requested_by: driven.approved_by.clone(),
        requested_by_id: None,
        life_seconds: if phase == Phase::DryRun { CHECK_LIFE } else { APPLY_LIFE },
    };
    Ok(ordering::give(api, tenant, &DeviceScope::all(), wanted).await?.id)
}
