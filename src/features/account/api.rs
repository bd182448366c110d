//! The server functions of the account settings.

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
        auth::model::DELETION_DAYS,
        auth::server::{
            client, cookies,
            flows::{change_email, change_password, delete_account},
            has_password, is_recent, notices, outcome, require, require_recent, state,
            users::email_address,
        },
        server::{db::error_mapping::again, http::responses, ops::rate_limit::Bucket},
        ui::{flash::Notice, time::counted},
    },
};

/// Returns the caller's settings.
#[server(ReadSettings, endpoint = "account/settings")]
pub async fn settings() -> Result<Settings, AppError> {
    let caller = require(ACCESS).await?;
    let recent = is_recent(&caller).await?;
    store::find(&state()?.db, &caller, recent).await?.ok_or(AppError::NotFound)
}

/// Emails a link to a new address that changes the account's address. Requires a recent log-in.
#[server(endpoint = "account/change_email")]
pub async fn change_email(#[server(default)] email: String) -> Result<(), AppError> {
    let caller = require_recent(ACCESS).await?;
    let state = state()?;
    let client = client()?;
    outcome::code_requested(&state, &again!(change_email::request(&state, &caller, &email, &client))?)
}

/// Sets a new password and logs out all other devices. Requires the old password or, if there is none, a recent log-in.
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
    responses::see_other("/account", Some(notices::PASSWORD_CHANGED));
    Ok(())
}

/// Emails a new undo link to a previous address of the account and voids the old one.
#[server(endpoint = "account/renew_way_back")]
pub async fn renew_undo_link(#[server(default)] email: String) -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let (state, client) = (state()?, client()?);
    again!(change_email::renew_undo_link(&state, &caller, &email, &client))?;
    responses::see_other(
        "/account",
        Some(Notice::toast("The old link no longer works. We emailed a new one to that address.")),
    );
    Ok(())
}

/// Returns all stored data of the account as a file. Requires a recent log-in.
#[server(ExportData, endpoint = "account/export")]
pub async fn export() -> Result<Export, AppError> {
    let caller = require_recent(ACCESS).await?;
    let state = state()?;
    let now = state.db.now().await?;
    Bucket::account("export", &caller.user_id.to_string(), EXPORTS).take(&state.db, now).await?;
    let export = store::export(&state.db, &caller, &client()?, state.exports).await?;
    responses::as_file(concat!(env!("CARGO_PKG_NAME"), "-account.json"));
    Ok(export)
}

/// Schedules the deletion of the account in [`DELETION_DAYS`] and ends all its sessions. `email` is the account's
/// address, typed as a confirmation. Requires a recent log-in.
#[server(endpoint = "account/leave")]
pub async fn leave(#[server(default)] email: String) -> Result<(), AppError> {
    let caller = require_recent(ACCESS).await?;
    email_address::same_email(&email, &caller.identity.email)?;
    let (state, client) = (state()?, client()?);
    again!(delete_account::schedule(&state, &caller, &client))?;
    let text = format!(
        "Your account will be deleted in {}. To cancel, log in before then and choose Keep my account.",
        counted(DELETION_DAYS, "day")
    );
    outcome::signed_out(&state, Notice { text: text.into(), is_banner: true })
}

/// Cancels the deletion of the account.
#[server(endpoint = "account/keep")]
pub async fn keep() -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let (state, client) = (state()?, client()?);
    again!(delete_account::cancel(&state, &caller, &client))?;
    responses::see_other("/account", Some(Notice::toast("Your account won't be deleted.")));
    Ok(())
}
