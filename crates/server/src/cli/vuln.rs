//! `palisade vuln`: versions and findings, offline.

mod compare;
mod matching;

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
    /// Say what an inventory's packages are vulnerable to, and why, from files alone.
    ///
    /// Exit code: 0 all was judged by all feeds, whether something was found or not; 3 it was judged, and some feed
    /// file, record or package was left out, as standard error says; 1 nothing could be done, as with a folder
    /// of feeds that holds no advisory; 2 wrong usage.
    Match(matching::MatchArgs),
}

/// `palisade vuln …`; needs no instance.
///
/// # Errors
/// What kept it from doing anything.
pub fn run(command: &VulnCommand) -> Result<ExitCode> {
    match command {
        VulnCommand::Compare { ecosystem } => compare::run(ecosystem),
        VulnCommand::Match(args) => matching::run(args),
    }
}
