//! Queries of the security explorer from bytes to an answer on a fixed graph: no input may crash it or
//! take long, what is read is written in one way, and an error points into the document.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use palisade_explore::{
    Access, Ask, Change, Follow, Graph, Loader, Node, NodeRef, PropertyDocument, Query, Snapshot, Value,
    ValueType, schema_document,
};
use palisade_types::{TenantId, TimeMicros};
use uuid::Uuid;

const NOW: TimeMicros = TimeMicros(1_700_000_000_000_000);

/// Three nodes of every type with every property, connected with their likes over everything there is.
static GRAPH: LazyLock<(Graph, Snapshot)> = LazyLock::new(|| {
    let document = schema_document();
    let mut loader = Loader::new(TenantId(Uuid::nil()));
    let types = || document.types.iter().filter(|t| !t.group);
    for t in types() {
        for n in 0..3usize {
            let mut node = Node::new(t.name, format!("k{n}"), format!("node {n}"));
            for p in t.properties.iter().skip(1) {
                node = node.with(p.name, value(p, n));
            }
            assert!(loader.load(&[Change::Upsert(node)]).is_empty());
        }
    }
    for t in types() {
        for follow in &t.follows {
            let Follow::Connection { connection, to, .. } = follow else { continue };
            for other in to.iter().filter(|k| !k.is_group()) {
                for n in 0..3 {
                    let from = NodeRef::new(t.name, format!("k{n}"));
                    let to = NodeRef::new(*other, format!("k{}", n / 2));
                    assert!(loader.load(&[Change::Connect { from, reading: *connection, to }]).is_empty());
                }
            }
        }
    }
    let graph = loader.finish();
    let snapshot = graph.snapshot();
    (graph, snapshot)
});

fn value(p: &PropertyDocument, n: usize) -> Value {
    match p.value {
        ValueType::Text | ValueType::Version => Value::Text(format!("1.{n}")),
        ValueType::Choice => p.values[n % p.values.len()].into(),
        ValueType::Bool => Value::Bool(n % 2 == 0),
        ValueType::Integer => Value::Integer(n as i64),
        ValueType::Real => Value::Real(n as f64),
        ValueType::Time => Value::Time(NOW.plus_micros(-(n as i64) * 86_400_000_000)),
    }
}

fuzz_target!(|data: &[u8]| {
    let query = match Query::parse(data) {
        Ok(query) => query,
        Err(error) => {
            if let Ok(json) = serde_json::from_slice::<serde_json::Value>(data) {
                assert!(json.pointer(&error.pointer).is_some(), "{error}");
            }
            return;
        }
    };
    let again = Query::from_link(&query.link()).expect("its own link is read");
    assert_eq!(again.document(), query.document());
    assert_eq!(again.to_json(), query.to_json());

    let (_, snapshot) = &*GRAPH;
    let some = Access { subscriptions: Some(vec!["k0".into()]), ..Access::default() };
    let all =
        snapshot.answer(&query, &Ask::new(NOW, &Access::default())).expect("a small graph is little work");
    let less =
        snapshot.answer(&query, &Ask { limit: 2, ..Ask::new(NOW, &some) }).expect("so is a part of it");
    assert!(all.rows.iter().chain(&less.rows).all(|r| r.cells.len() == all.columns.len()));
    assert!(all.count as usize >= all.rows.len() && less.rows.len() <= 2);
    let mut csv = String::new();
    all.write_csv(&mut csv).expect("a text takes everything");
    if let Some(after) = &less.next {
        let ask = Ask { after: Some(after), ..Ask::new(NOW, &some) };
        let rest = snapshot.answer(&query, &ask).expect("its own cursor is read");
        assert_eq!(rest.rows.len() as u64 + 2, less.count.min(27));
    }
});
