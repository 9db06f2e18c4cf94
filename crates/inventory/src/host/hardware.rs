//! Processor, memory, firmware, devices, as the kernel shows them.

use std::path::Path;

use super::{sys, sys_names};
use crate::model::{Cpu, Hardware};

/// Devices of one kind that are listed.
const MAX_DEVICES: usize = 256;

pub(crate) fn read(proc: &Path, sysfs: &Path) -> Hardware {
    let dmi = |name: &str| sys(sysfs.join("class/dmi/id").join(name));
    let tree = |name: &str| sys(proc.join("device-tree").join(name)).trim_end_matches('\0').to_owned();
    let or = |a: String, b: String| if a.is_empty() { b } else { a };
    Hardware {
        vendor: dmi("sys_vendor"),
        model: or(dmi("product_name"), tree("model")),
        model_version: dmi("product_version"),
        serial: dmi("product_serial"),
        board: [dmi("board_vendor"), dmi("board_name")].join(" ").trim().to_owned(),
        firmware_vendor: dmi("bios_vendor"),
        firmware_version: dmi("bios_version"),
        firmware_release: dmi("bios_release"),
        firmware_date: dmi("bios_date"),
        cpu: cpu(proc, sysfs),
        memory_bytes: memory(&sys(proc.join("meminfo"))),
        disks: disks(sysfs),
        network: network(sysfs),
        pci: pci(sysfs),
    }
}

fn memory(info: &str) -> u64 {
    let line = info.lines().find_map(|l| l.strip_prefix("MemTotal:"));
    let kib = line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

fn cpu(proc: &Path, sysfs: &Path) -> Cpu {
    // All processors of a machine are described one after the other; the first stands for all.
    let text = sys(proc.join("cpuinfo"));
    let field = |keys: &[&str]| {
        let of = |key: &str| {
            let line = text.lines().find(|l| l.split(':').next().is_some_and(|k| k.trim() == key))?;
            line.split_once(':').map(|(_, v)| v.trim().to_owned())
        };
        keys.iter().find_map(|k| of(k)).unwrap_or_default()
    };
    let signature = [
        field(&["cpu family", "CPU architecture"]),
        field(&["model", "CPU part"]),
        field(&["stepping", "CPU revision"]),
    ];
    let processors =
        text.lines().filter(|l| l.split(':').next().is_some_and(|k| k.trim() == "processor")).count();
    let folder = sysfs.join("devices/system/cpu/vulnerabilities");
    let weaknesses =
        sys_names(&folder).into_iter().map(|n| format!("{n}: {}", sys(folder.join(&n)))).collect();
    Cpu {
        model: field(&["model name", "Model", "Hardware"]),
        vendor: field(&["vendor_id", "CPU implementer"]),
        signature: signature.iter().filter(|s| !s.is_empty()).cloned().collect::<Vec<_>>().join("-"),
        microcode: field(&["microcode"]),
        processors: u32::try_from(processors).unwrap_or(u32::MAX),
        weaknesses,
    }
}

fn disks(sysfs: &Path) -> Vec<String> {
    let folder = sysfs.join("block");
    let of = |name: String| {
        // Those that are made of files and memory are no hardware.
        if ["loop", "ram", "zram", "dm-", "md", "nbd"].iter().any(|p| name.starts_with(p)) {
            return None;
        }
        let sectors: u64 = sys(folder.join(&name).join("size")).parse().unwrap_or(0);
        let model = sys(folder.join(&name).join("device/model"));
        let line = [name, model, sectors.saturating_mul(512).to_string()];
        Some(line.iter().filter(|s| !s.is_empty()).cloned().collect::<Vec<_>>().join(" "))
    };
    sys_names(&folder).into_iter().filter_map(of).take(MAX_DEVICES).collect()
}

fn network(sysfs: &Path) -> Vec<String> {
    let folder = sysfs.join("class/net");
    let of = |name: String| {
        let driver = std::fs::read_link(folder.join(&name).join("device/driver")).ok()?;
        Some(format!("{name} {}", driver.file_name()?.to_string_lossy()))
    };
    sys_names(&folder).into_iter().filter_map(of).take(MAX_DEVICES).collect()
}

fn pci(sysfs: &Path) -> Vec<String> {
    let folder = sysfs.join("bus/pci/devices");
    let of = |name: String| {
        let value = |file: &str| sys(folder.join(&name).join(file)).trim_start_matches("0x").to_owned();
        let (class, vendor, device) = (value("class"), value("vendor"), value("device"));
        let sub = format!("{}:{}", value("subsystem_vendor"), value("subsystem_device"));
        (!vendor.is_empty()).then(|| format!("{class} {vendor}:{device} {sub}"))
    };
    sys_names(&folder).into_iter().filter_map(of).take(MAX_DEVICES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_shows_is_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(path, text).expect("writable");
        };
        write("sys/class/dmi/id/sys_vendor", "Example Inc.\n");
        write("sys/class/dmi/id/bios_version", "1.2.3\n");
        write("sys/block/sda/size", "2048\n");
        write("sys/block/sda/device/model", "DISK 1 \n");
        write("sys/block/loop0/size", "8\n");
        write("sys/devices/system/cpu/vulnerabilities/mds", "Mitigation: Clear\n");
        let cpu = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: X 1\nstepping\t: 7\nmicrocode\t: 0x5003605\n\nprocessor\t: 1\n";
        write("proc/cpuinfo", cpu);
        write("proc/meminfo", "MemTotal:       1024 kB\n");
        let h = read(&dir.path().join("proc"), &dir.path().join("sys"));
        assert_eq!(
            (h.vendor.as_str(), h.firmware_version.as_str(), h.memory_bytes),
            ("Example Inc.", "1.2.3", 1 << 20)
        );
        assert_eq!(h.disks, ["sda DISK 1 1048576"]);
        assert_eq!(
            (h.cpu.signature.as_str(), h.cpu.microcode.as_str(), h.cpu.processors),
            ("6-85-7", "0x5003605", 2)
        );
        assert_eq!(h.cpu.weaknesses, ["mds: Mitigation: Clear"]);
    }
}
