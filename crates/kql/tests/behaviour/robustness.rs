//! No input makes the compiler panic, hang or overflow its stack.

use super::{NOW, catalogue};
use proptest::prelude::*;

const SOUP: &[&str] = &[
    "DeviceProcessEvents",
    "DeviceInfo",
    "FileName",
    "Timestamp",
    "x",
    "|",
    "|",
    "|",
    "where",
    "project",
    "extend",
    "summarize",
    "by",
    "count()",
    "sort by",
    "top 5 by",
    "take",
    "distinct",
    "join",
    "kind=inner",
    "on",
    "union",
    "let",
    "=",
    ";",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "==",
    "!=",
    "=~",
    "!in",
    "in~",
    "has",
    "!has",
    "contains",
    "between",
    "..",
    "1",
    "2.5",
    "1d",
    "'a'",
    "\"b\"",
    "@'c'",
    "datetime(2020-01-01)",
    "dynamic([1,2])",
    "dynamic({",
    "now()",
    "ago(1h)",
    "bin(Timestamp, 1h)",
    "iff(",
    "case(",
    "tostring(",
    "arg_max(",
    "*",
    "+",
    "-",
    "/",
    "%",
    ".",
    "a.b",
    "['c']",
    "and",
    "or",
    "not(",
    "matches regex",
    "mv-expand",
    "parse x with",
    "print",
    "range x from 1 to 5 step 1",
    "datatable(a:long)[1,2]",
    "// c\n",
    "toscalar(",
    "h'",
    "search",
    "search in (DeviceInfo)",
    "find where",
    "DeviceId:",
    "externaldata(a:string)['x'] with (format=csv)",
    "invoke FileProfile(FileName)",
    "declare query_parameters(q:long=1);",
    "```",
];

fn check(text: &str) {
    let _ = palisade_kql::compile(text, &catalogue(), NOW);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn random_text(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn token_soup(words in proptest::collection::vec(proptest::sample::select(SOUP), 0..40)) {
        check(&words.join(" "));
        check(&format!("DeviceProcessEvents | {}", words.join(" ")));
    }

    #[test]
    fn token_soup_in_a_stored_function(words in proptest::collection::vec(proptest::sample::select(SOUP), 0..40)) {
        let body = words.join(" ");
        let f = palisade_kql::FunctionDef { name: "F".into(), parameters: "(x: long = 1)".into(), body };
        let tables = super::catalogue();
        let with = palisade_kql::WithFunctions::new(&tables, [&f]);
        for call in ["F", "DeviceInfo | extend y = F(2)"] {
            if let Err(found) = palisade_kql::compile(call, &with, super::NOW) {
                prop_assert!(found.iter().any(|d| d.severity == palisade_kql::Severity::Error), "{f:?}");
                let within = |d: &palisade_kql::Diagnostic| (d.offset + d.length) as usize <= call.len();
                prop_assert!(found.iter().all(within), "{f:?}: {found:?}");
            }
        }
        if let Err(palisade_kql::FunctionError::Body(found)) = palisade_kql::stored::check(&f, &tables, super::NOW) {
            prop_assert!(found.iter().any(|d| d.severity == palisade_kql::Severity::Error), "{f:?}: {found:?}");
        }
    }
}

#[test]
fn deep_and_long_inputs_are_refused_or_read() {
    let n = 20_000;
    check(&"(".repeat(n));
    check(&format!("print {}1{}", "(".repeat(n), ")".repeat(n)));
    check(&format!("print {}1", "-".repeat(n)));
    check(&format!("print {}1", "1+".repeat(n)));
    check(&format!("print {}true", "not(".repeat(n)));
    check(&format!("DeviceInfo {}", "| where DeviceId == 'x' ".repeat(5_000)));
    check(&format!("print x = dynamic({})", "[".repeat(n)));
    check(&format!("print a{}", ".b".repeat(n)));
    check(&format!("let f = () {{ {} }}; print 1", "{".repeat(n)));
    check(&"union ".repeat(n));
    check(&"x in (".repeat(n));
    let wide = format!("DeviceInfo | where {}", vec!["DeviceId == 'x'"; 5_000].join(" or "));
    assert!(palisade_kql::compile(&wide, &catalogue(), NOW).is_ok());
}

#[test]
fn lets_cannot_blow_up() {
    let mut text = String::from("let a0 = DeviceIdX; ");
    text.clear();
    text.push_str("let a0 = strlen('x'); ");
    for n in 0..60 {
        text.push_str(&format!("let a{} = a{n} + a{n}; ", n + 1));
    }
    text.push_str("print a60");
    let found = palisade_kql::compile(&text, &catalogue(), NOW).unwrap_err();
    assert_eq!(found[0].code, "query_too_complex");
}

#[test]
fn functions_cannot_blow_up() {
    let mut text = String::from("let f0 = (x: long) { x + x }; ");
    for n in 0..60 {
        text.push_str(&format!("let f{} = (x: long) {{ f{n}(f{n}(x)) }}; ", n + 1));
    }
    text.push_str("print f60(1)");
    let found = palisade_kql::compile(&text, &catalogue(), NOW).unwrap_err();
    assert!(["query_too_complex", "too_deep"].contains(&found[0].code.as_str()), "{found:?}");
}

/// Compiles on a thread with the stack that servers give theirs.
fn on_a_small_stack(text: String) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(move || check(&text)).unwrap().join().unwrap();
}

#[test]
fn functions_that_seem_to_name_each_other_end() {
    for text in [
        "let f = () { f() }; f()",
        "let x = () { let x = x; x }; x",
        "let a = () { b() }; let b = () { a() }; a()",
        "let f = (T: (*)) { f(T) }; f(DeviceInfo)",
    ] {
        on_a_small_stack(text.to_owned());
    }
    let chain: String =
        (1..400).map(|n| format!("let f{n} = () {{ f{}() }}; ", n - 1)).collect::<String>() + "f399()";
    on_a_small_stack(format!("let f0 = () {{ DeviceInfo }}; {chain}"));
    // The deepest binding that is allowed: functions of tall expressions.
    let tall = format!("{}x{}", "strcat(".repeat(80), ")".repeat(80));
    let nested: String =
        (1..10).map(|n| format!("let g{n} = (x: string) {{ g{}({tall}) }}; ", n - 1)).collect();
    on_a_small_stack(format!("let g0 = (x: string) {{ {tall} }}; {nested} print g9('a')"));
}

#[test]
fn what_grows_with_the_square_of_the_text_is_bounded() {
    let many = |part: &str| part.repeat(palisade_kql::MAX_QUERY_BYTES / part.len() - 8);
    // Without bounds each of these takes minutes.
    check(&many("int("));
    check(&format!("print {}1", many("x=1,")));
    check(&format!("DeviceInfo | project {}1", many("x=1,")));
    check(&format!("DeviceInfo | summarize take_any({}1)", many("x,")));
    check(&format!("DeviceInfo | where {}true", many("ab or ")));
    check(&format!("DeviceInfo | project-away {}*", many("*,")));
    check(&many("let a=1;"));
    let lets: String = (0..1200).map(|n| format!("let name{n}=1;")).collect();
    let names: String = (0..20_000).map(|n| format!("nam{n} or ")).collect();
    check(&format!("{lets} DeviceInfo | where {names} true"));
    check(&format!("let f = () {{ wrong }}; print {}1", many("f()+")));
    check(&many("a b | "));
    check(&many("#"));
}

#[test]
fn hostile_sources_are_bounded() {
    let n = 20_000;
    check(&"search in (".repeat(n));
    check(&format!("search {}'x'", "not(".repeat(n)));
    check(&format!("find where {}", "'x' and ".repeat(n)));
    check(&"DeviceInfo | invoke f(".repeat(n));
    check(&format!("externaldata(a: string)[{}'x']", "'x',".repeat(n)));
    check(&format!("externaldata({}a: string)['x']", "a: string,".repeat(n)));
    check(&format!("DeviceInfo | search {}", "DeviceId:'a' or ".repeat(n)));
    let functions: String = (0..5_000)
        .map(|at| format!("let f{at} = (T: (*), x: long = 1) {{ T | extend c{at} = x }}; "))
        .collect();
    check(&format!(
        "{functions} DeviceInfo | {} count",
        (0..50).map(|at| format!("invoke f{at}() | ")).collect::<String>()
    ));
    // Each call puts the profile's whole query in place.
    check(&format!("DeviceProcessEvents {}", "| invoke FileProfile(FileName) ".repeat(5_000)));
    check(&format!("DeviceProcessEvents {}", "| search 'x' ".repeat(5_000)));
    let many = "x".repeat(10 << 20);
    let found = palisade_kql::compile(&many, &catalogue(), NOW).unwrap_err();
    assert_eq!(found[0].code, "query_too_long");
    // A literal that is as long as a text may be.
    check(&format!("print '{}'", "x".repeat(palisade_kql::MAX_QUERY_BYTES - 10)));
    check(&format!("print {}", "9".repeat(palisade_kql::MAX_QUERY_BYTES - 10)));
    check(&format!("print dynamic([{}1])", "1,".repeat(100_000)));
}

#[test]
fn unions_over_very_many_tables_are_bounded() {
    let mut wide = palisade_kql::MemoryCatalogue::new();
    for table in 0..1_000 {
        let names: Vec<String> = (0..40).map(|column| format!("c{table}_{column}")).collect();
        let columns: Vec<_> = names.iter().map(|n| (n.as_str(), palisade_kql::Type::String)).collect();
        wide.add(&format!("T{table}"), &columns);
    }
    for text in ["search 'x'", "union *", "find 'x'"] {
        let found = palisade_kql::compile(text, &wide, NOW).unwrap_err();
        assert_eq!(found[0].code, "query_too_complex", "{text}");
    }
}

#[test]
fn warnings_do_not_crowd_out_an_error() {
    let text = format!("{} declare query_parameters(x: long); print 1", "set a = 1; ".repeat(60));
    let found = palisade_kql::compile(&text, &catalogue(), NOW).unwrap_err();
    assert_eq!(found[0].code, "not_supported", "{found:?}");
}
