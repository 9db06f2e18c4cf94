//! Scalar functions, evaluated row by row on values of known types.

mod address;
mod agent;
mod columnar;
pub(crate) mod convert;
mod digests;
mod dynamic;
mod encode;
mod geo;
mod number;
mod pairs;
mod series;
mod special;
mod text;
mod text_more;
mod time;
mod units;
mod xml;
mod zone;

pub(crate) use columnar::over_columns;
pub(crate) use digests::number as digest_number;
pub(crate) use dynamic::element;
pub(crate) use encode::hash_of;
pub(crate) use geo::{Place, Target};
use palisade_kql::Type;
pub(crate) use series::{ColumnsFn, columns};
pub(crate) use text::regex_quote as quote;

use crate::value::V;

/// What a function knows about its call.
pub(crate) struct Call<'c> {
    /// Types of the arguments.
    pub types: &'c [Type],
    /// Type of the result.
    pub returns: Type,
}

impl Call<'_> {
    pub fn ty(&self, at: usize) -> Type {
        self.types.get(at).copied().unwrap_or(Type::Dynamic)
    }
}

/// A function of one row.
pub(crate) type RowFn = for<'v> fn(&Call<'_>, &[V<'v>]) -> V<'static>;

/// The kernel of a function of `palisade_kql::functions`, or of a conversion `to:<type>`.
pub(crate) fn lookup(name: &str) -> Option<RowFn> {
    convert::lookup(name)
        .or_else(|| text::lookup(name))
        .or_else(|| text_more::lookup(name))
        .or_else(|| number::lookup(name))
        .or_else(|| time::lookup(name))
        .or_else(|| dynamic::lookup(name))
        .or_else(|| address::lookup(name))
        .or_else(|| agent::lookup(name))
        .or_else(|| digests::lookup(name))
        .or_else(|| encode::lookup(name))
        .or_else(|| special::lookup(name))
        .or_else(|| units::lookup(name))
        .or_else(|| xml::lookup(name))
        .or_else(|| zone::lookup(name))
        .or_else(|| series::lookup(name))
        .or_else(|| geo::lookup(name))
        .or_else(|| pairs::lookup(name))
}

pub(crate) fn arg<'a, 'v>(args: &'a [V<'v>], at: usize) -> &'a V<'v> {
    static NULL: V<'static> = V::Null;
    args.get(at).unwrap_or({
        // A missing optional argument reads as null.
        let null: &'static V<'static> = &NULL;
        null
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_function_of_the_language_has_a_kernel() {
        let missing: Vec<_> = palisade_kql::functions::all()
            .map(|f| f.name)
            // An assertion is no row function: it ends the query.
            .filter(|name| super::lookup(name).is_none() && *name != "__assert")
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        for several in palisade_kql::functions::COLUMNS {
            assert!(super::columns(several.function.name).is_some(), "{}", several.function.name);
        }
    }
}
