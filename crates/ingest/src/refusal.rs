//! Saying no: a stable code, a status, and when to come again.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use palisade_state::StateError;
use palisade_types::TenantId;
use palisade_wire::{CONTENT_TYPE, PROTOCOLS, msg};
use prost::Message;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:ident;)*) => {
        /// Why something was refused. The text is stable and goes over the wire.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
        }
    };
}

codes! {
    /// The route needs a client certificate.
    CertificateRequired = "certificate_required", UNAUTHORIZED;
    /// The certificate is not this CA's, or was not issued to this device.
    CertificateUnknown = "certificate_unknown", UNAUTHORIZED;
    /// Its time is over; within the grace `/v1/renew` takes it.
    CertificateExpired = "certificate_expired", UNAUTHORIZED;
    /// It was revoked, or its device was taken out of service.
    CertificateRevoked = "certificate_revoked", FORBIDDEN;
    /// It names a tenant that is not here, or the request names another one.
    TenantMismatch = "tenant_mismatch", FORBIDDEN;
    /// Certificate or request name different devices.
    DeviceMismatch = "device_mismatch", FORBIDDEN;
    /// The server does not speak this version; the answer holds the range.
    ProtocolUnsupported = "protocol_unsupported", UPGRADE_REQUIRED;
    /// The enrolment token is unknown.
    EnrolmentTokenInvalid = "enrolment_token_invalid", FORBIDDEN;
    /// The enrolment token has expired.
    EnrolmentTokenExpired = "enrolment_token_expired", FORBIDDEN;
    /// The enrolment token is used up.
    EnrolmentTokenExhausted = "enrolment_token_exhausted", FORBIDDEN;
    /// The task's token is unknown, or its task is over.
    TaskTokenInvalid = "task_token_invalid", FORBIDDEN;
    /// The request for a certificate cannot be granted.
    CsrInvalid = "csr_invalid", BAD_REQUEST;
    /// The body or the number of batches is over the limit.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE;
    /// The body did not arrive in time or ended early.
    BodyIncomplete = "body_incomplete", REQUEST_TIMEOUT;
    /// Not what the protocol says.
    BatchMalformed = "batch_malformed", BAD_REQUEST;
    /// A batch is over the limit.
    BatchTooLarge = "batch_too_large", PAYLOAD_TOO_LARGE;
    /// More came out of decompression than was announced.
    DecompressionLimit = "decompression_limit", PAYLOAD_TOO_LARGE;
    /// A payload does not have its digest.
    DigestMismatch = "digest_mismatch", BAD_REQUEST;
    /// Something before it is missing.
    SequenceGap = "sequence_gap", CONFLICT;
    /// The sequence is known with another content.
    NewEpochRequired = "new_epoch_required", CONFLICT;
    /// A time lies outside the years 1970 to 2200.
    TimeUnrepresentable = "time_unrepresentable", BAD_REQUEST;
    /// Too much at once; come again later.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS;
    /// The log takes nothing now.
    LogUnavailable = "log_unavailable", SERVICE_UNAVAILABLE;
    /// The database cannot be asked now.
    StateUnavailable = "state_unavailable", SERVICE_UNAVAILABLE;
    /// No such route.
    NotFound = "not_found", NOT_FOUND;
    /// A defect of the server.
    Internal = "internal", INTERNAL_SERVER_ERROR;
}

impl Code {
    /// The code with that text.
    pub(crate) fn of(text: &str) -> Self {
        Self::ALL.iter().copied().find(|c| c.as_str() == text).unwrap_or(Self::Internal)
    }
}

/// A refusal on its way to the sensor.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub code: Code,
    pub message: String,
    pub retry_after: Option<Duration>,
    /// Whose request it was, where that is known: for counting.
    pub tenant: Option<TenantId>,
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None, tenant: None }
    }

    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub fn of(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// What a sensor is told of a failure of the state store; details stay in our log.
    pub fn state(e: &StateError) -> Self {
        match e {
            StateError::EnrolmentTokenInvalid => Self::new(Code::EnrolmentTokenInvalid, e.to_string()),
            StateError::EnrolmentTokenExpired => Self::new(Code::EnrolmentTokenExpired, e.to_string()),
            StateError::EnrolmentTokenExhausted => Self::new(Code::EnrolmentTokenExhausted, e.to_string()),
            StateError::TaskTokenInvalid => Self::new(Code::TaskTokenInvalid, e.to_string()),
            StateError::WrongRegion => Self::new(Code::TenantMismatch, e.to_string()),
            StateError::Unavailable(_) | StateError::Conflict(_) => {
                tracing::warn!(error = %e, "state store is unavailable");
                Self::new(Code::StateUnavailable, "the server cannot ask its database now")
                    .after(Duration::from_secs(5))
            }
            _ => {
                tracing::error!(error = %e, code = e.code(), "state store failed");
                Self::new(Code::Internal, "the server failed").after(Duration::from_secs(30))
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let ms = |d: Duration| u32::try_from(d.as_millis()).unwrap_or(u32::MAX);
        let unsupported = self.code == Code::ProtocolUnsupported;
        let body = msg::Error {
            code: self.code.as_str().into(),
            message: self.message,
            retry_after_ms: self.retry_after.map_or(0, ms),
            protocol_min: if unsupported { PROTOCOLS.0 } else { 0 },
            protocol_max: if unsupported { PROTOCOLS.1 } else { 0 },
        };
        let mut response = protobuf(self.code.status(), &body);
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A protobuf answer.
pub(crate) fn protobuf(status: StatusCode, message: &impl Message) -> Response {
    let head = [(header::CONTENT_TYPE, CONTENT_TYPE)];
    (status, head, message.encode_to_vec()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_snake_case_and_found_by_their_text() {
        for c in Code::ALL {
            assert!(c.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert_eq!(Code::of(c.as_str()), *c);
        }
        for text in ["batch_too_large", "decompression_limit", "digest_mismatch", "batch_malformed"] {
            assert_eq!(Code::of(text).as_str(), text, "what the wire crate says has a code here");
        }
    }
}
