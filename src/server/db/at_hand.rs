//! A pool that keeps a few connections at hand between two queries. sqlx asks each connection for a sign of life when it
//! goes back (`return_to_pool`), in a task of its own: on PostgreSQL a second way there and back for every query, and on
//! SQLite, where a connection is a thread, two more thread changes. Here that happens once a second. Queries that find
//! all connections in use wait here, and not in sqlx's pool, so that a full house is no reason to give any back.

use sqlx::{Database, Error, Pool, Transaction, pool::PoolConnection};
use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::server::metrics;

/// How long a connection stays out of sqlx's pool, and so without a sign of life.
const AT_HAND: Duration = Duration::from_secs(1);

/// The pool. Cheap to clone.
#[derive(Debug)]
pub struct AtHand<D: Database> {
    pool: Pool<D>,
    /// A permit for each query under way. Whoever waits, waits here: in sqlx's pool only what goes back there wakes.
    turns: Arc<Semaphore>,
    shelf: Arc<Mutex<Shelf<D>>>,
}

#[derive(Debug)]
struct Shelf<D: Database> {
    kept: Vec<Kept<D>>,
    /// How many wait in sqlx's pool, which may be because of what is kept here.
    waiting: usize,
}

#[derive(Debug)]
struct Kept<D: Database> {
    connection: PoolConnection<D>,
    since: Instant,
}

/// A connection for one query. Dropped, it goes back to sqlx, which tests it: the way of one whose query failed, or was
/// given up half-way. After a success it may be [kept](AtHand::keep).
#[derive(Debug)]
pub struct Taken<D: Database> {
    connection: Kept<D>,
    _turn: OwnedSemaphorePermit,
}

impl<D: Database> AtHand<D> {
    /// `others`: how many connections are never kept, for those who ask `pool` itself.
    pub fn new(pool: Pool<D>, others: u32) -> Self {
        let at_most = pool.options().get_max_connections().saturating_sub(others).max(1);
        let shelf = Shelf { kept: Vec::new(), waiting: 0 };
        Self { pool, turns: Arc::new(Semaphore::new(at_most as usize)), shelf: Arc::new(Mutex::new(shelf)) }
    }

    /// A connection, at hand or from the pool.
    pub async fn take(&self) -> Result<Taken<D>, Error> {
        let turn = match self.turns.clone().try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => self.wait_for_turn().await?,
        };
        let kept = self.shelf().pop();
        let connection = match kept {
            Some(kept) => kept,
            // Boxed: it holds all that connecting may take, some 15 KB, which every query would move about.
            None => Box::pin(self.acquire()).await?,
        };
        Ok(Taken { connection, _turn: turn })
    }

    async fn wait_for_turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        let began = Instant::now();
        let turn = timeout(self.pool.options().get_acquire_timeout(), self.turns.clone().acquire_owned()).await;
        metrics::waited_for_database(began.elapsed());
        turn.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)
    }

    async fn acquire(&self) -> Result<Kept<D>, Error> {
        let _waiting = Waiting::new(self);
        Ok(Kept { connection: self.pool.acquire().await?, since: Instant::now() })
    }

    /// Begins a transaction. Where the pool has no connection left, one that is at hand goes back to it.
    pub async fn begin(&self) -> Result<Transaction<'static, D>, Error> {
        let _waiting = Waiting::new(self);
        if !self.pool_has_more() {
            let spare = self.shelf().pop();
            drop(spare);
        }
        self.pool.begin().await
    }

    /// Keeps a connection at hand whose query succeeded.
    pub fn keep(&self, taken: Taken<D>) {
        let Taken { connection, _turn } = taken;
        let mut shelf = self.shelf();
        let wanted = shelf.waiting > 0 && !self.pool_has_more();
        if !wanted && connection.since.elapsed() < AT_HAND && !self.pool.is_closed() {
            shelf.kept.push(connection);
        }
    }

    /// Waits for the connections in use, then closes all of them.
    pub async fn close(&self) {
        let closed = self.pool.close();
        self.shelf().kept.clear();
        closed.await;
    }

    fn pool_has_more(&self) -> bool {
        self.pool.num_idle() > 0 || self.pool.size() < self.pool.options().get_max_connections()
    }

    /// How many connections wait at hand.
    pub fn at_hand(&self) -> usize {
        self.shelf().kept.len()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<D>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Database> Shelf<D> {
    fn pop(&mut self) -> Option<Kept<D>> {
        self.kept.retain(|kept| kept.since.elapsed() < AT_HAND);
        self.kept.pop()
    }
}

/// Somebody who waits in sqlx's pool, while this lives.
struct Waiting<'a, D: Database>(&'a AtHand<D>);

impl<'a, D: Database> Waiting<'a, D> {
    fn new(pool: &'a AtHand<D>) -> Self {
        pool.shelf().waiting += 1;
        Self(pool)
    }
}

impl<D: Database> Drop for Waiting<'_, D> {
    fn drop(&mut self) {
        self.0.shelf().waiting -= 1;
    }
}

// Not derived: that would ask the engine to be `Clone`.
impl<D: Database> Clone for AtHand<D> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), turns: self.turns.clone(), shelf: self.shelf.clone() }
    }
}

/// For whatever takes its connection from the pool itself.
impl<D: Database> Deref for AtHand<D> {
    type Target = Pool<D>;

    fn deref(&self) -> &Pool<D> {
        &self.pool
    }
}

impl<D: Database> Deref for Taken<D> {
    type Target = D::Connection;

    fn deref(&self) -> &D::Connection {
        &self.connection.connection
    }
}

impl<D: Database> DerefMut for Taken<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        &mut self.connection.connection
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Sqlite, sqlite::SqlitePoolOptions};

    async fn pool(most: u32, others: u32) -> AtHand<Sqlite> {
        let pool = SqlitePoolOptions::new().max_connections(most).connect("sqlite::memory:").await.unwrap();
        AtHand::new(pool, others)
    }

    async fn query(pool: &AtHand<Sqlite>) {
        let mut taken = pool.take().await.unwrap();
        sqlx::query("select 1").execute(&mut *taken).await.unwrap();
        pool.keep(taken);
    }

    #[tokio::test]
    async fn a_connection_serves_one_query_after_another_without_going_back() {
        let pool = pool(2, 0).await;
        for _ in 0..5 {
            query(&pool).await;
            assert_eq!((pool.at_hand(), pool.size()), (1, 1));
        }
    }

    #[tokio::test]
    async fn a_connection_goes_back_when_its_query_failed_or_its_time_is_up() {
        // More than are on their way back at any time.
        let pool = pool(5, 0).await;
        drop(pool.take().await.unwrap());
        assert_eq!(pool.at_hand(), 0);
        let mut old = pool.take().await.unwrap();
        old.connection.since -= AT_HAND;
        pool.keep(old);
        assert_eq!(pool.at_hand(), 0);
        query(&pool).await;
        pool.shelf().kept[0].since -= AT_HAND;
        let taken = pool.take().await.unwrap();
        assert!(taken.connection.since.elapsed() < AT_HAND, "not the one that was kept too long");
    }

    #[tokio::test]
    async fn queries_take_turns_and_none_of_their_connections_goes_back() {
        let pool = pool(2, 0).await;
        let (one, two) = (pool.take().await.unwrap(), pool.take().await.unwrap());
        let mut third = std::pin::pin!(pool.take());
        assert!(futures_util::poll!(&mut third).is_pending());
        pool.keep(one);
        assert_eq!(pool.at_hand(), 1);
        let third = third.await.unwrap();
        pool.keep(two);
        pool.keep(third);
        assert_eq!((pool.at_hand(), pool.size(), pool.num_idle()), (2, 2, 0));
    }

    #[tokio::test]
    async fn a_query_that_is_never_given_its_turn_fails() {
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(1));
        let pool: AtHand<Sqlite> = AtHand::new(pool.connect("sqlite::memory:").await.unwrap(), 0);
        let taken = pool.take().await.unwrap();
        assert!(matches!(pool.take().await, Err(Error::PoolTimedOut)));
        pool.keep(taken);
        pool.take().await.unwrap();
    }

    #[tokio::test]
    async fn a_transaction_that_waits_is_given_the_next_connection() {
        let pool = pool(2, 0).await;
        let (one, two) = (pool.take().await.unwrap(), pool.take().await.unwrap());
        let mut begins = std::pin::pin!(pool.begin());
        assert!(futures_util::poll!(&mut begins).is_pending());
        // It waits in sqlx's pool, where only what goes back wakes it: this one, which is therefore not kept.
        pool.keep(one);
        assert_eq!(pool.at_hand(), 0);
        begins.await.unwrap().rollback().await.unwrap();
        assert_eq!(pool.shelf().waiting, 0);
        pool.keep(two);
        assert_eq!(pool.at_hand(), 1);
    }

    #[tokio::test]
    async fn a_transaction_that_is_given_up_waits_no_longer() {
        let pool = pool(1, 0).await;
        let taken = pool.take().await.unwrap();
        {
            let mut begins = std::pin::pin!(pool.begin());
            assert!(futures_util::poll!(&mut begins).is_pending());
            assert_eq!(pool.shelf().waiting, 1);
        }
        pool.keep(taken);
        assert_eq!(pool.shelf().waiting, 0);
        assert_eq!(pool.at_hand(), 1);
    }

    #[tokio::test]
    async fn a_transaction_begins_although_all_that_is_left_is_at_hand() {
        let pool = pool(2, 0).await;
        query(&pool).await;
        let _held = pool.acquire().await.unwrap();
        assert!(pool.at_hand() == 1 && !pool.pool_has_more());
        pool.begin().await.unwrap().rollback().await.unwrap();
    }

    #[tokio::test]
    async fn some_are_never_kept() {
        let pool = pool(3, 2).await;
        let taken = pool.take().await.unwrap();
        assert!(futures_util::poll!(std::pin::pin!(pool.take())).is_pending());
        pool.keep(taken);
        assert_eq!(pool.at_hand(), 1);
    }

    #[tokio::test]
    async fn it_closes_with_connections_at_hand_and_keeps_none_after() {
        let pool = pool(2, 0).await;
        query(&pool).await;
        let taken = pool.take().await.unwrap();
        let closed = tokio::spawn({
            let pool = pool.clone();
            async move { pool.close().await }
        });
        pool.close_event().await;
        pool.keep(taken);
        closed.await.unwrap();
        assert_eq!((pool.at_hand(), pool.size()), (0, 0));
        assert!(pool.take().await.is_err());
    }
}
