//! A subscription moves to a tenant of another region: what ends, what stays, and what the other sees.

use palisade_state::estate::NewSubscription;
use palisade_state::{
    CertificateStatus, DbRole, DeviceQuery, DeviceScope, DeviceStatus, FIRST_REGION, NewEnrolmentToken,
    State, StateError, TransferState,
};
use palisade_testkit::TestDb;
use palisade_types::{DeviceId, SubscriptionId, TenantId};
use sqlx::{ConnectOptions, Row};

use crate::common::{NOW, after, certificate, facts};

struct Moving {
    db: TestDb,
    owner: State,
    old: TenantId,
    new: TenantId,
    subscription: SubscriptionId,
    device: DeviceId,
}

/// Tenant `Old` in `local` with a subscription of one machine, tenant `New` in `eu` with none.
async fn moving() -> Moving {
    let db = TestDb::with_regions(&["eu"]).await;
    let owner = db.state(DbRole::Owner).await;
    let old = owner.create_tenant("Old", FIRST_REGION, NOW).await.expect("made").id;
    let new = owner.create_tenant("New", "eu", NOW).await.expect("made").id;
    let api = db.state(DbRole::Api).await;
    let made = NewSubscription {
        name: "Shop".into(),
        kind: "ssh".into(),
        external_id: "x-1".into(),
        owner_tag: "team".into(),
    };
    let subscription = api.create_subscription(old, &made, NOW).await.expect("made").id;
    let token = NewEnrolmentToken {
        created_by: "test".into(),
        expires_at: after(3600),
        max_uses: 2,
        subscription: Some(subscription),
        ..NewEnrolmentToken::default()
    };
    let (_, token) = owner.create_enrolment_token(old, token, NOW).await.expect("a token");
    let ingest = db.state(DbRole::Ingest).await;
    let device = enrol(&ingest, &token, "shop-1").await;
    let moving = Moving { db, owner, old, new, subscription, device };
    moving.connector(
        "INSERT INTO connectors (tenant_id, id, subscription_id, kind, name, settings, secret, state, created_at, changed_at)
         SELECT tenant_id, gen_random_uuid(), id, 'ssh', 'hosts', '{}', 'sealed', 'active', 0, 0
         FROM subscriptions WHERE id = $1",
    )
    .await;
    moving
}

async fn enrol(ingest: &State, token: &str, name: &str) -> DeviceId {
    let device = DeviceId::random();
    let enrolment = ingest.begin_enrolment(token, NOW).await.expect("a good token");
    let serial = &device.to_string()[..16];
    enrolment.finish(device, &facts(name), &certificate(serial), NOW).await.expect("enrolled");
    device
}

impl Moving {
    /// A connector with a credential, as the API writes it.
    async fn connector(&self, sql: &'static str) {
        let mut connection = self.db.superuser().connect().await.expect("connects");
        sqlx::query(sql).bind(self.subscription.0).execute(&mut connection).await.expect("written");
    }

    async fn status(&self) -> CertificateStatus {
        let serial = &self.device.to_string()[..16];
        self.owner.certificate_status(self.old, self.device, serial).await.expect("told")
    }
}

#[tokio::test]
async fn a_subscription_moves_to_another_region_and_leaves_its_history() {
    let w = moving().await;
    let plan = w.owner.plan_transfer(w.old, w.subscription, w.new).await.expect("planned");
    assert_eq!(
        (plan.name.as_str(), plan.from_region.as_str(), plan.to_region.as_str()),
        ("Shop", "local", "eu")
    );
    assert_eq!((plan.machines, plan.devices, plan.tokens), (1, 1, 1));
    assert_eq!(plan.connectors, ["hosts"]);
    assert!(w.owner.transfers(w.old).await.expect("reads").is_empty(), "a plan changes nothing");

    let begun = w.owner.prepare_transfer(w.old, w.subscription, w.new, "test", NOW).await.expect("prepared");
    let again = w.owner.prepare_transfer(w.old, w.subscription, w.new, "test", NOW).await.expect("the same");
    assert_eq!(
        (begun.id, begun.successor, begun.state),
        (again.id, again.successor, TransferState::Prepared)
    );
    let there = w.owner.subscriptions(w.new).await.expect("reads");
    let successor = there.iter().find(|s| s.id == begun.successor).expect("made");
    assert_eq!((successor.name.as_str(), successor.owner_tag.as_str()), ("Shop", "team"));
    assert_eq!(w.status().await, CertificateStatus::Active, "nothing has ended yet");

    let left = w.owner.offboard_transfer(begun.id, "test", after(1)).await.expect("let go");
    assert_eq!((left.state, left.machines), (TransferState::Offboarded, 1));
    assert_eq!(w.status().await, CertificateStatus::Revoked);
    assert!(w.owner.enrolment_tokens(w.old).await.expect("reads").is_empty());
    let mut connection = w.db.superuser().connect().await.expect("connects");
    let connector =
        sqlx::query("SELECT state, secret FROM connectors").fetch_one(&mut connection).await.expect("one");
    assert_eq!(connector.get::<&str, _>("state"), "revoked");
    assert_eq!(connector.get::<Option<Vec<u8>>, _>("secret"), None);

    let (moved, _, token) = w.owner.re_enrol_transfer(begun.id, "test", after(2)).await.expect("a token");
    assert_eq!(moved.state, TransferState::ReEnrolling);
    let (_, _, token_again) = w.owner.re_enrol_transfer(begun.id, "test", after(3)).await.expect("another");
    let door = State::connect(w.db.options_in("eu", DbRole::Ingest)).await.expect("connects");
    assert_eq!(door.begin_enrolment(&token, NOW).await.expect_err("ended").code(), "enrolment_token_invalid");
    let early =
        w.owner.finish_transfer(begun.id, false, "test", after(4)).await.expect_err("none has arrived");
    assert_eq!(early.code(), "conflict");
    let arrived = enrol(&door, &token_again, "shop-1").await;
    let done = w.owner.finish_transfer(begun.id, false, "test", after(5)).await.expect("all have arrived");
    assert_eq!(done.state, TransferState::Done);
    assert!(w.owner.enrolment_tokens(w.new).await.expect("reads").is_empty(), "its token has ended");

    let theirs = w
        .owner
        .devices(w.new, &DeviceScope::all(), &DeviceQuery::default(), after(6))
        .await
        .expect("reads")
        .items;
    assert_eq!(theirs.iter().map(|d| d.id).collect::<Vec<_>>(), [arrived]);
    let history = w
        .owner
        .device(w.old, &DeviceScope::all(), w.device, after(6))
        .await
        .expect("stays with the old tenant");
    assert_eq!((history.status, history.facts.name.as_str()), (DeviceStatus::Offboarded, "shop-1"));
    let unseen =
        w.owner.device(w.new, &DeviceScope::all(), w.device, after(6)).await.expect_err("not the new one's");
    assert_eq!(unseen.code(), "not_found");
    let old = w.owner.subscription(w.old, w.subscription).await.expect("stays as history");
    assert_eq!(old.state, "left");
    assert!(w.owner.open_transfer(w.old, w.subscription).await.expect("reads").is_none());
}

#[tokio::test]
async fn what_cannot_move_is_refused_and_a_prepared_move_can_be_called_off() {
    let w = moving().await;
    let code = |e: StateError| e.code();
    let own = w.owner.plan_transfer(w.old, w.subscription, w.old).await.expect_err("its own");
    assert_eq!(code(own), "conflict");
    let designated = w.owner.subscriptions(w.old).await.expect("reads");
    let designated = designated.iter().find(|s| s.designated).expect("one").id;
    let stays = w.owner.prepare_transfer(w.old, designated, w.new, "test", NOW).await.expect_err("stays");
    assert_eq!(code(stays), "conflict");
    let nobody = w.owner.prepare_transfer(w.old, w.subscription, TenantId::random(), "test", NOW).await;
    assert_eq!(code(nobody.expect_err("no such tenant")), "not_found");

    let begun = w.owner.prepare_transfer(w.old, w.subscription, w.new, "test", NOW).await.expect("prepared");
    let third = w.owner.create_tenant("Third", FIRST_REGION, NOW).await.expect("made").id;
    let elsewhere = w.owner.prepare_transfer(w.old, w.subscription, third, "test", NOW).await;
    assert_eq!(code(elsewhere.expect_err("on its way")), "conflict");
    let off = w.owner.cancel_transfer(begun.id, "test", after(1)).await.expect("called off");
    assert_eq!(off.state, TransferState::Cancelled);
    assert_eq!(w.owner.subscription(w.old, w.subscription).await.expect("reads").state, "active");
    assert_eq!(w.status().await, CertificateStatus::Active);
    assert_eq!(code(w.owner.offboard_transfer(begun.id, "test", NOW).await.expect_err("over")), "conflict");

    // A name that the other tenant has already: nothing has begun.
    let api = w.db.state(DbRole::Api).await;
    let same = NewSubscription {
        name: "SHOP".into(),
        kind: "direct".into(),
        external_id: String::new(),
        owner_tag: String::new(),
    };
    api.create_subscription(third, &same, NOW).await.expect("made");
    let taken = w.owner.prepare_transfer(w.old, w.subscription, third, "test", after(2)).await;
    assert_eq!(code(taken.expect_err("taken")), "conflict");
    assert_eq!(w.owner.subscription(w.old, w.subscription).await.expect("reads").state, "active");
    assert!(w.owner.open_transfer(w.old, w.subscription).await.expect("reads").is_none());
}
