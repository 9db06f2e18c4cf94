use std::net::IpAddr;

use palisade_types::SubscriptionId;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Automation, Condition, Criticality, Network, Rule, Subject, TextOp, VersionOp};

const HOME: SubscriptionId = SubscriptionId(Uuid::from_u128(1));
const AWAY: SubscriptionId = SubscriptionId(Uuid::from_u128(2));

fn web() -> Subject {
    Subject::new("Web-01.example", ("Linux", "Debian", "12"), HOME)
        .with_tags(["env=Prod", "pci"])
        .with_addresses(["10.1.2.3", "fe80::1%eth0", "nonsense", "::ffff:192.0.2.9"])
}

fn read(rule: Value) -> Rule {
    Rule::from_json(&rule).expect("a good rule")
}

fn is(field: &str, op: &str, value: &str) -> Value {
    json!({"field": field, "op": op, "value": value})
}

#[test]
fn a_text_that_grows_when_it_is_folded_is_measured_as_it_is_compared() {
    let long = "İ".repeat(200);
    let error = Rule::from_json(&is("name", "contains", &long)).expect_err("folded it has 400 characters");
    assert_eq!(error.code(), "rule_value_invalid");
    let rule = read(is("name", "contains", &"İ".repeat(100)));
    assert_eq!(Rule::from_json(&rule.canonical().to_json()), Ok(rule.canonical()));
}

#[test]
fn each_condition_looks_at_its_field() {
    let home = HOME.to_string();
    let away = AWAY.to_string();
    for (field, op, value, expected) in [
        ("name", "equals", "web-01.EXAMPLE", true),
        ("name", "equals", "web-01", false),
        ("name", "starts_with", "WEB-", true),
        ("name", "ends_with", ".example", true),
        ("name", "contains", "-01", true),
        ("name", "contains", "db", false),
        ("tag", "equals", "ENV=prod", true),
        ("tag", "starts_with", "env=", true),
        ("tag", "equals", "env", false),
        ("os_platform", "equals", "linux", true),
        ("os_distribution", "equals", "debian", true),
        ("os_distribution", "contains", "ubuntu", false),
        ("os_version", "equals", "12.0", true),
        ("os_version", "within", "12", true),
        ("os_version", "within", "1", false),
        ("os_version", "at_least", "9.4", true),
        ("os_version", "below", "12", false),
        ("os_version", "below", "22.04", true),
        ("subscription", "equals", home.as_str(), true),
        ("subscription", "equals", away.as_str(), false),
        ("address", "within", "10.0.0.0/8", true),
        ("address", "within", "10.1.2.4", false),
        ("address", "within", "fe80::/10", true),
        ("address", "within", "::ffff:192.0.2.0/120", true),
        ("address", "within", "0.0.0.0/0", true),
        ("address", "within", "2001:db8::/32", false),
    ] {
        assert_eq!(read(is(field, op, value)).matches(&web()), expected, "{field} {op} {value}");
    }
}

#[test]
fn a_version_without_numbers_only_equals_itself() {
    let rolling = Subject::new("arch", ("Linux", "Arch", "Rolling"), HOME);
    assert!(read(is("os_version", "equals", "rolling")).matches(&rolling));
    for op in ["within", "at_least", "below"] {
        assert!(!read(is("os_version", op, "1")).matches(&rolling), "{op}");
    }
}

#[test]
fn lists_and_negation_combine() {
    let prod = is("tag", "equals", "env=prod");
    let db = is("name", "starts_with", "db");
    assert!(read(json!({"any": [db, prod]})).matches(&web()));
    assert!(!read(json!({"all": [db, prod]})).matches(&web()));
    assert!(read(json!({"all": [{"not": db}, prod]})).matches(&web()));
    assert!(read(json!({"every": true})).matches(&web()));
}

#[test]
fn what_is_no_rule_is_told_with_its_place() {
    let mut deep = is("name", "equals", "a");
    for _ in 0..9 {
        deep = json!({"not": deep});
    }
    let many: Vec<Value> = (0..100).map(|n| is("name", "equals", &n.to_string())).collect();
    let long = "x".repeat(201);
    for (rule, code, at) in [
        (json!([]), "rule_malformed", ""),
        (json!({}), "rule_malformed", ""),
        (json!({"all": [], "any": []}), "rule_malformed", ""),
        (json!({"every": false}), "rule_malformed", ""),
        (json!({"all": []}), "rule_empty", ""),
        (json!({"any": [{"all": []}]}), "rule_empty", "any[0]"),
        (json!({"all": [is("name", "equals", "a"), is("name", "like", "a")]}), "rule_malformed", "all[1]"),
        (json!({"not": is("colour", "equals", "a")}), "rule_malformed", "not"),
        (json!({"field": "name", "op": "equals", "value": "a", "more": 1}), "rule_malformed", ""),
        (json!({"field": "name", "op": "equals", "value": 1}), "rule_malformed", ""),
        (is("name", "equals", " "), "rule_value_invalid", ""),
        (is("name", "equals", "a\nb"), "rule_value_invalid", ""),
        (is("name", "equals", &long), "rule_value_invalid", ""),
        (is("address", "within", "10.0.0.0/33"), "rule_value_invalid", ""),
        (is("address", "within", "10.0.0.0/+8"), "rule_value_invalid", ""),
        (is("address", "within", "::ffff:10.0.0.0/8"), "rule_value_invalid", ""),
        (is("address", "equals", "10.0.0.1"), "rule_malformed", ""),
        (is("subscription", "equals", "mine"), "rule_value_invalid", ""),
        (is("os_version", "at_least", "rolling"), "rule_value_invalid", ""),
        (deep, "rule_too_deep", "not.not.not.not.not.not.not.not"),
        (json!({"any": many}), "rule_too_large", "any[99]"),
    ] {
        let error = Rule::from_json(&rule).expect_err(code);
        assert_eq!((error.code(), error.at.as_str()), (code, at), "{rule}: {error}");
    }
}

#[test]
fn two_spellings_of_a_rule_become_one() {
    let one = json!({"all": [
        {"all": [is("name", "starts_with", " Web-"), is("address", "within", "10.9.8.7/8")]},
        {"not": {"not": is("tag", "equals", "PCI")}},
        is("tag", "equals", "pci"),
        {"any": [is("os_platform", "equals", "Linux")]},
    ]});
    let other = json!({"all": [
        is("os_platform", "equals", "linux"),
        is("tag", "equals", "pci"),
        is("address", "within", "10.0.0.0/8"),
        is("name", "starts_with", "web-"),
    ]});
    let (one, other) = (read(one).canonical(), read(other).canonical());
    assert_eq!(one.to_json().to_string(), other.to_json().to_string());
}

#[test]
fn words_read_back() {
    for c in [Criticality::Low, Criticality::Normal, Criticality::High, Criticality::VeryHigh] {
        assert_eq!(c.as_str().parse(), Ok(c));
    }
    for a in [Automation::None, Automation::Semi, Automation::Full] {
        assert_eq!(a.as_str().parse(), Ok(a));
    }
    assert!("High".parse::<Criticality>().is_err() && "".parse::<Automation>().is_err());
}

fn words() -> impl Strategy<Value = String> {
    // Few words, so that rules and devices meet; some with case, space and letters beyond ASCII.
    prop::sample::select(vec!["web", "Web-1", " db ", "É", "prod", "env=prod", "linux", "İx", "12"])
        .prop_map(str::to_owned)
}

fn versions() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["12", "12.0", "12.1", "9.4", "22.04", "15-SP4", "rolling", "2"])
        .prop_map(str::to_owned)
}

fn addresses() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|a| IpAddr::V4((a & 0x0303_0303).into())),
        any::<u128>().prop_map(|a| IpAddr::V6((a & 0x3_0000_0000_0000_0003).into())),
    ]
}

fn conditions() -> impl Strategy<Value = Condition> {
    let op =
        || prop::sample::select(vec![TextOp::Equals, TextOp::StartsWith, TextOp::EndsWith, TextOp::Contains]);
    let version = prop::sample::select(vec![
        VersionOp::Equals,
        VersionOp::Within,
        VersionOp::AtLeast,
        VersionOp::Below,
    ]);
    let numbered = versions().prop_filter("a number", |v| v != "rolling");
    prop_oneof![
        (op(), words()).prop_map(|(op, w)| Condition::Name(op, w)),
        (op(), words()).prop_map(|(op, w)| Condition::Tag(op, w)),
        (op(), words()).prop_map(|(op, w)| Condition::OsPlatform(op, w)),
        (op(), words()).prop_map(|(op, w)| Condition::OsDistribution(op, w)),
        (version, numbered).prop_map(|(op, v)| Condition::OsVersion(op, v)),
        prop::sample::select(vec![HOME, AWAY]).prop_map(Condition::Subscription),
        (addresses(), 0u8..=32)
            .prop_map(|(a, p)| Condition::Address(Network::new(a, p).expect("short enough"))),
    ]
}

fn rules() -> impl Strategy<Value = Rule> {
    let leaf = prop_oneof![8 => conditions().prop_map(Rule::Is), 1 => Just(Rule::Every)];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Rule::All),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Rule::Any),
            inner.prop_map(|r| Rule::Not(Box::new(r))),
        ]
    })
}

fn subjects() -> impl Strategy<Value = Subject> {
    let tags = prop::collection::vec(words(), 0..3);
    let places = prop::collection::vec(addresses(), 0..3);
    (words(), words(), words(), versions(), prop::bool::ANY, tags, places).prop_map(
        |(name, platform, distribution, version, home, tags, places)| {
            let places: Vec<String> = places.iter().map(ToString::to_string).collect();
            Subject::new(&name, (&platform, &distribution, &version), if home { HOME } else { AWAY })
                .with_tags(tags.iter().map(String::as_str))
                .with_addresses(places.iter().map(String::as_str))
        },
    )
}

proptest! {
    #[test]
    fn the_canonical_rule_means_the_same(rule in rules(), subject in subjects()) {
        prop_assert_eq!(rule.matches(&subject), rule.canonical().matches(&subject));
    }

    #[test]
    fn canonical_once_is_canonical(rule in rules()) {
        let once = rule.canonical();
        prop_assert_eq!(&once.canonical(), &once);
    }

    #[test]
    fn a_rule_reads_back_as_itself(rule in rules()) {
        let rule = rule.canonical();
        prop_assert_eq!(Rule::from_json(&rule.to_json()).expect("it is within the bounds"), rule);
    }

    #[test]
    fn negation_changes_lists_into_each_other(parts in prop::collection::vec(rules(), 1..4), subject in subjects()) {
        let negated: Vec<Rule> = parts.iter().map(|r| Rule::Not(Box::new(r.clone()))).collect();
        let none_of_all = Rule::Not(Box::new(Rule::All(parts.clone())));
        prop_assert_eq!(none_of_all.matches(&subject), Rule::Any(negated.clone()).matches(&subject));
        let none_of_any = Rule::Not(Box::new(Rule::Any(parts)));
        prop_assert_eq!(none_of_any.matches(&subject), Rule::All(negated).matches(&subject));
    }

    #[test]
    fn a_network_holds_what_shares_its_bits(base in addresses(), other in addresses(), prefix in 0u8..=32) {
        let network = Network::new(base, prefix).expect("short enough");
        let bits = |a: IpAddr| match a {
            IpAddr::V4(a) => u128::from(u32::from(a)) << 96,
            IpAddr::V6(a) => u128::from(a),
        };
        let shared = (bits(base) ^ bits(other)).leading_zeros() >= u32::from(prefix);
        prop_assert_eq!(network.contains(other), base.is_ipv4() == other.is_ipv4() && shared);
        prop_assert!(network.contains(base));
        prop_assert_eq!(network.to_string().parse(), Ok(network));
    }

    #[test]
    fn versions_are_in_one_order(a in versions(), b in versions()) {
        let subject = Subject::new("x", ("", "", &a), HOME);
        let holds = |op| Condition::OsVersion(op, b.clone()).matches(&subject);
        let numbered = a != "rolling" && b != "rolling";
        prop_assert_eq!(holds(VersionOp::AtLeast) || holds(VersionOp::Below), numbered);
        prop_assert!(!(holds(VersionOp::AtLeast) && holds(VersionOp::Below)));
        prop_assert!(!holds(VersionOp::Equals) || !numbered || holds(VersionOp::AtLeast) && holds(VersionOp::Within));
    }

    #[test]
    fn nothing_that_is_read_breaks_the_reader(text in "[\\[\\]{}:,\"a-z0-9/. ]{0,80}", key in words(), rule in rules()) {
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let _ = Rule::from_json(&value);
        }
        let _ = Rule::from_json(&json!({"all": [rule.to_json(), {key: text}]}));
    }
}
