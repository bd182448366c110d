//! Converts causes to [`AppError`] and logs them once. The browser learns only what it can act on.

use crate::error::AppError;
use std::any::Any;

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        if is_conflict(&error) {
            tracing::info!(%error, "PostgreSQL rolled a transaction back in favour of another one");
            Self::Conflict
        } else if is_outage(&error) {
            tracing::warn!(%error, "the database does not answer");
            Self::Unavailable
        } else {
            tracing::error!(%error, "a query failed");
            Self::Internal
        }
    }
}

impl From<jsonwebtoken::errors::Error> for AppError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        tracing::error!(%error, "a token could not be signed");
        Self::Internal
    }
}

/// Logs a panic's message and returns [`AppError::Internal`].
pub fn panicked(panic: &(dyn Any + Send)) -> AppError {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("of unknown type");
    tracing::error!(panic = message, "a handler panicked");
    AppError::Internal
}

/// Runs a transaction again, once, if PostgreSQL rolled it back for another one: `again!(log_out(state, ..))`.
macro_rules! again {
    ($transaction:expr) => {
        match $transaction.await {
            Err($crate::error::AppError::Conflict) => $transaction.await,
            outcome => outcome,
        }
    };
}

pub(crate) use again;

/// SQLSTATE 40001 (serialization failure) and 40P01 (deadlock).
fn is_conflict(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if matches!(error.code().as_deref(), Some("40001" | "40P01")))
}

/// Whether SQLite answered BUSY, with any extended code.
pub fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| sqlite_code(&code) == Some(5))
}

/// Returns the primary SQLite result code. PostgreSQL's codes have five characters.
fn sqlite_code(code: &str) -> Option<u32> {
    let code = code.parse::<u32>().ok().filter(|_| code.len() < 5)?;
    Some(code & 0xff)
}

/// Whether a retry may succeed: no connection, a lock timeout, or no resources.
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // SQLite, primary result codes: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
            let sqlite = matches!(sqlite_code(&code), Some(5 | 6 | 8 | 10 | 13 | 14));
            // PostgreSQL, SQLSTATE classes: 08 connection, 53 resources, 55P03 lock, 57014 statement timeout, 57P0x
            // shutdown, 58 system.
            let postgres = code.len() == 5
                && (["08", "53", "58"].iter().any(|class| code.starts_with(class))
                    || code.starts_with("57P")
                    || matches!(code.as_ref(), "55P03" | "57014"));
            sqlite || postgres
        }),
        _ => false,
    }
}
