//! Counters of attempts, kept in the database so that they hold across nodes. Called by `auth::server::flows::sign_up`.
//!
//! An attempt is counted before it is made and given back when it succeeds. Counting afterwards would let a burst of
//! parallel guesses through before the first of them fails. A client or account over its limit causes no write: each
//! write waits for the disk, and SQLite has one writer.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use std::net::{IpAddr, Ipv6Addr};

use crate::{
    error::AppError,
    server::db::{Db, Tx, read, within, write},
};

/// A counter after an attempt was counted.
#[derive(FromRow)]
struct Counted {
    key_hash: Vec<u8>,
    count: i64,
    resets_at: DateTime<Utc>,
}

/// Counts an attempt in each row of `$values` (key, 1, end of a new window); `$3` is the time. What a window has over its
/// `$limit` is not counted on: hammering does not lengthen the wait. A window that ends after `$latest` was begun before
/// the clock stepped back: a new one takes its place, or it would last for as long as the step.
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

/// Wrong digits that one address's codes take in a day before only their links count (NIST SP 800-63B-4, 3.2.2, wants
/// guesses limited by account): a hundred thousandth of what there are.
const DIGITS_A_DAY: u32 = 10;
/// How many right passwords in five minutes come to one failure that is allowed: 100 by default.
const PROVED_PER_FAILURE: u32 = 20;
/// How far a window's end may lie beyond that of a new one.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(1);
/// How many hours' worth of mails come to a day's: 20 mails by default.
const HOURS_A_DAY: u32 = 4;

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
        Self::new(&format!("{action} client {}", network(address)), limit, TimeDelta::minutes(1))
    }

    /// Attempts of `action` on one account name, whether or not it has an account.
    pub fn account(action: &str, email_key: &str, limit: u32) -> Self {
        Self::new(&format!("{action} account {email_key}"), limit, TimeDelta::minutes(5))
    }

    /// Attempts of `action` with one browser that is known, whoever has a copy of its cookie.
    pub fn device(action: &str, id: &[u8; 16], limit: u32) -> Self {
        Self::new(&format!("{action} device {id:x?}"), limit, TimeDelta::minutes(5))
    }

    /// Mails that anybody can have sent to one address, whether or not it has an account.
    pub fn mailed(email_key: &str, limit: u32) -> Self {
        Self::new(&format!("mail to {email_key}"), limit, TimeDelta::hours(1))
    }

    /// Mails that are a way in for the owner of an address. Whoever uses all of them up leaves one that works: `window` is
    /// as long as its code counts.
    pub fn way_in(email_key: &str, limit: u32, window: TimeDelta) -> Self {
        Self::new(&format!("way in for {email_key}"), limit, window)
    }

    /// Wrong digits for the codes of one address, in whichever browsers.
    pub fn digits(email_key: &str) -> Self {
        Self::new(&format!("digits of {email_key}"), DIGITS_A_DAY, TimeDelta::days(1))
    }

    /// Right passwords of one account. Each costs a hash and a row, so they are limited too, far above what people need.
    pub fn proved(action: &str, account: &str, failures: u32) -> Self {
        Self::account(&format!("{action} proved"), account, failures.saturating_mul(PROVED_PER_FAILURE))
    }

    /// Mails of a day that somebody other than its owner can cause to one address.
    pub fn mails_per_day(email_key: &str, an_hour: u32) -> Self {
        Self::new(&format!("mail of a day to {email_key}"), an_hour.saturating_mul(HOURS_A_DAY), TimeDelta::days(1))
    }

    /// Notices of a day to one address, of what happened to its account.
    pub fn alerts_per_day(email_key: &str, an_hour: u32) -> Self {
        Self::new(&format!("notices of a day to {email_key}"), an_hour.saturating_mul(HOURS_A_DAY), TimeDelta::days(1))
    }

    /// Something that happens to an account name once an hour at most.
    pub fn once_per_hour(what: &str, email_key: &str) -> Self {
        Self::new(&format!("{what} of {email_key}"), 1, TimeDelta::hours(1))
    }

    fn new(key: &str, limit: u32, window: TimeDelta) -> Self {
        Self { key_hash: Sha256::digest(key).into(), limit, window }
    }

    /// Refuses with the time to wait where there is nothing left. Counts nothing.
    pub async fn peek(&self, db: &Db, now: DateTime<Utc>) -> Result<(), AppError> {
        let sql = "select key_hash, count, resets_at from throttles where key_hash = $1";
        let counted: Option<Counted> =
            read!(db, |c| sqlx::query_as(sql).bind(self.key_hash.as_slice()).fetch_optional(c).await)?;
        counted.map_or(Ok(()), |counted| self.judge_next(&counted, now))
    }

    /// Counts an attempt, or refuses it with the time to wait.
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
        self.judge(&counted, now)
    }

    /// Counts an attempt within the change that it led to. `false`: it was one too many.
    pub async fn count(&self, tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<bool> {
        let counted: Counted = within!(tx, |c| sqlx::query_as(count!("($1, 1, $2)", "$4", "$5"))
            .bind(self.key_hash.as_slice())
            .bind(now + self.window)
            .bind(now)
            .bind(i64::from(self.limit))
            .bind(self.latest_end(now))
            .fetch_one(c)
            .await)?;
        Ok(self.judge(&counted, now).is_ok())
    }

    /// When a window can end at the latest. Requests that come at once have times that lie apart by as long as they wait.
    fn latest_end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.window + CLOCK_TOLERANCE
    }

    /// What [`Bucket::judge`] would say of one more attempt.
    fn judge_next(&self, counted: &Counted, now: DateTime<Utc>) -> Result<(), AppError> {
        if counted.resets_at <= now || counted.resets_at > self.latest_end(now) {
            return Ok(());
        }
        let next = Counted { key_hash: Vec::new(), count: counted.count + 1, resets_at: counted.resets_at };
        self.judge(&next, now)
    }

    fn judge(&self, counted: &Counted, now: DateTime<Utc>) -> Result<(), AppError> {
        if counted.count <= i64::from(self.limit) {
            return Ok(());
        }
        let wait = (counted.resets_at - now).num_seconds() + 1;
        Err(AppError::Throttled { retry_after: u32::try_from(wait).unwrap_or(1).max(1) })
    }

    /// Gives one attempt back: it was none of those that are counted. Attempts before it stay counted.
    pub async fn refund(&self, tx: &mut Tx) -> sqlx::Result<u64> {
        within!(tx, |c| sqlx::query("update throttles set count = count - 1 where key_hash = $1 and count > 0")
            .bind(self.key_hash.as_slice())
            .execute(c)
            .await
            .map(|r| r.rows_affected()))
    }
}

/// What counts as one client: an IPv4 address, or the /64 of an IPv6 one, of which a client has as many as it likes.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => (v6 & Ipv6Addr::from(!u128::from(u64::MAX))).into(),
    }
}

/// Why a [`Pair`] lets an attempt not be made.
#[derive(Debug)]
pub struct Refused {
    pub error: AppError,
    /// Whether it is the account that has had too many, by whichever clients.
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

/// An attempt that counts for its client and for the account it is made on: one commit instead of two, since each waits
/// for the disk.
pub struct Pair {
    pub client: Bucket,
    pub account: Bucket,
}

impl Pair {
    /// Counts an attempt in both, or refuses it with the time to wait. One that its client may not make does not count
    /// against the account.
    pub async fn take(&self, db: &Db, now: DateTime<Utc>) -> Result<(), Refused> {
        let sql = "select key_hash, count, resets_at from throttles where key_hash in ($1, $2)";
        let known: Vec<Counted> = read!(db, |c| sqlx::query_as(sql)
            .bind(self.client.key_hash.as_slice())
            .bind(self.account.key_hash.as_slice())
            .fetch_all(c)
            .await)?;
        let next = |bucket: &Bucket| {
            known.iter().filter(|row| row.key_hash == bucket.key_hash).try_for_each(|row| bucket.judge_next(row, now))
        };
        next(&self.client).map_err(|error| Refused { error, by_account: false })?;
        next(&self.account).map_err(|error| Refused { error, by_account: true })?;
        // Always in this order, here and below: two that lock the rows in different orders would wait for each other.
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
        let judged = |bucket: &Bucket| {
            counted.iter().filter(|row| row.key_hash == bucket.key_hash).try_for_each(|row| bucket.judge(row, now))
        };
        let of_account = judged(&self.account);
        if let Err(error) = judged(&self.client) {
            // Beyond its limit the account's count stands still: who gave back there would bring it down, burst by burst.
            if of_account.is_ok() {
                let mut tx = db.begin().await?;
                self.account.refund(&mut tx).await?;
                tx.commit().await?;
            }
            return Err(Refused { error, by_account: false });
        }
        of_account.map_err(|error| Refused { error, by_account: true })
    }

    /// Gives the attempt back within the change that it led to.
    pub async fn refund(&self, tx: &mut Tx) -> sqlx::Result<()> {
        self.client.refund(tx).await?;
        self.account.refund(tx).await?;
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
