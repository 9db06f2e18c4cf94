//! Packages of languages, in files that the tests make.

use std::io::Write;

use palisade_inventory::{Ecosystem, decode};

use crate::world::{World, named};

/// An archive of members, packed or not.
pub fn zip(members: &[(&str, &[u8])], packed: bool) -> Vec<u8> {
    let (mut out, mut table) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let at = out.len() as u32;
        let body = if packed {
            let mut e = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            e.write_all(content).expect("memory");
            e.finish().expect("memory")
        } else {
            content.to_vec()
        };
        let mut head = Vec::new();
        for n in [20u16, 0, if packed { 8 } else { 0 }, 0, 0] {
            head.extend(n.to_le_bytes());
        }
        for n in [0u32, body.len() as u32, content.len() as u32] {
            head.extend(n.to_le_bytes());
        }
        head.extend((name.len() as u16).to_le_bytes());
        head.extend(0u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&head);
        out.extend(name.as_bytes());
        out.extend(&body);
        table.extend(b"PK\x01\x02\x14\x00");
        table.extend(&head);
        table.extend([0; 10]);
        table.extend(at.to_le_bytes());
        table.extend(name.as_bytes());
    }
    let (at, count) = (out.len() as u32, members.len() as u16);
    out.extend(&table);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((table.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// An ELF file of 64 bits with sections.
pub fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut names = vec![0u8];
    let mut out = vec![0u8; 64];
    let mut table = vec![[0u8; 64].to_vec()];
    let mut entry = |name: u32, at: u64, size: u64| {
        let mut e = vec![0u8; 64];
        e[..4].copy_from_slice(&name.to_le_bytes());
        e[24..32].copy_from_slice(&at.to_le_bytes());
        e[32..40].copy_from_slice(&size.to_le_bytes());
        table.push(e);
    };
    for (name, content) in sections {
        let at = out.len() as u64;
        out.extend(*content);
        entry(names.len() as u32, at, content.len() as u64);
        names.extend(name.as_bytes());
        names.push(0);
    }
    let own = names.len() as u32;
    names.extend(b".shstrtab\0");
    let at = out.len() as u64;
    out.extend(&names);
    entry(own, at, names.len() as u64);
    let at = out.len() as u64;
    let count = table.len() as u16;
    out.extend(table.concat());
    out[..6].copy_from_slice(b"\x7fELF\x02\x01");
    out[40..48].copy_from_slice(&at.to_le_bytes());
    out[58..60].copy_from_slice(&64u16.to_le_bytes());
    out[60..62].copy_from_slice(&count.to_le_bytes());
    out[62..64].copy_from_slice(&(count - 1).to_le_bytes());
    out.resize(out.len().max(8192), 0);
    out
}

pub fn go_information(release: &str, modules: &str) -> Vec<u8> {
    let mut out = b"\xff Go buildinf:\x08\x02".to_vec();
    out.resize(32, 0);
    let framed = format!("{0}{modules}{0}", "0123456789abcdef");
    for text in [release, framed.as_str()] {
        let mut n = text.len();
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
        out.extend(text.as_bytes());
    }
    out
}

const MODULES: &str = "path\texample.org/app\nmod\texample.org/app\t(devel)\t\ndep\texample.org/a\tv1.2.3\th1:x=\ndep\texample.org/b\tv0.1.0\n=>\texample.org/fork\tv0.1.1\th1:y=\nbuild\tGOARCH=amd64\n";

#[test]
fn go_programs_name_their_release_and_modules() {
    let world = World::new();
    let program = elf(&[(".go.buildinfo", &go_information("go1.21.5", MODULES))]);
    world.write("usr/local/bin/app", &program);
    world.write("usr/local/bin/not-executable", &program);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(world.path("usr/local/bin/app"), mode).expect("set");
    let inventory = world.scan();
    let all: Vec<_> = inventory.packages.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect();
    assert_eq!(all, [("stdlib", "1.21.5"), ("example.org/a", "v1.2.3"), ("example.org/fork", "v0.1.1")]);
    assert!(
        inventory.packages.iter().all(|p| p.ecosystem == Ecosystem::Go && p.path == "/usr/local/bin/app")
    );
}

#[test]
fn rust_programs_name_their_crates() {
    let list = r#"{"packages":[{"name":"app","version":"0.1.0","source":"local","root":true},
        {"name":"regex","version":"1.5.0","source":"registry"},{"name":"cc","version":"1.0.0","source":"registry","kind":"build"}]}"#;
    let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    e.write_all(list.as_bytes()).expect("memory");
    let program = elf(&[(".dep-v0", &e.finish().expect("memory"))]);
    let all = decode::cargo_auditable(&program).expect("a list");
    let said: Vec<_> = all.iter().map(|p| (p.name.as_str(), p.version.as_str(), p.origin.as_str())).collect();
    assert_eq!(said, [("app", "0.1.0", "local"), ("regex", "1.5.0", "registry")]);
}

#[test]
fn archives_within_archives_are_read() {
    let pom =
        |a: &str, v: &str| format!("#x\ngroupId=org.example\nartifactId={a}\nversion={v}\n").into_bytes();
    for packed in [false, true] {
        let inner = zip(
            &[("META-INF/maven/org.example/core/pom.properties", &pom("core", "2.14.1")), ("A.class", b"x")],
            true,
        );
        let unnamed =
            zip(&[("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\nImplementation-Version: 4.5\n")], true);
        let outer = zip(
            &[
                ("BOOT-INF/lib/core-2.14.1.jar", &inner),
                ("BOOT-INF/lib/other.jar", &unnamed),
                ("META-INF/maven/org.example/app/pom.properties", &pom("app", "1.0")),
            ],
            packed,
        );
        let world = World::new();
        // A script may stand before the archive.
        world.write("srv/app.jar", [b"#!/bin/sh\nexec java\n", &outer[..]].concat());
        let inventory = world.scan();
        let mut said: Vec<_> = inventory
            .packages
            .iter()
            .map(|p| (p.name.as_str(), p.version.as_str(), p.path.as_str()))
            .collect();
        said.sort_unstable();
        let expected = [
            ("org.example:app", "1.0", "/srv/app.jar"),
            ("org.example:core", "2.14.1", "/srv/app.jar!/BOOT-INF/lib/core-2.14.1.jar"),
            ("other", "4.5", "/srv/app.jar!/BOOT-INF/lib/other.jar"),
        ];
        assert_eq!(said, expected, "packed: {packed}");
    }
}

#[test]
fn python_node_and_ruby_are_found_where_they_are_installed() {
    let world = World::new();
    world.write(
        "opt/venv/lib/python3.11/site-packages/Flask-2.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: Flask\nVersion: 2.0\n",
    );
    world.write(
        "opt/venv/lib/python3.11/site-packages/~lask-1.0.dist-info/METADATA",
        "Name: Flask\nVersion: 1.0\n",
    );
    world.write("usr/lib/python3/dist-packages/yaml-6.0.egg-info", "Name: PyYAML\nVersion: 6.0\n");
    world.write("srv/web/node_modules/a/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    world.write(
        "srv/web/node_modules/a/node_modules/@s/b/package.json",
        r#"{"name":"@s/b","version":"2.0.0"}"#,
    );
    world
        .write("srv/web/node_modules/a/test/fixture/package.json", r#"{"name":"fixture","version":"9.0.0"}"#);
    world.write("srv/web/package.json", r#"{"name":"web","version":"9.0.0"}"#);
    world.write(
        "var/lib/gems/3.1.0/specifications/rack-2.2.3.gemspec",
        "s.name = \"rack\".freeze\ns.version = \"2.2.3\"\n",
    );
    world.write("srv/x/rack.gemspec", "s.name = \"no\"\ns.version = \"1\"\n");
    world.write(
        "var/lib/dpkg/status",
        "Package: python3-yaml\nStatus: install ok installed\nVersion: 6.0-3\nArchitecture: amd64\n",
    );
    world.write(
        "var/lib/dpkg/info/python3-yaml.list",
        "/.\n/usr/lib/python3/dist-packages/yaml-6.0.egg-info\n",
    );
    let inventory = world.scan();
    let mut said: Vec<_> = inventory
        .packages
        .iter()
        .filter(|p| !p.ecosystem.is_os())
        .map(|p| format!("{} {}", p.name, p.version))
        .collect();
    said.sort();
    assert_eq!(said, ["@s/b 2.0.0", "Flask 2.0", "PyYAML 6.0", "a 1.0.0", "rack 2.2.3"]);
    assert_eq!(named(&inventory, "PyYAML").owner, "deb:python3-yaml");
    assert_eq!(named(&inventory, "Flask").owner, "");
}

#[test]
fn the_walk_is_bounded_and_says_so() {
    let world = World::new();
    let deep = "d/".repeat(60);
    world.write(&format!("{deep}node_modules/a/package.json"), r#"{"name":"a","version":"1"}"#);
    let inventory = world.scan();
    assert!(inventory.packages.is_empty());
    let source = inventory.sources.iter().find(|s| s.name == "languages").expect("said");
    assert_eq!(source.code, "too_deep");
}
