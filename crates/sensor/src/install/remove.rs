//! Taking an installed sensor off a machine.

use std::path::{Path, PathBuf};

use palisade_estate::health::Code;

use super::fault::finding;
use super::journal::{Journal, Undo, remove_file};
use super::service::systemctl;
use super::{Fault, Layout, Manager, Record, Service, unit};
use crate::capture::{Capture, default_pin_dir};
use crate::cli::settings::Settings;
use crate::host;

/// Ends the sensor, takes its programs out of the kernel and removes what was installed; with
/// `purge` also identity and spool. What is gone already is fine, so that one that was cut short
/// is simply run again. Returns what was removed.
///
/// # Errors
/// What could not be removed.
pub fn remove(settings: &Settings, path: Option<&Path>, purge: bool) -> Result<Vec<String>, Fault> {
    let layout = &settings.layout;
    if !nix::unistd::geteuid().is_root() {
        let cause =
            finding(Code::PrivilegesMissing).with("user", host::user()).with("detail", "it is not root");
        return Err(Box::new(cause));
    }
    let failed = |what: String| -> Fault { Box::new(finding(Code::OffboardingFailed).with("detail", what)) };
    let record = Record::load(layout).ok().flatten();
    let at = match (&record, path) {
        (Some(r), _) => r.path.clone(),
        (None, Some(p)) => layout.at(p),
        (None, None) => layout.at(super::layout::PATH),
    };
    let manager = record.as_ref().map_or_else(|| host::manager(layout), |r| r.manager);
    let state_dir = record.as_ref().map_or_else(|| settings.state_dir.clone(), |r| r.state_dir.clone());
    let instance = record.as_ref().map_or_else(|| settings.instance.clone(), |r| r.instance.clone());
    let mut removed = Vec::new();

    let service = Service::new(manager, layout, &at, &state_dir);
    if manager == Manager::Systemd && layout.unit().exists() {
        systemctl(&["disable", "--quiet", unit::NAME]).map_err(|e| failed(e.to_string()))?;
    }
    let ran = service.runs();
    service.stop().map_err(|e| failed(e.to_string()))?;
    if ran {
        removed.push("the running service".to_owned());
    }
    if Capture::detach(&default_pin_dir(&instance)).map_err(|e| failed(e.to_string()))? {
        removed.push("programs in the kernel".to_owned());
    }
    for file in files_of(layout, &at, record.as_ref()) {
        if file.symlink_metadata().is_ok() {
            remove_file(&file).map_err(|e| failed(format!("{}: {e}", file.display())))?;
            removed.push(file.display().to_string());
        }
    }
    if manager == Manager::Systemd && host::manager(layout) == Manager::Systemd {
        systemctl(&["daemon-reload"]).map_err(|e| failed(e.to_string()))?;
    }
    for folder in [at.join("bin"), at.join("etc"), at.clone()] {
        // Only where nothing of anybody else is in it.
        let _ = std::fs::remove_dir(folder);
    }
    if purge && state_dir.exists() {
        std::fs::remove_dir_all(&state_dir).map_err(|e| failed(format!("{}: {e}", state_dir.display())))?;
        removed.push(state_dir.display().to_string());
    }
    for file in [layout.journal(), layout.record()] {
        // Last: while the record is there, a run that was cut short knows what to do.
        remove_file(&file).map_err(|e| failed(format!("{}: {e}", file.display())))?;
    }
    let _ = std::fs::remove_dir(layout.etc());
    Ok(removed)
}

fn files_of(layout: &Layout, at: &Path, record: Option<&Record>) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = record.into_iter().flat_map(|r| &r.files).map(|f| f.path.clone()).collect();
    all.extend([super::record::program(at), at.join("etc/ca.pem"), layout.unit()]);
    // Programs of other versions, and what an installation that was cut short kept or made.
    for dir in [at.join("bin"), at.join("etc")] {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = name.starts_with("palisade-sensor") || name.starts_with("ca.");
            let kept = name.starts_with('.') && name.ends_with(".before");
            if ours || kept {
                all.push(entry.path());
            }
        }
    }
    for change in Journal::left(layout).ok().flatten().unwrap_or_default() {
        if let Undo::Restore { kept, .. } = change {
            all.push(kept);
        }
    }
    all.sort();
    all.dedup();
    // Identity and spool have a switch of their own.
    all.retain(|p| p.file_name() != Some("identity.json".as_ref()));
    all
}
