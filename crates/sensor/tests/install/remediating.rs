//! Remediation for real: the built program changes packages in a small Debian of the test's own.

mod ordered;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use palisade_testkit::{Deb, DebianRoot};
use serde_json::{Value, json};

use crate::world::PROGRAM;

/// Packages of two of the names have a dependency; all are of one source.
const OLD: &str = "1.0-1";
const NEW: &str = "1.1-1";

fn request(phase: &str) -> Value {
    json!({
        "remediation": "5f0c8a54-4a1e-4d3e-9c52-0d6a0a8f3e11", "phase": phase,
        "software": {"ecosystem": "debian:12", "source": "pal", "fixed": NEW},
        "packages": [], "named": [], "rollback_to": [], "timeout_seconds": 120,
    })
}

fn command(root: &DebianRoot, more: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["remediate", "--root"]).arg(root.path()).args(more);
    command.arg("--state-dir").arg(root.at("/var/lib/palisade-sensor"));
    command.env("PALISADE_SENSOR_LOG", "warn").stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// What the program answers to a request.
fn remediate(root: &DebianRoot, request: &Value) -> Value {
    let mut child = command(root, &[]).spawn().expect("starts");
    child.stdin.take().expect("piped").write_all(request.to_string().as_bytes()).expect("written");
    let out = child.wait_with_output().expect("ends");
    serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stdout)))
}

/// A root with two packages of one source at the old version, and the new one known to apt.
fn outdated() -> Option<DebianRoot> {
    let root = DebianRoot::new()?;
    root.install(&Deb::new("pal-bin", "pal", OLD));
    root.install(&Deb::new("libpal1", "pal", OLD));
    root.offer(&Deb::new("pal-bin", "pal", NEW));
    root.offer(&Deb::new("libpal1", "pal", NEW));
    root.update();
    Some(root)
}

fn installed(version: &str) -> String {
    format!("install ok installed {version}")
}

fn words(list: &Value) -> Vec<String> {
    let text = |v: &Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<String> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|c| match c.get("to") {
            Some(_) => format!("{} {} > {}", text(c, "name"), text(c, "from"), text(c, "to")),
            None => format!("{} {}", text(c, "name"), text(c, "version")),
        })
        .collect();
    all.sort();
    all
}

/// Waits for a condition; the only limit is one that a broken program would pass.
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(90);
    while !condition() {
        assert!(Instant::now() < end, "not within 90 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let Some(root) = outdated() else { return };
    let status = || fs::read(root.at("/var/lib/dpkg/status")).expect("there");
    let before = status();
    let said = remediate(&root, &request("dry_run"));
    assert_eq!((said["ok"].as_bool(), said["code"].as_str()), (Some(true), Some("")), "{said}");
    let proof = &said["proof"];
    assert_eq!(words(&proof["would_change"]), ["libpal1 1.0-1 > 1.1-1", "pal-bin 1.0-1 > 1.1-1"]);
    assert_eq!(words(&proof["before"]), ["libpal1 1.0-1", "pal-bin 1.0-1"]);
    assert_eq!((proof["after"].clone(), words(&proof["changed"])), (proof["before"].clone(), vec![]));
    assert_eq!(
        (proof["manager"].as_str(), proof["rollback"]["possible"].as_bool()),
        (Some("dpkg"), Some(true))
    );
    let commands = proof["commands"].to_string();
    assert!(commands.contains("--simulate") && !commands.contains("--yes"), "{commands}");
    assert_eq!(status(), before);
    assert!(!root.at("/usr/sbin/policy-rc.d").exists());
    assert_eq!(fs::read_to_string(root.at("/usr/share/libpal1/version")).expect("there"), "1.0-1\n");
}

#[test]
fn an_upgrade_is_applied_proved_and_can_be_taken_back() {
    let Some(root) = outdated() else { return };
    let said = remediate(&root, &request("apply"));
    let proof = &said["proof"];
    assert_eq!((said["ok"].as_bool(), proof["exit_code"].as_i64()), (Some(true), Some(0)), "{said}");
    assert_eq!(words(&proof["changed"]), ["libpal1 1.0-1 > 1.1-1", "pal-bin 1.0-1 > 1.1-1"]);
    assert_eq!(words(&proof["after"]), ["libpal1 1.1-1", "pal-bin 1.1-1"]);
    assert_eq!((root.status("pal-bin"), root.status("libpal1")), (installed(NEW), installed(NEW)));
    assert_eq!(proof["rollback"], json!({"possible": true, "reason": ""}));
    assert_eq!(proof["restart"], json!({"services": [], "reboot": false}));
    assert_eq!(proof["service_policy"], "sensor");
    assert!(proof["output"].as_str().is_some_and(|o| o.contains("Setting up pal-bin (1.1-1)")), "{said}");
    assert!(!root.at("/usr/sbin/policy-rc.d").exists());
    // A second time there is nothing to do, which is as good.
    let again = remediate(&root, &request("apply"));
    let code = again["code"].as_str();
    assert_eq!((again["ok"].as_bool(), code), (Some(true), Some("remediation_nothing_to_do")), "{again}");
    // The earlier versions were kept, so no mirror has to have them.
    root.withdraw("pal-bin", OLD);
    root.withdraw("libpal1", OLD);
    root.update();
    let mut back = request("rollback");
    back["rollback_to"] = proof["before"].clone();
    let said = remediate(&root, &back);
    assert_eq!((said["ok"].as_bool(), said["code"].as_str()), (Some(true), Some("")), "{said}");
    assert_eq!(words(&said["proof"]["changed"]), ["libpal1 1.1-1 > 1.0-1", "pal-bin 1.1-1 > 1.0-1"]);
    assert_eq!((root.status("pal-bin"), root.status("libpal1")), (installed(OLD), installed(OLD)));
}

#[test]
fn a_script_that_fails_is_a_failure_and_the_way_back_works() {
    let Some(root) = outdated() else { return };
    root.offer(&Deb::new("pal-bin", "pal", "1.2-1").configured_by("echo on purpose >&2; exit 3"));
    root.offer(&Deb::new("libpal1", "pal", "1.2-1"));
    root.update();
    let said = remediate(&root, &request("apply"));
    assert_eq!(
        (said["ok"].as_bool(), said["code"].as_str()),
        (Some(false), Some("remediation_failed")),
        "{said}"
    );
    let proof = &said["proof"];
    assert_eq!(
        (proof["exit_code"].as_i64(), proof["rollback"]["possible"].as_bool()),
        (Some(100), Some(true))
    );
    assert!(proof["output"].as_str().is_some_and(|o| o.contains("on purpose")), "{said}");
    assert!(proof["audit"].as_str().is_some_and(|a| a.contains("pal-bin")), "{said}");
    assert_eq!(root.status("pal-bin"), "install ok half-configured 1.2-1");
    assert!(!root.at("/usr/sbin/policy-rc.d").exists());
    let mut back = request("rollback");
    back["rollback_to"] = proof["before"].clone();
    let said = remediate(&root, &back);
    assert_eq!((said["ok"].as_bool(), said["code"].as_str()), (Some(true), Some("")), "{said}");
    assert_eq!((root.status("pal-bin"), root.status("libpal1")), (installed(OLD), installed(OLD)));
    assert_eq!(said["proof"].get("audit"), None);
}

#[test]
fn what_would_remove_hold_or_drag_along_is_refused() {
    let Some(root) = outdated() else { return };
    root.install(&Deb::new("other", "other", "1"));
    root.offer(&Deb::new("pal-bin", "pal", "1.2-1").with("Conflicts: other\n"));
    root.offer(&Deb::new("libpal1", "pal", "1.2-1"));
    root.update();
    let code = |request: &Value| {
        let said = remediate(&root, request);
        (said["code"].as_str().unwrap_or_default().to_owned(), said["message"].to_string())
    };
    let (refused, message) = code(&request("apply"));
    assert_eq!(refused, "remediation_would_remove");
    assert!(message.contains("other"), "{message}");
    assert_eq!(root.status("other"), installed("1"));
    // It needs a newer shell, which nobody named.
    root.withdraw("pal-bin", "1.2-1");
    root.install(&Deb::new("dash", "dash", "0.5"));
    root.offer(&Deb::new("dash", "dash", "0.6"));
    root.offer(&Deb::new("pal-bin", "pal", "1.2-1").with("Depends: dash (>= 0.6)\n"));
    root.update();
    let (refused, message) = code(&request("apply"));
    assert_eq!(refused, "remediation_refused_never_touch");
    assert!(message.contains("dash (shells)"), "{message}");
    // The operator keeps it.
    let mut only = request("apply");
    only["packages"] = json!(["libpal1"]);
    let status = fs::read_to_string(root.at("/var/lib/dpkg/status")).expect("there");
    let held = status.replacen("Package: libpal1\nStatus: install", "Package: libpal1\nStatus: hold", 1);
    assert_ne!(held, status);
    fs::write(root.at("/var/lib/dpkg/status"), held).expect("written");
    assert_eq!(code(&only).0, "remediation_no_candidate");
    assert_eq!((root.status("pal-bin"), root.status("dash")), (installed(OLD), installed("0.5")));
}

#[test]
fn what_is_never_touched_is_upgraded_only_where_a_person_named_it() {
    let Some(root) = DebianRoot::new() else { return };
    root.install(&Deb::new("openssh-server", "openssh", "1:9.2-1"));
    root.offer(&Deb::new("openssh-server", "openssh", "1:9.3-1"));
    root.update();
    let mut request = request("apply");
    request["software"] = json!({"ecosystem": "debian:12", "source": "openssh", "fixed": "1:9.3-1"});
    let said = remediate(&root, &request);
    assert_eq!(said["code"], "remediation_refused_never_touch", "{said}");
    // It was refused before anything was even asked.
    assert_eq!(said["proof"]["commands"], json!([]));
    request["named"] = json!(["openssh"]);
    let said = remediate(&root, &request);
    assert_eq!(said["ok"], true, "{said}");
    assert_eq!(root.status("openssh-server"), installed("1:9.3-1"));
    // Its version has an epoch, which its file's name writes otherwise: the way back finds it.
    root.withdraw("openssh-server", "1:9.2-1");
    root.update();
    request["phase"] = "rollback".into();
    request["rollback_to"] = said["proof"]["before"].clone();
    let said = remediate(&root, &request);
    assert_eq!(said["ok"], true, "{said}");
    assert_eq!(root.status("openssh-server"), installed("1:9.2-1"));
}

#[test]
fn what_cannot_be_done_has_a_code_each() {
    let Some(root) = outdated() else { return };
    let code = |change: &dyn Fn(&mut Value)| {
        let mut request = request("apply");
        change(&mut request);
        remediate(&root, &request)["code"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(code(&|r| r["software"]["source"] = "absent".into()), "remediation_not_installed");
    assert_eq!(code(&|r| r["packages"] = json!(["absent"])), "remediation_not_installed");
    assert_eq!(code(&|r| r["software"]["fixed"] = "9.9-1".into()), "remediation_no_candidate");
    assert_eq!(code(&|r| r["software"]["ecosystem"] = "alpine:3.20".into()), "remediation_unsupported");
    assert_eq!(code(&|r| r["software"]["source"] = "--force".into()), "remediation_malformed");
    assert_eq!(root.status("pal-bin"), installed(OLD));
    // A mirror that got the fix since is asked anew.
    root.offer(&Deb::new("pal-bin", "pal", "9.9-1"));
    root.offer(&Deb::new("libpal1", "pal", "9.9-1"));
    assert_eq!(code(&|r| r["software"]["fixed"] = "9.9-1".into()), "");
    assert_eq!(root.status("pal-bin"), installed("9.9-1"));
}

#[test]
fn a_lock_of_somebody_else_is_told_and_not_waited_for() {
    let Some(root) = outdated() else { return };
    let file = fs::File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .open(root.at("/var/lib/dpkg/lock-frontend"));
    let file = file.expect("opens");
    let lock = libc::flock {
        l_type: libc::F_WRLCK as i16,
        l_whence: libc::SEEK_SET as i16,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    nix::fcntl::fcntl(&file, nix::fcntl::FcntlArg::F_SETLK(&lock)).expect("locked");
    let said = remediate(&root, &request("apply"));
    assert_eq!(
        (said["ok"].as_bool(), said["code"].as_str()),
        (Some(false), Some("remediation_locked")),
        "{said}"
    );
    assert!(said["message"].as_str().is_some_and(|m| m.contains("lock-frontend")), "{said}");
    // A look needs no lock.
    assert_eq!(remediate(&root, &request("dry_run"))["ok"], true);
    drop(file);
    assert_eq!(root.status("pal-bin"), installed(OLD));
    assert_eq!(remediate(&root, &request("apply"))["ok"], true);
}

/// A service whose start a maintainer script asks for, as Debian's do.
fn service(version: &str) -> Deb {
    Deb::new("pal-bin", "pal", version).configured_by("invoke-rc.d pal restart || echo \"denied: $?\"")
}

#[test]
fn no_service_is_started_while_packages_change() {
    let Some(root) = DebianRoot::new() else { return };
    root.write_program("/etc/init.d/pal", "#!/bin/sh\necho \"$1\" >>/run/asked\n");
    root.write_program("/usr/sbin/runlevel", "#!/bin/sh\necho N 2\n");
    fs::create_dir_all(root.at("/etc/rc2.d")).expect("made");
    std::os::unix::fs::symlink("../init.d/pal", root.at("/etc/rc2.d/S01pal")).expect("linked");
    // A host that says nothing has it restarted.
    root.write_program("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n");
    root.install(&service(OLD));
    assert_eq!(fs::read_to_string(root.at("/run/asked")).expect("it was"), "restart\n");
    fs::remove_file(root.at("/usr/sbin/policy-rc.d")).expect("there");
    root.offer(&service(NEW));
    root.update();
    let said = remediate(&root, &request("apply"));
    assert_eq!(said["ok"], true, "{said}");
    assert_eq!(fs::read_to_string(root.at("/run/asked")).expect("there"), "restart\n");
    assert!(said["proof"]["output"].as_str().is_some_and(|o| o.contains("policy-rc.d denied")), "{said}");
    assert!(!root.at("/usr/sbin/policy-rc.d").exists());
    // The host's own policy is left as it is, and told.
    root.write_program("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");
    root.offer(&service("1.2-1"));
    root.update();
    let mut more = request("apply");
    more["software"]["fixed"] = "1.2-1".into();
    let said = remediate(&root, &more);
    assert_eq!((said["ok"].as_bool(), said["proof"]["service_policy"].as_str()), (Some(true), Some("host")));
    assert!(root.at("/usr/sbin/policy-rc.d").exists());
}

#[test]
fn a_configuration_that_was_changed_stays_as_the_operator_made_it() {
    let Some(root) = DebianRoot::new() else { return };
    let conf = |version: &str| {
        let mut deb =
            Deb::new("pal-bin", "pal", version).holding("/etc/pal.conf", &format!("of {version}\n"));
        deb.conffiles = vec!["/etc/pal.conf".into()];
        deb
    };
    root.install(&conf(OLD));
    root.write("/etc/pal.conf", "of the operator\n");
    root.offer(&conf(NEW));
    root.update();
    let said = remediate(&root, &request("apply"));
    assert_eq!(said["ok"], true, "{said}");
    assert_eq!(fs::read_to_string(root.at("/etc/pal.conf")).expect("there"), "of the operator\n");
}

/// A package whose configuration waits while `/run/hold` is there; with the root gone, it ends too.
fn waiting(version: &str) -> Deb {
    let script = "touch /run/begun\nwhile [ -e /run/hold ]; do sleep 0.05; done";
    Deb::new("pal-bin", "pal", version).configured_by(script)
}

#[test]
fn a_change_that_takes_too_long_is_told_and_left_to_finish() {
    let Some(root) = DebianRoot::new() else { return };
    root.install(&Deb::new("pal-bin", "pal", OLD));
    root.offer(&waiting(NEW));
    root.update();
    root.write("/run/hold", "");
    let mut child = command(&root, &["--transaction-seconds", "1"]).spawn().expect("starts");
    let text = request("apply").to_string();
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
    let mut said = String::new();
    // The answer ends though the process goes on.
    std::io::Read::read_to_string(child.stdout.as_mut().expect("piped"), &mut said).expect("text");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (said["ok"].as_bool(), said["code"].as_str()),
        (Some(false), Some("remediation_timeout")),
        "{said}"
    );
    let pid = said["proof"]["running_pid"].as_u64().expect("it is told");
    assert!(fs::exists(format!("/proc/{pid}/exe")).expect("asked"), "it still works");
    // Nobody comes between, and nobody takes its policy away.
    assert_eq!(remediate(&root, &request("apply"))["code"], "remediation_locked");
    let tidied = command(&root, &["--tidy"]).stdin(Stdio::null()).status().expect("runs");
    assert!(tidied.success() && root.at("/usr/sbin/policy-rc.d").exists());
    fs::remove_file(root.at("/run/hold")).expect("there");
    assert!(child.wait().expect("ends").success());
    assert_eq!(root.status("pal-bin"), installed(NEW));
    assert!(!root.at("/usr/sbin/policy-rc.d").exists());
}

#[test]
fn what_a_killed_remediation_left_behind_is_taken_away() {
    let Some(root) = DebianRoot::new() else { return };
    root.install(&Deb::new("pal-bin", "pal", OLD));
    root.offer(&waiting(NEW));
    root.update();
    root.write("/run/hold", "");
    let mut child = command(&root, &[]).spawn().expect("starts");
    let text = request("apply").to_string();
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
    until("it is being configured", || root.at("/run/begun").exists());
    child.kill().and_then(|()| child.wait()).expect("killed");
    // dpkg goes on without it, and until its end services stay as they are.
    let tidy = || command(&root, &["--tidy"]).stdin(Stdio::null()).status().expect("runs");
    assert!(tidy().success() && root.at("/usr/sbin/policy-rc.d").exists());
    fs::remove_file(root.at("/run/hold")).expect("there");
    until("dpkg finishes", || root.status("pal-bin") == installed(NEW));
    until("the policy is taken away", || {
        tidy();
        !root.at("/usr/sbin/policy-rc.d").exists()
    });
    // Of others nothing is taken away.
    root.write_program("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n");
    assert!(tidy().success() && root.at("/usr/sbin/policy-rc.d").exists());
}

#[test]
fn an_earlier_version_that_is_nowhere_is_told() {
    let Some(root) = outdated() else { return };
    root.withdraw("pal-bin", OLD);
    root.update();
    let said = remediate(&root, &request("apply"));
    assert_eq!(
        (said["ok"].as_bool(), said["proof"]["rollback"]["possible"].as_bool()),
        (Some(true), Some(false))
    );
    assert!(
        said["proof"]["rollback"]["reason"].as_str().is_some_and(|r| r.contains("pal-bin 1.0-1")),
        "{said}"
    );
    let mut back = request("rollback");
    back["rollback_to"] = said["proof"]["before"].clone();
    let said = remediate(&root, &back);
    assert_eq!(said["code"], "remediation_no_candidate", "{said}");
    assert_eq!(root.status("pal-bin"), installed(NEW));
}
