//! A one-shot result that can be awaited on any runtime, or waited for without one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::{Condvar, Mutex};

use crate::{LogError, Result};

#[derive(Default)]
struct Slot {
    result: Option<Result<u64>>,
    waker: Option<Waker>,
}

#[derive(Default)]
struct Shared {
    slot: Mutex<Slot>,
    done: Condvar,
}

/// Resolves to the record's offset once it is durable. Dropping it does not take the record back.
#[must_use = "the record is acknowledged only when this resolves"]
pub struct Append(Arc<Shared>);

impl Append {
    /// Blocks this thread until the record is durable or refused.
    ///
    /// # Errors
    /// What the writer reports; see [`crate::LogWriter::append`].
    pub fn wait(self) -> Result<u64> {
        let mut slot = self.0.slot.lock();
        loop {
            if let Some(result) = slot.result.clone() {
                return result;
            }
            self.0.done.wait(&mut slot);
        }
    }
}

impl Future for Append {
    type Output = Result<u64>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.0.slot.lock();
        match &slot.result {
            Some(result) => Poll::Ready(result.clone()),
            None => {
                slot.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// The side that resolves; one that is dropped unresolved says `Closed`.
pub(crate) struct Resolver(Arc<Shared>);

impl Resolver {
    pub fn resolve(self, result: Result<u64>) {
        self.settle(result);
    }

    fn settle(&self, result: Result<u64>) {
        let waker = {
            let mut slot = self.0.slot.lock();
            if slot.result.is_some() {
                return;
            }
            slot.result = Some(result);
            slot.waker.take()
        };
        self.0.done.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.settle(Err(LogError::Closed));
    }
}

pub(crate) fn ticket() -> (Append, Resolver) {
    let shared = Arc::new(Shared::default());
    (Append(shared.clone()), Resolver(shared))
}

/// A future that is resolved already.
pub(crate) fn resolved(result: Result<u64>) -> Append {
    let (append, resolver) = ticket();
    resolver.resolve(result);
    append
}
