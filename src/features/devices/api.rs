//! The server functions of the devices page.

use leptos::prelude::*;

use super::model::Devices;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use {
    super::{model::ACCESS, store},
    crate::{
        auth::server::{client, flows::log_out, require, state, token::session_id::SessionIdHash},
        server::{db::error_mapping::again, http::responses},
        ui::flash::Notice,
    },
};

/// Returns the caller's sessions.
#[server(ListDevices, endpoint = "devices/list")]
pub async fn devices() -> Result<Devices, AppError> {
    let caller = require(ACCESS).await?;
    store::find(&state()?.db, &caller).await
}

/// Ends one of the caller's sessions, by its id from [`devices`]. Returns 404 for any other id.
#[server(endpoint = "devices/revoke")]
pub async fn revoke(#[server(default)] session: String) -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let session = SessionIdHash::from_hex(&session).ok_or(AppError::NotFound)?;
    let (state, client) = (state()?, client()?);
    again!(log_out::device(&state, &caller, &session, &client))?;
    responses::see_other("/account/devices", Some(Notice::toast("That device is logged out.")));
    Ok(())
}

/// Ends all of the caller's sessions except this one.
#[server(endpoint = "devices/revoke_others")]
pub async fn revoke_others() -> Result<(), AppError> {
    let caller = require(ACCESS).await?;
    let (state, client) = (state()?, client()?);
    again!(log_out::other_devices(&state, &caller, &client))?;
    responses::see_other("/account/devices", Some(Notice::toast("All other devices are logged out.")));
    Ok(())
}
