//! How far the start of the machine is protected.

use std::path::Path;

use super::{sys, sys_names};
use crate::model::Boot;

/// The firmware's own variables carry this after their names.
const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

pub(crate) fn read(sysfs: &Path) -> Boot {
    let mut boot = Boot::default();
    let efi = sysfs.join("firmware/efi");
    boot.firmware = if efi.exists() { "efi" } else { "bios" }.into();
    let mut variable = |name: &str| {
        let path = efi.join(format!("efivars/{name}-{GLOBAL}"));
        // Four bytes of attributes, then the value.
        let value = std::fs::read(&path).ok()?.get(4).map(|b| *b == 1)?;
        boot.evidence.push(path.to_string_lossy().into_owned());
        Some(value)
    };
    let (secure, setup) = (variable("SecureBoot"), variable("SetupMode"));
    (boot.secure_boot, boot.setup_mode) = (secure, setup);
    if boot.firmware == "bios" {
        boot.secure_boot = Some(false);
    }
    // `none [integrity] confidentiality`
    let path = sysfs.join("kernel/security/lockdown");
    let lockdown = sys(&path);
    if let Some(chosen) = lockdown.split(['[', ']']).nth(1) {
        chosen.clone_into(&mut boot.lockdown);
        boot.evidence.push(path.to_string_lossy().into_owned());
    }
    if let Some(tpm) = sys_names(sysfs.join("class/tpm")).first() {
        let path = sysfs.join("class/tpm").join(tpm).join("tpm_version_major");
        boot.tpm = match sys(&path).as_str() {
            "2" => "2.0",
            // Older kernels have the file for newer chips only.
            _ => "1.2",
        }
        .into();
        boot.evidence.push(path.to_string_lossy().into_owned());
    }
    boot.signed_modules_only = match sys(sysfs.join("module/module/parameters/sig_enforce")).as_str() {
        "Y" => Some(true),
        "N" => Some(false),
        _ => None,
    };
    let modules = sys(sysfs.join("kernel/security/lsm"));
    boot.security_modules = modules.split(',').filter(|m| !m.is_empty()).map(str::to_owned).collect();
    let groups = sysfs.join("kernel/iommu_groups");
    boot.iommu = groups.exists().then(|| !sys_names(&groups).is_empty());
    boot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protection_is_read_where_the_kernel_shows_it() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(read(dir.path()).secure_boot, Some(false), "there is none without EFI");
        let write = |path: &str, bytes: &[u8]| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(path, bytes).expect("writable");
        };
        std::fs::create_dir_all(dir.path().join("firmware/efi")).expect("writable");
        assert_eq!(read(dir.path()).secure_boot, None, "the firmware does not tell");
        write(&format!("firmware/efi/efivars/SecureBoot-{GLOBAL}"), &[6, 0, 0, 0, 1]);
        write(&format!("firmware/efi/efivars/SetupMode-{GLOBAL}"), &[6, 0, 0, 0, 0]);
        write("kernel/security/lockdown", b"none [integrity] confidentiality\n");
        write("kernel/security/lsm", b"lockdown,capability,apparmor\n");
        write("class/tpm/tpm0/tpm_version_major", b"2\n");
        let b = read(dir.path());
        assert_eq!(
            (b.secure_boot, b.setup_mode, b.lockdown.as_str()),
            (Some(true), Some(false), "integrity")
        );
        assert_eq!((b.tpm.as_str(), b.security_modules.len(), b.evidence.len()), ("2.0", 3, 4));
    }
}
