//! Inventories in each format.

use palisade_inventory::{Ecosystem as Kind, Inventory, Os, Package};
use palisade_vuln::{InventoryFormat, Owner, VulnCode, from_inventory, read};
use serde_json::json;

#[test]
fn our_own() {
    let package = |name: &str, kind, origin: &str, owner: &str| Package {
        ecosystem: kind,
        name: name.into(),
        version: "1.0-1".into(),
        origin: origin.into(),
        origin_by: if origin.is_empty() { String::new() } else { "version".into() },
        owner: owner.into(),
        source_name: "src".into(),
        database: "/var/lib/dpkg/status".into(),
        ..Package::default()
    };
    let inventory = Inventory {
        format: palisade_inventory::FORMAT.into(),
        os: Os { id: "debian".into(), version: "12".into(), ..Os::default() },
        packages: vec![
            package("own", Kind::Deb, "Debian", ""),
            package("docker-ce", Kind::Deb, "Docker", ""),
            package("Some_Lib", Kind::Pypi, "", "deb:own"),
            package("other", Kind::Pypi, "", "deb:docker-ce"),
            package("free", Kind::Npm, "", ""),
        ],
        ..Inventory::default()
    };
    let text = serde_json::to_vec(&inventory).expect("JSON");
    let parsed = read(&text).expect("our own format");
    assert_eq!(parsed.format, InventoryFormat::Palisade);
    assert_eq!(parsed.installed.len(), 5);
    let of = |name: &str| {
        parsed.installed.iter().find(|i| i.component.name == name).map(|i| i.component.clone()).expect(name)
    };
    assert_eq!(of("own").ecosystem.to_string(), "debian:12");
    assert_eq!((of("own").source.as_str(), of("own").foreign.as_str()), ("src", ""));
    assert_eq!(of("docker-ce").foreign, "Docker");
    assert_eq!(
        (of("some-lib").owner, of("other").owner, of("free").owner),
        (Owner::Distribution, Owner::Foreign, Owner::None)
    );
    assert_eq!(from_inventory(&inventory).os, ("debian".to_owned(), "12".to_owned()));
}

#[test]
fn documents_of_others() {
    let cyclonedx = json!({
    "bomFormat": "CycloneDX", "specVersion": "1.5",
    "metadata": {"component": {"type": "container", "name": "image"}},
    "components": [
        {"type": "operating-system", "name": "debian", "version": "12.4"},
        {"type": "library", "name": "libssl3", "purl": "pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12.4",
         "properties": [{"name": "aquasecurity:trivy:SrcName", "value": "openssl"},
                        {"name": "aquasecurity:trivy:SrcVersion", "value": "3.0.9"},
                        {"name": "aquasecurity:trivy:SrcRelease", "value": "1"}],
         "components": [{"type": "library", "name": "x", "purl": "pkg:npm/x@1.0.0"}]},
        {"type": "library", "name": "nameless"},
        {"type": "library", "name": "odd", "purl": "nothing"},
    ]});
    let read_ = read(cyclonedx.to_string().as_bytes()).expect("CycloneDX");
    assert_eq!((read_.format, read_.installed.len()), (InventoryFormat::CycloneDx, 2));
    let ssl = read_.installed.iter().find(|i| i.component.name == "libssl3").expect("libssl3");
    assert_eq!(
        (ssl.component.source.as_str(), ssl.component.source_version.as_str()),
        ("openssl", "3.0.9-1")
    );
    let codes: Vec<VulnCode> = read_.bad.iter().map(|b| b.error.code).collect();
    assert!(codes.contains(&VulnCode::BadComponent) && codes.contains(&VulnCode::BadPurl), "{codes:?}");

    let spdx = json!({"spdxVersion": "SPDX-2.3", "packages": [
        {"name": "image", "SPDXID": "SPDXRef-1"},
        {"name": "bash", "sourceInfo": "built package from: bash 5.2.15-2", "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
             "referenceLocator": "pkg:deb/debian/bash@5.2.15-2+b2?distro=debian-12"}]}]});
    let read_ = read(spdx.to_string().as_bytes()).expect("SPDX");
    assert_eq!((read_.format, read_.installed.len()), (InventoryFormat::Spdx, 1));
    assert_eq!(read_.installed[0].component.source_version, "5.2.15-2");
}

#[test]
fn what_is_no_inventory_is_refused() {
    for (text, code) in [
        ("{", VulnCode::NotJson),
        ("{}", VulnCode::UnknownFormat),
        ("[]", VulnCode::UnknownFormat),
        (r#"{"bomFormat":"CycloneDX","specVersion":"1.1"}"#, VulnCode::UnknownFormat),
        (r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":7}"#, VulnCode::UnknownFormat),
        (r#"{"spdxVersion":"SPDX-3.0"}"#, VulnCode::UnknownFormat),
        (r#"{"format":"palisade-inventory/2"}"#, VulnCode::UnknownFormat),
        (r#"{"format":"palisade-inventory/1","packages":7}"#, VulnCode::UnknownFormat),
    ] {
        assert_eq!(read(text.as_bytes()).map_err(|e| e.code).err(), Some(code), "{text}");
    }
}
