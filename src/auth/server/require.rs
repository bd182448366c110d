//! The first line of every guarded server function. SSR calls server functions directly, past all HTTP middleware, so
//! the check stands in the body.

use axum::http::request::Parts;
use leptos::prelude::use_context;

use super::{
    caller::{Caller, Client},
    session,
};
use crate::{auth::model::Access, error::AppError, server::state::AppState};

/// The application's state, within a server function or a page being rendered.
pub fn state() -> Result<AppState, AppError> {
    use_context::<AppState>().ok_or(AppError::Internal)
}

/// The caller, if `access` lets them in. Above plain sign-in the role is read anew where it came from memory.
pub async fn require(access: Access) -> Result<Caller, AppError> {
    let caller = caller();
    let allowed = access.check(caller.as_ref().map(|c| c.identity.role));
    let caller = caller.ok_or(AppError::Unauthenticated)?;
    if allowed.is_err() {
        // To the log only: a row each would let any account fill the database.
        tracing::warn!(event = "access_denied", user_id = %caller.user_id, "audit");
    }
    allowed?;
    if !caller.fresh && matches!(access, Access::AtLeast(_)) {
        session::recheck(&state()?, &caller, access).await?;
    }
    Ok(caller)
}

/// The caller, whoever it is.
pub fn caller() -> Option<Caller> {
    use_context::<Parts>()?.extensions.get::<Caller>().cloned()
}

/// The client of the request at hand.
pub fn client() -> Result<Client, AppError> {
    let parts = use_context::<Parts>().ok_or(AppError::Internal)?;
    Ok(Client::of(&parts, &state()?.config.trusted_proxies))
}
