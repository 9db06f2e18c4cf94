use super::fixture::host;
use crate::edr::*;

fn found(facts: &HostFacts) -> Vec<String> {
    recognise(facts).found.into_iter().map(|f| f.id).collect()
}

/// A name that a pattern stands for.
fn example(pattern: &str) -> String {
    pattern.replace('*', "one")
}

#[test]
fn every_product_is_recognised_by_each_of_its_packages_units_and_processes() {
    for p in &products_known().all {
        let only = std::slice::from_ref(&p.id);
        for name in &p.deb {
            assert_eq!(found(&host().deb(name)), only, "package {name}");
        }
        for name in &p.rpm {
            assert_eq!(found(&host().rpm(name)), only, "package {name}");
        }
        for name in &p.units {
            assert_eq!(found(&host().unit(name, UnitState::Inactive)), only, "unit {name}");
        }
        for name in &p.processes {
            for home in &p.homes {
                let exe = format!("{home}{}", example(name));
                let facts = host().process(&exe, Place::Same);
                let seen = recognise(&facts);
                assert_eq!(found(&facts), only, "{exe}");
                assert_eq!(seen.get(&p.id).map(|f| f.running), Some(Running::Yes), "{exe}");
                assert!(seen.misplaced.is_empty(), "{exe}");
            }
        }
    }
}

#[test]
fn near_misses_are_no_products() {
    for p in &products_known().all {
        for name in &p.processes {
            // The name from a folder where anybody may write, and the path in another root.
            for (exe, place) in [
                (format!("/tmp/{}", example(name)), Place::Same),
                (format!("/home/eve{}{}", p.homes[0], example(name)), Place::Same),
                (format!("{}{}", p.homes[0], example(name)), Place::Other),
                (format!("{}{}", p.homes[0], example(name)), Place::Unknown),
                (String::new(), Place::Unknown),
            ] {
                let facts = host().process(&exe, place);
                assert!(found(&facts).is_empty(), "{}: {exe} {place:?}", p.id);
            }
        }
        let mut traces = host();
        traces.paths.clone_from(&p.paths);
        traces.modules = p.modules.iter().map(|m| example(m)).collect();
        let seen = recognise(&traces);
        assert!(seen.found.is_empty(), "{}: paths and modules are traces", p.id);
        assert!(seen.traces.iter().any(|t| t.id == p.id) || p.paths.is_empty());
        for name in p.deb.iter().chain(&p.rpm) {
            let near = host().deb(&format!("{name}-doc")).rpm(&format!("lib{name}"));
            assert!(found(&near).is_empty(), "{name}");
        }
    }
    assert!(
        found(&host().deb("SentinelAgent")).is_empty(),
        "names of one packager do not count for the other"
    );
}

#[test]
fn a_process_that_only_has_the_name_is_told_apart() {
    let facts = host()
        .process("/tmp/falcon-sensor", Place::Same)
        .process("/opt/CrowdStrike/falcon-sensor", Place::Other);
    let seen = recognise(&facts);
    assert!(seen.found.is_empty());
    let told: Vec<(&str, &str, bool)> =
        seen.misplaced.iter().map(|m| (m.like.as_str(), m.exe.as_str(), m.elsewhere)).collect();
    assert_eq!(
        told,
        [
            ("crowdstrike_falcon", "/tmp/falcon-sensor", false),
            ("crowdstrike_falcon", "/opt/CrowdStrike/falcon-sensor", true)
        ]
    );
    // It may also call itself so and run something else.
    let mut facts = host().process("/usr/bin/perl", Place::Same);
    facts.processes[0].name = "falcon-sensor".into();
    assert_eq!(recognise(&facts).misplaced.len(), 1);
    // Names that others use are no reason for a suspicion.
    assert!(recognise(&host().process("/usr/libexec/scand", Place::Same)).misplaced.is_empty());
    // A product may call one of its processes like another product's.
    let mut facts = host().process("/opt/traps/bin/traps_pmd", Place::Same);
    facts.processes[0].name = "osqueryd".into();
    assert!(recognise(&facts).misplaced.is_empty());
    // The kernel keeps fifteen letters of a name.
    let mut facts = host().process("/tmp/x", Place::Same);
    facts.processes[0].name = "sophos_threat_d".into();
    assert_eq!(recognise(&facts).misplaced.first().map(|m| m.like.as_str()), Some("sophos"));
}

#[test]
fn whether_it_runs_is_seen_or_unknown() {
    let running = |facts: &HostFacts| recognise(facts).get("crowdstrike_falcon").map(|f| f.running);
    let installed = || host().deb("falcon-sensor");
    assert_eq!(running(&installed()), Some(Running::No));
    assert_eq!(running(&installed().unit("falcon-sensor.service", UnitState::Active)), Some(Running::Yes));
    assert_eq!(running(&installed().unit("falcon-sensor.service", UnitState::Failed)), Some(Running::No));
    let replaced = installed().process("/opt/CrowdStrike/falcon-sensor", Place::Deleted);
    assert_eq!(running(&replaced), Some(Running::Yes), "an update has replaced the file");
    // On a file system nothing runs and nobody knows.
    let image = HostFacts { image: true, ..installed() };
    assert_eq!(running(&image), Some(Running::Unknown));
    assert_eq!(running(&image.unit("falcon-sensor.service", UnitState::Unknown)), Some(Running::Unknown));
    // Without root: a process of this name whose executable is hidden may be it.
    let mut hidden = installed().process("", Place::Unknown);
    hidden.processes[0].name = "falcon-sensor".into();
    hidden.blind.insert(Section::Processes, "not root".into());
    assert_eq!(running(&hidden), Some(Running::Unknown));
    let stopped = hidden.unit("falcon-sensor.service", UnitState::Inactive);
    assert_eq!(running(&stopped), Some(Running::Unknown), "started by hand, perhaps");
    let forti = recognise(&host().deb("fortiedrcollectorinstaller"));
    assert_eq!(forti.found[0].running, Running::Unknown, "its names are not sure enough");
    let cut = HostFacts { complete: false, ..installed() };
    assert_eq!(running(&cut), Some(Running::Unknown), "what did not arrive is not known");
}

#[test]
fn one_product_is_reported_once_with_all_evidence() {
    let mut facts = host()
        .deb("falcon-sensor")
        .unit("falcon-sensor.service", UnitState::Active)
        .process("/opt/CrowdStrike/falcon-sensor-bpf", Place::Same);
    facts.modules.push("falcon_lsm_pinned_16206".into());
    facts.paths.push("/opt/CrowdStrike".into());
    let seen = recognise(&facts);
    let falcon = seen.get("crowdstrike_falcon").expect("found");
    assert_eq!(
        falcon.evidence,
        [
            "package falcon-sensor 1.2-3",
            "unit falcon-sensor.service active",
            "process /opt/CrowdStrike/falcon-sensor-bpf (100)",
            "module falcon_lsm_pinned_16206",
            "path /opt/CrowdStrike"
        ]
    );
    assert_eq!((seen.found.len(), seen.traces.len(), falcon.version.as_str()), (1, 0, "1.2-3"));
}

#[test]
fn the_preflight_hears_of_products_that_own_the_machine() {
    let facts = host()
        .deb("falcon-sensor")
        .deb("auditd")
        .deb("palisade-sensor")
        .deb("mdatp")
        .unit("mdatp.service", UnitState::Active)
        .unit("auditd.service", UnitState::Active)
        .process("/usr/sbin/fapolicyd", Place::Same);
    let told: Vec<(String, bool)> = products(&facts).into_iter().map(|p| (p.name, p.running)).collect();
    assert_eq!(
        told,
        [("Microsoft Defender for Endpoint".to_owned(), true), ("CrowdStrike Falcon".to_owned(), false)],
        "monitors and our own do not count"
    );
    let image = HostFacts { image: true, ..host().deb("falcon-sensor") };
    assert!(products(&image)[0].running, "what may run counts as running");
}

#[test]
fn whoever_answers_permission_requests_is_named() {
    let with = |exe: &str, flags: u32, mask: u64| {
        let mut facts = host();
        facts.fanotify.push(FanotifyUser { pid: 7, name: "someone".into(), exe: exe.into(), flags, mask });
        fanotify_user(&facts)
    };
    assert_eq!(
        with("/usr/sbin/fapolicyd", 0x4, 0x5_0000).as_deref(),
        Some("fapolicyd (/usr/sbin/fapolicyd)")
    );
    assert_eq!(with("/opt/odd/scanner", 0x8, 0x1_0000).as_deref(), Some("/opt/odd/scanner"));
    assert_eq!(with("", 0x4, 0x1_0000).as_deref(), Some("someone"));
    assert_eq!(with("/usr/bin/watcher", 0x0, 0x3b), None, "it only watches");
    assert_eq!(with("/usr/bin/watcher", 0x4, 0x3b), None, "it could answer, and asks for nothing");
    assert_eq!(with("/opt/palisade/palisade-sensor", 0x4, 0x4_0000), None, "ours");
    let mut elsewhere = host();
    let exe = "/srv/security/palisade-sensor".into();
    elsewhere.fanotify.push(FanotifyUser {
        pid: 7,
        name: "palisade-sensor".into(),
        exe,
        flags: 4,
        mask: 0x4_0000,
    });
    assert!(fanotify_user(&elsewhere).is_some());
    let elsewhere = elsewhere.unit("palisade-sensor.service", UnitState::Active);
    assert_eq!(fanotify_user(&elsewhere), None, "ours, installed into another folder");
}
