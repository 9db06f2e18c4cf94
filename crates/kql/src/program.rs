//! Bound, typed queries: what an executor carries out.

use crate::ast::{BinaryOp, TextOp};
use crate::diagnostic::{Diagnostic, Span};
use crate::types::{Schema, Type, Value};

/// A whole query in stages. Later stages may refer to earlier ones; the last one is the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The stages in order; never empty.
    pub stages: Vec<Stage>,
    /// Warnings that came up while binding.
    pub warnings: Vec<Diagnostic>,
    /// The kind of chart that the query's `render` asks for.
    pub render: Option<String>,
}

impl Program {
    /// Names and types of the result.
    pub fn schema(&self) -> &Schema {
        static EMPTY: Schema = Schema { columns: Vec::new() };
        self.stages.last().map_or(&EMPTY, |s| &s.pipeline.schema)
    }

    /// What the query reads from outside, each once.
    pub fn externals(&self) -> Vec<&External> {
        let mut found = Vec::new();
        for stage in &self.stages {
            stage.pipeline.externals(&mut found);
        }
        let mut seen = std::collections::HashSet::new();
        found.retain(|e| seen.insert(*e));
        found
    }

    /// Names of the stored tables that the query reads.
    pub fn tables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for stage in &self.stages {
            stage.pipeline.tables(&mut names);
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// How a stage's result is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageOutput {
    /// A table that may be merged into what refers to it.
    Table,
    /// A table that is computed once and kept.
    Materialized,
    /// The first cell of the first row, as a constant.
    Scalar,
    /// The last stage.
    Result,
}

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The `let` name, when it has one.
    pub name: Option<String>,
    /// How the result is used.
    pub output: StageOutput,
    /// What it computes.
    pub pipeline: Pipeline,
}

/// A source with operators.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// Where rows come from.
    pub source: Source,
    /// What is done with them, in order.
    pub operators: Vec<Operator>,
    /// Names and types of the outcome.
    pub schema: Schema,
}

impl Pipeline {
    fn externals<'p>(&'p self, found: &mut Vec<&'p External>) {
        match &self.source {
            Source::External(external) => found.push(external),
            Source::Union(inputs) => inputs.iter().for_each(|i| i.externals(found)),
            _ => {}
        }
        for operator in &self.operators {
            if let Operator::Join(join) = operator {
                join.right.externals(found);
            }
        }
    }

    fn tables<'p>(&'p self, names: &mut Vec<&'p str>) {
        match &self.source {
            Source::Table { name, .. } => names.push(name),
            Source::Union(inputs) => inputs.iter().for_each(|i| i.tables(names)),
            _ => {}
        }
        for operator in &self.operators {
            if let Operator::Join(join) = operator {
                join.right.tables(names);
            }
        }
    }
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // one per pipeline
pub enum Source {
    /// A stored table; all its columns, hidden ones last.
    Table {
        /// Name.
        name: String,
        /// Columns.
        schema: Schema,
    },
    /// An earlier stage.
    Stage(usize),
    /// Constant rows.
    Values {
        /// Columns.
        schema: Schema,
        /// Rows of constant expressions.
        rows: Vec<Vec<Expr>>,
    },
    /// One row without columns (for `print`).
    OneRow,
    /// A numeric or time series; constant bounds.
    Range {
        /// Column name.
        name: String,
        /// Its type.
        ty: Type,
        /// First value.
        from: Expr,
        /// Last value, inclusive.
        to: Expr,
        /// Step.
        step: Expr,
    },
    /// All rows of all inputs, which have the same columns.
    Union(Vec<Pipeline>),
    /// Rows from outside.
    External(External),
}

/// `externaldata`: what to fetch, and how it is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct External {
    /// Columns, by position or (JSON, Parquet) by name.
    pub schema: Schema,
    /// Addresses, or names of uploads; their rows follow each other.
    pub urls: Vec<String>,
    /// Properties such as `format`, names in lower case.
    pub properties: Vec<(String, String)>,
}

/// A tabular operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Operator {
    /// Keeps the rows for which the predicate is true.
    Filter(Expr),
    /// Exactly these columns.
    Project(Vec<(String, Expr)>),
    /// Groups and aggregates; the outcome has the group columns, then the outputs.
    Aggregate {
        /// Group columns.
        group: Vec<(String, Expr)>,
        /// Aggregates.
        aggregates: Vec<Aggregate>,
    },
    /// Orders rows.
    Sort(Vec<SortKey>),
    /// The first rows.
    Take(u64),
    /// Rows without repetition.
    Distinct,
    /// Joins with another table.
    Join(Box<Join>),
    /// One row per element of dynamic columns, in lockstep.
    Expand(Expand),
    /// Extracts columns from a text by a pattern.
    Parse(Parse),
    /// Numbers and looks at neighbouring rows: appended columns in row order.
    Window(Vec<(String, Type, WindowFunction)>),
}

/// Functions over the order of rows.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowFunction {
    /// `row_number(start)`
    RowNumber(i64),
    /// `prev` (negative offset) and `next`: the value some rows away, or the default beyond the ends.
    Neighbour {
        /// The value.
        value: Expr,
        /// How many rows away.
        offset: i64,
        /// The value beyond the ends; null when none is given.
        default: Option<Value>,
    },
    /// `row_cumsum(value)`
    CumulativeSum(Expr),
}

/// One aggregate; most have one output, `arg_max` and `take_any` have several.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Name in [`crate::aggregates`].
    pub function: &'static str,
    /// Arguments, cast.
    pub args: Vec<Expr>,
    /// Only rows for which this is true count (`countif` and the like).
    pub filter: Option<Expr>,
    /// Output columns.
    pub outputs: Vec<(String, Type)>,
}

/// One sort key.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// The key.
    pub expr: Expr,
    /// Ascending order.
    pub ascending: bool,
    /// Nulls before all others.
    pub nulls_first: bool,
}

/// Kinds of joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Left keys without repetition, then inner.
    InnerUnique,
    /// All pairs.
    Inner,
    /// All pairs, and left rows without a match.
    LeftOuter,
    /// All pairs, and right rows without a match.
    RightOuter,
    /// All pairs, and rows of both sides without a match.
    FullOuter,
    /// Left rows with a match.
    LeftSemi,
    /// Right rows with a match.
    RightSemi,
    /// Left rows without a match.
    LeftAnti,
    /// Right rows without a match.
    RightAnti,
}

/// A join. Keys compare with nulls equal.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// Kind.
    pub kind: JoinKind,
    /// The right table.
    pub right: Pipeline,
    /// Pairs of key expressions: left side, right side.
    pub keys: Vec<(Expr, Expr)>,
    /// Output columns: name, whether it comes from the left, its name there, its type.
    pub columns: Vec<(String, bool, String, Type)>,
}

/// `mv-expand`.
#[derive(Clone, Debug, PartialEq)]
pub struct Expand {
    /// Output column name, the dynamic expression, and the element type.
    pub items: Vec<(String, Expr, Type)>,
    /// Column for the position, from 0.
    pub index: Option<String>,
    /// Bags become `[key, value]` arrays.
    pub array_bags: bool,
    /// Most rows per input row.
    pub limit: Option<u64>,
    /// Columns of the outcome.
    pub schema: Schema,
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum ParsePart {
    /// Anything.
    Star,
    /// This text, or this regular expression.
    Text(String),
    /// A column.
    Column(String, Type),
}

/// `parse` and `parse-where`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parse {
    /// The text.
    pub source: Expr,
    /// The pattern.
    pub parts: Vec<ParsePart>,
    /// Texts are regular expressions.
    pub regex: bool,
    /// Types need not fit: what does not fit is null.
    pub relaxed: bool,
    /// Flags of the regular expression.
    pub flags: String,
    /// Rows that do not match are dropped.
    pub filter: bool,
}

/// A typed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Its place in the text.
    pub span: Span,
}

/// A step of a dynamic path.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A property.
    Field(String),
    /// An element; negative counts from the end.
    Index(i64),
    /// A property or element that is computed.
    Computed(Expr),
}

/// Kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Value),
    /// A column.
    Column(String),
    /// The result of a scalar stage.
    StageValue(usize),
    /// Conversion to the expression's type; null (or "") when it fails.
    Cast(Box<Expr>),
    /// Arithmetic or comparison; operands are cast to fit.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// A string operator on two strings.
    Text {
        /// Which.
        op: TextOp,
        /// Negated.
        negated: bool,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// Membership; all items have the type of the left side.
    In {
        /// `in~`
        ignore_case: bool,
        /// Negated.
        negated: bool,
        /// Left side.
        left: Box<Expr>,
        /// Items.
        items: Vec<Expr>,
        /// Also the first column of these stages.
        stages: Vec<usize>,
    },
    /// `has_any` (or with `all`, `has_all`).
    Terms {
        /// Every item must be there.
        all: bool,
        /// Left side, a string.
        left: Box<Expr>,
        /// Items, strings.
        items: Vec<Expr>,
        /// Also the first column of these stages.
        stages: Vec<usize>,
    },
    /// Every part is true.
    And(Vec<Expr>),
    /// Some part is true.
    Or(Vec<Expr>),
    /// Negation; of null it is null.
    Not(Box<Expr>),
    /// A path into a dynamic.
    Path(Box<Expr>, Vec<Step>),
    /// A function of [`crate::functions`].
    Call {
        /// Name.
        function: &'static str,
        /// Arguments, cast.
        args: Vec<Expr>,
    },
    /// The value of the first branch whose condition is true.
    Case {
        /// Condition and value.
        branches: Vec<(Expr, Expr)>,
        /// The value when no condition is true.
        otherwise: Box<Expr>,
    },
}

impl Expr {
    /// An expression.
    pub fn new(kind: ExprKind, ty: Type, span: Span) -> Self {
        Self { kind, ty, span }
    }

    /// A constant.
    pub fn literal(value: Value, span: Span) -> Self {
        let ty = value.ty();
        Self { kind: ExprKind::Literal(value), ty, span }
    }

    /// A column.
    pub fn column(name: impl Into<String>, ty: Type) -> Self {
        Self { kind: ExprKind::Column(name.into()), ty, span: Span::default() }
    }

    /// The constant, when it is one.
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.kind {
            ExprKind::Literal(value) => Some(value),
            _ => None,
        }
    }
}
