//! A real OpenSSH server on a loopback port, with keys of its own.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::names::{scratch, unique};
use crate::skip::skipped;
use crate::supervised::Supervised;
use crate::wait::PATIENCE;

const PROGRAM: &str = "/usr/sbin/sshd";

/// A running server; dropping it ends it and everybody who is logged in.
#[derive(Debug)]
pub struct Sshd {
    port: u16,
    folder: TempDir,
    extra: String,
    server: Option<Supervised>,
}

impl Sshd {
    /// Starts one that lets every user of this machine in by [`Sshd::client_key`]. `None`, noted as
    /// skipped, where this machine has no server or the test is not root.
    pub fn start() -> Option<Self> {
        Self::with("")
    }

    /// The same with further lines of sshd_config, such as `ForceCommand`.
    ///
    /// # Panics
    /// When it is there but cannot be started.
    pub fn with(extra: &str) -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            skipped("needs root");
            return None;
        }
        if !Path::new(PROGRAM).exists() {
            skipped("needs openssh-server");
            return None;
        }
        let folder = scratch();
        make_key(&folder.path().join("client"));
        make_key(&folder.path().join("host"));
        std::fs::copy(folder.path().join("client.pub"), folder.path().join("authorized")).expect("a copy");
        // The server enters it after it has given up its rights; it is there where it runs as a service.
        std::fs::create_dir_all("/run/sshd").expect("the folder of the server");
        let mut sshd = Self { port: 0, folder, extra: extra.to_owned(), server: None };
        sshd.serve().expect("sshd starts");
        Some(sshd)
    }

    fn serve(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            // It cannot say which port it was given, so that one is chosen for it; somebody may be faster.
            if self.port == 0 {
                self.port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            }
            std::fs::write(self.path("config"), self.config())?;
            let mut command = Command::new(PROGRAM);
            command.args(["-D", "-e", "-f"]).arg(self.path("config")).stdin(Stdio::null());
            command.stdout(Stdio::null()).stderr(std::fs::File::create(self.path("log"))?);
            let mut server = Supervised::spawn(command)?;
            while server.try_wait()?.is_none() {
                if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                    self.server = Some(server);
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other(std::fs::read_to_string(self.path("log"))?));
            }
            self.port = 0;
        }
    }

    fn config(&self) -> String {
        let folder = self.folder.path().display();
        format!(
            "Port {}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n\
             PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPrintMotd no\nMaxStartups 100\n{}\n",
            self.port, self.extra,
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A private key that is let in.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn client_key(&self) -> String {
        std::fs::read_to_string(self.path("client")).expect("the client's key")
    }

    /// The kind and the public half of the host key.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn host_key(&self) -> (String, String) {
        let text = std::fs::read_to_string(self.path("host.pub")).expect("the host's key");
        let mut words = text.split_ascii_whitespace().map(str::to_owned);
        (words.next().expect("a kind"), words.next().expect("a key"))
    }

    /// Ends it and starts it with another host key, on the same port.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn change_host_key(&mut self) {
        self.server = None;
        for name in ["host", "host.pub"] {
            std::fs::remove_file(self.path(name)).expect("the old key is there");
        }
        make_key(&self.path("host"));
        self.serve().expect("sshd starts again");
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

/// A private key that nobody knows.
///
/// # Panics
/// When ssh-keygen does not make one.
pub fn ssh_key() -> String {
    let folder = scratch();
    make_key(&folder.path().join("key"));
    std::fs::read_to_string(folder.path().join("key")).expect("a key")
}

fn make_key(path: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(path)
        .stdin(Stdio::null())
        .status();
    assert!(made.is_ok_and(|s| s.success()), "ssh-keygen makes a key");
}

/// A user of this machine without a password, gone with the value.
#[derive(Debug)]
pub struct HostUser {
    name: String,
    sudoers: Option<PathBuf>,
}

impl HostUser {
    /// A new one, who may become root by sudo without a password, or may not.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn add(sudo: bool) -> Self {
        let name = unique();
        let made = Command::new("useradd")
            // A password that is no lock: a locked user may not log in at all.
            .args(["--no-create-home", "--home-dir", "/", "--shell", "/bin/sh", "--password", "*", &name])
            .stdin(Stdio::null())
            .status();
        assert!(made.is_ok_and(|s| s.success()), "useradd makes a user");
        let mut user = Self { name, sudoers: None };
        if sudo {
            // sudo passes over files with a dot in their name.
            let path = PathBuf::from(format!("/etc/sudoers.d/{}", user.name));
            std::fs::write(&path, format!("{} ALL=(root) NOPASSWD: ALL\n", user.name))
                .expect("sudo is there");
            user.sudoers = Some(path.clone());
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o440)).expect("ours");
        }
        user
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for HostUser {
    fn drop(&mut self) {
        // What is gone already is what we want.
        if let Some(path) = &self.sudoers {
            let _ = std::fs::remove_file(path);
        }
        // By force: a connection of it may be open still.
        let _ = Command::new("userdel").arg("--force").arg(&self.name).stderr(Stdio::null()).status();
    }
}
