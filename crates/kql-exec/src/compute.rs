//! Threads on which one query computes.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};

use crate::error::ExecError;

/// Most threads that one query computes on.
const MAX_THREADS: usize = 8;
/// Threads of one query that read files.
const FILE_THREADS: usize = 8;
/// Plans nest deeply, and their visitors recurse; bytes.
const STACK: usize = 8 << 20;

/// A runtime of one query. Some operators compute for minutes without giving way (a join whose filter
/// lets nothing through), so nothing else may depend on these threads. Dropping it drops the
/// query's tasks where they next give way, and does not wait for them.
pub(crate) struct Compute(Option<Runtime>);

impl Compute {
    pub fn start(partitions: usize) -> Result<Self, ExecError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(partitions.clamp(1, MAX_THREADS))
            .max_blocking_threads(FILE_THREADS)
            .thread_stack_size(STACK)
            .thread_name("query")
            .enable_all()
            .build()
            .map_err(|e| ExecError::Internal(format!("no threads for the query: {e}")))?;
        Ok(Self(Some(runtime)))
    }

    /// Runs a future on these threads.
    pub async fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ExecError> {
        let Some(runtime) = &self.0 else {
            return Err(ExecError::Internal("the query's threads have ended".to_owned()));
        };
        runtime.spawn(future).await.map_err(|e| ExecError::Internal(e.to_string()))
    }

    /// Lets a future go on by itself.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            runtime.spawn(future);
        }
    }
}

impl Drop for Compute {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
