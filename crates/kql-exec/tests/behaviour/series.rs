//! Series: making them, and what is computed of them.
//!
//! Figures marked "numpy" were computed once with numpy 2 (`polyfit`, `fft`, `convolve`, `percentile`,
//! `median`, `corrcoef`); those marked "reference" stand in the language's public reference.

use serde_json::{Value as Json, json};

use super::run_plain;

/// The only row.
async fn row(text: &str) -> Vec<Json> {
    let outcome = run_plain(text).await.unwrap_or_else(|e| panic!("{text}: {e:?}"));
    assert_eq!(outcome.rows.len(), 1, "{text}");
    outcome.rows.into_iter().next().unwrap()
}

async fn columns(text: &str) -> Vec<String> {
    let outcome = run_plain(text).await.unwrap_or_else(|e| panic!("{text}: {e:?}"));
    outcome.schema.columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect()
}

/// The same numbers but for rounding.
fn near(actual: &Json, expected: &Json, place: &str) {
    match (actual, expected) {
        (Json::Array(a), Json::Array(e)) => {
            assert_eq!(a.len(), e.len(), "{place}: {actual}");
            a.iter().zip(e).for_each(|(a, e)| near(a, e, place));
        }
        (Json::Number(a), Json::Number(e)) => {
            let (a, e) = (a.as_f64().unwrap(), e.as_f64().unwrap());
            assert!((a - e).abs() <= 1e-9 * e.abs().max(1.0), "{place}: {a} instead of {e}");
        }
        _ => assert_eq!(actual, expected, "{place}"),
    }
}

async fn gives(text: &str, expected: Json) {
    near(&Json::Array(row(&format!("print {text}")).await), &expected, text);
}

const METRIC: &str = "let data = datatable(timestamp: datetime, metric: real)[
    datetime(2016-12-31T06:00), 50, datetime(2017-01-01), 4, datetime(2017-01-02), 3,
    datetime(2017-01-03), 4, datetime(2017-01-03T03:00), 6, datetime(2017-01-05), 8,
    datetime(2017-01-05T13:40), 13, datetime(2017-01-06), 4, datetime(2017-01-07), 3,
    datetime(2017-01-08), 8, datetime(2017-01-08T21:00), 8, datetime(2017-01-09), 2,
    datetime(2017-01-09T12:00), 11, datetime(2017-01-10T05:00), 5]; ";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_become_arrays_over_bins() {
    let made = format!(
        "{METRIC} data | make-series avg(metric) on timestamp from datetime(2017-01-01) to datetime(2017-01-10) step 1d"
    );
    assert_eq!(columns(&made).await, ["avg_metric:dynamic", "timestamp:dynamic"]);
    let cells = row(&made).await;
    // Reference.
    assert_eq!(cells[0], json!([4.0, 3.0, 5.0, 0.0, 10.5, 4.0, 3.0, 8.0, 6.5]));
    assert_eq!(cells[1][0], "2017-01-01T00:00:00.0000000Z");
    assert_eq!(cells[1].as_array().unwrap().len(), 9);
    // Bins begin at the start, wherever it lies.
    let shifted = format!(
        "{METRIC} data | make-series n = count() default=long(null), sum(metric) on timestamp \
         from datetime(2016-12-31T12:00) to datetime(2017-01-03T12:00) step 1d"
    );
    let cells = row(&shifted).await;
    assert_eq!(cells[..2], [json!([1, 1, 2]), json!([4.0, 3.0, 10.0])]);
    assert_eq!(cells[2][1], "2017-01-01T12:00:00.0000000Z");
    let gaps = format!(
        "{METRIC} data | make-series c = count() default=double(null), s = 2 * sum(metric) default=-1 on timestamp step 1d"
    );
    let cells = row(&gaps).await;
    assert_eq!(cells[0], json!([1, 1, 1, 2, null, 2, 1, 1, 2, 2, 1]));
    assert_eq!(cells[1], json!([100.0, 8.0, 6.0, 20.0, -1.0, 42.0, 8.0, 6.0, 32.0, 26.0, 10.0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_form_includes_the_end_and_aligns_bins() {
    let old = format!(
        "{METRIC} data | make-series count() on timestamp in range(datetime(2017-01-01T07:00), datetime(2017-01-04T01:00), 1d)"
    );
    let cells = row(&old).await;
    assert_eq!(cells[0], json!([1, 1, 2, 0]));
    assert_eq!(cells[1][0], "2017-01-01T00:00:00.0000000Z");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn series_have_groups_and_axes_of_other_types() {
    let text = "datatable(k: string, x: long, v: long)['a', 1, 10, 'b', 4, 5, 'a', 7, 20, 'a', 8, 1, 'b', 5, 1]
        | make-series s = sum(v), m = max(v) default = 0.5 on x step 2 by k, even = x % 2 == 0 | sort by k asc, even asc";
    assert_eq!(columns(text).await, ["k:string", "even:bool", "s:dynamic", "m:dynamic", "x:dynamic"]);
    let rows = run_plain(text).await.unwrap().rows;
    let expected = [
        json!(["a", false, [10, 0, 0, 20], [10, 0.5, 0.5, 20], [0, 2, 4, 6]]),
        json!(["a", true, [1], [1], [8]]),
        json!(["b", false, [1], [1], [4]]),
        json!(["b", true, [5], [5], [4]]),
    ];
    assert_eq!(rows.into_iter().map(Json::Array).collect::<Vec<_>>(), expected);
    let real = "range x from 0.0 to 1.0 step 0.25 | make-series count() on x from 0.0 to 1.0 step 0.5";
    assert_eq!(row(real).await, [json!([2, 2]), json!([0.0, 0.5])]);
    let span = "range x from 0s to 10s step 1s | make-series count() on x from 0s to 9s step 3s";
    assert_eq!(row(span).await, [json!([3, 3, 3]), json!(["00:00:00", "00:00:03", "00:00:06"])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_makes_no_series_unless_asked() {
    let empty = "print x = 1 | take 0 | make-series KIND count() default=7 on x from 0 to 3 step 1";
    assert!(run_plain(&empty.replace("KIND", "")).await.unwrap().rows.is_empty());
    assert_eq!(row(&empty.replace("KIND", "kind=nonempty")).await, [json!([7, 7, 7]), json!([0, 1, 2])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn series_have_bounds() {
    let code = async |text: &str| run_plain(text).await.map(|_| ()).unwrap_err().0;
    let long = "print t = datetime(2020-01-01) | make-series count() on t from datetime(2020-01-01) to datetime(2024-01-01) step 1s";
    assert_eq!(code(long).await, "query_limit");
    let wide = "range x from 1 to 2 step 1 | extend y = iff(x == 1, -9000000000000000000, 9000000000000000000) | make-series count() on y step 1";
    assert_eq!(code(wide).await, "query_limit");
    assert_eq!(code("print x = 1 | make-series count() on x from 0 to 1 step 0").await, "query_limit");
    let many = "range k from 1 to 2000 step 1 | make-series count() on k from 0 to 1000000 step 1 by k";
    assert_eq!(code(many).await, "query_memory");
    assert_eq!(code("print x = 'a' | make-series count() on x step 1").await, "type_mismatch");
    assert_eq!(
        code("print x = 1, y = 2 | make-series count() default=y on x step 1").await,
        "unknown_column"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elements_are_computed_in_pairs() {
    let (a, b) = ("dynamic([1, 2, 4])", "dynamic([4, 2, null])");
    gives(
        &format!("series_add({a}, {b}), series_subtract({a}, 1), series_multiply(0.5, {a})"),
        json!([[5, 4, null], [0, 1, 3], [0.5, 1.0, 2.0]]),
    )
    .await;
    gives(
        &format!("series_divide({a}, dynamic([2])), series_pow({a}, 2)"),
        json!([[0.5, null, null], [1.0, 4.0, 16.0]]),
    )
    .await;
    gives(
        &format!("series_greater({a}, {b}), series_less_equals({a}, 2), series_not_equals({a}, {b})"),
        json!([[false, false, null], [true, true, false], [true, false, null]]),
    )
    .await;
    gives("series_abs(dynamic([-3, 2.5, null])), series_sign(dynamic([-6.5, 0, 8])), series_ceiling(dynamic([1.2])), series_exp(dynamic([0])), series_log(dynamic([1]))", json!([[3, 2.5, null], [-1, 0, 1], [2.0], [1.0], [0.0]])).await;
    gives(
        "series_add(1, 2), series_add(dynamic({'a': 1}), 2), series_abs(dynamic('x'))",
        json!([null, null, null]),
    )
    .await;
    // Numbers that do not fit any more become reals.
    gives("series_add(dynamic([9223372036854775807]), 1)", json!([[9.223_372_036_854_776e18]])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_series_is_folded_to_one_number() {
    let s = "dynamic([1, 2, 3, 4])";
    gives(&format!("series_sum({s}), series_product({s}), series_magnitude({s}), series_dot_product({s}, {s}), series_dot_product({s}, 2)"), json!([10.0, 24.0, 30f64.sqrt(), 30.0, 20.0])).await;
    // numpy
    gives("series_pearson_correlation(dynamic([1,2,3,5,8]), dynamic([5,3,8,1,2])), series_cosine_similarity(dynamic([1,2,3]), dynamic([4,5,6]))", json!([-0.525_974_025_974_025_9, 0.974_631_846_197_076_2])).await;
    gives(
        "series_sum(dynamic([1, null])), series_dot_product(dynamic([1]), dynamic([1, 2]))",
        json!([null, null]),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statistics_are_several_columns() {
    // Reference.
    let x = "print x = dynamic([23,46,23,87,4,8,3,75,2,56,13,75,32,16,29]) | ";
    let all = format!("{x} project series_stats(x)");
    let named =
        ["min:real", "min_idx:long", "max:real", "max_idx:long", "avg:real", "stdev:real", "variance:real"];
    assert_eq!(columns(&all).await, named.map(|n| format!("series_stats_x_{n}")));
    let expected = json!([2.0, 8, 87.0, 3, 32.8, 28.503_633_853_548_27, 812.457_142_857_142_9]);
    near(&Json::Array(row(&all).await), &expected, "stats");
    assert_eq!(
        columns(&format!("{x} extend (a, b) = series_stats(x)")).await,
        ["x:dynamic", "a:real", "b:long"]
    );
    assert_eq!(columns(&format!("{x} extend x = series_stats(x)")).await, ["x:real"]);
    let rest = columns(&format!("{x} project (a, b) = series_stats(x)")).await;
    assert_eq!(rest[..3], ["a:real", "b:long", "series_stats_x_max:real"]);
    let two = format!(
        "{x} extend (a) = series_stats(x), (b, c, d) = series_stats(series_add(x, 1)) | project a, b, c, d"
    );
    assert_eq!(row(&two).await, [json!(2.0), json!(3.0), json!(8), json!(88.0)]);
    let ignoring = "print s = dynamic([1, null, 3]) | extend (a) = series_stats(s), (b, c, d) = series_stats(s, true) | project a, b, c, d";
    assert_eq!(row(ignoring).await, [json!(null), json!(1.0), json!(0), json!(3.0)]);
    let nested = run_plain("print x = strcat(series_stats(dynamic([1])), '')").await.map(|_| ()).unwrap_err();
    assert_eq!(nested.0, "several_columns");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gaps_are_filled() {
    // Reference.
    let s = "dynamic([null, null, 36, 41, null, null, 16, 61, 33, null, null])";
    gives(&format!("series_fill_forward({s})"), json!([[null, null, 36, 41, 41, 41, 16, 61, 33, 33, 33]]))
        .await;
    gives(&format!("series_fill_backward({s})"), json!([[36, 36, 36, 41, 16, 16, 16, 61, 33, null, null]]))
        .await;
    gives(&format!("series_fill_const({s}, -1)"), json!([[-1, -1, 36, 41, -1, -1, 16, 61, 33, -1, -1]]))
        .await;
    let reals = "dynamic([null, 111.0, null, 36.0, 41.0, null, null, 16.0, 61.0, 33.0, null, null])";
    let between = [32.0 + 2.0 / 3.0, 24.0 + 1.0 / 3.0];
    gives(
        &format!("series_fill_linear({reals})"),
        json!([[111.0, 111.0, 73.5, 36.0, 41.0, between[0], between[1], 16.0, 61.0, 33.0, 33.0, 33.0]]),
    )
    .await;
    gives(
        &format!("series_fill_linear({s}, double(null), false)"),
        json!([[null, null, 36, 41, 32, 24, 16, 61, 33, null, null]]),
    )
    .await;
    let nothing = "dynamic([null, null])";
    gives(
        &format!("series_fill_linear({nothing}), series_fill_linear({nothing}, double(null), true, 3.5)"),
        json!([[0.0, 0.0], [3.5, 3.5]]),
    )
    .await;
    gives(
        "series_fill_forward(dynamic([5, 0, 0, 7]), 0), series_fill_const(dynamic([5, -1]), 2, -1)",
        json!([[5, 5, 5, 7], [5, 2]]),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_and_transforms() {
    // numpy.convolve
    gives(
        "series_fir(dynamic([1,2,3,4,5]), dynamic([1,2,3]))",
        json!([[1.0 / 6.0, 4.0 / 6.0, 10.0 / 6.0, 16.0 / 6.0, 22.0 / 6.0]]),
    )
    .await;
    gives(
        "series_fir(dynamic([1,2,3,4,5]), dynamic([1,2,3]), true, true)",
        json!([[4.0 / 6.0, 10.0 / 6.0, 16.0 / 6.0, 22.0 / 6.0, 22.0 / 6.0]]),
    )
    .await;
    // Reference.
    gives(
        "series_fir(dynamic([0,0,0,0,2,2,2,2,3,3,3,3]), dynamic([1,-1]), false, false)",
        json!([[0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]]),
    )
    .await;
    gives("series_fir(dynamic([1]), dynamic([1,-1]), true)", json!([null])).await;
    // The difference equation, by hand.
    gives(
        "series_iir(dynamic([1,2,3,4,5]), dynamic([0.5,0.2]), dynamic([2,-1,0.25]))",
        json!([[0.25, 0.725, 1.28125, 1.85, 2.41484375]]),
    )
    .await;
    // numpy.fft
    let turned = "let y = dynamic([1,2,3,4,5,-1]); print y | extend (re, im) = series_fft(y) | extend (back) = series_ifft(re, im) \
        | mv-expand re to typeof(real), im to typeof(real), back to typeof(real) | project re = round(re, 9), im = round(im, 9), back = round(back, 9)";
    let rows = run_plain(turned).await.unwrap().rows;
    let re: Vec<f64> = rows.iter().map(|r| r[0].as_f64().unwrap()).collect();
    let im: Vec<f64> = rows.iter().map(|r| r[1].as_f64().unwrap() + 0.0).collect();
    let back: Vec<f64> = rows.iter().map(|r| r[2].as_f64().unwrap()).collect();
    assert_eq!(re, [14.0, -6.5, 0.5, 4.0, 0.5, -6.5]);
    assert_eq!(im, [0.0, -0.866_025_404, -4.330_127_019, 0.0, 4.330_127_019, 0.866_025_404]);
    assert_eq!(back, [1.0, 2.0, 3.0, 4.0, 5.0, -1.0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_and_polynomials_are_fitted() {
    let y = "print y = dynamic([2,5,6,8,11,15,17,18,25,26,30,30]) | ";
    // Reference, to more digits by numpy.
    let line = row(&format!(
        "{y} project (r, slope, v, rv, i, fit) = series_fit_line(y) | project r, slope, v, rv, i, fit[0]"
    ))
    .await;
    let expected = json!([
        0.982_900_730_884_447,
        2.730_769_230_769_230_6,
        98.628_787_878_787_88,
        1.686_480_186_480_187,
        -1.666_666_666_666_666_7,
        1.064_102_564_102_562_8
    ]);
    near(&Json::Array(line), &expected, "line");
    // numpy
    let poly = row(&format!(
        "{y} project (r, c, v, rv, fit) = series_fit_poly(y, dynamic(null), 2) | project r, c, rv, fit[1]"
    ))
    .await;
    let expected = json!([
        0.984_514_064_934_988_2,
        [0.036_213_786_213_786, 2.259_990_009_990_01, -0.568_181_818_181_818],
        1.527_359_004_631_734,
        4.096_653_346_653_346
    ]);
    near(&Json::Array(poly), &expected, "polynomial");
    let two = row(
        "print y = dynamic([1,2.2,2.5,4.7,5.0,12,10.3,10.3,9,8.3,6.2]) | extend d = series_fit_2lines_dynamic(y) \
         | project (r, at, v, rv) = series_fit_2lines(y), d | project r, at, v, rv, todouble(d.right.slope), todouble(d.left.interception), todouble(d.right.rsquare)",
    )
    .await;
    let expected = json!([
        0.986_513_191_716_876_8,
        5,
        13.894,
        0.187_385_714_285_714_43,
        -1.037_142_857_142_857,
        -0.07,
        0.942_385_124_262_471
    ]);
    near(&Json::Array(two), &expected, "two lines");
    gives(
        "series_fit_line_dynamic(dynamic([null, 1])), series_fit_line_dynamic(dynamic([]))",
        json!([null, null]),
    )
    .await;
}

const TRAFFIC: &str = "dynamic([80,139,87,110,68,54,50,51,53,133,86,141,97,156,94,149,95,140,77,61,50,54,47,133,72,152,94,148,105,162,101,160,87,63,53,55,54,151,103,189,108,183,113,175,113,178,90,71,62,62,65,165,109,181,115,182,121,178,114,170])";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn periods_are_found() {
    // Reference.
    let found = row(&format!("print y = {TRAFFIC} | project series_periods_detect(y, 0.0, 50.0, 2)")).await;
    assert_eq!(found[0], json!([14.0, 0.0]));
    assert!((found[1][0].as_f64().unwrap() - 0.84).abs() < 0.005 && found[1][1] == 0.0, "{}", found[1]);
    let valid = row(&format!("print y = {TRAFFIC} | project series_periods_validate(y, 14.0, 10.0)")).await;
    assert_eq!((&valid[0], &valid[1][1]), (&json!([14.0, 10.0]), &json!(0.0)));
    assert!((valid[1][0].as_f64().unwrap() - 0.84).abs() < 0.005);
    let season = "dynamic([2,5,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1])";
    gives(
        &format!("series_seasonal({season})"),
        json!([[
            1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0,
            2.0, 3.0, 4.0, 3.0, 2.0, 1.0
        ]]),
    )
    .await;
    let five = json!([10.0, 12.0, 14.0, 12.0, 10.0]);
    let five: Vec<Json> = (0..4).flat_map(|_| five.as_array().unwrap().clone()).collect();
    gives(
        "series_seasonal(dynamic([8,12,14,12,10,10,12,14,12,10,10,12,14,12,10,10,12,14,12,10]))",
        json!([five]),
    )
    .await;
    gives(
        "series_seasonal(dynamic([1,3,5,2,4,6,1,3,5,2,4,6]))",
        json!([[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]),
    )
    .await;
    gives(
        "series_seasonal(dynamic([1,3,5,1,3,5,2,4,6]), 3)",
        json!([[1.0, 3.0, 5.0, 1.0, 3.0, 5.0, 1.0, 3.0, 5.0]]),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn series_are_decomposed() {
    let y = "print y = dynamic([1,5,3,2, 2,6,4,3, 3,7,5,4, 4,8,9,5]) | ";
    let names = columns(&format!("{y} project series_decompose(y)")).await;
    assert_eq!(
        names,
        ["baseline", "seasonal", "trend", "residual"].map(|n| format!("series_decompose_y_{n}:dynamic"))
    );
    // numpy: medians of the phases, then a line, then the percentiles 10 and 90 of what is left.
    let parts = row(&format!("{y} project (b, s, t, r) = series_decompose(y, 4, 'linefit') | project s[1], t[0], t[15], r[14], b[0]")).await;
    let expected =
        json!([6.5, -2.007_352_941_176_47, 2.382_352_941_176_471_5, 2.410_294_117_647, 0.492_647_058_823_53]);
    near(&Json::Array(parts), &expected, "parts");
    let scores = row(&format!("{y} project (f, s, b) = series_decompose_anomalies(y, 1.5, 4, 'linefit'), (g, t) = series_decompose_anomalies(y, 1.5, 4, 'linefit', 0, 'tukey') | project f, s[14], t[14], s[2], g")).await;
    let flags = json!([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    let expected = json!([flags, 3.602_864_199_952_56, 3.978_375, 0.0, flags]);
    for (at, place) in ["flags", "custom", "tukey", "inside", "flags by tukey"].iter().enumerate() {
        if at == 2 {
            assert!((scores[2].as_f64().unwrap() - 3.978_375).abs() < 1e-6);
        } else {
            near(&scores[at], &expected[at], place);
        }
    }
    // What is left out is foretold (numpy, from the first twelve elements).
    let told = row("print y = dynamic([1,5,3,2, 2,6,4,3, 3,7,5,4, 0,0,0,0]) | extend (f) = series_decompose_forecast(y, 4, 4) | project f[12], f[13], f[15]").await;
    let expected = json!([3.454_545_454_545_454, 7.678_321_678_321_678, 5.125_874_125_874_125]);
    near(&Json::Array(told), &expected, "forecast");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peak_in_the_hours_of_a_week_stands_out() {
    // A daily wave with a trend over five weeks, and one peak; no noise is drawn by chance.
    let text = "range t from 0 to 839 step 1 | extend at = datetime(2026-01-01) + t * 1h \
        | extend y = 100 + 40 * sin(2 * pi() * t / 24) + t / 10.0 + (t * 7919) % 13 + iff(t == 500, 150, 0) \
        | make-series y = sum(y) on at from datetime(2026-01-01) to datetime(2026-02-05) step 1h \
        | extend (period, score) = series_periods_detect(y, 4.0, 400.0, 1) \
        | extend (flag, points) = series_decompose_anomalies(y, 2.5, -1, 'linefit') \
        | mv-expand with_itemindex=t flag to typeof(long), points to typeof(real) \
        | where flag != 0 | project t, flag, period = todouble(period[0])";
    let rows = run_plain(text).await.unwrap().rows;
    assert_eq!(rows, [[json!(500), json!(1), json!(24.0)]]);
}
