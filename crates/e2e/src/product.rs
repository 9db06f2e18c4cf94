use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Where a built executable lies: beside the test's own.
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its own path");
    let profile = own.ancestors().find(|p| p.ends_with("debug")).expect("tests are built in the dev profile");
    match name {
        // The sensor as it is shipped: static, in the target triple's own folder.
        "palisade-sensor" => {
            profile.parent().expect("target folder").join("x86_64-unknown-linux-gnu/debug/palisade-sensor")
        }
        other => profile.join(other),
    }
}

/// Waits up to `seconds` until a condition holds.
pub fn wait_until<T>(what: &str, seconds: u64, mut condition: impl FnMut() -> Option<T>) -> Result<T> {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(value) = condition() {
            return Ok(value);
        }
        if Instant::now() > until {
            bail!("waited {seconds} s in vain: {what}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// One running instance.
pub struct Product {
    home: PathBuf,
    up: String,
}

impl Product {
    /// `palisade up` in a new temporary folder; with this machine's own sensor or without.
    pub fn up(sensor: bool) -> Result<Self> {
        Self::up_by(sensor, |_| Ok(()))
    }

    /// The same by a command that the caller adds to: everything started inherits it.
    pub fn up_by(sensor: bool, prepare: impl FnOnce(&mut Command) -> Result<()>) -> Result<Self> {
        let mut product = Self::not_up();
        product.up = product.start_by(sensor, prepare)?;
        Ok(product)
    }

    /// A folder for an instance that nobody has started yet; it is not made either.
    pub fn not_up() -> Self {
        // Below the system's temporary folder: users of the roles cannot enter root's home.
        let home = std::env::temp_dir().join(format!("pal-{}-{}", std::process::id(), unique()));
        Self { home, up: String::new() }
    }

    /// `palisade up` again on the same folder; returns what it printed.
    pub fn start(&self, sensor: bool) -> Result<String> {
        self.start_by(sensor, |_| Ok(()))
    }

    /// The same by a command that the caller adds to.
    pub fn start_by(&self, sensor: bool, prepare: impl FnOnce(&mut Command) -> Result<()>) -> Result<String> {
        let mut command = self.palisade(&["up"]);
        prepare(&mut command)?;
        if sensor {
            command.arg("--sensor").arg(binary("palisade-sensor"));
        }
        let out = finish(command)?;
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// What `up` printed, for whoever started it by [`Product::start_by`].
    pub fn set_printed(&mut self, printed: String) {
        self.up = printed;
    }

    /// `palisade down`.
    pub fn down(&self) -> Result<()> {
        finish(self.palisade(&["down"])).map(|_| ())
    }

    /// The data folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What `up` printed.
    pub fn printed(&self) -> &str {
        &self.up
    }

    /// The instance's record.
    pub fn record(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&std::fs::read(self.home.join("instance.json"))?)?)
    }

    /// The executable with arguments, for this instance.
    pub fn palisade(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary("palisade"));
        command
            .args(args)
            .env("PALISADE_HOME", &self.home)
            .env("PALISADE_ANY_PORTS", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a query; rows as objects.
    pub fn query(&self, kql: &str) -> Result<Vec<Value>> {
        let out = finish(self.palisade(&["query", kql, "--format", "json", "--row-cap", "100000"]))?;
        Ok(serde_json::from_slice(&out.stdout)?)
    }

    /// Runs a query that has to fail; what it says.
    pub fn query_error(&self, kql: &str) -> Result<String> {
        self.query_error_by(kql, &[])
    }

    /// The same with further arguments.
    pub fn query_error_by(&self, kql: &str, args: &[&str]) -> Result<String> {
        let out = self.palisade(&["query", kql]).args(args).output()?;
        if out.status.success() {
            bail!("the query did not fail");
        }
        Ok(String::from_utf8_lossy(&out.stderr).into_owned())
    }

    /// Process ids of a role's children (its name in the command line and this instance's folder).
    pub fn role_pids(&self, role: &str) -> Vec<i32> {
        let wanted = self.home.join("bin/palisade");
        let mut pids = Vec::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let args: Vec<&[u8]> = line.split(|b| *b == 0).collect();
            if args.first() == Some(&wanted.as_os_str().as_encoded_bytes())
                && args.get(2) == Some(&role.as_bytes())
            {
                pids.push(pid);
            }
        }
        pids
    }

    /// Every process that runs one of the instance's executables.
    pub fn processes(&self) -> Vec<i32> {
        let bin = self.home.join("bin");
        std::fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|e| e.file_name().to_string_lossy().parse::<i32>().ok())
            .filter(|pid| {
                std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.starts_with(&bin))
            })
            .collect()
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        if std::env::var_os("PALISADE_KEEP").is_some() {
            return;
        }
        if self.down().is_err() {
            // The test fails anyway; nothing may stay behind.
            for pid in self.processes() {
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(pid),
                    nix::sys::signal::Signal::SIGKILL,
                );
            }
        }
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// Runs a command to its end; its output is the error when it fails.
fn finish(mut command: Command) -> Result<Output> {
    let out = command.output().with_context(|| format!("running {:?}", command.get_program()))?;
    if !out.status.success() {
        bail!(
            "{:?} {:?}: {}\n{}{}",
            command.get_program(),
            command.get_args().collect::<Vec<_>>(),
            out.status,
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
    }
    Ok(out)
}

fn unique() -> u32 {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
