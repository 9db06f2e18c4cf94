//! Random changes and random queries, against nested loops over plain lists. The model shares nothing
//! with the crate but the schema's document, from which questions are made.

mod ask;
mod choices;
mod graph;
mod query;

use std::cell::RefCell;

use proptest::prelude::*;

use palisade_explore::{Access, Ask, Graph, Loader, Query, Snapshot};
use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;

use ask::{Asked, Seen};
use choices::Choices;
use graph::{At, Model};

const NOW: TimeMicros = TimeMicros(1_800_000_000_000_000);
/// Nodes in a cell.
const LISTED: usize = 20;

/// Asks both and compares rows, cells and pages.
fn compare(model: &Model, snapshot: &Snapshot, json: &Value, access: &Access, limit: usize) {
    let query = Query::from_value(json).unwrap_or_else(|e| panic!("{e} {json}"));
    let again = Query::parse(query.to_json().as_bytes()).unwrap();
    assert_eq!(again.to_json(), query.to_json(), "canonical is canonical");
    assert_eq!(Query::from_link(&query.link()).unwrap().document(), query.document());

    let canonical: Value = serde_json::from_str(&query.to_json()).unwrap();
    let seen = Seen::new(model, access, &canonical["scope"]);
    let asked = Asked { model, seen: &seen, now: NOW, known: RefCell::default() };
    let expected = asked.rows(&canonical["find"]);

    let mut rows = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let ask = Ask { limit, after: after.as_deref(), listed: LISTED, ..Ask::new(NOW, access) };
        let answer = snapshot.answer(&query, &ask).unwrap();
        assert_eq!(answer.count, expected.len() as u64, "{json}");
        assert!(answer.rows.len() <= limit && (answer.next.is_none() || answer.rows.len() == limit));
        rows.extend(answer.rows);
        after = answer.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(rows.len(), expected.len(), "pages together are the whole: {json}");
    let mut last = None;
    for row in &rows {
        let at = (Model::table_of(row.node.kind.name()).to_owned(), row.node.key.clone());
        let cells = expected.get(&at).unwrap_or_else(|| panic!("{at:?} is no row of {json}"));
        assert_eq!(cells.len(), row.cells.len());
        for (own, cell) in cells.iter().zip(&row.cells) {
            assert_eq!((own.len() as u64, cell.matched), (cell.total, !own.is_empty()), "{at:?} {json}");
            assert!(cell.exact);
            let listed: Vec<At> = cell
                .nodes
                .iter()
                .map(|n| (Model::table_of(n.kind.name()).to_owned(), n.key.clone()))
                .collect();
            assert!(listed.iter().all(|n| own.contains(n)), "{listed:?} {own:?}");
            assert!(cell.nodes.is_empty() || listed.len() == own.len().min(LISTED));
            // Those of one type are the first by name and key.
            let name = |at: &At| match model.nodes[at].properties.get("name") {
                Some(palisade_explore::Value::Text(name)) => (name.clone(), at.clone()),
                _ => panic!("{at:?} has a name"),
            };
            if !cell.nodes.is_empty() && own.iter().all(|at| at.0 == listed[0].0) {
                let mut named: Vec<(String, At)> = own.iter().map(name).collect();
                named.sort_unstable();
                let first: Vec<At> = named.into_iter().map(|(_, at)| at).take(LISTED).collect();
                assert_eq!(listed, first, "{json}");
            }
        }
        let order = (row.node.name.clone(), at);
        assert!(last.as_ref().is_none_or(|l: &String| *l <= order.0), "rows are in the order of names");
        last = Some(order.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_nested_loops(bytes in proptest::collection::vec(any::<u8>(), 16..1500)) {
        let mut choices = Choices::new(&bytes);
        let mut model = Model::default();
        let mut loader = Loader::new(TenantId::random());
        let edges = choices.below(250);
        let mut changes = graph::nodes(&mut choices);
        changes.extend((0..edges).map(|_| graph::change(&mut choices)));
        for change in changes {
            let refused = loader.load(std::slice::from_ref(&change));
            prop_assert_eq!(model.apply(&change), refused.is_empty(), "{:?}", change);
        }
        let graph: Graph = loader.finish();
        let mut kept: Option<(Snapshot, Model, Value)> = None;
        for _ in 0..12 {
            let changes: Vec<_> = (0..choices.below(8)).map(|_| graph::change(&mut choices)).collect();
            let applied = graph.apply(&changes);
            let fine: Vec<bool> = changes.iter().map(|c| model.apply(c)).collect();
            prop_assert_eq!(fine.iter().filter(|f| !**f).count(), applied.refused.len());
            let json = query::query(&mut choices);
            let access = query::access(&mut choices);
            compare(&model, &graph.snapshot(), &json, &access, 3);
            // What was taken before still answers as it did then.
            if let Some((snapshot, model, json)) = &kept {
                compare(model, snapshot, json, &Access::default(), 3);
            }
            if choices.below(3) == 0 {
                kept = Some((graph.snapshot(), model.clone(), json));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn so_are_those_of_a_crowd(bytes in proptest::collection::vec(any::<u8>(), 16..600)) {
        let mut choices = Choices::new(&bytes);
        let mut model = Model::default();
        let mut loader = Loader::new(TenantId::random());
        let changes = graph::crowd(&mut choices);
        prop_assert_eq!(loader.load(&changes), []);
        prop_assert!(changes.iter().all(|change| model.apply(change)));
        let graph = loader.finish();
        for _ in 0..16 {
            let changes: Vec<_> = (0..choices.below(30)).map(|_| graph::change(&mut choices)).collect();
            let applied = graph.apply(&changes);
            let fine: Vec<bool> = changes.iter().map(|c| model.apply(c)).collect();
            prop_assert_eq!(fine.iter().filter(|f| !**f).count(), applied.refused.len());
            let json = query::query(&mut choices);
            let access = query::access(&mut choices);
            compare(&model, &graph.snapshot(), &json, &access, 60);
        }
        for template in palisade_explore::templates() {
            let json: Value = serde_json::from_str(&template.query.to_json()).unwrap();
            compare(&model, &graph.snapshot(), &json, &Access::default(), 60);
        }
    }
}
