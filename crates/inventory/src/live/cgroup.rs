//! What a process's control group says: the unit that it belongs to, and the container.

/// A container, as its control group names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) runtime: &'static str,
}

/// Words that the runtimes put before the container's name, or the folder that they put it in.
const RUNTIMES: [(&str, &str); 8] = [
    ("cri-containerd-", "containerd"),
    ("crio-", "crio"),
    ("libpod-", "podman"),
    ("docker-", "docker"),
    ("docker", "docker"),
    ("kubepods", "kubernetes"),
    ("lxc", "lxc"),
    ("machine", "machine"),
];

/// Unit and container out of `/proc/PID/cgroup`; both may be empty.
pub(super) fn parse(text: &str) -> (String, Container) {
    let paths = text.lines().filter_map(|l| {
        let mut parts = l.splitn(3, ':');
        let (number, controller) = (parts.next()?, parts.next()?);
        // The hierarchies of single controllers say nothing more.
        (number == "0" || controller == "name=systemd").then(|| parts.next())?
    });
    let mut unit = String::new();
    let mut container = Container::default();
    for path in paths {
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
        if unit.is_empty()
            && let Some(name) = parts.iter().rev().find(|p| p.ends_with(".service"))
        {
            unit = unescape(name);
        }
        if container.id.is_empty() {
            container = container_of(&parts).unwrap_or_default();
        }
    }
    (unit, container)
}

fn container_of(parts: &[&str]) -> Option<Container> {
    for (i, part) in parts.iter().enumerate().rev() {
        let stem = part.strip_suffix(".scope").unwrap_or(part);
        let digits = &stem[stem.len().saturating_sub(64)..];
        if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            let before = &stem[..stem.len() - 64];
            let folder = i.checked_sub(1).map_or("", |i| parts[i]);
            let known = |word: &str| RUNTIMES.iter().find(|(p, _)| !word.is_empty() && word.starts_with(p));
            let (_, runtime) =
                known(before).or_else(|| known(folder)).or_else(|| known(parts[0])).unwrap_or(&("", "other"));
            return Some(Container { id: digits.to_owned(), runtime });
        }
        if let Some(name) = stem.strip_prefix("lxc.payload.") {
            return Some(Container { id: name.to_owned(), runtime: "lxc" });
        }
        if let Some(name) = stem.strip_prefix("machine-").filter(|_| parts[0] == "machine.slice") {
            return Some(Container { id: unescape(name), runtime: "machine" });
        }
    }
    None
}

/// systemd writes what is no letter as `\x2d`.
fn unescape(name: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), name.as_bytes());
    while let Some((first, more)) = rest.split_first() {
        let digits =
            (*first == b'\\').then(|| more.strip_prefix(b"x")).flatten().and_then(|m| m.first_chunk::<2>());
        match digits.and_then(|d| u8::from_str_radix(std::str::from_utf8(d).ok()?, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &more[3..];
            }
            None => {
                out.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_containers_are_named() {
        let id = "0123456789abcdef".repeat(4);
        let of = |text: &str| {
            let (unit, c) = parse(text);
            (unit, c.id, c.runtime)
        };
        assert_eq!(of("0::/system.slice/ssh.service\n").0, "ssh.service");
        assert_eq!(of("3:cpu:/x.service\n1:name=systemd:/system.slice/a\\x2db.service\n").0, "a-b.service");
        for (path, runtime) in [
            (format!("/system.slice/docker-{id}.scope"), "docker"),
            (format!("/docker/{id}"), "docker"),
            (format!("/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"), "containerd"),
            (format!("/kubepods/burstable/pod2/{id}"), "kubernetes"),
            (format!("/machine.slice/libpod-{id}.scope/container"), "podman"),
        ] {
            assert_eq!(of(&format!("0::{path}\n")), (String::new(), id.clone(), runtime));
        }
        assert_eq!(of("0::/lxc.payload.web/system.slice/x.service").1, "web");
        assert_eq!(of("0::/user.slice/session-1.scope"), (String::new(), String::new(), ""));
    }
}
