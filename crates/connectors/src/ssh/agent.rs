//! The agent that holds the connector's private key, so that the key is never in a file.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::error::ConnectorError;
use crate::process;
use crate::secret::SecretText;

/// How long an agent has to open its socket.
const PATIENCE: Duration = Duration::from_secs(10);
/// Ends the agent when its own input ends: when we let go of it, or are gone ourselves.
const KEEPER: &str = r#"ssh-agent -D -a "$1" >/dev/null 2>&1 & agent=$!; read -r _; kill "$agent""#;

/// An agent, ours or somebody's.
pub(super) struct Agent {
    socket: PathBuf,
    /// The public key: its file, for the client, and its text.
    public: Option<(PathBuf, String)>,
    keeper: Option<Child>,
}

fn own(detail: impl Into<String>) -> ConnectorError {
    ConnectorError::Own(detail.into())
}

fn command(program: &str, socket: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
    // A key with a passphrase is refused instead of asking a person who is not there.
    command.env("SSH_AUTH_SOCK", socket).env("SSH_ASKPASS_REQUIRE", "never");
    command
}

impl Agent {
    /// One that runs already.
    pub(super) fn existing(socket: &Path) -> Result<Self, ConnectorError> {
        let text = socket.to_str().filter(|t| t.starts_with('/') && !t.contains(['"', '%', '$', '\n']));
        if text.is_none() {
            return Err(own("the agent's socket is not a plain absolute path"));
        }
        Ok(Self { socket: socket.to_owned(), public: None, keeper: None })
    }

    /// A new one with this key. Its socket and the public key lie in `folder`.
    pub(super) async fn start(folder: &Path, key: &SecretText) -> Result<Self, ConnectorError> {
        let socket = folder.join("agent");
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(&socket).env_clear().env("PATH", "/usr/bin:/bin");
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = keeper.process_group(0).spawn().map_err(|e| own(format!("ssh-agent: {e}")))?;
        let mut agent = Self { socket, public: None, keeper: Some(keeper) };
        agent.wait().await?;
        agent.add(key).await?;
        let public = agent.list().await?;
        let path = folder.join("key.pub");
        std::fs::write(&path, format!("{public}\n")).map_err(|e| own(format!("{}: {e}", path.display())))?;
        agent.public = Some((path, public));
        Ok(agent)
    }

    async fn wait(&mut self) -> Result<(), ConnectorError> {
        let opened = async {
            while tokio::net::UnixStream::connect(&self.socket).await.is_err() {
                if let Some(keeper) = self.keeper.as_mut()
                    && let Ok(Some(_)) = keeper.try_wait()
                {
                    return Err(own("ssh-agent cannot be started: is the OpenSSH client installed?"));
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok(())
        };
        tokio::time::timeout(PATIENCE, opened).await.unwrap_or_else(|_| Err(own("ssh-agent does not answer")))
    }

    async fn add(&self, key: &SecretText) -> Result<(), ConnectorError> {
        let mut add = command("ssh-add", &self.socket);
        add.args(["-q", "-"]);
        // OpenSSH refuses a key whose last line does not end.
        let text = zeroize::Zeroizing::new(format!("{}\n", key.reveal().trim_end()));
        let (status, _, said) =
            process::run(add, text.as_bytes(), 4096).await.map_err(|e| own(format!("ssh-add: {e}")))?;
        if status.success() {
            return Ok(());
        }
        let said = said.lines().next_back().unwrap_or("it was refused").trim().to_owned();
        Err(own(format!("the private key cannot be used ({said}); one with a passphrase cannot either")))
    }

    async fn list(&self) -> Result<String, ConnectorError> {
        let mut list = command("ssh-add", &self.socket);
        list.arg("-L");
        let (_, lines, _) =
            process::run(list, b"", 64 << 10).await.map_err(|e| own(format!("ssh-add: {e}")))?;
        lines.into_iter().next().ok_or_else(|| own("the agent does not show the key that it was given"))
    }

    /// The socket.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// The file with the public key that the client shall offer, if it shall offer one only.
    pub(super) fn key_file(&self) -> Option<&Path> {
        self.public.as_ref().map(|(path, _)| path.as_path())
    }

    /// The public key.
    pub(super) fn public_key(&self) -> Option<&str> {
        self.public.as_ref().map(|(_, text)| text.as_str())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(pid) = self.keeper.as_ref().and_then(Child::id).and_then(|id| i32::try_from(id).ok()) {
            // It is not reaped yet, so that the number is its own.
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
