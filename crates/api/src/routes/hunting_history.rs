//! What a person ran, for that person alone.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_kql::without_hidden;
use palisade_state::Principal;
use palisade_state::hunting::{self as state, HistoryEntry, Person, Ran};
use palisade_types::{TenantId, TimeMicros};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::hunting::{Asked, Outcome};
use crate::error::ApiError;
use crate::extract::Params;
use crate::gate::{Authorized, HuntingRun, audit};
use crate::instant::Instant;
use crate::page::{self, Paging, page};
use crate::state::Api;

/// How a query ended.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HuntingRunState {
    /// It gave its rows.
    Done,
    /// It gave an error.
    Failed,
    /// It was cancelled, or its client left.
    Cancelled,
}

impl From<state::RunState> for HuntingRunState {
    fn from(run: state::RunState) -> Self {
        match run {
            state::RunState::Done => Self::Done,
            state::RunState::Failed => Self::Failed,
            state::RunState::Cancelled => Self::Cancelled,
        }
    }
}

/// A query that the caller ran.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HuntingHistoryItem {
    /// Identifier.
    id: String,
    /// KQL.
    query: String,
    /// When it began.
    ran_at: Instant,
    /// How it ended.
    state: HuntingRunState,
    /// The code of its error.
    #[schema(required = true)]
    code: Option<String>,
    /// How many rows it gave.
    #[schema(required = true)]
    rows: Option<u64>,
    /// Whether the row cap cut them.
    #[schema(required = true)]
    truncated: Option<bool>,
    /// How long it took, milliseconds.
    #[schema(required = true)]
    wall_ms: Option<f64>,
}

impl From<HistoryEntry> for HuntingHistoryItem {
    fn from(HistoryEntry { id, ran }: HistoryEntry) -> Self {
        Self {
            id: id.to_string(),
            query: ran.query,
            ran_at: ran.ran_at.into(),
            state: ran.state.into(),
            code: ran.code,
            rows: ran.rows,
            truncated: ran.truncated,
            wall_ms: ran.wall_ms,
        }
    }
}

page! {
    /// Queries that the caller ran, the newest first.
    HuntingHistoryPage of HuntingHistoryItem
}

/// Lists what the caller ran here, the newest first; of each person the newest 1000 are kept.
#[utoipa::path(get, path = "/api/v1/hunting/history", operation_id = "hunting_history_list", tag = "hunting",
    params(Paging),
    responses((status = 200, description = "The caller's queries.", body = HuntingHistoryPage)))]
pub(crate) async fn list(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
    Params(paging): Params<Paging>,
) -> Result<Json<HuntingHistoryPage>, ApiError> {
    caller.no_devices();
    let person = Person::from(&caller.principal).id;
    let (limit, cursor) = (page::limit(paging.limit)?, page::cursor(paging.cursor)?);
    let page = api.config.state.query_history(caller.tenant(), person, limit, cursor.as_deref()).await?;
    Ok(Json(page.into()))
}

/// Forgets what the caller ran here. The audit log is another thing and keeps its entries.
#[utoipa::path(delete, path = "/api/v1/hunting/history", operation_id = "hunting_history_forget", tag = "hunting",
    responses((status = 204, description = "It is forgotten.")))]
pub(crate) async fn forget(
    caller: Authorized<HuntingRun, audit::HuntingHistoryForget>,
    State(api): State<Api>,
) -> Result<StatusCode, ApiError> {
    caller.no_devices();
    let person = Person::from(&caller.principal).id;
    let forgotten = api.config.state.forget_queries(caller.tenant(), person).await?;
    caller.scope.detail("queries", forgotten);
    Ok(StatusCode::NO_CONTENT)
}

/// A query that runs, and is remembered however it ends: also when its client leaves in the middle.
pub(super) struct Remembered(Option<Running>);

struct Running {
    api: Api,
    tenant: TenantId,
    person: Uuid,
    ran: Ran,
    began: std::time::Instant,
}

impl Remembered {
    /// A query begins.
    pub(super) fn begin(api: &Api, principal: &Principal, asked: &Asked) -> Self {
        let ran = Ran {
            query: without_hidden(&asked.query).into_owned(),
            ran_at: TimeMicros::now(),
            state: state::RunState::Cancelled,
            code: Some("client_left".to_owned()),
            rows: None,
            truncated: None,
            wall_ms: None,
        };
        let person = Person::from(principal).id;
        let began = std::time::Instant::now();
        Self(Some(Running { api: api.clone(), tenant: principal.tenant, person, ran, began }))
    }

    /// It has ended.
    pub(super) async fn end(mut self, outcome: &Result<Outcome, ApiError>) {
        let Some(mut running) = self.0.take() else { return };
        let ran = &mut running.ran;
        match outcome {
            Ok(outcome) => {
                ran.state = state::RunState::Done;
                ran.code = None;
                ran.rows = Some(outcome.answer.rows.len() as u64);
                ran.truncated = Some(outcome.answer.truncated);
            }
            Err(error) => {
                ran.state = match error.code.as_str() {
                    "query_cancelled" => state::RunState::Cancelled,
                    _ => state::RunState::Failed,
                };
                ran.code = Some(error.code.clone());
            }
        }
        running.write().await;
    }
}

impl Running {
    async fn write(mut self) {
        self.ran.wall_ms = Some(self.began.elapsed().as_secs_f64() * 1e3);
        if let Err(error) = self.api.config.state.remember_query(self.tenant, self.person, &self.ran).await {
            tracing::error!(%error, "what was hunted could not be remembered");
        }
    }
}

impl Drop for Remembered {
    fn drop(&mut self) {
        if let Some(running) = self.0.take() {
            tokio::spawn(running.write());
        }
    }
}
