//! Earlier versions of Debian packages: whether they are at hand, and keeping them for the way back.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use crate::remediate::answer::{Change, Fault, Rollback};
use crate::remediate::command::{Runner, argv};
use crate::remediate::manager::Plan;
use crate::remediate::request::Exact;

/// Where apt keeps what it downloaded.
const ARCHIVES: &str = "/var/cache/apt/archives";
/// Packages of which the earlier version is looked for.
const MAX_PACKAGES: usize = 64;
/// Bytes of all packages that are kept for all remediations.
const MAX_KEPT: u64 = 1 << 30;
/// Remediations of which packages are kept.
const MAX_REMEDIATIONS: usize = 8;

/// Looks for what a plan replaces; with a folder, brings it there.
pub fn keep(run: &mut Runner, plan: &Plan, folder: Option<&Path>, until: Instant) -> Rollback {
    let replaced: Vec<&Change> =
        plan.changes.iter().filter(|c| !c.from.is_empty() && c.from != c.to).collect();
    let no = |reason: String| Rollback { possible: false, reason };
    if replaced.is_empty() {
        return no("no package is replaced".into());
    }
    if replaced.len() > MAX_PACKAGES {
        return no(format!("more than {MAX_PACKAGES} packages are replaced"));
    }
    if let Some(folder) = folder {
        if let Err(e) = crate::files::make_private_dir(folder) {
            return no(format!("{} cannot be made: {e}", folder.display()));
        }
        prune(folder);
    }
    let mut missing = Vec::new();
    for change in replaced {
        let old =
            Exact { name: change.name.clone(), arch: change.arch.clone(), version: change.from.clone() };
        if !at_hand(run, &old, folder, until) {
            missing.push(format!("{} {}", old.name, old.version));
        }
    }
    if missing.is_empty() {
        return Rollback { possible: true, reason: String::new() };
    }
    no(format!("neither apt's cache nor a mirror has {}", missing.join(", ")))
}

/// Whether a version is at hand; with a folder, it is in there afterwards.
fn at_hand(run: &mut Runner, old: &Exact, folder: Option<&Path>, until: Instant) -> bool {
    let cached = files(old).into_iter().map(|n| Path::new(ARCHIVES).join(n)).find(|p| p.is_file());
    match (cached, folder) {
        (Some(_), None) => true,
        (Some(cached), Some(folder)) => {
            let to = folder.join(cached.file_name().unwrap_or_default());
            to.is_file() || fs::hard_link(&cached, &to).or_else(|_| fs::copy(&cached, &to).map(drop)).is_ok()
        }
        (None, None) => download(run, old, Path::new("/"), &["--print-uris"], until),
        (None, Some(folder)) => {
            files(old).iter().any(|n| folder.join(n).is_file()) || download(run, old, folder, &[], until)
        }
    }
}

fn download(run: &mut Runner, old: &Exact, folder: &Path, more: &[&str], until: Instant) -> bool {
    let mut words = argv(["apt-get", "-q", "-o", "APT::Color=0", "-o", "Acquire::Retries=1"]);
    words.extend(more.iter().map(|w| (*w).to_owned()));
    words.extend(argv(["download", "--"]));
    words.push(super::exactly(old));
    run.look_in(folder, &words, until).is_ok_and(|said| said.ok())
}

/// What apt calls the file of a package: colons are written as `%3a`.
fn files(e: &Exact) -> Vec<String> {
    let version = e.version.replace(':', "%3a");
    // dpkg writes the architecture `all` where apt may have the machine's own.
    let mut all = vec![format!("{}_{version}_{}.deb", e.name, e.arch)];
    if e.arch != "all" {
        all.push(format!("{}_{version}_all.deb", e.name));
    }
    all
}

/// The words for earlier versions: a kept file that says itself what it is, or a version of a mirror.
pub fn earlier(run: &mut Runner, to: &[Exact], kept: &Path, until: Instant) -> Result<Vec<String>, Fault> {
    let mut words = Vec::new();
    for old in to {
        let file = folders(kept)
            .into_iter()
            .chain([ARCHIVES.into()])
            .find_map(|folder| files(old).into_iter().map(|n| folder.join(n)).find(|p| p.is_file()));
        match file {
            Some(file) if says(run, &file, old, until)? => words.push(file.to_string_lossy().into_owned()),
            _ if download(run, old, Path::new("/"), &["--print-uris"], until) => {
                words.push(super::exactly(old));
            }
            _ => {
                return Err(Fault::no_candidate(format!(
                    "{} {} is neither kept nor offered by a mirror",
                    old.name, old.version
                )));
            }
        }
    }
    Ok(words)
}

/// Whether a package file is that package at that version.
fn says(run: &mut Runner, file: &Path, old: &Exact, until: Instant) -> Result<bool, Fault> {
    let path = file.to_string_lossy();
    let said =
        run.look(&argv(["dpkg-deb", "--field", &path, "Package", "Version", "Architecture"]), until)?;
    let field = |key: &str| {
        said.out
            .lines()
            .find_map(|l| l.strip_prefix(key)?.strip_prefix(':'))
            .map(str::trim)
            .unwrap_or_default()
    };
    let arch = field("Architecture");
    Ok(said.ok()
        && field("Package") == old.name
        && field("Version") == old.version
        && (arch == old.arch || arch == "all"))
}

/// Folders of kept packages, the newest first.
fn folders(kept: &Path) -> Vec<PathBuf> {
    let mut all: Vec<(SystemTime, PathBuf)> = fs::read_dir(kept)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| Some((e.metadata().ok().filter(fs::Metadata::is_dir)?.modified().ok()?, e.path())))
        .collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all.into_iter().map(|(_, path)| path).collect()
}

/// Takes what was kept for the oldest remediations away; that of `folder` itself stays.
fn prune(folder: &Path) {
    let Some(kept) = folder.parent() else { return };
    let (mut bytes, mut count) = (0u64, 0);
    for other in folders(kept) {
        count += 1;
        bytes += fs::read_dir(&other)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|e| e.metadata().ok())
            .map(|m| m.size())
            .sum::<u64>();
        if other != folder && (count > MAX_REMEDIATIONS || bytes > MAX_KEPT) {
            let _ = fs::remove_dir_all(&other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_as_apt_calls_them() {
        let e = Exact { name: "zlib1g".into(), arch: "amd64".into(), version: "1:1.2.13".into() };
        assert_eq!(files(&e), ["zlib1g_1%3a1.2.13_amd64.deb", "zlib1g_1%3a1.2.13_all.deb"]);
    }

    #[test]
    fn only_the_last_remediations_keep_their_packages() {
        let dir = tempfile::TempDir::new().expect("dir");
        for n in 0..12u64 {
            let folder = dir.path().join(format!("r{n}"));
            fs::create_dir(&folder).expect("made");
            let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(n * 60);
            fs::File::open(&folder).and_then(|f| f.set_modified(at)).expect("dated");
        }
        prune(&dir.path().join("r0"));
        let left = folders(dir.path());
        assert_eq!(left.len(), MAX_REMEDIATIONS + 1);
        assert!(left.contains(&dir.path().join("r0")) && !left.contains(&dir.path().join("r3")), "{left:?}");
    }
}
