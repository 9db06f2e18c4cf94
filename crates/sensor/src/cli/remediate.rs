//! `palisade-sensor remediate`: the process that does the work of a remediation, for the sensor itself.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use palisade_advisory::Scheme;

use super::settings::Common;
use crate::error::SensorError;
use crate::remediate::answer::{Answer, Fault, Proof};
use crate::remediate::confine;
use crate::remediate::request::{MAX_ARGUMENTS, Phase, Request};
use crate::remediate::work::{self, Place};

/// How it is reached.
#[derive(Debug, Args)]
pub struct RemediateArgs {
    /// Take the request from this socket and answer there, instead of standard input and output
    #[arg(long, value_name = "SOCKET")]
    exchange: Option<PathBuf>,
    /// Only take away what an interrupted remediation left behind
    #[arg(long)]
    tidy: bool,
    /// How long a started change of packages is waited for, seconds
    #[arg(long, value_name = "N", default_value_t = crate::remediate::TRANSACTION.as_secs())]
    transaction_seconds: u64,
}

/// Reads one request, works, answers with one line of JSON; then waits for what still changes packages.
///
/// # Errors
/// There is nobody to answer to, or the root cannot be entered.
pub fn remediate(common: &Common, args: &RemediateArgs) -> Result<i32, SensorError> {
    let socket =
        args.exchange.as_ref().map(|p| UnixStream::connect(p).map_err(SensorError::file(p))).transpose()?;
    let text = match &socket {
        Some(socket) => read(socket),
        None => read(std::io::stdin().lock()),
    };
    let text = text.map_err(SensorError::file("the request"))?;
    unbound();
    let kept = kept(common);
    if let Some(root) = common.layout().other_root() {
        enter(root).map_err(SensorError::file(root))?;
    }
    std::env::set_current_dir("/").map_err(SensorError::file("/"))?;
    if args.tidy {
        for scheme in [Scheme::Deb, Scheme::Rpm, Scheme::Apk] {
            if let Err(fault) = work::tidy(scheme) {
                tracing::debug!(code = fault.code, message = fault.message, "nothing to tidy up");
            }
        }
        answer(socket, b"{}\n");
        return Ok(0);
    }
    let place = Place { kept, transaction: Duration::from_secs(args.transaction_seconds) };
    let (done, lingering) = match Request::parse(&text) {
        Err(fault) => (Answer::of(Err(fault), Proof::new(Phase::DryRun)), None),
        Ok(request) => match confine::unfit().filter(|_| request.phase != Phase::DryRun) {
            Some(why) => (Answer::of(Err(Fault::unsupported(why)), Proof::new(request.phase)), None),
            None => work::work(&request, &place),
        },
    };
    let mut line = serde_json::to_vec(&done).map_err(|e| SensorError::Config(e.to_string()))?;
    line.push(b'\n');
    answer(socket, &line);
    if let Some(lingering) = lingering {
        lingering.end();
    }
    Ok(0)
}

fn read(from: impl Read) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(MAX_ARGUMENTS).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    from.take(most).read_to_end(&mut text)?;
    Ok(text)
}

/// Answers and hangs up. Who asked may be gone; that changes nothing of what was done.
fn answer(socket: Option<UnixStream>, line: &[u8]) {
    if let Some(mut socket) = socket {
        let _ = socket.write_all(line);
        let _ = socket.shutdown(std::net::Shutdown::Both);
        return;
    }
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(line).and_then(|()| out.flush());
    // The asker reads to the end, which a process that works on would never give.
    if let Ok(null) = std::fs::File::options().write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdout(null);
    } else {
        let _ = nix::unistd::close(1);
    }
}

/// Goes into another root, with the kernel's /proc and /dev in it: reading needs the one, and scripts of
/// packages both. They are mounted where only this process and what it starts see them.
fn enter(root: &Path) -> std::io::Result<()> {
    let none = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), &root.join("proc"), Some("proc"), quiet, none)?;
    mount(Some("/dev"), &root.join("dev"), none, MsFlags::MS_BIND | MsFlags::MS_REC, none)?;
    Ok(nix::unistd::chroot(root)?)
}

/// Takes off what a service has and a package manager must not: a mask that makes its files unreadable, and
/// an end by SIGTERM in the middle. A handler, unlike ignoring, is not handed down to what is started.
fn unbound() {
    extern "C" fn stay(_: libc::c_int) {}
    let action = SigAction::new(SigHandler::Handler(stay), SaFlags::SA_RESTART, SigSet::empty());
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        // SAFETY: the handler does nothing.
        let _ = unsafe { sigaction(signal, &action) };
    }
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
}

/// Where earlier versions are kept, as it is called within the root: in the state folder, if that lies
/// there.
fn kept(common: &Common) -> PathBuf {
    let layout = common.layout();
    let usual = PathBuf::from("/var/lib/palisade-sensor");
    let state = common.state_dir.clone().unwrap_or_else(|| layout.state_dir());
    let within = match layout.other_root() {
        None => state,
        Some(root) => state.strip_prefix(root).map_or(usual, |below| PathBuf::from("/").join(below)),
    };
    within.join("packages")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_packages_are_kept_in_the_state_folder_where_the_root_has_it() {
        let at = |root: Option<&str>, state: Option<&str>| {
            let common = Common {
                root: root.map(PathBuf::from),
                state_dir: state.map(PathBuf::from),
                ..Common::default()
            };
            kept(&common).display().to_string()
        };
        let usual = "/var/lib/palisade-sensor/packages";
        assert_eq!(at(None, None), usual);
        assert_eq!(at(None, Some("/srv/state")), "/srv/state/packages");
        assert_eq!(at(Some("/r"), None), usual);
        assert_eq!(at(Some("/r"), Some("/r/var/s")), "/var/s/packages");
        assert_eq!(at(Some("/r"), Some("/elsewhere")), usual);
    }
}
