//! The server functions of the core. Their paths are pinned: other programs call them too. Each is a form post that
//! works without JavaScript; `server::respond` turns their outcome into a page's redirect then.

use leptos::prelude::*;

use super::model::{Identity, PasswordStrength};
use crate::error::AppError;

/// Makes an account and signs it in; with `auth.sign_up = "verified"` it has a code mailed that does. An empty `display_name` becomes the address's local part; `next`: where a plain form
/// goes then.
#[server(endpoint = "auth/sign_up")]
pub async fn sign_up(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] display_name: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    use super::server::account::{self, NewAccount};
    use crate::server::metrics;
    let state = ssr::state()?;
    let min = state.config.auth.password_min_length;
    let account = NewAccount::parse(&email, password, &display_name, min)?;
    if state.config.verifies_sign_ups() {
        let asked = super::server::mailed::sign_up(&state, account, &next, &ssr::client()?).await;
        return super::mailed::api::ssr::asked(&state, &metrics::sign_up(asked)?);
    }
    let outcome = account::sign_up(&state, account, ssr::current_session(), &ssr::client()?).await;
    ssr::signed_in(&state, metrics::sign_up(outcome)?, &next, Some(ssr::Notice::Welcome))
}

/// Signs in with a password.
#[server(endpoint = "auth/log_in")]
pub async fn log_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    use super::server::account;
    use crate::server::metrics;
    let state = ssr::state()?;
    let client = ssr::client()?;
    let device = state.cookie_names.device(&ssr::cookies()?);
    let (session, device) = (ssr::current_session(), device.as_deref());
    let outcome = ssr::again!(account::log_in(&state, &email, password.clone(), session, device, &client));
    let logged_in = metrics::log_in(outcome)?;
    // An account that is about to be erased can be kept there.
    let next = if logged_in.leaving { "/account" } else { &next };
    ssr::signed_in(&state, logged_in.issued, next, None)
}

/// Ends the session, and tells the browser to forget what it kept of it. Fine for a caller who has none.
#[server(endpoint = "auth/log_out")]
pub async fn log_out() -> Result<(), AppError> {
    let state = ssr::state()?;
    if let Some(caller) = super::server::caller() {
        let client = ssr::client()?;
        ssr::again!(super::server::account::log_out(&state, &caller, &client))?;
    }
    ssr::signed_out(&state, ssr::Notice::LoggedOut)
}

/// Ends every session of the account, on all devices.
#[server(endpoint = "auth/log_out_everywhere")]
pub async fn log_out_everywhere() -> Result<(), AppError> {
    use super::{model::Access, server::revoke};
    let caller = super::server::require(Access::SignedIn).await?;
    let state = ssr::state()?;
    let client = ssr::client()?;
    ssr::again!(revoke::all(&state, &caller, &client))?;
    ssr::signed_out(&state, ssr::Notice::LoggedOutEverywhere)
}

/// Renews the tokens before they expire.
#[server(endpoint = "auth/refresh")]
pub async fn refresh() -> Result<(), AppError> {
    use super::{model::LastDecision, server::identify::refresh_now};
    let caller = super::server::caller().ok_or(AppError::Unauthenticated)?;
    // Where the access token had expired, this very request was refreshed on its way here.
    if caller.decision != LastDecision::AccessAccepted {
        return Ok(());
    }
    refresh_now(&ssr::state()?, &ssr::cookies()?).await
}

/// Proves anew who sits there, by the password. `email`: what stood in the form that asked for it.
#[server(endpoint = "auth/step_up")]
pub async fn step_up(
    #[server(default)] password: String,
    #[server(default)] email: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    let caller = super::server::require(super::model::Access::SignedIn).await?;
    let state = ssr::state()?;
    let client = ssr::client()?;
    let issued = ssr::again!(super::server::change::step_up(&state, &caller, password.clone(), &client))?;
    ssr::stepped_up(&state, issued, &next, email)
}

/// The signed-in account.
#[server(endpoint = "auth/current_user")]
pub async fn current_user() -> Result<Identity, AppError> {
    let caller = super::server::require(super::model::Access::SignedIn).await?;
    Ok(caller.identity)
}

/// Rates a password that is being thought up; `email` and `display_name` count as guessable words. Throttled by client:
/// the meter stands still then, and the form is judged when it is sent.
#[server(RatePassword, endpoint = "auth/password_strength")]
pub async fn rate_password(
    #[server(default)] password: String,
    #[server(default)] email: String,
    #[server(default)] display_name: String,
) -> Result<PasswordStrength, AppError> {
    use super::server::strength;
    use crate::server::throttle::Bucket;
    let state = ssr::state()?;
    let now = state.db.now().await?;
    let limit = state.config.throttle.ratings_per_minute;
    Bucket::client("password_strength", ssr::client()?.ip, limit).take(&state.db, now).await?;
    state.ratings.rate(&password, &[&email, &display_name], strength::For::Meter).await
}

/// What the functions above share: the request at hand, and how a signing in or out reaches the browser.
#[cfg(feature = "ssr")]
pub mod ssr {
    use axum::http::{HeaderName, HeaderValue};
    use leptos::prelude::use_context;
    use leptos_axum::ResponseOptions;

    pub(super) use crate::server::failure::again;
    pub use crate::{
        auth::server::{client, cookies, state},
        ui::flash::{Flash, Notice},
    };
    use crate::{
        auth::{
            model::local_path,
            server::{caller, issue::Issued, session_id::SessionIdHash},
        },
        error::AppError,
        server::{respond, state::AppState},
    };

    /// The session that this browser has, and that a new one takes the place of.
    pub fn current_session() -> Option<SessionIdHash> {
        caller().map(|caller| caller.session)
    }

    pub fn signed_in(state: &AppState, issued: Issued, next: &str, notice: Option<Notice>) -> Result<(), AppError> {
        state.cookie_names.set(&cookies()?, issued);
        respond::see_other(local_path(next).unwrap_or("/profile"), notice);
        Ok(())
    }

    /// Back to the form that asked for it, with what stood there.
    pub fn stepped_up(state: &AppState, issued: Issued, next: &str, email: String) -> Result<(), AppError> {
        state.cookie_names.set(&cookies()?, issued);
        let typed = if email.is_empty() { Vec::new() } else { vec![("email".to_owned(), email)] };
        respond::see_other_with(local_path(next).unwrap_or("/account"), Flash { typed, ..Flash::default() });
        Ok(())
    }

    pub fn signed_out(state: &AppState, notice: Notice) -> Result<(), AppError> {
        state.cookie_names.clear(&cookies()?);
        if let Some(options) = use_context::<ResponseOptions>() {
            // What the browser stored of this site's pages goes too (W3C Clear Site Data; ASVS 5.0, 14.3.1).
            options.insert_header(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
        }
        respond::see_other("/", Some(notice));
        Ok(())
    }
}
