//! Rate limits, stored in the database so that all nodes share them. Called by the flows.
//!
//! An attempt is counted before it is made and refunded if it succeeds. Counting afterwards would let a burst of
//! parallel guesses pass. A client or account over its limit causes no write, because each write waits for the disk and
//! SQLite has one writer.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use std::net::{IpAddr, Ipv6Addr};

use crate::{
    error::AppError,
    server::db::{Db, Tx, read, within, write},
};

/// A counter, read after the attempt was counted.
#[derive(FromRow)]
struct Counted {
    key_hash: Vec<u8>,
    count: i64,
    resets_at: DateTime<Utc>,
}

/// Counts an attempt in each row of `$values` (key, 1, end of a new window). `$3` is the current time. Attempts beyond
/// `$limit` are not counted, so hammering does not extend the wait. A window that ends after `$latest` was started
/// before the clock was set back; a new window replaces it, because it would last as long as the step.
macro_rules! count {
    ($values:literal, $limit:literal, $latest:literal) => {
        concat!(
            "insert into throttles (key_hash, count, resets_at) values ",
            $values,
            " on conflict (key_hash) do update set
                count = case when throttles.resets_at <= $3 or throttles.resets_at > ",
            $latest,
            " then 1
                             when throttles.count > ",
            $limit,
            " then throttles.count
                             else throttles.count + 1 end,
                resets_at = case when throttles.resets_at <= $3 or throttles.resets_at > ",
            $latest,
            " then excluded.resets_at else throttles.resets_at end
             returning key_hash, count, resets_at"
        )
    };
}

/// Wrong digits per address and day before only links work: 10 of a million codes. NIST SP 800-63B-4, 3.2.2, requires a
/// limit per account.
const DIGITS_A_DAY: u32 = 10;
/// Allowed right passwords per allowed failure: 100 in five minutes by default.
const PROVED_PER_FAILURE: u32 = 20;
/// How far a window may end beyond a new window's end.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(1);
/// A day's mail limit as a multiple of an hour's: 20 mails by default.
const HOURS_A_DAY: u32 = 4;

/// A limit for one action and one subject.
pub struct Bucket {
    key_hash: [u8; 32],
    /// Maximum attempts per window.
    limit: u32,
    window: TimeDelta,
}

impl Bucket {
    /// Limits `action` per client per minute: an IPv4 address, or an IPv6 /64, which is one household.
    pub fn client(action: &str, address: IpAddr, limit: u32) -> Self {
        Self::new(&format!("{action} client {}", network(address)), limit, TimeDelta::minutes(1))
    }

    /// Limits `action` per account name in five minutes, whether or not the account exists.
    pub fn account(action: &str, email_key: &str, limit: u32) -> Self {
        Self::new(&format!("{action} account {email_key}"), limit, TimeDelta::minutes(5))
    }

    /// Limits `action` per known browser in five minutes. Copies of its cookie share the limit.
    pub fn device(action: &str, id: &[u8; 16], limit: u32) -> Self {
        Self::new(&format!("{action} device {id:x?}"), limit, TimeDelta::minutes(5))
    }

    /// Limits the mails that strangers can request for an address per hour, whether or not an account exists.
    pub fn mailed(email_key: &str, limit: u32) -> Self {
        Self::new(&format!("mail to {email_key}"), limit, TimeDelta::hours(1))
    }

    /// Limits log-in mails per address. `window` equals the code's lifetime, so the last code sent is still valid when
    /// the limit is reached.
    pub fn log_in_mails(email_key: &str, limit: u32, window: TimeDelta) -> Self {
        Self::new(&format!("way in for {email_key}"), limit, window)
    }

    /// Limits wrong digits per address and day, across all browsers.
    pub fn digits(email_key: &str) -> Self {
        Self::new(&format!("digits of {email_key}"), DIGITS_A_DAY, TimeDelta::days(1))
    }

    /// Limits right passwords per account, because each costs a hash and a row. The limit is well above normal use.
    pub fn proved(action: &str, account: &str, failures: u32) -> Self {
        Self::account(&format!("{action} proved"), account, failures.saturating_mul(PROVED_PER_FAILURE))
    }

    /// Limits the mails per address and day that others than its owner can trigger.
    pub fn mails_per_day(email_key: &str, an_hour: u32) -> Self {
        Self::new(&format!("mail of a day to {email_key}"), an_hour.saturating_mul(HOURS_A_DAY), TimeDelta::days(1))
    }

    /// Limits the security alerts per address and day.
    pub fn alerts_per_day(email_key: &str, an_hour: u32) -> Self {
        Self::new(&format!("notices of a day to {email_key}"), an_hour.saturating_mul(HOURS_A_DAY), TimeDelta::days(1))
    }

    /// Allows `what` once per hour for an account name.
    pub fn once_per_hour(what: &str, email_key: &str) -> Self {
        Self::new(&format!("{what} of {email_key}"), 1, TimeDelta::hours(1))
    }

    fn new(key: &str, limit: u32, window: TimeDelta) -> Self {
        Self { key_hash: Sha256::digest(key).into(), limit, window }
    }

    /// Returns the time to wait as an error if the limit is reached. Counts nothing.
    pub async fn peek(&self, db: &Db, now: DateTime<Utc>) -> Result<(), AppError> {
        let sql = "select key_hash, count, resets_at from throttles where key_hash = $1";
        let counted: Option<Counted> =
            read!(db, |c| sqlx::query_as(sql).bind(self.key_hash.as_slice()).fetch_optional(c).await)?;
        counted.map_or(Ok(()), |counted| self.check_next(&counted, now))
    }

    /// Counts an attempt, or returns the time to wait as an error.
    pub async fn take(&self, db: &Db, now: DateTime<Utc>) -> Result<(), AppError> {
        self.peek(db, now).await?;
        let counted = write!(db, |c| sqlx::query_as(count!("($1, 1, $2)", "$4", "$5"))
            .bind(self.key_hash.as_slice())
            .bind(now + self.window)
            .bind(now)
            .bind(i64::from(self.limit))
            .bind(self.latest_end(now))
            .fetch_one(c)
            .await)?;
        self.check(&counted, now)
    }

    /// Counts an attempt in the caller's transaction. Returns `false` if it exceeds the limit.
    pub async fn count(&self, tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<bool> {
        let counted: Counted = within!(tx, |c| sqlx::query_as(count!("($1, 1, $2)", "$4", "$5"))
            .bind(self.key_hash.as_slice())
            .bind(now + self.window)
            .bind(now)
            .bind(i64::from(self.limit))
            .bind(self.latest_end(now))
            .fetch_one(c)
            .await)?;
        Ok(self.check(&counted, now).is_ok())
    }

    /// Returns the latest possible end of a window. Concurrent requests read the time at different moments.
    fn latest_end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.window + CLOCK_TOLERANCE
    }

    /// Returns what [`Bucket::check`] would return after one more attempt.
    fn check_next(&self, counted: &Counted, now: DateTime<Utc>) -> Result<(), AppError> {
        if counted.resets_at <= now || counted.resets_at > self.latest_end(now) {
            return Ok(());
        }
        let next = Counted { key_hash: Vec::new(), count: counted.count + 1, resets_at: counted.resets_at };
        self.check(&next, now)
    }

    fn check(&self, counted: &Counted, now: DateTime<Utc>) -> Result<(), AppError> {
        if counted.count <= i64::from(self.limit) {
            return Ok(());
        }
        let wait = (counted.resets_at - now).num_seconds() + 1;
        Err(AppError::Throttled { retry_after: u32::try_from(wait).unwrap_or(1).max(1) })
    }

    /// Refunds one attempt that should not count. Earlier attempts stay counted.
    pub async fn refund(&self, tx: &mut Tx) -> sqlx::Result<u64> {
        within!(tx, |c| sqlx::query("update throttles set count = count - 1 where key_hash = $1 and count > 0")
            .bind(self.key_hash.as_slice())
            .execute(c)
            .await
            .map(|r| r.rows_affected()))
    }
}

/// Returns the network that counts as one client: an IPv4 address, or an IPv6 /64, within which a client can choose any
/// address.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => (v6 & Ipv6Addr::from(!u128::from(u64::MAX))).into(),
    }
}

/// Why an attempt was rejected.
#[derive(Debug)]
pub struct Refused {
    pub error: AppError,
    /// Whether the account's limit was reached, across all clients.
    pub by_account: bool,
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self { error: error.into(), by_account: false }
    }
}

impl From<Refused> for AppError {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}

/// Limits an attempt by client and by account, with one commit instead of two.
pub struct Pair {
    pub client: Bucket,
    pub account: Bucket,
}

impl Pair {
    /// Counts an attempt in both buckets, or returns the time to wait. An attempt that the client's limit rejects does
    /// not count for the account.
    pub async fn take(&self, db: &Db, now: DateTime<Utc>) -> Result<(), Refused> {
        let sql = "select key_hash, count, resets_at from throttles where key_hash in ($1, $2)";
        let known: Vec<Counted> = read!(db, |c| sqlx::query_as(sql)
            .bind(self.client.key_hash.as_slice())
            .bind(self.account.key_hash.as_slice())
            .fetch_all(c)
            .await)?;
        let next = |bucket: &Bucket| {
            known.iter().filter(|row| row.key_hash == bucket.key_hash).try_for_each(|row| bucket.check_next(row, now))
        };
        next(&self.client).map_err(|error| Refused { error, by_account: false })?;
        next(&self.account).map_err(|error| Refused { error, by_account: true })?;
        // Always lock the rows in this order, here and below, to prevent deadlocks.
        let counted: Vec<Counted> = write!(db, |c| sqlx::query_as(count!(
            "($1, 1, $2), ($5, 1, $6)",
            "case when throttles.key_hash = $1 then $4 else $7 end",
            "case when throttles.key_hash = $1 then $8 else $9 end"
        ))
        .bind(self.client.key_hash.as_slice())
        .bind(now + self.client.window)
        .bind(now)
        .bind(i64::from(self.client.limit))
        .bind(self.account.key_hash.as_slice())
        .bind(now + self.account.window)
        .bind(i64::from(self.account.limit))
        .bind(self.client.latest_end(now))
        .bind(self.account.latest_end(now))
        .fetch_all(c)
        .await)?;
        let check = |bucket: &Bucket| {
            counted.iter().filter(|row| row.key_hash == bucket.key_hash).try_for_each(|row| bucket.check(row, now))
        };
        let of_account = check(&self.account);
        if let Err(error) = check(&self.client) {
            // Beyond its limit the account's count is capped, so a refund there would lower it with each burst.
            if of_account.is_ok() {
                let mut tx = db.begin().await?;
                self.account.refund(&mut tx).await?;
                tx.commit().await?;
            }
            return Err(Refused { error, by_account: false });
        }
        of_account.map_err(|error| Refused { error, by_account: true })
    }

    /// Refunds the attempt in the caller's transaction.
    pub async fn refund(&self, tx: &mut Tx) -> sqlx::Result<()> {
        self.client.refund(tx).await?;
        self.account.refund(tx).await?;
        Ok(())
    }
}

/// Deletes expired windows.
pub async fn forget(db: &Db, now: DateTime<Utc>) -> sqlx::Result<u64> {
    write!(db, |c| sqlx::query("delete from throttles where resets_at <= $1")
        .bind(now)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}
