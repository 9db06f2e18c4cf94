//! Giving a device its certificate, and a new one in time.

use std::sync::Arc;

use axum::response::Response;
use http::{Request, StatusCode};
use palisade_state::{Actor, AuditEntry, AuditOutcome, CertificateStatus, DeviceFacts};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use palisade_wire::msg::{DeviceInfo, EnrolRequest, EnrolResponse, RenewRequest};
use prost::Message;
use serde_json::json;

use crate::app::{App, check_protocol};
use crate::identity::{Peer, Presented};
use crate::issue::{self, Issued};
use crate::rate::jittered;
use crate::refusal::{Code, Refusal, protobuf};

/// Largest body, bytes.
pub(crate) const MAX_BODY: usize = 64 << 10;
/// Longest token, bytes.
const MAX_TOKEN: usize = 512;

pub(super) async fn enrol(
    app: &Arc<App>,
    peer: &Peer,
    request: Request<axum::body::Body>,
) -> Result<Response, Refusal> {
    {
        let mut bucket = app.enrolments.lock();
        if let Some(wait) = bucket.wait(std::time::Instant::now()) {
            return Err(Refusal::new(Code::RateLimited, "too many enrolments at once").after(jittered(wait)));
        }
        bucket.take(1.0);
    }
    let (head, body) = request.into_parts();
    let body = app.enrolment_bodies.read(&head.headers, body, MAX_BODY, None).await?;
    let request = EnrolRequest::decode(body.bytes.clone())
        .map_err(|_| Refusal::new(Code::BatchMalformed, "the body is no enrolment request"))?;
    check_protocol(request.protocol)?;
    let csr = issue::Request::parse(&request.csr)?;
    if request.token.len() > MAX_TOKEN {
        return Err(Refusal::new(Code::EnrolmentTokenInvalid, "the enrolment token is not valid"));
    }
    let now = TimeMicros::now();
    let proved = proved_identity(app, peer, &request.previous_device_id).await;
    let mut enrolment =
        app.state.begin_enrolment(request.token.trim(), now).await.map_err(|e| Refusal::state(&e))?;
    let tenant = enrolment.tenant();
    let of = |e: &palisade_state::StateError| Refusal::state(e).of(tenant);
    let device = match proved {
        Some((t, device)) if t == tenant && enrolment.device_known(device).await.map_err(|e| of(&e))? => {
            device
        }
        _ => DeviceId::random(),
    };
    let again = proved.is_some_and(|(_, d)| d == device);
    let issued = app.ca.issue(&csr, tenant, device, now)?;
    let facts = facts_of(&request.device.unwrap_or_default());
    enrolment.finish(device, &facts, &issued.record, now).await.map_err(|e| of(&e))?;
    app.statuses.issued(tenant, device, &issued.record.serial);
    app.metrics.certificate(tenant, "enrol");
    tracing::info!(%tenant, %device, name = facts.name, again, "device enrolled");
    let entry = AuditEntry {
        actor: Actor::system("ingest"),
        kind: "device.enrol".into(),
        outcome: AuditOutcome::Success,
        target: device.to_string(),
        detail: json!({ "name": facts.name, "again": again, "serial": issued.record.serial }),
        address: peer.address.to_string(),
    };
    if let Err(e) = app.state.audit(tenant, &entry, now).await {
        app.metrics.background_failed("audit");
        tracing::warn!(error = %e, "an enrolment was not written to the audit log");
    }
    Ok(response(app, tenant, device, issued, now))
}

pub(super) async fn renew(
    app: &Arc<App>,
    peer: &Peer,
    request: Request<axum::body::Body>,
) -> Result<Response, Refusal> {
    let who = app.device_within(peer, app.limits.renewal_grace).await?;
    let (tenant, device) = (who.tenant, who.device);
    let place = app.admit(who)?;
    let (head, body) = request.into_parts();
    let body =
        app.bodies.read(&head.headers, body, MAX_BODY, Some(&place)).await.map_err(|r| r.of(tenant))?;
    let request = RenewRequest::decode(body.bytes.clone())
        .map_err(|_| Refusal::new(Code::BatchMalformed, "the body is no request for renewal").of(tenant))?;
    check_protocol(request.protocol).map_err(|r| r.of(tenant))?;
    let csr = issue::Request::parse(&request.csr).map_err(|r| r.of(tenant))?;
    csr.must_name(tenant, device)?;
    app.rates.renew(tenant, device).map_err(|wait| {
        Refusal::new(Code::RateLimited, "this device renews too often").after(wait).of(tenant)
    })?;
    let now = TimeMicros::now();
    let issued = app.ca.issue(&csr, tenant, device, now)?;
    let recorded = app.state.record_certificate(tenant, device, &issued.record, now).await;
    recorded.map_err(|e| Refusal::state(&e).of(tenant))?;
    app.statuses.issued(tenant, device, &issued.record.serial);
    app.metrics.certificate(tenant, "renew");
    app.seen.note(tenant, device, now, false);
    tracing::info!(%tenant, %device, "certificate renewed");
    Ok(response(app, tenant, device, issued, now))
}

/// The identity that a device claims to have had, if the certificate of this very connection proves
/// it. One whose time is over long since still proves who held it; a revoked one proves nothing.
async fn proved_identity(app: &App, peer: &Peer, claimed: &str) -> Option<(TenantId, DeviceId)> {
    let claimed: DeviceId = claimed.parse().ok()?;
    let Presented::Device(presented) = &*peer.presented else { return None };
    if presented.device != claimed {
        return None;
    }
    let status = app.statuses.of(presented, &app.state, &app.metrics).await.ok()?;
    matches!(status, CertificateStatus::Active | CertificateStatus::Offboarded)
        .then_some((presented.tenant, presented.device))
}

fn response(app: &App, tenant: TenantId, device: DeviceId, issued: Issued, now: TimeMicros) -> Response {
    let body = EnrolResponse {
        device_id: device.to_string(),
        tenant_id: tenant.to_string(),
        certificate: issued.der.into(),
        ca_certificate: app.ca.certificate.to_vec().into(),
        action_key: app.action_key.to_vec().into(),
        not_after_us: issued.record.not_after.0,
        server_time_us: now.0,
    };
    protobuf(StatusCode::OK, &body)
}

/// The state store bounds and cleans every text.
fn facts_of(d: &DeviceInfo) -> DeviceFacts {
    DeviceFacts {
        name: d.name.clone(),
        os_platform: d.os_platform.clone(),
        os_distribution: d.os_distribution.clone(),
        os_version: d.os_version.clone(),
        kernel: d.kernel.clone(),
        architecture: d.architecture.clone(),
        sensor_version: d.sensor_version.clone(),
        scope: String::new(),
        ip_addresses: d.ip_addresses.clone(),
        extra: json!({
            "vendor": d.vendor, "model": d.model, "hardware_uuid": d.hardware_uuid, "device_type": d.device_type,
            "os_version_info": d.os_version_info, "mac_addresses": d.mac_addresses, "memory_bytes": d.memory_bytes,
            "cpus": d.cpus, "boot_time_us": d.boot_time_us, "timezone": d.timezone,
            "cloud_platform": d.cloud_platform,
        }),
    }
}
