//! This machine as it is, and machines in a folder of their own with nothing but BusyBox.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;

use palisade_estate::edr::{
    HostFacts, Outcome, Place, Running, SCRIPT, Section, SourceState, UnitState, assess, parse,
    products_known, recognise,
};

use super::bits::{Tree, facts, have, root, skipped};

fn shells() -> Vec<Vec<&'static str>> {
    let all = [vec!["sh", "-s"], vec!["dash", "-s"], vec!["bash", "-s"], vec!["busybox", "sh", "-s"]];
    all.into_iter().filter(|s| have(s[0])).collect()
}

#[test]
fn every_shell_finds_the_same_on_this_machine() {
    let mut first: Option<HostFacts> = None;
    for shell in shells() {
        let mut found = facts(&shell, |_| {});
        assert!(!found.image && found.taken_at > 1_700_000_000 && !found.os.kernel.is_empty());
        assert_eq!(found.root, root());
        assert_eq!(found.blind.contains_key(&Section::Processes), !root());
        // What changes between two looks.
        found.taken_at = 0;
        found.processes.clear();
        found.fanotify.clear();
        assert_eq!(first.get_or_insert_with(|| found.clone()), &found, "{shell:?}");
    }
}

#[test]
fn somebody_who_is_not_root_is_told_what_stays_hidden() {
    if !root() {
        return skipped("needs root, to be somebody else");
    }
    let found = facts(&["sh", "-s"], |c| {
        c.uid(65_534).gid(65_534).current_dir("/");
    });
    assert!(!found.root);
    for section in [Section::Processes, Section::Fanotify] {
        assert!(found.blind.contains_key(&section), "{section:?}");
    }
}

#[test]
fn commands_can_be_switched_off() {
    let found = facts(&["sh", "-s"], |c| {
        c.env("PALISADE_FACTS_COMMANDS", "no");
    });
    assert!(found.blind.contains_key(&Section::Commands));
}

/// Enters a folder as the root of everything, with nothing that can be written but /dev/null.
const ENTER: &str = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && \
    mount --bind /dev/null \"$1/dev/null\" && exec chroot \"$1\" /bin/sh -s";

/// A machine of its own: BusyBox, a /proc that is only files, and everything read-only.
struct Machine(Tree);

impl Machine {
    fn new() -> Option<Self> {
        let busybox = "/bin/busybox";
        let is_static = fs::read(busybox).is_ok_and(|b| !b.windows(19).any(|w| w == b"/lib64/ld-linux-x86"));
        if !root() || !have("unshare") || !is_static {
            skipped("needs root and a static BusyBox");
            return None;
        }
        let tree = Tree::new();
        for folder in ["bin", "usr/bin", "dev", "tmp", "run", "proc"] {
            tree.dir(folder);
        }
        fs::copy(busybox, tree.at("bin/busybox")).expect("copied");
        for name in [
            "sh", "awk", "cat", "cut", "date", "grep", "head", "id", "ls", "readlink", "sleep", "sort",
            "stat", "timeout", "tr", "true", "uname", "yes",
        ] {
            symlink("/bin/busybox", tree.at("bin").join(name)).expect("linked");
        }
        tree.file("dev/null", "");
        tree.file("proc/modules", "");
        tree.file("var/lib/dpkg/status", "");
        Some(Self(tree))
    }

    fn process(&self, pid: u32, comm: &str, exe: &str) {
        self.0.file(&format!("proc/{pid}/comm"), format!("{comm}\n"));
        symlink(exe, self.0.at(&format!("proc/{pid}/exe"))).expect("linked");
        self.0.dir(&format!("proc/{pid}/fd"));
    }

    fn look(&self) -> HostFacts {
        let root = self.0.path().to_str().expect("plain").to_owned();
        // A mount namespace of its own ends with its process. What cannot be written proves that
        // nothing is.
        facts(&["unshare", "-m", "sh", "-c", ENTER, "enter", &root], |_| {})
    }
}

#[test]
fn processes_count_by_their_file_and_not_by_their_name() {
    let Some(machine) = Machine::new() else { return };
    machine.0.program("opt/CrowdStrike/falcon-sensor", "x", 0o755);
    machine.0.program("tmp/wdavdaemon", "x", 0o755);
    machine.0.program("usr/bin/perl", "x", 0o755);
    machine.process(10, "falcon-sensor", "/opt/CrowdStrike/falcon-sensor");
    machine.process(11, "wdavdaemon", "/tmp/wdavdaemon");
    machine.process(12, "traps_pmd", "/usr/bin/perl");
    machine.process(13, "cbagentd", "/opt/carbonblack/psc/bin/cbagentd");
    machine.process(14, "wazuh-agentd", "/var/ossec/bin/wazuh-agentd (deleted)");
    machine.process(15, "sshd", "/usr/bin/perl");
    // A name that tries to look like the line of another process.
    machine.process(16, "a\nproc\t1\tx", "/opt/x\n/proc/15/exe -> /opt/CrowdStrike/falcon-sensor");
    let found = machine.look();
    let seen: Vec<(u32, Place)> = found.processes.iter().map(|p| (p.pid, p.place)).collect();
    assert_eq!(
        seen,
        [
            (10, Place::Same),
            (11, Place::Same),
            (12, Place::Same),
            (13, Place::Other),
            (14, Place::Other),
            (16, Place::Other)
        ]
    );
    let all = recognise(&found);
    let ids: Vec<(&str, Running)> = all.found.iter().map(|f| (f.id.as_str(), f.running)).collect();
    assert_eq!(ids, [("crowdstrike_falcon", Running::Yes)], "a file that never was there proves nothing");
    let told: Vec<(u32, &str, bool)> =
        all.misplaced.iter().map(|m| (m.pid, m.like.as_str(), m.elsewhere)).collect();
    assert_eq!(
        told,
        [
            (11, "microsoft_defender", false),
            (12, "cortex_xdr", false),
            (13, "carbon_black", true),
            (14, "wazuh", true),
            (16, "crowdstrike_falcon", false)
        ]
    );
}

#[test]
fn modules_cgroups_and_permission_users_are_read() {
    let Some(machine) = Machine::new() else { return };
    machine.0.file(
        "proc/modules",
        "falcon_lsm_pinned_16206 4096 1 - Live 0x0\next4 1 1 - Live 0x0\nfalcon_other 1 1 -\n",
    );
    machine.0.file("usr/lib/systemd/system/falcon-sensor.service", "");
    machine.0.file("usr/lib/systemd/system/mdatp.service", "");
    machine.0.file("sys/fs/cgroup/system.slice/falcon-sensor.service/cgroup.procs", "812\n");
    machine.0.file("usr/lib/systemd/system/wazuh-agent.service", "");
    machine.0.file("sys/fs/cgroup/system.slice/wazuh-agent.service/cgroup.events", "populated 1\nfrozen 0\n");
    machine.0.file("sys/fs/cgroup/system.slice/wazuh-agent.service/cgroup.procs", "");
    machine.0.program("usr/sbin/clamonacc", "x", 0o755);
    machine.process(900, "clamonacc", "/usr/sbin/clamonacc");
    symlink("anon_inode:[fanotify]", machine.0.at("proc/900/fd/7")).expect("linked");
    symlink("/dev/null", machine.0.at("proc/900/fd/0")).expect("linked");
    machine.0.file(
        "proc/900/fdinfo/7",
        "pos:\t0\nflags:\t02\nfanotify flags:4 event-flags:8000\nfanotify mnt_id:12 mflags:40 mask:10000 ignored_mask:40000003\nfanotify ino:4f sdev:8 mflags:0 mask:20000 ignored_mask:0\n",
    );
    let found = machine.look();
    assert_eq!(found.modules, ["falcon_lsm_pinned_16206"]);
    let states: Vec<(&str, UnitState)> = found.units.iter().map(|u| (u.name.as_str(), u.state)).collect();
    assert!(states.contains(&("falcon-sensor.service", UnitState::Active)), "{states:?}");
    assert!(states.contains(&("wazuh-agent.service", UnitState::Active)), "in a group below: {states:?}");
    assert!(states.contains(&("mdatp.service", UnitState::Inactive)), "{states:?}");
    assert_eq!(found.fanotify.len(), 1);
    assert!(found.fanotify[0].answers() && found.fanotify[0].mask == 0x30000);
    let user = palisade_estate::edr::fanotify_user(&found);
    assert_eq!(user.as_deref(), Some("ClamAV (/usr/sbin/clamonacc)"));
}

/// Real processes, in namespaces that end with the first of them.
const REAL: &str = "mount -t tmpfs none /opt && mkdir -p /opt/CrowdStrike /opt/microsoft/mdatp/sbin /tmp/eve.$$ && \
    cp /bin/sleep /opt/CrowdStrike/falcon-sensor && cp /bin/sleep /opt/microsoft/mdatp/sbin/wdavdaemon && \
    cp /bin/sleep /tmp/eve.$$/sentinelone-agent || exit 1
    /opt/CrowdStrike/falcon-sensor 600 & one=$!
    /opt/microsoft/mdatp/sbin/wdavdaemon 600 & two=$!
    /tmp/eve.$$/sentinelone-agent 600 & three=$!
    unshare -m sh -c 'mount -t tmpfs none /opt && mkdir -p /opt/carbonblack && \
        cp /bin/sleep /opt/carbonblack/cbagentd && exec /opt/carbonblack/cbagentd 600' & four=$!
    for pid in $one $two $three $four; do
      until case $(readlink /proc/$pid/exe) in */falcon-sensor | */wdavdaemon | */sentinelone-agent | */cbagentd) true ;; \
        *) false ;; esac; do kill -0 $pid || exit 1; sleep 0.05; done
    done
    rm -r /opt/microsoft/mdatp/sbin/wdavdaemon /tmp/eve.$$
    sh -s";

#[test]
fn real_processes_are_told_from_those_in_another_place() {
    if !root() || !have("unshare") {
        return skipped("needs root");
    }
    let enter = ["unshare", "-m", "-p", "-f", "--mount-proc", "--kill-child", "sh", "-c", REAL];
    let found = facts(&enter, |_| {});
    let mut seen: Vec<(&str, Place)> =
        found.processes.iter().filter_map(|p| Some((p.exe.rsplit('/').next()?, p.place))).collect();
    seen.sort_by_key(|s| s.0);
    assert_eq!(
        seen,
        [
            ("cbagentd", Place::Other),
            ("falcon-sensor", Place::Same),
            ("sentinelone-agent", Place::Other),
            ("wdavdaemon", Place::Deleted)
        ]
    );
    let all = recognise(&found);
    for (id, here) in [
        ("crowdstrike_falcon", true),
        ("microsoft_defender", true),
        ("carbon_black", false),
        ("sentinelone", false),
    ] {
        assert_eq!(all.get(id).is_some(), here, "{id}");
    }
    let told: Vec<(&str, bool)> = all.misplaced.iter().map(|m| (m.like.as_str(), m.elsewhere)).collect();
    assert!(told.contains(&("carbon_black", true)) && told.contains(&("sentinelone", false)), "{told:?}");
}

/// What `mdatp health` prints, as its documentation shows it.
const HEALTH: &str = "#!/bin/sh\n[ \"$1\" = health ] || exit 3\ncat <<E\n\
    healthy                                     : false\n\
    licensed                                    : true\n\
    engine_load_status                          : \"Engine load succeeded\"\n\
    passive_mode_enabled                        : true [managed]\n\
    real_time_protection_enabled                : false\n\
    definitions_status                          : \"up_to_date\"\n\
    definitions_updated_minutes_ago             : 20160\n\
    E\n";

#[test]
fn a_products_command_is_asked_and_judged() {
    let Some(machine) = Machine::new() else { return };
    machine.0.program("usr/bin/mdatp", HEALTH, 0o755);
    machine.0.file("var/lib/dpkg/status", "Package: mdatp\nStatus: install ok installed\nVersion: 101.1\n");
    let found = machine.look();
    assert_eq!(found.sources["microsoft_defender.health"], SourceState::Ok);
    let seen = recognise(&found);
    let defender = assess(seen.get("microsoft_defender").expect("found"), &found);
    let wrong: Vec<&str> =
        defender.checks.iter().filter(|c| c.outcome == Outcome::Unhealthy).map(|c| c.code.as_str()).collect();
    assert_eq!(
        wrong,
        ["not_running", "defender_passive", "defender_real_time_off", "defender_definitions_old"],
        "{:?}",
        defender.checks
    );
}

#[test]
fn commands_that_fail_hang_flood_or_belong_to_others_do_no_harm() {
    let Some(machine) = Machine::new() else { return };
    machine.0.program("usr/bin/mdatp", HEALTH, 0o775);
    machine.0.program(
        "opt/CrowdStrike/falconctl",
        "#!/bin/sh\necho 'ERROR: must be run as root'\nexit 1\n",
        0o755,
    );
    machine.0.program(
        "opt/sentinelone/bin/sentinelctl",
        "#!/bin/sh\n[ $1 = control ] && exec sleep 600\nexec yes 'Connectivity On'\n",
        0o755,
    );
    machine.0.program(
        "opt/traps/bin/cytool",
        "#!/bin/sh\ncat >/dev/null\necho 'pmd 912 root Running /opt/traps'\n",
        0o755,
    );
    let found = machine.look();
    let state = |id: &str| found.sources.get(id).copied();
    assert_eq!(state("microsoft_defender.health"), Some(SourceState::Untrusted), "its group may write it");
    assert_eq!(state("crowdstrike_falcon.ctl"), Some(SourceState::Failed));
    assert_eq!(state("sentinelone.control"), Some(SourceState::Failed), "it was ended");
    assert_eq!(state("cortex_xdr.runtime"), Some(SourceState::Ok), "it reads nothing of the script");
    assert_eq!(found.values["cortex_xdr.runtime.pmd"], "912 root Running /opt/traps");
    assert_eq!(found.values["sentinelone.management.connectivity"], "On", "the beginning is enough");
    assert!(!found.values.keys().any(|k| k.starts_with("microsoft_defender.health")));
}

#[test]
fn a_machine_full_of_products_stays_within_the_limit() {
    let Some(machine) = Machine::new() else { return };
    let mut status = String::new();
    let mut pid = 100;
    for p in &products_known().all {
        for name in &p.deb {
            status.push_str(&format!(
                "Package: {name}\nStatus: install ok installed\nVersion: {}\n\n",
                "9".repeat(300)
            ));
        }
        for unit in &p.units {
            machine.0.file(&format!("usr/lib/systemd/system/{unit}"), "");
        }
        for path in &p.paths {
            machine.0.dir(path.trim_start_matches('/'));
        }
        for name in &p.processes {
            pid += 1;
            let exe = format!("/tmp/{}/{}", "long".repeat(50), name.trim_end_matches('*'));
            machine.process(pid, name.trim_end_matches('*'), &exe);
        }
    }
    machine.0.file("var/lib/dpkg/status", status);
    let root = machine.0.path().to_str().expect("plain").to_owned();
    let out = super::bits::output(&["unshare", "-m", "sh", "-c", ENTER, "enter", &root], |_| {});
    let found = parse(&out).expect("facts");
    assert!(out.len() > 10_000 && found.packages.len() > 30, "{} bytes", out.len());
    let known = |id: &str| recognise(&found).get(id).is_some();
    assert!(known("crowdstrike_falcon") && known("clamav"), "packages come first");
}

#[test]
fn a_script_that_arrives_in_part_does_nothing() {
    // Whatever is cut off, what runs is all or nothing: everything is in functions until the last line.
    let body = SCRIPT.trim_end();
    let last = body.rfind('\n').expect("lines");
    assert!(body[last..].contains("main </dev/null"), "the last line starts it");
    let cut = &body[..last];
    let mut child = std::process::Command::new("sh")
        .arg("-s")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    use std::io::Write;
    child.stdin.take().expect("a pipe").write_all(cut.as_bytes()).expect("written");
    assert!(child.wait_with_output().expect("ends").stdout.is_empty());
}
