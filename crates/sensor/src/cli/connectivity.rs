//! `palisade-sensor connectivity test`: each step from the name to the enrolment, with what to do.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::Args;
use palisade_types::TimeMicros;
use palisade_wire::msg::{UploadRequest, UploadResponse};
use palisade_wire::{PROTOCOL, PROTOCOLS};
use serde::{Deserialize, Serialize};

use super::settings::{self, Common};
use super::{block_on, say};
use crate::error::SensorError;
use crate::identity::Identity;
use crate::transport::tls::Trust;
use crate::transport::{self, Link, checked_url, names};

/// Arguments of `connectivity test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// The server's address; that of the enrolment otherwise
    #[arg(long, env = "PALISADE_SENSOR_URL", requires = "ca")]
    url: Option<String>,
    /// The server's CA: a PEM file, or its SHA-256
    #[arg(long, env = "PALISADE_SENSOR_CA", value_name = "FILE|SHA256")]
    ca: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Step {
    name: &'static str,
    /// ok, failed, skipped
    state: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    fix: &'static str,
}

#[derive(Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn ok(&mut self, name: &'static str, detail: impl Into<String>) {
        self.0.push(Step { name, state: "ok", detail: detail.into(), fix: "" });
    }

    fn failed(&mut self, name: &'static str, detail: impl Into<String>, fix: &'static str) {
        self.0.push(Step { name, state: "failed", detail: detail.into(), fix });
    }

    fn skipped(&mut self, name: &'static str, detail: impl Into<String>) {
        self.0.push(Step { name, state: "skipped", detail: detail.into(), fix: "" });
    }
}

#[derive(Deserialize)]
struct Ping {
    server_time_us: i64,
    protocols: (u32, u32),
}

/// Runs the test; 0 if all steps are well, 1 otherwise.
///
/// # Errors
/// When it cannot begin: no address is known.
pub fn test(common: &Common, args: &TestArgs) -> Result<i32, SensorError> {
    let settings = settings::common(common)?;
    let identity = match Identity::load(&settings.state_dir) {
        Ok(i) => Some(i),
        Err(SensorError::NotEnrolled) if args.url.is_some() => None,
        Err(e) => return Err(e),
    };
    let (url, trust) = match (&args.url, &args.ca, &identity) {
        (Some(url), Some(ca), _) => (checked_url(url)?, Trust::parse(ca)?),
        (_, _, Some(i)) => (i.url.clone(), Trust::Roots(i.roots()?)),
        _ => return Err(SensorError::NotEnrolled),
    };
    // An identity of another server says nothing about this one.
    let identity = identity.filter(|i| i.url == url);
    let steps = block_on(walk(&url, &trust, identity.as_ref()))?;
    let well = steps.0.iter().all(|s| s.state != "failed");
    if args.json {
        say(serde_json::json!({ "url": url, "ok": well, "steps": steps.0 }));
    } else {
        for s in &steps.0 {
            say(format_args!("{:<8} {:<12} {}", s.state, s.name, s.detail));
            if !s.fix.is_empty() {
                say(format_args!("{:<21} fix: {}", "", s.fix));
            }
        }
    }
    Ok(i32::from(!well))
}

async fn walk(url: &str, trust: &Trust, identity: Option<&Identity>) -> Steps {
    let mut steps = Steps::default();
    let parsed = reqwest::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default();
    let port = parsed.as_ref().and_then(reqwest::Url::port_or_known_default).unwrap_or(443);
    let addresses = match names::lookup(host).await {
        Ok((found, how)) => {
            let list: Vec<String> = found.iter().map(ToString::to_string).collect();
            steps.ok("dns", format!("{host} is {} ({how})", list.join(", ")));
            found
        }
        Err(e) => {
            steps.failed("dns", format!("{host}: {e}"), "check the address, /etc/hosts and /etc/resolv.conf");
            return steps;
        }
    };
    let mut reached = false;
    let mut last = String::new();
    for ip in addresses.iter().take(4) {
        let to = SocketAddr::new(*ip, port);
        let began = Instant::now();
        match tokio::time::timeout(Duration::from_secs(5), tokio::net::TcpStream::connect(to)).await {
            Ok(Ok(_)) => {
                steps.ok("tcp", format!("{to} answers in {:.1} ms", began.elapsed().as_secs_f64() * 1e3));
                reached = true;
                break;
            }
            Ok(Err(e)) => last = format!("{to}: {e}"),
            Err(_) => last = format!("{to}: no answer within 5 s"),
        }
    }
    if !reached {
        steps.failed("tcp", last, "check that the server runs and that firewalls let this port through");
        return steps;
    }
    talk(&mut steps, url, trust, identity).await;
    steps
}

async fn talk(steps: &mut Steps, url: &str, trust: &Trust, identity: Option<&Identity>) {
    let link = match Link::for_enrolment(url, trust, None) {
        Ok(l) => l,
        Err(e) => return steps.failed("tls", e.to_string(), "check the CA that was given"),
    };
    let asked_us = TimeMicros::now().0;
    let answer = match link.get("/v1/ping", Some(Duration::from_secs(10))).await {
        Ok(a) => a,
        Err(e @ SensorError::Refused { .. }) => {
            steps.ok("tls", "our CA vouches for the server");
            return steps.failed("protocol", e.to_string(), "check that the address is that of a Palisade ingest port");
        }
        Err(e) => return steps.failed("tls", e.to_string(), "check that the CA is this server's, that its certificate names this host, and this machine's clock"),
    };
    steps.ok("tls", format!("our CA vouches for the server; {:?}", answer.version()));
    let ping: Option<Ping> = transport::read(answer).await.ok().and_then(|b| serde_json::from_slice(&b).ok());
    let Some(ping) = ping else {
        return steps.failed(
            "protocol",
            "the answer is not one of Palisade",
            "check that the address is that of a Palisade ingest port",
        );
    };
    let (low, high) = ping.protocols;
    if low <= PROTOCOLS.1 && PROTOCOLS.0 <= high {
        steps.ok(
            "protocol",
            format!("the server speaks {low} to {high}, the sensor {} to {}", PROTOCOLS.0, PROTOCOLS.1),
        );
    } else {
        steps.failed(
            "protocol",
            format!("the server speaks {low} to {high}, the sensor {} to {}", PROTOCOLS.0, PROTOCOLS.1),
            "update whichever is older",
        );
    }
    let offset = ping.server_time_us - (asked_us + (TimeMicros::now().0 - asked_us) / 2);
    let detail = format!("{:+.3} s to the server's", offset as f64 / 1e6);
    if offset.abs() > 300_000_000 {
        steps.failed("clock", detail, "set up time synchronisation on this machine or on the server");
    } else {
        steps.ok("clock", detail);
    }
    let Some(identity) = identity else {
        return steps.skipped("enrolment", "not enrolled with this server");
    };
    let link = match Link::new(identity) {
        Ok(l) => l,
        Err(e) => return steps.failed("enrolment", e.to_string(), "enrol again with --force"),
    };
    let empty = UploadRequest { protocol: PROTOCOL, batches: Vec::new() };
    match link.post::<UploadResponse>("/v1/batches", &empty).await {
        Ok(_) => steps.ok(
            "enrolment",
            format!(
                "device {} is accepted, certificate until {}",
                identity.device_id,
                TimeMicros(identity.not_after_us)
            ),
        ),
        Err(e) => {
            let fix = match e.code() {
                "certificate_expired" => {
                    "start the sensor: it renews by itself; if that is refused, enrol again with --force"
                }
                "certificate_revoked" | "certificate_unknown" => {
                    "the device was removed on the server: enrol again with --force and a new token"
                }
                "protocol_unsupported" => "update whichever is older",
                _ => "see the server's log",
            };
            steps.failed("enrolment", e.to_string(), fix);
        }
    }
}
