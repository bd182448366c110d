//! Opens an SQLite file. Called by [`Db::open`](super::Db::open).

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, Instant},
};

use super::error_mapping;
use crate::server::{config, files};

/// Bytes of an SQLite file that are memory-mapped; the rest is read by copying. It reserves address space and uses the
/// page cache only.
const MAPPED: &str = "1073741824";

/// Time limit for getting a connection or SQLite's write lock. After it the request gets 503.
pub const WAIT: Duration = Duration::from_secs(2);

/// SQLite allows one writer at a time. A pool of one queues the writers in order instead of retrying on BUSY.
#[derive(Clone, Debug)]
pub struct SqliteDb {
    pub read: SqlitePool,
    pub write: SqlitePool,
    /// The folder of its file, which is locked to migrate.
    pub(super) folder: PathBuf,
}

/// Opens the file at `config.url`, or creates it, for its owner only.
pub async fn open(config: &config::Database) -> Result<SqliteDb, sqlx::Error> {
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
    Ok(SqliteDb { read, write, folder })
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
