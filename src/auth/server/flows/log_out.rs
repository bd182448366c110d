//! Log-out: of the caller's session, another device, all others, or all. Every node rejects an ended session from its
//! next request, and its open tabs are notified. Called by `auth::api` and by the devices feature.

use crate::{
    auth::server::{
        caller::{Caller, Client},
        email_code::store::void_codes_of,
        session::{
            cache::Invalidation,
            end_store::{EndReason, end_other_sessions_of, end_session, end_session_of, end_sessions_of},
        },
        token::session_id::SessionIdHash,
        users::owner_store::{begin_epoch, lock_owner},
    },
    error::AppError,
    server::{
        ops::audit::{self, Event},
        state::AppState,
    },
};

/// Ends the caller's session and with it both tokens.
pub async fn log_out(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    lock_owner(&mut tx, caller.user_id).await?;
    if end_session(&mut tx, &caller.session, EndReason::LoggedOut, now).await? {
        audit::record(&mut tx, Event::LoggedOut, caller.user_id, None, Some(client.ip), now).await?;
    }
    tx.commit().await?;
    state.session_cache.invalidate(Invalidation::Session(caller.session));
    Ok(())
}

/// Ends one session of the caller's account. Returns 404 if the account has no such session.
pub async fn device(
    state: &AppState,
    caller: &Caller,
    session: &SessionIdHash,
    client: &Client,
) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    if !end_session_of(&mut tx, caller.user_id, session, EndReason::Revoked, now).await? {
        return Err(AppError::NotFound);
    }
    audit::record(&mut tx, Event::SessionRevoked, caller.user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    state.session_cache.invalidate(Invalidation::Session(*session));
    Ok(())
}

/// Ends all sessions of the caller's account except the caller's
/// own, and voids its codes, which an intruder may have too.
pub async fn other_devices(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    let ended = end_other_sessions_of(&mut tx, caller.user_id, &caller.session, EndReason::Revoked, now).await?;
    let voided = void_codes_of(&mut tx, caller.user_id, now).await?;
    if ended + voided == 0 {
        // Don't record it in the audit trail, which an account could fill this way.
        return Ok(());
    }
    audit::record(&mut tx, Event::OtherSessionsRevoked, caller.user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    state.session_cache.invalidate(Invalidation::Account(caller.user_id));
    Ok(())
}

/// Ends all sessions of the caller's account, and voids its codes and its known browsers.
pub async fn everywhere(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    begin_epoch(&mut tx, caller.user_id).await?;
    end_sessions_of(&mut tx, caller.user_id, EndReason::Revoked, now).await?;
    void_codes_of(&mut tx, caller.user_id, now).await?;
    audit::record(&mut tx, Event::LoggedOutEverywhere, caller.user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    state.session_cache.invalidate(Invalidation::Account(caller.user_id));
    Ok(())
}
