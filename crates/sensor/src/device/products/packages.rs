//! Packages, as dpkg writes them down. An rpm database is not read here, only noticed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use palisade_estate::edr::{HostFacts, Manager, Package, Section, products_known};

use super::Place;

/// Most bytes of dpkg's list.
const MAX_STATUS: u64 = 128 << 20;
/// Most bytes of a line that is looked at; the rest of a longer one is passed over.
const MAX_LINE: u64 = 4096;
/// Most packages that are reported.
const MOST: usize = 64;

pub(super) fn add(place: &Place<'_>, facts: &mut HostFacts) {
    let dpkg = File::open(place.at("/var/lib/dpkg/status"));
    let rpm = ["/var/lib/rpm", "/usr/lib/sysimage/rpm"].iter().any(|folder| {
        ["rpmdb.sqlite", "Packages", "Packages.db"]
            .iter()
            .any(|f| place.at(&format!("{folder}/{f}")).exists())
    });
    if rpm {
        facts.blind.insert(Section::Packages, "there is an rpm database, and no rpm to read it".into());
    } else if dpkg.is_err() {
        facts.blind.insert(Section::Packages, "no package database that is understood".into());
    }
    if let Ok(file) = dpkg {
        facts.packages = installed(BufReader::new(file.take(MAX_STATUS)));
    }
}

/// Packages of the catalogue that are installed, from dpkg's list.
fn installed(mut list: impl BufRead) -> Vec<Package> {
    let known = |name: &str| products_known().all.iter().any(|p| p.deb.iter().any(|d| d == name));
    let mut found = Vec::new();
    let (mut name, mut version, mut there) = (String::new(), String::new(), false);
    let mut line = Vec::new();
    loop {
        let more = read_line(&mut list, &mut line);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() || !more {
            if there && known(&name) && found.len() < MOST {
                let version = version.chars().take(60).collect();
                found.push(Package { manager: Manager::Deb, name: std::mem::take(&mut name), version });
            }
            (name, version, there) = (String::new(), String::new(), false);
            if !more {
                return found;
            }
            continue;
        }
        let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
        // Continued lines begin with a blank and may say anything.
        if let Some(rest) = text.strip_prefix("Package:") {
            name = first(rest);
        } else if let Some(rest) = text.strip_prefix("Version:") {
            version = first(rest);
        } else if let Some(rest) = text.strip_prefix("Status:") {
            there = matches!(
                rest.split_whitespace().nth(2),
                Some("installed" | "unpacked" | "half-configured" | "triggers-awaited" | "triggers-pending")
            );
        }
    }
}

/// Reads the next line, cut; `false` at the end.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> bool {
    line.clear();
    let read = from.by_ref().take(MAX_LINE).read_until(b'\n', line);
    let cut = line.last() != Some(&b'\n') && line.len() as u64 == MAX_LINE;
    cut && from.skip_until(b'\n').is_err() || read.is_ok_and(|n| n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        installed(text.as_bytes()).into_iter().map(|p| format!("{} {}", p.name, p.version)).collect()
    }

    #[test]
    fn only_what_is_installed_counts() {
        let text = "Package: mdatp\nStatus: install ok installed\nVersion: 101.1\n\n\
                    Package: falcon-sensor\nStatus: deinstall ok config-files\nVersion: 7\n\n\
                    Package: vim\nStatus: install ok installed\nVersion: 9\nDescription: x\n Package: wazuh-agent\n\n\
                    Package: sentinelagent\nStatus: hold ok half-configured\nVersion: 23.1";
        assert_eq!(names(text), ["mdatp 101.1", "sentinelagent 23.1"]);
        assert!(names("").is_empty());
    }

    #[test]
    fn long_lines_are_cut_and_do_not_hide_what_follows() {
        let long = "x".repeat(100_000);
        let text =
            format!("Package: mdatp\nDescription: {long}\nStatus: install ok installed\nVersion: {long}\n\n");
        let found = names(&text);
        assert!(found.len() == 1 && found[0].len() < 80, "{found:?}");
        let flood = "Package: mdatp\nStatus: install ok installed\nVersion: 1\n\n".repeat(500);
        assert_eq!(names(&flood).len(), MOST);
    }
}
