//! Beside another security product.

use palisade_estate::edr::{HostFacts, recognise};
use palisade_estate::provision::{HostReport, Mode, OtherProducts, Requirements, Verdict, preflight};
use palisade_wire::msg::fact::Kind;

use crate::world::{World, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn the_preflight_names_the_product_and_the_sensor_observes_and_says_so() {
    let Some(world) = World::new().await else { return };
    std::fs::create_dir_all(world.at("/var/lib/dpkg")).expect("made");
    let status = "Package: falcon-sensor\nStatus: install ok installed\nVersion: 7.18.0\n\n";
    std::fs::write(world.at("/var/lib/dpkg/status"), status).expect("written");

    let (code, said) = world.verb(&["preflight"]).await;
    assert_eq!(code, Some(0), "{said}");
    let report: HostReport = serde_json::from_value(said).expect("a report");
    assert_eq!(report.products.len(), 1, "{:?}", report.products);
    let facts = report.facts.clone().expect("what it rests on");
    assert_eq!(recognise(&facts).found[0].id, "crowdstrike_falcon");
    let judged = |other| {
        let seen = preflight(&report, &Requirements::default(), other, world.server.tenant);
        let check = seen.checks.into_iter().find(|c| c.name == "other_products").expect("it is looked at");
        (check.evidence, seen.verdict)
    };
    let (evidence, verdict) = judged(OtherProducts::Observe);
    assert!(evidence.contains("CrowdStrike Falcon"), "{evidence}");
    // What a test machine lacks besides is not of interest here.
    if let Verdict::Ready { mode, notices } = verdict {
        assert_eq!(mode, Mode::Observing);
        assert!(notices.iter().any(|c| c.code.as_str() == "other_product_present"), "{notices:?}");
    }
    let (_, left) = judged(OtherProducts::LeaveAlone);
    assert!(!matches!(left, Verdict::Ready { .. }), "{left:?}");

    let (_, said) = world.install(&["--mode", "observing"]).await;
    assert_eq!(said["ok"], true, "{said}");
    eventually("it says that it observes", || {
        world.component("prevention").is_some_and(|c| c.state == "off" && c.mechanism == "observing")
    })
    .await;
    let told = || {
        world.facts().into_iter().find_map(|f| match f.kind {
            Some(Kind::Products(p)) => Some(HostFacts::from_json(&p.facts).expect("facts")),
            _ => None,
        })
    };
    eventually("it tells of the other product", || told().is_some()).await;
    let found = recognise(&told().expect("told")).found;
    let falcon = found.iter().find(|p| p.id == "crowdstrike_falcon").expect("it was seen");
    assert_eq!(falcon.version, "7.18.0");
}
