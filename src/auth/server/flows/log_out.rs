//! Log-out: the caller's session, another device, all others, or all. What ends is refused by every node from its next
//! request on, and its open tabs learn of it. Called by `auth::api` and by the devices feature.

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

/// Ends the caller's session: neither of its tokens works any more.
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

/// Ends one session of the caller's account. A session of another account is as unknown as one that never existed.
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

/// Ends every session of the caller's account but the caller's own, and voids the codes that were mailed: one of them may
/// be in the same hands as a session.
pub async fn other_devices(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    let ended = end_other_sessions_of(&mut tx, caller.user_id, &caller.session, EndReason::Revoked, now).await?;
    let voided = void_codes_of(&mut tx, caller.user_id, now).await?;
    if ended + voided == 0 {
        // A row in the trail each time would let one account fill the database.
        return Ok(());
    }
    audit::record(&mut tx, Event::OtherSessionsRevoked, caller.user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    state.session_cache.invalidate(Invalidation::Account(caller.user_id));
    Ok(())
}

/// Ends every session of the caller's account, voids the codes that were mailed, and knows no browser of it any more.
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
