//! Tables that are views, read through the connection: the worker has no right to the state that they
//! are made of, and gets what the caller may see and nothing else.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions,
};
use palisade_api::{Only, QueryFailure, ViewScan};
use palisade_kql_exec::SourceError;
use palisade_schema::{TableKind, TableSpec};
use parking_lot::Mutex;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::oneshot;

use crate::query_link::{self, Broken, NamedFile, Open, OpenFile};

/// The sending half of the connection; frames of an answer and of scans go out one by one.
pub(super) type Out = tokio::sync::Mutex<OwnedWriteHalf>;

/// What the client said to a scan: a frame's kind, and its body behind the scan's number.
pub(super) type Said = (u8, Vec<u8>);

/// The views that lie with the client.
pub(super) struct Link {
    out: Arc<Out>,
    waiting: Mutex<HashMap<u32, oneshot::Sender<Said>>>,
    next: AtomicU32,
}

impl Link {
    pub(super) fn new(out: Arc<Out>) -> Arc<Self> {
        Arc::new(Self { out, waiting: Mutex::default(), next: AtomicU32::new(0) })
    }

    /// Hands a frame of the client to the scan that waits for it.
    pub(super) fn deliver(&self, kind: u8, body: &[u8]) -> io::Result<()> {
        let (scan, rest) = match kind {
            b'X' => {
                let broken: Broken = serde_json::from_slice(body)?;
                (broken.scan, serde_json::to_vec(&broken.failure)?)
            }
            _ => (query_link::scan_number(body)?, body.get(4..).unwrap_or_default().to_vec()),
        };
        // A scan that nobody wants any more is let go.
        if let Some(waiting) = self.waiting.lock().remove(&scan) {
            let _ = waiting.send((kind, rest));
        }
        Ok(())
    }

    /// The table of that name, if it is a view.
    pub(super) fn table(self: &Arc<Self>, name: &str) -> io::Result<Option<Arc<dyn TableProvider>>> {
        let Some(spec) = palisade_schema::table(name).filter(|t| t.kind == TableKind::View) else {
            return Ok(None);
        };
        let columns: Vec<String> = spec.columns.iter().map(|c| c.name.clone()).collect();
        let schema = query_link::view_schema(spec, &columns)?;
        Ok(Some(Arc::new(View { link: Arc::clone(self), spec, schema })))
    }

    async fn send(&self, kind: u8, body: &[u8]) -> Result<(), SourceError> {
        let mut out = self.out.lock().await;
        query_link::send(&mut *out, kind, body).await.map_err(|e| SourceError::Data(e.to_string()))
    }

    /// Begins to read a file; its number.
    pub(super) async fn open_file(&self, file: NamedFile, max_bytes: u64) -> Result<u32, SourceError> {
        let scan = self.next.fetch_add(1, Ordering::Relaxed);
        let open = OpenFile { scan, file, max_bytes };
        let body = serde_json::to_vec(&open).map_err(|e| SourceError::Data(e.to_string()))?;
        self.send(b'F', &body).await?;
        Ok(scan)
    }

    async fn open(&self, what: ViewScan) -> Result<u32, SourceError> {
        let scan = self.next.fetch_add(1, Ordering::Relaxed);
        let body = serde_json::to_vec(&Open { scan, what }).map_err(|e| SourceError::Data(e.to_string()))?;
        self.send(b'O', &body).await?;
        Ok(scan)
    }

    pub(super) async fn ask(&self, scan: u32) -> Result<oneshot::Receiver<Said>, SourceError> {
        let (send, receive) = oneshot::channel();
        self.waiting.lock().insert(scan, send);
        self.send(b'N', &scan.to_le_bytes()).await?;
        Ok(receive)
    }
}

/// Why a scan broke off, in the executor's words.
fn broken(body: &[u8]) -> SourceError {
    match serde_json::from_slice::<QueryFailure>(body) {
        Ok(f) if f.code == "query_limit" => SourceError::Limit(f.message),
        Ok(f) => SourceError::Data(format!("{}: {}", f.code, f.message)),
        Err(e) => SourceError::Data(e.to_string()),
    }
}

/// A table that lies with the client.
struct View {
    link: Arc<Link>,
    spec: &'static TableSpec,
    schema: SchemaRef,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("table", &self.spec.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for View {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(places) => Arc::new(self.schema.project(places)?),
            None => Arc::clone(&self.schema),
        };
        let what = ViewScan {
            table: self.spec.name.clone(),
            columns: schema.fields().iter().map(|f| f.name().clone()).collect(),
            only: filters.iter().flat_map(conditions).collect(),
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let metrics = ExecutionPlanMetricsSet::new();
        Ok(Arc::new(ViewExec {
            link: Arc::clone(&self.link),
            what,
            schema,
            properties: Arc::new(properties),
            metrics,
        }))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // The client leaves out what it easily can; rows are filtered above the scan.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// The parts of a condition that say which texts a column may have.
fn conditions(filter: &Expr) -> Vec<Only> {
    match filter {
        Expr::BinaryExpr(e) if e.op == Operator::And => {
            [&e.left, &e.right].into_iter().flat_map(|side| conditions(side)).collect()
        }
        other => one_of(other).into_iter().collect(),
    }
}

/// A column that is one of some texts: `==`, `in`, and an `or` of these.
fn one_of(expr: &Expr) -> Option<Only> {
    match expr {
        Expr::BinaryExpr(e) if e.op == Operator::Eq => match (&*e.left, &*e.right) {
            (Expr::Column(c), Expr::Literal(text, _)) | (Expr::Literal(text, _), Expr::Column(c)) => {
                Some(Only { column: c.name.clone(), texts: vec![text_of(text)?] })
            }
            _ => None,
        },
        Expr::BinaryExpr(e) if e.op == Operator::Or => {
            let (mut left, right) = (one_of(&e.left)?, one_of(&e.right)?);
            left.texts.extend(right.texts);
            (left.column == right.column).then_some(left)
        }
        Expr::InList(list) if !list.negated => {
            let Expr::Column(c) = &*list.expr else { return None };
            let text = |e: &Expr| match e {
                Expr::Literal(text, _) => text_of(text),
                _ => None,
            };
            let texts = list.list.iter().map(text).collect::<Option<Vec<_>>>()?;
            Some(Only { column: c.name.clone(), texts })
        }
        _ => None,
    }
}

fn text_of(value: &ScalarValue) -> Option<String> {
    value.try_as_str().flatten().map(str::to_owned)
}

/// Reads a view a batch at a time.
struct ViewExec {
    link: Arc<Link>,
    what: ViewScan,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl fmt::Debug for ViewExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewExec").field("what", &self.what).finish_non_exhaustive()
    }
}

impl DisplayAs for ViewExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let only: Vec<&str> = self.what.only.iter().map(|o| o.column.as_str()).collect();
        write!(f, "ViewExec: {}, conditions on {only:?}", self.what.table)
    }
}

/// A scan on its way.
enum Reading {
    Closed,
    Waiting(u32, oneshot::Receiver<Said>),
    Over,
}

impl ExecutionPlan for ViewExec {
    fn name(&self) -> &'static str {
        "ViewExec"
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

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (link, what, schema) = (Arc::clone(&self.link), self.what.clone(), Arc::clone(&self.schema));
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let start = (Reading::Closed, link, what, schema, metrics);
        let batches =
            futures::stream::try_unfold(start, |(reading, link, what, schema, metrics)| async move {
                let external = |e: SourceError| DataFusionError::External(Box::new(e));
                let (scan, answer) = match reading {
                    Reading::Over => return Ok(None),
                    Reading::Waiting(scan, answer) => (scan, answer),
                    Reading::Closed => {
                        let scan = link.open(what.clone()).await.map_err(external)?;
                        (scan, link.ask(scan).await.map_err(external)?)
                    }
                };
                let gone = |_| external(SourceError::Data("the connection has ended".into()));
                match answer.await.map_err(gone)? {
                    (b'B', body) => {
                        // The next batch is made while this one is worked on.
                        let next = Reading::Waiting(scan, link.ask(scan).await.map_err(external)?);
                        let bad = |e: io::Error| external(SourceError::Data(e.to_string()));
                        let batch = query_link::decode_rows(&schema, &body).map_err(bad)?;
                        metrics.record_output(batch.num_rows());
                        Ok(Some((batch, (next, link, what, schema, metrics))))
                    }
                    (b'Z', _) => Ok(None),
                    (_, body) => {
                        let failed: Result<_, DataFusionError> = Err(external(broken(&body)));
                        failed.map(|batch| Some((batch, (Reading::Over, link, what, schema, metrics))))
                    }
                }
            });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{ident as col, lit};

    use super::*;

    fn only(column: &str, texts: &[&str]) -> Only {
        Only { column: column.to_owned(), texts: texts.iter().map(|t| (*t).to_owned()).collect() }
    }

    #[test]
    fn what_a_condition_says_of_texts_is_read_off() {
        let label = || col("EdgeLabel");
        for (filter, said) in [
            (label().eq(lit("contains")), vec![only("EdgeLabel", &["contains"])]),
            (lit("contains").eq(label()), vec![only("EdgeLabel", &["contains"])]),
            (label().in_list(vec![lit("a"), lit("b")], false), vec![only("EdgeLabel", &["a", "b"])]),
            (label().eq(lit("a")).or(label().eq(lit("b"))), vec![only("EdgeLabel", &["a", "b"])]),
            (
                label().eq(lit("a")).and(col("SourceNodeName").eq(lit("x")).and(col("n").gt(lit(1)))),
                vec![only("EdgeLabel", &["a"]), only("SourceNodeName", &["x"])],
            ),
            (label().in_list(vec![lit("a")], true), vec![]),
            (label().not_eq(lit("a")), vec![]),
            (label().eq(lit("a")).or(col("SourceNodeName").eq(lit("b"))), vec![]),
            (label().eq(lit("a")).or(label().gt(lit("b"))), vec![]),
            (label().in_list(vec![lit("a"), col("x")], false), vec![]),
            (label().eq(col("SourceNodeName")), vec![]),
        ] {
            assert_eq!(conditions(&filter), said, "{filter}");
        }
    }
}
