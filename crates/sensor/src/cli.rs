//! The command line.

mod arming;
mod baseline;
pub mod connectivity;
mod detach;
pub mod enrol;
mod installation;
pub mod inventory;
mod remediate;
pub mod settings;
mod spool;
mod status;

use clap::{Args, Parser, Subcommand};

use crate::error::SensorError;
use settings::{Common, RunArgs};

/// The Palisade sensor: records what this machine does and sends it to your server.
#[derive(Debug, Parser)]
#[command(name = "palisade-sensor", version, about)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make this machine known to a server
    Enrol(enrol::EnrolArgs),
    /// Run in the foreground until SIGTERM
    Run(RunArgs),
    /// Show health, counters, spool and connection
    Status(JsonArg),
    /// Look into the spool: what was recorded and is not acknowledged yet
    Spool {
        #[command(subcommand)]
        command: SpoolCommand,
    },
    /// Say what this machine holds: packages, services, accounts, certificates, hardware; changes nothing
    Inventory(inventory::InventoryArgs),
    /// Compare this machine's configuration with a security baseline; changes nothing
    Baseline(baseline::BaselineArgs),
    /// Look at the way to the server
    Connectivity {
        #[command(subcommand)]
        command: ConnectivityCommand,
    },
    /// Drop all prevention on this machine at once, until it is armed again
    Disarm(arming::DisarmArgs),
    /// Take prevention up again, also after unclean boots
    Arm,
    /// Answer the kernel about blocked applications; for the sensor itself
    #[command(name = crate::block::responder::WORD, hide = true)]
    ApplicationResponder(crate::block::responder::ResponderArgs),
    /// Find the programs of blocked applications; for the sensor itself
    #[command(name = crate::block::resolver::WORD, hide = true)]
    ApplicationResolver(crate::block::resolver::ResolverArgs),
    /// Remove what a stopped sensor left in the kernel
    Detach,
    /// Look whether a sensor can be installed here; changes nothing
    Preflight(installation::PreflightArgs),
    /// Say what sensor is installed here, and whether it runs
    Probe(installation::ProbeArgs),
    /// Install this program as the machine's sensor, enrol it and start it
    Install(installation::InstallArgs),
    /// Start the installed sensor
    Start(JsonArg),
    /// Take the installed sensor off the machine
    Uninstall(installation::UninstallArgs),
    /// Change packages as a request says; for the sensor itself
    #[command(hide = true)]
    Remediate(remediate::RemediateArgs),
    /// Keep the installed sensor running, where no systemd does
    Supervise,
}

#[derive(Debug, Subcommand)]
enum ConnectivityCommand {
    /// Test each step from the name to the enrolment
    Test(connectivity::TestArgs),
}

#[derive(Debug, Subcommand)]
enum SpoolCommand {
    /// Show its facts, oldest first in each lane; changes nothing, also while a sensor runs
    Show(spool::ShowArgs),
}

/// Machine-readable output.
#[derive(Debug, Args)]
pub struct JsonArg {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs what the command line asks for; the process's exit code.
pub fn main(cli: Cli) -> i32 {
    let done: Result<i32, SensorError> = match cli.command {
        Command::Enrol(args) => enrol::enrol(&cli.common, &args).map(|()| 0),
        Command::Run(args) => settings::load(&cli.common, args).and_then(crate::agent::run).map(|()| 0),
        Command::Status(args) => status::status(&cli.common, args.json),
        Command::Spool { command: SpoolCommand::Show(args) } => spool::show(&cli.common, &args),
        Command::Inventory(args) => inventory::inventory(&args),
        Command::Baseline(args) => baseline::baseline(&args),
        Command::Connectivity { command: ConnectivityCommand::Test(args) } => {
            connectivity::test(&cli.common, &args)
        }
        Command::Disarm(args) => arming::disarm(&cli.common, &args).map(|()| 0),
        Command::Arm => arming::arm(&cli.common).map(|()| 0),
        Command::ApplicationResponder(args) => Ok(crate::block::responder::run(&args)),
        Command::ApplicationResolver(args) => {
            inventory::behind_others();
            crate::block::resolver::run(&args)
        }
        Command::Detach => detach::detach(&cli.common).map(|()| 0),
        Command::Preflight(args) => Ok(installation::preflight(&cli.common, &args)),
        Command::Probe(args) => Ok(installation::probe(&cli.common, &args)),
        Command::Install(args) => Ok(installation::install(&cli.common, args)),
        Command::Start(args) => Ok(installation::start(&cli.common, args.json)),
        Command::Uninstall(args) => Ok(installation::uninstall(&cli.common, &args)),
        Command::Remediate(args) => remediate::remediate(&cli.common, &args),
        Command::Supervise => settings::common(&cli.common).and_then(crate::supervise::run).map(|()| 0),
    };
    match done {
        Ok(code) => code,
        Err(e) => {
            #[allow(clippy::print_stderr)]
            {
                eprintln!("palisade-sensor: {}: {e}", e.code());
            }
            1
        }
    }
}

/// A runtime for a command that talks to the server and ends.
///
/// # Errors
/// When the system gives none.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, SensorError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SensorError::file("/proc/self"))?;
    Ok(runtime.block_on(future))
}

/// Prints a line of a command's result; a reader that has gone away is no error.
fn say(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}
