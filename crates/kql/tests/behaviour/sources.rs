//! Where rows come from: outside data, functions, searches.

use super::{catalogue, codes, columns, compile};
use palisade_kql::program::Source;
use palisade_kql::{MemoryCatalogue, Type};

#[test]
fn external_data_binds_with_its_columns() {
    let text = "let list = externaldata(Hash: string, Score: int, More: dynamic)[@'https://example.com/a.csv'] \
        with (format='csv', ignoreFirstRecord=True); \
        DeviceProcessEvents | join kind=inner list on $left.FileName == $right.Hash | project FileName, Score, More";
    assert_eq!(columns(text), ["FileName:string", "Score:int", "More:dynamic"]);
    let program = compile(text).unwrap();
    let externals = program.externals();
    assert_eq!(externals.len(), 1);
    assert_eq!(externals[0].urls, ["https://example.com/a.csv"]);
    let expected = [("format", "csv"), ("ignorefirstrecord", "true")];
    let found: Vec<_> = externals[0].properties.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(found, expected);
    // A bare word, a constant by name, several addresses.
    let text =
        "let url = 'https://example.com/b'; externaldata(a: string)[url, 'c.txt'] with (format=txt) | take 1";
    assert_eq!(columns(text), ["a:string"]);
    for (text, code) in [
        ("externaldata(a: string)['x'] with (format='avro')", "not_supported"),
        ("externaldata(a: string)[tostring(rand_of)]", "unknown_column"),
        ("externaldata(a: string, a: long)['x']", "duplicate_column"),
        ("externaldata(a: string)[]", "syntax_error"),
    ] {
        assert_eq!(codes(text).first().map(String::as_str), Some(code), "{text}");
    }
}

#[test]
fn invoke_gives_the_rows_to_a_function() {
    let add = "let add = (T: (DeviceId: string), suffix: string, times: long = 2) \
        { T | extend Marked = strcat(DeviceId, suffix), times }; ";
    assert_eq!(
        columns(&format!("{add} DeviceInfo | invoke add('x') | project DeviceId, Marked, times")),
        ["DeviceId:string", "Marked:string", "times:long"]
    );
    assert_eq!(
        columns(&format!("{add} DeviceInfo | invoke add(times = 5, suffix = 'y') | project Marked")),
        ["Marked:string"]
    );
    for (text, code) in [
        ("DeviceInfo | invoke add()", "wrong_arguments"),
        ("DeviceInfo | invoke add('x', 1, 2)", "wrong_arguments"),
        ("DeviceInfo | invoke add('x', time = 1)", "wrong_arguments"),
        ("DeviceInfo | invoke ad('x')", "unknown_function"),
        ("DeviceInfo | invoke 'x'", "syntax_error"),
    ] {
        assert_eq!(codes(&format!("{add} {text}")).first().map(String::as_str), Some(code), "{text}");
    }
    assert_eq!(codes("let f = (x: long) { x }; DeviceInfo | invoke f(1)"), ["wrong_arguments"]);
}

#[test]
fn file_profiles_add_the_official_columns() {
    let mut catalogue = MemoryCatalogue::new();
    let columns = [
        ("Timestamp", Type::Datetime),
        ("DeviceId", Type::String),
        ("SHA1", Type::String),
        ("SHA256", Type::String),
    ];
    catalogue.add("DeviceFileEvents", &columns);
    let names = |text: &str| -> Vec<String> {
        let program = palisade_kql::compile(text, &catalogue, super::NOW).unwrap();
        program.schema().columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect()
    };
    let added = [
        "GlobalPrevalence:long",
        "GlobalFirstSeen:datetime",
        "GlobalLastSeen:datetime",
        "Signer:string",
        "Issuer:string",
        "SignerHash:string",
        "IsCertificateValid:bool",
        "IsRootSignerMicrosoft:bool",
        "SignatureState:string",
        "IsExecutable:bool",
        "ThreatName:string",
        "Publisher:string",
        "SoftwareName:string",
        "ProfileAvailability:string",
    ];
    for call in ["FileProfile()", "FileProfile(SHA1)", "FileProfile('SHA1', 1000)"] {
        let found = names(&format!("DeviceFileEvents | distinct SHA1 | invoke {call}"));
        assert_eq!(found[0], "SHA1:string");
        assert_eq!(found[1..], added, "{call}");
    }
    // A column that is there is replaced, and the user's own names do not reach into the function.
    let text = "let DeviceFileEvents = datatable(x: long)[1]; \
        datatable(Hash: string, Signer: long)['a', 1] | invoke FileProfile(Hash)";
    assert_eq!(names(text)[..2], ["Hash:string", "Signer:string"]);
    let wrong = palisade_kql::compile("DeviceFileEvents | invoke FileProfile(SHA)", &catalogue, super::NOW);
    let wrong = wrong.unwrap_err();
    assert_eq!((wrong[0].code.as_str(), wrong[0].column), ("unknown_column", 39));
}

#[test]
fn addresses_and_devices() {
    let mut catalogue = catalogue();
    catalogue.add(
        "DeviceNetworkInfo",
        &[
            ("Timestamp", Type::Datetime),
            ("DeviceId", Type::String),
            ("DeviceName", Type::String),
            ("IPAddresses", Type::String),
            ("NetworkAdapterType", Type::String),
            ("ConnectedNetworks", Type::String),
        ],
    );
    let network = [
        ("Timestamp", Type::Datetime),
        ("DeviceId", Type::String),
        ("DeviceName", Type::String),
        ("RemoteIP", Type::String),
    ];
    catalogue.add("DeviceNetworkEvents", &network);
    let names = |text: &str| -> Vec<String> {
        let program = palisade_kql::compile(text, &catalogue, super::NOW).unwrap();
        program.schema().columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect()
    };
    assert_eq!(
        names("AssignedIPAddresses('host', ago(1d))"),
        [
            "Timestamp:datetime",
            "IPAddress:string",
            "IPType:string",
            "NetworkAdapterType:string",
            "ConnectedNetworks:string"
        ]
    );
    assert_eq!(
        names("DeviceNetworkEvents | project IP = RemoteIP | invoke DeviceFromIP()"),
        ["IP:string", "DeviceId:string"]
    );
    assert_eq!(
        names(
            "DeviceInfo | project DeviceId | invoke SeenBy() | mv-expand SeenBy | project DeviceId, SeenBy"
        ),
        ["DeviceId:string", "SeenBy:dynamic"]
    );
}

#[test]
fn searches_name_their_table() {
    assert_eq!(
        columns("search in (DeviceInfo) 'x'"),
        ["$table:string", "Timestamp:datetime", "DeviceId:string", "OSPlatform:string"]
    );
    assert_eq!(columns("DeviceInfo | search DeviceId:'a*' and not('b')")[0], "$table:string");
    assert_eq!(columns("search kind=case_sensitive 'x' or ProcessId == 4 | count"), ["Count:long"]);
    assert_eq!(columns("let term = 'x'; search in (Device*) term | project DeviceId"), ["DeviceId:string"]);
    for (text, code) in [
        ("DeviceInfo | search in (DeviceInfo) 'x'", "syntax_error"),
        ("search in (DeviceInfos) 'x'", "unknown_table"),
        ("search DeviceId:ProcessId", "constant_expected"),
        ("DeviceInfo | where DeviceId:'x'", "syntax_error"),
    ] {
        assert_eq!(codes(text).first().map(String::as_str), Some(code), "{text}");
    }
}

#[test]
fn find_shows_what_tables_share_and_packs_the_rest() {
    assert_eq!(
        columns("find in (DeviceProcessEvents, DeviceInfo) where DeviceId == 'a' and OSPlatform != 'b'"),
        ["source_:string", "Timestamp:datetime", "DeviceId:string", "OSPlatform:string", "pack_:dynamic"]
    );
    // Only tables with a column of the condition take part.
    assert_eq!(
        columns("find where OSPlatform == 'b'"),
        ["source_:string", "Timestamp:datetime", "DeviceId:string", "OSPlatform:string"]
    );
    assert_eq!(
        columns("find withsource=T 'x' project DeviceId, ProcessId: string, pack(*)"),
        ["T:string", "DeviceId:string", "ProcessId:string", "pack_:dynamic"]
    );
    assert_eq!(codes("find where Nothing == 1"), ["unknown_column"]);
}

#[test]
fn ingestion_time_follows_rows() {
    let hunting = |text: &str| palisade_kql::compile(text, &palisade_kql::HuntingCatalogue, super::NOW);
    let reads = |text: &str| {
        let program = hunting(text).unwrap();
        assert!(program.schema().get("_IngestTime").is_none(), "{text}: it is not part of the result");
        format!("{:?}", program.stages.last().unwrap().pipeline).contains("Column(\"_IngestTime\")")
    };
    assert!(reads("DeviceProcessEvents | project FileName | extend t = ingestion_time()"));
    assert!(reads(
        "let T = DeviceProcessEvents | where FileName == 'x'; T | where ingestion_time() > ago(1d)"
    ));
    assert!(reads("union DeviceProcessEvents, DeviceInfo | extend t = ingestion_time() | project t"));
    let program =
        hunting("DeviceProcessEvents | summarize n = count() by FileName | extend t = ingestion_time()");
    assert_eq!(program.unwrap().schema().columns.last().unwrap().ty, Type::Datetime);
}

#[test]
fn parameters_of_a_query_have_their_defaults() {
    let text = "declare query_parameters(days: long = 3, name: string = 'x'); print a = days + 1, b = name";
    assert_eq!(columns(text), ["a:long", "b:string"]);
    assert_eq!(codes("declare query_parameters(days: long); print days"), ["not_supported"]);
}

#[test]
fn fuzzy_unions_leave_out_what_is_not_there() {
    let text = "union isfuzzy=True (Nowhere | where x == 1), DeviceInfo, table('Neither') | count";
    let program = compile(text).unwrap();
    assert_eq!(program.warnings.len(), 2);
    let Source::Union(inputs) = &program.stages[0].pipeline.source else { panic!("a union") };
    assert_eq!(inputs.len(), 1);
}

#[test]
fn a_right_column_gets_a_number_that_neither_side_has() {
    assert_eq!(
        columns("datatable(k: long)[1] | join kind=inner (datatable(k: long, k1: string)[1, 'a']) on k"),
        ["k:long", "k2:long", "k1:string"]
    );
}
