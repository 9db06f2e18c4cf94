//! Scalar functions and aggregates on their own, and what hostile arguments do.

use serde_json::{Value as Json, json};

use super::{lines, run_plain};

async fn row(text: &str) -> Vec<Json> {
    run_plain(text).await.unwrap_or_else(|e| panic!("{text}: {e:?}")).rows.remove(0)
}

async fn gives(cases: &[(&str, Json)]) {
    for (text, wanted) in cases {
        let query = if text.contains(" | ") { (*text).to_owned() } else { format!("print {text}") };
        assert_eq!(&Json::Array(row(&query).await), wanted, "{text}");
    }
}

#[tokio::test]
async fn decimals_are_exact_from_the_literal_to_the_result() {
    gives(&[
        ("decimal(1.23), decimal(1e3), decimal(null), -decimal(0.5)", json!(["1.23", "1000", null, "-0.5"])),
        ("decimal(0.1) + 0.2, decimal(7.5) / decimal(2.5), decimal(7) % 4, 2 * decimal(1.5)", json!(["0.3", "3", "3", "3"])),
        ("decimal(0.1) + decimal(0.2) == decimal(0.3), decimal(2.5) > 1.5, decimal(1) / 0", json!([true, true, null])),
        ("todecimal('123.45678') == decimal(123.45678), todecimal('x'), tostring(decimal(1.50))", json!([true, null, "1.5"])),
        ("tolong(decimal(-1.9)), toreal(decimal(2.5)), tobool(decimal(0)), gettype(decimal(1))", json!([-1, 2.5, false, "decimal"])),
        ("round(decimal(3.14159), 2), ceiling(decimal(1.2)), abs(decimal(-2)), bin(decimal(7.7), 2)", json!(["3.14", "2", "2", "6"])),
        ("max_of(decimal(1), decimal(3)), iff(true, decimal(1), 2.5), decimal(3) in (1, 3)", json!(["3", "1", true])),
        ("decimal(1) / 3", json!(["0.3333333333333333333333333333333333"])),
        (
            "datatable(m: decimal)[0.1, 0.2, 10, 'null'] | summarize sum(m), avg(m), min(m), max(m), count(), dcount(m)",
            json!(["10.3", "3.433333333333333333333333333333333", "0.1", "10", 4, 3]),
        ),
        (
            "range n from 1 to 3 step 1 | extend m = n * decimal(0.5) | sort by m desc | summarize make_list(m), arg_max(m, n)",
            json!([["1.5", "1", "0.5"], "1.5", 3]),
        ),
        ("range n from 1 to 4 step 1 | summarize c = count() by m = n % 2 * decimal(1.0) | sort by m asc | summarize make_list(m)", json!([["0", "1"]])),
    ])
    .await;
}

#[tokio::test]
async fn hashes_and_encodings_have_their_published_values() {
    gives(&[
        ("hash('World'), hash('World', 100), hash(datetime(2015-01-01)), hash_xxhash64('World')", json!([1846988464401551951i64, 51, 1380966698541616202i64, 1846988464401551951i64])),
        ("hash('World', 0), hash(long(null))", json!([null, null])),
        ("base64_encode_fromguid(toguid('ae3133f2-6e22-49ae-b06a-16e6a9b212eb')), base64_decode_toguid('8jMxriJurkmwahbmqbIS6w==')", json!(["8jMxriJurkmwahbmqbIS6w==", "ae3133f2-6e22-49ae-b06a-16e6a9b212eb"])),
        ("base64_encode_fromarray(base64_decode_toarray('S3VzdG8=')), base64_encode_fromarray(dynamic(['x']))", json!(["S3VzdG8=", ""])),
        ("gzip_decompress_from_base64_string(gzip_compress_to_base64_string('naïve')), gzip_decompress_from_base64_string('x')", json!(["naïve", ""])),
        ("zlib_decompress_from_base64_string(zlib_compress_to_base64_string('abc')), zlib_decompress_from_base64_string('eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=')", json!(["abc", "Test string 123"])),
        ("punycode_from_string('académie-française'), punycode_to_string('acadmie-franaise-npb1a')", json!(["acadmie-franaise-npb1a", "académie-française"])),
        ("punycode_domain_from_string('Lê Lợi。Thuận Thiên。com'), punycode_domain_from_string('Artorījos.edu'), punycode_domain_to_string('xn--Artorjos-ejb.edu')", json!(["xn--L Li-gpa4517b.xn--Thun Thin-s4a7194f.com", "xn--Artorjos-ejb.edu", "Artorījos.edu"])),
    ])
    .await;
}

#[tokio::test]
async fn mathematics_units_and_zones() {
    gives(&[
        ("gamma(5), erf(0), erfc(0), loggamma(1), sign(-2.5)", json!([24.0, 0.0, 1.0, 0.0, -1.0])),
        ("round(beta_cdf(0.9, 2, 1), 6), round(beta_inv(0.81, 2, 1), 6), beta_cdf(0.5, -1, 1)", json!([0.81, 0.9, null])),
        ("round(convert_length(1.2, 'Meter', 'Foot'), 6), convert_force(10, 'Newton', 'Decanewton'), convert_length(1, 'Cubit', 'Foot')", json!([3.937008, 1.0, null])),
        ("round(convert_temperature(1.2, 'Kelvin', 'DegreeCelsius'), 6), round(convert_speed(36, 'KilometerPerHour', 'MeterPerSecond'), 6), convert_angle(180, 'Degree', 'Radian') == pi()", json!([-271.95, 10.0, true])),
        ("round(convert_volume(1, 'UsGallon', 'Liter'), 9), round(convert_mass(1, 'Pound', 'Gram'), 5), round(convert_energy(1, 'KilowattHour', 'Megajoule'), 9)", json!([3.785411784, 453.59237, 3.6])),
        ("datetime_utc_to_local(datetime(2026-07-15 10:00), 'Europe/Berlin'), datetime_local_to_utc(datetime(2026-07-15 12:00), 'Europe/Berlin'), datetime_utc_to_local(now(), 'Nowhere')", json!(["2026-07-15T12:00:00.000000Z", "2026-07-15T10:00:00.000000Z", null])),
        ("array_length(datetime_list_timezones()) > 400, set_has_element(datetime_list_timezones(), 'Europe/Berlin')", json!([true, true])),
        ("around(5, 4, 1), around(datetime(2026-01-01 01:00), datetime(2026-01-01), 30m)", json!([true, false])),
    ])
    .await;
}

#[tokio::test]
async fn arrays_bags_and_documents() {
    gives(&[
        ("a = array_sort_asc(dynamic([3, 'a', null, 1])), b = array_sort_desc(dynamic([3, 'a', null, 1]), false)", json!([[1, 3, "a", null], [null, 3, 1, "a"]])),
        ("(x, y) = array_sort_asc(dynamic([3, 1, 2]), dynamic(['c', 'a', 'b'])), array_sort_desc(dynamic([1, 2]), dynamic([1]))", json!([[1, 2, 3], ["a", "b", "c"], [2, 1], null])),
        ("set_equals(dynamic([1, 2, 1]), dynamic([2, 1])), set_intersect(dynamic([1, 1])), array_index_of(dynamic(['a', 'b', 'a']), 'a', 0, -1, 2)", json!([true, [1], 2])),
        ("print a = 1, b = 'x' | project bag_pack_columns(a, b)", json!([{"a": 1, "b": "x"}])),
        ("print a = '', b = 'x', c = int(null) | project pack_all(true)", json!([{"b": "x"}])),
        ("parse_xml('<a x=\"1\"><b>2</b></a>'), parse_xml('<a')", json!([{"a": {"@x": "1", "b": "2"}}, null])),
        ("parse_version('1.2.3.40') > parse_version('1.2.3.5'), parse_version('1.2.x')", json!([true, null])),
        ("has_any_index('a quick fox', dynamic(['dog', 'fox'])), has_any_index('x', dynamic([]))", json!([1, -1])),
        ("print a = 1, s = 'abc' | project estimate_data_size(*), estimate_data_size(s)", json!([11, 3])),
        ("column_names_of((print a = 1, b = 2)), iscolumnexists('a')", json!([["a", "b"], false])),
    ])
    .await;
}

#[tokio::test]
async fn addresses_of_both_versions() {
    gives(&[
        ("parse_ipv6('192.168.255.255/24'), parse_ipv6('2001:db8::10'), parse_ipv6('x'), parse_ipv6_mask('192.168.1.1', 120)", json!(["0000:0000:0000:0000:0000:ffff:c0a8:ff00", "2001:0db8:0000:0000:0000:0000:0000:0010", "", "0000:0000:0000:0000:0000:ffff:c0a8:0100"])),
        ("ipv6_compare('fe80::1', 'fe80::2'), ipv6_is_match('fe80::1/120', 'fe80::2'), ipv6_is_in_range('fe80::1', 'fe80::/16'), ipv6_is_in_any_range('fe80::1', '10.0.0.0/8', 'fe80::/10')", json!([-1, true, true, true])),
        ("ipv6_is_in_any_range('10.1.1.1', dynamic(['10.0.0.0/8'])), ipv6_compare('x', 'y')", json!([true, null])),
        ("format_ipv4_mask('192.168.1.1', 24), format_ipv4('192.168.1.1', -1), parse_ipv4_mask('10.1.2.3', 8)", json!(["192.168.1.0/24", "", 167772160])),
        ("has_any_ipv4('at 127.0.0.1 GET', '10.0.0.1', '127.0.0.1'), has_any_ipv4_prefix('at 127.0.0.1 GET', dynamic(['127.0.'])), has_any_ipv4_prefix('at 127.0.0.1', '127.0')", json!([true, true, false])),
        ("ipv4_range_to_cidr_list('1.1.128.0', '1.1.140.255')", json!([["1.1.128.0/21", "1.1.136.0/22", "1.1.140.0/24"]])),
    ])
    .await;
}

#[tokio::test]
async fn percentiles_digests_and_sketches() {
    gives(&[
        ("range x from 1 to 100 step 1 | summarize percentiles(x, 5, 50, 99.5), percentilew(x, 1, 50), percentiles_array(x, 25, 75)", json!([5, 50, 100, 50, [25, 75]])),
        ("datatable(x: long, w: long)[1, 1, 2, 97, 3, 2] | summarize percentilesw(x, w, 1, 50, 99), percentilesw_array(x, w, dynamic([1, 100]))", json!([1, 2, 3, [1, 3]])),
        ("range x from 1 to 20 step 1 | summarize d = tdigest(x) by x % 2 | summarize m = tdigest_merge(d) | project percentile_tdigest(m, 50), percentile_tdigest(m, 100, typeof(long)), percentrank_tdigest(m, 5), rank_tdigest(m, 5)", json!([10, 20, 25.0, 5.0])),
        ("range x from 1 to 20 step 1 | summarize h = hll(x) by x % 2 | summarize m = hll_merge(h) | project dcount_hll(m), hll_isvalid(m), hll_isvalid(dynamic([1]))", json!([20, true, false])),
        ("range x from 1 to 20 step 1 | summarize a = hll_if(x, x > 15), b = hll(x % 3) | project dcount_hll(hll_merge(a, b))", json!([8])),
        ("datatable(t: datetime)[datetime(2026-01-01), datetime(2026-01-03)] | summarize d = tdigest(t) | project percentile_tdigest(d, 100, typeof(datetime))", json!(["2026-01-03T00:00:00.000000Z"])),
        ("datatable(x: real, y: real)[1, 14, 2, 10, 3, 17, 4, 20, 5, 50] | summarize round(covariancep(x, y), 6), round(covariance(x, y), 6), covarianceif(x, y, x > 9)", json!([16.4, 20.5, null])),
        ("datatable(d: dynamic)[dynamic({'x': 1, 'y': 3.5}), dynamic({'x': 'a', 'z': [1, 'b']})] | summarize buildschema(d)", json!([{"x": ["long", "string"], "y": "double", "z": {"`indexer`": ["long", "string"]}}])),
    ])
    .await;
}

#[tokio::test]
async fn random_numbers_differ_by_row() {
    let text = "range n from 1 to 200 step 1 | extend r = rand(), w = rand(10), g = new_guid() \
        | summarize dcount(r), dcount(g), min(r) >= 0, max(r) < 1, max(w) <= 9, countif(w != toint(w))";
    let found = row(text).await;
    assert_eq!(found[1..], [json!(200), json!(true), json!(true), json!(true), json!(0)]);
    assert!(found[0].as_i64() > Some(190), "{found:?}");
}

#[tokio::test]
async fn assertions_end_the_query() {
    gives(&[("assert(1 < 2, 'no'), assert(true, '')", json!([true, true]))]).await;
    let text = "range n from 1 to 3 step 1 | where assert(n < 3, 'n is too great')";
    let (code, message) = run_plain(text).await.err().unwrap();
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("assertion_failed", "an assertion failed: n is too great")
    );
}

#[tokio::test]
async fn set_options_give_the_bins_of_bin_auto() {
    let text = "set query_bin_auto_size = 2; set query_bin_auto_at = 1; range n from 1 to 4 step 1 \
        | summarize c = count() by bin_auto(n) | summarize make_list(n)";
    let mut bins = row(text).await.remove(0);
    bins.as_array_mut().unwrap().sort_by_key(Json::as_i64);
    assert_eq!(bins, json!([1, 3]));
    let (code, _) =
        run_plain("range n from 1 to 4 step 1 | summarize count() by bin_auto(n)").await.err().unwrap();
    assert_eq!(code, "wrong_arguments");
}

/// Doubles a value so many times in nested lets.
fn doubled(first: &str, step: &str, times: usize) -> String {
    let mut text = format!("let v0 = toscalar(print {first});\n");
    for n in 1..=times {
        let value = step.replace('$', &format!("v{}", n - 1));
        text.push_str(&format!("let v{n} = toscalar(print {value});\n"));
    }
    format!("{text}print v{times}")
}

#[tokio::test]
async fn growth_ends_in_empty_texts_and_nulls() {
    let empty = |text: String, wanted: Json| async move { assert_eq!(row(&text).await, [wanted], "{text}") };
    empty(doubled("'0123456789abcdef'", "strcat($, $)", 20), json!("")).await;
    empty("print strcat_delim(strrep('x', 4000000), 'a', 'b', 'c')".to_owned(), json!("")).await;
    empty(doubled("'aaaaaaaaaaaaaaaa'", "replace_string($, 'a', 'aa')", 20), json!("")).await;
    empty(doubled("'aaaaaaaaaaaaaaaa'", "replace_regex($, 'a', 'aa')", 20), json!("")).await;
    empty("print strrep('x', 1000000000)".to_owned(), json!("")).await;
    empty("print array_length(range(1, 1000000000000))".to_owned(), json!(1_048_576)).await;
    empty(doubled("dynamic(['0123456789abcdef'])", "array_concat($, $)", 22), json!(null)).await;
    empty(doubled("dynamic(['0123456789abcdef'])", "pack_array($, $)", 21), json!(null)).await;
    empty("print repeat(strrep('x', 1000000), 1000000)".to_owned(), json!(null)).await;
    empty("print zip(range(1, 1000000), range(1, 2), range(1, 3))".to_owned(), json!(null)).await;
    empty("print array_shift_left(range(1, 1000000), 1, strrep('x', 1000000))".to_owned(), json!(null)).await;
    empty("print array_iff(range(1, 1000000), strrep('x', 1000000), 1)".to_owned(), json!(null)).await;
}

#[tokio::test]
async fn compressed_bytes_cannot_unpack_without_end() {
    // 4 MiB is the longest text; a few kilobytes here stand for more.
    let text = "let s = toscalar(print strrep('x', 4000000)); let b = toscalar(print gzip_compress_to_base64_string(s)); \
        print strlen(gzip_decompress_from_base64_string(b)), strlen(b) < 10000";
    assert_eq!(row(text).await, [json!(4_000_000), json!(true)]);
}

#[tokio::test]
async fn the_old_replace_has_its_pattern_first_and_its_text_last() {
    let text = r"print replace(@'(\w:)\\.*', @'\1', @'C:\a\b'), replace_regex('a-b', '-', '+')";
    assert_eq!(row(text).await, [json!("C:"), json!("a+b")]);
}

#[tokio::test]
async fn patterns_are_bounded_when_they_are_compiled() {
    let pattern = r"(\w{200}){200}";
    let (code, message) = run_plain(&format!("print 'x' matches regex @'{pattern}'")).await.err().unwrap();
    assert_eq!(code, "invalid_regex", "{message}");
    assert!(message.contains("4 MiB"), "{message}");
    // Of a row it matches nothing; and a pattern that hangs other engines is no trouble.
    let text = format!(
        "print p = @'{pattern}', t = strrep('a', 5000) | project t matches regex p, t matches regex @'^(a+)+$', \
         strcat(t, '!') matches regex @'^(a+)+$'"
    );
    assert_eq!(row(&text).await, [json!(false), json!(true), json!(false)]);
}

#[tokio::test]
async fn searches_take_time_that_grows_with_the_text_only() {
    let began = std::time::Instant::now();
    let text = "let a = toscalar(print strrep('a', 2000000)); let n = toscalar(print strrep('a', 1000000)); \
        print countof(a, n), indexof(a, n, 0, -1, 500000), indexof(a, 'b'), indexof(a, '')";
    assert_eq!(row(text).await, [json!(1_000_001), json!(499_999), json!(-1), json!(0)]);
    let text =
        "let a = toscalar(print strrep('ab', 1000000)); print strlen(translate(strcat('ab', a), 'c', a))";
    assert_eq!(row(text).await, [json!(2_000_000)]);
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn user_agents_are_told_apart() {
    // The examples of Microsoft's page.
    let text = r#"print useragent = "Mozilla/5.0 (Windows; U; en-US) AppleWebKit/531.9 (KHTML, like Gecko) AdobeAIR/2.5.1"
        | project x = parse_user_agent(useragent, "browser")"#;
    assert_eq!(
        lines(text).await,
        [r#"[{"Browser":{"Family":"AdobeAIR","MajorVersion":"2","MinorVersion":"5","Patch":"1"}}]"#]
    );
    let text = r#"print useragent = "Mozilla/5.0 (SymbianOS/9.2; U; Series60/3.1 NokiaN81-3/10.0.032 Profile/MIDP-2.0 Configuration/CLDC-1.1 ) AppleWebKit/413 (KHTML, like Gecko) Safari/4"
        | project x = parse_user_agent(useragent, dynamic(["browser", "os", "device"]))"#;
    assert_eq!(
        lines(text).await,
        [concat!(
            r#"[{"Browser":{"Family":"Nokia OSS Browser","MajorVersion":"3","MinorVersion":"1","Patch":""},"#,
            r#""OperatingSystem":{"Family":"Symbian OS","MajorVersion":"9","MinorVersion":"2","Patch":"","PatchMinor":""},"#,
            r#""Device":{"Family":"Nokia N81","Brand":"Nokia","Model":"N81-3"}}]"#
        )]
    );
    let unknown = r#"datatable(agent: string, part: string)["", "os", "curl/8.1", "browser", "x", "device", "x", "colour"]
        | project parse_user_agent(agent, part)"#;
    assert_eq!(
        lines(unknown).await,
        [
            r#"[{"OperatingSystem":{"Family":"Other","MajorVersion":"","MinorVersion":"","Patch":"","PatchMinor":""}}]"#,
            r#"[{"Browser":{"Family":"curl","MajorVersion":"8","MinorVersion":"1","Patch":""}}]"#,
            r#"[{"Device":{"Family":"Other","Brand":"","Model":""}}]"#,
            "[null]"
        ]
    );
    // What stands behind the first 4,096 bytes is not read, wherever a letter ends.
    let long = r#"print x = parse_user_agent(strcat(strrep("ü", 2047), "x", "ü curl/8.1"), "browser").Browser.Family"#;
    assert_eq!(lines(long).await, [r#"["Other"]"#]);
    for wrong in ["'colour'", "dynamic(['os', 'colour'])", "dynamic([])", "7"] {
        let error = run_plain(&format!("print parse_user_agent('x', {wrong})")).await.err().unwrap();
        assert_eq!(error.0, "wrong_arguments", "{wrong}: {}", error.1);
    }
}
