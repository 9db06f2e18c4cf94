//! Dynamic values: arrays and bags.

use std::collections::HashSet;

use palisade_kql::Type;
use serde_json::{Map, Value as Json, json};

use super::convert::{dynamic_text, from_json, json_of_text, to_json, to_text};
use super::text::array_texts;
use super::{Call, RowFn, arg};
use crate::value::V;

/// Most elements of an array that a function makes.
pub(super) const MAX_ITEMS: usize = 1_048_576;
/// Most bytes of the JSON that a function makes of others or of repetitions.
const MAX_BYTES: usize = 32 << 20;

/// Whether a function may put all its arguments into one value.
fn fits(a: &[V<'_>]) -> bool {
    a.iter().map(|v| v.text().len()).sum::<usize>() <= MAX_BYTES
}

/// Whether a value may be repeated so often.
fn repeats(json: &Json, times: usize) -> bool {
    let size =
        if json.is_string() || json.is_array() || json.is_object() { json.to_string().len() } else { 8 };
    times <= MAX_ITEMS && size.saturating_mul(times) <= MAX_BYTES
}

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "array_length" => |_, a| array(arg(a, 0)).map_or(V::Null, |items| count(items.len())),
        "pack_array" => |c, a| {
            if !fits(a) {
                return V::Null;
            }
            from_json(&Json::Array(a.iter().enumerate().map(|(at, v)| to_json(v, c.ty(at))).collect()))
        },
        "bag_pack" => bag_pack,
        "bag_keys" => {
            |_, a| bag(arg(a, 0)).map_or(V::Null, |b| from_json(&json!(b.keys().collect::<Vec<_>>())))
        }
        "bag_merge" => bag_merge,
        "bag_has_key" => |_, a| {
            bag(arg(a, 0)).map_or(V::Null, |b| V::Bool(path(&Json::Object(b), arg(a, 1).text()).is_some()))
        },
        "bag_remove_keys" => bag_remove_keys,
        "bag_set_key" => |c, a| match bag(arg(a, 0)) {
            Some(b) => set_key(b, arg(a, 1).text(), to_json(arg(a, 2), c.ty(2))),
            None => V::Null,
        },
        "bag_zip" => bag_zip,
        "array_concat" => |_, a| {
            if !fits(a) {
                return V::Null;
            }
            let all = a.iter().filter_map(array).flatten().take(MAX_ITEMS).collect::<Vec<_>>();
            if a.iter().all(|v| array(v).is_none()) { V::Null } else { from_json(&Json::Array(all)) }
        },
        "array_slice" => array_slice,
        "array_index_of" => array_index_of,
        "__bag_pack_filled" => bag_pack_filled,
        "__sort_by_asc" => |_, a| sort_by(a, false),
        "__sort_by_desc" => |_, a| sort_by(a, true),
        "__data_size" => data_size,
        "set_equals" => |_, a| match (array(arg(a, 0)), array(arg(a, 1))) {
            (Some(x), Some(y)) => V::Bool(members(&x) == members(&y)),
            _ => V::Null,
        },
        "array_sort_asc" => |_, a| sort(a, false),
        "array_sort_desc" => |_, a| sort(a, true),
        "array_reverse" => |_, a| {
            array(arg(a, 0))
                .map_or(V::Null, |items| from_json(&Json::Array(items.into_iter().rev().collect())))
        },
        "array_sum" => |_, a| {
            array(arg(a, 0)).map_or(V::Null, |items| {
                items
                    .iter()
                    .map(|i| i.as_f64().or_else(|| i.as_bool().map(|b| f64::from(u8::from(b)))))
                    .sum::<Option<f64>>()
                    .map_or(V::Null, V::Real)
            })
        },
        "array_iff" => array_iff,
        "array_split" => array_split,
        "array_rotate_left" => |_, a| rotate(a, 1),
        "array_rotate_right" => |_, a| rotate(a, -1),
        "array_shift_left" => |c, a| shift(c, a, 1),
        "array_shift_right" => |c, a| shift(c, a, -1),
        "set_has_element" => |c, a| match array(arg(a, 0)) {
            Some(items) => {
                let wanted = to_json(arg(a, 1), c.ty(1));
                V::Bool(items.contains(&wanted))
            }
            None => V::Null,
        },
        "set_union" => |_, a| match a.iter().map(array).collect::<Option<Vec<_>>>() {
            Some(_) if !fits(a) => V::Null,
            Some(all) => from_json(&Json::Array(unique(all.into_iter().flatten()))),
            None => V::Null,
        },
        "set_intersect" => |_, a| sets(a, |first, rest| rest.iter().all(|r| r.contains(first))),
        "set_difference" => |_, a| sets(a, |first, rest| !rest.iter().any(|r| r.contains(first))),
        "jaccard_index" => jaccard,
        "zip" => zip,
        "range" => range,
        "repeat" => |c, a| {
            let n = arg(a, 1).int().and_then(|n| usize::try_from(n).ok()).unwrap_or(0).min(MAX_ITEMS);
            let value = to_json(arg(a, 0), c.ty(0));
            if repeats(&value, n) { from_json(&Json::Array(vec![value; n])) } else { V::Null }
        },
        "treepath" => |_, a| {
            let mut paths = Vec::new();
            tree(&value(arg(a, 0)), "", &mut paths, 0);
            from_json(&json!(paths))
        },
        _ => return None,
    })
}

fn count(n: usize) -> V<'static> {
    V::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn value(v: &V<'_>) -> Json {
    match v {
        V::Str(text) => json_of_text(text),
        _ => Json::Null,
    }
}

fn array(v: &V<'_>) -> Option<Vec<Json>> {
    match value(v) {
        Json::Array(items) => Some(items),
        _ => None,
    }
}

fn bag(v: &V<'_>) -> Option<Map<String, Json>> {
    match value(v) {
        Json::Object(bag) => Some(bag),
        _ => None,
    }
}

/// A step into a dynamic, as `a.b`, `a['b']` and `a[0]` take it.
pub(crate) fn step(json: &Json, key: &str) -> Option<Json> {
    json.as_object()?.get(key).cloned()
}

/// An element; negative positions count from the end.
pub(crate) fn element(json: &Json, at: i64) -> Option<Json> {
    let items = json.as_array()?;
    let at = if at < 0 { at + i64::try_from(items.len()).ok()? } else { at };
    items.get(usize::try_from(at).ok()?).cloned()
}

/// `a.b.c` or `$.a.b` inside a bag.
fn path(json: &Json, path: &str) -> Option<Json> {
    if let Some(found) = step(json, path) {
        return Some(found);
    }
    let inner = path.strip_prefix("$.")?;
    inner.split('.').try_fold(json.clone(), |at, key| step(&at, key))
}

fn bag_pack(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    if !fits(a) {
        return V::Null;
    }
    let mut bag = Map::new();
    for (at, pair) in a.chunks(2).enumerate() {
        if let [key, value] = pair {
            let key = to_text(key, call.ty(at * 2));
            if !key.is_empty() {
                bag.insert(key, to_json(value, call.ty(at * 2 + 1)));
            }
        }
    }
    from_json(&Json::Object(bag))
}

/// The first bag that has a key wins.
fn bag_merge(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    if !fits(a) {
        return V::Null;
    }
    let mut merged = Map::new();
    let mut any = false;
    for other in a.iter().filter_map(bag) {
        any = true;
        for (key, value) in other {
            merged.entry(key).or_insert(value);
        }
    }
    if any { from_json(&Json::Object(merged)) } else { V::Null }
}

fn remove(json: &mut Json, keys: &[&str]) {
    let Some((first, rest)) = keys.split_first() else { return };
    let Some(bag) = json.as_object_mut() else { return };
    if rest.is_empty() {
        bag.shift_remove(*first);
    } else if let Some(inner) = bag.get_mut(*first) {
        remove(inner, rest);
    }
}

fn bag_remove_keys(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let Some(inner) = bag(arg(a, 0)) else { return V::Null };
    let mut json = Json::Object(inner);
    for key in array_texts(arg(a, 1)) {
        match key.strip_prefix("$.") {
            Some(path) => remove(&mut json, &path.split('.').collect::<Vec<_>>()),
            None => remove(&mut json, &[&key]),
        }
    }
    from_json(&json)
}

/// Sets a key, or where `$.a.b` points; what is missing on the way becomes a bag.
fn set_key(mut bag: Map<String, Json>, key: &str, value: Json) -> V<'static> {
    let Some(path) = key.strip_prefix("$.") else {
        bag.insert(key.to_owned(), value);
        return from_json(&Json::Object(bag));
    };
    let mut steps = path.split('.').peekable();
    let mut inner = &mut bag;
    while let Some(step) = steps.next() {
        if steps.peek().is_none() {
            inner.insert(step.to_owned(), value);
            break;
        }
        let next = inner.entry(step).or_insert_with(|| Json::Object(Map::new()));
        let Json::Object(next) = next else { return V::Null };
        inner = next;
    }
    from_json(&Json::Object(bag))
}

fn bag_zip(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let Some(keys) = array(arg(a, 0)) else { return V::Null };
    let values = array(arg(a, 1)).unwrap_or_default();
    let mut bag = Map::new();
    for (at, key) in keys.iter().enumerate() {
        if let Json::String(key) = key {
            bag.insert(key.clone(), values.get(at).cloned().unwrap_or(Json::Null));
        }
    }
    from_json(&Json::Object(bag))
}

fn array_slice(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let (Some(items), Some(start), Some(end)) = (array(arg(a, 0)), arg(a, 1).int(), arg(a, 2).int()) else {
        return V::Null;
    };
    let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let place = |at: i64| if at < 0 { at.saturating_add(len) } else { at }.clamp(0, len);
    // The end is inclusive.
    let (from, to) =
        (place(start), if end < 0 { end.saturating_add(len) } else { end }.saturating_add(1).clamp(0, len));
    let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
    from_json(&Json::Array(items.get(from..to.max(from)).unwrap_or_default().to_vec()))
}

fn array_index_of(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let Some(items) = array(arg(a, 0)) else { return V::Null };
    let wanted = to_json(arg(a, 1), call.ty(1));
    let start = arg(a, 2).int().unwrap_or(0);
    let len = i64::try_from(items.len()).unwrap_or(0);
    let start = if start < 0 { start + len } else { start }.max(0);
    let length = arg(a, 3).int().unwrap_or(-1);
    let end = if length < 0 { len } else { start.saturating_add(length) };
    let occurrence = if a.len() > 4 { arg(a, 4).int().unwrap_or(0) } else { 1 };
    let Some(skip) = usize::try_from(occurrence).ok().and_then(|n| n.checked_sub(1)) else { return V::Null };
    let mut found =
        items.iter().zip(0i64..).filter(|(item, at)| *at >= start && *at < end && **item == wanted);
    V::Int(found.nth(skip).map_or(-1, |(_, at)| at))
}

/// The place of a kind of value in a sorted array: it does not turn round with the order.
fn rank(json: &Json) -> u8 {
    match json {
        Json::Number(_) => 0,
        Json::String(_) => 1,
        Json::Bool(_) => 2,
        Json::Array(_) | Json::Object(_) => 3,
        Json::Null => 4,
    }
}

/// Values of one kind.
fn order(a: &Json, b: &Json) -> std::cmp::Ordering {
    match (a, b) {
        (Json::Number(x), Json::Number(y)) => x.as_f64().unwrap_or(0.0).total_cmp(&y.as_f64().unwrap_or(0.0)),
        (Json::String(x), Json::String(y)) => x.cmp(y),
        (Json::Bool(x), Json::Bool(y)) => x.cmp(y),
        _ => std::cmp::Ordering::Equal,
    }
}

/// Positions of the elements in their sorted order.
fn sorted_positions(items: &[Json], descending: bool, nulls_last: bool) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..items.len()).collect();
    positions.sort_by(|x, y| {
        let (x, y) = (&items[*x], &items[*y]);
        let nulls = if nulls_last { x.is_null().cmp(&y.is_null()) } else { y.is_null().cmp(&x.is_null()) };
        let within = if descending { order(y, x) } else { order(x, y) };
        nulls.then(rank(x).cmp(&rank(y))).then(within)
    });
    positions
}

fn sort(a: &[V<'_>], descending: bool) -> V<'static> {
    let Some(items) = array(arg(a, 0)) else { return V::Null };
    let positions = sorted_positions(&items, descending, !matches!(arg(a, 1), V::Bool(false)));
    from_json(&Json::Array(positions.into_iter().map(|at| items[at].clone()).collect()))
}

/// The second array in the order of the first; null when they differ in length.
fn sort_by(a: &[V<'_>], descending: bool) -> V<'static> {
    let (Some(keys), Some(items)) = (array(arg(a, 0)), array(arg(a, 1))) else { return V::Null };
    if keys.len() != items.len() {
        return V::Null;
    }
    let positions = sorted_positions(&keys, descending, !matches!(arg(a, 2), V::Bool(false)));
    from_json(&Json::Array(positions.into_iter().map(|at| items[at].clone()).collect()))
}

/// As `bag_pack`, without what is null or empty.
fn bag_pack_filled(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let mut bag = Map::new();
    for (at, pair) in a.chunks(2).enumerate() {
        if let [key, value] = pair {
            let json = to_json(value, call.ty(at * 2 + 1));
            if !json.is_null() && json.as_str() != Some("") {
                bag.insert(key.text().to_owned(), json);
            }
        }
    }
    from_json(&Json::Object(bag))
}

/// Bytes of the cells of a row, uncompressed.
fn data_size(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let size = |(at, value): (usize, &V<'_>)| match (value, call.ty(at)) {
        (V::Str(_), Type::Guid) | (_, Type::Decimal) => 16,
        (V::Str(s), _) => s.len(),
        (_, Type::Bool) => 1,
        (_, Type::Int) => 4,
        (_, Type::Long | Type::Real | Type::Datetime | Type::Timespan) => 8,
        (_, Type::Guid) => 16,
        _ => 0,
    };
    count(a.iter().enumerate().map(size).sum())
}

fn array_iff(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let Some(conditions) = array(arg(a, 0)) else { return V::Null };
    let values = [1, 2].map(|at| to_json(arg(a, at), call.ty(at)));
    if values.iter().any(|v| !v.is_array() && !repeats(v, conditions.len())) {
        return V::Null;
    }
    let side = |at: usize| {
        let json = values[at - 1].clone();
        move |n: usize| match &json {
            Json::Array(items) => items.get(n).cloned().unwrap_or(Json::Null),
            other => other.clone(),
        }
    };
    let (yes, no) = (side(1), side(2));
    let pick = |(n, condition): (usize, &Json)| match condition {
        Json::Bool(true) => yes(n),
        Json::Bool(false) => no(n),
        Json::Number(number) => {
            if number.as_f64() != Some(0.0) {
                yes(n)
            } else {
                no(n)
            }
        }
        _ => Json::Null,
    };
    from_json(&Json::Array(conditions.iter().enumerate().map(pick).collect()))
}

fn array_split(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let Some(items) = array(arg(a, 0)) else { return V::Null };
    let len = i64::try_from(items.len()).unwrap_or(0);
    let at = match to_json(arg(a, 1), call.ty(1)) {
        Json::Array(list) => list.iter().filter_map(Json::as_i64).collect(),
        other => other.as_i64().into_iter().collect::<Vec<_>>(),
    };
    let mut parts = Vec::new();
    let mut from = 0usize;
    for index in at {
        let place = if index < 0 { index + len } else { index }.clamp(0, len);
        let to = usize::try_from(place).unwrap_or(0).max(from);
        parts.push(Json::Array(items[from..to].to_vec()));
        from = to;
    }
    parts.push(Json::Array(items[from..].to_vec()));
    from_json(&Json::Array(parts))
}

fn rotate(a: &[V<'_>], sign: i64) -> V<'static> {
    let (Some(mut items), Some(n)) = (array(arg(a, 0)), arg(a, 1).int()) else { return V::Null };
    if let Ok(len) = i64::try_from(items.len())
        && len > 0
    {
        items.rotate_left(usize::try_from((n.wrapping_mul(sign)).rem_euclid(len)).unwrap_or(0));
    }
    from_json(&Json::Array(items))
}

fn shift(call: &Call<'_>, a: &[V<'_>], sign: i64) -> V<'static> {
    let (Some(items), Some(n)) = (array(arg(a, 0)), arg(a, 1).int()) else { return V::Null };
    let fill = if a.len() > 2 { to_json(arg(a, 2), call.ty(2)) } else { Json::Null };
    if !repeats(&fill, items.len()) {
        return V::Null;
    }
    let n = n.saturating_mul(sign);
    let shifted = (0i64..).take(items.len()).map(|at| {
        let from = at.saturating_add(n);
        usize::try_from(from).ok().and_then(|f| items.get(f)).cloned().unwrap_or_else(|| fill.clone())
    });
    from_json(&Json::Array(shifted.collect()))
}

pub(crate) fn unique(items: impl IntoIterator<Item = Json>) -> Vec<Json> {
    let mut seen = std::collections::HashSet::new();
    items.into_iter().filter(|i| seen.insert(i.to_string())).collect()
}

/// The elements as texts: a set of thousands is looked through once.
fn members(items: &[Json]) -> HashSet<String> {
    items.iter().map(Json::to_string).collect()
}

fn sets(a: &[V<'_>], keep: fn(&str, &[HashSet<String>]) -> bool) -> V<'static> {
    let Some(all) = a.iter().map(array).collect::<Option<Vec<_>>>() else { return V::Null };
    let Some((first, rest)) = all.split_first() else { return V::Null };
    let rest: Vec<HashSet<String>> = rest.iter().map(|r| members(r)).collect();
    from_json(&Json::Array(unique(first.iter().filter(|i| keep(&i.to_string(), &rest)).cloned())))
}

#[allow(clippy::cast_precision_loss)]
fn jaccard(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let (Some(x), Some(y)) = (array(arg(a, 0)), array(arg(a, 1))) else { return V::Null };
    let (x, y) = (unique(x), unique(y));
    let right = members(&y);
    let both = x.iter().filter(|i| right.contains(&i.to_string())).count();
    let all = x.len() + y.len() - both;
    let share = if all == 0 { f64::NAN } else { both as f64 / all as f64 };
    from_json(&to_json(&V::Real(share), Type::Real))
}

fn zip(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let lists: Vec<Vec<Json>> = a
        .iter()
        .map(|v| match value(v) {
            Json::Array(items) => items,
            other => vec![other],
        })
        .collect();
    let len = lists.iter().map(Vec::len).max().unwrap_or(0);
    if !fits(a) || len.saturating_mul(lists.len()) > MAX_ITEMS {
        return V::Null;
    }
    let row =
        |at: usize| Json::Array(lists.iter().map(|l| l.get(at).cloned().unwrap_or(Json::Null)).collect());
    from_json(&Json::Array((0..len).map(row).collect()))
}

fn range(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let real = (0..a.len()).any(|at| call.ty(at) == Type::Real);
    let number = |at: usize| match (arg(a, at), call.ty(at)) {
        (V::Str(s), Type::Dynamic) => dynamic_text(s).parse::<f64>().ok().map(V::Real),
        (V::Null, _) => None,
        (other, _) => Some(other.clone().owned()),
    };
    let (Some(from), Some(to)) = (number(0), number(1)) else { return V::Null };
    let mut items = Vec::new();
    match (from, to, number(2), call.ty(0)) {
        (V::Int(from), V::Int(to), step, ty) if !real => {
            let default = match ty {
                Type::Datetime => 3_600_000_000,
                Type::Timespan => 36_000_000_000,
                _ => 1,
            };
            // The step of a datetime is a timespan in ticks.
            let step = match step.and_then(|s| s.int()) {
                Some(step) if ty == Type::Datetime => step / 10,
                Some(step) => step,
                None => default,
            };
            let mut at = from;
            while step != 0 && items.len() < MAX_ITEMS && if step > 0 { at <= to } else { at >= to } {
                items.push(to_json(&V::Int(at), ty));
                let Some(next) = at.checked_add(step) else { break };
                at = next;
            }
        }
        (from, to, step, _) => {
            let (Some(from), Some(to)) = (from.real(), to.real()) else { return V::Null };
            let step = step.and_then(|s| s.real()).unwrap_or(1.0);
            let mut n = 0.0;
            while step != 0.0 && items.len() < MAX_ITEMS {
                let at = from + n * step;
                if at.is_nan() || if step > 0.0 { at > to } else { at < to } {
                    break;
                }
                items.push(to_json(&V::Real(at), Type::Real));
                n += 1.0;
            }
        }
    }
    from_json(&Json::Array(items))
}

fn tree(json: &Json, prefix: &str, paths: &mut Vec<String>, depth: usize) {
    if depth > 32 || paths.len() > 10_000 {
        return;
    }
    match json {
        Json::Object(bag) => {
            for (key, value) in bag {
                let path =
                    if prefix.is_empty() { format!("['{key}']") } else { format!("{prefix}['{key}']") };
                paths.push(path.clone());
                tree(value, &path, paths, depth + 1);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            let path = format!("{prefix}[0]");
            paths.push(path.clone());
            tree(&items[0], &path, paths, depth + 1);
        }
        _ => {}
    }
}
