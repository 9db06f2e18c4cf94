//! What can go wrong while a query runs.

use datafusion::common::DataFusionError;

use crate::source::SourceError;

/// An error of execution; [`ExecError::code`] is stable.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The deadline passed.
    #[error("the query ran longer than {0} ms")]
    Timeout(u64),
    /// The memory limit was reached.
    #[error("{part} needs more memory than the query's limit of {} MiB: {}", limit >> 20, part.advice())]
    Memory {
        /// The limit in bytes.
        limit: usize,
        /// What asked for more.
        part: Part,
    },
    /// The query was cancelled.
    #[error("the query was cancelled")]
    Cancelled,
    /// A regular expression is wrong.
    #[error("'{pattern}' is not a regular expression: {message}")]
    InvalidRegex {
        /// Its beginning.
        pattern: String,
        /// What its compiler says.
        message: String,
    },
    /// A table that the query was compiled against is not there any more.
    #[error("the table {0} is not there")]
    TableMissing(String),
    /// A table whose rows belong to no device, for somebody who is limited to some.
    #[error("rows of {0} belong to no device, and you are limited to device groups")]
    OutOfScope(String),
    /// `externaldata` names what may not be read.
    #[error("{0}")]
    ExternalRefused(String),
    /// `externaldata` names an upload that is not there.
    #[error("{0}")]
    ExternalMissing(String),
    /// A host that `externaldata` names did not give its file.
    #[error("{0}")]
    ExternalUnavailable(String),
    /// The plan's columns are not those that were bound: a defect of the executor or the store.
    #[error("the plan does not have the bound schema: {0}")]
    PlanSchemaMismatch(String),
    /// An `assert` of the query did not hold; what the query says about it.
    #[error("an assertion failed: {0}")]
    Assertion(String),
    /// A bound of the executor was reached.
    #[error("{0}")]
    Limit(String),
    /// The rest of a query is wrong now that its rows have said which columns there are.
    #[error("{message}")]
    Columns {
        /// The code of the first finding.
        code: String,
        /// What it says, with its place.
        message: String,
    },
    /// A source could not be read.
    #[error("the data could not be read: {0}")]
    Data(String),
    /// Something that must not happen.
    #[error("internal error: {0}")]
    Internal(String),
}

/// The part of a query that ran out of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `summarize`, `distinct` and what is made of them.
    Groups,
    /// `join`, `lookup`, or a search in a list.
    Join,
    /// `sort`, or functions over the order of rows.
    Order,
    /// Its folder for what does not fit into memory is full.
    Disk,
    /// Something else.
    Other,
}

impl Part {
    /// DataFusion names the operator in its message only.
    fn of(message: &str) -> Self {
        let named = |names: &[&str]| names.iter().any(|name| message.contains(name));
        if message.contains("disk space") {
            Part::Disk
        } else if named(&["Join", "join"]) {
            Part::Join
        } else if named(&["Sort", "Ordered", "Window"]) {
            Part::Order
        } else if named(&["Aggregate", "Group"]) {
            Part::Groups
        } else {
            Part::Other
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Part::Groups => "group by fewer values or columns, or filter by time or device first",
            Part::Join => {
                "put the smaller side on the left, keep only the columns that are needed, or filter both sides first"
            }
            Part::Order => {
                "use top in place of sort, keep only the columns that are needed, or filter by time first"
            }
            Part::Disk | Part::Other => "filter by time or device, or keep only the columns that are needed",
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Part::Groups => "grouping",
            Part::Join => "joining",
            Part::Order => "ordering rows",
            Part::Disk => "what was put aside on disk fills its room, and the query",
            Part::Other => "the query",
        })
    }
}

impl ExecError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            ExecError::Timeout(_) => "query_timeout",
            ExecError::Memory { .. } => "query_memory",
            ExecError::Cancelled => "query_cancelled",
            ExecError::InvalidRegex { .. } => "invalid_regex",
            ExecError::TableMissing(_) => "table_missing",
            ExecError::OutOfScope(_) => "table_out_of_scope",
            ExecError::ExternalRefused(_) => "external_refused",
            ExecError::ExternalMissing(_) => "external_missing",
            ExecError::ExternalUnavailable(_) => "external_unavailable",
            ExecError::PlanSchemaMismatch(_) => "plan_schema_mismatch",
            ExecError::Assertion(_) => "assertion_failed",
            ExecError::Limit(_) => "query_limit",
            ExecError::Columns { .. } => "query_columns",
            ExecError::Data(_) => "data_unreadable",
            ExecError::Internal(_) => "internal",
        }
    }
}

/// What a failed `assert` says, on its way through the plan.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Assertion(String);

/// A failed `assert`.
pub(crate) fn assertion(message: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Assertion(message.chars().take(500).collect())))
}

impl From<DataFusionError> for ExecError {
    fn from(error: DataFusionError) -> Self {
        // It comes as an error of the file that was written to.
        if error.to_string().contains("disk space during the spilling") {
            return ExecError::Memory { limit: 0, part: Part::Disk };
        }
        match error.find_root() {
            DataFusionError::ResourcesExhausted(message) => {
                ExecError::Memory { limit: 0, part: Part::of(message) }
            }
            DataFusionError::IoError(e) => ExecError::Data(e.to_string()),
            DataFusionError::ObjectStore(e) => ExecError::Data(e.to_string()),
            DataFusionError::ParquetError(e) => ExecError::Data(e.to_string()),
            DataFusionError::External(e) if e.is::<Assertion>() => ExecError::Assertion(e.to_string()),
            DataFusionError::External(e) if e.is::<SourceError>() => match e.downcast_ref() {
                Some(SourceError::Limit(message)) => ExecError::Limit(message.clone()),
                _ => ExecError::Data(e.to_string()),
            },
            other => ExecError::Internal(other.to_string().chars().take(500).collect()),
        }
    }
}

impl From<arrow::error::ArrowError> for ExecError {
    fn from(error: arrow::error::ArrowError) -> Self {
        ExecError::Internal(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_says_which_part_ran_out_and_what_to_do() {
        let of = |text: &str| match ExecError::from(DataFusionError::ResourcesExhausted(text.to_owned())) {
            ExecError::Memory { part, .. } => ExecError::Memory { limit: 64 << 20, part }.to_string(),
            other => panic!("{other}"),
        };
        let groups = of("Failed to allocate additional 1.0 MB for GroupedHashAggregateStream[0] (count(1))");
        assert!(
            groups.starts_with("grouping needs more memory than the query's limit of 64 MiB: group by"),
            "{groups}"
        );
        assert!(of("… for HashJoinInput with 0 B already allocated").contains("smaller side on the left"));
        assert!(of("… for ExternalSorter[1] with").contains("top in place of sort"));
        assert!(of("The used disk space during the spilling process has exceeded").contains("on disk"));
        assert!(of("… for stages with").starts_with("the query needs"));
    }

    #[test]
    fn what_a_source_says_keeps_its_meaning_through_the_plan() {
        let of = |e: SourceError| {
            let inner = DataFusionError::External(Box::new(e));
            ExecError::from(inner.context("while scanning"))
        };
        let limit = of(SourceError::Limit("too much of it".into()));
        assert_eq!((limit.code(), limit.to_string().as_str()), ("query_limit", "too much of it"));
        assert_eq!(of(SourceError::Data("gone".into())).code(), "data_unreadable");
        let other = DataFusionError::External("anything".into());
        assert_eq!(ExecError::from(other).code(), "internal");
    }
}
