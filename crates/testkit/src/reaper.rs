//! The process between a test and what it started: it adopts every orphan below it and kills all
//! of them when the test's end of a pipe closes, however the test ended.
//!
//! It is forked from a process with threads and never execs, so it only makes system calls: no
//! allocation, no locks, no panics.

use std::io;
use std::os::fd::RawFd;

const SIGNALS: [libc::c_int; 7] =
    [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1, libc::SIGUSR2];

/// Called in the child before it execs: forks once more and returns in the grandchild, which goes
/// on to exec; the child itself stays as the reaper. `lifeline` is the read end of a pipe whose
/// write end only the test has; the program's process number is written to `report`.
///
/// # Safety
/// To be called between fork and exec only; both file descriptors must be open.
pub(crate) unsafe fn split(lifeline: RawFd, report: RawFd) -> io::Result<()> {
    // SAFETY: plain system calls on local memory; the caller vouches for the file descriptors.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for signal in SIGNALS {
            libc::sigaddset(&mut set, signal);
        }
        let mut before: libc::sigset_t = std::mem::zeroed();
        if libc::sigprocmask(libc::SIG_BLOCK, &set, &mut before) != 0
            || libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0
        {
            return Err(io::Error::last_os_error());
        }
        let reaper = libc::getpid();
        match libc::fork() {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                // If somebody kills the reaper, the program at least goes with it.
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
                if libc::getppid() != reaper {
                    libc::_exit(127);
                }
                libc::sigprocmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
                Ok(())
            }
            program => {
                // A signal to the test's process group must not end the reaper.
                libc::setpgid(0, 0);
                libc::write(report, (&raw const program).cast(), std::mem::size_of::<libc::pid_t>());
                reap(lifeline, program, &set)
            }
        }
    }
}

/// # Safety
/// Runs in the forked child and never returns; see [`split`].
unsafe fn reap(lifeline: RawFd, program: libc::pid_t, set: &libc::sigset_t) -> ! {
    // SAFETY: plain system calls on local memory.
    unsafe {
        // Whoever waits for the end of a pipe must not wait for the reaper.
        libc::dup2(lifeline, 0);
        libc::syscall(libc::SYS_close_range, 1, libc::c_uint::MAX, 0);
        let signals = libc::signalfd(-1, set, libc::SFD_CLOEXEC);
        let mut code = None;
        while code.is_none() {
            let mut fds = [
                libc::pollfd { fd: 0, events: libc::POLLIN, revents: 0 },
                libc::pollfd { fd: signals, events: libc::POLLIN, revents: 0 },
            ];
            libc::poll(fds.as_mut_ptr(), 2, -1);
            if fds[0].revents != 0 {
                break;
            }
            let mut info: libc::signalfd_siginfo = std::mem::zeroed();
            let size = std::mem::size_of::<libc::signalfd_siginfo>();
            if fds[1].revents == 0 || libc::read(signals, (&raw mut info).cast(), size) <= 0 {
                continue;
            }
            let signal = info.ssi_signo as libc::c_int;
            if signal != libc::SIGCHLD {
                libc::kill(program, signal);
                continue;
            }
            loop {
                let mut status = 0;
                let pid = libc::waitpid(-1, &mut status, libc::WNOHANG);
                if pid <= 0 {
                    break;
                }
                if pid == program {
                    code = Some(exit_code(status));
                }
            }
        }
        kill_all();
        libc::_exit(code.unwrap_or(128 + libc::SIGKILL))
    }
}

fn exit_code(status: libc::c_int) -> libc::c_int {
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) }
}

/// Kills every child until there is none: the children of a killed one become ours and follow.
///
/// # Safety
/// See [`split`].
unsafe fn kill_all() {
    // SAFETY: plain system calls on local memory.
    unsafe {
        loop {
            let mut text = [0u8; 4096];
            let file = libc::open(c"/proc/thread-self/children".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            let length = libc::read(file, text.as_mut_ptr().cast(), text.len());
            libc::close(file);
            let mut pid: libc::pid_t = 0;
            for byte in text.iter().take(usize::try_from(length).unwrap_or(0)) {
                if byte.is_ascii_digit() {
                    pid = pid.wrapping_mul(10).wrapping_add(libc::pid_t::from(byte - b'0'));
                } else {
                    if pid > 1 {
                        libc::kill(pid, libc::SIGKILL);
                    }
                    pid = 0;
                }
            }
            let mut status = 0;
            if libc::waitpid(-1, &mut status, libc::__WALL) == -1 {
                return;
            }
        }
    }
}
