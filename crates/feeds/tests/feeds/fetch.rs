//! What is fetched: at first, again, after a break, and by indexes.

use std::collections::BTreeSet;

use palisade_feeds::{State, Verdict, alarms, health};
use palisade_types::TimeMicros;

use crate::data;
use crate::upstream::{Act, Upstream};
use crate::world::{Ids, World, sha};

const KEV: &str = "/kev/known_exploited_vulnerabilities.json";

#[tokio::test]
async fn a_first_sync_takes_all_and_a_second_asks_whether_anything_changed() {
    let (Some(kev), Some(epss), Some(go), Some(alma)) = (
        data::bytes("kev/known_exploited_vulnerabilities.json"),
        data::bytes("epss/epss_scores-2026-08-16.csv.gz"),
        data::bytes("osv-Go.all.zip"),
        data::bytes("osv-AlmaLinux-9.all.zip"),
    ) else {
        return;
    };
    let upstream = Upstream::start().await;
    let world = World::new(Some(&upstream));
    upstream.put(KEV, kev);
    upstream.put("/epss/epss_scores-current.csv.gz", epss);
    upstream.put("/osv/Go/all.zip", go);
    upstream.put("/osv/AlmaLinux/all.zip", alma);
    upstream.put("/distro/debian.csv", data::bytes("eol/debian.csv").expect("there"));
    upstream.put("/distro/ubuntu.csv", data::bytes("eol/ubuntu.csv").expect("there"));
    let ids = ["kev", "epss", "osv-go", "osv-almalinux", "distro-info"];
    let report = world.sync(&ids).await;
    for outcome in &report.feeds {
        assert_eq!((outcome.verdict, outcome.code.as_str()), (Verdict::Updated, "ok"), "{outcome:?}");
    }
    let records = |id: &str| report.feeds.iter().find(|f| f.feed == id).expect("there").records;
    assert_eq!(records("kev"), 1404);
    assert_eq!(records("osv-go"), 2883);
    assert!(records("epss") > 300_000 && records("osv-almalinux") > 500 && records("distro-info") > 40);
    assert!(upstream.asked().iter().all(|a| !a.conditional && a.status == 200));
    world.assert_whole();

    let before = world.store.current().expect("readable").expect("there");
    let again = world.sync(&ids).await;
    assert!(again.feeds.iter().all(|f| f.verdict == Verdict::Unchanged && f.bytes == 0), "{again:?}");
    let asked = upstream.asked();
    assert_eq!(asked.len(), 6);
    assert!(asked.iter().all(|a| a.conditional && a.status == 304), "{asked:?}");
    let after = world.store.current().expect("readable").expect("there");
    assert_ne!(before.manifest().id, after.manifest().id);
    assert_eq!(before.manifest().content(), after.manifest().content());
    let confirmed =
        |s: &palisade_feeds::Snapshot| s.feed("kev").and_then(|f| f.entry.as_of()).expect("there");
    assert!(confirmed(&after) > confirmed(&before), "a feed that did not change is confirmed all the same");
    assert!(after.changed_since(&before).expect("readable").is_empty());

    // Records carry the feed's name, feed by feed.
    let mut kev = Ids::default();
    assert_eq!(after.feed("kev").expect("there").read(&mut kev).expect("read"), 1404);
    assert_eq!((kev.sources, kev.faults), (BTreeSet::from(["kev".to_owned()]), 0));

    let judged = health(&world.catalogue, after.manifest(), TimeMicros::now());
    let state = |id: &str| judged.iter().find(|h| h.id == id).map(|h| h.state);
    assert_eq!(state("distro-info"), Some(State::Ok));
    // A sample has fewer records than the real feed must have, and its scores are of another season.
    assert_eq!(state("osv-go"), Some(State::Empty));
    assert_eq!(state("epss"), Some(State::Old));
    assert_eq!(state("osv-npm"), Some(State::Never));
    assert!(alarms(&judged).any(|h| h.id == "osv-npm"));
}

#[tokio::test]
async fn a_cut_connection_is_gone_on_with_where_it_broke() {
    let Some(go) = data::bytes("osv-Go.all.zip") else { return };
    let upstream = Upstream::start().await;
    let world = World::new(Some(&upstream));
    upstream.put("/osv/Go/all.zip", go.clone());
    upstream.next("/osv/Go/all.zip", [Act::Cut(300_000), Act::Cut(400_000), Act::Status(503)]);
    assert_eq!(world.one("osv-go").await, (Verdict::Updated, "ok".to_owned()));
    assert_eq!(world.in_force("osv-go"), Some(sha(&go)));
    let asked = upstream.asked();
    assert_eq!(asked.len(), 4, "{asked:?}");
    let begins = |at: usize| -> usize {
        let range = asked[at].range.as_deref().expect("a range");
        range.trim_start_matches("bytes=").trim_end_matches('-').parse().expect("a number")
    };
    assert!(begins(1) > 0 && begins(1) <= 300_000, "{asked:?}");
    assert!(begins(2) > begins(1) && begins(3) == begins(2), "{asked:?}");
    assert_eq!(asked[3].status, 206);
}

#[tokio::test]
async fn a_break_outlives_the_command_and_a_changed_file_is_begun_anew() {
    let Some(go) = data::bytes("osv-Go.all.zip") else { return };
    let upstream = Upstream::start().await;
    let mut world = World::new(Some(&upstream));
    world.site.limits.tries = 1;
    upstream.put("/osv/Go/all.zip", go.clone());
    upstream.next("/osv/Go/all.zip", [Act::Cut(200_000)]);
    assert_eq!(world.one("osv-go").await, (Verdict::Failed, "cut_short".to_owned()));
    assert_eq!(world.in_force("osv-go"), None);
    assert_eq!(world.one("osv-go").await, (Verdict::Updated, "ok".to_owned()));
    let asked = upstream.asked();
    assert!(asked[0].range.is_none() && asked[1].range.is_some() && asked[1].status == 206, "{asked:?}");

    // Another file by the next command: its first part is not glued to the old one's.
    let documents = data::unzipped(&go);
    let other = data::zipped(&documents[..documents.len() - 1]);
    upstream.put("/osv/Go/all.zip", data::zipped(&documents[..documents.len() - 2]));
    upstream.next("/osv/Go/all.zip", [Act::Cut(200_000)]);
    assert_eq!(world.one("osv-go").await.1, "cut_short");
    upstream.put("/osv/Go/all.zip", other.clone());
    assert_eq!(world.one("osv-go").await, (Verdict::Updated, "ok".to_owned()));
    assert_eq!(world.in_force("osv-go"), Some(sha(&other)));
    let asked = upstream.asked();
    assert!(asked[1].range.is_some() && asked[1].status == 200, "{asked:?}");
    world.assert_whole();
}

#[tokio::test]
async fn a_repository_and_a_list_of_mirrors_lead_to_the_file() {
    let Some(raw) = data::bytes("raw-upstream-format-fixtures.tar.zst") else { return };
    let upstream = Upstream::start().await;
    let mut world = World::new(Some(&upstream));
    let files = crate::formats::unpacked(&raw);
    let repository =
        "pkg/fetch/alma/updateinfo/testdata/fixtures/happy/almalinux/9/AppStream/x86_64/os/repodata/";
    let of = |end: &str| {
        files.iter().find(|(n, _)| n.contains(repository) && n.ends_with(end)).expect("the fixture is there")
    };
    let (name, notices) = of("-updateinfo.xml.gz");
    let index = String::from_utf8(of("repomd.xml").1.clone()).expect("text");
    let named = name.rsplit('/').next().expect("a name");
    // The fixture's checksum is made up; a real repository's is not.
    let real = index.replace(
        &format!(">{}<", named.trim_end_matches("-updateinfo.xml.gz")),
        &format!(">{}<", sha(notices)),
    );
    assert_ne!(index, real);
    let base = "/amazon/repo/abc/repodata";
    upstream.put("/amazon/2/core/latest/x86_64/mirror.list", format!("{}/amazon/repo/abc\n", upstream.base));
    upstream.put(&format!("{base}/repomd.xml"), real);
    upstream.put(&format!("{base}/{named}"), notices.clone());
    world
        .catalogue
        .feeds
        .iter_mut()
        .find(|f| f.id == "amazon-updateinfo")
        .expect("there")
        .sources
        .truncate(1);
    assert_eq!(world.one("amazon-updateinfo").await, (Verdict::Updated, "ok".to_owned()));
    assert_eq!(world.in_force("amazon-updateinfo"), Some(sha(notices)));
    assert_eq!(world.one("amazon-updateinfo").await, (Verdict::Unchanged, "ok".to_owned()));
    upstream.put(&format!("{base}/repomd.xml"), index);
    upstream.put(&format!("{base}/{named}"), [notices.as_slice(), b"\n"].concat());
    assert_eq!(world.one("amazon-updateinfo").await, (Verdict::Failed, "checksum_mismatch".to_owned()));
    upstream.put(&format!("{base}/repomd.xml"), "<html>sorry</html>");
    assert_eq!(world.one("amazon-updateinfo").await, (Verdict::Failed, "bad_index".to_owned()));
    assert_eq!(world.in_force("amazon-updateinfo"), Some(sha(notices)));
}

#[tokio::test]
async fn a_text_names_the_archive_and_the_feed_stays_one_file() {
    let Some(raw) = data::bytes("raw-upstream-format-fixtures.tar.zst") else { return };
    let upstream = Upstream::start().await;
    let world = World::new(Some(&upstream));
    let files = crate::formats::unpacked(&raw);
    let archive = files.iter().find(|(n, _)| n.contains("redhat/vex/v2") && n.ends_with(".tar.zst"));
    let archive =
        archive.or_else(|| files.iter().find(|(n, _)| n.contains("redhat/vex") && n.ends_with(".tar.zst")));
    let (_, bytes) = archive.expect("an archive of VEX is there");
    upstream.put("/redhat/vex/archive_latest.txt", "csaf_vex_2026-11-20.tar.zst\n");
    upstream.put("/redhat/vex/csaf_vex_2026-11-20.tar.zst", bytes.clone());
    assert_eq!(world.one("redhat-vex").await, (Verdict::Updated, "ok".to_owned()));
    upstream.put("/redhat/vex/archive_latest.txt", "csaf_vex_2026-11-27.tar.zst\n");
    upstream.put("/redhat/vex/csaf_vex_2026-11-27.tar.zst", bytes.clone());
    assert_eq!(world.one("redhat-vex").await, (Verdict::Unchanged, "ok".to_owned()));
    let snapshot = world.store.current().expect("readable").expect("there");
    let entry = snapshot.feed("redhat-vex").expect("there").entry;
    assert_eq!(entry.files.len(), 1);
    assert!(entry.files["csaf_vex.tar.zst"].url.ends_with("2026-11-27.tar.zst"));
}

#[tokio::test]
async fn one_release_that_is_gone_upstream_takes_nothing_away() {
    let Some(raw) = data::bytes("raw-upstream-format-fixtures.tar.zst") else { return };
    let upstream = Upstream::start().await;
    let world = World::new(Some(&upstream));
    let files = crate::formats::unpacked(&raw);
    let (_, main) =
        files.iter().find(|(n, _)| n.ends_with("fixtures/v3.16/main.json")).expect("secdb is there");
    upstream.put("/alpine/v3.16/main.json", main.clone());
    assert_eq!(world.one("alpine-secdb").await, (Verdict::Updated, "ok".to_owned()));
    upstream.remove("/alpine/v3.16/main.json");
    assert_eq!(world.one("alpine-secdb").await, (Verdict::Failed, "empty".to_owned()));
    assert_eq!(world.in_force("alpine-secdb"), Some(sha(main)));
}
