//! `palisade-sensor inventory`

pub mod baselines;
pub mod follow;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use palisade_inventory::{Inventory, Options, Root, Scanner, SourceState};

use super::say;
use crate::error::SensorError;

/// How an inventory is taken and shown.
#[derive(Debug, Args)]
pub struct InventoryArgs {
    /// Read another root file system, of which nothing runs: a mounted disk, a container's layer
    #[arg(long, default_value = "/")]
    root: PathBuf,
    /// Leave out packages within running containers
    #[arg(long)]
    no_containers: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Go on, and print what changes; for the sensor itself
    #[arg(long, hide = true)]
    follow: bool,
    /// Run baselines too, and keep what they say in this folder
    #[arg(long, hide = true, value_name = "DIR", requires = "follow")]
    baselines: Option<PathBuf>,
}

/// Takes an inventory and prints it; 0 if every source was read whole, 2 if one was not.
///
/// # Errors
/// When there is no such root, or what it found cannot be written.
pub fn inventory(args: &InventoryArgs) -> Result<i32, SensorError> {
    behind_others();
    if args.follow {
        return follow::follow(&args.root, !args.no_containers, args.baselines.as_deref()).map(|()| 0);
    }
    let fault = |e: palisade_inventory::InventoryError| {
        SensorError::Config(format!("{} cannot be read: {e}", args.root.display()))
    };
    let options = Options { containers: !args.no_containers, ..Options::default() };
    let mut scanner = Scanner::new(Root::open(&args.root).map_err(fault)?, options);
    let inventory = scanner.full().map_err(fault)?;
    if args.json {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let written = serde_json::to_writer(&mut out, &inventory)
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
        print(&inventory);
    }
    let whole = inventory.sources.iter().all(|s| s.state == SourceState::Read);
    Ok(if whole { 0 } else { 2 })
}

/// A scan waits for whoever else wants the processor or the disk, and goes first when memory is short.
pub(super) fn behind_others() {
    // The class that gets the disk when nobody else wants it.
    const IDLE: libc::c_int = 3 << 13;
    // SAFETY: only this process's own priorities are changed; a refusal changes nothing.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 19);
        libc::syscall(libc::SYS_ioprio_set, 1, 0, IDLE);
    }
    // Where the kernel does not let it, the default stays.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

fn print(inventory: &Inventory) {
    say(format_args!("{} {}", inventory.host_name, inventory.os.pretty_name));
    if let Some(end) = &inventory.os.end_of_life {
        say(format_args!(
            "supported until {} ({:?}, by a table of {})",
            end.standard, end.support, end.data_of
        ));
    }
    if let Some(kernel) = &inventory.kernel {
        say(format_args!("kernel {}", kernel.running));
    }
    let mut counts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for p in &inventory.packages {
        let n = counts.entry(p.ecosystem.as_str()).or_default();
        n.0 += 1;
        n.1 += u32::from(p.running == Some(true));
    }
    say("");
    say(format_args!("{:<14} {:>8} {:>8}", "KIND", "FOUND", "RUNNING"));
    for (kind, (all, running)) in counts {
        say(format_args!("{kind:<14} {all:>8} {running:>8}"));
    }
    let others = [
        ("services", inventory.services.len()),
        ("endpoints", inventory.endpoints.len()),
        ("loaded files", inventory.loaded.len()),
        ("users", inventory.users.len()),
        ("certificates", inventory.certificates.len()),
        ("shares", inventory.shares.len()),
        ("extensions", inventory.extensions.len()),
        ("containers", inventory.containers.len()),
    ];
    for (kind, n) in others {
        say(format_args!("{kind:<14} {n:>8}"));
    }
    for s in inventory.sources.iter().filter(|s| s.state != SourceState::Read) {
        say(format_args!("not read whole: {} {}: {} ({})", s.name, s.path, s.code, s.detail));
    }
}
