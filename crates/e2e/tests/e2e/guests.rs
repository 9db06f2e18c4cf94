//! One boot each of Debian's kernels in qemu: the probes attach, events are in the guest's spool.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use palisade_e2e::binary;

/// What the guest runs; everything between BEGIN and END lines is read by the test.
const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /state /etc
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t bpf bpf /sys/fs/bpf
/bin/busybox mount -t tracefs tracefs /sys/kernel/tracing
/bin/busybox mount -t cgroup2 cgroup2 /sys/fs/cgroup
/bin/busybox ip link set lo up
echo "root:x:0:0:root:/:/bin/sh" > /etc/passwd
echo "GUEST $(/bin/busybox uname -r)"
/bin/palisade-sensor run --state-dir /state --instance guest > /sensor.log 2>&1 &
n=0
until /bin/palisade-sensor status --json --state-dir /state 2>/dev/null | /bin/busybox grep -q '"running"'; do
  n=$((n+1)); [ $n -gt 300 ] && break
  /bin/busybox sleep 0.2
done
/bin/busybox echo guest-marker-1 > /dev/null
/bin/busybox sh -c ': > /etc/guest-made'
/bin/busybox mv /etc/guest-made /etc/guest-moved
/bin/busybox rm /etc/guest-moved
/bin/busybox nc -l -p 7777 < /dev/null > /dev/null &
/bin/busybox sleep 0.5
/bin/busybox nc 127.0.0.1 7777 < /dev/null > /dev/null
/bin/busybox sleep 4
echo BEGIN STATUS
/bin/palisade-sensor status --json --state-dir /state
echo END STATUS
/bin/busybox killall palisade-sensor
/bin/busybox sleep 2
echo BEGIN SPOOL
/bin/palisade-sensor spool --json --state-dir /state
echo END SPOOL
echo BEGIN LOG
/bin/busybox tail -40 /sensor.log
echo END LOG
/bin/busybox poweroff -f
"#;

/// A boot that takes longer is a failure.
const LIMIT: Duration = Duration::from_secs(300);

#[test]
fn probes_attach_and_events_are_spooled_on_debians_6_1() {
    boot("6.1");
}

#[test]
fn probes_attach_and_events_are_spooled_on_debians_6_12() {
    boot("6.12");
}

fn boot(series: &str) {
    let Some(kernel) = kernel(series) else {
        palisade_testkit::skipped(&format!("no qemu or no Debian kernel {series}"));
        return;
    };
    let work = tempfile::tempdir().expect("a temporary folder");
    let initrd = initramfs(work.path());
    let output = run(&kernel, &initrd);
    let part = |name: &str| {
        let from = output.split(&format!("BEGIN {name}")).nth(1).unwrap_or_else(|| panic!("no {name} in:\n{output}"));
        from.split(&format!("END {name}")).next().expect("its end").trim().to_owned()
    };
    let status: serde_json::Value = serde_json::from_str(&part("STATUS")).unwrap_or_else(|e| panic!("{e}:\n{output}"));
    for component in status["components"].as_array().unwrap_or_else(|| panic!("no components:\n{output}")) {
        let name = component["name"].as_str().unwrap_or_default();
        if ["process", "network", "file"].contains(&name) {
            assert_eq!(component["state"], "ok", "{component}\n{output}");
        }
    }
    let spool = part("SPOOL");
    for must in ["guest-marker-1", "/etc/guest-made", "/etc/guest-moved", "FileDeleted", "ConnectionSuccess"] {
        assert!(spool.contains(must), "{must} is not in the spool:\n{output}");
    }
}

fn kernel(series: &str) -> Option<PathBuf> {
    if !Path::new("/usr/bin/qemu-system-x86_64").exists() || !Path::new("/bin/busybox").exists() {
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/kernels.sh");
    let out = Command::new(script).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    text.lines().find_map(|l| l.strip_prefix(&format!("{series} ")).map(PathBuf::from))
}

fn initramfs(work: &Path) -> PathBuf {
    let root = work.join("root");
    std::fs::create_dir_all(root.join("bin")).expect("made");
    std::fs::copy("/bin/busybox", root.join("bin/busybox")).expect("busybox");
    std::fs::copy(binary("palisade-sensor"), root.join("bin/palisade-sensor")).expect("sensor");
    std::os::unix::fs::symlink("busybox", root.join("bin/sh")).expect("sh");
    std::fs::write(root.join("init"), INIT).expect("init");
    let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
    std::fs::set_permissions(root.join("init"), mode).expect("mode");
    let archive = work.join("initrd");
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("cd {} && find . | cpio -o -H newc --quiet > {}", root.display(), archive.display()))
        .status()
        .expect("cpio runs");
    assert!(status.success());
    archive
}

/// Boots and returns what the serial console showed.
fn run(kernel: &Path, initrd: &Path) -> String {
    let mut guest = Command::new("qemu-system-x86_64")
        .args(["-accel", "tcg,thread=multi", "-cpu", "max", "-m", "1G", "-smp", "2", "-nographic", "-no-reboot"])
        .args(["-nic", "none", "-append", "console=ttyS0 quiet panic=1"])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initrd)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("qemu runs");
    let mut pipe = guest.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).replace('\r', "")
    });
    let until = Instant::now() + LIMIT;
    while guest.try_wait().expect("waited").is_none() {
        if Instant::now() > until {
            let _ = guest.kill();
            let _ = guest.wait();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    reader.join().expect("read")
}
