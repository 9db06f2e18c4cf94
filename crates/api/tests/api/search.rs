//! The search over everything, and security products of machines.

use palisade_estate::edr::{HostFacts, Manager, Own, Package, Subject, Unit, UnitState, recommend};
use palisade_estate::machine::{OsFacts, OsFamily, PowerState};
use palisade_estate::plan::{Enforcement, Override, SubscriptionPlans, effective};
use palisade_estate::provision::{Desired, OtherProducts};
use palisade_state::estate::{Assessed, FactsBy};
use palisade_state::{Component, DbRole, DeviceTouch, HeartbeatUpdate};
use palisade_types::{MachineId, TimeMicros};
use serde_json::{Value, json};

use crate::world::World;

fn names(answer: &Value, part: &str) -> Vec<String> {
    let hits = answer[part].as_array().expect("a list");
    hits.iter().map(|h| h["name"].as_str().expect("a name").to_owned()).collect()
}

fn missing(answer: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().expect("a text").to_owned();
    let all = answer["missing"].as_array().expect("a list");
    all.iter().map(|m| (text(&m["part"]), text(&m["code"]))).collect()
}

/// The machine of the first tenant's device, made as the estate process makes it.
async fn machine(world: &World) -> MachineId {
    let estate = world.db.state(DbRole::Estate).await;
    let (tenant, now) = (world.a.tenant.id, TimeMicros::now());
    let view = estate.device_views(tenant, &[world.a.device]).await.expect("the device").remove(0);
    let id = estate.link_device(tenant, &view, None, now).await.expect("linked").id;
    estate.close().await;
    id
}

#[tokio::test]
async fn one_text_is_looked_for_everywhere_where_the_caller_may_look() {
    let world = World::new().await;
    let machine = machine(&world).await.to_string();
    world.query.answer(|query| {
        assert!(query.contains("ago(7d)") && query.contains("top 20"), "{query}");
        vec![json!({
            "Kind": "process", "Value": "/usr/bin/alphabet", "Events": 12, "Devices": 3,
            "First": "2026-11-01T00:00:00Z", "Timestamp": "2026-11-02T00:00:00Z", "DeviceId": "d", "DeviceName": "n",
        })]
    });
    let found = world.get("/api/v1/search?q=alpha", &world.a.admin).expect(200).await.body;
    assert_eq!(found["kinds"], json!(["name"]));
    assert_eq!(names(&found, "devices"), ["alpha-1"]);
    assert_eq!(names(&found, "machines"), ["alpha-1"]);
    assert_eq!(found["machines"][0]["id"], machine);
    assert_eq!(found["people"].as_array().map(Vec::len), Some(3), "by their address");
    assert_eq!(missing(&found), []);
    let hit = &found["events"][0];
    assert_eq!((&hit["kind"], &hit["events"], &hit["devices"]), (&json!("process"), &json!(12), &json!(3)));
    let query = hit["query"].as_str().expect("a query");
    palisade_kql::compile(query, &palisade_kql::SchemaCatalogue, 0).expect("a query that runs");
    assert!(query.contains("/usr/bin/alphabet"));

    // A reader sees no people, and is told so.
    let found = world.get("/api/v1/search?q=alpha", &world.a.reader).expect(200).await.body;
    assert_eq!(names(&found, "devices"), ["alpha-1"]);
    assert_eq!(
        (names(&found, "people"), missing(&found)),
        (vec![], vec![("people".into(), "not_permitted".into())])
    );
    let other = world.get("/api/v1/search?q=alpha", &world.b.admin).expect(200).await.body;
    let empty = |part: &str| other[part].as_array().is_some_and(Vec::is_empty);
    assert!(["devices", "machines", "people", "subscriptions"].into_iter().all(empty), "{other}");

    let asked = world.query.count();
    let found =
        world.get("/api/v1/search?q=HEARTBEAT_lost&parts=findings", &world.a.admin).expect(200).await.body;
    assert_eq!(found["findings"][0]["code"], "heartbeat_lost");
    assert_eq!(found["findings"][0]["machines"], 0);
    assert_eq!(world.query.count(), asked, "no events were asked for");
}

#[tokio::test]
async fn what_gives_no_answer_is_named_and_the_rest_is_answered() {
    let world = World::new().await;
    *world.query.failure.lock() = Some(("query_timeout".to_owned(), "too slow".to_owned()));
    let found = world.get("/api/v1/search?q=alpha-1", &world.a.admin).expect(200).await.body;
    assert_eq!(names(&found, "devices"), ["alpha-1"]);
    assert_eq!(missing(&found), [("events".into(), "query_timeout".into())]);
    for (text, code) in [("al", "too_short"), ("2001:db8::%2F32", "not_supported")] {
        let path = format!("/api/v1/search?q={text}&parts=events");
        let found = world.get(&path, &world.a.admin).expect(200).await.body;
        assert_eq!(missing(&found), [("events".into(), code.into())], "{text}");
    }
    let long = "x".repeat(201);
    for wrong in
        ["q=", "q=%20%01", "q=a&parts=alerts", "q=a&limit=0", "q=a&days=31", &format!("q={long}"), ""]
    {
        let told = world.get(&format!("/api/v1/search?{wrong}"), &world.a.admin).expect(400).await;
        assert_eq!(told.code(), "invalid_argument", "{wrong}");
    }
}

fn falcon() -> HostFacts {
    let package = Package { manager: Manager::Deb, name: "falcon-sensor".into(), version: "7.1".into() };
    let unit =
        Unit { name: "falcon-sensor.service".into(), state: UnitState::Active, enabled: "enabled".into() };
    let (packages, units) = (vec![package], vec![unit]);
    HostFacts { packages, units, root: true, complete: true, ..HostFacts::default() }
}

/// Judges facts as the estate process does, and writes what came of it.
async fn assess(world: &World, machine: MachineId) {
    let (estate, now) = (world.db.state(DbRole::Estate).await, TimeMicros::now());
    let os =
        OsFacts { family: OsFamily::Linux, id: "debian".into(), version: "12".into(), ..OsFacts::default() };
    let desired = Desired {
        component_on: true,
        exclusion: None,
        offboarded: None,
        upgrades: true,
        other_products: OtherProducts::Observe,
        version: "1".into(),
    };
    let facts = falcon();
    let assessments = recommend(&Subject {
        now,
        os: &os,
        power: PowerState::Running,
        facts: Some((&facts, now)),
        own: Own { enrolled: true, findings: &[] },
        plan: effective(&SubscriptionPlans::default(), Override::Inherit, now),
        enforcement: Enforcement::Off,
        desired: &desired,
        runs_commands: false,
    });
    let found = Assessed { machine, assessments, facts: Some((now, FactsBy::Sensor)) };
    estate.write_assessed(world.a.tenant.id, &[found], now).await.expect("written");
    estate.close().await;
}

#[tokio::test]
async fn another_product_is_shown_and_that_our_sensor_observes_only() {
    let world = World::new().await;
    let machine = machine(&world).await;
    let path = format!("/api/v1/machines/{machine}/security-products");
    let bare = world.get(&path, &world.a.reader).expect(200).await.body;
    assert_eq!((&bare["seen_by"], &bare["recommendations"]), (&json!(""), &json!([])));
    assert_eq!(bare["sensor_mode"], "standard");

    assess(&world, machine).await;
    let ingest = world.db.state(DbRole::Ingest).await;
    let now = TimeMicros::now();
    let part = Component {
        name: "prevention".into(),
        state: "off".into(),
        rung: 0,
        detail: "observing mode: another security product is in charge here".into(),
        mechanism: "observing".into(),
    };
    let heartbeat = Some(HeartbeatUpdate { at: now, components: vec![part], ..HeartbeatUpdate::default() });
    let touch = DeviceTouch { heartbeat, ..DeviceTouch::seen(world.a.device, now) };
    ingest.touch_devices(world.a.tenant.id, &[touch]).await.expect("written");
    ingest.close().await;

    let shown = world.get(&path, &world.a.reader).expect(200).await.body;
    assert_eq!((&shown["seen_by"], &shown["sensor_mode"]), (&json!("sensor"), &json!("observing")));
    let why = shown["observing_because"].as_str().expect("a text");
    assert!(why.contains("CrowdStrike Falcon"), "{why}");
    let products = shown["products"].as_array().expect("products");
    let falcon = products.iter().find(|p| p["id"] == "crowdstrike_falcon").expect("it is shown");
    assert_eq!((&falcon["version"], &falcon["owns_machine"]), (&json!("7.1"), &json!(true)));
    assert!(falcon["checks"].as_array().is_some_and(|c| !c.is_empty()), "{falcon}");
    assert_eq!(shown["recommendations"][0]["reason"], "edr_found");

    let all = world.get("/api/v1/estate/recommendations", &world.a.reader).expect(200).await.body;
    assert_eq!(
        (&all["items"][0]["recommendation"], &all["items"][0]["healthy"]),
        (&json!("edr_installed"), &json!(1))
    );
    let named = all["items"][0]["products"].as_array().expect("products");
    assert!(named.iter().any(|p| p["name"] == "CrowdStrike Falcon" && p["machines"] == 1), "{named:?}");
    let list = "/api/v1/estate/recommendations/machines?recommendation=edr_installed";
    let of = |filter: &str| world.get(&format!("{list}{filter}"), &world.a.reader);
    assert_eq!(of("&product=crowdstrike_falcon").expect(200).await.body["items"][0]["machine"], "alpha-1");
    assert_eq!(of("&state=unhealthy").expect(200).await.body["total"], 0);
    for wrong in ["&state=bad", "&reason=none"] {
        assert_eq!(of(wrong).expect(400).await.code(), "invalid_argument");
    }
    let unknown = world.get("/api/v1/estate/recommendations/machines?recommendation=x", &world.a.reader);
    assert_eq!(unknown.expect(400).await.code(), "invalid_argument");
}
