//! A program of ours that speaks with somebody whom we do not trust: what it prints is bounded, and
//! it ends with everything that it started when nobody waits for it any more.

use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

/// The most bytes of error output that are kept; the rest is read and dropped.
const STDERR: u64 = 16 << 10;

/// Why a conversation ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("it cannot be started: {0}")]
    Start(std::io::Error),
    #[error("it printed more than {0} KiB")]
    Flood(usize),
    #[error("its output ended: {0}")]
    Io(std::io::Error),
}

/// Kills its process group unless the program has ended by itself.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may be gone already.
            let _ = killpg(pid, Signal::SIGKILL);
        }
    }
}

/// A running program.
pub(crate) struct Program {
    // Dropped first, while the child is not yet reaped and its number is still its own.
    group: Group,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    stderr: JoinHandle<Vec<u8>>,
    left: usize,
    bound: usize,
}

impl Program {
    /// Starts it in a process group of its own; it may print `bound` bytes.
    pub(crate) fn start(mut command: Command, bound: usize) -> Result<Self, Broken> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.process_group(0).kill_on_drop(true).spawn().map_err(Broken::Start)?;
        let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw));
        let missing = || Broken::Start(std::io::Error::other("it has no pipes"));
        let stdin = child.stdin.take();
        let stdout = BufReader::with_capacity(64 << 10, child.stdout.take().ok_or_else(missing)?);
        let errors = child.stderr.take().ok_or_else(missing)?;
        Ok(Self { group, child, stdin, stdout, stderr: tokio::spawn(first(errors)), left: bound, bound })
    }

    /// Writes to its input. That it does not read any more is no error: its end says why.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        let Some(stdin) = self.stdin.as_mut() else { return false };
        let sent = stdin.write_all(bytes).await.is_ok() && stdin.flush().await.is_ok();
        if !sent {
            self.stdin = None;
        }
        sent
    }

    /// Writes a file to its input.
    pub(crate) async fn send_file(&mut self, mut file: impl AsyncRead + Unpin) -> std::io::Result<bool> {
        let mut block = vec![0; 256 << 10];
        loop {
            let n = file.read(&mut block).await?;
            if n == 0 {
                return Ok(true);
            }
            if !self.send(&block[..n]).await {
                return Ok(false);
            }
        }
    }

    /// The next line without its end; `None` when there are no more.
    pub(crate) async fn line(&mut self) -> Result<Option<String>, Broken> {
        let mut line = Vec::new();
        let limit = self.left as u64 + 1;
        (&mut self.stdout).take(limit).read_until(b'\n', &mut line).await.map_err(Broken::Io)?;
        if line.len() > self.left {
            return Err(Broken::Flood(self.bound >> 10));
        }
        self.left -= line.len();
        if line.is_empty() {
            return Ok(None);
        }
        while line.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
            line.pop();
        }
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }

    /// Ends its input and waits for its end; what it wrote to its error output.
    pub(crate) async fn end(mut self) -> Result<(ExitStatus, String), Broken> {
        self.stdin = None;
        while self.line().await?.is_some() {}
        let status = self.child.wait().await.map_err(Broken::Io)?;
        // Whatever it left running on purpose, such as a shared connection, is not to be killed.
        self.group.0 = None;
        let said = (&mut self.stderr).await.unwrap_or_default();
        Ok((status, String::from_utf8_lossy(&said).into_owned()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stderr.abort();
    }
}

async fn first(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut kept = Vec::new();
    // An error ends it as its end does.
    let _ = (&mut from).take(STDERR).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    kept
}

/// Runs a short program to its end: exit status, output, error output.
pub(crate) async fn run(
    command: Command,
    input: &[u8],
    bound: usize,
) -> Result<(ExitStatus, Vec<String>, String), Broken> {
    let mut program = Program::start(command, bound)?;
    program.send(input).await;
    program.stdin = None;
    let mut lines = Vec::new();
    while let Some(line) = program.line().await? {
        lines.push(line);
    }
    let (status, said) = program.end().await?;
    Ok((status, lines, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        command
    }

    #[tokio::test]
    async fn lines_and_the_end_are_seen() {
        let (status, lines, said) =
            run(sh("cat; echo b; echo c >&2; exit 3"), b"a\r\n", 100).await.expect("it ran");
        assert_eq!((status.code(), lines, said.as_str()), (Some(3), vec!["a".into(), "b".into()], "c\n"));
        let e = run(Command::new("/nonexistent"), b"", 100).await.expect_err("nothing to run");
        assert!(matches!(e, Broken::Start(_)));
    }

    #[tokio::test]
    async fn a_flood_ends_it_in_lines_and_in_one_line() {
        for script in ["yes", "cat /dev/zero", "yes | tr -d '\\n'"] {
            let e = run(sh(script), b"", 64 << 10).await.expect_err("too much");
            assert!(matches!(e, Broken::Flood(64)), "{e}");
        }
        let errors =
            "i=0; while [ $i -lt 2000 ]; do echo 0123456789012345678901234567890 >&2; i=$((i+1)); done";
        let (_, _, said) = run(sh(errors), b"", 10).await.expect("errors are only cut");
        assert_eq!(said.len() as u64, STDERR);
    }

    #[tokio::test]
    async fn what_it_started_ends_with_it() {
        let mut program = Program::start(sh("sleep 1000 & echo $!; wait"), 100).expect("started");
        let pid: i32 = program.line().await.expect("a line").expect("a line").parse().expect("a number");
        let lives = |pid| nix::sys::signal::kill(Pid::from_raw(pid), None).is_ok();
        assert!(lives(pid));
        drop(program);
        palisade_testkit::eventually("the end of the sleeper", async || {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            !lives(pid) || state.contains(") Z ")
        })
        .await;
    }
}
