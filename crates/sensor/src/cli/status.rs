//! `palisade-sensor status`

use palisade_types::TimeMicros;

use super::say;
use super::settings::{self, Common};
use crate::agent::Lock;
use crate::agent::status::{self, Status};
use crate::error::SensorError;

/// Prints the status; 0 if all is well, 2 if something is not ok, 3 if no sensor runs.
///
/// # Errors
/// When there is no status to show.
pub fn status(common: &Common, json: bool) -> Result<i32, SensorError> {
    let settings = settings::common(common)?;
    let running = Lock::is_held(&settings.state_dir);
    let Some(mut status) = status::read(&settings.state_dir)? else {
        say(if json {
            "{\"state\":\"not_running\"}"
        } else {
            "the sensor has never run with this state folder"
        });
        return Ok(3);
    };
    if !running && status.state == "running" {
        status.state = "not_running".into();
    }
    if json {
        say(serde_json::to_string_pretty(&status).map_err(|e| SensorError::Config(e.to_string()))?);
    } else {
        print(&status);
    }
    let well = status.components.iter().all(|c| c.state == "ok" || c.state == "off");
    Ok(if !running {
        3
    } else if well {
        0
    } else {
        2
    })
}

fn print(s: &Status) {
    let line = |name: &str, value: String| say(format_args!("{name:<14} {value}"));
    let since = |us: i64| if us == 0 { "never".into() } else { TimeMicros(us).to_string() };
    line(
        "sensor",
        format!("{} (pid {}, version {}, since {})", s.state, s.pid, s.sensor_version, since(s.started_us)),
    );
    if s.state != "running" {
        line("", format!("no sensor holds the state folder; what follows is from {}", since(s.updated_us)));
    }
    let enrolled = |id: &str| if id.is_empty() { "not enrolled".to_owned() } else { id.to_owned() };
    line("device", enrolled(&s.device_id));
    line("tenant", enrolled(&s.tenant_id));
    line("scope", if s.scope.is_empty() { "whole machine".into() } else { s.scope.clone() });
    if !s.scope_reason.is_empty() {
        line("", format!("by itself, because it runs {}", s.scope_reason));
    }
    let c = &s.connection;
    let url = if c.url.is_empty() { "none" } else { &c.url };
    line("server", format!("{url} ({}, last acknowledgement {})", c.state, since(c.last_ack_us)));
    if !c.error.is_empty() {
        line("", format!("{}: {}", c.error_code, c.error));
    }
    if !c.url.is_empty() {
        line("clock", format!("{:+.3} s to the server's", c.clock_offset_us as f64 / 1e6));
        line("certificate", format!("until {}", since(c.certificate_not_after_us)));
    }
    line("orders", format!("{}, last number {}", c.orders, s.last_order));
    let cpu = s.cpu_us as f64 / (s.updated_us - s.started_us).max(1) as f64 * 100.0;
    line(
        "cost",
        format!("{:.1} MB resident, {cpu:.2} % of a core since the start", s.resident_bytes as f64 / 1e6),
    );
    line(
        "spool",
        format!(
            "{:.1} of {:.0} MB, epoch {}",
            s.spool.bytes as f64 / 1e6,
            s.spool.max_bytes as f64 / 1e6,
            s.spool.epoch
        ),
    );
    say("");
    say(format_args!("{:<12} {:<10} {:>4}  {:<18} DETAIL", "COMPONENT", "STATE", "RUNG", "MECHANISM"));
    for p in &s.components {
        let rung = if p.rung == 0 { "-".into() } else { p.rung.to_string() };
        say(format_args!("{:<12} {:<10} {rung:>4}  {:<18} {}", p.name, p.state, p.mechanism, p.detail));
    }
    say("");
    say(format_args!("{:<12} {:>10} {:>12} {:>12}  OLDEST UNSENT", "LANE", "UNSENT", "FACTS", "OPEN FACTS"));
    for l in &s.spool.lanes {
        say(format_args!(
            "{:<12} {:>10} {:>12} {:>12}  {}",
            l.lane,
            l.unsent_batches,
            l.unsent_facts,
            l.open_facts,
            if l.oldest_us == 0 { "-".into() } else { since(l.oldest_us) }
        ));
    }
    say("");
    say(format_args!("{:<40} {:>14}", "COUNTER", "VALUE"));
    for (kind, value) in s.counters.iter().filter(|(_, v)| **v > 0) {
        say(format_args!("{kind:<40} {value:>14}"));
    }
}
