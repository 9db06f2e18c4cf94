//! Fetching by itself, from an upstream on loopback.

use palisade_feeds::{Course, Quiet, Schedule, turn};
use palisade_types::TimeMicros;

use crate::data;
use crate::upstream::{Act, Upstream};
use crate::world::World;

const HOUR: i64 = 3_600_000_000;
const KEV: &str = "/kev/known_exploited_vulnerabilities.json";

/// A site that fetches one feed, from a loopback upstream.
fn site(world: &World, upstream: &Upstream, every_hours: u32, since: TimeMicros) {
    let others: Vec<String> =
        world.catalogue.feeds.iter().filter(|f| f.id != "kev").map(|f| format!("{:?}", f.id)).collect();
    let text = format!(
        "disable = [{}]\n[limits]\ntries = 1\nbackoff_ms = 1\n[mirrors]\n\
         \"https://www.cisa.gov/sites/default/files/feeds/\" = \"{}/kev/\"\n",
        others.join(", "),
        upstream.base
    );
    std::fs::create_dir_all(world.store.root()).expect("a folder");
    std::fs::write(world.store.site_file(), text).expect("written");
    let schedule = serde_json::to_vec(&Schedule { every_hours, since }).expect("JSON");
    std::fs::write(Schedule::file(world.folder.path()), schedule).expect("written");
}

#[tokio::test]
async fn feeds_are_fetched_when_it_is_time_and_only_then() {
    let Some(kev) = data::kev(300) else { return };
    let upstream = Upstream::start().await;
    let world = World::new(Some(&upstream));
    upstream.put(KEV, kev);
    let home = world.folder.path();
    let now = TimeMicros::now();
    assert_eq!(turn(&world.store, home, &Quiet, now).await.expect("looked"), None, "it is off");
    assert!(upstream.asked().is_empty());

    site(&world, &upstream, 6, now);
    let first = turn(&world.store, home, &Quiet, now).await.expect("looked").expect("it was time");
    assert_eq!((first.reason.as_str(), first.failures, first.vain), ("", 0, 0));
    let next = first.next.expect("there is a next one");
    assert!((6 * HOUR..7 * HOUR).contains(&(next.0 - now.0)), "{first:?}");
    assert_eq!(Course::load(&world.store).expect("read"), first);
    assert!(world.in_force("kev").is_some());
    assert_eq!(upstream.asked().len(), 1);

    let early = TimeMicros(next.0 - 1);
    assert_eq!(turn(&world.store, home, &Quiet, early).await.expect("looked"), None);
    let second = turn(&world.store, home, &Quiet, next).await.expect("looked").expect("it was time");
    assert!(
        upstream.asked().iter().all(|a| a.conditional && a.status == 304),
        "only what changed is asked for"
    );

    // Upstream is away: it is tried again soon, and what is here stays.
    let before = world.in_force("kev");
    upstream.next(KEV, [Act::Status(500)]);
    let third =
        turn(&world.store, home, &Quiet, second.next.expect("next")).await.expect("looked").expect("time");
    assert_eq!((third.failures, third.vain), (1, 1));
    assert!(third.reason.contains("kev"), "{}", third.reason);
    let wait = third.next.expect("next").0 - third.ended.expect("ended").0;
    assert!((5 * HOUR / 60..6 * HOUR / 60).contains(&wait), "{wait}");
    assert_eq!(world.in_force("kev"), before);
    let fourth =
        turn(&world.store, home, &Quiet, third.next.expect("next")).await.expect("looked").expect("time");
    assert_eq!((fourth.failures, fourth.vain), (0, 0));
}

#[tokio::test]
async fn a_site_without_a_way_out_stops_trying_until_it_is_switched_on_again() {
    let upstream = Upstream::start().await;
    let world = World::new(Some(&upstream));
    let home = world.folder.path();
    let mut now = TimeMicros::now();
    site(&world, &upstream, 1, now);
    let mut tries = 0;
    // There is no such file: each attempt takes nothing.
    while let Some(course) = turn(&world.store, home, &Quiet, now).await.expect("looked") {
        tries += 1;
        let Some(next) = course.next else { break };
        now = next;
        assert!(tries < 100);
    }
    let course = Course::load(&world.store).expect("read");
    assert!(course.gave_up() && course.next.is_none(), "{course:?}");
    assert_eq!(tries, 30);
    assert_eq!(turn(&world.store, home, &Quiet, now.plus_micros(1000 * HOUR)).await.expect("looked"), None);
    let again = course.ended.expect("ended").plus_micros(1);
    site(&world, &upstream, 1, again);
    let course = turn(&world.store, home, &Quiet, again).await.expect("looked").expect("it begins anew");
    assert_eq!((course.failures, course.gave_up()), (1, false));
}
