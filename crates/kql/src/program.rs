//! Bound, typed queries: what an executor carries out.

use crate::ast::{BinaryOp, TextOp};
use crate::diagnostic::{Diagnostic, Span};
use crate::types::{Column, Schema, Type, Value};

mod open;
mod plugin;
mod table;

pub use open::{MAX_QUESTIONS, Open, Question};
pub use plugin::{
    Activity, Autocluster, Basket, Differences, Funnel, FunnelKind, MAX_STEPS, Metric, Reduce,
    RollingPercentile, Sequences, ShapeLookup, Window, array_of,
};
pub use table::{
    Apply, Cycles, GraphNodes, MatchColumn, MatchEdge, MatchNode, MatchOutput, Matching, Part, TableCall,
    TableFunction,
};

/// A whole query in stages. Later stages may refer to earlier ones; the last one is the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The stages in order; never empty.
    pub stages: Vec<Stage>,
    /// Warnings that came up while binding.
    pub warnings: Vec<Diagnostic>,
    /// The chart that the query's `render` asks for.
    pub render: Option<Render>,
    /// Set where the columns of the result are known only when it runs; [`Program::schema`] then has
    /// those that are known before, and only the stages up to this one can be carried out.
    pub open: Option<Open>,
    /// Columns of the result whose types are known only when it runs.
    pub unknown: Vec<String>,
    /// Names of the stored functions that it was made of, those that they call included.
    pub functions: Vec<String>,
}

/// A chart: what a client draws; the rows are the same without it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Render {
    /// Such as `timechart`.
    pub kind: String,
    /// Properties as they are written (`title`, `xcolumn`, `ycolumns`, `series`, …), lists with `, `
    /// between their items.
    pub properties: Vec<(String, String)>,
}

impl Program {
    /// Names and types of the result.
    pub fn schema(&self) -> &Schema {
        static EMPTY: Schema = Schema { columns: Vec::new() };
        self.stages.last().map_or(&EMPTY, |s| &s.pipeline.schema)
    }

    /// The name of a result column's type; `unknown` where only the rows know it.
    pub fn type_name(&self, column: &Column) -> &'static str {
        if self.unknown.contains(&column.name) { "unknown" } else { column.ty.name() }
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

    /// Names of the stored tables that the query reads; of an open program, those that it may read.
    pub fn tables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        if let Some(open) = &self.open {
            names.extend(open.catalogue.found());
        }
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
            Source::Call(call) => call.inputs.iter().for_each(|i| i.externals(found)),
            _ => {}
        }
        operator_inputs(&self.operators, &mut |p| p.externals(found));
    }

    fn tables<'p>(&'p self, names: &mut Vec<&'p str>) {
        match &self.source {
            Source::Table { name, .. } => names.push(name),
            Source::Union(inputs) => inputs.iter().for_each(|i| i.tables(names)),
            Source::Call(call) => call.inputs.iter().for_each(|i| i.tables(names)),
            _ => {}
        }
        operator_inputs(&self.operators, &mut |p| p.tables(names));
    }
}

/// Calls something for each further table that operators read.
fn operator_inputs<'p>(operators: &'p [Operator], each: &mut dyn FnMut(&'p Pipeline)) {
    for operator in operators {
        match operator {
            Operator::Join(join) => each(&join.right),
            Operator::Call(call) => call.inputs.iter().for_each(&mut *each),
            Operator::Apply(apply) => operator_inputs(&apply.operators, each),
            _ => {}
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
    /// The rows that a sub-query is applied to; only inside [`Operator::Apply`].
    Rows,
    /// What a function makes of whole tables.
    Call(Box<TableCall>),
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
    /// Appends the columns of functions that give several.
    Columns(Vec<ColumnsCall>),
    /// Rows of bins become one row per group, with arrays.
    Series(Box<Series>),
    /// Matches rows in their order against steps.
    Scan(Box<Scan>),
    /// Some rows by chance.
    Sample(u64),
    /// What a function makes of all rows at once, and of further tables.
    Call(Box<TableCall>),
    /// A sub-query over each group of rows.
    Apply(Box<Apply>),
}

/// A call of a function of [`crate::functions::COLUMNS`].
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnsCall {
    /// Name.
    pub function: &'static str,
    /// Arguments, cast.
    pub args: Vec<Expr>,
    /// The columns, all outputs of the function in order.
    pub outputs: Vec<(String, Type)>,
}

/// The second half of `make-series`. Its input has one row per group and bin.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Groups.
    pub group: Vec<(String, Expr)>,
    /// Columns that become arrays.
    pub values: Vec<SeriesValue>,
    /// The bins, which become an array too.
    pub axis: (String, Expr),
    /// The first bin, of the axis' type; without it each group begins with its first row.
    pub from: Option<Expr>,
    /// The end, of the axis' type; without it each group ends with its last row.
    pub to: Option<Expr>,
    /// The end itself is a bin too.
    pub inclusive: bool,
    /// The width of a bin: a timespan for a datetime axis, else of the axis' type.
    pub step: Expr,
    /// Without rows there still is a row of defaults, where there are no groups.
    pub nonempty: bool,
}

/// One column of [`Series`].
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesValue {
    /// Name of the array.
    pub name: String,
    /// One element.
    pub value: Expr,
    /// What stands where a bin has no row.
    pub default: Value,
}

/// `scan`. Its outcome has the columns of the input, the declared ones, then the match id.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The columns of the input, in order.
    pub input: Schema,
    /// Declared columns with their defaults.
    pub declared: Vec<(String, Value)>,
    /// The column of the match id.
    pub match_id: Option<String>,
    /// Each combination of these has a state of its own.
    pub partition: Vec<Expr>,
    /// The steps in order.
    pub steps: Vec<ScanStep>,
}

/// Which matches of a step are rows of the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanOutput {
    /// All.
    All,
    /// The last one of each run.
    Last,
    /// None.
    None,
}

/// A step of `scan`. In its expressions a column of the row goes by its name, and a column of a step's
/// state by [`state_column`].
#[derive(Clone, Debug, PartialEq)]
pub struct ScanStep {
    /// Name.
    pub name: String,
    /// Which matches come out.
    pub output: ScanOutput,
    /// Whether a row matches.
    pub condition: Expr,
    /// Declared columns, by position, and their values.
    pub assignments: Vec<(usize, Expr)>,
}

/// The name of a column in the state of a step of [`Scan`]: by position among the columns of the input and
/// the declared ones.
pub fn state_column(step: usize, column: usize) -> String {
    format!("$s{step}.{column}")
}

/// Functions over the order of rows. A restart is a condition: where it is true a new run begins.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowFunction {
    /// `row_number(start, restart)`
    RowNumber {
        /// The first number.
        start: i64,
        /// Begins again.
        restart: Option<Expr>,
    },
    /// `prev` (negative offset) and `next`: the value some rows away, or the default beyond the ends.
    Neighbour {
        /// The value.
        value: Expr,
        /// How many rows away.
        offset: i64,
        /// The value beyond the ends; null when none is given.
        default: Option<Value>,
    },
    /// `row_cumsum(value, restart)`
    CumulativeSum {
        /// The value.
        value: Expr,
        /// Begins again.
        restart: Option<Expr>,
    },
    /// `row_rank_dense(value, restart)`: how many different values came so far.
    DenseRank {
        /// The value.
        value: Expr,
        /// Begins again.
        restart: Option<Expr>,
    },
    /// `row_rank_min(value, restart)`: the number of the first row of a run of equal values.
    MinRank {
        /// The value.
        value: Expr,
        /// Begins again.
        restart: Option<Expr>,
    },
    /// `row_window_session(value, from_first, between, restart)`: the datetime at which the session began.
    Session {
        /// A datetime.
        value: Expr,
        /// Longest session, in ticks.
        from_first: i64,
        /// Longest pause, in ticks.
        between: i64,
        /// Begins again.
        restart: Option<Expr>,
    },
}

impl WindowFunction {
    /// The expressions over a row.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let (value, restart) = match self {
            WindowFunction::RowNumber { restart, .. } => (None, restart.as_ref()),
            WindowFunction::Neighbour { value, .. } => (Some(value), None),
            WindowFunction::CumulativeSum { value, restart }
            | WindowFunction::DenseRank { value, restart }
            | WindowFunction::MinRank { value, restart }
            | WindowFunction::Session { value, restart, .. } => (Some(value), restart.as_ref()),
        };
        value.into_iter().chain(restart)
    }

    /// The expressions over a row, to be changed.
    pub fn expressions_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let (value, restart) = match self {
            WindowFunction::RowNumber { restart, .. } => (None, restart.as_mut()),
            WindowFunction::Neighbour { value, .. } => (Some(value), None),
            WindowFunction::CumulativeSum { value, restart }
            | WindowFunction::DenseRank { value, restart }
            | WindowFunction::MinRank { value, restart }
            | WindowFunction::Session { value, restart, .. } => (Some(value), restart.as_mut()),
        };
        value.into_iter().chain(restart)
    }
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

    /// Whether a column of which this is true stands anywhere in it.
    pub fn mentions(&self, column: &dyn Fn(&str) -> bool) -> bool {
        let any = |list: &[Expr]| list.iter().any(|e| e.mentions(column));
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::StageValue(_) => false,
            ExprKind::Column(name) => column(name),
            ExprKind::Cast(inner) | ExprKind::Not(inner) => inner.mentions(column),
            ExprKind::Binary(_, left, right) | ExprKind::Text { left, right, .. } => {
                left.mentions(column) || right.mentions(column)
            }
            ExprKind::In { left, items, .. } | ExprKind::Terms { left, items, .. } => {
                left.mentions(column) || any(items)
            }
            ExprKind::And(parts) | ExprKind::Or(parts) => any(parts),
            ExprKind::Path(base, steps) => {
                base.mentions(column)
                    || steps.iter().any(|s| matches!(s, Step::Computed(e) if e.mentions(column)))
            }
            ExprKind::Call { args, .. } => any(args),
            ExprKind::Case { branches, otherwise } => {
                branches.iter().any(|(c, v)| c.mentions(column) || v.mentions(column))
                    || otherwise.mentions(column)
            }
        }
    }
}
