//! Makes exports by the clock: what is due, one at a time in each tenant, with the rights that its owner has at that
//! moment. Runs are in the database before and after; what a process left in the middle, the next one sees to.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use palisade_state::hunting_exports::{ExportOutcome, ExportRun, ScheduledExport};
use palisade_state::{AuditEntry, AuditOutcome, Principal, StateError};
use palisade_types::{TenantId, TimeMicros};
use serde_json::json;
use tokio::task::{Id, JoinSet};

use crate::error::ApiError;
use crate::exports::files::{self, Writing};
use crate::exports::{self, MAX_DEADLINE_MS, MAX_ROWS, Wanted};
use crate::gate::{HuntingRun, Named};
use crate::query::{ExportFormat, ExportPart};
use crate::state::Api;

/// Between two looks at what is due.
const PERIOD: Duration = Duration::from_secs(2);
/// How long a run waits for a slot of its tenant.
const PATIENCE: Duration = Duration::from_secs(120);
/// Most bytes of one file, and of all files of a tenant.
const MAX_FILE: u64 = 2 << 30;
const MAX_TENANT: u64 = 20 << 30;
/// Devices that have changed and are held against the groups' rules before a run of somebody who is limited.
const REGROUPED: u32 = 500;

/// Runs for good.
pub(crate) async fn run(api: Api) {
    if api.config.hunting_folders.is_empty() {
        return;
    }
    // Dropped, it ends what runs.
    let mut running = JoinSet::new();
    let mut busy: HashMap<Id, TenantId> = HashMap::new();
    let mut recovered = HashSet::new();
    loop {
        tokio::time::sleep(PERIOD).await;
        while let Some(ended) = running.try_join_next_with_id() {
            let id = match &ended {
                Ok((id, ())) => *id,
                Err(e) => {
                    tracing::error!(error = %e, "a run of an export ended without a word");
                    e.id()
                }
            };
            // What it left in the middle is seen to like that of an earlier process.
            if let (Some(tenant), Err(_)) = (busy.remove(&id), ended) {
                recovered.remove(&tenant);
            }
        }
        let tenants = match api.config.state.tenants().await {
            Ok(tenants) => tenants,
            Err(error) => {
                tracing::warn!(%error, "exports by the clock wait");
                continue;
            }
        };
        for tenant in tenants.iter().map(|t| t.id) {
            if busy.values().any(|t| *t == tenant) {
                continue;
            }
            match next(&api, tenant, &mut recovered).await {
                Ok(Some((export, run))) => {
                    let task = running.spawn(Box::pin(carry_out(api.clone(), tenant, export, run)));
                    busy.insert(task.id(), tenant);
                }
                Ok(None) => {}
                // Another region's database is away: its tenants wait, the others do not.
                Err(error) => tracing::debug!(%tenant, %error, "a tenant's exports wait"),
            }
        }
    }
}

/// What is to be run in a tenant, once what was left behind is seen to.
async fn next(
    api: &Api,
    tenant: TenantId,
    recovered: &mut HashSet<TenantId>,
) -> Result<Option<(ScheduledExport, ExportRun)>, StateError> {
    let now = TimeMicros::now();
    let Some(folder) = files::folder(api, tenant).await? else { return Ok(None) };
    if !recovered.contains(&tenant) {
        let known = api.config.state.recover_export_runs(tenant, now).await?;
        let uploads = api.config.state.uploads(tenant).await?;
        let uploads: HashSet<String> = uploads.into_iter().map(|u| u.id.to_string()).collect();
        let of_uploads = files::uploads(api, tenant).await?.unwrap_or_default();
        let sweep = move || {
            files::sweep(&folder, &known)?;
            files::sweep_uploads(&of_uploads, &uploads)
        };
        let swept = tokio::task::spawn_blocking(sweep).await;
        if let Ok(Err(error)) | Err(error) = swept.map_err(std::io::Error::other) {
            tracing::warn!(%tenant, %error, "what exports and uploads left behind cannot be removed");
        }
        recovered.insert(tenant);
    }
    api.config.state.claim_export_run(tenant, now).await
}

/// One run to its end.
async fn carry_out(api: Api, tenant: TenantId, export: ScheduledExport, run: ExportRun) {
    let whose = api.config.state.export_principal(tenant, &export.owner, run.id).await;
    let outcome = match &whose {
        Ok(whose) => made(&api, whose, &export, &run).await,
        Err(StateError::NotFound(_)) => {
            failed("export_owner_gone", "whose export it is has no account any more, or it is disabled")
        }
        Err(error) => failed(error.code(), "the server's database could not be asked"),
    };
    if !outcome.code.is_empty() {
        tracing::info!(%tenant, export = %export.id, code = outcome.code, "an export by the clock failed");
    }
    let now = TimeMicros::now();
    if let Ok(whose) = whose {
        remember(&api, &whose, &export, &outcome, now).await;
    }
    let ended = api.config.state.export_run_ended(tenant, &run, &outcome, now).await;
    let folder = files::folder(&api, tenant).await;
    match (ended, folder) {
        (Ok(forgotten), Ok(Some(folder))) => files::remove(&folder, &forgotten).await,
        // Deleted meanwhile.
        (Err(StateError::NotFound(_)), Ok(Some(folder))) => files::remove_all(&folder, export.id).await,
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, export = %export.id, "how an export ended could not be written");
        }
        _ => {}
    }
}

/// The entry in the audit log: rows were read with somebody's rights.
async fn remember(
    api: &Api,
    whose: &Principal,
    export: &ScheduledExport,
    outcome: &ExportOutcome,
    now: TimeMicros,
) {
    let good = outcome.code.is_empty();
    let query: String = export.what.query.chars().take(2_000).collect();
    let mut detail = json!({
        "query": query, "format": export.what.format, "scheduled": true, "rows": outcome.rows, "bytes": outcome.bytes,
    });
    if !good {
        detail["code"] = outcome.code.as_str().into();
    }
    let entry = AuditEntry {
        actor: whose.actor(),
        kind: "hunting.export".to_owned(),
        outcome: if good { AuditOutcome::Success } else { AuditOutcome::Failure },
        target: export.id.to_string(),
        detail,
        address: String::new(),
    };
    if let Err(error) = api.config.state.audit(whose.tenant, &entry, now).await {
        api.config.metrics.audit_lost();
        tracing::error!(%error, tenant = %whose.tenant, "an audit entry could not be written");
    }
}

fn failed(code: &str, message: &str) -> ExportOutcome {
    ExportOutcome { code: code.to_owned(), message: message.to_owned(), ..ExportOutcome::default() }
}

fn refused(error: &ApiError) -> ExportOutcome {
    failed(&error.code, &error.message)
}

/// A file that cannot be written: logged here, told without where it lies.
fn unwritable(error: &std::io::Error) -> ExportOutcome {
    tracing::error!(%error, "the file of an export cannot be written");
    failed("export_unwritable", "the file could not be written; the server's log says why")
}

async fn made(api: &Api, whose: &Principal, export: &ScheduledExport, run: &ExportRun) -> ExportOutcome {
    match attempt(api, whose, export, run).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

async fn attempt(
    api: &Api,
    whose: &Principal,
    export: &ScheduledExport,
    run: &ExportRun,
) -> Result<ExportOutcome, ExportOutcome> {
    let of_store = |e: StateError| refused(&e.into());
    if !Named::of::<HuntingRun>().held_by(whose) {
        return Err(failed("forbidden", "whose export it is may not run queries any more"));
    }
    let store = &api.config.state;
    if store.export_bytes(whose.tenant).await.map_err(of_store)? >= MAX_TENANT {
        let message = format!("exports have {} GiB already; keep fewer files", MAX_TENANT >> 30);
        return Err(failed("export_storage_full", &message));
    }
    if whose.devices.is_limited() {
        store.regroup_changed(whose.tenant, REGROUPED, TimeMicros::now()).await.map_err(of_store)?;
    }
    let folder = files::folder(api, whose.tenant).await.map_err(of_store)?;
    let folder =
        folder.ok_or_else(|| failed("export_unwritable", "the tenant's region has no folder for exports"))?;
    let format = ExportFormat::named(&run.format)
        .ok_or_else(|| failed("internal", "the run is of an unknown format"))?;
    let wanted = Wanted {
        query: export.what.query.clone(),
        format,
        max_rows: MAX_ROWS,
        deadline: Duration::from_millis(MAX_DEADLINE_MS),
        query_id: run.id.to_string(),
        patience: PATIENCE,
    };
    let growing = exports::begin(api, whose, &whose.devices, wanted).await;
    let mut growing = growing.map_err(|e| refused(&e))?;
    let mut writing = Writing::begin(files::of_run(&folder, run)).await.map_err(|e| unwritable(&e))?;
    let outcome = loop {
        match growing.part().await {
            Ok(ExportPart::Bytes(bytes)) => {
                if writing.bytes + bytes.len() as u64 > MAX_FILE {
                    let message = format!("the file has more than {} GiB", MAX_FILE >> 30);
                    break Err(failed("export_too_large", &message));
                }
                if let Err(e) = writing.write(&bytes).await {
                    break Err(unwritable(&e));
                }
            }
            Ok(ExportPart::End { stats, truncated }) => {
                break Ok(ExportOutcome { rows: stats.rows_returned, truncated, ..ExportOutcome::default() });
            }
            // By way of the answer that it would be, which tells nothing of the server.
            Err(failure) => break Err(refused(&failure.into())),
        }
    };
    drop(growing);
    match outcome {
        Ok(outcome) => {
            let bytes = writing.bytes;
            let sha256 = writing.finish().await.map_err(|e| unwritable(&e))?;
            Ok(ExportOutcome { bytes, sha256, ..outcome })
        }
        Err(outcome) => {
            writing.discard().await;
            Err(outcome)
        }
    }
}
