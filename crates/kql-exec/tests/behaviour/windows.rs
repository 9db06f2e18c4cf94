//! Functions over the order of rows, and `scan`.

use serde_json::{Value as Json, json};

use super::run_plain;

async fn rows(text: &str) -> Vec<Json> {
    let outcome = run_plain(text).await.unwrap_or_else(|e| panic!("{text}: {e:?}"));
    outcome.rows.into_iter().map(Json::Array).collect()
}

const SALES: &str = "datatable(k: string, n: long, v: real)['a', 1, 1.5, 'a', 2, 2.5, 'a', 3, real(null), 'b', 1, 4.0, 'b', 2, 4.0] | sort by k asc, n asc ";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_begin_again_where_a_condition_holds() {
    let text = format!(
        "{SALES} | extend i = row_number(10, k != prev(k)), s = row_cumsum(v, k != prev(k)), all = row_cumsum(n) | project k, n, i, s, all"
    );
    assert_eq!(
        rows(&text).await,
        [
            json!(["a", 1, 10, 1.5, 1]),
            json!(["a", 2, 11, 4.0, 3]),
            json!(["a", 3, 12, 4.0, 6]),
            json!(["b", 1, 10, 4.0, 7]),
            json!(["b", 2, 11, 8.0, 9]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranks_count_runs_of_equal_values() {
    // The first two columns of ranks as in the language's reference.
    let text = "datatable(port: string, n: long)['LGA', 15, 'LGA', 9, 'LGA', 9, 'LGA', 7, 'EWR', 12, 'EWR', 12, 'EWR', 3] \
        | sort by port asc, n desc | extend d = row_rank_dense(n), m = row_rank_min(n), by_port = row_rank_dense(n, prev(port) != port), \
          min_by_port = row_rank_min(n, prev(port) != port)";
    assert_eq!(
        rows(text).await,
        [
            json!(["EWR", 12, 1, 1, 1, 1]),
            json!(["EWR", 12, 1, 1, 1, 1]),
            json!(["EWR", 3, 2, 3, 2, 3]),
            json!(["LGA", 15, 3, 4, 1, 1]),
            json!(["LGA", 9, 4, 5, 2, 2]),
            json!(["LGA", 9, 4, 5, 2, 2]),
            json!(["LGA", 7, 5, 7, 3, 4]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end_by_length_and_by_pause() {
    let text = "datatable(id: string, t: datetime)[
        'a', datetime(2026-01-01 10:00), 'a', datetime(2026-01-01 10:04), 'a', datetime(2026-01-01 10:09), 'a', datetime(2026-01-01 10:12),
        'a', datetime(2026-01-01 10:15), 'b', datetime(2026-01-01 10:16), 'b', datetime(null), 'b', datetime(2026-01-01 10:17)]
        | serialize s = row_window_session(t, 6m, 5m, id != prev(id)) | project id, format_datetime(s, 'HH:mm')";
    assert_eq!(
        rows(text).await,
        [
            json!(["a", "10:00"]),
            json!(["a", "10:00"]),
            json!(["a", "10:09"]),
            json!(["a", "10:09"]),
            json!(["a", "10:15"]),
            json!(["b", "10:16"]),
            json!(["b", ""]),
            json!(["b", "10:17"]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbours_stand_in_conditions_and_projections() {
    let changes = "range x from 1 to 20000 step 1 | extend k = x / 1000 | where k != prev(k) | count";
    assert_eq!(rows(changes).await, [json!([21])]);
    assert_eq!(
        rows("range x from 1 to 3 step 1 | project y = prev(x, 1, -1), z = next(x, 2)").await,
        [json!([-1, 3]), json!([1, null]), json!([2, null])]
    );
    // What was computed for a condition is no column of the table.
    assert_eq!(
        rows("range x from 1 to 4 step 1 | where isnull(prev(x)) or x > 3 | distinct * | sort by x asc")
            .await,
        [json!([1]), json!([4])]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_tables_are_counted_in_order() {
    let text = "range x from 1 to 200000 step 1 | sort by x desc | extend n = row_number(1, x % 1000 == 0), s = row_cumsum(x) \
        | where n == 1000 | summarize count(), min(x), max(x), min(s)";
    assert_eq!(rows(text).await, [json!([200, 1, 199_001, 199_500_500])]);
}

const EVENTS: &str = "let Events = datatable(Ts: timespan, Event: string)[0m, 'A', 1m, 'Start', 2m, 'B', 3m, 'D', 4m, 'Stop', 6m, 'C', 8m, 'Start', 11m, 'E', 12m, 'Stop']; Events | sort by Ts asc ";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_match_sequences() {
    let scan = "| scan with_match_id=id with (step s1 OUT1: Event == 'Start'; \
        step s2 OUT2: Event != 'Start' and Event != 'Stop' and Ts - s1.Ts <= 5m; step s3: Event == 'Stop' and Ts - s1.Ts <= 5m;) \
        | project m = toint(Ts / 1m), Event, id";
    let all = format!("{EVENTS}{}", scan.replace("OUT1", "").replace("OUT2", ""));
    let expected = [
        json!([1, "Start", 0]),
        json!([2, "B", 0]),
        json!([3, "D", 0]),
        json!([4, "Stop", 0]),
        json!([8, "Start", 1]),
        json!([11, "E", 1]),
        json!([12, "Stop", 1]),
    ];
    assert_eq!(rows(&all).await, expected);
    let last = format!("{EVENTS}{}", scan.replace("OUT1", "output=none").replace("OUT2", "output=last"));
    assert_eq!(
        rows(&last).await,
        [json!([3, "D", 0]), json!([4, "Stop", 0]), json!([11, "E", 1]), json!([12, "Stop", 1])]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_carries_values_from_row_to_row() {
    let sum = "range x from 1 to 5 step 1 | scan declare (c: long = 100) with (step s: true => c = x + s.c)";
    assert_eq!(
        rows(sum).await,
        [json!([1, 101]), json!([2, 103]), json!([3, 106]), json!([4, 110]), json!([5, 115])]
    );
    let filled = "datatable(t: int, e: string)[1, 'A', 2, '', 3, '', 4, 'B', 5, ''] | sort by t asc \
        | scan declare (f: string = '') with (step s: true => f = iff(isempty(e), s.f, e)) | summarize make_list(f)";
    assert_eq!(rows(filled).await, [json!([["A", "A", "A", "B", "B"]])]);
    let texts = "datatable(t: int, p: string, d: dynamic)[1, 'cmd.exe', dynamic({'c': [1]}), 2, 'x cmd.exe y', dynamic({'c': [2]}), 3, 'other', dynamic(null)] \
        | scan order by t asc declare (first: string, n: long) with (step a output=none: p == 'cmd.exe'; \
          step b: p has a.p and p !in (a.p, 'q') and p has_any (a.p, 'z') and p matches regex '^x' and t - a.t between (0 .. 5) => first = a.p, n = tolong(a.d.c[0]) + t)";
    assert_eq!(rows(texts).await, [json!([2, "x cmd.exe y", {"c": [2]}, "cmd.exe", 3])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_have_states_of_their_own() {
    let text = "range x from 1 to 30000 step 1 | extend k = tostring(x % 3) \
        | scan with_match_id=id partition by k declare (n: long = 0) with (step s: true => n = s.n + 1) | summarize max(n), max(id), count() by k | sort by k asc";
    assert_eq!(
        rows(text).await,
        [json!(["0", 10000, 0, 30000 / 3]), json!(["1", 10000, 0, 10000]), json!(["2", 10000, 0, 10000])]
    );
    let ordered = "range x from 1 to 4 step 1 | scan order by x desc with (step s: true) | project x";
    assert_eq!(rows(ordered).await, [json!([4]), json!([3]), json!([2]), json!([1])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scans_that_are_wrong_say_so() {
    let code = async |text: &str| run_plain(text).await.map(|_| ()).unwrap_err().0;
    let scan = |inner: &str| format!("range x from 1 to 3 step 1 | scan {inner}");
    assert_eq!(code(&scan("with (step a: b.x > 1; step b: true)")).await, "unknown_column");
    assert_eq!(code(&scan("with (step a: a.y > 1)")).await, "unknown_column");
    assert_eq!(code(&scan("with (step a: true => z = 1)")).await, "unknown_column");
    assert_eq!(code(&scan("declare (x: long) with (step a: true)")).await, "duplicate_column");
    assert_eq!(code(&scan("with (step a: true; step a: true)")).await, "duplicate_step");
    assert_eq!(code(&scan("with ()")).await, "syntax_error");
    assert_eq!(code(&scan("with (step a output=some: true)")).await, "not_supported");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_and_hitters() {
    assert_eq!(
        rows("range x from 1 to 50000 step 1 | sample 7 | where x between (1 .. 50000) | count").await,
        [json!([7])]
    );
    assert_eq!(
        rows("range x from 1 to 1000 step 1 | sample-distinct 5 of x % 10 | count").await,
        [json!([5])]
    );
    let hitters = "datatable(u: string, b: int)['a', 1, 'b', 2, 'a', 3, 'c', 9, 'a', 1] | top-hitters 2 of u";
    let outcome = run_plain(hitters).await.unwrap();
    let names: Vec<&str> = outcome.schema.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["u", "approximate_count_u"]);
    assert_eq!(outcome.rows[0], [json!("a"), json!(3)]);
    let by = run_plain(&format!("{hitters} by b")).await.unwrap();
    assert_eq!(by.schema.columns[1].name, "approximate_sum_b");
    assert_eq!(by.rows, [[json!("c"), json!(9)], [json!("a"), json!(5)]]);
}
