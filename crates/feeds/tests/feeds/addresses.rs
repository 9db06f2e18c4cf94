//! Databases of where addresses are: taken whole, told apart from anything else, carried, and fetched from where a site says.

use std::path::{Path, PathBuf};

use palisade_feeds::{Accept, Catalogue, Code, Limits, Site, State, Verdict, Writer, bundle, health, keys};
use palisade_types::TimeMicros;

use crate::data;
use crate::upstream::Upstream;
use crate::world::{World, options, sha};

const FEED: &str = "address-database";
/// When the example says that it was built.
const BUILT: TimeMicros = TimeMicros(1_700_000_000_000_000);

fn example() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kql-exec/tests/data/addresses.mmdb");
    std::fs::read(path).expect("the example is there")
}

/// The same with other bytes in the place of some, as often as they are there.
fn with(from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = example();
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut out, bytes).expect("written");
    out.finish().expect("finished")
}

/// As its publisher packs it: beside a licence.
fn tar_gz(bytes: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in [("City_1/LICENSE.txt", &b"terms"[..]), ("City_1/City.mmdb", bytes)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes).expect("appended");
    }
    gz(&archive.into_inner().expect("finished"))
}

fn in_force(world: &World) -> Option<PathBuf> {
    world.store.address_database().expect("readable")
}

#[test]
fn a_database_is_taken_and_is_as_old_as_it_says() {
    let world = World::new(None);
    assert_eq!(in_force(&world), None);
    let outcome = world.import_bytes("City.mmdb", &example()).expect("taken");
    assert_eq!((outcome.feed.as_str(), outcome.verdict, outcome.records), (FEED, Verdict::Updated, 149));
    let path = in_force(&world).expect("there");
    assert_eq!(std::fs::read(&path).expect("readable"), example());
    let again = world.import_bytes("other name.mmdb", &example()).expect("taken");
    assert_eq!(again.verdict, Verdict::Unchanged);
    let snapshot = world.store.current().expect("readable").expect("there");
    let judged = health(&world.catalogue, snapshot.manifest(), BUILT.plus_micros(3_600_000_000 * 5));
    let it = judged.iter().find(|h| h.id == FEED).expect("it is shown");
    assert_eq!((it.state, it.age_hours, it.newest, it.records), (State::Ok, Some(5), Some(BUILT), 149));
    let now = health(&world.catalogue, snapshot.manifest(), TimeMicros::now());
    assert!(now.iter().any(|h| h.id == FEED && h.state == State::Old && !h.required));
    assert_eq!(snapshot.feeds().count(), 0, "it holds no records of vulnerabilities");
    // Nobody's date is needed, but one that is given counts.
    let path = world.folder.path().join("City.mmdb");
    let mut dated = options(None);
    dated.as_of = Some(BUILT.plus_micros(1));
    let mut writer = Writer::open(&world.store).expect("a writer");
    palisade_feeds::import::import(&mut writer, &world.catalogue, &path, &dated).expect("taken");
    assert_eq!(writer.manifest().feeds[FEED].as_of(), dated.as_of);
}

#[test]
fn what_is_packed_is_unpacked_since_it_is_mapped() {
    for (name, packed) in [("City.mmdb.gz", gz(&example())), ("City_20231114.tar.gz", tar_gz(&example()))] {
        let world = World::new(None);
        let outcome = world.import_bytes(name, &packed).expect("taken");
        assert_eq!((outcome.feed.as_str(), outcome.verdict), (FEED, Verdict::Updated), "{name}: {outcome:?}");
        assert_eq!(world.in_force(FEED), Some(sha(&example())), "{name}");
        let again = world.import_bytes(name, &packed).expect("taken");
        assert_eq!(again.verdict, Verdict::Unchanged, "{name}");
        assert_eq!(std::fs::read_dir(world.store.root().join("incoming")).expect("a folder").count(), 0);
        world.assert_whole();
    }
}

#[test]
fn nothing_but_a_whole_database_of_places_replaces_a_good_one() {
    let world = World::new(None);
    world.import_bytes("City.mmdb", &example()).expect("taken");
    let whole = example();
    let tree = 149 * 6;
    let noise: Vec<u8> = (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let marked = [&noise[..], b"\xab\xcd\xefMaxMind.com", &noise[..64]].concat();
    let mut broken_tree = whole.clone();
    broken_tree[..6].copy_from_slice(&[0xff; 6]);
    let mut broken_data = whole.clone();
    broken_data[tree + 16..tree + 40].fill(0xff);
    let packed = gz(&whole);
    let cases: Vec<(&str, &str, Vec<u8>, Code)> = vec![
        ("half of it", "a.mmdb", whole[..whole.len() / 2].to_vec(), Code::UnknownFormat),
        ("without its last byte", "a.mmdb", whole[..whole.len() - 1].to_vec(), Code::BadRecord),
        ("without its beginning", "a.mmdb", whole[300..].to_vec(), Code::BadRecord),
        ("a page", "a.mmdb", b"<!DOCTYPE html><html>Sorry</html>".to_vec(), Code::UnknownFormat),
        ("noise", "a.mmdb", noise, Code::UnknownFormat),
        ("noise with a mark", "a.mmdb", marked, Code::BadRecord),
        ("nothing", "a.mmdb", Vec::new(), Code::Empty),
        ("a broken tree", "a.mmdb", broken_tree, Code::BadRecord),
        ("broken data", "a.mmdb", broken_data, Code::BadRecord),
        ("one without places", "a.mmdb", with(b"names", b"other"), Code::WrongFormat),
        ("a packed one that is cut", "a.mmdb.gz", packed[..packed.len() - 9].to_vec(), Code::BadArchive),
        ("something else packed", "a.mmdb.gz", gz(b"{}"), Code::UnknownFormat),
    ];
    for (what, name, bytes, code) in cases {
        let outcome = world.import_bytes(name, &bytes).expect("it is looked into");
        assert_eq!(
            (outcome.verdict, outcome.code.as_str()),
            (Verdict::Failed, code.as_str()),
            "{what}: {outcome:?}"
        );
        assert!(outcome.reason.contains(name), "{what}: {outcome:?}");
        assert_eq!(world.in_force(FEED), Some(sha(&whole)), "{what}");
        assert_eq!(
            std::fs::read_dir(world.store.root().join("incoming")).expect("a folder").count(),
            0,
            "{what}"
        );
    }
    // No cut of it is ever taken for the whole.
    for end in (0..whole.len()).step_by(7) {
        let outcome = world.import_bytes("a.mmdb", &whole[..end]).expect("it is looked into");
        assert_eq!(outcome.verdict, Verdict::Failed, "{end} bytes");
    }
    world.assert_whole();
}

#[test]
fn a_database_and_records_of_vulnerabilities_are_not_taken_for_each_other() {
    let Some(kev) = data::kev(200) else { return };
    let world = World::new(None);
    let path = world.folder.path().join("x");
    let take = |bytes: &[u8], feed: &str| {
        std::fs::write(&path, bytes).expect("written");
        let outcome = world.import(&path, Some(feed)).expect("it is looked into");
        (outcome.verdict, outcome.code)
    };
    assert_eq!(take(&kev, FEED), (Verdict::Failed, "unknown_format".to_owned()));
    assert_eq!(take(&example(), "kev"), (Verdict::Failed, "unknown_format".to_owned()));
    assert_eq!(take(&example(), FEED), (Verdict::Updated, "ok".to_owned()));
}

#[test]
fn a_bundle_carries_it() {
    let near = World::new(None);
    near.import_bytes("City.mmdb", &example()).expect("taken");
    let key = keys::generate(&near.store.signing_key()).expect("a key");
    let path = near.folder.path().join("feeds.tar.zst");
    bundle::export(&near.store, &key, &path).expect("exported");
    let far = World::new(None);
    let mut writer = Writer::open(&far.store).expect("a writer");
    let accept = Accept::from(&Limits::default());
    let report =
        bundle::import(&mut writer, &far.catalogue, &path, &key.verifying_key(), accept).expect("taken");
    assert!(report.is_good(), "{report:?}");
    assert_eq!(std::fs::read(in_force(&far).expect("there")).expect("readable"), example());
    assert_eq!(writer.manifest().feeds[FEED].as_of(), Some(BUILT));
}

#[tokio::test]
async fn it_is_fetched_only_from_where_the_site_says() {
    let none = World::new(None);
    let report = none.sync(&[FEED]).await;
    assert_eq!((report.feeds[0].verdict, report.feeds[0].code.as_str()), (Verdict::Failed, "bad_config"));
    let wish = |text: &str| Site::parse(text).expect("it parses").apply(Catalogue::built_in());
    let on = format!("enable = [{FEED:?}]\n");
    assert_eq!(wish(&on).map(|_| ()).map_err(|e| e.code), Err(Code::BadConfig), "on, but from nowhere");

    let upstream = Upstream::start().await;
    let mut world = World::new(Some(&upstream));
    let own = format!("{on}[feeds.{FEED}]\nurls = [\"{}/city.mmdb.gz\"]", upstream.base);
    world.catalogue = wish(&own).expect("it applies");
    upstream.put("/city.mmdb.gz", gz(&example()));
    assert_eq!(world.one(FEED).await, (Verdict::Updated, "ok".to_owned()));
    assert_eq!(world.in_force(FEED), Some(sha(&example())));
    assert_eq!(world.one(FEED).await.0, Verdict::Unchanged);
    // Packed otherwise, it is the same.
    upstream.put("/city.mmdb.gz", tar_gz(&example()));
    assert_eq!(world.one(FEED).await.0, Verdict::Unchanged);
    upstream.put("/city.mmdb.gz", gz(&example()[..700]));
    assert_eq!(world.one(FEED).await, (Verdict::Failed, "unknown_format".to_owned()));
    assert_eq!(world.in_force(FEED), Some(sha(&example())));
}
