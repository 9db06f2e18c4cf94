//! What every request passes before and after its handler: host and origin, request id, time limit,
//! security headers, one log line.

use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tracing::Instrument;
use uuid::Uuid;

use crate::error::{ApiError, FailureCode};
use crate::extract::MAX_BODY;
use crate::kusto::Exchange;
use crate::scope::Scope;
use crate::state::Api;
use crate::{assets, routes};

/// Where the contract lives.
pub(crate) const API: &str = "/api/v1";
/// Time limit of a request.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time limit of a request that runs queries: their own deadline is at most ten minutes.
const QUERY_PATIENCE: Duration = Duration::from_secs(11 * 60);

/// No page of ours loads anything from another host. Fluent UI writes styles at run time; the editor
/// runs its language service in a worker made from a blob.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The whole service.
pub(crate) fn router(api: Api) -> axum::Router {
    let (endpoints, _) = routes::all().into_parts();
    endpoints
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(otherwise)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(api.clone(), edge))
        .layer(CompressionLayer::new())
        .with_state(api)
}

async fn otherwise(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if uri.path() == "/api" || of_programs(uri.path()) || uri.path().starts_with("/api/") {
        return ApiError::not_found("endpoint").into_response();
    }
    assets::serve(&method, uri.path(), &headers)
}

/// Paths that other products' clients know: what is not there is an error and no page.
fn of_programs(path: &str) -> bool {
    ["/v1/", "/v2/", "/v1.0/"].iter().any(|start| path.starts_with(start))
}

/// The service for programs that send a token, and nothing else: for a listener without TLS, where
/// neither a session's cookie nor the console has any business.
pub(crate) fn programs_only(router: axum::Router) -> axum::Router {
    router.layer(axum::middleware::from_fn(async |mut request: Request, next: Next| {
        let path = request.uri().path();
        if !of_programs(path) && !path.starts_with("/api/advancedqueries/") {
            return ApiError::not_found("endpoint").into_response();
        }
        request.headers_mut().remove(header::COOKIE);
        next.run(request).await
    }))
}

async fn wrong_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this address does not take that method",
    )
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    ApiError::internal("panic", &text.unwrap_or("no message")).into_response()
}

async fn edge(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let id = Uuid::now_v7();
    let request_id = id.simple().to_string();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().map(|m| m.as_str().to_owned());
    let route = matched.unwrap_or_else(|| "other".to_owned());
    let is_api = request.uri().path().starts_with("/api/") || of_programs(request.uri().path());
    let exchange = Exchange::of(&request, id);
    let host = host_of(&request);
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let span = tracing::info_span!("request", id = %request_id, %method, route);

    let mut response = match admit(&api, &request, host.as_deref()) {
        Err(refusal) => refusal.into_response(),
        Ok(()) => {
            request.extensions_mut().insert(Scope::new(api.clone(), request_id.clone(), client));
            if let Some(exchange) = &exchange {
                request.extensions_mut().insert(exchange.clone());
            }
            let patience = if runs_queries(&route) { QUERY_PATIENCE } else { PATIENCE };
            match tokio::time::timeout(patience, next.run(request).instrument(span.clone())).await {
                Ok(response) => response,
                Err(_) => ApiError::new(StatusCode::GATEWAY_TIMEOUT, "timeout", "the request took too long")
                    .into_response(),
            }
        }
    };

    if let Some(exchange) = exchange {
        response = exchange.finish(response);
    }
    secure(response.headers_mut(), is_api, host.as_deref());
    if let Ok(id) = HeaderValue::try_from(&request_id) {
        response.headers_mut().insert("x-request-id", id);
    }
    let took = begin.elapsed();
    let status = response.status().as_u16();
    api.config.metrics.request(method_label(&method), &route, status, took);
    let code = response.extensions().get::<FailureCode>().map(|c| c.0.as_str()).unwrap_or_default();
    // Never the query string: set-up links carry their token there.
    span.in_scope(|| tracing::debug!(status, code, took_ms = took.as_millis() as u64, "request answered"));
    response
}

/// The method as a metric's label: whoever calls may invent methods, and each would be kept for ever.
fn method_label(method: &Method) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method.as_str())
        .unwrap_or("other")
}

fn runs_queries(route: &str) -> bool {
    [API, "/hunting/query"].concat() == route
        || route.ends_with("/hunting/exports/{id}/content")
        || route.ends_with("/hunting/uploads")
        || route.starts_with("/v1/rest/")
        || route.starts_with("/v2/rest/")
        || route.ends_with("/advancedqueries/run")
        || route.ends_with("/runHuntingQuery")
        || route.ends_with("/timeline")
        || route.ends_with("/process-tree")
}

/// Host and port as asked for.
fn host_of(request: &Request) -> Option<String> {
    let by_uri = request.uri().authority().map(|a| a.as_str().to_owned());
    by_uri.or_else(|| request.headers().get(header::HOST)?.to_str().ok().map(str::to_owned))
}

/// Refuses what another site's page can make a browser send: a foreign host name that resolves to
/// this server, or a change that a foreign origin asks for.
fn admit(api: &Api, request: &Request, host: Option<&str>) -> Result<(), ApiError> {
    let name =
        host.and_then(|h| h.parse::<http::uri::Authority>().ok()).map(|a| a.host().to_ascii_lowercase());
    if !name.as_deref().is_some_and(|name| host_allowed(name, &api.config.allowed_hosts)) {
        let message = "this server is not known under that host name";
        return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, "host_not_allowed", message));
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(()) };
    let same = origin.to_str().ok().and_then(|o| o.split_once("://")).is_some_and(|(_, o)| Some(o) == host);
    if same {
        return Ok(());
    }
    let refusal = ApiError::forbidden("a page of another site cannot change anything here");
    Err(ApiError { code: "origin_not_allowed".to_owned(), ..refusal })
}

fn host_allowed(name: &str, allowed: &[String]) -> bool {
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    name == "localhost" || loopback || allowed.iter().any(|a| a.eq_ignore_ascii_case(name) || a == bare)
}

fn secure(headers: &mut HeaderMap, is_api: bool, host: Option<&str>) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_api {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    // On localhost it would bind every other service of the user's machine to HTTPS.
    if !host.is_some_and(|h| h == "localhost" || h.starts_with("localhost:")) {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_method_makes_no_label_of_its_own() {
        assert_eq!(method_label(&Method::DELETE), "DELETE");
        for invented in ["FOO1", "FOO2", "get"] {
            assert_eq!(method_label(&Method::from_bytes(invented.as_bytes()).expect("a method")), "other");
        }
    }

    #[test]
    fn only_known_hosts_are_served() {
        let allowed = vec!["Palisade.example".to_owned(), "192.0.2.7".to_owned()];
        for good in ["localhost", "127.0.0.1", "[::1]", "palisade.example", "192.0.2.7"] {
            assert!(host_allowed(good, &allowed), "{good}");
        }
        for bad in ["evil.example", "192.0.2.8", "localhost.evil.example"] {
            assert!(!host_allowed(bad, &allowed), "{bad}");
        }
    }
}
