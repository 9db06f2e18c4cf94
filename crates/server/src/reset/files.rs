//! A tenant's files: removed, or where others' lines are in them too, struck from.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use palisade_types::TenantId;

use crate::instance::Instance;
use crate::scan::Needles;

/// Removes what is the tenant's alone: its event store, its hot rows, its exports and its uploads.
pub fn remove_tenant(region: &Instance, tenant: TenantId) -> Result<Vec<String>> {
    let mut removed = Vec::new();
    for parent in [
        region.lake_dir(),
        region.hot_dir(),
        region.hunting_dir().join("exports"),
        region.hunting_dir().join("uploads"),
    ] {
        let dir = parent.join(tenant.to_string());
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("removing {}", dir.display()))?;
            removed.push(format!("{}/<tenant>", parent.display()));
        }
        // The parent's entry must not come back after a power cut.
        if parent.is_dir() {
            fs::File::open(&parent)?.sync_all()?;
        }
    }
    Ok(removed)
}

/// Removes identity, spool and orders of this machine's own sensor, and the command line's credential:
/// both were the tenant's. `palisade up` enrols it again.
pub fn remove_own_sensor(instance: &mut Instance) -> Result<Vec<String>> {
    let mut removed = Vec::new();
    let mut record = instance.record.clone();
    record.own_sensor = false;
    *instance = Instance::store(instance.home(), &record)?;
    for entry in fs::read_dir(instance.sensor_dir())? {
        let path = entry?.path();
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        gone.with_context(|| format!("removing {}", path.display()))?;
        removed.push(path.display().to_string());
    }
    let token = instance.secret("cli.token");
    if token.exists() {
        fs::remove_file(&token)?;
        removed.push(token.display().to_string());
    }
    Ok(removed)
}

/// Takes every line that holds one of the patterns out of the logs of roles and databases. The files
/// stay the ones that are open for appending.
pub fn strike_from_logs(instance: &Instance, needles: &Needles) -> Result<Vec<String>> {
    let mut struck = Vec::new();
    for file in logs(instance) {
        let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        if !needles.within(&bytes) {
            continue;
        }
        let kept: Vec<u8> = bytes
            .split_inclusive(|b| *b == b'\n')
            .filter(|line| !needles.within(line))
            .flatten()
            .copied()
            .collect();
        let write = || -> std::io::Result<()> {
            let mut open = fs::OpenOptions::new().write(true).truncate(true).open(&file)?;
            open.write_all(&kept)?;
            open.sync_all()
        };
        write().with_context(|| format!("striking lines from {}", file.display()))?;
        struck.push(format!("lines of {}", file.display()));
    }
    Ok(struck)
}

fn logs(instance: &Instance) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for region in instance.all_regions() {
        for dir in [region.logs_dir(), region.region_pg_dir()] {
            let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
            found.extend(entries.map(|e| e.path()).filter(|p| is_log(p)));
        }
    }
    found
}

fn is_log(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|e| e == "log")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::Record;

    #[test]
    fn only_the_lines_that_name_it_are_struck() {
        let home = tempfile::tempdir().expect("a folder");
        let record: Record = serde_json::from_value(serde_json::json!({
            "instance_id": "00000000", "ports": { "console": 1, "ingest": 2, "admin": 3 }, "tenant": null,
            "region": "local", "created": 0, "own_sensor": false,
        }))
        .expect("a record as an earlier version wrote it");
        let instance = Instance::store(home.path(), &record).expect("stored");
        fs::create_dir_all(instance.logs_dir()).expect("made");
        let log = instance.logs_dir().join("lake.log");
        fs::write(&log, "one\ntwo tenant-id-0123456789 three\nfour\n").expect("written");
        fs::write(instance.logs_dir().join("api.log"), "five\n").expect("written");
        let needles = Needles::new([b"tenant-id-0123456789".to_vec()]);
        let struck = strike_from_logs(&instance, &needles).expect("struck");
        assert_eq!(struck.len(), 1);
        assert_eq!(fs::read_to_string(&log).expect("read"), "one\nfour\n");
    }
}
