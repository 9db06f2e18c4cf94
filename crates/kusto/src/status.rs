//! How a query went, as both versions tell it.

use serde_json::{Value, json};

use crate::error::OneApiError;

/// How a query went.
#[derive(Clone, Debug, Default)]
pub struct Completion {
    /// When it ended, ISO 8601 with a Z.
    pub at: String,
    /// What the client calls the request.
    pub client_request_id: String,
    /// What the server calls it, a guid.
    pub activity_id: String,
    /// Seconds from start to end.
    pub seconds: f64,
    /// Seconds of processor time.
    pub cpu_seconds: f64,
    /// Most memory that was reserved at once, bytes.
    pub peak_memory: u64,
    /// Rows that were read.
    pub rows_scanned: u64,
    /// Rows of the answer.
    pub rows_returned: u64,
    /// Why the rows are not all, where they are not.
    pub partial: Option<OneApiError>,
    /// Whether the client wants such a failure beside the rows only, and not among them.
    pub deferred: bool,
}

/// The code by which clients know that rows were cut off.
pub(crate) const TOO_LARGE: i64 = -2_133_196_797;
/// Its name.
pub(crate) const TOO_LARGE_NAME: &str = "E_QUERY_RESULT_SET_TOO_LARGE";

/// One line of the status.
pub(crate) struct Event {
    pub level: i64,
    pub level_name: &'static str,
    pub status: i64,
    pub status_name: String,
    pub kind: i64,
    pub kind_name: &'static str,
    pub payload: Value,
}

impl Completion {
    pub(crate) fn events(&self) -> Vec<Event> {
        let done = match &self.partial {
            None => Event {
                level: 4,
                level_name: "Info",
                status: 0,
                status_name: "S_OK (0)".to_owned(),
                kind: 4,
                kind_name: "QueryInfo",
                payload: json!({"Count": 1, "Text": "Query completed successfully"}),
            },
            Some(error) => Event {
                level: 2,
                level_name: "Error",
                status: TOO_LARGE,
                status_name: format!("Query result set too large ({TOO_LARGE_NAME}). ({TOO_LARGE})"),
                kind: 1,
                kind_name: "QueryLimitsExceeded",
                payload: json!({"Count": 1, "Text": error.description}),
            },
        };
        let used = Event {
            level: 6,
            level_name: "Stats",
            status: 0,
            status_name: "S_OK (0)".to_owned(),
            kind: 0,
            kind_name: "QueryResourceConsumption",
            payload: self.consumption(),
        };
        vec![done, used]
    }

    /// What it took; what nobody measured is left out.
    fn consumption(&self) -> Value {
        json!({
            "ExecutionTime": self.seconds,
            "resource_usage": {
                "cpu": {"total cpu": timespan(self.cpu_seconds)},
                "memory": {"peak_per_node": self.peak_memory},
            },
            "input_dataset_statistics": {"rows": {"scanned": self.rows_scanned}},
            "dataset_statistics": [{"table_row_count": self.rows_returned}],
        })
    }
}

/// Seconds as `hh:mm:ss.fffffff`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn timespan(seconds: f64) -> String {
    let ticks = (seconds.clamp(0.0, 86_399.0) * 1e7) as u64;
    let (whole, part) = (ticks / 10_000_000, ticks % 10_000_000);
    format!("{:02}:{:02}:{:02}.{part:07}", whole / 3600, whole / 60 % 60, whole % 60)
}
