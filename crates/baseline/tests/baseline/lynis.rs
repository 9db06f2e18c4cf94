//! Lynis before some of the changed roots, where it decides: `bench/baseline` runs it.

use std::path::Path;
use std::process::Command;

use palisade_baseline::{Host, Options, State, builtin, run};
use palisade_testkit::skipped;

use crate::{live, mutate, world};

/// Our check, Lynis's test, and a part of what it says when it is not content.
const TESTS: [(&str, &str, &str); 10] = [
    ("accounts.only_root_is_zero", "AUTH-9204", ""),
    ("accounts.unique_uids", "AUTH-9208", ""),
    ("accounts.unique_gids", "AUTH-9222", ""),
    ("accounts.unique_group_names", "AUTH-9226", ""),
    ("accounts.no_empty_password", "AUTH-9283", ""),
    ("passwords.max_days", "AUTH-9286", "maximum"),
    ("passwords.min_days", "AUTH-9286", "minimum"),
    ("passwords.umask", "AUTH-9328", "login.defs"),
    ("homes.mode", "HOME-9304", ""),
    ("homes.owner", "HOME-9306", ""),
];

#[test]
fn as_lynis_says_live() {
    if std::env::var_os("PALISADE_LYNIS").is_none() {
        return skipped("needs lynis, and minutes: bench/baseline");
    }
    if !Path::new("/usr/sbin/lynis").exists() || !world::is_root() {
        return skipped("needs root and lynis");
    }
    let (mut same, mut differ, mut roots) = (0, Vec::new(), 0);
    let asked = |expected: &[&str]| TESTS.iter().any(|(id, ..)| expected.contains(id));
    let changes = mutate::CHANGES.iter().filter(|(_, expected)| asked(expected)).map(|(c, _)| Some(c));
    for change in std::iter::once(None).chain(changes) {
        let root = tempfile::tempdir().expect("a folder");
        world::build(root.path());
        if let Some(change) = change {
            mutate::change(root.path(), change);
        }
        roots += 1;
        let host = Host::open(root.path(), Options::default()).expect("opens");
        let report = run(builtin(), builtin().profile("server-level2").expect("there"), &host).expect("runs");
        let theirs = lynis(root.path());
        for (id, test, part) in TESTS {
            let ours =
                report.findings.iter().find(|f| f.id == id).expect("there").state == State::NotCompliant;
            let their = theirs.iter().any(|l| l.contains(&format!("]={test}|")) && l.contains(part));
            if ours == their {
                same += 1;
            } else {
                differ.push(format!("{change:?}: {id} {ours}, {test} {their}"));
            }
        }
    }
    println!("Lynis: {roots} roots, {same} answers the same of {}; differ: {differ:#?}", same + differ.len());
    assert!(differ.is_empty());
}

/// What Lynis is not content with.
fn lynis(root: &Path) -> Vec<String> {
    live::prepare(root);
    std::fs::create_dir_all(root.join("var/log")).expect("writable");
    let tests = TESTS.map(|(_, test, _)| test).join(" ");
    let script = format!(
        "{}cp -a /etc/lynis /etc/alternatives $R/etc/\n\
         chroot $R /usr/sbin/lynis audit system --quick --no-colors --quiet --tests \"{tests}\" || true\n",
        live::MOUNTS
    );
    let run =
        Command::new("unshare").args(["-m", "sh", "-c", &script]).env("R", root).output().expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let report = std::fs::read_to_string(root.join("var/log/lynis-report.dat")).expect("a report");
    assert!(report.contains("report_datetime_end="), "Lynis did not come to its end:\n{report}");
    let says = |l: &&str| l.starts_with("warning[]=") || l.starts_with("suggestion[]=");
    report.lines().filter(says).map(str::to_owned).collect()
}
