//! The queue before the password hasher: at most [`permits`] hashes at once, a short queue before them, and a 503 behind
//! that. A flood of log-ins fills this queue, not the machine. Called by `password`; `lanes` bounds each client's part.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{error::AppError, server::metrics};

/// How many requests may wait for a permit, and of one client before that for its share.
pub(super) const QUEUE: usize = 32;
/// From so many on it is a flood.
const FLOOD: usize = QUEUE / 2;
/// How long one may wait.
pub(super) const WAIT: Duration = Duration::from_secs(2);
/// By how much a hash steps back for other threads (nice(2)): about a tenth of the processor where both want it.
const NICE: i32 = 10;
/// A hash starved if it took so many times as long as it ran.
const STARVED: u32 = 4;

/// The queue. Cheap to clone.
#[derive(Clone)]
pub(super) struct HashQueue {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// Whether the last hash hardly got at a processor.
    starved: Arc<AtomicBool>,
}

/// How many hashes are made at once: one less than there are cores, so that pages keep one.
pub fn permits() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    cores.saturating_sub(1).max(1)
}

impl HashQueue {
    pub(super) fn new() -> Self {
        let (waiting, starved) = Default::default();
        Self { permits: Arc::new(Semaphore::new(permits())), waiting, starved }
    }

    /// How many requests wait for a permit.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A turn to hash. Whoever holds it keeps the others waiting.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit, AppError> {
        let _place = Place::take(&self.waiting, QUEUE)?;
        let began = Instant::now();
        let permit = tokio::time::timeout(WAIT, self.permits.clone().acquire_owned()).await;
        metrics::waited_for_hash(began.elapsed());
        match permit {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(AppError::Busy),
        }
    }

    /// Runs `work` on a thread of its own, which steps back for those that serve pages. The permit goes along, so that it
    /// stays taken until the work is over, even when the request that asked for it is gone.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AppError> {
        let (done, outcome) = oneshot::channel();
        let starved = self.starved.clone();
        let flood = self.waiting() >= FLOOD;
        // A new thread for each: next to a hash that costs nothing, and a thread that has stepped back cannot step forward.
        let thread = std::thread::Builder::new().name("password".into()).spawn(move || {
            let _permit = permit;
            step_back(flood && !starved.load(Ordering::Relaxed));
            let began = Instant::now();
            let result = work();
            starved.store(began.elapsed() > STARVED * ran(), Ordering::Relaxed);
            // Nobody waits any more: then the outcome is of no use.
            let _ = done.send(result);
        });
        if let Err(error) = thread {
            tracing::error!(%error, "no thread for a password");
            return Err(AppError::Busy);
        }
        outcome.await.map_err(|_| {
            tracing::error!("the password pool lost a task");
            AppError::Internal
        })
    }
}

/// A place in the queue, given back however the wait ends (a client may go away at any time).
pub(super) struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    /// Takes one of `queue` places, or answers that there is none.
    pub(super) fn take(waiting: &'a AtomicUsize, queue: usize) -> Result<Self, AppError> {
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

/// Lets other threads have the processor before this one: nine tenths of it, or in a flood of log-ins all of it. A thread
/// that is merely nice may finish its turn when somebody comes for a page, which takes up to four milliseconds; one that
/// runs only where no other wants to (`SCHED_IDLE`, sched(7)) makes way at once. But where others never leave the processor
/// alone it is never done, so after a hash that starved the next is nice again.
fn step_back(altogether: bool) {
    if !altogether || !run_only_where_idle() {
        // On Linux a thread has a niceness of its own. Where it is refused, a flood only slows pages more.
        let _ = rustix::process::setpriority_process(None, NICE);
    }
}

#[cfg(target_os = "linux")]
fn run_only_where_idle() -> bool {
    use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let thread = thread_priority::thread_native_id();
    thread_priority::set_thread_priority_and_policy(thread, ThreadPriority::Min, policy).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn run_only_where_idle() -> bool {
    false
}

/// For how long this thread has had a processor since it began.
fn ran() -> Duration {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_hash_is_nice_and_in_a_flood_makes_way_altogether_unless_one_has_starved() {
        use thread_priority::{NormalThreadSchedulePolicy::*, ThreadSchedulePolicy::Normal};
        let queue = HashQueue::new();
        let run = async |work: fn()| {
            let permit = queue.permits.clone().acquire_owned().await.unwrap();
            let manners = move || {
                work();
                (thread_priority::thread_schedule_policy(), rustix::process::getpriority_process(None).unwrap())
            };
            queue.run(permit, manners).await.unwrap()
        };
        let starve = || {
            let began = Instant::now();
            while began.elapsed() <= 2 * STARVED * ran() {
                std::thread::park_timeout(Duration::from_millis(1));
            }
        };
        assert_eq!(run(|| {}).await, (Ok(Normal(Other)), NICE));
        queue.starved.store(false, Ordering::Relaxed);
        let mut places: Vec<_> = (1..FLOOD).map(|_| Place::take(&queue.waiting, QUEUE).unwrap()).collect();
        assert_eq!(run(|| {}).await, (Ok(Normal(Other)), NICE), "a few who wait are no flood");
        queue.starved.store(false, Ordering::Relaxed);
        places.push(Place::take(&queue.waiting, QUEUE).unwrap());
        assert_eq!(run(starve).await, (Ok(Normal(Idle)), 0));
        assert_eq!(run(starve).await, (Ok(Normal(Other)), NICE));
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_sent_away_at_once() {
        let queue = HashQueue::new();
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
