//! Device groups: their order, who belongs to them, and who is limited to them.

use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_state::{
    DbRole, DeviceGroup, DeviceQuery, DeviceScope, DeviceTouch, NewDeviceGroup, NewOrder, NewToken, Role,
    State, TokenScope,
};
use palisade_types::{DeviceId, TenantId};
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use uuid::Uuid;

use crate::common::{NOW, World, after, enrol, facts, world};

fn new(name: &str, rule: &Value) -> NewDeviceGroup {
    NewDeviceGroup {
        name: name.into(),
        description: String::new(),
        rank: None,
        rule: Rule::from_json(rule).expect("a good rule"),
        criticality: Criticality::Normal,
        automation: Automation::None,
    }
}

fn is(field: &str, op: &str, value: &str) -> Value {
    json!({"field": field, "op": op, "value": value})
}

async fn made(api: &State, tenant: TenantId, name: &str, rule: &Value) -> DeviceGroup {
    api.create_device_group(tenant, &new(name, rule), NOW).await.expect("made")
}

async fn names(api: &State, tenant: TenantId, scope: &DeviceScope) -> Vec<String> {
    let page = api.devices(tenant, scope, &DeviceQuery::default(), NOW).await.expect("listed");
    assert_eq!(page.total, page.items.len() as u64);
    page.items.into_iter().map(|d| d.facts.name).collect()
}

async fn drain(state: &State, tenant: TenantId) {
    while state.regroup_changed(tenant, 10, NOW).await.expect("regrouped") == 10 {}
}

#[tokio::test]
async fn ranks_are_places_and_names_are_unique() {
    let World { api, tenant, .. } = &world().await;
    let tenant = tenant.id;
    let order = async || {
        let all = api.device_groups(tenant, &DeviceScope::all()).await.expect("listed");
        all.into_iter().map(|g| (g.rank, g.name)).collect::<Vec<_>>()
    };
    let every = json!({"every": true});
    let [a, b] = [made(api, tenant, "a", &every).await, made(api, tenant, "b", &every).await];
    let first = NewDeviceGroup { rank: Some(1), ..new("c", &every) };
    api.create_device_group(tenant, &first, NOW).await.expect("made");
    assert_eq!(order().await, [(1, "c".into()), (2, "a".into()), (3, "b".into())]);
    let renamed = NewDeviceGroup { rank: Some(1), ..new("B2", &every) };
    let moved = api.update_device_group(tenant, b.id, &renamed, after(1)).await.expect("changed");
    assert_eq!((moved.rank, moved.changed_at, moved.created_at), (1, after(1), NOW));
    api.update_device_group(tenant, b.id, &new("B2", &every), after(2)).await.expect("keeps its place");
    assert_eq!(order().await, [(1, "B2".into()), (2, "c".into()), (3, "a".into())]);
    let taken = api.create_device_group(tenant, &new(" b2 ", &every), NOW).await.expect_err("taken");
    assert_eq!(taken.code(), "conflict");
    let nameless = api.update_device_group(tenant, a.id, &new(" ", &every), NOW).await.expect_err("no name");
    assert_eq!(nameless.code(), "name_invalid");
    api.delete_device_group(tenant, b.id).await.expect("deleted");
    assert_eq!(order().await, [(1, "c".into()), (2, "a".into())]);
    for gone in [
        api.delete_device_group(tenant, b.id).await,
        api.update_device_group(tenant, b.id, &new("x", &every), NOW).await.map(|_| ()),
        api.device_group(tenant, &DeviceScope::all(), b.id).await.map(|_| ()),
        api.regroup_group(tenant, b.id, NOW).await,
    ] {
        assert_eq!(gone.expect_err("gone").code(), "not_found");
    }
}

#[tokio::test]
async fn members_follow_facts_tags_and_rules() {
    let World { db, api, tenant, .. } = &world().await;
    let tenant = tenant.id;
    let [web, store] = [enrol(db, tenant, "web-1").await, enrol(db, tenant, "db-1").await];
    let by_name = made(api, tenant, "web", &is("name", "starts_with", "WEB")).await;
    assert_eq!(by_name.devices, 1, "known when it is saved");
    let by_tag = made(api, tenant, "pci", &is("tag", "equals", "pci")).await;
    let of = async |group: &DeviceGroup| names(api, tenant, &DeviceScope::groups(vec![group.id])).await;
    assert_eq!((of(&by_name).await, of(&by_tag).await), (vec!["web-1".to_owned()], vec![]));

    // A tag through the API, a name through what the sensor says, a new device: each is noted.
    api.set_device_tags(tenant, &DeviceScope::all(), store, &["PCI".into()]).await.expect("tagged");
    let lake = db.state(DbRole::Lake).await;
    let renamed = DeviceTouch { facts: Some(facts("app-1")), ..DeviceTouch::seen(web, after(1)) };
    lake.touch_devices(tenant, &[renamed]).await.expect("written");
    lake.close().await;
    enrol(db, tenant, "web-2").await;
    let estate = db.state(DbRole::Estate).await;
    drain(&estate, tenant).await;
    assert_eq!((of(&by_name).await, of(&by_tag).await), (vec!["web-2".to_owned()], vec!["db-1".to_owned()]));
    assert_eq!(estate.regroup_changed(tenant, 10, NOW).await.expect("asked"), 0, "nothing is left");

    // A heartbeat that says nothing new is no change.
    let lake = db.state(DbRole::Lake).await;
    let same = DeviceTouch { facts: Some(facts("app-1")), ..DeviceTouch::seen(web, after(2)) };
    lake.touch_devices(tenant, &[same, DeviceTouch::seen(store, after(2))]).await.expect("written");
    lake.close().await;
    assert_eq!(estate.regroup_changed(tenant, 10, NOW).await.expect("asked"), 0);
    estate.close().await;

    api.set_device_tags(tenant, &DeviceScope::all(), store, &[]).await.expect("untagged");
    api.regroup_devices(tenant, &[store], NOW).await.expect("regrouped");
    assert!(of(&by_tag).await.is_empty());
    let turned = new("web", &json!({"not": is("name", "starts_with", "web")}));
    let turned = api.update_device_group(tenant, by_name.id, &turned, NOW).await.expect("changed");
    assert_eq!((turned.devices, of(&turned).await), (2, vec!["app-1".to_owned(), "db-1".to_owned()]));
    let groups = api.groups_of_devices(tenant, &[web, store]).await.expect("asked");
    assert_eq!(groups[&web].iter().map(|g| g.id).collect::<Vec<_>>(), [by_name.id]);
}

#[tokio::test]
async fn a_machine_and_its_device_are_one_to_a_rule() {
    let World { db, api, tenant, .. } = &world().await;
    let tenant = tenant.id;
    let device = enrol(db, tenant, "host-1").await;
    let owner = db.options(DbRole::Estate).region;
    let mut connection = owner.connect().await.expect("connects");
    let run = async |connection: &mut sqlx::PgConnection, sql: &str| {
        sqlx::query("SELECT set_config('app.tenant', $1, false)")
            .bind(tenant.to_string())
            .execute(&mut *connection)
            .await
            .expect("set");
        sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
            .bind(tenant.0)
            .bind(device.to_string())
            .execute(connection)
            .await
            .expect("done");
    };
    let (with, without) = (Uuid::new_v4(), Uuid::new_v4());
    for (machine, device) in [(with, "$2"), (without, "nullif($2, $2)")] {
        let insert = format!(
            "INSERT INTO machines (tenant_id, id, subscription_id, name, os, tags, addresses, power_since, device_id,
                 first_seen, changed_at)
             SELECT $1, '{machine}', id, 'vm', '{{\"family\": \"linux\", \"id\": \"ubuntu\", \"version\": \"22.04\"}}',
                 '{{\"env\": \"prod\", \"pci\": \"\"}}', '{{203.0.113.9}}', 0, {device}, 0, 0
             FROM subscriptions WHERE tenant_id = $1"
        );
        run(&mut connection, &insert).await;
    }
    let members = async |group: &DeviceGroup| {
        let mut owner = db.options(DbRole::Owner).region.connect().await.expect("connects");
        sqlx::query("SELECT set_config('app.tenant', $1, false)")
            .bind(tenant.to_string())
            .execute(&mut owner)
            .await
            .expect("set");
        let machines: Vec<Uuid> =
            sqlx::query_scalar("SELECT machine_id FROM machine_group_members WHERE group_id = $1")
                .bind(group.id)
                .fetch_all(&mut owner)
                .await
                .expect("read");
        let device = names(api, tenant, &DeviceScope::groups(vec![group.id])).await.len();
        (device, machines.contains(&with), machines.contains(&without))
    };
    for (rule, expected) in [
        // What the cloud says of the machine counts for the device, and the other way round.
        (is("tag", "equals", "env=prod"), (1, true, true)),
        (is("tag", "equals", "pci"), (1, true, true)),
        (is("address", "within", "203.0.113.0/24"), (1, true, true)),
        (is("address", "within", "192.0.2.0/24"), (1, true, false)),
        // Where both say something, the sensor knows better.
        (is("os_distribution", "equals", "debian"), (1, true, false)),
        (is("os_distribution", "equals", "ubuntu"), (0, false, true)),
        (is("name", "equals", "vm"), (0, false, true)),
        (is("os_platform", "equals", "linux"), (1, true, true)),
    ] {
        let group = made(api, tenant, &rule.to_string(), &rule).await;
        assert_eq!(members(&group).await, expected, "{rule}");
    }
    let prod = api.device_groups(tenant, &DeviceScope::all()).await.expect("listed").remove(0);
    drain(api, tenant).await;
    run(&mut connection, "UPDATE machines SET device_id = NULL WHERE tenant_id = $1 AND device_id = $2")
        .await;
    drain(api, tenant).await;
    assert_eq!(members(&prod).await, (0, true, true), "a device that its machine lost has lost its tags");
}

#[tokio::test]
async fn whoever_is_limited_reaches_nothing_else() {
    let World { db, api, tenant, .. } = &world().await;
    let tenant = tenant.id;
    let [own, other] = [enrol(db, tenant, "web-1").await, enrol(db, tenant, "db-1").await];
    let group = made(api, tenant, "web", &is("name", "starts_with", "web")).await;
    let scope = DeviceScope::groups(vec![group.id]);
    let sign = |_, _| Ok::<_, String>(vec![1]);
    let order = |device: DeviceId| NewOrder {
        device,
        kind: "ping".into(),
        reason: "test".into(),
        requested_by: "test".into(),
        requested_by_id: None,
        expires_at: after(60),
    };
    assert_eq!(names(api, tenant, &scope).await, ["web-1"]);
    assert!(api.device(tenant, &scope, own, NOW).await.is_ok());
    let given = api.create_order(tenant, &scope, order(own), sign, NOW).await.expect("given");
    assert_eq!(api.order(tenant, &scope, given.id).await.expect("there").id, given.id);
    assert_eq!(api.orders_for_device(tenant, &scope, own, 0, None).await.expect("listed").total, 1);
    assert_eq!(api.devices_in_scope(tenant, &scope).await.expect("asked"), Some(vec![own]));
    assert_eq!(api.devices_in_scope(tenant, &DeviceScope::all()).await.expect("asked"), None);

    let hidden = api.create_order(tenant, &DeviceScope::all(), order(other), sign, NOW).await.expect("given");
    for scope in [&scope, &DeviceScope::groups(Vec::new()), &DeviceScope::groups(vec![Uuid::new_v4()])] {
        for refused in [
            api.device(tenant, scope, other, NOW).await.map(|_| ()),
            api.order(tenant, scope, hidden.id).await.map(|_| ()),
            api.create_order(tenant, scope, order(other), sign, NOW).await.map(|_| ()),
            api.set_device_tags(tenant, scope, other, &["web".into()]).await,
        ] {
            assert_eq!(refused.expect_err("hidden").code(), "not_found");
        }
        assert_eq!(api.orders_for_device(tenant, scope, other, 0, None).await.expect("asked").total, 0);
    }
    assert!(names(api, tenant, &DeviceScope::groups(Vec::new())).await.is_empty());
}

#[tokio::test]
async fn a_user_and_their_token_are_limited_together() {
    let World { db, api, tenant, signed_in, .. } = &world().await;
    let tenant = tenant.id;
    for name in ["web-1", "db-1", "web-db-1"] {
        enrol(db, tenant, name).await;
    }
    let web = made(api, tenant, "web", &is("name", "contains", "web")).await;
    let store = made(api, tenant, "db", &is("name", "contains", "db")).await;
    let invited = palisade_state::NewUser {
        email: "op@example.org".into(),
        name: "Op".into(),
        role: Role::Reader,
        groups: Some(vec![web.id]),
        valid_for: None,
    };
    let (user, link) = api.invite_user(tenant, invited.clone(), NOW).await.expect("invited");
    assert_eq!(user.groups, Some(vec![web.id]));
    let begin = palisade_state::BeginSetup {
        token: &link.token,
        email: "op@example.org",
        name: "Op",
        password: crate::common::PASSWORD,
    };
    let started = api.begin_setup(begin, NOW).await.expect("begun");
    let confirm = palisade_state::ConfirmSetup {
        setup_session: &started.setup_session,
        code: None,
        address: "",
        user_agent: "",
    };
    let session = api.confirm_setup(confirm, NOW).await.expect("set up");
    assert_eq!(session.principal.devices, DeviceScope::groups(vec![web.id]));
    assert_eq!(api.authenticate_session(&session.token, NOW).await.expect("good"), session.principal);

    let token = |role, groups: Option<Vec<Uuid>>| NewToken {
        name: "t".into(),
        role,
        scope: TokenScope { permissions: Some(vec!["devices.read".into()]), groups },
        expires_at: None,
    };
    let (shown, secret) = api
        .create_token(tenant, Some(user.id), token(Role::Reader, Some(vec![store.id])), NOW)
        .await
        .expect("made");
    assert_eq!(shown.scope.groups, Some(vec![store.id]));
    assert_eq!(api.tokens(tenant, Some(user.id)).await.expect("listed"), std::slice::from_ref(&shown));
    let both = api.authenticate_token(&secret, NOW).await.expect("good");
    assert_eq!(both.permissions, Some(vec!["devices.read".into()]));
    assert_eq!(names(api, tenant, &both.devices).await, ["web-db-1"], "in a group of each");

    // A group to which somebody is limited stays.
    for group in [&web, &store] {
        assert_eq!(api.device_group(tenant, &DeviceScope::all(), group.id).await.expect("there").limits, 1);
        let used = api.delete_device_group(tenant, group.id).await.expect_err("in use");
        assert_eq!(used.code(), "group_in_use");
    }
    api.delete_token(tenant, Some(user.id), shown.id).await.expect("ended");
    api.delete_device_group(tenant, store.id).await.expect("nobody is limited to it any more");
    assert_eq!(api.device_groups(tenant, &session.principal.devices).await.expect("own").len(), 1);

    // Whoever gives rights cannot be limited, nor to what is not there.
    let admin = signed_in.principal.user;
    let groups = Some(vec![web.id]);
    let limited = api.create_token(tenant, admin, token(Role::Administrator, groups.clone()), NOW).await;
    assert_eq!(limited.expect_err("an administrator").code(), "administrator_unlimited");
    let new = palisade_state::NewUser {
        email: "x@example.org".into(),
        role: Role::Administrator,
        ..invited.clone()
    };
    assert_eq!(api.invite_user(tenant, new, NOW).await.expect_err("too").code(), "administrator_unlimited");
    let nowhere = Some(vec![Uuid::new_v4()]);
    let new = palisade_state::NewUser { email: "x@example.org".into(), groups: nowhere.clone(), ..invited };
    assert_eq!(api.invite_user(tenant, new, NOW).await.expect_err("no group").code(), "not_found");
    let refused = api.create_token(tenant, admin, token(Role::Reader, nowhere), NOW).await;
    assert_eq!(refused.expect_err("no group").code(), "not_found");
}

#[tokio::test]
async fn a_preview_is_what_saving_would_do() {
    let World { db, api, tenant, .. } = &world().await;
    let tenant = tenant.id;
    for n in 0..5 {
        enrol(db, tenant, &format!("web-{n}")).await;
    }
    let gone = enrol(db, tenant, "web-gone").await;
    api.offboard_device(tenant, gone).await.expect("offboarded");
    let group = made(
        api,
        tenant,
        "some",
        &json!({"any": [is("name", "equals", "web-0"), is("name", "equals", "web-1")]}),
    )
    .await;
    let rule = Rule::from_json(&json!({"not": is("name", "equals", "web-0")})).expect("a rule");
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let shown = api
            .preview_device_group(tenant, &rule, Some(group.id), 2, cursor.as_deref())
            .await
            .expect("shown");
        assert_eq!((shown.page.total, shown.joining, shown.leaving), (4, 3, 1));
        seen.extend(shown.page.items.into_iter().map(|d| (d.name, d.member)));
        cursor = shown.page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let expected = [("web-1", true), ("web-2", false), ("web-3", false), ("web-4", false)];
    assert_eq!(seen, expected.map(|(name, member)| (name.to_owned(), member)));
    let alone = api.preview_device_group(tenant, &rule, None, 0, None).await.expect("shown");
    assert_eq!((alone.page.total, alone.joining, alone.leaving), (4, 4, 0));
    let wrong = api.preview_device_group(tenant, &rule, None, 0, Some("x")).await.expect_err("no cursor");
    assert_eq!(wrong.code(), "cursor_invalid");
    assert_eq!(
        api.device_group(tenant, &DeviceScope::all(), group.id).await.expect("there").devices,
        2,
        "nothing was saved"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_right_however_changes_meet() {
    let World { db, api, tenant, .. } = &world().await;
    let tenant = tenant.id;
    let mut devices = Vec::new();
    for n in 0..8 {
        devices.push(enrol(db, tenant, &format!("h{n}")).await);
    }
    let rules = [
        is("tag", "equals", "a"),
        json!({"not": is("tag", "equals", "a")}),
        json!({"all": [is("tag", "equals", "a"), is("tag", "equals", "b")]}),
    ];
    let mut groups = Vec::new();
    for (n, rule) in rules.iter().enumerate() {
        groups.push(made(api, tenant, &format!("g{n}"), rule).await.id);
    }
    let mut changes = Vec::new();
    for (n, device) in devices.iter().copied().enumerate() {
        let api = api.clone();
        changes.push(tokio::spawn(async move {
            for round in 0..6 {
                let tags: &[&str] = [&["a"][..], &["b"], &["a", "b"], &[]][(n + round) % 4];
                let tags: Vec<String> = tags.iter().map(|t| (*t).to_owned()).collect();
                api.set_device_tags(tenant, &DeviceScope::all(), device, &tags).await.expect("tagged");
                api.regroup_changed(tenant, 3, NOW).await.expect("regrouped");
            }
        }));
    }
    for (n, group) in groups.iter().copied().enumerate() {
        let (api, rules) = (api.clone(), rules.clone());
        changes.push(tokio::spawn(async move {
            for round in 0..6 {
                let changed = new(&format!("g{n}"), &rules[(n + round) % 3]);
                api.update_device_group(tenant, group, &changed, NOW).await.expect("changed");
            }
        }));
    }
    let late = {
        let (api, rule) = (api.clone(), rules[0].clone());
        tokio::spawn(async move { made(&api, tenant, "late", &rule).await.id })
    };
    for change in changes {
        change.await.expect("done");
    }
    groups.push(late.await.expect("made"));
    drain(api, tenant).await;
    for group in groups {
        let rule = api.device_group(tenant, &DeviceScope::all(), group).await.expect("there").rule;
        let shown = api.preview_device_group(tenant, &rule, Some(group), 0, None).await.expect("shown");
        assert_eq!((shown.joining, shown.leaving), (0, 0), "{rule:?}");
    }
}
