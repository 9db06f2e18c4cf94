//! One boot each of Debian's 6.1 and 6.12 kernels in an emulated machine: the sensor that is
//! shipped attaches on both rungs of every ladder, what happens is in the guest's spool, and
//! `detach` leaves nothing. The guest is not enrolled and has no network.

mod boot;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use palisade_testkit::{scratch, skipped};
use serde_json::Value;
use sha2::{Digest, Sha256};

use boot::{BUSYBOX, Guest, Kernel};

/// A component with its rung and mechanism.
type Attached = (&'static str, u64, &'static str);

/// What each run, named by its label, has to attach.
const RUNS: [(&str, [Attached; 3]); 2] = [
    ("rung1", [("process", 1, "tp_btf"), ("network", 1, "tp_btf"), ("file", 1, "tracepoint")]),
    (
        "rung2",
        [("process", 2, "raw_tracepoint"), ("network", 2, "tracepoint"), ("file", 2, "raw_tracepoint")],
    ),
];

#[test]
fn the_sensor_works_on_debians_kernels() {
    if let Some(why) = boot::lacks() {
        return missing(&why);
    }
    let kernels = match boot::kernels() {
        Ok(kernels) => kernels,
        Err(e) => return missing(&format!("needs Debian's kernels: {e:#}")),
    };
    assert_eq!(kernels.iter().map(|k| k.series.as_str()).collect::<Vec<_>>(), ["6.1", "6.12"]);
    let dir = scratch();
    let initramfs = boot::initramfs(dir.path()).expect("packed");
    // Both at once: a boot keeps little more than one core busy.
    let failures: Vec<String> = std::thread::scope(|scope| {
        let (dir, initramfs) = (dir.path(), initramfs.as_path());
        let boots: Vec<_> = kernels.iter().map(|k| scope.spawn(move || passes(k, initramfs, dir))).collect();
        boots.into_iter().filter_map(|b| b.join().expect("joined").err()).map(|e| format!("{e:#}")).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// A skipped test where a person works, a failure where changes are judged.
pub(crate) fn missing(why: &str) {
    assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "{why}");
    skipped(why);
}

fn passes(kernel: &Kernel, initramfs: &Path, dir: &Path) -> Result<()> {
    let guest = kernel.boot(initramfs, dir).with_context(|| format!("kernel {}", kernel.series))?;
    let log = |run: &str| guest.sent.get(&format!("{run} log")).cloned().unwrap_or_default();
    let judged = tap(&guest.console)
        .and_then(|()| RUNS.iter().try_for_each(|(run, ladders)| judge(&guest, kernel, run, ladders)));
    judged.with_context(|| {
        format!("kernel {}\n{}\n{}\n{}", kernel.series, guest.console, log("rung1"), log("rung2"))
    })
}

/// Every planned test was run and is ok.
fn tap(console: &str) -> Result<()> {
    let lines = || console.lines().map(str::trim);
    let plan = lines().find_map(|l| l.strip_prefix("1..")?.parse::<usize>().ok());
    let ran = lines().filter(|l| l.starts_with("ok ") || l.starts_with("not ok ")).count();
    let failed: Vec<&str> = lines().filter(|l| l.starts_with("not ok ")).collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    ensure!(plan == Some(ran) && ran > 40, "{ran} tests ran of {plan:?}");
    Ok(())
}

/// Looks at what the guest's sensor showed.
fn judge(guest: &Guest, kernel: &Kernel, run: &str, ladders: &[Attached]) -> Result<()> {
    let text = |label: &str| guest.sent.get(&format!("{run} {label}")).context(label.to_owned());
    let (before, after) =
        (serde_json::from_str::<Value>(text("before")?)?, serde_json::from_str::<Value>(text("after")?)?);
    for status in [&before, &after] {
        for (name, rung, mechanism) in ladders {
            let c = component(status, name)?;
            ensure!(c["state"] == "ok" && c["rung"] == *rung && c["mechanism"] == *mechanism, "{run}: {c}");
        }
        ensure!(component(status, "spool")?["state"] == "ok", "{run}: {status}");
        ensure!(component(status, "connection")?["state"] == "degraded", "{run}: {status}");
        ensure!(status["connection"]["error_code"] == "not_enrolled", "{run}: {status}");
    }
    ensure!(component(&after, "process")?["detail"] == "reused", "{run}: {after}");
    counters(run, &before["counters"], &after["counters"])?;

    let facts = text("facts")?.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let facts = Facts { run, facts };
    facts.hold(kernel)
}

fn component<'a>(status: &'a Value, name: &str) -> Result<&'a Value> {
    let all = status["components"].as_array().context("components")?;
    all.iter().find(|c| c["name"] == name).with_context(|| format!("no component {name}"))
}

fn counters(run: &str, before: &Value, after: &Value) -> Result<()> {
    let count = |of: &Value, kind: &str| of[kind].as_u64().unwrap_or(0);
    for kind in ["exec", "fork", "exit", "connect_ok", "connect_fail", "file_create", "file_rename"] {
        let name = format!("kernel_attempt_{kind}");
        ensure!(count(after, &name) > count(before, &name), "{run}: {name} did not rise: {after}");
    }
    let all = after.as_object().context("counters")?;
    let lost = all.iter().filter(|(k, v)| {
        let bad = k.starts_with("kernel_lost_") || k.starts_with("spool_dropped") || k.ends_with("_failures");
        (bad || ["kernel_gap", "parse_failure", "capture_panics"].contains(&k.as_str())) && **v != 0
    });
    let lost: Vec<_> = lost.collect();
    ensure!(lost.is_empty(), "{run}: {lost:?}");
    // The second start took over what the first had left.
    ensure!(count(after, "sensor_starts") == 2, "{run}: {after}");
    Ok(())
}

/// What the spool held.
struct Facts<'a> {
    run: &'a str,
    facts: Vec<Value>,
}

impl Facts<'_> {
    /// The only fact of a kind whose text at `at` is `wanted`.
    fn one(&self, kind: &str, at: &str, wanted: &str) -> Result<&Value> {
        let found: Vec<_> = self
            .facts
            .iter()
            .filter(|f| f["kind"] == kind && f.pointer(at).is_some_and(|v| text(v) == wanted))
            .collect();
        ensure!(found.len() == 1, "{}: {} of {kind} {wanted:?}: {found:?}", self.run, found.len());
        Ok(found[0])
    }

    fn hold(&self, kernel: &Kernel) -> Result<()> {
        let run = self.run;
        let digest = hex::encode(Sha256::digest(std::fs::read(BUSYBOX)?));
        for (who, uid) in [("alice", 1000), ("bob", 1001)] {
            let created =
                self.one("process_created", "/created/command_line", &format!("/bin/echo {run}-{who}"))?;
            let c = &created["created"];
            ensure!(c["user"] == who && c["uid"] == uid && c["gid"] == uid, "{created}");
            ensure!(c["sha256"] == digest && c["path"] == "/bin/busybox", "{created}");
            ensure!(who == "alice" || c["working_directory"] == "/tmp", "{created}");
            ensure!(created["process"]["unique_id"].as_u64().is_some_and(|id| id != 0), "{created}");
        }
        self.one("process_created", "/created/command_line", &format!("/bin/echo {run}-meanwhile"))?;
        let ended = self.one(
            "process_terminated",
            "/terminated/command_line",
            &format!("/bin/sh -c \": {run}-ends; exit 7\""),
        )?;
        ensure!(ended["exit_code"] == 7 && ended["terminated"]["user"] == "bob", "{ended}");

        let (a, b) = (format!("/tmp/{run}-a"), format!("/tmp/{run}-b"));
        for (kind, path) in
            [("file_created", &a), ("file_modified", &a), ("file_renamed", &b), ("file_deleted", &b)]
        {
            let file = self.one(kind, "/file/path", path)?;
            ensure!(file["process"]["user"] == "alice", "{file}");
            ensure!(kind != "file_renamed" || file["file"]["previous_path"] == a.as_str(), "{file}");
        }
        for (kind, port) in [("connection_success", "7001"), ("connection_failed", "7002")] {
            let connection = self.one(kind, "/connection/remote_port", port)?;
            ensure!(connection["connection"]["remote_ip"] == "127.0.0.1", "{connection}");
            ensure!(connection["process"]["user"] == "alice", "{connection}");
        }
        let device = self.facts.iter().find(|f| f["kind"] == "device_info").context("device_info")?;
        let release = device["device"]["kernel"].as_str().unwrap_or_default();
        ensure!(release.contains(&format!("{}.", kernel.series)), "{device}");
        Ok(())
    }
}

fn text(v: &Value) -> String {
    v.as_str().map_or_else(|| v.to_string(), str::to_owned)
}
