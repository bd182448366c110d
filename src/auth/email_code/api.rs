//! The server functions of one-time codes. Their paths are part of the public API.

use leptos::prelude::*;

use super::model::EmailCode;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::model::secret_of_link,
    crate::{
        auth::{
            model::Access,
            server::{
                Caller, caller,
                caller::Client,
                client, cookies,
                email_code::code::{self, BrowserKey, Presented},
                flows::{change_email, code_steps::Presenter, magic_link, redeem, reset_password, verify_email},
                notices, outcome, require, state,
            },
        },
        server::{db::error_mapping::again, http::responses, state::AppState},
    },
};

/// Emails a login link. The response is the same whether or not the address has an account.
#[server(endpoint = "auth/send_magic_link")]
pub async fn send_magic_link(
    #[server(default)] email: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    let state = state()?;
    let key = magic_link::request(&state, &email, &next, &client()?).await?;
    outcome::code_requested(&state, &key)
}

/// Emails a link that sets a new password. The response is the same whether or not the address has an account.
#[server(endpoint = "auth/forgot_password")]
pub async fn forgot_password(
    #[server(default)] email: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    let state = state()?;
    let key = reset_password::request(&state, &email, &next, &client()?).await?;
    outcome::code_requested(&state, &key)
}

/// Emails a link that verifies the caller's address.
#[server(endpoint = "auth/send_verification")]
pub async fn send_verification() -> Result<(), AppError> {
    let caller = require(Access::SignedIn).await?;
    let state = state()?;
    let key = verify_email::request(&state, &caller, &client()?).await?;
    outcome::code_requested(&state, &key)
}

/// Returns the purpose and the requirements of a link's code or, if `code` is empty, of the one that this browser
/// requested. `None` if the code has expired or was used. Does not use the code, so mail scanners are harmless.
#[server(endpoint = "auth/mailed_code")]
pub async fn mailed_code(#[server(default)] code: String) -> Result<Option<EmailCode>, AppError> {
    let state = state()?;
    let (browser, caller, client) = presenter(&state)?;
    let who = Presenter { browser: browser.as_ref(), caller: caller.as_ref(), client: &client };
    let found = code::look(&state, &secret_of_link(&code), who.browser).await?;
    Ok(found.map(|code| redeem::describe(&code, &who)))
}

/// Redeems a code: the secret of a link, or six digits in the browser that requested them. `password` is the new
/// password if [`mailed_code`] requires one.
#[server(endpoint = "auth/confirm")]
pub async fn confirm(
    #[server(default)] code: String,
    #[server(default)] digits: String,
    #[server(default)] password: String,
) -> Result<(), AppError> {
    let state = state()?;
    let (browser, caller, client) = presenter(&state)?;
    let who = Presenter { browser: browser.as_ref(), caller: caller.as_ref(), client: &client };
    let code = secret_of_link(&code);
    let presented = if code.is_empty() { Presented::Digits(digits) } else { Presented::Link(code) };
    let confirmed = again!(redeem::redeem(&state, &presented, password.clone(), &who))?;
    outcome::confirmed(&state, confirmed)
}

/// Disables an undo link. `code` is its secret.
#[server(endpoint = "auth/dismiss_way_back")]
pub async fn dismiss_undo_link(#[server(default)] code: String) -> Result<(), AppError> {
    let (state, client) = (state()?, client()?);
    let code = secret_of_link(&code);
    again!(change_email::dismiss_undo_link(&state, &code, &client))?;
    responses::see_other(if caller().is_some() { "/account" } else { "/" }, Some(notices::UNDO_LINK_ENDED));
    Ok(())
}

/// Returns the parts of a [`Presenter`]: the browser key, the caller and the client.
#[cfg(feature = "ssr")]
fn presenter(state: &AppState) -> Result<(Option<BrowserKey>, Option<Caller>, Client), AppError> {
    Ok((state.cookie_names.pending(&cookies()?), caller(), client()?))
}
