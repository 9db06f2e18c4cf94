//! Starting and ending the installed sensor, by systemd or by the sensor's own supervisor.

use std::io::{Error, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::fault::finding;
use super::{Fault, Layout, Manager, Record, unit, wait};
use crate::agent::Lock;
use palisade_estate::health::Code;

/// systemd is given up after this; it waits for the sensor itself, which ends within 20 s.
const SYSTEMCTL: Duration = Duration::from_secs(90);

/// A sensor sends what it still has, then ends; one that does not is killed after this.
const STOPPING: Duration = Duration::from_secs(25);

/// A new supervisor holds its lock by then.
const STARTING: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(50);

/// The service of an installation.
#[derive(Clone, Debug)]
pub struct Service {
    manager: Manager,
    layout: Layout,
    path: PathBuf,
    state_dir: PathBuf,
}

impl Service {
    /// The service of what is, or shall be, installed at `path`.
    pub fn new(manager: Manager, layout: &Layout, path: &Path, state_dir: &Path) -> Self {
        Self { manager, layout: layout.clone(), path: path.to_owned(), state_dir: state_dir.to_owned() }
    }

    /// That of an installation.
    pub fn of(record: &Record, layout: &Layout) -> Self {
        Self::new(record.manager, layout, &record.path, &record.state_dir)
    }

    /// Whether a sensor runs with this state folder.
    pub fn runs(&self) -> bool {
        Lock::is_held(&self.state_dir)
    }

    /// Starts it unless it runs.
    ///
    /// # Errors
    /// What the service manager said.
    pub fn start(&self) -> std::io::Result<()> {
        match self.manager {
            Manager::Systemd => {
                // A unit that failed too often is not started again until this.
                let _ = systemctl(&["reset-failed", unit::NAME]);
                systemctl(&["start", unit::NAME])
            }
            Manager::Supervisor => self.supervise(),
        }
    }

    /// Ends it; one that does not run is fine.
    ///
    /// # Errors
    /// What the service manager said, or that it does not end.
    pub fn stop(&self) -> std::io::Result<()> {
        match self.manager {
            Manager::Systemd if self.layout.unit().exists() => systemctl(&["stop", unit::NAME]),
            Manager::Systemd => Ok(()),
            Manager::Supervisor => self.end(),
        }
    }

    /// Why it does not run, as far as can be told.
    pub fn complaint(&self) -> String {
        let text = match self.manager {
            Manager::Systemd => {
                let state = output("systemctl", &["show", "-p", "ActiveState,SubState,Result", unit::NAME]);
                let log = output("journalctl", &["-u", unit::NAME, "-n", "5", "--no-pager", "-o", "cat"]);
                format!("{} {}", state.unwrap_or_default(), log.unwrap_or_default())
            }
            Manager::Supervisor => last_lines(&log(&self.state_dir)),
        };
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn supervise(&self) -> std::io::Result<()> {
        if Lock::is_supervised(&self.state_dir) {
            return Ok(());
        }
        let log = std::fs::File::options().create(true).append(true).open(log(&self.state_dir))?;
        let mut command = Command::new(super::record::program(&self.path));
        command.arg("supervise").arg("--state-dir").arg(&self.state_dir);
        if let Some(root) = self.layout.other_root() {
            command.arg("--root").arg(root);
        }
        // As a unit has it: what the installer's caller has set, such as a token, is not for it.
        command
            .env_clear()
            .envs(std::env::vars_os().filter(|(k, _)| k == "PATH" || k == "PALISADE_SENSOR_LOG"));
        command.current_dir("/").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // SAFETY: only an async-signal-safe call between fork and exec.
        unsafe {
            command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(Into::into));
        }
        let mut child = command.spawn()?;
        let until = Instant::now() + STARTING;
        while !Lock::is_supervised(&self.state_dir) {
            if let Some(status) = child.try_wait()? {
                return Err(Error::other(format!(
                    "the supervisor ended with {status}: {}",
                    self.complaint()
                )));
            }
            if Instant::now() > until {
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::other("the supervisor did not start in time"));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn end(&self) -> std::io::Result<()> {
        let pids = || [Lock::supervisor(&self.state_dir), Lock::holder(&self.state_dir)];
        let send = |signal| {
            for pid in pids().into_iter().flatten() {
                let _ = kill(Pid::from_raw(pid), signal);
            }
        };
        for (signal, limit) in [(Signal::SIGTERM, STOPPING), (Signal::SIGKILL, Duration::from_secs(5))] {
            send(signal);
            let until = Instant::now() + limit;
            while Instant::now() < until {
                if pids() == [None, None] {
                    return Ok(());
                }
                std::thread::sleep(PAUSE);
            }
        }
        Err(Error::other("the sensor does not end"))
    }
}

/// `palisade-sensor start`: starts what is installed and waits until it runs.
///
/// # Errors
/// Nothing is installed, or it does not start.
pub fn start(layout: &Layout) -> Result<(), Fault> {
    let record = Record::load(layout).map_err(|e| super::fault::said(&e, ""))?;
    let Some(record) = record else {
        return Err(Box::new(finding(Code::SensorRemoved).with("detail", "nothing is installed")));
    };
    let service = Service::of(&record, layout);
    if service.runs() && (record.manager == Manager::Systemd || Lock::is_supervised(&record.state_dir)) {
        return Ok(());
    }
    let since = palisade_types::TimeMicros::now().0;
    let failed = |detail: String| Box::new(finding(Code::ServiceFailed).with("detail", detail));
    service.start().map_err(|e| failed(e.to_string()))?;
    wait::until_running(&service, &record.state_dir, since).map(drop).map_err(failed)
}

/// Where a supervised sensor writes what it has to say.
pub fn log(state_dir: &Path) -> PathBuf {
    state_dir.join("sensor.log")
}

fn last_lines(path: &Path) -> String {
    let bytes = crate::files::read_bounded(path, 16 << 20).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(2000)..]).into_owned();
    let mut lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.reverse();
    lines.join(" ")
}

/// Runs systemctl.
///
/// # Errors
/// What it said.
pub fn systemctl(args: &[&str]) -> std::io::Result<()> {
    output("systemctl", args).map(drop)
}

/// Runs a command that ends by itself; what it printed.
fn output(program: &str, args: &[&str]) -> std::io::Result<String> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| Error::new(e.kind(), format!("{program}: {e}")))?;
    let until = Instant::now() + SYSTEMCTL;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Error::new(std::io::ErrorKind::TimedOut, format!("{program} does not end")));
        }
        std::thread::sleep(PAUSE);
    };
    let read = |from: Option<&mut dyn Read>| {
        let mut text = Vec::new();
        if let Some(from) = from {
            let _ = from.take(64 << 10).read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).trim().to_owned()
    };
    let out = read(child.stdout.as_mut().map(|s| s as &mut dyn Read));
    if status.success() {
        return Ok(out);
    }
    let said = read(child.stderr.as_mut().map(|s| s as &mut dyn Read));
    Err(Error::other(format!("{program} {}: {}", args.join(" "), if said.is_empty() { out } else { said })))
}
