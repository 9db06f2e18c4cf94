//! A tenant is reset: nothing is left of it, its sensors are refused, the others go on.

use std::path::PathBuf;

use palisade_testkit::eventually;

use super::scan::Needles;
use super::world::{World, batch, live, owner, palisade};

/// The files below the roots that hold one of the patterns.
fn holding(roots: &[PathBuf], bin: &std::path::Path, needles: &Needles) -> Vec<PathBuf> {
    let mut named = Vec::new();
    for root in roots {
        named.extend(needles.below(root, &|path| path == bin).expect("read").named);
    }
    named
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_tenant_that_is_reset() {
    let world = World::new().await;
    let other =
        world.owner.create_tenant("Gamma", "eu", palisade_types::TimeMicros::now()).await.expect("made");
    let alpha = live(&world, &world.alpha, Some(world.eu_door), "alpha").await;
    let gamma = live(&world, &other, Some(world.eu_door), "gamma").await;
    let needles = Needles::new([
        alpha.tenant.to_string().into_bytes(),
        alpha.tenant.0.simple().to_string().into_bytes(),
        alpha.tenant.0.as_bytes().to_vec(),
        alpha.sensor.device.to_string().into_bytes(),
        alpha.sensor.device.0.to_vec(),
    ]);
    let bin = world.product.home().join("bin");
    assert!(holding(&world.all(), &bin, &needles).len() > 3, "the search finds it while it is there");
    world.owner.close().await;

    for wrong in ["alpha", "yes"] {
        let refused =
            world.product.palisade(&["tenant", "reset", "Alpha", "--confirm", wrong]).output().expect("runs");
        assert!(!refused.status.success(), "{wrong} is not its name");
    }
    let told = palisade(&world.product, &["tenant", "reset", "Alpha", "--confirm", "Alpha"]);
    for said in
        ["deleted 1 rows of devices", "looked at eu: region.public.\"devices\"", "proved: ", "/setup?token="]
    {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert_eq!(holding(&world.all(), &bin, &needles), Vec::<PathBuf>::new(), "{told}");

    let owner = owner(&world.product).await;
    let tenants = owner.tenants().await.expect("tenants");
    let anew = tenants.iter().find(|t| t.name == "Alpha").expect("it begins anew").clone();
    assert!(anew.id != alpha.tenant && anew.region == "eu");
    assert!(owner.users(anew.id).await.expect("reads").is_empty());
    let refused = alpha.sensor.upload(vec![batch("again", "/bin/again")]).await;
    let why = format!("{:#}", refused.expect_err("its certificate was the old tenant's"));
    assert!(why.contains("tenant_mismatch"), "{why}");
    // What the old tenant's credential could do, nobody can.
    let request = world.http.get(format!("{}/devices", world.api)).bearer_auth(&alpha.token);
    assert_eq!(request.send().await.expect("an answer").status().as_u16(), 401);
    // The region's other tenant has lost nothing.
    eventually("the other tenant's events are there", async || {
        world.rows_with(&gamma.token, "DeviceProcessEvents", gamma.mark("command")).await > 0
    })
    .await;
    let deeds = palisade(&world.product, &["tenant", "deeds"]);
    for kind in ["tenant.reset.begin", "\"tenant.reset\"", "tenant.reset.proof"] {
        assert!(deeds.contains(kind), "{kind}: {deeds}");
    }
    assert!(!deeds.contains(&alpha.tenant.to_string()), "{deeds}");
    let world = World { owner, ..world };
    live(&world, &anew, Some(world.eu_door), "anew").await;
    world.owner.close().await;
}
