//! A subscription moves by the guided procedure to a tenant of another region.

use palisade_e2e::VirtualSensor;
use palisade_state::estate::NewSubscription;
use palisade_state::{DeviceScope, NewEnrolmentToken};
use palisade_types::TimeMicros;

use super::world::{World, api_token, batch, palisade};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_moves_by_the_guided_procedure() {
    let world = World::new().await;
    let now = TimeMicros::now();
    let new = NewSubscription {
        name: "Shop".into(),
        kind: "ssh".into(),
        external_id: String::new(),
        owner_tag: String::new(),
    };
    let shop = world.owner.create_subscription(world.beta.id, &new, now).await.expect("made").id;
    let token = NewEnrolmentToken {
        created_by: "test".into(),
        expires_at: now.plus_micros(3_600_000_000),
        max_uses: 1,
        subscription: Some(shop),
        ..NewEnrolmentToken::default()
    };
    let (_, token) = world.owner.create_enrolment_token(world.beta.id, token, now).await.expect("a token");
    let old = VirtualSensor::enrol(&world.product, &token, "shop-1").await.expect("enrolled");
    old.upload(vec![batch("before-the-move", "/bin/shop")]).await.expect("uploaded");

    let transfer = ["subscriptions", "transfer", "Shop", "--to", "Alpha"];
    let with = |more: &'static str| [&transfer[..], &[more]].concat();
    let plan = palisade(&world.product, &with("--plan"));
    assert!(plan.contains("from region local to region eu") && plan.contains("1 machines leave"), "{plan}");
    let unasked = world.product.palisade(&transfer).output().expect("runs");
    assert!(!unasked.status.success(), "nobody can be asked");
    let told = palisade(&world.product, &with("--yes"));
    assert!(
        told.contains("offboarded: 1 machines") && told.contains("0 of 1 machines have arrived"),
        "{told}"
    );
    let token = told.lines().find(|l| l.starts_with("pale_")).expect("a token is printed");
    // What ingest knows of a certificate is a few seconds old at most.
    palisade_testkit::eventually("the old certificate is refused", async || {
        let refused = old.upload(vec![batch("after", "/bin/shop")]).await;
        refused.is_err_and(|e| format!("{e:#}").contains("certificate_revoked"))
    })
    .await;
    let wrong_door =
        VirtualSensor::enrol(&world.product, token, "shop-1").await.err().expect("another region's door");
    assert!(format!("{wrong_door:#}").contains("tenant_mismatch"), "{wrong_door:#}");
    let moved =
        VirtualSensor::enrol_at(&world.product, world.eu_door, token, "shop-1").await.expect("enrolled anew");
    moved.upload(vec![batch("behind-the-move", "/bin/shop")]).await.expect("uploaded");
    let done = palisade(&world.product, &transfer);
    assert!(done.contains("done: 1 of 1 machines"), "{done}");

    let (theirs, ours) = (
        api_token(&world.owner, world.alpha.id, "a").await,
        api_token(&world.owner, world.beta.id, "b").await,
    );
    palisade_testkit::eventually("the new tenant sees what came after", async || {
        world.rows_with(&theirs, "DeviceProcessEvents", "behind-the-move").await > 0
    })
    .await;
    assert_eq!(
        world.rows_with(&theirs, "DeviceProcessEvents", "before-the-move").await,
        0,
        "none of the history"
    );
    assert!(world.rows_with(&ours, "DeviceProcessEvents", "before-the-move").await > 0, "which stays");
    assert_eq!(world.rows_with(&ours, "DeviceProcessEvents", "behind-the-move").await, 0);
    let unseen = world.owner.device(world.alpha.id, &DeviceScope::all(), old.device, now).await;
    assert_eq!(unseen.expect_err("the old tenant's").code(), "not_found");
    world.owner.close().await;
}
