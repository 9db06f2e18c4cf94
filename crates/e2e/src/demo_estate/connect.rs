//! From an inventory to installed sensors.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use crate::steps::{Steps, until};
use crate::world::{NAMES, SENSOR_PID, WINDOWS, World};

/// What the connector is called, and its subscription.
const CONNECTOR: &str = "demo-ssh";
pub const SUBSCRIPTION: &str = "Demonstration";
/// All machines were looked at within this: the first look came before their keys were confirmed.
const LOOKED: Duration = Duration::from_secs(240);
/// A roll-out is through within this; the sensor is pushed into an emulated machine.
const ROLLED_OUT: Duration = Duration::from_secs(300);

/// Subscription, connector, host keys.
pub fn connect(world: &mut World, steps: &mut Steps) -> Result<()> {
    // A sensor sends a heartbeat each minute, so two are missing then.
    let set = world.api.heartbeat_thresholds(120, 120).map(|()| ((), "lost after 2 minutes".into()));
    steps.must("thresholds are set for a short story", set)?;

    let made = world.palisade(steps, &["subscriptions", "create", SUBSCRIPTION]);
    steps.must("a subscription is made", made.map(|_| ((), String::new())))?;

    let folder = tempfile::tempdir()?;
    let inventory = folder.path().join("inventory.ini");
    std::fs::write(&inventory, written(world))?;
    steps.note(&format!("$ cat {}\n{}", inventory.display(), written(world)));
    let (inventory, key) = (inventory.display().to_string(), world.key.private_file().display().to_string());
    let with = [
        "--subscription",
        SUBSCRIPTION,
        "--form",
        "ini",
        "--inventory",
        &inventory,
        "--user",
        "deploy",
        "--key",
        &key,
    ];
    let made = world.palisade(steps, &[&["connectors", "add", CONNECTOR], &with[..]].concat());
    steps.must("an SSH connector is made of that inventory", made.map(|_| ((), String::new())))?;

    let seen = world.palisade(steps, &["connectors", "host-keys", CONNECTOR]).and_then(|seen| {
        let unseen = world.logins().into_iter().find(|l| !seen.contains(&l.address().to_string()));
        ensure!(unseen.is_none(), "no key of {unseen:?}");
        Ok(((), String::new()))
    });
    steps.must("it has seen the host keys and confirmed none", seen)?;
    // Keys that came from the hosts by another way, as those of a provisioning system would.
    let known = folder.path().join("known_hosts");
    let lines: String = world.logins().map(|l| format!("{} {}\n", l.address(), l.host_key())).concat();
    std::fs::write(&known, lines)?;
    let known = known.display().to_string();
    let confirmed = world.palisade(steps, &["connectors", "confirm", CONNECTOR, "--known-hosts", &known]);
    let confirmed = confirmed.and_then(|said| {
        ensure!(said.starts_with("3 "), "{said}");
        Ok(((), String::new()))
    });
    steps.must("the three keys are confirmed by a list of ours", confirmed)?;
    let tested = world.palisade(steps, &["connectors", "test", CONNECTOR]).and_then(|said| {
        ensure!(!said.contains(" failed "), "{said}");
        Ok(((), String::new()))
    });
    steps.must("the connector's test is well", tested)
}

fn written(world: &World) -> String {
    let hosts = NAMES.iter().zip(world.logins());
    let hosts: String = hosts.map(|(n, l)| format!("{n} ansible_host={}\n", l.address())).collect();
    format!(
        "[linux]\n{hosts}\n[windows]\n{WINDOWS} ansible_connection=winrm palisade_tag_os='Windows Server 2022'\n"
    )
}

/// What would be done, before anything is.
pub fn dry_run(world: &mut World, steps: &mut Steps) -> Result<()> {
    let planned = until(LOOKED, || {
        let plan = world.asked(&["connectors", "plan", CONNECTOR, "--format", "json"])?;
        let plan: Vec<Value> = serde_json::from_str(&plan)?;
        let of = |name: &str| {
            let found = plan.iter().find(|p| p["machine"] == name);
            ["plan", "code"].map(|key| found.and_then(|p| p[key].as_str()).unwrap_or_default().to_owned())
        };
        let wanted = [
            (NAMES[0], ["install", ""]),
            (NAMES[1], ["stop", "disk_insufficient"]),
            (NAMES[2], ["install", ""]),
            (WINDOWS, ["exclude", "no_sensor_for_os"]),
        ];
        for (name, wanted) in wanted {
            ensure!(of(name) == wanted, "{name}: {:?}", of(name));
        }
        Ok(((), String::new()))
    });
    steps.must("the dry run names two to install, one to stop at, one to leave out", planned)?;
    world.palisade(steps, &["connectors", "plan", CONNECTOR])?;
    let untouched = world
        .logins()
        .into_iter()
        .try_for_each(|l| l.say("test ! -e /etc/palisade && test ! -e /var/lib/palisade-sensor").map(|_| ()));
    steps.must("nothing was changed on any host", untouched.map(|()| ((), String::new())))
}

/// Installs; two get well, the third cannot, the fourth is not asked.
pub fn roll_out(world: &mut World, steps: &mut Steps) -> Result<()> {
    let api = &world.api;
    let begun = world.palisade(steps, &["connectors", "rollout", CONNECTOR]).map(|_| ((), String::new()));
    steps.must("the roll-out begins", begun)?;

    let refused = until(ROLLED_OUT, || {
        let b = api.machine(NAMES[1])?;
        ensure!(b.status == "unhealthy" && b.device.is_none(), "{b:?}");
        let findings = api.findings(&b.id)?;
        let Some(f) = findings.iter().find(|f| f.code == "disk_insufficient") else { bail!("{findings:?}") };
        ensure!(f.kind == "installation" && f.weight == "unhealthy", "{f:?}");
        let failed = api.preflight(&b.id)?.into_iter().filter(|(_, result, _)| result == "failed");
        let failed: Vec<_> = failed.map(|(check, _, found)| format!("{check} ({found})")).collect();
        ensure!(!failed.is_empty(), "no check of its preflight failed");
        Ok((f.clone(), format!("{}, by its preflight: {}", f.code, failed.join(", "))))
    });
    let finding = steps.must("the host with the small disk is unhealthy by installation", refused)?;
    steps.note(&format!("{}\nfix: {}", finding.message, finding.remediation));

    for (name, how) in [(NAMES[0], "the foreground supervisor"), (NAMES[2], "systemd")] {
        let healthy = until(ROLLED_OUT, || {
            let m = api.machine(name)?;
            let why = || api.findings(&m.id).map(|f| format!("{f:?}; tasks {:?}", api.tasks(&m.id)));
            ensure!(m.status == "healthy" && m.extension == "on", "{m:?}: {}", why()?);
            Ok(((), format!("device {}", m.device.unwrap_or_default())))
        });
        steps.must(&format!("{name} is healthy, its sensor run by {how}"), healthy)?;
    }
    let by_unit = world.c.login().say("systemctl is-active palisade-sensor").map(|s| s.trim().to_owned());
    steps.check("systemd says that the unit is active", by_unit);
    let none = world.a.login().say(&format!("test ! -d /run/systemd/system; sudo kill -0 $({SENSOR_PID})"));
    steps.check("the other host runs it without systemd", none.map(|_| String::new()));

    let windows = api.machine(WINDOWS).and_then(|m| {
        let findings = api.findings(&m.id)?;
        ensure!(m.status == "not_applicable" && m.device.is_none(), "{m:?}");
        ensure!(findings.iter().any(|f| f.code == "no_sensor_for_os"), "{findings:?}");
        Ok(findings.first().map(|f| f.message.clone()).unwrap_or_default())
    });
    steps.check("the fourth entry is not applicable", windows);
    let protection = api.protection(SUBSCRIPTION).and_then(|label| {
        ensure!(label == "1 of 3 components missing", "{label}");
        Ok(label)
    });
    steps.check("the subscription's endpoint protection is partial", protection);
    Ok(())
}
