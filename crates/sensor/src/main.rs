//! The Palisade sensor: captures what a machine does, keeps it in a bounded spool, sends it to the
//! server over mutual TLS, and executes the server's signed orders.

mod agent;
mod block;
mod capture;
mod cli;
mod counters;
mod device;
mod error;
mod files;
mod host;
mod identity;
mod install;
mod never_touch;
mod orders;
mod random;
mod reach;
mod remediate;
mod scope;
mod spool;
mod supervise;
#[cfg(test)]
mod tests;
mod transport;

use clap::Parser;
use tracing_subscriber::EnvFilter;

fn main() {
    quiet_allocator();
    // Two providers may be linked in; this one is ours.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let filter = EnvFilter::try_from_env("PALISADE_SENSOR_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,hyper=warn,h2=warn,reqwest=warn,hickory=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    std::process::exit(cli::main(cli::Cli::parse()));
}

/// One arena and early returns to the system: a storm must not leave its memory behind.
fn quiet_allocator() {
    // SAFETY: called once before any thread exists.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 1 << 20);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 256 << 10);
    }
}
