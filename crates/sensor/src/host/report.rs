//! The whole report.

use std::path::{Path, PathBuf};

use palisade_estate::provision::{HostReport, HostSensor, Reach, ServiceManager};

use super::{facts, path, products};
use crate::cli::block_on;
use crate::cli::settings::Settings;
use crate::device;
use crate::error::SensorError;
use crate::identity::Identity;
use crate::install::{self, Manager};
use crate::reach;
use crate::transport::checked_url;
use crate::transport::tls::Trust;

/// What a report is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Folder that the sensor shall be installed into.
    pub path: Option<PathBuf>,
    /// The server's address, where it is to be tried.
    pub url: Option<String>,
    /// What vouches for it: a PEM file or a SHA-256.
    pub ca: Option<String>,
}

/// Looks at the machine.
///
/// # Errors
/// When an address or a CA cannot be used.
pub fn report(settings: &Settings, asked: &Asked) -> Result<HostReport, SensorError> {
    let layout = &settings.layout;
    let at = asked.path.as_deref().unwrap_or(Path::new(install::PATH));
    let about = device::device_info(None);
    let (server, reach, clock_offset) = way(settings, asked)?;
    let beside = products::beside(layout);
    Ok(HostReport {
        os: facts::os(layout),
        root: nix::unistd::geteuid().is_root(),
        user: facts::user(),
        kernel_types: Path::new("/sys/kernel/btf/vmlinux").exists(),
        // Without root the kernel refuses everybody, which says nothing of it.
        bpf_refused: nix::unistd::geteuid()
            .is_root()
            .then(|| crate::capture::trial_load().err().map(|e| short(&e.to_string())))
            .flatten(),
        cpus: about.cpus,
        memory_bytes: about.memory_bytes,
        path: path::with_state(&layout.at(at), &settings.state_dir),
        tools_missing: facts::tools_missing(layout),
        products: beside.products,
        fanotify_user: beside.fanotify_user,
        facts: Some(Box::new(beside.facts)),
        service_manager: match facts::manager(layout) {
            Manager::Systemd => ServiceManager::Systemd,
            Manager::Supervisor => ServiceManager::None,
        },
        server,
        reach,
        proxy: settings.proxy.as_ref().map(|p| p.shown()).unwrap_or_default(),
        clock_offset,
        sensor: owned(settings, asked.path.as_deref()),
        excluded_by_file: layout.exclude().exists(),
    })
}

/// The sensor that is there. One that its own server refuses for good belongs to nobody any more: what
/// is left of its identity is not told.
fn owned(settings: &Settings, path: Option<&Path>) -> HostSensor {
    let mut found = install::inspect(settings, path);
    if let HostSensor::Present { tenant, device, .. } = &mut found
        && let Ok(identity) = Identity::load(&settings.state_dir)
        && *device == Some(identity.device_id)
        && install::let_go(&identity, settings.proxy.as_ref())
    {
        (*tenant, *device) = (None, None);
    }
    found
}

/// The server's address, whether it is reached, and the clock's offset.
fn way(settings: &Settings, asked: &Asked) -> Result<(String, Reach, Option<i64>), SensorError> {
    let identity = Identity::load(&settings.state_dir).ok();
    let (url, trust) = match (&asked.url, &asked.ca, identity) {
        (Some(url), Some(ca), _) => (checked_url(url)?, Trust::parse(ca)?),
        (None, _, Some(i)) => (i.url.clone(), Trust::Roots(i.roots()?)),
        (Some(url), None, _) => return Err(SensorError::Config(format!("--url {url} needs --ca"))),
        (None, _, None) => return Ok((String::new(), Reach::NotTried, None)),
    };
    let walk = block_on(reach::walk(&url, &trust, settings.proxy.as_ref()))?;
    let failed = walk.failed_step().filter(|s| s.name != "clock");
    let reach = match failed {
        Some(step) => Reach::Failed { step: step.name.into(), detail: step.detail.clone() },
        None => Reach::Reached,
    };
    Ok((url, reach, walk.clock_offset))
}

/// A complaint of the kernel may be pages long; its end says what is wrong.
fn short(text: &str) -> String {
    const MOST: usize = 600;
    let from = text.ceil_char_boundary(text.len().saturating_sub(MOST));
    text[from..].to_owned()
}
