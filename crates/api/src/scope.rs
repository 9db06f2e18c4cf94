//! One request's scope, and the layer that turns it into an audit entry.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Request;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use palisade_state::{Actor, AuditEntry, AuditOutcome, Principal};
use palisade_types::{TenantId, TimeMicros};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use tracing::Instrument;

use crate::error::{ApiError, FailureCode};
use crate::gate::AuditKind;
use crate::state::Api;

/// Longest text that a caller's input gives to one field of an entry, characters.
const MAX_TEXT: usize = 2_000;

/// One request's scope; clones share it.
#[derive(Clone)]
pub(crate) struct Scope(Arc<Inner>);

struct Inner {
    api: Api,
    request_id: String,
    client: Option<IpAddr>,
    draft: Mutex<Draft>,
    /// Whether the caller is limited to some devices, and the handler has not taken them yet.
    devices_owed: AtomicBool,
    /// Whether the answer's body writes the entry.
    outlives: AtomicBool,
}

#[derive(Default)]
struct Draft {
    kind: Option<&'static str>,
    tenant: Option<TenantId>,
    actor: Option<Actor>,
    target: String,
    detail: Map<String, Value>,
}

impl Scope {
    pub(crate) fn new(api: Api, request_id: String, client: Option<IpAddr>) -> Self {
        let draft = Mutex::default();
        let (devices_owed, outlives) = (AtomicBool::new(false), AtomicBool::new(false));
        Self(Arc::new(Inner { api, request_id, client, draft, devices_owed, outlives }))
    }

    /// The scope that the edge put into the request.
    pub(crate) fn of(parts: &Parts) -> Result<Self, ApiError> {
        let scope = parts.extensions.get::<Self>().cloned();
        scope.ok_or_else(|| ApiError::internal("scope", &"a route is served without its edge"))
    }

    /// The client's address, where it is known.
    pub(crate) fn client(&self) -> Option<IpAddr> {
        self.0.client
    }

    /// The client's address as text; empty where it is not known.
    pub(crate) fn address(&self) -> String {
        self.0.client.map(|a| a.to_canonical().to_string()).unwrap_or_default()
    }

    /// From now on the answer is good only if the handler takes the caller's devices.
    pub(crate) fn devices_owed(&self) {
        self.0.devices_owed.store(true, Ordering::Relaxed);
    }

    /// The handler has taken the caller's devices.
    pub(crate) fn devices_taken(&self) {
        self.0.devices_owed.store(false, Ordering::Relaxed);
    }

    /// From now on the call ends with the body of its answer: whoever makes that says how, or leaves it to the
    /// entry to say that the client left. For kinds that are not [`AuditKind::CARRIED`].
    pub(crate) fn outlive(&self) -> Left {
        self.0.outlives.store(true, Ordering::Relaxed);
        Left(Some(self.clone()))
    }

    pub(crate) fn declare(&self, kind: Option<&'static str>) {
        self.0.draft.lock().kind = kind;
    }

    pub(crate) fn principal(&self, principal: &Principal) {
        let mut draft = self.0.draft.lock();
        draft.tenant = Some(principal.tenant);
        draft.actor = Some(principal.actor());
    }

    /// Somebody who is not known, by the name that they gave.
    pub(crate) fn anonymous(&self, tenant: TenantId, name: &str) {
        let mut draft = self.0.draft.lock();
        draft.tenant = Some(tenant);
        draft.actor = Some(Actor { kind: "anonymous", id: None, name: bounded(name) });
    }

    /// What the call is about.
    pub(crate) fn target(&self, target: impl std::fmt::Display) {
        self.0.draft.lock().target = bounded(&target.to_string());
    }

    /// One more thing that the entry says; long texts are cut.
    pub(crate) fn detail(&self, key: &str, value: impl Into<Value>) {
        let value = match value.into() {
            Value::String(text) => Value::String(bounded(&text)),
            other => other,
        };
        self.0.draft.lock().detail.insert(key.to_owned(), value);
    }

    async fn write(&self, failure: Option<&str>) {
        let entry = {
            let draft = self.0.draft.lock();
            let (Some(kind), Some(tenant), Some(actor)) = (draft.kind, draft.tenant, draft.actor.clone())
            else {
                return;
            };
            let mut detail = draft.detail.clone();
            detail.insert("request_id".to_owned(), self.0.request_id.clone().into());
            if let Some(code) = failure {
                detail.insert("code".to_owned(), code.into());
            }
            let outcome = if failure.is_some() { AuditOutcome::Failure } else { AuditOutcome::Success };
            let target = draft.target.clone();
            let address = self.address();
            (
                tenant,
                AuditEntry {
                    actor,
                    kind: kind.to_owned(),
                    outcome,
                    target,
                    detail: Value::Object(detail),
                    address,
                },
            )
        };
        let (tenant, entry) = entry;
        if let Err(error) = self.0.api.config.state.audit(tenant, &entry, TimeMicros::now()).await {
            self.0.api.config.metrics.audit_lost();
            // Without what was said in it: that is the tenant's, and this log is of all regions.
            let request = &self.0.request_id;
            tracing::error!(%error, %tenant, entry.kind, request, "an audit entry could not be written");
        }
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// The layer around every endpoint: when the call is over, however it ends, its entry is written.
pub(crate) async fn audited<A: AuditKind>(request: Request, next: Next) -> Response {
    let Some(scope) = request.extensions().get::<Scope>().cloned().filter(|_| A::KIND.is_some()) else {
        return next.run(request).await;
    };
    if !A::CARRIED {
        let mut left = Left(Some(scope));
        let response = next.run(request).await;
        if left.0.as_ref().is_some_and(|scope| scope.0.outlives.load(Ordering::Relaxed)) {
            left.0 = None;
        }
        left.end(failure_of(&response).as_deref()).await;
        return response;
    }
    let call = async move {
        let response = next.run(request).await;
        let failure = failure_of(&response);
        scope.write(failure.as_deref()).await;
        response
    };
    match tokio::spawn(call.in_current_span()).await {
        Ok(response) => response,
        Err(error) => ApiError::internal("call", &error).into_response(),
    }
}

/// The layer inside: an answer to somebody who is limited to device groups, from a handler that did
/// not ask for their devices, is thrown away.
pub(crate) async fn limited(request: Request, next: Next) -> Response {
    let scope = request.extensions().get::<Scope>().cloned();
    let response = next.run(request).await;
    let forgotten = scope.is_some_and(|s| s.0.devices_owed.load(Ordering::Relaxed));
    if forgotten && response.status().is_success() {
        let cause = "a handler answered somebody who is limited without asking for their devices";
        return ApiError::internal("device scope", &cause).into_response();
    }
    response
}

fn failure_of(response: &Response) -> Option<String> {
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let code = || {
        response
            .extensions()
            .get::<FailureCode>()
            .map_or_else(|| response.status().as_str().to_owned(), |c| c.0.clone())
    };
    failed.then(code)
}

/// Writes the entry of a call, also where its client left in the middle.
pub(crate) struct Left(Option<Scope>);

impl Left {
    /// Writes the entry: how the call ended, with the code of what went wrong.
    pub(crate) async fn end(mut self, failure: Option<&str>) {
        if let Some(scope) = self.0.take() {
            scope.write(failure).await;
        }
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(scope) = self.0.take() {
            tokio::spawn(async move { scope.write(Some("client_left")).await });
        }
    }
}
