//! The SQL of accounts: credentials, role, state.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    auth::{model::Role, server::credentials::Email},
    server::db::{Db, Tx, read, within, write},
};

impl TryFrom<String> for Role {
    type Error = UnknownRole;

    fn try_from(name: String) -> Result<Self, UnknownRole> {
        Role::parse(&name).ok_or(UnknownRole)
    }
}

/// A role in the database that this release does not know.
#[derive(Debug)]
pub struct UnknownRole;

impl std::fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("unknown role")
    }
}

impl std::error::Error for UnknownRole {}

/// An account as log-in needs it.
#[derive(FromRow)]
pub struct UserRow {
    pub id: Uuid,
    pub password_hash: Option<String>,
    pub state: String,
}

pub async fn find_user(db: &Db, email: &Email) -> sqlx::Result<Option<UserRow>> {
    read!(db, |c| sqlx::query_as("select id, password_hash, state from users where email_key = $1")
        .bind(email.key())
        .fetch_optional(c)
        .await)
}

/// Adds an account and its profile. `false`, and nothing added, where the address or a twin of it has one.
pub async fn insert_user(
    tx: &mut Tx,
    id: Uuid,
    email: &Email,
    password_hash: &str,
    role: Role,
    display_name: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let inserted = within!(tx, |c| sqlx::query(
        "insert into users (id, email, email_key, password_hash, role, state, authz_epoch, created_at)
         values ($1, $2, $3, $4, $5, 'active', 0, $6)
         on conflict (email_key) do nothing"
    )
    .bind(id)
    .bind(email.as_str())
    .bind(email.key())
    .bind(password_hash)
    .bind(role.as_str())
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))?;
    if inserted == 0 {
        return Ok(false);
    }
    within!(tx, |c| sqlx::query(
        "insert into profiles (user_id, display_name, bio, updated_at) values ($1, $2, '', $3)"
    )
    .bind(id)
    .bind(display_name)
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))?;
    Ok(true)
}

/// Takes a stronger hash of the same password, unless the password was changed meanwhile.
pub async fn upgrade_password_hash(db: &Db, user_id: Uuid, old: &str, new: &str) -> sqlx::Result<u64> {
    write!(db, |c| sqlx::query("update users set password_hash = $1 where id = $2 and password_hash = $3")
        .bind(new)
        .bind(user_id)
        .bind(old)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}

/// What [`set_role`] found.
pub enum RoleSet {
    Changed,
    Same,
    NoSuchUser,
}

/// Gives an account another role, and its sessions' tokens an epoch that is past.
pub async fn set_role(tx: &mut Tx, user_id: Uuid, role: Role) -> sqlx::Result<RoleSet> {
    let changed = within!(tx, |c| sqlx::query(
        "update users set role = $2, authz_epoch = authz_epoch + 1 where id = $1 and role <> $2"
    )
    .bind(user_id)
    .bind(role.as_str())
    .execute(c)
    .await
    .map(|r| r.rows_affected()))?;
    if changed == 1 {
        return Ok(RoleSet::Changed);
    }
    let found: Option<i64> = within!(tx, |c| sqlx::query_scalar("select cast(1 as bigint) from users where id = $1")
        .bind(user_id)
        .fetch_optional(c)
        .await)?;
    Ok(if found.is_some() { RoleSet::Same } else { RoleSet::NoSuchUser })
}

/// The accounts that could still run the place, locked against another admin's change until this transaction ends.
pub async fn lock_active_admins(tx: &mut Tx) -> sqlx::Result<Vec<Uuid>> {
    match tx {
        // `begin immediate` holds the only write lock already, and SQLite knows no row locks.
        Tx::Sqlite(tx) => {
            sqlx::query_scalar("select id from users where role = 'admin' and state = 'active'")
                .fetch_all(&mut **tx)
                .await
        }
        Tx::Postgres(tx) => {
            sqlx::query_scalar("select id from users where role = 'admin' and state = 'active' order by id for update")
                .fetch_all(&mut **tx)
                .await
        }
    }
}
