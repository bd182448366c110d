//! Counters of attempts, kept in the database so that they hold across nodes. Called by `auth::server::account`.
//!
//! An attempt is counted before it is made and given back when it succeeds. Counting afterwards would let a burst of
//! parallel guesses through before the first of them fails.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

use super::db::{Db, write};
use crate::error::AppError;

/// What is counted: an action, and for whom.
pub struct Bucket {
    key_hash: [u8; 32],
    /// Attempts in a window.
    limit: u32,
    window: TimeDelta,
}

impl Bucket {
    /// Attempts of `action` by one client: an IPv4 address, or an IPv6 /64, which is what one household has.
    pub fn client(action: &str, address: IpAddr, limit: u32) -> Self {
        let client = match address.to_canonical() {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("{:x?}/64", &v6.segments()[..4]),
        };
        Self::new(&format!("{action} client {client}"), limit, TimeDelta::minutes(1))
    }

    /// Attempts of `action` on one account name, whether or not it has an account.
    pub fn account(action: &str, email_key: &str, limit: u32) -> Self {
        Self::new(&format!("{action} account {email_key}"), limit, TimeDelta::minutes(5))
    }

    fn new(key: &str, limit: u32, window: TimeDelta) -> Self {
        Self { key_hash: Sha256::digest(key).into(), limit, window }
    }

    /// Counts an attempt, or refuses it with the time to wait.
    pub async fn take(&self, db: &Db, now: DateTime<Utc>) -> Result<(), AppError> {
        // What the window has over its limit is not counted on: hammering does not lengthen the wait.
        let (count, resets_at): (i64, DateTime<Utc>) = write!(db, |c| sqlx::query_as(
            "insert into throttles (key_hash, count, resets_at) values ($1, 1, $3)
             on conflict (key_hash) do update set
                count = case when throttles.resets_at <= $2 then 1
                             when throttles.count > $4 then throttles.count
                             else throttles.count + 1 end,
                resets_at = case when throttles.resets_at <= $2 then $3 else throttles.resets_at end
             returning count, resets_at"
        )
        .bind(self.key_hash.as_slice())
        .bind(now)
        .bind(now + self.window)
        .bind(i64::from(self.limit))
        .fetch_one(c)
        .await)?;
        if count <= i64::from(self.limit) {
            return Ok(());
        }
        let wait = (resets_at - now).num_seconds() + 1;
        Err(AppError::Throttled { retry_after: u32::try_from(wait).unwrap_or(1).max(1) })
    }

    /// Gives one attempt back: it was none of those that are counted. Attempts before it stay counted.
    pub async fn give_back(&self, db: &Db) -> Result<(), AppError> {
        write!(db, |c| sqlx::query("update throttles set count = count - 1 where key_hash = $1 and count > 0")
            .bind(self.key_hash.as_slice())
            .execute(c)
            .await
            .map(|_| ()))?;
        Ok(())
    }
}

/// Forgets windows that are over.
pub async fn forget(db: &Db, now: DateTime<Utc>) -> sqlx::Result<u64> {
    write!(db, |c| sqlx::query("delete from throttles where resets_at <= $1")
        .bind(now)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}
