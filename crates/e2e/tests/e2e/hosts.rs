//! The hosts that other tests and the demonstration stand on.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use palisade_e2e::wait_until;
use palisade_testkit::hosts::{self, Disk, Key, NamespaceHost, Network, SystemdGuest};

use crate::guests::missing;

fn link_exists(name: &str) -> bool {
    Path::new("/sys/class/net").join(name).exists()
}

#[test]
fn hosts_in_namespaces_are_apart_and_leave_nothing() -> Result<()> {
    if let Some(why) = hosts::lacks() {
        missing(&why);
        return Ok(());
    }
    let (network, key) = (Network::raise()?, Key::make()?);
    let a = NamespaceHost::raise(&network, &key, "host-a", &[])?;
    let disk = Disk { path: "opt/palisade".into(), mebibytes: 64 };
    let b = NamespaceHost::raise(&network, &key, "host-b", &[disk])?;

    // Who they are.
    ensure!(a.login().say("hostname; id -un; sudo -n id -u")? == "host-a\ndeploy\n0\n");
    ensure!(b.login().say("hostname; sudo -n cat /etc/hostname")? == "host-b\nhost-b\n");
    let machine_id = |h: &NamespaceHost| h.login().say("cat /etc/machine-id");
    ensure!(machine_id(&a)? != machine_id(&b)?);
    let size = b.login().say("df -m --output=size /opt/palisade | tail -1")?;
    ensure!(size.trim() == "64", "{size:?}");
    ensure!(!a.login().run("mountpoint -q /opt/palisade")?.status.success());

    // What one of them does is not in the other, and all in its own control group.
    a.login().say("sudo touch /etc/only-a; setsid sleep 86400 >/dev/null 2>&1 & echo $! >/tmp/pid")?;
    let pid = a.login().say("cat /tmp/pid")?;
    let pid = pid.trim();
    ensure!(!b.login().run("ls /etc/only-a /tmp/pid")?.status.success());
    let group = std::fs::read_to_string(format!("/proc/{pid}/cgroup"))?;
    let own = a.cgroup().file_name().context("a name")?.to_string_lossy().into_owned();
    ensure!(group.lines().any(|l| l == format!("0::/{own}")), "{group}");

    // Each reaches this machine and the other; a pulled cable ends that, and only that.
    let knock = |to: &dyn std::fmt::Display| format!("timeout 3 bash -c 'exec 3<>/dev/tcp/{to}/22'");
    let to_b = knock(&b.login().address());
    a.login().say(&to_b)?;
    b.cable().cut()?;
    ensure!(!a.login().run(&to_b)?.status.success());
    b.cable().join()?;
    wait_until("the cable is in again", 30, || b.login().run("true").ok()?.status.success().then_some(()))?;

    let traces =
        |h: &NamespaceHost| (h.cgroup().to_owned(), h.cable().link().to_owned(), h.folder().to_owned());
    let (of_a, of_b) = (traces(&a), traces(&b));
    let bridge = network.bridge().to_owned();
    a.end()?;
    ensure!(!Path::new("/proc").join(pid).exists());
    ensure!(b.login().say("hostname")? == "host-b\n");
    drop(b);
    for (cgroup, link, folder) in [of_a, of_b] {
        ensure!(!cgroup.exists() && !link_exists(&link) && !folder.exists());
    }
    drop(network);
    ensure!(!link_exists(&bridge));
    Ok(())
}

/// Run by the next test as a process of its own, which it then kills.
#[test]
#[ignore = "waits to be killed"]
fn host_of_a_process_that_is_killed() -> Result<()> {
    let (network, key) = (Network::raise()?, Key::make()?);
    let host = NamespaceHost::raise(&network, &key, "orphan", &[])?;
    let (cgroup, folder) = (host.cgroup().display(), host.folder().display());
    let keys = key.private_file();
    println!("raised {cgroup} {folder} {} {} {}", keys.display(), host.cable().link(), network.bridge());
    loop {
        std::thread::park();
    }
}

#[test]
fn a_killed_process_leaves_no_host() -> Result<()> {
    if let Some(why) = hosts::lacks() {
        missing(&why);
        return Ok(());
    }
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--exact", "hosts::host_of_a_process_that_is_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let raised = lines.map_while(Result::ok).find_map(|l| Some(l.split_once("raised ")?.1.to_owned()));
    child.kill()?;
    child.wait()?;
    let raised = raised.context("no host was raised")?;
    let words: Vec<&str> = raised.split(' ').collect();
    let [cgroup, folder, key, link, bridge] = words[..] else { anyhow::bail!("{raised}") };
    wait_until("all of it is gone", 60, || {
        let gone = [cgroup, folder, key].iter().all(|p| !Path::new(p).exists());
        (gone && !link_exists(link) && !link_exists(bridge)).then_some(())
    })
}

#[test]
fn a_guest_runs_systemd_and_leaves_nothing() -> Result<()> {
    if let Some(why) = hosts::lacks_for_guests() {
        missing(&why);
        return Ok(());
    }
    let (network, key) = (Network::raise()?, Key::make()?);
    let mut guest = SystemdGuest::start(&network, &key, "guest-c")?;
    guest.wait_ready()?;
    let said = guest.login().say(
        "hostname; sudo -n id -u; ps -o comm= -p 1; uname -r; sudo systemctl show -p ActiveState --value ssh",
    )?;
    let lines: Vec<&str> = said.lines().collect();
    ensure!(lines[..3] == ["guest-c", "0", "systemd"] && lines[3].starts_with("6.1."), "{said}");
    ensure!(lines[4] == "active", "{said}");
    // Room for a sensor and its spool, and what its capture needs.
    let free = guest.login().say("df -m --output=avail / | tail -1")?;
    ensure!(free.trim().parse::<u64>()? > 1024, "{free}");
    guest.login().say(
        "test -s /sys/kernel/btf/vmlinux && mountpoint -q /sys/fs/bpf && grep -q cgroup2 /proc/mounts",
    )?;

    let (pid, link, folder) = (guest.pid(), guest.cable().link().to_owned(), guest.folder().to_owned());
    guest.end()?;
    ensure!(!Path::new(&format!("/proc/{pid}")).exists() && !link_exists(&link) && !folder.exists());
    Ok(())
}
