//! What is known of the connection: for status, health and corrected time.

use palisade_types::TimeMicros;
use palisade_wire::msg::Component;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::error::SensorError;

/// Past this the clock is a finding, microseconds.
const CLOCK_TOLERANCE_US: i64 = 300_000_000;

/// An answer that took longer says too little about the clock, microseconds.
const SLOW_US: i64 = 5_000_000;

/// The connection as status shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionView {
    /// connecting, connected, failing
    pub state: String,
    /// The server's address.
    pub url: String,
    /// Since when the state holds, microseconds UTC.
    pub since_us: i64,
    /// Last acknowledgement, microseconds UTC; 0 before the first.
    pub last_ack_us: i64,
    /// Code of the last failure; empty while all is well.
    pub error_code: String,
    /// The last failure in words.
    pub error: String,
    /// Server's clock minus ours, microseconds.
    pub clock_offset_us: i64,
    /// Whether a prompt answer has told it.
    pub clock_measured: bool,
    /// The server's flush interval, milliseconds.
    pub flush_interval_ms: u64,
    /// stream, poll, off
    pub orders: String,
    /// When our certificate ends, microseconds UTC.
    pub certificate_not_after_us: i64,
    /// Code of the last failed renewal; empty while all is well.
    pub renewal_error: String,
}

/// The shared view of the connection.
#[derive(Debug, Default)]
pub struct Connection {
    view: Mutex<ConnectionView>,
}

impl Connection {
    /// Before the first word with the server.
    pub fn new(url: &str, not_after_us: i64) -> Self {
        let view = ConnectionView {
            state: "connecting".into(),
            url: url.into(),
            since_us: TimeMicros::now().0,
            flush_interval_ms: 1000,
            orders: "off".into(),
            certificate_not_after_us: not_after_us,
            ..ConnectionView::default()
        };
        Self { view: Mutex::new(view) }
    }

    /// A copy for status.
    pub fn view(&self) -> ConnectionView {
        self.view.lock().clone()
    }

    /// Changes what is shown.
    pub fn update(&self, change: impl FnOnce(&mut ConnectionView)) {
        change(&mut self.view.lock());
    }

    /// The server took a batch; whether it did not before.
    pub fn succeeded(&self) -> bool {
        let now = TimeMicros::now().0;
        let mut v = self.view.lock();
        let again = v.state != "connected";
        if again {
            tracing::info!(url = %v.url, "connected");
            v.state = "connected".into();
            v.since_us = now;
        }
        v.last_ack_us = now;
        v.error_code.clear();
        v.error.clear();
        again
    }

    /// An upload failed.
    pub fn failed(&self, e: &SensorError) {
        let mut v = self.view.lock();
        if v.state != "failing" {
            tracing::warn!(code = e.code(), error = %e, "the server does not take our batches");
            v.state = "failing".into();
            v.since_us = TimeMicros::now().0;
        }
        v.error_code = e.code().to_owned();
        v.error = e.to_string();
    }

    /// Notes the server's time in an answer; `asked_us` is our time when the request left.
    pub fn server_time(&self, server_us: i64, asked_us: i64) {
        let now = TimeMicros::now().0;
        if server_us > 0 && now - asked_us < SLOW_US {
            // The answer was made between both, so half of the way is the best guess.
            let here = asked_us + (now - asked_us) / 2;
            let mut v = self.view.lock();
            v.clock_offset_us = server_us.saturating_sub(here);
            v.clock_measured = true;
        }
    }

    /// Notes the server's time in something that may have been long on its way: counts only while
    /// nothing better is known.
    pub fn server_time_hint(&self, server_us: i64) {
        let mut v = self.view.lock();
        if server_us > 0 && !v.clock_measured {
            v.clock_offset_us = server_us.saturating_sub(TimeMicros::now().0);
        }
    }

    /// The present by the server's clock, microseconds UTC.
    pub fn now_us(&self) -> i64 {
        TimeMicros::now().0.saturating_add(self.view.lock().clock_offset_us)
    }

    /// Health of connection, clock and certificate.
    pub fn components(&self) -> Vec<Component> {
        let v = self.view.lock();
        let component = |name: &str, state: &str, detail: String, mechanism: &str| Component {
            name: name.into(),
            state: state.into(),
            rung: 0,
            detail,
            mechanism: mechanism.into(),
        };
        let connection = match v.state.as_str() {
            "connected" => component("connection", "ok", String::new(), "https"),
            "failing" => component("connection", "failed", format!("{}: {}", v.error_code, v.error), "https"),
            _ => component("connection", "degraded", "no answer yet".into(), "https"),
        };
        let seconds = v.clock_offset_us / 1_000_000;
        let clock = if v.clock_offset_us.abs() > CLOCK_TOLERANCE_US {
            component(
                "clock",
                "degraded",
                format!("differs from the server's by {seconds} s: set up time synchronisation"),
                "",
            )
        } else {
            component("clock", "ok", String::new(), "")
        };
        let left = v.certificate_not_after_us - (TimeMicros::now().0 + v.clock_offset_us);
        let certificate = if left <= 0 {
            component(
                "certificate",
                "failed",
                format!("has ended; renewal says: {}", or_none(&v.renewal_error)),
                "x509",
            )
        } else if !v.renewal_error.is_empty() {
            component("certificate", "degraded", format!("renewal fails: {}", v.renewal_error), "x509")
        } else {
            component("certificate", "ok", String::new(), "x509")
        };
        let orders = match v.orders.as_str() {
            "stream" => component("orders", "ok", String::new(), "stream"),
            "poll" => component("orders", "ok", "the stream does not hold; asking every 30 s".into(), "poll"),
            _ => component("orders", "degraded", "no channel for orders".into(), ""),
        };
        vec![connection, clock, certificate, orders]
    }
}

fn or_none(s: &str) -> &str {
    if s.is_empty() { "nothing yet" } else { s }
}
