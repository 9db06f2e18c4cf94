//! A running query: batches, statistics, cancel.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use futures::{Future, Stream, StreamExt};
use palisade_kql::Schema;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::compute::Compute;
use crate::error::ExecError;
use crate::executor::{QueryContext, limit_of, millis, restamp};
use crate::memory::PeakPool;
use crate::value::arrow_schema;

/// Figures of a query; final once the stream has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueryStats {
    /// Rows that came out of the stored tables, after what the store could skip.
    pub rows_scanned: u64,
    /// Rows of the result so far.
    pub rows_returned: u64,
    /// The row cap cut the result off.
    pub truncated: bool,
    /// Time since the query began, in microseconds.
    pub wall_us: u64,
    /// Time that operators computed, over all partitions, in microseconds.
    pub cpu_us: u64,
    /// Most bytes of working memory that were reserved at one time.
    pub peak_memory: u64,
}

/// Cancels a query.
#[derive(Clone, Debug)]
pub struct CancelHandle(CancellationToken);

impl CancelHandle {
    /// Ends the query with [`ExecError::Cancelled`].
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// A query whose plan runs.
pub(crate) struct Begun {
    /// Names and types of the result.
    pub schema: Schema,
    pub stream: SendableRecordBatchStream,
    pub plans: Vec<Arc<dyn ExecutionPlan>>,
    /// Memory of kept stages.
    pub kept: MemoryReservation,
    pub pool: Arc<PeakPool>,
}

/// What comes over from the threads that compute; `None` is the good end, without which it broke off.
type Item = Option<Result<RecordBatch, ExecError>>;

/// Batches that may wait for the reader.
const WAITING: usize = 2;

/// The result of a query as it comes. Dropping it ends the query.
pub struct QueryStream {
    schema: Schema,
    arrow: SchemaRef,
    inner: Option<(mpsc::Receiver<Item>, Compute)>,
    plans: Vec<Arc<dyn ExecutionPlan>>,
    _kept: MemoryReservation,
    pool: Arc<PeakPool>,
    limit: usize,
    left: usize,
    returned: u64,
    truncated: bool,
    started: Instant,
    ended: Option<Instant>,
    deadline: Pin<Box<tokio::time::Sleep>>,
    limit_time: Duration,
    cancel: CancellationToken,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl QueryStream {
    pub(crate) fn new(begun: Begun, compute: Compute, context: QueryContext, started: Instant) -> Self {
        let left = context.deadline.saturating_sub(started.elapsed());
        let Begun { schema, mut stream, plans, kept, pool } = begun;
        let (send, receive) = mpsc::channel::<Item>(WAITING);
        compute.spawn(async move {
            while let Some(batch) = stream.next().await {
                if send.send(Some(batch.map_err(ExecError::from))).await.is_err() {
                    return;
                }
            }
            let _ = send.send(None).await;
        });
        Self {
            arrow: arrow_schema(&schema),
            schema,
            inner: Some((receive, compute)),
            plans,
            _kept: kept,
            pool,
            limit: context.memory_limit,
            left: context.row_cap,
            returned: 0,
            truncated: false,
            started,
            ended: None,
            deadline: Box::pin(tokio::time::sleep(left)),
            limit_time: context.deadline,
            cancelled: Box::pin(context.cancel.clone().cancelled_owned()),
            cancel: context.cancel,
        }
    }

    /// Names and types of the result.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The plans of all stages with what each part has done so far, for people who measure.
    pub fn explained(&self) -> String {
        let plans = self.plans.iter();
        plans.map(|p| DisplayableExecutionPlan::with_metrics(p.as_ref()).indent(true).to_string()).collect()
    }

    /// A handle that cancels this query.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle(self.cancel.clone())
    }

    /// The figures up to now.
    pub fn stats(&self) -> QueryStats {
        let mut stats = QueryStats {
            rows_returned: self.returned,
            truncated: self.truncated,
            peak_memory: u64::try_from(self.pool.peak()).unwrap_or(u64::MAX),
            ..QueryStats::default()
        };
        let wall = self.ended.unwrap_or_else(Instant::now).duration_since(self.started);
        stats.wall_us = u64::try_from(wall.as_micros()).unwrap_or(u64::MAX);
        let mut nanos = 0;
        for plan in &self.plans {
            measure(plan, &mut stats.rows_scanned, &mut nanos);
        }
        stats.cpu_us = nanos / 1000;
        stats
    }

    /// All remaining batches.
    ///
    /// # Errors
    /// The first error of the stream.
    pub async fn read_all(&mut self) -> Result<Vec<RecordBatch>, ExecError> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }

    fn end(&mut self) {
        self.inner = None;
        self.ended.get_or_insert_with(Instant::now);
    }
}

fn measure(plan: &Arc<dyn ExecutionPlan>, scanned: &mut u64, nanos: &mut u64) {
    let metrics = plan.metrics();
    if let Some(metrics) = &metrics {
        *nanos += u64::try_from(metrics.elapsed_compute().unwrap_or(0)).unwrap_or(0);
        if plan.children().is_empty() {
            *scanned += u64::try_from(metrics.output_rows().unwrap_or(0)).unwrap_or(0);
        }
    }
    // Rows that lie in memory are not counted by their source, but known.
    if plan.children().is_empty()
        && metrics.as_ref().and_then(MetricsSet::output_rows).is_none()
        && let Ok(statistics) = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new())
        && let Precision::Exact(rows) = statistics.num_rows
    {
        *scanned += u64::try_from(rows).unwrap_or(0);
    }
    for child in plan.children() {
        measure(child, scanned, nanos);
    }
}

impl Stream for QueryStream {
    type Item = Result<RecordBatch, ExecError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some((inner, _)) = this.inner.as_mut() else { return Poll::Ready(None) };
        if this.cancelled.as_mut().poll(context).is_ready() {
            this.end();
            return Poll::Ready(Some(Err(ExecError::Cancelled)));
        }
        if this.deadline.as_mut().poll(context).is_ready() {
            let error = ExecError::Timeout(millis(this.limit_time));
            this.end();
            return Poll::Ready(Some(Err(error)));
        }
        match ready!(inner.poll_recv(context)) {
            Some(None) => {
                this.end();
                Poll::Ready(None)
            }
            None => {
                this.end();
                let message = "the query broke off; its threads have ended".to_owned();
                Poll::Ready(Some(Err(ExecError::Internal(message))))
            }
            Some(Some(Err(error))) => {
                let error = limit_of(error, this.limit);
                this.end();
                Poll::Ready(Some(Err(error)))
            }
            Some(Some(Ok(batch))) => {
                let batch = if batch.num_rows() > this.left {
                    this.truncated = true;
                    batch.slice(0, this.left)
                } else {
                    batch
                };
                this.left -= batch.num_rows();
                this.returned += u64::try_from(batch.num_rows()).unwrap_or(0);
                let stamped = restamp(batch, &this.arrow);
                if this.truncated || stamped.is_err() {
                    this.end();
                }
                Poll::Ready(Some(stamped))
            }
        }
    }
}
