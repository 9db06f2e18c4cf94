//! What is there of tenant alpha, for paths to name.

use palisade_state::estate::{NewConnector, NewSubscription};
use palisade_state::{DbRole, DeviceScope, NewOrder, NewToken, Role, Tenant, TokenScope};
use palisade_types::{DeviceId, MachineId, TimeMicros};
use serde_json::json;

use crate::world::{HOUR, Side, World, group_of};

/// Objects of tenant alpha that paths can name.
pub(super) struct Objects {
    pub(super) order: String,
    pub(super) token: String,
    pub(super) user: String,
    /// An account that stays, and one that is only invited.
    pub(super) kept: String,
    pub(super) invited: String,
    pub(super) enrolment: String,
    pub(super) session: String,
    /// Of the reader.
    pub(super) reader_session: String,
    pub(super) reader_token: String,
    /// A device group that stays, and one that may be deleted.
    pub(super) group: String,
    pub(super) spare_group: String,
    pub(super) subscription: String,
    /// A connector that stays, and one that may be ended.
    pub(super) connector: String,
    pub(super) spare_connector: String,
    pub(super) machine: String,
    pub(super) rate_card: String,
    /// A software and an exception; vulnerability and recommendation have names that are known.
    pub(super) software: String,
    pub(super) exception: String,
    /// A webhook and a rule that stay, others that may be deleted, and a delivery that was given up.
    pub(super) webhook: String,
    pub(super) spare_webhook: String,
    pub(super) rule: String,
    pub(super) spare_rule: String,
    pub(super) delivery: String,
    /// A remediation, and one that is over.
    pub(super) remediation: String,
    pub(super) spare_remediation: String,
    /// A rule that warns of an application, and one that may be ended.
    pub(super) block: String,
    pub(super) spare_block: String,
    /// A link to a query; queries of the administrator, one that stays and one that may be deleted.
    pub(super) link: String,
    pub(super) saved_query: String,
    pub(super) spare_query: String,
    /// A download of the administrator's.
    pub(super) export: String,
    /// Exports by the clock of the administrator's: one with a file, one that may be deleted.
    pub(super) scheduled: String,
    pub(super) spare_scheduled: String,
    pub(super) export_run: String,
}

/// Of the device that everybody sees.
pub(super) const VULNERABILITY: &str = "CVE-2026-0001";
pub(super) const RECOMMENDATION: &str = "update-openssl";
/// What every device runs; and profiles that somebody made: one that stays, and one that may be deleted.
pub(super) const BASELINE: &str = "server-level1";
pub(super) const PROFILE: &str = "kept";
pub(super) const SPARE_PROFILE: &str = "spare";

/// What the vuln process would write of a device: a package, what is wrong with it, what to do, and the rest
/// of its inventory. Gives the software's identifier.
pub(super) async fn vulnerable(
    world: &World,
    tenant: &Tenant,
    device: DeviceId,
    (number, package): (i64, &str),
    (vulnerability, recommendation): (&str, &str),
) -> String {
    use palisade_state::vulnerabilities::SoftwareQuery;
    let now = TimeMicros::now();
    let mut rows = palisade_testkit::VulnerableRows::new(&world.db, tenant.id, now).await;
    rows.component(number, ["Debian:12", "debian:12", package, "1.0"], &[device], &[device]).await;
    rows.vulnerability(vulnerability, "high", Some(7.5), false).await;
    rows.finding(number, vulnerability, "1.1").await;
    rows.case(number, vulnerability, &json!({ "vulnerability": vulnerability })).await;
    rows.recommendation(recommendation, [package, "1.1"], &[device], 1.0).await;
    rows.exposure(device, 50.0, 1.0).await;
    let item = json!([{"fingerprint": package, "subject": package, "name": package, "path": package, "store": "own"}]);
    for part in ["certificates/0", "extensions/0", "shares/0"] {
        rows.part(device, part, item.clone()).await;
    }
    rows.baseline(device, (BASELINE, ""), &[("ssh.permit_root_login", "not_compliant")]).await;
    rows.secure(device, &[], &["ssh.permit_root_login"], 1.0).await;
    rows.part(device, "head", json!({"hardware": {"vendor": package}, "boot": null})).await;
    let query = SoftwareQuery { search: Some(package.to_owned()), ..SoftwareQuery::default() };
    let page = world.state.software(tenant.id, &DeviceScope::all(), &query, now).await.expect("software");
    page.items[0].id.clone()
}

/// An exception for a vulnerability, on the devices of a group or everywhere.
pub(super) async fn exception_of(
    world: &World,
    tenant: &Tenant,
    vulnerability: &str,
    group: Option<&str>,
) -> String {
    use palisade_state::vulnerabilities::{ExceptionSubject, Justification, NewException};
    let now = TimeMicros::now();
    let new = NewException {
        subject: ExceptionSubject::Vulnerability(vulnerability.to_owned()),
        group: group.map(|id| id.parse().expect("an id")),
        // One that holds everywhere is also a case to test the matcher with.
        justification: if group.is_some() { Justification::RiskAccepted } else { Justification::Inaccurate },
        note: format!("about {vulnerability}"),
        expires_at: Some(now.plus_micros(HOUR)),
        created_by: "test".to_owned(),
    };
    let made = world.state.create_vulnerability_exception(tenant.id, &DeviceScope::all(), &new, now).await;
    palisade_testkit::VulnerableRows::new(&world.db, tenant.id, now).await.keep_cases().await;
    made.expect("an exception").id.to_string()
}

/// A rule that warns of what a recommendation updates, on the devices of a group or everywhere.
pub(super) async fn block_of(world: &World, tenant: &Tenant, recommendation: &str, days: i64) -> String {
    use palisade_state::vulnerabilities::blocks::{BlockMode, BlockSubject, NewBlock};
    let now = TimeMicros::now();
    let new = NewBlock {
        subject: if days > 1 {
            BlockSubject::Recommendation(recommendation.to_owned())
        } else {
            BlockSubject::Software(palisade_state::vulnerabilities::blocks::BlockTarget {
                ecosystem: "debian:12".to_owned(),
                source: recommendation.to_owned(),
                ..Default::default()
            })
        },
        group: None,
        mode: BlockMode::Warn,
        message: "ask us".to_owned(),
        note: format!("about {recommendation}"),
        confirm_reason: None,
        expires_at: now.plus_micros(days * 24 * HOUR),
        created_by: "test".to_owned(),
        created_by_id: None,
    };
    let made = world.state.create_application_block(tenant.id, &DeviceScope::all(), &new, now).await;
    made.expect("a rule").id.to_string()
}

/// A remediation that sensors could carry out, or one that was given up.
pub(super) async fn remediation_of(
    world: &World,
    tenant: &Tenant,
    recommendation: &str,
    cancelled: bool,
) -> String {
    use palisade_state::remediations::{Decision, NewRemediation, RemediationState};
    let (now, scope) = (TimeMicros::now(), DeviceScope::all());
    let plan = json!({
        "dry_run_only": true, "at_once": 1, "canary": true, "soak_minutes": 1, "window": null,
    });
    let new = NewRemediation {
        recommendation: recommendation.to_owned(),
        title: format!("do {recommendation}"),
        ecosystem: "debian:12".to_owned(),
        owner: "test".to_owned(),
        due_at: None,
        priority: "low".to_owned(),
        note: String::new(),
        group: None,
        run: Some(json!({ "plan": plan, "named": [] })),
        created_by: "test".to_owned(),
        created_by_id: None,
    };
    let made = world.state.create_remediation(tenant.id, &scope, &new, now).await.expect("a remediation");
    if cancelled {
        let decision = Decision {
            from: &[RemediationState::Requested],
            to: RemediationState::Cancelled,
            run: None,
            approved_by: None,
            again: false,
            back: false,
            reason_code: "",
        };
        world.state.decide_remediation(tenant.id, &scope, made.id, &decision, now).await.expect("given up");
    }
    made.id.to_string()
}

pub(super) async fn objects(world: &World) -> Objects {
    let (state, a, now) = (&world.state, &world.a, TimeMicros::now());
    let expires_at = now.plus_micros(HOUR);
    let new = NewOrder {
        device: a.device,
        kind: "ping".to_owned(),
        reason: "test".to_owned(),
        requested_by: "test".to_owned(),
        requested_by_id: None,
        expires_at,
    };
    let order = state
        .create_order(a.tenant.id, &DeviceScope::all(), new, |_, _| Ok::<_, String>(vec![1]), now)
        .await
        .expect("an order");
    let new = NewToken {
        name: "old".to_owned(),
        role: Role::Reader,
        scope: TokenScope::default(),
        expires_at: Some(expires_at),
    };
    let (token, _) = state.create_token(a.tenant.id, Some(a.admin_user), new, now).await.expect("a token");
    let new = palisade_state::NewEnrolmentToken {
        created_by: "test".to_owned(),
        expires_at,
        max_uses: 1,
        ..palisade_state::NewEnrolmentToken::default()
    };
    let (enrolment, _) =
        state.create_enrolment_token(a.tenant.id, new, now).await.expect("an enrolment token");
    let new = palisade_state::NewUser {
        email: "gone@a.example".to_owned(),
        name: "Gone".to_owned(),
        role: Role::Reader,
        groups: None,
        valid_for: None,
    };
    let invite = async |email: &str| {
        let new = palisade_state::NewUser { email: email.to_owned(), ..new.clone() };
        state.invite_user(a.tenant.id, new, now).await.expect("invited").0.id.to_string()
    };
    let (kept, invited) = (invite("kept@a.example").await, invite("invited@a.example").await);
    let (user, _) = state.invite_user(a.tenant.id, new.clone(), now).await.expect("invited");
    let of_reader = state.sessions(a.tenant.id, a.reader_user, now).await.expect("sessions");
    let scope = TokenScope::default();
    let new = NewToken { name: "other".to_owned(), role: Role::Reader, scope, expires_at: Some(expires_at) };
    let (reader_token, _) =
        state.create_token(a.tenant.id, Some(a.reader_user), new, now).await.expect("a token");
    let sessions = state.sessions(a.tenant.id, a.admin_user, now).await.expect("sessions");
    let new = NewSubscription {
        name: "kept".to_owned(),
        kind: "ssh".to_owned(),
        external_id: String::new(),
        owner_tag: String::new(),
    };
    let subscription = state.create_subscription(a.tenant.id, &new, now).await.expect("a subscription").id;
    let connector = async |name: &str| {
        let settings = json!({"inventory": "web-1"});
        let new =
            NewConnector { subscription, kind: "ssh".into(), name: name.into(), settings, secret: None };
        state.create_connector(a.tenant.id, &new, now).await.expect("a connector").id.to_string()
    };
    let (kept_connector, spare_connector) = (connector("kept").await, connector("spare").await);
    let machine = machine_of(world, &a.tenant, a.device).await;
    let found = (VULNERABILITY, RECOMMENDATION);
    let software = Box::pin(vulnerable(world, &a.tenant, a.device, (1, "openssl"), found)).await;
    let group = group_of(state, &a.tenant, "kept").await.to_string();
    for name in [PROFILE, SPARE_PROFILE] {
        let document = json!({
            "format": "palisade-baseline-profile/1", "name": name, "title": "Own", "checks": ["ssh.*"],
        });
        let new = palisade_state::vulnerabilities::baselines::NewProfile {
            name: name.to_owned(),
            document,
            by: "test".to_owned(),
        };
        state.create_baseline_profile(a.tenant.id, &new, now).await.expect("a profile");
    }
    let webhook = webhook_of(world, &a.tenant, "kept").await;
    let (scheduled, export_run) = scheduled_of(world, "kept").await;
    Objects {
        export: export_of(world).await,
        spare_scheduled: scheduled_of(world, "spare").await.0,
        scheduled,
        export_run,
        software,
        exception: exception_of(world, &a.tenant, VULNERABILITY, Some(&group)).await,
        webhook: webhook.to_string(),
        spare_webhook: webhook_of(world, &a.tenant, "spare").await.to_string(),
        rule: rule_of(world, &a.tenant, "kept", webhook).await,
        spare_rule: rule_of(world, &a.tenant, "spare", webhook).await,
        delivery: dead_delivery_of(world, &a.tenant, webhook).await,
        block: block_of(world, &a.tenant, RECOMMENDATION, 30).await,
        spare_block: block_of(world, &a.tenant, "spare", 1).await,
        spare_remediation: Box::pin(remediation_of(world, &a.tenant, RECOMMENDATION, true)).await,
        remediation: Box::pin(remediation_of(world, &a.tenant, RECOMMENDATION, false)).await,
        subscription: subscription.to_string(),
        connector: kept_connector,
        spare_connector,
        machine: machine.to_string(),
        rate_card: rate_card_of(state, &a.tenant).await,
        order: order.id.to_string(),
        token: token.id.to_string(),
        user: user.id.to_string(),
        kept,
        invited,
        reader_session: of_reader[0].id.to_string(),
        reader_token: reader_token.id.to_string(),
        group,
        spare_group: group_of(state, &a.tenant, "spare").await.to_string(),
        enrolment: enrolment.id.to_string(),
        session: sessions[0].id.to_string(),
        link: hunting_of(world, a).await,
        saved_query: saved_query_of(world, a, "kept").await,
        spare_query: saved_query_of(world, a, "spare").await,
    }
}

/// A link and two functions.
async fn hunting_of(world: &World, side: &Side) -> String {
    let now = TimeMicros::now();
    for name in ["Kept", "Spare"] {
        let new = palisade_state::hunting::NewFunction {
            name: name.to_owned(),
            folder: String::new(),
            description: String::new(),
            parameters: "()".to_owned(),
            body: "DeviceInfo".to_owned(),
            tabular: true,
            columns: None,
            revision: None,
        };
        world.state.write_hunting_function(side.tenant.id, &new, "test", now).await.expect("a function");
    }
    world.state.link_query(side.tenant.id, "DeviceInfo", None, "test", now).await.expect("a link").id
}

/// A query that the administrator saved for themselves.
async fn saved_query_of(world: &World, side: &Side, name: &str) -> String {
    let owner = palisade_state::hunting::Person { id: side.admin_user.0, name: "test".to_owned() };
    let new = palisade_state::hunting::NewSavedQuery {
        name: name.to_owned(),
        folder: String::new(),
        description: String::new(),
        query: "DeviceInfo".to_owned(),
        shared: false,
    };
    let made = world.state.save_query(side.tenant.id, &owner, &new, TimeMicros::now()).await;
    made.expect("a saved query").id.to_string()
}

/// The machine of a device, made as the estate process makes it.
pub(super) async fn machine_of(world: &World, tenant: &Tenant, device: DeviceId) -> MachineId {
    let estate = world.db.state(DbRole::Estate).await;
    let now = TimeMicros::now();
    let view = estate.device_views(tenant.id, &[device]).await.expect("the device").remove(0);
    let machine = estate.link_device(tenant.id, &view, None, now).await.expect("linked").id;
    estate.close().await;
    machine
}

async fn rate_card_of(state: &palisade_state::State, tenant: &Tenant) -> String {
    let card = palisade_estate::metering::RateCard {
        currency: "EUR".parse().expect("a currency"),
        effective: TimeMicros(0),
        rates: std::collections::BTreeMap::new(),
    };
    let kept = state.put_rate_card(tenant.id, &card, "test", TimeMicros::now()).await;
    kept.expect("written").id.to_string()
}

async fn webhook_of(world: &World, tenant: &Tenant, name: &str) -> uuid::Uuid {
    let new = palisade_state::notifications::NewWebhook {
        id: uuid::Uuid::now_v7(),
        name: name.to_owned(),
        origin: "https://hooks.alpha.example".to_owned(),
        format: palisade_estate::notify::Format::Palisade,
        settings: json!({}),
        headers: Vec::new(),
        target: vec![1],
        secret: vec![1],
        tickets: false,
        enabled: true,
        created_by: "test".to_owned(),
    };
    world.state.create_webhook(tenant.id, &new, TimeMicros::now()).await.expect("a webhook").id
}

/// A download that the administrator has prepared.
async fn export_of(world: &World) -> String {
    let now = TimeMicros::now();
    let maker = world.state.authenticate_token(&world.a.admin, now).await.expect("the administrator");
    let new = palisade_state::hunting_exports::NewExportTicket {
        query: "DeviceInfo | take 1".to_owned(),
        format: "csv".to_owned(),
        max_rows: 1,
        deadline_ms: 1000,
        file_name: "walk.csv".to_owned(),
    };
    world.state.create_export_ticket(&maker, new, now).await.expect("a ticket").id.to_string()
}

/// An export by the clock of the administrator's with a run that left a file.
async fn scheduled_of(world: &World, name: &str) -> (String, String) {
    use palisade_state::hunting_exports::{ExportClock, ExportOutcome, NewScheduledExport};
    let (state, tenant, now) = (&world.state, world.a.tenant.id, TimeMicros::now());
    let maker = state.authenticate_token(&world.a.admin, now).await.expect("the administrator");
    let new = NewScheduledExport {
        name: name.to_owned(),
        query: "DeviceInfo | take 1".to_owned(),
        format: "csv".to_owned(),
        clock: ExportClock::Hour { minute: 0 },
        keep: 2,
        enabled: false,
    };
    let export = state.create_scheduled_export(&maker, &new, now).await.expect("an export").id;
    let run = state.request_export_run(tenant, export, now).await.expect("a run");
    let outcome = ExportOutcome { bytes: 5, ..ExportOutcome::default() };
    state.export_run_ended(tenant, &run, &outcome, now).await.expect("written");
    let folder = world.hunting.path().join("exports").join(tenant.to_string()).join(export.to_string());
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join(format!("{}.csv", run.id)), "walk\n").expect("written");
    (export.to_string(), run.id.to_string())
}

async fn rule_of(world: &World, tenant: &Tenant, name: &str, webhook: uuid::Uuid) -> String {
    let new = palisade_state::notifications::NewNotificationRule {
        name: name.to_owned(),
        enabled: true,
        kinds: vec![palisade_estate::notify::EventKind::FeedTrouble],
        webhooks: vec![webhook],
        ..Default::default()
    };
    let made = world.state.create_notification_rule(tenant.id, &new, "test", TimeMicros::now()).await;
    made.expect("a rule").id.to_string()
}

/// A delivery that the connect process gave up.
async fn dead_delivery_of(world: &World, tenant: &Tenant, webhook: uuid::Uuid) -> String {
    let connect = world.db.state(DbRole::Connect).await;
    let now = TimeMicros::now();
    let id = world.state.test_webhook(tenant.id, webhook, now).await.expect("queued").id;
    connect.claim_deliveries(tenant.id, "test", 10, now).await.expect("taken");
    let outcome = palisade_state::notifications::DeliveryOutcome::default();
    connect.delivery_ended(tenant.id, (id, "test"), &outcome, now).await.expect("written");
    connect.close().await;
    id.to_string()
}
