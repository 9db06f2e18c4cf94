//! What still runs as it was before a change. It is told, and nothing is restarted.

use std::collections::BTreeSet;
use std::path::Path;

use palisade_advisory::Scheme;
use palisade_inventory::{Limits, Root};

use super::answer::{Change, Restart};
use super::never_touch;

/// Files by which a distribution says that the machine has to start anew.
const REBOOT: [&str; 3] = ["/run/reboot-required", "/var/run/reboot-required", "/run/reboot-needed"];

/// Looks at what is in memory of the changed packages' replaced files.
pub fn needed(scheme: Scheme, changed: &[Change]) -> Restart {
    // The kernel's group of the never-touch list is the list of what takes effect at the next start only.
    let kernel = |c: &Change| {
        let group = never_touch::group(scheme, &c.name, &c.name).ok().flatten();
        !c.to.is_empty() && group.is_some_and(|g| g.name == "kernel")
    };
    let reboot = REBOOT.iter().any(|p| Path::new(p).exists()) || changed.iter().any(kernel);
    Restart { services: services(scheme, changed), reboot }
}

/// Units of which a process maps a file that was replaced. A root without processes has none.
fn services(scheme: Scheme, changed: &[Change]) -> Vec<String> {
    let prefix = match scheme {
        Scheme::Rpm => "rpm",
        Scheme::Apk => "apk",
        _ => "deb",
    };
    let owners: BTreeSet<String> = changed.iter().map(|c| format!("{prefix}:{}", c.name)).collect();
    let Ok(root) = Root::open(Path::new("/")) else { return Vec::new() };
    let loaded = palisade_inventory::loaded(&root, Path::new("/proc"), &Limits::default());
    let units: BTreeSet<String> = loaded
        .into_iter()
        .filter(|l| l.deleted && owners.contains(&l.package))
        .flat_map(|l| l.units)
        .collect();
    units.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_needs_a_new_start_and_a_library_does_not() {
        let change = |name: &str, to: &str| Change { name: name.into(), to: to.into(), ..Change::default() };
        if REBOOT.iter().any(|p| Path::new(p).exists()) {
            palisade_testkit::skipped("this machine has to start anew already");
            return;
        }
        assert!(needed(Scheme::Deb, &[change("linux-image-6.1.0-18-amd64", "6.1")]).reboot);
        assert!(!needed(Scheme::Deb, &[change("libexpat1", "2"), change("linux-image-5", "")]).reboot);
    }
}
