//! Sessions that their owner ends from another device. What ends is dead for every node's next request, and open tabs of
//! it are told. Called by the devices page and by `auth::api`.

use super::{
    caller::{Caller, Client},
    freshness::Change,
    session_id::SessionIdHash,
    store::{self, EndReason},
};
use crate::{
    error::AppError,
    server::{
        audit::{self, Event},
        state::AppState,
    },
};

/// Ends one session of the caller's account. Somebody else's is as unknown as one that never was.
pub async fn one(state: &AppState, caller: &Caller, session: &SessionIdHash, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    if !store::end_session_of(&mut tx, caller.user_id, session, EndReason::Revoked, now).await? {
        return Err(AppError::NotFound);
    }
    audit::record(&mut tx, Event::SessionRevoked, caller.user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    state.freshness.changed(Change::Session(*session));
    Ok(())
}

/// Ends every session of the caller's account but the caller's own, and voids the codes that were mailed: one of them may
/// be in the same hands as a session.
pub async fn others(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    let ended = store::end_other_sessions_of(&mut tx, caller.user_id, &caller.session, EndReason::Revoked, now).await?;
    let voided = store::void_codes_of(&mut tx, caller.user_id, now).await?;
    if ended + voided == 0 {
        // A row in the trail each time would let one account fill the database.
        return Ok(());
    }
    audit::record(&mut tx, Event::OtherSessionsRevoked, caller.user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    state.freshness.changed(Change::Account(caller.user_id));
    Ok(())
}

/// Ends every session of the caller's account, voids the codes that were mailed, and knows no browser of it any more.
pub async fn all(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    caller.lock(&mut tx, now).await?;
    store::begin_epoch(&mut tx, caller.user_id).await?;
    store::end_sessions_of(&mut tx, caller.user_id, EndReason::Revoked, now).await?;
    store::void_codes_of(&mut tx, caller.user_id, now).await?;
    audit::record(&mut tx, Event::LoggedOutEverywhere, caller.user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    state.freshness.changed(Change::Account(caller.user_id));
    Ok(())
}
