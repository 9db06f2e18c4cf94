//! Keys and values in texts.

use serde_json::{Map, Value as Json};

use super::convert::{from_json, json_of_text};
use super::{Call, RowFn, arg};
use crate::pattern::Pattern;
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "__parse_kv" => parse_kv,
        _ => return None,
    })
}

/// Text, pair delimiter, key delimiter, quotes, escape, greedy, regular expression, wanted keys.
fn parse_kv(_: &Call<'_>, args: &[V<'_>]) -> V<'static> {
    let Json::Array(wanted) = json_of_text(arg(args, 7).text()) else { return V::Null };
    let wanted: Vec<&str> = wanted.iter().filter_map(Json::as_str).collect();
    let text = arg(args, 0).text();
    let mut bag = Map::new();
    let mut add = |key: &str, value: String| {
        let key = key.trim();
        // The first one counts.
        if wanted.contains(&key) && !bag.contains_key(key) {
            bag.insert(key.to_owned(), Json::String(value));
        }
    };
    let expression = arg(args, 6).text();
    if !expression.is_empty() {
        if let Some(pattern) = Pattern::cached(expression) {
            for spans in pattern.all(text) {
                let group = |n: usize| {
                    let (from, to) = spans.get(n).copied().flatten()?;
                    text.get(from..to)
                };
                if let (Some(key), Some(value)) = (group(1), group(2)) {
                    add(key, value.trim().to_owned());
                }
            }
        }
        return from_json(&Json::Object(bag));
    }
    let mut quotes = arg(args, 3).text().chars();
    let open = quotes.next();
    let reader = Reader {
        text,
        pair: arg(args, 1).text(),
        between: arg(args, 2).text(),
        open,
        close: quotes.next().or(open),
        escape: arg(args, 4).text().chars().next(),
        greedy: matches!(arg(args, 5), V::Bool(true)),
    };
    if reader.pair.is_empty() {
        reader.words(&wanted, &mut add);
    } else {
        reader.pairs(&mut add);
    }
    from_json(&Json::Object(bag))
}

struct Reader<'t> {
    text: &'t str,
    pair: &'t str,
    between: &'t str,
    open: Option<char>,
    close: Option<char>,
    escape: Option<char>,
    greedy: bool,
}

impl Reader<'_> {
    /// A quoted text that begins here, and where it ends.
    fn quoted(&self, at: usize) -> Option<(String, usize)> {
        let rest = self.text.get(at..)?;
        let open = self.open?;
        let body = rest.strip_prefix(open)?;
        let mut value = String::new();
        let mut escaped = false;
        for (offset, c) in body.char_indices() {
            if escaped {
                value.push(c);
                escaped = false;
            } else if Some(c) == self.escape {
                escaped = true;
            } else if Some(c) == self.close {
                return Some((value, at + open.len_utf8() + offset + c.len_utf8()));
            } else {
                value.push(c);
            }
        }
        None
    }

    /// Where the delimiter of keys, or any run of other characters than letters and digits, ends.
    fn separator(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        if !self.between.is_empty() {
            return rest.strip_prefix(self.between).map(|r| self.text.len() - r.len());
        }
        let run = rest.find(|c: char| c.is_alphanumeric() || Some(c) == self.open).unwrap_or(rest.len());
        (run > 0).then_some(at + run)
    }

    /// Reads to a delimiter; the text without quotes, trimmed, and where the delimiter begins.
    fn until(&self, mut at: usize, ends: impl Fn(&str) -> bool) -> (String, usize) {
        let mut value = String::new();
        // Blanks around a value do not belong to it.
        while let Some(c) = self.text.get(at..).and_then(|r| r.chars().next()) {
            if ends(self.text.get(at..).unwrap_or_default()) {
                break;
            }
            if value.trim().is_empty()
                && let Some((inner, end)) = self.quoted(at)
            {
                // Up to the delimiter nothing of use follows a quoted text.
                let mut after = end;
                while let Some(rest) = self.text.get(after..).filter(|r| !r.is_empty() && !ends(r)) {
                    after += rest.chars().next().map_or(1, char::len_utf8);
                }
                return (inner, after);
            }
            value.push(c);
            at += c.len_utf8();
        }
        (value.trim().to_owned(), at)
    }

    /// Pairs with delimiters between them.
    fn pairs(&self, add: &mut dyn FnMut(&str, String)) {
        let mut at = 0;
        while at < self.text.len() {
            let (key, end) =
                self.until(at, |rest| rest.starts_with(self.pair) || self.separator_of(rest).is_some());
            let Some(start) = self.separator(end) else {
                // No value: on to the next pair.
                at = self.after(end);
                continue;
            };
            let (mut value, mut end) = self.until(start, |rest| rest.starts_with(self.pair));
            if self.greedy {
                end = self.more(&mut value, end);
            }
            add(&key, value);
            at = self.after(end);
        }
    }

    /// What follows a value belongs to it up to the next key; where that ends.
    fn more(&self, value: &mut String, mut end: usize) -> usize {
        loop {
            let next = end + self.pair.len();
            if next >= self.text.len() || !self.text.is_char_boundary(next) {
                return end;
            }
            let (text, stop) =
                self.until(next, |rest| rest.starts_with(self.pair) || self.separator_of(rest).is_some());
            if self.text.get(stop..).is_some_and(|r| self.separator_of(r).is_some()) {
                return end;
            }
            value.push_str(self.pair);
            value.push_str(&text);
            end = stop;
        }
    }

    /// Past the delimiter that stands here, or past one character.
    fn after(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let one = rest.chars().next().map_or(1, char::len_utf8);
        at + if rest.starts_with(self.pair) { self.pair.len() } else { one }
    }

    /// The separator of key and value at the beginning of a text.
    fn separator_of(&self, rest: &str) -> Option<usize> {
        self.separator(self.text.len() - rest.len())
    }

    /// Without delimiters: a word that is a wanted key, and the word after it.
    fn words(&self, wanted: &[&str], add: &mut dyn FnMut(&str, String)) {
        let mut at = 0;
        let mut key: Option<String> = None;
        while let Some(rest) = self.text.get(at..).filter(|r| !r.is_empty()) {
            let (word, end) = match self.quoted(at) {
                Some(found) => found,
                None => {
                    let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
                    if length == 0 {
                        at += rest.chars().next().map_or(1, char::len_utf8);
                        continue;
                    }
                    (rest.get(..length).unwrap_or_default().to_owned(), at + length)
                }
            };
            at = end;
            match key.take() {
                Some(key) => add(&key, word),
                None if wanted.contains(&word.as_str()) => key = Some(word),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, options: [&str; 4], greedy: bool, keys: &str) -> String {
        let mut args = vec![V::string(text)];
        args.extend(options.map(V::string));
        args.extend([V::Bool(greedy), V::string(""), V::string(keys)]);
        let types = [palisade_kql::Type::String];
        let call = Call { types: &types, returns: palisade_kql::Type::Dynamic };
        parse_kv(&call, &args).text().to_owned()
    }

    #[test]
    fn pairs_with_and_without_delimiters() {
        let line = "name=John Doe phone=555 5555 city=New York";
        let keys = r#"["city","name","phone"]"#;
        assert_eq!(
            read(line, [" ", "=", "", ""], true, keys),
            r#"{"name":"John Doe","phone":"555 5555","city":"New York"}"#
        );
        assert_eq!(
            read(line, [" ", "=", "", ""], false, keys),
            r#"{"name":"John","phone":"555","city":"New"}"#
        );
        let quoted = r"x; Text: 'it\'s; up', B=2";
        assert_eq!(
            read(quoted, ["", "", "'", "\\"], false, r#"["B","Text"]"#),
            r#"{"Text":"it's; up","B":"2"}"#
        );
        for odd in ["", "=", " = ", "a=", "=é=é", "'a", "é'é=é"] {
            for options in
                [["", "", "'", "\\"], ["é", "=", "'", ""], [" ", "", "()", ""], ["==", "=", "", ""]]
            {
                read(odd, options, true, r#"["a","é"]"#);
            }
        }
    }
}
