//! The SQL of what changes an account at its owner's word: address, password, whether it stays.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    auth::server::{credentials::Email, session_id::SessionIdHash},
    server::db::{Db, Tx, read, within},
};

/// An active account as its owner's changes need it.
#[derive(FromRow)]
pub struct OwnerRow {
    pub email: String,
    pub email_key: String,
    pub password_hash: Option<String>,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub erase_at: Option<DateTime<Utc>>,
}

macro_rules! owner {
    ($rest:literal) => {
        concat!(
            "select email, email_key, password_hash, email_verified_at, erase_at from users
             where id = $1 and state = 'active'",
            $rest
        )
    };
}

/// The account behind a session that goes on. One that has ended since the request came in finds nothing: what is typed
/// there must not be held against what the account has become.
pub async fn find_owner(db: &Db, user_id: Uuid, session: &SessionIdHash) -> sqlx::Result<Option<OwnerRow>> {
    let sql = owner!(" and exists (select 1 from sessions where id_hash = $2 and user_id = $1 and revoked_at is null)");
    read!(db, |c| sqlx::query_as(sql).bind(user_id).bind(session.as_slice()).fetch_optional(c).await)
}

/// An account, locked against another change until this transaction ends.
pub async fn lock_owner(tx: &mut Tx, user_id: Uuid) -> sqlx::Result<Option<OwnerRow>> {
    match tx {
        // `begin immediate` holds the only write lock already, and SQLite knows no row locks.
        Tx::Sqlite(tx) => sqlx::query_as(owner!("")).bind(user_id).fetch_optional(&mut **tx).await,
        Tx::Postgres(tx) => sqlx::query_as(owner!(" for update")).bind(user_id).fetch_optional(&mut **tx).await,
    }
}

/// What an account is called.
pub async fn find_display_name(db: &Db, user_id: Uuid) -> sqlx::Result<Option<String>> {
    read!(db, |c| sqlx::query_scalar("select display_name from profiles where user_id = $1")
        .bind(user_id)
        .fetch_optional(c)
        .await)
}

/// Locks an account, if its password is still the one of that hash: hashing takes its time, and what was verified before a
/// change must open nothing after it.
pub async fn lock_unchanged(tx: &mut Tx, user_id: Uuid, password_hash: Option<&str>) -> sqlx::Result<bool> {
    let owner = lock_owner(tx, user_id).await?;
    Ok(owner.is_some_and(|owner| owner.password_hash.as_deref() == password_hash))
}

/// Sets another password, or none; what was issued before belongs to an epoch that is past.
pub async fn set_password(tx: &mut Tx, user_id: Uuid, password_hash: Option<&str>) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query("update users set password_hash = $2, authz_epoch = authz_epoch + 1 where id = $1")
        .bind(user_id)
        .bind(password_hash)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}

/// Notes that mail reaches the owner. The first time counts.
pub async fn verify_email(tx: &mut Tx, user_id: Uuid, now: DateTime<Utc>) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query("update users set email_verified_at = $2 where id = $1 and email_verified_at is null")
        .bind(user_id)
        .bind(now)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}

/// What [`set_email`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum SetEmail {
    Set,
    /// Another account has the address, or a twin of it, or can still be taken back to it.
    Taken,
}

/// Moves an account to an address that its owner has just shown to read.
pub async fn set_email(tx: &mut Tx, user_id: Uuid, email: &Email, now: DateTime<Utc>) -> sqlx::Result<SetEmail> {
    let set = within!(tx, |c| {
        sqlx::query(
        "update users set email = $2, email_key = $3, email_verified_at = $4
         where id = $1 and not exists (select 1 from one_time_codes
             where email_key = $3 and purpose = 'undo_email' and spent_at is null and expires_at > $4 and user_id <> $1)"
    )
    .bind(user_id)
    .bind(email.as_str())
    .bind(email.key())
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected())
    });
    match set {
        Ok(0) => Ok(SetEmail::Taken),
        Ok(_) => Ok(SetEmail::Set),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(SetEmail::Taken),
        Err(error) => Err(error),
    }
}

/// Sets when an account is to be erased, or that it is not.
pub async fn set_erase_at(tx: &mut Tx, user_id: Uuid, at: Option<DateTime<Utc>>) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query("update users set erase_at = $2 where id = $1")
        .bind(user_id)
        .bind(at)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}

/// Erases the accounts whose time has come, with all that is theirs. The last active admin stays.
pub async fn erase_due(db: &Db, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let mut tx = db.begin().await?;
    let erased = within!(&mut tx, |c| sqlx::query(
        "delete from users where erase_at <= $1
           and (role <> 'admin' or exists (select 1 from users other
                where other.role = 'admin' and other.state = 'active' and other.erase_at is null))"
    )
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))?;
    if erased > 0 {
        // All else goes by its foreign key; codes have none.
        within!(&mut tx, |c| sqlx::query(
            "delete from one_time_codes where user_id is not null
               and not exists (select 1 from users where users.id = one_time_codes.user_id)"
        )
        .execute(c)
        .await
        .map(|r| r.rows_affected()))?;
    }
    tx.commit().await?;
    Ok(erased)
}
