//! Files that queries read by name with `externaldata`.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::StatusCode;
use futures::StreamExt;
use palisade_state::hunting_uploads::{self as state, MAX_UPLOAD, NewUpload, check_upload_name};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::ApiError;
use crate::exports::files::{self, Writing};
use crate::extract::{Id, Params};
use crate::gate::{Authorized, HuntingRun, HuntingUpload as MayUpload, audit};
use crate::instant::Instant;
use crate::page::page;
use crate::state::Api;

/// A file that queries read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HuntingUpload {
    /// Its name: `externaldata(…)['upload:NAME']`, or the name alone.
    name: String,
    /// Its size.
    bytes: u64,
    /// Its SHA-256, hexadecimal.
    sha256: String,
    /// Who uploaded it first.
    created_by: String,
    /// When.
    created_at: Instant,
    /// Who replaced it last.
    updated_by: String,
    /// When.
    updated_at: Instant,
}

impl From<state::Upload> for HuntingUpload {
    fn from(u: state::Upload) -> Self {
        Self {
            name: u.name,
            bytes: u.bytes,
            sha256: u.sha256,
            created_by: u.created_by,
            created_at: u.created_at.into(),
            updated_by: u.updated_by,
            updated_at: u.updated_at.into(),
        }
    }
}

page! {
    /// Files that queries read.
    HuntingUploadPage of HuntingUpload
}

/// What an upload is to be called.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadParams {
    /// Its name in queries: 1 to 100 ASCII letters, digits, `-`, `_` and `.`. Its ending tells the format.
    name: String,
    /// Whether it takes the place of the file of that name; false when absent.
    replace: Option<bool>,
}

/// Lists files that queries read.
#[utoipa::path(get, path = "/api/v1/hunting/uploads", operation_id = "hunting_uploads_list", tag = "hunting",
    responses((status = 200, description = "Files.", body = HuntingUploadPage)))]
pub(crate) async fn list(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<HuntingUploadPage>, ApiError> {
    caller.no_devices();
    let all = api.config.state.uploads(caller.tenant()).await?;
    Ok(Json(HuntingUploadPage::whole(all.into_iter().map(Into::into).collect())))
}

/// Uploads a file that queries can read from then on, at most 64 MiB, as the body of the request.
#[utoipa::path(post, path = "/api/v1/hunting/uploads", operation_id = "hunting_uploads_create", tag = "hunting",
    params(UploadParams), request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, description = "The file.", body = HuntingUpload)))]
pub(crate) async fn create(
    caller: Authorized<MayUpload, audit::HuntingUploadCreate>,
    State(api): State<Api>,
    Params(params): Params<UploadParams>,
    body: HttpBody,
) -> Result<(StatusCode, Json<HuntingUpload>), ApiError> {
    caller.scope.target(&params.name);
    check_upload_name(&params.name)?;
    let (store, tenant, replace) = (&api.config.state, caller.tenant(), params.replace.unwrap_or(false));
    let exists = |e: palisade_state::StateError| match e.code() {
        "already_exists" => ApiError { status: StatusCode::CONFLICT, ..e.into() },
        _ => e.into(),
    };
    // So that nobody sends a file in vain.
    if !replace && store.upload(tenant, &params.name).await?.is_some() {
        let message = format!("there is a file {} already", params.name);
        return Err(ApiError::new(StatusCode::CONFLICT, "already_exists", message));
    }
    let folder = files::uploads(&api, tenant).await?;
    let folder =
        folder.ok_or_else(|| ApiError::internal("upload", &"the region has no folder for uploads"))?;
    let id = Uuid::now_v7();
    let path = folder.join(id.to_string());
    let unwritable = |e: std::io::Error| ApiError::internal("an upload's file", &e);
    let mut writing = Writing::begin(path.clone()).await.map_err(unwritable)?;
    let received = receive(body, &mut writing).await;
    if let Err(error) = received {
        writing.discard().await;
        return Err(error);
    }
    let bytes = writing.bytes;
    let sha256 = writing.finish().await.map_err(unwritable)?;
    let new = NewUpload { name: params.name, id, bytes, sha256 };
    let by = caller.principal.actor().name;
    match store.put_upload(tenant, (&new, replace), &by, TimeMicros::now()).await {
        Ok((written, old)) => {
            if let Some(old) = old {
                files::remove_upload(&folder, old).await;
            }
            caller.scope.detail("bytes", bytes);
            caller.scope.detail("sha256", new.sha256);
            Ok((StatusCode::CREATED, Json(written.into())))
        }
        Err(error) => {
            files::remove_upload(&folder, id).await;
            Err(exists(error))
        }
    }
}

/// Writes a body as it comes, as far as it may.
async fn receive(body: HttpBody, writing: &mut Writing) -> Result<(), ApiError> {
    let mut body = body.into_data_stream();
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|_| ApiError::bad("invalid_body", "the body could not be read"))?;
        if writing.bytes + bytes.len() as u64 > MAX_UPLOAD {
            let message = format!("a file has at most {} MiB", MAX_UPLOAD >> 20);
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "upload_too_large", message));
        }
        writing.write(&bytes).await.map_err(|e| ApiError::internal("an upload's file", &e))?;
    }
    Ok(())
}

/// Deletes a file that queries read.
#[utoipa::path(delete, path = "/api/v1/hunting/uploads/{name}", operation_id = "hunting_uploads_delete",
    tag = "hunting", params(("name" = String, Path, description = "The file.")),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn delete(
    caller: Authorized<MayUpload, audit::HuntingUploadDelete>,
    State(api): State<Api>,
    Id(name): Id<String>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(&name);
    let id = api.config.state.delete_upload(caller.tenant(), &name).await?;
    if let Some(folder) = files::uploads(&api, caller.tenant()).await? {
        files::remove_upload(&folder, id).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
