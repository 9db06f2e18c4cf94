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
