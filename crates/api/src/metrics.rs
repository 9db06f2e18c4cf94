//! Counters of this service.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the buckets of a request's time, seconds.
const BUCKETS: [f64; 12] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// Counters of this service; clones share them. The default counts without being published.
#[derive(Clone, Debug)]
pub struct ApiMetrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    audit_lost: Counter,
    queries: Gauge,
}

impl Default for ApiMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            audit_lost: Counter::default(),
            queries: Gauge::default(),
        }
    }
}

impl ApiMetrics {
    /// Counters that `registry` publishes, each name beginning with `palisade_api_`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "palisade_api_requests",
            "Requests by method, route and status",
            metrics.requests.clone(),
        );
        registry.register(
            "palisade_api_request_seconds",
            "Time of requests by route",
            metrics.seconds.clone(),
        );
        let lost = "Audit entries that could not be written";
        registry.register("palisade_api_audit_lost", lost, metrics.audit_lost.clone());
        registry.register("palisade_api_queries_running", "Queries that run now", metrics.queries.clone());
        metrics
    }

    pub(crate) fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = RequestLabels { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&RouteLabels { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    pub(crate) fn audit_lost(&self) {
        self.audit_lost.inc();
    }

    /// Counts a query as running until the answer is dropped.
    pub(crate) fn query(&self) -> RunningQuery {
        self.queries.inc();
        RunningQuery(self.queries.clone())
    }
}

/// A query that runs.
pub(crate) struct RunningQuery(Gauge);

impl Drop for RunningQuery {
    fn drop(&mut self) {
        self.0.dec();
    }
}
