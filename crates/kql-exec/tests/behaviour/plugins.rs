use super::{lines, run_plain, schema};

const BAGS: &str = r#"let T = datatable(n: long, d: dynamic)[
    1, dynamic({"b": "x", "a": 1, "m": 1}), 2, dynamic({"a": 2.5, "c": [1]}), 3, dynamic(null), 4, dynamic({"m": "y", "z": null})];"#;

#[tokio::test]
async fn bags_become_columns_that_the_rest_of_the_query_can_use() {
    assert_eq!(
        schema(&format!("{BAGS} T | evaluate bag_unpack(d)")).await,
        ["n:long", "a:real", "b:string", "c:dynamic", "m:dynamic", "z:dynamic"]
    );
    assert_eq!(
        lines(&format!("{BAGS} T | evaluate bag_unpack(d) | where a > 1 | project n, a, b, c")).await,
        [r#"[2,2.5,"",[1]]"#]
    );
    assert_eq!(
        lines(&format!("{BAGS} let U = T | evaluate bag_unpack(d, 'p_'); U | summarize sum(p_a), count() by p_b | sort by p_b asc"))
            .await,
        [r#"["",2.5,3]"#, r#"["x",1.0,1]"#]
    );
    // A property that is in no row is found missing when the rows are known.
    let error =
        run_plain(&format!("{BAGS} T | evaluate bag_unpack(d) | project nothing")).await.err().unwrap();
    assert_eq!(error.0, "query_columns");
    assert!(error.1.contains("nothing"), "{}", error.1);
}

#[tokio::test]
async fn conflicts_of_unpacked_columns_are_solved_as_asked() {
    let text = |options: &str| {
        format!(
            "datatable(a: long, d: dynamic)[7, dynamic({{\"a\": 1, \"b\": 2}})] | evaluate bag_unpack(d{options})"
        )
    };
    assert_eq!(lines(&text(", columnsConflict='keep_source'")).await, ["[7,2]"]);
    assert_eq!(lines(&text(", columnsConflict='replace_source'")).await, ["[1,2]"]);
    assert_eq!(lines(&text(", ignoredProperties=dynamic(['a'])")).await, ["[7,2]"]);
    assert_eq!(run_plain(&text("")).await.err().unwrap().0, "query_columns");
    assert_eq!(schema(&text(") : (b: long, c: string")).await, ["b:long", "c:string"]);
    assert_eq!(lines(&text(") : (*, b: long, c: string")).await, [r#"[7,2,""]"#]);
}

#[tokio::test]
async fn several_plugins_may_ask_one_after_the_other() {
    let text = r#"datatable(k: string, d: dynamic)["x", dynamic({"a": {"p": 1}}), "y", dynamic({"a": {"q": 2}})]
        | evaluate bag_unpack(d) | evaluate bag_unpack(a) | evaluate pivot(k, sum(p)) | project q, x, y | sort by q asc"#;
    assert_eq!(lines(text).await, ["[null,1,0]", "[2,0,0]"]);
    let many = "| extend d = dynamic({'a': 1}) | evaluate bag_unpack(d) | project-away a ".repeat(9);
    let error = run_plain(&format!("print x = 1 {many}")).await.err().unwrap();
    assert_eq!(error.0, "query_limit");
}

const SALES: &str = r#"let T = datatable(shop: string, item: string, n: long)[
    "A", "pen", 1, "A", "ink", 2, "B", "pen", 3, "B", "pen", 4];"#;

#[tokio::test]
async fn values_become_columns() {
    assert_eq!(
        schema(&format!("{SALES} T | evaluate pivot(item)")).await,
        ["shop:string", "n:long", "ink:long", "pen:long"]
    );
    let text = format!("{SALES} T | evaluate pivot(item, sum(n)) | sort by shop asc");
    assert_eq!(lines(&text).await, [r#"["A",2,1]"#, r#"["B",0,7]"#]);
    let text = format!("{SALES} T | evaluate pivot(item, countif(n > 3), shop) | sort by shop asc");
    assert_eq!(lines(&text).await, [r#"["A",0,0]"#, r#"["B",0,1]"#]);
    let text = format!(
        "{SALES} T | evaluate pivot(item, max(n), shop) : (pen: long, other: long, shop: string) | sort by shop asc"
    );
    assert_eq!(lines(&text).await, [r#"[1,null,"A"]"#, r#"[4,null,"B"]"#]);
}

#[tokio::test]
async fn a_thousand_columns_are_enough() {
    let error = run_plain("range x from 1 to 2000 step 1 | evaluate pivot(x)").await.err().unwrap();
    assert_eq!(error.0, "query_limit");
    assert!(error.1.contains("pivot()"), "{}", error.1);
}

#[tokio::test]
async fn cells_become_rows() {
    let text = "datatable(a: long, b: string)[1, 'x', long(null), ''] | evaluate narrow()";
    assert_eq!(lines(text).await, [r#"["a",0,"1"]"#, r#"["b",0,"x"]"#, r#"["a",1,""]"#, r#"["b",1,""]"#]);
}

#[tokio::test]
async fn rows_near_others_keep_their_order() {
    let near =
        |args: &str| format!("range x from 1 to 10 step 1 | sort by x asc | evaluate rows_near({args})");
    assert_eq!(lines(&near("x in (1, 6, 7), 1")).await, ["[1]", "[2]", "[5]", "[6]", "[7]", "[8]"]);
    assert_eq!(lines(&near("x == 5, 2, 0")).await, ["[3]", "[4]", "[5]"]);
    assert_eq!(lines(&near("x == 50, 2")).await, Vec::<String>::new());
}

#[tokio::test]
async fn addresses_find_their_networks() {
    let nets = r#"let N = datatable(net: string, site: string, k: long)[
        "10.0.0.0/8", "all", 1, "10.1.0.0/16", "one", 2, "bad", "none", 3, "fe80::/10", "six", 4, "10.1.2.3", "host", 1];
        let A = datatable(ip: string, k: long)["10.1.2.3", 1, "11.0.0.1", 2, "", 3, "fe80::1", 4];"#;
    let text = |call: &str| format!("{nets} A | evaluate {call}");
    assert_eq!(
        lines(&text("ipv4_lookup(N, ip, net) | project ip, site")).await,
        [r#"["10.1.2.3","host"]"#, r#"["10.1.2.3","one"]"#, r#"["10.1.2.3","all"]"#]
    );
    assert_eq!(
        lines(&text("ipv4_lookup(N, ip, net, k, return_unmatched = true)")).await,
        [
            r#"["10.1.2.3",1,"10.1.2.3","host"]"#,
            r#"["10.1.2.3",1,"10.0.0.0/8","all"]"#,
            r#"["11.0.0.1",2,"",""]"#,
            r#"["",3,"",""]"#,
            r#"["fe80::1",4,"",""]"#
        ]
    );
    assert_eq!(
        lines(&text("ipv6_lookup(N, ip, net) | where site == 'six' | project ip")).await,
        [r#"["fe80::1"]"#]
    );
    assert_eq!(
        schema(&text("ipv4_lookup(N, ip, net)")).await,
        ["ip:string", "k:long", "net:string", "site:string", "k1:long"]
    );
}

const ROADS: &str = r#"let R = datatable(name: string, road: dynamic, length: long)[
    "equator", dynamic({"type":"LineString","coordinates":[[0,0],[10,0]]}), 10,
    "bad", dynamic({"type":"LineString","coordinates":[[0,0]]}), 0,
    "north", dynamic({"type":"LineString","coordinates":[[5,0],[5,20]]}), 20];
    let P = datatable(lng: real, lat: real, name: string)[5, 0.001, "cross", 1, 0.001, "near", 1, 1, "far", 500, 0, "nowhere"];"#;

#[tokio::test]
async fn places_find_the_shapes_that_are_near() {
    let of = |args: &str| format!("{ROADS} P | evaluate geo_line_lookup(R, road, lng, lat, {args})");
    assert_eq!(
        lines(&format!("{} | project name, name1, length", of("200"))).await,
        [r#"["cross","equator",10]"#, r#"["cross","north",20]"#, r#"["near","equator",10]"#]
    );
    assert_eq!(lines(&format!("{} | project name", of("100"))).await, [r#"["cross"]"#]);
    assert_eq!(
        lines(&format!("{} | project name, name1", of("100, return_unmatched = true"))).await,
        [r#"["cross","north"]"#, r#"["near",""]"#, r#"["far",""]"#, r#"["nowhere",""]"#]
    );
    assert_eq!(
        schema(&of("100, true, 10, true")).await,
        ["lng:real", "lat:real", "name:string", "name1:string", "road:dynamic", "length:long"]
    );
    let squares = r#"let S = datatable(id: long, area: dynamic)[
        1, dynamic({"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}),
        2, dynamic({"type":"Polygon","coordinates":[[[1,1],[3,1],[3,3],[1,3],[1,1]]]})];
        let P = datatable(lng: real, lat: real)[1.5, 1.5, 0.5, 0.5, 3.01, 2, 9, 9];"#;
    let of = |args: &str| format!("{squares} P | evaluate geo_polygon_lookup(S, area, lng, lat{args})");
    assert_eq!(lines(&of("")).await, ["[1.5,1.5,1]", "[1.5,1.5,2]", "[0.5,0.5,1]"]);
    assert_eq!(
        lines(&format!("{} | where id == 2 | project lng", of(", radius = 2000"))).await,
        ["[1.5]", "[3.01]"]
    );
    assert_eq!(
        lines(&format!("{} | where isnull(id) | project lng", of(", true"))).await,
        ["[3.01]", "[9.0]"]
    );
    for (call, code) in [
        ("geo_line_lookup(R, road, lng, lat)", "wrong_arguments"),
        ("geo_line_lookup(R, name, lng, lat, 5)", "type_mismatch"),
        ("geo_line_lookup(R, road, name, lat, 5)", "type_mismatch"),
        ("geo_line_lookup(R, road, lng, lat, 'far')", "type_mismatch"),
        ("geo_line_lookup(R, road, lng, lat, 5, colour = 1)", "wrong_arguments"),
        ("geo_line_lookup(R, road, lng, lat, -5)", "query_limit"),
    ] {
        let error = run_plain(&format!("{ROADS} P | evaluate {call}")).await.err();
        assert_eq!(error.as_ref().map(|e| e.0.as_str()), Some(code), "{call}: {error:?}");
    }
}

#[tokio::test]
async fn values_that_occur_together_are_told_once() {
    // "no" always comes with 0, and half of the rows are hail.
    let data = "let T = datatable(kind: string, damage: string, crops: long, n: int)[\
        'hail', 'no', 0, 1, 'hail', 'no', 0, 1, 'hail', 'yes', 7, 1, 'wind', 'no', 0, 1, 'rain', 'yes', 0, 1, 'hail', 'yes', 8, 5];";
    let of = |args: &str| format!("{data} T | project-away n | evaluate basket({args})");
    assert_eq!(
        lines(&format!("{} | extend Percent = round(Percent, 1)", of("0.3"))).await,
        [
            r#"[0,2,33.3,"hail","no",0]"#,
            r#"[1,3,50.0,"","no",0]"#,
            r#"[2,4,66.7,"hail","",null]"#,
            r#"[3,2,33.3,"hail","yes",null]"#,
            r#"[4,4,66.7,"","",0]"#,
            r#"[5,3,50.0,"","yes",null]"#
        ]
    );
    // One value makes a pattern, with those that it always has.
    assert_eq!(
        lines(&format!("{} | project kind, damage, crops", of("0.5, '~', 1, '*', -1"))).await,
        [r#"["*","no",0]"#, r#"["hail","*",-1]"#, r#"["*","*",0]"#, r#"["*","yes",-1]"#]
    );
    // Rows that weigh more count as often.
    let weighed =
        format!("{data} T | evaluate basket(0.6, n) | project Count, Percent, kind, damage, crops, n");
    assert_eq!(
        lines(&weighed).await,
        [
            r#"[6,60.0,"hail","yes",null,null]"#,
            r#"[8,80.0,"hail","",null,null]"#,
            r#"[7,70.0,"","yes",null,null]"#
        ]
    );
    assert_eq!(lines("range x from 1 to 100 step 1 | evaluate basket()").await, Vec::<String>::new());
    assert_eq!(
        schema("print Count = 1, s = 'x' | evaluate basket()").await,
        ["SegmentId:long", "Count:long", "Percent:real", "Count1:long", "s:string"]
    );
    for args in ["0.001", "2", "0.1, kind", "0.1, '~', 0", "0.1, '~', 2, kind"] {
        let error = run_plain(&of(args)).await.err();
        assert_eq!(error.as_ref().map(|e| e.0.as_str()), Some("wrong_arguments"), "{args}: {error:?}");
    }
}

#[tokio::test]
async fn plugins_that_are_missing_are_named() {
    for (call, code) in [("python('x')", "not_supported"), ("bag_unpac(d)", "unknown_plugin")] {
        let error = run_plain(&format!("print d = dynamic({{}}) | evaluate {call}")).await.err().unwrap();
        assert_eq!(error.0, code, "{call}: {}", error.1);
    }
}

#[tokio::test]
async fn samples_are_as_large_as_asked() {
    assert_eq!(lines("range x from 1 to 1000 step 1 | sample 10 | count").await, ["[10]"]);
    assert_eq!(lines("range x from 1 to 5 step 1 | sample 10 | count").await, ["[5]"]);
    assert_eq!(lines("range x from 1 to 1000 step 1 | sample 50 | distinct x | count").await, ["[50]"]);
    assert_eq!(lines("range x from 1 to 100 step 1 | sample-distinct 3 of x % 5 | count").await, ["[3]"]);
    assert_eq!(schema("range x from 1 to 100 step 1 | sample-distinct 3 of m = x % 5").await, ["m:long"]);
}
