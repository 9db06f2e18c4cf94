//! What these tests share.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use palisade_connectors::{Artefact, Server, Work};
use palisade_estate::health::Cause;
use palisade_estate::provision::{Action, HostReport, Outcome};
use palisade_testkit::skipped;
use tempfile::TempDir;

/// The static sensor, as `make sensor` builds it. `None`, noted as skipped, without.
pub fn sensor() -> Option<PathBuf> {
    let own = std::env::current_exe().expect("a test knows its own path");
    let profile = own.ancestors().find(|p| p.ends_with("debug")).expect("tests are built in the dev profile");
    let path = profile.parent()?.join("x86_64-unknown-linux-gnu/debug/palisade-sensor");
    if !path.exists() {
        skipped("needs the static sensor: make sensor");
        return None;
    }
    Some(path)
}

/// A program of a test's own in a file.
pub fn program(folder: &TempDir, script: &str) -> PathBuf {
    let path = folder.path().join("program");
    std::fs::write(&path, script).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("ours");
    path
}

/// A door that nobody stands at.
pub fn nowhere() -> Server {
    Server {
        url: "https://127.0.0.1:1".into(),
        ca_pem: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".into(),
    }
}

/// Work with a file as the sensor.
pub async fn work(action: Action, sensor: &Path, server: Server) -> Work {
    Work::new(action, Artefact::of(sensor).await.expect("a file"), server)
}

#[track_caller]
pub fn cause(outcome: Outcome) -> Cause {
    match outcome {
        Outcome::Failed(cause) => cause,
        other => panic!("it should fail: {other:?}"),
    }
}

#[track_caller]
pub fn report(outcome: Outcome) -> HostReport {
    match outcome {
        Outcome::Looked(report) => *report,
        other => panic!("it should have looked: {other:?}"),
    }
}

/// What scripts of ours have left behind in the folders that they use.
pub fn left_behind() -> Vec<PathBuf> {
    let folders = ["/dev/shm", "/run", "/var/tmp", "/tmp", "/opt"];
    let entries = folders.iter().flat_map(|f| std::fs::read_dir(f).into_iter().flatten().flatten());
    entries.filter(|e| e.file_name().to_string_lossy().starts_with(".palisade-")).map(|e| e.path()).collect()
}
