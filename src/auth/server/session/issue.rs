//! Signs the tokens of a session. Called by `lifecycle`.

use chrono::{DateTime, Utc};
use std::time::Duration;

use super::store::SessionRow;
pub use crate::auth::server::token::cookies::Issued;
use crate::{
    auth::server::token::{
        claims::{AccessClaims, AccessGrant},
        session_id::SessionId,
    },
    error::AppError,
    server::{random, state::AppState},
};

/// Signs the tokens of the row's generation; the refresh token only if `with_refresh`.
pub fn issue(
    state: &AppState,
    id: SessionId,
    row: &SessionRow,
    with_refresh: bool,
    now: DateTime<Utc>,
) -> Result<Issued, AppError> {
    let lives_until = (now + jittered(state.config.auth.access_ttl)).min(row.idle_until).min(row.not_after);
    let access = state.keys.sign_access(&AccessGrant {
        user_id: row.user_id,
        session_id: id,
        generation: row.generation,
        role: row.role.as_str(),
        epoch: row.user_epoch,
        aal: row.aal,
        auth_time: seconds(row.auth_time),
        issued_at: seconds(now),
        expires_at: seconds(lives_until),
    })?;
    let refresh = if with_refresh {
        let token = state.keys.sign_refresh(
            id,
            &row.secret,
            row.generation,
            seconds(row.rotated_at),
            seconds(row.not_after),
        )?;
        Some((token, (row.not_after - now).to_std().unwrap_or_default()))
    } else {
        None
    };
    let access = (access, (lives_until - now).to_std().unwrap_or_default());
    Ok(Issued { access, refresh, device: None })
}

/// Shortens `ttl` by up to a tenth at random, so that clients don't all refresh at the same time.
fn jittered(ttl: Duration) -> Duration {
    let tenth = u64::try_from(ttl.as_millis() / 10).unwrap_or(0);
    ttl - Duration::from_millis(random::below(tenth + 1))
}

/// Returns when an access token expires.
pub fn expiry(claims: &AccessClaims) -> DateTime<Utc> {
    i64::try_from(claims.exp).ok().and_then(|exp| DateTime::from_timestamp(exp, 0)).unwrap_or_default()
}

/// Returns seconds since 1970 (NumericDate, RFC 7519, section 2).
pub fn seconds(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or(0)
}
