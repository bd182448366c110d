//! Hides that there are two engines. A store writes its SQL once, with `$1` placeholders, and runs it through
//! [`read!`], [`write!`](crate::server::db::pool::write) or [`within!`], which compile the query for both.

use chrono::{DateTime, SubsecRound, Utc};
use sqlx::{
    Connection, Database, PgPool, Pool, Postgres, Sqlite, SqlitePool, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, Instant},
};

use super::error_mapping;
use crate::server::{config, files, metrics};

/// Time limit for getting a connection or SQLite's write lock. After it the request gets 503.
const WAIT: Duration = Duration::from_secs(2);

/// Bytes of an SQLite file that are memory-mapped; the rest is read by copying. It reserves address space and uses the
/// page cache only.
const MAPPED: &str = "1073741824";

/// A PostgreSQL connection that was idle for this long is pinged before use.
const QUIET: Duration = Duration::from_secs(1);

/// The database, on either engine. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite(SqliteDb),
    Postgres(PgPool),
}

/// SQLite allows one writer at a time. A pool of one queues the writers in order instead of retrying on BUSY.
#[derive(Clone, Debug)]
pub struct SqliteDb {
    pub read: SqlitePool,
    pub write: SqlitePool,
    folder: PathBuf,
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
            Self::open_sqlite(config).await
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

    async fn open_sqlite(config: &config::Database) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::from_str(&config.url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A confirmed log-out must survive a power failure. With NORMAL, WAL may lose the last commits.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // Reads memory-mapped pages: another connection's write drops a connection's own page cache. Measured: a
            // refresh among a million accounts takes 1.08 times as long as among a thousand, and 1.53 times without
            // this setting.
            .pragma("mmap_size", MAPPED)
            .busy_timeout(WAIT);
        let folder = options.get_filename().parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(sqlx::Error::Io)?;
        let (folder, file) = (folder.to_owned(), options.get_filename().to_owned());
        // Create the file for its owner only, regardless of the umask. SQLite gives its other files the same mode.
        OpenOptions::new().create(true).append(true).mode(0o600).open(&file).map_err(sqlx::Error::Io)?;
        for ending in ["", "-wal", "-shm"] {
            let mut name = file.clone().into_os_string();
            name.push(ending);
            files::keep_to_owner(Path::new(&name)).map_err(sqlx::Error::Io)?;
        }
        // No ping for a file: it would be a round trip to the connection's thread for each query.
        let pool = || SqlitePoolOptions::new().acquire_timeout(WAIT).test_before_acquire(false);
        let write = connect(pool().max_connections(1), options.clone()).await?;
        let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&write).await?;
        refuse_old_sqlite(&version)?;
        let read = connect(pool().max_connections(config.max_connections), options.create_if_missing(false)).await?;
        Ok(Self::Sqlite(SqliteDb { read, write, folder }))
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

/// Opens a pool and retries within [`WAIT`]. Regardless of the busy timeout, SQLite answers BUSY at once while another
/// process switches the file to WAL, or removes the WAL as the last one that closes it.
async fn connect(pool: SqlitePoolOptions, options: SqliteConnectOptions) -> sqlx::Result<SqlitePool> {
    let began = Instant::now();
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if error_mapping::is_busy(&error) && began.elapsed() < WAIT => {
                tokio::time::sleep(WAIT / 100).await
            }
            outcome => return outcome,
        }
    }
}

/// Before 3.51.3 a WAL reset could corrupt a database with several connections in one process.
fn refuse_old_sqlite(version: &str) -> Result<(), sqlx::Error> {
    let number = |part: Option<&str>| part.and_then(|p| p.parse::<u32>().ok()).unwrap_or(0);
    let mut parts = version.split('.');
    let version_number = (number(parts.next()), number(parts.next()), number(parts.next()));
    if version_number < (3, 51, 3) {
        return Err(sqlx::Error::Configuration(
            format!("the linked SQLite is {version}: 3.51.3 or later is needed").into(),
        ));
    }
    Ok(())
}
