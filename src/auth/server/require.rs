//! The first line of every guarded server function. SSR calls server functions directly, past all HTTP middleware, so
//! the check stands in the body.

use axum::http::request::Parts;
use leptos::prelude::{use_context, with_context};
use tower_cookies::Cookies;

use super::{
    caller::{Caller, Client},
    session::{lifecycle, status},
    users,
};
use crate::{
    auth::model::Access,
    error::AppError,
    server::{http::extensions::extension, state::AppState},
};

/// The application's state, within a server function or a page being rendered.
pub fn state() -> Result<AppState, AppError> {
    use_context::<AppState>().ok_or(AppError::Internal)
}

/// The caller, if `access` lets them in. Above plain sign-in the role is read anew where it came from memory.
pub async fn require(access: Access) -> Result<Caller, AppError> {
    let caller = caller();
    let allowed = access.check(caller.as_ref().map(|c| c.identity.role));
    let caller = caller.ok_or(AppError::Unauthenticated)?;
    allowed.inspect_err(|_| log_denied(&caller))?;
    if !caller.fresh && matches!(access, Access::AtLeast(_)) {
        let standing = status::revalidate_access(&state()?, &caller, access).await;
        standing.inspect_err(|error| {
            if *error == AppError::Forbidden {
                log_denied(&caller);
            }
        })?;
    }
    Ok(caller)
}

/// Tells the log that the caller's role does not reach. The log only: a row each would let any account fill the database.
pub fn log_denied(caller: &Caller) {
    tracing::warn!(event = "access_denied", user_id = %caller.user_id, "audit");
}

/// The caller, whoever it is.
pub fn caller() -> Option<Caller> {
    extension()
}

/// The caller, if `access` lets them in and they logged in (or proved anew who they are) a short time ago: for changes
/// that somebody at an unlocked screen must not make (ASVS 5.0, 7.5.1).
pub async fn require_recent(access: Access) -> Result<Caller, AppError> {
    let caller = require(access).await?;
    match is_recent(&caller).await? {
        true => Ok(caller),
        false => Err(AppError::ReauthenticationNeeded),
    }
}

/// Whether the caller logged in within `auth.sudo_ttl`. Asks the database.
pub async fn is_recent(caller: &Caller) -> Result<bool, AppError> {
    let state = state()?;
    let row = lifecycle::of(&state, caller).await?;
    Ok(row.read_at < row.auth_time + state.config.auth.sudo_ttl)
}

/// Whether the caller's account has a password; without one its owner logs in by mail.
pub async fn has_password(caller: &Caller) -> Result<bool, AppError> {
    let owner = users::owner_store::find_owner(&state()?.db, caller.user_id, &caller.session)
        .await?
        .ok_or(AppError::Unauthenticated)?;
    Ok(owner.password_hash.is_some())
}

/// The cookies of the request at hand.
pub fn cookies() -> Result<Cookies, AppError> {
    extension().ok_or(AppError::Internal)
}

/// The client of the request at hand.
pub fn client() -> Result<Client, AppError> {
    let state = state()?;
    with_context(|parts: &Parts| Client::of(parts, &state.config.trusted_proxies)).ok_or(AppError::Internal)
}
