//! What plugins do with whole tables.

use super::Expr;
use crate::types::{Type, Value};

/// Counts of ids over a timeline, window by window.
///
/// The rows have the id, their place on the timeline (a datetime, a timespan or a whole number), then the
/// dimensions; each combination of these is counted for itself. Places and widths are expressions without
/// columns: places have the type of the timeline, widths are timespans where it has times and whole
/// numbers otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// What is counted.
    pub metric: Metric,
    /// The first and the last place that count, which belong to it; all rows where there are none.
    pub bounds: Option<(Expr, Expr)>,
    /// The windows; those of one width begin with the first place.
    pub window: Window,
}

/// How a timeline is cut.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// Windows of one width.
    Width(Expr),
    /// Weeks that begin on Sunday.
    Week,
    /// Months.
    Month,
    /// Years.
    Year,
}

/// What an [`Activity`] counts. The outcome has the start of the window, the dimensions and the counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Metric {
    /// `active_users_count`: ids of the window that occur in so many periods up to then.
    ActiveUsers {
        /// How far an occurrence looks back, itself included.
        lookback: Expr,
        /// The width of a period.
        period: Expr,
        /// In how many periods an id must occur: a whole number.
        periods: Expr,
    },
    /// `activity_counts_metrics`: rows, ids, ids that no window before had, ids so far.
    Counts,
    /// `activity_metrics`: ids, ids that the window before did not have, the share of those of the window
    /// before that came again, and of those that did not.
    Changes,
    /// `activity_engagement`: ids in the window, ids in the wider window that ends with it, and the ratio.
    Engagement {
        /// The width of the wider window.
        outer: Expr,
    },
    /// `sliding_window_counts`: rows and ids of the window and of those before it.
    Sliding {
        /// The width of all of them together.
        lookback: Expr,
    },
    /// `session_count`: sessions that have a row in the window. A row belongs to the session of the id's row
    /// before it where that is later than its own place less the lookback.
    Sessions {
        /// How far a row looks back.
        lookback: Expr,
    },
    /// `new_activity_metrics`: of the ids that were first seen in a window, how many came again in each
    /// later one. The outcome has both windows, the counts, then the dimensions. The first further table,
    /// where there is one, has the ids that are not new.
    Cohorts {
        /// A place in the only window that is looked at.
        only: Option<Expr>,
    },
}

/// `rolling_percentile`: for each bin, the percentile of what is in it and in the bins before it.
///
/// The rows have the value, the place on the axis, then the dimensions. The outcome has the start of the bin,
/// the dimensions and the percentile.
#[derive(Clone, Debug, PartialEq)]
pub struct RollingPercentile {
    /// Between 0 and 100.
    pub share: f64,
    /// The width of a bin, as in [`Activity`].
    pub width: Expr,
    /// How many bins count, at least one.
    pub bins: u32,
}

/// `sequence_detect`: places on a timeline that follow each other, one for each step.
///
/// The rows have the predicate of the first step, the place, the predicates of the other steps, then the
/// dimensions; each combination of these is searched for itself. The outcome has the dimensions, the place of
/// each step and the distance from the first to the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequences {
    /// How many steps there are, at most [`MAX_STEPS`].
    pub steps: usize,
    /// How far a step may be from the one before, as in [`Activity`].
    pub step: Expr,
    /// How far the last step may be from the first.
    pub span: Expr,
}

/// `funnel_sequence` and `funnel_sequence_completion`: ids that go through states one after the other.
///
/// The rows have the id, the place on the timeline and the state.
#[derive(Clone, Debug, PartialEq)]
pub struct Funnel {
    /// What is asked of them.
    pub kind: FunnelKind,
    /// The first and the last place that count, which belong to it.
    pub bounds: (Expr, Expr),
    /// The width of a window; windows begin with the first place.
    pub window: Expr,
    /// The states: an array without columns, see [`array_of`].
    pub sequence: Expr,
    /// The type of the ids.
    pub id: Type,
    /// The type of the states.
    pub state: Type,
}

/// What is asked of the ids of a [`Funnel`].
#[derive(Clone, Debug, PartialEq)]
pub enum FunnelKind {
    /// What comes before and after the sequence. The outcome has the start of the window, the state before, the
    /// state after, how many ids and some of them.
    Neighbours {
        /// How far a step may be from the one before, as in [`Activity`].
        step: Expr,
    },
    /// How far ids come. The outcome has the start of the window, the state, the period and how many ids.
    Completion {
        /// How far the steps may be from the first: an array without columns, see [`array_of`].
        periods: Expr,
    },
}

/// Most steps of a sequence, and most periods of a funnel.
pub const MAX_STEPS: usize = 64;

/// The elements of an array of 1 to [`MAX_STEPS`] elements, as JSON; none where the JSON is no such array.
pub fn array_of(json: &str) -> Option<Vec<serde_json::Value>> {
    let list: Vec<serde_json::Value> = serde_json::from_str(json).ok()?;
    (1..=MAX_STEPS).contains(&list.len()).then_some(list)
}

/// `geo_line_lookup` and `geo_polygon_lookup`: rows with those of the first further table whose shape is near.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeLookup {
    /// The columns with longitude and latitude in degrees.
    pub place: (usize, usize),
    /// The column of the further table with the shape.
    pub shape: usize,
    /// The shapes are areas, and else lines.
    pub areas: bool,
    /// Metres around the shape, an expression without columns; without it, an area must hold the place.
    pub radius: Option<Expr>,
    /// Columns of the further table in the outcome.
    pub taken: Vec<usize>,
    /// Rows without a match stay.
    pub unmatched: bool,
}

/// `basket`: the values that occur together in many rows.
///
/// The outcome has a number, the rows (or their weight), their share in percent, then all columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Basket {
    /// The least share of the rows, between 0.015 and 1.
    pub threshold: f64,
    /// The column that says how much a row counts; it belongs to no pattern.
    pub weight: Option<usize>,
    /// Most values that make a pattern; those that come with them always do not count.
    pub dimensions: u32,
    /// What stands in each column that a pattern says nothing about.
    pub wildcards: Vec<Value>,
}

/// `autocluster`: a few segments of rows with values in common, which together tell most about the table.
///
/// The outcome has a number, the rows (or their weight), their share in percent, then all columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Autocluster {
    /// How much the size of a segment counts against what its values tell, from 0 to 1.
    pub size_weight: f64,
    /// The column that says how much a row counts; it belongs to no segment.
    pub weight: Option<usize>,
    /// From how many groups of rows the search begins.
    pub seeds: u32,
    /// What stands in each column that a segment says nothing about.
    pub wildcards: Vec<Value>,
}

/// `diffpatterns`: segments whose share differs between two sets of rows.
///
/// The rows have a further last column, the text that tells to which set each belongs. The outcome has a number,
/// the rows (or their weight) in the first and in the second set, their shares of the sets in percent, the
/// difference of these, then all columns but the further one.
#[derive(Clone, Debug, PartialEq)]
pub struct Differences {
    /// The texts of the first and of the second set; rows with other ones do not count.
    pub values: [String; 2],
    /// The column that the text was made of; it belongs to no segment.
    pub split: Option<usize>,
    /// The column that says how much a row counts; it belongs to no segment.
    pub weight: Option<usize>,
    /// The least difference of the shares, between 0.015 and 1.
    pub threshold: f64,
    /// Most values that make a segment; those that come with them always do not count.
    pub dimensions: u32,
    /// What stands in each column that a segment says nothing about.
    pub wildcards: Vec<Value>,
}

/// `reduce`: texts by the patterns that they share.
///
/// The last column has the texts. The outcome has the pattern, the rows and one of their texts; or, with
/// `source`, all other columns and the pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduce {
    /// A pattern has more than this share of the rows, from 0 to 1.
    pub threshold: f64,
    /// Characters that part words, besides all that are no letters and digits.
    pub characters: String,
    /// The rows stay, and get the pattern.
    pub source: bool,
}
