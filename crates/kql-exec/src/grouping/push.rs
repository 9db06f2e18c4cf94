//! Has scans give an aggregation what suits it: texts as numbers where it only tells them apart, and conditions as
//! a column where leaving rows out takes longer than reading them.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfig, FileScanConfigBuilder, FileSource, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::expressions::{Column, DynamicFilterPhysicalExpr, lit};
use datafusion::physical_expr::projection::{ProjectionExpr, ProjectionExprs};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{Partitioning, PhysicalExpr, conjunction, split_conjunction};
use datafusion::physical_expr_common::physical_expr::is_volatile;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::union::UnionExec;

use super::keys::text;
use palisade_coded::{AsCodes, Coded};

/// Columns of the input whose texts an aggregation only tells apart.
pub(super) fn told_apart(of: &AggregateExec) -> Vec<usize> {
    let input = of.input_schema();
    let mut wanted = Vec::new();
    let mut read = Vec::new();
    let mut look = |expr: &Arc<dyn PhysicalExpr>, apart: bool| match expr.downcast_ref::<Column>() {
        Some(column) if apart => wanted.push(column.index()),
        _ => read.extend(collect_columns(expr).iter().map(Column::index)),
    };
    of.group_expr().expr().iter().for_each(|(by, _)| look(by, true));
    for aggregate in of.aggr_expr() {
        let counts = aggregate.fun().name() == "dcount";
        aggregate.expressions().iter().for_each(|arg| look(arg, counts));
    }
    of.filter_expr().iter().flatten().for_each(|filter| look(filter, false));
    wanted.retain(|at| {
        !read.contains(at) && input.fields().get(*at).is_some_and(|field| text(field.data_type()))
    });
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// The same rows with what is made of them made by the scans: above hot rows and files together it is not.
pub(super) fn settled(plan: &Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    if let Some(dealt) = plan.downcast_ref::<RepartitionExec>() {
        let input = settled(dealt.input())?;
        return Ok(Arc::new(RepartitionExec::try_new(input, dealt.partitioning().clone())?));
    }
    let Some(made) = plan.downcast_ref::<ProjectionExec>() else { return Ok(Arc::clone(plan)) };
    let Some(union) = made.input().downcast_ref::<UnionExec>() else {
        return Ok(made.input().try_swapping_with_projection(made)?.unwrap_or_else(|| Arc::clone(plan)));
    };
    let parts = union.inputs().iter().map(|input| {
        let part: Arc<dyn ExecutionPlan> =
            Arc::new(ProjectionExec::try_new(made.expr().to_vec(), Arc::clone(input))?);
        settled(&part)
    });
    UnionExec::try_new(parts.collect::<Result<_>>()?)
}

/// What an aggregation asks of the scans below.
#[derive(Debug, Default)]
pub(super) struct Wish {
    /// Columns as numbers.
    apart: Vec<usize>,
    /// All rows, with a last column that tells which of them are meant.
    pub(super) sifted: bool,
}

impl Wish {
    pub(super) fn is_none(&self) -> bool {
        self.apart.is_empty() && !self.sifted
    }

    /// What of it scans below can give.
    pub(super) fn of(plan: &Arc<dyn ExecutionPlan>, apart: &[usize]) -> Self {
        if let Some(dealt) = plan.downcast_ref::<RepartitionExec>() {
            let dealt_out = matches!(dealt.partitioning(), Partitioning::RoundRobinBatch(_));
            return if dealt_out { Self::of(dealt.input(), apart) } else { Self::default() };
        }
        if let Some(union) = plan.downcast_ref::<UnionExec>() {
            let mut all = Self::default();
            for part in union.inputs().iter().map(|input| Self::of(input, apart)) {
                all.apart.extend(part.apart);
                all.sifted |= part.sifted;
            }
            all.apart.sort_unstable();
            all.apart.dedup();
            return all;
        }
        let Some((config, source)) = scan(plan) else { return Self::default() };
        let apart: Vec<usize> = apart.iter().copied().filter(|at| column(source, *at).is_some()).collect();
        let sifted = sieve(config, source, &apart).is_some();
        Self { apart, sifted }
    }

    fn as_wished(&self, at: usize, expr: Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
        if self.apart.contains(&at) { Arc::new(AsCodes::new(expr)) } else { expr }
    }

    fn names(&self, source: &ParquetSource) -> Vec<String> {
        let names = self.apart.iter().filter_map(|at| column(source, *at)?);
        names.map(ToOwned::to_owned).collect()
    }
}

/// The same rows as they are wished for.
pub(super) fn granted(plan: &Arc<dyn ExecutionPlan>, wish: &Wish) -> Result<Arc<dyn ExecutionPlan>> {
    if let Some(dealt) = plan.downcast_ref::<RepartitionExec>() {
        let input = granted(dealt.input(), wish)?;
        return Ok(Arc::new(RepartitionExec::try_new(input, dealt.partitioning().clone())?));
    }
    if let Some(union) = plan.downcast_ref::<UnionExec>() {
        return UnionExec::try_new(
            union.inputs().iter().map(|input| granted(input, wish)).collect::<Result<_>>()?,
        );
    }
    let schema = plan.schema();
    let Some((config, source)) = scan(plan) else {
        // It has no numbers, and gets some; its rows are meant already.
        let own = schema.fields().iter().enumerate().map(|(at, field)| {
            let column = Arc::new(Column::new(field.name(), at));
            ProjectionExpr::new(wish.as_wished(at, column), field.name())
        });
        let meant = wish.sifted.then(|| ProjectionExpr::new(lit(true), MEANT));
        return Ok(Arc::new(ProjectionExec::try_new(own.chain(meant), Arc::clone(plan))?));
    };
    let sieve = if wish.sifted { sieve(config, source, &wish.apart) } else { None };
    let mut given: Vec<ProjectionExpr> = Vec::with_capacity(schema.fields().len() + 1);
    for (at, own) in source.projection().into_iter().flat_map(ProjectionExprs::iter).enumerate() {
        given.push(ProjectionExpr::new(wish.as_wished(at, Arc::clone(&own.expr)), own.alias.clone()));
    }
    if wish.sifted {
        let meant = sieve.clone().unwrap_or_else(|| lit(true));
        given.push(ProjectionExpr::new(meant, MEANT));
    }
    // Anew: what a source gives can be narrowed only.
    let mut anew = ParquetSource::new(source.table_schema().clone())
        .with_table_parquet_options(source.table_parquet_options().clone());
    if let Some(files) = source.parquet_file_reader_factory() {
        anew = anew.with_parquet_file_reader_factory(Arc::clone(files));
    }
    if let Some(predicate) = source.filter() {
        anew = anew.with_predicate(of_one_column(&predicate));
    }
    if sieve.is_some() {
        anew = anew.with_pushdown_filters(false);
    }
    let Some(anew) = anew.try_pushdown_projection(&ProjectionExprs::new(given))? else {
        return Err(DataFusionError::Internal("a scan that cannot be narrowed".to_owned()));
    };
    let config = FileScanConfigBuilder::from(config.clone()).with_source(anew);
    Ok(DataSourceExec::from_data_source(numbered(config, &wish.names(source))))
}

/// The name of the column that tells which rows are meant.
const MEANT: &str = "$meant";

/// A scan of files that can be read as numbers.
fn scan(plan: &Arc<dyn ExecutionPlan>) -> Option<(&FileScanConfig, &ParquetSource)> {
    let config = plan.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref::<FileScanConfig>()?;
    let mut files = config.file_groups.iter().flat_map(FileGroup::iter);
    let source = config.file_source().downcast_ref::<ParquetSource>()?;
    files.all(|file| file.extension::<Coded>().is_some()).then_some((config, source))
}

/// The column of the files that a column of a scan is made of, and of nothing else; none for a few constants.
fn column(source: &ParquetSource, at: usize) -> Option<Option<&str>> {
    let expr = &source.projection()?.as_ref().get(at)?.expr;
    if AsCodes::new(Arc::clone(expr)).of_cases() { Some(None) } else { text_of(source, expr).map(Some) }
}

/// The one column of texts that an expression looks at; none if it looks at others, or is another for equal texts.
fn text_of<'s>(source: &'s ParquetSource, expr: &Arc<dyn PhysicalExpr>) -> Option<&'s str> {
    let columns = collect_columns(expr);
    let mut columns = columns.iter();
    let (Some(column), None) = (columns.next(), columns.next()) else { return None };
    let field = source.table_schema().table_schema().fields().get(column.index())?;
    (*field.data_type() == DataType::Utf8View && !is_volatile(expr)).then_some(field.name().as_str())
}

/// The condition of a scan, if all rows are read and tried sooner than the reader leaves some out.
///
/// The reader keeps book of the rows that each condition leaves, and reads other columns by that book. Where all
/// columns are numbers, or numbers of a dictionary, the book takes longer than the rows.
fn sieve(config: &FileScanConfig, source: &ParquetSource, apart: &[usize]) -> Option<Arc<dyn PhysicalExpr>> {
    // A limit counts rows that are meant.
    if config.limit.is_some() {
        return None;
    }
    let mut files = config.file_groups.iter().flat_map(FileGroup::iter);
    let layout = files.next()?.extension::<Coded>()?.layout()?;
    let predicate = of_one_column(&source.filter()?);
    let table = source.table_schema().table_schema();
    let field = |column: &Column| table.fields().get(column.index());
    let number = |column: &Column| field(column).is_some_and(|f| f.data_type().is_primitive());
    let numbers = |expr: &Arc<dyn PhysicalExpr>| collect_columns(expr).iter().all(number);
    let repeats = |expr: &Arc<dyn PhysicalExpr>| text_of(source, expr).is_some_and(|c| layout.repeats(c));
    let given = source.projection()?.iter().enumerate().all(|(at, own)| {
        let columns = collect_columns(&own.expr);
        // What is made of rows that are not meant should be made fast.
        let made = || own.expr.data_type(table).is_ok_and(|ty| ty.is_primitive()) && columns.len() < 2;
        let few = || {
            let light = |c: &Column| number(c) || field(c).is_some_and(|f| layout.repeats(f.name()));
            matches!(column(source, at), Some(None)) && columns.iter().all(light)
        };
        (numbers(&own.expr) && made()) || (apart.contains(&at) && (few() || repeats(&own.expr)))
    });
    let tried = split_conjunction(&predicate).into_iter().all(|part| {
        let fixed = part.exists(|e| Ok(e.downcast_ref::<DynamicFilterPhysicalExpr>().is_some()));
        let spread = |name: &str| !layout.sorted(name);
        fixed.is_ok_and(|dynamic| !dynamic)
            && !is_volatile(part)
            && (numbers(part) || (repeats(part) && text_of(source, part).is_some_and(spread)))
    });
    (given && tried).then_some(predicate)
}

/// A word to the files: to read these columns too as numbers.
fn numbered(config: FileScanConfigBuilder, names: &[String]) -> FileScanConfig {
    let mut config = config.build();
    for group in &mut config.file_groups {
        let files = group.iter().map(|file| {
            let coded = file.extension::<Coded>().cloned().unwrap_or_default();
            file.clone().with_extension(coded.and(names))
        });
        *group = FileGroup::new(files.collect());
    }
    config
}

/// Without what a join says of several columns together: it would be looked up for every row, and after the
/// aggregation there are few.
fn of_one_column(predicate: &Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
    let kept = split_conjunction(predicate).into_iter().filter(|part| {
        part.downcast_ref::<DynamicFilterPhysicalExpr>().is_none() || collect_columns(part).len() < 2
    });
    conjunction(kept.cloned())
}
