//! `palisade vuln`: versions and findings, offline.

mod compare;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub enum VulnCommand {
    /// Read lines {"a","b"} from standard input, answer {"a","b","result"}: -1, 0 or 1.
    ///
    /// A line that cannot be compared is answered by {"line","error":{"code","message"}}.
    /// Exit code: 0 all compared, 3 some lines were not, 1 nothing could be done, 2 wrong usage.
    Compare {
        /// deb, rpm, apk, pep440, semver, npm, maven, gem, nuget, packagist, go, pub, cran, hackage, or
        /// the name of an ecosystem that uses one of them.
        ecosystem: String,
    },
}

/// `palisade vuln …`; needs no instance.
///
/// # Errors
/// What kept it from doing anything.
pub fn run(command: &VulnCommand) -> Result<ExitCode> {
    match command {
        VulnCommand::Compare { ecosystem } => compare::run(ecosystem),
    }
}
