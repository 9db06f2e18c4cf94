//! A change is noticed, read again, and told.

use crate::world::{World, named};

const STATUS: &str = "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n";

fn world() -> World {
    let world = World::new();
    world.write("etc/os-release", "ID=debian\nVERSION_ID=12\n");
    world.write("var/lib/dpkg/status", STATUS);
    world.write("opt/app/lib/site-packages/x-1.0.dist-info/METADATA", "Name: x\nVersion: 1.0\n");
    world
}

/// Writes as package managers do: another file in the old one's place.
fn replace(world: &World, path: &str, content: &str) {
    let new = world.path(&format!("{path}.new"));
    std::fs::write(&new, content).expect("writable");
    std::fs::rename(new, world.path(path)).expect("replaced");
}

#[test]
fn only_what_changed_is_read_again() {
    let world = world();
    let mut scanner = world.scanner();
    let before = scanner.full().expect("a scan");
    assert_eq!(before.packages.len(), 2);
    assert!(scanner.changed().expect("a look").is_none());

    replace(&world, "var/lib/dpkg/status", &STATUS.replace("Version: 1", "Version: 2"));
    let changes = scanner.changed().expect("a look").expect("a change");
    assert_eq!(changes.sources, ["dpkg"]);
    let (added, removed) = changes.inventory.package_changes(&before);
    assert_eq!(added.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect::<Vec<_>>(), [("a", "2")]);
    assert_eq!(
        removed.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect::<Vec<_>>(),
        [("a", "1")]
    );
    assert!(scanner.changed().expect("a look").is_none());
}

#[test]
fn a_new_place_of_a_language_and_a_new_manager_are_found() {
    let world = world();
    let mut scanner = world.scanner();
    scanner.full().expect("a scan");
    world.write("srv/web/node_modules/left-pad/package.json", r#"{"name":"left-pad","version":"1.3.0"}"#);
    let changes = scanner.changed().expect("a look").expect("a change");
    assert_eq!(changes.sources, ["languages"]);
    assert_eq!(named(&changes.inventory, "left-pad").version, "1.3.0");

    world.write("lib/apk/db/installed", "P:musl\nV:1.2.3-r4\nA:x86_64\n\n");
    let changes = scanner.changed().expect("a look").expect("a change");
    assert!(changes.sources.contains(&"apk".to_owned()));
    assert_eq!(named(&changes.inventory, "musl").version, "1.2.3-r4");

    std::fs::remove_dir_all(world.path("srv/web")).expect("removable");
    let changes = scanner.changed().expect("a look").expect("a change");
    assert_eq!(changes.sources, ["languages"]);
    assert!(changes.inventory.packages.iter().all(|p| p.name != "left-pad"));
}

#[test]
fn another_release_of_the_system_is_on_every_package() {
    let world = world();
    let mut scanner = world.scanner();
    scanner.full().expect("a scan");
    replace(&world, "etc/os-release", "ID=debian\nVERSION_ID=13\n");
    let changes = scanner.changed().expect("a look").expect("a change");
    assert_eq!(named(&changes.inventory, "a").release, "13");
    assert_eq!(changes.inventory.os.version, "13");
}

#[test]
fn an_inventory_is_read_back_as_it_was_written() {
    let inventory = world().scan();
    let text = serde_json::to_string(&inventory).expect("JSON");
    let again: palisade_inventory::Inventory = serde_json::from_str(&text).expect("read back");
    assert_eq!(again, inventory);
    assert_eq!(again.format, palisade_inventory::FORMAT);
}
