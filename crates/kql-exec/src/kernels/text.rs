//! Functions on text.

use std::collections::HashMap;

use palisade_kql::Type;
use serde_json::Value as Json;

use super::convert::{from_json, json_of_text, to_text};
use super::dynamic::MAX_ITEMS;
use super::{Call, RowFn, arg};
use crate::pattern::Pattern;
use crate::terms::{Needle, fold};
use crate::value::V;

/// Longest text that a function makes, in bytes.
pub(crate) const MAX_TEXT: usize = 4 * 1024 * 1024;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "strcat" => |_, a| joined(a.iter().map(V::text), ""),
        "strcat_delim" => |_, a| joined(a.iter().skip(1).map(V::text), arg(a, 0).text()),
        "strlen" => |_, a| length(arg(a, 0).text().chars().count()),
        "string_size" => |_, a| length(arg(a, 0).text().len()),
        "substring" => substring,
        "tolower" => |_, a| V::string(arg(a, 0).text().to_lowercase()),
        "toupper" => |_, a| V::string(arg(a, 0).text().to_uppercase()),
        "trim" => |_, a| V::string(trim(arg(a, 0).text(), arg(a, 1).text(), true, true)),
        "trim_start" => |_, a| V::string(trim(arg(a, 0).text(), arg(a, 1).text(), true, false)),
        "trim_end" => |_, a| V::string(trim(arg(a, 0).text(), arg(a, 1).text(), false, true)),
        "split" => split,
        "replace_string" => |_, a| {
            let (text, from, to) = (arg(a, 0).text(), arg(a, 1).text(), arg(a, 2).text());
            if from.is_empty() {
                return V::string(text);
            }
            joined(text.split(from), to)
        },
        "replace_strings" => replace_strings,
        "replace_regex" => |_, a| match Pattern::cached(arg(a, 1).text()) {
            Some(pattern) => V::string(
                pattern.replace_all(arg(a, 0).text(), arg(a, 2).text(), MAX_TEXT).unwrap_or_default(),
            ),
            None => V::string(arg(a, 0).text()),
        },
        "indexof" => indexof,
        "indexof_regex" => indexof_regex,
        "countof" => countof,
        "extract" => extract,
        "extract_all" => |_, a| extract_all(arg(a, 0).text(), None, arg(a, 1).text()),
        "extract_all_groups" => {
            |_, a| extract_all(arg(a, 0).text(), Some(arg(a, 1).text()), arg(a, 2).text())
        }
        "reverse" => |_, a| V::string(arg(a, 0).text().chars().rev().collect::<String>()),
        "strrep" => |_, a| {
            let n = usize::try_from(arg(a, 1).int().unwrap_or(0)).unwrap_or(0);
            let text = arg(a, 0).text();
            let between = arg(a, 2).text();
            if n.saturating_mul(text.len() + between.len()) > MAX_TEXT {
                return V::string("");
            }
            V::string(vec![text; n].join(between))
        },
        "strcmp" => |_, a| {
            V::Int(match arg(a, 0).text().cmp(arg(a, 1).text()) {
                std::cmp::Ordering::Less => -1,
                std::cmp::Ordering::Equal => 0,
                std::cmp::Ordering::Greater => 1,
            })
        },
        "isascii" => |_, a| V::Bool(arg(a, 0).text().is_ascii()),
        "translate" => translate,
        "isutf8" => |_, _| V::Bool(true),
        "has_any_index" => |_, a| {
            let found = array_texts(arg(a, 1)).iter().position(|n| has(arg(a, 0).text(), n));
            found.map_or(V::Int(-1), length)
        },
        "regex_quote" => |_, a| V::string(regex_quote(arg(a, 0).text())),
        "__has_any_of" => |_, a| V::Bool(array_texts(arg(a, 1)).iter().any(|n| has(arg(a, 0).text(), n))),
        "__has_all_of" => |_, a| V::Bool(array_texts(arg(a, 1)).iter().all(|n| has(arg(a, 0).text(), n))),
        "__in_array" => |c, a| {
            let text = to_text(arg(a, 0), c.ty(0));
            V::Bool(array_texts(arg(a, 1)).contains(&text))
        },
        "__in_array_ignore_case" => |c, a| {
            let text = fold(&to_text(arg(a, 0), c.ty(0)));
            V::Bool(array_texts(arg(a, 1)).iter().any(|n| fold(n) == text))
        },
        _ => return None,
    })
}

fn has(text: &str, needle: &str) -> bool {
    Needle::new(needle).test(palisade_kql::ast::TextOp::Has, text)
}

/// The items of a dynamic array as texts; another value is one item.
pub(crate) fn array_texts(value: &V<'_>) -> Vec<String> {
    let V::Str(text) = value else { return Vec::new() };
    let one = |json: &Json| to_text(&from_json(json), Type::Dynamic);
    match json_of_text(text) {
        Json::Array(items) => items.iter().map(one).collect(),
        other => vec![one(&other)],
    }
}

/// Texts with another between them; "" when that is longer than a text may be.
pub(super) fn joined<'t>(parts: impl Iterator<Item = &'t str>, between: &str) -> V<'static> {
    let mut out = String::new();
    for (at, part) in parts.enumerate() {
        let between = if at > 0 { between } else { "" };
        if out.len() + between.len() + part.len() > MAX_TEXT {
            return V::string("");
        }
        out.push_str(between);
        out.push_str(part);
    }
    V::string(out)
}

/// Where a needle stands in a text, overlapping ones too, in time that grows with the text only (Knuth,
/// Morris and Pratt, 1977). The needle is not empty.
fn occurrences<'t>(text: &'t str, needle: &'t str) -> impl Iterator<Item = usize> + 't {
    let needle = needle.as_bytes();
    // For each end of a match so far, the longest other match that ends there.
    let mut borders = vec![0usize; needle.len()];
    let mut held = 0;
    for at in 1..needle.len() {
        while held > 0 && needle[at] != needle[held] {
            held = borders[held - 1];
        }
        held += usize::from(needle[at] == needle[held]);
        borders[at] = held;
    }
    let mut held = 0;
    text.bytes().enumerate().filter_map(move |(at, byte)| {
        while held > 0 && byte != needle[held] {
            held = borders[held - 1];
        }
        held += usize::from(byte == needle[held]);
        if held < needle.len() {
            return None;
        }
        held = borders[held - 1];
        Some(at + 1 - needle.len())
    })
}

fn length(n: usize) -> V<'static> {
    V::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn substring(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let text = arg(a, 0).text();
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let mut start = arg(a, 1).int().unwrap_or(0);
    if start < 0 {
        start = (count + start).max(0);
    }
    let wanted = if a.len() > 2 { arg(a, 2).int().unwrap_or(0).max(0) } else { count };
    let skip = usize::try_from(start).unwrap_or(0);
    let take = usize::try_from(wanted).unwrap_or(0);
    V::string(text.chars().skip(skip).take(take).collect::<String>())
}

/// Removes one match of a pattern at the start and at the end.
fn trim(pattern: &str, text: &str, start: bool, end: bool) -> String {
    let mut text = text;
    if start
        && let Some(found) = Pattern::cached(&format!("^(?:{pattern})"))
        && let Some(Some(Some((_, to)))) = found.captures_at(text, 0).map(|s| s.first().copied())
    {
        text = &text[to..];
    }
    if end
        && let Some(found) = Pattern::cached(&format!("(?:{pattern})$"))
        && let Some(Some(Some((from, _)))) = found.captures_at(text, 0).map(|s| s.first().copied())
    {
        text = &text[..from];
    }
    text.to_owned()
}

fn split(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let (text, delimiter) = (arg(a, 0).text(), arg(a, 1).text());
    let parts: Vec<Json> = if delimiter.is_empty() {
        text.chars().map(|c| Json::String(c.to_string())).collect()
    } else {
        text.split(delimiter).map(|p| Json::String(p.to_owned())).collect()
    };
    if a.len() > 2 {
        let wanted = arg(a, 2).int().and_then(|n| usize::try_from(n).ok());
        let one = wanted.and_then(|n| parts.get(n).cloned());
        return from_json(&Json::Array(one.into_iter().collect()));
    }
    from_json(&Json::Array(parts))
}

/// Most comparisons of one replacement of several needles.
const MAX_COMPARISONS: usize = 1 << 28;

/// Replaces all needles in one pass: what was put in is not searched again.
fn replace_strings(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let from = array_texts(arg(a, 1));
    let to = match json_of_text(arg(a, 2).text()) {
        Json::Array(items) => items,
        other => vec![other],
    };
    let text = arg(a, 0).text();
    if from.len().saturating_mul(text.len()) > MAX_COMPARISONS {
        return V::string("");
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let found = from.iter().position(|n| !n.is_empty() && rest.starts_with(n.as_str()));
        let Some(at) = found else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        let needle = &from[at];
        // What is replaced by something that is no text stays.
        let with = if to.len() == 1 { to.first() } else { to.get(at) };
        match with {
            Some(Json::String(with)) => out.push_str(with),
            Some(_) => out.push_str(needle),
            None => {}
        }
        rest = &rest[needle.len()..];
        if out.len() > MAX_TEXT {
            return V::string("");
        }
    }
    V::string(out)
}

/// Byte offset of a character position.
fn byte_at(text: &str, position: usize) -> usize {
    text.char_indices().nth(position).map_or(text.len(), |(at, _)| at)
}

fn window<'t>(text: &'t str, a: &[V<'_>]) -> Option<(&'t str, usize, usize)> {
    let count = i64::try_from(text.chars().count()).ok()?;
    let start = if a.len() > 2 { arg(a, 2).int()? } else { 0 };
    let wanted = if a.len() > 3 { arg(a, 3).int()? } else { -1 };
    let occurrence = if a.len() > 4 { arg(a, 4).int()? } else { 1 };
    let start = if start < 0 { (count + start).max(0) } else { start };
    let occurrence = usize::try_from(occurrence).ok().filter(|n| *n > 0)?;
    if wanted < -1 {
        return None;
    }
    let from = byte_at(text, usize::try_from(start).ok()?);
    let end = if wanted < 0 {
        text.len()
    } else {
        byte_at(text, usize::try_from(start.saturating_add(wanted)).ok()?)
    };
    Some((text.get(..end.max(from))?, from, occurrence))
}

fn char_position(text: &str, at: usize) -> V<'static> {
    length(text[..at].chars().count())
}

fn indexof(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let (text, needle) = (arg(a, 0).text(), arg(a, 1).text());
    let Some((within, from, occurrence)) = window(text, a) else { return V::Null };
    let Some(searched) = within.get(from..) else { return V::Int(-1) };
    let found = if needle.is_empty() {
        searched.char_indices().map(|(at, _)| at).chain([searched.len()]).nth(occurrence - 1)
    } else {
        occurrences(searched, needle).nth(occurrence - 1)
    };
    found.map_or(V::Int(-1), |at| char_position(text, from + at))
}

fn indexof_regex(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let text = arg(a, 0).text();
    if a.len() > 2 && arg(a, 2).int().is_none_or(|n| n < 0) {
        return V::Null;
    }
    let (Some((within, from, occurrence)), Some(pattern)) =
        (window(text, a), Pattern::cached(arg(a, 1).text()))
    else {
        return V::Null;
    };
    let mut found = pattern
        .all(within)
        .into_iter()
        .filter_map(|s| s.first().copied().flatten())
        .filter(|(s, _)| *s >= from);
    found.nth(occurrence - 1).map_or(V::Int(-1), |(at, _)| char_position(text, at))
}

fn countof(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let (text, needle) = (arg(a, 0).text(), arg(a, 1).text());
    if arg(a, 2).text() == "regex" {
        return Pattern::cached(needle).map_or(V::Null, |p| length(p.all(text).len()));
    }
    if needle.is_empty() {
        return V::Int(0);
    }
    length(occurrences(text, needle).count())
}

fn group(text: &str, spans: &[Option<(usize, usize)>], n: usize) -> String {
    spans.get(n).copied().flatten().and_then(|(s, e)| text.get(s..e)).unwrap_or_default().to_owned()
}

fn extract(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let text = arg(a, 2).text();
    let (Some(pattern), Some(n)) =
        (Pattern::cached(arg(a, 0).text()), arg(a, 1).int().and_then(|n| usize::try_from(n).ok()))
    else {
        return V::string("");
    };
    pattern.captures_at(text, 0).map_or_else(|| V::string(""), |spans| V::string(group(text, &spans, n)))
}

fn extract_all(pattern: &str, groups: Option<&str>, text: &str) -> V<'static> {
    let Some(pattern) = Pattern::cached(pattern) else { return V::Null };
    let number = |item: &Json| match item {
        Json::String(name) => pattern.group(name),
        other => other.as_u64().and_then(|n| usize::try_from(n).ok()),
    };
    let wanted: Option<Vec<usize>> = groups.map(|g| match json_of_text(g) {
        Json::Array(items) => items.iter().filter_map(number).collect(),
        _ => Vec::new(),
    });
    let mut rows = Vec::new();
    let mut made = 0;
    for spans in pattern.all(text) {
        let every = || if spans.len() > 1 { (1..spans.len()).collect() } else { vec![0] };
        let mut numbers: Vec<usize> =
            wanted.clone().unwrap_or_default().into_iter().filter(|n| *n < spans.len()).collect();
        // A selection without a group that there is means every group.
        if numbers.is_empty() {
            numbers = every();
        }
        let mut texts: Vec<Json> =
            numbers.into_iter().map(|n| Json::String(group(text, &spans, n))).collect();
        made += texts.len();
        if made > MAX_ITEMS {
            return V::Null;
        }
        rows.push(if texts.len() == 1 { texts.remove(0) } else { Json::Array(texts) });
    }
    if rows.is_empty() { V::Null } else { from_json(&Json::Array(rows)) }
}

fn translate(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let from: Vec<char> = arg(a, 0).text().chars().collect();
    let to: Vec<char> = arg(a, 1).text().chars().collect();
    let mut places = HashMap::new();
    from.iter().enumerate().for_each(|(at, c)| {
        places.entry(*c).or_insert(at);
    });
    let map = |c: char| match places.get(&c) {
        None => Some(c),
        Some(at) => to.get(*at).or_else(|| to.last()).copied(),
    };
    V::string(arg(a, 2).text().chars().filter_map(map).collect::<String>())
}

/// A text as a pattern that matches just it.
pub(crate) fn regex_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
