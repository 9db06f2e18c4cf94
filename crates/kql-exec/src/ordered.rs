//! Plan nodes that read rows one after the other, in the order of the language, and keep a state.
//!
//! DataFusion's window functions hold all rows of a partition before they begin; these pass rows on as
//! they come, and account what they keep.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DFSchemaRef, DataFusionError, Result};
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{
    EquivalenceProperties, LexOrdering, OrderingRequirements, Partitioning, PhysicalExpr, PhysicalSortExpr,
};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use futures::StreamExt;

use crate::error::ExecError;
use crate::lower::OrderKey;

/// What is done with rows in order.
pub(crate) trait Machine: Send + Sync {
    /// The columns of the outcome, from those of the input.
    fn outcome(&self, input: &Schema) -> Vec<FieldRef>;

    /// Begins with the first row.
    fn start(&self, input: &SchemaRef, outcome: &SchemaRef) -> Result<Box<dyn Pass>>;
}

/// One way through the rows.
pub(crate) trait Pass: Send {
    /// What comes out for these rows.
    fn rows(&mut self, batch: &RecordBatch) -> Result<RecordBatch>;

    /// What comes out after the last row.
    fn end(&mut self) -> Result<Option<RecordBatch>> {
        Ok(None)
    }

    /// Bytes that are kept.
    fn size(&self) -> usize {
        0
    }
}

/// The plan of a machine over the rows of another plan, in an order.
pub(crate) fn plan(
    name: String,
    input: LogicalPlan,
    order: Vec<OrderKey>,
    machine: Arc<dyn Machine>,
) -> Result<LogicalPlan, ExecError> {
    let node = Ordered::new(name, input, order, machine)?;
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}

#[derive(Clone)]
struct Ordered {
    /// Nothing else in the query has it.
    name: String,
    input: LogicalPlan,
    order: Vec<OrderKey>,
    schema: DFSchemaRef,
    machine: Arc<dyn Machine>,
}

impl Ordered {
    fn new(
        name: String,
        input: LogicalPlan,
        order: Vec<OrderKey>,
        machine: Arc<dyn Machine>,
    ) -> Result<Self> {
        let schema = Schema::new(machine.outcome(input.schema().as_arrow()));
        let schema = Arc::new(DFSchema::try_from(schema)?);
        Ok(Self { name, input, order, schema, machine })
    }
}

impl fmt::Debug for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.input == other.input
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.name.partial_cmp(&other.name).filter(|o| *o != Ordering::Equal || self == other)
    }
}

impl Hash for Ordered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.input.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for Ordered {
    fn name(&self) -> &'static str {
        "Ordered"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Ordered: {}", self.name)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        let input =
            inputs.pop().ok_or_else(|| DataFusionError::Internal("a node without input".to_owned()))?;
        Self::new(self.name.clone(), input, self.order.clone(), Arc::clone(&self.machine))
    }
}

/// DataFusion's planner, with these nodes.
#[derive(Debug)]
pub(crate) struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(OrderedPlanner)]);
        planner.create_physical_plan(plan, session).await
    }
}

struct OrderedPlanner;

#[async_trait]
impl ExtensionPlanner for OrderedPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<Ordered>() else { return Ok(None) };
        let [input] = inputs else {
            return Err(DataFusionError::Internal("a node with several inputs".to_owned()));
        };
        let schema = input.schema();
        let mut keys = Vec::with_capacity(node.order.len());
        for key in &node.order {
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new_with_schema(&key.column, &schema)?);
            let options = SortOptions { descending: !key.ascending, nulls_first: key.nulls_first };
            keys.push(PhysicalSortExpr::new(column, options));
        }
        let order = LexOrdering::new(keys);
        Ok(Some(Arc::new(OrderedExec::new(Arc::clone(input), order, Arc::clone(&node.machine)))))
    }
}

struct OrderedExec {
    input: Arc<dyn ExecutionPlan>,
    order: Option<LexOrdering>,
    machine: Arc<dyn Machine>,
    properties: Arc<PlanProperties>,
}

impl OrderedExec {
    fn new(input: Arc<dyn ExecutionPlan>, order: Option<LexOrdering>, machine: Arc<dyn Machine>) -> Self {
        let schema = Arc::new(Schema::new(machine.outcome(&input.schema())));
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Self { input, order, machine, properties }
    }
}

impl fmt::Debug for OrderedExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrderedExec")
    }
}

impl DisplayAs for OrderedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrderedExec")
    }
}

impl ExecutionPlan for OrderedExec {
    fn name(&self) -> &'static str {
        "OrderedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    #[allow(deprecated)] // what replaces it asks for the same
    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.order.clone().map(OrderingRequirements::from)]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(match children.pop() {
            Some(input) => Arc::new(Self::new(input, self.order.clone(), Arc::clone(&self.machine))),
            None => self,
        })
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new("OrderedExec").register(context.memory_pool());
        let pass = self.machine.start(&self.input.schema(), &self.schema())?;
        let input = self.input.execute(partition, context)?;
        // The input, the state and its memory; none once the end was passed on.
        let state = Some((input, pass, reservation));
        let stream = futures::stream::try_unfold(state, |state| async move {
            let Some((mut input, mut pass, reservation)) = state else { return Ok(None) };
            loop {
                match input.next().await {
                    Some(batch) => {
                        let out = pass.rows(&batch?)?;
                        reservation.try_resize(pass.size())?;
                        if out.num_rows() > 0 {
                            return Ok(Some((out, Some((input, pass, reservation)))));
                        }
                    }
                    None => return Ok(pass.end()?.map(|out| (out, None))),
                }
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}

/// A nullable field.
pub(crate) fn field(name: &str, ty: palisade_kql::Type) -> FieldRef {
    Arc::new(Field::new(name, crate::value::arrow_type(ty), true))
}
