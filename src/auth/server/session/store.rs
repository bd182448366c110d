//! The SQL of sessions.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{decision::Rotation, end_store::EndReason};
use crate::{
    auth::{model::Role, server::token::session_id::SessionIdHash},
    server::{
        db::{Db, Tx, run, within, write},
        metrics,
    },
};

/// The maximum number of rows that one statement deletes, so that it stays below PostgreSQL's statement timeout and
/// other writers get their turn.
const DELETE_BATCH: i64 = 1000;

/// A session joined with its account. Never serialized.
#[derive(Clone, FromRow)]
pub struct SessionRow {
    #[sqlx(try_from = "Vec<u8>")]
    pub id_hash: SessionIdHash,
    pub user_id: Uuid,
    pub secret: Vec<u8>,
    #[sqlx(try_from = "i64")]
    pub generation: u32,
    pub rotated_at: DateTime<Utc>,
    #[sqlx(try_from = "i64")]
    pub confirmed_generation: u32,
    #[sqlx(try_from = "i64")]
    pub reuse_count: u32,
    #[sqlx(try_from = "i64")]
    pub reuse_streak: u32,
    pub resent_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub idle_until: DateTime<Utc>,
    pub not_after: DateTime<Utc>,
    pub auth_time: DateTime<Utc>,
    #[sqlx(try_from = "i64")]
    pub aal: u8,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoked_reason: Option<String>,
    pub session_epoch: i64,
    pub user_epoch: i64,
    pub state: String,
    #[sqlx(try_from = "String")]
    pub role: Role,
    pub email: String,
    pub email_verified: bool,
    pub display_name: String,
    /// The database's time when the row was read.
    pub read_at: DateTime<Utc>,
}

impl SessionRow {
    /// Returns whether the session is active: not ended, not expired, and of an active account's current epoch.
    pub fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none()
            && self.state == "active"
            && self.session_epoch == self.user_epoch
            && now < self.idle_until
            && now < self.not_after
    }

    /// Returns the columns that the rotation depends on.
    pub fn rotation(&self) -> Rotation {
        Rotation {
            generation: self.generation,
            rotated_at: self.rotated_at,
            confirmed_generation: self.confirmed_generation,
            reuse_count: self.reuse_count,
            reuse_streak: self.reuse_streak,
            resent_at: self.resent_at,
        }
    }
}

/// A session to insert.
pub struct NewSession<'a> {
    pub id_hash: SessionIdHash,
    pub user_id: Uuid,
    pub secret: &'a [u8],
    pub idle_until: DateTime<Utc>,
    pub not_after: DateTime<Utc>,
    pub user_agent: &'a str,
    pub ip: &'a str,
}

/// Inserts a session. Returns 0 if the account is not active.
pub async fn insert_session(tx: &mut Tx, session: &NewSession<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    // Takes the account's current epoch, so that a change that commits later ends this session.
    within!(tx, |c| sqlx::query(
        "insert into sessions (id_hash, user_id, secret, authz_epoch, generation, rotated_at, confirmed_generation,
                               reuse_count, reuse_streak, created_at, last_seen_at, idle_until, not_after, auth_time,
                               aal, user_agent, ip)
         select $1, id, $3, authz_epoch, 1, $4, 0, 0, 0, $4, $4, $5, $6, $4, 1, $7, $8
         from users where id = $2 and state = 'active'"
    )
    .bind(session.id_hash.as_slice())
    .bind(session.user_id)
    .bind(session.secret)
    .bind(now)
    .bind(session.idle_until)
    .bind(session.not_after)
    .bind(session.user_agent)
    .bind(session.ip)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))
}

/// Ends all but the `most` most recently used sessions of an account, and deletes all but the `remembered` latest ended
/// ones. Otherwise someone with the password could add rows without limit.
pub async fn limit_sessions(
    tx: &mut Tx,
    user_id: Uuid,
    most: i64,
    remembered: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query(
        "delete from sessions where user_id = $1 and id_hash in
            (select id_hash from sessions where user_id = $1 and revoked_at is not null
             order by revoked_at desc limit $3 offset $2)"
    )
    .bind(user_id)
    .bind(remembered)
    .bind(DELETE_BATCH)
    .execute(c)
    .await
    .map(|_| ()))?;
    within!(tx, |c| sqlx::query(
        "update sessions set revoked_at = $3, revoked_reason = $4
         where user_id = $1 and revoked_at is null and id_hash not in
            (select id_hash from sessions where user_id = $1 and revoked_at is null
             order by last_seen_at desc, created_at desc limit $2)"
    )
    .bind(user_id)
    .bind(most)
    .bind(now)
    .bind(EndReason::TooMany.as_str())
    .execute(c)
    .await
    .map(|r| metrics::ended(EndReason::TooMany.as_str(), r.rows_affected())))
}

/// The SQL that reads a session by its id, with `$now` as the current time.
macro_rules! session_by_id {
    ($now:literal) => {
        concat!(
            "select s.id_hash, s.user_id, s.secret, s.generation, s.rotated_at, s.confirmed_generation, s.reuse_count,
                    s.reuse_streak, s.resent_at, s.created_at, s.idle_until, s.not_after, s.auth_time, s.aal,
                    s.revoked_at, s.revoked_reason, s.authz_epoch as session_epoch, u.authz_epoch as user_epoch,
                    u.state, u.role, u.email, u.email_verified_at is not null as email_verified, p.display_name, ",
            $now,
            " as read_at
             from sessions s
             join users u on u.id = s.user_id
             join profiles p on p.user_id = s.user_id
             where s.id_hash = $1"
        )
    };
}

/// Reads a session, including one that has ended.
pub async fn find_session(db: &Db, id_hash: &SessionIdHash) -> sqlx::Result<Option<SessionRow>> {
    // Not with `read!`: PostgreSQL returns its time with the row, which saves a round trip.
    match db {
        Db::Sqlite(sqlite) => {
            let now = db.now().await?;
            run!(&sqlite.read, |c| sqlx::query_as(session_by_id!("$2"))
                .bind(id_hash.as_slice())
                .bind(now)
                .fetch_optional(c)
                .await)
        }
        Db::Postgres(pool) => run!(pool, |c| sqlx::query_as(session_by_id!("clock_timestamp()"))
            .bind(id_hash.as_slice())
            .fetch_optional(c)
            .await),
    }
}

/// Returns the user agents of an account's latest 50 sessions, latest first.
pub async fn user_agents_of(tx: &mut Tx, user_id: Uuid) -> sqlx::Result<Vec<String>> {
    within!(tx, |c| sqlx::query_scalar(
        "select user_agent from sessions where user_id = $1 order by created_at desc limit 50"
    )
    .bind(user_id)
    .fetch_all(c)
    .await)
}

/// Returns the account and the user agent of a session.
pub async fn owner_of_session(tx: &mut Tx, id_hash: &SessionIdHash) -> sqlx::Result<Option<(Uuid, String)>> {
    within!(tx, |c| sqlx::query_as("select user_id, user_agent from sessions where id_hash = $1")
        .bind(id_hash.as_slice())
        .fetch_optional(c)
        .await)
}

/// Rotates a session with a compare-and-swap: of all parallel requests that present generation `from`, one succeeds.
/// Also confirms `from`.
pub async fn rotate(
    db: &Db,
    id_hash: &SessionIdHash,
    from: u32,
    now: DateTime<Utc>,
    idle_until: DateTime<Utc>,
) -> sqlx::Result<bool> {
    write!(db, |c| sqlx::query(
        "update sessions
         set generation = generation + 1, rotated_at = $3, confirmed_generation = generation, last_seen_at = $3,
             idle_until = $4, reuse_streak = case when reuse_count > 0 then reuse_streak + 1 else 0 end,
             reuse_count = 0, resent_at = null
         where id_hash = $1 and generation = $2 and revoked_at is null"
    )
    .bind(id_hash.as_slice())
    .bind(i64::from(from))
    .bind(now)
    .bind(idle_until)
    .execute(c)
    .await
    .map(|r| r.rows_affected() == 1))
}

/// Counts that the current pair is sent again. Returns `false` if the row has changed since it was read.
pub async fn count_resend(db: &Db, id_hash: &SessionIdHash, seen: &Rotation, now: DateTime<Utc>) -> sqlx::Result<bool> {
    write!(db, |c| sqlx::query(
        "update sessions set reuse_count = reuse_count + 1, resent_at = $4
         where id_hash = $1 and generation = $2 and reuse_count = $3 and confirmed_generation < generation
           and revoked_at is null"
    )
    .bind(id_hash.as_slice())
    .bind(i64::from(seen.generation))
    .bind(i64::from(seen.reuse_count))
    .bind(now)
    .execute(c)
    .await
    .map(|r| r.rows_affected() == 1))
}

/// Records that the browser has sent a token of `generation`. Never lowers the recorded generation.
pub async fn confirm(
    db: &Db,
    id_hash: &SessionIdHash,
    generation: u32,
    now: DateTime<Utc>,
    idle_until: DateTime<Utc>,
) -> sqlx::Result<u64> {
    write!(db, |c| sqlx::query(
        "update sessions set confirmed_generation = $2, last_seen_at = $3, idle_until = $4
         where id_hash = $1 and confirmed_generation < $2 and revoked_at is null"
    )
    .bind(id_hash.as_slice())
    .bind(i64::from(generation))
    .bind(now)
    .bind(idle_until)
    .execute(c)
    .await
    .map(|r| r.rows_affected()))
}

/// Deletes the sessions that expired before `before`, with their refresh tokens. Ended sessions are kept until then, to
/// recognize their tokens. Returns how many were deleted.
pub async fn forget_sessions(db: &Db, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let mut deleted = 0;
    loop {
        let sql = "delete from sessions where id_hash in (select id_hash from sessions where not_after < $1 limit $2)";
        let batch = write!(db, |c| sqlx::query(sql)
            .bind(before)
            .bind(DELETE_BATCH)
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        deleted += batch;
        if batch < DELETE_BATCH.unsigned_abs() {
            return Ok(deleted);
        }
    }
}
