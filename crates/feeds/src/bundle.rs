//! One signed file with all feeds, for sites without a network: a tar archive, compressed with Zstandard, of
//! `manifest.json`, `manifest.sig` and `objects/<sha256>`.
//!
//! The signature is over the manifest, the manifest names what each object hashes to, and nothing is unpacked
//! before the signature was checked.

mod take;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::code::{At, Code, FeedError};
use crate::manifest::Entry;
use crate::read::Snapshot;
use crate::store::Store;

pub use take::import;

/// What every signed manifest begins with, so that no signature fits anything else.
const PURPOSE: &[u8] = b"palisade-feeds-bundle-1\n";
/// Largest manifest, bytes.
const MAX_MANIFEST: u64 = 64 << 20;
/// Largest object, bytes.
const MAX_OBJECT: u64 = 8 << 30;
const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
const OBJECTS: &str = "objects/";

/// What is signed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// Says what it is.
    kind: String,
    /// When it was made.
    made: TimeMicros,
    /// The snapshot that it was made from.
    snapshot: String,
    /// The feeds.
    feeds: BTreeMap<String, Entry>,
    /// Sizes of the objects by digest, in the order of the archive.
    objects: BTreeMap<String, u64>,
}

const KIND: &str = "palisade-feeds-bundle";

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct Exported {
    /// Feeds.
    pub feeds: usize,
    /// Files.
    pub objects: usize,
    /// Bytes of the files together.
    pub bytes: u64,
}

/// Writes the snapshot in force as a bundle.
///
/// # Errors
/// `empty` if there is none, `store_damaged` if an object is not what it was, `io`.
pub fn export(store: &Store, key: &SigningKey, to: &Path) -> Result<Exported, FeedError> {
    let none =
        || FeedError::new(Code::Empty, store.root().display().to_string(), "there is no feed to export");
    let snapshot = store.current()?.filter(|s| s.manifest().objects().next().is_some()).ok_or_else(none)?;
    let part = to.with_extension("part");
    let done = write(&snapshot, store, key, &part);
    if done.is_err() {
        // What is half written is of no use; why it is so is what is told, not whether it could be removed.
        let _ = std::fs::remove_file(&part);
    }
    let done = done?;
    std::fs::rename(&part, to).at(to)?;
    Ok(done)
}

fn write(snapshot: &Snapshot, store: &Store, key: &SigningKey, part: &Path) -> Result<Exported, FeedError> {
    let mut feeds = BTreeMap::new();
    let mut objects = BTreeMap::new();
    for (id, entry) in snapshot.manifest().feeds.iter().filter(|(_, e)| !e.files.is_empty()) {
        // What went wrong here is nothing to somebody elsewhere.
        let entry = Entry { refused: Vec::new(), last_failure: None, ..entry.clone() };
        objects.extend(entry.files.values().map(|f| (f.sha256.clone(), f.size)));
        feeds.insert(id.clone(), entry);
    }
    let snapshot_id = snapshot.manifest().id.clone();
    let contents =
        Contents { kind: KIND.to_owned(), made: TimeMicros::now(), snapshot: snapshot_id, feeds, objects };
    let manifest = serde_json::to_vec(&contents).map_err(|e| FeedError::new(Code::Io, MANIFEST, e))?;
    let signature = hex::encode(key.sign(&signed(&manifest)).to_bytes());
    let file = File::create(part).at(part)?;
    let mut archive = tar::Builder::new(zstd::stream::write::Encoder::new(file, 3).at(part)?);
    add(&mut archive, MANIFEST, manifest.len() as u64, manifest.as_slice()).at(part)?;
    add(&mut archive, SIGNATURE, signature.len() as u64, signature.as_bytes()).at(part)?;
    for (sha256, size) in &contents.objects {
        let path = store.object(sha256);
        let mut reader = Hashing { from: File::open(&path).at(&path)?, hash: Sha256::new() };
        let damaged =
            || FeedError::new(Code::StoreDamaged, path.display().to_string(), "it is not what it was");
        if std::fs::metadata(&path).at(&path)?.len() != *size {
            return Err(damaged());
        }
        add(&mut archive, &format!("{OBJECTS}{sha256}"), *size, &mut reader).at(&path)?;
        if hex::encode(reader.hash.finalize()) != *sha256 {
            return Err(damaged());
        }
    }
    let mut file = archive.into_inner().and_then(zstd::stream::write::Encoder::finish).at(part)?;
    file.flush().and_then(|()| file.sync_all()).at(part)?;
    let bytes = contents.objects.values().sum();
    Ok(Exported { feeds: contents.feeds.len(), objects: contents.objects.len(), bytes })
}

fn add(
    archive: &mut tar::Builder<impl Write>,
    name: &str,
    size: u64,
    from: impl Read,
) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, from)
}

fn signed(manifest: &[u8]) -> Vec<u8> {
    [PURPOSE, manifest].concat()
}

/// Checks the signature, and only then reads the manifest.
fn opened(manifest: &[u8], signature: &[u8], key: &VerifyingKey) -> Result<Contents, FeedError> {
    let wrong = |e: &dyn std::fmt::Display| FeedError::new(Code::SignatureWrong, SIGNATURE, e);
    let mut bytes = [0; 64];
    hex::decode_to_slice(signature.trim_ascii(), &mut bytes).map_err(|e| wrong(&e))?;
    key.verify_strict(&signed(manifest), &Signature::from_bytes(&bytes)).map_err(|_| {
        wrong(&"it was not signed with the key that is trusted here, or it was changed since")
    })?;
    let bad = |e: &dyn std::fmt::Display| FeedError::new(Code::BadBundle, MANIFEST, e);
    let contents: Contents = serde_json::from_slice(manifest).map_err(|e| bad(&e))?;
    if contents.kind != KIND {
        return Err(bad(&"it is something else than a bundle of feeds"));
    }
    let sha = |s: &str| s.len() == 64 && s.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    for (sha256, size) in &contents.objects {
        if !sha(sha256) || *size > MAX_OBJECT {
            return Err(bad(&format!("{sha256} with {size} bytes is no object")));
        }
    }
    for file in contents.feeds.values().flat_map(|e| e.files.values()) {
        if contents.objects.get(&file.sha256) != Some(&file.size) {
            return Err(bad(&format!("{} is not among its objects", file.sha256)));
        }
    }
    Ok(contents)
}

struct Hashing<R> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.from.read(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}

/// Whether a file looks like a bundle: an archive whose first file is the manifest.
pub fn is_bundle(path: &Path) -> bool {
    let first = || -> std::io::Result<bool> {
        let mut archive = tar::Archive::new(zstd::stream::read::Decoder::new(File::open(path)?)?);
        let Some(entry) = archive.entries()?.next() else { return Ok(false) };
        let mut head = Vec::new();
        let entry = entry?;
        let named = *entry.path_bytes() == *MANIFEST.as_bytes();
        entry.take(64).read_to_end(&mut head)?;
        let kind = format!("{{\"kind\":\"{KIND}\"");
        Ok(named && head.starts_with(kind.as_bytes()))
    };
    first().unwrap_or(false)
}
