use std::sync::atomic::{AtomicBool, Ordering};

use palisade_explore::{Access, Ask, Change, Graph, Node, NodeRef, Query, Reading, template};
use palisade_types::TenantId;

use super::estate::{NOW, at, edge, graph, kind};

#[test]
fn a_snapshot_does_not_change() {
    let graph = graph();
    let before = graph.snapshot();
    let everything: Vec<Change> =
        ["m1", "m2", "m3", "m4"].map(|k| Change::Remove(at("virtual_machines", k))).into();
    let applied = graph.apply(&everything);
    assert_eq!(applied.generation, before.generation() + 1);
    let access = Access::default();
    for (snapshot, count) in [(&before, 1), (&graph.snapshot(), 0)] {
        let query = &template("healthy_machines").unwrap().query;
        assert_eq!(snapshot.answer(query, &Ask::new(NOW, &access)).unwrap().count, count);
    }
    let after = graph.snapshot().sizes();
    assert_eq!(
        after.by_relation.iter().filter(|(name, n)| name.contains("virtual_machines") && *n > 0).count(),
        0
    );
}

/// The writer moves a program from machine to machine; whoever looks finds it on exactly one.
#[test]
fn readers_never_see_half_of_a_list_of_changes() {
    const MACHINES: usize = 100;
    let graph = Graph::new(TenantId::random());
    let mut all = vec![Change::Upsert(Node::new(kind("software"), "p", "program"))];
    all.extend((0..MACHINES).map(|i| Change::Upsert(Node::new(kind("ec2_instance"), format!("m{i}"), "m"))));
    all.push(edge(("virtual_machines", "m0"), "has_installed", ("software", "p")));
    assert!(graph.apply(&all).refused.is_empty());
    let query = Query::parse(
        br#"{"version":1,"find":{"types":["virtual_machines"],"that":[{"insight":"has_installed_software"}]}}"#,
    )
    .unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let access = Access::default();
            let mut looks = 0u64;
            let mut last = 0;
            while !done.load(Ordering::Acquire) || looks == 0 {
                let snapshot = graph.snapshot();
                let answer = snapshot.answer(&query, &Ask::new(NOW, &access)).unwrap();
                assert_eq!((answer.count, answer.rows[0].cells[0].total), (1, 1));
                assert!(answer.generation >= last, "time does not go back");
                last = answer.generation;
                looks += 1;
            }
        });
        let installed = Reading::named("has_installed").unwrap();
        for i in 0..3000 {
            let machine = |i: usize| NodeRef::new(kind("virtual_machines"), format!("m{}", i % MACHINES));
            graph.apply(&[
                Change::Disconnect { from: machine(i), reading: installed, to: at("software", "p") },
                Change::Connect { from: machine(i + 1), reading: installed, to: at("software", "p") },
            ]);
        }
        done.store(true, Ordering::Release);
        reader.join().unwrap();
    });
}

#[test]
fn two_tenants_share_nothing() {
    let (one, other) = (graph(), Graph::new(TenantId::random()));
    assert_ne!(one.tenant(), other.snapshot().tenant());
    assert_eq!(other.snapshot().sizes().nodes, 0);
    assert!(other.snapshot().node(kind("virtual_machines"), "m1").is_none());
}
