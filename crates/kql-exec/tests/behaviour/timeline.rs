use super::{lines, run_plain, schema};

/// Who was seen on which day of August 2017; the second one is the row of another site.
const SEEN: &str = r#"let T = datatable(who: string, at: datetime, site: string)[
    "Bob", datetime(2017-08-01), "a", "Dave", datetime(2017-08-01 12:00), "a", "Dave", datetime(2017-08-01 13:00), "b",
    "Ann", datetime(2017-08-02), "a", "Bob", datetime(2017-08-02), "a",
    "Bob", datetime(2017-08-04), "a", "Eve", datetime(2017-08-04), "b"];
    let start = datetime(2017-08-01); let end = start + 4d;"#;

/// The rows of a plugin, with the day in the place of each datetime.
async fn days(call: &str) -> Vec<String> {
    let rows = lines(&format!("{SEEN} T | evaluate {call}")).await;
    rows.into_iter().map(|row| row.replace("2017-08-0", "").replace("T00:00:00.000000Z", "")).collect()
}

#[tokio::test]
async fn windows_look_back_over_those_before_them() {
    assert_eq!(
        days("sliding_window_counts(who, at, start, end, 2d, 1d)").await,
        [
            r#"["1",3,2]"#,
            r#"["2",5,3]"#,
            r#"["3",2,2]"#,
            r#"["4",2,2]"#,
            // Nobody is seen on the fifth, but the window looks back.
            r#"["5",2,2]"#
        ]
    );
    // What lies before the start counts where a window looks back to it; the lookback is cut to whole windows.
    assert_eq!(
        days("sliding_window_counts(who, at, start + 1d, start + 1d, 60h, 1d, site)").await,
        [r#"["2","a",4,3]"#, r#"["2","b",1,1]"#]
    );
    assert_eq!(
        schema(&format!("{SEEN} T | evaluate sliding_window_counts(who, at, start, end, 2d, 1d, site)"))
            .await,
        ["at:datetime", "site:string", "Count:long", "Dcount:long"]
    );
    // Whole numbers are a timeline too.
    let numbers = "range n from 1 to 9 step 1 | extend id = n % 4 \
        | evaluate sliding_window_counts(id, n, 4, 9, 4, 2)";
    assert_eq!(lines(numbers).await, ["[4,4,4]", "[6,4,4]", "[8,4,4]"]);
}

#[tokio::test]
async fn new_ids_are_those_that_no_window_had() {
    assert_eq!(
        days("activity_counts_metrics(who, at, start, end, 1d)").await,
        [r#"["1",3,2,2,2]"#, r#"["2",2,2,1,3]"#, r#"["4",2,2,1,4]"#]
    );
    assert_eq!(
        days("activity_counts_metrics(who, at, start, end, 1d, site)").await,
        [
            r#"["1","a",2,2,2,2]"#,
            r#"["2","a",2,2,1,3]"#,
            r#"["4","a",1,1,0,3]"#,
            r#"["1","b",1,1,1,1]"#,
            r#"["4","b",1,1,1,2]"#
        ]
    );
    // The end belongs to the time that counts.
    assert_eq!(days("activity_counts_metrics(who, at, start, start, 1d)").await, [r#"["1",1,1,1,1]"#]);
}

#[tokio::test]
async fn a_window_is_compared_with_the_one_before() {
    let expected = [
        r#"["1",2,2,"NaN","NaN"]"#,
        r#"["2",2,1,0.5,0.5]"#,
        // The window before is empty.
        r#"["4",2,2,"NaN","NaN"]"#,
    ];
    assert_eq!(days("activity_metrics(who, at, start, end, 1d)").await, expected);
    assert_eq!(days("activity_metrics(who, at, 1d)").await, expected, "start and end may be left out");
    assert_eq!(
        schema(&format!("{SEEN} T | evaluate activity_metrics(who, at, 1d, site)")).await,
        [
            "at:datetime",
            "site:string",
            "dcount_values:long",
            "dcount_newvalues:long",
            "retention_rate:real",
            "churn_rate:real"
        ]
    );
    // Weeks begin on Sunday: 2017-07-30.
    let week = format!("{SEEN} T | evaluate activity_metrics(who, at, 'week') | project at, dcount_values");
    assert_eq!(lines(&week).await, [r#"["2017-07-30T00:00:00.000000Z",4]"#]);
    let month = format!(
        "{SEEN} T | evaluate activity_counts_metrics(who, at, start, end, 'month') | project at, dcount"
    );
    assert_eq!(lines(&month).await, [r#"["2017-08-01T00:00:00.000000Z",4]"#]);
}

#[tokio::test]
async fn engagement_is_the_share_of_the_wider_window() {
    assert_eq!(
        days("activity_engagement(who, at, start, end, 1d, 2d) | extend activity_ratio = round(activity_ratio, 3)")
            .await,
        [r#"["1",2,2,1.0]"#, r#"["2",2,3,0.667]"#, r#"["4",2,2,1.0]"#]
    );
    assert_eq!(days("activity_engagement(who, at, 1d, 30d) | count").await, ["[3]"]);
}

#[tokio::test]
async fn active_users_occur_in_enough_periods() {
    // Bob is seen on the first, the second and the fourth.
    assert_eq!(days("active_users_count(who, at, start, end, 4d, 1d, 3, 1d)").await, [r#"["4",1]"#]);
    assert_eq!(
        days("active_users_count(who, at, start, end, 4d, 1d, 2, 2d)").await,
        [r#"["1",1]"#, r#"["3",1]"#]
    );
    // Three days back from the fourth, the first is out of sight.
    assert_eq!(days("active_users_count(who, at, start, end, 3d, 1d, 3, 1d)").await, Vec::<String>::new());
    // What was before the start is looked back to, and does not count itself.
    assert_eq!(
        days("active_users_count(who, at, start + 1d, end, 4d, 1d, 2, 1d)").await,
        [r#"["2",1]"#, r#"["4",1]"#]
    );
}

const USERS: &str = "let U = datatable(day: int, users: dynamic)[1, dynamic([0,2,3,4]), 2, dynamic([0,1,3,4,5]), \
    3, dynamic([0,2,4,5]), 4, dynamic([0,1,2,3]), 5, dynamic([0,1,2,3,4])] \
    | mv-expand user = users to typeof(long) | project day, user;";

#[tokio::test]
async fn cohorts_are_followed_through_later_windows() {
    let of = |rest: &str| format!("{USERS} U | evaluate new_activity_metrics(user, day, 1, 6, 1{rest})");
    assert_eq!(
        lines(&of("")).await,
        [
            "[1,1,4,4,0,1.0,0.0]",
            "[1,2,2,3,1,0.75,0.25]",
            "[1,3,1,3,1,0.75,0.25]",
            "[1,4,1,3,1,0.75,0.25]",
            "[1,5,1,4,0,1.0,0.0]",
            "[1,6,0,0,4,0.0,1.0]",
            "[2,2,2,2,0,1.0,0.0]",
            "[2,3,0,1,1,0.5,0.5]",
            "[2,4,0,1,1,0.5,0.5]",
            "[2,5,0,1,1,0.5,0.5]",
            "[2,6,0,0,2,0.0,1.0]"
        ]
    );
    assert_eq!(lines(&format!("{} | where to_day == 3", of(", 2"))).await, ["[2,3,0,1,1,0.5,0.5]"]);
    // Ids that are not new belong to no cohort.
    let known = format!("{} | where to_day == 5", of(", 1, (print user = 3)"));
    assert_eq!(lines(&known).await, ["[1,5,1,3,0,1.0,0.0]"]);
    let parity = format!(
        "{USERS} U | extend even = user % 2 == 0 \
        | evaluate new_activity_metrics(user, day, 1, 6, 1, 1, even) | where to_day == 3"
    );
    assert_eq!(lines(&parity).await, ["[1,3,0,3,0,1.0,0.0,true]", "[1,3,1,0,1,0.0,1.0,false]"]);
    assert_eq!(
        schema(&of("")).await,
        [
            "from_day:int",
            "to_day:int",
            "dcount_new_values:long",
            "dcount_retained_values:long",
            "dcount_churn_values:long",
            "retention_rate:real",
            "churn_rate:real"
        ]
    );
}

#[tokio::test]
async fn percentiles_roll_over_the_last_bins() {
    let values = "let V = datatable(at: datetime, v: real, k: string)[\
        datetime(2020-01-01 01:00), 1, 'x', datetime(2020-01-01 02:00), 3, 'x', datetime(2020-01-02), 9, 'y', \
        datetime(2020-01-02 05:00), 5, 'x', datetime(2020-01-05), 2, 'y', datetime(2020-01-05), real(null), 'y'];";
    assert_eq!(
        lines(&format!("{values} V | evaluate rolling_percentile(v, 50, at, 1d, 2) | project dayofmonth(at), rolling_2_percentile_v_50"))
            .await,
        ["[1,1.0]", "[2,3.0]", "[3,5.0]", "[5,2.0]"]
    );
    assert_eq!(
        lines(&format!("{values} V | evaluate rolling_percentile(v, 100, at, 1d, 2, k) | project dayofmonth(at), k, rolling_2_percentile_v_100"))
            .await,
        [r#"[1,"x",3.0]"#, r#"[2,"x",5.0]"#, r#"[3,"x",5.0]"#, r#"[2,"y",9.0]"#, r#"[3,"y",9.0]"#, r#"[5,"y",2.0]"#]
    );
}

#[tokio::test]
async fn a_plugin_works_within_the_groups_of_a_sub_query() {
    let text = format!(
        "{SEEN} T | partition by site (evaluate activity_counts_metrics(who, at, start, end, 4d) | extend n = count) \
        | summarize sum(n), sum(dcount)"
    );
    assert_eq!(lines(&text).await, ["[7,5]"]);
}

#[tokio::test]
async fn what_does_not_fit_a_timeline_is_named() {
    for (call, code) in [
        ("sliding_window_counts(who, at, start, end, 2d)", "wrong_arguments"),
        ("sliding_window_counts(who, at, 1, end, 2d, 1d)", "type_mismatch"),
        ("sliding_window_counts(who, at, start, end, 2, 1d)", "type_mismatch"),
        ("sliding_window_counts(who, site, start, end, 2d, 1d)", "type_mismatch"),
        ("sliding_window_counts(who, at, start, end, 2d, 'day')", "wrong_arguments"),
        ("sliding_window_counts(strcat(who), at, start, end, 2d, 1d)", "column_expected"),
        ("sliding_window_counts(who, at, start, end, 2d, 1d, strlen(site))", "column_expected"),
        ("activity_counts_metrics(who, at, start, end, 1d, 2d)", "wrong_arguments"),
        ("new_activity_metrics(who, at, start, end, 1d, (print other = 'x'))", "unknown_column"),
        ("rolling_percentile(site, 50, at, 1d, 2)", "type_mismatch"),
        ("rolling_percentile(at, 101, at, 1d, 2)", "constant_expected"),
        ("rolling_percentile(at, 50, at, 1d, 0)", "wrong_arguments"),
        // These are known when the query runs.
        ("sliding_window_counts(who, at, start, end, 2d, 0d)", "query_limit"),
        ("activity_counts_metrics(who, at, datetime(null), end, 1d)", "query_limit"),
    ] {
        let error = run_plain(&format!("{SEEN} T | evaluate {call}")).await.err();
        assert_eq!(error.as_ref().map(|e| e.0.as_str()), Some(code), "{call}: {error:?}");
    }
    // A window for every microsecond of a thousand years ends at a bound.
    let endless = format!(
        "{SEEN} T | evaluate sliding_window_counts(who, at, start, end + 365000d, 365000d, 1microsecond)"
    );
    let error = run_plain(&endless).await.err().unwrap();
    assert!(["query_limit", "query_memory"].contains(&error.0.as_str()), "{error:?}");
}
