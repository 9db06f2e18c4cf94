//! PostgreSQL's programs and its process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

use super::{ClusterConfig, PORT};
use crate::{Result, StateError};

/// Whether a cluster is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterStatus {
    /// There is no data yet.
    Absent,
    /// There is data; PostgreSQL is not running on it.
    Stopped,
    /// PostgreSQL is running on it.
    Running,
}

/// How long a start may take, which includes recovery after a crash.
const START_SECONDS: u64 = 120;
/// How long the backends of a killed server may take to end by themselves.
const ORPHANS_END: Duration = Duration::from_secs(20);

/// The folder of PostgreSQL's server programs: `PALISADE_PG_BIN` if set, else of the wanted major
/// version, else of the newest one where Debian and others put them, else the search path.
///
/// # Errors
/// `internal` with what to install.
pub fn find_binaries(version: Option<&str>) -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("PALISADE_PG_BIN").map(PathBuf::from) {
        return if dir.join("initdb").is_file() {
            Ok(dir)
        } else {
            Err(StateError::Cluster(format!("PALISADE_PG_BIN: there is no initdb in {}", dir.display())))
        };
    }
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for root in ["/usr/lib/postgresql", "/usr/lib64/pgsql", "/opt/postgresql"] {
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            let bin = entry.path().join("bin");
            let major = entry.file_name().to_str().and_then(|n| n.parse().ok());
            if let (Some(major), true) = (major, bin.join("initdb").is_file() && bin.join("pg_ctl").is_file())
            {
                found.push((major, bin));
            }
        }
    }
    found.sort();
    if let Some(version) = version {
        found.retain(|(major, _)| major.to_string() == version);
    }
    if let Some((_, bin)) = found.pop() {
        return Ok(bin);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|dir| dir.join("initdb").is_file() && dir.join("pg_ctl").is_file())
        .ok_or_else(|| {
            let version = version.map(|v| format!(" {v}")).unwrap_or_default();
            StateError::Cluster(format!(
                "postgresql{version} is not installed (its initdb and pg_ctl were not found)"
            ))
        })
}

/// The current user's number.
pub(super) fn current_uid() -> u32 {
    fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m)).unwrap_or(u32::MAX)
}

/// The current user's name by /etc/passwd.
pub(super) fn current_user_name() -> Option<String> {
    let uid = current_uid().to_string();
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

/// One of PostgreSQL's programs, to be run by its user.
pub(super) fn tool(config: &ClusterConfig, name: &str) -> Result<Command> {
    let version = fs::read_to_string(config.data_dir.join("PG_VERSION")).ok();
    let bin = find_binaries(version.as_deref().map(str::trim))?;
    let mut command = Command::new(bin.join(name));
    command.stdin(Stdio::null()).current_dir("/").env("LC_ALL", "C");
    for (key, _) in std::env::vars_os() {
        if key.to_str().is_some_and(|k| k.starts_with("PG")) {
            command.env_remove(key);
        }
    }
    if let Some(user) = config.user.as_ref().filter(|_| current_uid() == 0) {
        command.uid(user.uid).gid(user.gid);
    }
    Ok(command)
}

/// Runs a program to its end.
pub(super) async fn run(mut command: Command, what: &str) -> Result<()> {
    let output =
        command.output().await.map_err(|e| StateError::Cluster(format!("cannot run {what}: {e}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].join(" ");
    Err(StateError::Cluster(format!("{what} failed ({}): {}", output.status, said.trim())))
}

fn pid_file(config: &ClusterConfig) -> PathBuf {
    config.data_dir.join("postmaster.pid")
}

/// The processes whose working folder is the data: PostgreSQL's main process and its children.
fn inside(data_dir: &Path) -> Vec<u32> {
    let Ok(data_dir) = data_dir.canonicalize() else { return Vec::new() };
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else { continue };
        if fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data_dir) && !is_zombie(pid) {
            pids.push(pid);
        }
    }
    pids
}

/// Waits for what a killed attempt to make a cluster left running: initdb is nobody's child then, and
/// goes on writing.
pub(super) async fn wait_for_makers(making: &Path) -> Result<()> {
    let deadline = Instant::now() + ORPHANS_END;
    loop {
        let mut left = inside(making);
        left.extend(naming(making));
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(StateError::Cluster(format!(
                "processes {left:?} of an earlier attempt still write to {}",
                making.display()
            )));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The processes that were given this path as an argument.
fn naming(path: &Path) -> Vec<u32> {
    let wanted = path.as_os_str().as_encoded_bytes();
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else { continue };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if line.split(|b| *b == 0).any(|argument| argument == wanted) {
            pids.push(pid);
        }
    }
    pids
}

fn is_zombie(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

/// The main process by its file, if that process is really one of this cluster.
fn postmaster(config: &ClusterConfig) -> Option<u32> {
    let pid: u32 = fs::read_to_string(pid_file(config)).ok()?.lines().next()?.trim().parse().ok()?;
    inside(&config.data_dir).contains(&pid).then_some(pid)
}

pub(super) async fn status(config: &ClusterConfig) -> Result<ClusterStatus> {
    if !config.data_dir.join("PG_VERSION").is_file() {
        return Ok(ClusterStatus::Absent);
    }
    Ok(if postmaster(config).is_some() { ClusterStatus::Running } else { ClusterStatus::Stopped })
}

/// Removes what a killed server left: its lock files, whose process number may be someone else's
/// (or a zombie's) by now. PostgreSQL itself would take any process of that number for its own. Backends that outlive
/// their main process are waited for, since the file protects their shared memory.
pub(super) async fn clear_stale(config: &ClusterConfig) -> Result<()> {
    let deadline = Instant::now() + ORPHANS_END;
    loop {
        let left = inside(&config.data_dir);
        if left.is_empty() {
            break;
        }
        if Instant::now() > deadline {
            return Err(StateError::Cluster(format!(
                "processes {left:?} of a server that was killed still use the data"
            )));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let socket = config.socket_dir.join(format!(".s.PGSQL.{PORT}"));
    for path in [pid_file(config), config.socket_dir.join(format!(".s.PGSQL.{PORT}.lock")), socket] {
        match fs::remove_file(&path) {
            Ok(()) => {
                tracing::warn!(path = %path.display(), "removed what a killed postgresql left, it will recover")
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(StateError::Cluster(format!("cannot remove {}: {e}", path.display()))),
        }
    }
    Ok(())
}

pub(super) async fn start(config: &ClusterConfig) -> Result<()> {
    let mut command = tool(config, "pg_ctl")?;
    command.arg("start").arg("--pgdata").arg(&config.data_dir).arg("--log").arg(&config.log_file);
    command.args(["--wait", "--silent", "--timeout", &START_SECONDS.to_string()]);
    // PostgreSQL keeps what it inherits, so nobody may wait for the end of a pipe.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let status =
        command.status().await.map_err(|e| StateError::Cluster(format!("cannot run pg_ctl: {e}")))?;
    if status.success() {
        return Ok(());
    }
    let log = fs::read_to_string(&config.log_file).unwrap_or_default();
    let tail: Vec<&str> = log.lines().rev().take(5).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Err(StateError::Cluster(format!("it did not start ({status}); its log ends: {}", tail.join(" / "))))
}

pub(super) async fn reload(config: &ClusterConfig) -> Result<()> {
    let mut command = tool(config, "pg_ctl")?;
    command.arg("reload").arg("--pgdata").arg(&config.data_dir).arg("--silent");
    run(command, "pg_ctl reload").await
}

pub(super) async fn stop(config: &ClusterConfig, within: Duration) -> Result<()> {
    let stop = |mode: &str, seconds: u64| {
        let mut command = tool(config, "pg_ctl")?;
        command.arg("stop").arg("--pgdata").arg(&config.data_dir);
        command.args(["--wait", "--silent", "--mode", mode, "--timeout", &seconds.to_string()]);
        Ok::<_, StateError>(command)
    };
    if let Err(error) = run(stop("fast", within.as_secs().max(1))?, "pg_ctl stop").await {
        if postmaster(config).is_none() {
            return Ok(());
        }
        tracing::warn!(%error, "postgresql did not stop in time, ending it at once");
        run(stop("immediate", 30)?, "pg_ctl stop").await?;
    }
    Ok(())
}
