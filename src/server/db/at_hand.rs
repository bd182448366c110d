//! A pool that keeps a few connections at hand between two queries. sqlx asks each connection for a sign of life when it
//! goes back (`return_to_pool`), in a task of its own: on PostgreSQL a second way there and back for every query, and on
//! SQLite, where a connection is a thread, two more thread changes. Here that happens once a second.

use sqlx::{Database, Error, Pool, Transaction, pool::PoolConnection};
use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a connection stays out of sqlx's pool, and so without a sign of life.
const AT_HAND: Duration = Duration::from_secs(1);

/// The pool. Cheap to clone.
#[derive(Debug)]
pub struct AtHand<D: Database> {
    pool: Pool<D>,
    kept: Arc<Mutex<Vec<Taken<D>>>>,
    at_most: usize,
}

/// A connection for one query. Dropped, it goes back to sqlx, which tests it: the way of one whose query failed, or was
/// given up half-way. After a success it may be [kept](AtHand::keep).
#[derive(Debug)]
pub struct Taken<D: Database> {
    connection: PoolConnection<D>,
    since: Instant,
}

impl<D: Database> AtHand<D> {
    /// `others`: how many connections are never kept, for those who ask `pool` itself.
    pub fn new(pool: Pool<D>, others: u32) -> Self {
        let at_most = pool.options().get_max_connections().saturating_sub(others) as usize;
        Self { pool, kept: Arc::default(), at_most }
    }

    /// A connection, at hand or from the pool.
    pub async fn take(&self) -> Result<Taken<D>, Error> {
        match self.pop() {
            Some(taken) => Ok(taken),
            // Boxed: it holds all that connecting may take, some 15 KB, which every query would move about.
            None => Ok(Taken { connection: Box::pin(self.pool.acquire()).await?, since: Instant::now() }),
        }
    }

    /// Begins a transaction. Where the pool has no connection left, one that is at hand goes back to it.
    pub async fn begin(&self) -> Result<Transaction<'static, D>, Error> {
        if !self.pool_has_more() {
            drop(self.pop());
        }
        self.pool.begin().await
    }

    /// Keeps a connection at hand whose query succeeded.
    pub fn keep(&self, taken: Taken<D>) {
        // With none left in the pool somebody may be waiting there, and is woken only by what goes back to it.
        let spare = self.pool_has_more();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if spare && kept.len() < self.at_most && taken.since.elapsed() < AT_HAND && !self.pool.is_closed() {
            kept.push(taken);
        }
    }

    /// Waits for the connections in use, then closes all of them.
    pub async fn close(&self) {
        let closed = self.pool.close();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
        closed.await;
    }

    fn pool_has_more(&self) -> bool {
        self.pool.num_idle() > 0 || self.pool.size() < self.pool.options().get_max_connections()
    }

    fn pop(&self) -> Option<Taken<D>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|taken| taken.since.elapsed() < AT_HAND);
        kept.pop()
    }

    /// How many connections wait at hand.
    pub fn at_hand(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

// Not derived: that would ask the engine to be `Clone`.
impl<D: Database> Clone for AtHand<D> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), kept: self.kept.clone(), at_most: self.at_most }
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
        &self.connection
    }
}

impl<D: Database> DerefMut for Taken<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        &mut self.connection
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
        let old = Taken { since: Instant::now() - AT_HAND, ..pool.take().await.unwrap() };
        pool.keep(old);
        assert_eq!(pool.at_hand(), 0);
        query(&pool).await;
        pool.kept.lock().unwrap()[0].since -= AT_HAND;
        let taken = pool.take().await.unwrap();
        assert!(taken.since.elapsed() < AT_HAND, "not the one that was kept too long");
    }

    #[tokio::test]
    async fn what_is_kept_keeps_nobody_waiting() {
        let pool = pool(2, 0).await;
        let (one, two) = (pool.take().await.unwrap(), pool.take().await.unwrap());
        let waits = tokio::spawn({
            let pool = pool.clone();
            async move { pool.acquire().await.map(drop) }
        });
        // The pool has no more: whoever waits there is woken by this one, which is therefore not kept.
        pool.keep(one);
        assert_eq!(pool.at_hand(), 0);
        waits.await.unwrap().unwrap();
        drop(two);
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
        let pool = pool(2, 2).await;
        query(&pool).await;
        assert_eq!(pool.at_hand(), 0);
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
