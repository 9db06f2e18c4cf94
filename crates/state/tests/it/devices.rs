//! Devices: what is heard of them, and the list.

use std::collections::BTreeMap;

use palisade_state::{
    Component, DbRole, DeviceFacts, DeviceQuery, DeviceScope, DeviceSort, DeviceTouch, HealthState,
    HeartbeatUpdate, State,
};
use palisade_testkit::TestDb;
use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde_json::json;

use crate::common::{NOW, after, enrol, facts};

fn beat(at: TimeMicros, lost: u64, failed: bool) -> HeartbeatUpdate {
    let state = if failed { "failed" } else { "ok" };
    HeartbeatUpdate {
        at,
        heartbeat: json!({"resident_bytes": 5}),
        components: vec![Component {
            name: "process".into(),
            state: state.into(),
            rung: 1,
            detail: "a\0b".into(),
            mechanism: "tp_btf".into(),
        }],
        counters: BTreeMap::from([("events_lost".into(), lost), ("secrets_masked".into(), 3)]),
        sensor_version: "0.2.0".into(),
        scope: String::new(),
    }
}

#[tokio::test]
async fn what_is_heard_never_moves_backwards() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let api = db.state(DbRole::Api).await;
    for role in [DbRole::Ingest, DbRole::Lake] {
        let writer = db.state(role).await;
        let base = if role == DbRole::Ingest { 100 } else { 200 };
        let touch = |at: i64, heartbeat| DeviceTouch {
            last_event: Some(after(at - 1)),
            heartbeat,
            ..DeviceTouch::seen(device, after(at))
        };
        writer
            .touch_devices(tenant, &[touch(base + 50, Some(beat(after(base + 50), 0, false)))])
            .await
            .expect("written");
        writer
            .touch_devices(tenant, &[touch(base, Some(beat(after(base), 9, true)))])
            .await
            .expect("written");
        let shown = api.device(tenant, &DeviceScope::all(), device, after(base + 50)).await.expect("there");
        assert_eq!((shown.last_seen, shown.last_event), (after(base + 50), Some(after(base + 49))));
        assert_eq!((shown.last_heartbeat, shown.health.reason), (Some(after(base + 50)), "reporting"));
        assert_eq!((shown.facts.sensor_version.as_str(), shown.facts.name.as_str()), ("0.2.0", "h"));
        assert_eq!((shown.components[0].detail.as_str(), shown.counters["events_lost"]), ("ab", 0));
        assert_eq!(shown.heartbeat, json!({"resident_bytes": 5}));
        let renamed = DeviceFacts { ip_addresses: vec!["::1".into(), "192.0.2.9".into()], ..facts("h2\0") };
        let touches = [
            DeviceTouch { facts: Some(renamed), ..DeviceTouch::seen(device, after(base)) },
            DeviceTouch::seen(DeviceId::random(), after(base)),
        ];
        writer.touch_devices(tenant, &touches).await.expect("a stranger is passed over");
        let shown = api.device(tenant, &DeviceScope::all(), device, after(base + 50)).await.expect("there");
        assert_eq!((shown.facts.name.as_str(), shown.facts.ip_addresses.len()), ("h2", 2));
        writer
            .touch_devices(
                tenant,
                &[DeviceTouch { facts: Some(facts("h")), ..DeviceTouch::seen(device, after(base)) }],
            )
            .await
            .expect("written");
    }
    assert_eq!(
        api.devices(tenant, &DeviceScope::all(), &DeviceQuery::default(), NOW).await.expect("listed").total,
        1
    );
}

#[tokio::test]
async fn a_rising_loss_is_held_against_a_device_for_an_hour() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let (api, lake) = (db.state(DbRole::Api).await, db.state(DbRole::Lake).await);
    let health = async |at: i64, lost: u64, failed: bool| {
        let touch = DeviceTouch {
            last_event: Some(after(at)),
            heartbeat: Some(beat(after(at), lost, failed)),
            ..DeviceTouch::seen(device, after(at))
        };
        lake.touch_devices(tenant, &[touch]).await.expect("written");
        let health = api.device(tenant, &DeviceScope::all(), device, after(at)).await.expect("there").health;
        (health.state, health.reason)
    };
    assert_eq!(health(10, 0, false).await, (HealthState::Active, "reporting"));
    assert_eq!(health(20, 2, false).await, (HealthState::Impaired, "events_lost"));
    assert_eq!(health(30, 2, true).await, (HealthState::Impaired, "component_failed"));
    assert_eq!(health(3620, 2, false).await, (HealthState::Impaired, "events_lost"));
    assert_eq!(health(3621, 2, false).await, (HealthState::Active, "reporting"));
    assert_eq!(health(3630, 1, false).await, (HealthState::Impaired, "events_lost"), "counted anew");
    assert_eq!(health(7300, 1, false).await, (HealthState::Active, "reporting"));
}

#[tokio::test]
async fn many_writers_touch_many_devices_without_blocking_each_other() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(enrol(&db, tenant, &format!("h{n}")).await);
    }
    let (ingest, lake) = (db.state(DbRole::Ingest).await, db.state(DbRole::Lake).await);
    let touching = |state: State, reverse: bool, ids: Vec<DeviceId>| async move {
        for round in 1..=20 {
            let mut touches: Vec<_> = ids
                .iter()
                .map(|id| DeviceTouch {
                    heartbeat: Some(beat(after(round), 0, false)),
                    ..DeviceTouch::seen(*id, after(round))
                })
                .collect();
            if reverse {
                touches.reverse();
            }
            state.touch_devices(tenant, &touches).await.expect("written");
        }
    };
    tokio::join!(
        touching(ingest.clone(), false, ids.clone()),
        touching(ingest, true, ids.clone()),
        touching(lake, true, ids.clone()),
    );
    let api = db.state(DbRole::Api).await;
    let all =
        api.devices(tenant, &DeviceScope::all(), &DeviceQuery::default(), after(20)).await.expect("listed");
    assert!(all.items.iter().all(|d| d.last_seen == after(20) && d.last_heartbeat == Some(after(20))));
}

/// Walks all pages and returns the names in order.
async fn walk(api: &State, tenant: TenantId, query: &DeviceQuery, at: TimeMicros) -> Vec<String> {
    let mut query = query.clone();
    let mut names = Vec::new();
    loop {
        let page = api.devices(tenant, &DeviceScope::all(), &query, at).await.expect("a page");
        assert!(page.items.len() <= query.limit as usize);
        names.extend(page.items.into_iter().map(|d| d.facts.name));
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => {
                assert_eq!(page.total as usize, names.len());
                return names;
            }
        }
    }
}

#[tokio::test]
async fn the_list_is_searched_sorted_and_paged() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let at = after(600);
    // The same names twice, so that ties are broken.
    for (n, name) in ["web-1", "Web-2", "db_1", "db%1", "web-1"].iter().enumerate() {
        let device = enrol(&db, tenant, name).await;
        let n = i64::try_from(n).expect("small");
        let seen = after(600 - n);
        let mut about = facts(name);
        if n == 2 {
            about.os_distribution = "Ubuntu".into();
            about.ip_addresses = vec!["203.0.113.5".into()];
        }
        let heartbeat = (n != 4).then(|| beat(seen, 0, n == 3));
        let touch = DeviceTouch {
            device,
            last_seen: seen,
            last_event: Some(seen),
            facts: Some(about),
            heartbeat,
            products: None,
            heard: Vec::new(),
        };
        ingest.touch_devices(tenant, &[touch]).await.expect("written");
    }
    enrol(&db, db.tenant("Other").await.id, "web-9").await;
    let query = |limit| DeviceQuery { limit, ..DeviceQuery::default() };
    for limit in [1, 2, 5, 50] {
        let names = walk(&api, tenant, &query(limit), at).await;
        assert_eq!(names, ["db%1", "db_1", "web-1", "web-1", "Web-2"], "limit {limit}");
        for sort in [
            DeviceSort::Os,
            DeviceSort::Health,
            DeviceSort::FirstSeen,
            DeviceSort::LastSeen,
            DeviceSort::LastEvent,
            DeviceSort::SensorVersion,
        ] {
            let up = walk(&api, tenant, &DeviceQuery { sort, ..query(limit) }, at).await;
            let mut down =
                walk(&api, tenant, &DeviceQuery { sort, descending: true, ..query(limit) }, at).await;
            down.reverse();
            assert_eq!(up, down, "{sort:?}");
            assert_eq!(up.len(), 5);
        }
    }
    let seen =
        walk(&api, tenant, &DeviceQuery { sort: DeviceSort::LastSeen, descending: true, ..query(2) }, at)
            .await;
    assert_eq!(seen, ["web-1", "Web-2", "db_1", "db%1", "web-1"]);
    let search = async |text: &str| {
        let names = walk(&api, tenant, &DeviceQuery { search: Some(text.into()), ..query(10) }, at).await;
        names.join(" ")
    };
    assert_eq!(search("WEB").await, "web-1 web-1 Web-2");
    assert_eq!(search("b_1").await, "db_1");
    assert_eq!(search("%").await, "db%1");
    assert_eq!(search("203.0.113").await, "db_1");
    assert_eq!(search("ubuntu 12").await, "db_1");
    assert_eq!(search("nothing").await, "");
    let health =
        async |health| walk(&api, tenant, &DeviceQuery { health: vec![health], ..query(2) }, at).await;
    assert_eq!(health(HealthState::Impaired).await, ["db%1", "web-1"]);
    assert_eq!(health(HealthState::Active).await, ["db_1", "web-1", "Web-2"]);
    let os = walk(&api, tenant, &DeviceQuery { os: vec!["UBUNTU".into()], ..query(2) }, at).await;
    assert_eq!(os, ["db_1"]);

    let page = api.devices(tenant, &DeviceScope::all(), &query(1), at).await.expect("a page");
    let wrong = DeviceQuery { sort: DeviceSort::Os, cursor: page.next_cursor, ..query(1) };
    assert_eq!(
        api.devices(tenant, &DeviceScope::all(), &wrong, at).await.expect_err("another order").code(),
        "cursor_invalid"
    );
}

#[tokio::test]
async fn tags_are_cleaned_and_searched() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let api = db.state(DbRole::Api).await;
    let tags = ["prod".to_owned(), " blue ".into(), "prod".into()];
    api.set_device_tags(tenant, &DeviceScope::all(), device, &tags).await.expect("set");
    assert_eq!(
        api.device(tenant, &DeviceScope::all(), device, NOW).await.expect("there").tags,
        ["blue", "prod"]
    );
    let query = DeviceQuery { search: Some("blue".into()), ..DeviceQuery::default() };
    assert_eq!(api.devices(tenant, &DeviceScope::all(), &query, NOW).await.expect("found").total, 1);
    assert_eq!(
        api.set_device_tags(tenant, &DeviceScope::all(), device, &["".into()])
            .await
            .expect_err("empty")
            .code(),
        "name_invalid"
    );
    let stranger =
        api.set_device_tags(tenant, &DeviceScope::all(), DeviceId::random(), &[]).await.expect_err("who");
    assert_eq!(stranger.code(), "not_found");
    assert_eq!(
        api.device(tenant, &DeviceScope::all(), DeviceId::random(), NOW).await.expect_err("who").code(),
        "not_found"
    );
}

#[tokio::test]
async fn a_device_with_a_monstrous_name_does_not_break_the_list() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    // The longest that is kept, of what takes most room in a cursor; two agree in their beginning.
    for name in ["\u{1}".repeat(500), "😀".repeat(500), "\"".repeat(500), format!("{}z", "\u{1}".repeat(499))]
    {
        enrol(&db, tenant, &name).await;
    }
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let all =
        api.devices(tenant, &DeviceScope::all(), &DeviceQuery::default(), NOW).await.expect("listed").items;
    for device in &all {
        let text = device.facts.name.clone();
        let os_distribution = text.clone();
        let facts = DeviceFacts {
            os_version: text.clone(),
            sensor_version: text,
            os_distribution,
            ..device.facts.clone()
        };
        let touch = DeviceTouch { facts: Some(facts), ..DeviceTouch::seen(device.id, NOW) };
        ingest.touch_devices(tenant, &[touch]).await.expect("written");
    }
    for sort in [DeviceSort::Name, DeviceSort::Os, DeviceSort::SensorVersion] {
        for descending in [false, true] {
            let query = DeviceQuery { sort, descending, limit: 1, ..DeviceQuery::default() };
            let first = api.devices(tenant, &DeviceScope::all(), &query, NOW).await.expect("a page");
            let cursor = first.next_cursor.expect("there are more").len();
            assert!(cursor <= 1024, "{cursor} bytes are more than the API takes");
            assert_eq!(walk(&api, tenant, &query, NOW).await.len(), 4, "{sort:?}");
        }
    }
}
