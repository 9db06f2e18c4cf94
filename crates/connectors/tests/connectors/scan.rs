//! Scans of machines without a sensor, over a real OpenSSH server: what comes back, and that nothing stays.

use std::path::{Path, PathBuf};
use std::time::Duration;

use palisade_connectors::{Artefact, Connector, MAX_INVENTORY, ScanFailed, ScanWork, Scanned, Ssh};
use palisade_testkit::{HostUser, Sshd, eventually, scratch};
use serde_json::Value;

use crate::ssh::{World, host_key};
use crate::support::{left_behind, program, sensor};

/// Long enough for everything that is not meant to take too long.
const LIMIT: Duration = Duration::from_secs(120);

async fn scan_by(ssh: &Ssh, world: &World, user: &str, sensor: &Path) -> Result<Scanned, ScanFailed> {
    let sensor = Artefact::of(sensor).await.expect("a file");
    ssh.scan(&world.place(user), &ScanWork { sensor, limit: LIMIT }).await
}

async fn scan_with(world: &World, user: &str, script: &str) -> Result<Scanned, ScanFailed> {
    let folder = scratch();
    scan_by(&world.connector().await, world, user, &program(&folder, script)).await
}

#[track_caller]
fn code(result: Result<Scanned, ScanFailed>) -> &'static str {
    result.expect_err("it should fail").code
}

#[tokio::test]
async fn the_real_sensor_reads_the_machine_and_leaves_nothing() {
    let (Some(world), Some(sensor)) = (World::new(), sensor()) else { return };
    let ssh = world.connector().await;
    let found = scan_by(&ssh, &world, "root", &sensor).await.expect("an inventory");
    assert!(found.root && found.sudo_refused.is_empty() && found.user == "root", "{}", found.user);
    let inventory: Value = serde_json::from_slice(&found.inventory).expect("JSON");
    assert_eq!(inventory["format"], "palisade-inventory/1");
    assert!(inventory["packages"].as_array().is_some_and(|p| !p.is_empty()));
    assert_eq!(inventory["live"], true);
    assert_eq!(found.os.architecture, "x86_64");
    assert_eq!(left_behind(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn the_executable_runs_from_a_folder_of_its_own_that_goes() {
    let Some(world) = World::new() else { return };
    // It says where it is, as whom, with what, and what it may read of its own folder.
    let script = "#!/bin/sh\nprintf '{\"at\":\"%s\",\"uid\":\"%s\",\"with\":\"%s\",\"mode\":\"%s\"}\\n' \
                  \"$0\" \"$(id -u)\" \"$*\" \"$(stat -c %a \"${0%/*}\")\"\n";
    let found = scan_with(&world, "root", script).await.expect("an answer");
    let said: Value = serde_json::from_slice(&found.inventory).expect("JSON");
    assert_eq!(
        (&said["uid"], &said["with"], &said["mode"]),
        (&"0".into(), &"inventory --json".into(), &"700".into())
    );
    let at = said["at"].as_str().expect("a path");
    assert!(at.starts_with("/dev/shm/.palisade-") && !Path::new(at).exists(), "{at}");
    assert_eq!(left_behind(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn no_secret_of_ours_reaches_the_machine() {
    let Some(world) = World::new() else { return };
    let script =
        "#!/bin/sh\nprintf '{\"env\":\"%s\"}\\n' \"$(tr '\\0' ' ' </proc/$$/environ | tr -d '\"\\\\')\"\n";
    let found = scan_with(&world, "root", script).await.expect("an answer");
    let said = String::from_utf8_lossy(&found.inventory).into_owned();
    for secret in ["PRIVATE", "SSH_AUTH_SOCK", "token", "https://"] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
}

#[tokio::test]
async fn without_sudo_the_user_reads_what_it_can() {
    let Some(world) = World::new() else { return };
    if !Path::new("/usr/bin/sudo").exists() {
        palisade_testkit::skipped("needs sudo");
        return;
    }
    let script = "#!/bin/sh\nprintf '{\"uid\":\"%s\"}\\n' \"$(id -u)\"\nexit 2\n";
    let (may, may_not) = (HostUser::add(true), HostUser::add(false));
    let root = scan_with(&world, may.name(), script).await.expect("an answer");
    assert!(root.root && !root.whole && String::from_utf8_lossy(&root.inventory).contains("\"0\""));
    let user = scan_with(&world, may_not.name(), script).await.expect("an answer");
    assert!(!user.root && user.user == may_not.name() && !user.sudo_refused.is_empty(), "{user:?}");
    assert!(!String::from_utf8_lossy(&user.inventory).contains("\"0\""));
    assert_eq!(left_behind(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn what_ends_badly_has_its_code_and_leaves_nothing() {
    let Some(world) = World::new() else { return };
    for (script, expected) in [
        ("#!/bin/sh\necho it broke >&2\nexit 1\n", "scan_failed"),
        ("#!/bin/sh\nkill -9 $$\n", "scan_failed"),
        ("#!/nonexistent/interpreter\n", "scan_refused"),
        ("no program at all \u{1}", "scan_refused"),
    ] {
        let failed = scan_with(&world, "root", script).await.expect_err("it should fail");
        assert_eq!(failed.code, expected, "{script}: {failed}");
        assert!(failed.message.len() < 500, "{failed}");
    }
    let failed =
        scan_with(&world, "root", "#!/bin/sh\necho it broke >&2\nexit 1\n").await.expect_err("it fails");
    assert!(failed.message.contains("it broke"), "{failed}");
    assert_eq!(left_behind(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn what_hangs_is_ended_on_both_sides() {
    let Some(world) = World::new() else { return };
    let folder = scratch();
    let mark = folder.path().join("pid");
    let script = format!("#!/bin/sh\nsleep 1000 &\necho $! >{}\nwait\n", mark.display());
    let sensor = Artefact::of(&program(&folder, &script)).await.expect("a file");
    let ssh = world.connector().await;
    let work = ScanWork { sensor, limit: Duration::from_secs(5) };
    assert_eq!(code(ssh.scan(&world.place("root"), &work).await), "scan_timed_out");
    let pid: u32 = std::fs::read_to_string(&mark).expect("it was started").trim().parse().expect("a number");
    eventually("the end of what was started there", async || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")) && left_behind().is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_flood_is_cut_at_the_bound() {
    let Some(world) = World::new() else { return };
    let failed = scan_with(&world, "root", "#!/bin/sh\nexec yes\n").await;
    assert_eq!(code(failed), "scan_answer_too_large");
    let one_line = format!("#!/bin/sh\nhead -c {} /dev/zero | tr '\\0' a\n", MAX_INVENTORY * 2);
    assert_eq!(code(scan_with(&world, "root", &one_line).await), "scan_answer_too_large");
    eventually("nothing of ours there", async || left_behind().is_empty()).await;
}

#[tokio::test]
async fn a_server_that_is_none_of_ours_is_told() {
    for (command, expected) in [
        ("yes", "scan_answer_too_large"),
        ("echo no shell here >&2; exit 1", "connector_answer_invalid"),
        ("echo begin=guessed; echo end=guessed", "connector_answer_invalid"),
    ] {
        let Some(sshd) = Sshd::with(&format!("ForceCommand {command}")) else { return };
        let world = World { sshd, runtime: scratch() };
        assert_eq!(code(scan_with(&world, "root", "#!/bin/sh\n").await), expected, "{command}");
    }
}

#[tokio::test]
async fn a_machine_that_lies_about_what_it_is_gets_a_code() {
    // It answers with our own word, which it was sent, and whatever it likes after it.
    for (rest, expected) in [
        ("echo why=whatever", "scan_answer_invalid"),
        ("echo why=architecture; echo architecture:YWFyY2g2NA==", "scan_architecture"),
        ("echo exit=0; yes want=1 | head -n 150", ""),
        (
            "i=0; while [ $i -lt 300 ]; do echo data=$n; echo read=$n; i=$((i+1)); done; echo exit=0",
            "connector_unreachable",
        ),
    ] {
        let word = "while read -r n; do case $n in *[!0-9a-f]*) ;; ????????????????????????????????) break ;; esac; done";
        let script = format!("{word}\necho begin=$n\n{rest}\necho end=$n\n");
        let folder = scratch();
        let file = folder.path().join("liar");
        std::fs::write(&file, script).expect("written");
        let Some(sshd) = Sshd::with(&format!("ForceCommand sh {}", file.display())) else { return };
        let world = World { sshd, runtime: scratch() };
        let result = scan_with(&world, "root", "#!/bin/sh\n").await;
        let got = result.as_ref().map_or_else(|e| e.code, |_| "");
        assert_eq!(got, expected, "{rest}: {result:?}");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_host_that_nobody_confirmed() {
    let Some(world) = World::new() else { return };
    let folder = scratch();
    let ssh = world.connector_by(&world.sshd.client_key(), Vec::new()).await;
    let failed = scan_by(&ssh, &world, "root", &program(&folder, "#!/bin/sh\n")).await;
    assert_eq!(code(failed), "host_key_unknown");
    let other = host_key(&Sshd::start().expect("another server"));
    let wrong = palisade_connectors::HostKey { host: host_key(&world.sshd).host, ..other };
    let ssh = world.connector_by(&world.sshd.client_key(), vec![wrong]).await;
    let failed = scan_by(&ssh, &world, "root", &program(&folder, "#!/bin/sh\n")).await;
    assert_eq!(code(failed), "host_key_mismatch");
    assert!(!world.sshd.log().contains("Accepted"), "{}", world.sshd.log());
}

#[tokio::test]
async fn what_an_earlier_scan_could_not_remove_goes_and_what_is_not_ours_stays() {
    let Some(world) = World::new() else { return };
    let name = palisade_testkit::unique();
    let made = |name: String, hours: u64| {
        let path = Path::new("/var/tmp").join(name);
        std::fs::create_dir(&path).expect("a folder");
        let then = std::time::SystemTime::now() - Duration::from_secs(hours * 3600);
        let file = std::fs::File::open(&path).expect("ours");
        file.set_modified(then).expect("ours");
        path
    };
    let old = made(format!(".palisade-{name}"), 3);
    let young = made(format!(".palisade-{name}-young"), 1);
    let other = made(format!("palisade-{name}"), 3);
    scan_with(&world, "root", "#!/bin/sh\necho '{}'\n").await.expect("an answer");
    let there = [&old, &young, &other].map(|p| p.exists());
    for path in [&old, &young, &other] {
        let _ = std::fs::remove_dir(path);
    }
    assert_eq!(there, [false, true, true]);
}
