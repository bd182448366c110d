//! Reads by key that come at the same time, as one query. Whoever asks while such a query is under way waits for the next
//! one, which asks for all who came meanwhile: the busier the server, the less of a query each page costs. Nobody is ever
//! answered by a query that began before they asked.

use axum::http::Extensions;
use std::{
    array,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

use super::Db;
use crate::error::AppError;

/// Keys of one query, and places for them in its SQL: [`keys!`](crate::server::db::keys).
pub const KEYS: usize = 16;
/// A query that takes longer holds nobody up: whoever comes then is asked for by another one.
const SLOW: Duration = Duration::from_millis(50);

/// A row that is found by its key.
pub trait ByKey: Clone + Send + Sized + 'static {
    type Key: Copy + PartialEq + Send + 'static;

    fn key(&self) -> Self::Key;

    /// The rows of these keys, some of which may be the same.
    fn find_all(db: &Db, keys: [Self::Key; KEYS]) -> impl Future<Output = sqlx::Result<Vec<Self>>> + Send;
}

/// Who waits, for all kinds of rows.
#[derive(Default)]
pub struct Together(Mutex<Extensions>);

type Shared<R> = Arc<Mutex<Queue<R>>>;

/// Who waits for one kind.
struct Queue<R: ByKey> {
    waiting: Vec<Waiting<R>>,
    /// When the query began that they wait for; `None`: there is none.
    under_way: Option<Instant>,
}

struct Waiting<R: ByKey> {
    key: R::Key,
    answer: oneshot::Sender<Result<Option<R>, AppError>>,
}

impl Together {
    /// The row of `key`, read after this was called.
    pub async fn find<R: ByKey>(&self, db: &Db, key: R::Key) -> Result<Option<R>, AppError> {
        let queue: Shared<R> = lock(&self.0).get_or_insert_default::<Shared<R>>().clone();
        let (answer, found) = oneshot::channel();
        if lock(&queue).add(Waiting { key, answer }) {
            // A task of its own: the one who asked first may go away, the others still wait.
            tokio::spawn(work_off(db.clone(), queue));
        }
        found.await.unwrap_or(Err(AppError::Internal))
    }
}

/// Asks for whoever waits until nobody does.
async fn work_off<R: ByKey>(db: Db, queue: Shared<R>) {
    loop {
        // All tasks that are ready go first: whoever among them asks comes along, which under load doubles or trebles
        // those whom a query answers. At rest there are none, and nothing is waited for.
        tokio::task::yield_now().await;
        let asked = lock(&queue).take();
        let Some(last) = asked.last() else {
            return;
        };
        let keys = array::from_fn(|place| asked.get(place).unwrap_or(last).key);
        let rows = R::find_all(&db, keys).await.map_err(AppError::from);
        for Waiting { key, answer } in asked {
            let row = rows.as_ref().map(|rows| rows.iter().find(|row| row.key() == key).cloned());
            // Who went away meanwhile needs none.
            let _ = answer.send(row.map_err(Clone::clone));
        }
    }
}

impl<R: ByKey> Default for Queue<R> {
    fn default() -> Self {
        Self { waiting: Vec::new(), under_way: None }
    }
}

impl<R: ByKey> Queue<R> {
    /// Whether somebody has to set to work: no query is under way, or it is slow, or there are enough for another.
    fn add(&mut self, one: Waiting<R>) -> bool {
        self.waiting.push(one);
        let full = self.waiting.len().is_multiple_of(KEYS);
        let begin = full || self.under_way.is_none_or(|began| began.elapsed() >= SLOW);
        if begin {
            self.under_way = Some(Instant::now());
        }
        begin
    }

    /// Those that the next query is for.
    fn take(&mut self) -> Vec<Waiting<R>> {
        self.waiting.retain(|one| !one.answer.is_closed());
        let next: Vec<_> = self.waiting.drain(..self.waiting.len().min(KEYS)).collect();
        self.under_way = (!next.is_empty()).then(Instant::now);
        next
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics half-way, so a poisoned lock still guards a whole value.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Row;

    impl ByKey for Row {
        type Key = usize;

        fn key(&self) -> usize {
            0
        }

        async fn find_all(_: &Db, _: [usize; KEYS]) -> sqlx::Result<Vec<Self>> {
            Ok(vec![Row])
        }
    }

    fn waiting(key: usize) -> Waiting<Row> {
        let (answer, asker) = oneshot::channel();
        // The asker waits for ever.
        std::mem::forget(asker);
        Waiting { key, answer }
    }

    #[test]
    fn one_query_is_under_way_unless_it_is_slow_or_another_would_be_full() {
        let mut queue = Queue::default();
        assert!(queue.add(waiting(0)));
        assert_eq!(queue.take().len(), 1);
        // Begun at a time to come, it is not slow however long this thread has to wait for a processor.
        let fast = Some(Instant::now() + Duration::from_secs(3600));
        for key in 1..=3 * KEYS {
            queue.under_way = fast;
            assert_eq!(queue.add(waiting(key)), key % KEYS == 0, "{key}");
        }
        let now = Instant::now();
        queue.under_way = Some(now - SLOW);
        assert!(queue.add(waiting(3 * KEYS + 1)));
        assert!(queue.under_way >= Some(now), "that one has just begun");
        queue.under_way = fast;
        assert!(!queue.add(waiting(3 * KEYS + 2)));
    }

    #[test]
    fn a_query_takes_as_many_as_it_has_places_in_the_order_in_which_they_came() {
        let mut queue = Queue::default();
        (0..KEYS + 2).for_each(|key| {
            queue.add(waiting(key));
        });
        let keys = |taken: Vec<Waiting<Row>>| taken.iter().map(|one| one.key).collect::<Vec<_>>();
        assert_eq!(keys(queue.take()), (0..KEYS).collect::<Vec<_>>());
        assert_eq!(keys(queue.take()), [KEYS, KEYS + 1]);
        assert!(queue.under_way.is_some());
        assert!(queue.take().is_empty());
        assert!(queue.under_way.is_none() && queue.add(waiting(0)), "the next one sets to work");
    }
}
