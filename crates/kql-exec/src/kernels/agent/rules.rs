//! The definitions of uap-core, which are put here as they are published: lists of regular expressions, each with
//! what stands for its groups. The first one that matches counts.
//!
//! The file is YAML of a plain kind: one property a line, each value in single quotes or null. What is of another
//! kind is no definition.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex::bytes::{Captures, Regex, RegexBuilder};

use super::literal::required;

/// `regexes.yaml` of uap-core as the crate ua-parser 0.2.2 carries it, under the Apache license beside it.
pub(super) const FILE: &str = include_str!("regexes.yaml");

/// A part of what a definition tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Its name in the answer.
    pub name: &'static str,
    /// The property that gives it.
    pub property: &'static str,
    /// The group that gives it where there is no such property.
    pub group: Option<usize>,
}

/// One definition.
struct Rule<'f> {
    pattern: Cow<'f, str>,
    ignore_case: bool,
    /// What gives each part.
    texts: Vec<Option<Cow<'f, str>>>,
    /// Made when it is first needed: few of a thousand are.
    regex: OnceLock<Option<Regex>>,
}

impl Rule<'_> {
    fn regex(&self) -> Option<&Regex> {
        let make = || {
            let mut builder = RegexBuilder::new(&self.pattern);
            // The definitions mean ASCII, and bytes make for small expressions.
            builder.unicode(false).case_insensitive(self.ignore_case).build().ok()
        };
        self.regex.get_or_init(make).as_ref()
    }
}

/// The definitions of one list.
pub(super) struct Rules {
    pub parts: &'static [Part],
    rules: Vec<Rule<'static>>,
    /// Finds texts of which one stands in each match of a rule.
    texts: AhoCorasick,
    /// The rules of each text, and those without one.
    having: Vec<Vec<usize>>,
    without: Vec<usize>,
}

impl Rules {
    /// A list of the file; none where some line is not of the kind.
    pub fn new(file: &'static str, list: &str, parts: &'static [Part]) -> Option<Self> {
        let mut rules = Vec::new();
        for mut properties in definitions(file, list)? {
            let pattern = properties.remove("regex")?;
            let ignore_case = match properties.remove("regex_flag").as_deref() {
                None => false,
                Some("i") => true,
                Some(_) => return None,
            };
            let texts = parts.iter().map(|part| properties.remove(part.property)).collect();
            rules.push(Rule { pattern, ignore_case, texts, regex: OnceLock::new() });
        }
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let (mut texts, mut having, mut without) = (Vec::new(), Vec::<Vec<usize>>::new(), Vec::new());
        for (at, rule) in rules.iter().enumerate() {
            let Some(any) = required(&rule.pattern) else {
                without.push(at);
                continue;
            };
            for text in any {
                let number = *numbers.entry(text.to_ascii_lowercase()).or_insert_with_key(|text| {
                    texts.push(text.clone());
                    having.push(Vec::new());
                    having.len() - 1
                });
                having.get_mut(number)?.push(at);
            }
        }
        let texts = AhoCorasick::builder().ascii_case_insensitive(true).build(&texts).ok()?;
        Some(Self { parts, rules, texts, having, without })
    }

    /// What the first rule that matches says; no part is longer than the agent and the rule's text together.
    pub fn find(&self, agent: &str) -> Option<Vec<String>> {
        let mut likely: BTreeSet<usize> = self.without.iter().copied().collect();
        for found in self.texts.find_overlapping_iter(agent) {
            likely.extend(self.having.get(found.pattern().as_usize()).into_iter().flatten());
        }
        self.first(agent, likely.into_iter())
    }

    fn first(&self, agent: &str, mut rules: impl Iterator<Item = usize>) -> Option<Vec<String>> {
        rules.find_map(|at| {
            let rule = self.rules.get(at)?;
            let groups = rule.regex()?.captures(agent.as_bytes())?;
            let text = |(part, text): (&Part, &Option<Cow<'_, str>>)| match (text, part.group) {
                (Some(text), _) => filled(text, &groups),
                (None, Some(group)) => group_text(&groups, group).into_owned(),
                (None, None) => String::new(),
            };
            Some(self.parts.iter().zip(&rule.texts).map(text).collect())
        })
    }
}

#[cfg(test)]
impl Rules {
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// The patterns that are none.
    pub fn unusable(&self) -> Vec<&str> {
        self.rules.iter().filter(|rule| rule.regex().is_none()).map(|rule| rule.pattern.as_ref()).collect()
    }

    /// As [`Rules::find`], by all rules.
    pub fn find_slowly(&self, agent: &str) -> Option<Vec<String>> {
        self.first(agent, 0..self.rules.len())
    }
}

/// The text of a group; "" of one that is not part of the match.
fn group_text<'a>(groups: &Captures<'a>, group: usize) -> Cow<'a, str> {
    groups.get(group).map_or(Cow::Borrowed(""), |found| String::from_utf8_lossy(found.as_bytes()))
}

/// A text with groups in the place of `$1` to `$9`, without the spaces around it.
fn filled(text: &str, groups: &Captures<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        match after.chars().next().and_then(|c| c.to_digit(10)).filter(|n| *n > 0) {
            Some(group) => {
                out.push_str(&group_text(groups, group as usize));
                rest = after.get(1..).unwrap_or_default();
            }
            None => out.push('$'),
        }
    }
    out.push_str(rest);
    out.trim().to_owned()
}

/// The properties of a definition.
type Properties<'f> = HashMap<&'f str, Cow<'f, str>>;

/// The definitions of one list; none where some line of it is not of the kind.
fn definitions<'f>(file: &'f str, list: &str) -> Option<Vec<Properties<'f>>> {
    let mut found: Vec<Properties<'f>> = Vec::new();
    let mut within = false;
    for line in file.lines() {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            within = text.strip_suffix(':')? == list;
            continue;
        }
        if !within {
            continue;
        }
        let property = match text.strip_prefix("- ") {
            Some(first) => {
                found.push(Properties::new());
                first
            }
            None => text,
        };
        let (name, value) = property.split_once(':')?;
        if value.trim() == "null" {
            continue;
        }
        let quoted = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        found.last_mut()?.insert(
            name,
            match quoted.contains('\'') {
                true => Cow::Owned(quoted.replace("''", "'")),
                false => Cow::Borrowed(quoted),
            },
        );
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: &[Part] =
        &[Part { name: "A", property: "a", group: Some(1) }, Part { name: "B", property: "b", group: None }];

    #[test]
    fn the_first_rule_that_matches_counts() {
        let file = "x:\n  # a line\n  - regex: 'other (b+)'\ny:\n  - regex: 'it''s (\\d+)(?:\\.(\\d+)|)'\n    b: ' v$1-$2$3 $'\n\
            \n  - regex: '(IT).{1,3}'\n    regex_flag: 'i'\n    a: '$1!'\n    b: null\n";
        let rules = Rules::new(file, "y", PARTS).unwrap();
        let find = |agent: &str| rules.find(agent).map(|texts| texts.join("|"));
        assert_eq!(find("now it's 12.5").as_deref(), Some("12|v12-5 $"));
        assert_eq!(find("now it's 7").as_deref(), Some("7|v7- $"));
        assert_eq!(find("It is").as_deref(), Some("It!|"));
        assert_eq!(find("other bb"), None);
        assert_eq!(Rules::new(file, "x", PARTS).unwrap().find("an other bb").unwrap(), ["bb", ""]);
    }

    #[test]
    fn another_kind_of_file_is_refused() {
        for file in [
            "y:\n  - regex: plain\n",
            "y:\n  b: 'c'\n",
            "y\n",
            "y:\n  - regex: \"x\"\n",
            "y:\n  - b: 'x'\n",
            "y:\n  - regex: 'x'\n    regex_flag: 'm'\n",
        ] {
            assert!(Rules::new(file, "y", PARTS).is_none(), "{file}");
        }
    }
}
