//! That no host's events appear under another.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::steps::{Steps, until};
use crate::world::{NAMES, World};

/// The hosts that have a sensor by then.
const RECORDED: [&str; 3] = [NAMES[0], NAMES[2], NAMES[3]];
/// An event is there within this.
const SEEN: Duration = Duration::from_secs(90);

/// Runs a command and writes a file on each host that no other has, and asks whose they are.
pub fn apart(world: &mut World, steps: &mut Steps) -> Result<()> {
    let own = std::process::id();
    let marker = |name: &str| format!("marker-{own}-of-{name}");
    for (name, login) in NAMES.iter().zip(world.logins()) {
        login.say(&format!("/bin/echo {m} >/dev/null; echo >/home/deploy/{m}", m = marker(name)))?;
    }
    // And on this machine itself, which runs no sensor: it belongs to nobody.
    std::process::Command::new("/bin/echo").arg(marker("nobody")).output()?;
    for (table, column) in [("DeviceProcessEvents", "ProcessCommandLine"), ("DeviceFileEvents", "FileName")] {
        let asked = until(SEEN, || {
            let rows = world.product.query(&format!(
                "{table} | where {column} contains \"marker-{own}-of-\" | distinct DeviceName, {column}"
            ))?;
            let mut seen = BTreeSet::new();
            for row in &rows {
                let device = row["DeviceName"].as_str().unwrap_or_default();
                let text = row[column].as_str().unwrap_or_default();
                let of = NAMES.iter().filter(|n| text.contains(&marker(n)));
                let of: Vec<_> = of.copied().collect();
                ensure!(of == [device], "under {device} there is {text}");
                seen.insert(device.to_owned());
            }
            ensure!(seen.len() == RECORDED.len(), "seen of {seen:?} only");
            Ok(format!("{} rows of {} hosts", rows.len(), seen.len()))
        });
        steps.check(&format!("each host's events are in {table} under its own name only"), asked);
    }
    let devices = world.product.query("DeviceInfo | distinct DeviceName, DeviceId").and_then(|rows| {
        let names: BTreeSet<_> = rows.iter().filter_map(|r| r["DeviceName"].as_str()).collect();
        ensure!(names == BTreeSet::from(RECORDED) && rows.len() == RECORDED.len(), "{rows:?}");
        Ok(String::new())
    });
    steps.check("a device of each is known, and no other", devices);
    Ok(())
}
