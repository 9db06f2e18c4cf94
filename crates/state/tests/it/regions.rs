//! Regions: whose data lies where, what cannot change, and what is left of a tenant that is reset.

use palisade_state::{
    CertificateStatus, DbRole, DeviceQuery, DeviceScope, FIRST_REGION, NewEnrolmentToken, Role, State,
    StateError, scrub, search_tables, wipe_rows,
};
use palisade_testkit::TestDb;
use palisade_types::{DeviceId, TenantId, TimeMicros};
use sqlx::{ConnectOptions, Row};

use crate::common::{NOW, administrator, after, certificate, facts};

/// Tenant `Alpha` in `local`, `Beta` in `eu`, each with an administrator and a device.
struct TwoRegions {
    db: TestDb,
    owner: State,
    alpha: TenantId,
    beta: TenantId,
}

async fn two_regions() -> TwoRegions {
    let db = TestDb::with_regions(&["eu"]).await;
    let owner = db.state(DbRole::Owner).await;
    let alpha = owner.create_tenant("Alpha", FIRST_REGION, NOW).await.expect("made").id;
    let beta = owner.create_tenant("Beta", "eu", after(1)).await.expect("made").id;
    let api = db.state(DbRole::Api).await;
    administrator(&api, alpha, "ann@alpha.example").await;
    administrator(&api, beta, "ben@beta.example").await;
    api.close().await;
    TwoRegions { db, owner, alpha, beta }
}

async fn token(owner: &State, tenant: TenantId) -> String {
    let new = NewEnrolmentToken {
        created_by: "test".into(),
        expires_at: after(3600),
        max_uses: 1,
        ..NewEnrolmentToken::default()
    };
    owner.create_enrolment_token(tenant, new, NOW).await.expect("a token").1
}

async fn enrol(ingest: &State, token: &str, name: &str) -> DeviceId {
    let device = DeviceId::random();
    let enrolment = ingest.begin_enrolment(token, NOW).await.expect("a good token");
    let serial = &device.to_string()[..16];
    enrolment.finish(device, &facts(name), &certificate(serial), NOW).await.expect("enrolled");
    device
}

/// Rows of a tenant in a region's database, as the cluster's owner counts them.
async fn rows_of(options: &sqlx::postgres::PgConnectOptions, table: &str, tenant: TenantId) -> i64 {
    let mut connection = options.connect().await.expect("connects");
    let sql = format!("SELECT count(*) AS n FROM {table} WHERE tenant_id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).fetch_one(&mut connection).await;
    row.expect("counts").get("n")
}

#[tokio::test]
async fn a_tenants_rows_lie_in_its_regions_database_and_nowhere_else() {
    let w = two_regions().await;
    for table in ["users", "subscriptions", "sessions"] {
        assert!(rows_of(&w.db.superuser(), table, w.alpha).await > 0, "{table}");
        assert!(rows_of(&w.db.superuser_in("eu"), table, w.beta).await > 0, "{table}");
        assert_eq!(rows_of(&w.db.superuser_in("eu"), table, w.alpha).await, 0, "{table}");
        assert_eq!(rows_of(&w.db.superuser(), table, w.beta).await, 0, "{table}");
    }
    let names =
        |tenants: Vec<palisade_state::Tenant>| tenants.into_iter().map(|t| t.name).collect::<Vec<_>>();
    assert_eq!(names(w.owner.tenants().await.expect("reads")), ["Alpha", "Beta"]);
    let eu = State::connect(w.db.options_in("eu", DbRole::Lake)).await.expect("connects");
    assert_eq!(names(eu.tenants().await.expect("reads")), ["Beta"], "a region's role sees its own");
}

#[tokio::test]
async fn a_role_of_one_region_opens_no_other() {
    let w = two_regions().await;
    let eu = State::connect(w.db.options_in("eu", DbRole::Ingest)).await.expect("connects");
    let here = State::connect({
        let mut options = w.db.options(DbRole::Ingest);
        options.further.clear();
        options
    })
    .await
    .expect("connects");
    let (of_alpha, of_beta) = (token(&w.owner, w.alpha).await, token(&w.owner, w.beta).await);
    let refused = eu.begin_enrolment(&of_alpha, NOW).await.expect_err("another region's tenant");
    assert_eq!(refused.code(), "wrong_region");
    assert_eq!(here.begin_enrolment(&of_beta, NOW).await.expect_err("and back").code(), "wrong_region");
    let device = enrol(&eu, &of_beta, "b").await;
    let serial = device.to_string()[..16].to_owned();
    let status = async |state: &State| state.certificate_status(w.beta, device, &serial).await.expect("told");
    assert_eq!(status(&eu).await, CertificateStatus::Active);
    assert_eq!(status(&here).await, CertificateStatus::Unknown);
    assert!(!here.serves(w.beta).await.expect("told") && eu.serves(w.beta).await.expect("told"));
    assert!(!eu.serves(TenantId::random()).await.expect("told"));
    let unknown = eu.devices(TenantId::random(), &DeviceScope::all(), &DeviceQuery::default(), NOW).await;
    assert_eq!(unknown.expect_err("no such tenant").code(), "not_found");
    assert!(here.barred_certificates(w.beta, NOW).await.expect("told").is_empty());
}

#[tokio::test]
async fn the_region_of_a_tenant_is_fixed() {
    let w = two_regions().await;
    let refused = w.owner.set_tenant_region(w.alpha, "eu").await.expect_err("fixed");
    assert_eq!(refused.code(), "region_fixed");
    assert!(refused.is_user_error() && refused.to_string().contains("its rows, log and event store"));
    w.owner.set_tenant_region(w.alpha, FIRST_REGION).await.expect("is there already");
    assert_eq!(w.owner.set_tenant_region(w.alpha, "moon").await.expect_err("none").code(), "region_unknown");
    // Whoever asks: the database itself refuses.
    let mut connection = w.db.superuser_control().connect().await.expect("connects");
    let raised = sqlx::query("UPDATE tenants SET region = 'eu' WHERE id = $1").bind(w.alpha.0);
    let raised = raised.execute(&mut connection).await.expect_err("refused");
    assert!(raised.to_string().contains("the region of tenant Alpha is local"), "{raised}");
    assert_eq!(StateError::from(raised).code(), "region_fixed");
    let renamed = sqlx::query("UPDATE tenants SET name = 'Gamma' WHERE id = $1").bind(w.alpha.0);
    renamed.execute(&mut connection).await.expect("a name may change");
}

#[tokio::test]
async fn a_tenant_makes_itself_when_its_first_subscription_connects() {
    let db = TestDb::with_regions(&["eu"]).await;
    let api = db.state(DbRole::Api).await;
    let (made, new) = api.ensure_tenant("Gamma", Some("eu"), NOW).await.expect("made");
    assert!(new && made.region == "eu");
    let subscriptions = api.subscriptions(made.id).await.expect("reads");
    assert!(subscriptions.iter().any(|s| s.designated));
    let (again, new) = api.ensure_tenant("gamma", None, NOW).await.expect("is there");
    assert_eq!((again.id, new), (made.id, false));
    let elsewhere = api.ensure_tenant("gamma", Some(FIRST_REGION), NOW).await.expect_err("fixed");
    assert_eq!(elsewhere.code(), "region_fixed");
    assert_eq!(api.ensure_tenant("D", Some("moon"), NOW).await.expect_err("none").code(), "region_unknown");
    let (first, _) = api.ensure_tenant("E", None, NOW).await.expect("made");
    assert_eq!(first.region, FIRST_REGION);
    let estate = db.state(DbRole::Estate).await;
    let refused = estate.create_tenant("F", "eu", NOW).await.expect_err("not its right");
    assert_eq!(refused.code(), "internal");
}

#[tokio::test]
async fn nothing_is_left_of_a_tenant_that_is_reset_and_the_others_keep_theirs() {
    let w = two_regions().await;
    let other = w.owner.create_tenant("Delta", "eu", NOW).await.expect("made").id;
    let api = w.db.state(DbRole::Api).await;
    administrator(&api, other, "dan@delta.example").await;
    let ingest = State::connect(w.db.options_in("eu", DbRole::Ingest)).await.expect("connects");
    let device = enrol(&ingest, &token(&w.owner, w.beta).await, "b").await;
    let kept = enrol(&ingest, &token(&w.owner, other).await, "d").await;
    let words = |tenant: TenantId, device: DeviceId| {
        vec![tenant.to_string(), tenant.0.simple().to_string(), device.to_string()]
    };
    let before = search_tables(&w.db.superuser_in("eu"), &words(w.beta, device)).await.expect("searched");
    assert!(before.iter().any(|t| t.table.ends_with("\"devices\"") && t.hits == 1), "{before:?}");

    let wiped = wipe_rows(&w.db.superuser_in("eu"), w.beta).await.expect("wiped");
    assert_eq!(wiped.devices, [device]);
    assert!(wiped.rows["audit_log"] > 0 || wiped.rows["users"] == 1, "{wiped:?}");
    let anew = w.owner.renew_tenant(w.beta, "test", &wiped, after(5)).await.expect("anew");
    assert_eq!((anew.name.as_str(), anew.region.as_str()), ("Beta", "eu"));
    assert_ne!(anew.id, w.beta);
    for database in [w.db.superuser_in("eu"), w.db.superuser_control()] {
        scrub(&database).await.expect("scrubbed");
        let left = search_tables(&database, &words(w.beta, device)).await.expect("searched");
        assert!(left.len() >= 3 && left.iter().all(|t| t.hits == 0), "{left:?}");
    }
    assert_eq!(w.owner.tenant_tx(w.beta).await.expect_err("gone").code(), "not_found");
    let again = w.owner.renew_tenant(w.beta, "test", &wiped, after(6)).await;
    assert_eq!(again.expect_err("gone").code(), "not_found");

    assert_eq!(api.users(other).await.expect("reads").len(), 1, "the region's other tenant");
    let theirs = api.devices(other, &DeviceScope::all(), &DeviceQuery::default(), NOW).await.expect("reads");
    assert_eq!(theirs.items.iter().map(|d| d.id).collect::<Vec<_>>(), [kept]);
    assert!(api.users(anew.id).await.expect("reads").is_empty());
    administrator(&api, anew.id, "ben@beta.example").await;
    let deeds = w.owner.deeds(10).await.expect("reads");
    assert_eq!((deeds[0].kind.as_str(), deeds[0].target.as_str()), ("tenant.reset", "Beta"));
    assert!(!deeds[0].detail.to_string().contains(&w.beta.to_string()), "{:?}", deeds[0].detail);
}

#[tokio::test]
async fn a_deed_can_be_neither_changed_nor_removed() {
    let w = two_regions().await;
    let wiped = wipe_rows(&w.db.superuser(), w.alpha).await.expect("wiped");
    w.owner.renew_tenant(w.alpha, "test", &wiped, TimeMicros(NOW.0)).await.expect("anew");
    let mut connection = w.db.options(DbRole::Owner).control.connect().await.expect("connects");
    for sql in
        ["UPDATE instance_audit SET actor = 'x'", "DELETE FROM instance_audit", "TRUNCATE instance_audit"]
    {
        let refused = sqlx::query(sql).execute(&mut connection).await.expect_err("refused");
        assert!(refused.to_string().contains("permission denied"), "{sql}: {refused}");
    }
    let link = w.owner.create_setup_link(w.beta, Role::Administrator, NOW).await;
    link.expect("the other tenant goes on");
}
