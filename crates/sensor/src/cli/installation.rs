//! `palisade-sensor preflight`, `probe`, `install`, `start` and `uninstall`: what a connector runs on
//! a machine. Each prints one JSON object with `--json`, and ends with 0 unless it could not do its
//! work.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use palisade_estate::provision::{HostSensor, Mode, OtherProducts, Requirements, preflight as judge};
use palisade_types::TenantId;
use serde_json::json;

use super::say;
use super::settings::{self, Common};
use crate::host::{self, Asked};
use crate::install::{self, Fault, Wanted};

/// Arguments of `preflight`.
#[derive(Debug, Args)]
pub struct PreflightArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The server's address, to try the way to it
    #[arg(long, env = "PALISADE_SENSOR_URL", requires = "ca")]
    url: Option<String>,
    /// The server's CA: a PEM file, or its SHA-256
    #[arg(long, env = "PALISADE_SENSOR_CA", value_name = "FILE|SHA256")]
    ca: Option<String>,
    /// Folder that the sensor shall be installed into [default: /opt/palisade]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

/// Arguments of `probe`.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Folder to look into where nothing was written down [default: /opt/palisade]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

/// What a sensor does after its installation.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeArg {
    /// As the subscription's settings say
    Standard,
    /// It observes only
    Observing,
}

/// Arguments of `install`.
#[derive(Debug, Args)]
pub struct InstallArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The server's address; that of the installed sensor otherwise
    #[arg(long, env = "PALISADE_SENSOR_URL")]
    url: Option<String>,
    /// The server's CA: a PEM file, or its SHA-256; that of the installed sensor otherwise
    #[arg(long, env = "PALISADE_SENSOR_CA", value_name = "FILE|SHA256")]
    ca: Option<String>,
    /// File that holds the enrolment token, - for standard input; a machine that is enrolled needs
    /// none
    #[arg(long, env = "PALISADE_SENSOR_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<String>,
    /// What the sensor shall do [default: as before, else standard]
    #[arg(long, value_enum)]
    mode: Option<ModeArg>,
    /// Folder to install into [default: as before, else /opt/palisade]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Name of this device instead of the host name
    #[arg(long, env = "PALISADE_SENSOR_DEVICE_NAME", value_name = "NAME")]
    device_name: Option<String>,
    /// Put this version in place of the installed one; identity, spool and what is in the kernel stay
    #[arg(long)]
    upgrade: bool,
    /// Leave another server for this one
    #[arg(long)]
    force: bool,
    /// End without a word after a step
    #[arg(long, hide = true, env = "PALISADE_SENSOR_TEST_CRASH_AFTER", value_name = "STEP")]
    crash_after: Option<String>,
}

/// Arguments of `uninstall`.
#[derive(Debug, Args)]
pub struct UninstallArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Folder to look into where nothing was written down [default: /opt/palisade]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Remove identity and spool too
    #[arg(long)]
    purge: bool,
}

/// Reports what the machine is like; 0 unless the report could not be made.
pub fn preflight(common: &Common, args: &PreflightArgs) -> i32 {
    let asked = Asked { path: args.path.clone(), url: args.url.clone(), ca: args.ca.clone() };
    let made = settings::common(common).and_then(|s| host::report(&s, &asked));
    let report = match made {
        Ok(report) => report,
        Err(e) => return failed(args.json, &install::said(&e, args.url.as_deref().unwrap_or_default())),
    };
    if args.json {
        say(json!(report));
        return 0;
    }
    // A person wants to know what follows; whose tenant this is plays no part without a server.
    let tenant = match report.sensor {
        HostSensor::Present { tenant: Some(tenant), .. } => tenant,
        _ => TenantId(uuid::Uuid::nil()),
    };
    let judged = judge(&report, &Requirements::default(), OtherProducts::Observe, tenant);
    for check in &judged.checks {
        let outcome = format!("{:?}", check.outcome).to_lowercase();
        say(format_args!("{outcome:<8} {:<17} {}", check.name, check.evidence));
        if let Some(cause) = &check.cause {
            say(format_args!("{:<26} fix: {}", "", cause.code.entry().remediation));
        }
    }
    0
}

/// Says what sensor is here; 0 unless it cannot be said.
pub fn probe(common: &Common, args: &ProbeArgs) -> i32 {
    let settings = match settings::common(common) {
        Ok(s) => s,
        Err(e) => return failed(args.json, &install::said(&e, "")),
    };
    let sensor = install::inspect(&settings, args.path.as_deref());
    if args.json {
        say(json!(sensor));
        return 0;
    }
    match sensor {
        HostSensor::Absent => say("no sensor is installed"),
        HostSensor::Present { version, running, missing, server, device, .. } => {
            let device = device.map_or_else(|| "not enrolled".into(), |d| format!("device {d} at {server}"));
            say(format_args!("version {version}, {}, {device}", if running { "running" } else { "stopped" }));
            for file in missing {
                say(format_args!("missing or changed: {file}"));
            }
        }
    }
    0
}

/// Installs this program; 0 if it is in place and runs.
pub fn install(common: &Common, args: InstallArgs) -> i32 {
    let json = args.json;
    match wanted(args).and_then(|w| install::install(common, w)) {
        Ok(done) if json => {
            say(json!({
                "ok": true,
                "version": done.version,
                "device": done.device,
                "changed": done.changed,
                "connected": done.connected,
            }));
            0
        }
        Ok(done) => {
            let change = if done.changed { "installed" } else { "already in place" };
            say(format_args!("version {} is {change} and runs as device {}", done.version, done.device));
            if !done.connected {
                say("the server has not answered it yet: `palisade-sensor connectivity test`");
            }
            0
        }
        Err(fault) => failed(json, &fault),
    }
}

fn wanted(args: InstallArgs) -> Result<Wanted, Fault> {
    Ok(Wanted {
        url: args.url.unwrap_or_default(),
        ca: args.ca.unwrap_or_default(),
        token: args.token_file.as_deref().map(install::token_from).transpose()?,
        mode: args.mode.map(|m| match m {
            ModeArg::Standard => Mode::Standard,
            ModeArg::Observing => Mode::Observing,
        }),
        path: args.path,
        device_name: args.device_name,
        upgrade: args.upgrade,
        force: args.force,
        crash_after: args.crash_after,
    })
}

/// Starts what is installed; 0 if it runs.
pub fn start(common: &Common, json: bool) -> i32 {
    match install::start(&common.layout()) {
        Ok(()) if json => {
            say(json!({ "ok": true, "running": true }));
            0
        }
        Ok(()) => {
            say("the sensor runs");
            0
        }
        Err(fault) => failed(json, &fault),
    }
}

/// Takes the sensor off the machine; 0 if nothing of it is left.
pub fn uninstall(common: &Common, args: &UninstallArgs) -> i32 {
    let settings = match settings::common(common) {
        Ok(s) => s,
        // A bad file of the operator must not keep the sensor on the machine.
        Err(_) => match settings::without_file(common) {
            Ok(s) => s,
            Err(e) => return failed(args.json, &install::said(&e, "")),
        },
    };
    match install::remove(&settings, args.path.as_deref(), args.purge) {
        Ok(removed) if args.json => {
            say(json!({ "ok": true, "removed": removed }));
            0
        }
        Ok(removed) if removed.is_empty() => {
            say("no sensor was installed");
            0
        }
        Ok(removed) => {
            for what in removed {
                say(format_args!("removed {what}"));
            }
            0
        }
        Err(fault) => failed(args.json, &fault),
    }
}

fn failed(json: bool, fault: &Fault) -> i32 {
    if json {
        say(json!({ "ok": false, "code": fault.code, "evidence": fault.evidence }));
    } else {
        #[allow(clippy::print_stderr)]
        {
            eprintln!("palisade-sensor: {}: {}", fault.code, fault.message());
            eprintln!("{}", fault.code.entry().remediation);
        }
    }
    1
}
