//! Rows come in the order that the language gives them, however many partitions compute.

use serde_json::json;

use super::run_plain;

async fn rows(text: &str) -> Vec<Vec<serde_json::Value>> {
    run_plain(text).await.unwrap_or_else(|e| panic!("{text}: {e:?}")).rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sorted_rows_stay_sorted_under_later_operators() {
    let many = "range x from 1 to 100000 step 1 | sort by x desc | where x % 2 == 0 | extend z = x * 2";
    assert_eq!(rows(&format!("{many} | take 3 | project z")).await, [[200_000], [199_996], [199_992]]);
    let kept = rows(&format!("{many} | where z > 100000 | project x")).await;
    let right: Vec<i64> = (0..10_000).map(|n| 100_000 - 2 * n).collect();
    assert!(kept.iter().map(|r| r[0].as_i64().unwrap()).eq(right));
    // The key is gone, its order stays.
    let texts = rows(&format!("{many} | project s = strcat('#', x) | take 2")).await;
    assert_eq!(texts, [["#100000"], ["#99998"]]);
    let replaced =
        rows("range x from 1 to 50000 step 1 | sort by x desc | extend x = 7 * x % 5 | take 3").await;
    assert_eq!(replaced, [[0], [3], [1]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_is_in_order() {
    let first =
        rows("range x from 1 to 200000 step 1 | extend y = strcat(x, '') | where x % 3 == 0 | take 3").await;
    assert_eq!(first, [[json!(3), json!("3")], [json!(6), json!("6")], [json!(9), json!("9")]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbered_rows_come_by_their_numbers() {
    let numbered = rows(
        "range x from 1 to 60000 step 1 | sort by x desc | extend n = row_number(), p = prev(x), q = next(x) \
         | where n % 1000 == 0 | project n, x, p, q",
    )
    .await;
    assert_eq!(numbered.len(), 60);
    for (at, row) in (1i64..).zip(&numbered) {
        let n = at * 1000;
        let x = 60_001 - n;
        let next = if x == 1 { json!(null) } else { json!(x - 1) };
        assert_eq!(row, &[json!(n), json!(x), json!(x + 1), next]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_of_neighbours_agree_where_keys_are_equal() {
    // What stands before the next row is this row; only the last row has no next one.
    let wrong = rows(
        "range x from 1 to 50000 step 1 | extend k = x % 10 | sort by k asc \
         | extend before = prev(x) | extend same = next(before) | where same != x | count",
    )
    .await;
    assert_eq!(wrong, [[1]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_passes_through_named_tables_and_expansion() {
    let named = "let T = range x from 1 to 30000 step 1 | sort by x desc; T | where x % 3 == 0 | take 2";
    assert_eq!(rows(named).await, [[30_000], [29_997]]);
    let kept = "let T = materialize(range x from 1 to 30000 step 1 | sort by x desc); \
        T | extend n = row_number() | where n > 29998 | project n, x";
    assert_eq!(rows(kept).await, [[29_999, 2], [30_000, 1]]);
    let expanded = "range i from 1 to 2 step 1 | sort by i desc | extend l = dynamic(['b', 'a']) \
        | mv-expand l to typeof(string) | project s = strcat(i, l)";
    assert_eq!(rows(expanded).await, [["2b"], ["2a"], ["1b"], ["1a"]]);
    let long = "print l = range(1, 100000, 1) | mv-expand x = l to typeof(long) | where x % 2 == 0 | take 2";
    assert_eq!(rows(&format!("{long} | project x")).await, [[2], [4]]);
    let listed = "range i from 1 to 2 step 1 | extend l = dynamic(['b', 'a']) | mv-expand l to typeof(string) \
        | extend s = strcat(i, l), n = row_number() | where n > 1 | summarize make_list(s)";
    assert_eq!(rows(listed).await, [[json!(["1a", "2b", "2a"])]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_keep_the_order_of_rows() {
    let ends = rows(
        "range x from 1 to 50000 step 1 | sort by x desc | summarize l = make_list(x) \
         | project first = l[0], last = l[49999], n = array_length(l)",
    )
    .await;
    assert_eq!(ends, [[50_000, 1, 50_000]]);
    let short = rows(
        "range x from 1 to 50000 step 1 | sort by x desc | summarize l = make_list(x, 3) by k = x % 2 | sort by k asc",
    )
    .await;
    assert_eq!(
        short,
        [[json!(0), json!([50_000, 49_998, 49_996])], [json!(1), json!([49_999, 49_997, 49_995])]]
    );
}
