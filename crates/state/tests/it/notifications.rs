//! The event timeline, rules and deliveries, against a real PostgreSQL.

use std::collections::BTreeSet;

use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_estate::notify::{EventKind, Format};
use palisade_state::notifications::{
    DeliveryOutcome, DeliveryQuery, MOST_OPEN, NewNotificationRule, NewWebhook, PER_MINUTE,
    RemediationNotice, TicketRequest, WebhookChange,
};
use palisade_state::vulnerabilities::{
    EventQuery, ExceptionSubject, Justification, NewException, Range, VulnerabilityEvent,
};
use palisade_state::{
    AssessmentWrite, ComponentRow, DbRole, DeviceScope, ExposurePoint, FindingRow, NewDeviceGroup, State,
    VulnerabilityRow,
};
use palisade_testkit::TestDb;
use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::json;
use sqlx::ConnectOptions;
use uuid::Uuid;

use crate::common::{NOW, World, after, enrol, world};

/// Something in every table of the timeline and of notifications; for the tests of all tables.
pub async fn filled(db: &TestDb, api: &State, tenant: TenantId, device: DeviceId) {
    let webhook = api.create_webhook(tenant, &new_webhook("all"), NOW).await.expect("a webhook").id;
    let rule = rule_for("all", EventKind::ALL, &[webhook]);
    api.create_notification_rule(tenant, &rule, "test", NOW).await.expect("a rule");
    api.remediation_event(tenant, &notice("started", vec![device]), NOW).await.expect("written");
    let vuln = db.state(DbRole::Vuln).await;
    let ordinals = vuln.device_ordinals(tenant, &[device]).await.expect("numbers");
    // What is there already stays: the timeline alone is written.
    let count = ordinals.len();
    let mut superuser = db.superuser().connect().await.expect("connects");
    sqlx::query(
        "INSERT INTO vulnerability_timelines (tenant_id, assessed_at, devices, exposure) VALUES ($1, $2, $3, 1)",
    )
    .bind(tenant.0)
    .bind(NOW.0)
    .bind(i32::try_from(count).expect("few"))
    .execute(&mut superuser)
    .await
    .expect("written");
    vuln.close().await;
}

fn new_webhook(name: &str) -> NewWebhook {
    NewWebhook {
        id: Uuid::now_v7(),
        name: name.into(),
        origin: "https://hooks.example".into(),
        format: Format::Palisade,
        settings: json!({}),
        headers: vec!["authorization".into()],
        target: vec![1, 2],
        secret: vec![3, 4],
        tickets: true,
        enabled: true,
        created_by: "test".into(),
    }
}

fn rule_for(name: &str, kinds: &[EventKind], webhooks: &[Uuid]) -> NewNotificationRule {
    NewNotificationRule {
        name: name.into(),
        enabled: true,
        kinds: kinds.to_vec(),
        webhooks: webhooks.to_vec(),
        ..NewNotificationRule::default()
    }
}

fn notice(key: &str, devices: Vec<DeviceId>) -> RemediationNotice {
    RemediationNotice {
        remediation: Uuid::from_u128(5),
        kind: EventKind::RemediationChanged,
        key: key.into(),
        title: format!("The remediation is {key}"),
        severity: "high".into(),
        exploited: false,
        devices,
        detail: json!({"state": key, "by": "Ann"}),
    }
}

/// Two devices that have openssl in one version, judged.
struct Judged {
    world: World,
    vuln: State,
    group: Uuid,
    write: AssessmentWrite,
}

fn bytes(devices: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    RoaringBitmap::from_iter(devices.iter().copied()).serialize_into(&mut out).expect("written");
    out
}

fn component(id: i64, name: &str, devices: &[u32]) -> ComponentRow {
    ComponentRow {
        id,
        key: id.to_be_bytes().to_vec(),
        ecosystem: "debian".into(),
        name: name.into(),
        version: "1".into(),
        devices: bytes(devices),
        running: bytes(&[]),
        device_count: u32::try_from(devices.len()).expect("few"),
        ..ComponentRow::default()
    }
}

fn found(write: &mut AssessmentWrite, component: i64, id: &str, severity: &str, devices: u32) {
    let (vulnerability, remedy) = (id.to_owned(), "none_yet".to_owned());
    write.findings.push(FindingRow {
        component_id: component,
        vulnerability,
        remedy,
        why: json!({}),
        ..FindingRow::default()
    });
    write.vulnerabilities.push(VulnerabilityRow {
        id: id.into(),
        severity: severity.into(),
        device_count: devices,
        facts: json!({}),
        ..VulnerabilityRow::default()
    });
}

async fn judged() -> Judged {
    let world = world().await;
    let tenant = world.tenant.id;
    let (web, db) = (enrol(&world.db, tenant, "web").await, enrol(&world.db, tenant, "db").await);
    let new = NewDeviceGroup {
        name: "web".into(),
        description: String::new(),
        rank: None,
        rule: Rule::from_json(&json!({"field": "name", "op": "equals", "value": "web"})).expect("a rule"),
        criticality: Criticality::Normal,
        automation: Automation::None,
    };
    let group = world.api.create_device_group(tenant, &new, NOW).await.expect("a group").id;
    let vuln = world.db.state(DbRole::Vuln).await;
    let numbers = vuln.device_ordinals(tenant, &[web, db]).await.expect("numbers");
    let (web, db) = (numbers[&web], numbers[&db]);
    let mut write = AssessmentWrite {
        components: vec![component(1, "openssl", &[web, db]), component(2, "curl", &[db])],
        point: Some(ExposurePoint { exposure: 10.0, devices: 2, findings: 2 }),
        ..AssessmentWrite::default()
    };
    found(&mut write, 1, "CVE-1", "high", 2);
    vuln.write_assessment(tenant, &write, NOW).await.expect("written");
    Judged { world, vuln, group, write }
}

impl Judged {
    fn tenant(&self) -> TenantId {
        self.world.tenant.id
    }

    async fn events(&self, scope: &DeviceScope) -> Vec<VulnerabilityEvent> {
        let wanted = EventQuery { range: newest(), ..EventQuery::default() };
        self.world.api.vulnerability_events(self.tenant(), scope, &wanted).await.expect("listed").items
    }

    async fn kinds(&self, scope: &DeviceScope) -> Vec<(EventKind, String)> {
        self.events(scope).await.into_iter().map(|e| (e.kind, e.subject)).collect()
    }
}

fn newest() -> Range {
    Range { descending: true, ..Range::default() }
}

#[tokio::test]
async fn an_assessment_tells_what_it_changed_once_and_limited_callers_what_is_theirs() {
    let mut j = judged().await;
    let (tenant, all) = (j.tenant(), DeviceScope::all());
    assert_eq!(j.kinds(&all).await, [(EventKind::FirstAssessment, "first".to_owned())]);
    let webhook = j.world.api.create_webhook(tenant, &new_webhook("w"), NOW).await.expect("a webhook").id;
    let high = NewNotificationRule {
        severity: "high".into(),
        ..rule_for("high", &[EventKind::NewVulnerability, EventKind::VulnerabilityFixed], &[webhook])
    };
    let of_web = NewNotificationRule {
        group: Some(j.group),
        ..rule_for("web", &[EventKind::NewVulnerability], &[webhook])
    };
    for rule in [&high, &of_web] {
        j.world.api.create_notification_rule(tenant, rule, "test", NOW).await.expect("a rule");
    }
    // On the device `db` only: one bad one and one that nobody minds.
    found(&mut j.write, 2, "CVE-2", "critical", 1);
    found(&mut j.write, 2, "CVE-3", "low", 1);
    j.vuln.write_assessment(tenant, &j.write, after(60)).await.expect("written");
    let told = j.kinds(&all).await;
    let expected = [(EventKind::NewVulnerability, "CVE-2"), (EventKind::NewVulnerability, "CVE-3")];
    let told: BTreeSet<(EventKind, &str)> = told.iter().map(|(k, s)| (*k, s.as_str())).collect();
    assert!(expected.iter().all(|e| told.contains(e)) && told.len() == 3, "{told:?}");
    let deliveries = DeliveryQuery { range: newest(), ..DeliveryQuery::default() };
    let queued = j.world.api.notification_deliveries(tenant, &deliveries).await.expect("listed");
    assert_eq!(queued.total, 1, "one rule, one webhook: none for the group that it does not concern");
    let delivery = &queued.items[0];
    assert_eq!(
        (delivery.rule.as_ref().map(|r| r.1.as_str()), delivery.state.as_str()),
        (Some("high"), "queued")
    );
    assert_eq!(delivery.document["events"].as_array().map(Vec::len), Some(1));
    assert_eq!(delivery.document["events"][0]["subject"], "CVE-2");
    let rules = j.world.api.notification_rules(tenant).await.expect("listed");
    assert_eq!(rules.iter().map(|r| r.last_fired_at.is_some()).collect::<Vec<_>>(), [true, false]);

    // Written again, as after a lost answer, nothing is told twice.
    j.vuln.write_assessment(tenant, &j.write, after(61)).await.expect("written");
    j.vuln.write_assessment(tenant, &j.write, after(60)).await.expect("written");
    assert_eq!(j.events(&all).await.len(), 3);
    assert_eq!(j.world.api.notification_deliveries(tenant, &deliveries).await.expect("listed").total, 1);

    let limited = DeviceScope::groups(vec![j.group]);
    assert!(j.kinds(&limited).await.is_empty(), "nothing of it is on web");
    found(&mut j.write, 1, "CVE-4", "medium", 2);
    j.write.point = Some(ExposurePoint { exposure: 13.0, devices: 2, findings: 5 });
    j.vuln.write_assessment(tenant, &j.write, after(120)).await.expect("written");
    let seen = j.events(&limited).await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!((seen[0].subject.as_str(), seen[0].devices), ("CVE-4", 1), "counted are their devices");
    assert_eq!((seen[0].exposure, seen[0].effect), ((None, None), None));
    assert!(seen[0].detail.get("components").is_none() && seen[0].detail["cause"] == "new_advice");
    let whole = j.events(&all).await;
    let moved = whole.iter().find(|e| e.kind == EventKind::ExposureChanged).expect("it moved");
    assert_eq!((moved.effect, moved.devices), (Some(3.0), 0));
    j.vuln.close().await;
}

#[tokio::test]
async fn events_are_filtered_and_paged() {
    let mut j = judged().await;
    let tenant = j.tenant();
    for n in 0..5 {
        found(&mut j.write, 2, &format!("CVE-9-{n}"), if n == 0 { "critical" } else { "low" }, 1);
        j.vuln.write_assessment(tenant, &j.write, after(60 * (n + 1))).await.expect("written");
    }
    let all = DeviceScope::all();
    let list = async |wanted: EventQuery| {
        let page = j.world.api.vulnerability_events(tenant, &all, &wanted).await.expect("listed");
        page.items.into_iter().map(|e| e.subject).collect::<Vec<_>>()
    };
    let usual = || EventQuery { range: newest(), ..EventQuery::default() };
    assert_eq!(list(EventQuery { severity: vec!["critical".into()], ..usual() }).await, ["CVE-9-0"]);
    assert_eq!(list(EventQuery { subject: Some("CVE-9-3".into()), ..usual() }).await, ["CVE-9-3"]);
    assert_eq!(list(EventQuery { search: Some("cve-9-2".into()), ..usual() }).await, ["CVE-9-2"]);
    assert_eq!(
        list(EventQuery { since: Some(after(240)), until: Some(after(300)), ..usual() }).await,
        ["CVE-9-3"]
    );
    assert_eq!(list(EventQuery { kind: vec!["first_assessment".into()], ..usual() }).await, ["first"]);
    for descending in [true, false] {
        let mut range = Range { descending, limit: 2, cursor: None };
        let mut seen = Vec::new();
        loop {
            let wanted = EventQuery { range: range.clone(), ..EventQuery::default() };
            let page = j.world.api.vulnerability_events(tenant, &all, &wanted).await.expect("a page");
            assert_eq!(page.total, 6);
            seen.extend(page.items.into_iter().map(|e| e.at));
            match page.next_cursor {
                Some(cursor) => range.cursor = Some(cursor),
                None => break,
            }
        }
        let sorted = |a: &TimeMicros, b: &TimeMicros| if descending { a >= b } else { a <= b };
        assert_eq!(seen.len(), 6);
        assert!(seen.windows(2).all(|w| sorted(&w[0], &w[1])), "{seen:?}");
    }
    let bad = EventQuery { range: Range { cursor: Some("x".into()), ..newest() }, ..EventQuery::default() };
    let refused = j.world.api.vulnerability_events(tenant, &all, &bad).await.expect_err("no cursor");
    assert_eq!(refused.code(), "cursor_invalid");
    j.vuln.close().await;
}

#[tokio::test]
async fn exceptions_are_told_when_they_are_made_and_when_they_end() {
    let j = judged().await;
    let (tenant, all) = (j.tenant(), DeviceScope::all());
    let new = NewException {
        subject: ExceptionSubject::Vulnerability("CVE-1".into()),
        group: Some(j.group),
        justification: Justification::RiskAccepted,
        note: "for a day".into(),
        expires_at: Some(after(86_400)),
        created_by: "Ann".into(),
    };
    let made = j.world.api.create_vulnerability_exception(tenant, &all, &new, after(10)).await.expect("made");
    for at in [20, 40] {
        j.vuln.write_assessment(tenant, &j.write, after(at)).await.expect("written");
    }
    let of = |events: Vec<VulnerabilityEvent>| -> Vec<(EventKind, TimeMicros, u64)> {
        let own = events.into_iter().filter(|e| e.subject == made.id.to_string());
        own.map(|e| (e.kind, e.at, e.devices)).collect()
    };
    assert_eq!(of(j.events(&all).await), [(EventKind::ExceptionMade, after(10), 1)], "once, of its group");
    j.vuln.write_assessment(tenant, &j.write, after(90_000)).await.expect("written");
    j.vuln.write_assessment(tenant, &j.write, after(90_001)).await.expect("written");
    let told = of(j.events(&all).await);
    assert_eq!(told[0], (EventKind::ExceptionEnded, after(86_400), 1));
    assert_eq!(told.len(), 2);
    j.vuln.close().await;
}

#[tokio::test]
async fn a_remediations_change_is_told_once_to_those_whom_it_concerns() {
    let w = world().await;
    let tenant = w.tenant.id;
    let device = enrol(&w.db, tenant, "web").await;
    let vuln = w.db.state(DbRole::Vuln).await;
    vuln.device_ordinals(tenant, &[device]).await.expect("a number");
    let webhook = w.api.create_webhook(tenant, &new_webhook("w"), NOW).await.expect("a webhook").id;
    let rule = rule_for("r", &[EventKind::RemediationChanged], &[webhook]);
    w.api.create_notification_rule(tenant, &rule, "test", NOW).await.expect("a rule");
    for _ in 0..2 {
        w.api.remediation_event(tenant, &notice("running", vec![device]), NOW).await.expect("written");
    }
    w.api.remediation_event(tenant, &notice("completed", vec![device]), after(1)).await.expect("written");
    let wanted = EventQuery { range: newest(), ..EventQuery::default() };
    let events = w.api.vulnerability_events(tenant, &DeviceScope::all(), &wanted).await.expect("listed");
    assert_eq!(events.total, 2);
    let nobody = DeviceScope::groups(Vec::new());
    assert_eq!(w.api.vulnerability_events(tenant, &nobody, &wanted).await.expect("listed").total, 0);
    let queued = w.api.notification_deliveries(tenant, &DeliveryQuery::default()).await.expect("listed");
    assert_eq!(queued.total, 2);
    vuln.close().await;
}

#[tokio::test]
async fn a_webhooks_secrets_are_read_by_nobody_but_connect_and_wiped_at_its_end() {
    let w = world().await;
    let tenant = w.tenant.id;
    let made = w.api.create_webhook(tenant, &new_webhook("Chat"), NOW).await.expect("made");
    assert!(made.last.is_none() && made.headers == ["authorization"]);
    assert_eq!(
        w.api.create_webhook(tenant, &new_webhook("chat"), NOW).await.expect_err("taken").code(),
        "conflict"
    );
    let bad = NewWebhook { settings: json!({"x": 1}), ..new_webhook("bad") };
    assert_eq!(w.api.create_webhook(tenant, &bad, NOW).await.expect_err("bad").code(), "invalid_argument");
    for role in [DbRole::Api, DbRole::Vuln, DbRole::Estate, DbRole::Lake, DbRole::Ingest] {
        let mut connection = w.db.options(role).region.connect().await.expect("connects");
        for column in ["target", "secret"] {
            let sql = format!("SELECT {column} FROM notification_webhooks");
            let read = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await;
            assert!(read.is_err(), "{role} reads {column}");
        }
    }
    let moved =
        WebhookChange { target: Some(("https://evil.example".into(), vec![9])), ..WebhookChange::default() };
    let refused = w.api.change_webhook(tenant, made.id, &moved, NOW).await.expect_err("another host");
    assert_eq!(refused.code(), "webhook_secret_needed");
    let whole = WebhookChange { secret: Some((Vec::new(), vec![8])), ..moved };
    let changed = w.api.change_webhook(tenant, made.id, &whole, NOW).await.expect("with its own secret");
    assert_eq!((changed.origin.as_str(), changed.headers.len()), ("https://evil.example", 0));
    let rule = rule_for("r", &[EventKind::FeedTrouble], &[made.id]);
    let rule = w.api.create_notification_rule(tenant, &rule, "test", NOW).await.expect("a rule");
    w.api.end_webhook(tenant, made.id, NOW).await.expect("ended");
    assert_eq!(w.api.webhook(tenant, made.id).await.expect_err("gone").code(), "not_found");
    assert!(w.api.notification_rule(tenant, rule.id).await.expect("there").rule.webhooks.is_empty());
    let mut superuser = w.db.superuser().connect().await.expect("connects");
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM notification_webhooks WHERE target IS NOT NULL OR secret IS NOT NULL",
    )
    .fetch_one(&mut superuser)
    .await
    .expect("counted");
    assert_eq!(left, 0);
    let unknown = rule_for("u", &[EventKind::FeedTrouble], &[made.id]);
    let refused =
        w.api.create_notification_rule(tenant, &unknown, "test", NOW).await.expect_err("no webhook");
    assert_eq!(refused.code(), "not_found");
}

fn failed(again: Option<u64>) -> DeliveryOutcome {
    DeliveryOutcome {
        again,
        status: Some(503),
        code: "webhook_status".into(),
        error: "it answered 503".into(),
        ..DeliveryOutcome::default()
    }
}

#[tokio::test]
async fn two_workers_never_take_the_same_and_what_fails_comes_again_until_it_is_dead() {
    let w = world().await;
    let tenant = w.tenant.id;
    let connect = w.db.state(DbRole::Connect).await;
    let webhook = w.api.create_webhook(tenant, &new_webhook("w"), NOW).await.expect("a webhook").id;
    for _ in 0..20 {
        w.api.test_webhook(tenant, webhook, NOW).await.expect("queued");
    }
    let (a, b) = tokio::join!(
        connect.claim_deliveries(tenant, "a", 20, NOW),
        connect.claim_deliveries(tenant, "b", 20, NOW)
    );
    let (a, b) = (a.expect("taken"), b.expect("taken"));
    let ids: BTreeSet<Uuid> = a.iter().chain(&b).map(|c| c.id).collect();
    assert_eq!((ids.len(), a.len() + b.len()), (20, 20));
    let first = a.first().or(b.first()).expect("one");
    let worker = if a.is_empty() { "b" } else { "a" };
    assert_eq!(
        (first.attempt, first.target.as_slice(), first.secret.as_slice()),
        (1, &[1, 2][..], &[3, 4][..])
    );
    assert_eq!(
        first.document.ticket.as_ref().map(|t| t.title.as_str()),
        Some("A test of Palisade: nothing has happened")
    );

    // Somebody else's word does not count.
    connect.delivery_ended(tenant, (first.id, "c"), &failed(None), NOW).await.expect("ignored");
    connect.delivery_ended(tenant, (first.id, worker), &failed(Some(30)), NOW).await.expect("written");
    let shown = w.api.notification_delivery(tenant, first.id).await.expect("there");
    assert_eq!((shown.state.as_str(), shown.status, shown.next_at), ("retrying", Some(503), Some(after(30))));
    assert!(connect.claim_deliveries(tenant, "a", 5, after(29)).await.expect("taken").is_empty());
    let again = connect.claim_deliveries(tenant, "a", 1, after(30)).await.expect("taken");
    assert_eq!((again[0].id, again[0].attempt), (first.id, 2));
    connect.delivery_ended(tenant, (first.id, "a"), &failed(None), after(31)).await.expect("written");
    let dead = w.api.notification_delivery(tenant, first.id).await.expect("there");
    assert_eq!(
        (dead.state.as_str(), dead.error_code.as_str(), dead.next_at),
        ("dead", "webhook_status", None)
    );
    let retried = w.api.retry_delivery(tenant, first.id, after(32)).await.expect("again");
    assert_eq!((retried.state.as_str(), retried.attempts), ("queued", 0));
    let refused = w.api.retry_delivery(tenant, first.id, after(32)).await.expect_err("not dead");
    assert_eq!(refused.code(), "conflict");

    // What a worker that died had taken is taken by another once its time is over.
    let left = connect.claim_deliveries(tenant, "z", 50, after(600)).await.expect("taken");
    assert_eq!(left.len(), 20);
    let done = DeliveryOutcome { delivered: true, status: Some(200), ..DeliveryOutcome::default() };
    connect.delivery_ended(tenant, (left[0].id, "z"), &done, after(601)).await.expect("written");
    let last = w.api.webhook(tenant, webhook).await.expect("there").last.expect("something was sent");
    assert_eq!(last.at, after(600));
    assert_eq!(connect.prune_deliveries(tenant, after(91 * 86_400)).await.expect("pruned"), 1);
    connect.close().await;
}

#[tokio::test]
async fn what_goes_out_in_a_minute_and_what_waits_are_bounded() {
    let w = world().await;
    let tenant = w.tenant.id;
    let connect = w.db.state(DbRole::Connect).await;
    let webhook = w.api.create_webhook(tenant, &new_webhook("w"), NOW).await.expect("a webhook").id;
    for _ in 0..MOST_OPEN {
        w.api.test_webhook(tenant, webhook, NOW).await.expect("queued");
    }
    let over = w.api.test_webhook(tenant, webhook, NOW).await.expect("written down");
    assert_eq!((over.state.as_str(), over.error_code.as_str()), ("dead", "queue_full"));
    let taken = connect.claim_deliveries(tenant, "a", 1_000, NOW).await.expect("taken");
    assert_eq!(i64::try_from(taken.len()).expect("few"), PER_MINUTE);
    assert!(connect.claim_deliveries(tenant, "a", 1_000, after(30)).await.expect("none").is_empty());
    let next = connect.claim_deliveries(tenant, "a", 10, after(61)).await.expect("taken");
    assert_eq!(next.len(), 10);
    // Nothing is sent to what was switched off.
    let off = WebhookChange { enabled: Some(false), ..WebhookChange::default() };
    w.api.change_webhook(tenant, webhook, &off, after(62)).await.expect("off");
    assert!(connect.claim_deliveries(tenant, "a", 1_000, after(200)).await.expect("none").is_empty());
    let dead = DeliveryQuery { state: vec!["dead".into()], ..DeliveryQuery::default() };
    let dead = w.api.notification_deliveries(tenant, &dead).await.expect("listed");
    assert!(dead.items.iter().any(|d| d.error_code == "webhook_off"));
    connect.close().await;
}

#[tokio::test]
async fn a_subject_has_one_ticket_in_each_system_and_keeps_its_address() {
    let w = world().await;
    let tenant = w.tenant.id;
    let connect = w.db.state(DbRole::Connect).await;
    let subject = "remediation:1".to_owned();
    let request = TicketRequest {
        subject: subject.clone(),
        title: "Update openssl".into(),
        priority: "high".into(),
        due_at: Some(after(86_400)),
        devices: 3,
        ..TicketRequest::default()
    };
    assert!(w.api.queue_ticket(tenant, &request, NOW).await.expect("nothing to do").is_empty());
    let first = w.api.create_webhook(tenant, &new_webhook("jira"), NOW).await.expect("a webhook").id;
    let quiet = NewWebhook { tickets: false, ..new_webhook("chat") };
    w.api.create_webhook(tenant, &quiet, NOW).await.expect("a webhook");
    let queued = w.api.queue_ticket(tenant, &request, NOW).await.expect("queued");
    assert_eq!(queued.len(), 1, "only where tickets are opened");
    assert!(w.api.queue_ticket(tenant, &request, NOW).await.expect("there").is_empty());
    let waiting = w.api.tickets_of(tenant, &[subject.clone(), "other".into()]).await.expect("read");
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[&subject].state.as_str(), waiting[&subject].url.as_str()), ("queued", ""));
    // A second system later gets its own.
    w.api.create_webhook(tenant, &new_webhook("servicenow"), NOW).await.expect("a webhook");
    assert_eq!(w.api.queue_ticket(tenant, &request, after(1)).await.expect("queued").len(), 1);
    let taken = connect.claim_deliveries(tenant, "a", 10, after(1)).await.expect("taken");
    let of_first = taken.iter().find(|c| c.webhook == first).expect("the first");
    let ticket = of_first.document.ticket.as_ref().expect("a ticket");
    assert_eq!((ticket.devices, ticket.due_at.as_deref()), (3, Some(after(86_400).to_rfc3339().as_str())));
    let opened = DeliveryOutcome {
        delivered: true,
        status: Some(201),
        ticket_key: "SEC-7".into(),
        ticket_url: "https://jira.example/browse/SEC-7".into(),
        ..DeliveryOutcome::default()
    };
    connect.delivery_ended(tenant, (of_first.id, "a"), &opened, after(2)).await.expect("written");
    for other in taken.iter().filter(|c| c.webhook != first) {
        connect.delivery_ended(tenant, (other.id, "a"), &failed(None), after(2)).await.expect("written");
    }
    let ticket =
        w.api.tickets_of(tenant, std::slice::from_ref(&subject)).await.expect("read").remove(&subject);
    let ticket = ticket.expect("a ticket");
    assert_eq!((ticket.key.as_str(), ticket.webhook.as_str()), ("SEC-7", "jira"));
    assert_eq!(ticket.url, "https://jira.example/browse/SEC-7");
    assert_eq!(w.api.queue_ticket(tenant, &request, after(3)).await.expect("again").len(), 1, "the dead one");
    assert_eq!(
        connect.prune_deliveries(tenant, after(400 * 86_400)).await.expect("pruned"),
        0,
        "tickets stay"
    );
    let nobody = TicketRequest::default();
    assert_eq!(
        w.api.queue_ticket(tenant, &nobody, NOW).await.expect_err("no subject").code(),
        "invalid_argument"
    );
    connect.close().await;
}
