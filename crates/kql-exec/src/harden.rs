//! What DataFusion's plans lack for queries of people whom we do not know.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayData, RecordBatch, RecordBatchOptions, make_array};
use datafusion::common::Result;
use datafusion::common::scalar::copy_array_data;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::StreamExt;

/// Operators that make many batches from one, and give way only when they ask for the next one.
const MULTIPLYING: [&str; 6] = [
    "HashJoinExec",
    "NestedLoopJoinExec",
    "CrossJoinExec",
    "SortMergeJoinExec",
    "PiecewiseMergeJoinExec",
    "UnnestExec",
];

/// Lets operators that multiply rows give way, and rows in memory stand for themselves.
pub(crate) fn harden(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let hardened = plan.transform_up(|plan| {
        if MULTIPLYING.contains(&plan.name()) {
            return Ok(Transformed::yes(Arc::new(CooperativeExec::new(plan)) as Arc<dyn ExecutionPlan>));
        }
        let in_memory = plan
            .downcast_ref::<DataSourceExec>()
            .is_some_and(|source| source.data_source().downcast_ref::<MemorySourceConfig>().is_some());
        if in_memory {
            return Ok(Transformed::yes(Arc::new(OwnRows { input: plan }) as Arc<dyn ExecutionPlan>));
        }
        Ok(Transformed::no(plan))
    })?;
    Ok(hardened.data)
}

/// Bytes that the rows of a batch take, whatever else lies in its buffers.
pub(crate) fn held(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|c| slice_size(&c.to_data())).sum()
}

fn slice_size(data: &ArrayData) -> usize {
    data.get_slice_memory_size().unwrap_or_else(|_| data.get_array_memory_size())
}

/// Copies the rows of a batch that is a small part of its buffers. Operators account a batch with
/// the whole of its buffers: a slice of a mapped file would count as the file, once per column.
fn own(batch: RecordBatch) -> Result<RecordBatch> {
    let rows = held(&batch);
    if batch.get_array_memory_size() <= 2 * rows + 64 * 1024 {
        return Ok(batch);
    }
    let columns = batch.columns().iter().map(|c| make_array(copy_array_data(&c.to_data()))).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &options)?)
}

/// Passes rows on in buffers of their own.
#[derive(Debug)]
struct OwnRows {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for OwnRows {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnRows")
    }
}

impl ExecutionPlan for OwnRows {
    fn name(&self) -> &'static str {
        "OwnRows"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
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
            Some(input) => Arc::new(Self { input }),
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
        let stream = self.input.execute(partition, context)?.map(|batch| own(batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}
