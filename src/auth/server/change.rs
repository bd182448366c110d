//! What owners change about their accounts while they are logged in: the password, and whether the account stays.
//! Called by the server functions of the account page.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    caller::{Caller, Client},
    credentials::NewPassword,
    freshness::Change,
    issue::Issued,
    letters, notices,
    password::Verified,
    quality, session,
    store::{self, EndReason, OwnerRow},
};
use crate::{
    error::{AppError, Field, Problem},
    server::{
        audit::{self, Event},
        db::Tx,
        moment::day,
        state::AppState,
        throttle::Bucket,
    },
};

/// How long an account that its owner gave up can still be kept.
const GRACE: TimeDelta = TimeDelta::days(14);

/// Sets a new password, which needs the old one where there is one. Every session ends; the caller's goes on under a new
/// id.
pub async fn password(
    state: &AppState,
    caller: &Caller,
    old: String,
    new: String,
    client: &Client,
) -> Result<Issued, AppError> {
    let new = NewPassword::parse(new, state.config.auth.password_min_length)
        .map_err(|problem| AppError::invalid(Field::Password, problem))?;
    let owner =
        store::find_owner(&state.db, caller.user_id, &caller.session).await?.ok_or(AppError::Unauthenticated)?;
    // Before the rating, which is milliseconds of work: either is limited.
    if owner.password_hash.is_some() {
        verify(state, caller, old, Field::OldPassword, owner.password_hash.clone(), client).await?;
    } else {
        let failures = state.config.throttle.account_per_five_minutes;
        let now = state.db.now().await?;
        Bucket::proved("first password", &caller.user_id.to_string(), failures).take(&state.db, now).await?;
    }
    quality::check(state, &new, &[&caller.identity.email, &caller.identity.display_name]).await?;
    let hash = state.passwords.hash_for(client.ip, new.into_inner()).await?;
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    // Meanwhile the session may have ended, or the password become another: then nothing is changed.
    if caller.lock(&mut tx, now).await?.password_hash != owner.password_hash {
        return Err(AppError::Unauthenticated);
    }
    // This browser goes on with the session that begins below: its own does not end like the others.
    store::end_session(&mut tx, &caller.session, EndReason::Replaced, now).await?;
    set_password(state, &mut tx, caller.user_id, &owner, Some(&hash), client, now).await?;
    let id = session::begin(state, &mut tx, caller.user_id, None, client, now).await?;
    state.mail.commit_and_wake(tx).await?;
    state.freshness.changed(Change::Account(caller.user_id));
    session::open_pair(state, id, now).await
}

/// Sets another password (or none), which ends every session and makes every other code void.
pub async fn set_password(
    state: &AppState,
    tx: &mut Tx,
    user_id: Uuid,
    owner: &OwnerRow,
    hash: Option<&str>,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    store::set_password(tx, user_id, hash).await?;
    store::end_sessions_of(tx, user_id, EndReason::PasswordChanged, now).await?;
    store::void_codes_of(tx, user_id, now).await?;
    audit::record(tx, Event::PasswordChanged, user_id, None, Some(client.ip), now).await?;
    notices::tell(state, tx, owner, &letters::password_changed(state), now).await?;
    Ok(())
}

/// Whether `typed` is the caller's password, counted for the account.
async fn verify(
    state: &AppState,
    caller: &Caller,
    typed: String,
    field: Field,
    stored: Option<String>,
    client: &Client,
) -> Result<(), AppError> {
    if typed.is_empty() {
        return Err(AppError::invalid(field, Problem::Missing));
    }
    let now = state.db.now().await?;
    let failures = state.config.throttle.account_per_five_minutes;
    let account = caller.user_id.to_string();
    // By the account alone. By its address, or by the client's, others could lock the owner out of changing anything.
    let attempt = Bucket::account("password", &account, failures);
    let proved = Bucket::proved("password", &account, failures);
    proved.peek(&state.db, now).await?;
    attempt.take(&state.db, now).await?;
    let verified = state.passwords.verify_for(client.ip, typed, stored).await;
    if verified == Ok(Verified::No) {
        tracing::warn!(event = "password_failed", client = %client.ip, user_id = %caller.user_id, "audit");
        return Err(AppError::invalid(field, Problem::Mismatch));
    }
    let mut tx = state.db.begin().await?;
    attempt.give_back(&mut tx).await?;
    if verified.is_ok() {
        proved.count(&mut tx, now).await?;
    }
    tx.commit().await?;
    verified.map(|_| ())
}

/// Proves anew who sits there, by the password: the session goes on under a new id, as one that has just begun.
pub async fn step_up(state: &AppState, caller: &Caller, password: String, client: &Client) -> Result<Issued, AppError> {
    let owner =
        store::find_owner(&state.db, caller.user_id, &caller.session).await?.ok_or(AppError::Unauthenticated)?;
    verify(state, caller, password, Field::Password, owner.password_hash.clone(), client).await?;
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    if caller.lock(&mut tx, now).await?.password_hash != owner.password_hash {
        return Err(AppError::Unauthenticated);
    }
    store::end_session(&mut tx, &caller.session, EndReason::Replaced, now).await?;
    let id = session::begin(state, &mut tx, caller.user_id, None, client, now).await?;
    audit::record(&mut tx, Event::SteppedUp, caller.user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    state.freshness.changed(Change::Session(caller.session));
    session::open_pair(state, id, now).await
}

/// Gives the account up: every session ends now, and in 14 days all of it is erased. The last active admin stays.
pub async fn leave(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let at = now + GRACE;
    let mut tx = state.db.begin().await?;
    let admins = store::lock_with_admins(&mut tx, caller.user_id, caller.user_id).await?;
    let owner = caller.lock(&mut tx, now).await?;
    if admins == [caller.user_id] {
        return Err(AppError::LastAdmin);
    }
    store::set_erase_at(&mut tx, caller.user_id, Some(at)).await?;
    store::end_sessions_of(&mut tx, caller.user_id, EndReason::Leaving, now).await?;
    store::void_codes_of(&mut tx, caller.user_id, now).await?;
    audit::record(&mut tx, Event::Leaving, caller.user_id, None, Some(client.ip), now).await?;
    let letter = letters::leaving(state, &day(at));
    notices::tell(state, &mut tx, &owner, &letter, now).await?;
    state.mail.commit_and_wake(tx).await?;
    state.freshness.changed(Change::Account(caller.user_id));
    Ok(())
}

/// Keeps an account that was given up.
pub async fn keep(state: &AppState, caller: &Caller, client: &Client) -> Result<(), AppError> {
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    let owner = caller.lock(&mut tx, now).await?;
    if owner.erase_at.is_none() {
        return Ok(());
    }
    store::set_erase_at(&mut tx, caller.user_id, None).await?;
    audit::record(&mut tx, Event::Kept, caller.user_id, None, Some(client.ip), now).await?;
    notices::tell(state, &mut tx, &owner, &letters::kept(state), now).await?;
    state.mail.commit_and_wake(tx).await?;
    Ok(())
}
