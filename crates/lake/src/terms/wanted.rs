//! The terms that a query's conditions ask for.

use std::io;

use datafusion::logical_expr::{Expr, Operator};
use palisade_schema::terms;

/// What a row must have, as far as terms tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A term, by its hash, in a column.
    Term(String, u64),
    All(Vec<Wanted>),
    Any(Vec<Wanted>),
}

impl Wanted {
    /// What all these conditions together ask for; none where terms tell nothing of it.
    pub(crate) fn of(conditions: &[Expr]) -> Option<Self> {
        all(conditions.iter().filter_map(one).collect())
    }

    /// For each of so many blocks, whether it may have a row with what is wanted.
    pub(super) fn blocks(
        &self,
        blocks: usize,
        term: &impl Fn(&str, u64) -> io::Result<Vec<bool>>,
    ) -> io::Result<Vec<bool>> {
        let parts = |parts: &[Self], start: bool, join: fn(bool, bool) -> bool| -> io::Result<Vec<bool>> {
            let mut found = vec![start; blocks];
            for part in parts {
                let own = part.blocks(blocks, term)?;
                found.iter_mut().zip(own).for_each(|(f, o)| *f = join(*f, o));
            }
            Ok(found)
        };
        match self {
            Self::Term(column, hash) => term(column, *hash),
            Self::All(list) => parts(list, true, |a, b| a && b),
            Self::Any(list) => parts(list, false, |a, b| a || b),
        }
    }
}

fn all(mut parts: Vec<Wanted>) -> Option<Wanted> {
    if parts.len() > 1 { Some(Wanted::All(parts)) } else { parts.pop() }
}

fn one(condition: &Expr) -> Option<Wanted> {
    match condition {
        Expr::Alias(alias) => one(&alias.expr),
        Expr::BinaryExpr(both) => match both.op {
            Operator::And => all([one(&both.left), one(&both.right)].into_iter().flatten().collect()),
            // A side that terms tell nothing of may be true anywhere.
            Operator::Or => Some(Wanted::Any(vec![one(&both.left)?, one(&both.right)?])),
            _ => None,
        },
        Expr::ScalarFunction(call) => {
            let (Expr::Column(column), needles) = call.args.split_first()? else { return None };
            let any = match call.func.name() {
                terms::HAS | terms::HAS_ALL => false,
                terms::HAS_ANY => true,
                _ => return None,
            };
            let needle = |expr: &Expr| match expr {
                Expr::Literal(value, _) => needle(&column.name, value.try_as_str().flatten()?),
                _ => None,
            };
            let mut found = needles.iter().map(needle);
            if any {
                return found.collect::<Option<Vec<_>>>().map(Wanted::Any);
            }
            all(found.by_ref().flatten().collect())
        }
        _ => None,
    }
}

/// All terms of a needle: the text around it ends them, so whole terms they are in what has it.
fn needle(column: &str, text: &str) -> Option<Wanted> {
    let mut parts = Vec::new();
    terms::each(text, |hash| parts.push(Wanted::Term(column.to_owned(), hash)));
    all(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, col, create_udf, lit};
    use std::sync::Arc;

    fn has(name: &str, column: &str, needles: &[&str]) -> Expr {
        let text = arrow::datatypes::DataType::Utf8;
        let function: ScalarUDF = create_udf(
            name,
            vec![text.clone(); 1 + needles.len()],
            arrow::datatypes::DataType::Boolean,
            Volatility::Immutable,
            Arc::new(|args: &[ColumnarValue]| Ok(args[0].clone())),
        );
        let column = Expr::Column(datafusion::common::Column::new_unqualified(column));
        function.call(std::iter::once(column).chain(needles.iter().map(|n| lit(*n))).collect())
    }

    fn term(column: &str, text: &str) -> Wanted {
        needle(column, text).expect("a term")
    }

    #[test]
    fn conditions_become_terms() {
        let (a, b) = (has(terms::HAS, "L", &["Curl"]), has(terms::HAS_ANY, "L", &["x", "y"]));
        let any = Wanted::Any(vec![term("L", "x"), term("L", "y")]);
        assert_eq!(Wanted::of(std::slice::from_ref(&a)), Some(term("L", "curl")));
        assert_eq!(
            Wanted::of(&[a.clone(), b.clone()]),
            Some(Wanted::All(vec![term("L", "curl"), any.clone()]))
        );
        assert_eq!(Wanted::of(&[a.clone().or(b.clone())]), Some(Wanted::Any(vec![term("L", "curl"), any])));
        let other = col("n").gt(lit(1));
        assert_eq!(Wanted::of(&[a.clone().or(other.clone())]), None, "the other may be true anywhere");
        assert_eq!(Wanted::of(&[a.clone().and(other.clone())]), Some(term("L", "curl")));
        assert_eq!(Wanted::of(&[Expr::Not(Box::new(a)), other]), None);
        assert_eq!(Wanted::of(&[has(terms::HAS, "L", &["--"])]), None, "a needle without terms");
        assert_eq!(Wanted::of(&[has(terms::HAS_ANY, "L", &["x", "--"])]), None);
        let both = Wanted::All(vec![term("L", "a"), term("L", "b")]);
        assert_eq!(Wanted::of(&[has(terms::HAS, "L", &["a_b"])]), Some(both.clone()));
        assert_eq!(Wanted::of(&[has(terms::HAS_ALL, "L", &["a", "--", "b"])]), Some(both));
    }

    #[test]
    fn blocks_are_joined_as_the_conditions_are() {
        let term_of = |column: &str, _: u64| {
            Ok(if column == "a" { vec![true, true, false] } else { vec![true, false, false] })
        };
        let (a, b) = (term("a", "x"), term("b", "x"));
        let blocks = |w: &Wanted| w.blocks(3, &term_of).expect("no I/O");
        assert_eq!(blocks(&Wanted::All(vec![a.clone(), b.clone()])), [true, false, false]);
        assert_eq!(blocks(&Wanted::Any(vec![a, b])), [true, true, false]);
    }
}
