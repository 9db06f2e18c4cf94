use super::{lines, run_plain, schema};

const ARRAYS: &str = "let T = datatable(id: long, a: dynamic, b: dynamic)[\
    1, dynamic([3, 1, 2]), dynamic(['x', 'y']), 2, dynamic([5, 4]), dynamic(['z']), 3, dynamic([]), dynamic([])];";

#[tokio::test]
async fn each_row_has_a_sub_query_of_its_own() {
    assert_eq!(
        lines(&format!("{ARRAYS} T | mv-apply e = a to typeof(long) on (top 1 by e) | project id, e")).await,
        ["[1,3]", "[2,5]"]
    );
    assert_eq!(
        lines(&format!("{ARRAYS} T | mv-apply e = a to typeof(long) on (sort by e asc | take 2 | summarize s = make_list(e)) | project id, s"))
            .await,
        ["[1,[1,2]]", "[2,[4,5]]"]
    );
    assert_eq!(
        schema(&format!("{ARRAYS} T | mv-apply a on (where a > 1 | project big = a)")).await,
        ["id:long", "b:dynamic", "big:dynamic"]
    );
    assert_eq!(
        schema(&format!("{ARRAYS} T | mv-apply a to typeof(long), e = b on (summarize id = max(a))")).await,
        ["id:long", "b:dynamic"]
    );
    assert_eq!(
        lines(&format!("{ARRAYS} T | mv-apply with_itemindex=i e = a limit 2 on (extend f = id * 10 + i | project f) | project id, f"))
            .await,
        ["[1,10]", "[1,11]", "[2,20]", "[2,21]"]
    );
    assert_eq!(
        lines(&format!("{ARRAYS} T | mv-apply e = a to typeof(long) on (count) | project id, Count")).await,
        ["[1,3]", "[2,2]"]
    );
}

#[tokio::test]
async fn operators_in_sub_queries_stay_within_their_group() {
    let data = "let T = datatable(g: string, n: long)['a', 1, 'a', 1, 'b', 1, 'b', 7, 'b', 3];";
    let of = |sub: &str| format!("{data} T | partition by g ({sub}) | sort by g asc, n asc");
    assert_eq!(lines(&of("top 1 by n")).await, [r#"["a",1]"#, r#"["b",7]"#]);
    assert_eq!(lines(&of("distinct g, n")).await, [r#"["a",1]"#, r#"["b",1]"#, r#"["b",3]"#, r#"["b",7]"#]);
    assert_eq!(lines(&of("summarize n = sum(n) by g")).await, [r#"["a",2]"#, r#"["b",11]"#]);
    assert_eq!(
        lines(&format!("{} , r asc", of("sort by n asc | extend r = row_number(), p = prev(n)"))).await,
        [r#"["a",1,1,null]"#, r#"["a",1,2,1]"#, r#"["b",1,1,null]"#, r#"["b",3,2,1]"#, r#"["b",7,3,3]"#]
    );
    assert_eq!(
        lines(&of("sort by n asc | evaluate rows_near(n == 3, 1, 0)")).await,
        [r#"["b",1]"#, r#"["b",3]"#]
    );
    assert_eq!(
        lines(&of("join kind=inner (print n = 1, w = 'one') on n | project g, n, w")).await,
        [r#"["a",1,"one"]"#, r#"["a",1,"one"]"#, r#"["b",1,"one"]"#]
    );
    assert_eq!(
        lines(&of("join (print n = 1, w = 'one') on n | project g, n, w")).await,
        [r#"["a",1,"one"]"#, r#"["b",1,"one"]"#]
    );
    // A sub-query within a sub-query.
    assert_eq!(lines(&of("partition by n (take 1) | top 1 by n asc")).await, [r#"["a",1]"#, r#"["b",1]"#]);
    let error = run_plain(&of("as U")).await.err().unwrap();
    assert_eq!(error.0, "not_supported");
    assert_eq!(lines(&of("top 1 by n").replace("by g (", "hint.strategy=native by g (")).await.len(), 2);
}

#[tokio::test]
async fn states_and_series_begin_anew_in_each_group() {
    let data = "let T = datatable(g: string, n: long)['b', 1, 'a', 2, 'b', 3, 'a', 4, 'b', 7];";
    let of = |sub: &str| format!("{data} T | partition by g (sort by n asc | {sub}) | sort by g asc, n asc");
    assert_eq!(
        lines(&of("extend c = row_cumsum(n), r = row_number(5), d = row_cumsum(n, n > 3)")).await,
        [r#"["a",2,2,5,2]"#, r#"["a",4,6,6,4]"#, r#"["b",1,1,5,1]"#, r#"["b",3,4,6,4]"#, r#"["b",7,11,7,7]"#]
    );
    // The second step needs the first one of the same group.
    let scan = "scan with_match_id=m declare (before: long) with \
        (step x output=none: n < 3; step y: n >= 3 => before = x.n;)";
    assert_eq!(lines(&of(scan)).await, [r#"["a",4,2,0]"#, r#"["b",3,1,0]"#, r#"["b",7,1,0]"#]);
    let last = "scan declare (all: long = 0) with (step x output=last: true => all = x.all + n;)";
    assert_eq!(lines(&of(last)).await, [r#"["a",4,6]"#, r#"["b",7,11]"#]);
    assert_eq!(
        lines(&format!("{data} T | partition by g (make-series s = sum(n) on n from 1 to 5 step 2 | extend t = tostring(s)) | project t | sort by t asc"))
            .await,
        [r#"["[1,3]"]"#, r#"["[2,4]"]"#]
    );
    assert_eq!(
        lines(&format!("{data} T | partition by g (make-series s = count() on n step 1 by g | mv-expand s to typeof(long) | summarize sum(s) by g) | sort by g asc"))
            .await,
        [r#"["a",2]"#, r#"["b",3]"#]
    );
    assert_eq!(
        lines(&format!("{data} T | partition by g (sample 1) | summarize count() by g | sort by g asc"))
            .await,
        [r#"["a",1]"#, r#"["b",1]"#]
    );
    // The rows of mv-apply are groups too.
    let arrays = "datatable(id: long, a: dynamic)[1, dynamic([3, 1, 2]), 2, dynamic([5, 4])]";
    assert_eq!(
        lines(&format!(
            "{arrays} | mv-apply e = a to typeof(long) on (extend s = row_cumsum(e)) | project id, e, s"
        ))
        .await,
        ["[1,3,3]", "[1,1,4]", "[1,2,6]", "[2,5,5]", "[2,4,9]"]
    );
    assert_eq!(
        lines(&format!(
            "{arrays} | mv-apply e = a to typeof(long) on (scan declare (top: long = 0) with (step s: true => top = max_of(s.top, e);)) | project id, e, top"
        ))
        .await,
        ["[1,3,3]", "[1,1,3]", "[1,2,3]", "[2,5,5]", "[2,4,5]"]
    );
}

#[tokio::test]
async fn a_union_joins_further_rows_to_each_group() {
    let data = "let T = datatable(g: string, n: long)['a', 1, 'b', 2, 'b', 3]; \
        let U = datatable(n: long, w: string)[10, 'x', 20, 'y'];";
    let of = |sub: &str| format!("{data} T | partition by g ({sub})");
    assert_eq!(
        lines(&of("union U | summarize sum(n), make_set(w), k = max(g)")).await.len(),
        2,
        "each group is one row"
    );
    assert_eq!(
        lines(&format!("{} | sort by k asc", of("union U | summarize s = sum(n), c = count(), k = max(g)")))
            .await,
        [r#"[31,3,"a"]"#, r#"[35,4,"b"]"#]
    );
    assert_eq!(
        lines(&format!(
            "{} | summarize count() by g, w | sort by g asc, w asc",
            of("top 1 by n | union withsource=s U, (U | take 1)")
        ))
        .await,
        [r#"["","x",4]"#, r#"["","y",2]"#, r#"["a","",1]"#, r#"["b","",1]"#]
    );
    assert_eq!(
        lines("datatable(id: long, a: dynamic)[1, dynamic([3, 1]), 2, dynamic([5])] \
            | mv-apply e = a to typeof(long) on (project e | union (print e = 9) | summarize s = sum(e)) | project id, s")
            .await,
        ["[1,13]", "[2,14]"]
    );
    // A group that has lost its rows could not have the further ones.
    let error = run_plain(&of("where n > 2 | union U")).await.err().unwrap();
    assert_eq!(error.0, "not_supported");
}

#[tokio::test]
async fn a_sub_query_may_have_a_source_of_its_own() {
    let text = "let U = datatable(k: long, v: string)[1, 'x', 2, 'y', 2, 'z'];
        range n from 1 to 3 step 1 | partition hint.strategy=legacy by n { U | where k <= n | summarize c = count(), top = max(n) } | sort by top asc";
    assert_eq!(lines(text).await, ["[1,1]", "[3,2]", "[3,3]"]);
    assert_eq!(schema("range n from 1 to 3 step 1 | partition by n { print a = 1 }").await, ["a:long"]);
}

const SALES: &str = r#"let T = datatable(s: string, i: string, n: long)[
    "A", "p", 5, "A", "q", 4, "A", "r", 1, "B", "p", 6, "B", "q", 1, "C", "p", 3, "D", "q", 1];"#;

#[tokio::test]
async fn levels_of_top_values() {
    assert_eq!(
        lines(&format!("{SALES} T | top-nested 2 of s by sum(n), top-nested 1 of i by sum(n)")).await,
        [r#"["A",10,"p",5]"#, r#"["B",7,"p",6]"#]
    );
    assert_eq!(
        schema(&format!(
            "{SALES} T | top-nested of s by sum(n), top-nested 1 of item = i by most = max(n) asc"
        ))
        .await,
        ["s:string", "aggregated_s:long", "item:string", "most:long"]
    );
    assert_eq!(
        lines(&format!("{SALES} T | top-nested 1 of s with others = 'rest' by sum(n) | sort by s asc")).await,
        [r#"["A",10]"#, r#"["rest",11]"#]
    );
    assert_eq!(
        lines(&format!("{SALES} T | top-nested 1 of s with others = 'rest' by sum(n), top-nested 1 of i by sum(n) | sort by s asc"))
            .await,
        [r#"["A",10,"p",5]"#, r#"["rest",11,"",null]"#]
    );
    assert_eq!(
        lines(&format!(
            "{SALES} T | top-nested 1 of s with others = 'rest' by sum(n), top-nested 1 of i with others = 'more' by sum(n) | sort by s asc, i asc"
        ))
        .await,
        [r#"["A",10,"more",5]"#, r#"["A",10,"p",5]"#, r#"["rest",11,"more",11]"#]
    );
    assert_eq!(lines(&format!("{SALES} T | top-hitters 2 of i by n")).await, [r#"["p",14]"#, r#"["q",6]"#]);
    assert_eq!(
        schema(&format!("{SALES} T | top-hitters 2 of i")).await,
        ["i:string", "approximate_count_i:long"]
    );
}

#[tokio::test]
async fn names_and_schemas_are_checked_before_anything_runs() {
    assert_eq!(
        schema("print a = 1, ab = 'x', c = 2.0 | project-by-names dynamic(['c', 'zz']), 'a*'").await,
        ["c:real", "a:long", "ab:string"]
    );
    assert_eq!(lines("print a = 1 | assert-schema (a: long)").await, ["[1]"]);
    let error = run_plain("print a = 1 | assert-schema (a: string)").await.err().unwrap();
    assert_eq!(error.0, "schema_differs");
    assert_eq!(lines("print a = 1 | consume | count").await, ["[0]"]);
    assert_eq!(
        schema("print a10 = 1, b = 1, a9 = 1 | project-reorder a* granny-asc").await,
        ["a9:long", "a10:long", "b:long"]
    );
}

#[tokio::test]
async fn bounds_may_be_chosen_by_what_earlier_stages_said() {
    let query = "let n = toscalar(range i from 1 to 9 step 1 | count); \
                 range x from 1 to iff(iff(n > 5, 'big', 'small') == 'big', 3, 1) step 1";
    assert_eq!(lines(query).await, ["[1]", "[2]", "[3]"]);
}
