//! A subscription moves to another tenant, which lives in another region.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::connect::{self, NewConnector, SHOP, SHOP_CONNECTOR};
use crate::steps::{Steps, until};
use crate::world::{NAMES, PARTNER, REGION, World};

/// Says a command for the other tenant.
const THEIRS: [&str; 2] = ["--tenant", PARTNER];
/// A revoked certificate is refused within this.
const REFUSED: Duration = Duration::from_secs(120);
/// The other tenant's connector has installed its sensor within this.
const ARRIVED: Duration = Duration::from_secs(240);
/// An event is there within this.
const SEEN: Duration = Duration::from_secs(90);
/// How the sensor says why it cannot send.
const WHY: &str = "sudo /opt/palisade/bin/palisade-sensor status --json || true";

/// Moves the subscription by the guided procedure.
pub fn subscription_moves(world: &mut World, steps: &mut Steps) -> Result<()> {
    let own = std::process::id();
    let marks = [format!("marker-{own}-with-the-old"), format!("marker-{own}-with-the-new")];
    let before = world.api.machine(NAMES[3])?;
    let old = before.device.context("it has a device")?;
    echo(world, &marks[0])?;
    until(SEEN, || {
        ensure!(rows(world, &[], &marks[0])? > 0, "it is not there yet");
        Ok(())
    })?;
    let tokens = world.api.enrolment_tokens(&before.id)?;

    let transfer = ["subscriptions", "transfer", SHOP, "--to", PARTNER];
    let said = world.palisade(steps, &[&transfer[..], &["--yes"]].concat());
    let let_go = said.and_then(|said| {
        for word in
            ["from region local to region", "prepared:", "offboarded: 1 machines", "re-enrolling: 0 of 1"]
        {
            ensure!(said.contains(word), "no {word:?}: {said}");
        }
        let (state, has_credential) = world.api.connector(SHOP_CONNECTOR)?;
        ensure!(state == "revoked" && !has_credential, "{SHOP_CONNECTOR} is {state}");
        let left = world.api.enrolment_tokens(&before.id)?;
        ensure!(tokens > 0 && left == 0, "{left} of {tokens} enrolment tokens are left");
        Ok(((), format!("the connector's credential and {tokens} enrolment tokens are gone")))
    });
    steps.must("a subscription is prepared for another tenant, and its own lets go of it", let_go)?;
    let refused = until(REFUSED, || {
        let status: Value = serde_json::from_str(&world.d.login().say(WHY)?)?;
        let why = status["connection"]["error_code"].as_str().unwrap_or_default();
        ensure!(why == "certificate_revoked", "{}", status["connection"]);
        Ok(((), why.to_owned()))
    });
    steps.must("the sensor there is refused", refused)?;

    let inventory = connect::entries(&NAMES[3..], &[world.d.login()]);
    let new = NewConnector {
        name: SHOP_CONNECTOR,
        subscription: SHOP,
        inventory: &inventory,
        hosts: &[world.d.login()],
    };
    let connected = connect::connector(world, steps, &new, &THEIRS).and_then(|()| {
        world.palisade(steps, &[&THEIRS[..], &["connectors", "rollout", SHOP_CONNECTOR]].concat())
    });
    steps.must("the other tenant connects it", connected.map(|_| ((), String::new())))?;
    let arrived = until(ARRIVED, || {
        let health = world.asked(&[&THEIRS[..], &["health", "--json"]].concat())?;
        let health: Vec<Value> = serde_json::from_str(&health)?;
        let [machine] = &health[..] else { anyhow::bail!("{health:?}") };
        ensure!(machine["status"] == "healthy", "{machine}");
        let device = machine["device_id"].as_str().unwrap_or_default().to_owned();
        ensure!(machine["machine"] == NAMES[3] && device != old, "{machine}");
        Ok(((), format!("device {device}, in region {REGION}")))
    });
    steps.must("the machine enrols there by itself, as a new device, and is healthy", arrived)?;
    let done = world.palisade(steps, &transfer).and_then(|said| {
        ensure!(said.contains("done: 1 of 1 machines have arrived"), "{said}");
        Ok(((), String::new()))
    });
    steps.must("the transfer is done", done)?;

    echo(world, &marks[1])?;
    let apart = until(SEEN, || {
        let seen = [rows(world, &THEIRS, &marks[1])?, rows(world, &THEIRS, &marks[0])?];
        ensure!(seen[0] > 0, "the new tenant does not see what came after yet");
        ensure!(seen[1] == 0, "the new tenant sees {} rows of before", seen[1]);
        let seen = [rows(world, &[], &marks[0])?, rows(world, &[], &marks[1])?];
        ensure!(seen[0] > 0 && seen[1] == 0, "the old tenant sees {seen:?} rows of before and after");
        let devices = world.asked(&[&THEIRS[..], &["devices", "--format", "json"]].concat())?;
        ensure!(!devices.contains(&old), "the new tenant knows the old device");
        let usage = |whose: &[&str]| {
            world.asked(&[whose, &["usage", "--by", "subscription", "--format", "json"]].concat())
        };
        ensure!(usage(&[])?.contains(SHOP), "the old tenant's usage of it is gone");
        ensure!(!usage(&THEIRS)?.contains(SHOP), "the new tenant sees usage");
        Ok(())
    });
    let what = "history and usage stay with the old tenant, the new one sees only what came after";
    steps.check(what, apart.map(|()| String::new()));
    Ok(())
}

fn echo(world: &World, mark: &str) -> Result<()> {
    world.d.login().say(&format!("/bin/echo {mark} >/dev/null")).map(|_| ())
}

/// How many process events of a tenant hold a mark.
fn rows(world: &World, whose: &[&str], mark: &str) -> Result<u64> {
    let text = format!("DeviceProcessEvents | where ProcessCommandLine contains '{mark}' | count");
    let answer = world.asked(&[whose, &["query", &text, "--format", "json"]].concat())?;
    let answer: Value = serde_json::from_str(&answer)?;
    answer[0]["Count"].as_u64().with_context(|| format!("no count: {answer}"))
}
