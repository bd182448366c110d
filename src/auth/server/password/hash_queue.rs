//! The queue for password hashing: at most [`permits`] hashes at once, a short queue, and 503 if that is full. So a
//! flood of log-ins can't overload the machine. Called by `hasher`; `client_shares` limits each client's part.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use crate::{error::AppError, server::metrics};

/// How many requests can wait for a permit, and how many of one client can wait for its share.
pub const QUEUE: usize = 32;
/// How long a request waits.
pub const WAIT: Duration = Duration::from_secs(2);

/// The queue. Cheap to clone.
#[derive(Clone)]
pub struct HashQueue {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// Returns how many hashes are computed at once: one less than the number of cores, which leaves one for pages.
pub fn permits() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    cores.saturating_sub(1).max(1)
}

impl Default for HashQueue {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(permits())), waiting: Arc::default() }
    }
}

impl HashQueue {
    /// Returns how many requests wait for a permit.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Waits for a permit to hash. Returns [`AppError::Busy`] if the queue is full, or after a timeout.
    pub async fn permit(&self) -> Result<OwnedSemaphorePermit, AppError> {
        let _place = Place::take(&self.waiting, QUEUE)?;
        let began = Instant::now();
        let permit = tokio::time::timeout(WAIT, self.permits.clone().acquire_owned()).await;
        metrics::waited_for_hash(began.elapsed());
        match permit {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(AppError::Busy),
        }
    }

    /// Runs `work` on a blocking thread. Holds the permit until the work is done, even if the request is dropped.
    pub async fn run<T: Send + 'static>(
        &self,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AppError> {
        let task = spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        // Without the error, which contains the message of a panic.
        task.await.map_err(|_| {
            tracing::error!("the password pool lost a task");
            AppError::Internal
        })
    }
}

/// A place in the queue. Dropping it frees the place, also if the client disconnects.
pub struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    /// Takes one of `queue` places, or returns [`AppError::Busy`].
    pub fn take(waiting: &'a AtomicUsize, queue: usize) -> Result<Self, AppError> {
        let place = Self(waiting);
        match waiting.fetch_add(1, Ordering::Relaxed) {
            before if before < queue => Ok(place),
            _ => Err(AppError::Busy),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let queue = HashQueue::default();
        let all = u32::try_from(queue.permits.available_permits()).unwrap();
        let taken = queue.permits.clone().acquire_many_owned(all).await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..QUEUE {
            let queue = queue.clone();
            waiting.spawn(async move { queue.permit().await.map(drop) });
        }
        while queue.waiting() < QUEUE {
            tokio::task::yield_now().await;
        }
        assert_eq!(queue.permit().await.err(), Some(AppError::Busy), "one too many");
        waiting.abort_all();
        while waiting.join_next().await.is_some() {}
        assert_eq!(queue.waiting(), 0, "who goes away gives the place back");
        drop(taken);
        assert!(queue.permit().await.is_ok());
    }
}
