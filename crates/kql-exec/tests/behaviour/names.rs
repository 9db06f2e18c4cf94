//! The same words in a row mean another column each time.

use super::run_plain;

async fn first(text: &str) -> Vec<serde_json::Value> {
    run_plain(text).await.unwrap_or_else(|e| panic!("{text}: {e:?}")).rows.remove(0)
}

#[tokio::test]
async fn repeated_extends_count_each_time() {
    for (text, expected) in [
        ("print n = 1 | extend n = n + 1 | extend n = n + 1", 3),
        ("print n = 1 | extend n = n * 2 + n | extend n = n * 2 + n | extend n = n * 2 + n", 27),
        ("range n from 1 to 1 step 1 | extend n = n + 1 | where n > 0 | extend n = n + 1", 3),
        ("range n from 1 to 1 step 1 | extend n = n + 1 | take 5 | extend n = n + 1", 3),
        ("range n from 1 to 1 step 1 | extend n = n + 1 | sort by n asc | extend n = n + 1", 3),
        ("let T = range n from 1 to 1 step 1 | extend n = n + 1; T | extend n = n + 1", 3),
        ("let T = materialize(range n from 1 to 1 step 1 | extend n = n + 1); T | extend n = n + 1", 3),
        ("print n = 1 | project n = n + 1 | project n = n + 1", 3),
        ("print n = 1 | extend n = n + 1 | union (print n = 9 | where n < 0) | extend n = n + 1", 3),
        ("print n = 1 | summarize n = sum(n) + 1 | summarize n = sum(n) + 1", 3),
        ("print s = 'a,b' | parse s with * ',' s | extend s = strcat(s, 'x') | project n = strlen(s)", 2),
        ("print n = 1 | extend n = n + 1 | where n == 2 | extend n = n + 1 | where n == 3", 3),
        (
            "print k = 1, n = 1 | join kind=inner (print k = 1, n = 5 | extend n = n + 1 | extend n = n + 1) on k \
             | project n = n + n1 | extend n = n + 1",
            9,
        ),
        ("print n = dynamic([1]) | mv-expand n to typeof(long) | extend n = n + 1 | extend n = n + 1", 3),
    ] {
        assert_eq!(first(text).await.last().unwrap(), &serde_json::json!(expected), "{text}");
    }
}

#[tokio::test]
async fn swaps_swap_each_time() {
    assert_eq!(first("print a = 1, b = 2 | extend a = b, b = a").await, [2, 1]);
    let twice = "print a = 1, b = 2 | extend a = b, b = a | extend a = b, b = a";
    assert_eq!(first(twice).await, [1, 2]);
    let renamed =
        "print a = 1, b = 2 | project-rename c = a, a = b | project-rename b = c | project a, b, d = b";
    assert_eq!(first(renamed).await, [2, 1, 1]);
}

#[tokio::test]
async fn results_keep_their_written_names() {
    let outcome = run_plain("print n = 1 | extend n = n + 1 | extend n = n + 1, ['n@1'] = 4").await.unwrap();
    assert_eq!(outcome.schema.names().collect::<Vec<_>>(), ["n", "n@1"]);
    assert_eq!(outcome.rows, [[3, 4]]);
}
