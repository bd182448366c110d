//! The server functions of an account's settings.

use leptos::prelude::*;

use super::model::{Export, Settings};
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::{
        model::{ACCESS, EXPORTS},
        store,
    },
    crate::{
        auth::server::{
            client, cookies,
            flows::{change_email, change_password, delete_account},
            has_password, is_recent, outcome, require, require_recent, state,
            users::credentials,
        },
        server::{db::error_mapping::again, http::responses, ops::rate_limit::Bucket},
        ui::flash::Notice,
    },
};

/// The caller's settings.
#[server(ReadSettings, endpoint = "account/settings")]
pub async fn settings() -> Result<Settings, AppError> {
    let caller = require(ACCESS).await?;
    let recent = is_recent(&caller).await?;
    store::find(&state()?.db, &caller, recent).await?.ok_or(AppError::NotFound)
}

/// Has a link mailed to another address, which moves the account there. Needs a recent log-in.
#[server(endpoint = "account/change_email")]
pub async fn change_email(#[server(default)] email: String) -> Result<(), AppError> {
    let caller = require_recent(ACCESS).await?;
    let state = state()?;
    let client = client()?;
    outcome::asked(&state, &again!(change_email::request(&state, &caller, &email, &client))?)
}

/// Sets a new password and logs every other device out. Needs the old one or, where there is none, a recent log-in.
#[server(endpoint = "account/change_password")]
pub async fn change_password(
    #[server(default)] old_password: String,
    #[server(default)] password: String,
) -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    if !has_password(&caller).await? {
        require_recent(ACCESS).await?;
    }
    let (state, client) = (state()?, client()?);
    let issued =
        again!(change_password::change_password(&state, &caller, old_password.clone(), password.clone(), &client))?;
    state.cookie_names.set(&cookies()?, issued);
    responses::see_other("/account", Some(Notice::PasswordChanged));
    Ok(())
}

/// Has a new link mailed to an earlier address of the account, and ends the one that was mailed there before.
#[server(endpoint = "account/renew_way_back")]
pub async fn renew_way_back(#[server(default)] email: String) -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let (state, client) = (state()?, client()?);
    again!(change_email::renew_undo_link(&state, &caller, &email, &client))?;
    responses::see_other("/account", Some(Notice::WayBackRenewed));
    Ok(())
}

/// A copy of all that is kept of the account, as a file. Needs a recent log-in.
#[server(ExportData, endpoint = "account/export")]
pub async fn export() -> Result<Export, AppError> {
    let caller = require_recent(ACCESS).await?;
    let state = state()?;
    let now = state.db.now().await?;
    Bucket::account("export", &caller.user_id.to_string(), EXPORTS).take(&state.db, now).await?;
    let export = store::export(&state.db, &caller, &client()?).await?;
    responses::as_file(concat!(env!("CARGO_PKG_NAME"), "-account.json"));
    Ok(export)
}

/// Gives the account up: every session ends now, and in 14 days all of it is erased. `email`: the account's own address,
/// typed once more. Needs a recent log-in.
#[server(endpoint = "account/leave")]
pub async fn leave(#[server(default)] email: String) -> Result<(), AppError> {
    let caller = require_recent(ACCESS).await?;
    credentials::same_email(&email, &caller.identity.email)?;
    let (state, client) = (state()?, client()?);
    again!(delete_account::schedule(&state, &caller, &client))?;
    outcome::signed_out(&state, Notice::Leaving)
}

/// Keeps an account that was given up.
#[server(endpoint = "account/keep")]
pub async fn keep() -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let (state, client) = (state()?, client()?);
    again!(delete_account::cancel(&state, &caller, &client))?;
    responses::see_other("/account", Some(Notice::Kept));
    Ok(())
}
