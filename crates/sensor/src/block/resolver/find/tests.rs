use super::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

/// A root of Debian 12 with some packages, each with an executable.
fn world(packages: &[(&str, &str, &str)]) -> TempDir {
    let dir = TempDir::new().expect("a folder");
    let info = dir.path().join("var/lib/dpkg/info");
    for folder in ["etc", "usr/bin", "usr/share"] {
        fs::create_dir_all(dir.path().join(folder)).expect("made");
    }
    fs::create_dir_all(&info).expect("made");
    fs::write(dir.path().join("etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n").expect("written");
    let mut status = String::new();
    for (name, source, version) in packages {
        status += &format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nSource: {source}\nVersion: {version}\n\n"
        );
        fs::write(
            info.join(format!("{name}.list")),
            format!("/.\n/usr\n/usr/bin\n/usr/bin/{name}\n/usr/share/{name}\n"),
        )
        .expect("written");
        executable(&dir, &format!("usr/bin/{name}"), b"#!/bin/true\n");
        fs::write(dir.path().join("usr/share").join(name), "data").expect("written");
    }
    fs::write(dir.path().join("var/lib/dpkg/status"), status).expect("written");
    dir
}

fn executable(dir: &TempDir, path: &str, content: &[u8]) {
    let path = dir.path().join(path);
    fs::write(&path, content).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
}

fn rule(id: &str, source: &str, fixed: &str, mode: Mode) -> Rule {
    Rule {
        id: id.into(),
        ecosystem: "debian:12".into(),
        source: source.into(),
        package: String::new(),
        introduced: String::new(),
        fixed: fixed.into(),
        mode,
        message: String::new(),
        expires_at: 0,
    }
}

fn resolved(dir: &TempDir, rules: &[Rule]) -> Resolved {
    resolve(&Root::open(dir.path()).expect("opens"), 1, rules)
}

fn names(found: &Resolved) -> Vec<(&str, bool)> {
    found.programs.iter().map(|p| (p.path.rsplit('/').next().unwrap_or_default(), p.block)).collect()
}

#[test]
fn programs_of_packages_in_the_range_are_found() {
    let dir = world(&[("tool", "tools", "1.0-1"), ("extra", "tools", "2.0-1"), ("other", "other", "1.0-1")]);
    let found = resolved(&dir, &[rule("r", "tools", "2.0-1", Mode::Block)]);
    assert_eq!(names(&found), [("tool", true)], "{found:?}");
    assert_eq!((found.rules[0].files, found.rules[0].packages.len()), (1, 1));
    assert_eq!((found.hits[0].name.as_str(), found.hits[0].version.as_str()), ("tool", "1.0-1"));
    let mut late = rule("r", "tools", "", Mode::Warn);
    assert_eq!(names(&resolved(&dir, &[late.clone()])).len(), 2, "without a fix every version counts");
    late.introduced = "1.5".into();
    assert_eq!(names(&resolved(&dir, &[late.clone()])), [("extra", false)]);
    late.ecosystem = "debian:11".into();
    assert!(resolved(&dir, &[late.clone()]).programs.is_empty(), "another release");
    late.ecosystem = "debian".into();
    late.package = "tool".into();
    late.introduced = String::new();
    assert_eq!(names(&resolved(&dir, &[late])), [("tool", false)]);
}

#[test]
fn a_fixed_or_removed_package_is_released() {
    let dir = world(&[("tool", "tools", "1.0-1")]);
    let rules = [rule("r", "tools", "1.0-2", Mode::Block)];
    assert_eq!(resolved(&dir, &rules).programs.len(), 1);
    let status = dir.path().join("var/lib/dpkg/status");
    let text = fs::read_to_string(&status).expect("read");
    fs::write(&status, text.replace("1.0-1", "1.0-2")).expect("written");
    let fixed = resolved(&dir, &rules);
    assert!(
        fixed.programs.is_empty() && fixed.unclear.is_empty() && fixed.rules[0].packages.is_empty(),
        "{fixed:?}"
    );
    fs::write(&status, text).expect("written");
    fs::remove_file(dir.path().join("usr/bin/tool")).expect("removed");
    assert!(resolved(&dir, &rules).programs.is_empty());
}

#[test]
fn what_runs_the_machine_is_refused_with_a_code() {
    let dir = world(&[("bash", "bash", "5.1"), ("suite", "suite", "1.0")]);
    let list = dir.path().join("var/lib/dpkg/info/suite.list");
    fs::write(&list, "/usr/bin/suite\n/usr/bin/sudo\n/usr/bin/hard\n").expect("written");
    executable(&dir, "usr/bin/sudo", b"\x7fELF");
    // Another name of a shell is still the shell.
    executable(&dir, "usr/bin/dash", b"\x7fELF");
    fs::hard_link(dir.path().join("usr/bin/dash"), dir.path().join("usr/bin/hard")).expect("linked");
    let found = resolved(&dir, &[rule("a", "bash", "", Mode::Block), rule("b", "suite", "", Mode::Block)]);
    assert_eq!(names(&found), [("suite", true)]);
    let refused: Vec<(&str, &str, &str)> = found
        .rules
        .iter()
        .flat_map(|r| &r.refused)
        .map(|r| (r.package.as_str(), r.path.as_str(), r.code.as_str()))
        .collect();
    assert_eq!(
        refused,
        [
            ("bash", "", "block_refused_never_touch"),
            ("suite", "/usr/bin/sudo", "block_refused_never_touch"),
            ("suite", "/usr/bin/hard", "block_refused_never_touch"),
        ]
    );
    assert_eq!(found.rules[1].refused_total, 2);
}

#[test]
fn only_regular_programs_of_the_package_itself_are_taken() {
    let dir = world(&[("tool", "tools", "1.0"), ("victim", "victim", "1.0")]);
    let list = dir.path().join("var/lib/dpkg/info/tool.list");
    fs::write(&list, "/usr/bin/link\n/usr/bin/data\n/usr/bin/folder\n/usr/bin/tool\n/../x\nrelative\n")
        .expect("written");
    symlink("victim", dir.path().join("usr/bin/link")).expect("linked");
    executable(&dir, "usr/bin/data", b"no program");
    fs::create_dir(dir.path().join("usr/bin/folder")).expect("made");
    let found = resolved(&dir, &[rule("r", "tools", "", Mode::Block)]);
    assert_eq!(names(&found), [("tool", true)]);
    fs::set_permissions(dir.path().join("usr/bin/tool"), fs::Permissions::from_mode(0o644)).expect("set");
    assert!(resolved(&dir, &[rule("r", "tools", "", Mode::Block)]).programs.is_empty());
}

#[test]
fn of_two_rules_for_a_file_the_stricter_counts() {
    let dir = world(&[("tool", "tools", "1.0")]);
    let warn = rule("w", "tools", "", Mode::Warn);
    let block = rule("b", "tools", "", Mode::Block);
    for rules in [[warn.clone(), block.clone()], [block, warn]] {
        let found = resolved(&dir, &rules);
        assert_eq!(names(&found), [("tool", true)]);
        assert_eq!(found.hits[found.programs[0].hit].rule, "b");
        assert!(found.rules.iter().all(|r| r.files == 1));
    }
}

#[test]
fn unreadable_databases_block_nothing() {
    let dir = world(&[("tool", "tools", "1.0")]);
    fs::create_dir_all(dir.path().join("var/lib/rpm")).expect("made");
    fs::write(dir.path().join("var/lib/rpm/rpmdb.sqlite"), "not a database").expect("written");
    let found = resolved(&dir, &[rule("r", "tools", "", Mode::Block)]);
    assert!(found.programs.is_empty() && found.unclear.contains("rpm"), "{found:?}");
    assert!(resolved(&dir, &[]).unclear.is_empty(), "without rules nothing is read");
}
