//! The SQL of the outbox. A mail is written in the transaction of what it tells of, so that neither is there without the
//! other, and leaves later: no request waits for a mail server.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{letter::Email, transport::Mail};
use crate::server::db::{Db, Tx, read, within, write};

/// How long a node that took a mail on has for it. Longer than any transport takes; a mail whose node died waits for this.
pub(super) const LEASE: TimeDelta = TimeDelta::minutes(2);

/// A mail that this node has taken on.
#[derive(FromRow)]
pub(super) struct Claimed {
    pub id: Uuid,
    pub recipient: Option<String>,
    pub letter: String,
    pub kid: String,
    pub created_at: DateTime<Utc>,
    pub not_after: Option<DateTime<Utc>>,
    /// This one among them. Names the claim: after the lease it is another's.
    pub attempts: i64,
}

impl Mail {
    /// Commits `tx`, and lets the mails enqueued in it leave at once.
    pub async fn commit_and_wake(&self, tx: Tx) -> sqlx::Result<()> {
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Writes a mail within the change that it tells of; [`Mail::commit_and_wake`] lets it leave at once. It is not
    /// sent after `not_after`. The one-time secrets of its seed follow from the key that is current now.
    pub async fn enqueue(
        &self,
        tx: &mut Tx,
        to: &str,
        letter: &Email,
        not_after: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        self.enqueue_if(tx, Some(to), letter, not_after, now).await
    }

    /// The same where there may be nobody to write to. The row leads to no mail then, and costs what any other does: time
    /// must not tell which addresses have accounts.
    pub async fn enqueue_if(
        &self,
        tx: &mut Tx,
        to: Option<&str>,
        letter: &Email,
        not_after: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let letter = serde_json::to_string(letter).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
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

/// Takes one due mail on, for the time of a lease.
pub(super) async fn claim(db: &Db, now: DateTime<Utc>) -> sqlx::Result<Option<Claimed>> {
    // Mostly there is none, which SQLite's one writer need not be asked for.
    let due: Option<i64> =
        read!(db, |c| sqlx::query_scalar("select cast(1 as bigint) from outbox where next_attempt_at <= $1 limit 1")
            .bind(now)
            .fetch_optional(c)
            .await)?;
    if due.is_none() {
        return Ok(None);
    }
    // The one statement that the engines do not share: SQLite's writer is alone, PostgreSQL's pass each other by.
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

/// Removes a mail that is done with, one way or another, unless its claim has passed to somebody else.
pub(super) async fn remove(db: &Db, mail: &Claimed) -> sqlx::Result<()> {
    write!(db, |c| sqlx::query("delete from outbox where id = $1 and attempts = $2")
        .bind(mail.id)
        .bind(mail.attempts)
        .execute(c)
        .await
        .map(|_| ()))
}

/// Puts a mail back until `next`.
pub(super) async fn postpone(db: &Db, mail: &Claimed, next: DateTime<Utc>) -> sqlx::Result<()> {
    write!(db, |c| sqlx::query("update outbox set next_attempt_at = $3 where id = $1 and attempts = $2")
        .bind(mail.id)
        .bind(mail.attempts)
        .bind(next)
        .execute(c)
        .await
        .map(|_| ()))
}

/// Mails that are still to leave.
pub async fn waiting(db: &Db) -> sqlx::Result<i64> {
    read!(db, |c| sqlx::query_scalar("select count(*) from outbox where recipient is not null").fetch_one(c).await)
}

/// Forgets mails that came too late and rows that stand for none: where no mail leaves, nobody else does.
pub async fn forget(db: &Db, now: DateTime<Utc>) -> sqlx::Result<u64> {
    write!(db, |c| sqlx::query("delete from outbox where not_after <= $1 or recipient is null and created_at <= $1")
        .bind(now)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}
