//! `parse_user_agent`: browser, operating system and device behind a user agent, by the definitions of uap-core.

mod literal;
mod rules;

use std::sync::LazyLock;

use palisade_kql::Type;
use serde_json::{Map, Value as Json};

use self::rules::{Part, Rules};
use super::convert::from_json;
use super::text::array_texts;
use super::{Call, RowFn, arg};
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    (name == "parse_user_agent").then_some(parse as RowFn)
}

/// Bytes of a user agent that are read: hundreds of expressions may look at each of them.
const MAX_AGENT: usize = 4096;

/// What the definitions call a family that none of them knows.
const UNKNOWN: &str = "Other";

const fn part(name: &'static str, property: &'static str, group: Option<usize>) -> Part {
    Part { name, property, group }
}

static BROWSERS: LazyLock<Option<Rules>> = LazyLock::new(|| {
    const PARTS: &[Part] = &[
        part("Family", "family_replacement", Some(1)),
        part("MajorVersion", "v1_replacement", Some(2)),
        part("MinorVersion", "v2_replacement", Some(3)),
        part("Patch", "v3_replacement", Some(4)),
    ];
    Rules::new(rules::FILE, "user_agent_parsers", PARTS)
});
static SYSTEMS: LazyLock<Option<Rules>> = LazyLock::new(|| {
    const PARTS: &[Part] = &[
        part("Family", "os_replacement", Some(1)),
        part("MajorVersion", "os_v1_replacement", Some(2)),
        part("MinorVersion", "os_v2_replacement", Some(3)),
        part("Patch", "os_v3_replacement", Some(4)),
        part("PatchMinor", "os_v4_replacement", Some(5)),
    ];
    Rules::new(rules::FILE, "os_parsers", PARTS)
});
static DEVICES: LazyLock<Option<Rules>> = LazyLock::new(|| {
    const PARTS: &[Part] = &[
        part("Family", "device_replacement", Some(1)),
        part("Brand", "brand_replacement", None),
        part("Model", "model_replacement", Some(1)),
    ];
    Rules::new(rules::FILE, "device_parsers", PARTS)
});

fn parse(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let wanted = match call.ty(1) {
        Type::String => vec![arg(a, 1).text().to_owned()],
        Type::Dynamic => array_texts(arg(a, 1)),
        _ => Vec::new(),
    };
    let agent = arg(a, 0).text();
    let agent = agent.get(..agent.floor_char_boundary(MAX_AGENT)).unwrap_or_default();
    let mut found = Map::new();
    for (asked, name, rules) in [
        ("browser", "Browser", &BROWSERS),
        ("os", "OperatingSystem", &SYSTEMS),
        ("device", "Device", &DEVICES),
    ] {
        if wanted.iter().any(|w| w.eq_ignore_ascii_case(asked))
            && let Some(rules) = rules.as_ref()
        {
            found.insert(name.to_owned(), parts(rules, agent));
        }
    }
    if found.is_empty() { V::Null } else { from_json(&Json::Object(found)) }
}

/// What the first rule that knows an agent says of it.
fn parts(rules: &Rules, agent: &str) -> Json {
    let known = rules.find(agent);
    let mut bag = Map::new();
    for (at, part) in rules.parts.iter().enumerate() {
        let text = match &known {
            Some(texts) => texts.get(at).cloned().unwrap_or_default(),
            None if at == 0 => UNKNOWN.to_owned(),
            None => String::new(),
        };
        bag.insert(part.name.to_owned(), Json::String(text));
    }
    Json::Object(bag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_of_the_file_can_be_used() {
        let lists = [&BROWSERS, &SYSTEMS, &DEVICES].map(|rules| rules.as_ref().unwrap());
        let read: usize = lists.iter().map(|rules| rules.len()).sum();
        let written = rules::FILE.lines().filter(|line| line.trim_start().starts_with("- regex:")).count();
        assert_eq!(read, written);
        assert!(written > 1000);
        for rules in lists {
            assert!(rules.unusable().is_empty(), "{:?}", rules.unusable());
        }
    }

    #[test]
    fn what_is_looked_at_first_changes_nothing() {
        for agent in [
            "",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36",
            "MOZILLA/5.0 (LINUX; ANDROID 9; PIXEL 3) BUILD/X",
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "python-requests/2.31.0",
            "WindowsPowerShell/5.1.19041.3803",
            "Go-http-client/2.0",
            "curl/8.1.2",
            "Wget/1.21.3",
            "Dalvik/2.1.0 (Linux; U; Android 11; Redmi Note 8 Pro MIUI/V12.5.3.0)",
            "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.1 Safari/605.1.15",
            "Microsoft BITS/7.8",
            "Ünïcode/1.2 (Nintendo Switch; x)",
        ] {
            for rules in [&BROWSERS, &SYSTEMS, &DEVICES].map(|rules| rules.as_ref().unwrap()) {
                assert_eq!(rules.find(agent), rules.find_slowly(agent), "{agent}");
            }
        }
    }
}
