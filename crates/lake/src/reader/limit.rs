//! Rows of some devices only: what a pin shows to somebody who is limited to them.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::StreamExt;
use palisade_types::DeviceId;

/// The column that says whose a row is.
pub(super) const DEVICE: &str = "DeviceId";

/// The devices whose rows are shown.
#[derive(Debug)]
pub(super) struct Devices {
    sorted: Vec<String>,
    all: HashSet<String>,
}

impl Devices {
    pub(super) fn new(devices: &[DeviceId]) -> Self {
        let mut sorted: Vec<String> = devices.iter().map(ToString::to_string).collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self { all: sorted.iter().cloned().collect(), sorted }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Whether one of them lies between the two, both included.
    pub(super) fn any_between(&self, low: &str, high: &str) -> bool {
        let at = self.sorted.partition_point(|d| d.as_str() < low);
        self.sorted.get(at).is_some_and(|d| d.as_str() <= high)
    }

    /// As a condition, by which a scan may skip what it would read in vain.
    pub(super) fn condition(&self) -> Expr {
        ident(DEVICE).in_list(self.sorted.iter().map(|d| lit(d.as_str())).collect(), false)
    }

    /// Copies the rows of these devices.
    fn keep(&self, batch: &RecordBatch, column: usize) -> Result<RecordBatch> {
        let ids = batch.column(column).as_string_view_opt().ok_or_else(|| {
            DataFusionError::Internal(format!("{DEVICE} is {}", batch.column(column).data_type()))
        })?;
        let mut kept: Vec<u32> = Vec::new();
        let mut last: Option<(&str, bool)> = None;
        for (row, id) in ids.iter().enumerate() {
            let Some(id) = id else { continue };
            let shown = match last {
                // Rows of one device come in runs.
                Some((known, shown)) if known == id => shown,
                _ => self.all.contains(id),
            };
            last = Some((id, shown));
            if shown {
                kept.push(u32::try_from(row).map_err(|e| DataFusionError::External(Box::new(e)))?);
            }
        }
        Ok(take_record_batch(batch, &UInt32Array::from(kept))?)
    }
}

/// Shows of a scan only rows of some devices. It has no children to a planner, so that no condition,
/// limit or order of the query can move below it and meet other rows, and so that counts of read rows
/// are counts of shown ones.
#[derive(Debug)]
pub(super) struct DevicesOnly {
    input: Arc<dyn ExecutionPlan>,
    devices: Arc<Devices>,
    /// Where the scan has the device's id.
    column: usize,
    /// How many of the scan's columns are asked for; one more may be there for the device's id.
    columns: usize,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl DevicesOnly {
    /// `input` has the columns of `schema` first.
    pub(super) fn new(
        input: Arc<dyn ExecutionPlan>,
        devices: Arc<Devices>,
        schema: SchemaRef,
    ) -> Result<Self> {
        let column = input.schema().index_of(DEVICE)?;
        let partitions = input.properties().output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let (columns, metrics) = (schema.fields().len(), ExecutionPlanMetricsSet::new());
        Ok(Self { input, devices, column, columns, schema, properties: Arc::new(properties), metrics })
    }
}

impl DisplayAs for DevicesOnly {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DevicesOnly: {} devices", self.devices.sorted.len())
    }
}

impl ExecutionPlan for DevicesOnly {
    fn name(&self) -> &'static str {
        "DevicesOnly"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (devices, column, columns) = (Arc::clone(&self.devices), self.column, self.columns);
        let (schema, metrics) = (Arc::clone(&self.schema), BaselineMetrics::new(&self.metrics, partition));
        let shown = self.input.execute(partition, context)?.map(move |batch| {
            let batch = batch?;
            let _busy = metrics.elapsed_compute().timer();
            let kept = devices.keep(&batch, column)?;
            metrics.record_output(kept.num_rows());
            let asked: Vec<usize> = (0..columns).collect();
            Ok(kept.project(&asked)?.with_schema(Arc::clone(&schema))?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), shown)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
