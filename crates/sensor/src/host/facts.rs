//! Single facts.

use std::path::Path;

use palisade_estate::machine::OsFacts;

use crate::files::{read_bounded, read_text};
use crate::install::{Layout, Manager};
use crate::scope;

/// What the connector's scripts use, and systemd's command where it is needed.
const TOOLS: &[&str] = &["sh", "sha256sum"];

/// What keeps a sensor running here.
pub fn manager(layout: &Layout) -> Manager {
    let booted = Path::new("/run/systemd/system").is_dir() && read_text("/proc/1/comm") == "systemd";
    // systemctl does nothing from within a chroot.
    if booted && layout.other_root().is_none() && !scope::is_chroot() {
        Manager::Systemd
    } else {
        Manager::Supervisor
    }
}

/// The user that this is, or became root.
pub fn user() -> String {
    if let Ok(before) = std::env::var("SUDO_USER")
        && !before.is_empty()
        && before.len() <= 64
    {
        return before;
    }
    let uid = nix::unistd::geteuid().as_raw();
    let passwd = read_text("/etc/passwd");
    let name = passwd.lines().find_map(|l| {
        let mut fields = l.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("uid {uid}"))
}

/// What the operating system is.
pub fn os(layout: &Layout) -> OsFacts {
    let text = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .map(|p| read_bounded(layout.at(p), 64 << 10).unwrap_or_default())
        .find(|t| !t.is_empty())
        .unwrap_or_default();
    let uts = nix::sys::utsname::uname().ok();
    let said = |f: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
        uts.as_ref().map(|u| f(u).to_string_lossy().into_owned()).unwrap_or_default()
    };
    OsFacts::from_os_release(
        &String::from_utf8_lossy(&text),
        &said(nix::sys::utsname::UtsName::release),
        &said(nix::sys::utsname::UtsName::machine),
    )
}

/// Basic tools that are not in the usual folders.
pub fn tools_missing(layout: &Layout) -> Vec<String> {
    let folders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/sbin"];
    let there = |tool: &str| folders.iter().any(|f| layout.at(f).join(tool).exists());
    let wanted = TOOLS.iter().copied().chain((manager(layout) == Manager::Systemd).then_some("systemctl"));
    wanted.filter(|t| !there(t)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_described() {
        let layout = Layout::new(None);
        let os = os(&layout);
        assert!(!os.id.is_empty() && os.kernel.contains('.') && !os.architecture.is_empty(), "{os:?}");
        assert!(!user().is_empty());
        assert_eq!(tools_missing(&layout), Vec::<String>::new());
        let empty = tempfile::TempDir::new().expect("dir");
        assert_eq!(tools_missing(&Layout::new(Some(empty.path()))), ["sh", "sha256sum"]);
    }
}
