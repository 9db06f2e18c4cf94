//! What a caller is told when something fails: a status, a stable code, a sentence.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use palisade_state::StateError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::query::QueryFailure;

/// An error as it is answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// Stable snake_case code.
    pub code: String,
    /// One sentence for people; its words may change.
    pub message: String,
    /// More, by code: for a query the line, column, length and suggestion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

/// The code of a failed answer, for the audit log and the metrics.
#[derive(Clone, Debug)]
pub(crate) struct FailureCode(pub String);

/// What a failed answer told, for doors that tell it in another form.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// One sentence for people.
    pub message: String,
    /// Line in a query's text, from 1; 0 where the failure has no place in it.
    pub line: u64,
    /// Column in it, from 1.
    pub column: u64,
}

/// A failure on its way out. Whatever is not the caller's to know was logged when it was made.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub status: StatusCode,
    pub code: String,
    pub message: String,
    // Boxed, so that every result of the crate stays small.
    pub details: Option<Box<Value>>,
    pub retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), details: None, retry_after: None }
    }

    pub(crate) fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::bad("invalid_argument", message)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not_signed_in", "sign in, or send an API token")
    }

    /// A fault of ours: logged here in full, answered without a word of it.
    pub(crate) fn internal(what: &str, cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, what, "request failed by a fault of the server");
        Self::plain_internal()
    }

    pub(crate) fn plain_internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server failed; its log says why")
    }

    pub(crate) fn busy(code: &str, message: &str, after: Duration) -> Self {
        Self { retry_after: Some(after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, message) }
    }

    #[must_use]
    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let place = |key| self.details.as_ref().and_then(|d| d.get(key)).and_then(Value::as_u64);
        let told = Told {
            message: self.message.clone(),
            line: place("line").unwrap_or_default(),
            column: place("column").unwrap_or_default(),
        };
        let body = ErrorBody {
            error: ErrorDetail {
                code: self.code.clone(),
                message: self.message,
                details: self.details.map(|d| *d),
            },
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs().max(1);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(FailureCode(self.code));
        response.extensions_mut().insert(told);
        response
    }
}

impl From<StateError> for ApiError {
    fn from(error: StateError) -> Self {
        let status = match error.code() {
            "not_found" => StatusCode::NOT_FOUND,
            "conflict"
            | "region_fixed"
            | "email_taken"
            | "last_administrator"
            | "second_factor_missing"
            | "user_disabled"
            | "already_exists"
            | "revision_conflict"
            | "group_in_use" => StatusCode::CONFLICT,
            "invalid_credentials"
            | "totp_required"
            | "totp_invalid"
            | "totp_code_used"
            | "session_invalid"
            | "token_invalid"
            | "token_expired" => StatusCode::UNAUTHORIZED,
            "sign_in_throttled" => StatusCode::TOO_MANY_REQUESTS,
            "setup_link_invalid" => StatusCode::GONE,
            "state_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            "internal" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        if !error.is_user_error() {
            tracing::error!(cause = %error, code = error.code(), "the state store failed");
        }
        let message = match error.code() {
            "internal" => return Self::plain_internal(),
            "state_unavailable" => {
                "the server's database cannot be reached; try again in a moment".to_owned()
            }
            _ => error.to_string(),
        };
        Self { retry_after: error.retry_after(), ..Self::new(status, error.code(), message) }
    }
}

impl From<QueryFailure> for ApiError {
    fn from(failure: QueryFailure) -> Self {
        let status = match failure.code.as_str() {
            "query_busy" => StatusCode::TOO_MANY_REQUESTS,
            "query_cancelled" => StatusCode::CONFLICT,
            "query_timeout" => StatusCode::GATEWAY_TIMEOUT,
            "table_out_of_scope" => StatusCode::FORBIDDEN,
            "query_memory" | "query_limit" => StatusCode::UNPROCESSABLE_ENTITY,
            // Somebody else's server, and no trouble of ours.
            "external_unavailable" => StatusCode::BAD_GATEWAY,
            "query_unavailable" | "query_lost" | "data_unreadable" => StatusCode::SERVICE_UNAVAILABLE,
            "internal" | "plan_schema_mismatch" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        if matches!(status, StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE) {
            tracing::error!(code = failure.code, cause = failure.message, "a query failed");
        }
        let message = match failure.code.as_str() {
            "internal" | "plan_schema_mismatch" => return Self::plain_internal(),
            // The cause names files of the server.
            "data_unreadable" => "the stored events cannot be read; the server's log says why".to_owned(),
            _ => failure.message,
        };
        let details = (failure.line > 0).then(|| {
            Box::new(serde_json::json!({
                "line": failure.line, "column": failure.column, "length": failure.length,
                "suggestion": failure.suggestion,
            }))
        });
        let retry_after = (failure.code == "query_busy").then_some(Duration::from_secs(2));
        Self { details, retry_after, ..Self::new(status, &failure.code, message) }
    }
}
