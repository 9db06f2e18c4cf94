//! Scans a root and prints what it cost and what it found:
//! `cargo run -p palisade-inventory --example measure -- [ROOT]`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use palisade_inventory::{Options, Root, Scanner};

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn main() -> Result<(), palisade_inventory::InventoryError> {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "/".into()));
    let mut scanner = Scanner::new(
        Root::open(&root)?,
        Options { walk_every: std::time::Duration::ZERO, ..Options::default() },
    );
    let (before, start) = (cpu(), Instant::now());
    let inventory = scanner.full()?;
    println!(
        "full scan: {:.2} s CPU, {:.2} s, {} MB at most",
        cpu() - before,
        start.elapsed().as_secs_f64(),
        peak() >> 10
    );
    let (before, start) = (cpu(), Instant::now());
    let changes = scanner.changed()?;
    let again = changes.map(|c| c.sources).unwrap_or_default();
    println!(
        "changes only: {:.2} s CPU, {:.2} s, read again: {again:?}",
        cpu() - before,
        start.elapsed().as_secs_f64()
    );
    let mut packages: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for p in &inventory.packages {
        let n = packages.entry(p.ecosystem.as_str()).or_default();
        n[0] += 1;
        n[1] += usize::from(p.running == Some(true));
        n[2] += usize::from(!p.owner.is_empty());
    }
    for (ecosystem, [all, running, owned]) in packages {
        println!("packages {ecosystem}: {all}, running {running}, brought by the system's {owned}");
    }
    println!(
        "services {}, endpoints {}, loaded files {}",
        inventory.services.len(),
        inventory.endpoints.len(),
        inventory.loaded.len()
    );
    println!(
        "users {}, groups {}, certificates {}",
        inventory.users.len(),
        inventory.groups.len(),
        inventory.certificates.len()
    );
    println!(
        "shares {}, extensions {}, containers {}",
        inventory.shares.len(),
        inventory.extensions.len(),
        inventory.containers.len()
    );
    for s in inventory.sources.iter().filter(|s| !s.code.is_empty()) {
        println!("{:?} {} {}: {} ({})", s.state, s.name, s.path, s.code, s.detail);
    }
    println!("{} bytes of JSON", serde_json::to_vec(&inventory).map(|j| j.len()).unwrap_or(0));
    Ok(())
}

fn usage() -> libc::rusage {
    // SAFETY: the structure is plain data that the kernel fills in.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    }
}

fn cpu() -> f64 {
    let u = usage();
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(u.ru_utime) + seconds(u.ru_stime)
}

/// Kilobytes.
fn peak() -> i64 {
    usage().ru_maxrss
}
