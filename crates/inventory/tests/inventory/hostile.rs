//! Whatever bytes stand where others wrote: an answer or an error, never a crash, and no more than the
//! bounds.

use palisade_inventory::{Options, Root, Scanner, decode};
use proptest::prelude::*;

use crate::languages::{elf, go_information, zip};
use crate::world::fixture;

fn all(data: &[u8]) {
    let _ = decode::rpm_header(data);
    let _ = decode::bdb_blobs(data, &mut |_| {});
    let _ = decode::ndb_blobs(data, &mut |_| {});
    let _ = decode::sqlite_blobs(data, Some(data), &mut |_| {});
    let _ = decode::dpkg_status(data);
    let _ = decode::archive(data, "/x.jar");
    let _ = decode::go_build_info(data);
    let _ = decode::cargo_auditable(data);
    let _ = decode::lz4_frame(data, 1 << 20);
}

/// Changes some bytes of what is right, which goes deeper than noise does.
fn changed(seed: &[u8], changes: &[(usize, u8)], cut: usize) -> Vec<u8> {
    let mut data = seed.to_vec();
    for (at, byte) in changes {
        let at = at % data.len();
        data[at] = *byte;
    }
    data.truncate(data.len() - cut % (data.len() / 4));
    data
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_refused(data in proptest::collection::vec(any::<u8>(), 0..2048)) {
        all(&data);
    }

    #[test]
    fn damaged_databases_end(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..16), cut in any::<usize>()) {
        for name in ["rpm/rpmdb.sqlite", "rpm/Packages.db", "rpm/Packages-little"] {
            let seed = fixture(name);
            // Most of what matters stands at the start.
            let near: Vec<_> = changes.iter().map(|(at, b)| (at % 16384, *b)).collect();
            for c in [&changes, &near] {
                let data = changed(&seed, c, cut);
                let mut bytes = 0usize;
                let mut count = |blob: &[u8]| bytes += blob.len();
                let _ = decode::bdb_blobs(&data, &mut count);
                let _ = decode::ndb_blobs(&data, &mut count);
                let _ = decode::sqlite_blobs(&data, None, &mut count);
                prop_assert!(bytes <= 3 * seed.len() + (64 << 20));
            }
        }
    }

    #[test]
    fn damaged_programs_and_archives_end(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..16), cut in any::<usize>()) {
        let inner = zip(&[("META-INF/MANIFEST.MF", b"Implementation-Version: 1\n")], true);
        let archive = zip(&[("lib/a-1.jar", &inner), ("META-INF/MANIFEST.MF", b"A: b\n")], false);
        let program = elf(&[(".go.buildinfo", &go_information("go1.2", "dep\ta\tv1\n"))]);
        for seed in [archive, program] {
            all(&changed(&seed, &changes, cut));
        }
    }
}

#[test]
fn a_device_where_a_file_is_expected_is_not_opened() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("lib/x-1.dist-info");
    std::fs::create_dir_all(&folder).expect("writable");
    let path = std::ffi::CString::new(folder.join("METADATA").into_os_string().into_encoded_bytes());
    // Nothing drives this device: whoever opens it is told so by the kernel.
    // SAFETY: the path ends with a zero byte.
    let made =
        unsafe { libc::mknod(path.expect("no zero").as_ptr(), libc::S_IFCHR | 0o600, libc::makedev(510, 7)) };
    assert_eq!(made, 0, "{}", std::io::Error::last_os_error());
    let root = Root::open(dir.path()).expect("opens");
    let inventory = Scanner::new(root, Options::default()).full().expect("reads");
    let of_it: Vec<_> = inventory.sources.iter().filter(|s| s.path.contains("dist-info")).collect();
    assert_eq!(of_it.iter().map(|s| s.code.as_str()).collect::<Vec<_>>(), ["wrong_kind"], "{of_it:?}");
}
