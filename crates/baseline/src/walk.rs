//! One walk through every local file system of a root, for what no list of paths finds: files that
//! everybody may write, that nobody owns, or that run as somebody else.

use std::collections::HashSet;
use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use palisade_inventory::{Class, Kind, Listing, Root, open_at, stamp_at};

use crate::format::accounts::Accounts;

/// Bounds of a walk.
#[derive(Clone, Debug)]
pub struct WalkLimits {
    /// Names that are looked at.
    pub entries: u64,
    /// Folders below the root.
    pub depth: usize,
    /// Time that it takes.
    pub time: Duration,
    /// Paths that are kept of each kind.
    pub kept: usize,
    /// Folders that are not entered: those of container runtimes, whose files belong to other systems.
    pub skip: Vec<String>,
}

impl Default for WalkLimits {
    fn default() -> Self {
        let skip = [
            "/var/lib/docker",
            "/var/lib/containers/storage",
            "/var/lib/containerd",
            "/var/lib/lxc",
            "/var/lib/kubelet/pods",
            "/run/user",
        ];
        Self {
            entries: 8_000_000,
            depth: 64,
            time: Duration::from_secs(60),
            kept: 1000,
            skip: skip.iter().map(|s| (*s).to_owned()).collect(),
        }
    }
}

/// What the walk found.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Regular files that everybody may write.
    pub(crate) writable_files: Vec<String>,
    /// Folders that everybody may write and that lack the sticky bit.
    pub(crate) writable_folders: Vec<String>,
    /// Folders that everybody may write and that another than root owns.
    pub(crate) writable_not_root: Vec<String>,
    /// Owned by a number that no user has.
    pub(crate) unowned: Vec<String>,
    /// With a group's number that no group has.
    pub(crate) ungrouped: Vec<String>,
    /// Programs with the set-user or set-group bit.
    pub(crate) privileged: Vec<String>,
    /// Names that were looked at.
    pub(crate) looked: u64,
    /// Whether a bound cut it short, or a folder could not be read.
    pub(crate) cut: bool,
}

struct Walker<'a> {
    found: Walk,
    limits: &'a WalkLimits,
    root: &'a Root,
    users: HashSet<u32>,
    groups: HashSet<u32>,
    until: Instant,
    spare: Vec<Listing>,
}

impl Walk {
    pub(crate) fn run(root: &Root, accounts: &Accounts, limits: &WalkLimits) -> Self {
        let mut walker = Walker {
            found: Self::default(),
            limits,
            root,
            users: accounts.users.iter().map(|u| u.uid).collect(),
            groups: accounts.groups.iter().map(|g| g.gid).collect(),
            until: Instant::now() + limits.time,
            spare: Vec::new(),
        };
        // Opened anew, so that reading it begins at its beginning.
        let flags = libc::O_RDONLY | libc::O_DIRECTORY;
        match root.top().and_then(|top| Ok(open_at(top.as_raw_fd(), c".", flags)?)) {
            Ok(top) => walker.folder(&top, &mut Vec::new(), 0),
            Err(_) => walker.found.cut = true,
        }
        walker.found
    }
}

impl Walker<'_> {
    fn folder(&mut self, fd: &OwnedFd, path: &mut Vec<u8>, depth: usize) {
        if depth > self.limits.depth || Instant::now() > self.until {
            self.found.cut = true;
            return;
        }
        let mut listing = self.spare.pop().unwrap_or_default();
        if listing.read(fd.as_raw_fd()).is_err() {
            self.found.cut = true;
        }
        let mut below: Vec<CString> = Vec::new();
        let length = path.len();
        let mounts = self.root.mounts().any_in(path);
        for (name, kind) in listing.iter() {
            self.found.looked += 1;
            if self.found.looked > self.limits.entries {
                self.found.cut = true;
                break;
            }
            let Ok(name) = CString::new(name) else { continue };
            path.push(b'/');
            path.extend_from_slice(name.to_bytes());
            let foreign =
                mounts && matches!(self.root.mounts().class(path), Some(Class::Foreign | Class::Aside));
            if !foreign && let Ok(stamp) = stamp_at(fd.as_raw_fd(), &name) {
                let kind = if kind == Kind::Unknown { stamp.kind() } else { kind };
                self.look(path, kind, stamp.mode, stamp.uid, stamp.gid);
                if kind == Kind::Folder && !self.limits.skip.iter().any(|s| s.as_bytes() == path.as_slice()) {
                    below.push(name);
                }
            }
            path.truncate(length);
        }
        self.spare.push(listing);
        for name in below {
            // Between listing and opening a folder may have become a link: it is not followed.
            let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW;
            match open_at(fd.as_raw_fd(), &name, flags) {
                Ok(next) => {
                    path.push(b'/');
                    path.extend_from_slice(name.to_bytes());
                    self.folder(&next, path, depth + 1);
                    path.truncate(length);
                }
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(_) => self.found.cut = true,
            }
        }
    }

    fn look(&mut self, path: &[u8], kind: Kind, mode: u32, uid: u32, gid: u32) {
        let kept = self.limits.kept;
        let keep = |list: &mut Vec<String>| {
            if list.len() < kept {
                list.push(String::from_utf8_lossy(path).into_owned());
            }
        };
        // Nearly everything is root's.
        if uid != 0 && !self.users.contains(&uid) {
            keep(&mut self.found.unowned);
        }
        if gid != 0 && !self.groups.contains(&gid) {
            keep(&mut self.found.ungrouped);
        }
        match kind {
            Kind::File => {
                if mode & 0o002 != 0 {
                    keep(&mut self.found.writable_files);
                }
                if mode & 0o6000 != 0 && mode & 0o111 != 0 {
                    keep(&mut self.found.privileged);
                }
            }
            Kind::Folder if mode & 0o002 != 0 => {
                if mode & 0o1000 == 0 {
                    keep(&mut self.found.writable_folders);
                }
                if uid != 0 {
                    keep(&mut self.found.writable_not_root);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_finds_what_everybody_may_write_and_does_not_leave_the_root() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |p: &str| dir.path().join(p);
        std::fs::create_dir_all(at("a/b")).expect("writable");
        std::fs::create_dir_all(at("var/lib/docker/x")).expect("writable");
        for (path, mode) in
            [("a/open", 0o666), ("a/b/tool", 0o4755), ("a/quiet", 0o644), ("var/lib/docker/x/open", 0o666)]
        {
            std::fs::write(at(path), "").expect("writable");
            std::fs::set_permissions(at(path), std::fs::Permissions::from_mode(mode)).expect("ours");
        }
        std::fs::set_permissions(at("a/b"), std::fs::Permissions::from_mode(0o777)).expect("ours");
        std::os::unix::fs::symlink("/", at("a/out")).expect("a link");
        let root = Root::open(dir.path()).expect("opens");
        let walk = Walk::run(&root, &Accounts::default(), &WalkLimits::default());
        assert_eq!(walk.writable_files, ["/a/open"]);
        assert_eq!(walk.writable_folders, ["/a/b"]);
        assert_eq!(walk.privileged, ["/a/b/tool"]);
        assert!(!walk.cut && walk.looked < 20);
        let tight = WalkLimits { entries: 3, ..WalkLimits::default() };
        assert!(Walk::run(&root, &Accounts::default(), &tight).cut);
    }
}
