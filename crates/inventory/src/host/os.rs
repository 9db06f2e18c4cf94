//! What the system calls itself.

use palisade_types::TimeMicros;

use super::eol;
use crate::limits::Limits;
use crate::model::{EndOfLife, Os};
use crate::root::Root;

const FILES: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// Reads os-release, and the exact release where it has a file of its own.
pub(crate) fn read(root: &Root, limits: &Limits, now: TimeMicros) -> Os {
    let found = FILES.iter().find_map(|f| Some((f, root.text(f, limits.text).ok()?)));
    let mut os = found.map(|(path, text)| parse(&text, path)).unwrap_or_default();
    let one_line = |path: &str| root.text(path, 4096).unwrap_or_default().trim().to_owned();
    match os.id.as_str() {
        "debian" => {
            let version = one_line("/etc/debian_version");
            if os.version.is_empty() {
                // Testing and unstable have no number: `trixie/sid`.
                os.version = version.split('/').next().unwrap_or_default().to_owned();
            }
            os.point_release = version;
        }
        "alpine" => os.point_release = one_line("/etc/alpine-release"),
        "" => old_red_hat(root, &mut os),
        // CentOS writes the exact release only here.
        "centos" => os.point_release = numbers(&one_line("/etc/centos-release")),
        _ => {}
    }
    if os.version.is_empty() {
        os.version.clone_from(&os.codename);
    }
    os.end_of_life = eol::of(&os, now);
    os
}

/// Until when the system is supported, judged on the day of `now`.
pub(crate) fn end_of_life(os: &Os, now: TimeMicros) -> Option<EndOfLife> {
    eol::of(os, now)
}

/// The machine's name as the root has it.
pub(crate) fn host_name(root: &Root) -> String {
    let text = root.text("/etc/hostname", 4096).unwrap_or_default();
    text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or_default().to_owned()
}

fn parse(text: &str, path: &str) -> Os {
    let mut os = Os { path: path.to_owned(), ..Os::default() };
    for line in text.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = unquote(value.trim());
        let to = match key.trim() {
            "ID" => &mut os.id,
            "NAME" => &mut os.name,
            "VERSION_ID" => &mut os.version,
            "VERSION_CODENAME" => &mut os.codename,
            "PRETTY_NAME" => &mut os.pretty_name,
            "VARIANT_ID" => &mut os.variant,
            "CPE_NAME" => &mut os.cpe,
            "ID_LIKE" => {
                os.id_like = value.split_whitespace().map(str::to_owned).collect();
                continue;
            }
            _ => continue,
        };
        *to = value;
    }
    os
}

fn unquote(value: &str) -> String {
    let inner = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
    crate::bytes::text(inner.unwrap_or(value).replace("\\\"", "\"").as_bytes(), 512)
}

/// Releases that are older than os-release: `CentOS release 6.10 (Final)`.
fn old_red_hat(root: &Root, os: &mut Os) {
    let path = "/etc/redhat-release";
    let Ok(text) = root.text(path, 4096) else { return };
    let line = text.lines().next().unwrap_or_default().trim();
    os.id = match line.split_whitespace().next() {
        Some("CentOS") => "centos",
        Some("Red") => "rhel",
        Some("Fedora") => "fedora",
        Some("Oracle") => "ol",
        _ => return,
    }
    .into();
    os.point_release = numbers(line);
    os.version = os.point_release.split('.').next().unwrap_or_default().to_owned();
    os.pretty_name = line.to_owned();
    os.path = path.to_owned();
}

/// The first word of digits and dots.
fn numbers(line: &str) -> String {
    let word = line.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit()));
    word.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Support;

    fn os(files: &[(&str, &str)], now: &str) -> Os {
        let dir = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(path, text).expect("writable");
        }
        let root = Root::open(dir.path()).expect("opens");
        read(&root, &Limits::default(), now.parse().expect("a time"))
    }

    const DEBIAN: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";

    #[test]
    fn releases_and_their_end_are_known() {
        let files = [("etc/os-release", DEBIAN), ("etc/debian_version", "12.9\n")];
        let before = os(&files, "2026-01-01T00:00:00Z");
        assert_eq!(
            (before.id.as_str(), before.version.as_str(), before.point_release.as_str()),
            ("debian", "12", "12.9")
        );
        let end = before.end_of_life.expect("in the table");
        assert_eq!((end.standard.as_str(), end.support), ("2026-07-11", Support::Supported));
        let after = os(&files, "2026-07-12T00:00:00Z").end_of_life.expect("in the table");
        assert_eq!((after.support, after.extended.as_str()), (Support::Extended, "2028-06-30"));
        let long_after = os(&files, "2040-01-01T00:00:00Z").end_of_life.expect("in the table");
        assert_eq!(long_after.support, Support::Ended);
    }

    #[test]
    fn old_and_odd_systems_are_named() {
        let old = os(&[("etc/redhat-release", "CentOS release 6.10 (Final)\n")], "2026-01-01T00:00:00Z");
        assert_eq!(
            (old.id.as_str(), old.version.as_str(), old.point_release.as_str()),
            ("centos", "6", "6.10")
        );
        assert_eq!(old.end_of_life, None, "nothing is said of what no list tells");
        let sid = os(
            &[("usr/lib/os-release", "ID=debian\n"), ("etc/debian_version", "trixie/sid")],
            "2026-01-01T00:00:00Z",
        );
        assert_eq!(sid.version, "trixie");
        let none = os(&[], "2026-01-01T00:00:00Z");
        assert_eq!((none.id.as_str(), none.end_of_life), ("", None));
    }
}
