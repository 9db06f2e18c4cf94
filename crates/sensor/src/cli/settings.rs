//! Settings: command line, then PALISADE_SENSOR_* in the environment, then the operator's TOML
//! file, then what the installation wrote down, then defaults.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use crate::error::SensorError;
use crate::files;
use crate::install::{Layout, Record};
use crate::transport::proxy::Proxy;

/// Settings that every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// Folder of identity, spool and status [default: /var/lib/palisade-sensor]
    #[arg(long, global = true, env = "PALISADE_SENSOR_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// TOML file with the same settings [default: /etc/palisade/sensor.toml]
    #[arg(long, global = true, env = "PALISADE_SENSOR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Name in pins and links, so that several sensors fit on one machine [default: from the state folder]
    #[arg(long, global = true, env = "PALISADE_SENSOR_INSTANCE", value_name = "NAME")]
    pub instance: Option<String>,
    /// Proxy on the way to the server, http://[user:password@]host:port
    #[arg(long, global = true, env = "PALISADE_SENSOR_PROXY", hide_env_values = true, value_name = "URL")]
    pub proxy: Option<String>,
    /// Everything that is installed lies below this folder, for tests and images
    #[arg(long, global = true, env = "PALISADE_SENSOR_ROOT", value_name = "DIR", hide = true)]
    pub root: Option<PathBuf>,
}

impl Common {
    /// Where the files of this machine, or of the folder that stands for it, lie.
    pub fn layout(&self) -> Layout {
        Layout::new(self.root.as_deref())
    }
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
    /// Whether what the machine holds is told to the server [default: true]
    #[arg(long, env = "PALISADE_SENSOR_INVENTORY", value_name = "BOOL")]
    pub inventory: Option<bool>,
    /// Whether packages are upgraded when the server orders it [default: true]
    #[arg(long, env = "PALISADE_SENSOR_REMEDIATION", value_name = "BOOL")]
    pub remediation: Option<bool>,
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
    #[serde(alias = "exclude_paths")]
    exclude_path: Vec<PathBuf>,
    inventory: Option<bool>,
    remediation: Option<bool>,
    proxy: Option<String>,
    budget: Budget,
}

/// What the sensor's processes may use together. Changes take effect with the next installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Of one processor, percent.
    pub cpu_percent: u32,
    /// Memory at which the kernel takes it back and slows the sensor down, MiB; at one and a half
    /// of it the sensor is ended.
    pub memory_mib: u32,
    /// Threads and processes.
    pub tasks: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { cpu_percent: 50, memory_mib: 192, tasks: 64 }
    }
}

impl Budget {
    fn checked(self) -> Result<Self, SensorError> {
        let fits = (5..=6400).contains(&self.cpu_percent)
            && (96..=65_536).contains(&self.memory_mib)
            && (16..=4096).contains(&self.tasks);
        let words = "budget: cpu_percent from 5 to 6400, memory_mib from 96 to 65536, tasks from 16 to 4096";
        fits.then_some(self).ok_or_else(|| SensorError::Config(words.into()))
    }
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
    /// Why the sensor bounded itself.
    pub scope_reason: Option<&'static str>,
    /// Why it had to and could not: nothing is captured then.
    pub scope_unknown: Option<String>,
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
    /// Whether what the machine holds is told.
    pub inventory: bool,
    /// Whether packages are upgraded when the server orders it, which it does only after a person's approval.
    pub remediation: bool,
    /// Proxy on the way to the server.
    pub proxy: Option<Proxy>,
    /// What the sensor may use.
    pub budget: Budget,
    /// Where installed files lie.
    pub layout: Layout,
    /// The installation that this sensor is part of.
    pub installed: Option<Record>,
}

impl Settings {
    /// A sensor in a container or in a root of its own bounds itself, unless somebody said what it
    /// shall watch.
    pub fn find_scope(&mut self) {
        if self.scope.is_some() {
            return;
        }
        match crate::scope::own() {
            Ok(None) => {}
            Ok(Some((cgroup, why))) => {
                tracing::info!(cgroup = %cgroup.display(), why, "only this cgroup is watched");
                self.scope = Some(cgroup.to_string_lossy().into_owned());
                self.scope_reason = Some(why);
            }
            Err(why) => self.scope_unknown = Some(why),
        }
    }
}

/// Settings of commands other than `run`.
///
/// # Errors
/// See [`load`].
pub fn common(common: &Common) -> Result<Settings, SensorError> {
    load(common, RunArgs::default())
}

/// The same as if there were no file.
///
/// # Errors
/// When a value cannot be used.
pub fn without_file(common: &Common) -> Result<Settings, SensorError> {
    merge(common, RunArgs::default(), FileSettings::default())
}

/// Brings all sources together.
///
/// # Errors
/// When the file is unreadable or a value cannot be used.
pub fn load(common: &Common, run: RunArgs) -> Result<Settings, SensorError> {
    let file = read_file(common.config.as_deref(), &common.layout())?;
    merge(common, run, file)
}

fn merge(common: &Common, run: RunArgs, file: FileSettings) -> Result<Settings, SensorError> {
    let layout = common.layout();
    // A record that cannot be read is told by the component of the installation.
    let record = Record::load(&layout).ok().flatten();
    let state_dir = common
        .state_dir
        .clone()
        .or(file.state_dir)
        .or_else(|| record.as_ref().map(|r| r.state_dir.clone()))
        .unwrap_or_else(|| layout.state_dir());
    let state_dir = std::path::absolute(&state_dir).map_err(SensorError::file(&state_dir))?;
    // What was installed says nothing of another sensor on the same machine.
    let installed = record.filter(|r| r.state_dir == state_dir);
    let instance = common
        .instance
        .clone()
        .or(file.instance)
        .or_else(|| installed.as_ref().map(|r| r.instance.clone()))
        .unwrap_or_else(|| derived_instance(&state_dir));
    let proxy = common
        .proxy
        .clone()
        .or(file.proxy)
        .or_else(|| installed.as_ref().and_then(|r| r.proxy.clone()))
        .filter(|p| !p.is_empty());
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
        scope_reason: None,
        scope_unknown: None,
        force_rung: run.force_rung.or(file.force_rung),
        ring_bytes,
        spool_max_bytes,
        hash_max_bytes: run.hash_max_bytes.or(file.hash_max_bytes).unwrap_or(64 << 20),
        device_name: run.device_name.or(file.device_name).filter(|s| !s.is_empty()),
        exclude,
        inventory: run.inventory.or(file.inventory).unwrap_or(true),
        remediation: run.remediation.or(file.remediation).unwrap_or(true),
        state_dir,
        proxy: proxy.as_deref().map(Proxy::parse).transpose()?,
        budget: file.budget.checked()?,
        layout,
        installed,
    })
}

fn read_file(path: Option<&Path>, layout: &Layout) -> Result<FileSettings, SensorError> {
    let operators = layout.operator();
    let (path, wanted) = path.map_or((operators.as_path(), false), |p| (p, true));
    match files::read_bounded(path, 1 << 20) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            toml::from_str(&text).map_err(|e| {
                // One line, as all our errors are: the parser's own words draw a picture.
                let before = e.span().and_then(|s| text.get(..s.start)).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                SensorError::Config(format!("{}, line {line}: {}", path.display(), e.message()))
            })
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !wanted => Ok(FileSettings::default()),
        Err(e) => Err(SensorError::file(path)(e)),
    }
}

/// Eight hexadecimal digits that stand for the state folder.
pub fn derived_instance(state_dir: &Path) -> String {
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
