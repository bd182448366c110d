//! Whether a session is active, and why not. Called by `lifecycle`, `identify`, `require` and `events`.

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

/// How long requests may still carry the cookies of a replaced
/// session: the response with the new ones can be in flight.
const HANDOVER: TimeDelta = TimeDelta::minutes(1);

/// The only end reason, besides none, that is reported as a changed role.
const ROLE_CHANGED: &str = EndReason::RoleChanged.as_str();

/// Why a token was not accepted.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// The session has ended or never existed: log out.
    Ended,
    /// Refresh token reuse ended the session: log out and say so.
    TokenReused,
    /// A change of the role ended the session: log out and say so.
    Changed,
    /// The session was just replaced in this browser. Treat the request as anonymous and don't clear the cookies: they
    /// may already be the new ones.
    Replaced,
    /// The database is down: keep the cookies.
    Unavailable,
}

/// Marks a request whose session was just replaced, see [`Refused::Replaced`].
#[derive(Clone, Copy)]
pub struct Replaced;

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        // Logs the cause.
        let _ = AppError::from(error);
        Self::Unavailable
    }
}

/// Checks that the session of `row` is active; otherwise says why not.
pub fn check_active(row: &SessionRow, now: DateTime<Utc>) -> Result<(), Refused> {
    if row.is_active(now) {
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

/// Reads a session from the database.
pub async fn find(state: &AppState, id: &SessionIdHash) -> Result<Option<SessionRow>, Refused> {
    Ok(session::store::find_session(&state.db, id).await?)
}

/// Checks in the database that the caller's session is active.
pub async fn revalidate(state: &AppState, caller: &Caller) -> Result<(), Refused> {
    let row = find(state, &caller.session).await?.ok_or(Refused::Ended)?;
    check_active(&row, row.read_at)
}

/// Checks in the database that `access` still allows a caller from the cache.
pub async fn revalidate_access(state: &AppState, caller: &Caller, access: Access) -> Result<(), AppError> {
    let row = session::store::find_session(&state.db, &caller.session).await?;
    match row.filter(|row| row.is_active(row.read_at)) {
        Some(row) => access.check(Some(row.role)).map_err(AppError::from),
        None => Err(AppError::Unauthenticated),
    }
}
