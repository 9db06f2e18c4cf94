//! A signed bundle: round trip, and every way to tamper with it.

use std::io::{Read as _, Write as _};
use std::path::Path;

use palisade_feeds::keys::{self, SigningKey, VerifyingKey};
use palisade_feeds::{Accept, Code, FeedError, Limits, Report, Verdict, Writer, bundle};
use palisade_types::TimeMicros;

use crate::data;
use crate::world::{World, options};

/// A bundle's files: names as they are written, and bytes.
type Files = Vec<(Vec<u8>, Vec<u8>)>;

struct Site {
    world: World,
    key: SigningKey,
}

fn exporting() -> Option<Site> {
    let world = World::new(None);
    world.import_bytes("kev.json", &data::kev(200)?).expect("taken");
    world.import(&data::shared("osv-Rust.all.zip")?, None).expect("taken");
    let key = keys::generate(&world.store.signing_key()).expect("a key");
    Some(Site { world, key })
}

impl Site {
    fn export(&self) -> std::path::PathBuf {
        let path = self.world.folder.path().join("feeds.tar.zst");
        bundle::export(&self.world.store, &self.key, &path).expect("exported");
        path
    }
}

fn take(world: &World, path: &Path, key: &VerifyingKey, older: bool) -> Result<Report, FeedError> {
    let mut writer = Writer::open(&world.store)?;
    let accept = Accept { older, ..Accept::from(&Limits::default()) };
    bundle::import(&mut writer, &world.catalogue, path, key, accept)
}

/// The names and bytes of a bundle's files.
fn opened(path: &Path) -> Files {
    let file = std::fs::File::open(path).expect("there");
    let mut archive = tar::Archive::new(zstd::stream::read::Decoder::new(file).expect("zstd"));
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("bytes");
        (entry.path_bytes().into_owned(), bytes)
    };
    archive.entries().expect("entries").map(read).collect()
}

/// Writes a bundle with any names, also such as no honest archive has.
fn closed(path: &Path, files: &[(Vec<u8>, Vec<u8>)]) {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().expect("gnu").name[..name.len()].copy_from_slice(name);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, bytes.as_slice()).expect("appended");
    }
    let mut out =
        zstd::stream::write::Encoder::new(std::fs::File::create(path).expect("made"), 1).expect("zstd");
    out.write_all(&archive.into_inner().expect("finished")).expect("written");
    out.finish().expect("finished");
}

#[test]
fn a_bundle_carries_feeds_to_a_site_without_a_network() {
    let Some(site) = exporting() else { return };
    let path = site.export();
    assert!(bundle::is_bundle(&path));
    let far = World::new(None);
    let public = far.folder.path().join("site.pub");
    std::fs::write(&public, keys::public_pem(&site.key.verifying_key()).expect("text")).expect("written");
    let key = keys::public_key(&public).expect("a key");
    let report = take(&far, &path, &key, false).expect("taken");
    assert!(report.is_good() && report.feeds.len() == 2, "{report:?}");
    assert!(report.feeds.iter().all(|f| f.verdict == Verdict::Updated));
    far.assert_whole();
    let (ours, theirs) = (site.world.store.current(), far.store.current());
    let (ours, theirs) = (ours.expect("readable").expect("there"), theirs.expect("readable").expect("there"));
    assert_eq!(ours.manifest().content(), theirs.manifest().content());
    // The age is that of the site which fetched it, not of the day when it was brought.
    let as_of = |s: &palisade_feeds::Snapshot| s.feed("kev").and_then(|f| f.entry.as_of());
    assert_eq!(as_of(&ours), as_of(&theirs));
    let again = take(&far, &path, &key, false).expect("taken");
    assert!(again.feeds.iter().all(|f| f.verdict == Verdict::Unchanged), "{again:?}");
    assert_eq!(std::fs::read_dir(far.store.root().join("incoming")).expect("a folder").count(), 0);
}

#[test]
fn a_bundle_that_was_tampered_with_is_refused_as_a_whole() {
    let Some(site) = exporting() else { return };
    let path = site.export();
    let key = site.key.verifying_key();
    let good = opened(&path);
    let object = good.iter().position(|(n, _)| n.starts_with(b"objects/")).expect("an object");
    let far = World::new(None);
    let changed = far.folder.path().join("changed.tar.zst");
    let refused = |what: &str, files: &[(Vec<u8>, Vec<u8>)], code: Code| {
        closed(&changed, files);
        let ended = take(&far, &changed, &key, false).map(|_| ()).map_err(|e| e.code);
        assert_eq!(ended, Err(code), "{what}");
        assert!(far.store.current().expect("readable").is_none(), "{what}");
        assert!(!far.folder.path().join("evil").exists(), "{what}");
        let left = std::fs::read_dir(far.store.root().join("incoming")).expect("a folder").count();
        assert_eq!(left, 0, "{what}");
    };
    let with = |change: &dyn Fn(&mut Files)| {
        let mut files = good.clone();
        change(&mut files);
        files
    };
    refused("no signature", &with(&|f| drop(f.remove(1))), Code::SignatureMissing);
    refused("an empty signature", &with(&|f| f[1].1.clear()), Code::SignatureWrong);
    refused("another signature", &with(&|f| f[1].1[3] ^= 1), Code::SignatureWrong);
    refused(
        "a changed manifest",
        &with(&|f| *f[0].1.last_mut().expect("bytes") = b' '),
        Code::SignatureWrong,
    );
    refused("no manifest", &with(&|f| drop(f.remove(0))), Code::BadBundle);
    refused("a changed object", &with(&|f| f[object].1[100] ^= 1), Code::ObjectMismatch);
    refused("a shorter object", &with(&|f| f[object].1.truncate(5000)), Code::ObjectMismatch);
    refused("a longer object", &with(&|f| f[object].1.extend([0; 4096])), Code::ObjectMismatch);
    refused("a missing object", &with(&|f| drop(f.remove(object))), Code::ObjectMismatch);
    refused("an object twice", &with(&|f| f.push(f[object].clone())), Code::BadBundle);
    let evil = |name: &[u8]| with(&|f| f.push((name.to_vec(), b"evil".to_vec())));
    refused("a file outside", &evil(b"../../evil"), Code::BadBundle);
    refused("an object outside", &evil(b"objects/../../evil"), Code::BadBundle);
    refused("a file that is not listed", &evil(b"objects/evil"), Code::BadBundle);
    let large = with(&|f| f[1].1 = vec![b'a'; 4096]);
    refused("a large signature", &large, Code::TooLarge);
    let whole = std::fs::read(&path).expect("there");
    std::fs::write(&changed, &whole[..whole.len() / 2]).expect("written");
    assert_eq!(take(&far, &changed, &key, false).map(|_| ()).map_err(|e| e.code), Err(Code::BadBundle));
    let other = keys::generate(&far.folder.path().join("other.key")).expect("a key").verifying_key();
    assert_eq!(take(&far, &path, &other, false).map(|_| ()).map_err(|e| e.code), Err(Code::SignatureWrong));
    assert!(far.store.current().expect("readable").is_none());
    // After all of that, the real one.
    assert!(take(&far, &path, &key, false).expect("taken").is_good());
}

#[test]
fn what_is_older_than_what_is_here_is_refused_unless_wanted() {
    let Some(site) = exporting() else { return };
    let key = site.key.verifying_key();
    let old = site.folder_copy("old.tar.zst");
    site.world.import_bytes("kev.json", &data::kev(201).expect("there")).expect("taken");
    let new = site.export();
    let far = World::new(None);
    assert!(take(&far, &new, &key, false).expect("taken").is_good());
    assert_eq!(take(&far, &old, &key, false).map(|_| ()).map_err(|e| e.code), Err(Code::Older));
    let forced = take(&far, &old, &key, true).expect("taken");
    assert!(forced.is_good(), "{forced:?}");
    // A single feed that was fetched here since is not set back by a newer bundle with an older one.
    let kev = far.folder.path().join("kev.json");
    std::fs::write(&kev, data::kev(202).expect("there")).expect("written");
    let mut writer = Writer::open(&far.store).expect("a writer");
    let now = palisade_feeds::import::ImportOptions { as_of: Some(TimeMicros::now()), ..options(None) };
    palisade_feeds::import::import(&mut writer, &far.catalogue, &kev, &now).expect("taken");
    drop(writer);
    let report = take(&far, &new, &key, false).expect("the other feed is taken");
    let code = |id: &str| report.feeds.iter().find(|f| f.feed == id).map(|f| f.code.clone());
    assert_eq!((code("kev").as_deref(), code("osv-cargo").as_deref()), (Some("older"), Some("ok")));
    far.assert_whole();
}

impl Site {
    fn folder_copy(&self, name: &str) -> std::path::PathBuf {
        let to = self.world.folder.path().join(name);
        std::fs::rename(self.export(), &to).expect("renamed");
        to
    }
}

#[test]
fn a_key_is_not_written_over_and_only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new(None);
    let path = world.store.signing_key();
    let key = keys::generate(&path).expect("a key");
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(keys::generate(&path).map(|_| ()).map_err(|e| e.code), Err(Code::Io));
    assert_eq!(keys::signing_key(&path).expect("readable").to_bytes(), key.to_bytes());
    let wrong = world.folder.path().join("wrong.pub");
    std::fs::write(&wrong, "no key").expect("written");
    assert_eq!(keys::public_key(&wrong).map(|_| ()).map_err(|e| e.code), Err(Code::BadKey));
    assert_eq!(bundle::export(&world.store, &key, &wrong).map(|_| ()).map_err(|e| e.code), Err(Code::Empty));
}
