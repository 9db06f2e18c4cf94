//! The first half of an aggregation, which groups the rows of one partition: by numbers of texts, see [`keys`].
//!
//! DataFusion's own hashes and compares every row's text. What comes out is the same, for the same second half.
//! When memory is short, the groups so far are passed on and it begins anew: the second half joins them.

mod keys;
mod push;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{FilterBuilder, cast, prep_null_mask_filter};
use arrow::datatypes::{Fields, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, InputOrderMode, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::StreamExt;
use palisade_coded::texts;

use keys::{Groups, groups, text};
use push::Wish;

/// Has texts grouped by their numbers wherever that gives the same.
pub(crate) fn regroup(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let regrouped = plan.transform_up(|plan| {
        let Some(of) = plan.downcast_ref::<AggregateExec>() else { return Ok(Transformed::no(plan)) };
        let Some(texts) = can(of)? else { return Ok(Transformed::no(plan)) };
        let input = push::settled(of.input())?;
        let wish = Wish::of(&input, &push::told_apart(of));
        if !texts && wish.is_none() {
            return Ok(Transformed::no(plan));
        }
        let input = if wish.is_none() { Arc::clone(of.input()) } else { push::granted(&input, &wish)? };
        let sifted = wish.sifted;
        let own = GroupExec { input, sifted, of: plan, metrics: ExecutionPlanMetricsSet::new() };
        Ok(Transformed::yes(Arc::new(own) as Arc<dyn ExecutionPlan>))
    })?;
    Ok(regrouped.data)
}

/// Whether it groups by texts; none where it cannot be done here.
fn can(of: &AggregateExec) -> Result<Option<bool>> {
    let by = of.group_expr();
    if *of.mode() != AggregateMode::Partial
        || !by.is_single()
        || by.has_grouping_set()
        || *of.input_order_mode() != InputOrderMode::Linear
        || of.limit_options().is_some()
        || !of.dynamic_expressions_produced().is_empty()
        || !of.aggr_expr().iter().all(|a| a.groups_accumulator_supported() && a.order_bys().is_empty())
    {
        return Ok(None);
    }
    let input = of.input_schema();
    let types = by.expr().iter().map(|(e, _)| e.data_type(&input)).collect::<Result<Vec<_>>>()?;
    let all = !types.is_empty() && types.iter().all(groups);
    Ok(all.then(|| types.iter().any(text)))
}

struct GroupExec {
    /// What it does the work of: a partial [`AggregateExec`].
    of: Arc<dyn ExecutionPlan>,
    /// The input of that; it may have numbers where that expects texts.
    input: Arc<dyn ExecutionPlan>,
    /// The last column of the input, which that does not know, tells which rows are meant.
    sifted: bool,
    metrics: ExecutionPlanMetricsSet,
}

impl fmt::Debug for GroupExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GroupExec").field(&self.of).finish()
    }
}

impl DisplayAs for GroupExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupExec of ")?;
        self.of.fmt_as(kind, f)
    }
}

impl ExecutionPlan for GroupExec {
    fn name(&self) -> &'static str {
        "GroupExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.of.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.of.apply_expressions(visit)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(input) = children.pop() else { return Ok(self) };
        if input.schema() != self.input.schema() {
            return Err(DataFusionError::Internal("groups of other columns".to_owned()));
        }
        let (of, sifted) = (Arc::clone(&self.of), self.sifted);
        Ok(Arc::new(Self { of, input, sifted, metrics: ExecutionPlanMetricsSet::new() }))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(of) = self.of.downcast_ref::<AggregateExec>() else {
            return Err(DataFusionError::Internal("groups of something else".to_owned()));
        };
        let input = self.input.execute(partition, Arc::clone(&context))?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let run = Run::new(of, input, self.sifted, &context, metrics)?;
        let stream = futures::stream::try_unfold(run, |mut run| async move {
            let batch = run.next().await?;
            Ok(batch.map(|batch| (batch, run)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}

/// One aggregate: what it is of, which rows count, and what it has so far.
struct Aggregate {
    of: Vec<Arc<dyn PhysicalExpr>>,
    filter: Option<Arc<dyn PhysicalExpr>>,
    so_far: Box<dyn GroupsAccumulator>,
}

impl Aggregate {
    fn arguments(&self, batch: &RecordBatch) -> Result<(Vec<ArrayRef>, Option<BooleanArray>)> {
        let filter = match &self.filter {
            Some(filter) => Some(array(filter, batch)?.as_boolean().clone()),
            None => None,
        };
        Ok((self.of.iter().map(|e| array(e, batch)).collect::<Result<_>>()?, filter))
    }
}

fn array(expr: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<ArrayRef> {
    expr.evaluate(batch)?.into_array(batch.num_rows())
}

/// The rows for which the last column is true, without it; none where there are none.
fn meant(batch: &RecordBatch) -> Result<Option<RecordBatch>> {
    let Some((last, rest)) = batch.columns().split_last() else {
        return Err(DataFusionError::Internal("rows that do not tell whether they are meant".to_owned()));
    };
    let last = last.as_boolean();
    let meant = match last.null_count() {
        0 => last.clone(),
        _ => prep_null_mask_filter(last),
    };
    let rows = meant.values().count_set_bits();
    if rows == 0 {
        return Ok(None);
    }
    let fields = batch.schema_ref().fields().iter().take(rest.len()).cloned();
    let schema = Arc::new(Schema::new(fields.collect::<Fields>()));
    let mut columns = rest.to_vec();
    if rows < batch.num_rows() {
        let mut filter = FilterBuilder::new(&meant);
        if columns.len() > 1 {
            filter = filter.optimize();
        }
        let filter = filter.build();
        columns = columns.iter().map(|c| filter.filter(c)).collect::<std::result::Result<_, _>>()?;
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(Some(RecordBatch::try_new_with_options(schema, columns, &options)?))
}

/// The rows of one partition on their way through.
struct Run {
    /// Begun anew from it when memory is short.
    of: AggregateParts,
    input: SendableRecordBatchStream,
    sifted: bool,
    groups: Groups,
    aggregates: Vec<Aggregate>,
    /// Groups of the rows of a batch.
    rows: Vec<usize>,
    reservation: MemoryReservation,
    probe: Probe,
    out: VecDeque<RecordBatch>,
    batch_size: usize,
    ended: bool,
    metrics: BaselineMetrics,
}

/// What an aggregation says of itself.
struct AggregateParts {
    schema: arrow::datatypes::SchemaRef,
    by: Vec<Arc<dyn PhysicalExpr>>,
    aggregates: Vec<Arc<datafusion::physical_expr::aggregate::AggregateFunctionExpr>>,
    filters: Vec<Option<Arc<dyn PhysicalExpr>>>,
    types: Vec<arrow::datatypes::DataType>,
}

impl AggregateParts {
    fn begin(&self) -> Result<(Groups, Vec<Aggregate>)> {
        let aggregates = self.aggregates.iter().zip(&self.filters).map(|(a, filter)| {
            Ok(Aggregate {
                of: a.expressions(),
                filter: filter.clone(),
                so_far: a.create_groups_accumulator()?,
            })
        });
        Ok((Groups::new(self.types.clone()), aggregates.collect::<Result<_>>()?))
    }
}

/// Whether grouping is worth its while: where nearly every row is a group of its own, rows are passed on.
struct Probe {
    seen: usize,
    least: usize,
    ratio: f64,
    passing: bool,
}

impl Run {
    fn new(
        of: &AggregateExec,
        input: SendableRecordBatchStream,
        sifted: bool,
        context: &TaskContext,
        metrics: BaselineMetrics,
    ) -> Result<Self> {
        let schema = of.input_schema();
        let by: Vec<_> = of.group_expr().expr().iter().map(|(e, _)| Arc::clone(e)).collect();
        let parts = AggregateParts {
            schema: of.schema(),
            types: by.iter().map(|e| e.data_type(&schema)).collect::<Result<_>>()?,
            by,
            aggregates: of.aggr_expr().to_vec(),
            filters: of.filter_expr().to_vec(),
        };
        let (groups, aggregates) = parts.begin()?;
        let options = &context.session_config().options().execution;
        Ok(Self {
            of: parts,
            input,
            sifted,
            groups,
            aggregates,
            rows: Vec::new(),
            reservation: MemoryConsumer::new("GroupExec")
                // It can pass on what it has, and so takes no more than its share.
                .with_can_spill(true)
                .register(context.memory_pool()),
            probe: Probe {
                seen: 0,
                least: options.skip_partial_aggregation_probe_rows_threshold,
                ratio: options.skip_partial_aggregation_probe_ratio_threshold,
                passing: false,
            },
            out: VecDeque::new(),
            batch_size: context.session_config().batch_size().max(1),
            ended: false,
            metrics,
        })
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.out.pop_front() {
                if self.out.is_empty() {
                    self.reservation.free();
                }
                self.metrics.record_output(batch.num_rows());
                return Ok(Some(batch));
            }
            if self.ended {
                self.metrics.done();
                return Ok(None);
            }
            let batch = self.input.next().await.transpose()?;
            let elapsed = self.metrics.elapsed_compute().clone();
            let _time = elapsed.timer();
            let batch = match batch {
                Some(batch) if self.sifted => match meant(&batch)? {
                    Some(batch) => Some(batch),
                    None => continue,
                },
                other => other,
            };
            match batch {
                Some(batch) if self.probe.passing => {
                    let passed = self.pass(&batch)?;
                    self.out.push_back(passed);
                }
                Some(batch) => self.take(&batch)?,
                None => {
                    self.ended = true;
                    self.emit()?;
                }
            }
        }
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = self.of.by.iter().map(|e| array(e, batch)).collect::<Result<Vec<_>>>()?;
        self.groups.of(&columns, &mut self.rows)?;
        let total = self.groups.len();
        for aggregate in &mut self.aggregates {
            let (values, filter) = aggregate.arguments(batch)?;
            aggregate.so_far.update_batch(&values, &self.rows, filter.as_ref(), total)?;
        }
        self.probe.seen += batch.num_rows();
        #[allow(clippy::cast_precision_loss)] // a ratio
        let mostly_alone = total as f64 > self.probe.ratio * self.probe.seen as f64;
        if mostly_alone && self.probe.seen >= self.probe.least {
            self.probe.passing = true;
            return self.emit();
        }
        let states: usize = self.aggregates.iter().map(|a| a.so_far.size()).sum();
        if self.reservation.try_resize(self.groups.bytes() + states).is_err() {
            return self.emit();
        }
        Ok(())
    }

    /// Passes the groups so far on, and begins anew.
    fn emit(&mut self) -> Result<()> {
        let rows = self.groups.len();
        let mut columns = self.groups.columns()?;
        for aggregate in &mut self.aggregates {
            columns.extend(aggregate.so_far.state(EmitTo::All)?);
        }
        (self.groups, self.aggregates) = self.of.begin()?;
        self.reservation.free();
        if rows > 0 {
            let all = self.batch(columns, rows)?;
            // It is there already, and goes as fast as it is taken.
            if self.reservation.try_resize(all.get_array_memory_size()).is_err() {
                tracing::debug!(rows, "groups are passed on beyond the memory limit");
            }
            let starts = (0..rows).step_by(self.batch_size);
            self.out.extend(starts.map(|at| all.slice(at, self.batch_size.min(rows - at))));
        }
        Ok(())
    }

    /// Rows as groups of their own.
    fn pass(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let by = self.of.by.iter().zip(&self.of.types).map(|(e, ty)| {
            let own = texts(&array(e, batch)?)?;
            Ok(if own.data_type() == ty { own } else { cast(&own, ty)? })
        });
        let mut columns = by.collect::<Result<Vec<_>>>()?;
        for aggregate in &self.aggregates {
            let (values, filter) = aggregate.arguments(batch)?;
            let values = values.iter().map(texts).collect::<Result<Vec<_>>>()?;
            columns.extend(aggregate.so_far.convert_to_state(&values, filter.as_ref())?);
        }
        self.batch(columns, batch.num_rows())
    }

    fn batch(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.of.schema), columns, &options)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringViewArray};
    use datafusion::datasource::MemTable;
    use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool, UnboundedMemoryPool};
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::functions_aggregate::expr_fn::{count, sum};
    use datafusion::physical_plan::collect;
    use datafusion::prelude::{SessionConfig, SessionContext, col, lit};

    /// Refuses the first half of an aggregation more than some bytes, and nobody else.
    #[derive(Debug)]
    struct Short(UnboundedMemoryPool, GreedyMemoryPool);

    impl fmt::Display for Short {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("short")
        }
    }

    impl Short {
        fn of(&self, reservation: &MemoryReservation) -> &dyn MemoryPool {
            if reservation.consumer().name() == "GroupExec" { &self.1 } else { &self.0 }
        }
    }

    impl MemoryPool for Short {
        fn name(&self) -> &'static str {
            "short"
        }

        fn grow(&self, reservation: &MemoryReservation, additional: usize) {
            self.of(reservation).grow(reservation, additional);
        }

        fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
            self.of(reservation).shrink(reservation, shrink);
        }

        fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
            self.of(reservation).try_grow(reservation, additional)
        }

        fn reserved(&self) -> usize {
            self.0.reserved() + self.1.reserved()
        }
    }

    /// The groups of 40,000 rows that have so many different texts, as lines in order; and how often the plan
    /// groups by itself, and how many rows its first half gave.
    async fn grouped(texts: usize, bytes: usize, own: bool) -> (Vec<String>, usize, usize) {
        let pool = Short(UnboundedMemoryPool::default(), GreedyMemoryPool::new(bytes));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).build_arc().unwrap();
        let mut config = SessionConfig::new().with_target_partitions(2).with_batch_size(1000);
        config.options_mut().execution.skip_partial_aggregation_probe_rows_threshold = 5000;
        let session = SessionContext::new_with_config_rt(config, runtime);
        let batch = |from: usize| {
            let rows = from..from + 1000;
            let key = rows
                .clone()
                .map(|n| (!n.is_multiple_of(13)).then(|| format!("text that is number {}", n % texts)));
            let day = rows.clone().map(|n| i64::try_from(n % 3).unwrap()).collect::<Int64Array>();
            let value = rows.map(|n| i64::try_from(n).unwrap()).collect::<Int64Array>();
            let columns: [(_, ArrayRef); 3] = [
                ("key", Arc::new(key.collect::<StringViewArray>())),
                ("day", Arc::new(day)),
                ("value", Arc::new(value)),
            ];
            RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
        };
        let half = |from: usize| (from..from + 20_000).step_by(1000).map(batch).collect::<Vec<_>>();
        let halves = vec![half(0), half(20_000)];
        let table = MemTable::try_new(halves[0][0].schema(), halves).unwrap();
        let rows = session.read_table(Arc::new(table)).unwrap();
        let rows =
            rows.aggregate(vec![col("key"), col("day")], vec![count(lit(1)), sum(col("value"))]).unwrap();
        let mut plan = rows.create_physical_plan().await.unwrap();
        if own {
            plan = regroup(plan).unwrap();
        }
        let out = collect(Arc::clone(&plan), session.task_ctx()).await.unwrap();
        let (mut found, mut given) = (0, 0);
        plan.apply(|node| {
            if node.name() == "GroupExec" {
                found += 1;
                given += node.metrics().and_then(|m| m.output_rows()).unwrap_or(0);
            }
            Ok(TreeNodeRecursion::Continue)
        })
        .unwrap();
        let text = arrow::util::pretty::pretty_format_batches(&out).unwrap().to_string();
        let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        lines.sort_unstable();
        (lines, found, given)
    }

    #[tokio::test]
    async fn groups_are_those_of_datafusion_also_when_memory_is_short_or_rows_are_passed_on() {
        const ENOUGH: usize = 64 << 20;
        for (texts, bytes) in [(7, ENOUGH), (700, 1), (700, ENOUGH), (40_000, ENOUGH), (40_000, 1)] {
            let (theirs, none, _) = grouped(texts, ENOUGH, false).await;
            let (ours, one, given) = grouped(texts, bytes, true).await;
            assert_eq!((none, one), (0, 1));
            assert!(theirs.len() > texts.min(20_000), "{}", theirs.len());
            assert_eq!(ours, theirs, "{texts} texts within {bytes} bytes");
            let anew = given > 2 * (theirs.len() - 4);
            assert_eq!(anew, bytes == 1 && texts == 700, "{given} rows for {} groups", theirs.len());
        }
    }
}
