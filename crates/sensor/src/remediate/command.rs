//! Running the package manager's programs: no shell, a fixed environment, every word noted for the proof.
//!
//! There are two kinds. What only looks or downloads is killed at its deadline. What changes packages is
//! never killed: dpkg in the middle of an unpacking leaves a package that neither works nor is gone. It has
//! a session of its own and writes to a file, so that it ends well even if whoever started it is killed.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use parking_lot::Mutex;

use super::answer::{Fault, MAX_OUTPUT, tail};

/// Most bytes that are kept of what a command that looks prints.
const MAX_LOOK: usize = 16 << 20;
/// Most bytes of a changing command's output that are read back.
const MAX_LOG: u64 = 1 << 20;
/// Between SIGTERM and SIGKILL of what is given up.
const GIVING_UP: Duration = Duration::from_secs(5);
/// What a grandchild keeps open is not waited for longer.
const DRAINING: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Where programs are: the system's folders and none that a user may write to.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// What every command finds in its environment, besides the proxy. Nobody is asked anything: not by
/// debconf, not about changed files, not by needrestart, which would restart services.
const ENVIRONMENT: [(&str, &str); 11] = [
    ("PATH", PATH),
    ("HOME", "/root"),
    ("LANG", "C.UTF-8"),
    ("LC_ALL", "C.UTF-8"),
    ("DEBIAN_FRONTEND", "noninteractive"),
    ("DEBIAN_PRIORITY", "critical"),
    ("APT_LISTCHANGES_FRONTEND", "none"),
    ("UCF_FORCE_CONFFOLD", "1"),
    ("NEEDRESTART_SUSPEND", "1"),
    ("NEEDRESTART_MODE", "l"),
    ("ZYPP_LOCK_TIMEOUT", "10"),
];

/// How the machine reaches its mirrors.
const PROXY: [&str; 10] = [
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

/// What a command that looks said.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it complained about.
    pub complaint: String,
}

impl Said {
    /// Whether it went well.
    pub fn ok(&self) -> bool {
        self.code == Some(0)
    }
}

/// A command that changes packages.
#[derive(Debug)]
pub struct Changing {
    child: Child,
    log: PathBuf,
}

impl Changing {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end until then; nothing if it still works.
    pub fn wait(&mut self, until: Instant) -> Option<ExitStatus> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => std::thread::sleep(PAUSE),
                _ => return None,
            }
        }
    }

    /// Waits for as long as it takes.
    pub fn wait_for_good(&mut self) {
        // Only who is no child of ours cannot be waited for.
        let _ = self.child.wait();
    }

    /// The end of what it said so far.
    pub fn output(&self) -> String {
        let Ok(mut file) = File::open(&self.log) else { return String::new() };
        let length = file.metadata().map_or(0, |m| m.len());
        let mut bytes = Vec::new();
        let start = std::io::SeekFrom::Start(length.saturating_sub(MAX_LOG));
        let read =
            std::io::Seek::seek(&mut file, start).and_then(|_| file.take(MAX_LOG).read_to_end(&mut bytes));
        read.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Runs commands and remembers them.
#[derive(Debug, Default)]
pub struct Runner {
    /// Every command so far.
    pub commands: Vec<Vec<String>>,
    /// The end of what they said, without what was only looked up.
    pub output: String,
    /// How the last one ended.
    pub exit_code: Option<i32>,
    /// Whether systemctl shall refrain from talking to systemd while packages change.
    pub offline: bool,
}

impl Runner {
    /// Adds to what is told of the commands' words.
    pub fn note(&mut self, text: &str) {
        self.output.push_str(text);
        if self.output.len() > 2 * MAX_OUTPUT {
            self.output = tail(&self.output, MAX_OUTPUT);
        }
    }

    /// Runs a command that changes no package, in a folder, to its end; kills it at the deadline.
    ///
    /// # Errors
    /// It cannot be started, or is not done by then.
    pub fn look_in(&mut self, folder: &Path, argv: &[String], until: Instant) -> Result<Said, Fault> {
        self.commands.push(argv.to_vec());
        self.exit_code = None;
        let mut command = prepared(argv);
        command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| not_started(argv, &e))?;
        let out = child.stdout.take().map(|p| Drain::of(p, MAX_LOOK));
        let complaint = child.stderr.take().map(|p| Drain::of(p, MAX_OUTPUT * 4));
        let mut asked: Option<Instant> = None;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) => {}
                Err(_) => break None,
            }
            let now = Instant::now();
            match asked {
                None if now >= until => {
                    signal_all(&child, Signal::SIGTERM);
                    asked = Some(now);
                }
                Some(at) if now >= at + GIVING_UP => signal_all(&child, Signal::SIGKILL),
                _ => {}
            }
            std::thread::sleep(PAUSE);
        };
        let text = |d: Option<Drain>| d.map(Drain::text).unwrap_or_default();
        let said = Said { code: status.and_then(|s| s.code()), out: text(out), complaint: text(complaint) };
        self.exit_code = said.code;
        if asked.is_some() {
            self.note(&said.complaint);
            return Err(Fault::timeout(format!("{} did not end in time and was stopped", argv.join(" "))));
        }
        Ok(said)
    }

    /// The same in the root's folder.
    ///
    /// # Errors
    /// As [`Runner::look_in`].
    pub fn look(&mut self, argv: &[String], until: Instant) -> Result<Said, Fault> {
        self.look_in(Path::new("/"), argv, until)
    }

    /// Starts a command that changes packages. Its output goes to the file `log`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn change(&mut self, argv: &[String], log: &Path) -> Result<Changing, Fault> {
        let file = File::options().create(true).append(true).open(log);
        let mut file =
            file.map_err(|e| Fault::failed(format!("{} cannot be written: {e}", log.display())))?;
        let _ = writeln!(file, "$ {}", argv.join(" "));
        let other = file.try_clone().map_err(|e| not_started(argv, &e))?;
        self.commands.push(argv.to_vec());
        self.exit_code = None;
        let mut command = prepared(argv);
        if self.offline {
            command.env("SYSTEMD_OFFLINE", "1");
        }
        let child = command.current_dir("/").stdout(file).stderr(other).spawn();
        let child = child.map_err(|e| not_started(argv, &e))?;
        Ok(Changing { child, log: log.to_owned() })
    }
}

/// A command with its environment, input and session.
fn prepared(argv: &[String]) -> Command {
    let mut words = argv.iter();
    let mut command = Command::new(find(words.next().map_or("", String::as_str)));
    command.args(words).stdin(Stdio::null()).env_clear().envs(ENVIRONMENT);
    command.envs(PROXY.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    // SAFETY: only an async-signal-safe call between fork and exec.
    unsafe {
        command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(Into::into));
    }
    command
}

/// Where a program lies; its bare name where it lies nowhere, so that starting it says so.
pub fn find(program: &str) -> PathBuf {
    let found = PATH.split(':').map(|folder| Path::new(folder).join(program)).find(|p| p.is_file());
    found.unwrap_or_else(|| program.into())
}

/// Whether a program is there.
pub fn exists(program: &str) -> bool {
    find(program).is_absolute()
}

fn not_started(argv: &[String], e: &std::io::Error) -> Fault {
    Fault::unsupported(format!("{} does not start: {e}", argv.first().map_or("", String::as_str)))
}

fn signal_all(child: &Child, signal: Signal) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // A group that has ended already needs no signal.
        let _ = killpg(Pid::from_raw(pid), signal);
    }
}

/// Reads a pipe to its end; what is beyond the bound is thrown away.
struct Drain {
    kept: Arc<Mutex<(Vec<u8>, bool)>>,
}

impl Drain {
    fn of(mut pipe: impl Read + Send + 'static, most: usize) -> Self {
        let kept = Arc::new(Mutex::new((Vec::new(), false)));
        let to = kept.clone();
        std::thread::spawn(move || {
            let mut buffer = [0u8; 8192];
            while let Ok(n @ 1..) = pipe.read(&mut buffer) {
                let mut to = to.lock();
                let room = most.saturating_sub(to.0.len());
                to.0.extend_from_slice(&buffer[..n.min(room)]);
            }
            to.lock().1 = true;
        });
        Self { kept }
    }

    fn text(self) -> String {
        let until = Instant::now() + DRAINING;
        while !self.kept.lock().1 && Instant::now() < until {
            std::thread::sleep(PAUSE / 4);
        }
        String::from_utf8_lossy(&self.kept.lock().0).into_owned()
    }
}

/// A command's words.
pub fn argv<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn a_command_sees_only_the_fixed_environment() {
        let mut runner = Runner::default();
        let said = runner.look(&argv(["env"]), soon()).expect("runs");
        assert!(said.ok());
        for line in said.out.lines() {
            let name = line.split('=').next().unwrap_or_default();
            assert!(
                ENVIRONMENT.iter().any(|(n, _)| *n == name) || PROXY.contains(&name),
                "{line} is none of it"
            );
        }
        assert_eq!(runner.commands, [["env"]]);
    }

    #[test]
    fn what_only_looks_is_ended_with_all_that_it_started() {
        let mut runner = Runner::default();
        let until = Instant::now() + Duration::from_millis(50);
        let ended = runner.look(&argv(["sh", "-c", "sleep 1000 & sleep 1000"]), until);
        assert_eq!(ended.err().map(|f| f.code), Some("remediation_timeout"));
        let absent = runner.look(&argv(["no-such-program"]), soon());
        assert_eq!(absent.err().map(|f| f.code), Some("remediation_unsupported"));
    }

    #[test]
    fn what_changes_is_waited_for_and_never_killed() {
        let dir = tempfile::TempDir::new().expect("dir");
        let (log, fifo) = (dir.path().join("log"), dir.path().join("fifo"));
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("made");
        let mut runner = Runner::default();
        let mut changing = runner.change(&argv(["cat", fifo.to_str().expect("text")]), &log).expect("starts");
        assert!(changing.wait(Instant::now()).is_none(), "it still works");
        std::fs::write(&fifo, "the end\n").expect("written");
        assert!(changing.wait(soon()).is_some_and(|s| s.success()));
        assert!(changing.output().ends_with("the end\n"), "{}", changing.output());
    }
}
