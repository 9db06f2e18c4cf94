//! Who watches files by fanotify: two that answer permission requests hold up the same opens.

use std::fs::DirEntry;
use std::path::Path;

use palisade_estate::edr::FanotifyUser;

use crate::files::{read_bounded, read_text};

/// No process has more descriptors worth looking at.
const DESCRIPTORS: usize = 65_536;

/// No more groups than this are reported.
const GROUPS: usize = 64;

/// Every group of fanotify of every other program: what answers for this sensor is no other product.
pub fn users() -> Vec<FanotifyUser> {
    let own = std::fs::read_link("/proc/self/exe").ok();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.flat_map(|p| groups(&p, own.as_deref()).unwrap_or_default()).take(GROUPS).collect()
}

fn groups(process: &DirEntry, own: Option<&Path>) -> Option<Vec<FanotifyUser>> {
    let pid: u32 = process.file_name().to_str()?.parse().ok()?;
    let path = process.path();
    // Only the link's text: its file may lie where nobody answers.
    let exe = std::fs::read_link(path.join("exe")).unwrap_or_default();
    if pid == std::process::id() || own == Some(exe.as_path()) {
        return None;
    }
    let mut found = Vec::new();
    for descriptor in std::fs::read_dir(path.join("fd")).ok()?.flatten().take(DESCRIPTORS) {
        // The link is cheap to read; the details of a descriptor are made for each reader.
        let link = std::fs::read_link(descriptor.path()).unwrap_or_default();
        if !link.to_string_lossy().contains("[fanotify]") {
            continue;
        }
        let info = read_bounded(path.join("fdinfo").join(descriptor.file_name()), 256 << 10);
        let (flags, mask) = parse(&String::from_utf8_lossy(&info.unwrap_or_default()));
        found.push(FanotifyUser {
            pid,
            name: read_text(path.join("comm")),
            exe: exe.to_string_lossy().into_owned(),
            flags,
            mask,
        });
    }
    Some(found)
}

/// The group's flags, and what all its marks ask for.
fn parse(info: &str) -> (u32, u64) {
    let mut flags = 0;
    let mut mask = 0;
    for line in info.lines().filter_map(|l| l.strip_prefix("fanotify ")) {
        for word in line.split_whitespace() {
            if let Some(hex) = word.strip_prefix("flags:") {
                flags |= u32::from_str_radix(hex, 16).unwrap_or(0);
            } else if let Some(hex) = word.strip_prefix("mask:") {
                mask |= u64::from_str_radix(hex, 16).unwrap_or(0);
            }
        }
    }
    (flags, mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_understood() {
        let text = "pos:\t0\nfanotify flags:4 event-flags:8000\n\
                    fanotify mnt_id:1d mflags:0 mask:10000 ignored_mask:0\n\
                    fanotify ino:4f sdev:1 mflags:0 mask:20000 ignored_mask:0\n";
        assert_eq!(parse(text), (4, 0x30000));
        assert_eq!(parse("inotify wd:1 mask:10000\n"), (0, 0));
        assert_eq!(parse("fanotify flags:zz\n"), (0, 0));
    }
}
