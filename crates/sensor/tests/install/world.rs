use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use palisade_wire::msg::{Component, Fact, Heartbeat, fact};
use serde_json::Value;
use tempfile::TempDir;

use crate::server::TestServer;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_palisade-sensor");

/// A root that stands for a machine, and the server of its sensor.
pub struct World {
    dir: TempDir,
    pub server: TestServer,
    mounts: Vec<PathBuf>,
}

impl World {
    /// `None`, with a line that says so, where the kernel cannot be used.
    pub async fn new() -> Option<Self> {
        if !palisade_testkit::kernel_available() {
            return None;
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = TempDir::new().expect("dir");
        let world = Self { dir, server: TestServer::start().await, mounts: Vec::new() };
        for folder in ["etc", "opt", "var/lib"] {
            std::fs::create_dir_all(world.at(folder)).expect("made");
        }
        std::fs::write(world.given("ca.pem"), &world.server.ca_pem).expect("written");
        std::fs::write(world.given("token"), &world.server.token).expect("written");
        Some(world)
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    pub fn state(&self) -> PathBuf {
        self.at("/var/lib/palisade-sensor")
    }

    /// A file that the connector brings along.
    pub fn given(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a verb of a program; its exit code and what it printed.
    pub async fn verb_of(&self, program: &Path, args: &[&str]) -> (Option<i32>, Value) {
        let mut command = Command::new(program);
        command.arg(args[0]).arg("--json").arg("--root").arg(self.root()).args(&args[1..]);
        command.env("PALISADE_SENSOR_LOG", "warn").stdin(Stdio::null());
        let out = tokio::task::spawn_blocking(move || command.output()).await.expect("runs").expect("output");
        let text = String::from_utf8_lossy(&out.stdout);
        let value = serde_json::from_str(&text).unwrap_or_else(|_| {
            assert!(text.is_empty(), "one JSON object: {text}");
            Value::Null
        });
        (out.status.code(), value)
    }

    pub async fn verb(&self, args: &[&str]) -> (Option<i32>, Value) {
        self.verb_of(Path::new(PROGRAM), args).await
    }

    /// Runs `install` with everything that it needs, and more.
    pub async fn install(&self, more: &[&str]) -> (Option<i32>, Value) {
        let (ca, token) = (self.given("ca.pem"), self.given("token"));
        let text = |p: &Path| p.to_str().expect("utf-8").to_owned();
        let (ca, token) = (text(&ca), text(&token));
        let mut args = vec!["install", "--url", &self.server.url, "--ca", &ca, "--token-file", &token];
        args.extend(more);
        self.verb(&args).await
    }

    pub async fn installed(&self) -> Value {
        let (code, said) = self.install(&[]).await;
        assert_eq!((code, said["ok"].as_bool()), (Some(0), Some(true)), "{said}");
        said
    }

    pub async fn probe(&self) -> Value {
        let (code, said) = self.verb(&["probe"]).await;
        assert_eq!(code, Some(0));
        said
    }

    /// The pid in a lock of the state folder, if its holder lives.
    pub fn pid(&self, lock: &str) -> Option<i32> {
        let pid: i32 = std::fs::read_to_string(self.state().join(lock)).ok()?.trim().parse().ok()?;
        // One that has ended and that nobody has asked about yet has no executable any more.
        std::fs::read_link(format!("/proc/{pid}/exe")).is_ok().then_some(pid)
    }

    pub fn status(&self) -> Value {
        let bytes = std::fs::read(self.state().join("status.json")).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// SHA-256 of the installed program.
    pub fn program(&self) -> String {
        let bytes = std::fs::read(self.at("/opt/palisade/bin/palisade-sensor")).unwrap_or_default();
        hex::encode(palisade_wire::digest_of(&bytes))
    }

    /// Name of the pins of the installed sensor.
    pub fn instance(&self) -> String {
        let text = std::fs::read_to_string(self.at("/etc/palisade/installed.json")).unwrap_or_default();
        let record: Value = serde_json::from_str(&text).unwrap_or_default();
        record["instance"].as_str().unwrap_or_default().to_owned()
    }

    pub fn facts(&self) -> Vec<Fact> {
        let b = self.server.behaviour.lock();
        b.facts.iter().flatten().cloned().collect()
    }

    /// The last heartbeat that the server has, and the component of a name in it.
    pub fn component(&self, name: &str) -> Option<Component> {
        let beats = self.facts().into_iter().filter_map(|f| match f.kind {
            Some(fact::Kind::Heartbeat(h)) => Some((f.time_us, h)),
            _ => None,
        });
        let (_, last): (i64, Heartbeat) = beats.max_by_key(|(at, _)| *at)?;
        last.components.into_iter().find(|c| c.name == name)
    }

    /// Mounts a tmpfs at a place of the root; it goes with this value.
    pub fn mount(&mut self, path: &str, options: &str) {
        let at = self.at(path);
        std::fs::create_dir_all(&at).expect("made");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&at).status();
        assert!(done.expect("mount runs").success());
        self.mounts.push(at);
    }

    /// The same without the state folder, in which a running sensor writes.
    pub fn tree_without_state(&self) -> BTreeMap<String, String> {
        let mut tree = self.tree();
        tree.retain(|p, _| !p.starts_with("var/lib/palisade-sensor"));
        tree
    }

    /// Every file, folder and link of the root, with what is in it.
    pub fn tree(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.root()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).expect("lists").flatten() {
                let path = entry.path();
                let meta = path.symlink_metadata().expect("there");
                let mode = meta.permissions().mode();
                let content = if meta.is_dir() {
                    open.push(path.clone());
                    String::new()
                } else if meta.is_symlink() {
                    path.read_link().expect("link").display().to_string()
                } else {
                    let bytes = std::fs::read(&path).expect("read");
                    hex::encode(palisade_wire::digest_of(&bytes))
                };
                let shown = path.strip_prefix(self.root()).expect("below").display().to_string();
                found.insert(shown, format!("{mode:o} {content}"));
            }
        }
        found
    }
}

/// Waits for a condition; the only limit is one that a broken program would pass.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(90);
    while !condition() {
        assert!(Instant::now() < until, "not within 90 s: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A test that failed leaves what it had started: it is taken away by its own verb.
        let done = Command::new(PROGRAM)
            .args(["uninstall", "--purge", "--root"])
            .arg(self.root())
            .stdin(Stdio::null())
            .output();
        // What is left of it goes with its mount.
        let _ = done;
        for mount in self.mounts.iter().rev() {
            let _ = Command::new("umount").arg("-l").arg(mount).status();
        }
    }
}
