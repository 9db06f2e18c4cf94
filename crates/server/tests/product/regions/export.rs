//! The central export: off until it is switched on; then every record is decoded and held field by
//! field against the schema that is checked in.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::scan::Needles;
use super::world::{World, live, palisade};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../data/central-export.json")).expect("the schema")
}

/// Decodes a line; each field must be one of the schema's, of its kind.
fn decode(line: &str, schema: &Value) -> Map<String, Value> {
    let record: Map<String, Value> = serde_json::from_str(line).expect("a record");
    let name = record["record"].as_str().expect("a name");
    let fields =
        schema["records"][name].as_object().unwrap_or_else(|| panic!("no record {name} in the schema"));
    let (have, want): (BTreeSet<_>, BTreeSet<_>) = (record.keys().collect(), fields.keys().collect());
    assert_eq!(have, want, "{line}");
    for (field, value) in &record {
        let hex = |digits: usize| {
            value
                .as_str()
                .is_some_and(|t| t.len() == digits && t.bytes().all(|b| b"0123456789abcdef".contains(&b)))
        };
        let fits = match fields[field].as_str().expect("a kind") {
            "record" => value == name,
            "version" => *value == schema["schema"],
            "hour" => value.as_u64().is_some_and(|h| (480_000..1_000_000).contains(&h)),
            "key" => hex(8),
            "pseudonym" => hex(32),
            "count" => value.as_u64().is_some(),
            other => panic!("the schema has a kind {other} that nobody decodes"),
        };
        assert!(fits, "{field} of {line}");
    }
    record
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_of_the_export_is_a_count_or_a_pseudonym() {
    let world = World::new().await;
    let alpha = live(&world, &world.alpha, Some(world.eu_door), "alpha").await;
    let folder = world.product.home().join("central");
    assert_eq!(palisade(&world.product, &["export", "status"]).trim(), "off");
    let refused = world.product.palisade(&["export", "run"]).output().expect("runs");
    assert!(!refused.status.success() && !folder.exists(), "it is off");
    let to = folder.to_str().expect("a path");
    palisade(&world.product, &["export", "on", "--folder", to]);
    palisade(&world.product, &["export", "run"]);
    let read = || {
        let file =
            std::fs::read_dir(&folder).expect("the folder").next().expect("a file").expect("an entry").path();
        std::fs::read_to_string(file).expect("text")
    };
    let text = read();
    let schema = schema();
    let records: Vec<_> = text.lines().map(|line| decode(line, &schema)).collect();
    let of = |name: &str| records.iter().filter(|r| r["record"] == name).collect::<Vec<_>>();
    assert_eq!((of("instance").len(), of("tenant").len()), (1, 2));
    assert_eq!((&of("instance")[0]["regions"], &of("instance")[0]["tenants"]), (&2.into(), &2.into()));
    assert_eq!(of("tenant").iter().filter(|t| t["devices_active"] == 1).count(), 1);
    assert_eq!(of("subscription").len(), 3, "each tenant's designated one, and Alpha's own");
    // Nothing that anybody wrote, and no id.
    let ids = [world.alpha.id, world.beta.id].map(|id| id.to_string().into_bytes());
    let words = alpha.marks.iter().map(|(_, mark)| mark.clone().into_bytes());
    let names = ["Alpha", "default"];
    assert!(!Needles::new(words.chain(ids)).within(text.as_bytes()));
    assert!(names.iter().all(|name| !text.contains(name)), "{text}");

    palisade(&world.product, &["export", "rotate-key"]);
    palisade(&world.product, &["export", "run"]);
    let rotated = read();
    let pseudonyms = |text: &str| -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for line in text.lines() {
            let texts = decode(line, &schema).into_iter().filter_map(|(_, v)| v.as_str().map(str::to_owned));
            all.extend(texts.filter(|t| t.len() == 32));
        }
        all
    };
    assert!(pseudonyms(&text).is_disjoint(&pseudonyms(&rotated)), "another key, other pseudonyms");
    palisade(&world.product, &["export", "off"]);
    assert_eq!(palisade(&world.product, &["export", "status"]).trim(), "off");
    world.owner.close().await;
}
