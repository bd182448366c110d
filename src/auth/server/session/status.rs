//! Whether a session goes on, and if not, why. Called by `session`, `identify`, `require` and `events`.

use chrono::{DateTime, TimeDelta, Utc};

use super::{end_store::EndReason, store::SessionRow};
use crate::{
    auth::{
        model::Access,
        server::{caller::Caller, session, token::session_id::SessionIdHash},
    },
    error::AppError,
    server::state::AppState,
};

/// How long an answer with a new session's cookies may be on its way. Requests that the browser's other tabs sent before
/// it arrived carry the old ones.
const HANDOVER: TimeDelta = TimeDelta::minutes(1);

/// Whose epoch rose for another reason is told of that one alone.
const ROLE_CHANGED: &str = EndReason::RoleChanged.as_str();

/// Why a token was not accepted.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// The session is over, or never was: log out.
    Ended,
    /// An old token of the session came back, which ended it: log out, and tell whoever asks next.
    TokenReused,
    /// The account's rights changed, which ended its sessions: log out, and say so.
    Changed,
    /// The browser was given another session a moment ago, by an answer that this one may overtake: anonymous, and keep
    /// the cookies, which may be the new ones by the time that this answer arrives.
    Replaced,
    /// The database did not answer: nothing is known, keep the cookies.
    Unavailable,
}

/// Marks a request whose session was replaced a moment ago: see [`Refused::Replaced`].
#[derive(Clone, Copy)]
pub struct Replaced;

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        // Logs the cause.
        let _ = AppError::from(error);
        Self::Unavailable
    }
}

/// Whether the session of `row` goes on.
pub fn check_active(row: &SessionRow, now: DateTime<Utc>) -> Result<(), Refused> {
    if row.is_alive(now) {
        Ok(())
    } else if row.revoked_reason.as_deref() == Some(EndReason::Replaced.as_str())
        && row.revoked_at.is_some_and(|at| now < at + HANDOVER)
    {
        Err(Refused::Replaced)
    } else if row.revoked_reason.as_deref() == Some(EndReason::Replayed.as_str()) {
        Err(Refused::TokenReused)
    } else if row.session_epoch != row.user_epoch && matches!(row.revoked_reason.as_deref(), None | Some(ROLE_CHANGED))
    {
        Err(Refused::Changed)
    } else {
        Err(Refused::Ended)
    }
}

/// A session as the database has it now.
pub async fn find(state: &AppState, id: &SessionIdHash) -> Result<Option<SessionRow>, Refused> {
    Ok(session::store::find_session(&state.db, id).await?)
}

/// Whether a caller's session goes on, asked of the database.
pub async fn revalidate(state: &AppState, caller: &Caller) -> Result<(), Refused> {
    let row = find(state, &caller.session).await?.ok_or(Refused::Ended)?;
    check_active(&row, row.read_at)
}

/// Whether a caller known from memory may still come in, asked of the database.
pub async fn revalidate_access(state: &AppState, caller: &Caller, access: Access) -> Result<(), AppError> {
    let row = session::store::find_session(&state.db, &caller.session).await?;
    match row.filter(|row| row.is_alive(row.read_at)) {
        Some(row) => access.check(Some(row.role)).map_err(AppError::from),
        None => Err(AppError::Unauthenticated),
    }
}
