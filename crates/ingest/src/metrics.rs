//! What the door counts. Names are stable; a dashboard is built on them.

use std::sync::Arc;

use palisade_types::TenantId;
use parking_lot::RwLock;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::refusal::Code;

/// Names of the metrics, without the `_total` that counters get.
pub mod names {
    /// Refusals by code and tenant (empty where unknown): whole requests and single batches.
    pub const REFUSED: &str = "palisade_ingest_refused";
    /// Batches by tenant and status (acked, duplicate, refused).
    pub const BATCHES: &str = "palisade_ingest_batches";
    /// Facts in acknowledged batches, by tenant.
    pub const FACTS: &str = "palisade_ingest_facts";
    /// Compressed bytes in acknowledged batches, by tenant.
    pub const BYTES: &str = "palisade_ingest_bytes";
    /// Acknowledged batches whose sensor's clock is more than 24 hours off, by tenant.
    pub const CLOCK_OFF: &str = "palisade_ingest_clock_off";
    /// Enrolments and renewals, by tenant and kind.
    pub const CERTIFICATES: &str = "palisade_ingest_certificates";
    /// Orders sent, by tenant.
    pub const ORDERS: &str = "palisade_ingest_orders_delivered";
    /// Open order streams.
    pub const ORDER_STREAMS: &str = "palisade_ingest_order_streams";
    /// Seconds from queueing for the log to durable.
    pub const APPEND_SECONDS: &str = "palisade_ingest_append_seconds";
    /// Seconds of a request, by route.
    pub const REQUEST_SECONDS: &str = "palisade_ingest_request_seconds";
    /// Open connections.
    pub const CONNECTIONS: &str = "palisade_ingest_connections";
    /// Connections that never became one, by reason.
    pub const CONNECTIONS_FAILED: &str = "palisade_ingest_connections_failed";
    /// Requests let in by a remembered status because the database did not answer.
    pub const STALE_STATUS: &str = "palisade_ingest_stale_status";
    /// Failures of background work, by task.
    pub const BACKGROUND: &str = "palisade_ingest_background_failures";
    /// One past the last durable offset of the log.
    pub const LOG_NEXT: &str = "palisade_log_next_offset";
    /// Bytes of the log on disk.
    pub const LOG_BYTES: &str = "palisade_log_disk_bytes";
    /// Bytes cut from a torn tail at the last start.
    pub const LOG_TORN: &str = "palisade_log_torn_bytes";
    /// Bytes that a consumer is behind.
    pub const LOG_LAG: &str = "palisade_log_consumer_lag_bytes";
    /// Consumers that were cut off because they lagged too far.
    pub const LOG_CUT: &str = "palisade_log_consumers_cut";
    /// The flush interval that sensors were last asked for, milliseconds.
    pub const FLUSH: &str = "palisade_ingest_flush_interval_milliseconds";
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct Refused {
    pub code: &'static str,
    pub tenant: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct Of {
    pub tenant: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct OfKind {
    pub tenant: String,
    pub kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct Kind {
    pub kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct Consumer {
    pub consumer: String,
}

#[derive(Clone)]
pub(crate) struct Metrics {
    pub registry: Arc<RwLock<Registry>>,
    refused: Family<Refused, Counter>,
    batches: Family<OfKind, Counter>,
    facts: Family<Of, Counter>,
    bytes: Family<Of, Counter>,
    clock_off: Family<Of, Counter>,
    certificates: Family<OfKind, Counter>,
    orders: Family<Of, Counter>,
    pub order_streams: Gauge,
    pub append: Histogram,
    request: Family<Kind, Histogram, fn() -> Histogram>,
    pub connections: Gauge,
    failed: Family<Kind, Counter>,
    pub stale: Counter,
    background: Family<Kind, Counter>,
    pub log_next: Gauge,
    pub log_bytes: Gauge,
    pub log_torn: Gauge,
    pub log_lag: Family<Consumer, Gauge>,
    pub log_cut: Counter,
    pub flush: Gauge,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 16))
}

impl Metrics {
    pub fn new() -> Self {
        let m = Self {
            registry: Arc::default(),
            refused: Family::default(),
            batches: Family::default(),
            facts: Family::default(),
            bytes: Family::default(),
            clock_off: Family::default(),
            certificates: Family::default(),
            orders: Family::default(),
            order_streams: Gauge::default(),
            append: seconds(),
            request: Family::new_with_constructor(seconds),
            connections: Gauge::default(),
            failed: Family::default(),
            stale: Counter::default(),
            background: Family::default(),
            log_next: Gauge::default(),
            log_bytes: Gauge::default(),
            log_torn: Gauge::default(),
            log_lag: Family::default(),
            log_cut: Counter::default(),
            flush: Gauge::default(),
        };
        let mut r = m.registry.write();
        r.register(names::REFUSED, "Refusals by code and tenant", m.refused.clone());
        r.register(names::BATCHES, "Batches by tenant and status", m.batches.clone());
        r.register(names::FACTS, "Facts in acknowledged batches", m.facts.clone());
        r.register(names::BYTES, "Compressed bytes in acknowledged batches", m.bytes.clone());
        r.register(names::CLOCK_OFF, "Batches sealed by a clock more than a day off", m.clock_off.clone());
        r.register(names::CERTIFICATES, "Certificates issued", m.certificates.clone());
        r.register(names::ORDERS, "Orders sent to devices", m.orders.clone());
        r.register(names::ORDER_STREAMS, "Open order streams", m.order_streams.clone());
        r.register(names::APPEND_SECONDS, "Time until durable in the log", m.append.clone());
        r.register(names::REQUEST_SECONDS, "Time of a request by route", m.request.clone());
        r.register(names::CONNECTIONS, "Open connections", m.connections.clone());
        r.register(names::CONNECTIONS_FAILED, "Connections refused or failed", m.failed.clone());
        r.register(names::STALE_STATUS, "Requests let in by a remembered status", m.stale.clone());
        r.register(names::BACKGROUND, "Failures of background work", m.background.clone());
        r.register(names::LOG_NEXT, "One past the last durable offset", m.log_next.clone());
        r.register(names::LOG_BYTES, "Bytes of the log on disk", m.log_bytes.clone());
        r.register(names::LOG_TORN, "Bytes cut from a torn tail at start", m.log_torn.clone());
        r.register(names::LOG_LAG, "Bytes that a consumer is behind", m.log_lag.clone());
        r.register(names::LOG_CUT, "Consumers cut off", m.log_cut.clone());
        r.register(names::FLUSH, "Flush interval asked for", m.flush.clone());
        drop(r);
        m
    }

    pub fn refuse(&self, code: Code, tenant: Option<TenantId>) {
        let tenant = tenant.map_or_else(String::new, |t| t.to_string());
        self.refused.get_or_create(&Refused { code: code.as_str(), tenant }).inc();
    }

    pub fn batch(&self, tenant: TenantId, kind: &'static str) {
        self.batches.get_or_create(&OfKind { tenant: tenant.to_string(), kind }).inc();
    }

    pub fn acked(&self, tenant: TenantId, facts: u64, bytes: u64, clock_off: bool) {
        let of = Of { tenant: tenant.to_string() };
        self.facts.get_or_create(&of).inc_by(facts);
        self.bytes.get_or_create(&of).inc_by(bytes);
        if clock_off {
            self.clock_off.get_or_create(&of).inc();
        }
    }

    pub fn certificate(&self, tenant: TenantId, kind: &'static str) {
        self.certificates.get_or_create(&OfKind { tenant: tenant.to_string(), kind }).inc();
    }

    pub fn order(&self, tenant: TenantId) {
        self.orders.get_or_create(&Of { tenant: tenant.to_string() }).inc();
    }

    pub fn request(&self, kind: &'static str, seconds: f64) {
        self.request.get_or_create(&Kind { kind }).observe(seconds);
    }

    pub fn connection_failed(&self, kind: &'static str) {
        self.failed.get_or_create(&Kind { kind }).inc();
    }

    pub fn background_failed(&self, kind: &'static str) {
        self.background.get_or_create(&Kind { kind }).inc();
    }

    /// All metrics in the text form.
    pub fn text(&self) -> String {
        let mut out = String::new();
        if text::encode(&mut out, &self.registry.read()).is_err() {
            tracing::error!("metrics could not be written");
        }
        out
    }
}
