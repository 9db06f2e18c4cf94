//! A machine moves to another subscription of its tenant, in the middle of an hour.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use palisade_types::TimeMicros;
use serde_json::Value;

use crate::connect::{ELSEWHERE, SUBSCRIPTION};
use crate::steps::{Steps, until};
use crate::world::{NAMES, World};

/// An event is there within this.
const SEEN: Duration = Duration::from_secs(60);
/// The reconciler works a request off within a step or two.
const APPLIED: Duration = Duration::from_secs(30);
/// The meter looks every five seconds for what is due.
const METERED: Duration = Duration::from_secs(60);

/// Moves the first host; the device and its history stay, the extension is deployed anew, hours are split.
pub fn machine_moves(world: &mut World, steps: &mut Steps, whole_hour: bool) -> Result<()> {
    let api = &world.api;
    let before = api.machine(NAMES[0])?;
    let device = before.device.clone().context("it has a device")?;
    let marker = format!("marker-{}-before-the-move", std::process::id());
    world.a.login().say(&format!("/bin/echo {marker} >/dev/null"))?;
    until(SEEN, || {
        ensure!(api.timeline(&device, &marker)? > 0, "the event is not in the timeline yet");
        Ok(())
    })?;
    metered_in(world, &before.id, &[SUBSCRIPTION])?;

    world.palisade(steps, &["machines", "move", NAMES[0], "--to", ELSEWHERE])?;
    let moved = until(APPLIED, || {
        let now = api.machine(NAMES[0])?;
        ensure!(now.subscription == ELSEWHERE && now.extension == "on", "{now:?}");
        ensure!(now.device.as_ref() == Some(&device) && now.id == before.id, "another one: {now:?}");
        // Newest first: the move was asked for, and the extension deployed because of it.
        let tasks = api.tasks(&now.id)?;
        let at = |action: &str| tasks.iter().position(|(a, ..)| a == action);
        let (deployed, asked) = (at("deploy_extension"), at("moved"));
        ensure!(deployed.is_some() && deployed < asked, "{tasks:?}");
        Ok(((), format!("device {device} stays, {} deployed anew", now.extension_name)))
    });
    steps.must("a machine moves to another subscription in the middle of an hour", moved)?;
    let kept = api.timeline(&device, &marker).and_then(|events| {
        ensure!(events > 0, "the event of before is gone");
        Ok(format!("{events} events of before the move"))
    });
    steps.check("its timeline stays", kept);

    if whole_hour {
        wait_for_the_hour(steps)?;
    } else {
        date_back(world, &before.id)?;
        steps.note(
            "Hours belong whole to where a machine was first. So as not to wait for the next one, all that\n\
             was metered of it is dated back by an hour in the database, as if it had moved an hour ago;\n\
             `make demo-estate HOUR=1` waits instead.",
        );
    }
    let split = metered_in(world, &before.id, &[SUBSCRIPTION, ELSEWHERE]).map(|found| ((), found));
    let from = yesterday();
    let by = ["usage", "--by", "hour,machine,subscription,plan", "--machine", &before.id, "--from", &from];
    world.palisade(steps, &by)?;
    steps.must("its usage splits at the hour, by command line and API", split)
}

/// Waits until its hours, one after the other, are of these subscriptions, each hour of one; says them.
fn metered_in(world: &World, machine: &str, wanted: &[&str]) -> Result<String> {
    until(METERED, || {
        let from = yesterday();
        let by =
            ["usage", "--by", "hour,subscription", "--machine", machine, "--from", &from, "--format", "json"];
        let told: Vec<Value> = serde_json::from_str(&world.asked(&by)?)?;
        let mut hours: Vec<(String, String)> = told
            .iter()
            .map(|row| {
                ensure!(row["hours"] == 1, "{row}");
                let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
                Ok((text("hour"), text("subscription")))
            })
            .collect::<Result<_>>()?;
        hours.sort();
        ensure!(hours == world.api.hours(machine, &from)?, "command line and API differ: {hours:?}");
        let doubled = hours.windows(2).find(|w| w[0].0 == w[1].0);
        ensure!(doubled.is_none(), "an hour is counted twice: {hours:?}");
        let mut places: Vec<&str> = hours.iter().map(|(_, place)| place.as_str()).collect();
        places.dedup();
        ensure!(places == wanted, "{hours:?}");
        let words = hours.iter().map(|(hour, place)| format!("{} {place}", hour.get(..16).unwrap_or(hour)));
        Ok(words.collect::<Vec<_>>().join(", "))
    })
}

/// The hour before this one may be of the month before.
fn yesterday() -> String {
    TimeMicros::now().plus_micros(-86_400_000_000).to_rfc3339()
}

/// An hour later nothing else would be different: all that the meter knows of a machine, an hour earlier.
fn date_back(world: &World, machine: &str) -> Result<()> {
    let tenant = world.product.record()?["tenant"].as_str().context("the tenant's id")?.to_owned();
    let sql = format!(
        "BEGIN; SELECT set_config('app.tenant', '{tenant}', true);
         UPDATE meter_heard SET from_at = from_at - 3600000000 WHERE machine_id = '{machine}';
         UPDATE meter_facts SET at = at - 3600000000 WHERE machine_id = '{machine}';
         COMMIT;"
    );
    let out = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--username", "palisade_owner"])
        .args(["--dbname", "region", "--command", &sql, "--host"])
        .arg(world.product.home().join("pg/run"))
        .output()
        .context("running psql")?;
    if !out.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&out.stderr));
    }
    Ok(())
}

fn wait_for_the_hour(steps: &Steps) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let left = 3600 - now % 3600;
    steps.note(&format!("{} min {} s until the next hour begins", left / 60, left % 60));
    std::thread::sleep(Duration::from_secs(left));
    Ok(())
}
