//! Keys, and running commands on a host by the real `ssh`.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::at_end::AtEnd;
use super::parts::run;
use anyhow::{Context, Result, ensure};

/// A key pair that hosts let in as `deploy`; its files go with the value.
#[derive(Debug)]
pub struct Key {
    dir: PathBuf,
    public: String,
    _at_end: AtEnd,
}

impl Key {
    /// Makes a new one.
    ///
    /// # Errors
    /// When `ssh-keygen` fails.
    pub fn make() -> Result<Self> {
        // Only its owner may enter, or ssh refuses the key.
        let dir = tempfile::Builder::new().prefix("pal-key-").tempdir()?.keep();
        let at_end = AtEnd::run("rm -rf \"$1\"", [&dir])?;
        let file = dir.join("key");
        run(Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "deploy", "-f"])
            .arg(&file))?;
        let public = std::fs::read_to_string(dir.join("key.pub"))?;
        Ok(Self { dir, public, _at_end: at_end })
    }

    /// The public half, one line.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The file of the private half, without a passphrase.
    pub fn private_file(&self) -> PathBuf {
        self.dir.join("key")
    }
}

/// How a host is reached: as `deploy`, who may become root by `sudo`.
#[derive(Clone, Debug)]
pub struct Login {
    address: Ipv4Addr,
    host_key: String,
    key: PathBuf,
    known_hosts: PathBuf,
}

impl Login {
    /// `dir` is the host's own folder, `host_key` what [`super::parts::personalise`] gave.
    pub(crate) fn new(dir: &Path, address: Ipv4Addr, host_key: String, key: &Key) -> Result<Self> {
        let known_hosts = dir.join("known_hosts");
        std::fs::write(&known_hosts, format!("{address} {host_key}\n"))?;
        Ok(Self { address, host_key, key: key.private_file(), known_hosts })
    }

    /// The user.
    pub fn user(&self) -> &'static str {
        "deploy"
    }

    /// The host's address; sshd listens on port 22.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The host's public key, as a line of known hosts without the name.
    pub fn host_key(&self) -> &str {
        &self.host_key
    }

    /// The file that knows the host's key.
    pub fn known_hosts(&self) -> &Path {
        &self.known_hosts
    }

    /// Runs a command of the host's shell and waits for it.
    ///
    /// # Errors
    /// When `ssh` cannot be run; a host that cannot be reached is exit code 255.
    pub fn run(&self, command: &str) -> Result<Output> {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-T", "-l", self.user(), "-i"]).arg(&self.key);
        for option in
            ["BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=10"]
        {
            ssh.arg("-o").arg(option);
        }
        ssh.args(["-o", "ServerAliveInterval=10", "-o", "GlobalKnownHostsFile=none", "-o"])
            .arg(format!("UserKnownHostsFile={}", self.known_hosts.display()))
            .arg(self.address.to_string())
            .arg(command);
        ssh.stdin(Stdio::null()).output().context("running ssh")
    }

    /// The same for a command that has to succeed; what it printed.
    ///
    /// # Errors
    /// When it does not.
    pub fn say(&self, command: &str) -> Result<String> {
        let out = self.run(command)?;
        let printed = String::from_utf8_lossy(&out.stdout).into_owned();
        let said = String::from_utf8_lossy(&out.stderr);
        ensure!(out.status.success(), "{} `{command}`: {}: {said}{printed}", self.address, out.status);
        Ok(printed)
    }
}
