//! Running queries: a slot, a deadline, and for the service's own queries rows by column name.

use std::sync::Arc;
use std::time::Duration;

use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::query::{QueryAnswer, QueryFailure, QueryRequest, Views};
use crate::state::Api;

/// How long a query of the service itself may run.
const OWN_DEADLINE: Duration = Duration::from_secs(30);
/// How long a query of the service itself waits for a slot.
const OWN_PATIENCE: Duration = Duration::from_secs(10);
/// What a worker may take beyond its deadline to say that it was missed.
const GRACE: Duration = Duration::from_secs(5);

/// A row by column name, in the table's order of columns.
pub(crate) type Row = Map<String, Value>;

/// Runs one query in a slot of its tenant, over stored tables only.
pub(crate) async fn run(
    api: &Api,
    request: QueryRequest,
    patience: Duration,
) -> Result<QueryAnswer, QueryFailure> {
    run_over(api, request, None, patience).await
}

/// The same over a caller's views, too.
pub(crate) async fn run_over(
    api: &Api,
    request: QueryRequest,
    views: Option<Arc<dyn Views>>,
    patience: Duration,
) -> Result<QueryAnswer, QueryFailure> {
    let _slot = api.running.slot(request.tenant, patience).await?;
    let _counted = api.config.metrics.query();
    let deadline = request.deadline;
    match tokio::time::timeout(deadline + GRACE, api.config.query.run(request, views)).await {
        Ok(result) => result,
        Err(_) => Err(QueryFailure {
            code: "query_timeout".to_owned(),
            message: format!("the query did not end within {} s", deadline.as_secs()),
            ..QueryFailure::default()
        }),
    }
}

/// Runs a query that the service wrote about one device, and returns its rows by column name. The
/// caller has made sure that the device may be seen; rows of another are not in reach.
pub(crate) async fn rows(
    api: &Api,
    tenant: TenantId,
    device: DeviceId,
    query: String,
    cap: u64,
) -> Result<Vec<Row>, QueryFailure> {
    tracing::trace!(query, "the service asks");
    let request = QueryRequest {
        tenant,
        devices: Some(vec![device]),
        query,
        functions: Vec::new(),
        row_cap: cap,
        deadline: OWN_DEADLINE,
        query_id: Uuid::now_v7().to_string(),
        now_us: TimeMicros::now().0,
    };
    let answer = run(api, request, OWN_PATIENCE).await.map_err(own)?;
    let names: Vec<String> = answer.schema.into_iter().map(|c| c.name).collect();
    let row = |values: Vec<Value>| names.iter().cloned().zip(values).collect::<Row>();
    Ok(answer.rows.into_iter().map(row).collect())
}

/// A query that the service wrote and that does not compile is the service's fault, not the caller's.
fn own(failure: QueryFailure) -> QueryFailure {
    if failure.line == 0 {
        return failure;
    }
    QueryFailure { code: "internal".to_owned(), ..failure }
}

/// A text column; empty when absent.
pub(crate) fn text<'r>(row: &'r Row, name: &str) -> &'r str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number; 0 when absent.
pub(crate) fn number(row: &Row, name: &str) -> i64 {
    row.get(name).and_then(Value::as_i64).unwrap_or_default()
}

/// An instant.
pub(crate) fn instant(row: &Row, name: &str) -> Option<TimeMicros> {
    text(row, name).parse().ok()
}

/// A key of AdditionalFields, as text.
pub(crate) fn additional(row: &Row, key: &str) -> Option<String> {
    let bag = match row.get("AdditionalFields")? {
        Value::String(text) => serde_json::from_str(text).ok()?,
        other => other.clone(),
    };
    match bag.get(key)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
