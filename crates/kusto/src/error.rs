//! Errors as clients read them.

use serde_json::{Map, Value, json};

/// What went wrong. Its text is written as `{"error": {"code", "message", "@type", "@message",
/// "@context", "@permanent", "innererror"}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneApiError {
    /// The protocol's code, such as `BadRequest` or `LimitsExceeded`.
    pub code: String,
    /// One sentence that does not depend on the query.
    pub message: String,
    /// The exception that clients know.
    pub kind: String,
    /// What is wrong, in full.
    pub description: String,
    /// Whether asking again is in vain.
    pub permanent: bool,
    /// What the server calls the error itself, and where in the text it is: line and column from 1, 0 where
    /// it has no place.
    pub inner: Option<(String, u64, u64)>,
    /// What the client calls the request.
    pub client_request_id: String,
    /// What the server calls it.
    pub activity_id: String,
}

impl OneApiError {
    /// The error that a status, a code of the server, a message and a place in the text come to.
    pub fn of(status: u16, code: &str, message: &str, line: u64, column: u64) -> Self {
        let own = matches!(status, 400) && line > 0;
        let syntax =
            own && matches!(code, "syntax" | "syntax_error" | "unexpected_token" | "unterminated_string");
        let (name, sentence, kind) = match (status, code) {
            (_, "entity_not_found") => {
                ("BadRequest_EntityNotFound", INVALID, "Kusto.Data.Exceptions.EntityNotFoundException")
            }
            (400, _) if syntax => {
                ("BadRequest_SyntaxError", INVALID, "Kusto.Data.Exceptions.SyntaxException")
            }
            (400, _) if own => {
                ("BadRequest_SemanticError", INVALID, "Kusto.Data.Exceptions.SemanticException")
            }
            (400 | 405 | 413 | 415, _) => {
                ("BadRequest", INVALID, "Kusto.Data.Exceptions.KustoBadRequestException")
            }
            (401, _) => {
                ("Unauthorized", "Caller is not known.", "Kusto.Data.Exceptions.KustoUnauthorizedException")
            }
            (403, _) => {
                ("Forbidden", "Caller is not authorised.", "Kusto.Data.Exceptions.KustoForbiddenException")
            }
            (404, _) => {
                ("NotFound", "There is no such thing.", "Kusto.Data.Exceptions.KustoNotFoundException")
            }
            (409, _) => {
                ("Conflict", "Request was cancelled.", "Kusto.Data.Exceptions.KustoRequestAbortedException")
            }
            (422, _) => ("LimitsExceeded", INVALID, LIMITS),
            (429, _) => (
                "Throttled",
                "Request is denied due to throttling.",
                "Kusto.Data.Exceptions.KustoThrottledException",
            ),
            (504, _) => {
                ("Timeout", "Request timed out.", "Kusto.Data.Exceptions.KustoServiceTimeoutException")
            }
            (503, _) => (
                "ServiceUnavailable",
                "Service is not available.",
                "Kusto.Data.Exceptions.KustoServiceException",
            ),
            _ => (
                "InternalServiceError",
                "Request failed by a fault of the service.",
                "Kusto.Data.Exceptions.KustoServiceException",
            ),
        };
        // Clients look for these words.
        let description = match (own, syntax) {
            (true, true) => format!("Syntax error: {message} (line {line}, column {column})"),
            (true, false) => format!("Semantic error: {message} (line {line}, column {column})"),
            _ => message.to_owned(),
        };
        Self {
            code: name.to_owned(),
            message: sentence.to_owned(),
            kind: kind.to_owned(),
            description,
            permanent: matches!(status, 400..=422),
            inner: Some((code.to_owned(), line, column)),
            ..Self::default()
        }
    }

    /// That rows were cut off.
    pub fn truncated(rows: u64) -> Self {
        Self {
            code: "LimitsExceeded".to_owned(),
            message: INVALID.to_owned(),
            kind: LIMITS.to_owned(),
            description: format!(
                "Query result set has exceeded the record count limit of {rows} ({})",
                crate::status::TOO_LARGE_NAME
            ),
            ..Self::default()
        }
    }

    /// The same with what the request is called.
    #[must_use]
    pub fn for_request(mut self, client_request_id: &str, activity_id: &str) -> Self {
        client_request_id.clone_into(&mut self.client_request_id);
        activity_id.clone_into(&mut self.activity_id);
        self
    }

    /// The whole answer.
    pub fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert("code".to_owned(), json!(self.code));
        error.insert("message".to_owned(), json!(self.message));
        error.insert("@type".to_owned(), json!(self.kind));
        error.insert("@message".to_owned(), json!(self.description));
        let context = json!({"clientRequestId": self.client_request_id, "activityId": self.activity_id});
        error.insert("@context".to_owned(), context);
        error.insert("@permanent".to_owned(), json!(self.permanent));
        if let Some((code, line, column)) = &self.inner {
            let mut inner = json!({"code": code, "message": self.description, "@type": self.kind});
            if *line > 0 {
                inner["@line"] = json!(line);
                inner["@pos"] = json!(column);
            }
            error.insert("innererror".to_owned(), inner);
        }
        json!({"error": error})
    }
}

const INVALID: &str = "Request is invalid and cannot be executed.";
const LIMITS: &str = "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_clients_look_for() {
        let semantic = OneApiError::of(400, "unknown_column", "there is no column 'x'", 2, 9)
            .for_request("KPC.execute;1", "id")
            .to_json();
        let error = &semantic["error"];
        assert_eq!(error["code"], "BadRequest_SemanticError");
        assert!(
            error["@message"].as_str().unwrap_or_default().starts_with("Semantic error: there is no column")
        );
        assert_eq!(
            (&error["@permanent"], &error["@context"]["clientRequestId"]),
            (&json!(true), &json!("KPC.execute;1"))
        );
        assert_eq!(
            (&error["innererror"]["code"], &error["innererror"]["@line"]),
            (&json!("unknown_column"), &json!(2))
        );
        let busy = OneApiError::of(429, "query_busy", "two queries run already", 0, 0);
        assert_eq!((busy.code.as_str(), busy.permanent), ("Throttled", false));
        assert!(!OneApiError::of(504, "query_timeout", "it took too long", 0, 0).permanent);
    }
}
