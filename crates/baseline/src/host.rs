//! What the probes look at: a root, read through bounds and kept while a run lasts.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use palisade_inventory::{InventoryError, Kind, Limits, Os, Place, Root, SourceState, system_packages};

use zeroize::Zeroizing;

use crate::error::Result;
use crate::format::accounts::{self, Accounts};
use crate::report::Reason;
use crate::walk::{Walk, WalkLimits};
use crate::want::like;

/// Most bytes of one configuration file.
const MAX_TEXT: u64 = 4 << 20;
/// Most bytes of one value of the kernel.
const MAX_VALUE: u64 = 64 << 10;
/// Most files that one pattern stands for.
const MAX_GLOB: usize = 4096;

/// How a host is looked at.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether what runs is looked at too; only for the machine's own root.
    pub live: bool,
    /// Where proc is mounted.
    pub proc: PathBuf,
    /// Where sysfs is mounted.
    pub sys: PathBuf,
    /// The `PATH` of the root user who asks; none where a service asks.
    pub path: Option<String>,
    /// Bounds of the walk through the file system.
    pub walk: WalkLimits,
}

impl Default for Options {
    fn default() -> Self {
        let (proc, sys) = ("/proc".into(), "/sys".into());
        Self { live: true, proc, sys, path: None, walk: WalkLimits::default() }
    }
}

type Text = std::result::Result<Option<Rc<str>>, Reason>;

/// A root and what was read of it so far.
pub struct Host {
    root: Root,
    options: Options,
    os: Os,
    packages: std::result::Result<BTreeMap<String, String>, Reason>,
    texts: RefCell<HashMap<String, Text>>,
    accounts: OnceCell<std::result::Result<Rc<Accounts>, Reason>>,
    walk: OnceCell<Walk>,
    /// The path that could not be read last.
    failed: RefCell<String>,
    /// Processor time that opening took.
    spent: Duration,
}

impl Host {
    /// The root at `path`.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        let before = cpu();
        let root = Root::open(path)?;
        let (os, packages, sources) = system_packages(&root, &Limits::default());
        let failed = sources.iter().any(|s| {
            // Snaps and the like are no packages that a check asks for.
            s.state == SourceState::Failed && matches!(s.name.as_str(), "dpkg" | "rpm" | "apk")
        });
        let packages = if failed {
            Err(Reason::NoPackages)
        } else {
            Ok(packages.into_iter().map(|p| (p.name, p.version)).collect())
        };
        let (texts, accounts, walk, failed) = Default::default();
        let spent = cpu().saturating_sub(before);
        Ok(Self { root, options, os, packages, texts, accounts, walk, failed, spent })
    }

    /// The root.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Whether what runs is looked at.
    pub fn is_live(&self) -> bool {
        self.options.live && self.root.is_live()
    }

    /// Processor time that opening took.
    pub(crate) fn spent(&self) -> Duration {
        self.spent
    }

    /// Its operating system.
    pub fn os(&self) -> &Os {
        &self.os
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// Installed packages with their versions.
    pub(crate) fn packages(&self) -> std::result::Result<&BTreeMap<String, String>, Reason> {
        self.packages.as_ref().map_err(|r| *r)
    }

    /// Whether it is a container's root, by what runtimes leave there.
    pub(crate) fn is_container(&self) -> bool {
        ["/.dockerenv", "/run/.containerenv"].iter().any(|f| self.root.exists(f)) && !self.has_init()
    }

    /// Whether an init with its kernel was started here: then such a file is left from an image.
    fn has_init(&self) -> bool {
        self.is_live() && self.options.sys.join("kernel/btf/vmlinux").exists() && !self.in_namespace()
    }

    /// Whether this process's root lies in a control group of a container's runtime.
    fn in_namespace(&self) -> bool {
        let text = value(&self.options.proc.join("1/cgroup")).unwrap_or_default();
        ["docker", "kubepods", "lxc", "containerd", "libpod"].iter().any(|w| text.contains(w))
    }

    pub(crate) fn is_uefi(&self) -> bool {
        if self.is_live() {
            return self.options.sys.join("firmware/efi").exists();
        }
        self.root.exists("/boot/efi/EFI")
    }

    /// A text file; none where there is none.
    pub(crate) fn text(&self, path: &str) -> Text {
        if let Some(text) = self.texts.borrow().get(path) {
            return text.clone();
        }
        let text = match self.root.text(path, MAX_TEXT) {
            Ok(text) => Ok(Some(Rc::from(text))),
            Err(e) if e.is_absent() => Ok(None),
            Err(e) => Err(self.fault(path, &e)),
        };
        self.texts.borrow_mut().insert(path.to_owned(), text.clone());
        text
    }

    /// What lies at `path`; none where there is nothing.
    pub(crate) fn look(&self, path: &str) -> std::result::Result<Option<Place>, Reason> {
        match self.root.place(path) {
            Ok(place) => Ok(Some(place)),
            Err(e) if e.is_absent() => Ok(None),
            Err(e) => Err(self.fault(path, &e)),
        }
    }

    /// The reason for an error, whose path is kept.
    fn fault(&self, path: &str, e: &InventoryError) -> Reason {
        path.clone_into(&mut self.failed.borrow_mut());
        reason(e)
    }

    /// The path that could not be read last.
    pub(crate) fn failed(&self) -> String {
        self.failed.borrow().clone()
    }

    /// Names and kinds in a folder; none where there is none.
    pub(crate) fn folder(&self, path: &str) -> std::result::Result<Vec<(String, Kind)>, Reason> {
        let entries = match self.root.folder(path) {
            Ok((entries, _)) => entries,
            Err(e) if e.is_absent() || matches!(e, InventoryError::WrongKind) => Vec::new(),
            Err(e) => return Err(self.fault(path, &e)),
        };
        Ok(entries.into_iter().map(|(n, k)| (String::from_utf8_lossy(&n).into_owned(), k)).collect())
    }

    /// The paths that a pattern stands for, sorted; a path without stars stands for itself.
    pub(crate) fn glob(&self, pattern: &str) -> std::result::Result<Vec<String>, Reason> {
        if !pattern.contains('*') {
            return Ok(vec![pattern.to_owned()]);
        }
        let mut at = vec![String::new()];
        for part in pattern.split('/').filter(|p| !p.is_empty()) {
            let mut next = Vec::new();
            for folder in &at {
                if !part.contains('*') {
                    next.push(format!("{folder}/{part}"));
                    continue;
                }
                let within = if folder.is_empty() { "/" } else { folder.as_str() };
                for (name, _) in self.folder(within)? {
                    if like(part, &name) && (part.starts_with('.') || !name.starts_with('.')) {
                        next.push(format!("{folder}/{name}"));
                    }
                }
                if next.len() > MAX_GLOB {
                    return Err(Reason::Budget);
                }
            }
            at = next;
        }
        Ok(at.into_iter().filter(|p| self.root.exists(p)).collect())
    }

    /// Text files of several patterns that are there, with their paths.
    pub(crate) fn texts(&self, patterns: &[String]) -> std::result::Result<Vec<(String, Rc<str>)>, Reason> {
        let mut all = Vec::new();
        for pattern in patterns {
            for path in self.glob(pattern)? {
                if let Some(text) = self.text(&path)? {
                    all.push((path, text));
                }
            }
        }
        Ok(all)
    }

    /// Drop-in files `*.conf` of `folder` below these bases; an earlier base hides a later one's file of
    /// the same name. Sorted by name.
    pub(crate) fn drop_ins(
        &self,
        bases: &[&str],
        folder: &str,
        end: &str,
    ) -> std::result::Result<Vec<(String, Rc<str>)>, Reason> {
        let mut by_name: BTreeMap<String, String> = BTreeMap::new();
        for base in bases {
            let at = format!("{base}/{folder}");
            for (name, _) in self.folder(&at)? {
                if name.ends_with(end) && !name.starts_with('.') {
                    by_name.entry(name.clone()).or_insert_with(|| format!("{at}/{name}"));
                }
            }
        }
        let mut all = Vec::new();
        for path in by_name.into_values() {
            // A link to /dev/null takes the file away.
            match self.text(&path) {
                Ok(Some(text)) => all.push((path, text)),
                Ok(None) | Err(Reason::Malformed | Reason::ForeignFileSystem) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(all)
    }

    /// A value of the kernel's, `/proc/...` or `/sys/...`; none where there is none.
    pub(crate) fn kernel(&self, path: &str) -> std::result::Result<Option<String>, Reason> {
        if !self.is_live() {
            return Err(Reason::NotLive);
        }
        let at = match (path.strip_prefix("/proc/"), path.strip_prefix("/sys/")) {
            (Some(rest), _) => self.options.proc.join(rest),
            (_, Some(rest)) => self.options.sys.join(rest),
            _ => return Err(Reason::Malformed),
        };
        match value(&at) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => Err(Reason::PermissionDenied),
            Err(_) => Err(Reason::Unreadable),
        }
    }

    /// Users and groups.
    pub(crate) fn accounts(&self) -> std::result::Result<Rc<Accounts>, Reason> {
        let read = || {
            let text = |path: &str| self.text(path).map(|t| t.unwrap_or_else(|| Rc::from("")));
            // Not by `text`: digests are not kept, and wiped at once.
            let shadow = match self.root.read("/etc/shadow", MAX_TEXT) {
                Ok((bytes, _)) => Some(Zeroizing::new(bytes)),
                Err(e) if e.is_absent() || reason(&e) == Reason::PermissionDenied => None,
                Err(e) => return Err(reason(&e)),
            };
            let shadow = shadow.as_ref().map(|b| std::str::from_utf8(b).map_err(|_| Reason::Malformed));
            let shadow = shadow.transpose()?;
            Ok(Rc::new(accounts::parse(&text("/etc/passwd")?, shadow, &text("/etc/group")?)))
        };
        self.accounts.get_or_init(read).clone()
    }

    /// The walk through the whole file system, once.
    pub(crate) fn walk(&self) -> &Walk {
        self.walk.get_or_init(|| {
            let accounts = self.accounts().unwrap_or_default();
            Walk::run(&self.root, &accounts, &self.options.walk)
        })
    }

    /// Files that the walk looked at so far.
    pub(crate) fn walked(&self) -> u64 {
        self.walk.get().map_or(0, |w| w.looked)
    }
}

/// Processor time of this thread so far.
pub(crate) fn cpu() -> Duration {
    // SAFETY: the kernel fills in plain data of ours.
    let now = unsafe {
        let mut now: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now);
        now
    };
    let nanos = u32::try_from(now.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), nanos)
}

/// The reason that an error stands for.
pub(crate) fn reason(e: &InventoryError) -> Reason {
    match e.code() {
        "permission_denied" => Reason::PermissionDenied,
        "too_large" => Reason::TooLarge,
        "foreign_file_system" => Reason::ForeignFileSystem,
        "malformed" | "wrong_kind" | "too_deep" => Reason::Malformed,
        "too_many" | "out_of_time" => Reason::Budget,
        _ => Reason::Unreadable,
    }
}

fn value(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_VALUE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A root with these files; a path that ends with `/` is a folder, `a -> b` a link.
    pub(crate) fn world(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
        let dir = tempfile::tempdir().expect("a folder");
        for (path, content) in files {
            let at = dir.path().join(path.trim_start_matches('/'));
            if path.ends_with('/') {
                std::fs::create_dir_all(&at).expect("a folder");
                continue;
            }
            std::fs::create_dir_all(at.parent().expect("a parent")).expect("a folder");
            match content.strip_prefix("-> ") {
                Some(target) => std::os::unix::fs::symlink(target, &at).expect("a link"),
                None => std::fs::write(&at, content).expect("a file"),
            }
        }
        let host = Host::open(dir.path(), Options::default()).expect("opens");
        (dir, host)
    }

    #[test]
    fn patterns_stand_for_files_within_the_root() {
        let (_dir, host) = world(&[
            ("/etc/a.d/20.conf", "b"),
            ("/etc/a.d/10.conf", "a"),
            ("/etc/a.d/.hidden.conf", "x"),
            ("/etc/a.d/out.conf", "-> /../../../../etc/passwd"),
        ]);
        let paths = host.glob("/etc/a.d/*.conf").expect("globs");
        assert_eq!(paths, ["/etc/a.d/10.conf", "/etc/a.d/20.conf"]);
        assert_eq!(host.glob("/none").expect("itself"), ["/none"]);
        assert_eq!(host.text("/none"), Ok(None));
        assert_eq!(host.kernel("/proc/version"), Err(Reason::NotLive));
    }

    #[test]
    fn an_earlier_base_hides_a_later_one() {
        let (_dir, host) = world(&[
            ("/etc/s.d/50-x.conf", "-> /dev/null"),
            ("/usr/lib/s.d/50-x.conf", "hidden"),
            ("/usr/lib/s.d/10-y.conf", "shown"),
            ("/dev/null", ""),
        ]);
        let all = host.drop_ins(&["/etc", "/usr/lib"], "s.d", ".conf").expect("reads");
        let names: Vec<_> = all.iter().map(|(p, t)| (p.as_str(), t.as_ref())).collect();
        assert_eq!(names, [("/usr/lib/s.d/10-y.conf", "shown"), ("/etc/s.d/50-x.conf", "")]);
    }
}
