//! Carries out programs stage by stage.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, RecordBatch};
use async_trait::async_trait;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use palisade_kql::program::{MAX_QUESTIONS, Stage, StageOutput};
use palisade_kql::{Diagnostic, Program, Schema, Value};
use tokio_util::sync::CancellationToken;

use crate::address::AddressDatabase;
use crate::compute::Compute;
use crate::error::ExecError;
use crate::external::{ExternalSource, NoExternal};
use crate::grouping::regroup;
use crate::harden::{harden, held};
use crate::lower::{Counters, Externals, Lowerer, StageResult, Tables, cell_value, positioned};
use crate::memory::PeakPool;
use crate::narrow::narrow;
use crate::open::answer;
use crate::rename::rename;
use crate::source::TableSource;
use crate::stream::{Begun, QueryStream};
use crate::value::{Cells, V, carries};

/// Limits of one query.
#[derive(Clone, Debug)]
pub struct QueryContext {
    /// Longest running time, from the call of `execute` to the last row.
    pub deadline: Duration,
    /// Most rows of the result; more are cut off and flagged.
    pub row_cap: usize,
    /// Most bytes of working memory.
    pub memory_limit: usize,
    /// Cancels the query from outside.
    pub cancel: CancellationToken,
    /// Where addresses are; without one, nothing is known of any.
    pub addresses: Option<Arc<dyn AddressDatabase>>,
}

impl Default for QueryContext {
    /// 60 s, 10,000 rows, 512 MiB, no address database.
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            row_cap: 10_000,
            memory_limit: 512 * 1024 * 1024,
            cancel: CancellationToken::new(),
            addresses: None,
        }
    }
}

/// Something that carries out programs.
#[async_trait]
pub trait QueryExecutor: Send + Sync {
    /// Starts a program. Earlier stages run before this returns; the last one streams.
    ///
    /// # Errors
    /// Every [`ExecError`]; the code is stable.
    async fn execute(&self, program: Program, context: QueryContext) -> Result<QueryStream, ExecError>;
}

/// Runs programs in this process, each on threads of its own: a query that computes without a pause
/// still ends for its caller at the deadline, or when it is cancelled. Such threads go on until they
/// come to a pause, so a process that must be rid of them at once has to end.
#[derive(Clone)]
pub struct LocalExecutor {
    source: Arc<dyn TableSource>,
    external: Arc<dyn ExternalSource>,
    partitions: usize,
    spill: Option<(PathBuf, u64)>,
}

impl LocalExecutor {
    /// An executor over tables; as many partitions as there are processors, no spilling to disk.
    pub fn new(source: Arc<dyn TableSource>) -> Self {
        let partitions = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { source, external: Arc::new(NoExternal), partitions, spill: None }
    }

    /// Sets where `externaldata` comes from; without it everything is refused.
    #[must_use]
    pub fn with_external(mut self, external: Arc<dyn ExternalSource>) -> Self {
        self.external = external;
        self
    }

    /// Sets how many partitions run side by side.
    #[must_use]
    pub fn with_partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions.max(1);
        self
    }

    /// Lets sorts, aggregations and joins that reach the memory limit put rows aside in this folder, up to
    /// so many bytes a stage.
    #[must_use]
    pub fn with_spill(mut self, folder: PathBuf, bytes: u64) -> Self {
        self.spill = Some((folder, bytes));
        self
    }

    fn session(&self, limit: usize) -> Result<(SessionContext, Arc<PeakPool>), ExecError> {
        let inner: Arc<dyn MemoryPool> = match &self.spill {
            Some(_) => Arc::new(FairSpillPool::new(limit)),
            None => Arc::new(GreedyMemoryPool::new(limit)),
        };
        let pool = Arc::new(PeakPool::new(inner, limit));
        let disk = DiskManagerBuilder::default();
        let disk = match &self.spill {
            Some((folder, bytes)) => disk
                .with_mode(DiskManagerMode::Directories(vec![folder.clone()]))
                .with_max_temp_directory_size(*bytes),
            None => disk.with_mode(DiskManagerMode::Disabled),
        };
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&pool) as Arc<dyn MemoryPool>)
            .with_disk_manager_builder(disk)
            .build_arc()?;
        let mut config =
            SessionConfig::new().with_target_partitions(self.partitions).with_information_schema(false);
        let options = config.options_mut();
        options.execution.parquet.pushdown_filters = true;
        options.execution.parquet.reorder_filters = true;
        // It refuses right plans: above a union it no longer knows that a hidden order column, once
        // pushed into the scans, is equal to the column it was made from.
        let mut optimizer = PhysicalOptimizer::new();
        optimizer.rules.retain(|rule| rule.name() != "SanityCheckPlan");
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_physical_optimizer_rules(optimizer.rules)
            .with_query_planner(Arc::new(crate::ordered::Planner))
            .build();
        Ok((SessionContext::new_with_state(state), pool))
    }
}

/// One running query.
struct Run {
    session: SessionContext,
    limit: usize,
    /// Memory of kept stages.
    kept: MemoryReservation,
    tables: Tables,
    externals: Externals,
    stages: Vec<StageResult>,
    lists: HashMap<usize, Vec<V<'static>>>,
    counters: Counters,
    plans: Vec<Arc<dyn ExecutionPlan>>,
    addresses: Option<Arc<dyn AddressDatabase>>,
}

#[async_trait]
impl QueryExecutor for LocalExecutor {
    async fn execute(&self, program: Program, context: QueryContext) -> Result<QueryStream, ExecError> {
        let started = Instant::now();
        let compute = Compute::start(self.partitions)?;
        let executor = self.clone();
        let (row_cap, limit) = (context.row_cap, context.memory_limit);
        let addresses = context.addresses.clone();
        let begun = compute.run(async move { executor.begin(program, row_cap, limit, addresses).await });
        let begun = tokio::select! {
            biased;
            () = context.cancel.cancelled() => return Err(ExecError::Cancelled),
            () = tokio::time::sleep(context.deadline) => return Err(ExecError::Timeout(millis(context.deadline))),
            begun = begun => begun??,
        };
        Ok(QueryStream::new(begun, compute, context, started))
    }
}

impl LocalExecutor {
    /// Everything up to the first row: tables, earlier stages, the plan.
    async fn begin(
        &self,
        program: Program,
        row_cap: usize,
        limit: usize,
        addresses: Option<Arc<dyn AddressDatabase>>,
    ) -> Result<Begun, ExecError> {
        let (session, pool) = self.session(limit)?;
        let reserve: Arc<dyn MemoryPool> = Arc::clone(&pool) as _;
        let kept = MemoryConsumer::new("stages").register(&reserve);
        let mut run = Run {
            session,
            limit,
            kept,
            tables: Tables::new(),
            externals: Externals::new(),
            stages: Vec::new(),
            lists: HashMap::new(),
            counters: Counters::default(),
            plans: Vec::new(),
            addresses,
        };
        let mut program = program;
        // Where rows say which columns come next, they run first; what was computed stays.
        while let Some(open) = program.open.clone() {
            if open.answered() >= MAX_QUESTIONS {
                return Err(ExecError::Limit(format!(
                    "more than {MAX_QUESTIONS} operators take their columns from rows; give them a schema, as in \
                     bag_unpack(d) : (a: long)"
                )));
            }
            let mut own = program.clone();
            narrow(&mut own);
            rename(&mut own);
            self.stages(&mut run, &own, open.stage + 1).await?;
            let answer = answer(&run.stages, &open)?;
            let next = open.again(answer).map_err(|found| columns_error(&found))?;
            // By their words: a constant that is no number equals nothing.
            let done = |p: &Program| format!("{:?}", p.stages.get(..=open.stage));
            if done(&next) != done(&program) {
                return Err(ExecError::Internal("a stage changed with the columns after it".to_owned()));
            }
            program = next;
        }
        let schema = program.schema().clone();
        narrow(&mut program);
        rename(&mut program);
        let earlier = program.stages.len().saturating_sub(1);
        self.stages(&mut run, &program, earlier).await?;
        let Some(last) = program.stages.last() else {
            return Err(ExecError::Internal("a program without stages".to_owned()));
        };
        let plan = run.lower(last, true)?;
        // One more than the cap tells whether rows were cut off.
        let plan = LogicalPlanBuilder::from(plan).limit(0, Some(row_cap.saturating_add(1)))?.build()?;
        let physical = run.physical(&plan, &last.pipeline.schema).await?;
        run.plans.push(Arc::clone(&physical));
        let stream = execute_stream(physical, run.session.task_ctx())?;
        let Run { plans, kept, .. } = run;
        Ok(Begun { schema, stream, plans, kept, pool })
    }

    /// Carries out the stages that are not done yet, up to so many.
    async fn stages(&self, run: &mut Run, program: &Program, up_to: usize) -> Result<(), ExecError> {
        for name in program.tables() {
            if !run.tables.contains_key(name) {
                run.tables.insert(name.to_owned(), self.source.table(name).await?);
            }
        }
        for external in program.externals() {
            if run.externals.contains_key(external) {
                continue;
            }
            let batches = crate::external::rows(self.external.as_ref(), external, &run.kept).await;
            let batches = batches.map_err(|e| limit_of(e, run.limit))?;
            let schema = crate::value::arrow_schema(&external.schema);
            run.externals.insert(external.clone(), Arc::new(positioned(&schema, batches)?));
        }
        for at in run.stages.len()..up_to {
            let Some(stage) = program.stages.get(at) else { break };
            let result = run.stage(at, stage).await?;
            run.stages.push(result);
        }
        Ok(())
    }
}

impl Run {
    fn lower(&self, stage: &Stage, ordered: bool) -> Result<LogicalPlan, ExecError> {
        let lowerer = Lowerer {
            tables: &self.tables,
            externals: &self.externals,
            stages: &self.stages,
            lists: &self.lists,
            counters: &self.counters,
            addresses: self.addresses.as_ref(),
        };
        lowerer.pipeline(&stage.pipeline, ordered)
    }

    async fn stage(&mut self, at: usize, stage: &Stage) -> Result<StageResult, ExecError> {
        if matches!(stage.output, StageOutput::Table | StageOutput::Result) {
            return Ok(StageResult::Table(Box::new(stage.pipeline.clone())));
        }
        // The values of a list have no order.
        let list = stage.name.is_none() && stage.output == StageOutput::Materialized;
        let plan = self.lower(stage, !list)?;
        let plan = match stage.output {
            StageOutput::Scalar => LogicalPlanBuilder::from(plan).limit(0, Some(1))?.build()?,
            _ => plan,
        };
        let batches = self.rows(&plan, &stage.pipeline.schema).await?;
        let ty = stage.pipeline.schema.columns.first().map(|c| c.ty);
        if stage.output == StageOutput::Scalar {
            let ty = ty.ok_or_else(|| ExecError::Internal("a scalar stage without columns".to_owned()))?;
            let row = batches.iter().find(|b| b.num_rows() > 0);
            let cell = match row {
                Some(batch) => Cells::new(batch.column(0).as_ref())?.get(0).owned(),
                None => V::Null,
            };
            return Ok(StageResult::Scalar(match cell_value(&cell, ty) {
                Value::Null(ty) => Value::Null(ty),
                value => value,
            }));
        }
        // A stage without a name is the list of an `in` or `has_any`.
        if stage.name.is_none() {
            let mut list = Vec::new();
            for batch in &batches {
                let cells = Cells::new(batch.column(0).as_ref())?;
                list.extend((0..batch.num_rows()).map(|row| cells.get(row).owned()));
                if list.len() > 1_000_000 {
                    return Err(ExecError::Limit("a list has more than 1,000,000 values".to_owned()));
                }
            }
            self.lists.insert(at, list);
        }
        let schema = crate::value::arrow_schema(&stage.pipeline.schema);
        let batches = batches.into_iter().map(|b| restamp(b, &schema)).collect::<Result<Vec<_>, _>>()?;
        Ok(StageResult::Rows(Arc::new(positioned(&schema, batches)?)))
    }

    /// Runs a plan to its end within the query's limits.
    async fn rows(&mut self, plan: &LogicalPlan, schema: &Schema) -> Result<Vec<RecordBatch>, ExecError> {
        let physical = self.physical(plan, schema).await?;
        self.plans.push(Arc::clone(&physical));
        let mut stream = execute_stream(physical, self.session.task_ctx())?;
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|e| self.error(e))?;
            self.kept.try_grow(held(&batch)).map_err(|e| self.error(e))?;
            batches.push(batch);
        }
        Ok(batches)
    }

    fn error(&self, error: datafusion::common::DataFusionError) -> ExecError {
        limit_of(error.into(), self.limit)
    }

    /// Analyses, optimises and plans; the outcome must have the bound schema.
    async fn physical(
        &self,
        plan: &LogicalPlan,
        schema: &Schema,
    ) -> Result<Arc<dyn ExecutionPlan>, ExecError> {
        let state = self.session.state();
        let physical = state.create_physical_plan(plan).await.map_err(|e| self.error(e))?;
        let planned = physical.schema();
        if planned.fields().len() != schema.columns.len() {
            let message = format!("{} columns instead of {}", planned.fields().len(), schema.columns.len());
            return Err(ExecError::PlanSchemaMismatch(message));
        }
        for (field, column) in planned.fields().iter().zip(&schema.columns) {
            if *field.name() != column.name || !carries(field.data_type(), column.ty) {
                let message = format!(
                    "{} {} instead of {} {}",
                    field.name(),
                    field.data_type(),
                    column.name,
                    column.ty
                );
                return Err(ExecError::PlanSchemaMismatch(message));
            }
        }
        Ok(harden(regroup(physical)?)?)
    }
}

/// What is wrong with the rest of a query.
fn columns_error(found: &[Diagnostic]) -> ExecError {
    let first = found.first();
    ExecError::Columns {
        code: first.map(|d| d.code.clone()).unwrap_or_default(),
        message: first.map_or_else(String::new, |d| format!("{}:{} {}", d.line, d.column, d.message)),
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn limit_of(error: ExecError, limit: usize) -> ExecError {
    match error {
        ExecError::Memory { part, .. } => ExecError::Memory { limit, part },
        other => other,
    }
}

/// The batch with the result's own Arrow schema: plain strings, metadata of the language's types.
pub(crate) fn restamp(
    batch: RecordBatch,
    schema: &arrow::datatypes::SchemaRef,
) -> Result<RecordBatch, ExecError> {
    let rows = batch.num_rows();
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (column, field) in batch.columns().iter().zip(schema.fields()) {
        let column = if column.data_type() == field.data_type() {
            Arc::clone(column)
        } else {
            arrow::compute::cast(column, field.data_type())?
        };
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(ExecError::PlanSchemaMismatch(format!(
                "nulls in the string column {}",
                field.name()
            )));
        }
        columns.push(column);
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}
