//! From an inventory to installed sensors.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use palisade_testkit::hosts::Login;
use serde_json::Value;

use crate::steps::{Steps, until};
use crate::world::{NAMES, SENSOR_PID, WINDOWS, World};

/// What the connectors are called, and the subscriptions.
const CONNECTOR: &str = "demo-ssh";
pub const SHOP_CONNECTOR: &str = "shop-ssh";
pub const SUBSCRIPTION: &str = "Demonstration";
/// Where a machine is moved to.
pub const ELSEWHERE: &str = "Elsewhere";
/// What is moved to another tenant.
pub const SHOP: &str = "Shop";
/// All machines were looked at within this.
const LOOKED: Duration = Duration::from_secs(240);
/// A roll-out is through within this; the sensor is pushed into an emulated machine.
const ROLLED_OUT: Duration = Duration::from_secs(300);

/// An SSH connector to be made.
pub struct NewConnector<'a> {
    pub name: &'a str,
    pub subscription: &'a str,
    /// Its inventory, in Ansible's form.
    pub inventory: &'a str,
    pub hosts: &'a [&'a Login],
}

/// Subscriptions, connectors, host keys.
pub fn connect(world: &mut World, steps: &mut Steps) -> Result<()> {
    let set = world.api.thresholds(60, 30).map(|()| ((), "lost after a minute".into()));
    steps.must("thresholds are set for a short story", set)?;

    let made =
        [(SUBSCRIPTION, "p2"), (ELSEWHERE, "p2"), (SHOP, "p1")].into_iter().try_for_each(|(name, plan)| {
            world.palisade(steps, &["subscriptions", "create", name])?;
            world.palisade(steps, &["subscriptions", "plan", name, plan]).map(|_| ())
        });
    steps.must("three subscriptions are made, each with a plan", made.map(|()| ((), String::new())))?;

    let [a, b, c, d] = world.logins();
    let inventory = format!(
        "[linux]\n{}\n[windows]\n{WINDOWS} ansible_connection=winrm palisade_tag_os='Windows Server 2022'\n",
        entries(&NAMES[..3], &[a, b, c]),
    );
    steps.note(&format!("$ cat inventory.ini\n{inventory}"));
    let new = NewConnector {
        name: CONNECTOR,
        subscription: SUBSCRIPTION,
        inventory: &inventory,
        hosts: &[a, b, c],
    };
    let made = connector(world, steps, &new, &[]).map(|()| ((), String::new()));
    steps.must("an SSH connector is made of that inventory; it has seen the host keys, and believes them by a list of ours", made)?;
    let tested = world.palisade(steps, &["connectors", "test", CONNECTOR]).and_then(|said| {
        ensure!(!said.contains(" failed "), "{said}");
        Ok(((), String::new()))
    });
    steps.must("the connector's test is well", tested)?;
    let inventory = entries(&NAMES[3..], &[d]);
    let new = NewConnector { name: SHOP_CONNECTOR, subscription: SHOP, inventory: &inventory, hosts: &[d] };
    let made = connector(world, steps, &new, &[]).map(|()| ((), String::new()));
    steps.must("another connector is made for another subscription", made)
}

/// Lines of an inventory.
pub fn entries(names: &[&str], logins: &[&Login]) -> String {
    names.iter().zip(logins).map(|(n, l)| format!("{n} ansible_host={}\n", l.address())).collect()
}

/// Makes a connector and confirms its host keys by a list of our own; `tenant` are the words before a
/// command that say whose it is.
pub fn connector(world: &World, steps: &Steps, new: &NewConnector<'_>, tenant: &[&str]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let inventory = folder.path().join("inventory.ini");
    std::fs::write(&inventory, new.inventory)?;
    let (inventory, key) = (inventory.display().to_string(), world.key.private_file().display().to_string());
    let add = ["connectors", "add", new.name, "--subscription", new.subscription, "--form", "ini"];
    let with = ["--inventory", &inventory, "--user", "deploy", "--key", &key];
    world.palisade(steps, &[tenant, &add, &with].concat())?;

    let seen = world.palisade(steps, &[tenant, &["connectors", "host-keys", new.name]].concat())?;
    let unseen = new.hosts.iter().find(|l| !seen.contains(&l.address().to_string()));
    ensure!(unseen.is_none(), "no key of {unseen:?}");
    // Keys that came from the hosts by another way, as those of a provisioning system would.
    let known = folder.path().join("known_hosts");
    let lines: String = new.hosts.iter().map(|l| format!("{} {}\n", l.address(), l.host_key())).collect();
    std::fs::write(&known, lines)?;
    let known = known.display().to_string();
    let confirm = [tenant, &["connectors", "confirm", new.name, "--known-hosts", &known]].concat();
    let confirmed = world.palisade(steps, &confirm)?;
    ensure!(confirmed.starts_with(&format!("{} ", new.hosts.len())), "{confirmed}");
    Ok(())
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

/// Begins to install.
pub fn roll_out(world: &mut World, steps: &mut Steps) -> Result<()> {
    let api = &world.api;
    let begun = [CONNECTOR, SHOP_CONNECTOR]
        .into_iter()
        .try_for_each(|name| world.palisade(steps, &["connectors", "rollout", name]).map(|_| ()));
    steps.must("the roll-out begins", begun.map(|()| ((), String::new())))?;

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

    for name in [NAMES[0], NAMES[3]] {
        healthy(world, steps, name, "the foreground supervisor")?;
    }
    let none = world.a.login().say(&format!("test ! -d /run/systemd/system; sudo kill -0 $({SENSOR_PID})"));
    steps.check("there is no systemd on the first host", none.map(|_| String::new()));
    Ok(())
}

fn healthy(world: &World, steps: &mut Steps, name: &str, how: &str) -> Result<()> {
    let api = &world.api;
    let healthy = until(ROLLED_OUT, || {
        let m = api.machine(name)?;
        let why = || api.findings(&m.id).map(|f| format!("{f:?}; tasks {:?}", api.tasks(&m.id)));
        ensure!(m.status == "healthy" && m.extension == "on", "{m:?}: {}", why()?);
        ensure!(m.os == "debian", "its system is not known: {m:?}");
        Ok(((), format!("device {}", m.device.unwrap_or_default())))
    });
    steps.must(&format!("{name} is healthy, its sensor run by {how}"), healthy)
}

/// What takes longer in an emulated machine, and how the subscription stands then.
pub fn rolled_out(world: &mut World, steps: &mut Steps) -> Result<()> {
    healthy(world, steps, NAMES[2], "systemd")?;
    let by_unit = world.c.login().say("systemctl is-active palisade-sensor").map(|s| s.trim().to_owned());
    steps.check("systemd says that the unit is active", by_unit);
    let api = &world.api;
    let windows = api.machine(WINDOWS).and_then(|m| {
        let findings = api.findings(&m.id)?;
        ensure!(m.status == "not_applicable" && m.device.is_none(), "{m:?}");
        ensure!(findings.iter().any(|f| f.code == "no_sensor_for_os"), "{findings:?}");
        Ok(findings.first().map(|f| f.message.clone()).unwrap_or_default())
    });
    steps.check("the fourth entry is not applicable", windows);
    // The first host has been moved away meanwhile.
    let protection = api.protection(SUBSCRIPTION).and_then(|label| {
        ensure!(label == "1 of 2 components missing", "{label}");
        Ok(label)
    });
    steps.check("the subscription's endpoint protection is partial", protection);
    Ok(())
}
