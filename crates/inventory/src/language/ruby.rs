//! Ruby: the descriptions of what is installed, which are Ruby programs that a tool wrote; they are looked
//! at line by line and never run.

use super::walk::Read;
use super::{Found, package};
use crate::bytes::text;
use crate::model::{Ecosystem, Package};

const MAX_START: u64 = 64 << 10;

pub(super) fn file(found: &Found<'_>) -> Read {
    let (start, stamp) = found.start(None, MAX_START)?;
    Ok(describe(&text(&start, MAX_START as usize), found).map(|p| (vec![p], stamp)))
}

fn describe(start: &str, found: &Found<'_>) -> Option<Package> {
    let stem = text(found.name, 512);
    let stem = stem.strip_suffix(".gemspec")?;
    let said = value(start, "name").zip(value(start, "version"));
    let (name, version) = match &said {
        Some((n, v)) => (n.as_str(), v.as_str()),
        None => split(stem)?,
    };
    let mut p = package(Ecosystem::Gem, name, version, found.path)?;
    // `name-version-platform` for a package of compiled code.
    if let Some(platform) = stem.strip_prefix(name).and_then(|r| r.strip_prefix('-')?.strip_prefix(version)) {
        p.arch = platform.trim_start_matches('-').to_owned();
    }
    Some(p)
}

/// `s.name = "x".freeze`, `spec.version = Gem::Version.new("1.0")`.
fn value(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find_map(|l| {
        let (left, right) = l.split_once('=')?;
        left.trim().rsplit_once('.').is_some_and(|(_, k)| k == key).then_some(right)
    })?;
    let mut quoted = line.split(['"', '\'']);
    quoted.next()?;
    quoted.next().filter(|v| !v.is_empty()).map(str::to_owned)
}

/// The version starts at the first part that starts with a digit.
fn split(stem: &str) -> Option<(&str, &str)> {
    let dash = stem
        .match_indices('-')
        .map(|(i, _)| i)
        .find(|i| stem.as_bytes().get(i + 1).is_some_and(u8::is_ascii_digit))?;
    let version = stem[dash + 1..].split('-').next()?;
    Some((&stem[..dash], version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn descriptions_are_read_without_running_them() {
        let limits = Limits::default();
        let of = |name: &'static str, text: &str| {
            let found = Found { folder: -1, name: name.as_bytes(), path: "/s", limits: &limits };
            describe(text, &found).map(|p| (p.name, p.version, p.arch))
        };
        let said = |n: &str, v: &str, a: &str| Some((n.to_owned(), v.to_owned(), a.to_owned()));
        let text = "Gem::Specification.new do |s|\n  s.name = \"rack\".freeze\n  s.version = \"2.2.3\"\n";
        assert_eq!(of("rack-2.2.3.gemspec", text), said("rack", "2.2.3", ""));
        let text = "  s.name = 'nokogiri'\n  s.version = Gem::Version.new('1.15.4')\n";
        assert_eq!(
            of("nokogiri-1.15.4-x86_64-linux.gemspec", text),
            said("nokogiri", "1.15.4", "x86_64-linux")
        );
        assert_eq!(of("net-http-0.3.2.gemspec", "s.version = VERSION"), said("net-http", "0.3.2", ""));
        assert_eq!(of("odd.gemspec", ""), None);
    }
}
