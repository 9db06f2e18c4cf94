//! The file systems that capture needs: bpffs for pins (host-wide), tracefs for numbers.

use std::ffi::CString;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::mount::MsFlags;

use super::CaptureError;

/// Where pins live unless the caller names another place.
pub const BPFFS: &str = "/sys/fs/bpf";
/// Empty folder in a bpffs that we mounted; who removes the last pins unmounts it.
const MOUNTED_BY_US: &str = "palisade_mounted";
const BPF_FS_MAGIC: i64 = 0xcafe_4a11;

/// Creates `pin_dir`, mounting a bpffs at [`BPFFS`] if it lies there and nothing is mounted.
pub(crate) fn create_pin_dir(pin_dir: &Path) -> Result<(), CaptureError> {
    let _lock = lock()?;
    let parent = pin_dir.parent().unwrap_or(Path::new("/"));
    if !is_bpffs(parent) {
        if parent != Path::new(BPFFS) {
            let detail = format!("{} is no bpffs", parent.display());
            return Err(CaptureError::other("bpffs_missing", detail));
        }
        let failed = |error| CaptureError::io("bpffs_mount_failed", error);
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        nix::mount::mount(Some("bpf"), BPFFS, Some("bpf"), flags, Some("mode=0700"))
            .map_err(|error| failed(error.into()))?;
        std::fs::create_dir(Path::new(BPFFS).join(MOUNTED_BY_US)).map_err(failed)?;
    }
    match std::fs::create_dir(pin_dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(CaptureError::io("pin_dir_failed", error))
        }
        _ => Ok(()),
    }
}

/// Removes `pin_dir` with all pins in it, and unmounts the bpffs at [`BPFFS`] if a sensor
/// mounted it and nothing else is left. Returns whether there were pins.
pub(crate) fn remove_pin_dir(pin_dir: &Path) -> Result<bool, CaptureError> {
    let _lock = lock()?;
    let failed = |error| CaptureError::io("pin_remove_failed", error);
    let mut found = false;
    if let Ok(entries) = std::fs::read_dir(pin_dir) {
        for entry in entries.filter_map(Result::ok) {
            std::fs::remove_file(entry.path()).map_err(failed)?;
            found = true;
        }
        std::fs::remove_dir(pin_dir).map_err(failed)?;
    }
    release_bpffs()?;
    Ok(found)
}

/// Sensors that start and detach at the same time must not unmount each other's pins.
fn lock() -> Result<nix::fcntl::Flock<std::fs::File>, CaptureError> {
    let failed = |error| CaptureError::io("bpffs_lock_failed", error);
    let file = std::fs::File::open("/sys/fs").map_err(failed)?;
    nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusive)
        .map_err(|(_, error)| failed(error.into()))
}

fn release_bpffs() -> Result<(), CaptureError> {
    let root = Path::new(BPFFS);
    let marker = root.join(MOUNTED_BY_US);
    if !marker.exists() {
        return Ok(());
    }
    let others = std::fs::read_dir(root)
        .map_err(|error| CaptureError::io("bpffs_unreadable", error))?
        .filter_map(Result::ok)
        // The kernel puts its own debug links into every new bpffs.
        .filter(|e| e.path() != marker && !e.file_name().to_string_lossy().contains('.'))
        .count();
    if others > 0 {
        return Ok(());
    }
    let _ = std::fs::remove_dir(&marker);
    nix::mount::umount2(root, nix::mount::MntFlags::MNT_DETACH)
        .map_err(|error| CaptureError::io("bpffs_unmount_failed", error.into()))
}

fn is_bpffs(path: &Path) -> bool {
    nix::sys::statfs::statfs(path).is_ok_and(|fs| fs.filesystem_type().0 == BPF_FS_MAGIC)
}

/// Access to the numbers of tracepoints, through a mounted tracefs or a detached one of our own
/// that vanishes with this value.
#[derive(Debug)]
pub(crate) struct Tracefs {
    root: Root,
}

#[derive(Debug)]
enum Root {
    Mounted(PathBuf),
    Detached(OwnedFd),
}

impl Tracefs {
    pub(crate) fn open() -> Result<Self, CaptureError> {
        for place in ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"] {
            let path = PathBuf::from(place);
            if path.join("events").is_dir() {
                return Ok(Self { root: Root::Mounted(path) });
            }
        }
        Ok(Self { root: Root::Detached(detached_tracefs()?) })
    }

    /// The number of a tracepoint such as `syscalls/sys_enter_openat`.
    pub(crate) fn id(&self, event: &str) -> Result<u64, CaptureError> {
        let failed = |error| CaptureError::io("tracepoint_unknown", error);
        let relative = format!("events/{event}/id");
        let mut text = String::new();
        match &self.root {
            Root::Mounted(path) => {
                text = std::fs::read_to_string(path.join(relative)).map_err(failed)?;
            }
            Root::Detached(fd) => {
                let flags = nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_CLOEXEC;
                let file = nix::fcntl::openat(fd, relative.as_str(), flags, nix::sys::stat::Mode::empty())
                    .map_err(|error| failed(error.into()))?;
                std::fs::File::from(file).read_to_string(&mut text).map_err(failed)?;
            }
        }
        text.trim()
            .parse()
            .map_err(|_| CaptureError::other("tracepoint_unknown", format!("{event}: {text:?}")))
    }
}

fn detached_tracefs() -> Result<OwnedFd, CaptureError> {
    let failed = || CaptureError::last("tracefs_mount_failed");
    let name = CString::new("tracefs").expect("no NUL");
    // SAFETY: plain system calls with valid pointers; each descriptor is owned at once.
    unsafe {
        let fs = libc::syscall(libc::SYS_fsopen, name.as_ptr(), 1_u32);
        if fs < 0 {
            return Err(failed());
        }
        let fs = OwnedFd::from_raw_fd(fs as i32);
        const CMD_CREATE: u32 = 6;
        let null = std::ptr::null::<libc::c_void>();
        if libc::syscall(libc::SYS_fsconfig, fs.as_raw_fd(), CMD_CREATE, null, null, 0) < 0 {
            return Err(failed());
        }
        let mount = libc::syscall(libc::SYS_fsmount, fs.as_raw_fd(), 1_u32, 0_u32);
        if mount < 0 {
            return Err(failed());
        }
        Ok(OwnedFd::from_raw_fd(mount as i32))
    }
}
