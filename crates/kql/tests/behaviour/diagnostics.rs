use super::{codes, compile};

#[test]
fn several_mistakes_are_found_in_one_go() {
    let text =
        "DeviceProcessEvents\n| where FileNam == 'x'\n| extend y = tolowr(FileName)\n| project DeviceNme";
    let found = compile(text).unwrap_err();
    let seen: Vec<_> =
        found.iter().map(|d| (d.code.as_str(), d.line, d.column, d.suggestion.as_deref())).collect();
    assert_eq!(
        seen,
        [("unknown_column", 2, 9, Some("FileName")), ("unknown_function", 3, 14, Some("tolower")),]
    );
}

#[test]
fn syntax_and_names_are_reported_together() {
    let found = codes("DeviceProcessEvents | where FileName = 'x' | take 'a' | project DeviceId");
    assert_eq!(found, ["assignment_in_expression", "constant_expected"]);
}

#[test]
fn suggestions_for_tables_operators_and_words() {
    for (text, code, suggestion) in [
        ("DeviceProcesEvents | take 1", "unknown_table", "DeviceProcessEvents"),
        ("DeviceProcessEvents | whre FileName == 'x'", "unknown_operator", "where"),
        ("DeviceProcessEvents | where FileName hass 'x'", "unknown_operator", "has"),
        ("DeviceProcessEvents | where FileName !containz 'x'", "unknown_operator", "!contains"),
    ] {
        let found = compile(text).unwrap_err();
        assert_eq!(
            (found[0].code.as_str(), found[0].suggestion.as_deref()),
            (code, Some(suggestion)),
            "{text}"
        );
    }
}

#[test]
fn what_we_lack_is_named() {
    for (text, word) in [
        ("DeviceProcessEvents | evaluate python('x')", "python"),
        ("DeviceProcessEvents | evaluate diffpatterns_text(FileName, true)", "diffpatterns_text"),
        ("restrict access to (DeviceInfo); DeviceInfo", "restrict"),
        ("alias database a = cluster('c').database('d'); DeviceInfo", "alias"),
        ("DeviceProcessEvents | extend h = hash_many(DeviceId, FileName)", "hash_many"),
        ("DeviceProcessEvents | fork (take 1) (take 2)", "fork"),
    ] {
        let found = compile(text).unwrap_err();
        assert_eq!(found[0].code, "not_supported", "{text}: {found:?}");
        assert!(found[0].message.contains(word), "{text}: {found:?}");
    }
}

#[test]
fn types_are_checked() {
    for text in [
        "DeviceProcessEvents | where Timestamp > '2020-01-01'",
        "DeviceProcessEvents | where FileName + 'x' == 'y'",
        "DeviceProcessEvents | where FileName",
        "DeviceProcessEvents | extend x = iff(ProcessId == 1, 'a', 2)",
        "DeviceProcessEvents | summarize sum(FileName)",
    ] {
        assert_eq!(codes(text), ["type_mismatch"], "{text}");
    }
}

#[test]
fn other_errors_have_codes() {
    for (text, code) in [
        ("", "empty_query"),
        ("let x = 1;", "empty_query"),
        ("DeviceProcessEvents | where FileName == 'abc", "unterminated_string"),
        ("DeviceProcessEvents | where (FileName == 'abc'", "syntax_error"),
        ("DeviceProcessEvents | where count() > 1", "aggregate_outside_summarize"),
        ("DeviceProcessEvents | extend strlen()", "wrong_arguments"),
        ("DeviceProcessEvents | project a = 1, a = 2", "duplicate_column"),
        ("DeviceProcessEvents | take 1; DeviceInfo | take 1", "several_results"),
        ("print datetime(hello)", "invalid_literal"),
        ("print \"\\q\"", "invalid_string"),
        ("declare pattern p = (a: string) { (\"x\") = { DeviceInfo }; }; p('y')", "unknown_pattern"),
        ("declare pattern p; p('y')", "unknown_pattern"),
        ("declare pattern p = (a: string) { (\"x\") = { DeviceInfo }; }; p(DeviceId)", "unknown_column"),
        ("declare pattern p = (a: string) { (\"x\") = { DeviceInfo }; }; p('x').y", "unknown_pattern"),
        ("declare pattern p = (a: string) { (\"x\") = { DeviceInfo }; }; p('x').y.z", "wrong_arguments"),
        ("declare pattern p = (a: string) { (\"x\") = { DeviceInfo }; }; print p('x')", "scalar_expected"),
        (
            "declare pattern p = (a: string) { (\"x\", \"y\") = { DeviceInfo }; }; DeviceInfo",
            "wrong_arguments",
        ),
        (
            "declare pattern p = (a: string) { (\"x\").[\"y\"] = { DeviceInfo }; }; DeviceInfo",
            "wrong_arguments",
        ),
        (
            "declare pattern p = (a: string) { (\"x\") = { DeviceInfo }; (\"x\") = { DeviceInfo } }; DeviceInfo",
            "duplicate_case",
        ),
        ("declare pattern p = (a: long) { (\"x\") = { DeviceInfo }; }; DeviceInfo", "type_mismatch"),
        ("declare pattern p = (a: string) { (1) = { DeviceInfo }; }; DeviceInfo", "syntax_error"),
    ] {
        assert_eq!(codes(text).first().map(String::as_str), Some(code), "{text}");
    }
}
