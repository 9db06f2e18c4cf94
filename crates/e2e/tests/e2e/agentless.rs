//! Machines without a sensor: scanned over a real SSH server, their vulnerabilities found, nothing left there, and out
//! of the way once a sensor comes.
#![allow(clippy::print_stdout, reason = "what is printed is what is to be shown")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use palisade_e2e::{Product, binary, wait_until};
use palisade_testkit::hosts::{self, Key, NamespaceHost, Network};
use palisade_testkit::{Sshd, scratch, shared_data, skipped};
use serde_json::Value;

/// A version of expat that the Debian feed knows vulnerabilities of, and one after all of them.
const OLD: &str = "2.5.0-1";
const FIXED: &str = "2.5.0-1+deb12u99";

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

fn status(version: &str) -> String {
    let package = |name: &str, source: &str, version: &str| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n{source}Version: {version}\n\
             Description: a package\n\n"
        )
    };
    package("libexpat1", "Source: expat\n", version) + &package("base-files", "", "12.4+deb12u5")
}

/// A machine of its own packages and system: every command that a login runs gets them in place of this machine's.
struct Machine {
    sshd: Sshd,
    folder: tempfile::TempDir,
}

impl Machine {
    fn raise() -> Option<Self> {
        let folder = scratch();
        // Whoever logs in comes to it as another user as well.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("ours");
        for part in ["dpkg/info", "dpkg/updates"] {
            fs::create_dir_all(folder.path().join(part)).expect("a folder");
        }
        let release = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";
        fs::write(folder.path().join("os-release"), release).expect("written");
        fs::write(folder.path().join("hostname"), "bare-1\n").expect("written");
        let at = folder.path().display();
        let enter = format!(
            "#!/bin/sh\nexec unshare --mount --propagation private sh -c '\n\
             mount --bind {at}/dpkg /var/lib/dpkg && mount --bind {at}/os-release /etc/os-release &&\n\
             mount --bind {at}/hostname /etc/hostname && exec sh -c \"$SSH_ORIGINAL_COMMAND\"'\n"
        );
        let program = folder.path().join("enter");
        fs::write(&program, enter).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("ours");
        let sshd = Sshd::with(&format!("ForceCommand {}", program.display()))?;
        Some(Self { sshd, folder })
    }

    fn holds(&self, version: &str) {
        fs::write(self.folder.path().join("dpkg/status"), status(version)).expect("written");
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("written");
        path.display().to_string()
    }
}

/// What scripts of ours have left behind in the folders that they use.
fn left_behind() -> Vec<PathBuf> {
    let folders = ["/dev/shm", "/run", "/var/tmp", "/tmp", "/opt"];
    let entries = folders.iter().flat_map(|f| fs::read_dir(f).into_iter().flatten().flatten());
    entries.filter(|e| e.file_name().to_string_lossy().starts_with(".palisade-")).map(|e| e.path()).collect()
}

/// A look of the connector's own may be under way beside a scan; it leaves nothing either.
fn nothing_left(before: &[PathBuf]) -> Result<()> {
    wait_until("nothing of ours is left", 60, || (left_behind() == before).then_some(()))
        .with_context(|| format!("{:?}", left_behind()))
}

fn imported(product: &Product, feed: &Path) -> Result<()> {
    let taken = product.palisade(&["feeds", "import"]).arg(feed).output()?;
    ensure!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    Ok(())
}

fn confirmed(product: &Product) -> Result<()> {
    let keys = json(product, &["connectors", "host-keys", "hosts", "--format", "json"])?;
    let prints: Vec<String> = keys
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|k| k["fingerprint"].as_str().map(str::to_owned))
        .collect();
    ensure!(!prints.is_empty(), "{keys}");
    let words: Vec<&str> =
        ["connectors", "confirm", "hosts"].into_iter().chain(prints.iter().map(String::as_str)).collect();
    palisade(product, &words)?;
    Ok(())
}

fn machine(product: &Product) -> Result<Value> {
    let all = json(product, &["agentless", "list", "--format", "json"])?;
    let all = all.as_array().context("a list")?;
    ensure!(all.len() == 1, "one machine: {all:?}");
    Ok(all[0].clone())
}

fn shown(product: &Product, name: &str) -> Result<Value> {
    json(product, &["agentless", "show", name])
}

/// Waits for the end of a scan after an earlier one.
fn scanned(product: &Product, name: &str, after: &Value) -> Result<Value> {
    let done = wait_until("a scan has ended", 180, || {
        let now = shown(product, name).ok()?;
        let ended = !matches!(now["state"].as_str(), Some("queued" | "running" | "waiting"));
        (ended && now["tried_at"].is_string() && now["tried_at"] != *after).then_some(now)
    });
    done.with_context(|| shown(product, name).map(|v| v.to_string()).unwrap_or_default())
}

fn vulnerabilities(product: &Product, device: &str) -> Option<Vec<Value>> {
    let out = product.palisade(&["vulnerabilities", "--device", device, "--format", "json"]).output().ok()?;
    out.status.success().then(|| serde_json::from_slice(&out.stdout).ok())?
}

fn has(found: &[Value], id: &str) -> bool {
    found.iter().any(|f| f["id"] == id)
}

#[test]
fn a_machine_without_a_sensor_is_scanned_and_nothing_is_left_there() -> Result<()> {
    let Some(feed) = shared_data("vuln/feeds/osv-Debian-12.derived.all.zip") else { return Ok(()) };
    let Some(bare) = Machine::raise() else { return Ok(()) };
    bare.holds(OLD);
    let product = Product::up_by(false, |up| {
        up.arg("--offer").arg(binary("palisade-sensor"));
        Ok(())
    })?;
    imported(&product, &feed)?;
    let before = left_behind();
    palisade(&product, &["subscriptions", "create", "Bare", "--kind", "ssh"])?;
    let inventory = bare.file("machines", &format!("127.0.0.1:{}\n", bare.sshd.port()));
    let key = bare.file("key", &bare.sshd.client_key());
    palisade(
        &product,
        &["connectors", "add", "hosts", "--subscription", "Bare", "--inventory", &inventory, "--key", &key],
    )?;

    // Off, as everything that goes to a machine is until somebody switches it on.
    let first = machine(&product)?;
    ensure!(first["state"] == "off" && first["code"] == "agentless_off", "{first}");
    let name = first["name"].as_str().context("a name")?.to_owned();
    let refused = product.palisade(&["agentless", "scan", &name]).output()?;
    ensure!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("agentless_off"));

    // Nobody has confirmed its key: nothing is sent there.
    palisade(&product, &["agentless", "set", "Bare", "on"])?;
    let unknown = scanned(&product, &name, &Value::Null)?;
    ensure!(unknown["state"] == "failed" && unknown["code"] == "host_key_unknown", "{unknown}");
    ensure!(!unknown["fix"].as_str().unwrap_or_default().is_empty(), "{unknown}");
    ensure!(!bare.sshd.log().contains("Accepted"), "{}", bare.sshd.log());
    confirmed(&product)?;
    palisade(&product, &["agentless", "scan", &name])?;
    let found = scanned(&product, &name, &unknown["tried_at"])?;
    ensure!(matches!(found["state"].as_str(), Some("done" | "limited")) && found["root"] == true, "{found}");
    println!("scanned: {found}");
    nothing_left(&before)?;

    let device = found["device_id"].as_str().context("a device")?.to_owned();
    let first = wait_until("its vulnerability is found", 90, || {
        vulnerabilities(&product, &device).filter(|v| has(v, "CVE-2024-28757"))
    })?;
    println!("{} vulnerabilities", first.len());
    let row = product.query(&format!(
        "DeviceTvmSoftwareVulnerabilities | where DeviceId == '{device}' and CveId == 'CVE-2024-28757'"
    ))?;
    ensure!(
        row.len() == 1 && row[0]["SoftwareVersion"] == OLD && row[0]["DeviceName"] == "bare-1",
        "{row:?}"
    );
    let ordered = product.palisade(&["order", "ping", "--device", &device]).output()?;
    let said = String::from_utf8_lossy(&ordered.stderr).into_owned();
    ensure!(!ordered.status.success() && said.contains("device_agentless"), "{said}");

    // Its fix is known with the next scan.
    bare.holds(FIXED);
    palisade(&product, &["agentless", "scan", &name])?;
    let again = scanned(&product, &name, &found["tried_at"])?;
    wait_until("its fix clears it", 90, || {
        vulnerabilities(&product, &device).filter(|v| !has(v, "CVE-2024-28757"))
    })?;
    nothing_left(&before)?;

    // A login that starts something else than a shell: a code, and what was known stays.
    let liar = "#!/bin/sh\nexec yes\n";
    fs::write(bare.folder.path().join("enter"), liar)?;
    palisade(&product, &["agentless", "scan", &name])?;
    let flood = scanned(&product, &name, &again["tried_at"])?;
    ensure!(flood["state"] == "failed" && flood["code"] == "scan_answer_too_large", "{flood}");
    ensure!(flood["scanned_at"] == again["scanned_at"], "{flood}");
    let history = flood["history"].as_array().context("a history")?;
    let codes: Vec<_> = history.iter().map(|h| h["code"].as_str().unwrap_or_default()).collect();
    ensure!(
        codes.len() == 4 && codes[0] == "scan_answer_too_large" && codes[3] == "host_key_unknown",
        "{codes:?}"
    );

    // Switched off, it is out of service.
    palisade(&product, &["agentless", "set", "Bare", "off"])?;
    wait_until("its device is out of service", 60, || {
        let exposure = vulnerabilities(&product, &device);
        let off = machine(&product).ok()?["state"] == "off";
        (off && exposure.is_none_or(|v| v.is_empty())).then_some(())
    })?;
    product.down()
}

#[test]
fn a_sensor_that_is_installed_takes_the_place_of_scans() -> Result<()> {
    if let Some(why) = hosts::lacks().or_else(|| hosts::cannot_prepare(false)) {
        skipped(&why);
        return Ok(());
    }
    let (network, key) = (Network::raise()?, Key::make()?);
    let host = NamespaceHost::raise(&network, &key, "bare-2", &[])?;
    let door = network.gateway().to_string();
    let product = Product::up_by(false, |up| {
        up.args(["--listen", &door, "--offer"]).arg(binary("palisade-sensor"));
        Ok(())
    })?;
    palisade(&product, &["subscriptions", "create", "Bare", "--kind", "ssh"])?;
    let folder = scratch();
    let inventory = folder.path().join("machines");
    fs::write(&inventory, format!("deploy@{} name=bare-2\n", host.login().address()))?;
    let (inventory, key) = (inventory.display().to_string(), key.private_file().display().to_string());
    palisade(
        &product,
        &["connectors", "add", "hosts", "--subscription", "Bare", "--inventory", &inventory, "--key", &key],
    )?;
    confirmed(&product)?;
    palisade(&product, &["agentless", "set", "Bare", "on"])?;
    let name = machine(&product)?["name"].as_str().context("a name")?.to_owned();
    let found = scanned(&product, &name, &Value::Null)?;
    ensure!(matches!(found["state"].as_str(), Some("done" | "limited")) && found["root"] == true, "{found}");
    let device = found["device_id"].as_str().context("a device")?.to_owned();
    wait_until("nothing of ours is left", 60, || {
        let find = "sudo find /dev/shm /run /var/tmp /tmp /opt -maxdepth 1 -name '.palisade-*'";
        host.login().say(find).ok()?.is_empty().then_some(())
    })?;
    let exposed = |product: &Product| -> Option<Vec<String>> {
        let rows = product.query("DeviceTvmSoftwareInventory | distinct DeviceId").ok()?;
        Some(rows.iter().filter_map(|r| r["DeviceId"].as_str().map(str::to_owned)).collect())
    };
    wait_until("its software is known", 90, || exposed(&product).filter(|d| *d == [device.clone()]))?;

    palisade(&product, &["connectors", "rollout", "hosts"])?;
    let sensor = wait_until("its sensor enrols", 240, || {
        let all = json(&product, &["machines", "list", "--format", "json"]).ok()?;
        all[0]["device_id"].as_str().map(str::to_owned)
    });
    let sensor =
        sensor.with_context(|| palisade(&product, &["machines", "show", &name]).unwrap_or_default())?;
    ensure!(sensor != device);
    // From its enrolment on nothing of the scans is shown any more; never both. This host is a part of a machine, of
    // which a sensor tells no inventory, so there may be nothing in its place.
    wait_until("scans count no more", 60, || {
        let now = exposed(&product)?;
        (now.is_empty() || now == [sensor.clone()]).then_some(())
    })?;
    let refused = product.palisade(&["agentless", "scan", &name]).output()?;
    wait_until("scans are not for it any more", 60, || {
        let now = shown(&product, &name).ok()?;
        (now["state"] == "not_applicable" && now["code"] == "sensor_present").then_some(())
    })?;
    println!("asked for a scan: {}", String::from_utf8_lossy(&refused.stderr).trim());
    ensure!(shown(&product, &name)?["history"].as_array().is_some_and(|h| !h.is_empty()));
    product.down()?;
    host.end()
}
