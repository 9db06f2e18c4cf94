//! The Palisade server: one executable, a subcommand per role.

mod admin;
mod cli;
mod database;
mod export;
mod external_link;
mod hold;
mod init;
mod instance;
mod query_link;
mod reset;
mod roles;
mod scan;
mod supervisor;
mod system;

use std::process::ExitCode;

/// Queries allocate and free buffers all the time, from several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Both ring and aws-lc-rs may be linked; rustls wants to be told once.
    let _ = rustls::crypto::ring::default_provider().install_default();
    cli::run()
}
