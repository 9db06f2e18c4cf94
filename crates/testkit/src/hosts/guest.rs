//! A virtual machine: Debian with its own kernel, systemd and sshd, by emulation.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::at_end::AtEnd;
use super::network::{Cable, Network};
use super::parts::{self, run, until};
use super::ssh::{Key, Login};
use crate::{Supervised, unique};

/// Runs in the guest before its systemd.
const INIT: &str = include_str!("guest-init.sh");

/// Drivers that Debian's kernels have as modules.
const MODULES: [&str; 9] = [
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "failover",
    "net_failover",
    "virtio_net",
    "virtio_blk",
];

/// Debian 12's own series, whose modules are not compressed.
pub(super) const KERNEL: &str = "6.1";

/// Emulation on a busy machine is slow: a boot takes a minute, and may take several.
const BOOT: Duration = Duration::from_secs(420);

/// Removes a guest's link and folder; qemu ends by its reaper.
const END: &str = r#"
[ ! -e "/sys/class/net/$1" ] || ip link delete "$1"
rm -rf "$2"
"#;

/// A guest that boots or runs.
#[derive(Debug)]
pub struct SystemdGuest {
    name: String,
    login: Login,
    cable: Cable,
    dir: PathBuf,
    // Its link is busy until it is gone.
    qemu: Supervised,
    at_end: AtEnd,
}

impl SystemdGuest {
    /// Starts a guest; [`SystemdGuest::wait_ready`] waits until it has booted. What it writes to its disk
    /// is gone with it.
    ///
    /// # Errors
    /// When a part of it cannot be made; nothing stays behind.
    pub fn start(network: &Network, key: &Key, name: &str) -> Result<Self> {
        let disk = parts::rootfs("image")?;
        let (kernel, modules) = parts::kernel(KERNEL)?;
        let link = unique();
        let dir = parts::folder()?;
        let at_end = AtEnd::run(END, [link.as_ref(), dir.as_os_str()])?;
        let address = network.next_address()?;
        let (archive, host_key) = initramfs(&dir, &modules, name, key, |root| {
            fs::write(root.join("config"), format!("{address} {}\n", network.gateway()))
        })?;
        let login = Login::new(&dir, address, host_key, key)?;
        run(Command::new("ip").args(["tuntap", "add", "dev", &link, "mode", "tap"]))?;
        run(Command::new("ip").args(["link", "set", &link, "master", network.bridge(), "up"]))?;

        let log = fs::File::create(dir.join("qemu.log"))?;
        let [.., a, b] = address.octets();
        let mut qemu = Command::new("qemu-system-x86_64");
        qemu.args(["-accel", "tcg,thread=multi", "-cpu", "max", "-m", "1280M", "-smp", "2", "-no-reboot"])
            .args(["-display", "none", "-monitor", "none", "-snapshot", "-serial"])
            .arg(format!("file:{}", dir.join("console").display()))
            .arg("-drive")
            .arg(format!("if=virtio,format=raw,file={}", disk.display()))
            .arg("-netdev")
            .arg(format!("tap,id=n,ifname={link},script=no,downscript=no"))
            .arg("-device")
            .arg(format!("virtio-net-pci,netdev=n,romfile=,mac=52:54:00:00:{a:02x}:{b:02x}"))
            .arg("-kernel")
            .arg(kernel)
            .arg("-initrd")
            .arg(archive)
            // The kernel's own check of the timer fails, and panics, where this machine is too busy for a moment.
            .args([
                "-append",
                "console=ttyS0 quiet panic=1 no_timer_check net.ifnames=0 systemd.show_status=1",
            ])
            // Its changes to the disk lie there.
            .env("TMPDIR", &dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let qemu = Supervised::spawn(qemu).context("starting qemu")?;
        Ok(Self { name: name.into(), login, cable: Cable::new(link), dir, qemu, at_end })
    }

    /// Waits until it lets its key in and systemd has started everything.
    ///
    /// # Errors
    /// When it ends before or takes too long, with what its console showed.
    pub fn wait_ready(&mut self) -> Result<()> {
        let ready = until(BOOT, || {
            if let Some(status) = self.qemu.try_wait()? {
                bail!("it ended: {status}");
            }
            // Says `degraded` and fails where a unit failed: up all the same.
            let out = self.login.run("systemctl is-system-running --wait")?;
            let said = String::from_utf8_lossy(&out.stdout);
            Ok(matches!(said.trim(), "running" | "degraded").then_some(()))
        });
        ready.with_context(|| format!("guest {} does not come up: {}", self.name, self.console()))
    }

    /// The host's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is reached.
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// Its cable.
    pub fn cable(&self) -> &Cable {
        &self.cable
    }

    /// The process that emulates it.
    pub fn pid(&self) -> u32 {
        self.qemu.pid()
    }

    /// The folder that holds all of it; gone after its end.
    pub fn folder(&self) -> &Path {
        &self.dir
    }

    /// What its console and qemu have shown.
    pub fn console(&self) -> String {
        ["qemu.log", "console"].map(|f| fs::read(self.dir.join(f)).unwrap_or_default()).iter().fold(
            String::new(),
            |mut text, bytes| {
                text.push_str(&String::from_utf8_lossy(bytes));
                text
            },
        )
    }

    /// Ends it as a power cut does: process, link and folder.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn end(self) -> Result<()> {
        let Self { qemu, at_end, .. } = self;
        qemu.end();
        at_end.now()
    }
}

/// Packs what boots a guest; the archive, and the guest's public key.
fn initramfs(
    dir: &Path,
    modules: &Path,
    name: &str,
    key: &Key,
    configure: impl FnOnce(&Path) -> std::io::Result<()>,
) -> Result<(PathBuf, String)> {
    let root = dir.join("initramfs");
    for folder in ["bin", "proc", "sys", "dev", "root", "seed", "modules"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::copy("/bin/busybox", root.join("bin/busybox"))?;
    for applet in ["sh", "mount", "umount", "insmod", "ip", "sleep", "cp", "switch_root", "poweroff"] {
        symlink("busybox", root.join("bin").join(applet))?;
    }
    for module in MODULES {
        let found = run(Command::new("find").arg(modules).args(["-name", &format!("{module}.ko")]))?;
        if let Some(file) = found.lines().next() {
            fs::copy(file, root.join(format!("modules/{module}.ko")))?;
        }
    }
    fs::write(root.join("init"), INIT)?;
    fs::set_permissions(root.join("init"), fs::Permissions::from_mode(0o755))?;
    configure(&root)?;
    let host_key = parts::personalise(&root.join("seed"), name, key)?;
    let archive = dir.join("initramfs.cpio");
    let pack = "find . | cpio -o -H newc --quiet >\"$1\"";
    run(Command::new("sh").args(["-c", pack, "sh"]).arg(&archive).current_dir(&root))?;
    Ok((archive, host_key))
}
