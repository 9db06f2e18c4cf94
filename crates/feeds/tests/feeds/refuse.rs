//! What never replaces a good file.

use std::io::Write as _;

use palisade_feeds::{Code, State, Verdict, Writer, health};
use palisade_types::TimeMicros;

use crate::data;
use crate::upstream::{Act, Upstream};
use crate::world::{World, sha};

const GO: &str = "/osv/Go/all.zip";
const KEV: &str = "/kev/known_exploited_vulnerabilities.json";

/// An archive without a file in it.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

#[tokio::test]
async fn nothing_but_a_whole_and_decodable_file_replaces_a_good_one() {
    let (Some(go), Some(kev)) = (data::bytes("osv-Go.all.zip"), data::kev(200)) else { return };
    let upstream = Upstream::start().await;
    let world = World::new(Some(&upstream));
    upstream.put(GO, go.clone());
    assert_eq!(world.one("osv-go").await.0, Verdict::Updated);
    let documents = data::unzipped(&go);
    let strange = [(String::from("a.json"), b"{\"x\":1}".to_vec())];
    let some_broken: Vec<(String, Vec<u8>)> = documents
        .iter()
        .enumerate()
        .map(|(i, (n, b))| (n.clone(), if i % 3 == 0 { b[..b.len() - 9].to_vec() } else { b.clone() }))
        .collect();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("a truncated archive", go[..go.len() / 2].to_vec(), "bad_archive"),
        ("an archive that lost its end", go[..go.len() - 1000].to_vec(), "bad_archive"),
        ("an archive without a file", EMPTY_ZIP.to_vec(), "bad_archive"),
        ("nothing", Vec::new(), "empty"),
        (
            "a page that says sorry",
            b"<!DOCTYPE html><html><body>Sorry</body></html>".to_vec(),
            "unknown_format",
        ),
        ("JSON of something else", b"{\"message\":\"rate limit\"}".to_vec(), "unknown_format"),
        ("an archive of something else", data::zipped(&strange), "unknown_format"),
        ("broken JSON", b"{\"id\":\"GO-1\",\"affected\":[".to_vec(), "not_json"),
        ("another feed's file", kev, "wrong_format"),
        ("much less than before", data::zipped(&documents[..900]), "feed_shrank"),
        ("a third of it broken", data::zipped(&some_broken), "too_many_faults"),
    ];
    for (what, bytes, code) in cases {
        upstream.put(GO, bytes);
        let mut report = world.sync(&["osv-go"]).await;
        let outcome = report.feeds.pop().expect("an outcome");
        assert_eq!((outcome.verdict, outcome.code.as_str()), (Verdict::Failed, code), "{what}: {outcome:?}");
        assert_eq!(world.in_force("osv-go"), Some(sha(&go)), "{what}");
        let snapshot = world.store.current().expect("readable").expect("there");
        let entry = snapshot.feed("osv-go").expect("there").entry;
        let refused = &entry.refused[0];
        assert_eq!((refused.code.as_str(), refused.reason.is_empty()), (code, false), "{what}");
        assert!(refused.file.starts_with("Go/all.zip"), "{what}: {refused:?}");
        assert_eq!(entry.records(), 2883, "{what}");
        let judged = health(&world.catalogue, snapshot.manifest(), TimeMicros::now());
        let go = judged.iter().find(|h| h.id == "osv-go").expect("there");
        assert!(go.state != State::Ok && go.reason.contains(code), "{what}: {go:?}");
    }
    world.assert_whole();
    // The same, wanted.
    upstream.put(GO, data::zipped(&documents[..900]));
    let report = world.sync_with(&["osv-go"], true).await;
    assert_eq!((report.feeds[0].verdict, report.feeds[0].records), (Verdict::Updated, 900));
}

#[tokio::test]
async fn trouble_on_the_way_has_a_code_and_is_tried_again_where_that_helps() {
    let Some(kev) = data::bytes("kev/known_exploited_vulnerabilities.json") else { return };
    let upstream = Upstream::start().await;
    let mut world = World::new(Some(&upstream));
    upstream.put(KEV, kev.clone());
    for (acts, ended, tries) in [
        (vec![Act::Status(500)], (Verdict::Updated, "ok"), 2),
        (vec![Act::Status(500); 3], (Verdict::Failed, "http_status"), 3),
        (vec![Act::Status(403)], (Verdict::Failed, "http_status"), 1),
        (vec![Act::Status(404)], (Verdict::Failed, "http_status"), 1),
        (
            vec![Act::Redirect("http://192.0.2.1/kev.json".to_owned())],
            (Verdict::Failed, "redirect_refused"),
            1,
        ),
        (
            vec![Act::Redirect("ftp://127.0.0.1/kev.json".to_owned())],
            (Verdict::Failed, "redirect_refused"),
            1,
        ),
        (vec![Act::Redirect(format!("{}{KEV}", upstream.base))], (Verdict::Unchanged, "ok"), 2),
    ] {
        upstream.next(KEV, acts.clone());
        let (verdict, code) = world.one("kev").await;
        assert_eq!((verdict, code.as_str()), ended, "{acts:?}");
        assert_eq!(upstream.asked().len(), tries, "{acts:?}");
        assert_eq!(world.in_force("kev"), Some(sha(&kev)), "{acts:?}");
    }
    // What is announced never comes.
    upstream.put(KEV, data::kev(1300).expect("there"));
    upstream.next(KEV, vec![Act::Overstate(1000); 3]);
    assert_eq!(world.one("kev").await, (Verdict::Failed, "cut_short".to_owned()));
    world.catalogue.feeds.iter_mut().filter(|f| f.id == "kev").for_each(|f| f.max_mib = 1);
    upstream.put(KEV, vec![b' '; 2 << 20]);
    assert_eq!(world.one("kev").await, (Verdict::Failed, "too_large".to_owned()));
    assert_eq!(world.in_force("kev"), Some(sha(&kev)));
}

#[tokio::test]
async fn one_feed_that_fails_stops_no_other_and_one_file_no_other_file() {
    let (Some(kev), Some(debian)) = (data::kev(200), data::bytes("eol/debian.csv")) else { return };
    let upstream = Upstream::start().await;
    let world = World::new(Some(&upstream));
    upstream.put(KEV, kev);
    upstream.put("/distro/debian.csv", debian);
    upstream.put("/osv/Go/all.zip", "sorry");
    let report = world.sync(&["osv-go", "kev", "distro-info", "epss"]).await;
    let ended: Vec<(Verdict, &str)> = report.feeds.iter().map(|f| (f.verdict, f.code.as_str())).collect();
    assert_eq!(
        ended,
        [
            (Verdict::Failed, "unknown_format"),
            (Verdict::Updated, "ok"),
            (Verdict::Partial, "http_status"),
            (Verdict::Failed, "http_status"),
        ]
    );
    assert!(!report.is_good());
    world.assert_whole();
}

#[test]
fn two_commands_do_not_write_at_once() {
    let world = World::new(None);
    let writer = Writer::open(&world.store).expect("the first may");
    assert_eq!(Writer::open(&world.store).map(|_| ()).map_err(|e| e.code), Err(Code::Busy));
    drop(writer);
    assert!(Writer::open(&world.store).is_ok());
}

#[test]
fn a_bomb_is_bounded_by_what_a_document_may_have() {
    let world = World::new(None);
    let mut packed = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("an encoder");
    let block = vec![b' '; 1 << 20];
    for _ in 0..1100 {
        packed.write_all(&block).expect("written");
    }
    let bytes = packed.finish().expect("finished");
    let code = world.import_bytes("bomb.zst", &bytes).map(|_| ()).map_err(|e| e.code);
    assert_eq!(code, Err(Code::TooLarge));
    assert_eq!(world.store.current().expect("readable").map(|_| ()), None);
}
