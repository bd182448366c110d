//! Starts, checks, refreshes and ends sessions. All times come from the database's clock.
//! Called by `identify` and the flows.

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
                claims::{AccessClaims, RefreshClaims},
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

/// How many times a failed compare-and-swap is retried. A failure means that another request succeeded; after that, the
/// new decision needs no compare-and-swap, or counts one of at most three resends.
const ATTEMPTS: u32 = 8;

/// The maximum number of active sessions of an account. Another log-in ends the least recently used one.
const SESSIONS: i64 = 100;
/// The maximum number of ended sessions of an account that are kept, to recognize their tokens.
const ENDED_SESSIONS: i64 = 300;

/// Starts a session in `tx` and ends the one that it replaces in the same browser, to prevent session fixation (ASVS
/// 5.0, 7.2.4). Call [`open_pair`] for its tokens after the commit.
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
    if store::limit_sessions(tx, user_id, SESSIONS, ENDED_SESSIONS, now).await? > 0 {
        state.session_cache.invalidate(Invalidation::Account(user_id));
    }
    Ok(id)
}

/// Signs the first token pair of a new session.
pub async fn open_pair(state: &AppState, id: SessionId, now: DateTime<Utc>) -> Result<Issued, AppError> {
    let row = store::find_session(&state.db, &id.hash()).await?.ok_or(AppError::Internal)?;
    let device = Some(state.keys.sign_device(row.user_id, row.user_epoch, now));
    Ok(Issued { device, ..issue(state, id, &row, true, now)? })
}

/// Checks the session of an access token. With `may_be_cached`, a cached session up to a second old is enough and,
/// while the database is down, the token alone.
pub async fn check(state: &AppState, claims: &AccessClaims, may_be_cached: bool) -> Result<Caller, Refused> {
    let id = claims.sid;
    let hash = id.hash();
    // A cached row that is older than the token is out of date: another node has rotated since.
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
            // The next request can record it.
            Err(_) if may_be_cached => {}
            confirmed => confirmed?,
        }
    }
    Ok(Caller::new(&row, id, LastDecision::AccessAccepted, fresh, expiry(claims)))
}

/// Decides what to do with a refresh token, and does it. Returns the caller and the tokens to set.
pub async fn refresh(state: &AppState, claims: &RefreshClaims) -> Result<(Caller, Issued), Refused> {
    refresh_noting(state, claims, &mut None).await
}

/// Like [`refresh`], and stores the decision in `decided`, for metrics.
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
        if !claims.is_from(&row.secret) {
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
                return respond(state, id, &rotated, LastDecision::Rotated, true, now);
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
        return respond(state, id, &row, last, with_refresh, now);
    }
    tracing::error!("a refresh lost every attempt at its compare-and-swap");
    Err(Refused::Unavailable)
}

/// Reads the caller's session.
pub async fn of(state: &AppState, caller: &Caller) -> Result<SessionRow, AppError> {
    store::find_session(&state.db, &caller.session).await?.ok_or(AppError::Unauthenticated)
}

/// Reuses the caller's previous refresh token, as a thief would, and drops the tokens that this returns. For the demo.
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

/// Returns the caller of a read-only request while the database is down.
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

/// Ends a session because of refresh token reuse, or because of a token from the future, and alerts the owner.
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

fn respond(
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
