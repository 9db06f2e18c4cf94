//! The machine and its system: os-release, kernels, hardware, protection of the start.

pub(crate) mod boot;
mod eol;
pub(crate) mod hardware;
pub(crate) mod kernel;
pub(crate) mod os;

use std::path::Path;

/// A short text of a pseudo file system, without the white space around it; empty if it cannot be read.
fn sys(path: impl AsRef<Path>) -> String {
    use std::io::Read;
    let mut out = Vec::new();
    let read = std::fs::File::open(path).and_then(|f| f.take(1 << 20).read_to_end(&mut out));
    if read.is_err() { String::new() } else { crate::bytes::text(&out, 1 << 20) }
}

/// The names in a folder of a pseudo file system, sorted; at most a few thousand.
fn sys_names(path: impl AsRef<Path>) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.flatten().take(8192).filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    names
}
