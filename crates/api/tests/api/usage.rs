//! Usage, rate cards, plans, and that enforcement closes nothing that protects.

use std::collections::BTreeMap;

use palisade_estate::machine::{OsFacts, PowerState};
use palisade_state::estate::{Listed, NewSubscription, Placement};
use palisade_state::{DbRole, Tenant};
use palisade_types::{SubscriptionId, TimeMicros};
use serde_json::{Value, json};

use crate::world::{HOUR, World};

/// A subscription under Servers Plan 1 with two machines that have run for the last three hours, metered.
struct Estate {
    subscription: SubscriptionId,
    machine: String,
    /// The stretch, as a query string.
    stretch: String,
}

fn hour(ago: i64) -> TimeMicros {
    TimeMicros((TimeMicros::now().0 / HOUR - ago) * HOUR)
}

async fn subscription(world: &World, tenant: &Tenant, name: &str) -> SubscriptionId {
    let new = NewSubscription {
        name: name.into(),
        kind: "aws".into(),
        external_id: String::new(),
        owner_tag: "team".into(),
    };
    world.state.create_subscription(tenant.id, &new, hour(5)).await.expect("made").id
}

async fn estate(world: &World) -> Estate {
    let tenant = &world.a.tenant;
    let subscription = subscription(world, tenant, "Web servers").await;
    let change = palisade_estate::plan::PlansChange {
        step: Some(palisade_estate::plan::ServersPlan::P1),
        servers: Some(palisade_estate::plan::PlanSwitch::Pay),
        posture: None,
    };
    world.state.change_plans(tenant.id, subscription, &change, hour(4)).await.expect("switched");
    let listed = |name: &str, team: &str| Listed {
        name: name.into(),
        cloud_id: name.into(),
        place: json!({}),
        os: OsFacts::default(),
        image: String::new(),
        addresses: Vec::new(),
        tags: BTreeMap::from([("team".to_owned(), team.to_owned())]),
        power: PowerState::Running,
    };
    let connect = world.db.state(DbRole::Connect).await;
    let place = Placement { subscription, connector: None };
    let both = [listed("web-1", "=cmd|' /C calc'!A0"), listed("web-2", "ops")];
    connect.write_listing(tenant.id, place, &both, hour(3)).await.expect("listed");
    connect.close().await;
    let estate = world.db.state(DbRole::Estate).await;
    estate.meter_sweep(tenant.id, hour(0)).await.expect("swept");
    while estate.meter_step(tenant.id, 100, hour(0)).await.expect("metered").more {}
    estate.close().await;
    let stretch = format!("from={}&to={}", hour(3), hour(0));
    let path = format!("/api/v1/usage?{stretch}&by=machine");
    let answer = world.get(&path, &world.a.reader).expect(200).await;
    let machine = answer.body["items"][0]["machine"]["id"].as_str().expect("a machine").to_owned();
    Estate { subscription, machine, stretch }
}

#[tokio::test]
async fn usage_is_read_as_json_and_as_csv() {
    let world = World::new().await;
    let e = estate(&world).await;
    let usage = |more: &str| format!("/api/v1/usage?{}{more}", e.stretch);
    let answer = world.get(&usage(""), &world.a.reader).expect(200).await;
    assert_eq!(answer.body["total"], 2, "by subscription, owner and plan: {}", answer.body);
    let row = &answer.body["items"][1];
    assert_eq!(
        (row["subscription"]["name"].as_str(), row["owner"].as_str()),
        (Some("Web servers"), Some("ops"))
    );
    assert_eq!(
        (row["plan"].as_str(), &row["hours"], &row["machine"]),
        (Some("servers_p1"), &json!(3), &Value::Null)
    );
    assert_eq!(
        (&answer.body["totals"]["hours"], &answer.body["totals"]["unpriced_hours"]),
        (&json!(6), &json!(6))
    );

    for asked in [
        world.get(&usage("&format=csv"), &world.a.reader),
        world.get(&usage(""), &world.a.reader).header("accept", "text/csv, */*;q=0.1"),
    ] {
        let csv = asked.expect(200).await;
        assert!(csv.header("content-type").starts_with("text/csv"));
        assert!(csv.header("content-disposition").contains("usage-"));
        let text = String::from_utf8(csv.bytes).expect("text");
        let head = "subscription_id,subscription,owner,plan,machines,hours,trial_hours,unpriced_hours,amount,currency\r\n";
        assert!(text.starts_with(head), "{text}");
        assert!(text.contains(",'=cmd|' /C calc'!A0,servers_p1,1,3,0,3,0.000000,\r\n"), "no formula: {text}");
    }

    let one = world.get(&usage("&by=none"), &world.a.reader).expect(200).await;
    assert_eq!((&one.body["items"][0]["hours"], &one.body["items"][0]["machines"]), (&json!(6), &json!(2)));
    let hours =
        world.get(&usage(&format!("&by=hour&machine={}", e.machine)), &world.a.reader).expect(200).await;
    assert_eq!(hours.body["total"], 3);
    for wrong in
        ["&by=planet", "&format=xml", "&plan=gold", "&machine=x", "&limit=0", "&cursor=%25", "&what=1"]
    {
        let refused = world.get(&usage(wrong), &world.a.reader).send().await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.body);
    }
    let backwards = format!("/api/v1/usage?from={}&to={}", hour(0), hour(3));
    assert_eq!(world.get(&backwards, &world.a.reader).expect(400).await.code(), "invalid_argument");
    let foreign = world.get(&usage(""), &world.b.admin).expect(200).await;
    assert_eq!((&foreign.body["total"], &foreign.body["totals"]["hours"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn rate_cards_price_hours() {
    let world = World::new().await;
    let e = estate(&world).await;
    let write = |body: Value| world.call("PUT", "/api/v1/rate-cards").bearer(&world.a.admin).json(&body);
    let card = |price: &str| json!({"currency": "EUR", "effective": hour(2).to_rfc3339(), "rates": {"servers_p1": price}});
    let first = write(card("0.5")).expect(200).await;
    assert_eq!(first.body["rates"]["servers_p1"], "0.500000");
    let second = write(card("0.007")).expect(200).await;
    assert_eq!(second.body["id"], first.body["id"], "replaced");
    let listed = world.get("/api/v1/rate-cards", &world.a.reader).expect(200).await;
    assert_eq!((&listed.body["total"], &listed.body["items"][0]["currency"]), (&json!(1), &json!("EUR")));
    let usage =
        world.get(&format!("/api/v1/usage?{}&by=subscription", e.stretch), &world.a.reader).expect(200).await;
    // Two machines: the first of three hours has no price.
    let row = &usage.body["items"][0];
    assert_eq!((&row["hours"], &row["unpriced_hours"]), (&json!(6), &json!(2)));
    assert_eq!(row["costs"], json!([{"currency": "EUR", "amount": "0.028000", "hours": 4}]));
    for (body, code) in [
        (json!({"currency": "eur", "effective": "2026-12", "rates": {}}), "currency_invalid"),
        (json!({"currency": "EUR", "effective": "2026-12", "rates": {"posture": "-1"}}), "amount_invalid"),
        (json!({"currency": "EUR", "effective": "soon", "rates": {}}), "invalid_argument"),
        (json!({"currency": "EUR", "effective": "2026-12", "rates": {"gold": "1"}}), "invalid_argument"),
    ] {
        assert_eq!(write(body).expect(400).await.code(), code);
    }
    let id = first.text("id");
    let gone = |token: &str| world.call("DELETE", &format!("/api/v1/rate-cards/{id}")).bearer(token);
    assert_eq!(gone(&world.b.admin).expect(404).await.code(), "not_found");
    gone(&world.a.admin).expect(204).await;
    let entry = &world.audit(&world.a.tenant).await[0];
    assert_eq!((entry.kind.as_str(), entry.target.as_str()), ("rate_card.delete", id));
}

#[tokio::test]
async fn plans_are_switched_by_the_published_rules() {
    let world = World::new().await;
    let e = estate(&world).await;
    let plans = format!("/api/v1/subscriptions/{}/plans", e.subscription);
    let turn = |body: Value| world.call("PUT", &plans).bearer(&world.a.admin).json(&body);
    let trial = turn(json!({"servers_step": "p2", "servers": "trial", "posture": "trial"})).expect(200).await;
    assert_eq!(
        (&trial.body["servers_step"], &trial.body["servers"]["standing"]),
        (&json!("p2"), &json!("trial"))
    );
    assert!(trial.body["posture"]["trial_until"].is_string());
    let off = turn(json!({"posture": "off"})).expect(200).await;
    assert_eq!(
        (&off.body["posture"]["standing"], &off.body["servers"]["standing"]),
        (&json!("off"), &json!("trial"))
    );
    assert_eq!(
        turn(json!({"servers": "pause"})).expect(400).await.code(),
        "invalid_body",
        "a trial cannot be paused"
    );
    let entry = &world.audit(&world.a.tenant).await[1];
    assert_eq!(
        (entry.kind.as_str(), &entry.detail["change"]["posture"]),
        ("subscription.plans", &json!("off"))
    );

    let new = subscription(&world, &world.a.tenant, "Empty").await;
    let refused = world
        .call("PUT", &format!("/api/v1/subscriptions/{new}/plans"))
        .bearer(&world.a.admin)
        .json(&json!({"servers": "pay"}));
    assert_eq!(refused.expect(400).await.code(), "plan_step_missing");

    let plan = format!("/api/v1/machines/{}/plan", e.machine);
    let decide =
        |plan_word: &str| world.call("PUT", &plan).bearer(&world.a.admin).json(&json!({"plan": plan_word}));
    assert_eq!(decide("servers_p2").expect(400).await.code(), "plan_two_per_machine");
    assert_eq!(decide("posture").expect(400).await.code(), "posture_per_machine");
    assert_eq!(decide("gold").expect(400).await.code(), "invalid_argument");
    let one = decide("servers_p1").expect(200).await;
    assert_eq!(
        (one.text("servers"), one.text("basis"), one.text("plan_override")),
        ("servers_p1", "machine", "plan_one")
    );
    let out = decide("off").expect(200).await;
    assert_eq!((&out.body["servers"], out.text("basis")), (&Value::Null, "machine_off"));
    let back = world.call("DELETE", &plan).bearer(&world.a.admin).expect(200).await;
    assert_eq!((back.text("servers"), back.text("basis")), ("servers_p2", "subscription"));
    let foreign = world.call("DELETE", &plan).bearer(&world.b.admin).expect(404).await;
    assert_eq!(foreign.code(), "not_found");
}

async fn enforce(world: &World, token: &str) {
    let call = world.call("PUT", "/api/v1/settings/plan-enforcement").bearer(token);
    let answer = call.json(&json!({"enforcement": "on"})).expect(200).await;
    assert_eq!(answer.text("enforcement"), "on");
}

#[tokio::test]
async fn the_matrix_says_what_is_open() {
    let world = World::new().await;
    let e = estate(&world).await;
    let open = async || {
        let answer = world.get("/api/v1/plans/features", &world.a.reader).expect(200).await;
        let items = answer.body["items"].as_array().cloned().expect("a list");
        let open = items
            .iter()
            .filter(|f| f["open"] == true)
            .map(|f| f["name"].as_str().expect("a name").to_owned());
        (answer.text("enforcement").to_owned(), items.len(), open.collect::<Vec<_>>())
    };
    let (enforcement, all, now) = open().await;
    assert_eq!((enforcement.as_str(), now.len()), ("off", all), "all is open by default");
    enforce(&world, &world.a.admin).await;
    let (_, _, now) = open().await;
    assert!(now.contains(&"edr".to_owned()) && !now.contains(&"explorer".to_owned()), "{now:?}");
    let plans = format!("/api/v1/subscriptions/{}/plans", e.subscription);
    let call = world.call("PUT", &plans).bearer(&world.a.admin);
    call.json(&json!({"servers": "off"})).expect(200).await;
    assert_eq!(open().await.2, ["capture", "prevention", "own_health"], "these need nothing, ever");
}

/// With enforcement on and no plan at all, no route but one that names a feature asks for a plan: orders, devices,
/// their health, hunting and everything else answer as before.
#[tokio::test]
async fn enforcement_closes_nothing_but_what_names_a_feature() {
    let world = World::new().await;
    enforce(&world, &world.a.admin).await;
    world.query.answer(|_| Vec::new());
    let document = palisade_api::openapi();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let id = if path.contains("/devices/") {
                world.a.device.to_string()
            } else {
                uuid::Uuid::nil().to_string()
            };
            let path: String = path
                .split('/')
                .map(|part| if part == "{id}" { id.as_str() } else { part.trim_matches(['{', '}']) })
                .collect::<Vec<_>>()
                .join("/");
            let call = world.call(&method.to_uppercase(), &path).bearer(&world.a.admin);
            let answer = if method == "get" { call } else { call.json(&json!({})) }.send().await;
            let gated = operation["x-palisade-features"].as_array().cloned().unwrap_or_default();
            assert_eq!(
                answer.code() == "plan_required",
                !gated.is_empty(),
                "{method} {path}: {}",
                answer.body
            );
            for never in ["capture", "prevention", "own_health"] {
                assert!(!gated.contains(&json!(never)), "{method} {path}");
            }
        }
    }
    let device = world.get(&format!("/api/v1/devices/{}", world.a.device), &world.a.reader).expect(200).await;
    assert!(device.body["health"].is_string());
    let order =
        world.call("POST", &format!("/api/v1/devices/{}/orders", world.a.device)).bearer(&world.a.admin);
    order.json(&json!({"kind": "ping", "reason": "test"})).expect(201).await;
}

/// The explorer needs Posture, or Plan 2 for its health findings; a trial will do, and switching off closes it.
#[tokio::test]
async fn a_page_opens_with_its_plan_where_plans_are_enforced() {
    let world = World::new().await;
    let e = estate(&world).await;
    let ask = || {
        let question = json!({"query": {"version": 1, "find": {"types": ["virtual_machines"]}}});
        world.call("POST", "/api/v1/explore").bearer(&world.a.reader).json(&question)
    };
    let before = ask().expect(200).await;
    assert_ne!(before.code(), "plan_required", "by default nothing is closed");
    enforce(&world, &world.a.admin).await;
    let refused = ask().expect(403).await;
    assert_eq!(refused.code(), "plan_required");
    assert_eq!(
        refused.body["error"]["details"]["needs"],
        json!([["posture"], ["servers_p2"], ["posture", "servers_p1"]])
    );
    let plans = format!("/api/v1/subscriptions/{}/plans", e.subscription);
    let turn = |body: Value| world.call("PUT", &plans).bearer(&world.a.admin).json(&body);
    for (opened, closed) in [
        (json!({"posture": "trial"}), json!({"posture": "off"})),
        (json!({"servers_step": "p2", "servers": "pay"}), json!({"servers_step": "p1", "servers": "pay"})),
    ] {
        turn(opened).expect(200).await;
        assert_eq!(ask().send().await.status, before.status, "it is as before");
        turn(closed).expect(200).await;
        assert_eq!(ask().expect(403).await.code(), "plan_required");
    }
}
