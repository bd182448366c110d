//! The SQL that reads an account's sessions. `auth::server::flows::log_out` ends them.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;

use super::model::{CopiedSession, DeviceSession, Devices};
use crate::{
    auth::server::{Caller, token::session_id::SessionIdHash, user_agent::describe},
    error::AppError,
    server::{
        db::{Db, read},
        relative_time::moment,
    },
};

/// The maximum number of sessions on the page.
const SHOWN: i64 = 100;
/// How long a session that ended because of refresh token reuse is shown.
const COPIED_FOR: TimeDelta = TimeDelta::days(30);
const COPIED_SHOWN: i64 = 5;

#[derive(FromRow)]
struct Row {
    id_hash: Vec<u8>,
    user_agent: String,
    ip: String,
    #[sqlx(try_from = "i64")]
    generation: u32,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
}

/// Returns the caller's active sessions, and those that ended because of refresh token reuse.
pub async fn find(db: &Db, caller: &Caller) -> Result<Devices, AppError> {
    let now = db.now().await?;
    let rows: Vec<Row> = read!(db, |c| sqlx::query_as(
        "select s.id_hash, s.user_agent, s.ip, s.generation, s.created_at, s.last_seen_at
         from sessions s join users u on u.id = s.user_id
         where s.user_id = $1 and s.revoked_at is null and s.authz_epoch = u.authz_epoch
           and s.idle_until > $2 and s.not_after > $2
         order by s.last_seen_at desc, s.created_at desc limit $3"
    )
    .bind(caller.user_id)
    .bind(now)
    .bind(SHOWN)
    .fetch_all(c)
    .await)?;
    let copied: Vec<(String, DateTime<Utc>)> = read!(db, |c| sqlx::query_as(
        "select user_agent, revoked_at from sessions
         where user_id = $1 and revoked_reason = 'replayed' and revoked_at > $2
         order by revoked_at desc limit $3"
    )
    .bind(caller.user_id)
    .bind(now - COPIED_FOR)
    .bind(COPIED_SHOWN)
    .fetch_all(c)
    .await)?;
    let mut sessions: Vec<DeviceSession> = rows.into_iter().filter_map(|row| session(row, caller, now)).collect();
    sessions.sort_by_key(|session| !session.current);
    Ok(Devices {
        sessions,
        copied: copied
            .into_iter()
            .map(|(user_agent, at)| CopiedSession { device: describe(&user_agent), ended_at: moment(at, now) })
            .collect(),
    })
}

fn session(row: Row, caller: &Caller, now: DateTime<Utc>) -> Option<DeviceSession> {
    let id = SessionIdHash::from_slice(&row.id_hash)?;
    Some(DeviceSession {
        id: id.to_hex(),
        device: describe(&row.user_agent),
        ip: row.ip,
        generation: row.generation,
        started_at: moment(row.created_at, now),
        last_seen_at: moment(row.last_seen_at, now),
        current: id == caller.session,
    })
}
