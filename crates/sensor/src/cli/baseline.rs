//! `palisade-sensor baseline`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use palisade_baseline::{BaselineError, Host, Options, Profile, Report, State, builtin};

use super::say;
use crate::error::SensorError;

/// Which profile is run, where, and how it is shown.
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// The profile; `--list` names those that come along
    #[arg(long, default_value = "server-level1")]
    profile: String,
    /// Run the profile of this file instead
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    profile_file: Option<PathBuf>,
    /// Look at another root file system, of which nothing runs: a mounted disk, a container's layer
    #[arg(long, default_value = "/")]
    root: PathBuf,
    /// Name the profiles that come along, and run nothing
    #[arg(long)]
    list: bool,
    /// Print the profile as a file that `--profile-file` takes, and run nothing
    #[arg(long)]
    export: bool,
    /// Show what is compliant or does not apply too
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Most bytes of a profile's file.
const MAX_PROFILE: u64 = 1 << 20;

/// Runs a profile and prints what it says: 0 if everything that applies is compliant, 2 if nothing is wrong
/// but something could not be told, 3 if something is not compliant.
///
/// # Errors
/// When there is no such root or profile, or what it found cannot be written.
pub fn baseline(args: &BaselineArgs) -> Result<i32, SensorError> {
    let fault = |e: BaselineError| SensorError::Config(format!("{}: {e}", e.code()));
    let catalogue = builtin();
    if args.list {
        for p in catalogue.profiles.values() {
            say(format_args!("{:<24} {}", p.name, p.title));
        }
        return Ok(0);
    }
    let own = args.profile_file.as_ref().map(imported).transpose()?;
    let profile = match &own {
        Some(own) => own,
        None => catalogue.profile(&args.profile).map_err(fault)?,
    };
    catalogue.check_profile(profile).map_err(fault)?;
    if args.export {
        say(profile.export().map_err(fault)?.trim_end());
        return Ok(0);
    }
    super::inventory::behind_others();
    // Who asks from a shell has the path that root gets there.
    let options = Options { path: std::env::var("PATH").ok(), ..Options::default() };
    let host = Host::open(&args.root, options).map_err(fault)?;
    let report = palisade_baseline::run(catalogue, profile, &host).map_err(fault)?;
    if args.json {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let written = serde_json::to_writer(&mut out, &report)
            .map_err(std::io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush());
        // A reader that has gone away is no error; a disk that is full is one.
        if let Err(e) = written
            && e.kind() != std::io::ErrorKind::BrokenPipe
        {
            return Err(SensorError::file("standard output")(e));
        }
    } else {
        print(&report, args.all);
    }
    let counts = report.counts;
    Ok(match (counts.not_compliant, counts.not_evaluated) {
        (0, 0) => 0,
        (0, _) => 2,
        _ => 3,
    })
}

fn imported(path: &PathBuf) -> Result<Profile, SensorError> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|f| f.take(MAX_PROFILE + 1).read_to_string(&mut text))
        .map_err(SensorError::file(path))?;
    Profile::import(&text).map_err(|e| SensorError::Config(format!("{}: {}: {e}", path.display(), e.code())))
}

fn print(report: &Report, all: bool) {
    say(format_args!("{:<14} {:<8} {:<38} OBSERVED", "STATE", "SEVERITY", "CHECK"));
    for f in &report.findings {
        if !all && matches!(f.state, State::Compliant | State::NotApplicable) {
            continue;
        }
        let why = f.reason.map_or_else(String::new, |r| format!("{}: ", r.as_str()));
        say(format_args!(
            "{:<14} {:<8} {:<38} {why}{}",
            f.state.as_str(),
            f.severity.as_str(),
            f.id,
            f.observed
        ));
    }
    let c = report.counts;
    say(format_args!(
        "\n{}: {} compliant, {} not compliant, {} not applicable, {} not evaluated; {} ms of processor time",
        report.profile, c.compliant, c.not_compliant, c.not_applicable, c.not_evaluated, report.cpu_ms
    ));
}
