//! The audit trail: events of accounts and sessions, in the database for their owners and in the log for operators. It
//! contains no secrets and no typed text.

use chrono::{DateTime, TimeDelta, Utc};
use std::net::IpAddr;
use uuid::Uuid;

use crate::server::db::{Db, Tx, within, write};

/// An audited event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    SignedUp,
    /// The account was imported from another system.
    Imported,
    LoggedIn,
    LoggedOut,
    /// A refresh token was reused, so someone has a copy. The session was ended.
    SessionReplayed,
    /// A refresh token came from the future: this database never issued it. The session was ended.
    SessionAhead,
    RoleChanged,
    /// The owner ended a session from another device.
    SessionRevoked,
    OtherSessionsRevoked,
    LoggedOutEverywhere,
    EmailVerified,
    PasswordChanged,
    EmailChanged,
    /// A reader of an earlier address restored it.
    EmailRestored,
    /// A reader of an earlier address ended its restore link.
    UndoLinkEnded,
    /// The caller confirmed their identity again.
    SteppedUp,
    /// The owner requested deletion.
    Leaving,
    /// The owner cancelled the deletion.
    Kept,
    /// The owner exported their data.
    DataExported,
}

impl Event {
    /// Returns the stored name of the event.
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
            Self::UndoLinkEnded => "way_back_ended",
            Self::SteppedUp => "stepped_up",
            Self::Leaving => "leaving",
            Self::Kept => "kept",
            Self::DataExported => "data_exported",
        }
    }
}

/// Whether the account ever logged in. Events are kept longer than sessions.
pub async fn has_logged_in(tx: &mut Tx, user_id: Uuid) -> sqlx::Result<bool> {
    within!(tx, |c| sqlx::query_scalar(
        // A sign-up without an address came from the command line and was no log-in.
        "select exists (select 1 from audit_events
            where user_id = $1 and (kind = 'logged_in' or (kind = 'signed_up' and ip is not null)))"
    )
    .bind(user_id)
    .fetch_one(c)
    .await)
}

/// How long events are kept.
const RETENTION: TimeDelta = TimeDelta::days(365);
/// Rows per delete statement.
const FORGOTTEN_AT_ONCE: i64 = 1000;

/// Deletes events past their retention. Returns their number.
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

/// Writes an event in the transaction of the change that it records. `actor_id`: who did it, if not the owner.
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
        // An import makes thousands. It reports the total itself.
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
