use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{Product, binary, wait_until};

/// A sensor beside the product's own: its own state folder, pins and, where asked, scope.
pub struct Sensor {
    state: PathBuf,
    instance: String,
    url: String,
    extra: Vec<String>,
    child: Option<Child>,
}

impl Sensor {
    /// Enrols with a new token at the product's door.
    pub fn enrol(product: &Product, name: &str) -> Result<Self> {
        let port = product.record()?["ports"]["ingest"].as_u64().context("the ingest port")?;
        Self::enrol_at(product, name, &format!("https://localhost:{port}"))
    }

    /// Enrols through another address of the door.
    pub fn enrol_at(product: &Product, name: &str, url: &str) -> Result<Self> {
        let state = product.home().join(format!("sensor-{name}"));
        std::fs::create_dir_all(&state)?;
        let token = product.palisade(&["enrolment-token"]).output()?;
        if !token.status.success() {
            bail!("no enrolment token: {}", String::from_utf8_lossy(&token.stderr));
        }
        let out = Command::new(binary("palisade-sensor"))
            .args(["enrol", "--url", url, "--token", String::from_utf8_lossy(&token.stdout).trim()])
            .arg("--ca")
            .arg(product.home().join("secrets/ca.pem"))
            .arg("--state-dir")
            .arg(&state)
            .output()?;
        if !out.status.success() {
            bail!("enrolment: {}", String::from_utf8_lossy(&out.stderr));
        }
        let instance = format!("{name}{:x}", std::process::id());
        Ok(Self { state, instance, url: url.to_owned(), extra: Vec::new(), child: None })
    }

    /// Further arguments of `run`, such as `--scope`.
    #[must_use]
    pub fn with(mut self, args: &[&str]) -> Self {
        self.extra.extend(args.iter().map(|a| (*a).to_owned()));
        self
    }

    /// The door it was enrolled at.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its state lies.
    pub fn state_dir(&self) -> &Path {
        &self.state
    }

    /// The command that runs it, for callers that add to it.
    pub fn command(&self) -> Result<Command> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.state.join("run.log"))?;
        let mut command = Command::new(binary("palisade-sensor"));
        command
            .arg("run")
            .arg("--state-dir")
            .arg(&self.state)
            .args(["--instance", &self.instance])
            .args(&self.extra);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    /// Starts it and waits until it records: what happens in the moment before is nobody's to record.
    pub fn start(&mut self) -> Result<()> {
        let command = self.command()?;
        self.start_by(command)
    }

    /// Starts it by a prepared command.
    pub fn start_by(&mut self, mut command: Command) -> Result<()> {
        let child = command.spawn().context("starting the sensor")?;
        let pid = child.id();
        self.child = Some(child);
        wait_until("the sensor records", 30, || {
            let status = self.status().ok()?;
            let records = |c: &Value| c["name"] == "process" && c["state"] != "failed";
            let attached = status["components"].as_array().is_some_and(|all| all.iter().any(records));
            (attached && status["state"] == "running" && status["pid"] == pid).then_some(())
        })
        .with_context(|| std::fs::read_to_string(self.state.join("run.log")).unwrap_or_default())
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// `status --json`.
    pub fn status(&self) -> Result<Value> {
        let out = Command::new(binary("palisade-sensor"))
            .args(["status", "--json", "--state-dir"])
            .arg(&self.state)
            .output()?;
        serde_json::from_slice(&out.stdout).with_context(|| String::from_utf8_lossy(&out.stderr).into_owned())
    }

    /// Facts in its spool that the server has not acknowledged: sealed ones, and all.
    pub fn unsent(&self) -> Result<(u64, u64)> {
        let status = self.status()?;
        let lanes =
            status["spool"]["lanes"].as_array().context("the status lists the spool's lanes")?.clone();
        let sum = |key: &str| lanes.iter().map(|l| l[key].as_u64().unwrap_or(0)).sum::<u64>();
        Ok((sum("unsent_facts"), sum("unsent_facts") + sum("open_facts")))
    }

    /// The device that it is.
    pub fn device(&self) -> Result<String> {
        Ok(self.status()?["device_id"].as_str().context("the status names the device")?.to_owned())
    }

    /// SIGTERM, then waits for its end.
    pub fn stop(&mut self) -> Result<()> {
        self.signal(nix::sys::signal::Signal::SIGTERM)
    }

    /// SIGKILL, then waits for its end.
    pub fn kill(&mut self) -> Result<()> {
        self.signal(nix::sys::signal::Signal::SIGKILL)
    }

    fn signal(&mut self, signal: nix::sys::signal::Signal) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), signal)?;
        child.wait()?;
        Ok(())
    }

    /// Removes its pins and all else that it left in the kernel.
    pub fn detach(&self) -> Result<()> {
        let status = Command::new(binary("palisade-sensor"))
            .args(["detach", "--instance", &self.instance, "--state-dir"])
            .arg(&self.state)
            .stdout(Stdio::null())
            .status()?;
        if status.success() { Ok(()) } else { bail!("detach: {status}") }
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        let _ = self.kill();
        let _ = self.detach();
    }
}
