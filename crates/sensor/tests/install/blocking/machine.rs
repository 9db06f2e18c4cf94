//! A sensor that stands for a machine with packages of the test's own.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palisade_testkit::kernel_available;
use palisade_wire::msg::{ApplicationBlocked, Component, Heartbeat, OrderReceipt, fact};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::TestServer;
use crate::world::{PROGRAM, eventually};

/// What came of executing a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It ran to its end.
    Ran,
    /// The kernel refused it.
    Denied,
}

/// Executes a program that ends at once.
pub fn run(program: &Path) -> Ran {
    match Command::new(program).arg("0").stdin(Stdio::null()).stdout(Stdio::null()).status() {
        Ok(status) => {
            assert!(status.success(), "{status}");
            Ran::Ran
        }
        Err(e) => {
            assert_eq!(e.raw_os_error(), Some(libc_eperm()), "{e}");
            Ran::Denied
        }
    }
}

fn libc_eperm() -> i32 {
    nix::errno::Errno::EPERM as i32
}

pub struct Machine {
    pub server: TestServer,
    dir: TempDir,
    instance: String,
    more: Vec<&'static str>,
    child: Mutex<Option<Child>>,
    number: AtomicU64,
}

impl Machine {
    /// `None` where the kernel cannot be used.
    pub async fn new(more: &[&'static str]) -> Option<Self> {
        if !kernel_available() {
            return None;
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (server, dir) = (TestServer::start().await, TempDir::new().expect("dir"));
        let (instance, child) = (palisade_testkit::unique(), Mutex::new(None));
        let machine = Self { server, dir, instance, more: more.to_vec(), child, number: AtomicU64::new(1) };
        for folder in ["root/etc", "root/usr/bin", "root/var/lib/dpkg/info", "state"] {
            fs::create_dir_all(machine.dir.path().join(folder)).expect("made");
        }
        fs::write(machine.root("etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n").expect("written");
        machine.write_status(&[]);
        let ca = machine.state("ca.pem");
        fs::write(&ca, &machine.server.ca_pem).expect("written");
        let mut enrol = Command::new(PROGRAM);
        enrol.args(["enrol", "--url", &machine.server.url, "--token", &machine.server.token, "--ca"]).arg(ca);
        enrol.arg("--state-dir").arg(machine.state("")).stdout(Stdio::null());
        let done = tokio::task::spawn_blocking(move || enrol.status()).await.expect("ends");
        assert!(done.expect("runs").success());
        machine.start().await;
        Some(machine)
    }

    pub async fn start(&self) {
        let log = fs::File::options().create(true).append(true).open(self.state("run.log"));
        let mut command = Command::new(PROGRAM);
        command.arg("run").args(self.common()).args(["--inventory", "false"]).args(&self.more);
        command.stdin(Stdio::null()).stderr(log.expect("opens"));
        let child = command.spawn().expect("starts");
        let pid = child.id();
        *self.child.lock() = Some(child);
        // What is executed before capture runs is told without the one who did it.
        eventually("the sensor records", || {
            let status = self.status();
            let records = |c: &Value| c["name"] == "process" && c["state"] != "failed";
            status["pid"] == pid && status["components"].as_array().is_some_and(|all| all.iter().any(records))
        })
        .await;
    }

    fn common(&self) -> Vec<OsString> {
        let instance = self.instance.clone();
        let words =
            ["--state-dir".into(), self.state("").into_os_string(), "--instance".into(), instance.into()];
        words.into_iter().chain(["--root".into(), self.root("").into_os_string()]).collect()
    }

    pub fn root(&self, path: &str) -> PathBuf {
        self.dir.path().join("root").join(path)
    }

    pub fn state(&self, path: &str) -> PathBuf {
        self.dir.path().join("state").join(path)
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.root("usr/bin").join(name)
    }

    pub fn status(&self) -> Value {
        serde_json::from_slice(&fs::read(self.state("status.json")).unwrap_or_default()).unwrap_or_default()
    }

    pub fn counter(&self, kind: &str) -> u64 {
        self.status()["counters"][kind].as_u64().unwrap_or(0)
    }

    /// Writes the package database anew, as dpkg does: beside it, then in its place.
    pub fn write_status(&self, packages: &[(&str, &str, &str)]) {
        let text: String = packages
            .iter()
            .map(|(name, source, version)| {
                format!(
                    "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nSource: {source}\n\
                     Version: {version}\n\n"
                )
            })
            .collect();
        fs::write(self.root("var/lib/dpkg/status-new"), text).expect("written");
        fs::rename(self.root("var/lib/dpkg/status-new"), self.root("var/lib/dpkg/status")).expect("renamed");
    }

    /// Installs a package with one program, as dpkg does, beside those that are there.
    pub fn package(&self, name: &str, source: &str, version: &str) {
        self.copy(&format!("usr/bin/{name}"));
        self.list(name, &[&format!("/usr/bin/{name}")]);
        let status = fs::read_to_string(self.root("var/lib/dpkg/status")).expect("read");
        let mut packages: Vec<(String, String, String)> = status
            .split("\n\n")
            .filter_map(|p| {
                let field = |key: &str| p.lines().find_map(|l| l.strip_prefix(key)).map(str::to_owned);
                Some((field("Package: ")?, field("Source: ")?, field("Version: ")?))
            })
            .filter(|(n, _, _)| n != name)
            .collect();
        packages.push((name.into(), source.into(), version.into()));
        let all: Vec<(&str, &str, &str)> =
            packages.iter().map(|(n, s, v)| (n.as_str(), s.as_str(), v.as_str())).collect();
        self.write_status(&all);
    }

    /// What a package's list says.
    pub fn list(&self, name: &str, paths: &[&str]) {
        let list = self.root("var/lib/dpkg/info").join(format!("{name}.list"));
        fs::write(list, format!("/.\n{}\n", paths.join("\n"))).expect("written");
    }

    /// Puts a program in place, as dpkg does: a new file that takes the name.
    pub fn copy(&self, path: &str) {
        let (new, place) = (self.root(&format!("{path}.dpkg-new")), self.root(path));
        fs::copy("/bin/sleep", &new).expect("copied");
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("set");
        fs::rename(&new, &place).expect("renamed");
    }

    pub fn rule(&self, id: &str, source: &str, fixed: &str, mode: &str) -> Value {
        json!({"id": id, "ecosystem": "debian:12", "source": source, "fixed": fixed, "mode": mode, "message": "ask us"})
    }

    pub async fn order(&self, rules: &[Value]) -> OrderReceipt {
        let revision = self.number.load(Ordering::Relaxed);
        self.order_raw(&json!({"revision": revision, "rules": rules}).to_string()).await
    }

    pub async fn order_raw(&self, arguments: &str) -> OrderReceipt {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        self.server.push(self.server.order_with(number, "block-applications", arguments, 600_000_000));
        let mut found = None;
        eventually("the order is answered", || {
            found = self.facts().into_iter().find_map(|f| match f.kind {
                Some(fact::Kind::Receipt(r)) if r.number == number => Some(r),
                _ => None,
            });
            found.is_some()
        })
        .await;
        found.expect("there")
    }

    fn facts(&self) -> Vec<palisade_wire::msg::Fact> {
        self.server.behaviour.lock().facts.iter().flatten().cloned().collect()
    }

    /// Executions that the server was told.
    pub fn told(&self) -> Vec<ApplicationBlocked> {
        self.facts()
            .into_iter()
            .filter_map(|f| match f.kind {
                Some(fact::Kind::ApplicationBlocked(a)) => Some(a),
                _ => None,
            })
            .collect()
    }

    /// Numbers of the processes that executed something, as text; empty where one is not known.
    pub fn actors(&self) -> Vec<String> {
        let of = |f: palisade_wire::msg::Fact| match f.kind {
            Some(fact::Kind::ApplicationBlocked(_)) if f.process != 0 => Some(f.process.to_string()),
            Some(fact::Kind::ApplicationBlocked(_)) => Some(String::new()),
            _ => None,
        };
        self.facts().into_iter().filter_map(of).collect()
    }

    /// A part in the last heartbeat.
    pub fn component(&self, name: &str) -> Option<Component> {
        let beats = self.facts().into_iter().filter_map(|f| match f.kind {
            Some(fact::Kind::Heartbeat(h)) => Some((f.time_us, h)),
            _ => None,
        });
        let (_, last): (i64, Heartbeat) = beats.max_by_key(|(at, _)| *at)?;
        last.components.into_iter().find(|c| c.name == name)
    }

    /// The process that answers the kernel.
    pub fn responder(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.state("application-control.pid")).ok()?;
        let pid = Pid::from_raw(text.trim().parse().ok()?);
        fs::read_link(format!("/proc/{pid}/exe")).is_ok().then_some(pid)
    }

    pub async fn verb(&self, args: &[&str]) {
        let mut command = Command::new(PROGRAM);
        command.args(args).args(self.common()).stdout(Stdio::null());
        let done = tokio::task::spawn_blocking(move || command.status()).await.expect("ends");
        assert!(done.expect("runs").success());
    }

    pub fn kill_sensor(&self) {
        self.end(Signal::SIGKILL);
    }

    pub async fn restart(&mut self) {
        self.end(Signal::SIGTERM);
        self.start().await;
    }

    fn end(&self, signal: Signal) {
        if let Some(mut child) = self.child.lock().take() {
            let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
            let _ = kill(pid, signal);
            let _ = child.wait();
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.end(Signal::SIGTERM);
        let _ = Command::new(PROGRAM).arg("detach").args(self.common()).stdout(Stdio::null()).status();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.state("run.log")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            #[expect(clippy::print_stderr, reason = "a person who looks for the failure reads it")]
            {
                eprintln!("{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
            }
        }
    }
}
