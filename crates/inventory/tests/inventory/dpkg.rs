//! Debian's packages, against lists that others made of the same machines.

use palisade_inventory::decode;
use palisade_testkit::shared_data;
use serde::Deserialize;

use crate::world::{World, gunzip, named};

#[test]
fn a_real_status_file_is_read_whole() {
    let Some(path) = shared_data("vuln/inventory/claircore-texlive.status.gz") else { return };
    let text = gunzip(&path);
    let all = decode::dpkg_status(&text).expect("a status file");
    let text = String::from_utf8_lossy(&text);
    let count = |key: &str| text.lines().filter(|l| l.starts_with(key)).count();
    assert!(all.len() > 100);
    assert_eq!(
        all.len(),
        count("Status: ")
            - text.lines().filter(|l| l.starts_with("Status: ") && l.ends_with("config-files")).count()
    );
    for p in &all {
        assert!(!p.source_name.is_empty() && !p.source_version.is_empty(), "{}", p.name);
        assert!(!p.source_name.contains(['(', ' ']), "{}", p.source_name);
    }
    assert!(all.iter().filter(|p| p.source_name != p.name).count() > 50);
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    version: String,
    arch: String,
    source: String,
    source_version: String,
}

/// The list was made with dpkg-query on a machine of this kind.
#[test]
fn sources_are_those_that_dpkg_names() {
    let Some(path) = shared_data("vuln/inventory/this-host.dpkg.json.gz") else { return };
    let listed: Vec<Listed> = serde_json::from_slice(&gunzip(&path)).expect("JSON");
    let mut status = String::new();
    for p in &listed {
        use std::fmt::Write;
        let _ = writeln!(
            status,
            "Package: {}\nStatus: install ok installed\nArchitecture: {}\nVersion: {}",
            p.name, p.arch, p.version
        );
        let _ = match (p.source == p.name, p.source_version == p.version) {
            (true, true) => Ok(()),
            (false, true) => writeln!(status, "Source: {}", p.source),
            (_, false) => writeln!(status, "Source: {} ({})", p.source, p.source_version),
        };
        status.push('\n');
    }
    let all = decode::dpkg_status(status.as_bytes()).expect("a status file");
    assert_eq!(all.len(), listed.len());
    for (p, l) in all.iter().zip(&listed) {
        assert_eq!((&p.name, &p.version, &p.arch), (&l.name, &l.version, &l.arch));
        assert_eq!((&p.source_name, &p.source_version), (&l.source, &l.source_version));
    }
}

#[test]
fn an_image_without_dpkg_has_its_packages() {
    let world = World::new();
    world.write("usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
    world.write(
        "var/lib/dpkg/status.d/libc6",
        "Package: libc6\nSource: glibc\nVersion: 2.36-9\nArchitecture: amd64\n",
    );
    world.write("var/lib/dpkg/status.d/libc6.md5sums", "d41d8cd98f00b204e9800998ecf8427e  lib/x\n");
    let inventory = world.scan();
    let p = named(&inventory, "libc6");
    assert_eq!((p.source_name.as_str(), p.source_version.as_str()), ("glibc", "2.36-9"));
    assert_eq!((p.distribution.as_str(), p.release.as_str()), ("debian", "12"));
    assert_eq!(p.database, "/var/lib/dpkg/status.d/libc6");
    assert_eq!(inventory.packages.len(), 1);
    assert_eq!(p.running, None, "nothing of another root runs");
}
