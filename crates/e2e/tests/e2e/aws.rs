//! AWS through a whole instance: moto plays EC2 and SSM, and what SSM was sent is executed by an agent
//! of the test's own in the root file system that stands for the instance.
#![allow(clippy::print_stdout, reason = "what is printed is what is to be shown")]

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use palisade_e2e::{Product, binary, wait_until};
use palisade_testkit::hosts::{self, Key, NamespaceHost, Network};
use palisade_testkit::{Moto, REGION, scratch};
use serde_json::Value;

use crate::guests::missing;

/// Instances of moto by their names.
const UP: &str = "cloud-up";
const STOPPED: &str = "cloud-stopped";
const GONE: &str = "cloud-gone";

/// Runs a command of the product that has to succeed; what it printed.
fn palisade(product: &Product, args: &[&str]) -> Result<String> {
    let out = product.palisade(args).output()?;
    let printed = String::from_utf8_lossy(&out.stdout).into_owned();
    let said = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success(), "palisade {}: {said}{printed}", args.join(" "));
    Ok(printed)
}

fn json(product: &Product, args: &[&str]) -> Result<Value> {
    Ok(serde_json::from_str(&palisade(product, args)?)?)
}

/// The only one of a list with this value.
fn one<'a>(list: &'a Value, key: &str, value: &str) -> Result<&'a Value> {
    let found: Vec<&Value> = list.as_array().into_iter().flatten().filter(|v| v[key] == value).collect();
    let [one] = found[..] else { bail!("{} of {value} in {list}", found.len()) };
    Ok(one)
}

/// Instances as moto counts them: one that is up, one that was stopped, one that was terminated.
fn instances(moto: &Moto) -> Result<[String; 3]> {
    let ids = moto.run_instances(3)?;
    let [up, stopped, gone] = &ids[..] else { bail!("{ids:?}") };
    moto.python(&format!(
        "for id, name in [('{up}', '{UP}'), ('{stopped}', '{STOPPED}'), ('{gone}', '{GONE}')]:\n \
         ec2.create_tags(Resources=[id], Tags=[dict(Key='Name', Value=name)])\n\
         ec2.stop_instances(InstanceIds=['{stopped}'])\nec2.terminate_instances(InstanceIds=['{gone}'])"
    ))?;
    Ok([up.clone(), stopped.clone(), gone.clone()])
}

/// What SSM's agent does on a machine: takes up each command for its instance, once, and runs it there.
/// Ends when told to; what it ran.
fn agent(moto: &Moto, instance: &str, host: &NamespaceHost, end: &AtomicBool) -> Result<Vec<String>> {
    let (mut taken, mut ran) = (HashSet::new(), Vec::new());
    while !end.load(Ordering::Relaxed) {
        for command in moto.commands()? {
            if !command.instances.iter().any(|i| i == instance) || !taken.insert(command.id.clone()) {
                continue;
            }
            let out = command.run(&host.enter())?;
            let said = String::from_utf8_lossy(&out.stdout);
            let verb = command.script.lines().find_map(|l| l.strip_prefix("verb="));
            let verb = verb.unwrap_or("?").trim_matches('\'').to_owned();
            println!("the agent ran {} ({verb}): {}", command.document, out.status);
            // A script that only looks around has no verb and no report.
            ensure!(
                out.status.success() && (verb == "?" || said.contains("\nend=")),
                "{verb}: {said}{}",
                String::from_utf8_lossy(&out.stderr)
            );
            ran.push(verb);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(ran)
}

#[test]
fn an_account_is_connected_and_its_instances_are_served() -> Result<()> {
    if let Some(why) = hosts::lacks().or_else(|| hosts::cannot_prepare(false)) {
        missing(&why);
        return Ok(());
    }
    let Some(moto) = Moto::start() else { return Ok(()) };
    let ids = instances(&moto)?;
    let (network, key) = (Network::raise()?, Key::make()?);
    let host = NamespaceHost::raise(&network, &key, UP, &[])?;
    let door = network.gateway().to_string();
    let product = Product::up_by(false, |up| {
        up.args(["--listen", &door, "--offer"]).arg(binary("palisade-sensor"));
        Ok(())
    })?;
    // The host's processes end before the instance does.
    let end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let agent = scope.spawn(|| agent(&moto, &ids[0], &host, &end));
        let told = connected(&product, &moto, &ids, &host);
        end.store(true, Ordering::Relaxed);
        let ran = agent.join().map_err(|_| anyhow::anyhow!("the agent panicked"))?;
        told.with_context(|| format!("the agent: {ran:?}"))?;
        let ran = ran?;
        ensure!(["preflight", "install"].iter().all(|verb| ran.iter().any(|r| r == verb)), "{ran:?}");
        Ok(())
    })?;
    host.end()
}

fn connected(product: &Product, moto: &Moto, ids: &[String; 3], host: &NamespaceHost) -> Result<()> {
    palisade(product, &["subscriptions", "create", "Cloud", "--kind", "aws"])?;
    palisade(product, &["subscriptions", "plan", "Cloud", "p1"])?;
    let folder = scratch();
    let credential = folder.path().join("credential.json");
    std::fs::write(&credential, r#"{"access_key_id": "AKIATEST", "secret_access_key": "secret"}"#)?;
    let (credential, url) = (credential.display().to_string(), moto.url());
    let with = ["--subscription", "Cloud", "--kind", "aws", "--region", REGION, "--endpoint", &url];
    palisade(
        product,
        &[&["connectors", "add", "account"], &with[..], &["--credential", &credential]].concat(),
    )?;

    listed(product, ids)?;
    // moto does not know what agents there are, and says so with a bare 500: that costs no machine.
    let tested = palisade(product, &["connectors", "test", "account"])?;
    println!("{tested}");
    let lists =
        |l: &str| l.starts_with("listing") && l.contains("warning") && l.contains("connector_answer_invalid");
    ensure!(tested.lines().any(lists), "the listing says what it could not ask: {tested}");
    for call in ["ec2_describe_instances", "ssm_send_command", "ssm_get_command_invocation"] {
        let line = tested.lines().find(|l| l.starts_with(call)).context(call)?;
        ensure!(line.contains(" ok "), "{line}");
    }

    let planned = wait_until("the dry run knows all of them", 180, || {
        let plan = json(product, &["connectors", "plan", "account", "--format", "json"]).ok()?;
        (one(&plan, "machine", UP).ok()?["plan"] == "install").then_some(plan)
    })?;
    let stopped = one(&planned, "machine", STOPPED)?;
    ensure!(stopped["plan"] != "install" && stopped["plan"] != "look", "{stopped}");
    palisade(product, &["connectors", "rollout", "account"])?;
    let health = wait_until("the instance is healthy", 240, || {
        let health = json(product, &["health", "--json"]).ok()?;
        (one(&health, "machine", UP).ok()?["status"] == "healthy").then_some(health)
    });
    let health = health.with_context(|| palisade(product, &["machines", "show", UP]).unwrap_or_default())?;
    println!("{}", palisade(product, &["health"])?);
    let (up, stopped) = (one(&health, "machine", UP)?, one(&health, "machine", STOPPED)?);
    ensure!(up["device_id"].is_string(), "{up}");
    ensure!(stopped["status"] == "not_applicable" && stopped["device_id"].is_null(), "{stopped}");
    let codes: Vec<_> = stopped["findings"].as_array().into_iter().flatten().map(|f| &f["code"]).collect();
    ensure!(codes == ["deallocated"], "{stopped}");

    // Work was for the instance that runs. moto cannot tell: whatever is sent, it notes for all instances.
    let shown = json(product, &["machines", "show", STOPPED])?;
    ensure!(shown["tasks"].as_array().is_some_and(Vec::is_empty), "{shown}");
    // What the sensor records has its machine's name.
    host.login().say("/bin/echo on-the-instance >/dev/null")?;
    wait_until("its events can be queried", 60, || {
        let rows = product.query("DeviceProcessEvents | summarize Rows = count() by DeviceName").ok()?;
        (rows.len() == 1 && rows[0]["DeviceName"] == UP).then_some(())
    })?;
    metered(product)?;
    revoked(product)
}

fn listed(product: &Product, ids: &[String; 3]) -> Result<()> {
    let machines = json(product, &["machines", "list", "--format", "json"])?;
    ensure!(machines.as_array().is_some_and(|m| m.len() == 2), "the terminated one is retired: {machines}");
    for (name, id, power) in [(UP, &ids[0], "running"), (STOPPED, &ids[1], "deallocated")] {
        one(&machines, "name", name)?;
        let shown = json(product, &["machines", "show", name])?;
        ensure!(shown["power"] == power, "{shown}");
        ensure!(shown["cloud_id"].as_str().is_some_and(|c| c.ends_with(id.as_str())), "{shown}");
    }
    Ok(())
}

/// The instance that runs has an hour, the stopped one none.
fn metered(product: &Product) -> Result<()> {
    let usage = wait_until("the instance that runs is metered", 60, || {
        let usage =
            json(product, &["usage", "--by", "machine,subscription,plan", "--format", "json"]).ok()?;
        one(&usage, "machine", UP).is_ok().then_some(usage)
    })?;
    println!("{}", palisade(product, &["usage", "--by", "machine,subscription,plan"])?);
    let row = one(&usage, "machine", UP)?;
    ensure!(row["subscription"] == "Cloud" && row["plan"] == "servers_p1", "{row}");
    ensure!(row["hours"].as_u64().is_some_and(|h| (1..=2).contains(&h)), "{row}");
    ensure!(usage.as_array().is_some_and(|rows| rows.len() == 1), "{usage}");
    Ok(())
}

/// After its end nobody believes what the connector said last about power; the sensor goes on.
fn revoked(product: &Product) -> Result<()> {
    palisade(product, &["connectors", "revoke", "account"])?;
    for name in [UP, STOPPED] {
        let shown = json(product, &["machines", "show", name])?;
        ensure!(shown["power"] == "unknown", "{shown}");
    }
    let up = json(product, &["machines", "show", UP])?;
    ensure!(up["status"] == "healthy" && up["os"] == "debian", "{up}");
    Ok(())
}
