//! `palisade feeds`: what is known about vulnerabilities, fetched, carried and watched. Needs no running server.

mod owner;
mod progress;
mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use palisade_feeds::import::{self, ImportOptions};
use palisade_feeds::{
    Accept, Catalogue, Course, FeedError, Manifest, Outcome, Refusal, Report, Schedule, Site, Store,
    SyncOptions, Verdict, Writer, alarms, bundle, health, keys, sync,
};
use palisade_types::TimeMicros;

use super::Format;
use super::output::{line, note};

/// The exit code when something was not taken, or a feed that must be well is not.
const NOT_ALL: u8 = 3;

#[derive(Args)]
pub struct FeedsArgs {
    /// What the site wants otherwise [default: feeds.toml in the folder of the feeds].
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: FeedsCommand,
}

#[derive(Subcommand)]
enum FeedsCommand {
    /// List the feeds that are known, and which of them are fetched.
    List {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Fetch feeds from upstream: those that are named, else all that are on.
    ///
    /// Exit code: 0 all were taken, 3 some were not, 1 nothing could be done, 2 wrong usage.
    Sync {
        /// Feeds, as `list` names them.
        ids: Vec<String>,
        /// Take a file that holds much less than the one before.
        #[arg(long)]
        accept_shrink: bool,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Take files that were brought: in any format that is known, or a signed bundle.
    ///
    /// Exit code: 0 all were taken, 3 some were not, 1 nothing could be done, 2 wrong usage.
    Import {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The feed that they belong to [default: told by their content and name].
        #[arg(long)]
        feed: Option<String>,
        /// When upstream said so: a day or an RFC 3339 instant [default: the file's date].
        #[arg(long)]
        as_of: Option<String>,
        /// The public key that bundles must be signed with [default: the one that is trusted].
        #[arg(long)]
        key: Option<PathBuf>,
        /// Take a file that holds much less than the one before.
        #[arg(long)]
        accept_shrink: bool,
        /// Take a bundle that is older than what is here.
        #[arg(long)]
        accept_older: bool,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Write all feeds as one signed bundle.
    Export {
        /// The file; made anew.
        file: PathBuf,
        /// The private key [default: the one that `key` made].
        #[arg(long)]
        key: Option<PathBuf>,
    },
    /// Say of each feed how old and how full it is.
    ///
    /// Exit code: 0 every feed that must be is well, 3 one is not.
    Status {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Make the key pair that bundles are signed with, if there is none, and print its public half.
    Key {
        /// Write the public half to this file, too.
        #[arg(long)]
        public: Option<PathBuf>,
        /// Trust this public key instead: bundles are checked with it.
        #[arg(long, conflicts_with = "public")]
        trust: Option<PathBuf>,
    },
    /// Show whether feeds are fetched by themselves, or say how often they are.
    ///
    /// Exit code: 0 it is as it should be, 3 it stopped or the last attempt did not take everything.
    Schedule {
        /// How often: 1h to 168h, 1d to 7d, or off.
        #[arg(long)]
        every: Option<String>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Remove what no kept snapshot names.
    Gc,
}

/// `palisade feeds …`.
///
/// # Errors
/// What kept it from doing anything.
pub fn run(home: &Path, args: &FeedsArgs) -> Result<ExitCode> {
    let store = Store::open(home);
    if let Some(path) = args.config.as_ref().filter(|p| !p.exists()) {
        bail!("there is no file {}", path.display());
    }
    let site = Site::load(&args.config.clone().unwrap_or_else(|| store.site_file()))?;
    let catalogue = site.apply(Catalogue::built_in())?;
    let it = Feeds { store, site, catalogue };
    let brought = match &args.command {
        FeedsCommand::Import { files, key, .. } => {
            // The key comes last, if there is one.
            let all: Vec<PathBuf> = files.iter().chain(key).cloned().collect();
            Some(owner::brought(it.store.root(), &all)?)
        }
        _ => None,
    };
    if matches!(args.command, FeedsCommand::Sync { .. } | FeedsCommand::Import { .. } | FeedsCommand::Gc) {
        owner::become_owner(it.store.root())?;
    }
    match &args.command {
        FeedsCommand::List { format } => {
            show::list(&it.catalogue, *format);
            Ok(ExitCode::SUCCESS)
        }
        FeedsCommand::Sync { ids, accept_shrink, format } => it.sync(ids, *accept_shrink, *format),
        FeedsCommand::Import { files, feed, as_of, key, accept_shrink, accept_older, format } => {
            let accept =
                Accept { shrink: *accept_shrink, older: *accept_older, ..Accept::from(&it.site.limits) };
            let as_of = as_of.as_deref().map(instant).transpose()?;
            let options = ImportOptions { feed: feed.clone(), as_of, accept };
            let all = brought.as_ref().map_or(&files[..], |b| &b.files[..]);
            let (files, keys) = all.split_at(files.len());
            it.import(files, &options, key.as_ref().and(keys.first()).map(PathBuf::as_path), *format)
        }
        FeedsCommand::Export { file, key } => it.export(file, key.as_deref()),
        FeedsCommand::Status { format } => it.status(*format),
        FeedsCommand::Key { public, trust } => it.key(public.as_deref(), trust.as_deref()),
        FeedsCommand::Schedule { every, format } => it.schedule(home, every.as_deref(), *format),
        FeedsCommand::Gc => {
            let done = Writer::open(&it.store)?.collect()?;
            line(&format!(
                "removed {} snapshots and {} objects, {}",
                done.snapshots,
                done.objects,
                progress::size(done.bytes)
            ));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A day or an instant.
fn instant(text: &str) -> Result<TimeMicros> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole
        .parse()
        .ok()
        .with_context(|| format!("{text:?} is neither a day (2026-11-23) nor an RFC 3339 instant"))
}

struct Feeds {
    store: Store,
    site: Site,
    catalogue: Catalogue,
}

impl Feeds {
    fn sync(&self, ids: &[String], accept_shrink: bool, format: Format) -> Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let options = SyncOptions { ids: ids.to_vec(), accept_shrink };
        let bar = progress::Bar::new();
        let report = runtime.block_on(sync(&self.store, &self.catalogue, &self.site, &options, &bar));
        bar.end();
        Ok(reported(&report?, format))
    }

    fn import(
        &self,
        files: &[PathBuf],
        options: &ImportOptions,
        key: Option<&Path>,
        format: Format,
    ) -> Result<ExitCode> {
        let mut writer = Writer::open(&self.store)?;
        let mut all = Vec::new();
        for path in files {
            let done = if bundle::is_bundle(path) {
                self.import_bundle(&mut writer, path, options.accept, key)
            } else {
                import::import(&mut writer, &self.catalogue, path, options).map(|outcome| vec![outcome])
            };
            // One file that is not taken stops no other.
            all.extend(done.unwrap_or_else(|e| vec![not_taken(path, &e)]));
        }
        let collected = writer.collect()?;
        Ok(reported(&Report { feeds: all, collected }, format))
    }

    fn import_bundle(
        &self,
        writer: &mut Writer,
        path: &Path,
        accept: Accept,
        key: Option<&Path>,
    ) -> Result<Vec<Outcome>, FeedError> {
        let trusted = self.store.trusted_key();
        let key = key.unwrap_or(&trusted);
        if !key.exists() {
            let reason =
                "name the public key with --key, or trust one with `palisade feeds key --trust FILE`";
            return Err(FeedError::new(
                palisade_feeds::Code::NoTrustedKey,
                path.display().to_string(),
                reason,
            ));
        }
        let key = keys::public_key(key)?;
        Ok(bundle::import(writer, &self.catalogue, path, &key, accept)?.feeds)
    }

    fn export(&self, file: &Path, key: Option<&Path>) -> Result<ExitCode> {
        let own = self.store.signing_key();
        let key = key.unwrap_or(&own);
        if !key.exists() {
            bail!("there is no key to sign with: make one with `palisade feeds key`");
        }
        let done = bundle::export(&self.store, &keys::signing_key(key)?, file)?;
        let size = progress::size(done.bytes);
        line(&format!("{}: {} feeds, {} files, {size}", file.display(), done.feeds, done.objects));
        Ok(ExitCode::SUCCESS)
    }

    fn status(&self, format: Format) -> Result<ExitCode> {
        let manifest: Manifest =
            self.store.current()?.map(palisade_feeds::Snapshot::into_manifest).unwrap_or_default();
        let judged = health(&self.catalogue, &manifest, TimeMicros::now());
        show::status(&judged, format)?;
        Ok(if alarms(&judged).next().is_none() { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL) })
    }

    fn schedule(&self, home: &Path, every: Option<&str>, format: Format) -> Result<ExitCode> {
        let file = Schedule::file(home);
        match every {
            None => {}
            Some("off") => match std::fs::remove_file(&file) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
                _ => {}
            },
            Some(every) => {
                let schedule: Schedule = every.parse()?;
                crate::instance::write_atomic(&file, &serde_json::to_vec(&schedule)?, 0o644)?;
            }
        }
        let (schedule, course) = (Schedule::load(home)?, Course::load(&self.store)?);
        show::schedule(schedule, &course, format)?;
        let bad = schedule.is_some_and(|s| {
            course.ended.is_some_and(|at| at >= s.since) && (course.gave_up() || !course.reason.is_empty())
        });
        Ok(if bad { ExitCode::from(NOT_ALL) } else { ExitCode::SUCCESS })
    }

    fn key(&self, public: Option<&Path>, trust: Option<&Path>) -> Result<ExitCode> {
        if let Some(path) = trust {
            let key = keys::public_key(path)?;
            let to = self.store.trusted_key();
            std::fs::create_dir_all(self.store.root())?;
            keys::trust(&key, &to)?;
            line(&format!("trusted: {}", keys::fingerprint(&key)));
            return Ok(ExitCode::SUCCESS);
        }
        let private = self.store.signing_key();
        let key = if private.exists() { keys::signing_key(&private)? } else { keys::generate(&private)? };
        let pem = keys::public_pem(&key.verifying_key())?;
        if let Some(path) = public {
            std::fs::write(path, &pem).with_context(|| format!("writing {}", path.display()))?;
        }
        line(pem.trim_end());
        note(&format!("fingerprint {}", keys::fingerprint(&key.verifying_key())));
        Ok(ExitCode::SUCCESS)
    }
}

fn not_taken(path: &Path, error: &FeedError) -> Outcome {
    let refusal = Refusal {
        at: TimeMicros::now(),
        code: error.code,
        file: path.display().to_string(),
        record: error.record.clone(),
        reason: error.reason.clone(),
    };
    Outcome {
        feed: "-".to_owned(),
        verdict: Verdict::Failed,
        code: error.code.as_str().to_owned(),
        reason: error.to_string(),
        new_files: 0,
        bytes: 0,
        records: 0,
        faults: 0,
        refused: vec![refusal],
    }
}

fn reported(report: &Report, format: Format) -> ExitCode {
    show::report(report, format);
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_or_an_instant_is_understood() {
        assert_eq!(instant("2026-11-23").ok(), "2026-11-23T00:00:00Z".parse().ok());
        assert_eq!(instant("2026-11-23T04:05:06+02:00").ok(), "2026-11-23T02:05:06Z".parse().ok());
        assert!(instant("yesterday").is_err());
    }
}
