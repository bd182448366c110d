//! The access checks of server functions, called in their first line. In the body, because SSR calls server functions
//! directly and skips their HTTP middleware.

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

/// Returns the application's state, in a server function or while rendering a page.
pub fn state() -> Result<AppState, AppError> {
    use_context::<AppState>().ok_or(AppError::Internal)
}

/// Returns the caller if `access` allows them; otherwise 401 or 403. Reads a cached role again from the database.
pub async fn require(access: Access) -> Result<Caller, AppError> {
    let caller = caller();
    let allowed = access.check(caller.as_ref().map(|c| c.identity.role));
    let caller = caller.ok_or(AppError::Unauthenticated)?;
    allowed.inspect_err(|_| log_denied(&caller))?;
    if !caller.fresh && matches!(access, Access::AtLeast(_)) {
        let checked = status::revalidate_access(&state()?, &caller, access).await;
        checked.inspect_err(|error| {
            if *error == AppError::Forbidden {
                log_denied(&caller);
            }
        })?;
    }
    Ok(caller)
}

/// Logs that the caller lacks a role. Not in the audit trail, which any account could fill this way.
pub fn log_denied(caller: &Caller) {
    tracing::warn!(event = "access_denied", user_id = %caller.user_id, "audit");
}

/// Returns the caller, or `None` if anonymous.
pub fn caller() -> Option<Caller> {
    extension()
}

/// Returns the caller if `access` allows them and they authenticated within `auth.sudo_ttl`; otherwise
/// [`AppError::ReauthenticationNeeded`]. Protects sensitive changes on unattended devices (ASVS 5.0, 7.5.1).
pub async fn require_recent(access: Access) -> Result<Caller, AppError> {
    let caller = require(access).await?;
    match is_recent(&caller).await? {
        true => Ok(caller),
        false => Err(AppError::ReauthenticationNeeded),
    }
}

/// Returns whether the caller authenticated within `auth.sudo_ttl`. Reads the database.
pub async fn is_recent(caller: &Caller) -> Result<bool, AppError> {
    let state = state()?;
    let row = lifecycle::of(&state, caller).await?;
    Ok(row.read_at < row.auth_time + state.config.auth.sudo_ttl)
}

/// Returns whether the caller's account has a password. Without one, its owner logs in by email.
pub async fn has_password(caller: &Caller) -> Result<bool, AppError> {
    let owner = users::owner_store::find_owner(&state()?.db, caller.user_id, &caller.session)
        .await?
        .ok_or(AppError::Unauthenticated)?;
    Ok(owner.password_hash.is_some())
}

/// Returns the cookies of the current request.
pub fn cookies() -> Result<Cookies, AppError> {
    extension().ok_or(AppError::Internal)
}

/// Returns the client of the current request.
pub fn client() -> Result<Client, AppError> {
    let state = state()?;
    with_context(|parts: &Parts| Client::of(parts, &state.config.trusted_proxies)).ok_or(AppError::Internal)
}
