//! The part of an installation that makes the machine known to its server.

use std::io::ErrorKind as Kind;

use palisade_estate::health::Code;

use super::fault::{finding, said};
use super::{Fault, Wanted};
use crate::cli::connectivity::accepted;
use crate::cli::enrol::{Request, join};
use crate::cli::settings::Settings;
use crate::cli::{block_on, enrol};
use crate::error::SensorError;
use crate::identity::Identity;
use crate::transport::proxy::Proxy;
use crate::transport::tls::Trust;

/// What is to be done about the identity.
pub enum Plan {
    /// The one that is there is accepted, or cannot be asked about and has not ended.
    Keep(Box<Identity>),
    /// The one that is there is accepted under another address of the same server.
    Moved(Box<Identity>),
    /// There is none.
    Fresh,
    /// The one that is there is of no use any more.
    Replace(Box<Identity>),
}

/// Looks at the identity that is there.
///
/// # Errors
/// It is of another server and shall not be replaced, or the server cannot be asked.
pub fn plan(settings: &Settings, wanted: &Wanted) -> Result<Plan, Fault> {
    let proxy = settings.proxy.as_ref();
    let old = match Identity::load(&settings.state_dir) {
        Ok(i) => i,
        Err(SensorError::NotEnrolled) => return Ok(Plan::Fresh),
        // Bent: nobody can use it, so nobody loses it.
        Err(SensorError::File { source, .. })
            if matches!(source.kind(), Kind::InvalidData | Kind::UnexpectedEof) =>
        {
            return Ok(Plan::Fresh);
        }
        Err(e) => return Err(said(&e, &wanted.url)),
    };
    let elsewhere = old.url != wanted.url;
    // The same authority may have another address by now; it is asked there, and nobody else is.
    if elsewhere
        && let Ok(trust) = Trust::parse(&wanted.ca)
        && old.roots().is_ok_and(|roots| trust.shares(&roots))
    {
        let moved = old.at(&wanted.url);
        if block_on(accepted(&moved, proxy)).is_ok_and(|r| r.is_ok()) {
            return Ok(Plan::Moved(Box::new(moved)));
        }
        // Its tenant has let go of it, as when a subscription moves to another one: nobody loses it.
        if let_go(&old, proxy) {
            return Ok(Plan::Replace(Box::new(old)));
        }
    }
    if elsewhere && !wanted.force {
        return Err(Box::new(finding(Code::ForeignSensor).with("url", &old.url)));
    }
    if elsewhere {
        return Ok(Plan::Replace(Box::new(old)));
    }
    if old.not_after_us <= palisade_types::TimeMicros::now().0 {
        return Ok(Plan::Replace(Box::new(old)));
    }
    match block_on(accepted(&old, proxy)).and_then(|r| r) {
        Ok(()) => Ok(Plan::Keep(Box::new(old))),
        Err(e) => match e.code() {
            code if ended(code) => Ok(Plan::Replace(Box::new(old))),
            // Without an answer an identity that has not ended is as good as ever, and a
            // repair must not depend on the server being up.
            _ => Ok(Plan::Keep(Box::new(old))),
        },
    }
}

/// Whether a refusal means that an identity is of no use any more.
fn ended(code: &str) -> bool {
    matches!(code, "certificate_revoked" | "certificate_unknown" | "certificate_expired")
}

/// Whether an identity's own server says that it is of no use any more. A server that does not answer
/// has said nothing.
pub fn let_go(identity: &Identity, proxy: Option<&Proxy>) -> bool {
    matches!(block_on(accepted(identity, proxy)), Ok(Err(e)) if ended(e.code()))
}

/// Checks that the server can be reached and is ours, before anything is changed.
///
/// # Errors
/// The step that fails, as a finding.
pub fn reach(settings: &Settings, url: &str, trust: &Trust) -> Result<(), Fault> {
    let walk =
        block_on(crate::reach::walk(url, trust, settings.proxy.as_ref())).map_err(|e| said(&e, url))?;
    if walk.reached() && walk.failed_step().is_none_or(|s| s.name == "clock") {
        return Ok(());
    }
    let Some(step) = walk.failed_step() else { return Ok(()) };
    let code = match step.name {
        _ if walk.clock_offset.is_some_and(|o| o.saturating_abs() > crate::reach::CLOCK_TOLERANCE_US) => {
            Code::HostClockWrong
        }
        "proxy" => Code::ProxyUnusable,
        "tls" => Code::ServerUntrusted,
        "protocol" if step.detail.contains("speaks") => Code::ProtocolUnsupported,
        "protocol" => Code::ServerUntrusted,
        _ => Code::ServerUnreachable,
    };
    let offset = walk.clock_offset.map(|o| format!("{:+} s", o / 1_000_000)).unwrap_or_default();
    Err(Box::new(
        finding(code)
            .with("url", url)
            .with("proxy", settings.proxy.as_ref().map(|p| p.shown()).unwrap_or_default())
            .with("offset", offset)
            .with("version", env!("CARGO_PKG_VERSION"))
            .with("detail", format!("{}: {}", step.name, step.detail)),
    ))
}

/// Gets the identity and puts it in place.
///
/// # Errors
/// What the server refuses, as a finding.
pub fn enrol(
    settings: &Settings,
    wanted: &Wanted,
    trust: &Trust,
    old: Option<&Identity>,
) -> Result<Identity, Fault> {
    let Some(token) = &wanted.token else {
        let detail = "this machine is not enrolled, and no token was given";
        return Err(Box::new(finding(Code::EnrolmentTokenMissing).with("detail", detail)));
    };
    let request = Request { url: &wanted.url, trust, token, device_name: wanted.device_name.as_deref() };
    join(settings, &request, old).map(|(identity, _)| identity).map_err(|e| said(&e, &wanted.url))
}

/// Reads a token from a file, or from standard input where the file is `-`.
///
/// # Errors
/// It cannot be read, or there is none in it.
pub fn token_from(file: &str) -> Result<String, Fault> {
    let missing =
        |detail: String| -> Fault { Box::new(finding(Code::EnrolmentTokenMissing).with("detail", detail)) };
    let token = enrol::read_token(file).map_err(|e| missing(format!("{file}: {e}")))?;
    if token.is_empty() {
        return Err(missing(format!("{file} holds no token")));
    }
    Ok(token)
}
