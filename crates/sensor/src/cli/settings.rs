//! Settings: command line, then PALISADE_SENSOR_* in the environment, then the TOML file, then
//! defaults.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use crate::error::SensorError;
use crate::files;

const STATE_DIR: &str = "/var/lib/palisade-sensor";
const CONFIG: &str = "/etc/palisade-sensor/sensor.toml";

/// Settings that every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// Folder of identity, spool and status [default: /var/lib/palisade-sensor]
    #[arg(long, global = true, env = "PALISADE_SENSOR_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// TOML file with the same settings [default: /etc/palisade-sensor/sensor.toml]
    #[arg(long, global = true, env = "PALISADE_SENSOR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Name in pins and links, so that several sensors fit on one machine [default: from the state folder]
    #[arg(long, global = true, env = "PALISADE_SENSOR_INSTANCE", value_name = "NAME")]
    pub instance: Option<String>,
}

/// Settings of `run`.
#[derive(Clone, Debug, Default, Args)]
pub struct RunArgs {
    /// Capture and act only inside this cgroup's subtree
    #[arg(long, env = "PALISADE_SENSOR_SCOPE", value_name = "CGROUP")]
    pub scope: Option<String>,
    /// Use this rung of every ladder, for tests
    #[arg(long, env = "PALISADE_SENSOR_FORCE_RUNG", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=2))]
    pub force_rung: Option<u8>,
    /// Size of the kernel's ring, a power of two [default: 8388608]
    #[arg(long, env = "PALISADE_SENSOR_RING_BYTES", value_name = "BYTES")]
    pub ring_bytes: Option<u32>,
    /// Most bytes of the spool [default: 536870912]
    #[arg(long, env = "PALISADE_SENSOR_SPOOL_MAX_BYTES", value_name = "BYTES")]
    pub spool_max_bytes: Option<u64>,
    /// Largest executable that is hashed, bytes [default: 67108864]
    #[arg(long, env = "PALISADE_SENSOR_HASH_MAX_BYTES", value_name = "BYTES")]
    pub hash_max_bytes: Option<u64>,
    /// Name of this device instead of the host name
    #[arg(long, env = "PALISADE_SENSOR_DEVICE_NAME", value_name = "NAME")]
    pub device_name: Option<String>,
    /// File events below this path are left out; may be repeated
    #[arg(long, env = "PALISADE_SENSOR_EXCLUDE_PATH", value_name = "PATH", value_delimiter = ':')]
    pub exclude_path: Vec<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileSettings {
    state_dir: Option<PathBuf>,
    instance: Option<String>,
    scope: Option<String>,
    force_rung: Option<u8>,
    ring_bytes: Option<u32>,
    spool_max_bytes: Option<u64>,
    hash_max_bytes: Option<u64>,
    device_name: Option<String>,
    exclude_path: Vec<PathBuf>,
}

/// Settings in force.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder of identity, spool and status.
    pub state_dir: PathBuf,
    /// Name in pins and links.
    pub instance: String,
    /// Cgroup that bounds capture.
    pub scope: Option<String>,
    /// Rung to use on every ladder.
    pub force_rung: Option<u8>,
    /// Size of the kernel's ring, bytes.
    pub ring_bytes: u32,
    /// Bound of the spool, bytes.
    pub spool_max_bytes: u64,
    /// Largest executable that is hashed, bytes.
    pub hash_max_bytes: u64,
    /// Name of the device instead of the host name.
    pub device_name: Option<String>,
    /// Paths without file events; the state folder is always among them.
    pub exclude: Vec<PathBuf>,
}

/// Settings of commands other than `run`.
///
/// # Errors
/// See [`load`].
pub fn common(common: &Common) -> Result<Settings, SensorError> {
    load(common, RunArgs::default())
}

/// Brings all sources together and makes the state folder.
///
/// # Errors
/// When the file is unreadable or a value cannot be used.
pub fn load(common: &Common, run: RunArgs) -> Result<Settings, SensorError> {
    let file = read_file(common.config.as_deref())?;
    let state_dir = common.state_dir.clone().or(file.state_dir).unwrap_or_else(|| STATE_DIR.into());
    let state_dir = std::path::absolute(&state_dir).map_err(SensorError::file(&state_dir))?;
    let instance = common.instance.clone().or(file.instance).unwrap_or_else(|| derived_instance(&state_dir));
    if instance.is_empty()
        || instance.len() > 32
        || !instance.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    {
        return Err(SensorError::Config("instance: letters, digits and hyphens, at most 32".into()));
    }
    let ring_bytes = run.ring_bytes.or(file.ring_bytes).unwrap_or(8 << 20);
    if !ring_bytes.is_power_of_two() || !(64 << 10..=256 << 20).contains(&ring_bytes) {
        return Err(SensorError::Config("ring-bytes: a power of two from 64 KiB to 256 MiB".into()));
    }
    let spool_max_bytes = run.spool_max_bytes.or(file.spool_max_bytes).unwrap_or(512 << 20);
    if spool_max_bytes < 1 << 20 {
        return Err(SensorError::Config("spool-max-bytes: at least 1 MiB".into()));
    }
    let mut exclude = if run.exclude_path.is_empty() { file.exclude_path } else { run.exclude_path };
    exclude.push(state_dir.clone());
    Ok(Settings {
        instance,
        scope: run.scope.or(file.scope).filter(|s| !s.is_empty()),
        force_rung: run.force_rung.or(file.force_rung),
        ring_bytes,
        spool_max_bytes,
        hash_max_bytes: run.hash_max_bytes.or(file.hash_max_bytes).unwrap_or(64 << 20),
        device_name: run.device_name.or(file.device_name).filter(|s| !s.is_empty()),
        exclude,
        state_dir,
    })
}

fn read_file(path: Option<&Path>) -> Result<FileSettings, SensorError> {
    let (path, wanted) = path.map_or((Path::new(CONFIG), false), |p| (p, true));
    match files::read_bounded(path, 1 << 20) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            toml::from_str(&text).map_err(|e| SensorError::Config(format!("{}: {e}", path.display())))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !wanted => Ok(FileSettings::default()),
        Err(e) => Err(SensorError::file(path)(e)),
    }
}

/// Eight hexadecimal digits that stand for the state folder.
fn derived_instance(state_dir: &Path) -> String {
    let digest = palisade_wire::digest_of(state_dir.as_os_str().as_encoded_bytes());
    hex::encode(&digest[..4])
}

/// Makes the state folder: others may enter it for the status file, but not list it.
///
/// # Errors
/// Those of the file system.
pub fn make_state_dir(dir: &Path) -> Result<(), SensorError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(dir).map_err(SensorError::file(dir))?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o711)).map_err(SensorError::file(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_file() {
        let dir = tempfile::TempDir::new().expect("dir");
        let config = dir.path().join("sensor.toml");
        std::fs::write(&config, "state_dir = '/a'\nscope = '/s'\nring_bytes = 131072\n").expect("written");
        let common = Common { config: Some(config.clone()), ..Common::default() };
        let s = load(&common, RunArgs { ring_bytes: Some(262_144), ..RunArgs::default() }).expect("loads");
        assert_eq!(
            (s.state_dir.to_str(), s.scope.as_deref(), s.ring_bytes),
            (Some("/a"), Some("/s"), 262_144)
        );
        assert_eq!(s.exclude, [PathBuf::from("/a")]);
        std::fs::write(&config, "no_such_setting = 1\n").expect("written");
        assert_eq!(
            load(&common, RunArgs::default()).map_err(|e| e.code().to_owned()).err().as_deref(),
            Some("settings_invalid")
        );
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        let common = Common { state_dir: Some("/tmp/x".into()), ..Common::default() };
        for run in [
            RunArgs { ring_bytes: Some(100_000), ..RunArgs::default() },
            RunArgs { spool_max_bytes: Some(1), ..RunArgs::default() },
        ] {
            assert!(load(&common, run).is_err());
        }
        assert!(load(&Common { instance: Some("a/b".into()), ..common }, RunArgs::default()).is_err());
    }
}
