//! What goes wrong, is said, and is mended.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::connect::ELSEWHERE;
use crate::steps::{Steps, until};
use crate::world::{FILLER, NAMES, SENSOR_PID, World};

/// Silence becomes a finding within the threshold of a minute, and a heartbeat.
const LOST: Duration = Duration::from_secs(240);
/// What is mended is seen within this: causes have to stay away for a while.
const MENDED: Duration = Duration::from_secs(420);
/// A deleted extension is back within this.
const REDEPLOYED: Duration = Duration::from_secs(60);

/// Requests are applied within a second or two.
const APPLIED: Duration = Duration::from_secs(5);

/// Pulls the guest's cable.
pub fn network_cut(world: &mut World, steps: &mut Steps) -> Result<()> {
    let cut = world.c.cable().cut().map(|()| ((), String::new()));
    steps.must("the virtual machine's network is cut; that takes a minute to be sure of", cut)
}

/// Waits until that is noticed.
pub fn heartbeat_lost(world: &mut World, steps: &mut Steps) -> Result<()> {
    let api = &world.api;
    let lost = until(LOST, || {
        let c = api.machine(NAMES[2])?;
        let findings = api.findings(&c.id)?;
        ensure!(c.status == "unhealthy", "it is {}: {findings:?}", c.status);
        let Some(f) = findings.iter().find(|f| f.code == "heartbeat_lost") else { bail!("{findings:?}") };
        ensure!(f.kind == "heartbeat" && f.weight == "unhealthy", "{f:?}");
        Ok((f.clone(), f.code.clone()))
    });
    let finding = steps.must("the virtual machine is unhealthy by heartbeat", lost)?;
    steps.note(&format!("{}\nfix: {}", finding.message, finding.remediation));
    Ok(())
}

/// One machine of each kind at the same time.
pub fn picture(world: &mut World, steps: &mut Steps) -> Result<()> {
    let seen = world.api.machines().and_then(|all| {
        let status =
            |name: &str| all.iter().find(|m| m.name == name).map(|m| m.status.clone()).unwrap_or_default();
        let now = [NAMES[0], NAMES[1], NAMES[2], crate::world::WINDOWS, NAMES[3]].map(status);
        ensure!(now == ["healthy", "unhealthy", "unhealthy", "not_applicable", "healthy"], "{now:?}");
        Ok(String::new())
    });
    let what = "of the first connector one is healthy, two are not for two reasons, one is not applicable";
    steps.check(what, seen);
    world.palisade(steps, &["health"]).map(|_| ())
}

/// Does what the findings say on the host with the small disk and at the cable, and nothing else.
pub fn mend(world: &mut World, steps: &mut Steps) -> Result<()> {
    let room = world.b.login().say(&format!("sudo rm {FILLER}")).and_then(|_| world.c.cable().join());
    steps.must(
        "room is made on the small disk, and the cable is plugged in",
        room.map(|()| ((), String::new())),
    )
}

/// Waits until the host with the small disk has its sensor.
pub fn room_made(world: &mut World, steps: &mut Steps) -> Result<()> {
    let api = &world.api;
    let healthy = until(MENDED, || {
        let m = api.machine(NAMES[1])?;
        let why = || api.findings(&m.id).map(|f| format!("{f:?}; tasks {:?}", api.tasks(&m.id)));
        ensure!(m.status == "healthy" && m.extension == "on", "{m:?}: {}", why()?);
        Ok(((), format!("device {}", m.device.unwrap_or_default())))
    });
    steps.must("the host with the small disk is healthy with no further hand", healthy)
}

/// Waits until the guest is heard again.
pub fn network_back(world: &mut World, steps: &mut Steps) -> Result<()> {
    let api = &world.api;
    let device = api.machine(NAMES[2])?.device;
    let healthy = until(MENDED, || {
        let m = api.machine(NAMES[2])?;
        ensure!(m.status == "healthy", "{m:?}: {:?}", api.findings(&m.id)?);
        ensure!(m.device == device, "it is another device: {m:?}");
        Ok(((), "the same device".into()))
    });
    steps.must("the virtual machine is healthy again", healthy)
}

/// Deletes an extension: the record, not the sensor. While the component is on, the record is written
/// anew in the same step, so that it is also deleted while the component is off, where it stays away.
pub fn extension_deleted(world: &mut World, steps: &mut Steps) -> Result<()> {
    let api = &world.api;
    let before = api.machine(NAMES[0])?;
    let running = format!("p=$({SENSOR_PID}); echo $p; sudo kill -0 $p");
    let sensor = world.a.login().say(&running)?;
    let extension = |wanted: &str, begun: Instant, settled: Duration| {
        until(REDEPLOYED, || {
            ensure!(begun.elapsed() >= settled, "what was asked for may not be done yet");
            let now = api.machine(NAMES[0])?;
            ensure!(now.extension == wanted, "it is {}", now.extension);
            ensure!(now.device == before.device, "another device: {now:?}");
            Ok(((), format!("{wanted} after {:.1} s", begun.elapsed().as_secs_f64())))
        })
    };
    world.palisade(steps, &["machines", "remove-extension", NAMES[0]])?;
    steps.must(
        "an extension is deleted: it is back within a minute",
        extension("on", Instant::now(), APPLIED),
    )?;
    let told = api.tasks(&before.id).and_then(|tasks| {
        let at = |action: &str| tasks.iter().position(|(a, _, outcome)| a == action && outcome == "done");
        let (asked, back) = (at("remove_extension"), at("deploy_extension"));
        ensure!(back.is_some() && back < asked, "{tasks:?}");
        let by = asked.map(|i| tasks[i].1.clone()).unwrap_or_default();
        ensure!(!by.is_empty(), "nobody asked: {tasks:?}");
        Ok(format!("deleted by {by}, deployed by itself"))
    });
    steps.check("what was done on the machine says so", told);
    world.palisade(steps, &["subscriptions", "set", ELSEWHERE, "--protection", "off"])?;
    world.palisade(steps, &["machines", "remove-extension", NAMES[0]])?;
    steps.must(
        "deleted while the component is off, it stays away",
        extension("partial", Instant::now(), Duration::ZERO),
    )?;
    world.palisade(steps, &["subscriptions", "set", ELSEWHERE, "--protection", "on"])?;
    steps.must(
        "the component is on again: it is back within a minute",
        extension("on", Instant::now(), Duration::ZERO),
    )?;
    let same = world.a.login().say(&running).and_then(|now| {
        ensure!(now == sensor, "{sensor} became {now}");
        Ok(String::new())
    });
    steps.check("the sensor behind it went on running", same);
    Ok(())
}

/// Deletes a sensor's program by hand.
pub fn sensor_deleted(world: &mut World, steps: &mut Steps) -> Result<()> {
    let api = &world.api;
    let id = api.machine(NAMES[0])?.id;
    let installed = world.a.login().say("sudo find /opt/palisade -type f -name 'palisade-sensor*' | head -1");
    let program = steps.must("the sensor's program is found", installed.map(|p| (p.trim().to_owned(), p)))?;
    ensure!(program.starts_with("/opt/palisade/"), "no program: {program:?}");
    world.a.login().say(&format!("sudo rm {program}"))?;
    let found = until(MENDED, || {
        let findings = api.findings(&id)?;
        let known = ["installation_damaged", "sensor_removed", "sensor_stopped"];
        let Some(f) = findings.iter().find(|f| known.contains(&f.code.as_str())) else {
            let past = api.history(&id)?;
            bail!("findings {findings:?}, history {past:?}, tasks {:?}", api.tasks(&id)?)
        };
        Ok((f.clone(), format!("{}: {}", f.code, f.message)))
    });
    let finding = steps.must("the sensor's program is deleted by hand: a finding says so", found)?;
    ensure!(finding.kind == "installation", "{finding:?}");
    let back = until(MENDED, || {
        world.a.login().say(&format!("sudo {program} --version"))?;
        let m = api.machine(NAMES[0])?;
        ensure!(m.status == "healthy", "{m:?}: {:?}", api.findings(&id)?);
        let past = api.history(&id)?;
        let cleared = past.iter().any(|(code, cleared)| *code == finding.code && *cleared);
        ensure!(cleared, "{past:?}");
        Ok(((), String::new()))
    });
    steps.must("it is back, the finding is cleared, the machine is healthy", back)
}
