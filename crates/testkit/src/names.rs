//! Names and folders that no other test has.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A name such as `pal-4711-0`, for namespaces, cgroups, users: unique on the machine while this
/// process lives, and short enough for a network interface.
pub fn unique() -> String {
    format!("pal-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// An empty folder under the system's temporary folder that every user may pass, removed with the
/// value. Its path is short, so that Unix sockets fit below it.
///
/// # Panics
/// When it cannot be made.
pub fn scratch() -> TempDir {
    let dir = tempfile::Builder::new().prefix("pal-").tempdir().expect("a temporary folder can be made");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    dir
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_fit_an_interface() {
        let (a, b) = (unique(), unique());
        assert_ne!(a, b);
        assert!(a.len() <= 15, "{a}");
        assert_eq!(scratch().path().metadata().expect("it is there").permissions().mode() & 0o777, 0o755);
    }
}
