//! File systems that are looked at from outside, with databases that dpkg and rpm have written.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use palisade_estate::edr::{
    Outcome, Place, Running, Section, SourceState, Topic, UnitState, assess, products_known, recognise,
};

use super::bits::{Tree, have, skipped, tool};

/// Installs packages into a tree with dpkg itself; each has a file of settings.
fn dpkg(tree: &Tree, names: &[&str]) {
    let work = tempfile::tempdir().expect("a folder");
    tree.dir("var/lib/dpkg/info");
    tree.dir("var/lib/dpkg/updates");
    tree.file("var/lib/dpkg/status", "");
    for name in names {
        let package = work.path().join(name);
        fs::create_dir_all(package.join("DEBIAN")).expect("made");
        fs::create_dir_all(package.join(format!("etc/{name}"))).expect("made");
        let control = format!(
            "Package: {name}\nVersion: 1:7.2-1\nArchitecture: all\nMaintainer: A Test <a@example.org>\n\
             Description: made for a test\n Package: falcon-sensor\n Status: install ok installed\n"
        );
        fs::write(package.join("DEBIAN/control"), control).expect("written");
        fs::write(package.join("DEBIAN/conffiles"), format!("/etc/{name}/settings\n")).expect("written");
        fs::write(package.join(format!("etc/{name}/settings")), "x\n").expect("written");
        tool("dpkg-deb", &["--root-owner-group", "-b", name, &format!("{name}.deb")], work.path());
        tool("dpkg", &[&in_root(tree.path()), FORCE, "-i", &format!("{name}.deb")], work.path());
    }
}

const FORCE: &str = "--force-not-root,script-chrootless,bad-path";

fn in_root(tree: &Path) -> String {
    format!("--root={}", tree.display())
}

#[test]
fn packages_that_dpkg_installed_are_found_and_removed_ones_are_not() {
    if !have("dpkg-deb") {
        return skipped("needs dpkg");
    }
    let tree = Tree::new();
    dpkg(&tree, &["mdatp", "sentinelagent", "falcon-sensor-docs", "wazuh-agent"]);
    let names = |tree: &Tree| {
        let facts = tree.look();
        assert!(facts.image && facts.processes.is_empty() && facts.blind.contains_key(&Section::Processes));
        facts.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect::<Vec<_>>()
    };
    assert_eq!(names(&tree), ["mdatp 1:7.2-1", "sentinelagent 1:7.2-1", "wazuh-agent 1:7.2-1"]);
    tool("dpkg", &[&in_root(tree.path()), FORCE, "-r", "mdatp"], tree.path());
    let status = fs::read_to_string(tree.at("var/lib/dpkg/status")).expect("readable");
    assert!(status.contains("Status: deinstall ok config-files"), "its settings are left");
    assert_eq!(names(&tree), ["sentinelagent 1:7.2-1", "wazuh-agent 1:7.2-1"]);
    let seen = recognise(&tree.look());
    let found: Vec<(&str, Running)> = seen.found.iter().map(|f| (f.id.as_str(), f.running)).collect();
    assert_eq!(found, [("sentinelone", Running::Unknown), ("wazuh", Running::Unknown)]);
}

#[test]
fn every_debian_package_of_the_catalogue_is_found() {
    let tree = Tree::new();
    let names: Vec<&String> = products_known().all.iter().flat_map(|p| &p.deb).collect();
    let stanza = |n: &&String| format!("Package: {n}\nStatus: install ok installed\nVersion: 1.0\n\n");
    tree.file("var/lib/dpkg/status", names.iter().map(stanza).collect::<String>());
    let facts = tree.look();
    let found: Vec<&String> = facts.packages.iter().map(|p| &p.name).collect();
    assert_eq!(found, names);
    let products = recognise(&facts).found.len();
    assert_eq!(products, products_known().all.iter().filter(|p| !p.deb.is_empty()).count());
}

#[test]
fn packages_in_rpms_own_database_are_found() {
    if !have("rpm") || !have("rpmbuild") {
        return skipped("needs rpm");
    }
    let work = tempfile::tempdir().expect("a folder");
    let names: Vec<&String> = products_known().all.iter().flat_map(|p| &p.rpm).collect();
    let mut spec = String::from(
        "Name: made-for-a-test\nVersion: 4.5\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n\
         %description\nx\n%files\n",
    );
    for name in names.iter().map(|n| n.as_str()).chain(["falcon-sensor-docs"]) {
        spec.push_str(&format!(
            "%package -n {name}\nSummary: x\n%description -n {name}\nx\n%files -n {name}\n"
        ));
    }
    fs::write(work.path().join("all.spec"), spec).expect("written");
    let top = format!("_topdir {}", work.path().display());
    tool("rpmbuild", &["--quiet", "--define", &top, "-bb", "all.spec"], work.path());
    for folder in ["var/lib/rpm", "usr/lib/sysimage/rpm"] {
        let tree = Tree::new();
        let db = tree.dir(folder);
        let db = db.to_str().expect("plain");
        tool("rpm", &["--dbpath", db, "--initdb"], work.path());
        let packages: Vec<String> = fs::read_dir(work.path().join("RPMS/noarch"))
            .expect("built")
            .map(|e| e.expect("an entry").path().display().to_string())
            .collect();
        let mut args = vec!["--dbpath", db, "--justdb", "--nodeps", "--nosignature", "--quiet", "-i"];
        args.extend(packages.iter().map(String::as_str));
        tool("rpm", &args, work.path());
        let facts = tree.look();
        let mut found: Vec<String> =
            facts.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
        let mut wanted: Vec<String> = names.iter().map(|n| format!("{n} 4.5")).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{folder}");
        assert!(!facts.blind.contains_key(&Section::Packages));
    }
}

#[test]
fn a_system_without_a_known_package_database_says_so() {
    assert!(Tree::new().look().blind.contains_key(&Section::Packages));
}

#[test]
fn units_on_a_disk_are_there_enabled_or_masked() {
    let tree = Tree::new();
    tree.file("usr/lib/systemd/system/falcon-sensor.service", "[Service]\n");
    tree.file("lib/systemd/system/mdatp.service", "[Service]\n");
    tree.file("usr/lib/systemd/system/clamd@.service", "[Service]\n");
    tree.file("usr/lib/systemd/system/falcon-sensor.service.d/x.conf", "");
    let wants = tree.dir("etc/systemd/system/multi-user.target.wants");
    std::os::unix::fs::symlink(
        "/usr/lib/systemd/system/falcon-sensor.service",
        wants.join("falcon-sensor.service"),
    )
    .expect("linked");
    std::os::unix::fs::symlink("/dev/null", tree.at("etc/systemd/system/wazuh-agent.service"))
        .expect("linked");
    let facts = tree.look();
    let mut units: Vec<(&str, UnitState, &str)> =
        facts.units.iter().map(|u| (u.name.as_str(), u.state, u.enabled.as_str())).collect();
    units.sort_by_key(|u| u.0);
    assert_eq!(
        units,
        [
            ("clamd@scan.service", UnitState::Unknown, "disabled"),
            ("falcon-sensor.service", UnitState::Unknown, "enabled"),
            ("mdatp.service", UnitState::Unknown, "disabled"),
            ("wazuh-agent.service", UnitState::Unknown, "masked"),
        ]
    );
}

#[test]
fn settings_and_ages_are_read_and_judged() {
    let tree = Tree::new();
    tree.file("var/lib/dpkg/status", "Package: wazuh-agent\nStatus: install ok installed\nVersion: 4.9\n\nPackage: clamav-daemon\nStatus: install ok installed\nVersion: 1\n");
    tree.file(
        "var/ossec/etc/ossec.conf",
        "<ossec_config>\n <client>\n  <server>\n   <address>MANAGER_IP</address>\n",
    );
    let old = tree.file("var/lib/clamav/daily.cvd", "x");
    let fresh = tree.file("var/lib/clamav/daily.cld", "xyz");
    let days = |n: u64| SystemTime::now() - Duration::from_secs(n * 86_400);
    File::options().write(true).open(old).and_then(|f| f.set_modified(days(40))).expect("set");
    let fresh = File::options().write(true).open(fresh).expect("open");
    for (age, outcome) in [(9, Outcome::Unhealthy), (2, Outcome::Healthy)] {
        fresh.set_modified(days(age)).expect("set");
        let facts = tree.look();
        let files: Vec<(&str, u64)> = facts.files.iter().map(|f| (f.path.as_str(), f.size)).collect();
        assert_eq!(
            files,
            [("/var/lib/clamav/daily.cld", 3), ("/var/lib/clamav/daily.cvd", 1)],
            "the newest counts"
        );
        let seen = recognise(&facts);
        let clam = assess(seen.get("clamav").expect("found"), &facts);
        let check = clam.checks.iter().find(|c| c.code == "clamav_definitions_old").expect("made");
        assert_eq!(check.outcome, outcome, "{check:?}");
        let wazuh = assess(seen.get("wazuh").expect("found"), &facts);
        let manager = wazuh.checks.iter().find(|c| c.code == "wazuh_no_manager").expect("made");
        assert_eq!(manager.outcome, Outcome::Unhealthy, "the address of a fresh package");
    }
}

#[test]
fn a_history_of_scans_is_read_whole_or_proves_nothing() {
    let tree = Tree::new();
    tree.file("var/lib/dpkg/status", "Package: mdatp\nStatus: install ok installed\nVersion: 101\n");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
    let ago = |days: u128| now - days * 86_400_000;
    let scan = |days, kind| format!("{{\"endTime\":\"{}\",\"threats\":[],\"type\":\"{kind}\"}}", ago(days));
    for (scans, outcome) in [
        (vec![], Outcome::Unhealthy),
        (vec![scan(30, "quick")], Outcome::Unhealthy),
        (vec![scan(30, "quick"), scan(8, "full")], Outcome::Unhealthy),
        (vec![scan(30, "quick"), scan(6, "full"), scan(1, "custom")], Outcome::Healthy),
    ] {
        tree.file("var/opt/microsoft/mdatp/wdavhistory", format!("{{\"scans\":[{}]}}", scans.join(",")));
        let facts = tree.look();
        let defender = assess(recognise(&facts).get("microsoft_defender").expect("found"), &facts);
        assert_eq!(defender.topic(Topic::Scans), Some(outcome), "{scans:?} {:?}", facts.values);
    }
    tree.file("var/opt/microsoft/mdatp/wdavhistory", "another form");
    let facts = tree.look();
    let defender = assess(recognise(&facts).get("microsoft_defender").expect("found"), &facts);
    assert_eq!(defender.topic(Topic::Scans), Some(Outcome::Unknown));
}

#[test]
fn what_is_no_plain_file_is_not_opened() {
    let tree = Tree::new();
    tree.dir("var/ossec/etc");
    tree.dir("var/ossec/var/run");
    tool("mkfifo", &["var/ossec/etc/ossec.conf"], tree.path());
    let target = tree.at("var/ossec/var/run/wazuh-agentd.state");
    std::os::unix::fs::symlink("/dev/zero", target).expect("linked");
    let facts = tree.look();
    assert_eq!(facts.sources.get("wazuh.config"), Some(&SourceState::Denied), "it would wait for ever");
    assert_eq!(facts.sources.get("wazuh.state"), Some(&SourceState::Denied));
}

#[test]
fn processes_of_a_mounted_system_are_none() {
    let tree = Tree::new();
    tree.file("proc/812/comm", "falcon-sensor\n");
    std::os::unix::fs::symlink("/opt/CrowdStrike/falcon-sensor", tree.at("proc/812/exe")).expect("linked");
    let facts = tree.look();
    assert!(facts.processes.iter().all(|p| p.place != Place::Same) && facts.processes.is_empty());
}

#[test]
fn names_of_strangers_do_not_break_lines() {
    let tree = Tree::new();
    tree.file("etc/os-release", "ID=\"a\tb\"\nVERSION_ID=\"$(touch x) `id`\"\n");
    tree.file(
        "var/lib/dpkg/status",
        b"Package: mdatp\nStatus: install ok installed\nVersion: 1\xff\x07\t$(id)\n".as_slice(),
    );
    tree.file("var/ossec/etc/ossec.conf", "<address>`id`$(id)\tend\u{7}\u{1b}[1m</address>\nend\n");
    let facts = tree.look();
    assert_eq!(facts.values["wazuh.config.manager"], "`id`$(id) end  [1m");
    assert_eq!(facts.packages[0].name, "mdatp");
}
