//! Taking a bundle in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use ed25519_dalek::VerifyingKey;
use palisade_advisory::Ecosystem;
use palisade_types::TimeMicros;
use sha2::{Digest, Sha256};

use super::{Contents, MANIFEST, MAX_MANIFEST, OBJECTS, SIGNATURE, opened};
use crate::catalogue::Catalogue;
use crate::code::{At, Code, FeedError};
use crate::keys::fingerprint;
use crate::manifest::{BundleMark, Entry, Failure, FileEntry, MAX_EXAMPLES, Refusal};
use crate::sync::{Outcome, Report, Verdict};
use crate::writer::{Accept, Offer, Writer, examine, part_path};

/// Longest signature file, bytes.
const MAX_SIGNATURE: u64 = 1024;

/// Takes a bundle that was signed with a key. Its files are looked into like any others.
///
/// # Errors
/// Why nothing of it was taken: `signature_missing`, `signature_wrong`, `older`, `bad_bundle`,
/// `object_mismatch`, `too_large`, `io`. A single feed's trouble is in the report.
pub fn import(
    writer: &mut Writer,
    catalogue: &Catalogue,
    path: &Path,
    key: &VerifyingKey,
    accept: Accept,
) -> Result<Report, FeedError> {
    let mut unpacked = Unpacked { parts: BTreeMap::new() };
    let contents = unpack(writer, path, key, accept, &mut unpacked)?;
    let mut feeds = Vec::new();
    for (id, entry) in &contents.feeds {
        let outcome = take(writer, catalogue, (id, entry), &unpacked, accept)?;
        feeds.push(outcome);
    }
    let now = TimeMicros::now();
    // A clock that is ahead at the other end must not keep later bundles out.
    let mark = BundleMark { made: contents.made.min(now), key: fingerprint(key) };
    writer.change(|manifest| manifest.bundle = Some(mark))?;
    let collected = writer.collect()?;
    Ok(Report { feeds, collected })
}

/// Objects in `incoming`, removed at the end whatever comes.
struct Unpacked {
    parts: BTreeMap<String, PathBuf>,
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        for part in self.parts.values() {
            // What stays of it is removed after a week, as everything in `incoming`.
            let _ = std::fs::remove_file(part);
        }
    }
}

fn unpack(
    writer: &Writer,
    path: &Path,
    key: &VerifyingKey,
    accept: Accept,
    unpacked: &mut Unpacked,
) -> Result<Contents, FeedError> {
    let name = path.display().to_string();
    let bad = |e: &dyn std::fmt::Display| FeedError::new(Code::BadBundle, &name, e);
    let decoder = zstd::stream::read::Decoder::new(File::open(path).at(path)?).map_err(|e| bad(&e))?;
    let mut archive = tar::Archive::new(decoder);
    let mut entries = archive.entries().map_err(|e| bad(&e))?;
    let mut small = |expected: &str, most: u64, missing: Code| {
        let none = || FeedError::new(missing, &name, format!("there is no {expected} where it should be"));
        let mut entry = entries.next().ok_or_else(none)?.map_err(|e| bad(&e))?;
        if *entry.path_bytes() != *expected.as_bytes() || !entry.header().entry_type().is_file() {
            return Err(none());
        }
        if entry.size() > most {
            return Err(FeedError::new(Code::TooLarge, expected, format!("larger than {most} bytes")));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|e| bad(&e))?;
        Ok(bytes)
    };
    let manifest = small(MANIFEST, MAX_MANIFEST, Code::BadBundle)?;
    let signature = small(SIGNATURE, MAX_SIGNATURE, Code::SignatureMissing)?;
    let contents = opened(&manifest, &signature, key)?;
    let newest = writer.manifest().bundle.as_ref().map(|b| b.made);
    if newest.is_some_and(|n| contents.made < n) && !accept.older {
        let reason = format!(
            "it was made {}, a bundle of {} was taken already",
            contents.made,
            newest.unwrap_or_default()
        );
        return Err(FeedError::new(Code::Older, &name, reason));
    }
    for entry in entries {
        let mut entry = entry.map_err(|e| bad(&e))?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let sha256 = path.strip_prefix(OBJECTS).unwrap_or_default().to_owned();
        let Some(size) = contents.objects.get(&sha256).filter(|_| entry.header().entry_type().is_file())
        else {
            return Err(FeedError::new(
                Code::BadBundle,
                &name,
                format!("{path:?} is not in its signed list"),
            ));
        };
        if unpacked.parts.contains_key(&sha256) {
            return Err(FeedError::new(Code::BadBundle, &name, format!("{path:?} is there twice")));
        }
        let part = part_path(writer.store())?;
        unpacked.parts.insert(sha256.clone(), part.clone());
        let (came, digest) =
            copy(&mut entry, &part, *size).map_err(|e| FeedError { file: path.clone(), ..e })?;
        if came != *size || digest != sha256 {
            return Err(FeedError::new(
                Code::ObjectMismatch,
                &path,
                "its bytes are not those of the signed list",
            ));
        }
    }
    if let Some(missing) = contents.objects.keys().find(|s| !unpacked.parts.contains_key(*s)) {
        return Err(FeedError::new(Code::ObjectMismatch, format!("{OBJECTS}{missing}"), "it is missing"));
    }
    Ok(contents)
}

/// Copies at most one byte more than there should be.
fn copy(from: &mut impl Read, to: &Path, size: u64) -> Result<(u64, String), FeedError> {
    let mut out = File::create(to).at(to)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut from = from.take(size + 1);
    let mut came = 0;
    loop {
        let n = from.read(&mut buffer).map_err(|e| FeedError::new(Code::BadBundle, "", e))?;
        if n == 0 {
            return Ok((came, hex::encode(hash.finalize())));
        }
        came += n as u64;
        hash.update(&buffer[..n]);
        out.write_all(&buffer[..n]).at(to)?;
    }
}

fn take(
    writer: &mut Writer,
    catalogue: &Catalogue,
    (id, entry): (&str, &Entry),
    unpacked: &Unpacked,
    accept: Accept,
) -> Result<Outcome, FeedError> {
    let now = TimeMicros::now();
    let before = writer.manifest().feeds.get(id).cloned().unwrap_or_default();
    let mut outcome = Outcome {
        feed: id.to_owned(),
        verdict: Verdict::Failed,
        code: String::new(),
        reason: String::new(),
        new_files: 0,
        bytes: 0,
        records: before.records(),
        faults: before.faults(),
        refused: Vec::new(),
    };
    let (files, errors) = files(writer, catalogue, (id, entry), unpacked, accept, &before);
    let new = files.values().filter(|f| !before.files.values().any(|b| b.sha256 == f.sha256));
    (outcome.new_files, outcome.bytes) = new.fold((0, 0), |(n, bytes), f| (n + 1, bytes + f.size));
    outcome.refused = errors.iter().take(MAX_EXAMPLES).map(|e| Refusal::of(e, now)).collect();
    outcome.code = errors.first().map_or("ok", |e| e.code.as_str()).to_owned();
    outcome.reason = errors.first().map_or_else(String::new, ToString::to_string);
    outcome.verdict = match (errors.is_empty(), files.is_empty(), outcome.new_files) {
        (true, _, 0) => Verdict::Unchanged,
        (true, _, _) => Verdict::Updated,
        (false, true, _) => Verdict::Failed,
        (false, false, _) => Verdict::Partial,
    };
    if errors.iter().any(|e| e.code == Code::NoFeed) {
        return Ok(outcome);
    }
    writer.change(|manifest| {
        let kept = manifest.feeds.entry(id.to_owned()).or_default();
        kept.files.extend(files);
        kept.refused.clone_from(&outcome.refused);
        match errors.first() {
            Some(e) => kept.last_failure = Some(Failure { at: now, code: e.code, reason: e.to_string() }),
            None => {
                kept.last_success = Some(now);
                kept.files.retain(|name, _| entry.files.contains_key(name));
            }
        }
        (outcome.records, outcome.faults) = (kept.records(), kept.faults());
    })?;
    Ok(outcome)
}

fn files(
    writer: &Writer,
    catalogue: &Catalogue,
    (id, entry): (&str, &Entry),
    unpacked: &Unpacked,
    accept: Accept,
    before: &Entry,
) -> (BTreeMap<String, FileEntry>, Vec<FeedError>) {
    let feed = match catalogue.feed(id) {
        Ok(feed) => feed,
        Err(e) => return (BTreeMap::new(), vec![e]),
    };
    let now = TimeMicros::now();
    if let (Some(theirs), Some(ours)) = (entry.as_of(), before.as_of())
        && theirs < ours
        && !accept.older
    {
        let reason = format!("it was confirmed {theirs}, what is here {ours}");
        return (BTreeMap::new(), vec![FeedError::new(Code::Older, id, reason)]);
    }
    let (mut files, mut errors) = (BTreeMap::new(), Vec::new());
    for (name, file) in &entry.files {
        let done = link(writer, unpacked, file).and_then(|part| {
            let ecosystem = file.ecosystem.as_deref().map(Ecosystem::parse);
            let counts = FileEntry::default();
            let entry = FileEntry {
                sha256: file.sha256.clone(),
                size: file.size,
                url: file.url.clone(),
                etag: file.etag.clone(),
                last_modified: file.last_modified.clone(),
                fetched_at: file.fetched_at.min(now),
                // Nobody's clock makes a feed younger than now.
                checked_at: file.checked_at.min(now),
                ..counts
            };
            let offer = Offer { feed, name, ecosystem: ecosystem.as_ref(), part: &part, entry };
            examine(writer.store(), offer, before.files.get(name), accept)
        });
        match done {
            Ok(entry) => drop(files.insert(name.clone(), entry)),
            Err(e) => errors.push(e),
        }
    }
    (files, errors)
}

/// Another name for an unpacked object: two files may have the same bytes, and looking into one uses it up.
fn link(writer: &Writer, unpacked: &Unpacked, file: &FileEntry) -> Result<PathBuf, FeedError> {
    let Some(from) = unpacked.parts.get(&file.sha256) else {
        return Err(FeedError::new(Code::ObjectMismatch, &file.sha256, "it is missing"));
    };
    let part = part_path(writer.store())?;
    std::fs::hard_link(from, &part).at(&part)?;
    Ok(part)
}
