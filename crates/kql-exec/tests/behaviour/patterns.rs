//! `autocluster`, `diffpatterns` and `reduce`.

use palisade_kql::MemoryCatalogue;
use palisade_kql_exec::{MemoryTables, QueryContext};

use super::{lines, run, run_plain, schema};

const NONE: [&str; 0] = [];

async fn codes(texts: &[String], code: &str) {
    for text in texts {
        let error = run_plain(text).await.err();
        assert_eq!(error.as_ref().map(|e| e.0.as_str()), Some(code), "{text}: {error:?}");
    }
}

/// Half of the rows are hail without damage, a fifth is wind with damage, a fifth is in Texas.
const STORMS: &str = "let T = range i from 0 to 99 step 1 | project \
    state = iff(i between (70 .. 89), 'TEXAS', strcat('s', i % 7)), \
    kind = case(i < 50, 'hail', i < 70, 'wind', strcat('k', i)), \
    damage = case(i < 50, 'no', i < 70 or i % 2 == 0, 'yes', 'no');";

#[tokio::test]
async fn clusters_tell_most_about_the_rows() {
    let of = |args: &str| format!("{STORMS} T | evaluate autocluster({args})");
    let found =
        [r#"[0,50,50.0,"","hail","no"]"#, r#"[1,20,20.0,"","wind","yes"]"#, r#"[2,20,20.0,"TEXAS","",""]"#];
    assert_eq!(lines(&of("")).await, found);
    assert_eq!(lines(&of("'~', '~', 40")).await, found);
    assert_eq!(lines(&format!("{STORMS} T | sort by kind desc | evaluate autocluster(0.5)")).await, found);
    // Size alone: few values and many rows.
    assert_eq!(lines(&of("0.95")).await, [r#"[0,65,65.0,"","","no"]"#, r#"[1,35,35.0,"","","yes"]"#]);
    assert_eq!(
        lines(&of("'~', '~', '~', '*'")).await,
        [
            r#"[0,50,50.0,"*","hail","no"]"#,
            r#"[1,20,20.0,"*","wind","yes"]"#,
            r#"[2,20,20.0,"TEXAS","*","*"]"#
        ]
    );
    // The one seed is in Texas, and its best pattern is more general than that.
    assert_eq!(lines(&of("0.5, '~', 1")).await, [r#"[0,65,65.0,"","","no"]"#]);
}

#[tokio::test]
async fn rows_of_a_cluster_count_by_their_weight() {
    let data = "let T = datatable(app: string, code: int, host: string, n: long)[\
        'web', 500, 'a', 10, 'web', 500, 'b', 10, 'web', 500, 'c', 10, 'web', 500, 'd', 10, \
        'web', 500, 'e', 10, 'web', 500, 'f', 10, 'web', 500, 'h', 10, 'db', 200, 'a', 5, 'db', 200, 'g', 5, \
        'ssh', 22, 'x', 10, 'ssh', 22, 'y', 10, 'ftp', 1, 'z', long(null), 'ftp', 1, 'z', -4];";
    let weighed = format!("{data} T | evaluate autocluster(0.5, n, 5, int(-1), '*') | project-away Percent");
    assert_eq!(
        lines(&weighed).await,
        [r#"[0,70,"web",500,"*",null]"#, r#"[1,20,"ssh",22,"*",null]"#, r#"[2,10,"db",200,"*",null]"#]
    );
    let plain =
        format!("{data} T | project-away n | evaluate autocluster() | project Count, app, code, host");
    assert_eq!(
        lines(&plain).await,
        [r#"[7,"web",500,""]"#, r#"[2,"ftp",1,"z"]"#, r#"[2,"ssh",22,""]"#, r#"[2,"db",200,""]"#]
    );
}

#[tokio::test]
async fn clusters_of_little() {
    assert_eq!(lines("range x from 1 to 100 step 1 | evaluate autocluster()").await, NONE);
    assert_eq!(lines("range x from 1 to 3 step 1 | take 0 | evaluate autocluster()").await, NONE);
    // A missing value is one like others.
    assert_eq!(
        lines(
            "range x from 1 to 4 step 1 | project a = iff(x > 1, long(null), x), b = '' \
            | evaluate autocluster('~', '~', '~', long(-1), '*')"
        )
        .await,
        [r#"[0,3,75.0,null,""]"#]
    );
    assert_eq!(
        lines("range x from 1 to 9 step 1 | project y = 7 | evaluate autocluster()").await,
        ["[0,9,100.0,7]"]
    );
    assert_eq!(
        schema("print Count = 1, s = 'x' | evaluate autocluster()").await,
        ["SegmentId:long", "Count:long", "Percent:real", "Count1:long", "s:string"]
    );
    let wrong = ["2", "'x'", "0.5, kind", "0.5, 3", "0.5, '~', 0", "0.5, '~', 'many'", "0.5, '~', 2, kind"];
    codes(&wrong.map(|args| format!("{STORMS} T | evaluate autocluster({args})")), "wrong_arguments").await;
}

/// 50 calls that failed and 50 that did not.
const CALLS: &str = "let T = range i from 0 to 99 step 1 | project \
    failed = i < 50, app = iff(i < 40 or i between (50 .. 59), 'web', 'db'), \
    region = iff(i % 2 == 0, 'eu', 'us'), n = iff(i < 40, 3, 1);";

#[tokio::test]
async fn differences_between_two_sets() {
    let of = |args: &str| format!("{CALLS} T | evaluate diffpatterns(failed, {args})");
    assert_eq!(
        lines(&format!("{CALLS} T | project-away n | evaluate diffpatterns(failed, 'True', 'False')")).await,
        [r#"[0,10,40,20.0,80.0,60.0,null,"db",""]"#, r#"[1,40,10,80.0,20.0,60.0,null,"web",""]"#]
    );
    // What comes with more difference is told with it, and not the more general.
    assert_eq!(
        lines(&format!("{} | project PercentDiffAB, app, n", of("'True', 'False'"))).await,
        [r#"[80.0,"",1]"#, r#"[80.0,"web",3]"#]
    );
    let weighed = "'True', 'False', n, 0.5, '~', '*', bool(false), int(-1)";
    assert_eq!(
        lines(&format!("{} | project-away PercentA, PercentDiffAB", of(weighed))).await,
        [r#"[0,120,10,20.0,false,"web","*",null]"#, r#"[1,10,40,80.0,false,"db","*",null]"#]
    );
    assert_eq!(lines(&of("'True', 'False', n, 0.99")).await, NONE);
    assert_eq!(lines(&of("'True', 'maybe'")).await, NONE);
    let wrong = [
        "'True'",
        "'True', 'True'",
        "true, false",
        "'True', 'False', app",
        "'True', 'False', '~', 0.01",
        "'True', 'False', '~', 2",
        "'True', 'False', '~', '~', 0",
        "'True', 'False', '~', '~', '~', app",
    ];
    codes(&wrong.map(of), "wrong_arguments").await;
    codes(&[format!("{CALLS} T | evaluate diffpatterns(strlen(app), '2', '3')")], "column_expected").await;
}

#[tokio::test]
async fn differences_of_values_together() {
    // Each value alone is as frequent in both sets.
    let data = "let T = range i from 0 to 39 step 1 | project \
        set = iff(i < 20, 'A', 'B'), x = iff(i % 2 == 0, 'x', 'y'), \
        z = iff((i % 2 == 0) == (i < 20), 1, 2), same = 'same', own = i;";
    let of = |args: &str| format!("{data} T | evaluate diffpatterns(set, 'A', 'B'{args})");
    assert_eq!(
        lines(&format!("{} | project CountA, CountB, PercentDiffAB, set, x, z, same", of(", '~', 0.06")))
            .await,
        [
            r#"[10,0,50.0,"","x",1,"same"]"#,
            r#"[0,10,50.0,"","x",2,"same"]"#,
            r#"[0,10,50.0,"","y",1,"same"]"#,
            r#"[10,0,50.0,"","y",2,"same"]"#
        ]
    );
    assert_eq!(lines(&of(", '~', 0.06, 1")).await, NONE);
    // Rows of other sets do not count, and what is nearly the same is told once.
    let near = "range i from 0 to 299 step 1 | project set = case(i < 100, 'A', i < 200, 'B', 'C'), \
        app = iff(i < 60 or i > 250, 'p', strcat('o', i)), twin = iff(i < 61 or i > 230, 'q', strcat('o', i)) \
        | evaluate diffpatterns(set, 'A', 'B')";
    assert_eq!(lines(near).await, [r#"[0,61,0,61.0,0.0,61.0,"","","q"]"#]);
}

#[tokio::test]
async fn texts_become_patterns() {
    // As the language's page has it.
    let foo = "range x from 1 to 10 step 1 | project str = strcat('foo', 'Z', tostring(x)) | reduce by str";
    assert_eq!(lines(foo).await, [r#"["others",10,""]"#]);
    assert_eq!(lines(&format!("{foo} with characters=\"Z\"")).await, [r#"["foo*",10,"fooZ1"]"#]);
    let learning = "range x from 1 to 1000 step 1 | project t = strcat('MachineLearningX', tostring(x % 10)) | reduce by t";
    assert_eq!(
        lines(&format!("{learning} with threshold=0.001 , characters = \"X\"")).await,
        [r#"["MachineLearning*",1000,"MachineLearningX0"]"#]
    );
    assert_eq!(schema(foo).await, ["Pattern:string", "Count:long", "Representative:string"]);
}

const LOG: &str = "let T = range x from 0 to 99 step 1 | project x, line = case( \
    x < 60, strcat('Connection from host-', x % 20, iff(x < 4, ' refused.', ' failed.')), \
    x < 90, strcat('User u', x, ' logged in'), \
    x < 95, strcat_array(repeat(strcat('w', x), x % 5 + 1), ' '), '');";

#[tokio::test]
async fn lines_of_a_log_become_patterns() {
    assert_eq!(
        lines(&format!("{LOG} T | reduce by line")).await,
        [
            r#"["Connection from host-* failed.",56,"Connection from host-10 failed."]"#,
            r#"["User * logged in",30,"User u60 logged in"]"#,
            r#"["others",14,""]"#
        ]
    );
    let source = format!(
        "{LOG} T | where x in (0, 61, 99) or x > 85 and x < 90 | sort by x desc | reduce kind=source by line with threshold=0.5"
    );
    assert_eq!(
        lines(&format!("{source} | project x, Pattern")).await,
        [
            r#"[99,"others"]"#,
            r#"[89,"User * logged in"]"#,
            r#"[88,"User * logged in"]"#,
            r#"[87,"User * logged in"]"#,
            r#"[86,"User * logged in"]"#,
            r#"[61,"User * logged in"]"#,
            r#"[0,"others"]"#
        ]
    );
    assert_eq!(
        schema(&format!("{source} | extend Pattern = 1 | reduce kind=source by line"))
            .await
            .last()
            .map(String::as_str),
        Some("Pattern1:string")
    );
    // Each group has its own patterns.
    assert_eq!(
        lines(&format!(
            "{LOG} T | where x < 90 | extend k = x < 60 | partition by k (reduce by line | top 1 by Count) | sort by Count desc"
        ))
        .await,
        [
            r#"["Connection from host-* failed.",56,"Connection from host-10 failed."]"#,
            r#"["User * logged in",30,"User u60 logged in"]"#
        ]
    );
}

#[tokio::test]
async fn rare_words_are_given_up_before_the_text_is() {
    // No combination of the last words is frequent, and the first one is in all.
    let text = "range x from 0 to 63 step 1 | project s = strcat('job ', x % 2, ' ', x / 2 % 2, ' ', x / 4 % 2, ' ', x / 8 % 2, ' ', x / 16 % 2) | reduce by s";
    let found = lines(&format!(
        "{text} | summarize sum(Count), countif(Pattern == 'others'), countif(Pattern startswith 'job ')"
    ))
    .await;
    assert_eq!(found, ["[64,0,8]"]);
    assert_eq!(lines("print s = 'alone' | reduce by s").await, [r#"["others",1,""]"#]);
    assert_eq!(lines("print s = 'alone' | take 0 | reduce by s").await, NONE);
    assert_eq!(lines("print s = 'alone' | take 0 | reduce kind=source by s").await, NONE);
    assert_eq!(
        lines("datatable(d: dynamic)[dynamic(null), dynamic('a b'), dynamic('a c')] | reduce by d").await,
        [r#"["a *",2,"a b"]"#, r#"["others",1,""]"#]
    );
    let of = |rest: &str| format!("{LOG} T | reduce {rest}");
    let wrong = [
        "kind=mining by line",
        "by line with threshold=2",
        "by line with threshold='x'",
        "by line with characters=1",
    ];
    codes(&wrong.map(of), "wrong_arguments").await;
    codes(&["by line with treshold=0.1", "colour=red by line"].map(of), "unknown_setting").await;
    codes(&[of("by x")], "type_mismatch").await;
    codes(&[of("line")], "syntax_error").await;
}

#[tokio::test]
async fn patterns_keep_within_the_bounds_of_the_query() {
    // Combinations of many columns without any difference.
    let columns: Vec<String> = (0..30).map(|at| format!("c{at} = hash(strcat(x, 'c{at}'), 2)")).collect();
    let wide = format!(
        "range x from 1 to 3200 step 1 | project set = iff(x % 2 == 0, 'A', 'B'), {} | evaluate diffpatterns(set, 'A', 'B', '~', 0.015)",
        columns.join(", ")
    );
    let error = run_plain(&wide).await.err().unwrap();
    assert_eq!(error.0, "query_limit", "{}", error.1);
    assert!(error.1.contains("diffpatterns"), "{}", error.1);
    for call in ["reduce by s", "evaluate autocluster()"] {
        let text = format!(
            "range x from 1 to 200000 step 1 | project s = strcat('a text that takes room ', x) | {call}"
        );
        let context = QueryContext { memory_limit: 16 << 20, ..QueryContext::default() };
        let tables = std::sync::Arc::new(MemoryTables::new());
        let error = run(&text, &MemoryCatalogue::new(), tables, context).await.err();
        assert_eq!(error.as_ref().map(|e| e.0.as_str()), Some("query_memory"), "{call}: {error:?}");
    }
}
