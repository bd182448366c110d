//! Log-in with a password. Every failure returns the same error after the same work. Called by `auth::api`.

use super::log_in_attempt::Attempt;
use crate::{
    auth::server::{
        caller::Client,
        emails::security_alerts::{self, Recipient},
        password::hasher::VerifyOutcome,
        session::{cache::Invalidation, lifecycle, store::user_agents_of},
        token::cookies::Issued,
        token::session_id::SessionIdHash,
        users::{
            credentials::ValidationErrors,
            email_address::EmailAddress,
            owner_store,
            store::{self, UserRow},
        },
    },
    error::{AppError, Field, ValidationError},
    server::{
        ops::{
            audit::{self, Event},
            rate_limit::Bucket,
        },
        state::AppState,
    },
};

/// A successful log-in.
pub struct LoggedIn {
    pub issued: Issued,
    /// Whether the account is scheduled for deletion: its owner is then shown how to keep it.
    pub leaving: bool,
}

/// Logs in with a password. `device` is the cookie of a known browser. Returns 422 for missing fields, 401 if the email
/// and password don't match, 429 after too many attempts.
pub async fn log_in(
    state: &AppState,
    email: &str,
    password: String,
    replaces: Option<SessionIdHash>,
    device: Option<&str>,
    client: &Client,
) -> Result<LoggedIn, AppError> {
    let mut problems = ValidationErrors::default();
    let email = problems.take(Field::EMAIL, EmailAddress::parse(email));
    let password =
        problems.take(Field::PASSWORD, Some(password).filter(|p| !p.is_empty()).ok_or(ValidationError::Missing));
    let (Some(email), Some(password)) = (email, password) else {
        return Err(problems.into_error());
    };
    let now = state.db.now().await?;
    let attempt = Attempt::new(state, &email, device, client, now).await?;
    let proved = Bucket::proved("log_in", email.key(), state.config.throttle.account_per_five_minutes);
    proved.peek(&state.db, now).await?;
    if let Err(rejected) = attempt.take(state, now).await {
        log_failure(state, &email, client, "throttled");
        if rejected.by_account {
            security_alerts::attempts(state, &email, now).await?;
        }
        return Err(rejected.into());
    }
    let verified = verify(state, &email, password, client).await;
    if matches!(verified, Err(AppError::InvalidCredentials)) {
        log_failure(state, &email, client, "refused");
        return Err(AppError::InvalidCredentials);
    }
    // Refund successes and full queues: only failed guesses count.
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    attempt.refund(&mut tx).await?;
    let user = match verified {
        Ok(user) => user,
        Err(busy) => {
            tx.commit().await?;
            return Err(busy);
        }
    };
    if !owner_store::lock_unchanged(&mut tx, user.id, user.password_hash.as_deref()).await? {
        return Err(AppError::InvalidCredentials);
    }
    proved.count(&mut tx, now).await?;
    if user.email_verified_at.is_some() {
        let known = user_agents_of(&mut tx, user.id).await?;
        let owner = Recipient { user_id: user.id, email: &user.email, email_key: email.key() };
        security_alerts::new_device(state, &mut tx, owner, &known, client, now).await?;
    }
    let id = lifecycle::begin(state, &mut tx, user.id, replaces, client, now).await?;
    audit::record(&mut tx, Event::LoggedIn, user.id, None, Some(client.ip), now).await?;
    state.mail.commit_and_wake(tx).await?;
    if let Some(replaced) = replaces {
        state.session_cache.invalidate(Invalidation::Session(replaced));
    }
    Ok(LoggedIn { issued: lifecycle::open_pair(state, id, now).await?, leaving: user.erase_at.is_some() })
}

/// Logs a failed log-in with its client, so that an operator can block it (docs/operations.md has the filter). The
/// address is logged as a keyed hash, which is equal for all attempts at an account.
fn log_failure(state: &AppState, email: &EmailAddress, client: &Client, why: &'static str) {
    let account = state.keys.pseudonym(email.key());
    tracing::warn!(event = "log_in_failed", why, client = %client.ip, account, "audit");
}

async fn verify(
    state: &AppState,
    email: &EmailAddress,
    password: String,
    client: &Client,
) -> Result<UserRow, AppError> {
    let user = store::find_user(&state.db, email).await?;
    // Treat an account that can't log in like an unknown one: a match would take a different time.
    let user = user.filter(|user| {
        user.state == "active" && (user.email_verified_at.is_some() || !state.config.verifies_sign_ups())
    });
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    let verified = state.passwords.verify_for(client.ip, password, stored.clone()).await?;
    let Some(mut user) = user.filter(|_| verified != VerifyOutcome::No) else {
        return Err(AppError::InvalidCredentials);
    };
    if let (VerifyOutcome::YesUpgrade(new), Some(old)) = (verified, stored) {
        store::upgrade_password_hash(&state.db, user.id, &old, &new).await?;
        user.password_hash = Some(new);
    }
    Ok(user)
}
