//! One conversation with a machine through the OpenSSH client.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use palisade_estate::edr::{self, HostFacts};
use tokio::process::Command;

use super::refused::refused;
use super::{Spot, Ssh};
use crate::connector::Artefact;
use crate::error::ConnectorError;
use crate::process::{Broken, Program};
use crate::said::{MAX_ANSWER, Said};
use crate::script::{BASIS, Given, dense};

/// Ends with the answer.
const OVER_SSH: &str = include_str!("../scripts/over_ssh.sh");
/// What the client adds to a socket's path while it makes one: forty digits, a dot, some letters.
const SOCKET_TAIL: usize = 1 + 40 + 18;
/// The longest path of a Unix socket.
const SOCKET_MAX: usize = 107;
/// The exit code by which the client says that it did not get in.
const CLIENT_FAILED: i32 = 255;

/// Options of every login: nothing of this host's own configuration, only confirmed host keys, no
/// passwords, nothing forwarded.
const OPTIONS: &[&str] = &[
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=none",
    "UpdateHostKeys=no",
    "CheckHostIP=no",
    "VerifyHostKeyDNS=no",
    "PreferredAuthentications=publickey",
    "PasswordAuthentication=no",
    "KbdInteractiveAuthentication=no",
    "GSSAPIAuthentication=no",
    "HostbasedAuthentication=no",
    "NumberOfPasswordPrompts=0",
    "AddKeysToAgent=no",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "CanonicalizeHostname=no",
    "RequestTTY=no",
    "EscapeChar=none",
    "Compression=yes",
    "ConnectTimeout=10",
    "ConnectionAttempts=1",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    "LogLevel=ERROR",
];

impl Ssh {
    fn client(&self) -> Command {
        let folder = self.folder.path();
        let mut command = Command::new("ssh");
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("HOME", folder);
        command.args(["-F", "none", "-T"]);
        for option in OPTIONS {
            command.arg("-o").arg(option);
        }
        let mut path = |name: &str, path: &Path| {
            command.arg("-o").arg(format!("{name}={}", path.display()));
        };
        path("UserKnownHostsFile", &self.known_hosts());
        path("IdentityAgent", self.agent.socket());
        if let Some(file) = self.agent.key_file() {
            path("IdentityFile", file);
            command.args(["-o", "IdentitiesOnly=yes"]);
        } else {
            // Only what the agent holds: no key of the user that we run as.
            command.args(["-o", "IdentityFile=none"]);
        }
        if folder.as_os_str().len() + SOCKET_TAIL <= SOCKET_MAX {
            command.args(["-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o"]);
            command.arg(format!("ControlPath={}/%C", folder.display()));
        }
        command
    }

    /// Logs in, lets our script do one verb, and gives back what it said.
    pub(super) async fn converse(
        &self,
        spot: &Spot<'_>,
        given: &Given,
        sensor: Option<&Artefact>,
    ) -> Result<Said, ConnectorError> {
        let script = format!("{}{}{}", Given::readers(), dense(BASIS), dense(OVER_SSH));
        let address = spot.address();
        let broken = |e| broken(&address, e);
        let mut program = self.start(spot, script.len(), MAX_ANSWER)?;
        let mut said = Said::default();
        if program.send(script.as_bytes()).await {
            program.send(given.lines().as_bytes()).await;
        }
        let mut offered = sensor;
        while !said.ended() {
            let Some(line) = program.line().await.map_err(broken)? else { break };
            let wanted = said.take(&line, &given.nonce).is_some_and(|(key, _)| key == "want");
            // Once only, whatever the machine says.
            if wanted && let Some(sensor) = offered.take() {
                put(&mut program, sensor).await?;
            }
        }
        let (status, errors) = program.end().await.map_err(broken)?;
        if said.ended() {
            return Ok(said);
        }
        if said.begun() {
            let detail = format!("the connection ended in the middle: {}", last(&errors));
            return Err(ConnectorError::Unreachable { address, detail });
        }
        Err(no_answer(spot, status, &errors))
    }

    /// Logs in and asks which security products there are.
    pub(super) async fn gather(&self, spot: &Spot<'_>) -> Result<HostFacts, ConnectorError> {
        let address = spot.address();
        let broken = |e| broken(&address, e);
        let mut program = self.start(spot, edr::SCRIPT.len(), edr::MAX_BYTES)?;
        program.send(edr::SCRIPT.as_bytes()).await;
        let mut output = String::new();
        while let Some(line) = program.line().await.map_err(broken)? {
            output.push_str(&line);
            output.push('\n');
        }
        let (status, errors) = program.end().await.map_err(broken)?;
        // What was cut is read as far as it goes, and says so.
        edr::parse(output.as_bytes()).map_err(|e| match status.success() {
            true => ConnectorError::answer(&address, e.to_string()),
            false => no_answer(spot, status, &errors),
        })
    }

    pub(super) fn start(
        &self,
        spot: &Spot<'_>,
        script: usize,
        bound: usize,
    ) -> Result<Program, ConnectorError> {
        let mut command = self.client();
        command.arg("-p").arg(spot.port.to_string()).arg("-l").arg(spot.user);
        command.arg("--").arg(spot.host).arg(remote(script, self.settings.sudo));
        Program::start(command, bound).map_err(|e| broken(&spot.address(), e))
    }
}

pub(super) fn broken(address: &str, error: Broken) -> ConnectorError {
    match error {
        Broken::Start(e) => ConnectorError::Own(format!("the OpenSSH client cannot be started: {e}")),
        Broken::Flood(_) | Broken::Io(_) => ConnectorError::answer(address, error.to_string()),
    }
}

/// Why nothing of ours was said.
pub(super) fn no_answer(spot: &Spot<'_>, status: ExitStatus, errors: &str) -> ConnectorError {
    if status.code() == Some(CLIENT_FAILED) {
        return refused(errors, &spot.address(), spot.user);
    }
    ConnectorError::answer(spot.address(), format!("no POSIX shell answers ({status}): {}", last(errors)))
}

/// The last line that says something.
pub(super) fn last(errors: &str) -> &str {
    errors.lines().rev().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default()
}

/// Writes the executable to the script that asked for it.
pub(super) async fn put(program: &mut Program, sensor: &Artefact) -> Result<(), ConnectorError> {
    let own = |e: std::io::Error| ConnectorError::Own(format!("{}: {e}", sensor.path.display()));
    let file = tokio::fs::File::open(&sensor.path).await.map_err(own)?;
    // That the machine does not take it any more shows in what it says then.
    program.send_file(file).await.map(|_| ()).map_err(own)
}

/// The command line on the machine. It works in every login shell, since there is but one word in
/// quotes, and holds nothing of a machine or of ours: the script itself comes by standard input.
fn remote(script: usize, sudo: bool) -> String {
    let read = format!(r#"R="eval \"\$(dd bs=1 count={script} 2>/dev/null)\""; "#);
    let root = if sudo {
        r#"if [ "$(id -u)" -gt 0 ]; then P_SUDO=$(LC_ALL=C sudo -n -- sh -c : 2>&1) && exec sudo -n -- sh -c "$R"; export P_SUDO; fi; "#
    } else {
        ""
    };
    format!("exec sh -c '{read}{root}exec sh -c \"$R\"'")
}

/// Ends the connections that are kept open for the next conversation.
pub(super) fn end_shared(folder: &Path) {
    let sockets = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for socket in sockets.filter(|e| e.file_name().len() == 40).map(|e| e.path()) {
        // One that has ended by itself is what we want.
        let _ = std::process::Command::new("ssh")
            .args(["-F", "none", "-O", "exit", "-o"])
            .arg(format!("ControlPath={}", socket.display()))
            .arg("none")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_one_quoted_word_and_short() {
        for sudo in [true, false] {
            let line = remote(12_345, sudo);
            assert_eq!(line.matches('\'').count(), 2, "{line}");
            assert!(line.starts_with("exec sh -c '") && line.ends_with('\'') && line.len() < 400, "{line}");
            assert!(!line.contains(['!', '\n', '`']), "{line}");
        }
    }
}
