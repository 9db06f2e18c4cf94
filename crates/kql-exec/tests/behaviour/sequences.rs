use super::{lines, run_plain, schema};

/// Minutes of one hour in the place of datetimes.
fn minutes(rows: Vec<String>) -> Vec<String> {
    rows.into_iter().map(|row| row.replace("2020-01-01T00:", "").replace(":00.000000Z", "")).collect()
}

#[tokio::test]
async fn sessions_go_on_while_their_rows_are_near() {
    // The example of Microsoft's page: ids up to 40 have one session for ever, the others a new one with each row.
    let data = "let T = range Timeline from 1 to 9999 step 1 | extend k = 1 \
        | join kind=inner (range Id from 1 to 50 step 1 | extend k = 1) on k | where Timeline % Id == 0 \
        | project Timeline, Id; T | evaluate session_count(Id, Timeline, 1, 10000, 100, 41)";
    assert_eq!(schema(data).await, ["Timeline:long", "count_sessions:long"]);
    let rows = lines(&format!("{data} | where Timeline <= 201 or Timeline > 9900")).await;
    assert_eq!(rows, ["[1,60]", "[101,60]", "[201,62]", "[9901,60]"]);
}

const SEEN: &str = r#"let T = datatable(who: string, at: datetime, site: string)[
    "a", datetime(2020-01-01 00:01), "x", "a", datetime(2020-01-01 00:05), "x", "a", datetime(2020-01-01 00:11), "y",
    "b", datetime(2020-01-01 00:12), "x", "a", datetime(2020-01-01 00:31), "x", "a", datetime(2020-01-01 00:31), "x",
    "b", datetime(null), "x", "", datetime(2020-01-01 00:58), "y"];
    let start = datetime(2020-01-01); let end = start + 1h;"#;

#[tokio::test]
async fn a_session_counts_in_each_window_that_it_reaches() {
    let of = |call: &str| format!("{SEEN} T | evaluate session_count(who, at, {call})");
    // From one row to the next there are 4, 6 and 20 minutes; the empty text is an id too.
    assert_eq!(
        minutes(lines(&of("start, end, 10m, 15m")).await),
        [r#"["00",1]"#, r#"["10",2]"#, r#"["30",1]"#, r#"["50",1]"#]
    );
    // A row that is as far as the lookback is out of sight.
    assert_eq!(minutes(lines(&of("start, start + 20m, 1h, 4m")).await), [r#"["00",4]"#]);
    assert_eq!(minutes(lines(&of("start, start + 20m, 1h, 241s")).await), [r#"["00",3]"#]);
    assert_eq!(
        minutes(lines(&of("start, end, 1h, 30m, site")).await),
        [r#"["00","x",2]"#, r#"["00","y",2]"#]
    );
    assert_eq!(lines(&of("end, end, 1h, 30m")).await, Vec::<String>::new());
    let nobody = "datatable(id: long, n: int)[long(null), 1, 7, 2, 7, int(null)]";
    assert_eq!(lines(&format!("{nobody} | evaluate session_count(id, n, 0, 9, 10, 5)")).await, ["[0,1]"]);
}

const EVENTS: &str = r#"let E = datatable(at: datetime, kind: string, host: string)[
    datetime(2020-01-01 00:00), "in", "h", datetime(2020-01-01 00:04), "run", "h", datetime(2020-01-01 00:05), "in", "g",
    datetime(2020-01-01 00:06), "in", "h", datetime(2020-01-01 00:09), "run", "h", datetime(2020-01-01 00:06), "in", "h",
    datetime(2020-01-01 00:20), "out", "h", datetime(2020-01-01 00:20), "run", "g", datetime(null), "run", "g"];"#;

async fn detect(rest: &str) -> Vec<String> {
    minutes(lines(&format!("{EVENTS} E | evaluate sequence_detect({rest})")).await)
}

#[tokio::test]
async fn every_choice_of_steps_is_a_sequence() {
    let found = detect("at, 10m, 1h, in = (kind == 'in'), run = kind == 'run', host").await;
    assert_eq!(
        found,
        [
            r#"["h","00","04","00:04:00"]"#,
            r#"["h","00","09","00:09:00"]"#,
            // Two rows at this time are the same occurrence.
            r#"["h","06","09","00:03:00"]"#,
        ]
    );
    // Each step may be as far from the one before as is said, but not all of them together.
    let three = "in = kind == 'in', run = kind == 'run', out = kind == 'out', host";
    assert_eq!(
        detect(&format!("at, 11m, 1h, {three}")).await,
        [r#"["h","00","09","20","00:20:00"]"#, r#"["h","06","09","20","00:14:00"]"#]
    );
    assert_eq!(detect(&format!("at, 11m, 14m, {three}")).await, [r#"["h","06","09","20","00:14:00"]"#]);
    assert_eq!(detect(&format!("at, 10m, 1h, {three}")).await, Vec::<String>::new());
    // Without dimensions all rows are one timeline.
    assert_eq!(detect("at, 0s, 0s, kind == 'run', kind == 'out'").await, [r#"["20","20","00:00:00"]"#]);
    assert_eq!(
        schema(&format!(
            "{EVENTS} E | evaluate sequence_detect(at, 1m, 1m, kind == 'in', b = kind == 'x', host)"
        ))
        .await,
        ["host:string", "Expr1_at:datetime", "b_at:datetime", "Duration:timespan"]
    );
    let none = "where false | evaluate sequence_detect(at, 1m, 1m, kind == 'in', host)";
    assert_eq!(lines(&format!("{EVENTS} E | {none}")).await, Vec::<String>::new());
}

#[tokio::test]
async fn no_row_is_two_steps_of_one_sequence() {
    let rows = |rows: &str, steps: &str| {
        format!("datatable(n: int, a: bool, b: bool)[{rows}] | evaluate sequence_detect(n, 2, 9, {steps})")
    };
    let both = "5, true, true";
    assert_eq!(lines(&rows(both, "a, b")).await, Vec::<String>::new());
    assert_eq!(lines(&rows("5, true, true, 5, false, true", "a, b")).await, ["[5,5,0]"]);
    // The first row could be any step; it must be the one that no other row can be.
    assert_eq!(lines(&rows("5, true, true, 5, true, false", "a, b")).await, ["[5,5,0]"]);
    assert_eq!(lines(&rows("5, true, true, 5, true, false", "b, b")).await, Vec::<String>::new());
    let thrice = rows("1, true, false, 2, true, false, 2, true, bool(null), 4, true, true", "a, a, a");
    assert_eq!(lines(&thrice).await, ["[1,2,2,1]", "[1,2,4,3]", "[2,2,4,2]"]);
    assert_eq!(schema(&thrice).await, ["a_n:int", "a_n1:int", "a_n2:int", "Duration:long"]);
}

/// Who does what at which minute.
const STEPS: &str = r#"let S = datatable(who: long, n: long, state: string)[
    1, 1, "home", 1, 2, "cart", 1, 3, "help", 1, 5, "pay", 1, 6, "pay", 1, 7, "home",
    2, 1, "cart", 2, 2, "cart", 2, 9, "pay",
    3, 4, "pay", 3, 4, "cart", 3, 12, "cart", 3, 13, "pay", 3, 14, "bye",
    4, 2, "pay", 4, 3, "cart", long(null), 1, "cart", long(null), 2, "pay", 5, long(null), "cart", 5, 1, ""];
    let way = dynamic(["cart", "pay"]);"#;

async fn funnel(rest: &str) -> Vec<String> {
    lines(&format!("{STEPS} S | evaluate funnel_sequence(who, n, {rest})")).await
}

#[tokio::test]
async fn what_comes_before_and_after_a_sequence_is_counted() {
    assert_eq!(
        funnel("0, 20, 3, 10, state, way").await,
        [
            // The states of the third one at 4 are a sequence, whichever row was first.
            r#"[0,"","cart",1,[3]]"#,
            // Help lies between, and what goes on counts once.
            r#"[0,"home","home",1,[1]]"#,
            // The first cart is not before itself; what is at the same time as the start is not before it.
            r#"[10,"pay","bye",1,[3]]"#,
        ]
    );
    // The second one takes seven minutes from cart to pay.
    assert_eq!(
        funnel("0, 20, 7, 100, state, way").await,
        [
            r#"[0,"","",1,[2]]"#,
            r#"[0,"","cart",1,[3]]"#,
            r#"[0,"home","home",1,[1]]"#,
            r#"[0,"pay","bye",1,[3]]"#
        ]
    );
    // What is outside of start and end is not seen.
    assert_eq!(
        funnel("2, 6, 3, 100, state, way").await,
        [r#"[2,"","",2,[1,3]]"#].map(str::to_owned).to_vec()
    );
    assert_eq!(
        funnel("0, 20, 0, 100, state, dynamic(['pay'])").await,
        [
            r#"[0,"","cart",2,[3,4]]"#,
            r#"[0,"cart","",1,[2]]"#,
            r#"[0,"cart","bye",1,[3]]"#,
            r#"[0,"help","home",1,[1]]"#
        ]
    );
    assert_eq!(
        schema(&format!("{STEPS} S | evaluate funnel_sequence(n, n, 0, 9, 1, 1, who, dynamic([1]))")).await,
        ["n:long", "prev:long", "next:long", "dcount:long", "samples:dynamic"]
    );
}

#[tokio::test]
async fn samples_end_at_128_ids() {
    let text = "range id from 1 to 300 step 1 | extend at = datetime(2020-01-01) + id * 1s, state = 7 \
        | evaluate funnel_sequence(id, at, datetime(2020-01-01), datetime(2020-01-02), 1s, 365d, state, dynamic([7, 7])) \
        | count";
    assert_eq!(lines(text).await, ["[0]"], "a row is one step");
    let text = text
        .replace("dynamic([7, 7])", "dynamic([7])")
        .replace("| count", "| project dcount, array_length(samples), prev");
    assert_eq!(lines(&text).await, ["[300,128,null]"]);
}

#[tokio::test]
async fn a_funnel_tells_how_far_ids_come() {
    let of = |rest: &str| format!("{STEPS} S | evaluate funnel_sequence_completion(who, n, {rest})");
    assert_eq!(
        lines(&of("0, 20, 100, state, way, dynamic([1, 3, 7])")).await,
        [
            r#"[0,"cart",1,4]"#,
            r#"[0,"pay",1,1]"#,
            r#"[0,"cart",3,4]"#,
            r#"[0,"pay",3,2]"#,
            r#"[0,"cart",7,4]"#,
            r#"[0,"pay",7,3]"#
        ]
    );
    // Each window by itself, also one in which nobody begins.
    assert_eq!(
        lines(&of("0, 20, 5, state, way, dynamic([20])")).await,
        [
            r#"[0,"cart",20,4]"#,
            r#"[0,"pay",20,1]"#,
            r#"[5,"cart",20,0]"#,
            r#"[5,"pay",20,0]"#,
            r#"[10,"cart",20,1]"#,
            r#"[10,"pay",20,1]"#
        ]
    );
    assert_eq!(
        schema(&of("0, 20, 100, state, way, dynamic([1])")).await,
        ["n:long", "state:string", "Period:long", "dcount:long"]
    );
    assert_eq!(lines(&of("30, 40, 1, state, way, dynamic([1])")).await, Vec::<String>::new());
    // Times, with periods as the page writes them, and states that are no texts.
    let times = r#"datatable(id: guid, at: datetime, code: int)[
        guid(00000000-0000-0000-0000-000000000001), datetime(2020-01-01 00:00), 1,
        guid(00000000-0000-0000-0000-000000000001), datetime(2020-01-01 00:30), 1,
        guid(00000000-0000-0000-0000-000000000001), datetime(2020-01-01 01:20), 2,
        guid(00000000-0000-0000-0000-000000000002), datetime(2020-01-01 01:20), 1]
        | evaluate funnel_sequence_completion(id, at, datetime(2020-01-01), datetime(2020-01-02), 365d, code,
            dynamic([1, 2]), dynamic([20m, 50m])) | project code, Period, dcount"#;
    assert_eq!(
        lines(times).await,
        [r#"["1","00:20:00",2]"#, r#"["2","00:20:00",0]"#, r#"["1","00:50:00",2]"#, r#"["2","00:50:00",1]"#]
    );
    assert_eq!(schema(times).await, ["code:string", "Period:timespan", "dcount:long"]);
}

#[tokio::test]
async fn sequences_work_within_the_groups_of_a_sub_query() {
    let text = format!(
        "{STEPS} S | where isnotnull(who) | partition by who (evaluate funnel_sequence(who, n, 0, 20, 7, 100, state, way)) \
        | summarize count(), sum(dcount)"
    );
    assert_eq!(lines(&text).await, ["[4,4]"]);
    // The states may come from a query.
    let text = format!(
        "{STEPS} let path = toscalar(print pack_array('cart', 'pay')); \
        S | evaluate funnel_sequence(who, n, 0, 20, 7, 100, state, path) | count"
    );
    assert_eq!(lines(&text).await, ["[4]"]);
}

#[tokio::test]
async fn what_is_no_sequence_is_named() {
    for (call, code) in [
        ("session_count(who, n, 0, 9, 1)", "wrong_arguments"),
        ("session_count(who, n, 0, 9, 1, 1m)", "type_mismatch"),
        ("session_count(who, n, 0, 9, 1, 0)", "query_limit"),
        ("sequence_detect(n, 1, 2)", "wrong_arguments"),
        ("sequence_detect(state, 1, 2, true)", "type_mismatch"),
        ("sequence_detect(n, 1m, 2, true)", "type_mismatch"),
        ("sequence_detect(n, 1, 2, state)", "type_mismatch"),
        ("sequence_detect(n, 1, 2, who == 1, strlen(state))", "column_expected"),
        ("sequence_detect(n, who, 2, who == 1)", "unknown_column"),
        ("sequence_detect(n, -1, 2, who == 1)", "query_limit"),
        ("funnel_sequence(who, n, 0, 9, 1, 1, state)", "wrong_arguments"),
        ("funnel_sequence(who, n, 0, 9, 1, 1, state, 'cart')", "type_mismatch"),
        ("funnel_sequence(who, n, 0, 9, 1, 1, state, dynamic({'a': 1}))", "wrong_arguments"),
        ("funnel_sequence(who, n, 0, 9, 1, 1, state, dynamic([]))", "wrong_arguments"),
        ("funnel_sequence(who, n, 0, 9, 1, 1, pack_array(state), way)", "column_expected"),
        ("funnel_sequence(who, n, 0, 9, 1, 0, state, way)", "query_limit"),
        ("funnel_sequence(state, n, 0, 9, 1, 1, who, way)", "query_limit"),
        ("funnel_sequence(who, n, long(null), 9, 1, 1, state, way)", "query_limit"),
        ("funnel_sequence_completion(who, n, 0, 9, 1, state, way)", "wrong_arguments"),
        ("funnel_sequence_completion(who, n, 0, 9, 1, state, way, dynamic([]))", "wrong_arguments"),
        ("funnel_sequence_completion(who, n, 0, 9, 1, state, way, dynamic(['soon']))", "query_limit"),
        (
            "funnel_sequence_completion(who, n, 0, 9, 1, state, way, toscalar(print dynamic(null)))",
            "query_limit",
        ),
    ] {
        let error = run_plain(&format!("{STEPS} S | evaluate {call}")).await.err();
        assert_eq!(error.as_ref().map(|e| e.0.as_str()), Some(code), "{call}: {error:?}");
    }
    let steps = vec!["who == 1"; 65].join(", ");
    let error =
        run_plain(&format!("{STEPS} S | evaluate sequence_detect(n, 1, 2, {steps})")).await.err().unwrap();
    assert_eq!(error.0, "wrong_arguments", "{}", error.1);
    let hint = run_plain(&format!("{STEPS} S | evaluate sequence_detected(n, 1, 2)")).await.err().unwrap();
    assert_eq!(hint.0, "unknown_plugin");
}

#[tokio::test]
async fn too_many_sequences_end_at_a_bound() {
    // A hundred thousand rows, all of which are each of four steps.
    let text = "range n from 1 to 100000 step 1 \
        | evaluate sequence_detect(n, 100000, 100000, a = n > 0, b = n > 0, c = n > 0, d = n < 0)";
    let error = run_plain(text).await.err().unwrap();
    assert!(["query_limit", "query_memory"].contains(&error.0.as_str()), "{error:?}");
}
