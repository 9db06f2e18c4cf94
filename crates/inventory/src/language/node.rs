//! Node: folders in `node_modules`.

use serde::Deserialize;

use super::walk::Read;
use super::{Found, package};
use crate::error::InventoryError;
use crate::model::Ecosystem;
use crate::root::Stamp;

const MAX_DESCRIPTION: u64 = 4 << 20;

#[derive(Deserialize)]
struct Description<'a> {
    #[serde(borrow, default)]
    name: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    version: std::borrow::Cow<'a, str>,
}

pub(super) fn folder(found: &Found<'_>) -> Read {
    let (text, stamp) = found.start(Some("package.json"), MAX_DESCRIPTION)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let read: Description<'_> = serde_json::from_slice(text)
        .map_err(|_| InventoryError::Malformed("a description of a Node package"))?;
    let path = format!("{}/package.json", found.path);
    // The folder's name is what programs load it by; the description's is the one that advisories have.
    let package = package(Ecosystem::Npm, &read.name, &read.version, &path);
    Ok(package.map(|p| (vec![p], Stamp { mode: libc::S_IFDIR, ..stamp })))
}
