//! Functions over whole tables, as tables that plans read.
//!
//! A function collects its inputs, each in its order, and gives its rows at once. What it collects
//! and makes is reserved in the query's memory pool. Group by group it runs inside sub-queries.

mod activity;
mod basket;
mod cluster;
mod difference;
mod funnel;
mod graph;
mod groups;
mod items;
mod lookup;
mod matching;
mod nearby;
mod reduce;
mod rolling;
mod rows;
mod search;
mod sequence;
mod timeline;
mod words;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::compute::{SortColumn, SortOptions};
use arrow::datatypes::{DataType, Field, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, TableReference};
use datafusion::datasource::{TableType, provider_as_source};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    Partitioning, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt};
use palisade_kql::program::{self, TableFunction};
use palisade_kql::{Schema, Type};

use crate::error::ExecError;
use crate::harden::held;
use crate::lower::unqualified;
use crate::source::SourceError;
use crate::value::V;

pub(crate) use groups::PerGroup;

/// Rows in one batch of an outcome.
const BATCH_ROWS: usize = 8192;

/// Memory and work of one run of a function.
pub(crate) struct Budget {
    reservation: MemoryReservation,
    name: &'static str,
    steps: AtomicU64,
}

/// Most steps of one function: about a minute's work.
const MAX_STEPS: u64 = 400_000_000;

impl Budget {
    /// Reserves bytes of working memory.
    ///
    /// # Errors
    /// Exhausted resources where the query's limit is reached.
    pub fn grow(&self, bytes: usize) -> Result<()> {
        self.reservation.try_grow(bytes)
    }

    /// Counts work.
    ///
    /// # Errors
    /// A limit with the function's name and what to change.
    pub fn step(&self, n: u64) -> Result<()> {
        if self.steps.fetch_add(n, Ordering::Relaxed).saturating_add(n) > MAX_STEPS {
            return Err(limit(format!(
                "{} took more than {MAX_STEPS} steps; filter its rows before, or narrow what it looks for",
                self.name
            )));
        }
        Ok(())
    }
}

/// An error that tells the user which bound was reached.
pub(crate) fn limit(message: String) -> DataFusionError {
    DataFusionError::External(Box::new(SourceError::Limit(message)))
}

/// A function over whole tables.
pub(crate) trait Function: Send + Sync + fmt::Debug {
    /// The columns of its outcome, from all rows of each input.
    ///
    /// # Errors
    /// Limits, and what Arrow says.
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>>;
}

/// Gives the value of an expression without columns.
pub(crate) type Constant<'c> = dyn Fn(&program::Expr) -> std::result::Result<V<'static>, ExecError> + 'c;

/// What carries a function of the program out.
///
/// # Errors
/// Constants that the function cannot work with.
pub(crate) fn function(
    function: &TableFunction,
    outcome: &Schema,
    constant: &Constant<'_>,
) -> std::result::Result<Arc<dyn Function>, ExecError> {
    let outcome: Vec<Type> = outcome.columns.iter().map(|c| c.ty).collect();
    let carried: Arc<dyn Function> = match function {
        TableFunction::RowsNear { before, after } => Arc::new(rows::Near { before: *before, after: *after }),
        TableFunction::Narrow(names) => Arc::new(rows::Narrow(names.clone())),
        TableFunction::AddressLookup { .. } => Arc::new(lookup::Lookup(function.clone())),
        TableFunction::IntersectionSizes(sets) => Arc::new(rows::Intersections { sets: *sets }),
        TableFunction::Append => Arc::new(rows::Append),
        TableFunction::ShapeLookup(lookup) => Arc::new(nearby::Nearby::new(lookup, constant)?),
        TableFunction::Activity(activity) => Arc::new(activity::Activity::new(activity, outcome, constant)?),
        TableFunction::Basket(basket) => {
            Arc::new(basket::Baskets { spec: basket.as_ref().clone(), types: outcome })
        }
        TableFunction::Autocluster(plugin) => {
            Arc::new(cluster::Clusters { spec: plugin.as_ref().clone(), types: outcome })
        }
        TableFunction::Differences(plugin) => {
            Arc::new(difference::Difference { spec: plugin.as_ref().clone(), types: outcome })
        }
        TableFunction::Reduce(spec) => Arc::new(reduce::Reduction { spec: spec.as_ref().clone() }),
        TableFunction::RollingPercentile(plugin) => {
            Arc::new(rolling::Rolling::new(plugin, outcome, constant)?)
        }
        TableFunction::Sequences(plugin) => Arc::new(sequence::Sequences::new(plugin, outcome, constant)?),
        TableFunction::Funnel(plugin) => Arc::new(funnel::Funnel::new(plugin, outcome, constant)?),
        TableFunction::GraphNodes(nodes) => Arc::new(graph::Nodes { spec: nodes.clone(), types: outcome }),
        TableFunction::Match(matching) => Arc::new(matching::Match { spec: matching.as_ref().clone() }),
    };
    Ok(carried)
}

/// Rows that a function reads.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub plan: LogicalPlan,
    /// Columns that the function sees; behind them stand those that give the order.
    pub width: usize,
    pub order: Vec<SortOptions>,
}

impl Input {
    /// The rows in their order. A plan would lose it: nothing in a plan above a sort asks for it.
    fn arrange(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let places: Vec<usize> = (0..self.width).collect();
        if self.order.is_empty() || batch.num_rows() < 2 {
            return Ok(batch.project(&places)?);
        }
        let keys: Vec<SortColumn> = batch.columns()[self.width..]
            .iter()
            .zip(&self.order)
            .map(|(values, options)| SortColumn { values: Arc::clone(values), options: Some(*options) })
            .collect();
        let order = arrow::compute::lexsort_to_indices(&keys, None)?;
        let batch = batch.project(&places)?;
        let take = |c: &ArrayRef| arrow::compute::take(c.as_ref(), &order, None);
        let columns = batch.columns().iter().map(take).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &options)?)
    }
}

/// The rows of a function as a plan with unqualified columns, and the places of rows in one of this name.
pub(crate) fn plan(
    name: &'static str,
    function: Arc<dyn Function>,
    inputs: Vec<Input>,
    columns: &[(String, DataType)],
    place: &str,
) -> Result<LogicalPlan, ExecError> {
    let mut fields: Vec<Field> = columns.iter().map(|(n, ty)| Field::new(n, ty.clone(), true)).collect();
    fields.push(Field::new(place, DataType::Int64, false));
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let provider: Arc<dyn TableProvider> = Arc::new(Provider { name, function, inputs, schema });
    let scan = LogicalPlanBuilder::scan(TableReference::bare(name), provider_as_source(provider), None)?;
    unqualified(scan.build()?)
}

#[derive(Debug)]
struct Provider {
    name: &'static str,
    function: Arc<dyn Function>,
    inputs: Vec<Input>,
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for Provider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            inputs.push(state.create_physical_plan(&input.plan).await?);
        }
        Ok(Arc::new(Exec::new(
            self.name,
            Arc::clone(&self.function),
            (inputs, self.inputs.clone()),
            Arc::clone(&self.schema),
            projection.cloned(),
        )?))
    }
}

/// Collects its inputs and runs the function.
struct Exec {
    name: &'static str,
    function: Arc<dyn Function>,
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    /// How each input is arranged.
    specs: Vec<Input>,
    whole: SchemaRef,
    projection: Option<Vec<usize>>,
    properties: Arc<PlanProperties>,
}

impl Exec {
    fn new(
        name: &'static str,
        function: Arc<dyn Function>,
        (inputs, specs): (Vec<Arc<dyn ExecutionPlan>>, Vec<Input>),
        whole: SchemaRef,
        projection: Option<Vec<usize>>,
    ) -> Result<Self> {
        let schema = match &projection {
            Some(places) => Arc::new(whole.project(places)?),
            None => Arc::clone(&whole),
        };
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        ));
        Ok(Self { name, function, inputs, specs, whole, projection, properties })
    }
}

impl fmt::Debug for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.function)
    }
}

impl DisplayAs for Exec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TableFunctionExec: {}", self.name)
    }
}

impl ExecutionPlan for Exec {
    fn name(&self) -> &'static str {
        "TableFunctionExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false; self.inputs.len()]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self {
            name: self.name,
            function: Arc::clone(&self.function),
            inputs: children,
            specs: self.specs.clone(),
            whole: Arc::clone(&self.whole),
            projection: self.projection.clone(),
            properties: Arc::clone(&self.properties),
        }))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new(self.name).register(context.memory_pool());
        let budget = Budget { reservation, name: self.name, steps: AtomicU64::new(0) };
        let mut streams = Vec::with_capacity(self.inputs.len());
        for (input, spec) in self.inputs.iter().zip(self.specs.clone()) {
            let mut parts = Vec::new();
            for partition in 0..input.output_partitioning().partition_count() {
                parts.push(input.execute(partition, Arc::clone(&context))?);
            }
            streams.push((input.schema(), spec, parts));
        }
        let (function, whole, projection) =
            (Arc::clone(&self.function), Arc::clone(&self.whole), self.projection.clone());
        let schema = self.schema();
        let batches = async move {
            let mut inputs = Vec::with_capacity(streams.len());
            for (schema, spec, parts) in streams {
                let mut batches = Vec::new();
                // Side by side: a partition that nobody reads would pile up.
                let mut rows = futures::stream::select_all(parts);
                while let Some(batch) = rows.next().await {
                    let batch = batch?;
                    // Once as it comes, once as part of the whole in its order.
                    budget.grow(2 * held(&batch))?;
                    batches.push(batch);
                }
                inputs.push(spec.arrange(arrow::compute::concat_batches(&schema, &batches)?)?);
            }
            let columns = function.run(&inputs, &budget)?;
            let rows = columns.first().map_or(0, |c| c.len());
            let mut columns = columns;
            // Rows without columns stand on a column that is not asked for.
            columns.truncate(whole.fields().len() - 1);
            let places: Int64Array = (0i64..).take(rows).collect();
            columns.push(Arc::new(places));
            for (column, field) in columns.iter_mut().zip(whole.fields()) {
                // Stores have other layouts of texts.
                if column.data_type() != field.data_type() {
                    *column = arrow::compute::cast(column, field.data_type())?;
                }
            }
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let batch = RecordBatch::try_new_with_options(whole, columns, &options)?;
            budget.grow(held(&batch))?;
            let batch = match &projection {
                Some(places) => batch.project(places)?,
                None => batch,
            };
            let slices: Vec<Result<RecordBatch>> = (0..rows)
                .step_by(BATCH_ROWS)
                .map(|at| Ok(batch.slice(at, BATCH_ROWS.min(rows - at))))
                .collect();
            // The reservation lives as long as the rows.
            Ok::<_, DataFusionError>(futures::stream::iter(slices).map(move |slice| {
                let _ = &budget;
                slice
            }))
        };
        let stream = futures::stream::once(batches).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
    }
}
