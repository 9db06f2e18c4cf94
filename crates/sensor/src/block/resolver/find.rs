//! From rules to files: the installed packages in a range, and the programs that they brought.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::ffi::CString;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use palisade_advisory::{Ecosystem, Scheme};
use palisade_inventory::{Kind, Limits, Package, Root, SourceState, open_at, package_files, system_packages};

use crate::block::list::{Mode, Rule};
use crate::block::responder::is_local;
use crate::block::words::{Hit, Identity, MAX_FILES, MAX_NAMED, Program, Refused, Resolved, RuleState};
use crate::never_touch;

/// The package databases without which nothing is known.
const DATABASES: [&str; 3] = ["dpkg", "rpm", "apk"];

/// Looks the rules up in the packages of a root.
pub fn resolve(root: &Root, revision: u64, rules: &[Rule]) -> Resolved {
    let mut found = Resolved { revision, ..Resolved::default() };
    found.rules = rules_once(rules);
    if rules.is_empty() {
        return found;
    }
    let limits = Limits::default();
    let (os, packages, sources) = system_packages(root, &limits);
    let broken =
        sources.iter().find(|s| DATABASES.contains(&s.name.as_str()) && s.state != SourceState::Read);
    if let Some(source) = broken {
        found.unclear = format!("{} {}: {}", source.name, source.path, source.code);
        return found;
    }
    let host = Ecosystem::of_host(&os.id, &os.version);
    let Some(scheme) = host.scheme() else {
        found.unclear = format!("versions of {host} have no known order");
        return found;
    };
    let protected = never_touch::inodes(root.path());
    let mut gather = Gather { root, seen: HashMap::new(), protected, scheme, found };
    let mut wanted: Vec<(&Package, usize, bool)> = Vec::new();
    for rule in rules {
        for package in packages.iter().filter(|p| is_named(rule, p, &host)) {
            match in_range(rule, package, scheme) {
                Some(true) => {
                    if let Some(hit) = gather.hit(rule, package) {
                        wanted.push((package, hit, rule.mode == Mode::Block));
                    }
                }
                Some(false) => {}
                None => gather.refuse(&rule.id, &package.name, "", "block_version_unclear", &package.version),
            }
        }
    }
    let asked: Vec<&Package> = wanted.iter().map(|(p, _, _)| *p).collect();
    match package_files(root, &limits, &asked) {
        Ok(files) => {
            for ((_, hit, block), paths) in wanted.iter().zip(files) {
                for path in paths {
                    gather.file(&path, *hit, *block);
                }
            }
        }
        Err(e) => {
            gather.found.programs.clear();
            gather.found.unclear = format!("the packages' lists of files: {e}");
        }
    }
    gather.found
}

fn rules_once(rules: &[Rule]) -> Vec<RuleState> {
    let mut seen = HashSet::new();
    let once = rules.iter().filter(|r| seen.insert(r.id.as_str()));
    once.map(|r| RuleState { id: r.id.clone(), ..RuleState::default() }).collect()
}

fn is_named(rule: &Rule, package: &Package, host: &Ecosystem) -> bool {
    let of = Ecosystem::parse(&rule.ecosystem);
    let release = of.release().is_empty() || of.release() == host.release();
    // A source package that is named like its binary is often not named at all.
    let source = if package.source_name.is_empty() { &package.name } else { &package.source_name };
    package.ecosystem.is_os()
        && of.family() == host.family()
        && release
        && (rule.source.is_empty() || rule.source == *source)
        && (rule.package.is_empty() || rule.package == package.name)
}

/// Whether the version is in the range; nothing where versions have no order, which is no ground to block.
fn in_range(rule: &Rule, package: &Package, scheme: Scheme) -> Option<bool> {
    let by_source = !rule.source.is_empty() && !package.source_version.is_empty();
    let version = if by_source { &package.source_version } else { &package.version };
    if !rule.introduced.is_empty() && scheme.compare(version, &rule.introduced).ok()? == Ordering::Less {
        return Some(false);
    }
    if rule.fixed.is_empty() {
        return Some(true);
    }
    Some(scheme.compare(version, &rule.fixed).ok()? == Ordering::Less)
}

struct Gather<'a> {
    root: &'a Root,
    /// Files by device and inode, with their place among the programs.
    seen: HashMap<(u64, u64), usize>,
    protected: HashSet<(u64, u64)>,
    scheme: Scheme,
    found: Resolved,
}

impl Gather<'_> {
    fn state(&mut self, rule: &str) -> Option<&mut RuleState> {
        self.found.rules.iter_mut().find(|r| r.id == rule)
    }

    fn refuse(&mut self, rule: &str, package: &str, path: &str, code: &str, reason: &str) {
        let Some(state) = self.state(rule) else { return };
        state.refused_total += 1;
        if state.refused.len() < MAX_NAMED {
            state.refused.push(Refused {
                path: path.into(),
                package: package.into(),
                code: code.into(),
                reason: reason.into(),
            });
        }
    }

    /// A package of a rule; nothing if it is never touched.
    fn hit(&mut self, rule: &Rule, package: &Package) -> Option<usize> {
        let source = if package.source_name.is_empty() { &package.name } else { &package.source_name };
        if let Some(reason) = never_touch::package(self.scheme, &package.name, source) {
            self.refuse(&rule.id, &package.name, "", "block_refused_never_touch", reason);
            return None;
        }
        if let Some(state) = self.state(&rule.id) {
            state.packages.push(format!("{} {}", package.name, package.version));
        }
        self.found.hits.push(Hit {
            rule: rule.id.clone(),
            name: package.name.clone(),
            version: package.version.clone(),
            source: package.source_name.clone(),
            fixed: rule.fixed.clone(),
            message: rule.message.clone(),
        });
        Some(self.found.hits.len() - 1)
    }

    /// A path of a package's list: a program of its own is taken, all else is left.
    fn file(&mut self, path: &str, hit: usize, block: bool) {
        let Some((identity, real, at)) = program(self.root, path) else { return };
        let (rule, package) = (self.found.hits[hit].rule.clone(), self.found.hits[hit].name.clone());
        let id = (identity.dev, identity.ino);
        let protected = never_touch::file(path)
            .or_else(|| never_touch::file(&real))
            .or_else(|| self.protected.contains(&id).then_some("running"));
        if let Some(reason) = protected {
            self.refuse(&rule, &package, path, "block_refused_never_touch", reason);
            return;
        }
        if !is_local(at.as_fd()) {
            self.refuse(&rule, &package, path, "block_foreign_file_system", "");
            return;
        }
        if let Some(known) = self.seen.get(&id).copied() {
            // The stricter of two rules names it.
            let program = &mut self.found.programs[known];
            if block && !program.block {
                (program.block, program.hit) = (true, hit);
            }
        } else if self.found.programs.len() >= MAX_FILES {
            self.refuse(&rule, &package, path, "block_too_many_files", "");
            return;
        } else {
            self.seen.insert(id, self.found.programs.len());
            let path = self.root.path().join(real.trim_start_matches('/')).to_string_lossy().into_owned();
            self.found.programs.push(Program { path, identity, block, hit });
        }
        if let Some(state) = self.state(&rule) {
            state.files += 1;
        }
    }
}

/// A regular file that can be executed and is a program: its identity, where it really lies, and itself.
fn program(root: &Root, path: &str) -> Option<(Identity, String, OwnedFd)> {
    let (folder, name) = path.rsplit_once('/')?;
    // A link in a package's list may lead to another package's file.
    if name.is_empty() || root.link(if folder.is_empty() { "/" } else { folder }, name).is_ok() {
        return None;
    }
    let place = root.place(path).ok()?;
    if place.stamp.kind() != Kind::File || place.stamp.mode & 0o111 == 0 {
        return None;
    }
    let real = root.path().join(place.path.trim_start_matches('/'));
    let fd = open(&real)?;
    let stamp = palisade_inventory::stamp_at(fd.as_raw_fd(), c"").ok()?;
    if (stamp.dev, stamp.ino) != (place.stamp.dev, place.stamp.ino) {
        return None;
    }
    let mut start = [0u8; 4];
    let mut file = std::fs::File::from(fd);
    let read = file.read(&mut start).ok()?;
    let is_program = start[..read].starts_with(b"\x7fELF") || start[..read].starts_with(b"#!");
    let identity = Identity { dev: stamp.dev, ino: stamp.ino, ctime: stamp.ctime };
    is_program.then(|| (identity, place.path.clone(), OwnedFd::from(file)))
}

/// Opens a file that is known to be a regular one; its time of access stays.
fn open(path: &Path) -> Option<OwnedFd> {
    let name = CString::new(path.as_os_str().as_bytes()).ok()?;
    let flags = libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let open = |flags| open_at(libc::AT_FDCWD, &name, flags);
    open(flags | libc::O_NOATIME).or_else(|_| open(flags)).ok()
}

#[cfg(test)]
mod tests;
