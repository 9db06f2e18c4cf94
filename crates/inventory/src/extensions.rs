//! Extensions of browsers, in every user's profiles.

mod chromium;
mod firefox;
pub mod risk;

use crate::accounts;
use crate::limits::Limits;
use crate::model::{BrowserExtension, Source};
use crate::root::Root;

/// Profiles of one browser of one user.
const MAX_PROFILES: usize = 64;
/// Extensions of one profile, and of all; users write these folders themselves.
const MAX_OF_PROFILE: usize = 500;
const MAX_OF_ALL: usize = 5_000;
/// Most bytes of what an extension says of itself.
const MAX_MANIFEST: u64 = 1 << 20;
/// Longest text that is kept of what an extension says about itself.
const MAX_TEXT: usize = 512;
/// Permissions and pages that are kept.
const MAX_RIGHTS: usize = 256;

pub(crate) fn read(root: &Root, limits: &Limits) -> (Vec<BrowserExtension>, Vec<Source>) {
    let (mut all, mut sources) = (Vec::new(), Vec::new());
    for (user, home) in accounts::homes(root, limits) {
        chromium::add(root, limits, &user, &home, &mut all, &mut sources);
        firefox::add(root, limits, &user, &home, &mut all, &mut sources);
        if all.len() > MAX_OF_ALL.min(limits.items) {
            all.truncate(MAX_OF_ALL.min(limits.items));
            let e = crate::InventoryError::TooMany("extensions");
            sources.push(Source::failed("extensions", &home, all.len(), &e));
            break;
        }
    }
    if !all.is_empty() {
        sources.push(Source::read("extensions", "", all.len()));
    }
    (all, sources)
}

fn short(text: &str) -> String {
    crate::bytes::text(text.as_bytes(), MAX_TEXT)
}

/// Words of a list, without doubles.
fn rights<'a>(from: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut all: Vec<String> = from.map(short).filter(|r| !r.is_empty()).take(MAX_RIGHTS).collect();
    all.sort();
    all.dedup();
    all
}

/// Whether a right is a pattern of pages.
fn is_host(right: &str) -> bool {
    right == "<all_urls>" || right.contains("://")
}

#[cfg(test)]
mod tests;
