//! Services, from the files that describe them: systemd's units, scripts of older systems, OpenRC.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::limits::Limits;
use crate::model::{Service, Source};
use crate::root::{Kind, Root};

/// Folders of units; a file in an earlier one hides those of the same name.
const FOLDERS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const SUFFIXES: [&str; 3] = [".service", ".socket", ".timer"];
/// A unit is short; a longer file is cut there.
const MAX_UNIT: u64 = 256 << 10;

pub(crate) fn read(root: &Root, limits: &Limits) -> (Vec<Service>, Vec<Source>) {
    let mut services: BTreeMap<String, Service> = BTreeMap::new();
    systemd(root, limits, &mut services);
    let units: BTreeSet<String> =
        services.keys().map(|n| n.trim_end_matches(".service").to_owned()).collect();
    for s in sysv(root).into_iter().chain(openrc(root)) {
        // A script that a unit has replaced is not used.
        if !units.contains(&s.name) {
            services.entry(s.name.clone()).or_insert(s);
        }
    }
    let services: Vec<_> = services.into_values().take(limits.items).collect();
    let source = (!services.is_empty()).then(|| Source::read("services", "", services.len()));
    (services, source.into_iter().collect())
}

/// What runs of each service.
pub(crate) fn run(services: &mut [Service], units: &HashMap<String, Vec<u32>>, names: &BTreeSet<String>) {
    for s in services {
        let pids = units.get(&s.name).cloned().unwrap_or_default();
        let by_name = s.kind != "systemd" && names.contains(s.program.rsplit('/').next().unwrap_or(&s.name));
        s.running = Some(!pids.is_empty() || by_name);
        s.pids = pids;
    }
}

fn systemd(root: &Root, limits: &Limits, services: &mut BTreeMap<String, Service>) {
    let mut enabled = BTreeSet::new();
    let mut aliases: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for folder in FOLDERS {
        let Ok((entries, place)) = root.folder(folder) else { continue };
        // `/lib` may be `/usr/lib`.
        if !seen.insert(place.path.clone()) {
            continue;
        }
        let ours = folder.starts_with("/etc") || folder.starts_with("/run");
        for (name, kind) in entries {
            let Ok(name) = String::from_utf8(name) else { continue };
            if kind == Kind::Folder && ours && (name.ends_with(".wants") || name.ends_with(".requires")) {
                enabled.extend(root.names(format!("{folder}/{name}")));
                continue;
            }
            if !SUFFIXES.iter().any(|s| name.ends_with(s))
                || services.contains_key(&name)
                || aliases.contains_key(&name)
            {
                continue;
            }
            if kind == Kind::Link {
                let target = root.link(folder, &name).unwrap_or_default();
                let other = target.rsplit('/').next().unwrap_or_default();
                if target == "/dev/null" {
                    let path = format!("{folder}/{name}");
                    let masked = Service { enabled: "masked".into(), path, ..service(&name, "systemd") };
                    services.insert(name, masked);
                    continue;
                }
                if other != name && SUFFIXES.iter().any(|s| other.ends_with(s)) {
                    aliases.insert(name, other.to_owned());
                    continue;
                }
            }
            let path = format!("{folder}/{name}");
            if let Some(s) = unit(root, limits, &name, path) {
                services.insert(name, s);
            }
        }
    }
    // A link under another name is what enabling a unit with an alias makes.
    for (alias, of) in aliases {
        if enabled.contains(&alias) || FOLDERS[..2].iter().any(|f| root.link(f, &alias).is_ok()) {
            enabled.insert(of);
        }
    }
    instances(&enabled, services);
    for s in services.values_mut().filter(|s| s.enabled.is_empty()) {
        let on = enabled.contains(&s.name);
        s.enabled = if on { "enabled" } else { "disabled" }.into();
    }
    for s in services.values_mut().filter(|s| s.enabled == "static" && enabled.contains(&s.name)) {
        s.enabled = "enabled".into();
    }
}

/// `getty@tty1.service` is described by `getty@.service`.
fn instances(enabled: &BTreeSet<String>, services: &mut BTreeMap<String, Service>) {
    for name in enabled.iter().filter(|n| n.contains('@') && !services.contains_key(*n)).collect::<Vec<_>>() {
        let Some((stem, rest)) = name.split_once('@') else { continue };
        let Some((_, suffix)) = rest.rsplit_once('.') else { continue };
        let template = services.get(&format!("{stem}@.{suffix}")).cloned();
        if let Some(t) = template {
            services.insert(name.clone(), Service { name: name.clone(), enabled: "enabled".into(), ..t });
        }
    }
}

fn service(name: &str, kind: &str) -> Service {
    Service { name: name.to_owned(), kind: kind.to_owned(), ..Service::default() }
}

fn unit(root: &Root, limits: &Limits, name: &str, path: String) -> Option<Service> {
    let (text, place) = root.read(&path, MAX_UNIT.min(limits.text)).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut s = Service { path: place.path, ..service(name, "systemd") };
    let (mut section, mut installable) = ("", false);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = line.split_once('=') {
            let value = value.trim();
            match (section, key.trim()) {
                ("Unit", "Description") => s.description = crate::bytes::text(value.as_bytes(), 256),
                ("Service", "User") => s.user = value.to_owned(),
                ("Service", "ExecStart") if s.program.is_empty() => s.program = program(value),
                ("Install", "WantedBy" | "RequiredBy" | "Also" | "Alias" | "UpheldBy") => installable = true,
                _ => {}
            }
        }
    }
    if !installable {
        s.enabled = "static".into();
    }
    Some(s)
}

/// The program of a command, without its arguments: those may hold secrets.
fn program(command: &str) -> String {
    let command = command.trim_start_matches(['@', '-', ':', '+', '!', '|']);
    let mut words = command.split_whitespace().map(|w| w.trim_matches(['"', '\'']));
    words.next().unwrap_or_default().to_owned()
}

fn sysv(root: &Root) -> Vec<Service> {
    let started: BTreeSet<String> = ["2", "3", "4", "5"]
        .iter()
        .flat_map(|level| [format!("/etc/rc{level}.d"), format!("/etc/rc.d/rc{level}.d")])
        .flat_map(|folder| root.names(folder))
        .filter(|n| n.starts_with('S') && n.len() > 3 && n.is_char_boundary(3))
        .map(|n| n[3..].to_owned())
        .collect();
    // Where there is OpenRC its scripts lie in the same folder.
    if root.exists("/etc/runlevels") {
        return Vec::new();
    }
    let folder =
        ["/etc/init.d", "/etc/rc.d/init.d"].into_iter().find(|f| root.exists(f)).unwrap_or("/etc/init.d");
    let Ok((entries, _)) = root.folder(folder) else { return Vec::new() };
    let mut all = Vec::new();
    for (name, kind) in entries {
        let Ok(name) = String::from_utf8(name) else { continue };
        if kind != Kind::File || matches!(name.as_str(), "README" | "functions" | "skeleton" | "rc" | "rcS") {
            continue;
        }
        let enabled = if started.contains(&name) { "enabled" } else { "disabled" };
        let path = format!("{folder}/{name}");
        all.push(Service { enabled: enabled.into(), path, ..service(&name, "sysv") });
    }
    all
}

fn openrc(root: &Root) -> Vec<Service> {
    let levels = root.names("/etc/runlevels");
    if levels.is_empty() {
        return Vec::new();
    }
    let started: BTreeSet<String> =
        levels.iter().flat_map(|l| root.names(format!("/etc/runlevels/{l}"))).collect();
    let of = |name: String| {
        let enabled = if started.contains(&name) { "enabled" } else { "disabled" };
        let path = format!("/etc/init.d/{name}");
        Service { enabled: enabled.into(), path, ..service(&name, "openrc") }
    };
    root.names("/etc/init.d").into_iter().filter(|n| !n.ends_with(".sh")).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told_apart() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(path, text).expect("writable");
        };
        let link = |to: &str, path: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::os::unix::fs::symlink(to, path).expect("writable");
        };
        let unit = "[Unit]\nDescription=A door\n[Service]\nUser=door\nExecStart=-/usr/sbin/doord --token s3cret\n[Install]\nWantedBy=multi-user.target\nAlias=gate.service\n";
        write("usr/lib/systemd/system/door.service", unit);
        write("usr/lib/systemd/system/off.service", unit);
        write("usr/lib/systemd/system/helper.service", "[Service]\nExecStart=/bin/true\n");
        write("usr/lib/systemd/system/tty@.service", unit);
        link("usr/lib", "lib");
        link("/usr/lib/systemd/system/door.service", "etc/systemd/system/gate.service");
        link("/dev/null", "etc/systemd/system/never.service");
        link("/usr/lib/systemd/system/tty@.service", "etc/systemd/system/getty.target.wants/tty@1.service");
        write("etc/init.d/old", "#!/bin/sh\n");
        write("etc/init.d/door", "#!/bin/sh\n");
        link("../init.d/old", "etc/rc3.d/S01old");
        let root = Root::open(dir.path()).expect("opens");
        let (mut all, _) = read(&root, &Limits::default());
        let units = HashMap::from([("door.service".to_owned(), vec![7])]);
        run(&mut all, &units, &BTreeSet::new());
        let of = |name: &str| all.iter().find(|s| s.name == name).map(|s| s.enabled.as_str());
        assert_eq!(of("door.service"), Some("enabled"));
        assert_eq!(of("off.service"), Some("disabled"));
        assert_eq!(of("helper.service"), Some("static"));
        assert_eq!(of("never.service"), Some("masked"));
        assert_eq!(of("tty@1.service"), Some("enabled"));
        assert_eq!(of("old"), Some("enabled"));
        assert_eq!(of("door"), None, "the unit stands for the script");
        let door = all.iter().find(|s| s.name == "door.service").expect("there");
        assert_eq!((door.program.as_str(), door.user.as_str()), ("/usr/sbin/doord", "door"));
        assert_eq!((door.running, door.pids.as_slice()), (Some(true), &[7][..]));
        assert!(!serde_json::to_string(&all).expect("JSON").contains("s3cret"));
    }
}
