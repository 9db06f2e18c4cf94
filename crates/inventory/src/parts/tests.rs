use super::*;
use crate::model::{Container, Ecosystem, Endpoint, FORMAT, Loaded, Package, Service};

fn package(name: &str, version: &str) -> Package {
    Package { ecosystem: Ecosystem::Deb, name: name.into(), version: version.into(), ..Package::default() }
}

fn large() -> Inventory {
    let named = |n: u32| Package {
        vendor: "A maintainer of a long name <somebody@somewhere.example>".into(),
        ..package(&format!("package-{n}"), "1.0-1")
    };
    Inventory {
        format: FORMAT.into(),
        root: "/".into(),
        live: true,
        packages: (0..900).map(named).collect(),
        services: vec![Service { name: "one.service".into(), pids: vec![7], ..Service::default() }],
        endpoints: vec![Endpoint { protocol: "tcp".into(), port: 22, pid: Some(9), ..Endpoint::default() }],
        loaded: vec![Loaded { path: "/bin/sh".into(), processes: 3, pids: vec![3], ..Loaded::default() }],
        containers: vec![Container {
            id: "c0ffee".into(),
            pid: 44,
            packages: vec![package("inside", "2")],
            ..Container::default()
        }],
        ..Inventory::default()
    }
}

fn joined(parts: &Parts) -> Inventory {
    join(parts.bodies.iter().map(|(n, b)| (n.as_str(), b.as_str()))).expect("parts of an inventory")
}

#[test]
fn what_is_put_together_is_what_was_cut() {
    let inventory = large();
    let mut expected = steady(&inventory);
    let mut again = joined(&split(&inventory));
    let order = |i: &mut Inventory| i.packages.sort_by(|a, b| a.name.cmp(&b.name));
    order(&mut expected);
    order(&mut again);
    assert_eq!(again, expected);
}

#[test]
fn one_new_version_changes_one_part_and_process_ids_change_none() {
    let (mut inventory, before) = (large(), split(&large()));
    inventory.taken_us = palisade_types::TimeMicros(5);
    inventory.services[0].pids = vec![8];
    inventory.endpoints[0].pid = None;
    inventory.loaded[0].pids = vec![5, 6];
    assert_eq!(split(&inventory), before);
    inventory.packages[100].version = "1.0-2".into();
    let after = split(&inventory);
    let changed: Vec<_> = after.bodies.iter().filter(|(n, b)| before.bodies.get(*n) != Some(b)).collect();
    assert_eq!((changed.len(), before.bodies.len()), (1, after.bodies.len()));
    assert!(before.bodies.len() > 16 && changed[0].1.len() < AIM, "{}", before.bodies.len());
}

#[test]
fn a_part_that_is_too_large_is_named_and_left_out() {
    let mut inventory = large();
    inventory.packages[0].vendor = "x".repeat(MAX_PART);
    let parts = split(&inventory);
    assert_eq!(parts.left_out.len(), 1);
    assert!(parts.bodies.values().all(|b| b.len() <= MAX_PART));
    assert!(joined(&parts).packages.len() < 900);
}

#[test]
fn what_is_no_part_is_refused() {
    let head = split(&Inventory::default()).bodies["head"].clone();
    assert!(matches!(join([("packages/0", "[]")]), Err(PartError::NoHead)));
    assert!(matches!(join([("head", head.as_str()), ("else/0", "[]")]), Err(PartError::Name(_))));
    assert!(matches!(join([("head", head.as_str()), ("users/0", "{}")]), Err(PartError::Body { .. })));
}
