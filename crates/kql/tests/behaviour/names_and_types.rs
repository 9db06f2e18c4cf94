use super::{columns, compile};
use palisade_kql::Type;
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

/// A table with a column of each type.
const TYPED: &str = "datatable(x: long, r: real, i: int, b: bool, s: string, t: datetime, p: timespan, d: dynamic, \
    m: decimal, g: guid)[]";

/// Names and types as the official binder has them.
#[test]
fn functions_give_names_and_types_of_the_official_binder() {
    for (query, wanted) in [
        (
            "project strlen(s), gettype(x), treepath(d), repeat(x, 2)",
            "strlen_s:long type_x:string tree_d:dynamic repeat_x:dynamic",
        ),
        (
            "project pow(x, 2), split(s, ','), format_datetime(t, 'y'), round(r)",
            "x:real s:dynamic t:string r:real",
        ),
        (
            "project sign(x), hourofday(t), parse_version(s), jaccard_index(d, d)",
            "Column1:real Column2:int Column3:decimal Column4:dynamic",
        ),
        (
            "project tohex(x), new_guid(), rand(), abs(i), abs(r), abs(m), abs(p)",
            "x:string Column1:guid Column2:real i:long r:real m:decimal p:timespan",
        ),
        (
            "project m + 1, m + r, m * x, x / m, -m, m % 2, m == 1, m > r",
            "Column1:decimal Column2:decimal Column3:decimal Column4:decimal Column5:decimal Column6:decimal Column7:bool Column8:bool",
        ),
        (
            "project iff(b, m, r), coalesce(m, x), max_of(m, x), max_of(x, i), bin(m, 1), todecimal(s)",
            "Column1:decimal Column2:decimal Column3:decimal Column4:long m:decimal s:decimal",
        ),
        (
            "project startofday(t), startofweek(t), array_sort_asc(d)",
            "t:datetime Column1:datetime d_sorted:dynamic",
        ),
        ("project array_sort_asc(d, d)", "d_sorted:dynamic d_sorted1:dynamic"),
        ("extend (a, c) = array_sort_asc(d, d) | project a, c", "a:dynamic c:dynamic"),
        (
            "project hll_merge(d, d), tdigest_merge(d, d), dcount_hll(d)",
            "hll_merged_result:dynamic tdigests_merge_result:dynamic dcount_hll_d:long",
        ),
        (
            "project datetime_part('day', t), dayofweek(t), week_of_year(t), p / p, p * 2, p * m",
            "Column1:int Column2:timespan Column3:int Column4:real Column5:timespan Column6:timespan",
        ),
        (
            "summarize percentile(x, 50), percentile(i, 95), percentile(r, 99.9), percentile(t, 5), percentile(m, 5)",
            "percentile_x_50:long percentile_i_95:long percentile_r_99_9:real percentile_t_5:datetime percentile_m_5:real",
        ),
        (
            "summarize percentiles(x, 5, 50, 95), percentiles(r, 5)",
            "percentile_x_5:long percentile_x_50:long percentile_x_95:long percentile_r_5:real",
        ),
        ("summarize A = percentiles(x, 5, 50)", "A:long percentile_x_50:long"),
        ("summarize (A, B) = percentiles(x, 5, 50)", "A:long B:long"),
        ("summarize percentiles(x + 1, 5, 50.5)", "percentile__5:long percentile__50_5:long"),
        (
            "summarize percentiles_array(x, 5, 50), percentilesw_array(x, i, 5, 50), percentilew(x, i, 50)",
            "percentiles_x:dynamic percentiles_x1:dynamic percentile_x_50:long",
        ),
        (
            "summarize tdigest(x), hll(x), hll_merge(d), merge_tdigest(d), buildschema(d), hll_if(x, b)",
            "tdigest_x:dynamic hll_x:dynamic hll_merge_d:dynamic merge_tdigests_d:dynamic schema_d:dynamic hll_if_x:dynamic",
        ),
        (
            "summarize covariance(x, r), stdevif(x, b), count_distinct(x), sum(i), sum(m), avg(m), sum(p), min(g)",
            "covariance_x:real stdevif_x:real count_distinct_x:long sum_i:long sum_m:decimal avg_m:decimal sum_p:timespan min_g:guid",
        ),
        (
            "summarize binary_all_or(x), binary_all_and(i), dcount_hll(hll(x)), dcount_hll(hll_merge(d))",
            "x:long i:int dcount_hll_hll_x:long dcount_hll_hll_merge_d:long",
        ),
    ] {
        let found = columns(&format!("{TYPED} | {query}")).join(" ");
        assert_eq!(found, wanted, "{query}");
    }
}

#[test]
fn columns_that_only_rows_know_leave_a_program_open() {
    let text = "DeviceProcessEvents | project DeviceId, AdditionalFields | evaluate bag_unpack(AdditionalFields) \
        | where Size > 3 | join kind=leftouter (DeviceInfo | project DeviceId, OSPlatform) on DeviceId \
        | project DeviceId, OSPlatform, Size, Wanted = tostring(Other)";
    let program = compile(text).unwrap();
    let names: Vec<String> =
        program.schema().columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect();
    assert_eq!(names, ["DeviceId:string", "OSPlatform:string", "Size:dynamic", "Wanted:string"]);
    assert_eq!(program.unknown, ["Size"]);
    assert_eq!(program.tables(), ["DeviceInfo", "DeviceProcessEvents"]);
    let open = program.open.unwrap();
    let mut answer = palisade_kql::Schema::default();
    answer.push("Size", Type::Long);
    answer.push("Other", Type::Bool);
    let known = open.again(answer.clone()).unwrap();
    assert!(known.open.is_none() && known.unknown.is_empty());
    assert_eq!(known.stages[..=open.stage], program.stages[..=open.stage]);
    assert_eq!(known.schema().get("Size").map(|c| c.ty), Some(Type::Long));
    answer.columns.pop();
    assert_eq!(open.again(answer).unwrap_err()[0].code, "unknown_column");
    // With a schema nothing is asked.
    let given = "DeviceProcessEvents | evaluate bag_unpack(AdditionalFields) : (*, Size: long)";
    assert!(compile(given).unwrap().open.is_none());
}

#[test]
fn names_of_table_operators() {
    assert_eq!(
        columns(
            "DeviceInfo | top-nested 2 of OSPlatform by dcount(DeviceId), top-nested of bin(Timestamp, 1d) by n = count()"
        ),
        ["OSPlatform:string", "aggregated_OSPlatform:long", "Timestamp:datetime", "n:long"]
    );
    assert_eq!(
        columns(
            "DeviceProcessEvents | parse-kv ProcessCommandLine as (name: string, ProcessId: string) with (kv_delimiter='=', pair_delimiter=' ') | project-keep name, ProcessId"
        ),
        ["ProcessId:string", "name:string"]
    );
    assert_eq!(
        columns(
            "DeviceProcessEvents | project DeviceId, AdditionalFields | mv-apply with_itemindex=At AdditionalFields on (project x = AdditionalFields.a, At)"
        ),
        ["DeviceId:string", "x:dynamic", "At:long"]
    );
    assert_eq!(columns("DeviceInfo | partition by OSPlatform (summarize c = count())"), ["c:long"]);
    assert_eq!(
        columns(
            "DeviceProcessEvents | make-graph DeviceId --> FileName with DeviceInfo on DeviceId | graph-match (a)-[e]->(b) project a.OSPlatform, e.ProcessId, n = node_degree_in(b)"
        ),
        ["a_OSPlatform:string", "e_ProcessId:long", "n:long"]
    );
    let program = compile("DeviceInfo | summarize count() by OSPlatform | render piechart with (title='All of it', ycolumns=count_, a, ymin=-1)").unwrap();
    let render = program.render.unwrap();
    assert_eq!(render.kind, "piechart");
    let own = |name: &str| render.properties.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(
        (own("title"), own("ycolumns"), own("ymin")),
        (Some("All of it"), Some("count_, a"), Some("-1"))
    );
}

#[test]
fn segments_have_their_own_columns_before_those_of_the_table() {
    assert_eq!(
        columns("DeviceInfo | evaluate autocluster()"),
        [
            "SegmentId:long",
            "Count:long",
            "Percent:real",
            "Timestamp:datetime",
            "DeviceId:string",
            "OSPlatform:string"
        ]
    );
    assert_eq!(
        columns("DeviceInfo | evaluate diffpatterns(OSPlatform, 'Linux', 'macOS')"),
        [
            "SegmentId:long",
            "CountA:long",
            "CountB:long",
            "PercentA:real",
            "PercentB:real",
            "PercentDiffAB:real",
            "Timestamp:datetime",
            "DeviceId:string",
            "OSPlatform:string"
        ]
    );
}

#[test]
fn reduce_gives_patterns_or_adds_them() {
    assert_eq!(
        columns("DeviceInfo | reduce by DeviceId with threshold=0.2, characters='-'"),
        ["Pattern:string", "Count:long", "Representative:string"]
    );
    assert_eq!(
        columns(
            "DeviceInfo | reduce kind=source by strcat(DeviceId, OSPlatform) | project-rename P = Pattern"
        ),
        ["Timestamp:datetime", "DeviceId:string", "OSPlatform:string", "P:string"]
    );
}
