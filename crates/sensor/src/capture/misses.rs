//! Runs of our programs that the kernel itself left out. A program does not run inside itself: a
//! connection that ends in an interrupt just while another one is being noted on the same CPU is
//! missed before any number is given, so only the kernel's own count shows it.

use std::collections::HashSet;
use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libbpf_rs::libbpf_sys as sys;

use super::maps;

/// The programs behind an instance's pinned links.
#[derive(Debug, Default)]
pub(crate) struct Misses {
    programs: Vec<OwnedFd>,
}

impl Misses {
    /// Finds them; what cannot be read is left out.
    pub(crate) fn of(pins: &Path) -> Self {
        let entries = std::fs::read_dir(pins).into_iter().flatten().filter_map(Result::ok);
        let links = entries.filter(|e| e.file_name().as_bytes().starts_with(b"link_"));
        let ids: HashSet<u32> = links.filter_map(|e| program_of(&e.path())).collect();
        let open = |id: u32| {
            // SAFETY: no pointer is involved.
            maps::own(unsafe { sys::bpf_prog_get_fd_by_id(id) }, "program_unreadable").ok()
        };
        Self { programs: ids.into_iter().filter_map(open).collect() }
    }

    /// Number of programs.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.programs.len()
    }

    /// All that they missed since they were loaded.
    pub(crate) fn count(&self) -> u64 {
        self.programs.iter().filter_map(missed_by).sum()
    }
}

fn program_of(link: &Path) -> Option<u32> {
    let path = CString::new(link.as_os_str().as_bytes()).ok()?;
    // SAFETY: a NUL-terminated path.
    let fd = maps::own(unsafe { sys::bpf_obj_get(path.as_ptr()) }, "link_unreadable").ok()?;
    let mut info = sys::bpf_link_info::default();
    read_info(&fd, &mut info).then_some(info.prog_id)
}

fn missed_by(program: &OwnedFd) -> Option<u64> {
    let mut info = sys::bpf_prog_info::default();
    read_info(program, &mut info).then_some(info.recursion_misses)
}

fn read_info<T>(fd: &OwnedFd, info: &mut T) -> bool {
    let mut length = size_of::<T>() as u32;
    // SAFETY: the kernel writes at most `length` bytes of plain integers into `info`.
    unsafe { sys::bpf_obj_get_info_by_fd(fd.as_raw_fd(), std::ptr::from_mut(info).cast(), &mut length) == 0 }
}
