//! Cgroup numbers to paths, and the container that a path names.

use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lru::LruCache;
use palisade_sensor_bpf::layout::Task;

use super::CaptureError;

const KEPT: usize = 4096;
const UNKNOWN_KEPT: Duration = Duration::from_secs(5);
const HANDLE_KERNFS: i32 = 0xfe;

/// What is known of one cgroup.
#[derive(Clone, Debug)]
pub(crate) struct Cgroup {
    pub(crate) path: Arc<str>,
    pub(crate) container: Arc<str>,
}

/// Bounded cache of cgroups of the unified hierarchy.
#[derive(Debug)]
pub(crate) struct Cgroups {
    root: Option<(PathBuf, OwnedFd)>,
    known: LruCache<u64, (Cgroup, Option<Instant>)>,
    nothing: Cgroup,
}

impl Cgroups {
    pub(crate) fn new() -> Self {
        let root = unified_root()
            .and_then(|path| std::fs::File::open(&path).ok().map(|file| (path, OwnedFd::from(file))));
        let nothing = Cgroup { path: Arc::from(""), container: Arc::from("") };
        Self { root, known: LruCache::new(NonZeroUsize::new(KEPT).expect("not zero")), nothing }
    }

    /// Path below the hierarchy's root and container; empty where the cgroup is gone.
    pub(crate) fn get(&mut self, id: u64) -> Cgroup {
        if let Some((known, until)) = self.known.get(&id)
            && until.is_none_or(|until| Instant::now() < until)
        {
            return known.clone();
        }
        let (found, until) = match self.resolve(id) {
            Some(path) => {
                let container = container_of(&path).into();
                (Cgroup { path: path.into(), container }, None)
            }
            None => (self.nothing.clone(), Some(Instant::now() + UNKNOWN_KEPT)),
        };
        self.known.put(id, (found.clone(), until));
        found
    }

    fn resolve(&self, id: u64) -> Option<String> {
        #[repr(C)]
        struct Handle {
            bytes: u32,
            kind: i32,
            id: u64,
        }
        let (root, fd) = self.root.as_ref()?;
        let mut handle = Handle { bytes: 8, kind: HANDLE_KERNFS, id };
        // SAFETY: the handle has the layout of struct file_handle with eight bytes of body.
        let opened = unsafe {
            libc::syscall(
                libc::SYS_open_by_handle_at,
                fd.as_raw_fd(),
                std::ptr::from_mut(&mut handle),
                libc::O_PATH | libc::O_CLOEXEC,
            )
        };
        if opened < 0 {
            return None;
        }
        // SAFETY: a new descriptor.
        let opened = unsafe { OwnedFd::from_raw_fd(opened as i32) };
        let path = std::fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd())).ok()?;
        let below = path.strip_prefix(root).ok()?;
        let text = below.to_string_lossy();
        let text = text.strip_suffix(" (deleted)").unwrap_or(&text);
        Some(format!("/{text}"))
    }
}

/// Where the unified hierarchy is mounted.
pub(crate) fn unified_root() -> Option<PathBuf> {
    unified_mount().map(|(_, at)| at)
}

/// Which cgroup of the unified hierarchy is mounted, and where.
pub fn unified_mount() -> Option<(String, PathBuf)> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    text.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let kind = right.split(' ').next()?;
        let mut fields = left.split(' ').skip(3);
        let (mounted, at) = (fields.next()?, fields.next()?);
        (kind == "cgroup2").then(|| (mounted.to_owned(), PathBuf::from(at)))
    })
}

/// Number and depth of the cgroup whose folder is `path`. `hidden` is how deep the cgroup lies that
/// is the root as this process sees it: that of a namespace may lie anywhere.
pub(crate) fn identify(path: &Path, hidden: u32) -> Result<(u64, u32), CaptureError> {
    let failed = |error| CaptureError::io("scope_unreadable", error);
    let path = path.canonicalize().map_err(failed)?;
    let (mounted, root) = unified_mount()
        .ok_or_else(|| CaptureError::other("scope_unsupported", "no unified cgroup hierarchy"))?;
    let below = path.strip_prefix(&root).map_err(|_| {
        let detail = format!("{} is not below {}", path.display(), root.display());
        CaptureError::other("scope_not_a_cgroup", detail)
    })?;
    let depth = hidden + (steps(&mounted) + below.components().count()) as u32;
    if depth == 0 {
        return Ok((0, 0));
    }
    let id = std::fs::metadata(&path).map_err(failed)?.ino();
    Ok((id, depth))
}

/// Steps down that a cgroup's path takes.
fn steps(path: &str) -> usize {
    path.split('/').filter(|s| !s.is_empty() && *s != "..").count()
}

/// How deep the root of this process's cgroup namespace lies: the kernel's list of tasks says how
/// deep a process of the own cgroup lies.
pub(crate) fn hidden_depth(tasks: impl FnOnce() -> Vec<Task>) -> Result<u32, CaptureError> {
    /// The number of the namespace that machines start with.
    const FIRST: u64 = 0xEFFF_FFFB;
    let failed = |error| CaptureError::io("scope_unreadable", error);
    if std::fs::metadata("/proc/self/ns/cgroup").map_err(failed)?.ino() == FIRST {
        return Ok(0);
    }
    let unknown = |detail: &str| CaptureError::other("scope_unsupported", detail);
    let own = std::fs::read_to_string("/proc/self/cgroup").map_err(failed)?;
    let own = own.lines().find_map(|l| l.strip_prefix("0::")).unwrap_or_default();
    let (mounted, root) = unified_mount().ok_or_else(|| unknown("no unified cgroup hierarchy"))?;
    let below = Path::new(own)
        .strip_prefix(if mounted.starts_with("/..") { "/" } else { mounted.as_str() })
        .map_err(|_| unknown("the own cgroup is not in what is mounted"))?;
    let id = std::fs::metadata(root.join(below)).map_err(failed)?.ino();
    let task = tasks().into_iter().find(|t| t.cgroup == id && t.cgroup_level > 0);
    let level = task.ok_or_else(|| unknown("this kernel does not say how deep the own cgroup lies"))?;
    Ok(level.cgroup_level.saturating_sub(steps(own) as u32))
}

/// The id of 64 hexadecimal digits in the last name of a cgroup's path that has one: Docker,
/// containerd, CRI-O, Podman and Kubernetes all name it so, with and without systemd's affixes.
fn container_of(path: &str) -> &str {
    const DIGITS: usize = 64;
    for name in path.rsplit('/') {
        let name = name.strip_suffix(".scope").unwrap_or(name);
        let (kind, id) = name.rsplit_once(['-', ':']).unwrap_or(("", name));
        // The monitor of a container is not in it.
        if kind.ends_with("conmon") {
            continue;
        }
        if id.len() == DIGITS && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return id;
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_from_the_root_that_is_seen() {
        assert_eq!((steps("/"), steps("/a/b"), steps("/../.."), steps("")), (0, 2, 0, 0));
    }

    #[test]
    fn containers_of_the_usual_runtimes_are_found() {
        let id = "0123456789abcdef".repeat(4);
        for path in [
            format!("/docker/{id}"),
            format!("/system.slice/docker-{id}.scope"),
            format!("/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"),
            format!("/kubepods/burstable/pod12/{id}"),
            format!("/machine.slice/libpod-{id}.scope/container"),
            format!("/kubepods-besteffort-pod1.slice:cri-containerd:{id}"),
            format!("/kubepods.slice/kubepods-pod1.slice/crio-{id}.scope"),
            format!("/ecs/0123456789abcdef/{id}"),
        ] {
            assert_eq!(container_of(&path), id, "{path}");
        }
        assert_eq!(container_of(&format!("/machine.slice/libpod-conmon-{id}.scope")), "");
        assert_eq!(container_of("/user.slice/session-1.scope"), "");
        assert_eq!(container_of(&format!("/x/{}", "Z".repeat(64))), "");
    }
}
