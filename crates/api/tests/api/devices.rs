//! The list of devices and the audit log: pages, filters, bounds.

use std::collections::BTreeSet;

use crate::world::World;

#[tokio::test]
async fn pages_show_every_device_once() {
    let world = World::new().await;
    for n in 2..=5 {
        world
            .enrol(&world.a.tenant, &format!("alpha-{n}"), if n % 2 == 0 { "Ubuntu" } else { "Debian" })
            .await;
    }
    for order in ["name&order=asc", "name&order=desc", "last_seen", "os_distribution", "health"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/devices?sort={order}&limit=2&cursor={cursor}");
            let page = world.get(&path, &world.a.reader).expect(200).await;
            assert_eq!(page.body["total"], 5);
            let items = page.body["items"].as_array().expect("items");
            assert!(items.len() <= 2);
            seen.extend(items.iter().map(|d| d["name"].as_str().expect("a name").to_owned()));
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen.len(), 5, "{order}: {seen:?}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 5, "{order}: {seen:?}");
        if order.ends_with("desc") {
            assert_eq!(seen[0], "alpha-5");
        }
    }
}

#[tokio::test]
async fn filters_narrow_and_wrong_ones_are_told() {
    let world = World::new().await;
    world.enrol(&world.a.tenant, "web_1", "Ubuntu").await;
    let count = async |query: &str| {
        let page = world.get(&format!("/api/v1/devices?{query}"), &world.a.admin).expect(200).await;
        page.body["total"].as_u64().expect("a number")
    };
    assert_eq!(count("").await, 2);
    assert_eq!(count("search=web_").await, 1);
    assert_eq!(count("search=%25").await, 0);
    assert_eq!(count("os=ubuntu").await, 1);
    assert_eq!(count("os=Ubuntu,Debian").await, 2);
    assert_eq!(count("os=linux&health=active,impaired,inactive,no_sensor_data").await, 2);
    for bad in ["sort=nothing", "order=up", "health=well", "limit=0", "limit=1001", "limit=x", "unknown=1"] {
        let refused = world.get(&format!("/api/v1/devices?{bad}"), &world.a.admin).expect(400).await;
        assert_eq!(refused.code(), "invalid_argument", "{bad}");
    }
    let refused = world.get("/api/v1/devices?cursor=zzz", &world.a.admin).expect(400).await;
    assert_eq!(refused.code(), "cursor_invalid");
}

#[tokio::test]
async fn a_device_tells_its_health_with_reason() {
    let world = World::new().await;
    let path = format!("/api/v1/devices/{}", world.a.device);
    let device = world.get(&path, &world.a.reader).expect(200).await;
    assert_eq!((device.text("name"), device.text("os_distribution")), ("alpha-1", "Debian"));
    assert!(!device.text("health").is_empty() && device.text("health_reason").ends_with('.'));
    assert!(device.text("first_seen").ends_with('Z') && device.text("first_seen").len() == 27);
    world.get(&format!("/api/v1/devices/{}", "0".repeat(40)), &world.a.reader).expect(404).await;
    world.get("/api/v1/devices/nonsense", &world.a.reader).expect(400).await;
}

#[tokio::test]
async fn the_audit_log_pages() {
    let world = World::new().await;
    for _ in 0..5 {
        world.call("DELETE", "/api/v1/session").bearer(&world.a.admin).send().await;
    }
    let first = world.get("/api/v1/audit?limit=3", &world.a.admin).expect(200).await;
    assert_eq!((first.body["items"].as_array().map(Vec::len), &first.body["total"]), (Some(3), &5.into()));
    let cursor = first.text("next_cursor");
    let second =
        world.get(&format!("/api/v1/audit?limit=3&cursor={cursor}"), &world.a.admin).expect(200).await;
    assert_eq!(second.body["items"].as_array().map(Vec::len), Some(2));
    assert!(second.body["next_cursor"].is_null());
    assert_eq!(second.body["items"][0]["details"]["code"], "not_a_session");
}

#[tokio::test]
async fn the_instance_tells_what_it_warns_of() {
    let world = World::new().await;
    let instance = world.get("/api/v1/instance", &world.a.reader).expect(200).await;
    assert_eq!((instance.text("instance_id"), instance.text("region")), ("0badcafe", "local"));
    assert_eq!(instance.body["warnings"][0]["code"], "disk_low");
    assert_eq!(instance.body["tenant"]["name"], "alpha");
}
