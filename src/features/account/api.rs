//! The server functions of an account's settings.

use leptos::prelude::*;

use super::model::{Export, Settings};
use crate::error::AppError;

/// The caller's settings.
#[server(ReadSettings, endpoint = "account/settings")]
pub async fn settings() -> Result<Settings, AppError> {
    use super::{model::ACCESS, store};
    use crate::auth::server::{is_recent, require, state};
    let caller = require(ACCESS).await?;
    let recent = is_recent(&caller).await?;
    store::find(&state()?.db, &caller, recent).await?.ok_or(AppError::NotFound)
}

/// Has a link mailed to another address, which moves the account there. Needs a recent log-in.
#[server(endpoint = "account/change_email")]
pub async fn change_email(#[server(default)] email: String) -> Result<(), AppError> {
    use super::model::ACCESS;
    use crate::auth::{
        mailed::api::ssr::asked,
        server::{client, mailed, require_recent, state},
    };
    let caller = require_recent(ACCESS).await?;
    let state = state()?;
    asked(&state, &mailed::change_email(&state, &caller, &email, &client()?).await?)
}

/// Sets a new password and logs every other device out. Needs the old one or, where there is none, a recent log-in.
#[server(endpoint = "account/change_password")]
pub async fn change_password(
    #[server(default)] old_password: String,
    #[server(default)] password: String,
) -> Result<(), AppError> {
    use super::model::ACCESS;
    use crate::{
        auth::server::{change, client, cookies, has_password, require, require_recent, state},
        server::respond,
        ui::flash::Notice,
    };
    let caller = require(ACCESS).await?;
    if !has_password(&caller).await? {
        require_recent(ACCESS).await?;
    }
    let state = state()?;
    let issued = change::password(&state, &caller, old_password, password, &client()?).await?;
    state.cookie_names.set(&cookies()?, issued);
    respond::see_other("/account", Some(Notice::PasswordChanged));
    Ok(())
}

/// A copy of all that is kept of the account, as a file. Needs a recent log-in.
#[server(ExportData, endpoint = "account/export")]
pub async fn export() -> Result<Export, AppError> {
    use super::{model::ACCESS, store};
    use crate::{
        auth::server::{client, require_recent, state},
        server::respond,
    };
    let caller = require_recent(ACCESS).await?;
    let export = store::export(&state()?.db, &caller, &client()?).await?;
    respond::as_file("latchkey-account.json");
    Ok(export)
}

/// Gives the account up: every session ends now, and in 14 days all of it is erased. `email`: the account's own address,
/// typed once more. Needs a recent log-in.
#[server(endpoint = "account/leave")]
pub async fn leave(#[server(default)] email: String) -> Result<(), AppError> {
    use super::model::ACCESS;
    use crate::{
        auth::{
            api::ssr::signed_out,
            server::{change, client, credentials, require_recent, state},
        },
        ui::flash::Notice,
    };
    let caller = require_recent(ACCESS).await?;
    credentials::same_email(&email, &caller.identity.email)?;
    let state = state()?;
    change::leave(&state, &caller, &client()?).await?;
    signed_out(&state, Notice::Leaving)
}

/// Keeps an account that was given up.
#[server(endpoint = "account/keep")]
pub async fn keep() -> Result<(), AppError> {
    use super::model::ACCESS;
    use crate::{
        auth::server::{change, client, require, state},
        server::respond,
        ui::flash::Notice,
    };
    let caller = require(ACCESS).await?;
    change::keep(&state()?, &caller, &client()?).await?;
    respond::see_other("/account", Some(Notice::Kept));
    Ok(())
}
