//! `palisade-sensor connectivity test`: each step from the name to the enrolment, with what to do.

use clap::Args;
use palisade_types::TimeMicros;
use palisade_wire::PROTOCOL;
use palisade_wire::msg::{UploadRequest, UploadResponse};

use super::settings::{self, Common};
use super::{block_on, say};
use crate::error::SensorError;
use crate::identity::Identity;
use crate::reach::{self, Walk};
use crate::transport::proxy::Proxy;
use crate::transport::tls::Trust;
use crate::transport::{Link, checked_url};

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
    let proxy = settings.proxy.as_ref();
    let walk = block_on(async {
        let mut walk = reach::walk(&url, &trust, proxy).await;
        if walk.reached() {
            enrolment(&mut walk, identity.as_ref(), proxy).await;
        }
        walk
    })?;
    let well = walk.failed_step().is_none();
    if args.json {
        say(serde_json::json!({ "url": url, "ok": well, "steps": walk.steps }));
    } else {
        for s in &walk.steps {
            say(format_args!("{:<8} {:<12} {}", s.state, s.name, s.detail));
            if !s.fix.is_empty() {
                say(format_args!("{:<21} fix: {}", "", s.fix));
            }
        }
    }
    Ok(i32::from(!well))
}

async fn enrolment(steps: &mut Walk, identity: Option<&Identity>, proxy: Option<&Proxy>) {
    let Some(identity) = identity else {
        return steps.skipped("enrolment", "not enrolled with this server");
    };
    match accepted(identity, proxy).await {
        Ok(()) => steps.ok(
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

/// Asks the server whether it takes this identity.
///
/// # Errors
/// All of transport, and why the server refuses it.
pub async fn accepted(identity: &Identity, proxy: Option<&Proxy>) -> Result<(), SensorError> {
    let link = Link::new(identity, proxy)?;
    let empty = UploadRequest { protocol: PROTOCOL, batches: Vec::new() };
    link.post::<UploadResponse>("/v1/batches", &empty).await.map(drop)
}
