use crate::edr::{ValueSpec, take, tidy};

fn line(after: &str, until: &str, anywhere: bool) -> ValueSpec {
    ValueSpec { key: "k".into(), after: after.into(), until: until.into(), anywhere, when: String::new() }
}

fn part(after: &str, when: &str) -> ValueSpec {
    ValueSpec { when: when.into(), ..line(after, "", false) }
}

#[test]
fn values_are_taken_as_products_write_them() {
    let got = |text: &str, spec: &ValueSpec| take(text, spec).map(|v| tidy(&v));
    let health = "healthy                       : true\nreal_time_protection_enabled  : true [managed]\n";
    assert_eq!(got(health, &line("real_time_protection_enabled", "", false)).as_deref(), Some("true"));
    assert_eq!(got(health, &line("healthy", "", false)).as_deref(), Some("true"));
    let falcon = "cid=\"79391c\", aid is not set, version = 7.29\nrfm-state=true, code=0x0\n";
    assert_eq!(got(falcon, &line("cid=\"", "\"", true)).as_deref(), Some("79391c"));
    assert_eq!(got(falcon, &line("aid=\"", "\"", true)), None);
    assert_eq!(got(falcon, &line("rfm-state=", ",", true)).as_deref(), Some("true"));
    assert_eq!(got("rfm-state=false.\n", &line("rfm-state=", ",", true)).as_deref(), Some("false"));
    let ossec = "<client>\n    <server>\n      <!-- <address>1.1.1.1</address> -->\n      <address>10.0.0.9</address>\n";
    assert_eq!(got(ossec, &line("<address>", "<", false)).as_deref(), Some("10.0.0.9"));
    assert_eq!(
        got("# comment\nstatus='connected'\r\n", &line("status=", "", false)).as_deref(),
        Some("connected")
    );
    let long = format!("key {}\n", "x".repeat(5000));
    assert_eq!(take(&long, &line("key", "", false)).map(|v| v.len()), Some(200));
}

#[test]
fn the_newest_of_several_entries_counts() {
    let history = r#"{"scans": [
        {"endTime": "1763000000000", "state": "succeeded", "threats": [], "type": "quick"},
        {"endTime": "1764000000000", "threats": [{"type": "virus", "name": "x"}], "type": "quick"},
        {"endTime": 1762000000000, "threats": [], "type": "full"},
        {"endTime": "9999999999999999", "threats": [], "type": "full"}]}"#;
    let quick = part(r#""endtime":"#, r#""type":"quick""#);
    assert_eq!(take(history, &quick).as_deref(), Some("1764000000000"));
    let full = part(r#""endtime":"#, r#""type":"full""#);
    assert_eq!(take(history, &full).as_deref(), Some("1762000000000"), "a silly number does not count");
    assert_eq!(take(history, &part(r#""endtime":"#, r#""type":"custom""#)), None);
    assert_eq!(take("", &quick), None);
}
