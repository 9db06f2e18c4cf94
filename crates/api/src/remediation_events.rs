//! What is told of remediations: on the timeline, to whom rules name, and as tickets.

use palisade_estate::notify::EventKind;
use palisade_state::DeviceScope;
use palisade_state::notifications::{RemediationNotice, TicketRequest};
use palisade_state::remediations::Remediation;
use palisade_types::{TenantId, TimeMicros};
use serde_json::json;
use uuid::Uuid;

use crate::state::Api;

/// What tickets and deliveries call a remediation.
pub(crate) fn subject(id: &str) -> String {
    format!("remediation:{id}")
}

/// Tells that a remediation is in another state. What cannot be told is logged and changes nothing else.
pub(crate) async fn changed(api: &Api, tenant: TenantId, id: Uuid, before: &str, by: &str) {
    let now = TimeMicros::now();
    let Some(r) = read(api, tenant, id).await else { return };
    if r.state.as_str() == before {
        return;
    }
    let detail = json!({
        "state": r.state.as_str(), "before": before, "by": by, "reason_code": r.reason_code, "reason": r.reason,
        "devices": r.devices, "devices_fixed": r.fixed,
    });
    let title = format!("{}: {}", r.title, r.state);
    // The same state may come again later; that is another event.
    let key = format!("{} {}", r.state, now.0);
    tell(api, tenant, &r, (EventKind::RemediationChanged, key, title), detail).await;
}

/// Tells that a remediation is due soon, or should have been over.
pub(crate) async fn due(api: &Api, tenant: TenantId, id: Uuid, at: TimeMicros, overdue: bool) {
    let Some(r) = read(api, tenant, id).await else { return };
    let (kind, words) = if overdue {
        (EventKind::RemediationOverdue, "is overdue")
    } else {
        (EventKind::RemediationDue, "is due soon")
    };
    let detail = json!({ "owner": r.owner, "due_at": at.to_rfc3339(), "devices": r.devices, "devices_fixed": r.fixed });
    let title = format!("{} {words}", r.title);
    tell(api, tenant, &r, (kind, at.0.to_string(), title), detail).await;
}

/// Opens a ticket wherever the tenant's webhooks do that.
pub(crate) async fn ticket(api: &Api, tenant: TenantId, r: &Remediation) {
    let text = format!(
        "{}\n\nDevices: {}\nOwner: {}\nPriority: {}\n\n{}",
        r.title, r.devices, r.owner, r.priority, r.note
    );
    let request = TicketRequest {
        subject: subject(&r.id.to_string()),
        title: r.title.clone(),
        text,
        severity: r.severity.clone(),
        priority: r.priority.clone(),
        due_at: r.due_at,
        devices: r.devices,
        link: format!("/remediations/{}", r.id),
        detail: json!({ "recommendation_id": r.recommendation, "product": r.product, "target": r.target }),
    };
    if let Err(e) = api.config.state.queue_ticket(tenant, &request, TimeMicros::now()).await {
        tracing::warn!(error = %e, remediation = %r.id, "a ticket was not asked for");
    }
}

async fn read(api: &Api, tenant: TenantId, id: Uuid) -> Option<Remediation> {
    let found = api.config.state.remediation(tenant, &DeviceScope::all(), id).await;
    found.inspect_err(|e| tracing::warn!(error = %e, remediation = %id, "a remediation is not told of")).ok()
}

async fn tell(
    api: &Api,
    tenant: TenantId,
    r: &Remediation,
    (kind, key, title): (EventKind, String, String),
    detail: serde_json::Value,
) {
    let store = &api.config.state;
    let told = async {
        let notice = RemediationNotice {
            remediation: r.id,
            kind,
            key,
            title,
            severity: r.severity.clone(),
            exploited: false,
            devices: store.remediation_device_ids(tenant, r.id).await?,
            detail,
        };
        store.remediation_event(tenant, &notice, TimeMicros::now()).await
    };
    if let Err(e) = Box::pin(told).await {
        tracing::warn!(error = %e, remediation = %r.id, "a remediation is not told of");
    }
}
