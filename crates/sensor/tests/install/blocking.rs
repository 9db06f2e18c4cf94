//! Blocking vulnerable applications for real: a server's order, a small Debian of the test's own, the running
//! sensor, and the kernel that is asked before a program begins.

mod machine;

use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palisade_wire::msg::application_blocked::Action;
use serde_json::json;

use crate::world::{PROGRAM, eventually};
use machine::{Machine, Ran, run};

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_program_is_denied_told_and_released_once_it_is_fixed() {
    let Some(machine) = Machine::new(&[]).await else { return };
    machine.package("pal-tool", "pal", "1.0-1");
    machine.package("pal-other", "other", "1.0-1");
    assert_eq!(run(&machine.program("pal-tool")), Ran::Ran);
    let receipt = machine.order(&[machine.rule("r1", "pal", "1.1-1", "block")]).await;
    assert!(receipt.ok, "{receipt:?}");
    let proof: serde_json::Value = serde_json::from_str(&receipt.proof).expect("JSON");
    assert_eq!((proof["rung"].as_str(), proof["marked"].as_u64()), (Some("fanotify"), Some(1)), "{proof}");
    assert_eq!(proof["rules"][0]["packages"], json!(["pal-tool 1.0-1"]), "{proof}");
    assert_eq!(run(&machine.program("pal-tool")), Ran::Denied);
    assert_eq!(run(&machine.program("pal-other")), Ran::Ran, "another package is not concerned");
    // What only reads the program is not held up.
    assert!(std::fs::read(machine.program("pal-tool")).is_ok());
    eventually("the denial is told", || {
        machine.told().iter().any(|a| {
            a.action() == Action::Blocked
                && a.package == "pal-tool"
                && a.version == "1.0-1"
                && a.rule == "r1"
                && a.rung == "fanotify"
        })
    })
    .await;
    eventually("the one who tried is named", || machine.actors().iter().any(|path| !path.is_empty())).await;
    let component = || machine.component("application_control");
    eventually("its health is told", || {
        component().is_some_and(|c| (c.state.as_str(), c.rung, c.mechanism.as_str()) == ("ok", 2, "fanotify"))
    })
    .await;
    // The fixed version is installed: its program is another file, and the database says so.
    machine.package("pal-tool", "pal", "1.1-1");
    assert_eq!(run(&machine.program("pal-tool")), Ran::Ran);
    eventually("nothing is marked any more", || machine.responder().is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_in_the_database_alone_releases_and_a_warning_denies_nothing() {
    let Some(machine) = Machine::new(&[]).await else { return };
    machine.package("pal-tool", "pal", "1.0-1");
    assert!(machine.order(&[machine.rule("w", "pal", "1.1-1", "warn")]).await.ok);
    assert_eq!(run(&machine.program("pal-tool")), Ran::Ran);
    eventually("the run is told", || {
        machine.told().iter().any(|a| a.action() == Action::Warned && a.rule == "w" && a.pid != 0)
    })
    .await;
    assert!(machine.order(&[machine.rule("b", "pal", "1.1-1", "block")]).await.ok);
    assert_eq!(run(&machine.program("pal-tool")), Ran::Denied);
    // Only the database changes: the file is the same.
    machine.write_status(&[("pal-tool", "pal", "1.1-1")]);
    eventually("it is released", || run(&machine.program("pal-tool")) == Ran::Ran).await;
    // An empty list releases as well.
    machine.write_status(&[("pal-tool", "pal", "1.0-1")]);
    eventually("it is blocked again", || run(&machine.program("pal-tool")) == Ran::Denied).await;
    assert!(machine.order(&[]).await.ok);
    assert_eq!(run(&machine.program("pal-tool")), Ran::Ran);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_package_manager_runs_is_told_and_not_denied() {
    let Some(machine) = Machine::new(&[]).await else { return };
    machine.package("pal-tool", "pal", "1.0-1");
    assert!(machine.order(&[machine.rule("r", "pal", "", "block")]).await.ok);
    let script = format!("{} 0; exit $?", machine.program("pal-tool").display());
    let by = |name: &str| {
        let shell = machine.state(name);
        std::fs::copy("/bin/sh", &shell).expect("copied");
        Command::new(shell).args(["-c", &script]).stderr(Stdio::null()).status().expect("runs").code()
    };
    assert_eq!(by("plain"), Some(126), "denied");
    assert_eq!(by("dpkg"), Some(0), "mending is not");
    eventually("it is told", || machine.told().iter().any(|a| a.action() == Action::Audited)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_is_killed_or_stopped_holds_nobody_up() {
    let Some(machine) = Machine::new(&[]).await else { return };
    machine.package("pal-tool", "pal", "1.0-1");
    assert!(machine.order(&[machine.rule("r", "pal", "", "block")]).await.ok);
    let tool = machine.program("pal-tool");
    assert_eq!(run(&tool), Ran::Denied);
    let first = machine.responder().expect("runs");
    kill(first, Signal::SIGKILL).expect("killed");
    eventually("its end releases", || run(&tool) == Ran::Ran).await;
    eventually("another one takes its place", || machine.responder().is_some_and(|p| p != first)).await;
    eventually("and denies again", || run(&tool) == Ran::Denied).await;
    // A stopped one leaves whoever executes the program waiting, until the watchdog ends it.
    let second = machine.responder().expect("runs");
    kill(second, Signal::SIGSTOP).expect("stopped");
    let waiting = {
        let tool = tool.clone();
        tokio::task::spawn_blocking(move || run(&tool))
    };
    let waited =
        tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("goes on").expect("ends");
    assert_eq!(waited, Ran::Ran, "what waited was let go");
    assert_ne!(machine.responder(), Some(second));
    eventually("the sensor counts it", || machine.counter("application_responder_silent") == 1).await;
    // The sensor itself is killed: nothing of it is left, and nothing is denied.
    eventually("a third one denies again", || run(&tool) == Ran::Denied).await;
    let third = machine.responder().expect("runs");
    machine.kill_sensor();
    eventually("the program runs without a sensor", || run(&tool) == Ran::Ran).await;
    eventually("no responder is left", || kill(third, None).is_err()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_the_machine_is_refused_and_said() {
    let Some(machine) = Machine::new(&[]).await else { return };
    machine.package("bash", "bash", "5.1-1");
    machine.package("pal-tool", "pal", "1.0-1");
    machine.list("pal-tool", &["/usr/bin/pal-tool", "/usr/bin/sudo"]);
    machine.copy("usr/bin/sudo");
    let rules = [machine.rule("shell", "bash", "", "block"), machine.rule("tool", "pal", "", "block")];
    let receipt = machine.order(&rules).await;
    let proof: serde_json::Value = serde_json::from_str(&receipt.proof).expect("JSON");
    assert!(receipt.ok, "{receipt:?}");
    let refused = |i: usize| proof["rules"][i]["refused"][0].clone();
    assert_eq!(refused(0)["code"], "block_refused_never_touch", "{proof}");
    assert_eq!(refused(0)["reason"], "shells");
    assert_eq!(
        (refused(1)["path"].as_str(), proof["rules"][1]["files"].as_u64()),
        (Some("/usr/bin/sudo"), Some(1))
    );
    assert_eq!(run(&machine.program("bash")), Ran::Ran);
    assert_eq!(run(&machine.program("sudo")), Ran::Ran);
    assert_eq!(run(&machine.program("pal-tool")), Ran::Denied);
    // A list that makes no sense leaves the one before in force.
    let bad = machine.order_raw("{\"revision\":9,\"rules\":[{}]}").await;
    assert_eq!((bad.ok, bad.code.as_str()), (false, "block_malformed"));
    assert_eq!(run(&machine.program("pal-tool")), Ran::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn disarming_releases_at_once_and_lasts_over_a_restart() {
    let Some(mut machine) = Machine::new(&[]).await else { return };
    machine.package("pal-tool", "pal", "1.0-1");
    assert!(machine.order(&[machine.rule("r", "pal", "", "block")]).await.ok);
    let tool = machine.program("pal-tool");
    assert_eq!(run(&tool), Ran::Denied);
    machine.verb(&["disarm", "--reason", "a test"]).await;
    assert_eq!(run(&tool), Ran::Ran, "when the command returns everything is released");
    eventually("it is told", || machine.component("disarmed").is_some_and(|c| c.detail.contains("a test")))
        .await;
    machine.restart().await;
    let proof = machine.order(&[machine.rule("r", "pal", "", "block")]).await.proof;
    assert!(proof.contains("\"disarmed\":true"), "{proof}");
    assert_eq!(run(&tool), Ran::Ran);
    machine.verb(&["arm"]).await;
    eventually("it denies again", || run(&tool) == Ran::Denied).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_two_unclean_boots_it_only_looks() {
    let Some(machine) = Machine::new(&[]).await else { return };
    machine.package("pal-tool", "pal", "1.0-1");
    assert!(machine.order(&[machine.rule("r", "pal", "", "block")]).await.ok);
    let tool = machine.program("pal-tool");
    assert_eq!(run(&tool), Ran::Denied);
    machine.kill_sensor();
    // As it is after a boot without a clean end that came after another one.
    let mark = json!({"boot_id": "another", "clean": false, "unclean": 1}).to_string();
    std::fs::write(machine.state("boot.json"), mark).expect("written");
    machine.start().await;
    eventually("it says so", || machine.component("safe_mode").is_some()).await;
    eventually("it reports", || {
        let ran = run(&tool);
        assert_eq!(ran, Ran::Ran);
        machine.told().iter().any(|a| a.action() == Action::Audited && a.rung == "detect")
    })
    .await;
    machine.verb(&["arm"]).await;
    eventually("a person ends it", || run(&tool) == Ran::Denied).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permission_events_what_runs_is_killed() {
    let Some(machine) = Machine::new(&["--force-rung", "2"]).await else { return };
    machine.package("pal-tool", "pal", "1.0-1");
    let proof = machine.order(&[machine.rule("r", "pal", "", "block")]).await.proof;
    assert!(proof.contains("\"rung\":\"kill\""), "{proof}");
    let mut child = Command::new(machine.program("pal-tool")).arg("600").spawn().expect("starts");
    eventually("it is killed", || {
        use std::os::unix::process::ExitStatusExt;
        child.try_wait().expect("looks").is_some_and(|s| s.signal() == Some(9))
    })
    .await;
    eventually("it is told", || machine.told().iter().any(|a| a.action() == Action::Killed)).await;
}

/// A cgroup of the test's own in the unified hierarchy; it goes with this value.
struct Scope(std::path::PathBuf);

impl Scope {
    fn new() -> Option<Self> {
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
        let at = mounts.lines().find(|l| l.contains(" - cgroup2 "))?.split(' ').nth(4)?.to_owned();
        let path = std::path::Path::new(&at).join(palisade_testkit::unique());
        std::fs::create_dir(&path).ok()?;
        Some(Self(path))
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scoped_sensor_denies_within_its_scope_only() {
    let Some(scope) = Scope::new() else {
        palisade_testkit::skipped("needs a unified cgroup hierarchy");
        return;
    };
    let text: &'static str = Box::leak(scope.0.to_string_lossy().into_owned().into_boxed_str());
    let Some(machine) = Machine::new(&["--scope", text]).await else { return };
    machine.package("pal-tool", "pal", "1.0-1");
    let proof = machine.order(&[machine.rule("r", "pal", "", "block")]).await.proof;
    assert!(proof.contains("\"rung\":\"fanotify\""), "{proof}");
    let tool = machine.program("pal-tool");
    assert_eq!(run(&tool), Ran::Ran, "outside");
    let script = format!("echo $$ > {text}/cgroup.procs && {} 0; exit $?", tool.display());
    let within = Command::new("/bin/sh").args(["-c", &script]).stderr(Stdio::null()).status().expect("runs");
    assert_eq!(within.code(), Some(126), "within");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_executions_is_answered_to_its_end() {
    let Some(machine) = Machine::new(&[]).await else { return };
    machine.package("pal-tool", "pal", "1.0-1");
    machine.package("pal-warned", "warned", "1.0-1");
    let rules = [machine.rule("b", "pal", "", "block"), machine.rule("w", "warned", "", "warn")];
    assert!(machine.order(&rules).await.ok);
    let mut storms = Vec::new();
    for i in 0..8 {
        let tool = machine.program(if i % 2 == 0 { "pal-tool" } else { "pal-warned" });
        let expected = if i % 2 == 0 { Ran::Denied } else { Ran::Ran };
        storms.push(tokio::task::spawn_blocking(move || {
            for _ in 0..250 {
                assert_eq!(run(&tool), expected);
            }
        }));
    }
    // Rules come and go meanwhile, and files are marked anew.
    for _ in 0..3 {
        assert!(machine.order(&rules).await.ok);
    }
    for storm in storms {
        tokio::time::timeout(Duration::from_secs(240), storm)
            .await
            .expect("nobody hangs")
            .expect("as expected");
    }
    eventually("all denials are counted", || {
        machine.counter("application_blocked") + machine.counter("application_events_lost") >= 1000
    })
    .await;
    assert_eq!(machine.counter("application_responder_silent"), 0);
}

#[test]
fn the_responder_ends_with_its_input() {
    if !palisade_testkit::kernel_available() {
        return;
    }
    let mut child = Command::new(PROGRAM)
        .args(["application-responder", "--reach", "enforce"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    drop(child.stdin.take());
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                assert_eq!(status.code(), Some(0));
                break;
            }
            Ok(None) => {
                assert!(Instant::now() < until, "it ends");
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => panic!("{e}"),
        }
    }
    assert!(kill(Pid::from_raw(i32::try_from(child.id()).expect("a pid")), None).is_err());
}
