//! Archives of Java classes, and those within them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_inventory::decode;

fuzz_target!(|data: &[u8]| {
    let Ok(packages) = decode::archive(data, "/srv/app-1.0.jar") else { return };
    for p in packages {
        assert!(p.path.starts_with("/srv/app-1.0.jar"));
        assert!(!p.name.is_empty() && !p.version.is_empty());
    }
});
