//! `palisade-sensor enrol`

use std::io::Read;
use std::path::Path;

use clap::Args;
use palisade_types::TimeMicros;
use palisade_wire::PROTOCOL;
use palisade_wire::msg::{EnrolRequest, EnrolResponse};

use super::settings::{self, Common};
use super::{block_on, say};
use crate::agent::{Lock, status};
use crate::device;
use crate::error::SensorError;
use crate::files;
use crate::identity::{Identity, NewKey};
use crate::transport::tls::Trust;
use crate::transport::{Link, checked_url};

/// Arguments of `enrol`.
#[derive(Debug, Args)]
pub struct EnrolArgs {
    /// The server's address, https://host:port
    #[arg(long, env = "PALISADE_SENSOR_URL")]
    url: String,
    /// Enrolment token; a file or the environment keeps it out of the process list
    #[arg(long, env = "PALISADE_SENSOR_TOKEN", hide_env_values = true, conflicts_with = "token_file")]
    token: Option<String>,
    /// File that holds the token, - for standard input
    #[arg(long, env = "PALISADE_SENSOR_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<String>,
    /// The server's CA: a PEM file, or its SHA-256
    #[arg(long, env = "PALISADE_SENSOR_CA", value_name = "FILE|SHA256")]
    ca: String,
    /// Enrol again although there is an identity; the device keeps its id if the server agrees
    #[arg(long)]
    force: bool,
    /// Name of this device instead of the host name
    #[arg(long, env = "PALISADE_SENSOR_DEVICE_NAME", value_name = "NAME")]
    device_name: Option<String>,
}

/// What an enrolment needs.
pub struct Request<'a> {
    /// The server's address.
    pub url: &'a str,
    /// What vouches for it.
    pub trust: &'a Trust,
    /// The enrolment token.
    pub token: &'a str,
    /// Name of this device instead of the host name.
    pub device_name: Option<&'a str>,
}

/// Enrols this machine.
///
/// # Errors
/// Everything that keeps it from having an identity afterwards.
pub fn enrol(common: &Common, args: &EnrolArgs) -> Result<(), SensorError> {
    let settings = settings::common(common)?;
    let url = checked_url(&args.url)?;
    let old = match Identity::load(&settings.state_dir) {
        Ok(i) => Some(i),
        Err(SensorError::NotEnrolled) => None,
        // A bent identity is no reason not to get a new one when asked to.
        Err(_) if args.force => None,
        Err(e) => return Err(e),
    };
    if let Some(i) = &old
        && !args.force
    {
        if i.url == url && i.not_after_us > TimeMicros::now().0 {
            say(format_args!("already enrolled as device {} (--force enrols again)", i.device_id));
            return Ok(());
        }
        if i.url != url {
            return Err(SensorError::Config(format!("enrolled with {}; --force leaves it for {url}", i.url)));
        }
    }
    let running = Lock::is_held(&settings.state_dir);
    if running && (old.is_some() || has_server(&settings.state_dir)) {
        return Err(SensorError::AlreadyRunning(files::read_text(settings.state_dir.join("lock"))));
    }
    let token = token(args)?;
    settings::make_state_dir(&settings.state_dir)?;
    let trust = Trust::parse(&args.ca)?;
    let request =
        Request { url: &url, trust: &trust, token: &token, device_name: args.device_name.as_deref() };
    let (identity, forgotten) = join(&settings, &request, old.as_ref())?;
    if forgotten {
        say("this is another tenant: what was recorded for the last one and not sent is deleted");
    }
    say(format_args!("enrolled as device {} of tenant {}", identity.device_id, identity.tenant_id));
    say(format_args!("certificate valid until {}", TimeMicros(identity.not_after_us)));
    if running {
        say("the running sensor begins to send what it has recorded");
    }
    Ok(())
}

/// Gets an identity and puts it into the state folder; true if what was recorded for another
/// tenant had to be deleted. A sensor that runs must not have an identity yet.
///
/// # Errors
/// Those of the server, of the way to it, and of the state folder.
pub fn join(
    settings: &settings::Settings,
    request: &Request<'_>,
    old: Option<&Identity>,
) -> Result<(Identity, bool), SensorError> {
    // An identity is shown to nobody but the authority that gave it.
    let known = old.filter(|i| i.roots().is_ok_and(|roots| request.trust.shares(&roots)));
    let identity = block_on(ask(request, known, settings))??;
    let forget = old.is_some_and(|o| o.tenant_id != identity.tenant_id);
    if forget {
        forget_records(settings)?;
    }
    identity.save(&settings.state_dir)?;
    Ok((identity, forget))
}

/// What was recorded for one tenant is never sent to another: before the identity of the other is
/// in place, the spool and what waits in the kernel go.
fn forget_records(settings: &settings::Settings) -> Result<(), SensorError> {
    crate::agent::detach(settings)?;
    let spool = settings.state_dir.join("spool");
    match std::fs::remove_dir_all(&spool) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(SensorError::file(&spool)(e)),
        _ => {}
    }
    Ok(())
}

/// Whether the running sensor uses an identity, which must not change under it. One that waits for
/// its first takes what we write.
fn has_server(state_dir: &Path) -> bool {
    !status::read(state_dir).ok().flatten().is_some_and(|s| s.device_id.is_empty())
}

/// Reads a token from a file, or from standard input where it is `-`.
///
/// # Errors
/// Those of the file system.
pub fn read_token(path: &str) -> std::io::Result<String> {
    let bytes = if path == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(4096).read_to_end(&mut bytes)?;
        bytes
    } else {
        files::read_bounded(path, 4096)?
    };
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

fn token(args: &EnrolArgs) -> Result<String, SensorError> {
    let token = match (&args.token, &args.token_file) {
        (Some(t), _) => t.trim().to_owned(),
        (None, Some(path)) => read_token(path).map_err(SensorError::file(path))?,
        (None, None) => String::new(),
    };
    if token.is_empty() {
        return Err(SensorError::Config(
            "an enrolment token is needed: --token-file, --token or PALISADE_SENSOR_TOKEN".into(),
        ));
    }
    Ok(token)
}

async fn ask(
    asked: &Request<'_>,
    old: Option<&Identity>,
    settings: &settings::Settings,
) -> Result<Identity, SensorError> {
    let Request { url, trust, token, device_name } = asked;
    let device = device::device_info(device_name.or(settings.device_name.as_deref()));
    let key = NewKey::generate(&device.name)?;
    let request = EnrolRequest {
        protocol: PROTOCOL,
        token: (*token).to_owned(),
        csr: key.csr.clone().into(),
        device: Some(device),
        previous_device_id: old.map(|i| i.device_id.to_string()).unwrap_or_default(),
    };
    let link = Link::for_enrolment(url, trust, old, settings.proxy.as_ref())?;
    let response: EnrolResponse = link.post("/v1/enrol", &request).await?;
    if let Trust::Pin(pin) = trust
        && palisade_wire::digest_of(&response.ca_certificate) != *pin
    {
        return Err(SensorError::Certificate("the server's CA certificate is not the pinned one".into()));
    }
    Identity::from_response(url, &key, trust.roots(), &response)
}
