//! The kernel that runs and those that are installed.

use std::collections::BTreeMap;
use std::path::Path;

use super::{sys, sys_names};
use crate::model::{InstalledKernel, Kernel};
use crate::root::Root;

/// Images by their names' beginning.
const IMAGES: [&str; 4] = ["vmlinuz-", "vmlinux-", "image-", "Image-"];
/// Most modules that are listed.
const MAX_MODULES: usize = 2048;
/// Files by which Debian's and Ubuntu's tools ask for a restart.
const ASKED: &str = "/run/reboot-required";
const ASKED_BY: &str = "/run/reboot-required.pkgs";

/// Kernels of the root; what runs only where `live` gives the folders of the running one.
pub(crate) fn read(root: &Root, live: Option<(&Path, &Path)>) -> Option<Kernel> {
    let mut kernel = Kernel { installed: installed(root), ..Kernel::default() };
    if let Some((proc, sysfs)) = live {
        kernel.running = sys(proc.join("sys/kernel/osrelease"));
        kernel.version = sys(proc.join("sys/kernel/version"));
        kernel.taint = sys(proc.join("sys/kernel/tainted")).parse().unwrap_or(0);
        let modules = sys(proc.join("modules"));
        kernel.modules = modules
            .lines()
            .filter_map(|l| l.split(' ').next())
            .take(MAX_MODULES)
            .map(str::to_owned)
            .collect();
        kernel.modules.sort();
        kernel.live_patches = sys_names(sysfs.join("kernel/livepatch"));
        kernel.restart_asked = root.exists(ASKED);
        let by = root.text(ASKED_BY, 64 << 10).unwrap_or_default();
        kernel.restart_asked_by = by.lines().map(str::to_owned).collect();
        kernel.restart_asked_by.sort();
        kernel.restart_asked_by.dedup();
    }
    for k in &mut kernel.installed {
        k.running = k.release == kernel.running;
    }
    let newest = kernel.installed.last();
    kernel.newer_installed = kernel.installed.iter().any(|k| k.running) && newest.is_some_and(|k| !k.running);
    (!kernel.running.is_empty() || !kernel.installed.is_empty()).then_some(kernel)
}

fn installed(root: &Root) -> Vec<InstalledKernel> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for name in root.names("/boot") {
        if let Some(release) =
            IMAGES.iter().find_map(|i| name.strip_prefix(i)).filter(|r| !r.contains("rescue"))
        {
            all.entry(release.to_owned()).or_insert_with(|| format!("/boot/{name}"));
        }
    }
    for folder in ["/usr/lib/modules", "/lib/modules"] {
        for release in root.names(folder) {
            // Fedora keeps the image here; a folder of modules alone is not a kernel any more.
            let image = format!("{folder}/{release}/vmlinuz");
            let modules = format!("{folder}/{release}/modules.order");
            if let Some(path) = [image, modules].into_iter().find(|p| root.exists(p)) {
                all.entry(release).or_insert(path);
            }
        }
    }
    let of = |(release, path)| InstalledKernel { release, path, ..InstalledKernel::default() };
    let mut all: Vec<_> = all.into_iter().map(of).collect();
    all.sort_by_cached_key(|k| order(&k.release));
    all
}

/// Numbers by their value, all else by its letters: `6.1.0-9` is before `6.1.0-10`.
fn order(release: &str) -> Vec<(u64, String)> {
    let mut parts = Vec::new();
    let mut rest = release;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest[..digits].parse().unwrap_or(if digits == 0 { 0 } else { u64::MAX });
        let after = &rest[digits..];
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        parts.push((number, after[..letters].to_owned()));
        rest = &after[letters..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_ordered_and_the_running_one_is_known() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(path, text).expect("writable");
        };
        write("boot/vmlinuz-6.1.0-9-amd64", "");
        write("boot/vmlinuz-6.1.0-10-amd64", "");
        write("boot/vmlinuz-0-rescue-abc", "");
        write("lib/modules/6.1.0-10-amd64/modules.order", "");
        write("lib/modules/5.0.0-1-amd64/leftover", "");
        write("proc/sys/kernel/osrelease", "6.1.0-9-amd64\n");
        write("proc/modules", "ext4 1 2 - Live 0x0\nbtrfs 1 0 - Live 0x0\n");
        let root = Root::open(dir.path()).expect("opens");
        let (proc, sysfs) = (dir.path().join("proc"), dir.path().join("sys"));
        let k = read(&root, Some((&proc, &sysfs))).expect("a kernel");
        let releases: Vec<_> = k.installed.iter().map(|k| (k.release.as_str(), k.running)).collect();
        assert_eq!(releases, [("6.1.0-9-amd64", true), ("6.1.0-10-amd64", false)]);
        assert!(k.newer_installed);
        assert_eq!(k.modules, ["btrfs", "ext4"]);
        let apart = read(&root, None).expect("a kernel");
        assert!(!apart.newer_installed && apart.running.is_empty());
    }
}
