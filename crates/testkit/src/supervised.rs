//! A started program that cannot outlive its test, nor can anything that it starts.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, pipe2};

use crate::reaper;

/// A running program with a reaper above it. When the value is dropped, or the test process ends
/// in whatever way, the program and everything below it are killed, daemons too.
#[derive(Debug)]
pub struct Supervised {
    reaper: Child,
    program: Pid,
    lifeline: Option<OwnedFd>,
}

impl Supervised {
    /// Starts a program.
    ///
    /// # Errors
    /// Those of starting it.
    pub fn spawn(mut command: Command) -> io::Result<Self> {
        let (lifeline_read, lifeline) = pipe2(OFlag::O_CLOEXEC)?;
        let (report_read, report) = pipe2(OFlag::O_CLOEXEC)?;
        let (read, write) = (lifeline_read.as_raw_fd(), report.as_raw_fd());
        // SAFETY: the closure only makes system calls, and both descriptors are open until spawn returns.
        unsafe {
            command.pre_exec(move || reaper::split(read, write));
        }
        let reaper = command.spawn()?;
        drop((lifeline_read, report));
        let mut number = [0u8; 4];
        std::fs::File::from(report_read).read_exact(&mut number)?;
        Ok(Self { reaper, program: Pid::from_raw(i32::from_ne_bytes(number)), lifeline: Some(lifeline) })
    }

    /// The program's process number.
    pub fn pid(&self) -> u32 {
        u32::try_from(self.program.as_raw()).unwrap_or(0)
    }

    /// Sends the program a signal. One that has ended already is no error.
    ///
    /// # Panics
    /// When the kernel refuses, which it cannot for one's own child.
    pub fn signal(&self, signal: Signal) {
        match kill(self.program, signal) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(e) => panic!("cannot send {signal} to {}: {e}", self.program),
        }
    }

    /// Asks the program to end.
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Waits for the program's end, after which nothing below it is left. A program that a signal
    /// ended has the code 128 and the signal's number.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.reaper.wait()
    }

    /// The same without waiting: `None` while it runs.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.reaper.try_wait()
    }

    /// Kills the program and everything below it, and waits for that.
    pub fn end(mut self) {
        self.cut();
    }

    /// The program's input, if it was asked for.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.reaper.stdin.take()
    }

    /// The program's output, if it was asked for.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.reaper.stdout.take()
    }

    /// The program's error output, if it was asked for.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.reaper.stderr.take()
    }

    fn cut(&mut self) {
        drop(self.lifeline.take());
        // The reaper ends by itself once all are gone; that it has ended already is fine.
        let _ = self.reaper.wait();
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.cut();
    }
}
