//! What other machines, clouds and people send about machines: lists of them, of which no name is an
//! option; facts about their security products, which are bounded and can be judged; and what a
//! connector's script answers; and inventories that scanned machines print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_connectors::{MAX_ANSWER, Said, decode_fault, decode_instances, is_instance_id};
use palisade_estate::edr::{self, MAX_ENTRIES, Outcome};
use palisade_estate::inventory::{parse_ini, parse_json, parse_list};

fuzz_target!(|data: &[u8]| {
    facts(data);
    scanned(data);
    cloud(data);
    answer(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    for read in [parse_ini(text), parse_json(text), parse_list(text)].into_iter().flatten() {
        for t in read.targets {
            assert!(!t.name.starts_with('-') && !t.address.starts_with('-'));
            assert!(t.user.is_none_or(|u| !u.starts_with('-')));
        }
    }
});

fn facts(data: &[u8]) {
    let Ok(facts) = edr::parse(data) else { return };
    assert!(facts.packages.len() <= MAX_ENTRIES && facts.processes.len() <= MAX_ENTRIES);
    assert!(facts.values.len() <= MAX_ENTRIES && facts.sources.len() <= MAX_ENTRIES);
    for found in edr::recognise(&facts).found {
        assert!(!found.evidence.is_empty());
        for check in edr::assess(&found, &facts).checks {
            assert!(check.outcome != Outcome::Healthy || check.message.is_empty());
        }
    }
    let _ = (edr::products(&facts), edr::fanotify_user(&facts));
}

/// What is taken can be cut into parts, kept, and put together again.
fn scanned(data: &[u8]) {
    let Ok(inventory) = palisade_inventory::told(data) else { return };
    let parts = palisade_inventory::split(&inventory);
    assert!(parts.bodies.len() <= palisade_inventory::parts::MAX_PARTS);
    assert!(parts.bodies.values().all(|b| b.len() <= palisade_inventory::parts::MAX_PART));
    let again = palisade_inventory::join(parts.bodies.iter().map(|(n, b)| (n.as_str(), b.as_str())));
    assert!(again.is_ok() || !parts.left_out.is_empty());
}

fn cloud(data: &[u8]) {
    let _ = decode_fault(data);
    let Ok(answer) = decode_instances(data) else { return };
    assert!(answer.instances.len() <= 1000);
    for i in answer.instances {
        assert!(is_instance_id(&i.id) && i.tags.len() <= 64 && i.addresses.len() <= 64);
    }
}

fn answer(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    // The word that only we know is the first one here, so that what follows is looked at.
    let nonce = text.lines().next().unwrap_or_default();
    let whole = format!("begin={nonce}\n{text}");
    let said = Said::decode(&whole, nonce);
    assert!(said.begun() == (whole.len() <= MAX_ANSWER) || nonce.ends_with('\r'));
    let report = said.report("/opt/palisade", "https://server");
    assert_eq!(report.root, said.get("uid") == "0");
}
