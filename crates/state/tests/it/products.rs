//! Facts about security products, looks that are asked for, and how machines stand.

use palisade_estate::edr::{
    Assessment, HostFacts, Manager, Own, Package, Reason, Recommendation, State as Stand, Subject, Summary,
    recommend,
};
use palisade_estate::machine::{OsFacts, OsFamily, PowerState};
use palisade_estate::plan::{Enforcement, Override, SubscriptionPlans, effective};
use palisade_estate::provision::{Desired, OtherProducts};
use palisade_state::estate::{
    AffectedQuery, Assessed, FactsBy, Listed, Machine, MachineQuery, NewConnector, Placement,
};
use palisade_state::{DbRole, DeviceScope, DeviceTouch, State};
use palisade_types::{DeviceId, MachineId, TenantId};
use serde_json::json;

use crate::common::{NOW, World, after, enrol, world};

fn package(name: &str) -> HostFacts {
    let package = Package { manager: Manager::Deb, name: name.into(), version: "7.1".into() };
    HostFacts { packages: vec![package], root: true, complete: true, ..HostFacts::default() }
}

/// A connector with machines of these names.
async fn listed(world: &World, names: &[&str]) -> Vec<Machine> {
    let (api, tenant) = (&world.api, world.tenant.id);
    let connect = world.db.state(DbRole::Connect).await;
    let subscription = api.subscriptions(tenant).await.expect("read")[0].id;
    let new = NewConnector {
        subscription,
        kind: "ssh".into(),
        name: "hosts".into(),
        settings: json!({}),
        secret: None,
    };
    let connector = api.create_connector(tenant, &new, NOW).await.expect("made").id;
    let one = |name: &&str| Listed {
        name: (*name).to_owned(),
        cloud_id: format!("c/{name}"),
        place: json!({"by": "ssh", "host": name}),
        os: OsFacts {
            family: OsFamily::Linux,
            id: "debian".into(),
            version: "12".into(),
            ..OsFacts::default()
        },
        image: String::new(),
        addresses: Vec::new(),
        tags: Default::default(),
        power: PowerState::Running,
    };
    let machines: Vec<Listed> = names.iter().map(one).collect();
    let place = Placement { subscription, connector: Some(connector) };
    connect.write_listing(tenant, place, &machines, NOW).await.expect("written");
    connect.close().await;
    let all = api.machines(tenant, &DeviceScope::all(), &MachineQuery::default()).await.expect("read");
    all.items.into_iter().map(|m| m.machine).filter(|m| names.contains(&m.name.as_str())).collect()
}

fn judged(facts: Option<&HostFacts>) -> [Assessment; 2] {
    let desired = Desired {
        component_on: true,
        exclusion: None,
        offboarded: None,
        upgrades: true,
        other_products: OtherProducts::Observe,
        version: "1".into(),
    };
    let os =
        OsFacts { family: OsFamily::Linux, id: "debian".into(), version: "12".into(), ..OsFacts::default() };
    recommend(&Subject {
        now: after(60),
        os: &os,
        power: PowerState::Running,
        facts: facts.map(|f| (f, after(0))),
        own: Own { enrolled: false, findings: &[] },
        plan: effective(&SubscriptionPlans::default(), Override::Inherit, NOW),
        enforcement: Enforcement::Off,
        desired: &desired,
        runs_commands: true,
    })
}

async fn told(state: &State, tenant: TenantId, device: DeviceId, facts: HostFacts, at: i64) {
    let products = Some((facts, after(at)));
    let touch = DeviceTouch { products, ..DeviceTouch::seen(device, after(at)) };
    state.touch_devices(tenant, &[touch]).await.expect("written");
}

#[tokio::test]
async fn a_look_is_asked_for_taken_once_and_written_by_who_took_it() {
    let world = world().await;
    let tenant = world.tenant.id;
    let (estate, connect) = (world.db.state(DbRole::Estate).await, world.db.state(DbRole::Connect).await);
    let machine = listed(&world, &["web-1"]).await.remove(0);
    let known =
        async || estate.known_products(tenant, &[machine.id]).await.expect("read")[&machine.id].clone();
    assert_eq!(known().await.facts, None);

    estate.want_products(tenant, &[machine.id, MachineId::random()], after(1)).await.expect("asked");
    estate.want_products(tenant, &[machine.id], after(2)).await.expect("asked again");
    assert_eq!(known().await.wanted_at, Some(after(1)));
    let taken = connect.take_looks(tenant, "a", 10, after(3)).await.expect("taken");
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].machine.name.as_str(), Some(taken[0].connector)), ("web-1", machine.connector));
    assert!(connect.take_looks(tenant, "b", 10, after(4)).await.expect("taken").is_empty(), "a has it");

    let refused = Err(("connector_login_refused", "the login was refused"));
    connect.finish_look(tenant, machine.id, "b", refused, after(5)).await.expect("written");
    assert_eq!(world.api.products_look(tenant, machine.id).await.expect("read").error, None, "not b's");
    connect.finish_look(tenant, machine.id, "a", refused, after(6)).await.expect("written");
    let look = world.api.products_look(tenant, machine.id).await.expect("read");
    let words = ("connector_login_refused".to_owned(), "the login was refused".to_owned());
    assert_eq!((look.tried_at, look.error), (Some(after(6)), Some(words)));
    assert_eq!((known().await.wanted_at, known().await.tried_at), (None, Some(after(6))));

    // One whose worker died is taken up by another, whose answer counts.
    estate.want_products(tenant, &[machine.id], after(7)).await.expect("asked");
    assert_eq!(connect.take_looks(tenant, "a", 10, after(8)).await.expect("taken").len(), 1);
    assert_eq!(connect.take_looks(tenant, "b", 10, after(400)).await.expect("taken").len(), 1);
    let facts = package("falcon-sensor");
    connect.finish_look(tenant, machine.id, "b", Ok(&facts), after(401)).await.expect("written");
    assert_eq!(known().await.facts, Some((facts, after(401), FactsBy::Connector)));
    assert_eq!(world.api.products_look(tenant, machine.id).await.expect("read").error, None);
    let touched = estate.products_touched_since(tenant, palisade_types::TimeMicros(-1)).await.expect("read");
    assert_eq!(touched.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [machine.id]);
    let last = touched[0].1;
    estate.want_products(tenant, &[machine.id], after(500)).await.expect("asked");
    assert!(
        estate.products_touched_since(tenant, last).await.expect("read").is_empty(),
        "asking tells nothing"
    );
    estate.close().await;
    connect.close().await;
}

#[tokio::test]
async fn the_newer_of_what_a_sensor_told_and_a_connector_found_counts() {
    let world = world().await;
    let tenant = world.tenant.id;
    let (estate, lake) = (world.db.state(DbRole::Estate).await, world.db.state(DbRole::Lake).await);
    let device = enrol(&world.db, tenant, "web-1").await;
    let view = estate.device_views(tenant, &[device]).await.expect("read").remove(0);
    let machine = estate.link_device(tenant, &view, None, NOW).await.expect("linked").id;
    let newest = async || {
        let known = estate.known_products(tenant, &[machine]).await.expect("read").remove(&machine);
        known.and_then(|k| k.facts).map(|(facts, at, by)| (facts.packages[0].name.clone(), at, by))
    };
    told(&lake, tenant, device, package("wazuh-agent"), 10).await;
    assert_eq!(newest().await, Some(("wazuh-agent".into(), after(10), FactsBy::Sensor)));
    estate.write_products(tenant, machine, &package("mdatp"), after(20)).await.expect("written");
    assert_eq!(newest().await, Some(("mdatp".into(), after(20), FactsBy::Connector)));
    told(&lake, tenant, device, package("falcon-sensor"), 30).await;
    assert_eq!(newest().await, Some(("falcon-sensor".into(), after(30), FactsBy::Sensor)));
    // What the spool kept for long must not undo what is newer.
    told(&lake, tenant, device, package("wazuh-agent"), 25).await;
    assert_eq!(newest().await.map(|n| n.1), Some(after(30)));
    let touched = estate.products_touched_since(tenant, palisade_types::TimeMicros(-1)).await.expect("read");
    assert!(touched.iter().all(|(id, _)| *id == machine) && touched.len() == 2, "{touched:?}");
    estate.close().await;
    lake.close().await;
}

#[tokio::test]
async fn machines_stand_as_they_were_judged_and_the_sums_are_those_of_the_rules() {
    let world = world().await;
    let (api, tenant, all) = (&world.api, world.tenant.id, DeviceScope::all());
    let estate = world.db.state(DbRole::Estate).await;
    let machines = listed(&world, &["app-1", "app-2", "app-3"]).await;
    let falcon = package("falcon-sensor");
    let facts = [Some(falcon), Some(package("clamav")), None];
    let found: Vec<Assessed> = machines
        .iter()
        .zip(&facts)
        .map(|(m, facts)| Assessed {
            machine: m.id,
            assessments: judged(facts.as_ref()),
            facts: facts.as_ref().map(|_| (after(0), FactsBy::Connector)),
        })
        .collect();
    estate.write_assessed(tenant, &found, after(60)).await.expect("written");

    let summaries = api.recommendations(tenant, &all).await.expect("read");
    for (which, summary) in Recommendation::ALL.into_iter().zip(summaries) {
        let judged = found.iter().flat_map(|f| f.assessments.iter().map(|a| (f.machine, a)));
        let mut expected = Summary::over(which, judged);
        // The rules name products, state their ids.
        for one in &mut expected.machines {
            let of = found.iter().find(|f| f.machine == one.machine).expect("one of them");
            let of = of.assessments.iter().find(|a| a.recommendation == which).expect("one of both");
            one.products = of.products.iter().map(|p| p.product.id.clone()).collect();
            one.failed.sort();
        }
        expected.machines.sort_by_key(|m| (m.state, m.machine));
        assert_eq!(summary, expected);
    }
    let query = |recommendation| AffectedQuery {
        recommendation,
        state: None,
        reason: None,
        product: None,
        check: None,
        limit: 2,
        cursor: None,
    };
    let installed = query(Recommendation::EdrInstalled);
    let first = api.affected_machines(tenant, &all, &installed).await.expect("read");
    let names = |page: &palisade_state::Page<palisade_state::estate::AffectedRow>| -> Vec<String> {
        page.items.iter().map(|i| i.machine.1.clone()).collect()
    };
    assert_eq!((names(&first), first.total), (vec!["app-1".to_owned(), "app-2".to_owned()], 3));
    let rest = AffectedQuery { cursor: first.next_cursor.clone(), ..installed.clone() };
    assert_eq!(names(&api.affected_machines(tenant, &all, &rest).await.expect("read")), ["app-3"]);
    let bare = AffectedQuery { state: Some(Stand::Unhealthy), ..installed.clone() };
    assert_eq!(names(&api.affected_machines(tenant, &all, &bare).await.expect("read")), ["app-2"]);
    let unseen = AffectedQuery { reason: Some(Reason::NoFacts), ..installed.clone() };
    assert_eq!(names(&api.affected_machines(tenant, &all, &unseen).await.expect("read")), ["app-3"]);
    let with = AffectedQuery { product: Some("crowdstrike_falcon".into()), ..installed.clone() };
    assert_eq!(names(&api.affected_machines(tenant, &all, &with).await.expect("read")), ["app-1"]);
    let nobody = DeviceScope::groups(Vec::new());
    assert_eq!(api.affected_machines(tenant, &nobody, &installed).await.expect("read").total, 0);
    let empty = api.recommendations(tenant, &nobody).await.expect("read");
    assert!(empty.iter().all(|s| s.reasons.is_empty() && s.machines.is_empty()));

    // What is as it was keeps its instants; what is mended has a new one.
    estate.write_assessed(tenant, &found, after(120)).await.expect("written");
    let stands = api.stands_of(tenant, machines[1].id).await.expect("read");
    assert_eq!(
        (stands[0].reason, stands[0].since, stands[0].evaluated_at),
        (Reason::OnlyAntivirus, after(60), after(120))
    );
    assert_eq!((stands[0].facts_at, stands[0].facts_by.as_str()), (Some(after(0)), "connector"));
    assert!(api.stands_since(tenant, after(60)).await.expect("read").is_empty(), "nothing changed");
    let mended = Assessed { assessments: judged(Some(&package("mdatp"))), ..found[1].clone() };
    estate.write_assessed(tenant, &[mended], after(180)).await.expect("written");
    let stands = api.stands_of(tenant, machines[1].id).await.expect("read");
    assert_eq!((stands[0].state, stands[0].since), (Stand::Healthy, after(180)));
    let changed = api.stands_since(tenant, after(60)).await.expect("read");
    let products: Vec<&str> = changed[0].products.iter().map(|p| p[0].as_str()).collect();
    assert_eq!((changed.len(), products), (2, vec!["microsoft_defender"]));
    estate.close().await;
}
