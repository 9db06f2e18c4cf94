//! Keeping a sensor running where no systemd does: one process that starts it again whenever it
//! ends, bounds what it uses, and ends it when told to.

mod cgroup;
mod log;

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::agent::Lock;
use crate::cli::settings::{self, Settings};
use crate::error::SensorError;
use cgroup::Bounds;

/// Pause after a sensor that ended, doubled up to the longest while it keeps ending early.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One that ran for this long has not failed at starting.
const STEADY: Duration = Duration::from_secs(60);

/// A sensor that is told to end has this long to send what it has.
const STOPPING: Duration = Duration::from_secs(20);

/// Runs in the foreground until SIGTERM or SIGINT.
///
/// # Errors
/// Another supervisor runs, or no process can be started at all.
pub fn run(settings: Settings) -> Result<(), SensorError> {
    settings::make_state_dir(&settings.state_dir)?;
    let _lock = Lock::supervise(&settings.state_dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SensorError::file("/proc/self"))?;
    runtime.block_on(keep(&settings))
}

async fn keep(settings: &Settings) -> Result<(), SensorError> {
    let mut term = signal(SignalKind::terminate()).map_err(SensorError::file("signals"))?;
    let mut int = signal(SignalKind::interrupt()).map_err(SensorError::file("signals"))?;
    let bounds = match Bounds::make(settings.budget) {
        Ok(bounds) => Some(bounds),
        Err(why) => {
            tracing::warn!(%why, "the sensor runs without a budget");
            None
        }
    };
    let mut pause = FIRST_PAUSE;
    tracing::info!(pid = std::process::id(), "supervising");
    loop {
        let began = Instant::now();
        let ended = match start(settings, bounds.as_ref()) {
            Ok(mut child) => {
                let told = loop {
                    tokio::select! {
                        _ = term.recv() => break true,
                        _ = int.recv() => break true,
                        status = child.wait() => {
                            let words = status.map_or_else(|e| e.to_string(), |s| match s.signal() {
                                Some(n) => format!("signal {n}"),
                                None => s.to_string(),
                            });
                            tracing::warn!(%words, "the sensor ended");
                            break false;
                        }
                        () = tokio::time::sleep(log::LOOK) => log::shorten(&settings.state_dir),
                    }
                };
                if told {
                    end(&mut child).await;
                }
                told
            }
            Err(error) => {
                tracing::error!(%error, "the sensor does not start");
                false
            }
        };
        if ended {
            tracing::info!("stopped");
            return Ok(());
        }
        pause = if began.elapsed() >= STEADY { FIRST_PAUSE } else { pause };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = term.recv() => return Ok(()),
            _ = int.recv() => return Ok(()),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn start(settings: &Settings, bounds: Option<&Bounds>) -> std::io::Result<Child> {
    // By the name that does not change, so that an upgrade is taken up.
    let program = match &settings.installed {
        Some(record) => record.program(),
        None => std::env::current_exe()?,
    };
    let mut command = Command::new(program);
    command.arg("run").arg("--state-dir").arg(&settings.state_dir);
    command.arg("--instance").arg(&settings.instance);
    if let Some(root) = settings.layout.other_root() {
        command.arg("--root").arg(root);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    let own = nix::unistd::getpid();
    let procs = bounds.map(Bounds::procs).transpose()?;
    // SAFETY: only system calls between fork and exec, on values that live in this process.
    unsafe {
        command.pre_exec(move || {
            // A sensor without its supervisor would be one that nobody starts again.
            set_pdeathsig(Signal::SIGTERM)?;
            if nix::unistd::getppid() != own {
                return Err(std::io::Error::other("the supervisor is gone"));
            }
            if let Some(procs) = &procs {
                // Zero is whoever writes it.
                nix::unistd::write(procs, b"0")?;
            }
            Ok(())
        });
    }
    command.spawn()
}

async fn end(child: &mut Child) {
    if let Some(pid) = child.id().and_then(|p| i32::try_from(p).ok()) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
    if tokio::time::timeout(STOPPING, child.wait()).await.is_err() {
        tracing::warn!("the sensor does not end and is killed");
        let _ = child.kill().await;
    }
}
