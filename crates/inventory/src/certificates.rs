//! Certificates: those in the usual folders, and those that configurations name. Keys are never read: of a
//! file that holds both, only the blocks of certificates are looked at.

mod places;
mod x509;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::bytes::ReadAt;
use crate::error::{InventoryError, Result};
use crate::limits::Limits;
use crate::model::{Certificate, Source};
use crate::root::Root;

/// Largest file that is looked at: a bundle of all authorities has a few hundred kilobytes.
const MAX_FILE: u64 = 8 << 20;
/// Largest certificate.
const MAX_CERTIFICATE: usize = 256 << 10;
/// Certificates of one file.
const MAX_IN_FILE: usize = 4096;
/// Paths that are kept for one certificate.
const MAX_PATHS: usize = 16;

pub(crate) fn read(root: &Root, limits: &Limits) -> (Vec<Certificate>, Vec<Source>) {
    let mut all: BTreeMap<[u8; 32], Certificate> = BTreeMap::new();
    let mut sources = Vec::new();
    let mut read: BTreeSet<String> = BTreeSet::new();
    for (path, candidate) in places::all(root, limits) {
        // Links by the names' digests lead to the same files again and again.
        let Ok(place) = root.place(&path) else { continue };
        if !read.insert(place.path.clone()) && candidate.used_by.is_empty() {
            continue;
        }
        match file(root, &path, limits) {
            Ok(found) => {
                for der in found {
                    add(&mut all, &der, &place.path, &candidate);
                }
            }
            Err(e) if candidate.used_by.is_empty() || e.is_absent() => {}
            Err(e) => sources.push(Source::failed("certificates", &path, 0, &e)),
        }
        if all.len() > limits.items {
            let e = InventoryError::TooMany("certificates");
            sources.push(Source::failed("certificates", "", all.len(), &e));
            break;
        }
    }
    if !all.is_empty() {
        sources.push(Source::read("certificates", "", all.len()));
    }
    (all.into_values().collect(), sources)
}

fn add(all: &mut BTreeMap<[u8; 32], Certificate>, der: &[u8], path: &str, candidate: &places::Candidate) {
    let digest: [u8; 32] = Sha256::digest(der).into();
    if let Entry::Vacant(new) = all.entry(digest) {
        let Some(mut c) = x509::parse(der) else { return };
        c.fingerprint = hex::encode(digest);
        c.store = "trust".into();
        new.insert(c);
    }
    let Some(c) = all.get_mut(&digest) else { return };
    if c.paths.len() < MAX_PATHS && !c.paths.iter().any(|p| p == path) {
        c.paths.push(path.to_owned());
    }
    if !candidate.trust {
        c.store = "own".into();
    }
    for by in &candidate.used_by {
        if c.used_by.len() < MAX_PATHS && !c.used_by.contains(by) {
            c.used_by.push(by.clone());
        }
    }
}

/// The certificates of a file, as bytes.
fn file(root: &Root, path: &str, limits: &Limits) -> Result<Vec<Vec<u8>>> {
    let (file, place) = root.file(path)?;
    if place.stamp.size > MAX_FILE.min(limits.text) {
        return Err(InventoryError::TooLarge("a file of certificates"));
    }
    // A key may lie beside the certificate: the whole text is wiped.
    let mut text = Zeroizing::new(vec![0u8; usize::try_from(place.stamp.size).unwrap_or(0)]);
    file.fill(&mut text, 0)?;
    Ok(blocks(&text))
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

fn blocks(text: &[u8]) -> Vec<Vec<u8>> {
    // A sequence: the bytes of one certificate, without any text.
    if text.first() == Some(&0x30) && text.len() <= MAX_CERTIFICATE {
        return vec![text.to_vec()];
    }
    let mut all = Vec::new();
    for begin in memchr::memmem::find_iter(text, BEGIN).take(2 * MAX_IN_FILE) {
        let rest = &text[begin + BEGIN.len()..];
        let kinds: [&[u8]; 3] = [b"CERTIFICATE-----", b"TRUSTED CERTIFICATE-----", b"X509 CERTIFICATE-----"];
        let Some(kind) = kinds.iter().find(|k| rest.starts_with(k)) else { continue };
        let body = &rest[kind.len()..];
        let Some(end) = memchr::memmem::find(body, END).filter(|e| *e <= 2 * MAX_CERTIFICATE) else {
            continue;
        };
        let letters: Vec<u8> = body[..end].iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
        if let Ok(der) = base64::engine::general_purpose::STANDARD.decode(letters) {
            all.push(der);
        }
        if all.len() >= MAX_IN_FILE {
            break;
        }
    }
    all
}

#[cfg(test)]
mod tests;
