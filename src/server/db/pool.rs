//! Hides that there are two engines. A store writes its SQL once, with `$1` placeholders, and runs it through
//! [`read!`], [`write!`](crate::server::db::pool::write) or [`within!`], which compile the query for both.

use chrono::{DateTime, SubsecRound, Utc};
use sqlx::{
    Connection, Database, PgPool, Pool, Postgres, Sqlite, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    fs::File,
    str::FromStr,
    time::{Duration, Instant},
};

use super::sqlite::{self, SqliteDb, WAIT};
use crate::server::{config, metrics};

/// A PostgreSQL connection that was idle for this long is pinged before use.
const QUIET: Duration = Duration::from_secs(1);

/// The database, on either engine. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite(SqliteDb),
    Postgres(PgPool),
}

/// A write transaction, on either engine. Dropping it without [`Tx::commit`] rolls it back.
pub enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs a query that only reads: `read!(db, |c| sqlx::query_as(SQL).bind(id).fetch_optional(c).await)`.
macro_rules! read {
    ($db:expr, |$conn:ident| $body:expr) => {
        match $db {
            $crate::server::db::Db::Sqlite(sqlite) => $crate::server::db::run!(&sqlite.read, |$conn| $body),
            $crate::server::db::Db::Postgres(pool) => $crate::server::db::run!(pool, |$conn| $body),
        }
    };
}

/// Runs one statement on a connection of the pool.
macro_rules! run {
    ($pool:expr, |$conn:ident| $body:expr) => {
        match $crate::server::db::acquire($pool).await {
            Ok(mut connection) => {
                let $conn = &mut *connection;
                $body
            }
            Err(error) => Err(error),
        }
    };
}

/// Runs one statement that writes, as its own transaction.
macro_rules! write {
    ($db:expr, |$conn:ident| $body:expr) => {
        match $db {
            $crate::server::db::Db::Sqlite(sqlite) => {
                let $conn = &sqlite.write;
                $body
            }
            $crate::server::db::Db::Postgres(pool) => $crate::server::db::run!(pool, |$conn| $body),
        }
    };
}

/// Runs one statement inside a [`Tx`].
macro_rules! within {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match $tx {
            $crate::server::db::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::server::db::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}

pub(crate) use {read, run, within, write};

impl Db {
    /// Opens the database at `config.url`, and creates it on SQLite. Does not change the schema.
    pub async fn open(config: &config::Database) -> Result<Self, sqlx::Error> {
        if config.url.starts_with("sqlite:") {
            sqlite::open(config).await.map(Self::Sqlite)
        } else {
            // A statement that waits for a lock or runs too long fails early, so that the client can retry in time.
            let options = PgConnectOptions::from_str(&config.url)?.options([
                ("lock_timeout", "2s"),
                ("statement_timeout", "10s"),
                // The default of 4 is for spinning disks and prefers table scans to index lookups.
                ("random_page_cost", "1.1"),
            ]);
            let pool = PgPoolOptions::new()
                .max_connections(config.max_connections)
                .acquire_timeout(WAIT)
                // By default the pool pings a connection before each use, which doubles the round trips.
                .test_before_acquire(false)
                .before_acquire(|connection, usage| {
                    Box::pin(async move {
                        if usage.idle_for >= QUIET {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
                .connect_with(options)
                .await?;
            Ok(Self::Postgres(pool))
        }
    }

    /// Applies all pending migrations. Several nodes may call it at once: on PostgreSQL sqlx holds an advisory lock, on
    /// SQLite the database's folder is locked. It ignores migrations that it does not know, so this release can run
    /// beside a newer one.
    pub async fn migrate(&self) -> Result<(), sqlx::migrate::MigrateError> {
        match self {
            Self::Sqlite(sqlite) => {
                // SQLite has no lock that spans statements, and another process may migrate.
                let folder = sqlite.folder.clone();
                let lock = tokio::task::spawn_blocking(move || {
                    let folder = File::open(folder)?;
                    folder.lock()?;
                    Ok::<_, std::io::Error>(folder)
                });
                let lock = lock.await.map_err(|error| sqlx::Error::Io(error.into()))?.map_err(sqlx::Error::Io)?;
                let outcome = sqlx::migrate!("migrations/sqlite").set_ignore_missing(true).run(&sqlite.write).await;
                drop(lock);
                outcome
            }
            Self::Postgres(pool) => {
                // Use a separate connection: a migration, or waiting for another node's, has no time limit.
                let mut connection = pool.acquire().await?.detach();
                sqlx::raw_sql("set lock_timeout = 0; set statement_timeout = 0").execute(&mut connection).await?;
                sqlx::migrate!("migrations/postgres").set_ignore_missing(true).run(&mut connection).await?;
                Ok(connection.close().await?)
            }
        }
    }

    /// Whether all migrations of this release are applied. For commands that must change nothing.
    pub async fn is_migrated(&self) -> bool {
        let sql = "select version from _sqlx_migrations where success";
        let applied: Result<Vec<i64>, _> = read!(self, |c| sqlx::query_scalar(sql).fetch_all(c).await);
        let known = match self {
            Self::Sqlite(_) => sqlx::migrate!("migrations/sqlite"),
            Self::Postgres(_) => sqlx::migrate!("migrations/postgres"),
        };
        // Without the migrations table nothing was applied.
        applied.is_ok_and(|applied| known.iter().all(|migration| applied.contains(&migration.version)))
    }

    /// Begins a write transaction. On SQLite it takes the write lock at once: a transaction that begins as a reader and
    /// writes later fails with SQLITE_BUSY, regardless of the busy timeout.
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        let began = Instant::now();
        let tx = match self {
            Self::Sqlite(sqlite) => sqlite.write.begin_with("begin immediate").await.map(Tx::Sqlite),
            Self::Postgres(pool) => pool.begin().await.map(Tx::Postgres),
        };
        metrics::waited_for_database(began.elapsed());
        tx
    }

    /// Returns the database's time, in microseconds, which both engines store. SQLite runs in this process and uses its
    /// clock.
    pub async fn now(&self) -> Result<DateTime<Utc>, sqlx::Error> {
        match self {
            Self::Sqlite(_) => Ok(Utc::now().trunc_subsecs(6)),
            Self::Postgres(pool) => run!(pool, |c| sqlx::query_scalar("select clock_timestamp()").fetch_one(c).await),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        read!(self, |c| sqlx::query("select 1").execute(c).await.map(|_| ()))
    }

    /// Waits for the connections in use, then closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => {
                sqlite.read.close().await;
                sqlite.write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Commits the transaction.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }
}

/// Takes a connection for one query. Measures the wait if none is free.
pub(crate) async fn acquire<D: Database>(pool: &Pool<D>) -> sqlx::Result<PoolConnection<D>> {
    let is_full = pool.num_idle() == 0 && pool.size() >= pool.options().get_max_connections();
    let began = Instant::now();
    // Boxed: opening a connection uses about 15 KB, which every query's future would contain.
    let connection = Box::pin(pool.acquire()).await;
    if is_full {
        metrics::waited_for_database(began.elapsed());
    }
    connection
}
