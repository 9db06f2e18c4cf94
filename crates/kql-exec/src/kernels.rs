//! Scalar functions, evaluated row by row on values of known types.

mod address;
pub(crate) mod convert;
mod dynamic;
mod geo;
mod number;
mod text;
mod text_more;
mod time;

pub(crate) use dynamic::element;
use palisade_kql::Type;
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
        .or_else(|| geo::lookup(name))
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
            .filter(|name| super::lookup(name).is_none())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
