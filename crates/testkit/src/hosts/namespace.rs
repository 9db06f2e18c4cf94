//! A host of namespaces: this machine's kernel, everything else its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::at_end::AtEnd;
use super::network::{Cable, Network};
use super::ssh::{Key, Login};
use super::{parts, parts::until};
use crate::{Supervised, unique};

/// Becomes the host and then its sshd.
const RAISE: &str = include_str!("raise.sh");

/// Ends the host of a control group, a link and a folder. Its mounts go with its last process.
const END: &str = r#"
cgroup=$1 link=$2 dir=$3
if [ -d "$cgroup" ]; then
    echo 1 >"$cgroup/cgroup.kill"
    while grep -q 'populated 1' "$cgroup/cgroup.events"; do sleep 0.02; done
    find "$cgroup" -depth -type d -exec rmdir {} +
fi
[ ! -e "/sys/class/net/$link" ] || ip link delete "$link" 2>/dev/null || [ ! -e "/sys/class/net/$link" ]
rm -rf "$dir"
"#;

/// Joins a host's control group and namespaces, then runs a command in its root.
const ENTER: &str = r#"
echo $$ >"$1/cgroup.procs" || exit
shift
exec nsenter --target "$0" --mount --uts --ipc --net --root --wd "$@"
"#;

/// A disk of a host's own, in memory.
#[derive(Clone, Debug)]
pub struct Disk {
    /// Where it is mounted, without a leading slash.
    pub path: String,
    /// Its size.
    pub mebibytes: u32,
}

/// A running host. Its processes are in one control group, `palisade-host-…` at the root of the
/// unified hierarchy; it has mount, UTS, IPC and network namespaces of its own, and this machine's
/// process numbers and users.
#[derive(Debug)]
pub struct NamespaceHost {
    name: String,
    login: Login,
    cable: Cable,
    cgroup: PathBuf,
    dir: PathBuf,
    // Before the program's reaper, which then finds nothing left to kill.
    at_end: AtEnd,
    sshd: Supervised,
}

impl NamespaceHost {
    /// Raises a host and waits until it lets `key` in.
    ///
    /// # Errors
    /// When something of it cannot be made or its sshd does not come up; nothing stays behind.
    pub fn raise(network: &Network, key: &Key, name: &str, disks: &[Disk]) -> Result<Self> {
        let lower = parts::rootfs("folder")?;
        let link = unique();
        let cgroup =
            unified_hierarchy().context("no unified cgroup hierarchy")?.join(format!("palisade-host-{link}"));
        let dir = parts::folder()?;
        let at_end = AtEnd::run(END, [cgroup.as_os_str(), link.as_ref(), dir.as_os_str()])?;
        std::fs::create_dir(&cgroup)?;
        for part in ["upper", "work", "root"] {
            std::fs::create_dir(dir.join(part))?;
        }
        let host_key = parts::personalise(&dir.join("upper"), name, key)?;
        let disks: String = disks.iter().map(|d| format!("{} {}\n", d.mebibytes, d.path)).collect();
        std::fs::write(dir.join("disks"), disks)?;
        let address = network.next_address()?;
        let login = Login::new(&dir, address, host_key, key)?;

        let log = std::fs::File::create(dir.join("log"))?;
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--uts",
                "--ipc",
                "--net",
                "--propagation",
                "private",
                "sh",
                "-c",
                RAISE,
                "raise",
            ])
            .arg(std::process::id().to_string())
            .args([&cgroup, &dir, &lower])
            .args([name, &link, network.bridge()])
            .args([address.to_string(), network.gateway().to_string()])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let sshd = Supervised::spawn(command).context("starting a host")?;
        let mut host = Self { name: name.into(), login, cable: Cable::new(link), cgroup, dir, at_end, sshd };
        host.wait_ready()?;
        Ok(host)
    }

    fn wait_ready(&mut self) -> Result<()> {
        let log = self.dir.join("log");
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        let ready = until(Duration::from_secs(60), || {
            if let Some(status) = self.sshd.try_wait()? {
                bail!("it ended: {status}");
            }
            Ok(self.login.run("true")?.status.success().then_some(()))
        });
        ready.with_context(|| format!("host {} does not come up: {}", self.name, said()))
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

    /// Its control group's folder on this machine.
    pub fn cgroup(&self) -> &Path {
        &self.cgroup
    }

    /// The folder that holds all of it; gone after its end.
    pub fn folder(&self) -> &Path {
        &self.dir
    }

    /// The words before a command that run it on the host as root, as an agent there would.
    pub fn enter(&self) -> Vec<String> {
        let (pid, cgroup) = (self.sshd.pid().to_string(), self.cgroup.display().to_string());
        ["sh", "-c", ENTER.trim()].map(String::from).into_iter().chain([pid, cgroup]).collect()
    }

    /// Ends it: processes, mounts, link, control group and folder.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn end(self) -> Result<()> {
        let Self { at_end, sshd, .. } = self;
        let ended = at_end.now();
        drop(sshd);
        ended
    }
}

/// Where the unified hierarchy is mounted.
pub(crate) fn unified_hierarchy() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    mounts.lines().find_map(|line| {
        let mut words = line.split(' ').skip(1);
        let place = words.next()?;
        (words.next()? == "cgroup2").then(|| PathBuf::from(place))
    })
}
