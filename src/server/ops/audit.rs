//! The audit trail: what happened to accounts and sessions, in the database for their owners and in the log for whoever
//! runs the place. Holds no secret and nothing that was typed.

use chrono::{DateTime, TimeDelta, Utc};
use std::net::IpAddr;
use uuid::Uuid;

use crate::server::db::{Db, Tx, within, write};

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    SignedUp,
    /// The account came from another system.
    Imported,
    LoggedIn,
    LoggedOut,
    /// An old refresh token came back: somebody holds a copy. The session was ended.
    SessionReplayed,
    /// A refresh token came that was never issued by this database. The session was ended.
    SessionAhead,
    RoleChanged,
    /// The owner ended a session from another device.
    SessionRevoked,
    OtherSessionsRevoked,
    LoggedOutEverywhere,
    EmailVerified,
    PasswordChanged,
    EmailChanged,
    /// The owner of an earlier address took the account back to it.
    EmailRestored,
    /// A reader of an earlier address ended the link that takes the account back to it.
    WayBackEnded,
    /// The caller proved anew who they are.
    SteppedUp,
    /// The owner asked for the account to be erased.
    Leaving,
    /// The owner changed their mind about that.
    Kept,
    /// The owner took a copy of all that is kept of the account.
    DataExported,
}

impl Event {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedUp => "signed_up",
            Self::Imported => "imported",
            Self::LoggedIn => "logged_in",
            Self::LoggedOut => "logged_out",
            Self::SessionReplayed => "session_replayed",
            Self::SessionAhead => "session_ahead",
            Self::RoleChanged => "role_changed",
            Self::SessionRevoked => "session_revoked",
            Self::OtherSessionsRevoked => "other_sessions_revoked",
            Self::LoggedOutEverywhere => "logged_out_everywhere",
            Self::EmailVerified => "email_verified",
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged => "email_changed",
            Self::EmailRestored => "email_restored",
            Self::WayBackEnded => "way_back_ended",
            Self::SteppedUp => "stepped_up",
            Self::Leaving => "leaving",
            Self::Kept => "kept",
            Self::DataExported => "data_exported",
        }
    }
}

/// Whether the account was ever logged in: the trail is kept longer than sessions are.
pub async fn has_logged_in(tx: &mut Tx, user_id: Uuid) -> sqlx::Result<bool> {
    within!(tx, |c| sqlx::query_scalar(
        // A sign-up without an address was the command line's, and no log-in.
        "select exists (select 1 from audit_events
            where user_id = $1 and (kind = 'logged_in' or (kind = 'signed_up' and ip is not null)))"
    )
    .bind(user_id)
    .fetch_one(c)
    .await)
}

/// How long an event is kept.
const RETENTION: TimeDelta = TimeDelta::days(365);
/// Rows of one statement that forgets.
const FORGOTTEN_AT_ONCE: i64 = 1000;

/// Forgets events whose time is over. Returns how many they were.
pub async fn forget(db: &Db, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let mut forgotten = 0;
    loop {
        let sql = "delete from audit_events where id in (select id from audit_events where at < $1 limit $2)";
        let gone = write!(db, |c| sqlx::query(sql)
            .bind(now - RETENTION)
            .bind(FORGOTTEN_AT_ONCE)
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        forgotten += gone;
        if gone < FORGOTTEN_AT_ONCE.unsigned_abs() {
            return Ok(forgotten);
        }
    }
}

/// Writes an event within the change that it tells of. `actor_id`: who did it, where that is not the owner.
pub async fn record(
    tx: &mut Tx,
    event: Event,
    user_id: Uuid,
    actor_id: Option<Uuid>,
    ip: Option<IpAddr>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    match event {
        Event::SessionReplayed | Event::SessionAhead => {
            tracing::warn!(event = event.as_str(), %user_id, "audit");
        }
        // Thousands at a time: the import itself says how many.
        Event::Imported => {}
        _ => {
            tracing::info!(event = event.as_str(), %user_id, actor_id = actor_id.map(tracing::field::display), "audit")
        }
    }
    within!(tx, |c| sqlx::query(
        "insert into audit_events (id, at, kind, user_id, actor_id, ip) values ($1, $2, $3, $4, $5, $6)"
    )
    .bind(Uuid::now_v7())
    .bind(now)
    .bind(event.as_str())
    .bind(user_id)
    .bind(actor_id)
    .bind(ip.map(|ip| ip.to_string()))
    .execute(c)
    .await
    .map(|_| ()))
}
