//! The queue before the password hasher: at most [`permits`] hashes at once, a short queue before them, and a 503 behind
//! that. A flood of log-ins fills this queue, not the machine. Called by `password`; `lanes` bounds each client's part.

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

/// How many requests may wait for a permit, and of one client before that for its share.
pub const QUEUE: usize = 32;
/// How long one may wait.
pub const WAIT: Duration = Duration::from_secs(2);

/// The queue. Cheap to clone.
#[derive(Clone)]
pub struct HashQueue {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// How many hashes are made at once: one less than there are cores, so that pages keep one.
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
    /// How many requests wait for a permit.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A turn to hash. Whoever holds it keeps the others waiting.
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

    /// Runs `work` outside of the async threads. The permit stays taken until the work is done, even if the request that
    /// asked for it is gone.
    pub async fn run<T: Send + 'static>(
        &self,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AppError> {
        let task = spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        // Without its error, which would quote a panic's message.
        task.await.map_err(|_| {
            tracing::error!("the password pool lost a task");
            AppError::Internal
        })
    }
}

/// A place in the queue, given back however the wait ends (a client may go away at any time).
pub struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    /// Takes one of `queue` places, or answers that there is none.
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
    async fn whoever_finds_the_queue_full_is_sent_away_at_once() {
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
