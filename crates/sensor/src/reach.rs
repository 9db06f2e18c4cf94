//! The way to the server, step by step, with the code and the settings that the sensor itself uses.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use palisade_types::TimeMicros;
use palisade_wire::PROTOCOLS;
use serde::{Deserialize, Serialize};

use crate::error::SensorError;
use crate::transport::proxy::Proxy;
use crate::transport::tls::Trust;
use crate::transport::{self, Link, names};

/// Past this a clock is wrong, microseconds.
pub const CLOCK_TOLERANCE_US: i64 = 300_000_000;

/// What to do about a server that does not answer as ours does.
const NOT_OURS: &str = "check that the address is that of a Palisade ingest port";

/// One step of the way.
#[derive(Debug, Serialize)]
pub struct Step {
    /// dns, tcp, proxy, tls, protocol, clock, enrolment
    pub name: &'static str,
    /// ok, failed, skipped
    pub state: &'static str,
    /// What was found.
    pub detail: String,
    /// What to do where it failed.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub fix: &'static str,
}

/// The steps so far.
#[derive(Debug, Default)]
pub struct Walk {
    /// In order; the first that failed is the last but for the clock.
    pub steps: Vec<Step>,
    /// The server's clock minus ours, microseconds, once it is known.
    pub clock_offset: Option<i64>,
}

impl Walk {
    /// Whether a step failed.
    pub fn failed_step(&self) -> Option<&Step> {
        self.steps.iter().find(|s| s.state == "failed")
    }

    /// Whether server and sensor understand each other, whatever the clock says.
    pub fn reached(&self) -> bool {
        self.steps.iter().any(|s| s.name == "protocol" && s.state == "ok")
    }

    /// Notes a step that went well.
    pub fn ok(&mut self, name: &'static str, detail: impl Into<String>) {
        self.steps.push(Step { name, state: "ok", detail: detail.into(), fix: "" });
    }

    /// Notes a step that failed.
    pub fn failed(&mut self, name: &'static str, detail: impl Into<String>, fix: &'static str) {
        self.steps.push(Step { name, state: "failed", detail: detail.into(), fix });
    }

    /// Notes a step that was not made.
    pub fn skipped(&mut self, name: &'static str, detail: impl Into<String>) {
        self.steps.push(Step { name, state: "skipped", detail: detail.into(), fix: "" });
    }
}

#[derive(Deserialize)]
struct Ping {
    server_time_us: i64,
    protocols: (u32, u32),
}

/// Goes from the name to the server's first answer.
pub async fn walk(url: &str, trust: &Trust, proxy: Option<&Proxy>) -> Walk {
    let mut walk = Walk::default();
    let parsed = reqwest::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default();
    let port = parsed.as_ref().and_then(reqwest::Url::port_or_known_default).unwrap_or(443);
    match proxy {
        Some(p) => {
            walk.skipped("dns", format!("{host} is resolved by the proxy"));
            match tcp(p.host(), p.port()).await {
                Ok((_, detail)) => walk.ok("proxy", format!("{}: {detail}", p.shown())),
                Err((_, e)) => {
                    walk.failed("proxy", format!("{}: {e}", p.shown()), "check the proxy's address");
                    return walk;
                }
            }
        }
        None => match tcp(host, port).await {
            Ok((dns, tcp)) => {
                walk.ok("dns", dns);
                walk.ok("tcp", tcp);
            }
            Err(("dns", e)) => {
                walk.failed("dns", e, "check the address, /etc/hosts and /etc/resolv.conf");
                return walk;
            }
            Err((_, e)) => {
                walk.failed("tcp", e, "check that the server runs and that firewalls let this port through");
                return walk;
            }
        },
    }
    talk(&mut walk, url, trust, proxy).await;
    walk
}

/// Resolves and connects to a host; how each went, or at which step and why it did not.
async fn tcp(host: &str, port: u16) -> Result<(String, String), (&'static str, String)> {
    let (addresses, how) = names::lookup(host).await.map_err(|e| ("dns", format!("{host}: {e}")))?;
    let mut last = String::new();
    for ip in addresses.iter().take(4) {
        let to = SocketAddr::new(*ip, port);
        let began = Instant::now();
        match tokio::time::timeout(Duration::from_secs(5), tokio::net::TcpStream::connect(to)).await {
            Ok(Ok(_)) => {
                let ms = began.elapsed().as_secs_f64() * 1e3;
                let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                let dns = format!("{host} is {} ({how})", list.join(", "));
                return Ok((dns, format!("{to} answers in {ms:.1} ms")));
            }
            Ok(Err(e)) => last = format!("{to}: {e}"),
            Err(_) => last = format!("{to}: no answer within 5 s"),
        }
    }
    Err(("tcp", last))
}

async fn talk(walk: &mut Walk, url: &str, trust: &Trust, proxy: Option<&Proxy>) {
    let link = match Link::for_enrolment(url, trust, None, proxy) {
        Ok(l) => l,
        Err(e) => return walk.failed("tls", e.to_string(), "check the CA that was given"),
    };
    let (ping, version) = match ping(&link).await {
        Ok(answer) => answer,
        Err(e @ (SensorError::Refused { .. } | SensorError::Malformed(_))) => {
            walk.ok("tls", "our CA vouches for the server");
            return walk.failed("protocol", e.to_string(), NOT_OURS);
        }
        Err(SensorError::Unreachable(e)) if proxy.is_some() => {
            return walk.failed("proxy", e, "the proxy must allow CONNECT to the server's ingest port");
        }
        Err(e) => {
            let fix = "check that the CA is this server's, that its certificate names this host, and this machine's clock";
            walk.failed("tls", e.to_string(), fix);
            // It may be the clock alone, and then that is what a person has to be told.
            if let Ok(link) = Link::for_time(url, trust, proxy)
                && let Ok(((ping, asked_us), _)) = self::ping(&link).await
            {
                clock(walk, &ping, asked_us);
            }
            return;
        }
    };
    let (ping, asked_us) = ping;
    walk.ok("tls", format!("our CA vouches for the server; {version}"));
    let (low, high) = ping.protocols;
    let words = format!("the server speaks {low} to {high}, the sensor {} to {}", PROTOCOLS.0, PROTOCOLS.1);
    if low <= PROTOCOLS.1 && PROTOCOLS.0 <= high {
        walk.ok("protocol", words);
    } else {
        walk.failed("protocol", words, "update whichever is older");
    }
    clock(walk, &ping, asked_us);
}

/// The server's answer with our time when it was asked, and the HTTP version.
async fn ping(link: &Link) -> Result<((Ping, i64), String), SensorError> {
    let asked_us = TimeMicros::now().0;
    let answer = link.get("/v1/ping", Some(Duration::from_secs(10))).await?;
    let version = format!("{:?}", answer.version());
    let bytes = transport::read(answer).await?;
    let ping =
        serde_json::from_slice(&bytes).map_err(|_| SensorError::Malformed("it is not one of Palisade"))?;
    Ok(((ping, asked_us), version))
}

fn clock(walk: &mut Walk, ping: &Ping, asked_us: i64) {
    // The answer was made between both moments, so half of the way is the best guess.
    let here = asked_us + (TimeMicros::now().0 - asked_us) / 2;
    let offset = ping.server_time_us.saturating_sub(here);
    walk.clock_offset = Some(offset);
    let detail = format!("{:+.3} s to the server's", offset as f64 / 1e6);
    if offset.saturating_abs() > CLOCK_TOLERANCE_US {
        walk.failed("clock", detail, "set up time synchronisation on this machine or on the server");
    } else {
        walk.ok("clock", detail);
    }
}
