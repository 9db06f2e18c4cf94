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

#[test]
fn the_head_has_room_however_much_else_there_is() {
    let container = |n: u32| Container {
        id: format!("{n:064x}"),
        packages: vec![package("inside", "2")],
        ..Container::default()
    };
    let inventory = Inventory { containers: (0..3000).map(container).collect(), ..Inventory::default() };
    let parts = split(&inventory);
    assert_eq!(parts.bodies.len(), MAX_PARTS);
    assert_eq!(parts.left_out.len(), 2 * 3000 + 1 - MAX_PARTS);
    assert!(joined(&parts).containers.len() > 1000);
}

#[test]
fn every_part_that_is_cut_passes_the_check() {
    let inventory = Inventory {
        users: vec![User { name: "ann".into(), ..User::default() }],
        groups: vec![Group { name: "staff".into(), ..Group::default() }],
        certificates: vec![Certificate { key_bits: 2048, ..Certificate::default() }],
        shares: vec![Share { name: "data".into(), ..Share::default() }],
        extensions: vec![BrowserExtension { id: "a".into(), ..BrowserExtension::default() }],
        ..large()
    };
    let parts = split(&inventory);
    for kind in
        ["users/0", "certificates/0", "extensions/0", "container:c0ffee", "container:c0ffee/packages/0"]
    {
        assert!(parts.bodies.contains_key(kind), "{kind}");
    }
    let checked: Vec<(String, String)> = parts
        .bodies
        .iter()
        .map(|(name, body)| (name.clone(), check(name, body).expect("a part").to_string()))
        .collect();
    let again = join(checked.iter().map(|(n, b)| (n.as_str(), b.as_str()))).expect("parts of an inventory");
    assert_eq!(again, joined(&parts), "nothing is lost by it");
    assert_eq!(check("baseline/cis", r#"{"any":[1]}"#).expect("not ours").to_string(), r#"{"any":[1]}"#);
}

#[test]
fn what_a_hostile_sensor_sends_is_no_part() {
    for (name, body) in [
        ("certificates/0", r#"[{"fingerprint":"f","not_after_us":"soon"}]"#),
        ("certificates/0", r#"[{"key_bits":99999999999}]"#),
        ("certificates/0", r#"{"not":"a list"}"#),
        ("head", "[]"),
        ("users/0", "[[[["),
    ] {
        assert!(matches!(check(name, body), Err(PartError::Body { .. })), "{name} {body}");
    }
    for name in
        ["", "packages", "packages/", "packages/256", "packages/00", "packages/+1", "else/0", "container:a/b"]
    {
        assert!(matches!(check(name, "[]"), Err(PartError::Name(_))), "{name}");
    }
    assert!(matches!(check(&format!("container:{}", "a".repeat(200)), "{}"), Err(PartError::Name(_))));
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(check("baseline/x", &nested).is_err(), "deep nesting is no stack overflow");
    let more = r#"[{"ecosystem":"deb","name":"a","version":"1","blown":[0,0,0,0,0,0,0,0]}]"#;
    let kept = check("packages/0", more).expect("a part");
    assert!(kept[0].get("blown").is_none() && kept[0]["name"] == "a", "{kept}");
}
