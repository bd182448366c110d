//! The life of a session: begin, check, refresh, end. Every time comes from the database's clock.
//! Called by `identify` and `account`.

use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

use super::{
    cache::Invalidation,
    decision::{Decision, Limits, decide},
    end_store::{self, EndReason},
    issue::{Issued, expiry, issue, seconds},
    status::{Refused, check_active, find},
    store::{self, NewSession, SessionRow},
};
use crate::{
    auth::{
        model::{LastDecision, Role},
        server::{
            caller::{Caller, Client},
            emails::security_alerts,
            token::{
                jwt::{AccessClaims, RefreshClaims},
                session_id::{SessionId, SessionIdHash},
            },
            users,
        },
    },
    error::AppError,
    server::{
        db::Tx,
        fail_point,
        ops::audit::{self, Event},
        random,
        state::AppState,
    },
};

/// A compare-and-swap that fails is decided anew. Each failure means that another request got through, after which the
/// new decision needs none, or is the counting of a resend, of which there are three.
const ATTEMPTS: u32 = 8;

/// Live sessions that an account can have. One more log-in ends the one that was used least lately.
const SESSIONS: i64 = 100;
/// Ended sessions of an account whose rows are kept, so that a replay of their tokens stays explainable.
const ENDED_SESSIONS: i64 = 300;

/// Opens a session for an account within `tx`, and ends the one that the same browser had: a planted session id never
/// becomes a signed-in one (ASVS 5.0, 7.2.4). [`open_pair`] makes its tokens once `tx` is committed.
pub async fn begin(
    state: &AppState,
    tx: &mut Tx,
    user_id: Uuid,
    replaces: Option<SessionIdHash>,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<SessionId, AppError> {
    let id = SessionId::random();
    let session = NewSession {
        id_hash: id.hash(),
        user_id,
        secret: &random::bytes::<32>(),
        idle_until: now + state.config.auth.idle_ttl,
        not_after: now + state.config.auth.refresh_ttl,
        user_agent: &client.user_agent,
        ip: &client.ip.to_string(),
    };
    if let Some(old) = replaces {
        end_store::end_session(tx, &old, EndReason::Replaced, now).await?;
    }
    if store::insert_session(tx, &session, now).await? == 0 {
        return Err(AppError::InvalidCredentials);
    }
    if store::bound_sessions(tx, user_id, SESSIONS, ENDED_SESSIONS, now).await? > 0 {
        state.session_cache.invalidate(Invalidation::Account(user_id));
    }
    Ok(id)
}

/// The first pair of a session that has just begun.
pub async fn open_pair(state: &AppState, id: SessionId, now: DateTime<Utc>) -> Result<Issued, AppError> {
    let row = store::find_session(&state.db, &id.hash()).await?.ok_or(AppError::Internal)?;
    let device = Some(state.keys.sign_device(row.user_id, row.user_epoch, now));
    Ok(Issued { device, ..issue(state, id, &row, true, now)? })
}

/// Checks an access token's session. `may_be_cached`: an answer up to a second old will do, and with the database down the
/// token's own word until it expires.
pub async fn check(state: &AppState, claims: &AccessClaims, may_be_cached: bool) -> Result<Caller, Refused> {
    let id = claims.sid;
    let hash = id.hash();
    // A row from memory that lies behind the token says only that another node has rotated since.
    let known = state.session_cache.fresh(&hash).filter(|row| may_be_cached && row.generation >= claims.generation);
    let (row, fresh) = match known {
        Some(row) => (row, false),
        None => match read(state, &hash).await {
            Ok(row) => (row.ok_or(Refused::Ended)?, true),
            Err(_) if may_be_cached => return by_token(state, claims, id),
            Err(refused) => return Err(refused),
        },
    };
    let now = if fresh { row.read_at } else { Utc::now() };
    check_active(&row, now)?;
    if row.user_id != claims.sub || row.user_epoch != claims.epoch {
        return Err(Refused::Ended);
    }
    if claims.generation > row.generation {
        return Box::pin(end_with_alarm(state, &hash, row.user_id, Decision::FromTheFuture, now)).await;
    }
    if claims.generation > row.confirmed_generation {
        match Box::pin(confirm(state, &hash, claims.generation, now)).await {
            // The note can wait for the next request; until then the session only counts as less used than it is.
            Err(_) if may_be_cached => {}
            noted => noted?,
        }
    }
    Ok(Caller::new(&row, id, LastDecision::AccessAccepted, fresh, expiry(claims)))
}

/// Decides over a presented refresh token, and does what was decided.
pub async fn refresh(state: &AppState, claims: &RefreshClaims) -> Result<(Caller, Issued), Refused> {
    refresh_noting(state, claims, &mut None).await
}

/// The same; `decided` learns which row of the table it came to.
pub async fn refresh_noting(
    state: &AppState,
    claims: &RefreshClaims,
    decided: &mut Option<Decision>,
) -> Result<(Caller, Issued), Refused> {
    let id = claims.sid;
    let hash = id.hash();
    let limits =
        Limits { rotation_min_age: state.config.auth.rotation_min_age, reuse_leeway: state.config.auth.reuse_leeway };
    for _ in 0..ATTEMPTS {
        let row = read(state, &hash).await?.ok_or(Refused::Ended)?;
        let now = row.read_at;
        if !claims.proves(&row.secret) {
            return Err(Refused::Ended);
        }
        check_active(&row, now)?;
        let decision = decide(claims.generation, now, &row.rotation(), &limits);
        *decided = Some(decision);
        let (last, with_refresh) = match decision {
            Decision::Keep => {
                if claims.generation > row.confirmed_generation {
                    confirm(state, &hash, claims.generation, now).await?;
                }
                (LastDecision::Kept, true)
            }
            Decision::Rotate => {
                let idle_until = now + state.config.auth.idle_ttl;
                fail_point::point("before the rotation");
                let won = store::rotate(&state.db, &hash, claims.generation, now, idle_until).await?;
                fail_point::point("after the rotation");
                state.session_cache.forget(&hash);
                if !won {
                    continue;
                }
                let rotated = SessionRow {
                    generation: claims.generation + 1,
                    rotated_at: now,
                    idle_until,
                    ..SessionRow::clone(&row)
                };
                return answer(state, id, &rotated, LastDecision::Rotated, true, now);
            }
            Decision::ResendInFlight => (LastDecision::Resent, true),
            Decision::Resend => {
                if !store::count_resend(&state.db, &hash, &row.rotation(), now).await? {
                    continue;
                }
                (LastDecision::Resent, true)
            }
            Decision::AccessOnly => (LastDecision::AccessOnly, false),
            Decision::ReuseDetected | Decision::FromTheFuture => {
                return end_with_alarm(state, &hash, row.user_id, decision, now).await;
            }
        };
        return answer(state, id, &row, last, with_refresh, now);
    }
    tracing::error!("a refresh lost every attempt at its compare-and-swap");
    Err(Refused::Unavailable)
}

/// The caller's own session, for its owner to look at.
pub async fn of(state: &AppState, caller: &Caller) -> Result<SessionRow, AppError> {
    store::find_session(&state.db, &caller.session).await?.ok_or(AppError::Unauthenticated)
}

/// Presents the caller's previous refresh token, as somebody would who had copied it, and keeps what that buys from them:
/// for the demo, to show what a copy is worth.
pub async fn replay_previous(state: &AppState, caller: &Caller) -> Result<(), AppError> {
    let row = of(state, caller).await?;
    let token = state.keys.sign_refresh(
        caller.session_id,
        &row.secret,
        row.generation.saturating_sub(1),
        seconds(row.rotated_at),
        seconds(row.not_after),
    )?;
    let claims = state.keys.verify_refresh(&token).map_err(|_| AppError::Internal)?;
    match refresh(state, &claims).await {
        Ok(_) => Ok(()),
        Err(Refused::Ended | Refused::TokenReused | Refused::Changed | Refused::Replaced) => {
            Err(AppError::Unauthenticated)
        }
        Err(Refused::Unavailable) => Err(AppError::Unavailable),
    }
}

async fn read(state: &AppState, hash: &SessionIdHash) -> Result<Option<Arc<SessionRow>>, Refused> {
    let mark = state.session_cache.mark();
    let Some(row) = find(state, hash).await?.map(Arc::new) else {
        return Ok(None);
    };
    state.session_cache.insert(mark, *hash, row.clone());
    Ok(Some(row))
}

/// The answer for a page that only reads while the database is away.
fn by_token(state: &AppState, claims: &AccessClaims, id: SessionId) -> Result<Caller, Refused> {
    match state.session_cache.last_known(&id.hash()) {
        Some(row) if row.user_id == claims.sub && row.user_epoch == claims.epoch && row.revoked_at.is_none() => {
            Ok(Caller::new(&row, id, LastDecision::AccessAccepted, false, expiry(claims)))
        }
        Some(_) => Err(Refused::Ended),
        None => {
            let role = Role::parse(&claims.role).ok_or(Refused::Ended)?;
            Ok(Caller::from_claims(claims, id, role, expiry(claims)))
        }
    }
}

async fn confirm(state: &AppState, hash: &SessionIdHash, generation: u32, now: DateTime<Utc>) -> Result<(), Refused> {
    let idle_until = now + state.config.auth.idle_ttl;
    store::confirm(&state.db, hash, generation, now, idle_until).await?;
    state.session_cache.forget(hash);
    Ok(())
}

/// Ends a session whose tokens are in two hands, or in none that we gave them to.
async fn end_with_alarm<T>(
    state: &AppState,
    hash: &SessionIdHash,
    user_id: Uuid,
    decision: Decision,
    now: DateTime<Utc>,
) -> Result<T, Refused> {
    let (reason, event, refused) = match decision {
        Decision::FromTheFuture => (EndReason::Ahead, Event::SessionAhead, Refused::Ended),
        _ => (EndReason::Replayed, Event::SessionReplayed, Refused::TokenReused),
    };
    let mut tx = state.db.begin().await?;
    let owner = users::owner_store::lock_owner(&mut tx, user_id).await?;
    if end_store::end_session(&mut tx, hash, reason, now).await? {
        audit::record(&mut tx, event, user_id, None, None, now).await?;
        if let (Some(owner), Some((_, user_agent))) = (owner, store::owner_of_session(&mut tx, hash).await?) {
            security_alerts::token_reuse(state, &mut tx, &owner, &user_agent, now).await?;
        }
    }
    state.mail.commit_and_wake(tx).await?;
    state.session_cache.invalidate(Invalidation::Session(*hash));
    Err(refused)
}

fn answer(
    state: &AppState,
    id: SessionId,
    row: &SessionRow,
    decision: LastDecision,
    with_refresh: bool,
    now: DateTime<Utc>,
) -> Result<(Caller, Issued), Refused> {
    let issued = issue(state, id, row, with_refresh, now).map_err(|_| Refused::Unavailable)?;
    let expires_at = now + issued.access.1;
    Ok((Caller::new(row, id, decision, true, expires_at), issued))
}
