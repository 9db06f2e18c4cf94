//! Health in the database's words and in Rust's are the same; the server's outage counts for both.

use palisade_state::health::{
    FIRST_EVENT_US, HEARTBEAT_LATE_US, INACTIVE_AFTER_US, LOSS_SHOWN_US, NO_EVENTS_US,
};
use palisade_state::{
    DbRole, DeviceQuery, DeviceScope, DeviceSort, DeviceTouch, HealthState, HeartbeatUpdate,
};
use palisade_testkit::TestDb;
use sqlx::ConnectOptions;

use crate::common::{NOW, SECOND, after, enrol};

#[tokio::test]
async fn the_database_and_the_function_agree_everywhere() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    enrol(&db, tenant, "first").await;
    // Every bound on both sides, for each time, with and without a failed component.
    let bounds = [
        0,
        HEARTBEAT_LATE_US,
        FIRST_EVENT_US,
        LOSS_SHOWN_US,
        NO_EVENTS_US,
        INACTIVE_AFTER_US,
        2 * INACTIVE_AFTER_US,
    ];
    let ages: Vec<i64> = bounds.iter().flat_map(|b| [*b, b + 1]).collect();
    let mut connection = db.superuser().connect().await.expect("connects");
    sqlx::query(
        "INSERT INTO devices (tenant_id, id, subscription_id, status, name, os_platform, os_distribution, os_version,
             kernel, architecture, sensor_version, scope, first_seen, last_seen, last_heartbeat, last_event, last_loss,
             failed_components, components)
         SELECT d.tenant_id, lpad(to_hex(row_number() OVER ()), 40, '0'), d.subscription_id, s, 'n', '', '', '', '', '', '', '',
             $1 - f, $1 - l, $1 - nullif(h, -1), $1 - nullif(e, -1), $1 - nullif(o, -1), c,
             CASE c WHEN 0 THEN '[]'::jsonb ELSE '[{\"name\": \"p\", \"state\": \"failed\"}]'::jsonb END
         FROM devices d, unnest($2::bigint[]) f, unnest($2::bigint[]) l, unnest($3::bigint[]) h, unnest($3::bigint[]) e,
             unnest(ARRAY[-1, $4, $4 + 1]::bigint[]) o, unnest(ARRAY[0, 1]) c, unnest(ARRAY['active', 'offboarded']) s
         WHERE (l = f OR l = 0) AND (h = l OR h = -1 OR h = 0) AND (s = 'active' OR f = 0)",
    )
    .bind(NOW.0)
    .bind(&ages)
    .bind([&[-1], &ages[..]].concat())
    .bind(LOSS_SHOWN_US)
    .execute(&mut connection)
    .await
    .expect("written");
    // Once with the server always up, once judged across an outage.
    for outage in [false, true] {
        if outage {
            ingest.mark_ingest_alive(NOW.plus_micros(-NO_EVENTS_US / 2)).await.expect("marked");
            ingest.mark_ingest_alive(NOW.plus_micros(-60 * SECOND)).await.expect("marked");
            ingest.mark_ingest_alive(NOW.plus_micros(-30 * SECOND)).await.expect("marked");
        }
        let mut total = 0;
        let mut seen = Vec::new();
        for health in HealthState::ALL {
            let mut query = DeviceQuery {
                health: vec![health],
                offboarded: true,
                sort: DeviceSort::Health,
                limit: 1000,
                ..DeviceQuery::default()
            };
            loop {
                let page = api.devices(tenant, &DeviceScope::all(), &query, NOW).await.expect("a page");
                for device in &page.items {
                    assert_eq!(device.health.state, health, "{device:?}");
                    seen.push(device.health.reason);
                }
                total += page.items.len();
                query.cursor = page.next_cursor;
                if query.cursor.is_none() {
                    break;
                }
            }
        }
        let all = api
            .devices(
                tenant,
                &DeviceScope::all(),
                &DeviceQuery { offboarded: true, ..DeviceQuery::default() },
                NOW,
            )
            .await;
        assert_eq!(all.expect("listed").total as usize, total);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 9, "every reason occurs: {seen:?}");
        assert!(total > 1000, "{total}");
    }
}

#[tokio::test]
async fn an_outage_of_the_server_leaves_the_fleet_healthy() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let reason = async |at: i64| {
        api.device(tenant, &DeviceScope::all(), device, after(at)).await.expect("there").health.reason
    };
    for second in (0..=60).step_by(15) {
        ingest.mark_ingest_alive(after(second)).await.expect("marked");
    }
    let heartbeat = Some(HeartbeatUpdate { at: after(60), ..HeartbeatUpdate::default() });
    let touch =
        DeviceTouch { last_event: Some(after(60)), heartbeat, ..DeviceTouch::seen(device, after(60)) };
    ingest.touch_devices(tenant, &[touch]).await.expect("written");
    assert_eq!(reason(3600).await, "reporting", "while the server is down");
    ingest.mark_ingest_alive(after(7200)).await.expect("marked");
    assert_eq!(reason(7200).await, "reporting", "when it is back");
    for second in (7215..=7500).step_by(15) {
        ingest.mark_ingest_alive(after(second)).await.expect("marked");
    }
    assert_eq!(reason(7300).await, "reporting");
    assert_eq!(reason(7500).await, "heartbeat_late", "it had five minutes to come back");
}

#[tokio::test]
async fn a_server_that_comes_and_goes_leaves_the_fleet_healthy() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let heartbeat = Some(HeartbeatUpdate { at: after(0), ..HeartbeatUpdate::default() });
    ingest.mark_ingest_alive(after(0)).await.expect("marked");
    let touch = DeviceTouch { last_event: Some(after(0)), heartbeat, ..DeviceTouch::seen(device, after(0)) };
    ingest.touch_devices(tenant, &[touch]).await.expect("written");
    // Ten minutes down, half a minute up, again and again: no device can come back in between.
    for round in 1..=6 {
        for second in [round * 600, round * 600 + 15, round * 600 + 30] {
            ingest.mark_ingest_alive(after(second)).await.expect("marked");
            let health =
                api.device(tenant, &DeviceScope::all(), device, after(second)).await.expect("there").health;
            assert_eq!(health.reason, "reporting", "after {second} s");
        }
    }
    for second in (3645..=3900).step_by(15) {
        ingest.mark_ingest_alive(after(second)).await.expect("marked");
    }
    let health = api.device(tenant, &DeviceScope::all(), device, after(3900)).await.expect("there").health;
    assert_eq!(health.reason, "heartbeat_late", "it had its time to come back");
}

#[tokio::test]
async fn a_lag_of_the_projections_leaves_the_fleet_healthy() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let lake = db.state(DbRole::Lake).await;
    let heartbeat = Some(HeartbeatUpdate { at: after(60), ..HeartbeatUpdate::default() });
    let touch =
        DeviceTouch { last_event: Some(after(60)), heartbeat, ..DeviceTouch::seen(device, after(60)) };
    lake.touch_devices(tenant, &[touch]).await.expect("written");
    lake.mark_projected(after(75)).await.expect("marked");
    for second in (0..=3600).step_by(15) {
        ingest.mark_ingest_alive(after(second)).await.expect("marked");
    }
    let reason = async || {
        api.device(tenant, &DeviceScope::all(), device, after(3600)).await.expect("there").health.reason
    };
    assert_eq!(reason().await, "reporting", "its heartbeats may lie in the log, unread");
    lake.mark_projected(after(3600)).await.expect("marked");
    assert_eq!(reason().await, "heartbeat_late", "all was read, and there was none");
}
