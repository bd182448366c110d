//! The SQL of changes by an account's owner: address, password, deletion.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::email_address::EmailAddress;
use crate::{
    auth::{model::Role, server::token::session_id::SessionIdHash},
    server::db::{Db, Tx, read, within},
};

/// An active account, for changes by its owner.
#[derive(FromRow)]
pub struct OwnerRow {
    pub email: String,
    pub email_key: String,
    pub password_hash: Option<String>,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub erase_at: Option<DateTime<Utc>>,
    #[sqlx(try_from = "String")]
    pub role: Role,
}

macro_rules! owner {
    ($rest:literal) => {
        concat!(
            "select email, email_key, password_hash, email_verified_at, erase_at, role from users
             where id = $1 and state = 'active'",
            $rest
        )
    };
}

/// Reads the account of a session that has not been ended. Returns `None` if it ended after the request came in, so
/// that its input is not applied to a changed account.
pub async fn find_owner(db: &Db, user_id: Uuid, session: &SessionIdHash) -> sqlx::Result<Option<OwnerRow>> {
    let sql = owner!(" and exists (select 1 from sessions where id_hash = $2 and user_id = $1 and revoked_at is null)");
    read!(db, |c| sqlx::query_as(sql).bind(user_id).bind(session.as_slice()).fetch_optional(c).await)
}

/// Locks an account until the transaction ends. Lock the account before its addresses, sessions and codes
/// (docs/decisions/0014-order-of-locks.md). `no key` still allows inserting rows that reference the account.
pub async fn lock_owner(tx: &mut Tx, user_id: Uuid) -> sqlx::Result<Option<OwnerRow>> {
    match tx {
        // `begin immediate` already holds the only write lock, and SQLite has no row locks.
        Tx::Sqlite(tx) => sqlx::query_as(owner!("")).bind(user_id).fetch_optional(&mut **tx).await,
        Tx::Postgres(tx) => sqlx::query_as(owner!(" for no key update")).bind(user_id).fetch_optional(&mut **tx).await,
    }
}

/// Locks the account of a session. Returns `None` if the session is
/// no longer active, and then the request must not change anything.
pub async fn lock_caller(
    tx: &mut Tx,
    user_id: Uuid,
    session: &SessionIdHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<OwnerRow>> {
    let owner = lock_owner(tx, user_id).await?;
    Ok(if is_active(tx, user_id, session, now).await? { owner } else { None })
}

/// Returns whether a session of that account is active. Call it after locking the account.
async fn is_active(tx: &mut Tx, user_id: Uuid, session: &SessionIdHash, now: DateTime<Utc>) -> sqlx::Result<bool> {
    within!(tx, |c| sqlx::query_scalar(
        "select exists (select 1 from sessions s join users u on u.id = s.user_id
            where s.id_hash = $1 and s.user_id = $2 and s.revoked_at is null and s.authz_epoch = u.authz_epoch
              and s.idle_until > $3 and s.not_after > $3)"
    )
    .bind(session.as_slice())
    .bind(user_id)
    .bind(now)
    .fetch_one(c)
    .await)
}

/// Locks addresses until the transaction ends: serializes changes to their accounts and codes. Does nothing on SQLite,
/// which has one writer.
pub async fn lock_addresses<const N: usize>(tx: &mut Tx, mut email_keys: [&str; N]) -> sqlx::Result<()> {
    email_keys.sort_unstable();
    if let Tx::Postgres(tx) = tx {
        for key in email_keys {
            sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))").bind(key).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

/// Reads the display name of an account.
pub async fn find_display_name(db: &Db, user_id: Uuid) -> sqlx::Result<Option<String>> {
    read!(db, |c| sqlx::query_scalar("select display_name from profiles where user_id = $1")
        .bind(user_id)
        .fetch_optional(c)
        .await)
}

/// Locks an account if it still has that password hash; otherwise returns `false`. Verifying takes a while, and a
/// password that was changed meanwhile must not log in.
pub async fn lock_unchanged(tx: &mut Tx, user_id: Uuid, password_hash: Option<&str>) -> sqlx::Result<bool> {
    let owner = lock_owner(tx, user_id).await?;
    Ok(owner.is_some_and(|owner| owner.password_hash.as_deref() == password_hash))
}

/// Sets the password, or removes it, and starts a new epoch, which invalidates everything issued before.
pub async fn set_password(tx: &mut Tx, user_id: Uuid, password_hash: Option<&str>) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query("update users set password_hash = $2, authz_epoch = authz_epoch + 1 where id = $1")
        .bind(user_id)
        .bind(password_hash)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}

/// Starts a new epoch, which invalidates everything issued before, such as the cookies of known browsers.
pub async fn begin_epoch(tx: &mut Tx, user_id: Uuid) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query("update users set authz_epoch = authz_epoch + 1 where id = $1")
        .bind(user_id)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}

/// Marks the address as verified. Keeps an earlier time.
pub async fn verify_email(tx: &mut Tx, user_id: Uuid, now: DateTime<Utc>) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query("update users set email_verified_at = $2 where id = $1 and email_verified_at is null")
        .bind(user_id)
        .bind(now)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}

/// The result of [`set_email`].
#[derive(Debug, PartialEq, Eq)]
pub enum SetEmail {
    Set,
    /// Another account has an equivalent address, or an undo link for one.
    Taken,
}

/// Sets the address, as verified. The caller has locked the account and the address.
pub async fn set_email(tx: &mut Tx, user_id: Uuid, email: &EmailAddress, now: DateTime<Utc>) -> sqlx::Result<SetEmail> {
    let set = within!(tx, |c| {
        sqlx::query(
        "update users set email = $2, email_key = $3, email_verified_at = $4
         where id = $1 and not exists (select 1 from users where email_key = $3 and id <> $1)
           and not exists (select 1 from one_time_codes
             where email_key = $3 and purpose = 'undo_email' and spent_at is null and expires_at > $4 and user_id <> $1)"
    )
    .bind(user_id)
    .bind(email.as_str())
    .bind(email.key())
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected())
    })?;
    Ok(if set == 0 { SetEmail::Taken } else { SetEmail::Set })
}

/// Schedules the deletion of an account, or cancels it with `None`.
pub async fn set_erase_at(tx: &mut Tx, user_id: Uuid, at: Option<DateTime<Utc>>) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query("update users set erase_at = $2 where id = $1")
        .bind(user_id)
        .bind(at)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}

/// Deletes the accounts whose deletion is due, with their data. Keeps the last active admin. Returns how many.
pub async fn erase_due(db: &Db, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let mut tx = db.begin().await?;
    let deleted = within!(&mut tx, |c| sqlx::query(
        "delete from users where erase_at <= $1
           and (role <> 'admin' or exists (select 1 from users other
                where other.role = 'admin' and other.state = 'active' and other.erase_at is null))"
    )
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))?;
    if deleted > 0 {
        // Foreign keys delete everything else; codes have none.
        within!(&mut tx, |c| sqlx::query(
            "delete from one_time_codes where user_id is not null
               and not exists (select 1 from users where users.id = one_time_codes.user_id)"
        )
        .execute(c)
        .await
        .map(|r| r.rows_affected()))?;
    }
    tx.commit().await?;
    Ok(deleted)
}
