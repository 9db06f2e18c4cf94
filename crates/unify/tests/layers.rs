//! The floors of the house, as `layers.toml` names them: imports point down only.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, MetadataCommand};

#[test]
fn imports_point_down_only() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let text = std::fs::read_to_string(format!("{root}/layers.toml")).expect("layers.toml is there");
    let layers: toml::Table = text.parse().expect("layers.toml parses");
    let names = |t: &toml::Value| -> Vec<String> {
        t["crates"]
            .as_array()
            .expect("crates")
            .iter()
            .map(|c| c.as_str().expect("a name").to_owned())
            .collect()
    };
    let mut floor_of = BTreeMap::new();
    for (level, floor) in layers["floor"].as_array().expect("floors").iter().enumerate() {
        for name in names(floor) {
            floor_of.insert(name, level);
        }
    }
    let beside = names(&layers["beside"]);
    let metadata = MetadataCommand::new()
        .manifest_path(format!("{root}/Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".into()])
        .exec()
        .expect("cargo metadata");
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = package.name.to_string();
        if beside.contains(&name) {
            continue;
        }
        let Some(own) = floor_of.get(&name) else {
            wrong.push(format!("{name} stands on no floor"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            if !dependency.name.starts_with("palisade-") {
                continue;
            }
            match floor_of.get(&dependency.name) {
                Some(floor) if floor < own => {}
                Some(_) => {
                    wrong.push(format!("{name} imports {} of its own floor or above", dependency.name))
                }
                None => {
                    wrong.push(format!("{name} imports {}, which stands beside the house", dependency.name))
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
