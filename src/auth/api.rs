//! The server functions of auth. Their paths are part of the public API. Each is a form post that works without
//! JavaScript: `server::http::responses` then answers with a redirect.

use leptos::prelude::*;

use super::model::{Identity, PasswordStrength};
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::{
        model::{Access, LastDecision},
        server::{
            caller, client, cookies,
            flows::{
                change_password, log_in, log_out,
                sign_up::{self, NewAccount},
            },
            identify::refresh_now,
            notices, outcome,
            password::strength,
            require, state,
        },
    },
    crate::server::{db::error_mapping::again, metrics, ops::rate_limit::Bucket},
};

/// Creates an account and logs in. With `auth.sign_up = "verified"`, emails a confirmation code instead. An empty
/// `display_name` becomes the local part of the address. `next` is the page to go to afterwards.
#[server(endpoint = "auth/sign_up")]
pub async fn sign_up(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] display_name: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    let (state, client) = (state()?, client()?);
    let min = state.config.auth.password_min_length;
    let account = NewAccount::parse(&email, password, &display_name, min)?;
    if state.config.verifies_sign_ups() {
        let key = sign_up::request(&state, account, &next, &client).await;
        return outcome::code_requested(&state, &metrics::sign_up(key)?);
    }
    let session = caller().map(|caller| caller.session);
    let issued = metrics::sign_up(sign_up::sign_up(&state, account, session, &client).await)?;
    outcome::signed_in(&state, issued, &next, Some(notices::WELCOME))
}

/// Logs in with a password. Returns 401 if the email and password don't match, 429 after too many attempts.
#[server(endpoint = "auth/log_in")]
pub async fn log_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    let (state, client) = (state()?, client()?);
    let device = state.cookie_names.device(&cookies()?);
    let (session, device) = (caller().map(|caller| caller.session), device.as_deref());
    let logged_in = again!(log_in::log_in(&state, &email, password.clone(), session, device, &client));
    let logged_in = metrics::log_in(logged_in)?;
    // There, the deletion of an account can be cancelled.
    let next = if logged_in.leaving { "/account" } else { &next };
    outcome::signed_in(&state, logged_in.issued, next, None)
}

/// Ends the session and clears the browser's cookies and cache. Succeeds without a session too.
#[server(endpoint = "auth/log_out")]
pub async fn log_out() -> Result<(), AppError> {
    let state = state()?;
    if let Some(caller) = caller() {
        let client = client()?;
        again!(log_out::log_out(&state, &caller, &client))?;
    }
    outcome::signed_out(&state, notices::LOGGED_OUT)
}

/// Ends all sessions of the account.
#[server(endpoint = "auth/log_out_everywhere")]
pub async fn log_out_everywhere() -> Result<(), AppError> {
    let caller = require(Access::SignedIn).await?;
    let (state, client) = (state()?, client()?);
    again!(log_out::everywhere(&state, &caller, &client))?;
    outcome::signed_out(&state, notices::LOGGED_OUT_EVERYWHERE)
}

/// Renews the tokens before they expire.
#[server(endpoint = "auth/refresh")]
pub async fn refresh() -> Result<(), AppError> {
    let caller = caller().ok_or(AppError::Unauthenticated)?;
    // If the access token had expired, `identify` has already refreshed it in this request.
    if caller.decision != LastDecision::AccessAccepted {
        return Ok(());
    }
    refresh_now(&state()?, &cookies()?).await
}

/// Confirms the password before a sensitive action (step-up). `email` is the input of the form that requires this.
#[server(endpoint = "auth/step_up")]
pub async fn step_up(
    #[server(default)] password: String,
    #[server(default)] email: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    let caller = require(Access::SignedIn).await?;
    let (state, client) = (state()?, client()?);
    let issued = again!(change_password::step_up(&state, &caller, password.clone(), &client))?;
    outcome::stepped_up(&state, issued, &next, email)
}

/// Returns the caller's identity; 401 if anonymous.
#[server(endpoint = "auth/current_user")]
pub async fn current_user() -> Result<Identity, AppError> {
    Ok(require(Access::SignedIn).await?.identity)
}

/// Rates the strength of a password while it is typed. `email` and `display_name` count as guessable words.
/// Rate-limited by client; the form checks the password again when it is sent.
#[server(RatePassword, endpoint = "auth/password_strength")]
pub async fn rate_password(
    #[server(default)] password: String,
    #[server(default)] email: String,
    #[server(default)] display_name: String,
) -> Result<PasswordStrength, AppError> {
    let state = state()?;
    let now = state.db.now().await?;
    let limit = state.config.throttle.ratings_per_minute;
    Bucket::client("password_strength", client()?.ip, limit).take(&state.db, now).await?;
    state.ratings.rate(&password, &[&email, &display_name], strength::For::Meter).await
}
