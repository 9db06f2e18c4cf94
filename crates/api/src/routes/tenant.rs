//! The caller's tenant as a whole.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Body;
use crate::gate::{Authorized, TenantManage, audit};
use crate::state::Api;

/// Where the tenant's data shall live.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantRegion {
    /// A region of the instance.
    region: String,
}

/// Asks for another region. A tenant's region is fixed, so it is refused with the reason; asking for the
/// one that it is in changes nothing.
#[utoipa::path(put, path = "/api/v1/tenant/region", operation_id = "tenant_region_set", tag = "instance",
    request_body = TenantRegion,
    responses((status = 204, description = "It is there already."),
        (status = 409, description = "`region_fixed`, with the reason and what to do instead.")))]
pub(crate) async fn set_region(
    caller: Authorized<TenantManage, audit::TenantRegion>,
    State(api): State<Api>,
    Body(body): Body<TenantRegion>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(&body.region);
    api.config.state.set_tenant_region(caller.tenant(), &body.region).await?;
    Ok(StatusCode::NO_CONTENT)
}
