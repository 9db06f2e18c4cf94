//! Queries that people save, for themselves or for everybody of the tenant who may hunt.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state::Principal;
use palisade_state::hunting::{self as state, NewSavedQuery, Person};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id, Params};
use crate::gate::{Authorized, HuntingManage, HuntingRun, Named, audit};
use crate::instant::Instant;
use crate::page::{self, Paging, page};
use crate::state::Api;

/// A saved query.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedQuery {
    /// Identifier.
    id: String,
    /// Name, unique in its folder among the shared ones, or among those of its owner.
    name: String,
    /// Where people look for it: parts with slashes between them, or empty.
    folder: String,
    /// What it is for.
    description: String,
    /// KQL.
    query: String,
    /// Whether everybody of the tenant who may hunt sees it; else its owner only.
    shared: bool,
    /// Whose it is.
    owner: String,
    /// Whether it is the caller's.
    own: bool,
    /// How often it was written, from 1; a change names the newest.
    revision: i64,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Instant,
    /// Who changed it last.
    updated_by: String,
    /// When.
    updated_at: Instant,
}

impl SavedQuery {
    fn of(query: state::SavedQuery, caller: &Person) -> Self {
        Self {
            id: query.id.to_string(),
            name: query.name,
            folder: query.folder,
            description: query.description,
            query: query.query,
            shared: query.shared,
            own: query.owner.id == caller.id,
            created_by: query.owner.name.clone(),
            owner: query.owner.name,
            revision: query.revision,
            created_at: query.created_at.into(),
            updated_by: query.updated_by,
            updated_at: query.updated_at.into(),
        }
    }
}

page! {
    /// Saved queries by name.
    SavedQueryPage of SavedQuery
}

/// Lists the caller's saved queries and the shared ones, by name.
#[utoipa::path(get, path = "/api/v1/hunting/saved-queries", operation_id = "saved_queries_list", tag = "hunting",
    params(Paging),
    responses((status = 200, description = "Saved queries by name.", body = SavedQueryPage)))]
pub(crate) async fn list(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
    Params(paging): Params<Paging>,
) -> Result<Json<SavedQueryPage>, ApiError> {
    caller.no_devices();
    let person = Person::from(&caller.principal);
    let (limit, cursor) = (page::limit(paging.limit)?, page::cursor(paging.cursor)?);
    let page = api.config.state.saved_queries(caller.tenant(), person.id, limit, cursor.as_deref()).await?;
    let items = page.items.into_iter().map(|q| SavedQuery::of(q, &person)).collect();
    Ok(Json(SavedQueryPage { items, next_cursor: page.next_cursor, total: page.total }))
}

/// What a saved query shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSavedQuery {
    /// Name, 1 to 200 characters.
    name: String,
    /// Where people look for it: parts with slashes between them.
    #[serde(default)]
    folder: String,
    /// What it is for, at most 2000 characters.
    #[serde(default)]
    description: String,
    /// KQL; it need not compile.
    query: String,
    /// Whether everybody of the tenant who may hunt sees it, which needs `hunting.manage`.
    #[serde(default)]
    shared: bool,
}

impl From<CreateSavedQuery> for NewSavedQuery {
    fn from(new: CreateSavedQuery) -> Self {
        Self {
            name: new.name,
            folder: new.folder,
            description: new.description,
            query: new.query,
            shared: new.shared,
        }
    }
}

/// Refuses what concerns everybody to somebody who may hunt only.
fn may_share(principal: &Principal) -> Result<(), ApiError> {
    match Named::of::<HuntingManage>().held_by(principal) {
        true => Ok(()),
        false => Err(ApiError::forbidden("a shared query is written by whoever has hunting.manage")),
    }
}

/// Saves a query.
#[utoipa::path(post, path = "/api/v1/hunting/saved-queries", operation_id = "saved_queries_create", tag = "hunting",
    request_body = CreateSavedQuery,
    responses((status = 201, description = "The saved query.", body = SavedQuery)))]
pub(crate) async fn create(
    caller: Authorized<HuntingRun, audit::SavedQueryCreate>,
    State(api): State<Api>,
    Body(body): Body<CreateSavedQuery>,
) -> Result<(StatusCode, Json<SavedQuery>), ApiError> {
    caller.no_devices();
    caller.scope.target(&body.name);
    caller.scope.detail("shared", body.shared);
    if body.shared {
        may_share(&caller.principal)?;
    }
    let owner = Person::from(&caller.principal);
    let made = api.config.state.save_query(caller.tenant(), &owner, &body.into(), TimeMicros::now()).await?;
    caller.scope.target(made.id);
    caller.scope.detail("name", made.name.as_str());
    Ok((StatusCode::CREATED, Json(SavedQuery::of(made, &owner))))
}

/// Reads one saved query.
#[utoipa::path(get, path = "/api/v1/hunting/saved-queries/{id}", operation_id = "saved_queries_show",
    tag = "hunting", params(("id" = String, Path, description = "The saved query.")),
    responses((status = 200, description = "The saved query.", body = SavedQuery)))]
pub(crate) async fn show(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<SavedQuery>, ApiError> {
    caller.no_devices();
    let person = Person::from(&caller.principal);
    let found = api.config.state.saved_query(caller.tenant(), person.id, id).await?;
    Ok(Json(SavedQuery::of(found, &person)))
}

/// What a saved query shall be from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeSavedQuery {
    /// Name, 1 to 200 characters.
    name: String,
    /// Where people look for it: parts with slashes between them.
    #[serde(default)]
    folder: String,
    /// What it is for, at most 2000 characters.
    #[serde(default)]
    description: String,
    /// KQL; it need not compile.
    query: String,
    /// Whether everybody of the tenant who may hunt sees it. Only its owner takes that back.
    #[serde(default)]
    shared: bool,
    /// The revision that is changed, which has to be the newest.
    revision: i64,
}

/// Changes a saved query as a whole. What is shared, or shall be, needs `hunting.manage`.
#[utoipa::path(put, path = "/api/v1/hunting/saved-queries/{id}", operation_id = "saved_queries_update",
    tag = "hunting", params(("id" = String, Path, description = "The saved query.")),
    request_body = ChangeSavedQuery,
    responses((status = 200, description = "The saved query.", body = SavedQuery)))]
pub(crate) async fn update(
    caller: Authorized<HuntingRun, audit::SavedQueryUpdate>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<ChangeSavedQuery>,
) -> Result<Json<SavedQuery>, ApiError> {
    caller.no_devices();
    caller.scope.target(id);
    let person = Person::from(&caller.principal);
    let before = api.config.state.saved_query(caller.tenant(), person.id, id).await?;
    if before.shared || body.shared {
        may_share(&caller.principal)?;
    }
    if !body.shared && before.owner.id != person.id {
        return Err(ApiError::forbidden("only its owner takes a shared query back"));
    }
    caller.scope.detail("name", body.name.as_str());
    caller.scope.detail("shared", body.shared);
    let new = NewSavedQuery {
        name: body.name,
        folder: body.folder,
        description: body.description,
        query: body.query,
        shared: body.shared,
    };
    let (state, revision) = (&api.config.state, body.revision);
    let changed =
        state.change_saved_query(caller.tenant(), &person, (id, revision), &new, TimeMicros::now()).await?;
    Ok(Json(SavedQuery::of(changed, &person)))
}

/// Deletes a saved query; a shared one with `hunting.manage`.
#[utoipa::path(delete, path = "/api/v1/hunting/saved-queries/{id}", operation_id = "saved_queries_delete",
    tag = "hunting", params(("id" = String, Path, description = "The saved query.")),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn delete(
    caller: Authorized<HuntingRun, audit::SavedQueryDelete>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.no_devices();
    caller.scope.target(id);
    let person = Person::from(&caller.principal);
    let found = api.config.state.saved_query(caller.tenant(), person.id, id).await?;
    if found.shared {
        may_share(&caller.principal)?;
    }
    caller.scope.detail("name", found.name);
    api.config.state.delete_saved_query(caller.tenant(), person.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
