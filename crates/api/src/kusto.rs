//! One exchange with a Kusto client: what its request is called, and errors as it reads them.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use palisade_kusto::OneApiError;
use uuid::Uuid;

use crate::error::{FailureCode, Told};

/// What the client calls its request.
const CLIENT_REQUEST_ID: &str = "x-ms-client-request-id";
/// What we call it.
const ACTIVITY_ID: &str = "x-ms-activity-id";
/// Longest name of a request that is repeated, bytes.
const MAX_NAME: usize = 200;

/// One exchange.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// What the client calls its request; made up where it gave no name.
    pub client_request_id: String,
    /// What we call it.
    pub activity_id: String,
}

impl Exchange {
    /// The exchange that a request begins, where its path is one of Kusto's.
    pub(crate) fn of(request: &Request, id: Uuid) -> Option<Self> {
        let path = request.uri().path();
        if !path.starts_with("/v1/rest/") && !path.starts_with("/v2/rest/") {
            return None;
        }
        let given = request.headers().get(CLIENT_REQUEST_ID).and_then(|v| v.to_str().ok());
        let client_request_id = given
            .filter(|name| !name.is_empty() && name.len() <= MAX_NAME)
            .map_or_else(|| format!("unspecified;{id}"), str::to_owned);
        Some(Self { client_request_id, activity_id: id.to_string() })
    }

    /// The answer with the names of the request; a failure in the form that clients read.
    pub(crate) fn finish(self, response: Response) -> Response {
        let (mut parts, mut body) = response.into_parts();
        for (name, value) in [(CLIENT_REQUEST_ID, &self.client_request_id), (ACTIVITY_ID, &self.activity_id)]
        {
            if let Ok(value) = HeaderValue::try_from(value) {
                parts.headers.insert(name, value);
            }
        }
        if let (Some(told), Some(code)) =
            (parts.extensions.get::<Told>(), parts.extensions.get::<FailureCode>())
        {
            let error =
                OneApiError::of(parts.status.as_u16(), &code.0, &told.message, told.line, told.column);
            let text = error.for_request(&self.client_request_id, &self.activity_id).to_json().to_string();
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            body = Body::from(text);
        }
        Response::from_parts(parts, body)
    }
}
