//! What has to be undone, whoever or whatever ends us.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, bail};

/// Waits for the end of its input, which the kernel closes however its parent ends, then runs the
/// rest. Signals are for its parent, and a parent that is gone reads no messages.
const WAITING: &str = "trap '' HUP INT QUIT TERM PIPE; cat >/dev/null; cd /\n";

/// A small shell script that runs once, when the value is dropped or this process has ended in
/// whatever way. There is only this one path, so a killed test cleans up like one that passes.
#[derive(Debug)]
pub struct AtEnd {
    shell: Child,
    lifeline: Option<ChildStdin>,
}

impl AtEnd {
    /// Holds a script with its arguments ready.
    ///
    /// # Errors
    /// When no shell can be started.
    pub fn run<A: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = A>) -> Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("{WAITING}{script}")).arg("at-end").args(arguments);
        // A group of its own: who kills ours, as test runners do, must not kill this.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut shell = command.spawn().context("starting a shell that cleans up")?;
        let lifeline = shell.stdin.take();
        Ok(Self { shell, lifeline })
    }

    /// Runs it now and waits for it.
    ///
    /// # Errors
    /// What it could not undo.
    pub fn now(mut self) -> Result<()> {
        self.finish()
    }

    fn finish(&mut self) -> Result<()> {
        if self.lifeline.take().is_none() {
            return Ok(());
        }
        let mut said = String::new();
        if let Some(mut pipe) = self.shell.stderr.take() {
            std::io::Read::read_to_string(&mut pipe, &mut said)?;
        }
        let status = self.shell.wait()?;
        if !status.success() {
            bail!("cleaning up: {status}: {}", said.trim());
        }
        Ok(())
    }
}

impl Drop for AtEnd {
    #[expect(clippy::print_stderr, reason = "a drop cannot fail, and a person has to know what is left")]
    fn drop(&mut self) {
        if let Err(e) = self.finish() {
            eprintln!("{e:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_once_when_dropped_and_says_what_failed() {
        let dir = crate::scratch();
        let file = dir.path().join("with a space");
        let at_end = AtEnd::run("echo x >>\"$1\"", [&file]).expect("held ready");
        assert!(!file.exists());
        drop(at_end);
        assert_eq!(std::fs::read_to_string(&file).expect("written"), "x\n");
        let at_end = AtEnd::run("echo no >&2; exit 3", [""; 0]).expect("held ready");
        let said = at_end.now().expect_err("it fails").to_string();
        assert!(said.contains("exit status: 3") && said.contains("no"), "{said}");
    }
}
