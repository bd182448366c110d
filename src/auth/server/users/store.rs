//! The SQL of accounts: credentials, role, state.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::email_address::EmailAddress;
use crate::{
    auth::model::Role,
    server::db::{Db, Tx, read, within, write},
};

impl TryFrom<String> for Role {
    type Error = UnknownRole;

    fn try_from(name: String) -> Result<Self, UnknownRole> {
        Role::parse(&name).ok_or(UnknownRole)
    }
}

/// The database has a role that this release does not know.
#[derive(Debug)]
pub struct UnknownRole;

impl std::fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("unknown role")
    }
}

impl std::error::Error for UnknownRole {}

/// An account, for log-in.
#[derive(FromRow)]
pub struct UserRow {
    pub id: Uuid,
    /// As entered at sign-up: an equivalent address may be another mailbox.
    pub email: String,
    pub password_hash: Option<String>,
    pub state: String,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub erase_at: Option<DateTime<Utc>>,
    pub authz_epoch: i64,
}

/// Finds an account by its address.
pub async fn find_user(db: &Db, email: &EmailAddress) -> sqlx::Result<Option<UserRow>> {
    read!(db, |c| {
        sqlx::query_as(
        "select id, email, password_hash, state, email_verified_at, erase_at, authz_epoch from users where email_key = $1"
    )
    .bind(email.key())
    .fetch_optional(c)
    .await
    })
}

/// An account to insert.
pub struct NewUser<'a> {
    pub id: Uuid,
    pub email: &'a EmailAddress,
    pub password_hash: Option<&'a str>,
    pub role: Role,
    pub display_name: &'a str,
    /// When the address was verified, if it was.
    pub verified_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// Inserts an account and its profile. Locks the address. Inserts nothing and returns `false` if an account has an
/// equivalent address or an undo link for one: otherwise a sign-up could block the undo.
pub async fn insert_user(tx: &mut Tx, user: &NewUser<'_>, now: DateTime<Utc>) -> sqlx::Result<bool> {
    super::owner_store::lock_addresses(tx, [user.email.key()]).await?;
    let inserted = within!(tx, |c| sqlx::query(
        "insert into users (id, email, email_key, password_hash, role, state, authz_epoch, email_verified_at,
                            created_at)
         select $1, $2, $3, $4, $5, 'active', 0, $6, $7
         where not exists (select 1 from one_time_codes
             where email_key = $3 and purpose = 'undo_email' and spent_at is null and expires_at > $8)
         on conflict (email_key) do nothing"
    )
    .bind(user.id)
    .bind(user.email.as_str())
    .bind(user.email.key())
    .bind(user.password_hash)
    .bind(user.role.as_str())
    .bind(user.verified_at)
    .bind(user.created_at)
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
    .bind(user.id)
    .bind(user.display_name)
    .bind(user.created_at)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))?;
    Ok(true)
}

/// Returns a password hash that does not start with `prefix`, of the most common kind (for bcrypt: cost) among those.
pub async fn find_older_hash(db: &Db, prefix: &str) -> sqlx::Result<Option<String>> {
    read!(db, |c| sqlx::query_scalar(
        "select min(password_hash) from users where substr(password_hash, 1, $2) <> $1
         group by substr(password_hash, 1, 7) order by count(*) desc limit 1"
    )
    .bind(prefix)
    .bind(i32::try_from(prefix.len()).unwrap_or(i32::MAX))
    .fetch_optional(c)
    .await)
}

/// Replaces a hash by a stronger one of the same password, unless the password was changed meanwhile.
pub async fn upgrade_password_hash(db: &Db, user_id: Uuid, old: &str, new: &str) -> sqlx::Result<u64> {
    write!(db, |c| sqlx::query("update users set password_hash = $1 where id = $2 and password_hash = $3")
        .bind(new)
        .bind(user_id)
        .bind(old)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}

/// The result of [`set_role`].
pub enum RoleSet {
    Changed,
    Same,
    NoSuchUser,
}

/// Changes the role of an account and starts a new epoch, which invalidates its tokens.
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

/// Locks two accounts and all active admins, in the order of their ids. Returns the ids of the active admins.
pub async fn lock_with_admins(tx: &mut Tx, user_id: Uuid, other: Uuid) -> sqlx::Result<Vec<Uuid>> {
    macro_rules! admins {
        ($rest:literal) => {
            concat!(
                "select id, role = 'admin' and state = 'active' and erase_at is null from users
                 where id in ($1, $2) or (role = 'admin' and state = 'active' and erase_at is null)",
                $rest
            )
        };
    }
    let rows: Vec<(Uuid, bool)> = match tx {
        // `begin immediate` already holds the only write lock, and SQLite has no row locks.
        Tx::Sqlite(tx) => sqlx::query_as(admins!("")).bind(user_id).bind(other).fetch_all(&mut **tx).await?,
        Tx::Postgres(tx) => {
            let sql = admins!(" order by id for no key update");
            sqlx::query_as(sql).bind(user_id).bind(other).fetch_all(&mut **tx).await?
        }
    };
    Ok(rows.into_iter().filter_map(|(id, is_admin)| is_admin.then_some(id)).collect())
}
