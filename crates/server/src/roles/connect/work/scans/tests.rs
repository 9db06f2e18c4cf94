use palisade_inventory::{Container, Ecosystem, FORMAT, Package, Source};

use super::*;

const NOW: TimeMicros = TimeMicros(1_795_000_000_000_000);

fn machine() -> Machine {
    Machine {
        id: palisade_types::MachineId::random(),
        subscription: palisade_types::SubscriptionId::random(),
        resource_group: None,
        connector: Some(Uuid::new_v4()),
        name: "web-1".into(),
        cloud_id: String::new(),
        hardware_id: String::new(),
        place: json!({}),
        os: Default::default(),
        image: String::new(),
        addresses: vec!["192.0.2.7".into()],
        tags: Default::default(),
        owner: String::new(),
        power: palisade_estate::machine::PowerState::Unknown,
        power_since: NOW,
        plan_override: Default::default(),
        exclusion: None,
        offboarded_at: None,
        retired_at: None,
        device: None,
        first_seen: NOW,
        last_listed: None,
        changed_at: NOW,
    }
}

fn inventory() -> Inventory {
    let mut inventory = Inventory { format: FORMAT.into(), taken_us: TimeMicros(7), ..Inventory::default() };
    inventory.os.id = "debian".into();
    inventory.os.version = "12".into();
    inventory.packages.push(Package {
        ecosystem: Ecosystem::Deb,
        name: "openssl".into(),
        version: "3.0.1-1".into(),
        ..Package::default()
    });
    inventory
}

fn scanned(inventory: &Inventory) -> Scanned {
    Scanned {
        inventory: serde_json::to_vec(inventory).expect("JSON"),
        root: true,
        user: "root".into(),
        sudo_refused: String::new(),
        whole: true,
        hardware_id: "4C4C4544-0042".into(),
        os: Default::default(),
    }
}

#[test]
fn an_answer_becomes_a_whole_inventory_by_our_clock() {
    let found = found_of(&machine(), scanned(&inventory()), NOW).expect("an inventory");
    assert_eq!((found.packages, found.limit.is_none(), found.root), (1, true, true));
    let list = found.inventory.list.expect("a list");
    assert_eq!(list.taken_at, NOW);
    assert_eq!(list.parts.keys().collect::<Vec<_>>(), found.inventory.parts.keys().collect::<Vec<_>>());
    let facts = found.facts;
    assert_eq!((facts.name.as_str(), facts.os_distribution.as_str()), ("web-1", "Debian"));
    assert_eq!(facts.extra["hardware_uuid"], "4c4c4544-0042");
    let bodies: Vec<(String, String)> =
        found.inventory.parts.iter().map(|(name, (_, body))| (name.clone(), body.to_string())).collect();
    let again =
        palisade_inventory::join(bodies.iter().map(|(n, b)| (n.as_str(), b.as_str()))).expect("whole");
    assert_eq!(again.packages, inventory().packages);
}

#[test]
fn what_could_not_be_read_is_said() {
    let mut user = scanned(&inventory());
    (user.root, user.user, user.sudo_refused) = (false, "ann".into(), "a password is required".into());
    let (code, words) = found_of(&machine(), user, NOW).expect("some").limit.expect("a limit");
    assert_eq!(code, ScanCode::WithoutRoot);
    assert!(words.contains("ann") && words.contains("a password is required"), "{words}");
    let mut part = inventory();
    part.sources.push(Source { name: "rpm".into(), state: SourceState::Failed, ..Source::default() });
    let (code, words) = found_of(&machine(), scanned(&part), NOW).expect("some").limit.expect("a limit");
    assert_eq!((code, words.contains("rpm")), (ScanCode::Incomplete, true));
    // A list of one item that is larger than a part is not kept, and not taken for empty.
    let mut large = inventory();
    let id = "c".repeat(64);
    let names = (0..2000).map(|n| palisade_inventory::Source {
        name: "x".repeat(400),
        items: n,
        ..Source::default()
    });
    large.containers.push(Container { id, sources: names.collect(), ..Container::default() });
    let found = found_of(&machine(), scanned(&large), NOW).expect("some");
    assert_eq!(found.inventory.list.expect("a list").left_out.len(), 1);
    assert_eq!(found.limit.expect("a limit").0, ScanCode::Incomplete);
}

#[test]
fn what_is_no_inventory_has_its_code() {
    let code = |answer: &[u8]| {
        let scanned = Scanned { inventory: answer.to_vec(), ..scanned(&inventory()) };
        found_of(&machine(), scanned, NOW).expect_err("it should be refused").code
    };
    for answer in
        [&b""[..], b"no JSON", b"{}", b"[1,2]", b"\xff\xfe", b"{\"format\":\"palisade-inventory/2\"}"]
    {
        assert_eq!(code(answer), "scan_answer_invalid", "{answer:?}");
    }
    let many = format!("{{\"packages\":[{}{{}}]}}", "{},".repeat(200_000));
    assert_eq!(code(many.as_bytes()), "scan_answer_too_large");
    let mut long = inventory();
    long.packages[0].name = "x".repeat(5000);
    assert_eq!(code(&serde_json::to_vec(&long).expect("JSON")), "scan_answer_invalid");
}
