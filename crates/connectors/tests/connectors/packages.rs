use std::path::Path;
use std::process::{Command, Output};

use palisade_connectors::package::{PROGRAM, deb, rpm};
use palisade_testkit::{OwnRoot, scratch, skipped};

/// What the package brings, as a script that writes down how it was called.
const SENSOR: &[u8] = b"#!/bin/sh\necho \"$*\" >>/root/called\ncat \"$7\" >>/root/called 2>/dev/null\nmkdir -p /etc/palisade\n\
case $1 in install) : >/etc/palisade/installed.json ;; uninstall) rm -f /etc/palisade/installed.json ;; esac\n";

/// What a person puts beside it.
const INVITE: &str = "mkdir -p /etc/palisade /root; printf 'url = \"https://server:8444\"  # ours\\ntoken_file = \"/root/token\"\\n' \
>/etc/palisade/onboarding.toml; echo pal_t >/root/token; ";

fn run(words: &[&str]) -> Output {
    Command::new(words[0]).args(&words[1..]).output().unwrap_or_else(|e| panic!("{}: {e}", words[0]))
}

/// Runs a script in a root of its own; packages lie in /root.
#[track_caller]
fn inside(root: &OwnRoot, script: &str) -> String {
    let mut words = root.enter();
    words.extend(["sh", "-euc", script].map(String::from));
    let out = run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{script}: {said}");
    said
}

fn has(program: &str) -> bool {
    let there = ["/usr/bin", "/bin"].iter().any(|at| Path::new(at).join(program).exists());
    if !there {
        skipped(&format!("needs {program}"));
    }
    there
}

fn put(root: &OwnRoot, name: &str, bytes: &[u8]) {
    let at = root.changed("/root");
    std::fs::create_dir_all(&at).expect("a folder");
    std::fs::write(at.join(name), bytes).expect("a package");
}

#[test]
fn a_debian_package_is_one_to_dpkg() {
    if !has("dpkg-deb") {
        return;
    }
    let folder = scratch();
    let path = folder.path().join("p.deb");
    std::fs::write(&path, deb(SENSOR, "0.1.0").expect("a package")).expect("written");
    assert_eq!(deb(SENSOR, "0.1.0").expect("again"), std::fs::read(&path).expect("there"), "reproducible");
    let path = path.to_str().expect("a path");
    let info = String::from_utf8(run(&["dpkg-deb", "-I", path]).stdout).expect("text");
    for part in ["Package: palisade-sensor", "Version: 0.1.0", "Architecture: amd64", "postinst", "prerm"] {
        assert!(info.contains(part), "{part}: {info}");
    }
    let list = String::from_utf8(run(&["dpkg-deb", "-c", path]).stdout).expect("text");
    assert!(list.contains("-rwxr-xr-x root/root  ") && list.contains(PROGRAM), "{list}");
    assert!(deb(SENSOR, "1.0-1").is_err() && deb(SENSOR, "x\nEvil: y").is_err());
}

#[test]
fn dpkg_installs_enrols_upgrades_and_removes_it() {
    if !has("dpkg") {
        return;
    }
    let Some(root) = OwnRoot::new("debian") else { return };
    put(&root, "1.deb", &deb(SENSOR, "0.1.0").expect("a package"));
    put(&root, "2.deb", &deb(SENSOR, "0.2.0").expect("a package"));
    let quiet = "dpkg -i /root/1.deb; test -x /usr/lib/palisade/palisade-sensor; test ! -e /root/called; dpkg -P palisade-sensor";
    inside(&root, quiet);
    // One machine is one conversation: the folders in memory are new each time.
    let script = format!(
        "{INVITE}dpkg -i /root/1.deb; dpkg -i /root/2.deb; dpkg -s palisade-sensor; dpkg -r palisade-sensor; \
         test ! -e /usr/lib/palisade/palisade-sensor; cat /root/called"
    );
    let said = inside(&root, &script);
    let install =
        "install --json --url https://server:8444 --ca /etc/palisade/onboarding.pem --token-file /root/token";
    assert!(said.contains(install), "{said}");
    assert!(said.contains(&install.replace("--json", "--json --upgrade")), "{said}");
    assert!(said.contains("Version: 0.2.0") && said.contains("uninstall --json"), "{said}");
    assert_eq!(said.matches("uninstall --json").count(), 1, "not by the upgrade: {said}");
}

#[test]
fn an_rpm_is_one_to_rpm() {
    if !has("rpm") {
        return;
    }
    let Some(root) = OwnRoot::new("rpm") else { return };
    put(&root, "1.rpm", &rpm(SENSOR, "0.1.0").expect("a package"));
    put(&root, "2.rpm", &rpm(SENSOR, "0.2.0").expect("a package"));
    let script = format!(
        "rpm -K --nosignature /root/1.rpm; rpm -qip /root/1.rpm; rpm -qlp /root/1.rpm; rpm --initdb; {INVITE}\
         rpm -i --nosignature --nodeps /root/1.rpm; rpm -V --nodeps palisade-sensor; \
         rpm -U --nosignature --nodeps /root/2.rpm; rpm -q palisade-sensor; rpm -e palisade-sensor; \
         test ! -e /usr/lib/palisade/palisade-sensor; cat /root/called"
    );
    let said = inside(&root, &script);
    assert!(said.contains("palisade-sensor-0.2.0-1") && said.contains(PROGRAM), "{said}");
    assert!(said.contains("install --json --url https://server:8444"), "{said}");
    assert_eq!(said.matches("uninstall --json").count(), 1, "not by the upgrade: {said}");
}
