//! The syntax tree.

mod pattern;

pub use pattern::{Pattern, PatternCase};

use crate::diagnostic::Span;
use crate::types::{Type, Value};

/// A whole text: statements separated by `;`.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The statements in order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `let name = value`.
    Let {
        /// The new name.
        name: Name,
        /// What it stands for.
        value: LetValue,
    },
    /// A query.
    Query(Expr),
    /// `declare query_parameters(a: long = 1)`.
    Declare(Vec<Parameter>),
    /// `declare pattern name = (a: string)[b: string] { ("x").["y"] = { T }; }`.
    DeclarePattern {
        /// The new name.
        name: Name,
        /// What it maps.
        pattern: Pattern,
    },
    /// `set name = value`.
    Set {
        /// The option.
        name: Name,
        /// Its value, when one is given.
        value: Option<Expr>,
    },
    /// A statement that is known but not carried out (`alias`, `restrict`, …).
    Unsupported {
        /// Its first word.
        word: Name,
        /// True when leaving it out does not change a result (`set` of a hint).
        harmless: bool,
    },
}

/// The right side of a `let`.
#[derive(Clone, Debug)]
pub enum LetValue {
    /// A scalar or tabular expression.
    Expr(Expr),
    /// A function.
    Function(Function),
}

/// A user function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// `let` statements of the body and the final expression.
    pub body: Vec<Statement>,
    /// Written with `view`: `union *` and `search` look into it too.
    pub view: bool,
    /// The whole definition.
    pub span: Span,
    /// The stored function that it is: places in its body are those of that text.
    pub stored: Option<std::sync::Arc<crate::stored::FunctionDef>>,
}

/// A parameter of a user function.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name.
    pub name: Name,
    /// Scalar type; none for a tabular parameter.
    pub ty: Option<Type>,
    /// Columns of a tabular parameter; none where any will do, or where it is a scalar.
    pub columns: Vec<(Name, Type)>,
    /// Default value.
    pub default: Option<Expr>,
}

/// A name with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The text without quotes.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// An expression, scalar or tabular.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its place.
    pub span: Span,
    /// Height of the tree, bounded by the parser.
    pub depth: u16,
}

/// A step of a dynamic path.
#[derive(Clone, Debug)]
pub enum Step {
    /// `.name`
    Field(Name),
    /// `[expression]`
    Index(Expr),
}

/// Arithmetic and comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// String and membership operators, without their negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextOp {
    /// `=~`
    EqualIgnoreCase,
    /// `has`
    Has,
    /// `has_cs`
    HasCs,
    /// `hasprefix`
    HasPrefix,
    /// `hasprefix_cs`
    HasPrefixCs,
    /// `hassuffix`
    HasSuffix,
    /// `hassuffix_cs`
    HasSuffixCs,
    /// `contains`
    Contains,
    /// `contains_cs`
    ContainsCs,
    /// `startswith`
    StartsWith,
    /// `startswith_cs`
    StartsWithCs,
    /// `endswith`
    EndsWith,
    /// `endswith_cs`
    EndsWithCs,
    /// `matches regex`
    MatchesRegex,
}

/// Operators with a list on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListOp {
    /// `in`
    In,
    /// `in~`
    InIgnoreCase,
    /// `has_any`
    HasAny,
    /// `has_all`
    HasAll,
}

/// Kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A constant.
    Literal(Value),
    /// A name.
    Name(String),
    /// `*`
    Star,
    /// A name with wildcards, such as `Device*`.
    Wildcard(String),
    /// `d.a['b'][0]`
    Path(Box<Expr>, Vec<Step>),
    /// `f(a, b)`
    Call {
        /// Function name.
        name: Name,
        /// Arguments.
        args: Vec<NamedExpr>,
    },
    /// `-x` or `+x`
    Negate(Box<Expr>),
    /// Arithmetic or comparison.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// A string operator.
    Text {
        /// Which.
        op: TextOp,
        /// Written with `!`.
        negated: bool,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// An operator with a list.
    List {
        /// Which.
        op: ListOp,
        /// Written with `!`.
        negated: bool,
        /// Left side.
        left: Box<Expr>,
        /// The items.
        items: Vec<Expr>,
    },
    /// `x between (a .. b)`
    Between {
        /// Written with `!`.
        negated: bool,
        /// The value.
        value: Box<Expr>,
        /// Lower bound.
        low: Box<Expr>,
        /// Upper bound.
        high: Box<Expr>,
    },
    /// `a and b and c`
    And(Vec<Expr>),
    /// `a or b or c`
    Or(Vec<Expr>),
    /// `typeof(x)`
    TypeOf(Type),
    /// A source with operators.
    Pipe(Box<Expr>, Vec<Operator>),
    /// `datatable(a: long)[…]`
    Datatable(Vec<(Name, Type)>, Vec<Expr>),
    /// `print a = 1`
    Print(Vec<NamedExpr>),
    /// `range x from a to b step c`
    Range {
        /// Column.
        name: Name,
        /// First value.
        from: Box<Expr>,
        /// Last value.
        to: Box<Expr>,
        /// Step.
        step: Box<Expr>,
    },
    /// `union A, B` as a source.
    Union(Union),
    /// `externaldata(a: string)['https://…'] with (format='csv')`.
    External(Box<External>),
    /// `search in (A, B) 'x'` as a source.
    Search(Box<Search>),
    /// `find in (A, B) where x == 1`.
    Find(Box<Find>),
    /// `column:"term"`, only in `search` and `find`.
    Matches(Box<Expr>, Box<Expr>),
    /// A source or construct that is known but not carried out.
    Unsupported(String),
    /// What could not be parsed; already reported.
    Error,
}

/// `name = expression`, `(a, b) = expression`, or an expression alone.
#[derive(Clone, Debug)]
pub struct NamedExpr {
    /// The given names; empty when none.
    pub names: Vec<Name>,
    /// The expression.
    pub expr: Expr,
}

/// One sort key.
#[derive(Clone, Debug)]
pub struct SortKey {
    /// The key.
    pub expr: NamedExpr,
    /// `asc`; the default is desc.
    pub ascending: bool,
    /// `nulls first` (true) or `nulls last` (false).
    pub nulls_first: Option<bool>,
}

/// `kind=`, `hint.x=`, `withsource=` before an operator's operands.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Name.
    pub name: Name,
    /// Value as text.
    pub value: Name,
}

/// The operands of `union`.
#[derive(Clone, Debug)]
pub struct Union {
    /// Settings.
    pub settings: Vec<Setting>,
    /// Tables.
    pub tables: Vec<Expr>,
}

/// Rows that come from outside.
#[derive(Clone, Debug)]
pub struct External {
    /// Columns.
    pub columns: Vec<(Name, Type)>,
    /// Where the rows are.
    pub urls: Vec<Expr>,
    /// Format and the like; a bare word stands as a name.
    pub properties: Vec<(Name, Expr)>,
}

/// The parts of `search`.
#[derive(Clone, Debug)]
pub struct Search {
    /// `kind`.
    pub settings: Vec<Setting>,
    /// Tables to look in; all when none is given.
    pub tables: Vec<Expr>,
    /// What to look for.
    pub condition: Expr,
}

/// The parts of `find`.
#[derive(Clone, Debug)]
pub struct Find {
    /// `withsource`.
    pub settings: Vec<Setting>,
    /// Tables to look in; all when none is given.
    pub tables: Vec<Expr>,
    /// What to look for.
    pub condition: Expr,
    /// The columns of `project`; none for `project-smart`.
    pub project: Option<FindColumns>,
    /// The columns of `project-away`.
    pub away: Vec<Expr>,
}

/// What `find` gives.
#[derive(Clone, Debug)]
pub struct FindColumns {
    /// Columns, with the type they are given.
    pub columns: Vec<(Name, Option<Type>)>,
    /// `pack(*)`: all others as one bag.
    pub pack: bool,
}

/// A column expanded by `mv-expand` or bound by `mv-apply`.
#[derive(Clone, Debug)]
pub struct ExpandItem {
    /// The column or `name = expression`.
    pub expr: NamedExpr,
    /// `to typeof(x)`.
    pub to: Option<Type>,
}

/// The order of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameOrder {
    /// `asc`
    Ascending,
    /// `desc`
    Descending,
    /// `granny-asc`: numbers in names count as numbers.
    NumbersAscending,
    /// `granny-desc`
    NumbersDescending,
}

/// What `partition` runs over each group.
#[derive(Clone, Debug)]
pub enum SubQuery {
    /// Operators on the rows of the group.
    Operators(Vec<Operator>),
    /// A query of its own.
    Query(Box<Expr>),
}

/// A level of `top-nested`.
#[derive(Clone, Debug)]
pub struct TopNested {
    /// How many; all when not given.
    pub count: Option<Expr>,
    /// What the level is made of.
    pub of: NamedExpr,
    /// The value that stands for all the others.
    pub others: Option<Expr>,
    /// The aggregate that orders them.
    pub by: NamedExpr,
    /// Smallest first.
    pub ascending: bool,
}

/// A node or an edge of a graph pattern.
#[derive(Clone, Debug)]
pub enum PatternPart {
    /// `(name)`
    Node(Option<Name>),
    /// `-[name*1..3]->`
    Edge {
        /// Its variable.
        name: Option<Name>,
        /// Least and most edges of a path.
        hops: Option<(u32, u32)>,
        /// It has a tip on the right.
        forward: bool,
        /// It has a tip on the left.
        backward: bool,
        /// Its place.
        span: Span,
    },
}

/// A part of `graph-to-table`.
#[derive(Clone, Debug)]
pub struct GraphTable {
    /// The nodes, or the edges.
    pub nodes: bool,
    /// `as name`
    pub name: Option<Name>,
    /// `with_node_id`, `with_source_id`, `with_target_id`.
    pub settings: Vec<Setting>,
    /// Its place.
    pub span: Span,
}

/// A piece of a `parse` pattern.
#[derive(Clone, Debug)]
pub enum ParsePart {
    /// `*`
    Star,
    /// A literal text (or regular expression).
    Text(String),
    /// A column with its type.
    Column(Name, Type),
}

/// A tabular operator with its place.
#[derive(Clone, Debug)]
pub struct Operator {
    /// What it is.
    pub kind: OperatorKind,
    /// Its place.
    pub span: Span,
}

/// Kinds of tabular operators.
#[derive(Clone, Debug)]
pub enum OperatorKind {
    /// `where` / `filter`
    Where(Expr),
    /// `project`
    Project(Vec<NamedExpr>),
    /// `project-away`
    ProjectAway(Vec<Expr>),
    /// `project-keep`
    ProjectKeep(Vec<Expr>),
    /// `project-rename`: (new, old)
    ProjectRename(Vec<(Name, Name)>),
    /// `project-reorder`: patterns, with the order of the columns that each names.
    ProjectReorder(Vec<(Expr, Option<NameOrder>)>),
    /// `extend`
    Extend(Vec<NamedExpr>),
    /// `summarize a by b`
    Summarize(Vec<NamedExpr>, Vec<NamedExpr>),
    /// `sort by`
    Sort(Vec<SortKey>),
    /// `top n by keys`
    Top(Expr, Vec<SortKey>),
    /// `take n`
    Take(Expr),
    /// `distinct`
    Distinct(Vec<NamedExpr>),
    /// `count`
    Count(Option<Name>),
    /// `union`
    Union(Union),
    /// `join`
    Join {
        /// Settings, `kind` among them.
        settings: Vec<Setting>,
        /// The right table.
        right: Expr,
        /// Conditions after `on`.
        on: Vec<Expr>,
    },
    /// `lookup`
    Lookup {
        /// Settings, `kind` among them.
        settings: Vec<Setting>,
        /// The right table.
        right: Expr,
        /// Conditions after `on`.
        on: Vec<Expr>,
    },
    /// `mv-expand`
    MvExpand {
        /// Settings, `bagexpansion`, `with_itemindex` among them.
        settings: Vec<Setting>,
        /// The columns.
        items: Vec<ExpandItem>,
        /// `limit n`.
        limit: Option<Expr>,
    },
    /// `parse` and `parse-where`
    Parse {
        /// Rows that do not match are dropped.
        filter: bool,
        /// Settings, `kind` and `flags` among them.
        settings: Vec<Setting>,
        /// The text.
        source: Expr,
        /// The pattern.
        parts: Vec<ParsePart>,
    },
    /// `serialize`, also `serialize a = row_number()`.
    Serialize(Vec<NamedExpr>),
    /// `make-series`
    MakeSeries(Box<MakeSeries>),
    /// `scan`
    Scan(Box<Scan>),
    /// `sample n`
    Sample(Expr),
    /// `sample-distinct n of x`
    SampleDistinct(Expr, NamedExpr),
    /// `top-hitters n of x by y`
    TopHitters {
        /// How many values.
        n: Expr,
        /// The values.
        of: NamedExpr,
        /// What is summed; without it rows are counted.
        by: Option<Expr>,
    },
    /// `reduce by`
    Reduce {
        /// Settings, `kind` among them.
        settings: Vec<Setting>,
        /// The text.
        text: Expr,
        /// What stands after `with`.
        options: Vec<(Name, Expr)>,
    },
    /// `as name`
    As(Name),
    /// `getschema`
    GetSchema,
    /// `search` behind a pipe.
    Search(Box<Search>),
    /// `invoke f(a)`: the rows are the function's first argument.
    Invoke(Name, Vec<NamedExpr>),
    /// `render`: only a hint to a drawing client.
    Render(crate::program::Render),
    /// `evaluate plugin(…)`, with the columns of the outcome where they are given.
    Evaluate {
        /// The plugin.
        name: Name,
        /// Its arguments.
        args: Vec<NamedExpr>,
        /// `: (a: long, …)`; with a `*` in it (true), after the columns of the input.
        schema: Option<(bool, Vec<(Name, Type)>)>,
    },
    /// `mv-apply`
    MvApply {
        /// Settings, `with_itemindex` among them.
        settings: Vec<Setting>,
        /// The arrays.
        items: Vec<ExpandItem>,
        /// `limit n`.
        limit: Option<Expr>,
        /// The sub-query.
        operators: Vec<Operator>,
    },
    /// `parse-kv`
    ParseKv {
        /// The text.
        source: Expr,
        /// The columns.
        columns: Vec<(Name, Type)>,
        /// What stands after `with`.
        options: Vec<(Name, Expr)>,
    },
    /// `partition`
    Partition {
        /// Settings.
        settings: Vec<Setting>,
        /// The column whose values tell the groups apart.
        by: Expr,
        /// The sub-query over each group; with a source of its own (in braces) it is a whole query.
        query: SubQuery,
    },
    /// `top-nested`
    TopNested(Vec<TopNested>),
    /// `consume`
    Consume,
    /// `project-by-names`
    ProjectByNames(Vec<Expr>),
    /// `assert-schema`
    AssertSchema(Vec<(Name, Type)>),
    /// `make-graph`
    MakeGraph {
        /// The column of the edges' sources.
        source: Name,
        /// The column of the edges' targets.
        target: Name,
        /// Tables of nodes with their ids.
        nodes: Vec<(Expr, Name)>,
        /// `with_node_id=name`
        id: Option<Name>,
    },
    /// `graph-match` and `graph-shortest-paths`
    GraphMatch {
        /// Only shortest paths.
        shortest: bool,
        /// Settings, `cycles` and `output` among them.
        settings: Vec<Setting>,
        /// The patterns.
        patterns: Vec<Vec<PatternPart>>,
        /// `where`
        condition: Option<Expr>,
        /// `project`
        project: Vec<NamedExpr>,
    },
    /// `graph-to-table`
    GraphToTable(Vec<GraphTable>),
    /// `graph-mark-components`: `kind=strong` and the column's name are settings.
    GraphMarkComponents(Vec<Setting>),
    /// `graph-where-nodes` (true) and `graph-where-edges`
    GraphWhere(bool, Expr),
    /// An operator that is known but not carried out.
    Unsupported(String),
    /// What could not be parsed; already reported.
    Error,
}

/// The operands of `make-series`.
#[derive(Clone, Debug)]
pub struct MakeSeries {
    /// Settings, `kind` among them.
    pub settings: Vec<Setting>,
    /// Aggregates.
    pub items: Vec<SeriesItem>,
    /// What is binned.
    pub axis: NamedExpr,
    /// First bin.
    pub from: Option<Expr>,
    /// End.
    pub to: Option<Expr>,
    /// Width of a bin.
    pub step: Expr,
    /// Written `in range(…)`: the end is a bin too, and bins are not aligned to the first one.
    pub inclusive: bool,
    /// Groups.
    pub by: Vec<NamedExpr>,
}

/// An aggregate of `make-series`.
#[derive(Clone, Debug)]
pub struct SeriesItem {
    /// The aggregate.
    pub expr: NamedExpr,
    /// `default = value`.
    pub default: Option<Expr>,
}

/// The operands of `scan`.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Settings, `with_match_id` among them.
    pub settings: Vec<Setting>,
    /// `order by`
    pub order: Vec<SortKey>,
    /// `partition by`
    pub partition: Vec<NamedExpr>,
    /// `declare (…)`
    pub declared: Vec<ScanColumn>,
    /// Steps in order.
    pub steps: Vec<ScanStep>,
}

/// A declared column of `scan`.
#[derive(Clone, Debug)]
pub struct ScanColumn {
    /// Name.
    pub name: Name,
    /// Type.
    pub ty: Type,
    /// Its value where no step gives one.
    pub default: Option<Expr>,
}

/// A step of `scan`.
#[derive(Clone, Debug)]
pub struct ScanStep {
    /// Name.
    pub name: Name,
    /// Settings, `output` among them.
    pub settings: Vec<Setting>,
    /// Whether a row matches.
    pub condition: Expr,
    /// Declared columns and their values.
    pub assignments: Vec<(Name, Expr)>,
}
