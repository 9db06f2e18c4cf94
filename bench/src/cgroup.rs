//! A control group of one's own: its CPU time is the measure of all.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;

/// A control group of the v2 hierarchy; removed at the end.
pub struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes one below the root of the hierarchy.
    pub fn new(name: &str) -> Result<Self> {
        let mounts = std::fs::read_to_string("/proc/mounts")?;
        let root = mounts
            .lines()
            .find_map(|l| {
                let mut fields = l.split(' ');
                let (place, kind) = (fields.nth(1)?, fields.next()?);
                (kind == "cgroup2").then(|| PathBuf::from(place))
            })
            .context("no cgroup2 hierarchy is mounted")?;
        let path = root.join(format!("pal-bench-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// CPU time of all that ever ran in it, microseconds.
    pub fn cpu_us(&self) -> Result<u64> {
        let text = std::fs::read_to_string(self.0.join("cpu.stat"))?;
        text.lines()
            .find_map(|l| l.strip_prefix("usage_usec ")?.parse().ok())
            .context("cpu.stat has no usage_usec")
    }

    /// Makes a command start inside.
    pub fn put(&self, command: &mut Command) -> Result<()> {
        let procs = std::ffi::CString::new(self.0.join("cgroup.procs").as_os_str().as_encoded_bytes())?;
        // SAFETY: open, write and close are async-signal-safe.
        unsafe {
            command.pre_exec(move || {
                let fd = libc::open(procs.as_ptr(), libc::O_WRONLY);
                if fd < 0 || libc::write(fd, c"0".as_ptr().cast(), 1) != 1 {
                    return Err(std::io::Error::last_os_error());
                }
                libc::close(fd);
                Ok(())
            });
        }
        Ok(())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = std::fs::write(self.0.join("cgroup.kill"), "1");
        for _ in 0..100 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}
