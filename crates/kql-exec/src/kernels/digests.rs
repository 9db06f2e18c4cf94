//! What is read from t-digests and sketches of distinct counts.

use palisade_kql::Type;
use serde_json::Value as Json;

use super::convert::{convert, from_json, json_of_text, to_json};
use super::{Call, RowFn, arg};
use crate::sketch::{Digest, Distinct};
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "percentile_tdigest" | "__percentile_of_digest" => percentile,
        "percentiles_array_tdigest" => |_, a| {
            let (Some(mut digest), Json::Array(shares)) = (digest(arg(a, 0)), json_of_text(arg(a, 1).text()))
            else {
                return V::Null;
            };
            let value =
                |share: &Json| share.as_f64().and_then(|s| digest.percentile(s)).map_or(Json::Null, number);
            from_json(&shares.iter().map(value).collect())
        },
        "rank_tdigest" => |c, a| rank(c, a).map_or(V::Null, |(below, _)| V::Real(below)),
        "percentrank_tdigest" => |c, a| match rank(c, a) {
            Some((below, total)) if total > 0.0 => V::Real(below * 100.0 / total),
            _ => V::Null,
        },
        "tdigest_isvalid" => |_, a| V::Bool(digest(arg(a, 0)).is_some()),
        "hll_isvalid" => |_, a| V::Bool(distinct(arg(a, 0)).is_some()),
        "tdigest_merge" => |_, a| {
            let mut merged = Digest::default();
            a.iter().filter_map(digest).for_each(|d| merged.merge(&d));
            from_json(&merged.json())
        },
        "hll_merge" => |_, a| {
            let mut found = a.iter().filter_map(distinct);
            let Some(mut merged) = found.next() else { return V::Null };
            found.for_each(|d| merged.merge(&d));
            from_json(&merged.json())
        },
        "dcount_hll" => |_, a| distinct(arg(a, 0)).map_or(V::Null, |d| V::Int(d.count())),
        _ => return None,
    })
}

fn digest(value: &V<'_>) -> Option<Digest> {
    Digest::from_json(&json_of_text(value.text()))
}

fn distinct(value: &V<'_>) -> Option<Distinct> {
    Distinct::from_json(&json_of_text(value.text()))
}

/// A number in the form that a dynamic has for it.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn number(n: f64) -> Json {
    if n.fract() == 0.0 && n.abs() < 9e15 { Json::from(n as i64) } else { to_json(&V::Real(n), Type::Real) }
}

fn percentile(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let found = match (digest(arg(a, 0)), arg(a, 1).real()) {
        (Some(mut digest), Some(share)) => digest.percentile(share),
        _ => None,
    };
    #[allow(clippy::cast_possible_truncation)]
    match (found, call.returns) {
        (None, _) => V::Null,
        (Some(n), Type::Dynamic) => from_json(&number(n)),
        (Some(n), Type::Datetime | Type::Timespan) => V::Int(n as i64),
        (Some(n), ty) => convert(&V::Real(n), Type::Real, ty),
    }
}

fn rank(call: &Call<'_>, a: &[V<'_>]) -> Option<(f64, f64)> {
    let value = match call.ty(1) {
        Type::Datetime | Type::Timespan => arg(a, 1).real()?,
        ty => convert(arg(a, 1), ty, Type::Real).real()?,
    };
    Some(digest(arg(a, 0))?.rank(value))
}
