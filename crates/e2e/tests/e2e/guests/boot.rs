//! A guest: one of Debian's kernels, an initramfs with busybox and the sensor as it is shipped.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use palisade_e2e::binary;
use palisade_testkit::Supervised;

/// What runs in the guest.
const INIT: &str = include_str!("init.sh");

/// Debian's `busybox-static`.
pub const BUSYBOX: &str = "/bin/busybox";

/// A guest that has not ended by then is killed. Emulation is slow: a boot takes 20 s or more.
const HARD_LIMIT: Duration = Duration::from_secs(300);

/// A kernel to boot.
pub struct Kernel {
    /// Such as 6.12.
    pub series: String,
    image: PathBuf,
}

/// What a guest said.
pub struct Guest {
    /// All of its console.
    pub console: String,
    /// What it sent, by label.
    pub sent: BTreeMap<String, String>,
}

/// What keeps guests from running here; `None` where all is there but, perhaps, the kernels.
pub fn lacks() -> Option<String> {
    if !cfg!(target_arch = "x86_64") {
        return Some("guests are x86_64".into());
    }
    for (program, argument) in [("qemu-system-x86_64", "--version"), ("cpio", "--version"), (BUSYBOX, "true")]
    {
        let found = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !found.is_ok_and(|s| s.success()) {
            return Some(format!("guests need {program}"));
        }
    }
    let sensor = binary("palisade-sensor");
    (!sensor.exists()).then(|| format!("guests need {}: make sensor", sensor.display()))
}

/// Fetches the kernels where they are not in the cache.
pub fn kernels() -> Result<Vec<Kernel>> {
    let script = palisade_testkit::repository().join("scripts/kernels.sh");
    let out = Command::new(script).stdin(Stdio::null()).output()?;
    ensure!(out.status.success(), "kernels.sh: {}", String::from_utf8_lossy(&out.stderr));
    let lines = String::from_utf8(out.stdout)?;
    let kernel = |line: &str| {
        let (series, image) = line.split_once(' ')?;
        Some(Kernel { series: series.into(), image: image.into() })
    };
    lines.lines().map(|l| kernel(l).with_context(|| format!("kernels.sh said {l:?}"))).collect()
}

/// Packs the guest's files; the archive's path.
pub fn initramfs(dir: &Path) -> Result<PathBuf> {
    let root = dir.join("root");
    for folder in ["bin", "etc", "proc", "sys", "dev", "tmp", "run", "var/lib", "root", "home"] {
        std::fs::create_dir_all(root.join(folder))?;
    }
    std::fs::copy(BUSYBOX, root.join("bin/busybox"))?;
    let applets = Command::new(BUSYBOX).arg("--list").output()?;
    for applet in String::from_utf8(applets.stdout)?.lines().filter(|a| *a != "busybox") {
        symlink("busybox", root.join("bin").join(applet))?;
    }
    // Its lines of debug information are most of its size, and the archive is read by emulation.
    let stripped = Command::new("objcopy")
        .arg("--strip-debug")
        .args([binary("palisade-sensor"), root.join("bin/palisade-sensor")])
        .status();
    if !stripped.is_ok_and(|s| s.success()) {
        std::fs::copy(binary("palisade-sensor"), root.join("bin/palisade-sensor"))?;
    }
    let users =
        "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home:/bin/sh\nbob:x:1001:1001::/home:/bin/sh\n";
    std::fs::write(root.join("etc/passwd"), users)?;
    std::fs::write(root.join("etc/group"), "root:x:0:\nalice:x:1000:\nbob:x:1001:\n")?;
    std::fs::write(root.join("init"), INIT)?;
    std::fs::set_permissions(root.join("init"), std::fs::Permissions::from_mode(0o755))?;
    let archive = dir.join("initramfs");
    let packed = Command::new("sh")
        .args(["-c", "find . | cpio -o -H newc -R 0:0 --quiet > \"$1\"", "sh"])
        .arg(&archive)
        .current_dir(&root)
        .status()?;
    ensure!(packed.success(), "cpio: {packed}");
    Ok(archive)
}

impl Kernel {
    /// Boots it and waits until the guest powers off.
    pub fn boot(&self, initramfs: &Path, dir: &Path) -> Result<Guest> {
        let console = dir.join(format!("console-{}", self.series));
        let sent = dir.join(format!("sent-{}", self.series));
        let mut qemu = Command::new("qemu-system-x86_64");
        qemu.args(["-accel", "tcg,thread=single", "-cpu", "max", "-m", "768M", "-smp", "2"])
            .args(["-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot"])
            .arg("-serial")
            .arg(format!("file:{}", console.display()))
            .arg("-serial")
            .arg(format!("file:{}", sent.display()))
            .arg("-kernel")
            .arg(&self.image)
            .arg("-initrd")
            .arg(initramfs)
            .args(["-append", "console=ttyS0 quiet loglevel=1 panic=1"])
            .stdin(Stdio::null());
        let mut guest = Supervised::spawn(qemu).context("starting qemu")?;
        let until = Instant::now() + HARD_LIMIT;
        let ended = loop {
            match guest.try_wait()? {
                Some(status) => break Some(status),
                None if Instant::now() > until => break None,
                None => std::thread::sleep(Duration::from_millis(100)),
            }
        };
        guest.end();
        let console = String::from_utf8_lossy(&std::fs::read(&console).unwrap_or_default()).into_owned();
        match ended {
            None => bail!("the guest did not end within {HARD_LIMIT:?}:\n{console}"),
            Some(status) if !status.success() => bail!("qemu: {status}\n{console}"),
            Some(_) => Ok(Guest { console, sent: sections(&String::from_utf8(std::fs::read(&sent)?)?) }),
        }
    }
}

/// Splits what was sent at its `== label` lines.
fn sections(text: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut label = String::new();
    for line in text.lines() {
        if let Some(next) = line.strip_prefix("== ") {
            label = next.trim().to_owned();
            out.insert(label.clone(), String::new());
        } else if let Some(section) = out.get_mut(&label) {
            section.push_str(line.trim_end_matches('\r'));
            section.push('\n');
        }
    }
    out
}
