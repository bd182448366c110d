//! Change of a password by its owner, and step-up: confirming the password again. Called by the account feature, by
//! `auth::api`, and by the flows that set a password.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    auth::server::{
        caller::{Caller, Client},
        email_code::store::void_codes_of,
        emails::{security_alerts, templates},
        password::{hasher::VerifyOutcome, policy},
        session::{
            cache::Invalidation,
            end_store::{EndReason, end_session, end_sessions_of},
            lifecycle,
        },
        token::cookies::Issued,
        users::{
            credentials::NewPassword,
            owner_store::{self, OwnerRow},
        },
    },
    error::{AppError, Field, ValidationError},
    server::{
        db::Tx,
        mail::Email,
        ops::{
            audit::{self, Event},
            rate_limit::Bucket,
        },
        state::AppState,
    },
};

/// Sets a new password. Requires the old one if there is one. Ends all sessions and starts a new one for the caller.
/// Returns 422 for a wrong old or an invalid new password.
pub async fn change_password(
    state: &AppState,
    caller: &Caller,
    old: String,
    new: String,
    client: &Client,
) -> Result<Issued, AppError> {
    let new = NewPassword::parse(new, state.config.auth.password_min_length)
        .map_err(|problem| AppError::invalid(Field::PASSWORD, problem))?;
    let owner =
        owner_store::find_owner(&state.db, caller.user_id, &caller.session).await?.ok_or(AppError::Unauthenticated)?;
    // First, because it limits the attempts; the strength rating takes milliseconds.
    if owner.password_hash.is_some() {
        verify(state, caller, old, Field::OLD_PASSWORD, owner.password_hash.clone(), client).await?;
    } else {
        let failures = state.config.throttle.account_per_five_minutes;
        let now = state.db.now().await?;
        Bucket::proved("first password", &caller.user_id.to_string(), failures).take(&state.db, now).await?;
    }
    policy::check(state, &new, &[&caller.identity.email, &caller.identity.display_name]).await?;
    let hash = state.passwords.hash_for(client.ip, new.into_inner()).await?;
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    // Change nothing if the session ended or the password was changed meanwhile.
    if caller.lock(&mut tx, now).await?.password_hash != owner.password_hash {
        return Err(AppError::Unauthenticated);
    }
    // Replaced by the session that starts below, so that this browser's tabs are not logged out.
    end_session(&mut tx, &caller.session, EndReason::Replaced, now).await?;
    set_password(state, &mut tx, caller.user_id, &owner, Some(&hash), client, now).await?;
    let id = lifecycle::begin(state, &mut tx, caller.user_id, None, client, now).await?;
    state.mail.commit_and_wake(tx).await?;
    state.session_cache.invalidate(Invalidation::Account(caller.user_id));
    lifecycle::open_pair(state, id, now).await
}

/// Sets the password (or removes it), ends all sessions, voids all codes, and alerts the owner.
pub(super) async fn set_password(
    state: &AppState,
    tx: &mut Tx,
    user_id: Uuid,
    owner: &OwnerRow,
    hash: Option<&str>,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    owner_store::set_password(tx, user_id, hash).await?;
    end_sessions_of(tx, user_id, EndReason::PasswordChanged, now).await?;
    void_codes_of(tx, user_id, now).await?;
    audit::record(tx, Event::PasswordChanged, user_id, None, Some(client.ip), now).await?;
    security_alerts::alert_owner(state, tx, owner, &password_changed_email(state), now).await?;
    Ok(())
}

/// Checks that `typed` is the caller's password. Limits failures by account.
async fn verify(
    state: &AppState,
    caller: &Caller,
    typed: String,
    field: Field,
    stored: Option<String>,
    client: &Client,
) -> Result<(), AppError> {
    if typed.is_empty() {
        return Err(AppError::invalid(field, ValidationError::Missing));
    }
    let now = state.db.now().await?;
    let failures = state.config.throttle.account_per_five_minutes;
    let account = caller.user_id.to_string();
    // Only by account: by address or by client, a stranger could block the owner.
    let attempt = Bucket::account("password", &account, failures);
    let proved = Bucket::proved("password", &account, failures);
    proved.peek(&state.db, now).await?;
    attempt.take(&state.db, now).await?;
    let verified = state.passwords.verify_for(client.ip, typed, stored).await;
    if verified == Ok(VerifyOutcome::No) {
        tracing::warn!(event = "password_failed", client = %client.ip, user_id = %caller.user_id, "audit");
        return Err(AppError::invalid(field, ValidationError::Mismatch));
    }
    let mut tx = state.db.begin().await?;
    attempt.refund(&mut tx).await?;
    if verified.is_ok() {
        proved.count(&mut tx, now).await?;
    }
    tx.commit().await?;
    verified.map(|_| ())
}

/// Confirms the password again and replaces the session by one
/// that was just authenticated. Returns 422 for a wrong password.
pub async fn step_up(state: &AppState, caller: &Caller, password: String, client: &Client) -> Result<Issued, AppError> {
    let owner =
        owner_store::find_owner(&state.db, caller.user_id, &caller.session).await?.ok_or(AppError::Unauthenticated)?;
    verify(state, caller, password, Field::PASSWORD, owner.password_hash.clone(), client).await?;
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    if caller.lock(&mut tx, now).await?.password_hash != owner.password_hash {
        return Err(AppError::Unauthenticated);
    }
    end_session(&mut tx, &caller.session, EndReason::Replaced, now).await?;
    let id = lifecycle::begin(state, &mut tx, caller.user_id, None, client, now).await?;
    audit::record(&mut tx, Event::SteppedUp, caller.user_id, None, Some(client.ip), now).await?;
    tx.commit().await?;
    state.session_cache.invalidate(Invalidation::Session(caller.session));
    lifecycle::open_pair(state, id, now).await
}

fn password_changed_email(state: &AppState) -> Email {
    templates::notice(
        "Your password was changed",
        vec![
            format!(
                "The password of your account at {} was changed. All other devices were logged out.",
                templates::site(state)
            ),
            templates::NOT_YOU.into(),
        ],
        Some(("Reset your password", "/forgot")),
    )
}
