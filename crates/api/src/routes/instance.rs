//! The instance and what it warns of.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::Warning;
use crate::error::ApiError;
use crate::gate::{Authorized, SignedIn, audit};
use crate::model::{self, Tenant};
use crate::state::Api;

/// The instance.
#[derive(Serialize, ToSchema)]
pub(crate) struct Instance {
    /// Its version.
    version: String,
    /// Its identifier, 8 hexadecimal digits.
    instance_id: String,
    /// The caller's tenant.
    tenant: Tenant,
    /// The region that holds the tenant's data. It is fixed.
    region: String,
    /// Every region of the instance.
    regions: Vec<String>,
    /// Where sensors enrol.
    ingest_url: String,
    /// What a person should know about the product itself, worst first.
    warnings: Vec<Warning>,
}

/// Tells about the instance and what it warns of.
#[utoipa::path(get, path = "/api/v1/instance", operation_id = "instance_show", tag = "instance",
    responses((status = 200, description = "The instance.", body = Instance)))]
pub(crate) async fn show(
    caller: Authorized<SignedIn, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<Instance>, ApiError> {
    let config = &api.config;
    let region = config.state.region_of(caller.tenant()).await?;
    let region = region.as_deref().unwrap_or(&config.region).to_owned();
    Ok(Json(Instance {
        version: config.version.clone(),
        instance_id: config.instance_id.clone(),
        tenant: model::tenant_of(&config.state, caller.tenant()).await?,
        regions: config.state.regions().map(str::to_owned).collect(),
        ingest_url: config.door(&region).to_owned(),
        region,
        warnings: config.warnings.warnings(),
    }))
}
