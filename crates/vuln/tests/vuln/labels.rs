//! Findings that people labelled true or false, of images of many distributions.

use std::collections::{BTreeMap, BTreeSet};

use palisade_advisory::Record;
use palisade_vuln::{Component, Index, Owner};
use serde_json::Value;

use crate::data::{component, fixtures, index, lines, records};

const FEEDS: [&str; 10] = [
    "feeds/osv-Go.all.zip",
    "feeds/osv-Rust.all.zip",
    "feeds/osv-PyPI.all.zip",
    "feeds/osv-AlmaLinux-8.all.zip",
    "feeds/osv-AlmaLinux-9.all.zip",
    "feeds/osv-AlmaLinux-10.all.zip",
    "feeds/osv-Bitnami-sample.all.zip",
    "feeds/osv-mixed-from-fixtures.all.zip",
    "feeds/osv-Debian-12.derived.all.zip",
    "feeds/debian-security-tracker.derived.json.gz",
];

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

/// The digits behind a mark in a version.
fn after(version: &str, mark: &str) -> Option<String> {
    let rest = &version[version.find(mark)? + mark.len()..];
    Some(rest.chars().take_while(char::is_ascii_digit).collect::<String>()).filter(|d| !d.is_empty())
}

/// The distributions of an image, by its name and by the marks in its versions.
fn distributions(image: &str, version: &str, releases: &BTreeSet<String>) -> Vec<String> {
    if let Some(major) =
        after(version, ".el").or_else(|| after(version, "module_el")).or_else(|| after(version, "+el"))
    {
        let family = match image {
            i if i.contains("almalinux") => "almalinux",
            i if i.contains("rockylinux") => "rocky",
            i if i.contains("oraclelinux") => "oracle",
            _ => "redhat",
        };
        return vec![format!("{family}:{major}")];
    }
    if let Some(release) = after(version, ".amzn") {
        return vec![format!("amazon:{release}")];
    }
    if let Some(release) = after(version, ".cm") {
        return vec![format!("azurelinux:{release}.0")];
    }
    if image.contains("chainguard") {
        return vec!["chainguard".to_owned(), "wolfi".to_owned()];
    }
    if image.contains("suse/sle15") {
        return (0..7).map(|pack| format!("suse:15.{pack}")).collect();
    }
    // What carries no mark belongs to the release of what does.
    releases.iter().cloned().collect()
}

/// Releases that marks in an image's versions tell.
fn releases(rows: &[Value]) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let (image, version) = (text(row, "image"), text(row, "version"));
        let own = out.entry(image.to_owned()).or_default();
        if let Some(release) = after(version, "+deb").or_else(|| after(version, "~deb")) {
            own.insert(format!("debian:{release}"));
        }
        if image.contains("ubuntu") || version.contains("ubuntu") {
            for release in ["14.04", "16.04", "18.04", "20.04", "22.04", "24.04"] {
                if version.contains(&format!("ubuntu0.{release}")) || version.contains(&format!("~{release}"))
                {
                    own.insert(format!("ubuntu:{release}"));
                }
            }
        }
    }
    out
}

/// What is known of the images: releases by marks in versions, and what packages of the system brought.
struct Images {
    releases: BTreeMap<String, BTreeSet<String>>,
    /// Images with packages of Red Hat's kind.
    rpm: BTreeSet<String>,
    /// A language's package and version of which some row's note says that an RPM brought it.
    noted: BTreeSet<(String, String)>,
}

impl Images {
    fn of(rows: &[Value]) -> Self {
        let rpm =
            rows.iter().filter(|r| text(r, "version").contains(".el")).map(|r| text(r, "image").to_owned());
        let of_rpm = |r: &&Value| text(r, "note").to_lowercase().contains("rpm");
        let pair = |r: &Value| (text(r, "package").to_owned(), text(r, "version").to_owned());
        Self {
            releases: releases(rows),
            rpm: rpm.collect(),
            noted: rows.iter().filter(of_rpm).map(pair).collect(),
        }
    }

    /// Whether a package of the system brought a language's package. Base images hold nothing else; of others the
    /// labels' notes say it, of the same package and version on another image of the same kind too.
    fn owned(&self, row: &Value) -> bool {
        const BASES: [&str; 9] = [
            "docker.io/ubuntu@",
            "docker.io/debian@",
            "docker.io/almalinux@",
            "docker.io/rockylinux@",
            "docker.io/centos@",
            "docker.io/amazonlinux@",
            "docker.io/oraclelinux@",
            "registry.access.redhat.com/ubi",
            "gcr.io/distroless/",
        ];
        let image = text(row, "image");
        let note = text(row, "note").to_lowercase();
        let pair = (text(row, "package").to_owned(), text(row, "version").to_owned());
        let by_rpm = self.rpm.contains(image) || image.contains("sonatype/nexus3");
        BASES.iter().any(|b| image.starts_with(b))
            || note.contains("redhat has patched")
            || (by_rpm && self.noted.contains(&pair))
            || note.contains("rpm")
    }

    /// What a row may be: of the image's distribution, and of each registry if it looks like a language's package.
    fn components(&self, row: &Value) -> Vec<Component> {
        let (image, name, version) = (text(row, "image"), text(row, "package"), text(row, "version"));
        let none = BTreeSet::new();
        let releases = self.releases.get(image).unwrap_or(&none);
        let of_os = |ecosystem: &String| component(ecosystem, name, version);
        let mut out: Vec<Component> = distributions(image, version, releases).iter().map(of_os).collect();
        let note = text(row, "note").to_lowercase();
        // Of extensions of an editor only the name is that of a registry's package.
        let editor = note.contains("vscode") || note.contains("vs code");
        // Nor are Jenkins' plugins what is called so elsewhere; what was matched by its name alone has a CVE's name.
        let plugin = image.contains("cloudbees") && text(row, "vuln").starts_with("CVE-");
        let elsewhere = editor || plugin;
        let plain = !version.contains(".el") && !version.contains("ubuntu") && !version.contains("deb");
        if plain && !elsewhere {
            let bitnami = image.contains("bitnami").then_some("bitnami");
            for family in
                ["pypi", "npm", "gem", "go", "cargo", "packagist", "nuget"].into_iter().chain(bitnami)
            {
                let mut one = component(family, &name.to_lowercase(), version);
                one.owner = if self.owned(row) { Owner::Distribution } else { Owner::None };
                out.push(one);
            }
        }
        out
    }
}

/// Whether a label is about what a program imports of a package, which no advisory's versions and no inventory say.
fn about_imports(row: &Value) -> bool {
    let note = text(row, "note").to_lowercase().replace('_', " ");
    ["not importable", "effectively private", "not go code"].iter().any(|w| note.contains(w))
}

/// The ids of each vulnerability that an index finds in a component.
fn ids(index: &Index, component: &Component) -> BTreeSet<String> {
    let hits = index.matches(component).hits;
    hits.iter()
        .flat_map(|h| {
            let f = index.explain(component, h);
            f.aliases
                .into_iter()
                .chain([f.vulnerability, f.advisory.id])
                .chain(f.also.into_iter().map(|a| a.id))
        })
        .collect()
}

#[test]
fn labels_of_people() {
    let (Some(mut records), Some(fixtures)) = (records(&FEEDS), fixtures()) else { return };
    records.extend(fixtures);
    let Some(rows) = lines("golden/anchore-match-labels.jsonl.gz") else { return };
    // Which package of which ecosystem has an advisory about which vulnerability, whatever the versions.
    let mut there: BTreeSet<(String, String, String)> = BTreeSet::new();
    for record in &records {
        let Record::Advisory(a) = record else { continue };
        for affected in &a.affected {
            for id in a.covers.iter().chain(&a.aliases).chain([&a.id]) {
                there.insert((affected.ecosystem.to_string(), affected.package.to_lowercase(), id.clone()));
            }
        }
    }
    let index = index(records);
    let images = Images::of(&rows);
    let (mut reported, mut asked, mut imports) = (Vec::new(), 0, 0);
    let (mut found, mut possible) = (0, 0);
    let mut missed = Vec::new();
    for row in &rows {
        let names = [text(row, "vuln"), text(row, "cve")];
        let all = images.components(row);
        let with: Vec<&Component> = all
            .iter()
            .filter(|c| {
                let key = |name: &str| (c.ecosystem.to_string(), c.name.to_lowercase(), name.to_owned());
                names.iter().any(|n| !n.is_empty() && there.contains(&key(n)))
            })
            .collect();
        let hit = with.iter().any(|c| {
            let ids = ids(&index, c);
            names.iter().any(|n| !n.is_empty() && ids.contains(*n))
        });
        match text(row, "label") {
            "FP" if about_imports(row) => imports += usize::from(hit),
            "FP" => {
                asked += usize::from(!with.is_empty());
                if hit {
                    reported.push(row.to_string());
                }
            }
            "TP" if !with.is_empty() => {
                possible += 1;
                found += usize::from(hit);
                if !hit {
                    missed.push(row.to_string());
                }
            }
            _ => {}
        }
    }
    println!(
        "{asked} rows labelled false have an advisory in the pack, {} of them are reported",
        reported.len()
    );
    println!("{imports} more are labelled false by what the program imports, which is not told by versions");
    println!("{found} of {possible} rows labelled true that have an advisory in the pack are found");
    missed.iter().take(40).for_each(|m| println!("  not found: {m}"));
    assert!(reported.is_empty(), "{}", reported.join("\n"));
    assert!(possible > 50 && found * 10 >= possible * 9, "only {found} of {possible}");
}
