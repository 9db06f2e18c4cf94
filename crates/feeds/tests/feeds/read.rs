//! What changed between two snapshots, record by record.

use std::collections::BTreeSet;

use crate::data;
use crate::world::{Ids, World};

#[test]
fn only_what_changed_is_read_again() {
    let Some(go) = data::bytes("osv-Go.all.zip") else { return };
    let world = World::new(None);
    world.import_bytes("osv-go.zip", &go).expect("taken");
    let before = world.store.current().expect("readable").expect("there");
    let mut documents = data::unzipped(&go);
    let id = |bytes: &[u8]| {
        let value: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
        value["id"].as_str().expect("an id").to_owned()
    };
    let withdrawn = documents.remove(0).1;
    let changed = documents[5].1.clone();
    let text = String::from_utf8(changed.clone()).expect("text");
    documents[5].1 =
        text.replacen("\"id\":", "\"withdrawn\":\"2026-01-02T03:04:05Z\",\"id\":", 1).into_bytes();
    let added = text.replace(&id(&changed), "GO-2099-0001").into_bytes();
    documents.push(("GO-2099-0001.json".to_owned(), added));
    // Another order and other spaces are no change.
    documents.reverse();
    let spaced = String::from_utf8(documents[9].1.clone()).expect("text").replacen('{', "{  ", 1);
    documents[9].1 = spaced.into_bytes();
    world.import_bytes("osv-go.zip", &data::zipped(&documents)).expect("taken");

    let after = world.store.current().expect("readable").expect("there");
    let changes = after.changed_since(&before).expect("readable");
    let expected = BTreeSet::from([id(&withdrawn), id(&changed), "GO-2099-0001".to_owned()]);
    assert_eq!(changes.into_iter().collect::<Vec<_>>(), [("osv-go".to_owned(), expected.clone())]);
    let mut ids = Ids::default();
    let n = after.feed("osv-go").expect("there").read_ids(&expected, &mut ids).expect("read");
    assert_eq!((n, ids.ids.len(), ids.faults), (2, 2, 0));
    assert!(!ids.ids.contains(&id(&withdrawn)), "what is gone is not read");
}

#[test]
fn a_damaged_object_is_said_and_never_taken_for_an_empty_one() {
    let Some(kev) = data::kev(100) else { return };
    let world = World::new(None);
    world.import_bytes("kev.json", &kev).expect("taken");
    let snapshot = world.store.current().expect("readable").expect("there");
    let object = world.store.object(&crate::world::sha(&kev));
    std::fs::remove_file(&object).expect("removed");
    std::fs::write(&object, &kev[..50]).expect("written");
    let code = snapshot.read(&mut Ids::default()).map_err(|e| e.code);
    assert_eq!(code, Err(palisade_feeds::Code::StoreDamaged));
}
