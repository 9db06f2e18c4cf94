//! The facts that name and describe a machine.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use palisade_wire::msg::DeviceInfo;

use super::cloud::Dmi;
use super::{boot, users};
use crate::files::read_text;

/// Addresses and similar lists are cut here: a host of containers may have thousands.
const MOST: usize = 256;

/// Describes this machine; `name` replaces the host name where it is set.
pub fn device_info(name: Option<&str>) -> DeviceInfo {
    let release = os_release();
    let get = |k: &str| release.get(k).cloned().unwrap_or_default();
    let dmi = Dmi::read();
    let (ip_addresses, mac_addresses) = addresses();
    let uts = nix::sys::utsname::uname().ok();
    let uts = |f: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
        uts.as_ref().map(|u| f(u).to_string_lossy().into_owned()).unwrap_or_default()
    };
    DeviceInfo {
        name: name.map_or_else(|| uts(nix::sys::utsname::UtsName::nodename), str::to_owned),
        os_platform: "Linux".into(),
        os_distribution: distribution(&get("ID"), &get("NAME")),
        os_version: debian_version().unwrap_or_else(|| get("VERSION_ID")),
        os_version_info: get("PRETTY_NAME"),
        kernel: uts(nix::sys::utsname::UtsName::release),
        architecture: uts(nix::sys::utsname::UtsName::machine),
        sensor_version: env!("CARGO_PKG_VERSION").into(),
        device_type: dmi.device_type().into(),
        cloud_platform: dmi.cloud().into(),
        vendor: dmi.vendor,
        model: dmi.model,
        hardware_uuid: dmi.uuid,
        ip_addresses,
        mac_addresses,
        logged_on_users: users::logged_on(),
        memory_bytes: memory(),
        cpus: cpus(),
        boot_time_us: boot::read().time_us,
        timezone: timezone(),
    }
}

fn os_release() -> BTreeMap<String, String> {
    let text = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .map(read_text)
        .find(|t| !t.is_empty())
        .unwrap_or_default();
    parse_os_release(&text)
}

fn parse_os_release(text: &str) -> BTreeMap<String, String> {
    let unquote = |v: &str| {
        let v = v.trim();
        let inner = v
            .strip_prefix('"')
            .and_then(|v| v.strip_suffix('"'))
            .or_else(|| v.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')));
        inner.unwrap_or(v).replace("\\\"", "\"")
    };
    text.lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once('='))
        .map(|(k, v)| (k.trim().to_owned(), unquote(v)))
        .collect()
}

/// The distribution by the name that people use.
fn distribution(id: &str, name: &str) -> String {
    let os = palisade_inventory::Os { id: id.into(), name: name.into(), ..Default::default() };
    os.distribution().into()
}

/// Debian's os-release has only the major number; the point release is in its own file.
fn debian_version() -> Option<String> {
    let v = read_text("/etc/debian_version");
    let numeric = v.bytes().next().is_some_and(|b| b.is_ascii_digit());
    (numeric && read_text("/etc/os-release").lines().any(|l| l.trim() == "ID=debian")).then_some(v)
}

fn memory() -> u64 {
    let info = read_text("/proc/meminfo");
    let kib = info
        .lines()
        .find_map(|l| l.strip_prefix("MemTotal:"))
        .and_then(|l| l.split_whitespace().next())
        .and_then(|n| n.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

fn cpus() -> u32 {
    let stat = read_text("/proc/stat");
    let n = stat
        .lines()
        .filter(|l| l.strip_prefix("cpu").is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit())))
        .count();
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn timezone() -> String {
    let linked = std::fs::read_link("/etc/localtime")
        .ok()
        .and_then(|p| p.to_str().and_then(|p| p.split_once("zoneinfo/")).map(|(_, z)| z.to_owned()));
    linked
        .or_else(|| Some(read_text("/etc/timezone")).filter(|t| !t.is_empty()))
        .unwrap_or_else(|| "UTC".into())
}

/// Addresses of all interfaces that are not the loopback, and their hardware addresses.
fn addresses() -> (Vec<String>, Vec<String>) {
    let mut ips = BTreeSet::new();
    let mut macs = BTreeSet::new();
    // getifaddrs asks the kernel over netlink: no name service is involved.
    let Ok(all) = nix::ifaddrs::getifaddrs() else { return (Vec::new(), Vec::new()) };
    for i in all.take(4 * MOST) {
        if i.flags.contains(nix::net::if_::InterfaceFlags::IFF_LOOPBACK) {
            continue;
        }
        let Some(address) = i.address else { continue };
        if let Some(a) = address.as_sockaddr_in() {
            ips.insert(IpAddr::from(a.ip()));
        } else if let Some(a) = address.as_sockaddr_in6() {
            ips.insert(IpAddr::from(a.ip()));
        } else if let Some(mac) = address.as_link_addr().and_then(nix::sys::socket::LinkAddr::addr)
            && mac != [0; 6]
        {
            macs.insert(mac.map(|b| format!("{b:02x}")).join(":"));
        }
    }
    (ips.into_iter().take(MOST).map(|i| i.to_string()).collect(), macs.into_iter().take(MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_is_read_with_its_quotes() {
        let r = parse_os_release("# c\nNAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID='12'\nBAD\n");
        assert_eq!(r.get("NAME").map(String::as_str), Some("Debian GNU/Linux"));
        assert_eq!(r.get("VERSION_ID").map(String::as_str), Some("12"));
        assert_eq!(distribution("debian", ""), "Debian");
        assert_eq!(distribution("odd", ""), "Linux");
    }

    #[test]
    fn this_machine_has_a_name_memory_and_cpus() {
        let d = device_info(None);
        assert!(!d.name.is_empty() && d.memory_bytes > 0 && d.cpus > 0 && d.boot_time_us > 0);
        assert_eq!(device_info(Some("other")).name, "other");
    }
}
