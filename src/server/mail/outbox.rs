//! The SQL of the outbox. A mail is written in the transaction of the change that it reports, so neither exists without
//! the other. It is sent later, so that no request waits for a mail server.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{email::Email, transport::Mail};
use crate::server::{
    db::{Db, Tx, read, within, write},
    metrics,
};

/// How long a node may hold a claimed mail. Longer than any transport takes. If the node dies, the mail is retried
/// after this time.
pub(super) const LEASE: TimeDelta = TimeDelta::minutes(2);

/// A mail that this node has claimed.
#[derive(FromRow)]
pub(super) struct Claimed {
    pub id: Uuid,
    pub recipient: Option<String>,
    pub letter: String,
    pub kid: String,
    pub created_at: DateTime<Utc>,
    pub not_after: Option<DateTime<Utc>>,
    /// The number of attempts, including this one. Identifies the claim: once the lease has expired, another node may
    /// claim the mail.
    pub attempts: i64,
}

impl Mail {
    /// Commits `tx` and wakes the worker, so that the mails enqueued in it are sent at once.
    pub async fn commit_and_wake(&self, tx: Tx) -> sqlx::Result<()> {
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Writes a mail in the transaction of the change that it reports. Commit with [`Mail::commit_and_wake`] to send it
    /// at once. After `not_after` it is no longer sent. Its one-time secrets are derived with the current key.
    pub async fn enqueue(
        &self,
        tx: &mut Tx,
        to: &str,
        email: &Email,
        not_after: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        self.enqueue_if(tx, Some(to), email, not_after, now).await
    }

    /// Like [`Mail::enqueue`], for a recipient who may not exist. Without one, the row sends no mail but costs the
    /// same, because timing must not reveal which addresses have accounts. Writes nothing if `mail.enabled` is false.
    pub async fn enqueue_if(
        &self,
        tx: &mut Tx,
        to: Option<&str>,
        email: &Email,
        not_after: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let letter = serde_json::to_string(email).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        within!(tx, |c| sqlx::query(
            "insert into outbox (id, recipient, letter, kid, created_at, not_after, next_attempt_at, attempts)
             values ($1, $2, $3, $4, $5, $6, $5, 0)"
        )
        .bind(Uuid::now_v7())
        .bind(to)
        .bind(letter)
        .bind(&self.kid)
        .bind(now)
        .bind(not_after)
        .execute(c)
        .await
        .map(|_| ()))
    }
}

/// Claims one due mail for the length of a lease.
pub(super) async fn claim(db: &Db, now: DateTime<Utc>) -> sqlx::Result<Option<Claimed>> {
    // Usually none is due. Then SQLite's only writer is not needed.
    let due: Option<i64> =
        read!(db, |c| sqlx::query_scalar("select cast(1 as bigint) from outbox where next_attempt_at <= $1 limit 1")
            .bind(now)
            .fetch_optional(c)
            .await)?;
    if due.is_none() {
        return Ok(None);
    }
    // The engines differ only here: SQLite has one writer, PostgreSQL's nodes skip each other's locked rows.
    macro_rules! claim {
        ($lock:literal) => {
            concat!(
                "update outbox set attempts = attempts + 1, next_attempt_at = $2
                 where id = (select id from outbox where next_attempt_at <= $1
                             order by next_attempt_at limit 1",
                $lock,
                ") returning id, recipient, letter, kid, created_at, not_after, attempts"
            )
        };
    }
    let sql = match db {
        Db::Sqlite(_) => claim!(""),
        Db::Postgres(_) => claim!(" for update skip locked"),
    };
    write!(db, |c| sqlx::query_as(sql).bind(now).bind(now + LEASE).fetch_optional(c).await)
}

/// Deletes a finished mail, unless another node has claimed it since.
pub(super) async fn remove(db: &Db, mail: &Claimed) -> sqlx::Result<()> {
    write!(db, |c| sqlx::query("delete from outbox where id = $1 and attempts = $2")
        .bind(mail.id)
        .bind(mail.attempts)
        .execute(c)
        .await
        .map(|_| ()))
}

/// Postpones a mail until `next`.
pub(super) async fn postpone(db: &Db, mail: &Claimed, next: DateTime<Utc>) -> sqlx::Result<()> {
    write!(db, |c| sqlx::query("update outbox set next_attempt_at = $3 where id = $1 and attempts = $2")
        .bind(mail.id)
        .bind(mail.attempts)
        .bind(next)
        .execute(c)
        .await
        .map(|_| ()))
}

/// Sets the gauge of mails that are still to be sent. If the database is down the last value remains: other metrics show
/// the outage.
pub async fn measure(db: &Db) {
    let waiting =
        read!(db, |c| sqlx::query_scalar("select count(*) from outbox where recipient is not null").fetch_one(c).await);
    if let Ok(mails) = waiting {
        metrics::outbox(mails);
    }
}

/// Deletes expired mails and rows without a recipient. It also runs where no mail is sent.
pub async fn forget(db: &Db, now: DateTime<Utc>) -> sqlx::Result<u64> {
    write!(db, |c| sqlx::query("delete from outbox where not_after <= $1 or recipient is null and created_at <= $1")
        .bind(now)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}
