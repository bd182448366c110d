//! Imports the accounts of another system from a file of any size: `latchkey import users`. Called by `main`.
//!
//! Rows are written in batches of 500. After a crash, run the same command again: it skips addresses that already have
//! an account.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fmt,
    io::{BufRead, Write},
};
use uuid::Uuid;

use super::{
    row::{self, NewUser},
    source::{Bad, Rows},
};
use crate::{
    auth::server::users,
    server::{
        db::Db,
        ops::audit::{self, Event},
    },
};

pub use super::error::ImportError;
pub use super::source::Format;

/// Rows per transaction. Short transactions let other writers of SQLite proceed.
const BATCH: usize = 500;
/// Rows between progress lines.
const PROGRESS: u64 = 10_000;

/// The options of an import.
pub struct Options {
    pub format: Format,
    /// Checks everything and writes nothing.
    pub dry_run: bool,
    /// Whether to accept roles above user.
    pub allow_roles: bool,
}

/// The result of an import.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub rows: u64,
    /// Created, or in a dry run: would be created.
    pub made: u64,
    /// Of these, accounts without a password, which can't log in until they set one.
    pub without_password: u64,
    /// Addresses that already have an account. It is left unchanged.
    pub existing: u64,
    pub bad: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, made, without_password, existing, bad } = self;
        write!(
            f,
            "{rows} rows: {made} new accounts ({without_password} without a password), {existing} existing, {bad} invalid."
        )
    }
}

/// Imports the accounts in `input`. `report` gets the progress, and a line for each row that is invalid or was changed,
/// with the field and the reason but not the value.
pub async fn users(
    db: &Db,
    input: impl BufRead,
    options: &Options,
    report: &mut impl Write,
) -> Result<Summary, ImportError> {
    let now = db.now().await.map_err(|source| ImportError::Database { line: 1, source })?;
    let mut rows = Rows::new(input, options.format)?;
    let mut summary = Summary::default();
    let mut batch = Vec::with_capacity(BATCH);
    // The line of each address, keyed by half of its SHA-256. This is all that grows: about 40 bytes per row.
    let mut seen: HashMap<[u8; 16], u64> = HashMap::new();
    while let Some(next) = rows.next_row()? {
        summary.rows += 1;
        match next.and_then(|raw| row::parse(raw, options.allow_roles, now)).and_then(|user| alone(user, &mut seen)) {
            Ok(user) => {
                if let Some(warning) = &user.warning {
                    writeln!(report, "line {}: {warning}", user.line)?;
                }
                batch.push(user);
            }
            Err(Bad { line, reason }) => {
                summary.bad += 1;
                writeln!(report, "line {line}: {reason}")?;
            }
        }
        if batch.len() == BATCH {
            settle(db, &mut batch, options, now, &mut summary, report).await?;
        }
        if summary.rows.is_multiple_of(PROGRESS) {
            writeln!(report, "{} rows read", summary.rows)?;
        }
    }
    settle(db, &mut batch, options, now, &mut summary, report).await?;
    Ok(summary)
}

/// Rejects a row whose address, in any spelling, appeared in an earlier row.
fn alone(user: NewUser, seen: &mut HashMap<[u8; 16], u64>) -> Result<NewUser, Bad> {
    let digest: [u8; 32] = Sha256::digest(user.email.key()).into();
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    let first = *seen.entry(key).or_insert(user.line);
    match first == user.line {
        true => Ok(user),
        false => Err(Bad { line: user.line, reason: format!("email: same address as line {first}") }),
    }
}

/// Writes a batch in one transaction. In a dry run it only checks which accounts exist.
async fn settle(
    db: &Db,
    batch: &mut Vec<NewUser>,
    options: &Options,
    now: DateTime<Utc>,
    summary: &mut Summary,
    report: &mut impl Write,
) -> Result<(), ImportError> {
    let Some(line) = batch.first().map(|user| user.line) else {
        return Ok(());
    };
    let made = match options.dry_run {
        true => missing(db, batch).await,
        false => insert(db, batch, now).await,
    };
    let made = made.map_err(|source| ImportError::Database { line, source })?;
    for (user, made) in batch.drain(..).zip(made) {
        summary.made += u64::from(made);
        summary.existing += u64::from(!made);
        summary.without_password += u64::from(made && user.password_hash.is_none());
        if !made && options.dry_run {
            writeln!(report, "line {}: the account exists", user.line)?;
        }
    }
    Ok(())
}

/// Inserts `users`. Returns for each whether it was new.
async fn insert(db: &Db, users: &[NewUser], now: DateTime<Utc>) -> sqlx::Result<Vec<bool>> {
    let mut made = Vec::with_capacity(users.len());
    let mut tx = db.begin().await?;
    for user in users {
        let id = Uuid::now_v7();
        let row = users::store::NewUser {
            id,
            email: &user.email,
            password_hash: user.password_hash.as_deref(),
            role: user.role,
            display_name: &user.display_name,
            verified_at: user.email_verified_at,
            created_at: user.created_at.unwrap_or(now),
        };
        let new = users::store::insert_user(&mut tx, &row, now).await?;
        if new {
            audit::record(&mut tx, Event::Imported, id, None, None, now).await?;
        }
        made.push(new);
    }
    tx.commit().await?;
    Ok(made)
}

/// Returns for each of `users` whether it would be new.
async fn missing(db: &Db, users: &[NewUser]) -> sqlx::Result<Vec<bool>> {
    let mut missing = Vec::with_capacity(users.len());
    for user in users {
        missing.push(users::store::find_user(db, &user.email).await?.is_none());
    }
    Ok(missing)
}
