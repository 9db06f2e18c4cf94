use palisade_explore::{Access, Ask, Change, Loader, Node, Query};
use palisade_types::TenantId;

use super::estate::{NOW, edge, kind};

/// Machines in two kinds, some with the same name, each with one program, all with another.
fn loaded(count: usize) -> palisade_explore::Graph {
    let mut loader = Loader::new(TenantId::random());
    let mut all = vec![Change::Upsert(Node::new(kind("software"), "all", "everywhere"))];
    for i in 0..count {
        let of = kind(if i % 2 == 0 { "ec2_instance" } else { "connected_server" });
        let key = format!("m{i}");
        all.push(Change::Upsert(Node::new(of, &key, format!("host-{}", i / 3))));
        all.push(Change::Upsert(Node::new(kind("software"), &key, format!("own-{i:05}"))));
        all.push(edge(("virtual_machines", &key), "has_installed", ("software", "all")));
        all.push(edge(("virtual_machines", &key), "has_installed", ("software", &key)));
    }
    assert!(loader.load(&all).is_empty());
    loader.finish()
}

#[test]
fn pages_are_stable_while_other_nodes_come_and_go() {
    let graph = loaded(300);
    let query = Query::parse(br#"{"version":1,"find":{"types":["virtual_machines"]}}"#).unwrap();
    let access = Access::default();
    let mut seen = Vec::new();
    let mut after: Option<String> = None;
    for page in 0.. {
        let ask = Ask { limit: 7, after: after.as_deref(), ..Ask::new(NOW, &access) };
        let answer = graph.snapshot().answer(&query, &ask).unwrap();
        seen.extend(answer.rows.into_iter().map(|r| (r.node.name, r.node.key)));
        // New ones behind and in front of where the reader is.
        graph.apply(&[
            Change::Upsert(Node::new(kind("ec2_instance"), format!("x{page}"), "aaa")),
            Change::Remove(palisade_explore::NodeRef::new(
                kind("virtual_machines"),
                format!("x{}", page / 2),
            )),
        ]);
        after = answer.next;
        if after.is_none() {
            break;
        }
    }
    let mut expected: Vec<(String, String)> =
        (0..300).map(|i| (format!("host-{}", i / 3), format!("m{i}"))).collect();
    expected.sort();
    assert_eq!(seen, expected);
}

#[test]
fn joins_agree_whichever_way_they_go() {
    // Enough machines that neighbours are bitmaps, and filters that leave few, some and all of them.
    let graph = loaded(10_000);
    let access = Access::default();
    for (name, machines, programs) in
        [("host-17", 3, 4), ("host-1", 3333, 3334), ("host", 10_000, 10_001), ("none", 0, 0)]
    {
        let operator = if name == "host-17" { "equals" } else { "starts_with" };
        let filter = format!(r#""where":[{{"property":"name","operator":"{operator}","value":"{name}"}}]"#);
        let ask = |json: String| {
            let query = Query::parse(json.as_bytes()).unwrap();
            graph.snapshot().answer(&query, &Ask::new(NOW, &access)).unwrap()
        };
        let there = ask(format!(
            r#"{{"version":1,"find":{{"types":["virtual_machines"],{filter},"that":[
                {{"connection":"has_installed","to":{{"types":["software"]}}}}]}}}}"#
        ));
        assert_eq!(there.count, machines, "{name}");
        assert!(there.rows.iter().all(|r| r.cells[0].total == 2));
        let back = ask(format!(
            r#"{{"version":1,"find":{{"types":["software"],"that":[
                {{"connection":"is_installed_on","to":{{"types":["virtual_machines"],{filter}}}}}]}}}}"#
        ));
        assert_eq!(back.count, programs, "{name}");
        if machines > 0 {
            assert_eq!(back.rows[0].cells[0].total, machines, "everywhere is on all that are asked for");
            assert!(back.rows[0].cells[0].nodes.len() <= 10);
        }
    }
}
