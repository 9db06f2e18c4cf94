//! The demonstration of the estate, run as a test: it fails where one of its steps does.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use palisade_testkit::hosts;

use crate::guests::missing;

/// Words of the steps without which the story was not told.
const TOLD: [&str; 14] = [
    "is unhealthy by installation",
    "the fourth entry is not applicable",
    "a machine moves to another subscription in the middle of an hour",
    "its usage splits at the hour",
    "an extension is deleted: it is back within a minute",
    "each host's events are in DeviceProcessEvents under its own name only",
    "the sensor's program is deleted by hand: a finding says so",
    "the virtual machine is unhealthy by heartbeat",
    "a subscription is prepared for another tenant",
    "the machine enrols there by itself, as a new device, and is healthy",
    "history and usage stay with the old tenant",
    "the host with the small disk is healthy with no further hand",
    "the virtual machine is healthy again",
    "all of it has ended and nothing is left",
];

#[test]
fn the_estate_is_demonstrated() -> Result<()> {
    if let Some(why) = hosts::lacks_for_guests().or_else(|| hosts::cannot_prepare(true)) {
        missing(&why);
        return Ok(());
    }
    let demo = Command::new(env!("CARGO_BIN_EXE_palisade-demo-estate"))
        .stdin(Stdio::null())
        .output()
        .context("starting the demonstration")?;
    let said = String::from_utf8_lossy(&demo.stdout);
    println!("{said}");
    ensure!(demo.status.success(), "{}\n{said}{}", demo.status, String::from_utf8_lossy(&demo.stderr));
    let well: Vec<&str> = said.lines().filter(|l| l.starts_with("ok ")).collect();
    let untold: Vec<&str> = TOLD.into_iter().filter(|t| !well.iter().any(|l| l.contains(t))).collect();
    ensure!(untold.is_empty(), "not shown: {untold:?}");
    ensure!(!said.lines().any(|l| l.starts_with("FAIL")), "{said}");
    Ok(())
}
