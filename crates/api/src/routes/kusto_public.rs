//! What Kusto's clients ask before they have a token.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::gate::Open;
use crate::state::Api;

/// Where tokens come from.
#[derive(Serialize, ToSchema)]
pub(crate) struct KustoAuthMetadata {
    /// The place to sign in, in the fields that clients read.
    #[serde(rename = "AzureAD")]
    azure_ad: KustoLogin,
}

/// The place to sign in. Tokens are made in the console, not asked for by clients: the fields of such a flow
/// are empty.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KustoLogin {
    /// The console.
    login_endpoint: String,
    /// Whether clients would have to ask for a second factor.
    login_mfa_required: bool,
    /// Empty: there is no such registration.
    kusto_client_app_id: String,
    /// Empty.
    kusto_client_redirect_uri: String,
    /// What a token is for: this service.
    kusto_service_resource_id: String,
    /// The console.
    first_party_authority_url: String,
}

/// Tells Kusto's clients where tokens come from: the console.
#[utoipa::path(get, path = "/v1/rest/auth/metadata", operation_id = "kusto_auth_metadata", tag = "kusto",
    responses((status = 200, description = "The place to sign in.", body = KustoAuthMetadata)))]
pub(crate) async fn metadata(_: Open, State(api): State<Api>) -> Json<KustoAuthMetadata> {
    let console = api.config.console_url.clone();
    Json(KustoAuthMetadata {
        azure_ad: KustoLogin {
            login_endpoint: console.clone(),
            login_mfa_required: false,
            kusto_client_app_id: String::new(),
            kusto_client_redirect_uri: String::new(),
            kusto_service_resource_id: console.clone(),
            first_party_authority_url: console,
        },
    })
}

/// Answers, so that somebody sees that something is there.
#[utoipa::path(get, path = "/v1/rest/ping", operation_id = "kusto_ping", tag = "kusto",
    responses((status = 200, description = "It is there.", body = String)))]
pub(crate) async fn ping(_: Open) -> &'static str {
    "Pong!"
}
