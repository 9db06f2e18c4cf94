//! Go: modules follow Semantic Versioning; Go's own releases (`go1.21rc2`, `1.20`) are read as such.

use std::cmp::Ordering;

use super::semver;

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    semver::compare(module(a), module(b))
}

/// `go1.21.3` names a toolchain; its release candidates carry no hyphen, which is read leniently anyway.
fn module(version: &str) -> &str {
    // A toolchain says more about itself after a blank or a hyphen with a letter: `go1.22.1 X:none`.
    let version = version.split_whitespace().next().unwrap_or_default();
    version.strip_prefix("go").unwrap_or(version)
}
