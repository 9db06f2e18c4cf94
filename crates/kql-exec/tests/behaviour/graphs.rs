use super::{lines, run_plain, schema};

const CALLS: &str = r#"let E = datatable(s: string, t: string, w: long)[
    "A", "B", 1, "B", "C", 2, "C", "D", 3, "A", "D", 9, "D", "A", 4];
    let N = datatable(id: string, kind: string)["A", "start", "B", "mid", "C", "mid", "D", "end"];
    let G = E | make-graph s --> t with N on id;"#;

#[tokio::test]
async fn patterns_find_paths() {
    let of = |rest: &str| format!("{CALLS} G | {rest}");
    assert_eq!(
        lines(&of("graph-match (a)-[e]->(b) where a.kind == 'start' project b.id, e.w | sort by b_id asc"))
            .await,
        [r#"["B",1]"#, r#"["D",9]"#]
    );
    assert_eq!(
        lines(&of("graph-match (a)-[p*1..3]->(d) where a.kind == 'start' and d.kind == 'end' project l = array_length(p), m = map(p, w) | sort by l asc"))
            .await,
        ["[1,[9]]", "[3,[1,2,3]]"]
    );
    assert_eq!(
        lines(&of("graph-match (a)-[p*1..3]->(d) where a.id == 'A' and d.id == 'D' and any(inner_nodes(p), id == 'C') project n = map(inner_nodes(p), strcat(id, kind))"))
            .await,
        [r#"[["Bmid","Cmid"]]"#]
    );
    assert_eq!(
        lines(&of("graph-match (a)-->(b)-->(c), (a)-->(c) where a.id == 'A' project a.id, b.id, c.id")).await,
        Vec::<String>::new()
    );
    assert_eq!(
        lines(&of(
            "graph-match (x)--(y), (y)--(z) where x.id == 'B' and z.id == 'D' project y.id | sort by y_id asc"
        ))
        .await,
        [r#"["A"]"#, r#"["A"]"#, r#"["C"]"#]
    );
    assert_eq!(
        lines(&of("graph-match (a)-[e]->(b) where e.w > 1 and strcat(a.id, b.id) in ('AD', 'AB') project n = strcat(a.kind, '>', b.kind)")).await,
        [r#"["start>end"]"#]
    );
}

#[tokio::test]
async fn cycles_are_as_asked() {
    let of = |cycles: &str| {
        format!(
            "{CALLS} G | graph-match {cycles} (a)-[p*1..8]->(a) where a.id == 'A' project l = array_length(p) | sort by l asc"
        )
    };
    assert_eq!(lines(&of("")).await, ["[2]", "[4]"]);
    assert_eq!(lines(&of("cycles=none")).await, ["[2]", "[4]"]);
    // Every sequence of the ways A-D-A and A-B-C-D-A of 8 edges at most.
    assert_eq!(lines(&of("cycles=all")).await.len(), 11);
}

#[tokio::test]
async fn shortest_paths_between_nodes() {
    let of = |rest: &str| format!("{CALLS} G | graph-shortest-paths {rest}");
    assert_eq!(
        lines(&of("(a)-[p*1..5]->(b) where a.id == 'B' project b.id, m = map(p, w) | sort by b_id asc"))
            .await,
        [r#"["A",[2,3,4]]"#, r#"["C",[2]]"#, r#"["D",[2,3]]"#]
    );
    let two = r#"datatable(s: long, t: long)[1, 2, 1, 3, 2, 4, 3, 4] | make-graph s --> t with_node_id=n
        | graph-shortest-paths output=all (a)-[p*1..5]->(b) where a.n == 1 and b.n == 4 project via = tolong(map(inner_nodes(p), n)[0]) | sort by via asc"#;
    assert_eq!(lines(two).await, ["[2]", "[3]"]);
    assert_eq!(lines(&two.replace("output=all", "output=any")).await.len(), 1);
}

#[tokio::test]
async fn graphs_go_back_to_tables() {
    let of = |rest: &str| format!("{CALLS} G | {rest}");
    assert_eq!(
        schema(&of("graph-to-table nodes with_node_id=Node")).await,
        ["Node:long", "id:string", "kind:string"]
    );
    assert_eq!(
        schema(&of("graph-to-table edges with_source_id=S with_target_id=T")).await,
        ["S:long", "T:long", "s:string", "t:string", "w:long"]
    );
    assert_eq!(lines(&of("graph-to-table edges | summarize sum(w)")).await, ["[19]"]);
    assert_eq!(
        lines(&of("graph-to-table nodes as V, edges as K; K | join kind=inner V on $left.s == $right.id | where kind == 'mid' | summarize sum(w)")).await,
        ["[5]"]
    );
    assert_eq!(
        lines(&of("graph-mark-components kind=strong with_component_id=c | graph-to-table nodes | summarize dcount(c)")).await,
        ["[1]"]
    );
    assert_eq!(
        lines("datatable(s: long, t: long)[1, 2, 2, 3] | make-graph s --> t with_node_id=n | graph-mark-components kind=strong | graph-to-table nodes | sort by n asc").await,
        ["[1,0]", "[2,1]", "[3,2]"]
    );
}

#[tokio::test]
async fn what_does_not_fit_a_graph_is_named() {
    for (rest, code) in [
        ("G | take 1", "table_expected"),
        ("G", "table_expected"),
        ("E | graph-match (a)-->(b) project a.id", "graph_expected"),
        ("G | graph-match (a)-->(b) project a.nothing", "unknown_column"),
        ("G | graph-match (a)-[p*1..2]->(b) project p.w", "type_mismatch"),
        ("G | graph-match (a)-[p*1..200]->(b) project a.id", "query_limit"),
        ("G | graph-shortest-paths (a)-[e]->(b) project a.id", "syntax_error"),
        ("G | graph-match (a)-->(b) project x = labels(a)", "not_supported"),
    ] {
        let error = run_plain(&format!("{CALLS} {rest}")).await.err().map(|e| e.0);
        assert_eq!(error.as_deref(), Some(code), "{rest}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_without_end_is_ended() {
    // Each of 300 nodes with each: the paths are more than anything can count.
    let text = "range a from 1 to 300 step 1 | extend k = 1 | join kind=inner (range b from 1 to 300 step 1 | extend k = 1) on k
        | make-graph a --> b with_node_id=n | graph-match cycles=all (x)-[p*1..6]->(y) where x.n == 1 and y.n == 2 and array_length(p) == 7 project x.n";
    let context = palisade_kql_exec::QueryContext {
        deadline: std::time::Duration::from_secs(2),
        ..palisade_kql_exec::QueryContext::default()
    };
    let tables = std::sync::Arc::new(palisade_kql_exec::MemoryTables::new());
    let error = super::run(text, &palisade_kql::MemoryCatalogue::new(), tables, context).await.err().unwrap();
    assert!(["query_timeout", "query_limit"].contains(&error.0.as_str()), "{error:?}");
    let many = "range a from 1 to 300 step 1 | extend k = 1 | join kind=inner (range b from 1 to 300 step 1 | extend k = 1) on k
        | make-graph a --> b with_node_id=n | graph-match (x)-->(y)-->(z) project m = strcat(x.n, y.n, z.n, '-----------')";
    let context = palisade_kql_exec::QueryContext {
        memory_limit: 64 << 20,
        ..palisade_kql_exec::QueryContext::default()
    };
    let tables = std::sync::Arc::new(palisade_kql_exec::MemoryTables::new());
    let error = super::run(many, &palisade_kql::MemoryCatalogue::new(), tables, context).await.err().unwrap();
    assert_eq!(error.0, "query_memory");
}

#[tokio::test]
async fn a_part_of_a_graph_is_a_graph() {
    let of = |rest: &str| format!("{CALLS} G | {rest}");
    // D and its edges go.
    assert_eq!(
        lines(&of("graph-where-nodes kind != 'end' | graph-match (a)-[e]->(b) project a.id, b.id, e.w | sort by e_w asc"))
            .await,
        [r#"["A","B",1]"#, r#"["B","C",2]"#]
    );
    assert_eq!(
        lines(&of("graph-where-nodes kind == 'mid' | graph-to-table nodes | sort by id asc")).await,
        [r#"["B","mid"]"#, r#"["C","mid"]"#]
    );
    // Nodes stay without their edges.
    assert_eq!(lines(&of("graph-where-edges w > 3 | graph-to-table nodes | count")).await, ["[4]"]);
    assert_eq!(
        lines(&of(
            "graph-where-edges w > 3 | graph-match (a)-[e]->(b) project a.id, b.id | sort by a_id asc"
        ))
        .await,
        [r#"["A","D"]"#, r#"["D","A"]"#]
    );
    // One after the other, with components in between.
    assert_eq!(
        lines(&of(
            "graph-where-edges w in (1, 3) | graph-mark-components | graph-where-nodes ComponentId == 0 \
            | graph-to-table nodes | project id | sort by id asc"
        ))
        .await,
        [r#"["A"]"#, r#"["B"]"#]
    );
    // Nodes that are in no table have their id.
    let plain = "datatable(s: long, t: long)[1, 2, 2, 3] | make-graph s --> t with_node_id=n | graph-where-nodes n < 3";
    assert_eq!(lines(&format!("{plain} | graph-match (a)-->(b) project a.n, b.n")).await, ["[1,2]"]);
    assert_eq!(
        schema(&of("graph-where-nodes kind == 'mid' | graph-to-table nodes with_node_id=k")).await,
        ["k:long", "id:string", "kind:string"]
    );
    let error = run_plain(&of("graph-where-nodes w == 1 | graph-to-table nodes")).await.err().unwrap();
    assert_eq!(error.0, "unknown_column");
    let error = run_plain(&format!("{CALLS} E | graph-where-nodes w == 1")).await.err().unwrap();
    assert_eq!(error.0, "graph_expected");
}
