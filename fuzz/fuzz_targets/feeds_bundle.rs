//! Bundles of feeds that are carried to sites without a network: archives as somebody hands them over, and archives
//! whose signature is right and whose contents are not. Whatever comes, the store stays whole.
#![no_main]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ed25519_dalek::{Signer, SigningKey};
use libfuzzer_sys::fuzz_target;
use palisade_feeds::{Accept, Catalogue, Limits, Store, Writer, bundle};
use sha2::{Digest, Sha256};

/// As `docs/feeds.md` says what is signed.
const PURPOSE: &[u8] = b"palisade-feeds-bundle-1\n";

struct World {
    folder: PathBuf,
    store: Store,
    catalogue: Catalogue,
    key: SigningKey,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("palisade-fuzz-bundle-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        World {
            store: Store::at(&folder.join("feeds")),
            folder,
            catalogue: Catalogue::built_in(),
            key: SigningKey::from_bytes(&[7; 32]),
        }
    })
}

fn archive(files: &[(String, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(zstd::stream::write::Encoder::new(Vec::new(), 1).expect("zstd"));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if tar.append_data(&mut header, name, *bytes).is_err() {
            break;
        }
    }
    tar.into_inner().expect("written").finish().expect("written")
}

/// The input as two objects, and a manifest that is signed: one that fits them, with the input's words in it.
fn signed(data: &[u8]) -> Vec<u8> {
    let key = &world().key;
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (words, object) = (&data[..at], data.get(at + 1..).unwrap_or_default());
    let sha = hex(&Sha256::digest(object));
    let text = String::from_utf8_lossy(words);
    // A manifest of the input's own, or one with its words as the names of feed and file.
    let manifest = if text.starts_with('{') {
        text.replace("SHA", &sha).replace("SIZE", &object.len().to_string()).into_bytes()
    } else {
        let (feed, file) = text.split_once(' ').unwrap_or(("kev", &text));
        let entry = serde_json::json!({
            "files": { file: {
                "sha256": sha, "size": object.len(), "url": "", "fetched_at": 1, "checked_at": 1, "formats": {},
                "unknown": 0, "records": 1, "newest": null,
            } },
            "last_success": 1, "last_failure": null,
        });
        serde_json::json!({
            "kind": "palisade-feeds-bundle", "made": 1, "snapshot": "x", "feeds": { feed: entry },
            "objects": { &sha: object.len() },
        })
        .to_string()
        .into_bytes()
    };
    let signature = key.sign(&[PURPOSE, &manifest].concat()).to_bytes();
    let signature = hex(&signature);
    archive(&[
        ("manifest.json".to_owned(), &manifest),
        ("manifest.sig".to_owned(), signature.as_bytes()),
        (format!("objects/{sha}"), object),
    ])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn take(path: &Path, bytes: &[u8]) {
    let world = world();
    std::fs::File::create(path).and_then(|mut f| f.write_all(bytes)).expect("written");
    // Any answer is right; it must come.
    bundle::is_bundle(path);
    let mut writer = Writer::open(&world.store).expect("the store opens");
    let accept = Accept { older: true, shrink: true, ..Accept::from(&Limits::default()) };
    if let Err(e) = bundle::import(&mut writer, &world.catalogue, path, &world.key.verifying_key(), accept) {
        assert!(!e.reason.is_empty());
    }
    drop(writer);
    let current = world.store.current().expect("whatever came, what is in force can be read");
    for object in current.iter().flat_map(|s| s.manifest().objects()) {
        assert!(world.store.object(object).exists(), "what is in force is there");
    }
    let waiting = std::fs::read_dir(world.store.root().join("incoming")).expect("a folder").count();
    assert_eq!(waiting, 0, "nothing stays of what was not taken");
}

fuzz_target!(|data: &[u8]| {
    let path = world().folder.join("bundle");
    take(&path, data);
    take(&path, &signed(data));
});
