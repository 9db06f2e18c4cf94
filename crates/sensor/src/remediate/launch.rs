//! Starting the process that does the work.
//!
//! Under systemd the sensor is in a unit whose sandbox lets nobody write to /usr, whose bounds are far below
//! what a package's scripts may need, and whose end ends every process in it. There the process becomes a
//! transient unit of its own (systemd-run), with the two settings of Debian's own apt-daily-upgrade.service,
//! so that a shutdown waits for dpkg; it is reached by a socket in the state folder, which works with every
//! systemd and without a message bus. Elsewhere it is a child in a session of its own, and leaves the
//! supervisor's cgroup by itself (`confine`).

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::process::Command;

use super::answer::Answer;
use super::request::Request;
use crate::cli::settings::Settings;
use crate::files::read_text;

/// Longest answer.
const MAX_ANSWER: u64 = 1 << 20;
/// A started unit has called by then.
const CALLING: Duration = Duration::from_secs(60);
/// Tidying up takes no longer.
const TIDYING: Duration = Duration::from_secs(120);

/// Has a request worked on.
///
/// # Errors
/// Why there is no answer, in words.
pub async fn ask(settings: &Settings, request: &Request) -> Result<Answer, String> {
    let text = serde_json::to_vec(request).map_err(|e| e.to_string())?;
    let answer = exchange(settings, &[], &text).await?;
    serde_json::from_slice(&answer).map_err(|e| format!("the answer is none: {e}"))
}

/// Has what an interrupted remediation left taken away.
///
/// # Errors
/// Why it is not, in words.
pub async fn tidy(settings: &Settings) -> Result<(), String> {
    let done = tokio::time::timeout(TIDYING, exchange(settings, &["--tidy"], b"")).await;
    done.map_err(|_| "it takes too long".to_owned())?.map(drop)
}

async fn exchange(settings: &Settings, more: &[&str], request: &[u8]) -> Result<Vec<u8>, String> {
    let mut words = vec!["remediate".to_owned()];
    words.extend(more.iter().map(|w| (*w).to_owned()));
    words.extend(["--state-dir".to_owned(), settings.state_dir.to_string_lossy().into_owned()]);
    if let Some(root) = settings.layout.other_root() {
        words.extend(["--root".to_owned(), root.to_string_lossy().into_owned()]);
    }
    if is_unit() { by_unit(settings, words, request).await } else { by_child(&words, request).await }
}

/// Whether the sensor is in a unit of the systemd that runs here.
fn is_unit() -> bool {
    let cgroup = read_text("/proc/self/cgroup");
    let in_unit = cgroup.lines().any(|l| {
        let mut parts = l.splitn(3, ':').skip(1);
        let hierarchy = matches!(parts.next(), Some("" | "name=systemd"));
        hierarchy && parts.next().is_some_and(|p| p.ends_with(".service"))
    });
    in_unit && Path::new("/run/systemd/system").is_dir()
}

async fn by_child(words: &[String], request: &[u8]) -> Result<Vec<u8>, String> {
    // What runs now, also when an upgrade has replaced the file.
    let mut command = Command::new("/proc/self/exe");
    command.arg0("palisade-sensor").args(words);
    // It outlives us on purpose: nothing kills it when this value, or this process, goes.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(false);
    // SAFETY: only an async-signal-safe call between fork and exec.
    unsafe {
        command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(Into::into));
    }
    let mut child = command.spawn().map_err(|e| format!("it does not start: {e}"))?;
    let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("it has no pipes".into());
    };
    let answer = talk(from, to, request).await;
    // It may go on working after its answer, so its end is not waited for.
    drop(child);
    answer
}

async fn by_unit(settings: &Settings, mut words: Vec<String>, request: &[u8]) -> Result<Vec<u8>, String> {
    let socket = Socket::new(&settings.state_dir)?;
    words.extend(["--exchange".to_owned(), socket.path.to_string_lossy().into_owned()]);
    let mut command = Command::new("systemd-run");
    // A unit of this name may still be there, failed or at work.
    let mut other = [0u8; 4];
    crate::random::fill(&mut other).map_err(|e| e.to_string())?;
    let unit = format!("--unit=palisade-remediation-{}-{}", settings.instance, hex::encode(other));
    command.args([unit.as_str(), "--quiet", "--description=Palisade remediation"]);
    // Only the first process gets the signal, and it waits for the package manager.
    command.args(["--property=KillMode=process", "--property=TimeoutStopSec=900", "--"]);
    // By what runs now: an upgrade may have replaced the file.
    command.arg(format!("/proc/{}/exe", std::process::id())).args(words);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let out = tokio::time::timeout(CALLING, command.output()).await;
    let out = out.map_err(|_| "systemd-run does not end")?.map_err(|e| format!("systemd-run: {e}"))?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(format!("systemd gives it no unit: {}", said.trim()));
    }
    let called = tokio::time::timeout(CALLING, socket.listener.accept()).await;
    let (stream, _) = called.map_err(|_| "its unit does not call")?.map_err(|e| e.to_string())?;
    let who = stream.peer_cred().map_err(|e| e.to_string())?;
    if who.uid() != nix::unistd::geteuid().as_raw() {
        return Err("somebody else called".into());
    }
    let (from, to) = stream.into_split();
    talk(from, to, request).await
}

async fn talk(
    from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    request: &[u8],
) -> Result<Vec<u8>, String> {
    to.write_all(request).await.map_err(|e| format!("it takes no request: {e}"))?;
    to.shutdown().await.map_err(|e| e.to_string())?;
    drop(to);
    let mut answer = Vec::new();
    from.take(MAX_ANSWER).read_to_end(&mut answer).await.map_err(|e| format!("no answer: {e}"))?;
    if answer.is_empty() {
        Err("it ended without an answer; the sensor's log says more".into())
    } else {
        Ok(answer)
    }
}

/// A socket that only root may use, gone with the value.
struct Socket {
    path: PathBuf,
    listener: UnixListener,
}

impl Socket {
    fn new(state_dir: &Path) -> Result<Self, String> {
        let path = state_dir.join("remediate.sock");
        let _ = std::fs::remove_file(&path);
        let fault = |e: std::io::Error| format!("{}: {e}", path.display());
        let listener = UnixListener::bind(&path).map_err(fault)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(fault)?;
        Ok(Self { path, listener })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
