//! What sensor is on a machine, in the estate's words.

use std::path::Path;

use palisade_estate::provision::HostSensor;

use super::record::program;
use super::{Layout, Record};
use crate::agent::{Lock, status};
use crate::cli::settings::Settings;
use crate::error::SensorError;
use crate::identity::Identity;

/// Looks at what is installed, and at what runs without having been installed.
pub fn inspect(settings: &Settings, path: Option<&Path>) -> HostSensor {
    let layout = &settings.layout;
    let recorded = Record::load(layout);
    let state_dir = match &recorded {
        Ok(Some(r)) => r.state_dir.clone(),
        _ => settings.state_dir.clone(),
    };
    let running = Lock::is_held(&state_dir);
    let (version, mut missing) = match &recorded {
        Ok(Some(r)) => (r.version.clone(), r.missing()),
        Ok(None) => match unrecorded(layout, path) {
            Some(version) => (version, vec![layout.record().display().to_string()]),
            // Somebody runs one that was never installed: nothing of it can be missing.
            None if running => (String::new(), Vec::new()),
            None => return HostSensor::Absent,
        },
        // Only root reads the record, and others may ask whether a sensor runs.
        Err(SensorError::File { source, .. }) if source.kind() == std::io::ErrorKind::PermissionDenied => {
            (String::new(), Vec::new())
        }
        Err(e) => (String::new(), vec![format!("{} ({e})", layout.record().display())]),
    };
    // A supervisor that was ended leaves a sensor that nobody starts again.
    if let Ok(Some(r)) = &recorded
        && r.manager == super::Manager::Supervisor
        && running
        && !Lock::is_supervised(&state_dir)
    {
        missing.push("the supervisor's process".into());
    }
    let status = status::read(&state_dir).ok().flatten();
    let identity = Identity::load(&state_dir).ok();
    let version = match status {
        // What runs may be older than what is installed.
        Some(s) if running && !s.sensor_version.is_empty() => s.sensor_version,
        _ => version,
    };
    HostSensor::Present {
        version,
        running,
        missing,
        server: identity.as_ref().map(|i| i.url.clone()).unwrap_or_default(),
        tenant: identity.as_ref().map(|i| i.tenant_id),
        device: identity.as_ref().map(|i| i.device_id),
    }
}

/// The version of a program that lies where one would be installed, although nothing was written
/// down.
fn unrecorded(layout: &Layout, path: Option<&Path>) -> Option<String> {
    let at = path.map_or_else(|| layout.at(super::layout::PATH), |p| layout.at(p));
    let program = program(&at);
    let there = program.symlink_metadata().is_ok() || layout.unit().exists();
    let version = program.read_link().ok().and_then(|to| {
        let name = to.file_name()?.to_string_lossy().into_owned();
        name.strip_prefix("palisade-sensor-").map(str::to_owned)
    });
    there.then(|| version.unwrap_or_default())
}
