use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use palisade_estate::edr::{Running, SCRIPT, parse, products, recognise};

use super::*;

/// What the estate's script finds in the same place.
fn scripts(root: Option<&Path>) -> HostFacts {
    let mut command = Command::new("sh");
    command.arg("-s").env("PALISADE_FACTS_COMMANDS", "no").stdin(Stdio::piped()).stdout(Stdio::piped());
    if let Some(root) = root {
        command.env("PALISADE_ROOT", root);
    }
    let mut child = command.spawn().expect("starts");
    child.stdin.take().expect("a pipe").write_all(SCRIPT.as_bytes()).expect("written");
    parse(&child.wait_with_output().expect("ends").stdout).expect("facts")
}

/// The same facts in the same order, without what changes from one look to the next.
fn settled(mut facts: HostFacts) -> HostFacts {
    facts.taken_at = 0;
    facts.fanotify.clear();
    facts.blind.remove(&Section::Fanotify);
    facts.packages.sort_by(|a, b| a.name.cmp(&b.name));
    facts.units.sort_by(|a, b| a.name.cmp(&b.name));
    facts.files.sort_by(|a, b| a.path.cmp(&b.path));
    facts.paths.sort();
    facts.hidden.sort();
    facts.modules.sort();
    facts
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, text).expect("written");
}

#[test]
fn the_sensor_finds_what_the_script_finds_in_a_file_system() {
    let dir = tempfile::TempDir::new().expect("dir");
    let root = dir.path();
    assert_eq!(settled(gather(Some(root))), settled(scripts(Some(root))), "an empty one");
    write(root, "etc/os-release", "ID=\"rocky\"\nVERSION_ID=\"9.4\"\n");
    let stanza = |n: &String| format!("Package: {n}\nStatus: install ok installed\nVersion: 1:2-3\n\n");
    let status: String = products_known().all.iter().flat_map(|p| &p.deb).map(stanza).collect();
    write(root, "var/lib/dpkg/status", &format!("{status}Package: x\nStatus: deinstall ok config-files\n"));
    for p in &products_known().all {
        for unit in p.units.iter().filter(|u| !u.contains('@')) {
            write(root, &format!("usr/lib/systemd/system/{unit}"), "[Unit]\n");
        }
        for path in &p.paths {
            fs::create_dir_all(root.join(path.trim_start_matches('/'))).expect("made");
        }
    }
    let wants = root.join("etc/systemd/system/multi-user.target.wants");
    fs::create_dir_all(&wants).expect("made");
    symlink("/usr/lib/systemd/system/mdatp.service", wants.join("mdatp.service")).expect("linked");
    symlink("/dev/null", root.join("etc/systemd/system/falcon-sensor.service")).expect("linked");
    fs::remove_dir_all(root.join("var/ossec")).expect("removed");
    write(root, "var/ossec/etc/ossec.conf", "<address>10.2.3.4</address>\n");
    write(
        root,
        "var/opt/microsoft/mdatp/wdavhistory",
        "{\"scans\":[{\"endTime\":\"1764000000000\",\"type\":\"quick\"}]}",
    );
    write(root, "var/lib/clamav/daily.cld", "xx");
    symlink("/dev/zero", root.join("var/ossec/var")).expect("linked");
    let ours = settled(gather(Some(root)));
    assert_eq!(ours, settled(scripts(Some(root))));
    assert!(ours.packages.len() > 20 && ours.units.len() > 20 && ours.values.len() == 3, "{ours:?}");
}

#[test]
fn the_sensor_finds_what_the_script_finds_on_this_machine() {
    let ours = settled(gather(None));
    let mut theirs = settled(scripts(None));
    if Path::new("/run/systemd/system").exists() {
        // The script asks systemd, which has more words for it.
        theirs.units.clone_from(&ours.units);
    }
    if theirs.packages.iter().any(|p| p.manager == palisade_estate::edr::Manager::Rpm) {
        theirs.packages.clone_from(&ours.packages);
    }
    theirs.blind.remove(&Section::Packages);
    // Processes come and go; the next test has its own.
    theirs.processes.clone_from(&ours.processes);
    let blind = |mut f: HostFacts| {
        f.blind.remove(&Section::Packages);
        f
    };
    assert_eq!(blind(ours), theirs);
}

/// A process that ends with its test.
struct Child(std::process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_real_process_with_a_products_name_is_told_apart() {
    let dir = tempfile::TempDir::new().expect("dir");
    let program = dir.path().join("falcon-sensor");
    fs::copy("/bin/sleep", &program).expect("copied");
    let child = Child(Command::new(&program).arg("600").spawn().expect("starts"));
    let pid = child.0.id();
    let exe = format!("/proc/{pid}/exe");
    palisade_testkit::eventually("the program runs", async || {
        fs::read_link(&exe).is_ok_and(|p| p == program)
    })
    .await;
    let facts = gather(None);
    let seen = facts.processes.iter().find(|p| p.pid == pid).expect("found");
    assert_eq!((seen.name.as_str(), seen.place), ("falcon-sensor", palisade_estate::edr::Place::Same));
    let all = recognise(&facts);
    assert!(all.misplaced.iter().any(|m| m.pid == pid && m.like == "crowdstrike_falcon" && !m.elsewhere));
    let owned = all.get("crowdstrike_falcon").map(|f| f.evidence.join(" ")).unwrap_or_default();
    assert!(!owned.contains(&format!("({pid})")), "it is no evidence");
    // Removed while it runs, by whoever owns that folder: still none of the product's.
    fs::remove_file(&program).expect("removed");
    let facts = gather(None);
    assert!(recognise(&facts).misplaced.iter().any(|m| m.pid == pid));
}

#[test]
fn products_of_a_file_system_count_as_running() {
    let dir = tempfile::TempDir::new().expect("dir");
    write(dir.path(), "usr/lib/systemd/system/mdatp.service", "");
    let facts = gather(Some(dir.path()));
    assert_eq!(recognise(&facts).get("microsoft_defender").map(|f| f.running), Some(Running::Unknown));
    assert!(products(&facts).iter().all(|p| p.running), "nobody knows, so it is taken to");
}
