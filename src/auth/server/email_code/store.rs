//! The SQL of one-time codes.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    auth::email_code::model::Purpose,
    server::db::{Db, Tx, read, within, write},
};

impl TryFrom<String> for Purpose {
    type Error = UnknownPurpose;

    fn try_from(name: String) -> Result<Self, UnknownPurpose> {
        Purpose::parse(&name).ok_or(UnknownPurpose)
    }
}

/// The database has a purpose that this release does not know.
#[derive(Debug)]
pub struct UnknownPurpose;

impl std::fmt::Display for UnknownPurpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("unknown purpose")
    }
}

impl std::error::Error for UnknownPurpose {}

/// The maximum number of tries at the digits of a code: a chance of 1 in 200,000 (NIST SP 800-63B-4 requires a limit).
pub const TRIES: i64 = 5;

/// A valid code: unused and not expired.
#[derive(FromRow)]
pub struct CodeRow {
    pub id: Uuid,
    #[sqlx(try_from = "String")]
    pub purpose: Purpose,
    pub seed: Vec<u8>,
    pub browser_hash: Option<Vec<u8>>,
    pub email: String,
    pub email_key: String,
    pub user_id: Option<Uuid>,
    pub detail: String,
    pub created_at: DateTime<Utc>,
}

/// A code to insert.
pub struct NewCode<'a> {
    pub purpose: Purpose,
    pub seed: &'a [u8],
    pub link_hash: &'a [u8],
    pub browser_hash: Option<&'a [u8]>,
    pub email: &'a str,
    pub email_key: &'a str,
    pub user_id: Option<Uuid>,
    pub detail: &'a str,
    pub expires_at: DateTime<Utc>,
}

/// Inserts a code. Voids the previous codes of the same address and purpose and,
/// for a change of address, those of the same account. The caller has locked the
/// address, so that of two parallel requests the later one voids the earlier one.
pub async fn insert_code(tx: &mut Tx, code: &NewCode<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    if code.purpose == Purpose::ChangeEmail {
        within!(tx, |c| sqlx::query(
            "update one_time_codes set spent_at = $2
             where user_id = $1 and purpose = 'change_email' and spent_at is null"
        )
        .bind(code.user_id)
        .bind(now)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))?;
    }
    within!(tx, |c| sqlx::query(
        "update one_time_codes set spent_at = $3
         where email_key = $1 and purpose = $2 and spent_at is null and purpose <> 'undo_email'"
    )
    .bind(code.email_key)
    .bind(code.purpose.as_str())
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))?;
    within!(tx, |c| {
        sqlx::query(
        "insert into one_time_codes (id, purpose, seed, link_hash, browser_hash, email, email_key, user_id, detail, tries,
                                     created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)"
    )
    .bind(Uuid::now_v7())
    .bind(code.purpose.as_str())
    .bind(code.seed)
    .bind(code.link_hash)
    .bind(code.browser_hash)
    .bind(code.email)
    .bind(code.email_key)
    .bind(code.user_id)
    .bind(code.detail)
    .bind(now)
    .bind(code.expires_at)
    .execute(c)
    .await
    .map(|r| r.rows_affected())
    })
}

/// The SQL that reads a valid code at time `$2` by a unique column.
macro_rules! code_by {
    ($column:literal) => {
        concat!(
            "select id, purpose, seed, browser_hash, email, email_key, user_id, detail, created_at from one_time_codes
             where ",
            $column,
            " = $1 and spent_at is null and expires_at > $2"
        )
    };
}

/// Finds a valid code by the hash of its link's secret.
pub async fn find_code_by_link(db: &Db, link_hash: &[u8], now: DateTime<Utc>) -> sqlx::Result<Option<CodeRow>> {
    read!(db, |c| sqlx::query_as(code_by!("link_hash")).bind(link_hash).bind(now).fetch_optional(c).await)
}

/// Finds the valid code that a browser requested, by the hash of its key.
pub async fn find_code_by_browser(db: &Db, browser_hash: &[u8], now: DateTime<Utc>) -> sqlx::Result<Option<CodeRow>> {
    read!(db, |c| sqlx::query_as(code_by!("browser_hash")).bind(browser_hash).bind(now).fetch_optional(c).await)
}

/// Counts a try at the digits. Returns `false` if none are left.
pub async fn count_try(db: &Db, id: Uuid) -> sqlx::Result<bool> {
    write!(db, |c| sqlx::query("update one_time_codes set tries = tries + 1 where id = $1 and tries < $2")
        .bind(id)
        .bind(TRIES)
        .execute(c)
        .await
        .map(|r| r.rows_affected() == 1))
}

/// Refunds the try of correct digits.
pub async fn refund_try(tx: &mut Tx, id: Uuid) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query("update one_time_codes set tries = tries - 1 where id = $1")
        .bind(id)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}

/// Marks a code as used. Returns `true` for only one of several parallel requests.
pub async fn spend_code(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<bool> {
    within!(tx, |c| sqlx::query(
        "update one_time_codes set spent_at = $2 where id = $1 and spent_at is null and expires_at > $2"
    )
    .bind(id)
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected() == 1))
}

/// Voids an account's codes, except its undo links: otherwise someone who took over the account could void those.
pub async fn void_codes_of(tx: &mut Tx, user_id: Uuid, now: DateTime<Utc>) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query(
        "update one_time_codes set spent_at = $2
         where user_id = $1 and spent_at is null and purpose <> 'undo_email'"
    )
    .bind(user_id)
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))
}

/// Voids all codes of an account that were created since `since`, including undo links.
pub async fn void_codes_since(
    tx: &mut Tx,
    user_id: Uuid,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query(
        "update one_time_codes set spent_at = $3 where user_id = $1 and spent_at is null and created_at >= $2"
    )
    .bind(user_id)
    .bind(since)
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))
}

/// Voids an account's undo links of one address. Returns how many.
pub async fn void_undo_links(tx: &mut Tx, user_id: Uuid, email_key: &str, now: DateTime<Utc>) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query(
        "update one_time_codes set spent_at = $3
         where user_id = $1 and email_key = $2 and purpose = 'undo_email' and spent_at is null"
    )
    .bind(user_id)
    .bind(email_key)
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))
}

/// Returns the address and the expiry of each valid undo link of an account, latest first.
pub async fn find_undo_links(db: &Db, user_id: Uuid, now: DateTime<Utc>) -> sqlx::Result<Vec<(String, DateTime<Utc>)>> {
    read!(db, |c| sqlx::query_as(
        "select email, max(expires_at) from one_time_codes
         where user_id = $1 and purpose = 'undo_email' and spent_at is null and expires_at > $2
         group by email order by 2 desc"
    )
    .bind(user_id)
    .bind(now)
    .fetch_all(c)
    .await)
}

/// Deletes the codes that expired before `before`.
pub async fn forget_codes(db: &Db, before: DateTime<Utc>) -> sqlx::Result<u64> {
    write!(db, |c| sqlx::query("delete from one_time_codes where expires_at < $1")
        .bind(before)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))
}
