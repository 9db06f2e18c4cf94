use super::fixture::{AT, assessed, host, outcome};
use crate::edr::*;
use Outcome::{Healthy, NotApplicable, Unhealthy, Unknown};

const DAY: i64 = 86_400;

fn defender() -> HostFacts {
    host()
        .deb("mdatp")
        .unit("mdatp.service", UnitState::Active)
        .process("/opt/microsoft/mdatp/sbin/wdavdaemon", Place::Same)
}

fn defender_well() -> HostFacts {
    let ago = |days: i64| ((AT - days * DAY) * 1000).to_string();
    defender()
        .value("microsoft_defender.health.licensed", "true")
        .value("microsoft_defender.health.real_time", "true")
        .value("microsoft_defender.health.passive", "false")
        .value("microsoft_defender.health.engine", "Engine load succeeded")
        .value("microsoft_defender.health.definitions", "up_to_date")
        .value("microsoft_defender.health.definitions_age", "159")
        .value("microsoft_defender.history.kept", "x")
        .value("microsoft_defender.history.quick", &ago(2))
        .value("microsoft_defender.history.full", &ago(30))
}

#[test]
fn a_defender_in_order_is_well() {
    let a = assessed(&defender_well(), "microsoft_defender");
    for topic in [Topic::Running, Topic::Protection, Topic::Registration, Topic::Definitions, Topic::Scans] {
        assert_eq!(a.topic(topic), Some(Healthy), "{topic:?} {:?}", a.checks);
    }
    assert_eq!(
        outcome(&a, "defender_managed_without_real_time"),
        None,
        "a file that is not there says nothing"
    );
}

#[test]
fn what_is_wrong_with_a_defender_is_said() {
    let wrong = |key: &str, value: &str| {
        let a = assessed(
            &defender_well().value(&format!("microsoft_defender.{key}"), value),
            "microsoft_defender",
        );
        let bad: Vec<String> =
            a.checks.iter().filter(|c| c.outcome == Unhealthy).map(|c| c.code.clone()).collect();
        assert!(a.checks.iter().filter(|c| c.outcome == Unhealthy).all(|c| !c.message.is_empty()));
        bad.join(" ")
    };
    assert_eq!(wrong("health.licensed", "false"), "defender_not_onboarded");
    assert_eq!(wrong("health.real_time", "false"), "defender_real_time_off");
    assert_eq!(wrong("health.passive", "true"), "defender_passive");
    assert_eq!(wrong("health.engine", "Engine not loaded"), "defender_engine_not_loaded");
    assert_eq!(wrong("health.definitions", "unavailable"), "defender_definitions_unavailable");
    assert_eq!(wrong("health.definitions_age", "10081"), "defender_definitions_old");
    assert_eq!(wrong("health.definitions_age", "10080"), "", "seven days to the minute");
    assert_eq!(wrong("managed.level", "passive"), "defender_managed_without_real_time");
    assert_eq!(wrong("history.quick", &((AT - 8 * DAY) * 1000).to_string()), "scans_old", "now both are old");
}

#[test]
fn scans_are_only_wrong_when_both_are_known_to_be_old() {
    let of = |quick: Option<i64>, full: Option<i64>, kept: bool| {
        let mut facts = defender().source("microsoft_defender.history", SourceState::Ok);
        for (key, days) in [("quick", quick), ("full", full)] {
            if let Some(days) = days {
                facts = facts.value(
                    &format!("microsoft_defender.history.{key}"),
                    &((AT - days * DAY) * 1000).to_string(),
                );
            }
        }
        if kept {
            facts = facts.value("microsoft_defender.history.kept", "x");
        }
        assessed(&facts, "microsoft_defender").topic(Topic::Scans)
    };
    assert_eq!(of(Some(1), Some(99), true), Some(Healthy));
    assert_eq!(of(Some(99), Some(1), true), Some(Healthy));
    assert_eq!(of(Some(99), Some(99), true), Some(Unhealthy));
    assert_eq!(of(None, None, true), Some(Unhealthy), "a history without any scan");
    assert_eq!(of(Some(99), None, true), Some(Unhealthy));
    assert_eq!(of(None, None, false), Some(Unknown), "a file that looks otherwise proves nothing");
    assert_eq!(of(Some(-5), Some(99), true), Some(Unknown), "a scan in the future");
}

#[test]
fn what_cannot_be_seen_is_unknown_and_never_well() {
    for state in [SourceState::Denied, SourceState::Failed, SourceState::Untrusted] {
        let facts = defender().source("microsoft_defender.health", state);
        let a = assessed(&facts, "microsoft_defender");
        for code in ["defender_real_time_off", "defender_not_onboarded", "defender_definitions_old"] {
            assert_eq!(outcome(&a, code), Some(Unknown), "{code} {state:?}");
        }
    }
    let mut facts = defender();
    facts.blind.insert(Section::Commands, "switched off".into());
    assert_eq!(outcome(&assessed(&facts, "microsoft_defender"), "defender_real_time_off"), Some(Unknown));
    // An answer that nobody expects is not a good one.
    let odd = defender_well().value("microsoft_defender.health.real_time", "perhaps");
    assert_eq!(outcome(&assessed(&odd, "microsoft_defender"), "defender_real_time_off"), Some(Unknown));
    // Products of which nothing can be read.
    let symantec = assessed(&host().rpm("sdcss").unit("sisamdagent.service", UnitState::Active), "symantec");
    for topic in [Topic::Protection, Topic::Registration, Topic::Definitions, Topic::Scans] {
        assert_eq!(symantec.topic(topic), Some(Unknown), "{topic:?}");
    }
    assert_eq!(symantec.topic(Topic::Running), Some(Healthy));
    // Cut facts prove no absence.
    let cut = HostFacts { complete: false, ..host().deb("clamav-daemon") };
    let cut = assessed(&cut, "clamav");
    assert!(cut.checks.iter().all(|c| matches!(c.outcome, Unknown | NotApplicable)), "{:?}", cut.checks);
}

#[test]
fn falcon_needs_its_registration_and_its_kernel() {
    let falcon = || host().deb("falcon-sensor").unit("falcon-sensor.service", UnitState::Active);
    let fresh = falcon().source("crowdstrike_falcon.ctl", SourceState::Ok);
    let a = assessed(&fresh, "crowdstrike_falcon");
    assert_eq!(outcome(&a, "falcon_no_agent_id"), Some(Unhealthy));
    assert_eq!(outcome(&a, "falcon_no_customer"), Some(Unhealthy));
    assert_eq!(outcome(&a, "falcon_reduced"), Some(Unknown));
    let refused = falcon().source("crowdstrike_falcon.ctl", SourceState::Failed);
    assert_eq!(outcome(&assessed(&refused, "crowdstrike_falcon"), "falcon_no_agent_id"), Some(Unknown));
    let well = falcon()
        .value("crowdstrike_falcon.ctl.cid", "79391c")
        .value("crowdstrike_falcon.ctl.aid", "44e3b7")
        .value("crowdstrike_falcon.ctl.reduced", "false");
    let a = assessed(&well, "crowdstrike_falcon");
    assert_eq!((a.topic(Topic::Registration), a.topic(Topic::Protection)), (Some(Healthy), Some(Healthy)));
    assert_eq!(a.topic(Topic::Scans), Some(NotApplicable));
    let reduced = well.value("crowdstrike_falcon.ctl.reduced", "true");
    assert_eq!(assessed(&reduced, "crowdstrike_falcon").topic(Topic::Protection), Some(Unhealthy));
}

#[test]
fn clamav_needs_on_access_updates_and_fresh_definitions() {
    let clam = |names: &[&str], age: i64| {
        let mut facts = host().deb("clamav-daemon");
        for name in names {
            facts = facts.process(&format!("/usr/sbin/{name}"), Place::Same);
        }
        facts.files.push(FileFact {
            path: "/var/lib/clamav/daily.cld".into(),
            modified: AT - age * DAY,
            size: 1,
        });
        let a = assessed(&facts, "clamav");
        a.checks.iter().filter(|c| c.outcome == Unhealthy).map(|c| c.code.clone()).collect::<Vec<_>>()
    };
    assert!(clam(&["clamd", "freshclam", "clamonacc"], 1).is_empty());
    assert_eq!(clam(&["clamd", "freshclam"], 1), ["clamav_no_on_access"]);
    assert_eq!(clam(&["clamd", "clamonacc"], 9), ["clamav_definitions_old", "clamav_updates_stopped"]);
    assert_eq!(clam(&["freshclam", "clamonacc"], 1), ["clamav_daemon_stopped"]);
    let none = assessed(&host().deb("clamav-daemon"), "clamav");
    assert_eq!(outcome(&none, "clamav_definitions_old"), Some(Unhealthy), "there are none");
    assert_eq!(outcome(&none, "not_running"), Some(Unhealthy));
    let mut hidden = host().deb("clamav-daemon");
    hidden.hidden.push("/var/lib/clamav/daily.cld".into());
    assert_eq!(outcome(&assessed(&hidden, "clamav"), "clamav_definitions_old"), Some(Unknown));
}

#[test]
fn other_products_are_judged_by_what_they_say() {
    let check = |id: &str, package: &str, key: &str, value: &str, code: &str| {
        outcome(&assessed(&host().deb(package).value(&format!("{id}.{key}"), value), id), code)
    };
    let wazuh = |value| check("wazuh", "wazuh-agent", "config.manager", value, "wazuh_no_manager");
    assert_eq!((wazuh("10.1.1.1"), wazuh("MANAGER_IP")), (Some(Healthy), Some(Unhealthy)));
    let none = host().deb("wazuh-agent").source("wazuh.config", SourceState::Ok);
    assert_eq!(outcome(&assessed(&none, "wazuh"), "wazuh_no_manager"), Some(Unhealthy));
    let denied = host().deb("wazuh-agent").source("wazuh.config", SourceState::Denied);
    assert_eq!(outcome(&assessed(&denied, "wazuh"), "wazuh_no_manager"), Some(Unknown));
    let link = |value| check("wazuh", "wazuh-agent", "state.status", value, "wazuh_not_connected");
    assert_eq!(
        (link("connected"), link("pending"), link("odd")),
        (Some(Healthy), Some(Unhealthy), Some(Unknown))
    );

    let s1 = |value| check("sentinelone", "sentinelagent", "control.state", value, "sentinelone_disabled");
    assert_eq!((s1("Enabled"), s1("Disabled by user")), (Some(Healthy), Some(Unhealthy)));
    let cortex = |value| check("cortex_xdr", "cortex-agent", "runtime.pmd", value, "cortex_stopped");
    assert_eq!(
        (cortex("912 root Running /opt"), cortex("N/A N/A Stopped")),
        (Some(Healthy), Some(Unhealthy))
    );
    let kesl = |value| {
        check("kaspersky", "kesl", "info.file_protection", value, "kaspersky_file_protection_stopped")
    };
    assert_eq!(kesl("Available and stopped"), Some(Unhealthy));
    assert_eq!(kesl("Available and running"), Some(Healthy));
    let bases = |value| check("kaspersky", "kesl", "info.databases", value, "kaspersky_databases_old");
    assert_eq!(
        (bases("2025-11-24 04:11:00"), bases("2018-08-23 04:11:00")),
        (Some(Healthy), Some(Unhealthy))
    );
    let never = host().deb("kesl").value("kaspersky.info.full_scan", "Never run");
    assert_eq!(assessed(&never, "kaspersky").topic(Topic::Scans), Some(Unknown), "quick scans are not seen");
    let eset = |value| check("eset", "efs", "modules_efs.engine", value, "eset_server_definitions_old");
    assert_eq!(
        (eset("1 (20251120) Detection"), eset("1 (20240101) Detection")),
        (Some(Healthy), Some(Unhealthy))
    );
    let trend = |value| check("trend_micro", "ds-agent", "malware.mode", value, "trend_antimalware_off");
    assert_eq!((trend("on"), trend("off")), (Some(Healthy), Some(Unhealthy)));
    let bit = |value| {
        check(
            "bitdefender",
            "bitdefender-security-tools",
            "status.antimalware",
            value,
            "bitdefender_antimalware_off",
        )
    };
    assert_eq!((bit("On"), bit("Off")), (Some(Healthy), Some(Unhealthy)));
    let trellix = host().rpm("McAfeeTP").value("trellix.oas.state", "Disabled");
    assert_eq!(outcome(&assessed(&trellix, "trellix"), "trellix_on_access_off"), Some(Unhealthy));
    let sophos = host().unit("sophos-spl.service", UnitState::Active);
    assert_eq!(outcome(&assessed(&sophos, "sophos"), "sophos_on_access_stopped"), Some(Unhealthy));
    let sophos = sophos.process("/opt/sophos-spl/plugins/av/sbin/soapd", Place::Same);
    assert_eq!(outcome(&assessed(&sophos, "sophos"), "sophos_on_access_stopped"), Some(Healthy));
}

/// Each value that a check knows leads to what the catalogue says, for every product.
#[test]
fn every_check_fails_and_passes_by_its_values() {
    for p in &products_known().all {
        for c in p.checks.iter().filter(|c| !matches!(c.of, Topic::QuickScan | Topic::FullScan)) {
            let Some(key) = &c.value else { continue };
            let with = |value: &str| {
                let unit = p.units.first().expect("a unit");
                let facts = host().unit(unit, UnitState::Active).value(&format!("{}.{key}", p.id), value);
                outcome(&assessed(&facts, &p.id), &c.code)
            };
            for value in &c.good {
                assert_eq!(with(&value.replace('*', "x")), Some(Healthy), "{} {value}", c.code);
            }
            for value in &c.bad {
                assert_eq!(with(&value.replace('*', "x")), Some(Unhealthy), "{} {value}", c.code);
            }
        }
    }
}
