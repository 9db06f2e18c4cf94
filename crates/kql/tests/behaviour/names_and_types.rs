use super::{columns, compile};
use palisade_kql::program::{ExprKind, Operator};

#[test]
fn unnamed_columns_get_the_names_of_the_language() {
    assert_eq!(
        columns(
            "DeviceInfo | summarize count(), dcount(DeviceId), make_set(OSPlatform) by bin(Timestamp, 1h)"
        ),
        ["Timestamp:datetime", "count_:long", "dcount_DeviceId:long", "set_OSPlatform:dynamic"]
    );
    assert_eq!(
        columns("DeviceInfo | project tostring(DeviceId), tolower(DeviceId), 1 + 2"),
        ["DeviceId:string", "Column1:string", "Column2:long"]
    );
    assert_eq!(
        columns("DeviceProcessEvents | project AdditionalFields.a, AdditionalFields['b'][0]"),
        ["AdditionalFields_a:dynamic", "AdditionalFields_b_0:dynamic"]
    );
    assert_eq!(columns("DeviceInfo | count"), ["Count:long"]);
    assert_eq!(
        columns("DeviceInfo | summarize arg_max(Timestamp, *) by DeviceId"),
        ["DeviceId:string", "Timestamp:datetime", "OSPlatform:string"]
    );
    assert_eq!(columns("print 1, x = 'a'"), ["print_0:long", "x:string"]);
}

#[test]
fn extend_replaces_in_place() {
    assert_eq!(
        columns("DeviceInfo | extend DeviceId = strlen(DeviceId), New = 1"),
        ["Timestamp:datetime", "DeviceId:long", "OSPlatform:string", "New:long"]
    );
}

#[test]
fn projections_move_and_remove() {
    assert_eq!(columns("DeviceInfo | project-away OS*"), ["Timestamp:datetime", "DeviceId:string"]);
    assert_eq!(columns("DeviceInfo | project-keep OS*, DeviceId"), ["DeviceId:string", "OSPlatform:string"]);
    assert_eq!(
        columns("DeviceInfo | project-rename Platform = OSPlatform"),
        ["Timestamp:datetime", "DeviceId:string", "Platform:string"]
    );
    assert_eq!(
        columns("DeviceInfo | project-reorder OSPlatform, *"),
        ["OSPlatform:string", "Timestamp:datetime", "DeviceId:string"]
    );
}

#[test]
fn aliases_mean_the_stored_column() {
    assert_eq!(
        columns("DeviceProcessEvents | where TimeGenerated > ago(1d) | project TimeGenerated, LogonID"),
        ["TimeGenerated:datetime", "LogonID:long"]
    );
}

#[test]
fn ago_is_a_constant_before_execution() {
    let program = compile("DeviceInfo | where Timestamp > ago(1d)").unwrap();
    let Operator::Filter(predicate) = &program.stages[0].pipeline.operators[0] else { panic!() };
    let ExprKind::Binary(_, _, right) = &predicate.kind else { panic!() };
    assert!(right.as_literal().is_some());
}

#[test]
fn lets_functions_joins_and_unions_bind() {
    assert_eq!(
        columns("let f = (x: long, y: long = 2) { x * y }; let n = 3; print a = f(n), b = f(1, 5)"),
        ["a:long", "b:long"]
    );
    assert_eq!(
        columns("let T = (d: string) { DeviceInfo | where DeviceId == d }; T('x') | project DeviceId"),
        ["DeviceId:string"]
    );
    assert_eq!(
        columns(
            "DeviceInfo | join (DeviceInfo | project DeviceId, X = 1) on DeviceId | project-away Timestamp"
        ),
        ["DeviceId:string", "OSPlatform:string", "DeviceId1:string", "X:long"]
    );
    assert_eq!(
        columns(
            "let a = DeviceInfo | project DeviceId, V = 1; let b = DeviceInfo | project V = 'x'; union a, b"
        ),
        ["DeviceId:string", "V_long:long", "V_string:string"]
    );
    assert_eq!(
        columns("DeviceInfo | where DeviceId in ((DeviceProcessEvents | distinct DeviceId)) | count"),
        ["Count:long"]
    );
    assert_eq!(columns("print x = toscalar(DeviceInfo | summarize max(Timestamp))"), ["x:datetime"]);
}
