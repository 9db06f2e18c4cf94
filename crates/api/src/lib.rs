//! The REST contract for people and programs, and the console's assets.
//!
//! [`ApiServer::router`] makes the whole service from an [`ApiConfig`]; TLS and listening belong to
//! the server. Every endpoint is registered through one typed router ([`route`]): its first argument
//! names the permission it needs and the kind of audit entry it leaves, in its signature, and a
//! handler without both does not compile. [`openapi`] is the contract as a document.

mod ask;
mod assets;
mod background;
mod baseline_driver;
mod baselines;
mod block_driver;
mod browser_extension;
mod config;
mod credentials;
mod edge;
mod error;
mod explorer;
mod export_driver;
mod exports;
mod extract;
mod functions;
mod gate;
mod instant;
mod kqltext;
mod kusto;
mod licence;
mod listing;
mod metrics;
mod model;
mod openapi;
mod ordering;
mod page;
mod query;
mod remediation_driver;
mod remediation_events;
mod render;
mod route;
mod routes;
mod running;
mod scope;
mod search;
mod state;
mod throttle;
mod views;

pub use background::Background;
pub use config::{ApiConfig, OnboardingOffer, Warning, WarningsProvider};
pub use explorer::Explorer;
pub use metrics::ApiMetrics;
pub use openapi::openapi;
pub use palisade_explore::{Only, TextColumn, TextRows};
pub use query::{
    ExportFormat, ExportPart, ExportParts, ExternalFiles, FileBytes, QueryAnswer, QueryClient, QueryFailure,
    QueryRequest, QueryStats, ResultColumn, ViewRows, ViewScan, Views,
};

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct ApiServer;

impl ApiServer {
    /// The whole service: the contract under `/api/v1`, `/healthz`, and the console for the rest.
    ///
    /// Whoever listens puts `axum::extract::ConnectInfo<std::net::SocketAddr>` into each request's
    /// extensions, so that the audit log and the limit on attempts know the client's address.
    pub fn router(config: ApiConfig) -> axum::Router {
        Self::service(config).0
    }

    /// What [`ApiServer::service`] made, cut down to the paths that other products' clients use with a token:
    /// for a listener on loopback without TLS. Cookies are not looked at.
    pub fn programs_only(router: axum::Router) -> axum::Router {
        edge::programs_only(router)
    }

    /// The same, and what it does by itself beside answering.
    pub fn service(config: ApiConfig) -> (axum::Router, Background) {
        let api = state::Api::new(config);
        (edge::router(api.clone()), Background::new(api))
    }
}
