//! Databases that RPM's and Berkeley DB's own tools wrote (`tests/data/rpm/make.sh`).

use palisade_inventory::SourceState;
use palisade_inventory::decode;

use crate::world::{World, fixture, named};

const LIST: &str = include_str!("../data/rpm/packages.txt");

fn listed() -> Vec<String> {
    LIST.lines().map(|l| l.replace(" 0:", " ").trim().to_owned()).collect()
}

fn scanned(place: &str, name: &str) -> palisade_inventory::Inventory {
    let world = World::new();
    world.write("etc/os-release", "ID=almalinux\nVERSION_ID=\"9.4\"\n");
    world.write(&format!("{place}/{name}"), fixture(&format!("rpm/{}", fixture_of(name))));
    // A file of a package, so that its owner is asked for.
    world.write("usr/lib/systemd/system/x.service", "[Service]\nExecStart=/usr/bin/plain\n");
    world.scan()
}

fn fixture_of(name: &str) -> &str {
    if name == "Packages" { "Packages-little" } else { name }
}

#[test]
fn all_formats_hold_what_rpm_lists() {
    for (place, name) in [
        ("var/lib/rpm", "rpmdb.sqlite"),
        ("usr/lib/sysimage/rpm", "Packages.db"),
        ("var/lib/rpm", "Packages"),
    ] {
        let inventory = scanned(place, name);
        let mut all: Vec<_> =
            inventory.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
        all.sort();
        assert_eq!(all, listed(), "{name}");
        let p = named(&inventory, "epoch-libs");
        assert_eq!((p.source_name.as_str(), p.source_version.as_str()), ("epoch", "1:3.0.7-27.el9"));
        assert_eq!((p.arch.as_str(), p.vendor.as_str()), ("noarch", "Example Vendor"));
        assert_eq!((p.distribution.as_str(), p.release.as_str()), ("almalinux", "9.4"));
        assert!(p.installed_us.is_some() && p.database.ends_with(name));
        assert_eq!(named(&inventory, "modular").module, "nodejs:18:820240101:abcd");
        assert!(inventory.sources.iter().all(|s| s.state == SourceState::Read), "{:?}", inventory.sources);
    }
}

#[test]
fn both_orders_of_bytes_are_read() {
    let count = |data: &[u8]| {
        let mut names = Vec::new();
        decode::bdb_blobs(data, &mut |blob| {
            names.extend(decode::rpm_header(blob).expect("a header").map(|p| p.name));
        })
        .expect("a hash");
        names.sort();
        names
    };
    let little = count(&fixture("rpm/Packages-little"));
    assert_eq!(little, ["epoch-libs", "large", "modular", "plain"]);
    assert_eq!(count(&fixture("rpm/Packages-big")), little);
}

#[test]
fn what_is_only_in_the_log_of_writes_counts() {
    let (db, wal) = (fixture("rpm/wal.sqlite"), fixture("rpm/wal.sqlite-wal"));
    let names = |wal: Option<&[u8]>| {
        let mut names = Vec::new();
        decode::sqlite_blobs(&db, wal, &mut |blob| {
            names.extend(decode::rpm_header(blob).expect("a header").map(|p| p.name));
        })
        .expect("a database");
        names
    };
    assert_eq!(names(Some(&wal)), ["large"]);
    assert_eq!(names(None).len(), 4, "the file itself is from before");
    // A commit that was not written whole does not count; the one before it does.
    assert_eq!(names(Some(&wal[..wal.len() - 1])).len(), 0);
    assert_eq!(names(Some(&wal[..40])).len(), 4);
}

#[test]
fn files_have_their_packages() {
    let world = World::new();
    world.write("var/lib/rpm/rpmdb.sqlite", fixture("rpm/rpmdb.sqlite"));
    let at = "usr/share/large/a-rather-long-name-of-a-file-1499";
    // The unit that is looked at is a link to a file that a package lists.
    world.write(at, "[Service]\nExecStart=/x\n");
    std::fs::create_dir_all(world.path("usr/lib/systemd/system")).expect("writable");
    std::os::unix::fs::symlink(format!("/{at}"), world.path("usr/lib/systemd/system/x.service"))
        .expect("writable");
    let inventory = world.scan();
    assert_eq!(inventory.services[0].package, "rpm:large");
}

#[test]
fn a_database_without_packages_is_no_clean_machine() {
    let world = World::new();
    let mut broken = fixture("rpm/rpmdb.sqlite");
    broken.truncate(8192);
    world.write("var/lib/rpm/rpmdb.sqlite", broken);
    let inventory = world.scan();
    assert!(inventory.packages.is_empty());
    let source = inventory.sources.iter().find(|s| s.name == "rpm").expect("said");
    assert_eq!((source.state, source.code.as_str()), (SourceState::Failed, "malformed"));
}

/// The tool of this machine, where it is there, writes a database of its own.
#[test]
fn what_the_real_tool_installs_is_read() {
    let world = World::new();
    let rpm = |args: &[&str]| {
        let root = world.path("");
        let done = std::process::Command::new("rpm")
            .arg("--root")
            .arg(root)
            .args(["--dbpath", "/var/lib/rpm"])
            .args(args)
            .output();
        done.ok().filter(|o| o.status.success())
    };
    if rpm(&["--initdb"]).is_none() {
        palisade_testkit::skipped("needs rpm");
        return;
    }
    let inventory = world.scan();
    assert!(inventory.packages.is_empty(), "nothing is installed yet");
    let source = inventory.sources.iter().find(|s| s.name == "rpm").expect("said");
    assert_eq!(source.code, "malformed", "an empty database is not taken for a clean one");
}

/// A header of texts.
fn header(tags: &[(u32, &str)]) -> Vec<u8> {
    let (mut index, mut data) = (Vec::new(), Vec::new());
    for (tag, value) in tags {
        for n in [*tag, 6, data.len() as u32, 1] {
            index.extend(n.to_be_bytes());
        }
        data.extend(value.as_bytes());
        data.push(0);
    }
    [&(tags.len() as u32).to_be_bytes()[..], &(data.len() as u32).to_be_bytes(), &index, &data].concat()
}

/// Manifests of three images, in which others wrote both the source's file and its name.
#[test]
fn sources_are_those_that_others_found() {
    let mut seen = 0;
    for name in ["bdb", "httpd-24_9.5-1734525854", "nodejs"] {
        let Some(path) =
            palisade_testkit::shared_data(&format!("vuln/inventory/claircore-{name}.rpm-manifest.json.gz"))
        else {
            return;
        };
        let manifest: serde_json::Value = serde_json::from_slice(&crate::world::gunzip(&path)).expect("JSON");
        for p in manifest["rpms"].as_array().expect("a list") {
            let text = |key: &str| p[key].as_str().unwrap_or_default().to_owned();
            // `name-epoch:version-release.src`; the file's own name has no epoch.
            let nevra = text("srpm_nevra");
            let file = match nevra.split_once(':') {
                Some((before, after)) => format!("{}-{after}", before.rsplit_once('-').expect("an epoch").0),
                None => nevra.clone(),
            };
            if file.is_empty() {
                continue;
            }
            let blob = header(&[
                (1000, &text("name")),
                (1001, "1"),
                (1002, &text("release")),
                (1044, &format!("{file}.rpm")),
            ]);
            let read = decode::rpm_header(&blob).expect("a header").expect("a package");
            assert_eq!(read.source_name, text("srpm_name"), "{nevra}");
            assert!(file.contains(&read.source_version), "{nevra}");
            seen += 1;
        }
    }
    assert!(seen > 400, "{seen}");
}
