//! The REST contract for people and programs, and the console's assets.
//!
//! [`ApiServer::router`] makes the whole service from an [`ApiConfig`]; TLS and listening belong to
//! the server. Every endpoint is registered through one typed router ([`route`]): its first argument
//! names the permission it needs and the kind of audit entry it leaves, in its signature, and a
//! handler without both does not compile. [`openapi`] is the contract as a document.

mod ask;
mod assets;
mod config;
mod credentials;
mod edge;
mod error;
mod explorer;
mod extract;
mod gate;
mod instant;
mod kqltext;
mod licence;
mod listing;
mod metrics;
mod model;
mod openapi;
mod page;
mod query;
mod route;
mod routes;
mod running;
mod scope;
mod search;
mod state;
mod throttle;
mod views;

pub use config::{ApiConfig, OnboardingOffer, Warning, WarningsProvider};
pub use explorer::Explorer;
pub use metrics::ApiMetrics;
pub use openapi::openapi;
pub use palisade_explore::{Only, TextColumn, TextRows};
pub use query::{
    QueryAnswer, QueryClient, QueryFailure, QueryRequest, QueryStats, ResultColumn, ViewRows, ViewScan, Views,
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
        edge::router(state::Api::new(config))
    }
}
