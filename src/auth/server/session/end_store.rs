//! The SQL that ends sessions.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    auth::server::token::session_id::SessionIdHash,
    server::{
        db::{Tx, within},
        metrics,
    },
};

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    LoggedOut,
    /// Replaced by a new session in the same browser: by a log-in, a step-up or a new password.
    Replaced,
    /// Refresh token reuse.
    Replayed,
    /// A token was newer than the session.
    Ahead,
    RoleChanged,
    PasswordChanged,
    EmailChanged,
    /// The owner scheduled the deletion of the account.
    Leaving,
    /// The owner ended it from another device, or everywhere.
    Revoked,
    /// The account had too many sessions, and this was the least recently used one.
    TooMany,
}

impl EndReason {
    /// Returns the name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::Replaced => "replaced",
            Self::Replayed => "replayed",
            Self::Ahead => "ahead",
            Self::RoleChanged => "role_changed",
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged => "email_changed",
            Self::Leaving => "leaving",
            Self::Revoked => "revoked",
            Self::TooMany => "too_many",
        }
    }
}

/// Ends a session. Returns `false` if it does not exist or had already ended.
pub async fn end_session(
    tx: &mut Tx,
    id_hash: &SessionIdHash,
    reason: EndReason,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    within!(tx, |c| sqlx::query(
        "update sessions set revoked_at = $2, revoked_reason = $3 where id_hash = $1 and revoked_at is null"
    )
    .bind(id_hash.as_slice())
    .bind(now)
    .bind(reason.as_str())
    .execute(c)
    .await
    .map(|r| metrics::ended(reason.as_str(), r.rows_affected()) == 1))
}

/// Ends a session of that account. Returns `false` if the account has no such session or it had already ended.
pub async fn end_session_of(
    tx: &mut Tx,
    user_id: Uuid,
    id_hash: &SessionIdHash,
    reason: EndReason,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    within!(tx, |c| sqlx::query(
        "update sessions set revoked_at = $3, revoked_reason = $4
         where id_hash = $1 and user_id = $2 and revoked_at is null"
    )
    .bind(id_hash.as_slice())
    .bind(user_id)
    .bind(now)
    .bind(reason.as_str())
    .execute(c)
    .await
    .map(|r| metrics::ended(reason.as_str(), r.rows_affected()) == 1))
}

/// Ends all sessions of an account except `kept`. Returns how many ended.
pub async fn end_other_sessions_of(
    tx: &mut Tx,
    user_id: Uuid,
    kept: &SessionIdHash,
    reason: EndReason,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query(
        "update sessions set revoked_at = $3, revoked_reason = $4
         where user_id = $1 and id_hash <> $2 and revoked_at is null"
    )
    .bind(user_id)
    .bind(kept.as_slice())
    .bind(now)
    .bind(reason.as_str())
    .execute(c)
    .await
    .map(|r| metrics::ended(reason.as_str(), r.rows_affected())))
}

/// Ends all sessions of an account. Returns how many ended.
pub async fn end_sessions_of(tx: &mut Tx, user_id: Uuid, reason: EndReason, now: DateTime<Utc>) -> sqlx::Result<u64> {
    within!(tx, |c| sqlx::query(
        "update sessions set revoked_at = $2, revoked_reason = $3 where user_id = $1 and revoked_at is null"
    )
    .bind(user_id)
    .bind(now)
    .bind(reason.as_str())
    .execute(c)
    .await
    .map(|r| metrics::ended(reason.as_str(), r.rows_affected())))
}
